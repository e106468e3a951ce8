"""Keeps what the gates sent searchable: reads committed events in order, while the hub runs.

A worker for the supervisor. It never goes beyond a gate's watermark and never holds the store
for long: after each group of fresh events it lets the hub commit first, and while a gate drains
its backlog it rests, but for one group every few seconds. Between groups it does the hub's chores
(chores.py).
"""

import threading
import time
from collections.abc import Callable
from typing import Final

from gated.errors import StoreError
from gated.hub.chores import Chores
from gated.hub.office import Office
from gated.hub.projection import Feed, Projection
from gated.log import logger

IDLE_S: Final = 0.2
POLITE_S: Final = 0.02  # at least, while the hub is draining a gate
BUSY_S: Final = 3.0  # at most, between two groups while the hub is busy
TROUBLE_S: Final = 2.0
FRESH_MS: Final = 1_000
HOMELESS_MS: Final = 10_000  # a gate without a site is looked at again: somebody may enrol it
HOMELESS_REMEDY: Final = "enrol it at a site of this hub"

_log = logger("projector")


class Projector:
    """Makes events searchable until told to stop; interrupt() is for other threads.

    busy: whether the hub's own worker has all hands full; called on this thread.
    """

    name = "projector"

    def __init__(
        self,
        office: Office,
        clock_ms: Callable[[], int] = lambda: time.monotonic_ns() // 1_000_000,
        busy: Callable[[], bool] = lambda: False,
    ) -> None:
        self._office = office
        self._projection = Projection(office)
        self._clock_ms = clock_ms
        self._busy = busy
        self._rested_ms = clock_ms()
        self.beat_ms = clock_ms()
        self._wake = threading.Event()
        self._chores = Chores(office, clock_ms)
        self._homeless: dict[str, int] = {}  # gate -> when it is looked at again

    def run(self, stop: threading.Event) -> None:
        """Work until stop is set and interrupt() called. Blocks; trouble with the store heals."""
        while not stop.is_set():
            self.beat_ms = self._clock_ms()
            try:
                pause_s = IDLE_S if self.resting() else self._worked()
            except StoreError as error:
                _log.warning("hub.index_interrupted", cause=str(error))
                pause_s = TROUBLE_S
            if pause_s:
                self._wake.wait(pause_s)
            self._wake.clear()

    def interrupt(self) -> None:
        """A waiting run() looks at its stop flag at once. Any thread."""
        self._wake.set()

    def resting(self) -> bool:
        """Return whether the hub's worker is left alone now: it is busy, and not for BUSY_S yet."""
        if self._busy() and self._clock_ms() - self._rested_ms < BUSY_S * 1000:
            return True
        self._rested_ms = self._clock_ms()
        return False

    def _worked(self) -> float:
        self._chores.turn()
        return self.turn()

    def turn(self) -> float:
        """One group of every waiting epoch is searchable; return how long to wait, seconds.

        While gates are sending, twice as long as this took: the hub's commits come first.
        Raises StoreError.
        """
        began_ms = self._clock_ms()
        more = fresh = False
        for feed in self._waiting():
            self.beat_ms = self._clock_ms()
            step = self._projection.step(feed)
            if step.homeless and self._set_aside(feed.gate):
                _log.error("hub.gate_without_site", gate=feed.gate, remedy=HOMELESS_REMEDY)
            more = more or step.more
            fresh = fresh or self._office.utc_ms() - step.newest_ms < FRESH_MS
        if not more:
            return IDLE_S
        return max(POLITE_S, 2 * (self._clock_ms() - began_ms) / 1000) if fresh else 0.0

    def catch_up(self, each: Callable[[int], None] = lambda _events: None) -> int:
        """Every committed event is searchable; return how many became so. Raises StoreError.

        each: told how many after every group.
        """
        done = 0
        while feeds := self._waiting():
            for feed in feeds:
                step = self._projection.step(feed)
                if step.homeless:
                    self._set_aside(feed.gate)
                done += step.events
                each(step.events)
        return done

    def _waiting(self) -> list[Feed]:
        """Return what waits; a gate without a site is left out until it is looked at again."""
        now, feeds = self._clock_ms(), self._projection.waiting()
        return [feed for feed in feeds if self._homeless.get(feed.gate, now) <= now]

    def _set_aside(self, gate: str) -> bool:
        """The gate is looked at later; return whether it is the first time."""
        first = gate not in self._homeless
        self._homeless[gate] = self._clock_ms() + HOMELESS_MS
        return first
