"""Whom the newest call for the station reached: nobody yet, the centre, or somebody there.

A call waits until the hub has acknowledged its record. Engine thread only.
"""

from dataclasses import dataclass, replace
from typing import Final

from gated.core.model import Moment
from gated.screen.snapshot import CallState, CallView

SHOWN_MS: Final = 30 * 60_000


@dataclass(frozen=True, slots=True)
class Reach:
    """How far records have come. acked, last: seq; held: records without one."""

    acked: int
    last: int
    held: int


@dataclass(frozen=True, slots=True)
class _Called:
    """seq None: in memory only, the journal cannot be written."""

    reason: str
    at_ms: int
    seq: int | None
    by: str = ""
    answered: bool = False


class CallWatch:
    """Keeps the newest call."""

    def __init__(self) -> None:
        self._newest: _Called | None = None

    def called(self, reason: str, seq: int | None, mono_ms: int) -> None:
        """Somebody called; seq None: the record is held in memory."""
        self._newest = _Called(reason, mono_ms, seq)

    def answered(self, seq: int, by: str) -> None:
        """Somebody at the centre answered the call of this record; an older one is past.

        by: as the centre names them.
        """
        if self._newest is not None and self._newest.seq == seq:
            self._newest = replace(self._newest, answered=True, by=by)

    def view(self, now: Moment, reach: Reach) -> CallView | None:
        """Return the call as the screen shows it, None when there is none or it is old."""
        called = self._newest
        if called is None or now.mono_ms - called.at_ms >= SHOWN_MS:
            self._newest = None
            return None
        if called.seq is None and not reach.held:
            called = self._newest = replace(called, seq=reach.last)  # committed by now, up to here
        since_s = max(0, now.mono_ms - called.at_ms) // 1000
        return CallView(called.reason, _state(called, reach.acked), since_s, called.by)


def _state(called: _Called, acked: int) -> CallState:
    if called.answered:
        return "answered"
    delivered = called.seq is not None and called.seq <= acked
    return "delivered" if delivered else "waiting"
