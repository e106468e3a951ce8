"""What the gate keeps in mind of its own records: rounds, the newest call, counts of the shift.

The recorder tells of every event; at the start the newest rows of the journal tell of what was
before. Engine thread only.
"""

from collections.abc import Mapping
from typing import Any, Final
from zoneinfo import ZoneInfo

from gated.core.model import ClockState, Moment
from gated.core.text import Text
from gated.gate.call_watch import CallWatch, Reach
from gated.gate.round_watch import RoundWatch
from gated.gate.shift_summary import ShiftSummary
from gated.screen.look_up import Summary
from gated.screen.snapshot import CallView, RoundView
from gated.store.journal import Draft
from gated.store.journal_reader import JournalReader

WARM_ROWS: Final = 4_000  # read at the start: two busy days of one lane, a quarter of a second

_CLOCKS: Final = {2: ClockState.SYNCED, 1: ClockState.HOLDOVER}


class Watches:
    """timezone: the site's. every_h: [rounds] every_h. boot: id of this boot. now: the start."""

    def __init__(self, timezone: str, *, every_h: int, boot: str, now: Moment) -> None:
        self._boot = boot
        self._start = now
        self._rounds = RoundWatch(every_h, boot, now)
        self._calls = CallWatch()
        self._shift = ShiftSummary(ZoneInfo(timezone), now)

    def noted(self, draft: Draft, seq: int | None) -> None:
        """The recorder took this event; seq None: it is held in memory."""
        at, fields = draft.moment, draft.fields
        visit = fields.get("visit")
        key = ("visit", visit if isinstance(visit, int) else 0)
        self._shift.noted(draft.kind, fields, at, key)
        if draft.kind == "round":
            self._rounds.done(at)
        elif draft.kind == "call":
            self._calls.called(str(fields.get("reason", "")), seq, at.mono_ms)

    def warm(self, reader: JournalReader) -> None:
        """What the newest rows of the journal say is known. Raises StoreError."""
        state = reader.state()
        start = max(state.first, state.last + 1 - WARM_ROWS)
        oldest: int | None = None
        for entry in reader.entries(start):
            fields = entry.fields()
            if oldest is None:
                oldest = fields["t"]
                self._shift.look_back(oldest)
            self._recalled(fields, entry.seq)
        if oldest is not None and start > 1:
            self._shift.known_since(oldest)

    def _recalled(self, fields: Mapping[str, Any], seq: int) -> None:
        kind = fields["kind"]
        clock = _CLOCKS.get(fields["q"], ClockState.UNSURE)
        at = Moment(fields["m"], fields["t"], clock)
        self._shift.noted(kind, fields, at, ("seq", fields.get("of", seq)))
        if kind == "round":
            self._rounds.done(at, fields["b"])
        elif kind == "call":
            called_ms = self._here(at, fields["b"])
            if called_ms is not None:
                self._calls.called(str(fields.get("reason", "")), seq, called_ms)

    def _here(self, at: Moment, boot: str) -> int | None:
        """Return a recorded moment in monotonic ms of this boot, None when nobody can tell."""
        if boot == self._boot:
            return at.mono_ms
        if ClockState.UNSURE in (at.clock, self._start.clock):
            return None
        return self._start.mono_ms - max(0, self._start.utc_ms - at.utc_ms)

    def round(self, now: Moment) -> RoundView | None:
        """Return the disinfection round as the screen shows it, None for a gate without."""
        return self._rounds.view(now)

    def call(self, now: Moment, reach: Reach) -> CallView | None:
        """Return the newest call as the screen shows it, None when there is none."""
        return self._calls.view(now, reach)

    def answered(self, seq: int, by: str) -> None:
        """Somebody at the centre answered the call of this record. by: as it names them."""
        self._calls.answered(seq, by)

    def summary(
        self, now: Moment, *, on_duty: bool, backlog: int = 0, faults: tuple[Text, ...] = ()
    ) -> Summary:
        """Return the counts of the spell of duty, or of the day while nobody is on duty."""
        return self._shift.view(now, on_duty=on_duty, backlog=backlog, faults=faults)
