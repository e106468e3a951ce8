"""How the shift went so far, in counts: for the guard who hands over. Engine thread only.

Fed with every event the recorder takes, and with the newest rows of the journal at the start. The
counts of a spell begin with its log-in; while nobody is on duty those since midnight are shown.
`SummaryBoard` is where the screen's threads read the newest summary.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from gated.core.model import ClockState, GuardActionKind, Moment, Verdict
from gated.core.text import Text
from gated.screen.look_up import Summary

VISITS_MAX: Final = 64  # visits whose verdict may still change; the oldest keeps the one it has

Key = tuple[str, int]
"""Which visit a row is about: its number in this process, or the seq of its first row."""

_COUNTED: Final = {
    "call": "calls",
    "registration": "registrations",
    "anomaly": "anomalies",
    "note": "notes",
    "round": "rounds",
}
_ACTS: Final = {
    GuardActionKind.MANUAL_PASS.value: "manual",
    GuardActionKind.REFUSE.value: "refused",
}


class Tally:
    """Counts since one moment. since_ms: UTC."""

    def __init__(self, since_ms: int) -> None:
        self.since_ms = since_ms
        self.counts = Counter[str]()
        self.verdicts = Counter[str]()
        self._newest: dict[Key, str] = {}

    def add(self, kind: str, fields: Mapping[str, Any], visit: Key) -> None:
        """Count one event."""
        if kind == "passage":
            self._passage(fields, visit)
        elif kind == "follow_up" and fields.get("what") == "guard_timeout":
            self.counts["unanswered"] += 1
        elif kind in _COUNTED:
            self.counts[_COUNTED[kind]] += 1

    def _passage(self, fields: Mapping[str, Any], visit: Key) -> None:
        verdict = str(fields.get("verdict"))
        former = self._newest.pop(visit, None)
        if former is not None:
            self.verdicts[former] -= 1
        self.verdicts[verdict] += 1
        self._newest[visit] = verdict
        if len(self._newest) > VISITS_MAX:
            del self._newest[next(iter(self._newest))]
        act = _ACTS.get(str(fields.get("guard_act")))
        if act is not None:
            self.counts[act] += 1


class ShiftSummary:
    """Two tallies: of the spell of duty and of the day."""

    def __init__(self, timezone: ZoneInfo, now: Moment) -> None:
        self._timezone = timezone
        self._day: date | None = None
        self._of_day = Tally(now.utc_ms)
        self._of_spell = Tally(now.utc_ms)

    def noted(self, kind: str, fields: Mapping[str, Any], at: Moment, visit: Key) -> None:
        """One more event counts."""
        self._turn(at)
        if kind == "shift" and fields.get("act") == "begin":
            self._of_spell = Tally(at.utc_ms)
        for tally in (self._of_day, self._of_spell):
            tally.add(kind, fields, visit)

    def look_back(self, utc_ms: int) -> None:
        """What follows is told by the journal, whose rows begin here."""
        self._of_day, self._of_spell = Tally(utc_ms), Tally(utc_ms)

    def known_since(self, utc_ms: int) -> None:
        """The journal's older rows were not read: no count is of before this moment."""
        for tally in (self._of_day, self._of_spell):
            tally.since_ms = max(tally.since_ms, utc_ms)

    def view(
        self, now: Moment, *, on_duty: bool, backlog: int = 0, faults: tuple[Text, ...] = ()
    ) -> Summary:
        """Return the summary of the spell, or of the day while nobody is on duty."""
        self._turn(now)
        tally = self._of_spell if on_duty else self._of_day
        since = datetime.fromtimestamp(tally.since_ms / 1000, self._timezone)
        return Summary(
            since=since.strftime("%H:%M"),
            passages={one.value: tally.verdicts[one.value] for one in Verdict},
            backlog=backlog,
            faults=faults,
            **{name: tally.counts[name] for name in (*_COUNTED.values(), *_ACTS.values())},
            unanswered=tally.counts["unanswered"],
        )

    def _turn(self, at: Moment) -> None:
        """A new day begins at midnight, as far as somebody vouches for the clock."""
        if at.clock is ClockState.UNSURE:
            return
        local = datetime.fromtimestamp(at.utc_ms / 1000, self._timezone)
        if local.date() == self._day:
            return
        self._day = local.date()
        midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
        self._of_day = Tally(round(midnight.timestamp() * 1000))


class SummaryBoard:
    """The newest summary: posted by the engine, read by any thread; replaced whole."""

    def __init__(self) -> None:
        self._newest = Summary()

    def post(self, summary: Summary) -> None:
        """The summary is the newest one."""
        self._newest = summary

    def latest(self) -> Summary:
        """Return the newest one; an empty one before the first."""
        return self._newest
