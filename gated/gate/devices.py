"""Runs the devices: opens, reads, retries, translates readings into events.

The only module besides app.py that imports drivers. A device that fails is a state on the screen
and heals by itself: it is opened again after 1, 2, 4 ... 30 s with jitter. Lost is reported once,
back is reported once.
"""

import errno
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Generic, Literal, Protocol, TypeVar

from drivers.card_reader.device import SamReader
from drivers.card_reader.protocol_dialogue import CardRefused
from drivers.card_reader.protocol_records import CardLayout, CardRead
from drivers.errors import CorruptData, DeviceDenied, DeviceUnavailable, DriverError
from drivers.qr_camera.decode import Decoder
from drivers.qr_camera.device import Camera, Frame
from drivers.qr_camera.picture import Grey
from drivers.qr_camera.picture import jpeg as coded_jpeg
from drivers.qr_camera.protocol import CodeWatch
from drivers.thermometer.protocol import VARIANTS, Filter, filtered, variant_of
from drivers.thermometer.reactions import nobody_answered
from gated.config import CameraSection, CardReaderSection, ThermometerSection
from gated.core.model import Moment
from gated.core.thermometry_judge import ThermometryConfig
from gated.core.thermometry_window import SensorSample
from gated.errors import ConfigError
from gated.gate.events import (
    CardRejected,
    CardSeen,
    CodeSeen,
    DeviceChanged,
    Inbox,
    LaneMark,
    SampleTaken,
)
from gated.gate.health import PartState
from gated.log import logger
from gated.process.clock import SystemClock

if TYPE_CHECKING:
    from drivers.thermometer.device import Bus, Mlx90614, Sample

READ_S = 0.5  # one wait for a reading; how soon a stop is noticed without an interrupt
RETRY_FIRST_S = 1.0
RETRY_MAX_S = 30.0

_log = logger("devices")

_DOCUMENT_KINDS = {
    CardLayout.RESIDENT: "id_card",
    CardLayout.PERMIT: "permit",
    CardLayout.FOREIGNER_2017: "other",
    CardLayout.FOREIGNER_2023: "other",
}

_R_co = TypeVar("_R_co", covariant=True)
_R = TypeVar("_R")

BusOpener = Callable[[str | int], "Bus"]


class Device(Protocol[_R_co]):
    """The one face of every driver."""

    def read(self, timeout_s: float) -> _R_co | None:
        """Return a reading or None for nothing yet. Raises DriverError."""

    def interrupt(self) -> None:
        """End a blocked read."""

    def close(self) -> None:
        """Free the device; may be called twice."""


@dataclass(frozen=True, slots=True)
class DeviceTask(Generic[_R]):
    """What one loop does: which part it is, how it opens the device, what it does with readings.

    answers_at_open: `open` has already heard the device answer; others count as well only with
    their first reading. name: which device, where a part may have several; else the part.
    serial: the serial of what `open` found last, empty when it told none. condition: how a device
    that gives readings is, and why, as `what; remedy`. unpowered: whether a device that failed
    like this may have been without power.
    """

    part: str
    open: Callable[[], Device[_R]]
    take: Callable[[_R], None]
    answers_at_open: bool = False
    name: str = ""
    serial: Callable[[], str] = str
    condition: Callable[[], tuple[PartState, str]] = lambda: ("ok", "")
    unpowered: Callable[[DriverError], bool] = lambda _: False


