"""Keeps the counts by which a drifting sensor is noticed, across restarts. Engine thread only."""

from datetime import date
from pathlib import Path

from gated.core.drift import Drift, Level, SkinDays, restored
from gated.core.model import Measurement, Moment, TemperatureState
from gated.errors import StoreError
from gated.log import logger
from gated.store.small_file import read_small, write_small

LOOK_EVERY_MS = 60_000
WRITE_EVERY_MS = 600_000  # what a pulled plug may cost: ten minutes of counts, nobody's record

_COUNTED = frozenset({TemperatureState.NORMAL, TemperatureState.IN_LINE, TemperatureState.ELEVATED})

_log = logger("thermometer")


class DriftWatch:
    """How today's skin compares with that of the days before, for one sensor and one offset.

    Another sensor, or another offset in the calibration, begins anew: its readings are others.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._days = SkinDays()
        self._of: str | None = None
        self._look_ms: int | None = None
        self._write_ms: int | None = None
        self._unwritten = False
        self.drift: Drift | None = None

    @property
    def level(self) -> Level:
        """How bad it is: `stop` ends automatic verdicts."""
        return "ok" if self.drift is None else self.drift.level

    @property
    def sentence(self) -> str:
        """What is the matter, or nothing."""
        if self.drift is None or self.level == "ok":
            return ""
        way = "above" if self.drift.by_mc > 0 else "below"
        shown = f"drift: skin reads {abs(self.drift.by_mc) / 1000:.1f} °C {way} the days before"
        return shown + ("; no automatic verdicts" if self.level == "stop" else "")

    def measured(self, taken: Measurement, today: date | None) -> None:
        """Somebody who passed was measured; what has no believed value does not count."""
        if today is None or taken.state not in _COUNTED:
            return
        if taken.skin_mc is None or taken.ambient_mc is None:
            return
        self._days.add(today, taken.ambient_mc, taken.skin_mc)
        self._unwritten = True

    def look(self, of: str, now: Moment, today: date | None) -> None:
        """The drift of today is known, at most a minute late. of: which sensor and offset."""
        if of != self._of:
            self._begin(of, now)
        elif self._look_ms is not None and now.mono_ms < self._look_ms:
            return
        self._look_ms = now.mono_ms + LOOK_EVERY_MS
        before = self.level
        self.drift = None if today is None else self._days.drift(today)
        if self.level != before:
            by_mc = 0 if self.drift is None else self.drift.by_mc
            _log.warning("thermometer.drift", level=self.level, by_mc=by_mc)
        if self._unwritten and (self._write_ms is None or now.mono_ms >= self._write_ms):
            self._write(now)

    def _begin(self, of: str, now: Moment) -> None:
        kept = read_small(self._path)
        days = kept.get("days")
        same = kept.get("of") == of and isinstance(days, dict)
        self._days = restored(days) if same and isinstance(days, dict) else SkinDays()
        self._of, self._unwritten = of, False
        self._write_ms = now.mono_ms + WRITE_EVERY_MS

    def _write(self, now: Moment) -> None:
        self._write_ms = now.mono_ms + WRITE_EVERY_MS
        self._unwritten = False
        try:
            write_small(self._path, {"of": self._of or "", "days": dict(self._days.stored())})
        except StoreError as error:  # the storage part tells a person; counts wait in memory
            self._unwritten = True
            _log.warning("thermometer.drift_not_kept", problem=str(error))
