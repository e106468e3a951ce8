"""A line of the paper ledger typed in at a gate: opened by right, added once, nothing lost."""

from typing import Any

import pytest
from sqlalchemy import select

from gated.core.reports import Paper, PaperLine
from gated.errors import StoreError
from gated.hub.audit import Action
from gated.hub.daily_report import DailyReport
from gated.hub.inbox import Inbox, InboxRefused, Item
from gated.hub.inbox_item import Kind
from gated.hub.late_entry import LateEntries, LateEntryRefused
from gated.hub.paper_line import PaperLines
from gated.hub.projector import Projector
from gated.hub.roles import Actor, Role
from gated.hub.schema_records import PASSAGE
from gated.hub.store import HubStore
from gated.store.sealed_box import paper_context, public_of, seal_to
from tests.support.gate_events import SentEvents
from tests.support.office import NOON_MS, Desk
from tests.support.people import people, ref_of, take

SLIP: dict[str, Any] = {
    "number": "12-7",
    "day": "2020-02-10",
    "time": "09:12",
    "direction": "in",
    "outcome": "passed",
    "name": "欧阳娜娜",
    "document_number": "E12345678",
    "phone": "13812345678",
    "room": "3-2-101",
    "temp_mc": 36_500,
}
NINE_TWELVE_MS = NOON_MS - 10_080_000  # at the site, eight hours east; noon is there


def arrive(desk: Desk, store: HubStore, **changes: Any) -> Item:
    """A gate sent this line; return its item."""
    plain = Paper(PaperLine(**{**SLIP, **changes})).plain()
    box = seal_to(public_of(desk.office.seal_key), plain, paper_context("north-1")).hex()
    return sent_as(desk, store, box, changes.get("outcome", "passed"))


def sent_as(desk: Desk, store: HubStore, box: str, outcome: str = "passed") -> Item:
    sent = SentEvents()
    sent.passage(NOON_MS)
    said = {"direction": "in", "outcome": outcome, "entered_late": 1, "guard": "G017"}
    sent.add("paper", NOON_MS, sealed=box, **said)
    sent.send(store, NOON_MS)
    Projector(desk.office).catch_up()
    (item,) = Inbox(desk.office).items(desk.actor())
    return item


def late(desk: Desk) -> list[Any]:
    with desk.office.database.reading() as connection:
        return list(connection.execute(select(PASSAGE).where(PASSAGE.c.late)).all())


def test_a_line_waits_in_the_inbox_and_tells_nobody(desk: Desk, store: HubStore) -> None:
    item = arrive(desk, store)
    assert (item.kind, item.code, item.is_sealed) == (Kind.PAPER, "passed", True)
    assert item.fields == {"direction": "in", "guard": "G017"}
    assert Inbox(desk.office).words(desk.actor(), item.id) == ""


def test_an_officer_opens_it_and_the_audit_says_so(desk: Desk, store: HubStore) -> None:
    item = arrive(desk, store, temp_mc=None)
    slip = PaperLines(desk.office).open(desk.actor(), item.id, "补录")
    assert (slip.name, slip.document, slip.phone) == ("欧阳娜娜", "E12345678", "13812345678")
    assert (slip.number, slip.day, slip.time, slip.room) == (
        "12-7",
        "2020-02-10",
        "09:12",
        "3-2-101",
    )
    assert (slip.temp_mc, slip.guard) == (None, "G017")
    assert "欧阳" not in repr(slip)
    (row,) = desk.office.audit.rows("east")
    assert (row.action, row.target, row.reason) == (Action.OPEN_PAPER, "north-1", "补录")
    assert Inbox(desk.office).item(desk.actor(), item.id).acked_ms is None


@pytest.mark.parametrize("role", [Role.PROPERTY, Role.AUDITOR])
def test_nobody_else_opens_or_adds_it(desk: Desk, store: HubStore, role: Role) -> None:
    item = arrive(desk, store)
    with pytest.raises(InboxRefused, match="community officer"):
        PaperLines(desk.office).open(desk.actor(role), item.id, "x")
    with pytest.raises(InboxRefused, match="community officer"):
        PaperLines(desk.office).enter(desk.actor(role), item.id)
    assert late(desk) == []


