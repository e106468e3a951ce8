"""What guards order of the gate itself, on the real engine: modes, directions, vehicles, people."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gated.core.model import GuardActionKind
from gated.core.reports import (
    Call,
    DirectionSwitch,
    ModeChange,
    Round,
    Shift,
    VehicleAct,
)
from gated.screen.actions import Search
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
