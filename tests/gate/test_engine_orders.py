"""What guards order of the gate itself, on the real engine: modes, directions, vehicles, people."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gated.core.model import GuardAction, GuardActionKind, StatusCode
from gated.core.reports import (
    Call,
    DirectionSwitch,
    ModeChange,
    Round,
    Shift,
    VehicleAct,
)
from gated.core.session import State
from gated.gate import engine
from gated.gate.events import CardRejected, CodeSeen, VisitAttended
from gated.screen.actions import Search
from gated.screen.snapshot import AskedView, PartView, Snapshot
from tests.gate.gate_world import GATE, GateInAThread, id_number, install, records, resident

STRANGER = 900


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[GateInAThread]:
    """A gate that measures nobody, with four residents of four rooms."""
    install(tmp_path, [resident(number) for number in range(4)])
    with GateInAThread(tmp_path, measures=False) as running:
        yield running


def passages(folder: Path) -> list[tuple[str, str]]:
    return [(row["verdict"], row["reason"]) for row in records(folder, "passage")]


def test_an_evacuation_lets_everybody_out_and_is_on_the_record(
    gate: GateInAThread, tmp_path: Path
) -> None:
    assert gate.report(ModeChange("evacuate", "fire", 2)).refusal == ""
    shown = gate.until(lambda s: s.fault is not None, "the special mode")
    assert shown.special is not None
    assert (shown.special.mode, shown.mode) == ("evacuate", "fault")
    gate.card(STRANGER)
    gate.verdict("SYS_EVACUATE")
    assert passages(tmp_path) == [("ALLOW", "SYS_EVACUATE")]
    [row] = records(tmp_path, "passage")
    assert row["mode"] == "evacuate"
    [event] = records(tmp_path, "mode")
    assert (event["mode"], event["reason"], event["hours"]) == ("evacuate", "fire", 2)


def test_out_of_service_leaves_people_to_the_guard(gate: GateInAThread, tmp_path: Path) -> None:
    gate.report(ModeChange("out_of_service", "equipment"))
    gate.card(1)
    shown = gate.verdict("SYS_OUT_OF_SERVICE")
    assert gate.press(GuardActionKind.MANUAL_PASS, shown.visit, "known") is None
    gate.report(ModeChange("normal"))
    gate.card(2)
    gate.verdict("OK_RESIDENT")
    assert [verdict for verdict, _ in passages(tmp_path)] == ["CHECK", "ALLOW_NOTE", "ALLOW"]


def test_a_lockdown_without_a_book_of_guards_is_refused(gate: GateInAThread) -> None:
    assert gate.report(ModeChange("lockdown", "station", 4)).refusal == "needs_guards"
    gate.card(1)
    gate.verdict("OK_RESIDENT")


def test_a_lane_of_both_directions_is_turned_round(tmp_path: Path) -> None:
    install(tmp_path, [resident(1)])
    both = GATE.model_copy(update={"direction": "both"})
    with GateInAThread(tmp_path, measures=False, gate=both) as gate:
        assert gate.feed.latest().snapshot.gate.switches
        gate.card(1)
        gate.verdict("OK_HOME_RETURN")
        assert gate.report(DirectionSwitch("out")).refusal == ""
        gate.until(lambda s: s.gate.direction == "out", "the other direction")
        gate.card(1)
        gate.verdict("OK_RESIDENT")
    assert [row["direction"] for row in records(tmp_path, "passage")] == ["in", "out"]


def test_a_lane_of_one_direction_is_not(gate: GateInAThread) -> None:
    assert gate.report(DirectionSwitch("in")).refusal == "not_switchable"


def test_a_vehicle_goes_when_everybody_in_it_was_decided(
    gate: GateInAThread, tmp_path: Path
) -> None:
    assert gate.report(VehicleAct("begin", "鄂A12345", 2)).refusal == ""
    gate.card(1)
    gate.verdict("OK_RESIDENT")
    assert gate.report(VehicleAct("pass")).refusal == "vehicle_waits"
    gate.card(2)
    gate.until(lambda s: s.vehicle is not None and s.vehicle.ready, "a vehicle that may go")
    assert gate.report(VehicleAct("pass")).refusal == ""
    gate.card(3)
    gate.until(lambda s: s.vehicle is None and s.visit == 3, "the next person, on foot")
    refs = [row.get("plate_ref") for row in records(tmp_path, "passage")]
    begun, gone = records(tmp_path, "vehicle")
    assert refs == [begun["plate_ref"], begun["plate_ref"], None]
    assert (begun["act"], gone["act"], gone["visits"]) == ("begin", "pass", [1, 2])
    assert "12345" not in (tmp_path / "journal.db").read_bytes().decode("latin-1")


def test_somebody_found_by_room_passes_without_a_credential(
    gate: GateInAThread, tmp_path: Path
) -> None:
    found = gate.find(Search(("3", "2", "103")))
    [person] = found.people
    assert (person.name, person.room) == ("王*明", "3-2-1**")
    assert gate.identify(person.pick).refusal == ""
    gate.verdict("OK_RESIDENT")
    [row] = records(tmp_path, "passage")
    assert (row["credential_kind"], row["category"]) == ("none", "resident")
    [picked] = records(tmp_path, "identified")
    assert picked["person_ref"] == row["person_ref"]
    [look_up] = records(tmp_path, "look_up")
    assert (look_up["by"], look_up["found"]) == ("room", 1)


def test_the_card_of_a_stranger_can_be_registered_and_is_gone_with_the_next_person(
    gate: GateInAThread,
) -> None:
    gate.card(STRANGER)
    shown = gate.until(lambda s: s.card is not None, "the masked card")
    assert shown.card is not None
    assert id_number(STRANGER) not in repr(shown)
    assert shown.card.number.endswith(id_number(STRANGER)[-4:])
    gate.card(1)
    gate.until(lambda s: s.mode == "verdict" and s.card is None, "no card")


def test_the_card_of_a_resident_is_not_kept(gate: GateInAThread) -> None:
    gate.card(1)
    gate.verdict("OK_RESIDENT")
    assert gate.feed.latest().snapshot.card is None


def test_what_guards_report_is_on_the_screen_and_in_the_summary(gate: GateInAThread) -> None:
    gate.report(Shift("begin", "G017"))
    gate.card(1)
    gate.verdict("OK_RESIDENT")
    gate.report(Call("help"))
    gate.report(Round("gate", "chlorine"))
    shown = gate.until(lambda s: s.call is not None and s.round is not None, "call and round")
    assert shown.call is not None
    assert shown.round is not None
    assert (shown.call.state, shown.round.overdue) == ("waiting", False)
    gate.until(lambda _: gate.board.latest().rounds == 1, "the summary of the next second")
    told = gate.board.latest()
    assert (told.passages["ALLOW"], told.calls) == (1, 1)


def test_the_help_page_knows_the_list_and_the_oldest_record(gate: GateInAThread) -> None:
    gate.card(1)
    shown = gate.verdict("OK_RESIDENT")
    [roster] = [part for part in shown.health if part.part == "roster"]
    assert roster.detail.en.startswith("no. 1")
    assert shown.link.backlog > 0
    assert shown.link.oldest_s >= 0


def test_a_visit_waits_while_a_guard_on_duty_is_busy_with_it(gate: GateInAThread) -> None:
    """The engine hands on which visit it is and when; what follows is `core.attending`'s."""
    heard: list[tuple[int, bool]] = []
    before = engine.attended

    def noted(state: State, visit: int, now_ms: int) -> State:
        heard.append((visit, now_ms > 0))
        return before(state, visit, now_ms)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "attended", noted)
        gate.inbox.put(VisitAttended(7, 0))
        gate.find(Search(("3", "2", "101")))  # answered after what stood before it in the inbox
    assert heard == [(7, True)]


