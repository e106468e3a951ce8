"""A technician at a running gate: the commands look through the gate at its own sensor."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from gated.cli.demo.lane import ROOM_C
from tests.support.waiting import wait_until
from tests.support.world import SystemWorld

LANE = "in"
SKIN_C = 33.5
WATCH_S = 60  # ended by the test as soon as it has seen enough


@dataclass
class Command:
    """`gated thermometer` with these words; what it has said so far can be looked at."""

    process: "subprocess.Popen[str]"
    _out: Path
    _said: Path

    def rows(self) -> list[dict[str, Any]]:
        whole = self.out().split("\n")[:-1]
        return [json.loads(row) for row in whole]

    def out(self) -> str:
        return self._out.read_text("utf-8")

    def said(self) -> str:
        return self._said.read_text("utf-8")

    def type(self, text: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(text)
        self.process.stdin.flush()


@contextmanager
def thermometer(world: SystemWorld, *words: str) -> Iterator[Command]:
    line = [sys.executable, "-m", "gated.cli.main", "thermometer", *words]
    line += ["--config", str(world.gate_config(LANE))]
    out, said = (world.folder / f"{words[0]}-{name}" for name in ("out", "said"))
    with out.open("w") as told, said.open("w") as spoken:
        process = subprocess.Popen(
            line, stdin=subprocess.PIPE, stdout=told, stderr=spoken, text=True
        )
    with process:
        try:
            yield Command(process, out, said)
        finally:
            process.terminate()


def taken(command: Command) -> list[dict[str, Any]]:
    return [row for row in command.rows() if row["taken"] is not None]


def test_the_running_gate_is_looked_through_and_visits_are_marked(world: SystemWorld) -> None:
    sensor = world.lane(LANE).wires.sensor
    with thermometer(world, "watch", "--json", "--seconds", str(WATCH_S)) as watch:
        wait_until(lambda: len(watch.rows()) > 8, what="samples of the empty lane")
        world.play(LANE, "card A; wrist 36.4; ALLOW OK_HOME_RETURN", A=world.resident())
        wait_until(lambda: watch.rows()[-1]["phase"] == "idle", what="an empty lane")
        sensor.set_scene(SKIN_C)
        wait_until(lambda: len(taken(watch)) == 2, what="a value without a credential")
        whoever_comes_next_has_it(world)
    visit, technician = taken(watch)
    assert technician["taken"]["skin_mc"] == pytest.approx(1000 * SKIN_C, abs=150)
    assert technician["surroundings_mc"] == pytest.approx(1000 * ROOM_C, abs=150)
    assert (technician["awaited"], visit["awaited"]) == (False, True)
    assert all(row["serial"] and row["calibrated"] for row in watch.rows())


def test_pairs_are_taken_at_a_running_gate_and_no_passage_comes_of_them(
    world: SystemWorld,
) -> None:
    sensor, before = world.lane(LANE).wires.sensor, len(world.passages(LANE))
    with (
        thermometer(world, "watch", "--json", "--seconds", str(WATCH_S)) as watch,
        thermometer(world, "calibrate") as walk,
    ):
        for number in (1, 2):
            wait_until(watch.rows, what="a reading")
            wait_until(lambda: watch.rows()[-1]["phase"] == "idle", what="an empty lane")
            walk.type("\n")
            wait_until(partial(has, walk.said, f"Person {number}: hold", 1), what="the request")
            sensor.set_scene(SKIN_C)
            wait_until(partial(has, walk.said, "skin ", number), what="a value")
            walk.type("36.5\n")
            wait_until(partial(has, walk.out, "contact 36.5", number), what="the pair")
            sensor.set_scene(None)
        walk.type("f\nq\n")
        assert walk.process.wait(20) == 1
    assert "Readings come from the running gate" in walk.said()
    assert "still needed: 28 more people (2 of 30)" in walk.said()
    assert len(world.passages(LANE)) == before
    whoever_comes_next_has_it(world)
    kept = world.journal(LANE).parent / "thermometer-pairs.json"
    assert len(json.loads(kept.read_text("utf-8"))["pairs"]) == 2
    kept.unlink()


def whoever_comes_next_has_it(world: SystemWorld) -> None:
    """A wrist before its card is a visit as well, for 10 s; so it is not left to another test."""
    world.play(LANE, "card A; ALLOW OK_HOME_RETURN", A=world.resident())


def has(said: Callable[[], str], words: str, count: int) -> bool:
    return said().count(words) >= count


def test_without_a_calibration_nobody_is_normal_and_with_one_a_fever_is_found(
    world: SystemWorld,
) -> None:
    before = len(world.passages(LANE))
    world.play(
        LANE,
        "calibration expires; card A; wrist 36.4; ALLOW_NOTE TEMP_UNCALIBRATED; calibration holds",
        A=world.resident(),
    )
    world.play(LANE, "card A; wrist 38.2; CHECK TEMP_HIGH_RETRY", A=world.resident())
    world.play(LANE, "card A; wrist 36.4; ALLOW OK_HOME_RETURN", A=world.resident())
    uncalibrated, fever, healthy = world.passages(LANE)[before:]
    assert "TEMP_UNCALIBRATED" in uncalibrated["reasons"]
    assert not {"OK_RESIDENT", "OK_HOME_RETURN"} & {uncalibrated["reason"]}
    assert fever["reason"] == "TEMP_HIGH_RETRY"
    assert healthy["verdict"] == "ALLOW"