def test_one_press_makes_it_a_record_under_its_own_time_and_answers_the_item(
    desk: Desk, store: HubStore
) -> None:
    item = arrive(desk, store, outcome="refused")
    number = PaperLines(desk.office).enter(desk.actor(), item.id)
    (row,) = late(desk)
    assert (row.seq, row.t_ms, row.gate, row.direction) == (number, NINE_TWELVE_MS, "north-1", "in")
    assert (row.verdict, row.temp_mc, row.guard, row.person) == ("STOP", 36_500, "G017", None)
    kept = LateEntries(desk.office).people("east", [number])[number]
    assert (kept.name, kept.document, kept.phone) == ("欧阳娜娜", "E12345678", "13812345678")
    (done,) = Inbox(desk.office).items(desk.actor(), state="done")
    assert (done.id, done.acked_by) == (item.id, "officer-east")
    reports = DailyReport(desk.office)
    report = reports.of(desk.actor(), reports.today("east"))
    assert report.traffic.late == 1


def test_a_line_whose_item_cannot_be_answered_is_no_record(
    desk: Desk, store: HubStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = arrive(desk, store)
    noted = desk.office.audit.note

    def note(actor: Actor, action: Action, **words: Any) -> None:
        if action is Action.ACKNOWLEDGE:
            raise StoreError("the disk is full")
        noted(actor, action, **words)

    with monkeypatch.context() as patched:
        patched.setattr(desk.office.audit, "note", note)
        with pytest.raises(StoreError):
            PaperLines(desk.office).enter(desk.actor(), item.id)
    assert late(desk) == []
    assert Inbox(desk.office).item(desk.actor(), item.id).acked_ms is None
    PaperLines(desk.office).enter(desk.actor(), item.id)
    assert len(late(desk)) == 1


def test_somebody_of_the_register_is_found_by_the_document(desk: Desk, store: HubStore) -> None:
    rows = people(2)
    take(desk.office, desk.actor(), rows)
    spaced = f"{rows[0].id_number[:6]} {rows[0].id_number[6:].lower()}"
    item = arrive(desk, store, document_number=spaced)
    PaperLines(desk.office).enter(desk.actor(), item.id)
    (row,) = late(desk)
    assert row.person == ref_of(desk.office, rows[0])
    assert row.household is not None


def test_a_name_a_phone_or_a_tail_names_nobody(desk: Desk, store: HubStore) -> None:
    rows = people(1)
    take(desk.office, desk.actor(), rows)
    item = arrive(desk, store, document_number=rows[0].id_number[-4:], name=rows[0].name)
    PaperLines(desk.office).enter(desk.actor(), item.id)
    (row,) = late(desk)
    assert row.person is None


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"day": "2020-02-11"}, "future"),
        ({"day": "2019-11-01"}, "too_old"),
        ({"temp_mc": 50_000}, "temperature"),
        ({"name": "", "document_number": ""}, "nobody"),
        ({"outcome": "waved"}, "verdict"),
        ({"number": "?"}, "paper_no"),
    ],
)
def test_a_line_that_is_refused_stays_where_it_is(
    desk: Desk, store: HubStore, changes: dict[str, Any], code: str
) -> None:
    item = arrive(desk, store, **changes)
    with pytest.raises(LateEntryRefused) as refused:
        PaperLines(desk.office).enter(desk.actor(), item.id)
    assert refused.value.code == code
    assert late(desk) == []
    again = Inbox(desk.office).item(desk.actor(), item.id)
    assert (again.acked_ms, again.is_sealed) == (None, True)


def test_a_line_is_added_once(desk: Desk, store: HubStore) -> None:
    item = arrive(desk, store)
    PaperLines(desk.office).enter(desk.actor(), item.id)
    with pytest.raises(LateEntryRefused) as refused:
        PaperLines(desk.office).enter(desk.actor(name="second"), item.id)
    assert refused.value.code == "twice"
    assert len(late(desk)) == 1


@pytest.mark.parametrize("wrong", ["gate", "rubbish", "time"])
def test_what_cannot_be_read_is_said_and_adds_nothing(
    desk: Desk, store: HubStore, wrong: str
) -> None:
    if wrong == "time":
        item = arrive(desk, store, time="quarter past")
    else:
        plain, context = Paper(PaperLine(**SLIP)).plain(), paper_context("south-1")
        box = seal_to(public_of(desk.office.seal_key), plain, context).hex()
        item = sent_as(desk, store, box if wrong == "gate" else "00ff")
    with pytest.raises(InboxRefused, match=r"cannot (open|read)"):
        PaperLines(desk.office).enter(desk.actor(), item.id)
    assert late(desk) == []
    assert Inbox(desk.office).item(desk.actor(), item.id).acked_ms is None