def test_the_same_order_after_another_one_is_a_new_order(tmp_path: Path) -> None:
    install(tmp_path, [resident(1)])
    with GateInAThread(tmp_path) as gate:
        gate.card(1)
        visit = gate.measuring().visit
        for _ in range(2):
            assert gate.press(GuardActionKind.CLINICAL, visit, mc=36_600) is None
            gate.verdict("TEMP_CLINICAL_OK")
            assert gate.press(GuardActionKind.REMEASURE, visit) is None
            gate.measuring()
    typed = [row for row in records(tmp_path, "passage") if row.get("guard_act") == "clinical"]
    assert len(typed) == 2


def test_a_locked_reader_takes_no_card_and_the_guard_goes_on_by_hand(
    gate: GateInAThread, tmp_path: Path
) -> None:
    assert gate.report(ModeChange("reader_locked", "crowding", 1)).refusal == ""
    shown = gate.until(lambda s: s.fault is not None, "the locked reader")
    assert shown.fault is not None
    assert (shown.fault.sign, shown.fault.reason.en) == (
        *("reader_locked", "Cards and codes are not taken"),
    )
    gate.card(1)
    gate.inbox.put(CardRejected(gate._now(), "garbled"))
    gate.inbox.put(CodeSeen(gate._now(), "GP1:"))
    [person] = gate.find(Search(("3", "2", "103"))).people
    assert records(tmp_path, "passage") == []
    assert gate.identify(person.pick).refusal == ""
    gate.verdict("OK_RESIDENT")
    assert gate.report(ModeChange("normal", "over")).refusal == ""
    gate.card(1)
    gate.until(lambda s: s.visit == 2, "the card")
    assert [row["mode"] for row in records(tmp_path, "mode")] == ["reader_locked", "normal"]


