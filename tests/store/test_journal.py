"""What was appended is on the card: numbered without gaps, chained, and readable beside."""

import hashlib
import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from gated.core.model import ClockState, Moment
from gated.errors import StoreError
from gated.store.journal import Draft, Journal, unsure_now
from gated.store.journal_reader import JournalReader, JournalState

OpenJournal = Callable[[], Journal]


def test_the_first_event_opens_the_epoch(open_journal: OpenJournal, journal_path: Path) -> None:
    journal = open_journal()
    with JournalReader(journal_path) as reader:
        (first,) = reader.read(1, 10, 10_000)
    fields = {"why": "first", "seq": 1, "kind": "epoch_opened", "b": "b0075", "q": 2}
    assert first.fields() == {**fields, "t": 1_581_300_000_000, "m": 1_000}
    assert (journal.epoch, journal.last_seq, journal.acked) == ("0000000000000001", 1, 0)


def test_an_event_is_canonical_json_with_its_stamps(
    open_journal: OpenJournal, moment: Moment
) -> None:
    entry = open_journal().append("passage", moment, {"verdict": "ALLOW", "name": "王*"})
    assert entry.seq == 2
    assert entry.side is None
    assert (
        entry.body
        == (
            '{"b":"b0075","kind":"passage","m":1000,"name":"王*","q":2,"seq":2,"t":1581300000000,'
            '"verdict":"ALLOW"}'
        ).encode()
    )


@pytest.mark.parametrize(
    ("clock", "quality"),
    [(ClockState.SYNCED, 2), (ClockState.HOLDOVER, 1), (ClockState.UNSURE, 0)],
)
def test_the_clock_state_is_a_number(
    open_journal: OpenJournal, clock: ClockState, quality: int
) -> None:
    assert open_journal().append("x", Moment(1, 2, clock), {}).fields()["q"] == quality


def test_hashes_follow_the_written_rule(open_journal: OpenJournal, moment: Moment) -> None:
    """Recomputed with hashlib alone from the bytes, as another program would."""
    journal = open_journal()
    journal.append("x", moment, {"n": 1})
    with JournalReader(journal.path) as reader:
        head = hashlib.sha256(journal.epoch.encode()).digest()
        assert reader.hash_at(0) == head
        for entry in reader.entries():
            head = hashlib.sha256(head + hashlib.sha256(entry.body).digest()).digest()
            assert entry.hash == reader.hash_at(entry.seq) == head
        assert reader.hash_at(3) is None
    assert journal.head == head


def test_numbers_continue_after_reopening(open_journal: OpenJournal, moment: Moment) -> None:
    first = open_journal()
    entry = first.append("x", moment, {})
    first.close()
    second = open_journal()
    assert (second.last_seq, second.head, second.epoch) == (2, entry.hash, first.epoch)
    assert second.repaired is None
    assert second.append("y", moment, {}).seq == 3


def test_starts_are_counted_and_watermark_is_kept(
    open_journal: OpenJournal, moment: Moment
) -> None:
    first = open_journal()
    assert first.starts == 1
    first.append("x", moment, {})
    first.store_watermark(2, 7)
    assert (first.acked, first.hubgen) == (2, 7)
    first.close()
    second = open_journal()
    assert (second.starts, second.acked, second.hubgen) == (2, 2, 7)


def test_a_restored_hub_may_lower_the_watermark(open_journal: OpenJournal, moment: Moment) -> None:
    journal = open_journal()
    journal.append("x", moment, {})
    journal.store_watermark(2, 1)
    journal.store_watermark(0, 2)
    with JournalReader(journal.path) as reader:
        assert reader.state() == JournalState("0000000000000001", 1, 2, 0, 2)


def test_a_watermark_beyond_the_end_is_our_own_mistake(open_journal: OpenJournal) -> None:
    with pytest.raises(AssertionError, match="fork"):
        open_journal().store_watermark(2, 1)


def test_many_events_are_one_commit(open_journal: OpenJournal, moment: Moment) -> None:
    journal = open_journal()
    drafts = [Draft("x", moment, {"n": n}) for n in range(5)]
    entries = journal.append_all(drafts)
    assert [entry.seq for entry in entries] == [2, 3, 4, 5, 6]
    assert journal.append_all([]) == []
    with JournalReader(journal.path) as reader:
        assert reader.read(2, 10, 10_000) == entries
        assert reader.verify().ok


def test_one_bad_event_keeps_all_of_its_commit_out(
    open_journal: OpenJournal, moment: Moment
) -> None:
    journal = open_journal()
    bad: list[Draft] = [Draft("x", moment, {}), Draft("x", moment, {"t": 1})]
    with pytest.raises(AssertionError, match="reserved"):
        journal.append_all(bad)
    assert journal.append("y", moment, {}).seq == 2


def test_a_huge_event_is_cut_to_8_kib(open_journal: OpenJournal, moment: Moment) -> None:
    entry = open_journal().append("x", moment, {"detail": "长" * 10_000})
    assert len(entry.body) <= 8192
    assert entry.fields()["detail"].endswith("…[cut]")


def test_exact_values_stand_beside_a_salted_promise(
    open_journal: OpenJournal, moment: Moment
) -> None:
    entry = open_journal().append("passage", moment, {}, {"temp_mC": 36400})
    assert entry.side is not None
    promise = hashlib.sha256(entry.side.salt + b'{"temp_mC":36400}').hexdigest()
    assert entry.fields()["side"] == promise
    assert b"36400" not in entry.body
    assert len(entry.side.salt) == 16


