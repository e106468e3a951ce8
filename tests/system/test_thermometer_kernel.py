"""The real driver and the real smbus2 on a /dev/i2c-1 whose ioctls are answered as a kernel does.

Debian's umockdev brings the device node; see tests/support/i2c_kernel.py for what it is not.
"""

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from drivers.card_reader.simulator import SamSimulator
from drivers.card_reader.simulator_records import resident_record
from drivers.thermometer.simulator import Fault, Mlx90614Model
from drivers.thermometer.simulator_bus import Messages
from gated.cli.demo.world import demo_calibration
from gated.core.calibration import skin_for_body_mc
from tests.gate.gate_world import id_number, install, records, resident, write_calibration
from tests.gate.site_files import GATED, RunningGate, write_site
from tests.support.kernel_bus import KernelBus
from tests.support.waiting import wait_until

ROOM_C = 21.99  # with the supply's 0.18 in the middle of a step: no rounding decides
BACK_S = 60.0  # a port that somebody else holds is asked for again after half a minute
BACKGROUND_READS = 40  # two words a sample: three seconds of an empty lane
TODAY = datetime.now(UTC).date()

# Opens, identifies and reads as the daemon does; prints what came, or which error.
PROGRAM = """
import json
from drivers.errors import DriverError
from drivers.thermometer.adapter import open_bus, wire
from drivers.thermometer.device import Mlx90614

found = {}
try:
    bus = open_bus(1, 0x5A)
    sensor = Mlx90614(bus, variant="DAA", wire=wire(1))
    found["functions"] = bus.funcs
    found["serial"] = sensor.identify().serial
    found["cells"] = sensor.identity.dump()
    samples = [sensor.read(1.0) for _ in range(3)]
    found["object_mc"] = [sample.object_mc for sample in samples]
    found["health"] = sorted(sensor.health)
    found["concerns"] = list(sensor.concerns())
    found["counters"] = {
        name: getattr(sensor.counters, name)
        for name in ("transfers", "retries", "pec_failures", "bus_errors")
    }
except DriverError as error:
    found["error"] = [type(error).__name__, str(error)]
    found["errno"] = getattr(error.__cause__, "errno", None)
print(json.dumps(found))
"""


class CountingModel(Mlx90614Model):
    """Knows how often it was read."""

    transfers = 0

    def transfer(self, messages: Messages) -> list[bytes]:
        self.transfers += 1
        return super().transfer(messages)


@pytest.fixture
def model() -> CountingModel:
    made = CountingModel(time.monotonic, variant="DAA", noise=0.0)
    made.set_scene(None, ROOM_C)
    return made


def seen(model: Mlx90614Model, folder: Path, **options: Any) -> dict[str, Any]:
    """Return what the driver finds on such a bus."""
    with KernelBus(model, folder, **options) as bus:
        return bus.python(PROGRAM)


def test_words_come_through_the_kernels_calls(model: Mlx90614Model, tmp_path: Path) -> None:
    before = dict(model.eeprom)
    found = seen(model, tmp_path, clock_hz=50_000)
    assert found["functions"] & 1, "plain I2C"
    assert found["serial"] == "1d7b8e020c175a41"
    assert found["cells"].startswith("9993 62e3 0201 f71c ffff 9fb4")
    assert found["object_mc"] == [22_170] * 3  # 0.18 high at 3.3 V, in steps of 0.02
    assert (found["health"], found["concerns"]) == ([], [])
    # The first checksum tests the sensor, 32 cells, two words per sample.
    assert found["counters"] == {
        "transfers": 1 + 32 + 6,
        "retries": 0,
        "pec_failures": 0,
        "bus_errors": 0,
    }
    assert model.eeprom == before


def test_wrong_checksums_and_passing_errors_are_tried_again(
    model: Mlx90614Model, tmp_path: Path
) -> None:
    model.fault(Fault.NACK, 2)
    found = seen(model, tmp_path, clock_hz=50_000)
    assert found["object_mc"] == [22_170] * 3
    assert (found["counters"]["bus_errors"], found["counters"]["retries"]) == (2, 2)
    model.fault(Fault.WRONG_PEC)
    found = seen(model, tmp_path, clock_hz=50_000)
    assert found["object_mc"] == [22_170] * 3
    assert found["health"] == ["pec_unavailable"]


@pytest.mark.parametrize(
    ("fault", "kind", "number", "text"),
    [
        (Fault.NACK, "DeviceUnavailable", 121, "nobody answers; check power, wiring"),
        (Fault.CONTROLLER_ERROR, "DeviceUnavailable", 5, "the bus controller failed"),
        (Fault.TIMED_OUT, "DeviceUnavailable", 110, "is stuck; switch the sensor off and on"),
        (Fault.DEAD_BUS, "CorruptData", None, "5 checksums wrong and the words 0xffff"),
    ],
)
def test_an_error_of_the_wire_arrives_with_its_number(
    model: Mlx90614Model, tmp_path: Path, fault: Fault, kind: str, number: int | None, text: str
) -> None:
    model.fault(fault)
    found = seen(model, tmp_path)
    assert (found["error"][0], found["errno"]) == (kind, number)
    assert text in found["error"][1]


