"""Every fault of sensor and wire against a running gate: CHECK with the code that says why.

Whoever stands there has a fever: nothing a broken sensor says may call that one fine, and nothing
it says may call anybody feverish.
"""

import errno
import json
import math
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

import pytest

from drivers.thermometer.simulator import Fault, Scene
from drivers.thermometer.simulator_bus import Messages
from tests.support.waiting import wait_until
from tests.support.world import SystemWorld

LANE = "out"
LANES = ("out", "in")  # both at once: what takes time is waiting
FEVER = "card A; wrist 39.5"
FROZEN_S = 20.0  # twenty samples, and a busy machine

# What the sensor and its wires can do, two by two.
LASTING = [
    (Fault.NACK, Fault.CONTROLLER_ERROR),
    (Fault.TIMED_OUT, Fault.WRONG_PEC),
    (Fault.ALL_ZERO, Fault.ALL_ONES),
    (Fault.DEAD_BUS, Fault.ERROR_FLAG),
]
# What a bus says besides.
NUMBERS = [(errno.EBADMSG, errno.ENXIO), (errno.ENODEV, errno.ENOENT)]


def at_both(work: Callable[[str], None]) -> None:
    """Do the same at both lanes at once; the first failure counts."""
    with ThreadPoolExecutor(len(LANES)) as pool:
        for done in [pool.submit(work, lane) for lane in LANES]:
            done.result()


def thermometer(world: SystemWorld, lane: str = LANE) -> str:
    return world.part_states(lane)["thermometer"]


def failing(world: SystemWorld, lane: str = LANE) -> None:
    wait_until(lambda: thermometer(world, lane) == "fail", what="a fault", limit_s=FROZEN_S)


def fault_is_a_check(world: SystemWorld, lane: str = LANE) -> None:
    """The sensor fails; somebody with a fever comes, and a person must look."""
    failing(world, lane)
    post = world.lane(lane)
    post.calm = post.gate.disturbed  # it was well before; now nobody waits until it is again
    steps = f"{FEVER}; CHECK TEMP_SENSOR_FAULT; sensor heals"
    world.play(lane, steps, A=world.resident())


@contextmanager
def wire_says(world: SystemWorld, number: int, lane: str = LANE) -> Iterator[None]:
    """In this block every transfer ends with this error."""

    def transfer(messages: Messages) -> list[bytes]:
        del messages
        raise OSError(number, "as the test wants it")

    sensor = world.lane(lane).wires.sensor
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sensor, "transfer", transfer)
        yield


@pytest.mark.parametrize("faults", LASTING, ids=lambda pair: "-".join(one.value for one in pair))
def test_a_fault_of_the_sensor_is_a_check_and_no_fever(
    world: SystemWorld, faults: tuple[Fault, Fault]
) -> None:
    for lane, fault in zip(LANES, faults, strict=True):
        world.lane(lane).wires.sensor.fault(fault)
    at_both(lambda lane: fault_is_a_check(world, lane))


@pytest.mark.parametrize(
    "numbers", NUMBERS, ids=lambda pair: "-".join(errno.errorcode[one] for one in pair)
)
def test_an_error_of_the_bus_is_a_check_and_no_fever(
    world: SystemWorld, numbers: tuple[int, int]
) -> None:
    first, second = numbers
    with wire_says(world, first, LANES[0]), wire_says(world, second, LANES[1]):
        at_both(lambda lane: fault_is_a_check(world, lane))


def test_a_bus_that_is_denied_is_a_check_and_the_gate_says_who_must_act(
    world: SystemWorld,
) -> None:
    """Such a bus is asked again after half a minute only; the next test gets new gates."""
    denied = {"out": errno.EBUSY, "in": errno.EOPNOTSUPP}
    with wire_says(world, denied["out"], "out"), wire_says(world, denied["in"], "in"):
        at_both(lambda lane: fault_is_a_check(world, lane))
    remedies = {lane: problems(world, lane)[-1] for lane in LANES}
    at_both(lambda lane: assert_stopped(world, lane))
    assert "a kernel driver owns the address; unload module mlx90614" in remedies["out"]
    assert "use a bus with plain I2C" in remedies["in"]


def problems(world: SystemWorld, lane: str) -> list[str]:
    """Return what the gate logged as problems of its devices, oldest first."""
    lines = world.log_lines(f"gate-{lane}")
    return [line["problem"] for line in lines if line["event"] == "device.lost"]