def test_a_mode_that_cannot_be_stored_is_told_until_it_is(
    gate: GateInAThread, tmp_path: Path
) -> None:
    (tmp_path / "mode.new").mkdir()
    gate.report(ModeChange("out_of_service", "equipment", 1))

    def storage(snapshot: Snapshot) -> PartView:
        return next(part for part in snapshot.health if part.part == "storage")

    shown = storage(gate.until(lambda s: storage(s).state == "fail", "the fault"))
    assert shown.detail.en == "Mode or direction not stored: lost with a restart"
    (tmp_path / "mode.new").rmdir()
    shown = storage(gate.until(lambda s: storage(s).state == "ok", "a mode that is stored"))
    assert shown.detail.en == ""


def test_a_restart_gives_up_the_vehicle_and_says_so_once(tmp_path: Path) -> None:
    install(tmp_path, [resident(number) for number in range(3)])
    with GateInAThread(tmp_path, measures=False) as gate:
        gate.report(VehicleAct("begin", "鄂A12345", 2))
        gate.card(1)
        gate.until(lambda s: s.vehicle is not None and s.vehicle.decided == 1, "somebody in it")
    for _ in range(2):
        with GateInAThread(tmp_path, measures=False) as gate:
            assert gate.until(lambda s: s.mode == "idle", "an empty lane").vehicle is None
    begun, given_up = records(tmp_path, "vehicle")
    assert (given_up["act"], given_up["by"], given_up["visits"]) == ("abandon", "restart", [1])
    assert (given_up["plate_ref"], given_up["people"]) == (begun["plate_ref"], 2)


def test_a_vehicle_that_left_is_not_given_up_by_a_restart(tmp_path: Path) -> None:
    install(tmp_path, [resident(1)])
    with GateInAThread(tmp_path, measures=False) as gate:
        gate.report(VehicleAct("begin", "鄂A12345", 1))
        gate.card(1)
        gate.until(lambda s: s.vehicle is not None and s.vehicle.ready, "a vehicle that may go")
        gate.report(VehicleAct("pass"))
    with GateInAThread(tmp_path, measures=False):
        pass
    assert [row["act"] for row in records(tmp_path, "vehicle")] == ["begin", "pass"]


