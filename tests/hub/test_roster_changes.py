"""Whatever the hub publishes and whichever revisions a gate missed, both have the same list."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gated.core.id_number import check_character
from gated.core.model import Category, CredentialState, Status, StatusCode
from gated.gate.uplink_events import RosterChanged, RosterFetched
from gated.store.roster_build import Card, RosterRow
from tests.support.centre import Centre, GateCopy
from tests.support.effort import examples

ILL = (Status(StatusCode.HOME_QUARANTINE),)


def person(number: int, **changes: Any) -> RosterRow:
    first17 = f"11010119900101{number:03d}"
    row = RosterRow(
        Category.RESIDENT,
        first17 + check_character(first17),
        name=f"张{number}",
        building="3",
        unit="2",
        room=str(number // 2),
        cards=(Card(f"9{number}"),),
    )
    return replace(row, **changes)


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[Centre]:
    made = Centre(tmp_path)
    made.set(*(person(number) for number in range(6)))
    made.snapshot()
    yield made
    made.close()


@pytest.fixture
def gate(tmp_path: Path, centre: Centre) -> Iterator[GateCopy]:
    made = GateCopy(tmp_path / "gate", centre)
    made.hear()
    yield made
    made.close()


def test_a_single_change_serves_without_a_fetch(centre: Centre, gate: GateCopy) -> None:
    centre.set(person(2, statuses=ILL))
    published = centre.delta()
    assert (published.rev, published.changes) == (2, 2), "the person and who lives with them"
    (event,) = gate.hear()
    assert isinstance(event, RosterChanged)
    assert gate.asked == []
    assert gate.roster.rev == 2
    assert gate.roster.by_card("92").household_statuses == ILL
    assert gate.roster.by_card("93").household_statuses == ILL
    assert gate.roster.fingerprints() == centre.built()


def test_a_gate_that_missed_some_changes_gets_them_all_at_once(
    centre: Centre, gate: GateCopy
) -> None:
    for number in range(4):
        centre.set(person(number, name="李四"))
        centre.delta()
    assert [type(event) for event in gate.hear()] == [RosterChanged]
    assert gate.roster.fingerprints() == centre.built()


def test_a_new_gate_fetches_the_list_and_the_changes_come_with_it(
    tmp_path: Path, centre: Centre
) -> None:
    centre.set(person(1, statuses=ILL), removed=[person(5)])
    centre.delta()
    gate = GateCopy(tmp_path / "late", centre)
    (event,) = gate.hear()
    assert isinstance(event, RosterFetched)
    assert (gate.roster.rev, gate.roster.file_rev) == (2, 1)
    assert gate.roster.fingerprints() == centre.built()
    gate.close()


def test_a_bridged_whole_list_spares_the_fetch(centre: Centre, gate: GateCopy) -> None:
    """A table that differs little from the list before is at every gate at once."""
    centre.set(person(7), removed=[person(0)])
    centre.snapshot(bridged=True)
    assert [type(event) for event in gate.hear()] == [RosterChanged]
    assert gate.roster.fingerprints() == centre.built()
    centre.set(person(8))
    centre.delta()
    assert [type(event) for event in gate.hear()] == [RosterChanged]
    assert gate.roster.fingerprints() == centre.built()


def test_a_card_that_changes_hands_opens_for_its_new_owner_only(
    centre: Centre, gate: GateCopy
) -> None:
    centre.set(person(0, cards=()), person(1, cards=(Card("90"), Card("91"))))
    centre.delta()
    gate.hear()
    new_owner = gate.roster.by_id_number(person(1).id_number).person
    assert new_owner is not None
    assert gate.roster.by_card("90").person == gate.roster.by_card("91").person == new_owner
    assert gate.roster.credentials == 6
    assert gate.roster.fingerprints() == centre.built()


ROWS = st.builds(
    lambda number, room, ill, cards, state: person(
        number,
        room=str(room),
        statuses=ILL if ill else (),
        cards=tuple(Card(f"9{number}C{card}", state) for card in range(cards)),
    ),
    st.integers(0, 7),
    st.integers(0, 2),
    st.booleans(),
    st.integers(0, 2),
    st.sampled_from(CredentialState),
)
# What happens at the hub, and which of the two gates then hear of it.
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["delta", "delta", "delta", "whole", "bridged"]),
        st.lists(ROWS, min_size=1, max_size=3, unique_by=lambda row: row.id_number),
        st.booleans(),
        st.sets(st.integers(0, 1)),
    ),
    min_size=1,
    max_size=7,
)


def publish(centre: Centre, how: str) -> None:
    if how == "delta":
        centre.delta()
    else:
        centre.snapshot(bridged=how == "bridged")


@settings(max_examples=examples(12, 20), deadline=None)
@given(STEPS)
def test_every_gate_ends_with_the_list_of_the_hub(
    steps: list[tuple[str, list[RosterRow], bool, set[int]]],
) -> None:
    with TemporaryDirectory() as folder:
        run(Path(folder), steps)


def run(folder: Path, steps: list[tuple[str, list[RosterRow], bool, set[int]]]) -> None:
    centre = Centre(folder)
    centre.set(*(person(number) for number in range(3)))
    centre.snapshot()
    gates = [GateCopy(folder / str(number), centre) for number in range(2)]
    try:
        for how, rows, leaves, hearing in steps:
            apply(centre, rows, leaves=leaves)
            publish(centre, how)
            for number in hearing:
                gates[number].hear()
                assert_same(gates[number], centre)
        for gate in gates:
            if gate.held().rev < centre.rev:
                gate.hear()
            assert_same(gate, centre)
    finally:
        for gate in gates:
            gate.close()
        centre.close()


def apply(centre: Centre, rows: list[RosterRow], *, leaves: bool) -> None:
    if leaves:
        gone = {row.id_number for row in rows}
        centre.set(removed=[r for r in centre.people.values() if r.id_number in gone])
    else:
        centre.set(*rows)


def assert_same(gate: GateCopy, centre: Centre) -> None:
    roster = gate.roster
    expected = centre.built()
    assert roster.rev == centre.rev
    assert roster.fingerprints() == expected
    assert roster.persons == len(centre.people) == len(expected)
    assert roster.credentials == sum(len(row.cards) for row in centre.people.values())
    categories, _ = roster.counts()
    assert sum(categories.values()) == len(expected)
    for ref in expected:
        assert roster.person(ref) is not None
        assert roster.by_reference(ref[:8]).person == roster.person(ref)
