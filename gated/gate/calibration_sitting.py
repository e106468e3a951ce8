"""A calibration as its page sees it: one sitting, however many browsers look at it.

Readings are taken on a thread of their own, orders come from any. Every change carries the number
of the state it was made on; a browser that is behind is told so and shows how it is now.
"""

import threading
from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from typing import Any, Final

from gated.core.calibration import PEOPLE_MIN, SiteCalibration
from gated.core.calibration_fit import SPREAD_MIN_MC, Fit, Objection, Pair, spread_mc
from gated.core.calibration_plot import Look, svg_plot
from gated.core.thermometry_reading import Reading
from gated.errors import StoreError
from gated.gate.calibration_desk import CalibrationDesk, Told, Wrist, WristWait, Written
from gated.gate.calibration_session import SessionRefused
from gated.gate.calibration_writing import CalibrationNotWritten
from gated.gate.live_board import News
from gated.gate.local_page import NotNow
from gated.gate.thermometer_source import SILENT_S, Source, silence

POLL_S: Final = 0.2
OPENING: Final = "opening"  # no reading came yet, so the sensor is not known
REFUSED: Final = "refused"  # pairs are kept that cannot be gone on with
READY: Final = "ready"
WAITING: Final = "waiting"  # for a wrist
TYPING: Final = "typing"  # a wrist was measured, its contact value is asked for
WRITTEN: Final = "written"
LEFT: Final = "left"
_WITHOUT_SESSION: Final = (OPENING, REFUSED, WRITTEN, LEFT)
_SHOWN: Final = (
    "object_mc",
    "skin_mc",
    "background_mc",
    "surroundings_mc",
    "phase",
    "reason",
    "awaited",
    "calibrated",
)


