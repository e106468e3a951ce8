"""The loop around a device: lost once, back once, patient, interruptible, never silent on a bug."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from structlog.testing import capture_logs

from drivers.errors import CorruptData, DeviceDenied, DeviceUnavailable, DriverError
from gated.config import CardReaderSection, ThermometerSection
from gated.core.model import ClockState, Moment
from gated.errors import ConfigError
from gated.gate.devices import DeviceLoop, DeviceTask, card_reader_loop, stamped, thermometry_config
from gated.gate.events import DeviceChanged, Inbox
from gated.process.clock import SystemClock
from tests.support.waiting import wait_until

CLOCK = SystemClock(trusted=True)


class PatientStop(threading.Event):
    """A stop flag that notes how long the loop wanted to wait, and lets it go on at once."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.append(timeout or 0.0)
        return self.is_set()


@dataclass
class FakeDevice:
    """Says what the script says, then waits to be interrupted. Differs: no wire at all."""

    script: list[str | DriverError | None]
    closed: int = 0
    interrupted: threading.Event = field(default_factory=threading.Event)

    def read(self, timeout_s: float) -> str | None:
        del timeout_s
        if self.script:
            said = self.script.pop(0)
            if isinstance(said, Exception):
                raise said
            return said
        self.interrupted.wait(10)
        return None

    def interrupt(self) -> None:
        self.interrupted.set()

    def close(self) -> None:
        self.closed += 1


@dataclass
class Bench:
    """A loop over a row of openings, each a device or a failure to open."""

    openings: list[FakeDevice | Exception]
    answers_at_open: bool = False
    inbox: Inbox = field(default_factory=Inbox)
    readings: list[str] = field(default_factory=list)
    stop: PatientStop = field(default_factory=PatientStop)
    error: BaseException | None = None

    def __post_init__(self) -> None:
        task = DeviceTask("camera", self._open, self.readings.append, self.answers_at_open)
        self.loop = DeviceLoop(task, self.inbox, CLOCK)

    def _open(self) -> FakeDevice:
        if not self.openings:
            self.stop.set()
            raise DeviceUnavailable("camera: nothing left to open; end of the test")
        opening = self.openings.pop(0)
        if isinstance(opening, Exception):
            raise opening
        return opening

    def run(self) -> list[DeviceChanged]:
        """Run until the openings are used up; return what was reported."""
        self.loop.run(self.stop)
        return self.reported()

    def reported(self) -> list[DeviceChanged]:
        found = []
        while (event := self.inbox.take(0)) is not None:
            assert isinstance(event, DeviceChanged)
            found.append(event)
        return found

    @contextmanager
    def running(self) -> Iterator[None]:
        thread = threading.Thread(target=self.loop.run, args=(self.stop,))
        thread.start()
        try:
            yield
        finally:
            self.stop.set()
            self.loop.interrupt()
            thread.join(20)
            assert not thread.is_alive(), "the loop would not end"


def lost(text: str = "camera /dev/video0: gone; check the cable") -> DeviceUnavailable:
    return DeviceUnavailable(text)


def test_readings_are_taken_and_nothing_yet_is_not_a_reading() -> None:
    bench = Bench([FakeDevice(["a", None, "b", lost()])])
    bench.run()
    assert bench.readings == ["a", "b"]


def test_lost_is_said_once_and_back_is_said_once() -> None:
    bench = Bench([FakeDevice(["a", lost()]), lost(), lost(), FakeDevice([None, "b", "c", lost()])])
    with capture_logs() as logs:
        changes = bench.run()
    assert [change.state for change in changes] == ["ok", "fail", "ok", "fail"]
    assert [line["event"] for line in logs] == [
        "device.ready",
        "device.lost",
        "device.ready",
        "device.lost",
    ]


def test_the_failure_is_split_into_what_happened_and_what_to_do() -> None:
    [change] = Bench([lost()]).run()
    assert (change.part, change.detail) == ("camera", "camera /dev/video0: gone")
    assert change.remedy == "check the cable"


def test_a_device_counts_with_its_first_reading_unless_it_answered_at_opening() -> None:
    assert [c.state for c in Bench([FakeDevice([None, lost()])]).run()] == ["fail"]
    heard = Bench([FakeDevice([None, lost()])], answers_at_open=True)
    assert [c.state for c in heard.run()] == ["ok", "fail"]


def test_waiting_doubles_to_half_a_minute_with_jitter() -> None:
    bench = Bench([lost() for _ in range(8)])
    bench.run()
    for wait_s, middle_s in zip(bench.stop.waits, (1, 2, 4, 8, 16, 30, 30, 30), strict=False):
        assert 0.8 * middle_s <= wait_s <= 1.2 * middle_s
    assert len(set(bench.stop.waits)) > 5, "jitter"


