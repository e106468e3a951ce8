"""Files are opened one way, and what is wrong with one is said with its remedy."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from gated.errors import StoreError
from gated.store import database
from gated.store.database import DamagedDatabase

if TYPE_CHECKING:
    from sqlite_utils import Database


def step_001_first(db: "Database") -> None:
    db.table("first").create({"id": int}, pk="id")


def step_002_second(db: "Database") -> None:
    db.table("second").create({"id": int}, pk="id")


def step_002_fails(db: "Database") -> None:
    db.table("half").create({"id": int}, pk="id")
    raise sqlite3.OperationalError("card pulled")


def tables(connection: sqlite3.Connection) -> set[str]:
    rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
    return {row[0] for row in rows} - {"_sqlite_migrations"}


def test_every_connection_follows_the_rules(tmp_path: Path) -> None:
    with closing(database.connect(tmp_path / "a.db")) as connection:
        found = {
            name: connection.execute(f"PRAGMA {name}").fetchone()[0]
            for name in (
                "journal_mode", "synchronous", "foreign_keys", "busy_timeout",
                "wal_autocheckpoint", "journal_size_limit",
            )
        }  # fmt: skip
    assert found == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "busy_timeout": 5000,
        "wal_autocheckpoint": 400,
        "journal_size_limit": 4 * 1024 * 1024,
    }


def test_steps_are_taken_once_and_recorded(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with closing(database.connect(path)) as connection:
        database.migrate(connection, path, [step_001_first])
        database.migrate(connection, path, [step_001_first, step_002_second])
        database.migrate(connection, path, [step_001_first, step_002_second])
        names = connection.execute("SELECT name FROM _sqlite_migrations ORDER BY id").fetchall()
    assert names == [("step_001_first",), ("step_002_second",)]


def test_a_step_that_fails_leaves_nothing_and_is_tried_again(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with closing(database.connect(path)) as connection:
        with pytest.raises(StoreError, match=r"cannot prepare .*a\.db: card pulled"):
            database.migrate(connection, path, [step_001_first, step_002_fails])
        assert tables(connection) == {"first"}
        database.migrate(connection, path, [step_001_first, step_002_second])
        assert tables(connection) == {"first", "second"}


def test_a_transaction_is_whole_or_nothing(tmp_path: Path) -> None:
    with closing(database.connect(tmp_path / "a.db")) as connection:
        connection.execute("CREATE TABLE t (x NOT NULL)")
        with database.transaction(connection):
            connection.execute("INSERT INTO t VALUES (1)")
        with pytest.raises(sqlite3.Error), database.transaction(connection):
            connection.executemany("INSERT INTO t VALUES (?)", [(2,), (None,)])
        assert connection.execute("SELECT x FROM t").fetchall() == [(1,)]
        assert not connection.in_transaction


def test_a_missing_folder_is_named_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"cannot open .*none/a\.db: .*folder exists"):
        database.connect(tmp_path / "none" / "a.db")


def test_a_file_that_is_no_database_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    path.write_bytes(b"this is not a database, it is a letter" * 50)
    with pytest.raises(DamagedDatabase, match="restore it from a backup"):
        database.connect(path)
    with pytest.raises(DamagedDatabase):
        database.connect_read_only(path)


def test_a_missing_file_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot read"):
        database.connect_read_only(tmp_path / "a.db")
    assert not (tmp_path / "a.db").exists()


def test_a_read_only_connection_cannot_write(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with closing(database.connect(path)) as writer:
        writer.execute("CREATE TABLE t (x)")
        with closing(database.connect_read_only(path)) as reader, pytest.raises(sqlite3.Error):
            reader.execute("INSERT INTO t VALUES (1)")


def test_pages_that_disagree_are_found(tmp_path: Path) -> None:
    """A table's page is overwritten with noise; the header stays, so the file still opens."""
    path = tmp_path / "a.db"
    with closing(database.connect(path)) as connection:
        connection.execute("CREATE TABLE t (x)")
        connection.execute("INSERT INTO t VALUES (1)")
        database.quick_check(connection, path)
    content = bytearray(path.read_bytes())
    content[4096:4196] = b"\xa5" * 100
    path.write_bytes(content)
    with closing(database.connect(path)) as connection, pytest.raises(DamagedDatabase):
        database.quick_check(connection, path)


@pytest.mark.parametrize(
    ("code", "remedy"),
    [
        (sqlite3.SQLITE_FULL, "the card is full"),
        (sqlite3.SQLITE_IOERR_WRITE, "replace the card"),
        (sqlite3.SQLITE_BUSY, "another program holds it"),
        (sqlite3.SQLITE_CORRUPT, "restore it from a backup"),
        (sqlite3.SQLITE_READONLY, "the user running gated may write"),
    ],
)
def test_each_failure_has_its_remedy(code: int, remedy: str) -> None:
    error = sqlite3.OperationalError("no luck")
    error.sqlite_errorcode = code
    assert remedy in str(database.explained(error, Path("a.db"), "write"))


def test_a_lock_keeps_other_processes_out(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    script = (
        "import sys; from pathlib import Path; from gated.store import database;"
        "database.lock(Path(sys.argv[1])); print('locked', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "locked\n"
        with pytest.raises(StoreError, match="another process is writing it"):
            database.lock(path)
        other.communicate()
    os.close(database.lock(path))


def test_a_damaged_file_is_set_aside_under_the_next_free_name(tmp_path: Path) -> None:
    for content in ("one", "two"):
        (tmp_path / "a.db").write_text(content)
        (tmp_path / "a.db-wal").write_text("log of " + content)
        database.set_aside(tmp_path / "a.db")
    found = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert found == {
        "a-damaged-1.db": "one",
        "a-damaged-1.db-wal": "log of one",
        "a-damaged-2.db": "two",
        "a-damaged-2.db-wal": "log of two",
    }
