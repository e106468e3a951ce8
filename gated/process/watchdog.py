"""Feeds systemd's watchdog while the heart of every worker beats.

A worker that raises ends the program by itself; this is for one that hangs. Its name goes to the
log before systemd ends and restarts the program.
"""

from collections.abc import Callable, Sequence
from typing import Final, Protocol

from gated.log import logger
from gated.process import systemd

SILENT_MS: Final = 120_000
"""Twice as long as any worker rests, and longer than a great list takes to build."""

_log = logger("supervisor")


class Beating(Protocol):
    """A worker that says when it last began something. beat_ms: monotonic; any thread reads it."""

    name: str
    beat_ms: int


class Watchdog:
    """Feeds or starves; main thread only. clock_ms: monotonic."""

    def __init__(self, workers: Sequence[Beating], clock_ms: Callable[[], int]) -> None:
        self._workers = tuple(workers)
        self._clock_ms = clock_ms
        self._named: set[str] = set()

    def feed(self) -> bool:
        """Tell systemd that the program lives, if it does; return whether it does."""
        now_ms = self._clock_ms()
        silent = {one.name for one in self._workers if now_ms - one.beat_ms >= SILENT_MS}
        for name in sorted(silent - self._named):
            _log.error("worker.silent", worker=name, waited_s=SILENT_MS // 1000)
        self._named = silent
        if silent:
            return False
        if systemd.watchdog_period_s() is not None:
            systemd.notify("WATCHDOG=1")
        return True