def assert_stopped(world: SystemWorld, lane: str) -> None:
    assert world.program(f"gate-{lane}").stop() == 0


def test_another_program_that_reads_two_bytes_is_a_check(world: SystemWorld) -> None:
    """After such a read the sensor refuses whoever comes next."""
    sensor = world.lane(LANE).wires.sensor
    through = sensor.transfer

    def disturbed(messages: Messages) -> list[bytes]:
        with suppress(OSError):
            through([(0x5A, b"\x07"), (0x5A, 2)])
        return through(messages)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sensor, "transfer", disturbed)
        fault_is_a_check(world)


def test_a_bus_that_is_pulled_is_a_check(world: SystemWorld) -> None:
    wires = world.lane(LANE).wires
    with wire_says(world, errno.ENODEV):
        wires.bus.drop_clients()
        fault_is_a_check(world)


def test_a_fault_in_mid_measurement_ends_it(world: SystemWorld) -> None:
    steps = f"{FEVER}; wait 0.4; sensor fails; CHECK TEMP_SENSOR_FAULT"
    world.play(LANE, steps, A=world.resident())


def test_a_frozen_sensor_is_a_check_and_its_fault_is_recorded(world: SystemWorld) -> None:
    before = len(world.entries(LANE))
    world.lane(LANE).wires.sensor.fault(Fault.FROZEN)
    fault_is_a_check(world)
    assert problems(world, LANE)[-1] == (
        "the reading does not change; switch the sensor off and on"
    )
    fields = [entry.fields() for entry in world.entries(LANE)[before:]]
    codes = [(one["code"], one["state"]) for one in fields if one["kind"] == "device"]
    assert ("DEV_THERMO_FAULT", "since") in codes


@pytest.mark.parametrize(
    "faults", [(Fault.NACK, Fault.WRONG_PEC), (Fault.CONTROLLER_ERROR, Fault.ALL_ONES)]
)
def test_a_fault_that_passes_costs_nobody_anything(
    world: SystemWorld, faults: tuple[Fault, Fault]
) -> None:
    allowed = {"out": "OK_RESIDENT", "in": "OK_HOME_RETURN"}

    def passes(lane: str) -> None:
        world.play(lane, f"card A; wrist 36.4; ALLOW {allowed[lane]}", A=world.resident())

    for lane, fault in zip(LANES, faults, strict=True):
        world.lane(lane).wires.sensor.fault(fault, 2)
    at_both(passes)


def test_nobody_before_the_sensor_is_missing_and_a_wrist_that_shakes_is_unstable(
    world: SystemWorld,
) -> None:
    def shaking(at_s: float) -> Scene:
        return Scene(36.0, 0.55 + 0.45 * math.sin(9.0 * at_s))

    def stands(lane: str) -> None:
        code = {"out": "TEMP_MISSING", "in": "TEMP_UNSTABLE"}[lane]
        world.play(lane, f"card A; CHECK {code}", A=world.resident())

    world.lane("in").wires.sensor.play(shaking)
    at_both(stands)


def test_a_fever_that_fills_half_the_field_is_low_and_never_normal(world: SystemWorld) -> None:
    sensor = world.lane(LANE).wires.sensor
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sensor, "fill", 0.6)
        world.play(LANE, f"{FEVER}; CHECK TEMP_LOW", A=world.resident())


def test_an_altered_emissivity_is_a_warning_from_the_start(world: SystemWorld) -> None:
    lane = world.lane(LANE)
    lane.wires.sensor.eeprom[0x24] = 0xFAE1
    try:
        lane.wires.sensor.fault(Fault.NACK)
        failing(world)
        lane.wires.sensor.heal()
        wait_until(lambda: thermometer(world) == "warn", what="a warning")
        done = world.command("check", "--json", "--config", str(world.gate_config(LANE)))
        (part,) = [p for p in json.loads(done.stdout)["parts"] if p["name"] == "thermometer"]
        assert part["detail"] == "emissivity cell is 0xfae1, expected 0xffff: readings are wrong"
        assert part["remedy"] == "replace the sensor"
    finally:
        lane.wires.sensor.eeprom[0x24] = 0xFFFF
        lane.wires.sensor.fault(Fault.NACK)
        failing(world)
