"""Special modes and the direction: who may order them, how long they stand, what survives."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from gated.config import GateSection
from gated.core.gate_mode import HOUR_MS, SPECIALS
from gated.core.model import ClockState, Direction, Moment
from gated.core.reports import MODES, DirectionSwitch, ModeChange
from gated.gate.mode_desk import ModeDesk
from gated.gate.recorder import Recorder
from tests.gate.gate_world import GATE, MOMENT, FailingJournal, journal_in, records

LOCKDOWN = ModeChange("lockdown", "station", 4)
EVACUATE = ModeChange("evacuate", "fire", 2)
OPEN = ModeChange("open", "rescue", 8)
NORMAL = ModeChange("normal")
BOTH_WAYS = GateSection(id="north-1", site="park", direction="both")


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[FailingJournal]:
    with journal_in(tmp_path) as opened:
        yield opened


@pytest.fixture
def desk(journal: FailingJournal, tmp_path: Path) -> ModeDesk:
    return opened(journal, tmp_path)


def opened(
    journal: FailingJournal, folder: Path, gate: GateSection = GATE, boot: str = "boot-1"
) -> ModeDesk:
    return ModeDesk(gate, Recorder(gate, journal), folder, boot)


def refused(desk: ModeDesk, change: ModeChange, approver: str = "", *, guarded: bool = True) -> str:
    return desk.refusal(change, guard="A12", approver=approver, guarded=guarded)


def later(ms: int, clock: ClockState = ClockState.SYNCED) -> Moment:
    return Moment(MOMENT.mono_ms + ms, MOMENT.utc_ms + ms, clock)


def test_every_mode_a_guard_can_order_is_one_the_gate_knows() -> None:
    assert set(MODES) == {"normal", *SPECIALS}


def test_a_lockdown_takes_two_persons_out_of_the_book(desk: ModeDesk) -> None:
    assert refused(desk, LOCKDOWN) == "needs_supervisor"
    assert refused(desk, LOCKDOWN, "A12") == "not_a_second_person"
    assert refused(desk, LOCKDOWN, "S001", guarded=False) == "needs_guards"
    assert refused(desk, LOCKDOWN, "S001") == ""


@pytest.mark.parametrize("change", [NORMAL, OPEN, ModeChange("out_of_service", "equipment")])
def test_a_lockdown_ends_and_gives_way_only_by_two_persons(
    desk: ModeDesk, change: ModeChange
) -> None:
    assert "former" not in desk.fields(LOCKDOWN)
    desk.apply(LOCKDOWN, "A12", MOMENT)
    assert desk.fields(change)["former"] == "lockdown"
    assert refused(desk, change) == "needs_supervisor"
    assert refused(desk, change, "S001") == ""


def test_a_fire_waits_for_nobody_even_in_a_lockdown(desk: ModeDesk) -> None:
    assert refused(desk, EVACUATE, guarded=False) == ""
    desk.apply(LOCKDOWN, "A12", MOMENT)
    assert refused(desk, EVACUATE) == ""


def test_a_lockdown_stands_again_after_a_fire(
    journal: FailingJournal, desk: ModeDesk, tmp_path: Path
) -> None:
    desk.apply(LOCKDOWN, "A12", MOMENT)
    desk.apply(EVACUATE, "", MOMENT)
    desk.apply(EVACUATE, "", MOMENT)
    assert desk.mode == "evacuate"
    again = opened(journal, tmp_path)
    assert refused(again, NORMAL) == ""
    assert again.fields(NORMAL) == {"mode": "lockdown", "former": "evacuate"}
    again.apply(NORMAL, "A12", MOMENT)
    assert again.mode == "lockdown"
    assert refused(again, NORMAL) == "needs_supervisor"


def test_nobody_gets_round_a_lockdown_by_way_of_a_fire(desk: ModeDesk) -> None:
    desk.apply(LOCKDOWN, "A12", MOMENT)
    desk.apply(EVACUATE, "", MOMENT)
    for change in (OPEN, ModeChange("out_of_service", "equipment"), LOCKDOWN):
        assert refused(desk, change) == "needs_supervisor"


def test_a_fire_that_ran_out_leaves_the_lockdown_below_it(desk: ModeDesk, tmp_path: Path) -> None:
    desk.apply(LOCKDOWN, "A12", MOMENT)
    desk.apply(EVACUATE, "", MOMENT)
    desk.tick(later(2 * HOUR_MS))
    assert desk.mode == "lockdown"
    [event] = records(tmp_path, "mode")
    assert (event["mode"], event["former"]) == ("lockdown", "evacuate")


@pytest.mark.parametrize(
    "change",
    [
        EVACUATE,
        OPEN,
        ModeChange("out_of_service", "equipment"),
        ModeChange("reader_locked", "crowding"),
    ],
)
def test_other_modes_begin_and_end_by_one_person(desk: ModeDesk, change: ModeChange) -> None:
    assert refused(desk, change) == ""
    desk.apply(change, "A12", MOMENT)
    assert refused(desk, NORMAL) == ""
    desk.apply(NORMAL, "A12", MOMENT)
    assert (desk.told, desk.mode) == ("normal", "normal")


def test_a_gate_held_open_decides_as_ever_and_for_an_hour_at_most(desk: ModeDesk) -> None:
    desk.apply(OPEN, "A12", MOMENT)
    assert (desk.told, desk.mode) == ("open", "normal")
    desk.tick(later(HOUR_MS - 1))
    assert desk.told == "open"
    desk.tick(later(HOUR_MS))
    assert desk.told == "normal"


def test_a_mode_that_ran_out_is_recorded_as_ended_by_the_time(
    desk: ModeDesk, tmp_path: Path
) -> None:
    desk.apply(LOCKDOWN, "A12", MOMENT)
    desk.tick(later(4 * HOUR_MS))
    desk.tick(later(5 * HOUR_MS))
    [event] = records(tmp_path, "mode")
    assert (event["mode"], event["former"], event["by"]) == ("normal", "lockdown", "time")


def test_a_mode_survives_a_restart_and_a_reboot(
    journal: FailingJournal, desk: ModeDesk, tmp_path: Path
) -> None:
    desk.apply(LOCKDOWN, "A12", MOMENT)
    again = opened(journal, tmp_path)
    again.tick(later(HOUR_MS))
    assert (again.mode, again.standing) == ("lockdown", desk.standing)
    rebooted = opened(journal, tmp_path, boot="boot-2")
    rebooted.tick(replace(later(4 * HOUR_MS - 1), mono_ms=1_000))
    assert rebooted.mode == "lockdown"
    rebooted.tick(replace(later(4 * HOUR_MS), mono_ms=1_001))
    assert rebooted.mode == "normal"


def test_after_a_reboot_without_a_clock_a_lockdown_stands_and_no_gate_is_left_open(
    journal: FailingJournal, desk: ModeDesk, tmp_path: Path
) -> None:
    unsure = Moment(1_000, 5_000, ClockState.UNSURE)
    desk.apply(LOCKDOWN, "A12", MOMENT)
    rebooted = opened(journal, tmp_path, boot="boot-2")
    rebooted.tick(unsure)
    assert rebooted.mode == "lockdown"
    desk.apply(OPEN, "A12", MOMENT)
    rebooted = opened(journal, tmp_path, boot="boot-2")
    rebooted.tick(unsure)
    assert rebooted.told == "normal"


def test_a_lane_of_one_direction_is_not_switched(desk: ModeDesk) -> None:
    assert desk.refusal(DirectionSwitch("in"), guard="", approver="", guarded=False) == (
        "not_switchable"
    )
    assert desk.direction is Direction.OUT


def test_a_lane_of_both_directions_remembers_the_way_it_was_turned(
    journal: FailingJournal, tmp_path: Path
) -> None:
    desk = opened(journal, tmp_path, BOTH_WAYS)
    assert desk.direction is Direction.IN
    out = DirectionSwitch("out")
    assert desk.refusal(out, guard="", approver="", guarded=False) == ""
    desk.apply(out, "A12", MOMENT)
    assert opened(journal, tmp_path, BOTH_WAYS).direction is Direction.OUT


def test_a_strange_file_is_the_normal_mode(journal: FailingJournal, tmp_path: Path) -> None:
    for text in ("", "[]", '{"mode": 3}', '{"mode": {"mode": "party"}}', '{"mode": {"mode": []}}'):
        (tmp_path / "mode").write_text(text)
        assert opened(journal, tmp_path).told == "normal"


def test_a_card_that_refuses_keeps_the_order_in_memory(desk: ModeDesk, tmp_path: Path) -> None:
    (tmp_path / "mode.new").mkdir()
    desk.apply(LOCKDOWN, "A12", MOMENT)
    assert desk.mode == "lockdown"


def test_what_the_card_refused_is_tried_again_and_stands_after_a_restart(
    journal: FailingJournal, desk: ModeDesk, tmp_path: Path
) -> None:
    assert desk.stored
    (tmp_path / "mode.new").mkdir()
    with capture_logs() as logs:
        desk.apply(LOCKDOWN, "A12", MOMENT)
        desk.tick(later(1_000))
        assert (desk.mode, desk.stored) == ("lockdown", False)
        assert opened(journal, tmp_path).told == "normal"
        (tmp_path / "mode.new").rmdir()
        desk.tick(later(2_000))
    assert desk.stored
    assert opened(journal, tmp_path).told == "lockdown"
    assert [line["event"] for line in logs] == ["mode.unwritable", "mode.stored"]


def test_a_locked_reader_decides_as_ever_and_takes_no_credential(desk: ModeDesk) -> None:
    assert desk.reads
    desk.apply(ModeChange("reader_locked", "crowding", 1), "A12", MOMENT)
    assert (desk.told, desk.mode, desk.reads) == ("reader_locked", "normal", False)
    desk.tick(later(HOUR_MS))
    assert desk.reads
