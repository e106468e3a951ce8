"""What is forgotten, when, and what a wrong clock cannot make the gate forget."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gated.core.model import ClockState, Moment
from gated.gate.retention import DAY_MS, STEP_EVERY_MS, Retention
from gated.store.journal import Journal
from gated.store.journal_reader import JournalReader

START_MS = 1_770_000_000_000


def moment(days: float, clock: ClockState = ClockState.SYNCED) -> Moment:
    since = int(days * DAY_MS)
    return Moment(10_000 + since, START_MS + since, clock)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = Journal(
        tmp_path / "journal.db", boot="b", new_epoch=lambda: "0" * 16, now=lambda: moment(0)
    )
    for day in range(30):
        opened.append("passage", moment(day), {"verdict": "ALLOW"}, {"temp_mC": 36_400})
    yield opened
    opened.close()


@pytest.fixture
def reader(journal: Journal) -> Iterator[JournalReader]:
    with JournalReader(journal.path) as opened:
        yield opened


def exact(reader: JournalReader) -> list[int]:
    return [e.seq for e in reader.entries() if e.side is not None and not e.side.coarse]


def test_exact_normal_temperatures_are_kept_for_a_day(
    journal: Journal, reader: JournalReader
) -> None:
    Retention(journal, reader).step(moment(29.5))
    assert exact(reader) == [journal.last_seq]
    assert reader.verify().ok


def test_delivered_records_are_kept_for_two_weeks(journal: Journal, reader: JournalReader) -> None:
    journal.store_watermark(journal.last_seq, 1)
    Retention(journal, reader).step(moment(29.5))
    days = [e.fields()["t"] for e in reader.entries()]
    assert min(days) == moment(16).utc_ms
    assert reader.verify().ok


def test_what_the_hub_has_not_acknowledged_stays(journal: Journal, reader: JournalReader) -> None:
    journal.store_watermark(5, 1)
    Retention(journal, reader).step(moment(300))
    assert reader.state().first == 6


@pytest.mark.parametrize("clock", [ClockState.UNSURE, ClockState.HOLDOVER])
def test_a_clock_nobody_vouches_for_forgets_nothing(
    journal: Journal, reader: JournalReader, clock: ClockState
) -> None:
    journal.store_watermark(journal.last_seq, 1)
    Retention(journal, reader).step(moment(3000, clock))
    assert reader.state().first == 1
    assert len(exact(reader)) == 30


def test_records_of_an_unsure_clock_count_as_young(tmp_path: Path) -> None:
    journal = Journal(
        tmp_path / "j.db",
        boot="b",
        new_epoch=lambda: "0" * 16,
        now=lambda: moment(-900, ClockState.UNSURE),
    )
    for day in range(20):
        journal.append("passage", moment(day - 900, ClockState.UNSURE), {}, {"temp_mC": 36_400})
    journal.store_watermark(journal.last_seq, 1)
    with JournalReader(journal.path) as reader:
        Retention(journal, reader).step(moment(0))
        assert reader.state().first == 1
    journal.close()


def test_steps_are_a_minute_apart(journal: Journal, reader: JournalReader) -> None:
    retention = Retention(journal, reader)
    retention.step(moment(2))
    before = exact(reader)
    soon = Moment(moment(2).mono_ms + STEP_EVERY_MS - 1, moment(20).utc_ms, ClockState.SYNCED)
    retention.step(soon)
    assert exact(reader) == before
    later = Moment(soon.mono_ms + 1, moment(20).utc_ms, ClockState.SYNCED)
    retention.step(later)
    assert len(exact(reader)) < len(before)


def test_a_gate_without_a_hub_keeps_its_records_for_thirty_days(
    journal: Journal, reader: JournalReader
) -> None:
    Retention(journal, reader, hubless=True).step(moment(40.5))
    days = [e.fields()["t"] for e in reader.entries()]
    assert min(days) == moment(11).utc_ms
    assert reader.verify().ok
