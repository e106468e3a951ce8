"""Reports that are sealed, that ask the gate for something, or that need a second person."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from gated.config import GateSection
from gated.core.duty import DutyRole
from gated.core.reports import (
    CHECKLIST,
    KINDS,
    Call,
    DirectionSwitch,
    ModeChange,
    Note,
    Paper,
    PaperLine,
    Person,
    Registration,
    Report,
    Round,
    Shift,
    VehicleAct,
)
from gated.gate.card_memory import CardMemory
from gated.gate.duty_desk import DutyDesk
from gated.gate.events import CardSeen, Inbox
from gated.gate.log_in import Checked
from gated.gate.mode_desk import ModeDesk
from gated.gate.recorder import Recorder
from gated.gate.report_desk import GuardReported, ReportDesk
from gated.gate.report_intake import ReportIntake
from gated.gate.vehicle_desk import VehicleDesk
from gated.screen.actions import Credentials
from gated.screen.reports import Answer
from gated.store.guard_book import Guard
from gated.store.sealed_box import note_context, open_sealed, paper_context, public_of
from tests.gate.gate_world import (
    KEYS,
    MOMENT,
    FailingJournal,
    duty_desk,
    guard_book,
    journal_in,
    records,
)

BOTH = GateSection(id="north-1", site="park", direction="both", clock="trusted")
PRIVATE = bytes(range(32))
LI = Guard("A12", DutyRole.GUARD, "李*")
WANG = Guard("S001", DutyRole.SUPERVISOR, "王*")
FIXER = Guard("T1", DutyRole.TECHNICIAN, "赵*")
SECOND = Credentials("S001", "8642")
CARD = CardSeen(MOMENT, "11010519491231002X", name="欧阳娜娜", document_kind="permit")
STRANGER = Person("", "none", "", "13800138000", "", "3-2-101", "探亲", "", 0)
LOCKDOWN = ModeChange("lockdown", "station", 4)
LINE = PaperLine(
    *("3/12", "2020-02-07", "09:12", "out", "refused", "王小明", "X1", "138", "3-2-101", None)
)


class Engine(Inbox):
    """An inbox whose events are taken by a real desk at once, as the engine would."""

    def __init__(self, desk: ReportDesk) -> None:
        super().__init__()
        self._desk = desk

    def offer(self, event: object) -> bool:
        assert isinstance(event, GuardReported)
        self._desk.take(event, None, MOMENT, newest=7)
        return True


class Seconds:
    """Knows one supervisor. Differs: no book and no slow hash."""

    def second(self, who: Credentials) -> Checked:
        return Checked(WANG) if who == SECOND else Checked(refusal="wrong_pin", wait_s=60)


class Lane:
    """Everything behind a report at one gate."""

    def __init__(self, journal: FailingJournal, folder: Path) -> None:
        self.folder = folder
        recorder = Recorder(BOTH, journal)
        self.book = guard_book(folder)
        self.duty: DutyDesk = duty_desk(recorder, folder)
        self.modes = ModeDesk(BOTH, recorder, folder, "boot-1")
        self.vehicles = VehicleDesk(KEYS.site)
        self.cards = CardMemory()
        desk = ReportDesk(recorder, self.duty, self.modes, self.vehicles, self.cards)
        self.intake = ReportIntake(
            *("north-1", public_of(PRIVATE), Engine(desk), lambda: MOMENT),
            seconds=Seconds(),
            cards=self.cards,
        )

    def on_duty(self, guard: Guard) -> None:
        for one in (LI, WANG, FIXER):
            self.book.put(one)
        self.duty.restore(MOMENT)
        self.duty.change(Shift("begin", guard.number, guard.role.value), MOMENT)

    def said(self, report: Report, **more: Any) -> str:
        number = 0 if self.duty.duty is None else self.duty.duty.number
        return self.intake(report, number, **more).refusal

    def rows(self, kind: str) -> list[dict[str, Any]]:
        return records(self.folder, kind)


@pytest.fixture
def lane(tmp_path: Path) -> Iterator[Lane]:
    with journal_in(tmp_path) as journal:
        yield Lane(journal, tmp_path)


def opened(row: dict[str, Any], context: bytes) -> Any:
    return json.loads(open_sealed(PRIVATE, bytes.fromhex(row["sealed"]), context))


def test_only_the_hub_reads_a_note(lane: Lane) -> None:
    assert lane.said(Note("key_left", "钥匙在值班室", 7)) == ""
    [row] = lane.rows("note")
    assert (row["what"], row["visit"]) == ("key_left", 7)
    assert "钥匙" not in json.dumps(row, ensure_ascii=False)
    assert opened(row, note_context("north-1")) == {"text": "钥匙在值班室"}


def test_of_a_paper_line_the_gate_keeps_direction_and_outcome_only(lane: Lane) -> None:
    assert lane.said(Paper(LINE)) == ""
    [row] = lane.rows("paper")
    envelope = {"seq", "kind", "t", "m", "b", "q", "gate", "guard", "sealed"}
    assert {key: row[key] for key in set(row) - envelope} == {
        "direction": "out",
        "outcome": "refused",
        "entered_late": 1,
    }
    plain = opened(row, paper_context("north-1"))
    assert (plain["day"], plain["time"], plain["number"]) == ("2020-02-07", "09:12", "3/12")


def test_a_registration_names_the_way_the_lane_is_passed_now(lane: Lane) -> None:
    form = Registration("visitor", STRANGER)
    assert lane.said(form) == ""
    assert lane.said(DirectionSwitch("out")) == ""
    assert lane.said(form) == ""
    assert [row["direction"] for row in lane.rows("registration")] == ["in", "out"]
    assert lane.rows("direction")[0]["direction"] == "out"


def test_a_card_goes_from_memory_into_the_seal_and_is_forgotten(lane: Lane) -> None:
    lane.cards.keep(7, CARD, MOMENT)
    form = Registration("visitor", STRANGER, 7, from_card=True)
    assert lane.said(form) == ""
    [row] = lane.rows("registration")
    plain = opened(row, b"gated registrationnorth-1")
    assert (plain["name"], plain["document_number"]) == ("欧阳娜娜", "11010519491231002X")
    assert (plain["document_kind"], plain["phone"]) == ("permit", "13800138000")
    assert lane.cards.view(7, MOMENT) is None
    assert lane.said(form) == "no_card"


def test_neither_journal_nor_log_knows_the_card(lane: Lane) -> None:
    lane.cards.keep(7, CARD, MOMENT)
    with capture_logs() as logs:
        assert lane.said(Registration("visitor", STRANGER, 7, from_card=True)) == ""
    left = b"".join(path.read_bytes() for path in lane.folder.iterdir())
    for secret in ("欧阳娜娜", CARD.id_number, "欧**娜", "002X"):
        assert secret.encode() not in left
        assert secret not in repr(logs)


def test_without_the_hubs_key_the_card_stays_and_nothing_is_recorded(lane: Lane) -> None:
    lane.cards.keep(7, CARD, MOMENT)
    keyless = ReportIntake("north-1", None, Inbox(), lambda: MOMENT, cards=lane.cards)
    assert keyless(Registration("visitor", STRANGER, 7, from_card=True)) == Answer("no_hub_key")
    assert keyless(Paper(LINE)) == Answer("no_hub_key")
    assert lane.cards.view(7, MOMENT) is not None


def test_a_hand_over_says_what_was_in_order_and_what_is_open(lane: Lane) -> None:
    lane.said(Shift("begin", "G017"))
    lane.said(Shift("end", checked=("thermometer", "keys")))
    lane.said(Shift("end"))
    _, checked, unchecked = lane.rows("shift")
    assert (checked["guard"], checked["checked"]) == ("G017", ["thermometer", "keys"])
    assert checked["open"] == [one for one in CHECKLIST if one not in ("thermometer", "keys")]
    assert "checked" not in unchecked
    assert "open" not in unchecked


def test_a_vehicle_is_recorded_before_it_stands_there(lane: Lane) -> None:
    assert lane.said(VehicleAct("pass")) == "no_vehicle"
    assert lane.said(VehicleAct("begin", "鄂A12345", 2)) == ""
    assert lane.said(VehicleAct("begin", "鄂A12345", 2)) == "vehicle_there"
    assert lane.said(VehicleAct("pass")) == "vehicle_waits"
    assert lane.vehicles.view is not None
    assert lane.said(VehicleAct("abandon")) == ""
    assert [row["act"] for row in lane.rows("vehicle")] == ["begin", "abandon"]
    assert "12345" not in json.dumps(lane.rows("vehicle"))


def test_a_lockdown_takes_a_second_persons_pin(lane: Lane) -> None:
    assert lane.said(LOCKDOWN) == "needs_guards"
    lane.on_duty(LI)
    assert lane.said(LOCKDOWN) == "needs_supervisor"
    refused = lane.intake(LOCKDOWN, 1, second=replace(SECOND, pin="0000"))
    assert refused == Answer("wrong_pin", wait_s=60)
    assert lane.rows("mode") == []
    assert lane.said(LOCKDOWN, second=SECOND) == ""
    assert lane.modes.told == "lockdown"
    [row] = lane.rows("mode")
    assert (row["guard"], row["approver"], row["hours"]) == ("A12", "S001", 4)
    assert lane.said(ModeChange("normal")) == "needs_supervisor"
    assert lane.said(ModeChange("normal"), second=SECOND) == ""
    assert lane.modes.told == "normal"


def test_who_is_on_duty_is_no_second_person(lane: Lane) -> None:
    lane.on_duty(WANG)
    assert lane.said(LOCKDOWN, second=SECOND) == "not_a_second_person"


def test_whoever_sees_the_fire_opens_the_way_out(lane: Lane) -> None:
    lane.on_duty(LI)
    assert lane.intake(ModeChange("evacuate", "fire", 1)) == Answer()
    assert lane.modes.told == "evacuate"
    assert lane.intake(ModeChange("normal")).refusal == "logged_off"
    assert lane.said(ModeChange("normal")) == ""


def test_a_technician_stops_and_restarts_the_gate_and_nothing_else(lane: Lane) -> None:
    lane.on_duty(FIXER)
    assert lane.said(ModeChange("open", "rescue", 1)) == "not_your_role"
    assert lane.said(DirectionSwitch("out")) == "not_your_role"
    assert lane.said(VehicleAct("begin", "鄂A12345", 2)) == "not_your_role"
    for mode in ("out_of_service", "reader_locked"):
        assert lane.said(ModeChange(mode, "equipment", 1)) == ""
        assert lane.said(ModeChange("normal")) == ""
    assert lane.modes.told == "normal"


def test_a_technician_puts_nothing_in_place_of_a_mode_that_is_not_theirs(lane: Lane) -> None:
    lane.on_duty(FIXER)
    assert lane.said(ModeChange("evacuate", "fire", 1)) == ""
    assert lane.said(ModeChange("out_of_service", "equipment", 1)) == "not_your_role"
    assert lane.said(ModeChange("normal")) == "not_your_role"
    assert lane.modes.told == "evacuate"


@pytest.mark.parametrize("report", [Call("help", 8), Note("parcel", visit=8)])
def test_a_report_names_a_visit_that_was(lane: Lane, report: Call | Note) -> None:
    assert lane.said(report) == "no_such_visit"
    assert lane.rows(KINDS[type(report)]) == []
    for visit in (7, 3):
        assert lane.said(replace(report, visit=visit)) == ""
    assert [row["visit"] for row in lane.rows(KINDS[type(report)])] == [7, 3]


def test_an_end_and_a_switch_say_why(lane: Lane) -> None:
    assert lane.said(ModeChange("open", "rescue", 1)) == ""
    assert lane.said(ModeChange("normal", "mistake")) == ""
    assert lane.said(DirectionSwitch("out", "rush")) == ""
    assert [row["reason"] for row in lane.rows("mode")] == ["rescue", "mistake"]
    assert lane.rows("direction")[0]["reason"] == "rush"


def test_somebody_on_the_network_reports_in_their_own_name(lane: Lane) -> None:
    lane.on_duty(LI)
    assert lane.said(Round("gate", "alcohol"), by="S001") == ""
    assert lane.rows("round")[0]["guard"] == "S001"
