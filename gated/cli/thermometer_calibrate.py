"""`gated thermometer calibrate`: people measured twice, a line through them, a dated file.

Per person: the sensor measures the wrist, the technician types what a contact thermometer in the
armpit says. Nothing but these numbers is asked for or kept.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final

import typer

from gated.cli.outcome import configured, say
from gated.cli.thermometer_line import looking, next_readings, the_day
from gated.config import Config, load
from gated.core.calibration import OFFSET_LIMIT_MC, PEOPLE_MIN
from gated.core.calibration_fit import Fit, Objection, Pair
from gated.core.calibration_plot import text_plot
from gated.gate.calibration_desk import (
    NO_NUMBER,
    NO_VALUE,
    NO_WRIST,
    STILL_THERE,
    VISIT,
    CalibrationDesk,
    Told,
    Wrist,
    Written,
)
from gated.gate.calibration_session import CalibrationSession, alone
from gated.gate.calibration_writing import refuse_unwritable
from gated.gate.thermometer_source import Source, calibration_path

MENU = "Enter: next person, u: drop the last, f: fit, q: leave and keep"
SAID: Final = {
    STILL_THERE: "  somebody is still there; take the wrist away",
    VISIT: "  that value belongs to a visit at the gate; it is left alone",
    NO_VALUE: "  no value: {}; again, please",
    NO_WRIST: "no wrist was measured for a minute",
}


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
            desk = CalibrationDesk(settings, path, lambda: today)
            with alone(desk.kept):
                written = _Walk(settings, desk, source).through(sensor_offset, fresh=fresh)
            if not written:
                raise typer.Exit(1)


def offset_mc_of(sensor_offset: float | None) -> int | None:
    """Return the option in thousandths. Raises BadParameter when no offset may be as large."""
    if sensor_offset is None:
        return None
    offset_mc = round(sensor_offset * 1000)
    if abs(offset_mc) > OFFSET_LIMIT_MC:
        limit = f"{OFFSET_LIMIT_MC / 1000:.1f}"
        raise typer.BadParameter(f"more than {limit} °C", param_hint="--sensor-offset")
    return offset_mc


class _Walk:
    """One sitting of a technician at a terminal: pairs, a fit, a file."""

    def __init__(self, config: Config, desk: CalibrationDesk, source: Source) -> None:
        self._config = config
        self._desk = desk
        self._source = source

    @property
    def _session(self) -> CalibrationSession:
        return self._desk.session

    def through(self, sensor_offset: float | None, *, fresh: bool) -> bool:
        """Take the technician through; return whether a calibration was written."""
        serial = next(next_readings(self._source)).serial
        self._desk.begin(serial, offset_mc_of(sensor_offset), fresh=fresh)
        self._greet()
        while True:
            word = typer.prompt(MENU, default="", show_default=False, err=True).strip().lower()
            if word == "q":
                say(f"{len(self._session.pairs)} pairs are kept in {self._desk.kept}")
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
        wrist = self._wrist()
        if wrist is None:
            return
        around_mc = wrist.surroundings_mc
        say(f"skin {wrist.skin_mc / 1000:.2f} °C, surroundings {around_mc / 1000:.2f} °C")
        pair = self._typed(wrist)
        if pair is not None:
            self._session.add(pair)
            print(_row(len(self._session.pairs), pair), flush=True)

    def _wrist(self) -> Wrist | None:
        """Return what a wrist came to, None when none was measured, saying why."""
        wait = self._desk.wait()
        for reading in next_readings(self._source):
            heard = wait.take(reading)
            for told in heard.told:
                say(_sentence(told))
            if heard.over:
                return heard.wrist
        raise AssertionError("readings come for ever, or there is an error")

    def _typed(self, wrist: Wrist) -> Pair | None:
        """Ask for the contact value until it can be one, None when the person is left out."""
        while True:
            text = typer.prompt("Contact thermometer in °C (s: leave this person out)", err=True)
            if text.strip().lower() == "s":
                return None
            pair = self._desk.pair(wrist, text)
            if isinstance(pair, Pair):
                return pair
            say(pair.text)

    # -- the fit --------------------------------------------------------------------------------

    def _fit(self) -> bool:
        """Fit, ask about doubtful pairs, write; return whether a calibration was written."""
        wanted = self._desk.standing().missing
        if wanted:
            for one in wanted:
                say(f"still needed: {one.text}")
            return False
        fit, problem = self._settled()
        if fit is None:
            return False
        for plotted in text_plot(self._session.pairs, fit):
            print(plotted)
        print(_summary(fit), flush=True)
        if problem:
            say(f"not written: {problem.text}")
            return False
        say_written(self._desk.write(fit))
        return True

    def _settled(self) -> tuple[Fit | None, Objection | None]:
        """Return the fit once a person has decided about every suspect, and what speaks against it.

        No fit when pairs lack.
        """
        while True:
            standing = self._desk.standing()
            if standing.fit is None:
                say("now pairs are missing; go on with more people")
                return None, None
            if not standing.fit.suspects:
                return standing.fit, standing.refusal
            self._ask_about(standing.fit.suspects[0], standing.fit)

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
            corrected = self._desk.corrected(place, word)
            if isinstance(corrected, Pair):
                self._session.correct(place, corrected)
                return
            say(f"{word} is none of these" if corrected is NO_NUMBER else corrected.text)


def say_written(done: Written) -> None:
    """Say where a calibration is, what became of the former one, and how it comes into use."""
    if done.picture_problem:
        say(done.picture_problem)
    say(f"written: {done.path} (plot: {done.picture}), valid for {done.made.valid_days} days")
    if done.kept is not None:
        say(f"the former one is kept: {done.kept}")
    if done.in_use:
        say("a running gate takes it up by itself")
    else:
        say(
            "to take it into use put this into gated.toml and restart the gate: "
            f'[thermometer] site = "{done.path}"'
        )


def _words(question: str) -> Iterator[str]:
    while True:
        yield typer.prompt(question, err=True).strip().lower()


def _sentence(told: Told) -> str:
    return SAID.get(told.code, f"  {told.code}").format(told.detail)


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
