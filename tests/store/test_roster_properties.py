"""Every list of people comes back from its file as it went in, and nobody else does."""

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from gated.core import masking
from gated.core.id_number import check_character
from gated.core.model import Appointment, Category, CredentialState, Status, StatusCode
from gated.store.generation import Roster
from gated.store.keys import SiteKeys
from gated.store.roster_build import (
    MEMBERS,
    Card,
    RosterRow,
    build,
    household,
    reference,
    statuses_text,
)

KEYS = SiteKeys(bytes(range(32)), bytes(range(32, 64)))
ABSENT = "11010119900101" + "999" + check_character("11010119900101999")

INSTANTS = st.integers(0, 4_000_000).map(
    lambda minutes: datetime(2019, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
STATUSES = st.builds(
    Status, st.sampled_from(StatusCode), st.none() | INSTANTS, st.none() | INSTANTS
)
APPOINTMENTS = st.builds(Appointment, INSTANTS, INSTANTS, st.none() | st.integers(0, 9))


@st.composite
def lists(draw: st.DrawFn) -> list[RosterRow]:
    """People with distinct numbers and cards in a handful of rooms."""
    rows: list[RosterRow] = []
    for number in range(draw(st.integers(1, 6))):
        first17 = f"11010119900101{number:03d}"
        cards = draw(st.lists(st.sampled_from(CredentialState), max_size=2))
        rows.append(
            RosterRow(
                draw(st.sampled_from(Category)),
                first17 + check_character(first17),
                name=draw(st.text(st.characters(exclude_categories=["Cs"]), max_size=5)),
                room=draw(st.sampled_from(["", "101", "102"])),
                cards=tuple(Card(f"{number}C{i}", state) for i, state in enumerate(cards)),
                statuses=tuple(draw(st.lists(STATUSES, max_size=3, unique=True))),
                flags=draw(st.frozensets(st.sampled_from(["elder", "minor"]))),
                appointment=draw(st.none() | APPOINTMENTS),
                start=draw(st.none() | INSTANTS),
                end=draw(st.none() | INSTANTS),
            )
        )
    return rows


@settings(max_examples=40, deadline=None)
@given(lists(), st.integers(1, 2**40))
def test_everybody_comes_back_as_they_went_in(rows: list[RosterRow], rev: int) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "list.db"
        info = build(rows, KEYS, path, rev, 5, "park")
        assert (info.persons, info.credentials) == (len(rows), sum(len(r.cards) for r in rows))
        with closing(Roster(path, KEYS)) as roster:
            assert roster.rev == rev
            assert roster.by_id_number(ABSENT).person is None
            for row in rows:
                assert_found(roster, row, rows)


def assert_found(roster: Roster, row: RosterRow, rows: list[RosterRow]) -> None:
    holder = roster.by_id_number(row.id_number)
    person = holder.person
    assert person is not None
    assert person.ref == reference(row, KEYS.site)
    assert person.household == household(row, KEYS.site)
    assert (person.category, person.flags) == (row.category, row.flags)
    assert set(person.statuses) == set(row.statuses)
    assert person.appointment == row.appointment
    assert (holder.credential.start, holder.credential.end) == (row.start, row.end)
    assert roster.display(person.ref).name == masking.mask_name(row.name)
    assert roster.by_reference(person.ref[:8]).person == person
    for card in row.cards:
        found = roster.by_card(card.number.lower())
        assert (found.person, found.credential.state) == (person, card.state)
    shared = {
        status
        for other in rows
        if row.room and other.room == row.room and other.category in MEMBERS
        for status in other.statuses
    }
    assert set(holder.household_statuses) == shared
    if row.room:
        together = {found.person for found in roster.by_room("", "", row.room)}
        assert person in together
        assert len(together) == sum(other.room == row.room for other in rows)


@given(st.lists(STATUSES, max_size=5))
def test_statuses_are_spelled_once_whatever_their_order(statuses: list[Status]) -> None:
    assert statuses_text(statuses) == statuses_text([*reversed(statuses), *statuses])


def test_no_status_is_no_text() -> None:
    assert statuses_text([]) == ""
