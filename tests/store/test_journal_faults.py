"""Whatever is done to the card or the process, what was promised is there and damage is told."""

import random
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from gated.core.model import Moment
from gated.errors import StoreError
from gated.store.journal import Draft, Journal
from gated.store.journal_reader import JournalReader

OpenJournal = Callable[[], Journal]

# Appends for ever and says each seq once its commit returned; killed from outside.
WRITER = """
import sys
from pathlib import Path
from gated.core.model import ClockState, Moment
from gated.store.journal import Draft, Journal

journal = Journal(Path(sys.argv[1]), boot="b", new_epoch=lambda: "00000000000000aa")
moment = Moment(1, 2, ClockState.SYNCED)
while True:
    batch = [Draft("x", moment, {"text": "y" * 100}, {"n": n}) for n in range(3)]
    print(journal.append_all(batch)[-1].seq, flush=True)
    print(journal.append("x", moment, {}).seq, flush=True)
"""


@contextmanager
def full_card(journal: Journal, pages: int = 0) -> Iterator[None]:
    """The file may not grow by more than `pages` while this lasts, as on a full file system."""
    connection = journal._connection
    held = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count={held + pages}")
    yield
    connection.execute("PRAGMA max_page_count=1073741823")


def append_for_ever(journal: Journal, moment: Moment, text: str) -> None:
    while True:
        journal.append("x", moment, {"text": text})


def change(path: Path, sql: str, *values: object) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(sql, values)


def test_a_killed_writer_keeps_every_event_it_promised(journal_path: Path) -> None:
    """kill -9 after a random number of promises, over and over on the same file."""
    schedule = random.Random(20200210)
    promised = 1
    for round_number in range(6):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(journal_path)], stdout=subprocess.PIPE, text=True
        ) as writer:
            assert writer.stdout is not None
            for _ in range(schedule.randrange(1, 40)):
                said = writer.stdout.readline()
                assert said, "the writer ended by itself"
                promised = int(said)
            writer.kill()
        journal = Journal(journal_path, boot="b", new_epoch=lambda: "00000000000000bb")
        assert journal.repaired is None
        assert journal.starts == 2 * round_number + 2
        assert journal.last_seq >= promised
        with JournalReader(journal_path) as reader:
            result = reader.verify()
            assert result.ok
            assert result.count == reader.state().last == journal.last_seq
        journal.close()


def test_a_full_card_refuses_cleanly_and_recovers(
    open_journal: OpenJournal, moment: Moment
) -> None:
    journal = open_journal()
    text = "z" * 4000
    with full_card(journal, pages=6):
        with pytest.raises(StoreError, match=r"cannot write .*journal\.db: .*full.*free some"):
            append_for_ever(journal, moment, text)
        accepted = journal.last_seq
        assert accepted > 1
        with pytest.raises(StoreError):
            journal.append_all([Draft("y", moment, {"text": text})] * 3)
        with JournalReader(journal.path) as reader:
            assert reader.state().last == accepted
            assert reader.verify().ok
    assert journal.append("later", moment, {}).seq == accepted + 1
    with JournalReader(journal.path) as reader:
        assert reader.verify().ok


def test_a_locked_file_refuses_and_recovers(open_journal: OpenJournal, moment: Moment) -> None:
    journal = open_journal()
    journal._connection.execute("PRAGMA busy_timeout=1")
    with closing(sqlite3.connect(journal.path)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="another program holds it"):
            journal.append("x", moment, {})
    assert journal.append("x", moment, {}).seq == 2


def unclean(journal_path: Path) -> None:
    """The journal looks as if the plug had been pulled."""
    change(journal_path, "UPDATE state SET clean = 0")


def test_a_sound_file_after_an_unclean_end_is_used_on(
    open_journal: OpenJournal, journal_path: Path
) -> None:
    open_journal().close()
    unclean(journal_path)
    assert open_journal().repaired is None


def test_damaged_pages_are_set_aside_and_the_new_epoch_names_the_old_one(
    open_journal: OpenJournal, journal_path: Path, moment: Moment
) -> None:
    journal = open_journal()
    journal.append_all([Draft("x", moment, {"text": "y" * 3000}) for _ in range(30)])
    journal.store_watermark(5, 3)
    head = journal.head
    journal.close()
    unclean(journal_path)
    with closing(sqlite3.connect(journal_path)) as connection:
        root = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'parked'")
        page = root.fetchone()[0]
    content = bytearray(journal_path.read_bytes())
    content[(page - 1) * 4096 : (page - 1) * 4096 + 64] = b"\xa5" * 64
    journal_path.write_bytes(content)

    fresh = open_journal()
    assert fresh.repaired is not None
    assert fresh.repaired.set_aside == journal_path.with_name("journal-damaged-1.db")
    assert fresh.repaired.set_aside.read_bytes() == bytes(content)
    assert "damaged" in fresh.repaired.cause
    assert (fresh.epoch, fresh.last_seq, fresh.acked) == ("0000000000000002", 1, 0)
    assert (fresh.starts, fresh.hubgen) == (2, 3)
    with JournalReader(journal_path) as reader:
        fields = reader.read(1, 1, 1)[0].fields()
    assert fields["why"] == "damaged"
    assert fields["former_epoch"] == "0000000000000001"
    assert (fields["former_last"], fields["former_hash"]) == (31, head.hex())