@pytest.mark.parametrize(
    ("options", "kind", "number", "text"),
    [
        ({"busy": True}, "DeviceDenied", 16, "a kernel driver owns the address; unload module"),
        (
            {"owner": "mlx90614"},
            "DeviceDenied",
            16,
            "cannot use 0x5a on /dev/i2c-1: the kernel driver mlx90614 owns the address; unload",
        ),
        (
            {"mode": 0},
            "DeviceDenied",
            13,
            "cannot open I2C bus /dev/i2c-1: permission denied; add the service's user to group",
        ),
    ],
)
def test_a_bus_that_may_not_be_used_is_denied_before_the_first_transfer(
    model: Mlx90614Model,
    tmp_path: Path,
    options: dict[str, Any],
    kind: str,
    number: int,
    text: str,
) -> None:
    model.fault(Fault.TIMED_OUT)  # would be what a transfer says
    found = seen(model, tmp_path, **options)
    assert (found["error"][0], found["errno"]) == (kind, number)
    assert text in found["error"][1]


@pytest.mark.parametrize(
    ("options", "fault", "state", "detail", "remedy"),
    [
        (
            {"clock_hz": 400_000},
            None,
            "warn",
            "/dev/i2c-1 is set to 400 kHz, the sensor takes 10 to 100",
            "set dtparam=i2c_arm_baudrate=50000 in /boot/firmware/config.txt",
        ),
        (
            {"owner": "mlx90614"},
            None,
            "fail",
            "the kernel driver mlx90614 owns the address",
            "unload module mlx90614 and remove its overlay",
        ),
        ({"mode": 0}, None, "fail", "permission denied", "add the service's user to group i2c"),
        ({}, Fault.NACK, "fail", "nobody answers", "check power, wiring and the address"),
    ],
)
def test_check_explains_what_is_wrong_with_the_bus(
    model: Mlx90614Model,
    tmp_path: Path,
    options: dict[str, Any],
    fault: Fault | None,
    state: str,
    detail: str,
    remedy: str,
) -> None:
    config = write_site(tmp_path, '[thermometer]\nbus = "/dev/i2c-1"\nvariant = "DAA"\n')
    if fault is not None:
        model.fault(fault)
    with KernelBus(model, tmp_path, **options) as bus:
        done = bus.run(*GATED, "check", "--json", "--config", str(config))
    (part,) = [row for row in json.loads(done.stdout)["parts"] if row["name"] == "thermometer"]
    assert part["state"] == state
    assert detail in part["detail"]
    assert remedy in part["remedy"]


def test_a_gate_lets_somebody_pass_who_is_measured_through_the_kernel(
    model: CountingModel, tmp_path: Path
) -> None:
    """`gated run` as it is installed: nothing of the simulators is in that process."""
    model.noise = 1.0
    reader = SamSimulator(tmp_path / "reader")
    write_calibration(tmp_path / "site.toml")
    skin_mc = skin_for_body_mc(demo_calibration(TODAY), 36_400, ROOM_C * 1000)
    with KernelBus(model, tmp_path, clock_hz=50_000) as bus:
        gate = RunningGate(tmp_path, **bus.environment)
        with (tmp_path / "gated.toml").open("a") as config:
            config.write(
                f'[card_reader]\nport = "{reader.port}"\n'
                f'[thermometer]\nbus = 1\nvariant = "DAA"\nsite = "{tmp_path}/site.toml"\n'
                "warm_up_s = 0\n"
            )
        (tmp_path / "store").mkdir()
        install(tmp_path / "store", [resident(1)])
        with gate:
            for part in ("thermometer", "card_reader"):
                wait_until(
                    lambda part=part: parts_of(gate).get(part) == "ok", what=part, limit_s=BACK_S
                )
            wait_until(lambda: model.transfers > 33 + BACKGROUND_READS, what="a background")
            reader.present(resident_record("王小明", id_number(1)))
            model.set_scene(skin_mc / 1000)
            wait_until(lambda: "passage.decided" in gate.log.read_text(), what="a verdict")
            gate.stop()
    reader.close()
    (passage,) = records(tmp_path / "store", "passage")
    assert passage["verdict"] == "ALLOW"
    assert passage["reasons"] == ["OK_HOME_RETURN"]


def parts_of(gate: RunningGate) -> dict[str, str]:
    return {part["part"]: part["state"] for part in gate.snapshot()["health"]}