class CalibrationSitting:
    """Owns the desk. A Worker: `run` takes the readings. Orders raise NotNow.

    offset_mc: as measured today, None: as known from before. pair_s: how long before a card a
    wrist counts for a visit. day_sure: whether somebody vouches for the date.
    """

    name = "calibration"

    def __init__(
        self,
        desk: CalibrationDesk,
        source: Source,
        offset_mc: int | None,
        *,
        fresh: bool = False,
        pair_s: float = 0,
        day_sure: bool = True,
        silent_s: float = SILENT_S,
    ) -> None:
        self._desk = desk
        self._source = source
        self._offset_mc = offset_mc
        self._fresh = fresh
        self._pair_s = pair_s
        self._day_sure = day_sure
        self._silent_s = silent_s
        self._lock = threading.Lock()
        self._mark = source.board.mark
        self._number = 1
        self._phase = OPENING
        self._reading: Reading | None = None
        self._silent = ""
        self._wait: WristWait | None = None
        self._wrist: Wrist | None = None
        self._said = Told("")
        self._problem: SessionRefused | StoreError | CalibrationNotWritten | None = None
        self._resumed = 0
        self._written: Written | None = None

    @property
    def over(self) -> bool:
        """Whether the technician has ended it."""
        return self._phase == LEFT

    @property
    def written(self) -> Written | None:
        """What was written, if anything was."""
        return self._written

    # -- readings -------------------------------------------------------------------------------

    def run(self, stop: threading.Event) -> None:
        """Take readings until `stop`."""
        quiet_s = 0.0
        while not stop.is_set():
            news = self._source.board.after(self._mark, POLL_S)
            self._mark = news.mark
            quiet_s = 0.0 if news.readings else quiet_s + POLL_S
            with self._lock:
                for reading in news.readings:
                    self._take(reading)
                if not news.readings and (news.ended or quiet_s >= self._silent_s):
                    self._fall_silent(news)
            if news.ended and not news.readings:
                stop.wait()

    def interrupt(self) -> None:
        """Nothing to do: the wait for a reading is short."""

    def _take(self, reading: Reading) -> None:
        self._reading, self._silent = reading, ""
        if self._phase == OPENING:
            self._begin(fresh=self._fresh)
        elif self._wait is not None:
            try:
                heard = self._wait.take(reading)
            except SessionRefused as error:
                self._refuse(error)
                return
            if heard.told:
                self._said = heard.told[-1]
            if heard.over:
                self._wrist = heard.wrist
                self._said = Told("") if heard.wrist else self._said
                self._become(READY if heard.wrist is None else TYPING)

    def _begin(self, *, fresh: bool) -> None:
        assert self._reading is not None, "the sensor is known by a reading"
        try:
            self._desk.begin(self._reading.serial, self._offset_mc, fresh=fresh)
        except SessionRefused as error:
            self._refuse(error)
            return
        self._problem = None
        self._resumed = len(self._desk.session.pairs)
        self._become(READY)

    def _refuse(self, error: SessionRefused) -> None:
        self._problem = error
        if error.code == "changed":
            self._offset_mc = None  # it was measured of the other one
        self._become(REFUSED)

    def _fall_silent(self, news: News) -> None:
        self._silent = silence(self._source, news, self._silent_s)
        self._reading = None
        if self._phase == WAITING:
            self._become(READY)

    def _become(self, phase: str) -> None:
        self._phase = phase
        self._number += 1
        if phase != WAITING:
            self._wait = None

    # -- what is seen ---------------------------------------------------------------------------

    def live(self) -> dict[str, Any]:
        """Return the newest reading, and by the number whether anything else has changed."""
        with self._lock:
            found = self._reading
            return {
                "number": self._number,
                "reading": found and {name: getattr(found, name) for name in _SHOWN},
                "said": asdict(self._said),
                "silent": self._silent,
            }

    def state(self) -> dict[str, Any]:
        """Return everything the page draws."""
        with self._lock:
            problem = self._problem
            return {
                "number": self._number,
                "phase": self._phase,
                "daemon": self._source.daemon,
                "pair_s": round(self._pair_s),
                "day_sure": self._day_sure,
                "problem": problem and {"code": _code(problem), "text": str(problem)},
                "wrist": self._wrist and asdict(self._wrist),
                "path": str(self._desk.path),
                "people_min": PEOPLE_MIN,
                "spread_min_mc": SPREAD_MIN_MC,
                "session": self._session_told(),
                "written": self._written_told(),
            }

    def _session_told(self) -> dict[str, Any] | None:
        """Return pairs and fit, None while there is no session that can be gone on with."""
        if self._phase in _WITHOUT_SESSION:
            return None
        session, standing = self._desk.session, self._desk.standing()
        fit = standing.fit
        return {
            "conditions": asdict(session.conditions) | {"dated": str(session.conditions.dated)},
            "begun": str(session.begun),
            "resumed": self._resumed,
            "spread_mc": spread_mc(session.pairs),
            "pairs": [
                asdict(pair)
                | {
                    "off_mc": fit and fit.residual_of(pair),
                    "doubted": fit is not None and place in fit.suspects,
                }
                for place, pair in enumerate(session.pairs)
            ],
            "missing": [one.code for one in standing.missing],
            "fit": fit and asdict(fit),
            "refusal": standing.refusal and standing.refusal.code,
            "former": _told(self._desk.former()) if self._desk.path.exists() else None,
        }

    def _written_told(self) -> dict[str, Any] | None:
        done = self._written
        if done is None:
            return None
        return {
            "path": str(done.path),
            "picture": str(done.picture),
            "picture_problem": done.picture_problem,
            "kept": done.kept and str(done.kept),
            "in_use": done.in_use,
            "calibration": _told(done.made),
        }

    def plot(self, look: Look) -> str | None:
        """Return the picture of pairs and line, None while there is no line."""
        with self._lock:
            if self._phase in _WITHOUT_SESSION:
                return None
            fit = self._desk.standing().fit
            pairs = self._desk.session.pairs
            return None if fit is None else svg_plot(pairs, fit, "k, c", look)

    # -- orders ---------------------------------------------------------------------------------

    def call(self, number: int) -> None:
        """The next person is called: a wrist is waited for."""
        with self._lock:
            self._check(number, READY)
            if self._silent:
                raise NotNow("silent")
            self._wait, self._said, self._problem = self._desk.wait(), Told(""), None
            self._become(WAITING)

    def stop_waiting(self, number: int) -> None:
        """Nobody's wrist is waited for any more."""
        with self._lock:
            self._check(number, WAITING)
            self._said = Told("")
            self._become(READY)

    def contact(self, number: int, typed: str) -> None:
        """Wrist and contact value are one pair more."""
        with self._lock:
            self._check(number, TYPING)
            assert self._wrist is not None, "there is one to type for"
            pair = _agreed(self._desk.pair(self._wrist, typed))
            self._keep(lambda: self._desk.session.add(pair))
            self._wrist = None
            self._become(READY)

    def leave_out(self, number: int) -> None:
        """The wrist that was measured is nobody's pair."""
        with self._lock:
            self._check(number, TYPING)
            self._wrist = None
            self._become(READY)

    def drop(self, number: int, place: int) -> None:
        """A pair is out."""
        with self._lock:
            self._check(number, READY)
            self._check_place(place)
            self._keep(lambda: self._desk.session.drop(place))
            self._become(READY)

    def correct(self, number: int, place: int, typed: str) -> None:
        """A pair has another contact value."""
        with self._lock:
            self._check(number, READY)
            self._check_place(place)
            pair = _agreed(self._desk.corrected(place, typed))
            self._keep(lambda: self._desk.session.correct(place, pair))
            self._become(READY)

    def believe(self, number: int, place: int) -> None:
        """A doubted pair is right."""
        with self._lock:
            self._check(number, READY)
            fit = self._desk.standing().fit
            if fit is None or place not in fit.suspects:
                raise NotNow("not_doubted")
            self._keep(lambda: self._desk.session.believe(place))
            self._become(READY)

    def begin_anew(self, number: int) -> None:
        """The pairs are forgotten; a session of the sensor that answers now is begun."""
        with self._lock:
            self._check(number, READY, REFUSED)
            if self._reading is None:
                raise NotNow("silent")
            self._said = Told("")
            self._begin(fresh=True)

    def write(self, number: int) -> None:
        """The calibration is written."""
        with self._lock:
            self._check(number, READY)
            standing = self._desk.standing()
            if standing.fit is None:
                raise NotNow(f"missing_{standing.missing[0].code}")
            if standing.refusal is not None:
                raise NotNow(standing.refusal.code)
            fit = standing.fit
            self._keep(lambda: self._write(fit))
            self._become(WRITTEN)

    def _write(self, fit: Fit) -> None:
        self._written = self._desk.write(fit)

    def end(self, number: int) -> None:
        """There is nothing more to do; pairs that made no calibration are kept."""
        with self._lock:
            self._check(number, READY, REFUSED, OPENING, WRITTEN)
            self._become(LEFT)

    def _check(self, number: int, *phases: str) -> None:
        if number != self._number:
            raise NotNow("changed_elsewhere")
        if self._phase not in phases:
            raise NotNow("not_now")

    def _check_place(self, place: int) -> None:
        if not 0 <= place < len(self._desk.session.pairs):
            raise NotNow("no_such_pair")

    def _keep(self, act: Callable[[], None]) -> None:
        """Do what goes onto the card; the state says why when it could not be done."""
        try:
            act()
        except SessionRefused as error:
            raise NotNow(error.code) from error
        except (StoreError, CalibrationNotWritten) as error:
            self._problem = error
            self._number += 1
            raise NotNow(_code(error)) from error
        self._problem = None


def _code(problem: SessionRefused | StoreError | CalibrationNotWritten) -> str:
    if isinstance(problem, SessionRefused):
        return problem.code
    return "not_kept" if isinstance(problem, StoreError) else "not_written"


def _agreed(found: Pair | Objection) -> Pair:
    if isinstance(found, Objection):
        raise NotNow(found.code, "contact")
    return found


def _told(made: SiteCalibration | None) -> dict[str, Any]:
    """Return a calibration as the page shows it, empty for one that cannot be read."""
    if made is None:
        return {}
    names = ("k_milli", "c_mc", "people", "residual_mc", "valid_days")
    ends = min(made.made, made.offset_dated) + timedelta(days=made.valid_days)
    return {name: getattr(made, name) for name in names} | {
        "made": str(made.made),
        "ends": str(ends),
    }
