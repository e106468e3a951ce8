"""`gated thermometer calibrate`: people measured twice, a line through them, a dated file.

Per person: the sensor measures the wrist, the technician types what a contact thermometer in the
armpit says. Nothing but these numbers is asked for or kept.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from gated.cli.outcome import configured, say
from gated.cli.thermometer_line import looking, next_readings, the_day
from gated.config import Config, ThermometerSection, load
from gated.core.calibration import OFFSET_LIMIT_MC, PEOPLE_MIN, SiteCalibration
from gated.core.calibration_fit import (
    Fit,
    Pair,
    calibration_of,
    fitted,
    missing,
    pair_problem,
    refusal,
)
from gated.core.calibration_plot import svg_plot, text_plot
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
from gated.gate.calibration_writing import refuse_unwritable, replaced, written
from gated.gate.devices import thermometry_config
from gated.gate.thermometer_desk import CalibrationFile
from gated.gate.thermometer_source import Source, calibration_path

WRIST_MS = 60_000
# What the thermometry stands behind; anything else keeps its numbers but says why not.
USABLE = (TemperatureState.NORMAL, TemperatureState.IN_LINE, TemperatureState.ELEVATED)
LINE_MIN = 3  # pairs before a line says anything
MENU = "Enter: next person, u: drop the last, f: fit, q: leave and keep"
_VALUE = re.compile(r"(\d\d)(?:[.,](\d))?")


def calibrate(
    *,
    out: Annotated[
        Path | None, typer.Option("--out", help="File to write. Default: [thermometer] site.")
    ] = None,
    sensor_offset: Annotated[
        float | None,
        typer.Option("--sensor-offset", help="°C found today with `gated thermometer check`."),
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Forget the pairs of an unfinished session.")
    ] = False,
    config: Annotated[Path | None, typer.Option("--config", help="Configuration file.")] = None,
) -> None:
    """Calibrate the thermometer for this site with 30 people or more. Exit 0 a file was written.

    An unfinished session is gone on with; leave with q whenever you like, exit 1.
    """
    with configured():
        settings = load(config)
        today = the_day(settings)
        path = out or calibration_path(settings)
        with looking(settings) as source:
            refuse_unwritable(path)
            assert settings.thermometer is not None, "there is nothing to look at without one"
            walk = _Walk(settings, settings.thermometer, source, path, today)
            if not walk.through(sensor_offset, fresh=fresh):
                raise typer.Exit(1)


class _Walk:
    """One sitting of a technician: pairs, a fit, a file."""

    def __init__(
        self, config: Config, section: ThermometerSection, source: Source, path: Path, today: date
    ) -> None:
        self._config = config
        self._section = section
        self._source = source
        self._path = path
        self._today = today
        self._session: CalibrationSession

    def through(self, sensor_offset: float | None, *, fresh: bool) -> bool:
        """Take the technician through; return whether a calibration was written."""
        serial = next(next_readings(self._source)).serial
        kept = self._config.store.dir / FILE
        if fresh:
            kept.unlink(missing_ok=True)
        conditions = self._conditions(serial, sensor_offset)
        self._session = taken_up(kept, conditions, self._today)
        self._greet()
        while True:
            word = typer.prompt(MENU, default="", show_default=False, err=True).strip().lower()
            if word == "q":
                say(f"{len(self._session.pairs)} pairs are kept in {kept}")
                return False
            if word == "u":
                self._undo()
            elif word == "f":
                if self._fit():
                    return True
            elif word:
                say(f"{word} is none of these")
            else:
                self._person()

    def _conditions(self, serial: str, sensor_offset: float | None) -> Conditions:
        offset_mc, dated = 0, self._today
        known = self._offset_known(serial)
        if sensor_offset is not None:
            offset_mc = round(sensor_offset * 1000)
            if abs(offset_mc) > OFFSET_LIMIT_MC:
                limit = f"{OFFSET_LIMIT_MC / 1000:.1f}"
                raise typer.BadParameter(f"more than {limit} °C", param_hint="--sensor-offset")
        elif known is not None:
            offset_mc, dated = known
        supply_mv = round(self._section.supply_v * 1000)
        return Conditions(serial, self._section.variant, supply_mv, offset_mc, dated)

    def _offset_known(self, serial: str) -> tuple[int, date] | None:
        """Return the offset of this sensor as an earlier calibration has it, while that holds."""
        begun = kept_conditions(self._config.store.dir / FILE)
        if begun is not None and begun.sensor == serial:
            return begun.offset_mc, begun.dated
        file = CalibrationFile(self._section.site)
        try:
            file.reread()
        except ConfigError:
            return None
        found = file.value
        if found is None or found.sensor != (serial or None) or found.offset_mc == 0:
            return None
        holds = replace(found, made=found.offset_dated).valid_on(self._today)
        return (found.offset_mc, found.offset_dated) if holds else None

    def _greet(self) -> None:
        own, session = self._session.conditions, self._session
        say("Surface temperature screening: calibration for this site.")
        where = "the running gate" if self._source.daemon else "the sensor"
        say(
            f"Readings come from {where}: {own.variant}, serial {own.sensor or 'unknown'}, "
            f"{own.supply_mv / 1000} V, offset {own.offset_mc / 1000:+.2f} °C of {own.dated}."
        )
        if self._source.daemon:
            pair_s = self._config.visit.pair_s
            say(
                f"Let nobody show a card within {pair_s:.0f} s of a wrist that is measured for "
                "this: a wrist before its card is a visit as well."
            )
        if session.pairs:
            say(f"Going on with {len(session.pairs)} pairs begun on {session.begun}.")
        say(
            f"At least {PEOPLE_MIN} people at rest for 10 minutes, bare wrist, over the room "
            "temperatures of the season; on several days if need be."
        )

    def _undo(self) -> None:
        session = self._session
        if not session.pairs:
            say("there is no pair to drop")
            return
        say(f"dropped: {_row(len(session.pairs), session.pairs[-1])}")
        session.drop(len(session.pairs) - 1)

    # -- a person -------------------------------------------------------------------------------

    def _person(self) -> None:
        """Measure one person and take the typed value; at most one pair more is kept."""
        say(f"Person {len(self._session.pairs) + 1}: hold the wrist before the sensor.")
        reading = self._wrist()
        if reading is None:
            return
        assert reading.taken is not None, "a wrist was measured"
        assert reading.taken.raw_mc is not None, "with a value"
        assert reading.background_mc is not None, "against a background"
        skin_mc, around_mc = self._corrections().skin(reading.taken.raw_mc, reading.background_mc)
        say(f"skin {skin_mc / 1000:.2f} °C, surroundings {around_mc / 1000:.2f} °C")
        pair = self._typed(skin_mc, around_mc)
        if pair is not None:
            self._session.add(pair)
            print(_row(len(self._session.pairs), pair), flush=True)

    def _corrections(self) -> Corrections:
        kind = thermometry_config(self._section)
        return Corrections(kind.three_volt, kind.supply_v, self._session.conditions.offset_mc)

    def _wrist(self) -> Reading | None:
        """Return the reading with which a wrist was measured, None when none was, saying why."""
        first_ms, told = None, ""
        for reading in next_readings(self._source):
            first_ms = reading.mono_ms if first_ms is None else first_ms
            if reading.serial != self._session.conditions.sensor:
                raise SessionRefused("the sensor was changed; begin anew with --fresh")
            stays = reading.phase == "holding" and reading.taken is None
            reason = "somebody is still there; take the wrist away" if stays else reading.reason
            if reason and reason != told:
                told = reason
                say(f"  {told}")
            if reading.taken is not None and not self._refused(reading):
                return reading
            if reading.taken is not None and not reading.awaited:
                return None
            if reading.mono_ms - first_ms > WRIST_MS:
                say("no wrist was measured for a minute")
                return None
        raise AssertionError("readings come for ever, or there is an error")

    def _refused(self, reading: Reading) -> bool:
        """Return whether this value is not to be used, saying why."""
        taken = reading.taken
        assert taken is not None, "asked of values only"
        if reading.awaited:
            say("  that value belongs to a visit at the gate; it is left alone")
            return True
        if taken.state not in USABLE:
            say(f"  no value: {taken.detail or taken.state.value}; again, please")
            return True
        return False

    def _typed(self, skin_mc: int, around_mc: int) -> Pair | None:
        """Ask for the contact value until it can be one, None when the person is left out."""
        while True:
            text = typer.prompt("Contact thermometer in °C (s: leave this person out)", err=True)
            if text.strip().lower() == "s":
                return None
            contact_mc = _contact_mc(text)
            if contact_mc is None:
                say("type it as the thermometer shows it, for example 36.5")
                continue
            pair = Pair(skin_mc, around_mc, contact_mc)
            problem = pair_problem(pair)
            if not problem:
                return pair
            say(problem)

    # -- the fit --------------------------------------------------------------------------------

    def _fit(self) -> bool:
        """Fit, ask about doubtful pairs, write; return whether a calibration was written."""
        wanted = missing(self._session.pairs)
        if wanted:
            for sentence in wanted:
                say(f"still needed: {sentence}")
            return False
        fit = self._settled()
        if fit is None:
            return False
        for plotted in text_plot(self._session.pairs, fit):
            print(plotted)
        print(_summary(fit), flush=True)
        problem = refusal(fit)
        if problem:
            say(f"not written: {problem}")
            return False
        self._write(fit)
        return True

    def _settled(self) -> Fit | None:
        """Return the fit when a person has decided about every suspect, None when pairs lack."""
        while True:
            session = self._session
            if missing(session.pairs):
                say("now pairs are missing; go on with more people")
                return None
            fit = fitted(session.pairs)
            doubted = tuple(place for place in fit.suspects if place not in session.sure)
            if not doubted:
                return replace(fit, suspects=())
            self._ask_about(doubted[0], fit)

    def _ask_about(self, place: int, fit: Fit) -> None:
        pair = self._session.pairs[place]
        off_c = fit.residual_of(pair) / 1000
        say(f"{_row(place + 1, pair)}: {off_c:+.2f} °C off the line, was that typed right?")
        for word in _words("k: keep, d: drop, or the right contact value"):
            if word == "k":
                self._session.believe(place)
                return
            if word == "d":
                self._session.drop(place)
                return
            contact_mc = _contact_mc(word)
            if contact_mc is None:
                say(f"{word} is none of these")
                continue
            corrected = replace(pair, contact_mc=contact_mc)
            problem = pair_problem(corrected)
            if not problem:
                self._session.correct(place, corrected)
                return
            say(problem)

    def _write(self, fit: Fit) -> None:
        own = self._session.conditions
        made = calibration_of(
            fit,
            self._today,
            # none was measured: what the sensor misses is in c, as of today
            offset=(own.offset_mc, own.dated if own.offset_mc else self._today),
            model_id=f"{self._config.gate.site}-wrist-{self._today}",
            sensor=own.sensor or None,
        )
        kept = written(self._path, made)
        picture = self._path.with_suffix(".svg")
        try:
            replaced(picture, svg_plot(self._session.pairs, fit, made.model_id))
        except OSError as error:
            say(f"cannot write {picture}: {error.strerror}; the calibration is written")
        self._session.finish()
        self._say_written(made, kept, picture)

    def _say_written(self, made: SiteCalibration, kept: Path | None, picture: Path) -> None:
        say(f"written: {self._path} (plot: {picture}), valid for {made.valid_days} days")
        if kept is not None:
            say(f"the former one is kept: {kept}")
        if self._section.site is not None and self._section.site == self._path:
            say("a running gate takes it up by itself")
        else:
            say(
                "to take it into use put this into gated.toml and restart the gate: "
                f'[thermometer] site = "{self._path}"'
            )


def _words(question: str) -> Iterator[str]:
    while True:
        yield typer.prompt(question, err=True).strip().lower()


def _contact_mc(text: str) -> int | None:
    """Return what was typed in thousandths, None when it is no value in tenths of °C."""
    found = _VALUE.fullmatch(text.strip())
    if found is None:
        return None
    return 1000 * int(found[1]) + 100 * int(found[2] or 0)


def _row(number: int, pair: Pair) -> str:
    return (
        f"{number:3d}  skin {pair.skin_mc / 1000:.2f}  surroundings "
        f"{pair.surroundings_mc / 1000:.2f}  contact {pair.contact_mc / 1000:.1f}"
    )


def _summary(fit: Fit) -> str:
    return (
        f"body = skin + k x (skin - surroundings) + c:  k = {fit.k_milli / 1000:.3f} ± "
        f"{fit.k_error_milli / 1000:.3f}, c = {fit.c_mc / 1000:+.2f} ± "
        f"{fit.c_error_mc / 1000:.2f} °C, off by {fit.residual_mc / 1000:.2f} °C (rms) over "
        f"{fit.people} people"
    )