class DeviceLoop(Generic[_R]):
    """One thread around one device: a Worker of the supervisor."""

    def __init__(self, task: DeviceTask[_R], inbox: Inbox, clock: SystemClock) -> None:
        self.name = task.name or task.part
        self._task = task
        self._inbox = inbox
        self._clock = clock
        self._device: Device[_R] | None = None
        self._lock = threading.Lock()
        self._random = random.Random()  # noqa: S311 - jitter, not a secret
        self._reported: PartState | None = None
        self._told = ""
        self._unpowered = False

    def run(self, stop: threading.Event) -> None:
        """Read the device until `stop`; open it again after every failure."""
        wait_s = RETRY_FIRST_S
        while not stop.is_set():
            try:
                self._read_until(stop)
            except DriverError as error:
                if self._reported in ("ok", "warn"):
                    wait_s = RETRY_FIRST_S
                self._unpowered = self._unpowered or self._task.unpowered(error)
                self._report("fail", str(error))
                pause_s = RETRY_MAX_S if isinstance(error, DeviceDenied) else wait_s
                stop.wait(pause_s * self._random.uniform(0.8, 1.2))
                wait_s = min(wait_s * 2, RETRY_MAX_S)
            finally:
                self._close()

    def interrupt(self) -> None:
        """End a blocked read; from any thread."""
        with self._lock:
            if self._device is not None:
                self._device.interrupt()

    def _read_until(self, stop: threading.Event) -> None:
        device = self._task.open()
        with self._lock:
            self._device = device
        if self._task.answers_at_open:
            self._report(*self._task.condition())
        while not stop.is_set():
            reading = device.read(READ_S)
            if reading is not None:
                self._report(*self._task.condition())
                self._task.take(reading)

    def _close(self) -> None:
        with self._lock:
            device, self._device = self._device, None
        if device is not None:
            device.close()

    def _report(self, state: PartState, problem: str = "") -> None:
        known = self._reported == state and (state == "fail" or problem == self._told)
        if known:
            return
        if state in ("ok", "warn") and self._reported not in ("ok", "warn"):
            _log.info("device.ready", device=self.name)
        if state == "fail":
            _log.warning("device.lost", device=self.name, problem=problem)
        elif problem:
            _log.warning("device.impaired", device=self.name, problem=problem)
        self._reported, self._told = state, problem
        what, _, remedy = problem.partition("; ")
        now, serial = self._clock.now(), "" if state == "fail" else self._task.serial()
        changed = DeviceChanged(now, self._task.part, state, what, remedy, self.name, serial)
        if state != "fail" and self._unpowered:
            changed, self._unpowered = replace(changed, repowered=True), False
        self._inbox.put(changed)


def card_reader_loop(
    section: CardReaderSection, inbox: Inbox, clock: SystemClock
) -> DeviceLoop[CardRead | CardRefused]:
    """Return the loop of one serial ID-card reader."""

    def opened() -> SamReader:
        reader = open_reader(section)
        try:
            reader.probe()
        except DriverError:
            reader.close()
            raise
        return reader

    def take(reading: CardRead | CardRefused) -> None:
        if isinstance(reading, CardRead):
            inbox.put(card_seen(reading, stamped(clock, reading.read_at_s)))
        else:
            inbox.put(CardRejected(clock.now(), reading.kind))

    name = f"card_reader:{section.port.removeprefix('/dev/')}"
    task: DeviceTask[CardRead | CardRefused] = DeviceTask(
        "card_reader", opened, take, answers_at_open=True, name=name
    )
    return DeviceLoop(task, inbox, clock)


def card_seen(reading: CardRead, at: Moment) -> CardSeen:
    """Return all of a card that leaves the reader: name, numbers, kind and end of validity."""
    return CardSeen(
        at,
        reading.id_number,
        reading.other_numbers,
        reading.valid_until,
        name=reading.name or reading.latin_name,
        document_kind=_DOCUMENT_KINDS[reading.layout],
    )


def camera_loop(
    section: CameraSection, inbox: Inbox, clock: SystemClock, mark: LaneMark
) -> DeviceLoop[Frame]:
    """Return the loop that looks for pass codes in the camera's frames."""
    watch = CodeWatch()
    decoders: list[Decoder] = []

    def opened() -> Camera:
        if not decoders:
            decoders.append(Decoder(section.decoder))
        return open_camera(section)

    def take(frame: Frame) -> None:
        nonlocal watch
        if mark.decided_s > watch.fresh_after_s:
            watch = watch.reset(mark.decided_s)
        texts = [code.text for code in decoders[0].read_frame(frame.grey)]
        watch, presented = watch.step(texts, frame.taken_s)
        for text in presented:
            inbox.put(CodeSeen(stamped(clock, frame.taken_s), text))

    return DeviceLoop(DeviceTask("camera", opened, take), inbox, clock)


def thermometer_loop(
    section: ThermometerSection,
    inbox: Inbox,
    clock: SystemClock,
    bus_opener: BusOpener | None = None,
) -> "DeviceLoop[Sample]":
    """Return the loop of the thermometer. bus_opener: how [thermometer] bus becomes a bus."""
    opened: list[Mlx90614] = []
    logged: set[str] = set()

    def open_one() -> "Mlx90614":
        sensor = open_thermometer(section, bus_opener)
        try:
            found = sensor.identify()
        except DriverError:
            sensor.close()
            raise
        opened[:] = [sensor]
        if found.dump() not in logged:
            logged.add(found.dump())
            _log.info("thermometer.identified", serial=found.serial, cells=found.dump())
        return sensor

    def serial() -> str:
        return opened[0].serial()

    def condition() -> tuple[PartState, str]:
        problem = concern(opened[0])
        if "frozen" in opened[0].health:
            return "fail", problem
        return ("warn" if problem else "ok"), problem

    def take(sample: "Sample") -> None:
        taken_ms = int(sample.taken_s * 1000)
        reading = SensorSample(taken_ms, sample.object_mc, sample.ambient_mc)
        inbox.offer(SampleTaken(stamped(clock, sample.taken_s), reading))

    task = DeviceTask(
        "thermometer",
        open_one,
        take,
        serial=serial,
        condition=condition,
        unpowered=nobody_answered,
    )
    return DeviceLoop(task, inbox, clock)


