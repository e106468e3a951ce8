"""What the loop around the thermometer says of a sensor that works, but not as it should."""

import os
import threading
import time
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from drivers.errors import CorruptData, DeviceUnavailable, DriverError
from drivers.thermometer.simulator import Fault, Mlx90614Model, SimulatedBus
from gated.config import ThermometerSection
from gated.core.model import Moment
from gated.core.thermometry_judge import ThermometryConfig
from gated.core.thermometry_window import SensorSample
from gated.core.visit import TemperatureTaken
from gated.errors import ConfigError
from gated.gate.devices import (
    DeviceLoop,
    DeviceTask,
    concern,
    open_thermometer,
    thermometer_loop,
    thermometry_config,
)
from gated.gate.drift_watch import DriftWatch
from gated.gate.events import DeviceChanged, Inbox, SampleTaken
from gated.gate.health import Health, PartState
from gated.gate.thermometer_desk import CalibrationFile, ThermometerDesk
from gated.process.clock import SystemClock
from tests.gate.gate_world import MOMENT

CLOCK = SystemClock(trusted=True)
ROOM_MC = 22_000
Said = list[PartState | DriverError]


def told(*says: PartState | DriverError, problems: dict[int, str] | None = None) -> Inbox:
    """Return what a loop reports of a device that is in these states, reading by reading.

    problems: for single readings by their number.
    """
    inbox, stop = Inbox(), threading.Event()
    left: Said = list(says)
    now: list[tuple[PartState, str]] = []

    class Device:
        def read(self, timeout_s: float) -> str:
            del timeout_s
            if not left:
                stop.set()
                raise DeviceUnavailable("the end; none")
            said = left.pop(0)
            if isinstance(said, DriverError):
                raise said
            number = len(says) - len(left) - 1
            now[:] = [(said, (problems or {}).get(number, ""))]
            return "a reading"

        def interrupt(self) -> None:
            """Nothing blocks."""

        def close(self) -> None:
            """Nothing is open."""

    task = DeviceTask(
        "thermometer",
        Device,
        lambda _: None,
        serial=lambda: "00ff",
        condition=lambda: now[0],
        unpowered=lambda error: "nobody" in str(error),
    )

    class Hasty(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            del timeout
            return stop.is_set()

        def is_set(self) -> bool:
            return stop.is_set()

    DeviceLoop(task, inbox, CLOCK).run(Hasty())
    return inbox


def changes(inbox: Inbox) -> list[DeviceChanged]:
    found = []
    while (event := inbox.take(0)) is not None:
        if isinstance(event, DeviceChanged):
            found.append(event)
    return found


def test_an_impaired_device_is_a_warning_with_its_remedy_told_once() -> None:
    weak = "checksums are wrong; shorten the cable"
    with capture_logs() as logs:
        said = changes(told("ok", "warn", "warn", "ok", problems={1: weak, 2: weak}))
    assert [(c.state, c.detail, c.remedy, c.serial) for c in said[:3]] == [
        ("ok", "", "", "00ff"),
        ("warn", "checksums are wrong", "shorten the cable", "00ff"),
        ("ok", "", "", "00ff"),
    ]
    events = [line["event"] for line in logs]
    assert events == ["device.ready", "device.impaired", "device.lost"]


def test_another_trouble_is_news() -> None:
    said = changes(told("warn", "warn", problems={0: "a; b", 1: "c; d"}))
    assert [(c.state, c.detail) for c in said[:2]] == [("warn", "a"), ("warn", "c")]


def test_a_device_that_reads_nonsense_fails_without_being_closed_and_heals() -> None:
    with capture_logs() as logs:
        said = changes(told("ok", "fail", "fail", "ok", problems={1: "frozen; x", 2: "frozen; x"}))
    assert [c.state for c in said[:3]] == ["ok", "fail", "ok"]
    events = [line["event"] for line in logs][:3]
    assert events == ["device.ready", "device.lost", "device.ready"]


@pytest.mark.parametrize(
    ("says", "repowered"),
    [
        (("ok", DeviceUnavailable("nobody answers; x"), "ok"), [False, False, True]),
        ((DeviceUnavailable("nobody answers; x"), "ok", "warn"), [False, True, False]),
        (("ok", CorruptData("noise; x"), "ok"), [False, False, False]),
        (
            (DeviceUnavailable("nobody answers; x"), CorruptData("noise; x"), "ok"),
            [False, True],
        ),
    ],
)
def test_a_sensor_that_was_silent_may_have_been_without_power(
    says: tuple[PartState | DriverError, ...], repowered: list[bool]
) -> None:
    said = changes(told(*says, problems={2: "a; b"} if "warn" in says else None))
    assert [c.repowered for c in said[: len(repowered)]] == repowered


class Site:
    """The thermometer of a gate on a simulated bus, in real time."""

    def __init__(self, **fields: object) -> None:
        self.section = ThermometerSection.model_validate(fields)
        self.model = Mlx90614Model(time.monotonic)
        self.inbox = Inbox()
        self.loop = thermometer_loop(self.section, self.inbox, CLOCK, self._bus)

    def _bus(self, bus: str | int) -> SimulatedBus:
        del bus
        return SimulatedBus(self.model)

    def run(self) -> tuple[list[DeviceChanged], list[dict[str, object]]]:
        """Run until the first sample; return what was reported before it, and the log."""
        stop, found = threading.Event(), list[DeviceChanged]()
        with capture_logs() as logs:
            thread = threading.Thread(target=self.loop.run, args=(stop,))
            thread.start()
            while not isinstance(event := self.inbox.take(10), SampleTaken):
                assert isinstance(event, DeviceChanged)
                found.append(event)
            stop.set()
            self.loop.interrupt()
            thread.join(10)
        return found, [dict(line) for line in logs]


def test_the_sensor_is_identified_once_at_its_start() -> None:
    site = Site()
    (changed,), logs = site.run()
    assert (changed.state, changed.serial, changed.detail) == ("ok", "1d7b8e020c175a41", "")
    (identified,) = [line for line in logs if line["event"] == "thermometer.identified"]
    assert identified["serial"] == "1d7b8e020c175a41"
    cells = str(identified["cells"]).split()
    assert len(cells) == 32
    assert cells[4:6] == ["ffff", "9fb4"]
    _, logs = site.run()
    assert "thermometer.identified" not in [line["event"] for line in logs]


def test_what_does_not_fit_is_a_warning_in_one_sentence() -> None:
    site = Site(variant="BCK")
    site.model.eeprom[0x24] = 0xFAE1
    (changed,), _ = site.run()
    assert changed.state == "warn"
    assert changed.detail.startswith("emissivity cell is 0xfae1, expected 0xffff: readings are")
    assert ", and the sensor filters with IIR 100 %, FIR 1024, the" in changed.detail
    assert changed.remedy == (
        "replace the sensor, and correct [thermometer] variant, or iir_percent and fir"
    )


def test_a_sensor_that_does_not_tell_who_it_is_is_lost_and_its_bus_given_back() -> None:
    site = Site()
    site.model.fault(Fault.NACK)
    closed = []

    class Counting(SimulatedBus):
        def close(self) -> None:
            closed.append(1)
            stop.set()
            super().close()

    stop = threading.Event()
    loop = thermometer_loop(site.section, site.inbox, CLOCK, lambda _: Counting(site.model))
    loop.run(stop)
    (changed,) = changes(site.inbox)
    assert (changed.state, changed.remedy) == (
        "fail",
        "check power, wiring and the address (errno 121)",
    )
    assert "nobody answers" in changed.detail
    assert closed == [1]


def test_the_configured_filters_decide_period_settling_and_noise() -> None:
    sold = thermometry_config(ThermometerSection(variant="DCC"))
    assert (sold.period_ms, sold.settle_ms, sold.sigma_mc) == (150, 140, 180)
    made = thermometry_config(ThermometerSection(variant="DCC", iir_percent=50))
    assert (made.period_ms, made.settle_ms, made.sigma_mc) == (650, 1400, 104)
    sensor = open_thermometer(
        ThermometerSection(variant="DCC", iir_percent=50),
        lambda _: SimulatedBus(Mlx90614Model(time.monotonic)),
    )
    assert sensor.variant.period_s == 0.65
    sensor.identify()
    assert "the sensor filters with IIR 100 %" in concern(sensor)


def desk(warm_up_ms: int = 0) -> ThermometerDesk:
    config = ThermometryConfig(warm_up_ms=warm_up_ms)
    drift = DriftWatch(Path(os.devnull) / "none")
    return ThermometerDesk(config, CalibrationFile(None), 0, drift)


def test_what_is_odd_about_a_sensor_stays_beside_what_is_said_of_its_calibration() -> None:
    made, health = desk(), Health()
    health.set("thermometer", "warn", "weak line", "shorten the cable")
    changed = DeviceChanged(MOMENT, "thermometer", "warn", "weak line", "shorten the cable")
    made.found(changed)
    for _ in range(2):
        made.note_calibration(health, None, MOMENT)
        part = health.part("thermometer")
        assert part.detail == "weak line; not calibrated: readings are only compared"
        assert part.remedy == "shorten the cable; calibrate the site"
    made.found(DeviceChanged(MOMENT, "thermometer", "ok"))
    made.note_calibration(health, None, MOMENT)
    assert health.part("thermometer").detail == "not calibrated: readings are only compared"


@pytest.mark.parametrize(("repowered", "detail"), [(True, "warming_up"), (False, None)])
def test_a_sensor_that_got_its_power_back_warms_up_anew(
    repowered: bool, detail: str | None
) -> None:
    made = desk(warm_up_ms=60_000)
    start_ms = 600_000  # long warm
    for number in range(20):
        made.sampled(
            SensorSample(start_ms + 150 * number, ROOM_MC + 20 * (number % 2), 23_000), None
        )
    at = Moment(start_ms + 5_000, MOMENT.utc_ms, MOMENT.clock)
    made.lost(at)
    made.found(DeviceChanged(at, "thermometer", "ok", repowered=repowered))
    said = made.presented(Moment(start_ms + 6_000, MOMENT.utc_ms, MOMENT.clock))
    details = [one.measurement.detail for one in said if isinstance(one, TemperatureTaken)]
    assert details == ([detail] if detail else [])
    later = Moment(start_ms + 66_000, MOMENT.utc_ms, MOMENT.clock)
    assert made.presented(later) == ()


@pytest.mark.parametrize("changes", [{"iir_percent": 90}, {"fir": 100}])
def test_filters_no_sensor_has_are_refused_before_the_gate_starts(changes: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match="the sensor has no such filter"):
        thermometry_config(ThermometerSection.model_validate(changes))