def test_who_got_out_is_decided_on_foot_and_the_others_drive_on(
    gate: GateInAThread, tmp_path: Path
) -> None:
    gate.report(VehicleAct("begin", "鄂A12345", 2))
    gate.card(1)
    gate.verdict("OK_RESIDENT")
    gate.card(STRANGER)
    stranger = gate.verdict("ID_NOT_IN_ROSTER").visit
    assert gate.report(VehicleAct("pass")).refusal == "vehicle_waits"
    assert gate.report(VehicleAct("drop", visit=stranger, reason="on_foot")).refusal == ""
    assert gate.press(GuardActionKind.REFUSE, stranger, "document") is None
    assert gate.report(VehicleAct("pass")).refusal == ""
    _, dropped, gone = records(tmp_path, "vehicle")
    assert (dropped["act"], dropped["visit"], dropped["reason"]) == ("drop", stranger, "on_foot")
    assert gone["visits"] == [1]
    assert "plate_ref" not in records(tmp_path, "passage")[-1]


def test_a_report_about_a_visit_that_never_was_is_refused(
    gate: GateInAThread, tmp_path: Path
) -> None:
    gate.card(1)
    gate.card(2)
    gate.until(lambda s: s.visit == 2, "the second visit")
    assert gate.report(Call("help", 3)).refusal == "no_such_visit"
    assert gate.report(Call("help", 1)).refusal == ""
    [row] = records(tmp_path, "call")
    assert row["visit"] == 1


def test_the_help_page_knows_for_how_long_the_rules_have_served(gate: GateInAThread) -> None:
    gate.health.set("policy", "ok", "built-in rules")  # as the program does before it starts
    shown = gate.until(lambda s: any(part.part == "policy" for part in s.health), "the rules")
    [policy] = [part for part in shown.health if part.part == "policy"]
    assert policy.detail.en.endswith("0 days in use")


def test_an_approval_from_elsewhere_counts_for_what_was_asked_and_nothing_else(
    tmp_path: Path,
) -> None:
    install(tmp_path, [resident(1, StatusCode.CLOSE_CONTACT)])
    kind = GuardActionKind.MANUAL_PASS
    with GateInAThread(tmp_path, measures=False) as gate:
        gate.card(1)
        visit = gate.until(lambda s: s.mode == "verdict", "the stop").visit
        asked = GuardAction(kind, visit, "other", note="c0ffee")
        approved = GuardAction(kind, visit, "other", approver="S001")
        assert gate.press_once(approved, by="S001") == "asked_otherwise", "nobody asked"
        assert gate.press_once(asked) is None
        shown = gate.until(lambda s: s.needs_second is not None, "the question")
        assert shown.needs_second == AskedView(kind, "other", words=True)
        another = replace(approved, reason="known")
        assert gate.press_once(another, by="S001") == "asked_otherwise"
        assert gate.press_once(approved, by="S001") is None
        gate.verdict("GUARD_MANUAL_PASS")
        assert gate.feed.latest().snapshot.needs_second is None
    last = records(tmp_path, "passage")[-1]
    assert (last["override_reason"], last["approver"]) == ("other", "S001")
    assert last["sealed"] == "c0ffee", "the words of whoever asked go along"


def test_another_order_of_the_guard_ends_the_question(tmp_path: Path) -> None:
    install(tmp_path, [resident(1, StatusCode.CLOSE_CONTACT)])
    kind = GuardActionKind.MANUAL_PASS
    with GateInAThread(tmp_path, measures=False) as gate:
        gate.card(1)
        visit = gate.until(lambda s: s.mode == "verdict", "the stop").visit
        assert gate.press_once(GuardAction(kind, visit, "known")) is None
        gate.until(lambda s: s.needs_second is not None, "the question")
        assert gate.press_once(GuardAction(GuardActionKind.REFUSE, visit, "document")) is None
        gate.until(lambda s: s.needs_second is None, "no question any more")
        approved = GuardAction(kind, visit, "known", approver="S001")
        assert gate.press_once(approved, by="S001") == "asked_otherwise"
    assert [row["verdict"] for row in records(tmp_path, "passage")] == ["STOP"] * 3