@pytest.mark.parametrize("content", [b"a letter, not a database " * 400, b"SQLite format 3\0" * 99])
def test_a_file_that_is_no_journal_is_set_aside(
    open_journal: OpenJournal, journal_path: Path, content: bytes
) -> None:
    journal_path.write_bytes(content)
    journal = open_journal()
    assert journal.repaired is not None
    assert journal.repaired.former_epoch == ""
    assert journal.repaired.set_aside.read_bytes() == content
    with JournalReader(journal_path) as reader:
        assert reader.read(1, 1, 1)[0].fields()["why"] == "damaged"
        assert reader.verify().ok


def test_events_without_an_epoch_are_set_aside(
    open_journal: OpenJournal, journal_path: Path
) -> None:
    open_journal().close()
    change(journal_path, "DELETE FROM state")
    assert open_journal().repaired is not None


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"cannot open .*journal\.db"):
        Journal(tmp_path / "none" / "journal.db", boot="b", new_epoch=lambda: "0" * 16)


def test_any_changed_byte_is_found(
    open_journal: OpenJournal, journal_path: Path, moment: Moment
) -> None:
    """Every byte of event 3 and of its side row is flipped in turn."""
    journal = open_journal()
    for n in range(3):
        journal.append("x", moment, {"n": n}, {"temp_mC": 36400 + n})
    journal.close()
    columns = (("event", "body"), ("event", "hash"), ("side", "salt"), ("side", "body"))
    for table, column in columns:
        for bad in flipped_bytes(journal_path, table, column):
            with JournalReader(journal_path) as reader:
                result = reader.verify()
            assert (result.ok, result.first_bad_seq, result.count) == (False, 3, 2), bad
    with JournalReader(journal_path) as reader:
        assert reader.verify().ok


def flipped_bytes(path: Path, table: str, column: str) -> Iterator[bytes]:
    """One byte of the column of row 3 is wrong in the file while each value is yielded."""
    with closing(sqlite3.connect(path)) as connection:
        select = f"SELECT {column} FROM {table} WHERE seq = 3"
        original: bytes = connection.execute(select).fetchone()[0]
    update = f"UPDATE {table} SET {column} = ? WHERE seq = 3"
    for place, value in enumerate(original):
        bad = original[:place] + bytes([value ^ 1]) + original[place + 1 :]
        change(path, update, bad)
        yield bad
    change(path, update, original)


@pytest.mark.parametrize(
    ("sql", "first_bad"),
    [
        ("DELETE FROM event WHERE seq = 2", 2),
        ("DELETE FROM side WHERE seq = 3", 3),
        ("DELETE FROM event WHERE seq > 2", 3),
        ("UPDATE event SET seq = 9 WHERE seq = 4", 4),
        ("UPDATE state SET epoch = 'ffffffffffffffff'", 1),
        ("UPDATE side SET salt = NULL WHERE seq = 3", 3),
        ("UPDATE event SET body = 'a text' WHERE seq = 3", 3),
        ("UPDATE event SET body = NULL WHERE seq = 3", 3),
        ("UPDATE event SET hash = 5 WHERE seq = 3", 3),
        ("UPDATE side SET salt = 'a text' WHERE seq = 3", 3),
        ("UPDATE side SET body = x'5b5d' WHERE seq = 3", 3),
        ("UPDATE side SET body = x'7b2261223a312e357d' WHERE seq = 3", 3),
        ("UPDATE side SET body = NULL WHERE seq = 3", 3),
        ("INSERT INTO side VALUES (1, x'00', x'7b7d', 0)", 1),
    ],
)
def test_missing_moved_and_added_rows_are_found(
    open_journal: OpenJournal, journal_path: Path, moment: Moment, sql: str, first_bad: int
) -> None:
    journal = open_journal()
    for n in range(3):
        journal.append("x", moment, {}, {"n": n})
    journal.store_watermark(4, 1)
    journal.close()
    change(journal_path, sql)
    with JournalReader(journal_path) as reader:
        result = reader.verify()
    assert (result.ok, result.first_bad_seq) == (False, first_bad)