def test_after_a_good_spell_waiting_starts_anew() -> None:
    bench = Bench([lost(), lost(), lost(), FakeDevice(["a", lost()]), lost()])
    bench.run()
    assert bench.stop.waits[2] > 3
    assert bench.stop.waits[3] <= 1.2
    assert bench.stop.waits[4] > 1.2


def test_a_denied_device_is_not_asked_often() -> None:
    bench = Bench([DeviceDenied("camera: permission denied; add user gated to group video")])
    bench.run()
    assert bench.stop.waits[0] >= 24


@pytest.mark.parametrize("error", [lost(), CorruptData("noise; check the ground")])
def test_every_opened_device_is_closed(error: DriverError) -> None:
    first, second = FakeDevice(["a", error]), FakeDevice([error])
    Bench([first, second]).run()
    assert (first.closed, second.closed) == (1, 1)


def test_a_blocked_read_ends_at_once_when_interrupted() -> None:
    device = FakeDevice(["a"])
    bench = Bench([device])
    with bench.running():
        wait_until(lambda: bench.readings, what="the first reading")
    assert device.closed == 1


def test_interrupt_without_a_device_does_nothing() -> None:
    Bench([]).loop.interrupt()


def test_our_own_mistake_is_not_a_device_fault_and_still_closes() -> None:
    device = FakeDevice(["a"])

    def take(_: str) -> None:
        raise ZeroDivisionError

    inbox = Inbox()
    loop = DeviceLoop(DeviceTask("camera", lambda: device, take), inbox, CLOCK)
    with pytest.raises(ZeroDivisionError):
        loop.run(threading.Event())
    assert device.closed == 1


def test_a_reader_that_is_not_there_is_reported_with_its_port() -> None:
    inbox = Inbox()
    loop = card_reader_loop(CardReaderSection(port="/dev/no-such-port"), inbox, CLOCK)
    stop = PatientStop()
    thread = threading.Thread(target=loop.run, args=(stop,))
    thread.start()
    change = inbox.take(5)
    stop.set()
    loop.interrupt()
    thread.join(20)
    assert isinstance(change, DeviceChanged)
    assert (change.part, change.state) == ("card_reader", "fail")
    assert "/dev/no-such-port" in change.detail
    assert change.device == loop.name == "card_reader:no-such-port", "two readers stay two"


def test_a_device_that_answers_says_its_serial_and_a_lost_one_does_not() -> None:
    inbox = Inbox()
    device = FakeDevice(["a", lost()])
    stop = PatientStop()
    openings = [device]

    def opened() -> FakeDevice:
        if openings:
            return openings.pop()
        stop.set()
        raise lost()

    task = DeviceTask("thermometer", opened, lambda _: None, serial=lambda: "00ff")
    DeviceLoop(task, inbox, CLOCK).run(stop)
    said = [inbox.take(0), inbox.take(0)]
    assert [(c.state, c.serial) for c in said if isinstance(c, DeviceChanged)] == [
        ("ok", "00ff"),
        ("fail", ""),
    ]


class FixedClock(SystemClock):
    """Ten seconds after the start, always."""

    def now(self) -> Moment:
        return Moment(10_000, 1_770_000_010_000, ClockState.SYNCED)


def test_a_reading_is_stamped_with_when_it_was_taken() -> None:
    stamp = stamped(FixedClock(), 7.5)
    assert stamp == Moment(7_500, 1_770_000_007_500, ClockState.SYNCED)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"variant": "ZZZ"}, "ZZZ"),
        ({"variant": "AAA", "supply_v": 2.7}, "supply_v: 2.7 is outside"),
    ],
)
def test_a_sensor_that_cannot_be_is_refused_before_the_gate_starts(
    changes: dict[str, object], problem: str
) -> None:
    section = ThermometerSection.model_validate(changes)
    with pytest.raises(ConfigError, match=problem):
        thermometry_config(section)


def test_without_the_i2c_library_the_thermometer_is_a_fault_and_the_gate_loads() -> None:
    script = (
        "import sys\n"
        "sys.modules['smbus2'] = None\n"
        "import gated.gate.app\n"
        "from drivers.errors import DriverError\n"
        "from gated.config import ThermometerSection\n"
        "from gated.gate.devices import open_thermometer\n"
        "try:\n    open_thermometer(ThermometerSection())\n"
        "except DriverError as error:\n    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert "smbus2 is not installed; install gated with its extra pi" in done.stdout


def test_constants_of_the_sensor_come_from_its_variant() -> None:
    config = thermometry_config(ThermometerSection(variant="DCC", warm_up_s=7))
    assert config.warm_up_ms == 7_000
    assert config.three_volt
