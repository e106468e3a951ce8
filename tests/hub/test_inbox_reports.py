"""Notes, words beside orders, changes of mode, and that a gate learns who answered its call."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from gated.contract.command import AnsweredArgs, Standing, verify_command
from gated.core.canonical import canonical
from gated.hub.accounts import Accounts
from gated.hub.audit import Action
from gated.hub.inbox import Inbox, InboxRefused, Item
from gated.hub.inbox_item import ORDER_TEXT, Kind
from gated.hub.projector import Projector
from gated.hub.retirement import retire
from gated.hub.roles import Role
from gated.hub.schema_office import COMMAND
from gated.hub.store import HubStore
from gated.store import keys
from gated.store.sealed_box import note_context, order_context, public_of, seal_to
from tests.support.gate_events import PERSON, SentEvents
from tests.support.hub_pages import PASSWORD, cheap
from tests.support.office import NOON_MS, Desk
from tests.support.records import plant_gate

HALF_AN_HOUR_MS = 1_800_000


def sealed(desk: Desk, context: bytes, text: str) -> str:
    return seal_to(public_of(desk.office.seal_key), canonical({"text": text}), context).hex()


def arrive(desk: Desk, store: HubStore, sent: SentEvents) -> list[Item]:
    """Send, make searchable, and return the open items an officer of the east sees, oldest first."""
    sent.send(store, NOON_MS)
    Projector(desk.office).catch_up()
    return Inbox(desk.office).items(desk.actor())[::-1]


def answers(desk: Desk, folder: Path) -> list[AnsweredArgs]:
    """What gate north-1 is told about its calls, as it would believe it."""
    query = select(COMMAND).where(COMMAND.c.gate == "north-1").order_by(COMMAND.c.n)
    with desk.office.database.reading() as connection:
        rows = connection.execute(query).all()
    trust = keys.read_trust(folder / "trust.json")
    found = []
    for row in rows:
        assert row.expires_ms - row.created_ms == HALF_AN_HOUR_MS
        said = verify_command(row.body, trust, Standing("north-1")).order()
        assert isinstance(said, AnsweredArgs)
        found.append(said)
    return found


# A call is answered.


def called(desk: Desk, store: HubStore, **fields: Any) -> tuple[Item, int]:
    sent = SentEvents()
    sent.passage(NOON_MS)
    seq = sent.add("call", NOON_MS, **{"reason": "help", "guard": "G017", **fields})
    (item,) = arrive(desk, store, sent)
    return item, seq


def test_a_gate_learns_who_answered_its_call(desk: Desk, store: HubStore, tmp_path: Path) -> None:
    item, seq = called(desk, store)
    accounts = Accounts(desk.office, cheap())
    accounts.add(desk.actor(), "wang.li", "王主任", PASSWORD, Role.OFFICER)
    Inbox(desk.office).acknowledge(desk.actor(name="wang.li"), item.id, "已派人 13812345678")
    Inbox(desk.office).acknowledge(desk.actor(), item.id)
    assert answers(desk, tmp_path) == [AnsweredArgs(epoch="00ff", seq=seq, by="王主任")]


@pytest.mark.parametrize(("role", "by"), [(Role.OFFICER, "社区工作人员"), (Role.PROPERTY, "物业")])
def test_somebody_without_an_account_is_called_by_their_role(
    desk: Desk, store: HubStore, tmp_path: Path, role: Role, by: str
) -> None:
    item, _ = called(desk, store, reason="fever", person_ref=PERSON.hex())
    Inbox(desk.office).acknowledge(desk.actor(role, name="cli:root"), item.id)
    (said,) = answers(desk, tmp_path)
    assert said.by == by


def test_only_the_answer_to_a_call_is_told_and_only_to_a_gate_in_use(
    desk: Desk, store: HubStore, tmp_path: Path
) -> None:
    sent = SentEvents()
    sent.passage(NOON_MS)
    sent.add("anomaly", NOON_MS, what="animal")
    sent.add("call", NOON_MS, reason="other")
    anomaly, call = arrive(desk, store, sent)
    plant_gate(desk.office, "north-1", online=False, seen_ms=NOON_MS - 1, last=3, upto=3)
    retire(desk.office, desk.actor(), "north-1", "gone")
    for item in (anomaly, call):
        assert Inbox(desk.office).acknowledge(desk.actor(), item.id).is_new
    assert answers(desk, tmp_path) == []


# Notes.


def test_a_note_is_read_on_demand_and_one_without_words_is_shown_too(
    desk: Desk, store: HubStore
) -> None:
    sent = SentEvents()
    sent.passage(NOON_MS)
    box = sealed(desk, note_context("north-1"), "3栋老人的药\n放在岗亭")
    sent.add("note", NOON_MS, what="parcel", guard="G017", sealed=box, visit=3)
    sent.add("note", NOON_MS, what="weather", guard="G017")
    with_words, without = arrive(desk, store, sent)
    assert (with_words.kind, with_words.code, with_words.is_sealed) == (Kind.NOTE, "parcel", True)
    assert (without.code, without.is_sealed, without.fields) == (
        "weather",
        False,
        {"guard": "G017"},
    )
    inbox, office = Inbox(desk.office), desk.actor(Role.PROPERTY)
    assert inbox.words(office, with_words.id) == "3栋老人的药 放在岗亭"
    assert inbox.words(office, without.id) == ""
    (row,) = [row for row in desk.office.audit.rows("east") if row.action == Action.LOOK_UP]
    assert (row.target, row.reason) == ("north-1", f"note {with_words.id}")


def test_a_note_sealed_as_something_else_cannot_be_opened(desk: Desk, store: HubStore) -> None:
    sent = SentEvents()
    sent.passage(NOON_MS)
    sent.add("note", NOON_MS, what="other", sealed=sealed(desk, order_context("north-1"), "x"))
    (item,) = arrive(desk, store, sent)
    with pytest.raises(InboxRefused, match="cannot open"):
        Inbox(desk.office).words(desk.actor(), item.id)


# Words beside a manual pass or refusal.


def ordered(desk: Desk, store: HubStore) -> Item:
    sent = SentEvents()
    first = sent.passage(NOON_MS, verdict="CHECK", reason="STAT_ARRIVAL_PENDING")
    sent.passage(
        NOON_MS + 9,
        of=first,
        verdict="ALLOW_NOTE",
        reason="GUARD_OVERRIDE",
        guard_ref="G017",
        guard_act="manual_pass",
        override_reason="other",
        sealed=sealed(desk, order_context("north-1"), "家中老人摔倒，已电话核实"),
    )
    (item,) = arrive(desk, store, sent)
    return item


def test_words_beside_an_order_are_a_note_about_the_person(desk: Desk, store: HubStore) -> None:
    item = ordered(desk, store)
    assert (item.kind, item.code, item.person) == (Kind.NOTE, ORDER_TEXT, PERSON)
    assert item.fields == {"direction": "in", "guard": "G017", "guard_act": "manual_pass"}
    inbox = Inbox(desk.office)
    assert inbox.words(desk.actor(), item.id) == "", "only with a reason"
    assert inbox.order_words(desk.actor(), item.id, "投诉核实") == "家中老人摔倒，已电话核实"
    (row,) = desk.office.audit.rows("east")
    assert (row.action, row.target, row.reason) == (Action.LOOK_UP, PERSON.hex(), "投诉核实")
    assert "摔倒" not in repr(desk.office.audit.rows("east"))


def test_the_property_office_does_not_read_words_about_somebody(
    desk: Desk, store: HubStore
) -> None:
    item = ordered(desk, store)
    office = desk.actor(Role.PROPERTY)
    assert Inbox(desk.office).item(office, item.id).is_sealed
    assert Inbox(desk.office).words(office, item.id) == ""
    with pytest.raises(InboxRefused, match="community officer"):
        Inbox(desk.office).order_words(office, item.id, "x")
    assert desk.office.audit.rows("east") == []


def test_making_the_index_again_makes_no_second_note(desk: Desk, store: HubStore) -> None:
    item = ordered(desk, store)
    projector = Projector(desk.office)
    projector._projection.forget()
    projector.catch_up()
    assert [one.id for one in Inbox(desk.office).items(desk.actor())] == [item.id]


# The gate's mode.


def test_lockdown_and_evacuation_are_told_and_their_end_and_nothing_else(
    desk: Desk, store: HubStore
) -> None:
    sent = SentEvents()
    sent.passage(NOON_MS)
    for mode in ("lockdown", "evacuate", "out_of_service", "open"):
        sent.add("mode", NOON_MS, mode=mode, reason="drill", hours=4, guard="G017", approver="G009")
        sent.add("mode", NOON_MS, mode="normal", former=mode, by="time")
    found = arrive(desk, store, sent)
    assert [(item.kind, item.code, item.fields.get("former", "")) for item in found] == [
        (Kind.GATE, "MODE_LOCKDOWN", ""),
        (Kind.GATE, "MODE_NORMAL", "lockdown"),
        (Kind.GATE, "MODE_EVACUATE", ""),
        (Kind.GATE, "MODE_NORMAL", "evacuate"),
    ]
    assert found[0].fields == {"guard": "G017", "approver": "G009", "reason": "drill"}
    assert found[1].fields == {"former": "lockdown", "by": "time"}


def test_a_mode_that_follows_a_lockdown_ends_it(desk: Desk, store: HubStore) -> None:
    sent = SentEvents()
    sent.passage(NOON_MS)
    sent.add("mode", NOON_MS, mode="out_of_service", former="lockdown", reason="equipment")
    (item,) = arrive(desk, store, sent)
    assert (item.code, item.fields["former"]) == ("MODE_OUT_OF_SERVICE", "lockdown")
