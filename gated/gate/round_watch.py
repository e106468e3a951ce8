"""When this gate was disinfected last, and whether it is time again. Engine thread only.

Counted by the monotonic clock within one boot; across boots by wall time, if somebody vouches for
both ends of it. Where neither can tell, no age is shown.
"""

from typing import Final

from gated.core.model import ClockState, Moment
from gated.screen.snapshot import RoundView

MINUTE_MS: Final = 60_000
HOUR_MS: Final = 60 * MINUTE_MS


class RoundWatch:
    """every_h: how often a round is due, 0: never. boot: id of this boot. now: the start."""

    def __init__(self, every_h: int, boot: str, now: Moment) -> None:
        self._every_ms = every_h * HOUR_MS
        self._boot = boot
        self._start_ms = now.mono_ms
        self._last: Moment | None = None
        self._last_boot = boot

    def done(self, at: Moment, boot: str = "") -> None:
        """A round was done. boot: id of the boot it was done in, "" for this one."""
        self._last, self._last_boot = at, boot or self._boot

    def view(self, now: Moment) -> RoundView | None:
        """Return what the screen shows, None for a gate without rounds.

        While no round is known the time since the start counts, so that a new gate is not late.
        """
        if not self._every_ms:
            return None
        ago_ms = self._ago_ms(now)
        waited_ms = now.mono_ms - self._start_ms if ago_ms is None else ago_ms
        ago_min = None if ago_ms is None else ago_ms // MINUTE_MS
        return RoundView(ago_min, overdue=waited_ms >= self._every_ms)

    def _ago_ms(self, now: Moment) -> int | None:
        last = self._last
        if last is None:
            return None
        if self._last_boot == self._boot:
            return max(0, now.mono_ms - last.mono_ms)
        if ClockState.UNSURE in (last.clock, now.clock):
            return None
        return max(0, now.utc_ms - last.utc_ms)
