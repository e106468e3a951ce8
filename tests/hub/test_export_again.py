"""The full list as exported, sent back, changes nothing: for people without an ID number too."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gated.core.model import Category, CredentialState, Status, StatusCode
from gated.hub.changes import Changes
from gated.hub.register_export import export_list
from gated.hub.upload import Uploads
from gated.store.roster_build import Card, RosterRow
from tests.support.office import Desk, open_desk
from tests.support.people import person, ref_of, take

CHANGES = ("adds", "changes", "removes")
LOST = CredentialState.LOST


def without_number(**changes: Any) -> RosterRow:
    """Staff known by a card, or by room and name."""
    named: dict[str, Any] = {"id_number": "", "name": "王五", "category": Category.STAFF}
    return person(1, **(named | {"cards": (Card("1001"),)} | changes))


def sent_back(desk: Desk) -> dict[str, int]:
    exported, _ = export_list(desk.office, desk.actor(), full=True, reason="copy")
    counts = Uploads(desk.office).stage(desk.actor(), "full.csv", exported).counts
    return {name: counts[name] for name in CHANGES if counts[name]}


@pytest.mark.parametrize("room", ["101", ""])
@pytest.mark.parametrize(
    "cards",
    [
        (Card("1001"),),
        (Card("1001"), Card("01002"), Card("1003")),
        (Card("1001", LOST, True), Card("1002")),
        (Card("1001"), Card("1002", LOST, True), Card("1003", CredentialState.REVOKED, True)),
    ],
)
@pytest.mark.parametrize(
    "codes", [(), (StatusCode.MEDICINE_BUYER,), (StatusCode.MEDICINE_BUYER, StatusCode.TEST_DUE)]
)
def test_somebody_known_by_a_card_comes_back_as_one(
    desk: Desk, room: str, cards: tuple[Card, ...], codes: tuple[StatusCode, ...]
) -> None:
    place = {"room": room} if room else {"building": "", "unit": "", "room": ""}
    statuses = tuple(Status(code) for code in codes)
    take(desk.office, desk.actor(), [without_number(cards=cards, statuses=statuses, **place)])
    assert sent_back(desk) == {}


def test_somebody_known_by_room_and_name_comes_back_as_one(desk: Desk) -> None:
    row = without_number(cards=(), statuses=(Status(StatusCode.MEDICINE_BUYER),))
    take(desk.office, desk.actor(), [row])
    assert sent_back(desk) == {}


def test_a_second_card_from_the_office_comes_back_with_the_lost_one(desk: Desk) -> None:
    row = without_number(building="", unit="", room="")
    take(desk.office, desk.actor(), [row])
    changes, ref = Changes(desk.office), ref_of(desk.office, row)
    changes.lost_card(desk.actor(), ref)
    changes.new_card(desk.actor(), ref, "1002")
    changes.medicine(desk.actor(), ref)
    assert sent_back(desk) == {}


STATES = st.sampled_from([(CredentialState.ACTIVE, False), (LOST, True)])
PEOPLE = st.lists(
    st.tuples(
        st.sampled_from(["王五", "李四", ""]),
        st.sampled_from(["101", "102", ""]),
        st.lists(STATES, min_size=1, max_size=3),
        st.sets(st.sampled_from([StatusCode.MEDICINE_BUYER, StatusCode.TEST_DUE]), max_size=2),
        st.booleans(),
    ),
    min_size=1,
    max_size=4,
)


@settings(
    deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(PEOPLE)
def test_any_list_sent_back_as_exported_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory,
    people: list[tuple[str, str, list[tuple[CredentialState, bool]], set[StatusCode], bool]],
) -> None:
    """Two of one name in one room stay two when their phone numbers say so."""
    desk = open_desk(tmp_path_factory.mktemp("desk"))
    rows = [
        person(
            index,
            id_number=person(index).id_number if numbered else "",
            category=Category.STAFF,
            name=name,
            room=room,
            cards=tuple(
                Card(f"9{index}{place}", state, stated)
                for place, (state, stated) in enumerate(states)
            ),
            statuses=tuple(Status(code) for code in sorted(codes)),
        )
        for index, (name, room, states, codes, numbered) in enumerate(people)
    ]
    try:
        take(desk.office, desk.actor(), rows)
        assert sent_back(desk) == {}
    finally:
        desk.office.database.close()
