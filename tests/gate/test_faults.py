"""Each fault is recorded once when it begins and once when it is over."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from gated.core.model import ClockState, GuardAction, GuardActionKind, Moment
from gated.gate.events import DeviceChanged
from gated.gate.faults import SPACE_EVERY_MS, Faults
from gated.gate.health import SPACE_MIN_MB, Health, Part, worst
from gated.gate.recorder import Recorder
from gated.store.journal import Journal
from tests.gate.gate_world import (
    GATE,
    MOMENT,
    GateInAThread,
    install,
    journal_in,
    records,
    resident,
    write_calibration,
)

SERIAL = "00112233aabbccdd"
LEFT, RIGHT = "card_reader:ttyUSB0", "card_reader:ttyUSB1"


@dataclass
class World:
    folder: Path
    faults: Faults
    health: Health

    def reader(self, device: str, state: Any, detail: str = "") -> None:
        self.faults.device(DeviceChanged(MOMENT, "card_reader", state, detail, "", device))

    def recorded(self) -> list[tuple[str, str]]:
        return [(row["code"], row["state"]) for row in records(self.folder, "device")]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with journal_in(tmp_path) as journal:
        health = Health()
        yield World(tmp_path, Faults(health, Recorder(GATE, journal), tmp_path), health)


def test_one_of_two_readers_does_not_hide_the_others_fault(world: World) -> None:
    world.reader(LEFT, "fail", "ttyUSB0: gone")
    world.reader(RIGHT, "ok")
    assert world.health.part("card_reader") == Part("card_reader", "fail", "ttyUSB0: gone")
    assert world.recorded() == [("DEV_READER_FAULT", "since")]


def test_the_readers_fault_is_cleared_when_all_readers_are_back(world: World) -> None:
    for device, state in ((LEFT, "fail"), (RIGHT, "fail"), (LEFT, "ok")):
        world.reader(device, state)
    assert world.recorded() == [("DEV_READER_FAULT", "since")]
    world.reader(RIGHT, "ok")
    assert world.health.part("card_reader").state == "ok"
    assert world.recorded() == [("DEV_READER_FAULT", "since"), ("DEV_READER_FAULT", "cleared")]


def test_the_worst_of_several_is_shown() -> None:
    assert worst([Part("camera"), Part("camera", "warn"), Part("camera", "ok")]).state == "warn"


def test_a_clock_nobody_vouches_for_is_recorded_once(world: World) -> None:
    unsure = replace(MOMENT, clock=ClockState.UNSURE)
    for moment in (MOMENT, unsure, unsure, replace(MOMENT, clock=ClockState.HOLDOVER), MOMENT):
        world.faults.clock(moment)
    assert world.recorded() == [("DEV_CLOCK_LOST", "since"), ("DEV_CLOCK_LOST", "cleared")]


def test_short_space_is_a_warning_and_recorded_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    free_mb = SPACE_MIN_MB - 1
    looks: list[Path] = []

    def usage(folder: Path) -> SimpleNamespace:
        looks.append(folder)
        return SimpleNamespace(free=free_mb * 1_000_000)

    monkeypatch.setattr(shutil, "disk_usage", usage)

    def minute(number: int) -> Moment:
        return replace(MOMENT, mono_ms=MOMENT.mono_ms + number * SPACE_EVERY_MS)

    for moment in (minute(0), minute(0), minute(1)):
        world.faults.storage(0, moment)
    assert world.health.part("storage").state == "warn"
    assert len(looks) == 2, "looked once a minute"
    free_mb = SPACE_MIN_MB
    world.faults.storage(0, minute(2))
    assert world.health.part("storage").state == "ok"
    assert world.recorded() == [("DEV_STORE_90", "since"), ("DEV_STORE_90", "cleared")]


def test_a_mode_that_is_not_stored_is_a_fault_until_it_is(world: World) -> None:
    world.faults.storage(0, MOMENT, modes_stored=False)
    part = world.health.part("storage")
    assert (part.state, part.detail) == (
        "fail",
        "mode or direction not stored: lost with a restart",
    )
    world.faults.storage(0, MOMENT, modes_stored=True)
    assert world.health.part("storage").state == "ok"
    assert world.recorded() == [("DEV_STORE_FULL", "since"), ("DEV_STORE_FULL", "cleared")]


# -- in the engine --------------------------------------------------------------------------------


@pytest.fixture
def gate(tmp_path: Path) -> GateInAThread:
    install(tmp_path, [resident(1), resident(2)])
    return GateInAThread(tmp_path)


def device_codes(folder: Path) -> list[str]:
    return [row["code"] for row in records(folder, "device")]


def test_a_start_after_a_lost_plug_is_recorded(gate: GateInAThread, tmp_path: Path) -> None:
    with journal_in(tmp_path) as journal:
        journal._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        unclean = (tmp_path / "journal.db").read_bytes()
    (tmp_path / "journal.db").write_bytes(unclean)
    with gate:
        assert device_codes(tmp_path) == ["DEV_UNCLEAN_START"]


def test_a_start_after_an_orderly_end_is_not(gate: GateInAThread, tmp_path: Path) -> None:
    with journal_in(tmp_path):
        pass
    with gate:
        assert device_codes(tmp_path) == []


def test_a_hubs_list_that_is_too_old_is_recorded(tmp_path: Path) -> None:
    install(tmp_path, [resident(1)], 1, "00c0ffee")  # made long ago
    with GateInAThread(tmp_path, measures=False):
        assert device_codes(tmp_path) == ["DEV_ROSTER_STALE"]


def test_an_order_older_than_its_answer_is_not_carried_out(
    gate: GateInAThread, tmp_path: Path
) -> None:
    with gate:
        gate.device("thermometer", "fail")
        gate.card(1)
        visit = gate.verdict("TEMP_SENSOR_FAULT").visit
        order = GuardAction(GuardActionKind.MANUAL_PASS, visit, "known")
        assert gate.press_once(order, ago_ms=401) == "busy"
        assert len(records(tmp_path, "passage")) == 1


def test_the_same_order_again_is_taken_and_recorded_once(
    gate: GateInAThread, tmp_path: Path
) -> None:
    with gate:
        gate.device("thermometer", "fail")
        gate.card(1)
        visit = gate.verdict("TEMP_SENSOR_FAULT").visit
        for _ in range(2):
            assert gate.press(GuardActionKind.CLINICAL, visit, mc=36_600) is None
        assert len(records(tmp_path, "passage")) == 2
        assert gate.press(GuardActionKind.CLINICAL, visit, mc=36_700) is None
        assert len(records(tmp_path, "passage")) == 3, "another value is another order"


@pytest.mark.parametrize("serial", ["", "ffffffffffffffff"])
def test_a_calibration_for_another_sensor_is_not_used_and_health_says_why(
    gate: GateInAThread, tmp_path: Path, serial: str
) -> None:
    write_calibration(tmp_path / "site.toml", sensor=SERIAL)
    with gate:
        gate.device("thermometer", "ok", serial=serial)
        gate.until(lambda _: SERIAL in gate.health.part("thermometer").detail, "the reason")
        gate.card(1)
        gate.measuring()
        gate.hold(33_400)
        gate.until(lambda s: s.mode == "verdict", "a verdict")
        assert "TEMP_UNCALIBRATED" in records(tmp_path, "passage")[0]["reasons"]


def test_a_calibration_for_this_sensor_is_used(gate: GateInAThread, tmp_path: Path) -> None:
    write_calibration(tmp_path / "site.toml", sensor=SERIAL)
    with gate:
        gate.device("thermometer", "ok", serial=SERIAL)
        gate.until(lambda _: gate.health.part("thermometer").state == "ok", "ok")
        gate.card(1)
        gate.measuring()
        gate.hold(33_400)
        gate.verdict("OK_RESIDENT")


def test_a_journal_says_how_it_ended(tmp_path: Path) -> None:
    path = tmp_path / "j.db"
    for _ in range(2):
        journal = Journal(path, boot="b", new_epoch=lambda: "0" * 16)
        assert not journal.unclean
        journal.close()
