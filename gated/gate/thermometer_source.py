"""Readings of this gate's thermometer for a local command: of the running daemon, or opened here.

Both are Workers that fill a LiveBoard, so that a command that waits for a person's typing misses
nothing and holds nobody up.
"""

import json
import socket
import threading
from contextlib import suppress
from datetime import date, datetime
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

from drivers.errors import DriverError
from gated.config import Config, ThermometerSection
from gated.core import thermometry
from gated.core.calibration import RelativeReference, SiteCalibration
from gated.core.model import ClockState, Moment
from gated.core.thermometry import Measured
from gated.core.thermometry_judge import ThermometryConfig
from gated.core.thermometry_reading import read, reading_of
from gated.core.thermometry_window import SensorSample
from gated.errors import ConfigError
from gated.gate.control import ControlDenied, asked
from gated.gate.devices import BusOpener, open_thermometer, thermometry_config
from gated.gate.live_board import LiveBoard, News
from gated.gate.thermometer_desk import CalibrationFile, PowerUpMark
from gated.process.clock import SystemClock, boot_id

READ_S = 0.5
SILENT_S = 8.0  # the slowest sensor gives a reading every 0.65 s, and a lost one is retried
LINE_LIMIT = 65_536
NO_THERMOMETER = "the configuration has no [thermometer], so there is nothing to look at; add it"


class Source(Protocol):
    """Where readings come from. daemon: whether a running gate gives them."""

    name: str
    board: LiveBoard
    daemon: bool

    def run(self, stop: threading.Event) -> None:
        """Fill the board until `stop`."""

    def interrupt(self) -> None:
        """End a blocked wait of `run`."""


def open_source(config: Config, opener: BusOpener | None = None) -> Source:
    """Return the source for this gate: the daemon's when one runs, else the device itself.

    Raises ConfigError without a thermometer, ControlDenied when a daemon may not be asked.
    """
    if config.thermometer is None:
        raise ConfigError(NO_THERMOMETER)
    try:
        line = asked(config.store.dir / "gated.sock", "thermometer")
    except ControlDenied as error:
        raise ControlDenied(str(error).replace("gated check", "gated thermometer …")) from error
    if line is not None:
        return DaemonSource(line)
    return OwnSource(config, config.thermometer, opener)


class DaemonSource:
    """A Worker that reads what the running gate tells of its thermometer."""

    name = "thermometer"
    daemon = True

    def __init__(self, line: socket.socket) -> None:
        self.board = LiveBoard()
        self._line = line
        self._line.settimeout(READ_S)

    def run(self, stop: threading.Event) -> None:
        """Fill the board until `stop`; what ends it before is on the board."""
        data = b""
        with self._line:
            while not stop.is_set():
                try:
                    chunk = self._line.recv(LINE_LIMIT)
                except TimeoutError:
                    continue
                except OSError:
                    chunk = b""
                if not chunk:
                    self.board.end("the gate has stopped, or hung up; begin again")
                    stop.wait()
                    return
                *lines, data = (data + chunk).split(b"\n")
                if not all(self._taken(line) for line in lines):
                    stop.wait()
                    return

    def _taken(self, line: bytes) -> bool:
        """Put one line on the board; return whether it was a reading."""
        try:
            found = json.loads(line)
            if "parts" in found:
                self.board.end("the running gate is of an older version; restart it")
            elif "error" in found:
                self.board.end(str(found["error"]))
            else:
                self.board.post(reading_of(found))
                return True
        except (ValueError, TypeError):
            self.board.end("the running gate is of another version; restart it")
        return False

    def interrupt(self) -> None:
        """Nothing to do: the wait for a line is short."""


class OwnSource:
    """A Worker that opens the sensor and measures as the gate does, without a credential."""

    name = "thermometer"
    daemon = False

    def __init__(
        self, config: Config, section: ThermometerSection, opener: BusOpener | None = None
    ) -> None:
        self.board = LiveBoard()
        self._section = section
        self._opener = opener
        self._kind: ThermometryConfig = thermometry_config(section)
        self._file = CalibrationFile(section.site)
        self._zone = ZoneInfo(config.gate.timezone)
        self._clock = SystemClock(trusted=config.gate.clock == "trusted")
        self._mark = PowerUpMark(config.store.dir / "sensor-power", boot_id())

    def run(self, stop: threading.Event) -> None:
        """Fill the board until `stop`; what ends it before is on the board."""
        with suppress(ConfigError):  # that there is none is what the command may be here for
            self._file.reread()
        try:
            self._read(stop)
        except DriverError as error:
            self.board.end(str(error))
            stop.wait()

    def interrupt(self) -> None:
        """Nothing to do: the wait for a sample is short."""

    def _read(self, stop: threading.Event) -> None:
        now = self._clock.now()
        state = thermometry.initial(self._kind, self._mark.since_ms(now))
        device = open_thermometer(self._section, self._opener)
        try:
            serial = device.serial()
            calibration = self._in_force(serial, now)
            while not stop.is_set():
                found = device.read(READ_S)
                if found is None:
                    continue
                sample = SensorSample(int(found.taken_s * 1000), found.object_mc, found.ambient_mc)
                state, outputs = thermometry.step(
                    self._kind, calibration, RelativeReference(), state, sample
                )
                taken = [one.measurement for one in outputs if isinstance(one, Measured)]
                reading = read(
                    self._kind,
                    calibration,
                    state,
                    sample,
                    awaited=False,
                    serial=serial,
                    taken=taken[0] if taken else None,
                )
                self.board.post(reading)
        finally:
            device.close()

    def _in_force(self, serial: str, now: Moment) -> SiteCalibration | None:
        """Return the calibration as the gate would use it."""
        found = self._file.value
        if found is None or not found.fits(serial):
            return None
        if now.clock is ClockState.UNSURE:
            return found
        today = datetime.fromtimestamp(now.utc_ms / 1000, self._zone).date()
        return found if found.valid_on(today) else None


def calibration_path(config: Config) -> Path:
    """Return where this gate's calibration belongs: where it looks, else beside the journal."""
    section = config.thermometer
    if section is None or section.site is None:
        return config.store.dir / "thermometer-site.toml"
    return section.site


def silence(source: Source, news: News, within_s: float) -> str:
    """Return why there were no readings for so long, in a sentence with what to do."""
    if news.ended:
        return news.ended
    what = "the gate runs, but its thermometer" if source.daemon else "the thermometer"
    return f"{what} gave no reading for {within_s:.0f} s; look at it with gated check"


def site_day(config: Config) -> tuple[date, bool]:
    """Return the site's date, and whether somebody vouches for it."""
    now = SystemClock(trusted=config.gate.clock == "trusted").now()
    today = datetime.fromtimestamp(now.utc_ms / 1000, ZoneInfo(config.gate.timezone)).date()
    return today, now.clock is not ClockState.UNSURE
