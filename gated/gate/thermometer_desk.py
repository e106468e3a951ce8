"""The engine's thermometer: samples in, session events out, calibration and reference kept."""

import tomllib
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from gated.core import thermometry
from gated.core.calibration import (
    RelativeReference,
    SiteCalibration,
    parse_calibration,
    too_cold_today,
)
from gated.core.model import Measurement, Moment, TemperatureState
from gated.core.thermometry_judge import ThermometryConfig, fault
from gated.core.thermometry_live import live_reason
from gated.core.thermometry_reading import Reading, read
from gated.core.thermometry_window import SensorSample
from gated.core.visit import TargetSeen, TemperatureTaken
from gated.errors import ConfigError
from gated.gate.drift_watch import DriftWatch
from gated.gate.events import DeviceChanged
from gated.gate.health import Health, PartState
from gated.gate.live_board import LiveBoard
from gated.log import logger

RECENT_MAX = 20
DRIFTED = "drifted"
# Healthy adults come to 36.7 ± 0.4 °C in the armpit; the median of 20 of them lies close to it.
HEALTHY_MEDIAN_MC = (36_000, 37_100)
DRIFT_REMEDY = "clean the sensor's window; hold it against a reference: gated thermometer check"

_log = logger("calibration")

Outcome = TargetSeen | TemperatureTaken


