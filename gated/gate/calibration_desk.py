"""A calibration, whoever leads through it: wait for a wrist, ask, keep pairs, fit, write.

The command in a terminal and the page in a browser are two faces of this. Every rule is here or
below; faces have the words.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Final

from gated.config import Config, ThermometerSection
from gated.core.calibration import SiteCalibration
from gated.core.calibration_fit import (
    Fit,
    Objection,
    Pair,
    calibration_of,
    fitted,
    missing,
    pair_problem,
    refusal,
)
from gated.core.calibration_plot import svg_plot
from gated.core.correction_steps import Corrections
from gated.core.model import TemperatureState
from gated.core.thermometry_reading import Reading
from gated.errors import ConfigError
from gated.gate.calibration_session import (
    FILE,
    CalibrationSession,
    Conditions,
    SessionRefused,
    kept_conditions,
    taken_up,
)
from gated.gate.calibration_writing import replaced, written
from gated.gate.devices import thermometry_config
from gated.gate.thermometer_desk import CalibrationFile

WRIST_MS: Final = 60_000
# What the thermometry stands behind; anything else keeps its numbers but says why not.
USABLE: Final = (TemperatureState.NORMAL, TemperatureState.IN_LINE, TemperatureState.ELEVATED)
STILL_THERE: Final = "still_there"
VISIT: Final = "visit"
NO_VALUE: Final = "no_value"
NO_WRIST: Final = "no_wrist"
NO_NUMBER: Final = Objection("no_number", "type it as the thermometer shows it, for example 36.5")
_VALUE: Final = re.compile(r"([0-9]{2})(?:[.,]([0-9]))?")


@dataclass(frozen=True, slots=True)
class Wrist:
    """What a wrist came to, corrected, in thousandths of °C."""

    skin_mc: int
    surroundings_mc: int


@dataclass(frozen=True, slots=True)
class Told:
    """Something to say while a wrist is waited for.

    code: a reason of the thermometry, or one of this module; detail: with NO_VALUE its reason.
    """

    code: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Heard:
    """What one reading brought. over: the wait has ended; without a wrist it was for nothing."""

    told: tuple[Told, ...] = ()
    wrist: Wrist | None = None
    over: bool = False


class WristWait:
    """The wait for one person's wrist, reading by reading; a minute of them at most."""

    def __init__(self, corrections: Corrections, sensor: str) -> None:
        self._corrections = corrections
        self._sensor = sensor
        self._first_ms: int | None = None
        self._reason = ""

    def take(self, reading: Reading) -> Heard:
        """Return what this reading brought. Raises SessionRefused for one of another sensor."""
        if reading.serial != self._sensor:
            raise SessionRefused("the sensor was changed; begin anew with --fresh", "changed")
        self._first_ms = reading.mono_ms if self._first_ms is None else self._first_ms
        told = self._told(reading)
        taken = reading.taken
        if taken is None or reading.awaited:
            if taken is not None:
                told = (*told, Told(VISIT))
            if reading.mono_ms - self._first_ms > WRIST_MS:
                return Heard((*told, Told(NO_WRIST)), over=True)
            return Heard(told)
        if taken.state not in USABLE:
            return Heard((*told, Told(NO_VALUE, taken.detail or taken.state.value)), over=True)
        assert taken.raw_mc is not None, "a usable value has its raw one"
        assert reading.background_mc is not None, "and was judged against a background"
        return Heard(told, self._wrist(taken.raw_mc, reading.background_mc), over=True)

    def _told(self, reading: Reading) -> tuple[Told, ...]:
        stays = reading.phase == "holding" and reading.taken is None
        reason = STILL_THERE if stays else reading.reason
        if not reason or reason == self._reason:
            return ()
        self._reason = reason
        return (Told(reason),)

    def _wrist(self, raw_mc: int, background_mc: int) -> Wrist:
        return Wrist(*self._corrections.skin(raw_mc, background_mc))


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a session is.

    missing: what a fit still needs; then there is no fit. fit: its suspects are those that nobody
    has decided about. refusal: why it is no calibration yet.
    """

    missing: tuple[Objection, ...]
    fit: Fit | None = None
    refusal: Objection | None = None


@dataclass(frozen=True, slots=True)
class Written:
    """What was written. kept: the former file, if there was one. picture_problem: "" for none.

    in_use: it lies where a running gate looks for it.
    """

    made: SiteCalibration
    path: Path
    kept: Path | None
    picture: Path
    picture_problem: str
    in_use: bool


class CalibrationDesk:
    """One sitting at one sensor; for one thread at a time. `session` is there after `begin`.

    path: what is written in the end. today: the site's date.
    """

    session: CalibrationSession

    def __init__(self, config: Config, path: Path, today: Callable[[], date]) -> None:
        assert config.thermometer is not None, "there is nothing to calibrate without one"
        self._section: ThermometerSection = config.thermometer
        self._site = config.gate.site
        self.path = path
        self.today = today
        self.kept = config.store.dir / FILE

    def begin(self, serial: str, offset_mc: int | None, *, fresh: bool) -> None:
        """The unfinished session is gone on with, a new one begun when there is none, or fresh.

        serial: of the sensor. offset_mc: as measured today; None: as known from before. Raises
        SessionRefused.
        """
        if fresh:
            self.kept.unlink(missing_ok=True)
        self.session = taken_up(self.kept, self._conditions(serial, offset_mc), self.today())

    def _conditions(self, serial: str, measured_mc: int | None) -> Conditions:
        offset_mc, dated = 0, self.today()
        known = self._offset_known(serial)
        if measured_mc is not None:
            offset_mc = measured_mc
        elif known is not None:
            offset_mc, dated = known
        supply_mv = round(self._section.supply_v * 1000)
        return Conditions(serial, self._section.variant, supply_mv, offset_mc, dated)

    def _offset_known(self, serial: str) -> tuple[int, date] | None:
        """Return the offset of this sensor as an earlier calibration has it, while that holds."""
        begun = kept_conditions(self.kept)
        if begun is not None and begun.sensor == serial:
            return begun.offset_mc, begun.dated
        found = _read(self._section.site)
        if found is None or found.sensor != (serial or None) or found.offset_mc == 0:
            return None
        holds = replace(found, made=found.offset_dated).valid_on(self.today())
        return (found.offset_mc, found.offset_dated) if holds else None

    def wait(self) -> WristWait:
        """Return the wait for the next person's wrist."""
        kind = thermometry_config(self._section)
        own = self.session.conditions
        steps = Corrections(kind.three_volt, kind.supply_v, own.offset_mc)
        return WristWait(steps, own.sensor)

    def pair(self, wrist: Wrist, typed: str) -> Pair | Objection:
        """Return wrist and typed contact value as one person's, or why they cannot be."""
        contact_mc = contact_value_mc(typed)
        if contact_mc is None:
            return NO_NUMBER
        pair = Pair(wrist.skin_mc, wrist.surroundings_mc, contact_mc)
        return pair_problem(pair) or pair

    def corrected(self, place: int, typed: str) -> Pair | Objection:
        """Return this person's pair with another contact value, or why it cannot be."""
        pair = self.session.pairs[place]
        return self.pair(Wrist(pair.skin_mc, pair.surroundings_mc), typed)

    def standing(self) -> Standing:
        """Return how far the session is."""
        session = self.session
        wanted = missing(session.pairs)
        if wanted:
            return Standing(wanted)
        fit = fitted(session.pairs)
        doubted = tuple(place for place in fit.suspects if place not in session.sure)
        fit = replace(fit, suspects=doubted)
        return Standing((), fit, refusal(fit))

    def former(self) -> SiteCalibration | None:
        """Return the calibration that would be superseded, None for none that can be read."""
        return _read(self.path)

    def write(self, fit: Fit) -> Written:
        """The calibration and its plot are written and the session is over.

        Raises CalibrationNotWritten; then the pairs are kept.
        """
        own, today = self.session.conditions, self.today()
        made = calibration_of(
            fit,
            today,
            # none was measured: what the sensor misses is in c, as of today
            offset=(own.offset_mc, own.dated if own.offset_mc else today),
            model_id=f"{self._site}-wrist-{today}",
            sensor=own.sensor or None,
        )
        kept = written(self.path, made)
        picture, problem = self.path.with_suffix(".svg"), ""
        try:
            replaced(picture, svg_plot(self.session.pairs, fit, made.model_id))
        except OSError as error:
            problem = f"cannot write {picture}: {error.strerror}; the calibration is written"
        self.session.finish()
        in_use = self._section.site == self.path
        return Written(made, self.path, kept, picture, problem, in_use)


def contact_value_mc(text: str) -> int | None:
    """Return what was typed in thousandths, None when it is no value in tenths of °C."""
    found = _VALUE.fullmatch(text.strip())
    if found is None:
        return None
    return 1000 * int(found[1]) + 100 * int(found[2] or 0)


def _read(path: Path | None) -> SiteCalibration | None:
    file = CalibrationFile(path)
    try:
        file.reread()
    except ConfigError:
        return None
    return file.value
