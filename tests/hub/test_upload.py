"""A table is compared before it is pushed, guarded against shrinking, and done exactly as shown."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gated.core.model import Category, CredentialState, Status, StatusCode
from gated.hub.changes import Changes
from gated.hub.difference import ENDED_BY_TABLE, Kind, Sender, compare, keyed
from gated.hub.difference_shown import EXAMPLES_MAX
from gated.hub.register import Register
from gated.hub.register_entry import Entry
from gated.hub.register_export import export_list
from gated.hub.roles import PROPERTY_STATUSES, Actor, Role
from gated.hub.schema_register import UPLOAD
from gated.hub.upload import KEPT_MS, UploadRefused, Uploads
from gated.hub.upload_rows import pack, unpack
from gated.store.keys import SiteKeys
from gated.store.roster_build import Card, RosterRow, household, reference
from gated.store.roster_table import BadTable
from tests.support.bundles import offered
from tests.support.office import NOW, Desk
from tests.support.people import QUARANTINE, entry, line, people, person, ref_of, table, take

KEYS = SiteKeys(b"s" * 32, b"r" * 32)


@pytest.fixture
def full(desk: Desk) -> Desk:
    take(desk.office, desk.actor(), people(30))
    return desk


def test_the_first_table_is_free_and_published(desk: Desk) -> None:
    staged = Uploads(desk.office).stage(desk.actor(), "east.csv", table(line(1), line(2)))
    assert (staged.counts["adds"], staged.guarded) == (2, False)
    pushed = Uploads(desk.office).confirm(desk.actor(), staged.id)
    assert (pushed.rev, offered(desk).rev, offered(desk).snap.rows) == (1, 1, 2)
    assert Register(desk.office).count("east") == 2


def test_staging_changes_nothing_and_counts_everything(full: Desk) -> None:
    lines = [line(index) for index in range(2, 30)]
    lines[0] = line(2, name="新名", phone="13900000000")
    lines[1] = line(3, room="999", category="租户")
    lines[2] = line(4, card="999", status="居家隔离", flags="老人")
    staged = Uploads(full.office).stage(full.actor(), "t.csv", table(*lines, line(50)))
    expected = {
        "adds": 1, "changes": 3, "removes": 2, "unchanged": 25, "changed_name": 1,
        "changed_phone": 1, "changed_room": 1, "changed_category": 1, "changed_card": 1,
        "changed_status": 1, "changed_flags": 1,
    }  # fmt: skip
    assert expected.items() <= staged.counts.items()
    assert Register(full.office).count("east") == 30
    assert Register(full.office).find("east", "新名") == []
    assert offered(full).rev == 1


def test_examples_are_masked_and_at_most_fifty(full: Desk) -> None:
    lines = [line(index, name="赵小姐") for index in range(30)]
    lines += [line(index) for index in range(100, 100 + EXAMPLES_MAX + 5)]
    staged = Uploads(full.office).stage(full.actor(), "t.csv", table(*lines))
    assert len(staged.shown["adds"]) == EXAMPLES_MAX
    assert staged.shown["name"][0]["new"] == ["赵*姐"]
    text = str(staged.shown)
    assert "赵小姐" not in text
    assert person(100).id_number not in text


def test_a_small_table_reaches_the_gates_as_a_delta(full: Desk) -> None:
    pushed = take(full.office, full.actor(), [person(99), *people(29)])
    assert pushed.rev == 2
    assert (offered(full).snap_rev, offered(full).delta is not None) == (1, True)


def test_a_large_table_becomes_the_base_of_the_next_changes(full: Desk) -> None:
    take(full.office, full.actor(), people(200))
    assert (offered(full).snap_rev, offered(full).snap.rows) == (2, 200)


def test_a_broken_table_changes_nothing_and_names_every_cell(full: Desk) -> None:
    bad = table(line(1, category="居明"), line(2, number="110105199001019999"), line(3))
    with pytest.raises(BadTable) as caught:
        Uploads(full.office).stage(full.actor(), "王小明的名单.csv", bad)
    assert caught.value.count == 2
    assert "王小明" not in str(caught.value)
    with full.office.database.reading() as connection:
        assert connection.execute(UPLOAD.select()).first() is None


@pytest.mark.parametrize(("keep", "guarded"), [(25, False), (24, True), (1, True)])
def test_more_than_a_tenth_may_not_go_unasked(full: Desk, keep: int, guarded: bool) -> None:
    uploads = Uploads(full.office)
    compared = uploads.compared(full.actor(), people(keep))
    assert compared.difference.guarded is guarded
    if not guarded:
        return
    for typed in (None, 0, 30 - keep - 1, 30 - keep + 1):
        with pytest.raises(UploadRefused, match=f"type the number {30 - keep}"):
            uploads.push(full.actor(), compared, typed)
    assert Register(full.office).count("east") == 30
    uploads.push(full.actor(), compared, 30 - keep)
    assert Register(full.office).count("east") == keep


def test_a_building_may_not_be_emptied_unasked(full: Desk) -> None:
    take(full.office, full.actor(), [*people(30), person(40, building="8栋")])
    compared = Uploads(full.office).compared(full.actor(), people(30))
    assert compared.difference.emptied == ("8",)
    with pytest.raises(UploadRefused, match="everybody of building 8"):
        Uploads(full.office).push(full.actor(), compared)


def test_the_register_moved_on_so_the_old_difference_is_refused(full: Desk) -> None:
    uploads = Uploads(full.office)
    staged = uploads.stage(full.actor(), "t.csv", table(*[line(index) for index in range(29)]))
    Changes(full.office).lost_card(full.actor(), ref_of(full.office, person(3)))
    with pytest.raises(UploadRefused) as caught:
        uploads.confirm(full.actor(), staged.id)
    assert caught.value.key == "stale"
    assert entry(full, 29).removed_ms is None
    assert uploads.again(full.actor(), staged.id).based_on_rev == 2
    assert uploads.confirm(full.actor(), staged.id).rev == 3
    assert entry(full, 29).removed_ms is not None


def test_a_table_is_taken_once(full: Desk) -> None:
    uploads = Uploads(full.office)
    staged = uploads.stage(full.actor(), "t.csv", table(*[line(index) for index in range(31)]))
    uploads.confirm(full.actor(), staged.id)
    for act in (uploads.confirm, uploads.staged):
        with pytest.raises(UploadRefused) as caught:
            act(full.actor(), staged.id)
        assert caught.value.key == "gone"
    with full.office.database.reading() as connection:
        (row,) = connection.execute(UPLOAD.select())
    assert (row.state, row.sealed) == ("applied", b"")


def test_a_discarded_or_foreign_table_is_gone(full: Desk) -> None:
    uploads = Uploads(full.office)
    staged = uploads.stage(full.actor(), "t.csv", table(line(1)))
    with pytest.raises(UploadRefused):
        uploads.staged(full.actor(site="west"), staged.id)
    uploads.discard(full.actor(), staged.id)
    with pytest.raises(UploadRefused):
        uploads.staged(full.actor(), staged.id)


def test_a_table_nobody_confirmed_is_forgotten_after_a_day(full: Desk) -> None:
    uploads = Uploads(full.office)
    old = uploads.stage(full.actor(), "t.csv", table(line(1)))
    full.clock.now_ms += KEPT_MS + 1
    uploads.stage(full.actor(), "t.csv", table(line(2)))
    with pytest.raises(UploadRefused):
        uploads.staged(full.actor(), old.id)


def test_an_auditor_may_not_send_tables(full: Desk) -> None:
    with pytest.raises(UploadRefused) as caught:
        Uploads(full.office).stage(full.actor(Role.AUDITOR), "t.csv", table(line(1)))
    assert caught.value.key == "right"


def test_the_same_table_again_publishes_nothing(full: Desk) -> None:
    pushed = take(full.office, full.actor(), people(30))
    assert (pushed.published, pushed.rev, pushed.difference.unchanged) == (None, 1, 30)


def test_what_the_office_set_outlives_a_table(full: Desk) -> None:
    changes, actor = Changes(full.office), full.actor()
    ref = ref_of(full.office, person(3))
    changes.quarantine(actor, ref, None, NOW + timedelta(days=14))
    changes.lost_card(actor, ref)
    changes.new_card(actor, ref, "555")
    take(full.office, actor, [replace(r, phone="13912345678") for r in people(30)])
    after = entry(full, 3)
    assert [status.code for status in after.row.statuses] == [QUARANTINE]
    assert [(card.number[-3:], card.state) for card in after.row.cards] == [
        ("003", CredentialState.LOST),
        ("555", CredentialState.ACTIVE),
    ]


def test_a_table_that_states_the_card_is_fine_ends_the_loss(full: Desk) -> None:
    Changes(full.office).lost_card(full.actor(), ref_of(full.office, person(3)))
    card = person(3).cards[0]
    stated = replace(person(3), cards=(Card(card.number, stated=True),))
    take(full.office, full.actor(), [stated if r == person(3) else r for r in people(30)])
    assert entry(full, 3).row.cards[0].state is CredentialState.ACTIVE


def test_a_card_the_table_gives_to_somebody_else_goes_there(full: Desk) -> None:
    Changes(full.office).new_card(full.actor(), ref_of(full.office, person(3)), "555")
    rows = people(30)
    rows[4] = replace(rows[4], cards=(Card("555"),))
    take(full.office, full.actor(), rows)
    assert [card.number for card in entry(full, 3).row.cards] == [person(3).cards[0].number]
    assert [card.number for card in entry(full, 4).row.cards] == ["555"]


def test_people_whose_health_is_followed_are_never_removed_by_a_table(full: Desk) -> None:
    held = ref_of(full.office, person(3))
    Changes(full.office).quarantine(full.actor(), held, None, None)
    compared = Uploads(full.office).compared(
        full.actor(), [r for r in people(30) if r != person(3)]
    )
    assert [kept.ref for kept in compared.difference.kept] == [held]
    Uploads(full.office).push(full.actor(), compared)
    assert entry(full, 3).removed_ms is None


def test_people_added_singly_and_missing_in_the_table_are_removed(full: Desk) -> None:
    Changes(full.office).add(full.actor(), person(77))
    pushed = take(full.office, full.actor(), people(30))
    assert [gone.ref for gone in pushed.difference.removes] == [ref_of(full.office, person(77))]


def test_somebody_who_comes_back_has_their_history(full: Desk) -> None:
    ref = ref_of(full.office, person(3))
    Changes(full.office).medicine(full.actor(), ref)
    take(full.office, full.actor(), [r for r in people(30) if r != person(3)])
    pushed = take(full.office, full.actor(), people(30))
    assert [back.ref for back in pushed.difference.adds] == [ref]
    assert [held.code for held in entry(full, 3).statuses] == [StatusCode.MEDICINE_BUYER]


def test_a_status_of_a_table_ends_with_the_table_that_lacks_it(full: Desk) -> None:
    rows = people(30)
    rows[3] = replace(rows[3], statuses=(Status(QUARANTINE),))
    take(full.office, full.actor(), rows)
    assert entry(full, 3).row.statuses == (Status(QUARANTINE),)
    take(full.office, full.actor(), people(30))
    (held,) = entry(full, 3).statuses
    assert (held.ended_by, entry(full, 3).row.statuses) == (ENDED_BY_TABLE, ())


@pytest.mark.parametrize("name", ["wu", "table"])
def test_an_old_table_does_not_bring_back_what_an_officer_ended(full: Desk, name: str) -> None:
    rows = people(30)
    rows[3] = replace(rows[3], statuses=(Status(QUARANTINE),))
    take(full.office, full.actor(), rows)
    officer = full.actor(name=name)
    Changes(full.office).released(officer, ref_of(full.office, person(3)))
    take(full.office, full.actor(), [*rows, person(40)])
    assert [status.code for status in entry(full, 3).row.statuses] == [StatusCode.RELEASED]


def test_a_property_office_neither_sets_nor_ends_what_is_a_matter_of_health(full: Desk) -> None:
    rows = people(30)
    rows[3] = replace(rows[3], statuses=(Status(QUARANTINE),))
    take(full.office, full.actor(), rows)
    rows = people(30)
    rows[4] = replace(rows[4], statuses=(Status(QUARANTINE), Status(StatusCode.MEDICINE_BUYER)))
    pushed = take(full.office, full.actor(Role.PROPERTY), rows)
    assert pushed.difference.not_taken == 1
    assert entry(full, 3).row.statuses == (Status(QUARANTINE),)
    assert entry(full, 4).row.statuses == (Status(StatusCode.MEDICINE_BUYER),)
    kept = Uploads(full.office).compared(full.actor(Role.PROPERTY), people(3)).difference.kept
    assert [held.ref for held in kept] == [ref_of(full.office, person(3))]


def test_what_is_confirmed_is_the_difference_that_was_shown(full: Desk) -> None:
    uploads, ill = Uploads(full.office), line(4, status="居家隔离")
    rows = [ill if index == 4 else line(index) for index in range(30)]
    staged = uploads.stage(full.actor(Role.PROPERTY), "t.csv", table(*rows))
    with pytest.raises(UploadRefused) as caught:
        uploads.confirm(full.actor(), staged.id)
    assert caught.value.key == "stale", "an officer's table would set the status"
    assert entry(full, 4).row.statuses == ()
    again = uploads.again(full.actor(), staged.id)
    uploads.confirm(full.actor(), again.id)
    assert [status.code for status in entry(full, 4).row.statuses] == [QUARANTINE]


def test_the_push_is_audited_without_anybody_in_it(full: Desk) -> None:
    staged = Uploads(full.office).stage(full.actor(), "t.csv", table(*map(line, range(31))))
    Uploads(full.office).confirm(full.actor(), staged.id)
    rows = full.office.audit.rows("east")
    assert [(row.action, row.target, row.result) for row in rows[:2]] == [
        ("push", staged.id, "rev 2"),
        ("upload", staged.id, "staged"),
    ]
    assert full.office.audit.first_broken() is None


def test_sites_do_not_touch_each_other(full: Desk) -> None:
    take(full.office, full.actor(site="west"), people(3))
    assert (Register(full.office).count("east"), Register(full.office).count("west")) == (30, 3)


# The rules, for any tables.

ROWS = st.builds(
    lambda index, name, lost, status, room: person(
        index,
        name=name,
        room=room,
        cards=(Card(str(900 + index), CredentialState.LOST if lost else CredentialState.ACTIVE),),
        statuses=(Status(status),) if status else (),
    ),
    st.integers(0, 9),
    st.sampled_from(["甲", "乙乙"]),
    st.booleans(),
    st.sampled_from([None, QUARANTINE, StatusCode.MEDICINE_BUYER, StatusCode.CHECKIN_MISSING]),
    st.sampled_from(["101", "102"]),
)
TABLES = st.lists(ROWS, max_size=8, unique_by=lambda row: row.id_number)


def done(known: dict[bytes, Entry], rows: list[RosterRow], sender: Sender) -> dict[bytes, Entry]:
    """Return the register after a table, as the difference says."""
    difference = compare(known, keyed(rows, KEYS), KEYS, sender)
    after = known | {entry.ref: entry for entry in difference.adds}
    after |= {changed.after.ref: changed.after for changed in difference.changes}
    gone = {entry.ref for entry in difference.removes}
    return {ref: entry for ref, entry in after.items() if ref not in gone}


@settings(deadline=None)
@given(TABLES, TABLES, st.booleans())
def test_after_a_table_the_list_says_what_the_table_says(
    first: list[RosterRow], second: list[RosterRow], officer: bool
) -> None:
    may_set = (lambda code: True) if officer else (lambda code: code in PROPERTY_STATUSES)
    sender = Sender("a", may_set, NOW)
    known = done({}, first, Sender("a", lambda code: True, NOW))
    after = done(known, second, sender)
    for row in second:
        entry = after[reference(row, KEYS.site)]
        assert (entry.row.name, entry.row.cards) == (row.name, row.cards)
        assert entry.household == household(row, KEYS.site)
        if officer:
            assert entry.row.statuses == row.statuses
    assert compare(after, keyed(second, KEYS), KEYS, sender).empty
    if officer:
        assert set(after) == {reference(row, KEYS.site) for row in second}


@settings(deadline=None)
@given(TABLES)
def test_a_staged_table_comes_back_as_it_was(rows: list[RosterRow]) -> None:
    assert unpack(pack(rows)) == rows


def test_every_kind_of_change_is_told(desk: Desk) -> None:
    actor: Actor = desk.actor()
    take(desk.office, actor, [person(1)])
    changed = replace(
        person(1), name="乙", phone="1", room="9", category=Category.TENANT, cards=(),
        statuses=(Status(QUARANTINE),), flags=frozenset({"elder"}), start=NOW,
    )  # fmt: skip
    (told,) = Uploads(desk.office).compared(actor, [changed]).difference.changes
    assert told.kinds == set(Kind) - {Kind.APPOINTMENT}


def test_the_full_list_sent_back_as_exported_changes_nothing(full: Desk) -> None:
    """Statuses set in the middle of a second included: tables tell seconds."""
    changes, officer = Changes(full.office), full.actor()
    full.clock.now_ms += 1_234
    changes.set_status(
        officer, ref_of(full.office, person(1)), StatusCode.CLOSE_CONTACT, None, None
    )
    changes.released(officer, ref_of(full.office, person(2)))
    exported, _ = export_list(full.office, officer, full=True, reason="copy")
    staged = Uploads(full.office).stage(officer, "full.csv", exported)
    assert staged.counts["adds"] == staged.counts["changes"] == staged.counts["removes"] == 0