def concern(sensor: "Mlx90614") -> str:
    """Return what a person should look at, all in one as `what; remedy`, or nothing."""
    found = [problem.partition("; ") for problem in sensor.concerns()]
    if not found:
        return ""
    whats, remedies = [what for what, _, _ in found], [remedy for _, _, remedy in found]
    return f"{', and '.join(whats)}; {', and '.join(remedies)}"


def open_reader(section: CardReaderSection) -> SamReader:
    """Return the opened reader. Raises DriverError."""
    return SamReader(section.port, section.baud, hold_off_s=section.hold_off_s)


def open_camera(section: CameraSection) -> Camera:
    """Return the opened camera. Raises DriverError."""
    return Camera(section.source, section.width, section.height, section.fps)


def open_thermometer(section: ThermometerSection, opener: BusOpener | None = None) -> "Mlx90614":
    """Return the sensor on its opened bus. Raises DriverError.

    opener: brings a bus that is not this machine's.
    """
    try:
        from drivers.thermometer.adapter import open_bus, wire
        from drivers.thermometer.device import Mlx90614
    except ImportError as error:
        problem = "the I2C library smbus2 is not installed; install gated with its extra pi"
        raise DeviceUnavailable(problem) from error
    return Mlx90614(
        open_bus(section.bus, section.address) if opener is None else opener(section.bus),
        section.address,
        variant=section.variant,
        supply_v=section.supply_v,
        filters=_filters(section),
        wire=wire(section.bus) if opener is None else None,
    )


def _filters(section: ThermometerSection) -> Filter:
    """Return the filters the configuration speaks of, the factory's where it says nothing."""
    sold = variant_of(section.variant).filters
    return Filter(section.iir_percent or sold.iir_percent, section.fir or sold.fir)


def thermometry_config(section: ThermometerSection) -> ThermometryConfig:
    """Return the constants of a measurement with this sensor. Raises ConfigError."""
    try:
        variant = filtered(variant_of(section.variant), _filters(section))
    except ValueError as error:
        raise ConfigError(f"[thermometer] {error}") from error
    low_v, high_v = variant.supply_v
    if not low_v <= section.supply_v <= high_v:
        span = f"{low_v} to {high_v} V"
        raise ConfigError(f"[thermometer] supply_v: {section.supply_v} is outside {span}")
    return ThermometryConfig(
        sigma_mc=variant.noise_mc,
        settle_ms=round(variant.settle_s * 1000),
        period_ms=round(variant.period_s * 1000),
        three_volt=variant.three_volt,
        supply_v=section.supply_v,
        warm_up_ms=section.warm_up_s * 1000,
    )


def stamped(clock: SystemClock, mono_s: float) -> Moment:
    """Return the moment at which a device took its reading, `mono_s` monotonic seconds."""
    now = clock.now()
    mono_ms = int(mono_s * 1000)
    return replace(now, mono_ms=mono_ms, utc_ms=now.utc_ms - (now.mono_ms - mono_ms))


def card_kind(reading: CardRead | CardRefused) -> str:
    """Return which kind of card was read, `refused` when it gave nothing; nothing of its holder."""
    return reading.layout.value if isinstance(reading, CardRead) else "refused"


def fault_kind(error: DriverError) -> Literal["denied", "busy", "noise", "unavailable"]:
    """Return what is the matter with a device, as one word for a screen's own sentences."""
    if isinstance(error, DeviceDenied):
        cause = error.__cause__
        taken = isinstance(cause, OSError) and cause.errno in (errno.EAGAIN, errno.EBUSY)
        return "busy" if taken else "denied"
    return "noise" if isinstance(error, CorruptData) else "unavailable"


def sensor_variants() -> dict[str, float]:
    """Return every variant of the thermometer with the supply it is sold for, in volts."""
    return {letters: 3.3 if one.three_volt else 5.0 for letters, one in VARIANTS.items()}


def picture_decoder(engine: Literal["auto", "zxing", "pyzbar"] = "auto") -> Decoder:
    """Return the decoder for pictures on disk: the same code as for camera frames."""
    return Decoder(engine)


def live_picture(grey: Grey, width_max: int) -> bytes:
    """Return a frame as a JPEG for somebody who aims the camera; it exists in memory alone."""
    return coded_jpeg(grey, width_max)