def test_the_same_temperature_never_makes_the_same_promise(
    open_journal: OpenJournal, moment: Moment
) -> None:
    journal = open_journal()
    promises = {
        journal.append("p", moment, {}, {"temp_mC": 36400}).fields()["side"] for _ in range(5)
    }
    assert len(promises) == 5


def test_coarsening_forgets_the_values_and_keeps_the_chain(
    open_journal: OpenJournal, moment: Moment, journal_path: Path
) -> None:
    journal = open_journal()
    journal.append("p", moment, {}, {"temp_mC": 36411})
    journal.append("p", moment, {}, {"temp_mC": 38822}, keep_side=True)
    journal.append("p", moment, {}, {"temp_mC": 36433})
    assert journal.coarsen_before(4) == 1
    assert journal.coarsen_before(4) == 0
    with JournalReader(journal_path) as reader:
        assert reader.verify().ok
        sides = [entry.side for entry in reader.entries(2)]
    assert [side.coarse for side in sides if side] == [True, False, False]
    assert [dict(side.values) for side in sides if side] == [
        {},
        {"temp_mC": 38822},
        {"temp_mC": 36433},
    ]
    journal.close()
    content = journal_path.read_bytes()
    assert b"36411" not in content
    assert b"38822" in content


def test_old_acknowledged_events_retire_and_the_rest_still_verifies(
    open_journal: OpenJournal, moment: Moment
) -> None:
    journal = open_journal()
    journal.append_all([Draft("x", moment, {}, {"n": n}) for n in range(299)])
    assert journal.retire_before(300) == 0, "nothing is acknowledged yet"
    journal.store_watermark(290, 1)
    assert journal.retire_before(300) == 200, "in chunks: a full card has no room for more"
    assert journal.retire_before(300) == 90
    assert journal.retire_before(300) == 0
    with JournalReader(journal.path) as reader:
        state = reader.state()
        assert (state.first, state.last, state.acked) == (291, 300, 290)
        assert reader.verify().ok
        assert reader.verify().count == 10
        assert reader.hash_at(290) is not None
        assert reader.hash_at(289) is None
        assert reader.read(1, 1, 1)[0].seq == 291
    journal.store_watermark(290, 2)
    journal.close()
    assert open_journal().append("y", moment, {}).seq == 301


def test_everything_may_retire_and_numbers_go_on(open_journal: OpenJournal, moment: Moment) -> None:
    journal = open_journal()
    journal.store_watermark(1, 1)
    assert journal.retire_before(2) == 1
    journal.close()
    again = open_journal()
    assert again.append("x", moment, {}).seq == 2
    with JournalReader(again.path) as reader:
        assert reader.verify().ok


def test_parked_events_are_listed_with_their_code(
    open_journal: OpenJournal, moment: Moment
) -> None:
    journal = open_journal()
    journal.park_all([1, 2], "schema")
    journal.park_all([1], "too_big")
    with JournalReader(journal.path) as reader:
        assert reader.parked() == [(1, "too_big"), (2, "schema")]


def test_reading_respects_count_and_bytes_but_never_returns_nothing(
    open_journal: OpenJournal, moment: Moment
) -> None:
    journal = open_journal()
    journal.append_all([Draft("x", moment, {"text": "y" * 1000}) for _ in range(9)])
    with JournalReader(journal.path) as reader:
        assert [entry.seq for entry in reader.read(2, 3, 100_000)] == [2, 3, 4]
        assert [entry.seq for entry in reader.read(2, 100, 2500)] == [2, 3]
        assert [entry.seq for entry in reader.read(2, 100, 1)] == [2]
        assert reader.read(11, 100, 1) == []
        assert [entry.seq for entry in reader.entries(3, 6)] == [3, 4, 5]


def test_a_reader_follows_the_writer(open_journal: OpenJournal, moment: Moment) -> None:
    journal = open_journal()
    with JournalReader(journal.path) as reader:
        for expected in range(2, 6):
            journal.append("x", moment, {})
            assert reader.state().last == expected


def test_a_missing_journal_cannot_be_read(journal_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot read"):
        JournalReader(journal_path)


def test_a_second_writer_is_refused(open_journal: OpenJournal) -> None:
    open_journal()
    with pytest.raises(StoreError, match="another process is writing it"):
        open_journal()


def test_closing_twice_is_fine(open_journal: OpenJournal, journal_path: Path) -> None:
    journal = open_journal()
    journal.close()
    journal.close()
    reader = JournalReader(journal_path)
    reader.close()
    reader.close()


def test_an_unfinished_first_start_is_finished_by_the_next(
    open_journal: OpenJournal, journal_path: Path
) -> None:
    """Power is cut after the tables were made and before the epoch was."""
    open_journal().close()
    with closing(sqlite3.connect(journal_path)) as connection, connection:
        connection.execute("DELETE FROM event")
        connection.execute("DELETE FROM state")
    journal = open_journal()
    assert (journal.epoch, journal.last_seq) == ("0000000000000002", 1)
    assert journal.repaired is None


def test_the_sqlite_utils_command_opens_the_journal(
    open_journal: OpenJournal, journal_path: Path
) -> None:
    open_journal().close()
    tool = Path(sys.executable).with_name("sqlite-utils")
    answer = subprocess.run([tool, "tables", journal_path], capture_output=True, check=True)
    names = {row["table"] for row in json.loads(answer.stdout)}
    assert {"event", "side", "parked", "state"} <= names


def test_the_default_stamp_is_not_to_be_relied_on() -> None:
    stamp = unsure_now()
    assert stamp.clock is ClockState.UNSURE
    assert stamp.mono_ms >= 0
    assert stamp.utc_ms > 0
