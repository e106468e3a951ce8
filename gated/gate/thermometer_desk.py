"""The engine's thermometer: samples in, session events out, calibration and reference kept."""

import tomllib
from dataclasses import replace
from datetime import date
from pathlib import Path

from gated.config import ThermometerSection
from gated.core import thermometry
from gated.core.calibration import (
    RelativeReference,
    SiteCalibration,
    parse_calibration,
    too_cold_today,
)
from gated.core.model import Measurement, Moment, TemperatureState
from gated.core.thermometry import ThermometryConfig
from gated.core.thermometry_judge import fault
from gated.core.thermometry_window import SensorSample
from gated.core.visit import TargetSeen, TemperatureTaken
from gated.errors import ConfigError

RECENT_MAX = 20

Outcome = TargetSeen | TemperatureTaken


def read_calibration(path: Path | None) -> SiteCalibration | None:
    """Return the site calibration in a file, or None when the gate has none.

    Raises ConfigError naming the file and every problem.
    """
    if path is None:
        return None
    try:
        table = tomllib.loads(path.read_text("utf-8"))
        return parse_calibration(table.get("calibration", table))
    except OSError as error:
        remedy = "calibrate the site or leave [thermometer] site out"
        message = f"cannot read site calibration {path}: {error.strerror}; {remedy}"
        raise ConfigError(message) from error
    except (tomllib.TOMLDecodeError, ConfigError) as error:
        raise ConfigError(f"site calibration {path}: {error}") from error


class ThermometerDesk:
    """Owns the thermometry of one gate. Engine thread only.

    powered_up_ms: monotonic ms since when the sensor has had power; warm-up counts from there.
    """

    def __init__(
        self,
        config: ThermometryConfig,
        calibration: SiteCalibration | None,
        powered_up_ms: int,
    ) -> None:
        self._config = config
        self._calibration = calibration
        self._state = thermometry.initial(config, powered_up_ms)
        self._reference = RelativeReference()
        self._recent: tuple[int, ...] = ()
        self.healthy = False

    def calibrated_on(self, day: date) -> bool:
        """Return whether a calibration is in force on this day."""
        return self._calibration is not None and self._calibration.valid_on(day)

    def sampled(self, sample: SensorSample, today: date) -> tuple[Outcome, ...]:
        """Take one sample; return what the session must hear."""
        self.healthy = True
        calibration = self._calibration if self.calibrated_on(today) else None
        self._state, outputs = thermometry.step(
            self._config, calibration, self._reference, self._state, sample
        )
        return self._outcomes(outputs)

    def presented(self, at: Moment) -> tuple[Outcome, ...]:
        """A credential was shown: a sensor that cannot measure now says so at once."""
        self._state, outputs = thermometry.presented(self._config, self._state, at.mono_ms)
        return self._outcomes(outputs)

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
                outcomes.append(TemperatureTaken(output.measurement))
        return tuple(outcomes)


def thermometry_config(
    section: ThermometerSection, variant_numbers: tuple[int, int, int, bool]
) -> ThermometryConfig:
    """Return the constants for this sensor.

    variant_numbers: noise in thousandths of °C, settling ms, sample period ms, a 3 V part.
    """
    sigma_mc, settle_ms, period_ms, three_volt = variant_numbers
    return replace(
        ThermometryConfig(),
        sigma_mc=sigma_mc,
        settle_ms=settle_ms,
        period_ms=period_ms,
        three_volt=three_volt,
        supply_v=section.supply_v,
        warm_up_ms=section.warm_up_s * 1000,
    )


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
        written.write_text(f"{self._boot} {now.mono_ms}\n", "ascii")
        written.replace(self._path)
        return now.mono_ms
