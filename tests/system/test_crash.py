"""What a power cut, a dead broker, a dead hub and a missing device cost: nothing that was recorded.

Every moment of a kill is drawn from a seed; a failure names it.
"""

import json
import os
import random
import signal
import threading
from typing import Self

import pytest

from drivers.thermometer.simulator import Fault
from gated.cli.demo.people import Invented
from tests.support.effort import examples
from tests.support.waiting import wait_until
from tests.support.world import BACK_S, SystemWorld

SEED = os.environ.get("GATED_TEST_SEED", "1")
KILLS = examples(2, factor=10)
VISIT_S = 1.6  # longer than a card with a wrist takes until its verdict
DEVICES = ("card_reader", "camera", "thermometer")
FROZEN_S = 0.6  # longer than a program's wait for its stop signal
_MOMENT = threading.Event()  # never set: a random moment is waited for, not a condition


class Passing:
    """People passing one after the other on a thread of their own, until it is left."""

    def __init__(self, world: SystemWorld, lane: str, people: list[Invented]) -> None:
        self._world = world
        self._lane = lane
        self._people = people
        self._enough = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._problem: BaseException | None = None
        self.passed = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        self._thread.join()
        if self._problem is not None:
            raise self._problem

    def wait_for(self, count: int) -> None:
        """Return when so many people have passed, or the thread gave up."""
        wait_until(
            lambda: self.passed >= count or self._problem is not None,
            what=f"{count} people to pass",
            limit_s=BACK_S,
        )

    def _run(self) -> None:
        try:
            while not self._enough.is_set():
                person = self._people.pop()
                self._world.play(self._lane, "card A; wrist 36.4; ALLOW OK_RESIDENT", A=person)
                self.passed += 1
        except BaseException as error:  # noqa: BLE001 - raised again by the test's thread
            self._problem = error


def said(world: SystemWorld, lane: str) -> dict[int, str]:
    """What a gate's log says was committed: seq -> verdict."""
    lines = world.log_lines(f"gate-{lane}")
    decided = [line for line in lines if line["event"] == "passage.decided" and line["recorded"]]
    return {int(line["key"].rpartition(".")[2]): line["verdict"] for line in decided}


def test_a_gate_killed_at_any_moment_loses_no_passage_and_stores_none_twice(
    world: SystemWorld,
) -> None:
    moments = random.Random(f"{SEED} kills")
    gate = world.program("gate-out")
    people = [world.resident() for _ in range(KILLS + 4)]
    with Passing(world, "out", people) as passing:
        for _ in range(KILLS):
            done = passing.passed
            _MOMENT.wait(moments.uniform(0, VISIT_S))
            gate.kill()
            gate.start()
            passing.wait_for(done + 1)
    world.assert_books_agree("out")
    held = {entry.seq: entry.fields() for entry in world.entries("out")}
    committed = said(world, "out")
    assert len(committed) >= KILLS
    lost = [seq for seq, verdict in committed.items() if held[seq].get("verdict") != verdict]
    assert lost == [], f"seed {SEED}"
    bodies = [entry.body for entry in world.entries("out")]
    assert len(set(bodies)) == len(bodies)


@pytest.mark.parametrize("name", ["gate-in", "hub"])
def test_a_program_that_was_frozen_goes_on(world: SystemWorld, name: str) -> None:
    """A stopped process is woken in the middle of its wait for signals; none has arrived."""
    program = world.program(name)
    process = program.process
    program.signal(signal.SIGSTOP)
    _MOMENT.wait(FROZEN_S)
    program.signal(signal.SIGCONT)
    world.play("in", "card A; wrist 36.4; ALLOW OK_HOME_RETURN", A=world.resident())
    world.assert_books_agree("in")
    assert program.alive
    assert program.process is process


@pytest.mark.parametrize(
    ("program", "state"), [("broker", "offline"), ("hub", "hub_silent")], ids=["broker", "hub"]
)
def test_what_is_down_at_the_centre_costs_nothing_but_backlog(
    world: SystemWorld, program: str, state: str
) -> None:
    world.program(program).kill()
    wait_until(lambda: world.snapshot("in")["link"]["state"] == state, what=f"the badge {state}")
    for _ in range(2):
        world.play("in", "card A; wrist 36.4; ALLOW OK_HOME_RETURN", A=world.resident())
    link = world.snapshot("in")["link"]
    assert link["state"] == state
    assert link["backlog"] >= 2
    assert world.backlog("in") >= 2
    world.program(program).start()
    world.wait_drained("in")
    wait_until(
        lambda: (
            world.snapshot("in")["link"] | {"since_s": 0}
            == {"state": "online", "since_s": 0, "backlog": 0, "oldest_s": 0}
        ),
        what="the badge online",
    )
    world.assert_books_agree("in")


def checked(world: SystemWorld, lane: str) -> tuple[int, dict[str, dict[str, str]]]:
    """What `gated check --json` says: its exit code and the parts by name."""
    done = world.command("check", "--json", "--config", str(world.gate_config(lane)))
    report = json.loads(done.stdout)
    assert report["ok"] == (done.returncode == 0)
    return done.returncode, {part["name"]: part for part in report["parts"]}


def test_devices_missing_at_the_start_are_a_state_and_heal(world: SystemWorld) -> None:
    gate, wires = world.program("gate-in"), world.lane("in").wires
    gate.kill()
    wires.reader.unplug()
    wires.camera.misbehave("not_found")
    wires.sensor.fault(Fault.NACK)
    gate.start()
    wait_until(lambda: failing(world, "in") == set(DEVICES), what="three faults on the screen")
    code, parts = checked(world, "in")
    assert code == 1
    for name in DEVICES:
        assert parts[name]["state"] == "fail"
        assert parts[name]["detail"]
    assert parts["storage"]["state"] == "ok"
    wires.reader.plug()
    wires.camera.misbehave(None)
    wires.sensor.heal()
    wait_until(lambda: not failing(world, "in"), what="the devices to heal", limit_s=BACK_S)
    code, parts = checked(world, "in")
    assert code == 0
    assert {parts[name]["state"] for name in DEVICES} == {"ok"}
    world.play("in", "card A; wrist 36.4; ALLOW OK_HOME_RETURN", A=world.resident())


def test_a_device_lost_in_service_is_a_state_and_heals(world: SystemWorld) -> None:
    wires = world.lane("in").wires
    wires.reader.unplug()
    wait_until(lambda: failing(world, "in") == {"card_reader"}, what="the reader's fault")
    assert checked(world, "in")[0] == 1
    world.play("in", "code A; wrist 36.4; ALLOW OK_HOME_RETURN", A=world.resident())
    wires.reader.plug()
    wait_until(lambda: not failing(world, "in"), what="the reader to heal", limit_s=BACK_S)
    kinds = [entry.fields() for entry in world.entries("in")]
    faults = [event["state"] for event in kinds if event.get("code") == "DEV_READER_FAULT"]
    assert faults[-2:] == ["since", "cleared"]


def failing(world: SystemWorld, lane: str) -> set[str]:
    """Parts that fail on the guard's screen; everything while the screen does not answer."""
    try:
        states = world.part_states(lane)
    except OSError:
        return {"screen"}
    return {name for name, state in states.items() if state == "fail"}
