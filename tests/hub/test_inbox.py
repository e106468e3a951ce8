"""The inbox: one item per visit and kind, seen by right, opened and answered by name."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import insert

from gated.core.canonical import canonical
from gated.hub.audit import Action
from gated.hub.inbox import Inbox, InboxRefused, Item
from gated.hub.inbox_item import Kind
from gated.hub.projector import Projector
from gated.hub.roles import Role
from gated.hub.schema_records import GATE_SITE
from gated.hub.schema_register import PERSON, STATUS
from gated.hub.status_alarm import raise_status_alarms
from gated.hub.store import HubStore
from gated.store.sealed_box import anomaly_context, public_of, registration_context, seal_to
from tests.support.gate_events import PERSON as SOMEBODY
from tests.support.gate_events import SentEvents
from tests.support.office import NOON_MS, Desk

DAY_MS = 86_400_000
VISITOR: Mapping[str, Any] = {
    "name": "欧阳娜娜",
    "document_kind": "id_card",
    "document_number": "11010519491231002X",
    "phone": "13812345678",
    "from": "武汉",
    "to": "3-2-101",
    "reason": "探亲",
    "plate": "京A12345",
    "companions": 2,
}


def sealed(desk: Desk, context: bytes, **values: Any) -> str:
    return seal_to(public_of(desk.office.seal_key), canonical(values), context).hex()


def visitor(desk: Desk, gate: str = "north-1", **changes: Any) -> str:
    return sealed(desk, registration_context(gate), **{**VISITOR, **changes})


def arrive(desk: Desk, store: HubStore, sent: SentEvents) -> list[Item]:
    """Send, make searchable, and return the open items an officer of the east sees, oldest first."""
    sent.send(store, NOON_MS)
    Projector(desk.office).catch_up()
    return Inbox(desk.office).items(desk.actor())[::-1]


def test_a_fever_is_one_item_however_many_rows_the_visit_has(desk: Desk, store: HubStore) -> None:
    sent = SentEvents()
    fever = {"verdict": "STOP", "reason": "TEMP_HIGH", "direction": "out"}
    first = sent.passage(NOON_MS, **fever)
    sent.passage(NOON_MS + 9, of=first, **{**fever, "reason": "TEMP_CLINICAL_HIGH"})
    sent.passage(NOON_MS + 99, verdict="CHECK", reason="TEMP_HIGH_RETRY")
    sent.passage(NOON_MS + 999, **fever)
    one, other = arrive(desk, store, sent)
    assert (one.kind, one.code, one.t_ms, one.person) == ("fever", "TEMP_HIGH", NOON_MS, SOMEBODY)
    assert (one.gate, one.certain, one.is_sealed) == ("north-1", True, False)
    assert one.fields == {"direction": "out"}
    assert other.t_ms == NOON_MS + 999


def test_one_visit_may_be_of_several_kinds(desk: Desk, store: HubStore) -> None:
    sent = SentEvents()
    codes = ["STAT_CONTACT", "STAT_CONFIRMED", "TEMP_HIGH", "GUARD_DURESS"]
    sent.passage(NOON_MS, verdict="STOP", reason="STAT_CONTACT", reasons=codes, shadow=1)
    found = arrive(desk, store, sent)
    assert [(item.kind.value, item.code) for item in found] == [
        ("fever", "TEMP_HIGH"),
        ("contact", "STAT_CONFIRMED"),
        ("duress", "GUARD_DURESS"),
    ]
    assert all(item.fields["shadow"] == 1 for item in found)


def test_what_guards_report_is_in_the_inbox(desk: Desk, store: HubStore) -> None:
    sent = SentEvents()
    sent.passage(NOON_MS)
    sent.add("call", NOON_MS, reason="help", guard="G017", person_ref=SOMEBODY.hex())
    sent.add("anomaly", NOON_MS, what="crowding", guard="G017")
    sent.add("registration", NOON_MS, form="visitor", direction="in", sealed="00")
    sent.add("alert", NOON_MS, code="GUARD_DURESS")
    sent.add("alert", NOON_MS, code="DEV_TAMPER")
    sent.add("round", NOON_MS, place="gate")
    found = arrive(desk, store, sent)
    assert [(item.kind.value, item.code, item.is_sealed) for item in found] == [
        ("call", "help", False),
        ("anomaly", "crowding", False),
        ("registration", "visitor", True),
        ("duress", "GUARD_DURESS", False),
        ("gate", "DEV_TAMPER", False),
    ]
    assert (found[0].fields, found[0].person) == ({"guard": "G017"}, SOMEBODY)


def test_a_gate_that_goes_wrong_again_another_day_is_another_item(
    desk: Desk, store: HubStore
) -> None:
    sent, inbox = SentEvents(), Inbox(desk.office)
    with desk.office.database.writing("assign the gate") as connection:
        row = {"gate": "north-1", "site": "east", "since_ms": 1}
        connection.execute(insert(GATE_SITE).values(row))
    for day in (0, 0, 1):
        sent.passage(NOON_MS + day * DAY_MS, site="elsewhere")
        sent.send(store, NOON_MS + day * DAY_MS)
        Projector(desk.office).catch_up()
        found = [one for one in inbox.items(desk.actor()) if one.code == "OTHER_SITE"]
        assert len(found) <= 1
        for one in found:
            inbox.acknowledge(desk.actor(), one.id)
    done = inbox.items(desk.actor(), state="done")
    assert [one.code for one in done] == ["OTHER_SITE"] * 2


# Who sees what.


def everything(desk: Desk, store: HubStore) -> list[Item]:
    sent = SentEvents()
    sent.passage(NOON_MS, verdict="STOP", reason="TEMP_HIGH")
    sent.passage(NOON_MS, verdict="STOP", reason="STAT_CONTACT")
    sent.add("call", NOON_MS, reason="help")
    sent.add(
        "anomaly",
        NOON_MS,
        what="damage",
        sealed=sealed(desk, anomaly_context("north-1"), text="东门\n道闸坏了"),
    )
    sent.add("registration", NOON_MS, form="visitor", direction="in", sealed=visitor(desk))
    sent.add("alert", NOON_MS, code="GUARD_DURESS")
    return arrive(desk, store, sent)


def test_each_role_sees_and_counts_what_is_for_it(desk: Desk, store: HubStore) -> None:
    everything(desk, store)
    inbox, office = Inbox(desk.office), desk.actor(Role.PROPERTY)
    assert inbox.open_count(desk.actor()) == 6
    assert inbox.open_count(office) == 3
    assert {item.kind.value for item in inbox.items(office)} == {"call", "anomaly", "registration"}
    assert inbox.counts(office) == {Kind.CALL: 1, Kind.ANOMALY: 1, Kind.REGISTRATION: 1}
    for nobody in (desk.actor(Role.AUDITOR), desk.actor(site="west")):
        assert inbox.open_count(nobody) == 0
        assert inbox.items(nobody) == []


def test_an_alert_is_not_answered_by_who_may_not_see_it(desk: Desk, store: HubStore) -> None:
    fever = everything(desk, store)[0]
    for actor in (desk.actor(Role.PROPERTY), desk.actor(site="west"), desk.actor(Role.AUDITOR)):
        with pytest.raises(InboxRefused, match="not for this role"):
            Inbox(desk.office).acknowledge(actor, fever.id)
    assert Inbox(desk.office).item(desk.actor(), fever.id).acked_ms is None


def test_items_are_listed_newest_first_by_kind_and_page(desk: Desk, store: HubStore) -> None:
    everything(desk, store)
    inbox, officer = Inbox(desk.office), desk.actor()
    numbers = [item.id for item in inbox.items(officer)]
    assert numbers == sorted(numbers, reverse=True)
    assert [item.id for item in inbox.items(officer, limit=2)] == numbers[:2]
    assert [item.id for item in inbox.items(officer, before=numbers[1])] == numbers[2:]
    (call,) = inbox.items(officer, kind=Kind.CALL)
    assert call.code == "help"


# Answers.


def test_an_item_is_answered_once_by_name(desk: Desk, store: HubStore) -> None:
    fever = everything(desk, store)[0]
    inbox, first, second = Inbox(desk.office), desk.actor(name="ma"), desk.actor(name="li")
    answer = inbox.acknowledge(first, fever.id, "  taken to\nthe clinic ")
    assert (answer.is_new, answer.by, answer.at_ms) == (True, "ma", NOON_MS)
    desk.clock.now_ms += 5_000
    again = inbox.acknowledge(second, fever.id, "me too")
    assert (again.is_new, again.by, again.at_ms) == (False, "ma", NOON_MS)
    (done,) = inbox.items(second, state="done")
    assert (done.acked_by, done.acked_ms, done.ack_note) == ("ma", NOON_MS, "taken to the clinic")
    assert inbox.open_count(first) == 5
    (row,) = [row for row in desk.office.audit.rows("east") if row.action == Action.ACKNOWLEDGE]
    assert (row.actor, row.target) == ("ma", SOMEBODY.hex())


# Registrations.


def test_an_officer_opens_a_registration_and_the_audit_says_so(desk: Desk, store: HubStore) -> None:
    item = everything(desk, store)[4]
    opened = Inbox(desk.office).open_registration(desk.actor(), item.id, "visitor of 3-2")
    assert (opened.name, opened.document_number, opened.phone) == (
        "欧阳娜娜",
        "11010519491231002X",
        "13812345678",
    )
    assert (opened.came_from, opened.to, opened.room) == ("武汉", "3-2-101", ("3", "2", "101"))
    assert (opened.reason, opened.plate, opened.companions) == ("探亲", "京A12345", 2)
    assert (opened.form, opened.direction, opened.gate) == ("visitor", "in", "north-1")
    assert opened == Inbox(desk.office).registration(desk.actor(), item.id)
    rows = desk.office.audit.rows("east")
    assert [(row.action, row.target, row.reason) for row in rows] == [
        ("open_registration", "north-1", "add to the list"),
        ("open_registration", "north-1", "visitor of 3-2"),
    ]
    shown = repr(opened)
    assert "欧阳" not in shown
    assert "13812345678" not in shown


def test_the_property_office_gets_a_masked_line_only(desk: Desk, store: HubStore) -> None:
    everything(desk, store)
    inbox, office = Inbox(desk.office), desk.actor(Role.PROPERTY)
    (item,) = inbox.items(office, kind=Kind.REGISTRATION)
    assert inbox.masked(office, [item]) == {item.id: "欧**娜 · 3-2-1** · 138****5678"}
    with pytest.raises(InboxRefused, match="ask a community officer"):
        inbox.open_registration(office, item.id)
    assert inbox.masked(desk.actor(site="west"), [item]) == {}


@pytest.mark.parametrize("wrong", ["key", "gate", "rubbish", "no hex", "not an object"])
def test_a_registration_that_cannot_be_opened_says_so(
    desk: Desk, store: HubStore, wrong: str
) -> None:
    other = public_of(bytes(range(1, 33)))
    context = registration_context("north-1")
    value = {
        "key": seal_to(other, canonical(dict(VISITOR)), context).hex(),
        "gate": visitor(desk, "south-1"),
        "rubbish": "00ff",
        "no hex": "xyz",
        "not an object": seal_to(public_of(desk.office.seal_key), b"[1]", context).hex(),
    }[wrong]
    sent = SentEvents()
    sent.passage(NOON_MS)
    sent.add("registration", NOON_MS, form="visitor", sealed=value)
    (item,) = arrive(desk, store, sent)
    with pytest.raises(InboxRefused, match=r"cannot (open|read)"):
        Inbox(desk.office).open_registration(desk.actor(), item.id, "visit")
    assert Inbox(desk.office).masked(desk.actor(), [item]) == {}
    (row,) = desk.office.audit.rows("east")
    assert row.result == f"not opened {item.id}"


def test_odd_values_in_a_registration_become_harmless_text(desk: Desk, store: HubStore) -> None:
    sent = SentEvents()
    sent.passage(NOON_MS)
    value = visitor(
        desk, name="<b>王\n明</b>", phone=5, to="3-2", companions=10**30, **{"from": []}
    )
    sent.add("registration", NOON_MS, form="visitor", sealed=value)
    (item,) = arrive(desk, store, sent)
    opened = Inbox(desk.office).registration(desk.actor(), item.id)
    assert (opened.name, opened.phone, opened.came_from) == ("<b>王 明</b>", "", "")
    assert (opened.room, opened.companions) == (("3", "2", ""), 0)


def test_what_is_no_registration_cannot_be_opened_as_one(desk: Desk, store: HubStore) -> None:
    call = everything(desk, store)[2]
    with pytest.raises(InboxRefused, match="no registration is sealed in it"):
        Inbox(desk.office).open_registration(desk.actor(), call.id)


def test_a_guards_own_words_are_read_on_demand(desk: Desk, store: HubStore) -> None:
    items = everything(desk, store)
    inbox, office = Inbox(desk.office), desk.actor(Role.PROPERTY)
    assert inbox.words(office, items[3].id) == "东门 道闸坏了"
    assert [row.action for row in desk.office.audit.rows("east")] == ["look_up"]
    assert inbox.words(office, items[2].id) == ""


# Statuses nobody ended.


def register(desk: Desk, ref: bytes, *statuses: tuple[str, int | None, int | None]) -> None:
    """A person of the east with statuses (code, start, end)."""
    values = {"category": "resident", "sealed": b"", "origin": "table", "version": 1}
    with desk.office.database.writing("register") as connection:
        connection.execute(
            insert(PERSON).values(site="east", ref=ref, changed_rev=1, changed_ms=1, **values)
        )
        for code, start, end in statuses:
            row = {"code": code, "start_ms": start, "end_ms": end, "origin": "office"}
            connection.execute(
                insert(STATUS).values(site="east", ref=ref, set_by="ma", set_ms=NOON_MS, **row)
            )


def alarms(desk: Desk) -> list[tuple[bytes | None, str, str]]:
    raise_status_alarms(desk.office)
    found = Inbox(desk.office).items(desk.actor(), kind=Kind.DATA)
    return [(item.person, item.code, item.fields["since"]) for item in found]


def test_a_status_that_nobody_ended_is_named_after_thirty_days(desk: Desk) -> None:
    long_ago = NOON_MS - 31 * DAY_MS
    register(desk, b"a" * 16, ("home_quarantine", long_ago, None))
    register(desk, b"b" * 16, ("home_quarantine", long_ago, NOON_MS + DAY_MS))
    register(desk, b"c" * 16, ("home_quarantine", NOON_MS - 29 * DAY_MS, None))
    register(desk, b"d" * 16, ("moved_out", long_ago, None), ("released", long_ago, None))
    register(desk, b"e" * 16, ("close_contact", None, None))
    assert alarms(desk) == [(b"a" * 16, "home_quarantine", "2020-01-10")]
    desk.clock.now_ms += 31 * DAY_MS
    assert {person for person, _, _ in alarms(desk)} == {c * 16 for c in (b"a", b"c", b"e")}


def test_a_data_alarm_comes_once_a_day_and_not_while_one_is_open(desk: Desk) -> None:
    register(desk, b"a" * 16, ("observation", NOON_MS - 40 * DAY_MS, None))
    inbox, officer = Inbox(desk.office), desk.actor()
    assert len(alarms(desk)) == len(alarms(desk)) == 1
    inbox.acknowledge(officer, inbox.items(officer)[0].id)
    assert alarms(desk) == []
    desk.clock.now_ms += DAY_MS
    assert len(alarms(desk)) == 1
    desk.clock.now_ms += DAY_MS
    assert len(alarms(desk)) == 1
    assert json.dumps(inbox.items(officer)[0].fields) == '{"since": "2020-01-01"}'
    assert inbox.open_count(desk.actor(Role.PROPERTY)) == 0
