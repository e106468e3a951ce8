"""One change of one person: checked, audited, published as a signed delta, or refused whole."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gated.contract.delta import unpack_changes
from gated.core.model import Category, CredentialState, StatusCode
from gated.hub import register_edits as edits
from gated.hub.changes import ChangeRefused, Changes, Correction, Done
from gated.hub.register import Register
from gated.hub.register_edits import By
from gated.hub.register_entry import Entry
from gated.hub.roles import PROPERTY_STATUSES, Role
from gated.hub.upload import Uploads
from gated.store.roster_build import Card, RosterRow, milliseconds
from tests.support.bundles import offered
from tests.support.office import NOON_MS, NOW, Desk
from tests.support.people import QUARANTINE, entry, people, person, ref_of, take

DAY = timedelta(days=1)
RELEASED = StatusCode.RELEASED


@pytest.fixture
def full(desk: Desk) -> Desk:
    take(desk.office, desk.actor(), people(12))
    return desk


def ref(desk: Desk, index: int = 3) -> bytes:
    return ref_of(desk.office, person(index))


def refused(key: str) -> "pytest.RaisesExc[ChangeRefused]":
    return pytest.raises(ChangeRefused, check=lambda error: error.key == key)


def test_a_change_is_published_as_a_delta_at_once(full: Desk) -> None:
    done = Changes(full.office).quarantine(full.actor(), ref(full), None, NOW + 14 * DAY)
    assert done == Done(2, changed=True, ref=ref(full))
    manifest = offered(full)
    assert (manifest.rev, manifest.snap_rev) == (2, 1)
    assert manifest.delta is not None
    until = milliseconds(NOW + 14 * DAY)
    assert str(until) in str(unpack_changes(manifest.delta))


def test_the_whole_household_is_told_of_a_quarantine(full: Desk) -> None:
    """Visitors are judged by the statuses of the household they visit."""
    guest = replace(person(50), category=Category.VISITOR, room=person(3).room)
    Changes(full.office).add(full.actor(), guest)
    Changes(full.office).quarantine(full.actor(), ref(full), None, None)
    delta = offered(full).delta
    assert delta is not None
    told = {put.ref: put for put in unpack_changes(delta).put}
    household = {ref(full, index).hex() for index in range(4)} | {ref_of(full.office, guest).hex()}
    assert set(told) == household
    for who in household - {ref(full).hex()}:
        assert told[who].statuses == ""
        assert "home_quarantine" in told[who].household_statuses


def test_a_lost_card_concerns_nobody_else(full: Desk) -> None:
    Changes(full.office).lost_card(full.actor(), ref(full))
    delta = offered(full).delta
    assert delta is not None
    assert [put.ref for put in unpack_changes(delta).put] == [ref(full).hex()]
    assert entry(full).row.cards[0].state is CredentialState.LOST


def test_the_same_thing_twice_is_already_so(full: Desk) -> None:
    changes, actor, who = Changes(full.office), full.actor(), ref(full)
    steps: list[Callable[[], Done]] = [
        lambda: changes.quarantine(actor, who, None, NOW + 14 * DAY),
        lambda: changes.lost_card(actor, who),
        lambda: changes.new_card(actor, who, "555"),
        lambda: changes.released(actor, who),
        lambda: changes.arrival(actor, who, StatusCode.FROM_EPIDEMIC_AREA),
        lambda: changes.filed(actor, who),
        lambda: changes.medicine(actor, who),
        lambda: changes.moved_out(actor, who),
        lambda: changes.end_status(actor, who, StatusCode.MOVED_OUT),
    ]
    for count, step in enumerate(steps, start=2):
        assert step() == Done(count, changed=True, ref=who)
        if count != 4:  # which card is lost is asked once there are two
            full.clock.now_ms += 1000
            assert step() == Done(count, changed=False, ref=who)
            assert offered(full).rev == count


def test_a_stale_form_is_refused_and_changes_nothing(full: Desk) -> None:
    shown = entry(full)
    Changes(full.office).lost_card(full.actor(), ref(full))
    with refused("stale"):
        Changes(full.office).correct(
            full.actor(), ref(full), Correction(phone="13900000000"), version=shown.version
        )
    assert entry(full).row.phone == person(3).phone
    assert offered(full).rev == 2


def test_a_correction_changes_what_was_typed_and_nothing_else(full: Desk) -> None:
    before = entry(full)
    Changes(full.office).correct(
        full.actor(Role.PROPERTY),
        ref(full),
        Correction(phone="13900000000", room="999"),
        version=before.version,
    )
    after = entry(full)
    assert after.row == replace(before.row, phone="13900000000", room="999")
    assert after.household != before.household
    assert after.version == before.version + 1


def test_a_corrected_number_is_another_pseudonym_with_the_same_history(full: Desk) -> None:
    changes = Changes(full.office)
    changes.quarantine(full.actor(), ref(full), None, None)
    done = changes.correct(
        full.actor(), ref(full), Correction(id_number=person(60).id_number), version=2
    )
    assert done.ref == ref_of(full.office, person(60)) != ref(full)
    found = Register(full.office).entry("east", done.ref)
    assert found is not None
    assert [status.code for status in found.row.statuses] == [QUARANTINE]
    assert entry(full).removed_ms is not None
    delta = offered(full).delta
    assert delta is not None
    assert ref(full).hex() in unpack_changes(delta).gone
    assert done.ref.hex() in {put.ref for put in unpack_changes(delta).put}


def test_somebody_known_by_room_and_name_may_get_a_card(full: Desk) -> None:
    child = RosterRow(Category.HOUSEHOLD_MINOR, name="小王", building="3", unit="2", room="101")
    added = Changes(full.office).add(full.actor(), child)
    done = Changes(full.office).new_card(full.actor(), added.ref, "4711")
    assert Register(full.office).find("east", "4711") == [done.ref]
    assert Register(full.office).count("east") == 13


def test_a_new_person_is_on_the_list_and_found(full: Desk) -> None:
    done = Changes(full.office).add(full.actor(Role.PROPERTY), person(70), "moved in")
    assert Register(full.office).find("east", person(70).id_number) == [done.ref]
    with refused("exists"):
        Changes(full.office).add(full.actor(), person(70))


def test_the_first_person_of_a_site_needs_no_table(desk: Desk) -> None:
    assert Changes(desk.office).add(desk.actor(), person(1)).rev == 1
    assert offered(desk).snap.rows == 1
    assert Changes(desk.office).add(desk.actor(), person(2)).rev == 2
    assert offered(desk).snap_rev == 1


def test_a_removed_person_can_be_added_again_with_their_history(full: Desk) -> None:
    Changes(full.office).medicine(full.actor(), ref(full))
    take(full.office, full.actor(), [r for r in people(12) if r != person(3)])
    with refused("unknown"):
        Changes(full.office).lost_card(full.actor(), ref(full))
    Changes(full.office).add(full.actor(), person(3))
    assert [held.code for held in entry(full).statuses] == [StatusCode.MEDICINE_BUYER]
    assert entry(full).removed_ms is None


def test_a_short_phone_that_stands_holds_up_no_other_correction(full: Desk) -> None:
    found = Register(full.office).entry("east", ref_of(full.office, person(3)))
    assert found is not None
    old = replace(found, row=replace(found.row, phone="139"))
    same = edits.corrected(old, Correction(phone="139", room="909")).row
    assert (same.phone, same.room) == ("139", "909")
    with refused("bad_phone"):
        edits.corrected(old, Correction(phone="138"))


@pytest.mark.parametrize(
    ("row", "key"),
    [
        (person(70, id_number="110105199001019999"), "bad_number"),
        (person(70, name="x" * 61), "long_text"),
        (RosterRow(Category.RESIDENT, name="王"), "nobody"),
        (person(70, cards=(Card("70000003"),)), "card_taken"),
        (person(70, cards=(Card("0070000003"),)), "card_taken"),
        (person(70, start=NOW, end=NOW), "span"),
    ],
)
def test_who_cannot_be_added_is_refused(full: Desk, row: RosterRow, key: str) -> None:
    with refused(key):
        Changes(full.office).add(full.actor(), row)
    assert offered(full).rev == 1


def test_what_makes_no_sense_is_refused_and_nothing_happens(full: Desk) -> None:
    changes, actor, who = Changes(full.office), full.actor(), ref(full)
    cases: dict[str, Callable[[], Done]] = {
        "no_card": lambda: changes.lost_card(actor, who, "4711"),
        "bad_card": lambda: changes.new_card(actor, who, " "),
        "card_taken": lambda: changes.new_card(actor, who, person(4).cards[0].number),
        "span": lambda: changes.quarantine(actor, who, NOW, NOW),
        "watch": lambda: changes.set_status(actor, who, StatusCode.WATCH),
        "no_arrival": lambda: changes.filed(actor, who),
        "unknown": lambda: changes.lost_card(actor, bytes(16)),
        "right": lambda: changes.lost_card(full.actor(Role.AUDITOR), who),
    }
    for key, act in cases.items():
        with refused(key):
            act()
    with refused("unknown"):
        changes.lost_card(full.actor(site="west"), who)
    assert offered(full).rev == 1


def test_which_card_is_asked_when_there_are_two(full: Desk) -> None:
    changes = Changes(full.office)
    changes.new_card(full.actor(), ref(full), "555")
    with refused("which_card"):
        changes.lost_card(full.actor(), ref(full))
    changes.lost_card(full.actor(), ref(full), "0555")
    assert [card.state for card in entry(full).row.cards] == [
        CredentialState.ACTIVE,
        CredentialState.LOST,
    ]


@pytest.mark.parametrize("code", list(StatusCode))
def test_a_property_office_sets_only_its_own_statuses(full: Desk, code: StatusCode) -> None:
    changes, actor = Changes(full.office), full.actor(Role.PROPERTY)
    if code in PROPERTY_STATUSES:
        assert changes.set_status(actor, ref(full), code, None, NOW + DAY).changed
        assert changes.end_status(actor, ref(full), code).changed
        return
    with refused("right"):
        changes.set_status(actor, ref(full), code)
    with refused("right"):
        changes.end_status(actor, ref(full), code)
    assert entry(full).statuses == ()


def test_arrivals_are_asked_again_after_each_journey(full: Desk) -> None:
    changes, actor, who = Changes(full.office), full.actor(Role.PROPERTY), ref(full)
    changes.arrival(actor, who, StatusCode.FROM_OTHER_PROVINCE)
    changes.filed(actor, who)
    assert "registered" in entry(full).row.flags
    changes.arrival(actor, who, StatusCode.FROM_OTHER_PROVINCE)
    assert "registered" not in entry(full).row.flags


def test_a_filed_arrival_stays_filed_after_the_next_table(full: Desk) -> None:
    changes, actor = Changes(full.office), full.actor()
    changes.arrival(actor, ref(full), StatusCode.FROM_OTHER_PROVINCE)
    changes.filed(actor, ref(full))
    take(full.office, actor, [*people(12), person(40)])
    assert "registered" in entry(full).row.flags


def test_an_old_table_does_not_file_a_new_arrival(full: Desk) -> None:
    rows = [replace(r, flags=frozenset({"registered"})) for r in people(12)]
    take(full.office, full.actor(), rows)
    Changes(full.office).arrival(full.actor(), ref(full), StatusCode.FROM_EPIDEMIC_AREA)
    take(full.office, full.actor(), [*rows, person(40)])
    assert "registered" not in entry(full).row.flags


def test_every_change_is_audited_with_pseudonym_reason_and_result(full: Desk) -> None:
    changes, actor = Changes(full.office), full.actor()
    changes.quarantine(actor, ref(full), None, None, reason="phone call 12")
    changes.quarantine(actor, ref(full), None, None)
    again, first = full.office.audit.rows("east")[:2]
    assert (first.action, first.target, first.reason, first.result) == (
        "status",
        ref(full).hex(),
        "phone call 12",
        "home_quarantine, rev 2",
    )
    assert again.result == "home_quarantine: already so"


def test_the_history_says_who_set_and_who_ended(full: Desk) -> None:
    changes = Changes(full.office)
    changes.quarantine(full.actor(name="li"), ref(full), None, None)
    full.clock.now_ms += 1000
    changes.released(full.actor(name="wu"), ref(full))
    first, second = entry(full).statuses
    assert (first.code, first.set_by, first.ended_by) == (QUARANTINE, "li", "wu")
    assert (first.ended_ms, second.code, second.ended_ms) == (NOON_MS + 1000, RELEASED, None)


def test_more_changes_than_fit_become_a_new_whole_list(desk: Desk) -> None:
    take(desk.office, desk.actor(), people(300))
    changes, bases = Changes(desk.office), []
    for index in range(0, 300, 4):  # every one touches a household of four
        changes.quarantine(desk.actor(), ref_of(desk.office, person(index)), None, None)
        bases.append(offered(desk).snap_rev)
    assert bases[10] == 1, "small changes build nothing"
    assert len(set(bases)) > 1
    assert len(entry(desk, 0).row.statuses) == len(entry(desk, 296).row.statuses) == 1


def test_a_fold_changes_nobody(full: Desk) -> None:
    Changes(full.office).lost_card(full.actor(), ref(full))
    published = Uploads(full.office).fold(full.actor())
    assert (published.rev, published.persons, offered(full).snap_rev) == (3, 12, 3)
    assert Register(full.office).count("east") == 12


# The rules, for any history.

BY = By("a", NOW)
CODES = st.sampled_from([QUARANTINE, RELEASED, StatusCode.CLOSE_CONTACT, StatusCode.MOVED_OUT])
Span = tuple[StatusCode, datetime | None, datetime | None]
DAYS = st.none() | st.integers(-5, 20).map(lambda n: NOW + n * DAY)


@given(st.lists(st.tuples(CODES, DAYS, DAYS), max_size=6), st.tuples(CODES, DAYS, DAYS))
def test_a_status_that_was_set_stands_once_and_nothing_is_forgotten(
    before: list[Span], last: Span
) -> None:
    held = Entry(b"p" * 16, person(1), None)
    for code, start, end in before:
        try:
            held = edits.begun(held, BY, code, start, end)
        except ChangeRefused:
            continue
    try:
        after = edits.begun(held, BY, *last)
    except ChangeRefused:
        return
    standing = [status for status in after.row.statuses if status.code is last[0]]
    assert [status for status in standing if status.end == last[2]]
    assert edits.begun(after, BY, *last) == after
    assert len(after.statuses) >= len(held.statuses)
    known = {status.span for status in after.statuses}
    assert {status.span for status in held.statuses} <= known
    freed = edits.released(after, BY)
    assert not [s for s in freed.row.statuses if s.code in edits.CLOSED]
    assert any(status.code is RELEASED for status in freed.row.statuses)


@given(st.text(max_size=70), st.text(max_size=70), st.text(max_size=20))
def test_any_texts_make_a_row_or_a_refusal(name: str, room: str, number: str) -> None:
    row = RosterRow(Category.RESIDENT, id_number=number, name=name, room=room)
    try:
        checked = edits.checked(row)
    except ChangeRefused:
        return
    assert edits.checked(checked) == checked
