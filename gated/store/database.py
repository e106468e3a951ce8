"""Our database files are opened one way only, and a damaged or full one is named with its remedy.

Every connection: write-ahead log, `synchronous=FULL` (a commit survives the plug being pulled),
5 s of patience for a lock, foreign keys, a checkpoint every 400 pages, at most 4 MiB of log kept.
Files live on a local file system with barriers, never on a network drive or FAT.

sqlite-utils shapes the files (schema, migrations) and opens them for people; hot paths use the
plain connection. The connection is in autocommit: whoever needs more than one statement says
BEGIN. A connection never leaves the thread that opened it.
"""

import fcntl
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from gated.errors import StoreError

if TYPE_CHECKING:
    from sqlite_utils import Database

BUSY_TIMEOUT_S = 5.0
CHECKPOINT_PAGES = 400  # 1.6 MB of log: short checkpoints on a slow card
LOG_LIMIT_BYTES = 4 * 1024 * 1024

Migration = Callable[["Database"], None]

_DAMAGED_CODES = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_PRIMARY_CODE = 0xFF  # the low byte of an extended result code


class DamagedDatabase(StoreError):
    """A database file is not a database any more, or its pages contradict each other."""


@contextmanager
def reported(path: Path, attempt: str) -> Iterator[None]:
    """Turn SQLite's errors inside the block into `explained` ones. attempt: such as "write"."""
    try:
        yield
    except sqlite3.Error as error:
        raise explained(error, path, attempt) from error


def explained(error: sqlite3.Error, path: Path, attempt: str) -> StoreError:
    """Return SQLite's error as a StoreError that names file, cause and remedy.

    A damaged file gives DamagedDatabase.
    """
    code = (getattr(error, "sqlite_errorcode", 0) or 0) & _PRIMARY_CODE
    kind = DamagedDatabase if code in _DAMAGED_CODES else StoreError
    return kind(f"cannot {attempt} {path}: {error}; {_remedy(code)}")


def _remedy(code: int) -> str:
    if code in _DAMAGED_CODES:
        return "the file is damaged: restore it from a backup, or move it away to start anew"
    if code == sqlite3.SQLITE_FULL:
        return "the card is full: free some space, the records wait in memory"
    if code == sqlite3.SQLITE_IOERR:
        return "the card does not answer properly: check the kernel log and replace the card"
    if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        return "another program holds it: end that program"
    return "check that the folder exists and that the user running gated may write in it"


def connect(path: Path) -> sqlite3.Connection:
    """Open a database for reading and writing under the rules above; the caller closes it.

    Blocks for at most 5 s on a lock. Raises StoreError, or DamagedDatabase when it is none.
    """
    with reported(path, "open"):
        connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
        try:
            _apply_rules(connection)
        except BaseException:
            connection.close()
            raise
    return connection


def _apply_rules(connection: sqlite3.Connection) -> None:
    mode = connection.execute("PRAGMA journal_mode=wal").fetchone()[0]
    if mode != "wal":
        raise sqlite3.OperationalError(f"the file system allows no write-ahead log (mode {mode})")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}")
    connection.execute(f"PRAGMA journal_size_limit={LOG_LIMIT_BYTES}")


def connect_read_only(path: Path, *, immutable: bool = False) -> sqlite3.Connection:
    """Open a database for reading only; the caller closes it.

    immutable: nobody will ever change this file, so no locks are taken. Raises StoreError.
    """
    options = "mode=ro&immutable=1" if immutable else "mode=ro"
    uri = f"{path.absolute().as_uri()}?{options}"
    with reported(path, "read"):
        connection = sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT_S, isolation_level=None)
        try:
            connection.execute("SELECT 1 FROM sqlite_master").fetchone()
        except BaseException:
            connection.close()
            raise
    return connection


def migrate(connection: sqlite3.Connection, path: Path, steps: Sequence[Migration]) -> None:
    """Bring the schema up to the last step; a step that was taken before is not taken again.

    steps: functions named like `step_001_journal`, in order. Each runs in one transaction
    together with the note that it ran. Raises StoreError.
    """
    from sqlite_utils import Database, Migrations

    migrations = Migrations(f"gated:{path.stem}")
    for step in steps:
        migrations(name=step.__name__)(step)
    with reported(path, "prepare"):
        migrations.apply(Database(connection, execute_plugins=False))


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """Commit everything done in the block at once, or nothing of it if the block raises."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # a full or failing card may have rolled back already
            connection.execute("ROLLBACK")
        raise


def quick_check(connection: sqlite3.Connection, path: Path) -> None:
    """Read the whole file and raise DamagedDatabase when its pages contradict each other.

    Blocks for about a second per 100 MB.
    """
    with reported(path, "check"):
        answer: str = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if answer != "ok":
        complaint = " ".join(answer.split())
        raise DamagedDatabase(
            f"cannot trust {path}: {complaint}; {_remedy(sqlite3.SQLITE_CORRUPT)}"
        )


def lock(path: Path) -> int:
    """Return a descriptor that keeps other processes from writing `path` until it is closed.

    Does not block: raises StoreError when another process has it, or the folder is not writable.
    """
    lock_path = path.with_name(path.name + ".lock")
    try:
        descriptor = os.open(lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreError(f"cannot open {lock_path}: {error.strerror}; {_remedy(0)}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise StoreError(
            f"cannot write {path}: another process is writing it; end that process first"
        ) from error
    return descriptor


def set_aside(path: Path) -> Path:
    """A damaged file and its log are renamed to `<name>-damaged-<n>`; return the new path."""
    number = 1
    while (target := path.with_name(f"{path.stem}-damaged-{number}{path.suffix}")).exists():
        number += 1
    for ending in ("-wal", "-shm", ""):
        with suppress(FileNotFoundError):
            path.with_name(path.name + ending).replace(target.with_name(target.name + ending))
    sync_folder(path.parent)
    return target


def sync_folder(folder: Path) -> None:
    """Renames in this folder survive the plug being pulled."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
