"""Forgetting in small steps, and a list whose entries cannot be understood."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from gated.core.canonical import genesis
from gated.core.model import Moment
from gated.errors import StoreError
from gated.store.generation import Roster
from gated.store.journal import COARSEN_ROWS, Draft, Journal
from gated.store.journal_reader import JournalReader
from gated.store.keys import SiteKeys
from gated.store.roster_build import RosterInfo, RosterRow

OpenJournal = Callable[[], Journal]


def test_forgetting_is_done_in_steps_and_keeps_abnormal_values(
    open_journal: OpenJournal, moment: Moment
) -> None:
    journal = open_journal()
    values = {"temp_mC": 36_400}
    journal.append("x", moment, {}, values, keep_side=True)
    journal.append_all([Draft("x", moment, {}, values) for _ in range(COARSEN_ROWS + 5)])
    after = journal.last_seq + 1
    assert [journal.coarsen_before(after) for _ in range(3)] == [COARSEN_ROWS, 5, 0]
    with JournalReader(journal.path) as reader:
        kept = [entry.seq for entry in reader.entries() if entry.side and not entry.side.coarse]
        assert kept == [2]
        assert reader.verify().ok


def test_forgetting_does_not_look_at_what_was_forgotten(
    open_journal: OpenJournal, moment: Moment
) -> None:
    journal = open_journal()
    with sqlite3.connect(journal.path) as connection:
        plan = connection.execute(
            "EXPLAIN QUERY PLAN SELECT seq FROM side INDEXED BY side_exact"
            " WHERE seq < 9 AND keep = 0 AND salt IS NOT NULL ORDER BY seq LIMIT 9"
        ).fetchall()
    connection.close()
    assert ["side_exact" in row[3] for row in plan] == [True]


def test_only_a_gate_without_a_hub_forgets_what_nobody_acknowledged(
    open_journal: OpenJournal, moment: Moment
) -> None:
    journal = open_journal()
    journal.append_all([Draft("x", moment, {}) for _ in range(9)])
    assert journal.retire_before(6) == 0
    assert journal.retire_before(6, unacknowledged=True) == 5
    journal.close()
    again = open_journal()
    assert again.append("x", moment, {}).seq == 11
    with JournalReader(again.path) as reader:
        assert reader.state().first == 6
        assert reader.hash_at(0) == genesis(again.epoch), "a hub that has nothing is no fork"
        assert reader.verify().ok


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("category", "'neighbour'"),
        ("statuses", "'[[\"plague\",null,null]]'"),
        ("statuses", "'[1'"),
        ("statuses", "'[[\"watch\"]]'"),
        ("household_statuses", "'{}x'"),
        ("flags", "'[[]]'"),
        ("flags", "'5'"),
        ("valid_start", "'soon'"),
        ("valid_end", "99999999999999999"),
        ("appointment_start", "7"),
    ],
)
def test_an_entry_that_cannot_be_understood_is_a_store_error(
    tmp_path: Path,
    keys: SiteKeys,
    build_roster: Callable[..., RosterInfo],
    person: Callable[..., RosterRow],
    number_of: Callable[[int], str],
    column: str,
    value: str,
) -> None:
    build_roster([person(1)])
    path = tmp_path / "new.tmp"
    with sqlite3.connect(path) as connection:
        connection.execute(f"UPDATE person SET {column} = {value}")
    connection.close()
    roster = Roster(path, keys)
    with pytest.raises(StoreError, match="import the list again") as caught:
        roster.by_id_number(number_of(1))
    assert caught.value.__cause__ is None
    roster.close()


def test_a_card_whose_state_is_unknown_is_a_store_error(
    tmp_path: Path,
    keys: SiteKeys,
    build_roster: Callable[..., RosterInfo],
    person: Callable[..., RosterRow],
) -> None:
    build_roster([person(1)])
    path = tmp_path / "new.tmp"
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE credential SET state = 'lent'")
    connection.close()
    roster = Roster(path, keys)
    with pytest.raises(StoreError, match="cannot be understood"):
        roster.by_card("7001")
    roster.close()