class CalibrationFile:
    """The site calibration on disk; read again when the file changes, so no restart is needed.

    path None: this gate has none, and the relative rule judges. `problem` says in a sentence
    why the file cannot be used now; the calibration read before it stays in force.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._stamp: tuple[int, int] | None = None
        self.value: SiteCalibration | None = None
        self.problem = ""

    def reread(self) -> bool:
        """Read the file if it changed; return whether it did.

        Raises ConfigError, naming the file and every problem, as long as none was ever read.
        """
        if self._path is None:
            return False
        try:
            status = self._path.stat()
            stamp = (status.st_mtime_ns, status.st_size)
            if stamp == self._stamp:
                self.problem = ""  # put back as it was
                return False
            table = tomllib.loads(self._path.read_text("utf-8"))
            inner = table.get("calibration", table)
            self.value = parse_calibration(inner if isinstance(inner, dict) else table)
        except OSError as error:
            remedy = "calibrate the site or leave [thermometer] site out"
            self._refuse(f"cannot read site calibration {self._path}: {error.strerror}; {remedy}")
            return False
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, ConfigError) as error:
            self._refuse(f"site calibration {self._path}: {error}")
            return False
        self._stamp, self.problem = stamp, ""
        return True

    def _refuse(self, problem: str) -> None:
        self.problem = problem
        if self._stamp is None:
            raise ConfigError(problem)


class ThermometerDesk:
    """Owns the thermometry of one gate. Engine thread only.

    powered_up_ms: monotonic ms since when the sensor has had power; warm-up counts from there.
    drift: what is known of the days before; a sensor that has drifted gives faults, no values.
    board: gets every sample, for a technician who looks at the sensor itself.
    """

    def __init__(
        self,
        config: ThermometryConfig,
        calibration: CalibrationFile,
        powered_up_ms: int,
        drift: DriftWatch,
        board: LiveBoard | None = None,
    ) -> None:
        self._config = config
        self._file = calibration
        self._state = thermometry.initial(config, powered_up_ms)
        self._reference = RelativeReference()
        self._estimates = RelativeReference()  # of the same people, under a calibration
        self._recent: tuple[int, ...] = ()
        self._drift = drift
        self._today: date | None = None
        self.healthy = False
        self.serial: str | None = None  # of the sensor that answers, once it told
        self.awaited = False  # somebody showed a credential: what comes next belongs to a visit
        self._board = board
        self._concern = ("", "")

    def calibrated_on(self, day: date | None) -> bool:
        """Return whether a calibration for this sensor is in force on this day.

        day None: nobody vouches for the date. Then the calibration stays in force, because one
        that may be old misleads less than none.
        """
        calibration = self._file.value
        if calibration is None or not calibration.fits(self.serial):
            return False
        return day is None or calibration.valid_on(day)

    def look_for_calibration(self) -> bool:
        """Take a changed calibration file into use; return whether there was one."""
        return self._file.reread()

    def note_calibration(self, health: Health, today: date | None, now: Moment) -> None:
        """A changed calibration is in use; the health says whether one is in force, and drift."""
        part = health.part("thermometer")
        if part.state == "fail" and not (self.healthy and self._drifted):
            return
        if self.look_for_calibration():
            _log.info("calibration.changed")
            self._estimates = RelativeReference()
        if part.state == "off":
            return  # not heard of yet
        offset_mc = 0 if self._file.value is None else self._file.value.offset_mc
        self._drift.look(f"{self.serial or ''}/{offset_mc}", now, today)
        if self._drifted:
            health.set("thermometer", "fail", self._drift.sentence, DRIFT_REMEDY)
            return
        details, remedies = ([text] if text else [] for text in self._concern)
        if self._drift.level == "warn":
            details.append(self._drift.sentence)
            remedies.append(DRIFT_REMEDY)
        misfit = self._misfit(now) if self.calibrated_on(today) else ""
        if misfit:
            details.append(misfit)
            remedies.append("check the sensor's place; calibrate the site anew")
        if self.problem or not self.calibrated_on(today):
            details.append(self.problem or "not calibrated: readings are only compared")
            remedies.append("calibrate the site")
        state: PartState = "warn" if details else "ok"
        health.set("thermometer", state, "; ".join(details), "; ".join(remedies))

    def found(self, changed: DeviceChanged) -> None:
        """The sensor answers (again); what is odd about it stays in its health.

        One that was silent before may have been without power: it has to warm up anew.
        """
        self.healthy = True
        self.serial = changed.serial or None
        self._concern = (changed.detail, changed.remedy)
        if changed.repowered:
            warm_ms = changed.at.mono_ms + self._config.warm_up_ms
            warm_ms = max(warm_ms, self._state.warm_from_ms)
            self._state = replace(self._state, warm_from_ms=warm_ms)

    @property
    def problem(self) -> str:
        """What is wrong with the calibration file, or nothing."""
        calibration = self._file.value
        if self._file.problem or calibration is None or calibration.fits(self.serial):
            return self._file.problem
        found = f"this is {self.serial}" if self.serial else "this one did not tell its serial"
        return f"not calibrated: the calibration is for sensor {calibration.sensor}, {found}"

    def sampled(self, sample: SensorSample, today: date | None) -> tuple[Outcome, ...]:
        """Take one sample; return what the session must hear."""
        self.healthy, self._today = True, today
        calibration = self._file.value if self.calibrated_on(today) else None
        self._state, outputs = thermometry.step(
            self._config, calibration, self._reference, self._state, sample
        )
        if self._board is not None:
            self._board.post(self._reading(calibration, sample, outputs))
        return self._outcomes(outputs)

    def _reading(
        self,
        calibration: SiteCalibration | None,
        sample: SensorSample,
        outputs: thermometry.Outputs,
    ) -> Reading:
        """Return the sample for whoever looks at the sensor; one that drifted shows its values."""
        taken = [one.measurement for one in outputs if isinstance(one, thermometry.Measured)]
        return read(
            self._config,
            calibration,
            self._state,
            sample,
            awaited=self.awaited,
            serial=self.serial or "",
            taken=taken[0] if taken else None,
        )

    def presented(self, at: Moment) -> tuple[Outcome, ...]:
        """A credential was shown: a sensor that cannot measure now says so at once."""
        if self._drifted:
            return (TemperatureTaken(fault(DRIFTED)),)
        self._state, outputs = thermometry.presented(self._config, self._state, at.mono_ms)
        return self._outcomes(outputs)

    def live(self, mono_ms: int) -> str:
        """Return why somebody who waits to be measured has no value yet; see `live_reason`."""
        return live_reason(self._config, self._state, mono_ms) if self.healthy else ""

    def missed(self, at: Moment) -> None:
        """A person was waited for and put no wrist there; three in a row suggest a cover."""
        self._state, _ = thermometry.missed(self._config, self._state, at.mono_ms)

    def lost(self, at: Moment) -> tuple[Outcome, ...]:
        """The sensor failed: a person who waits is told so now, and is not at fault."""
        self.healthy = False
        self._state, _ = thermometry.lost(self._state, at)
        return (TemperatureTaken(fault("bus_error")),)

    def accepted(self, measurement: Measurement, at: Moment) -> None:
        """A person passed with this measurement: the reference for those who come after."""
        if measurement.skin_mc is None or measurement.state is TemperatureState.TYPED:
            return
        self._reference = self._reference.with_person(at.mono_ms, measurement.skin_mc)
        self._drift.measured(measurement, self._today)
        if measurement.decision_mc is not None:
            self._estimates = self._estimates.with_person(at.mono_ms, measurement.decision_mc)

    def _misfit(self, now: Moment) -> str:
        """Return what says that the calibration fits the people here no more, or nothing."""
        median_mc = self._estimates.value_mc(now.mono_ms)
        low_mc, high_mc = HEALTHY_MEDIAN_MC
        if median_mc is None or low_mc <= median_mc <= high_mc:
            return ""
        return f"most people here come to {median_mc / 1000:.1f} °C: the calibration does not fit"

    @property
    def too_cold(self) -> bool:
        """Whether most recent readings were too cold to judge."""
        return too_cold_today(self._recent)

    def _outcomes(self, outputs: thermometry.Outputs) -> tuple[Outcome, ...]:
        outcomes: list[Outcome] = []
        for output in outputs:
            if isinstance(output, thermometry.TargetSeen):
                outcomes.append(TargetSeen())
            elif isinstance(output, thermometry.Measured):
                skin = output.measurement.skin_mc
                if skin is not None:
                    self._recent = (*self._recent, skin)[-RECENT_MAX:]
                outcomes.append(TemperatureTaken(self._believed(output.measurement)))
        return tuple(outcomes)

    @property
    def drifting(self) -> bool:
        """Whether skin reads otherwise than on the days before, far enough to be told."""
        return self._drift.level != "ok"

    @property
    def _drifted(self) -> bool:
        return self._drift.level == "stop"

    def _believed(self, measurement: Measurement) -> Measurement:
        """Return the measurement; of a sensor that has drifted only that it did.

        Nobody is accepted by it then, so everybody counts for whether it still is.
        """
        if not self._drifted:
            return measurement
        self._drift.measured(measurement, self._today)
        return fault(DRIFTED)


class PowerUpMark:
    """Remembers across restarts since when the sensor has had power (design decision 24).

    The sensor is powered with the board: within one boot the first start counts, not the newest.
    """

    def __init__(self, path: Path, boot: str) -> None:
        self._path = path
        self._boot = boot

    def since_ms(self, now: Moment) -> int:
        """Return the monotonic ms of the first start in this boot, noting it if this is it."""
        try:
            boot, _, mono = self._path.read_text("ascii").strip().partition(" ")
            if boot == self._boot and mono.isdigit() and int(mono) <= now.mono_ms:
                return int(mono)
        except (OSError, UnicodeDecodeError):
            pass
        written = self._path.with_suffix(".new")
        with suppress(OSError):  # a full card: only the next start would have wanted to know
            written.write_text(f"{self._boot} {now.mono_ms}\n", "ascii")
            written.replace(self._path)
        return now.mono_ms


@dataclass(frozen=True, slots=True)
class SensorFiles:
    """What a gate keeps about its thermometer between starts, in this folder."""

    folder: Path
    boot: str
    live: LiveBoard | None = None

    def desk(
        self, config: ThermometryConfig, calibration: CalibrationFile, now: Moment
    ) -> ThermometerDesk:
        """Return the desk that goes on where the last start left it."""
        powered_ms = PowerUpMark(self.folder / "sensor-power", self.boot).since_ms(now)
        drift = DriftWatch(self.folder / "thermometer-days.json")
        return ThermometerDesk(config, calibration, powered_ms, drift, self.live)
