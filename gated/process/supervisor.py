"""Starts and stops the threads of a program; no thread is started anywhere else.

A worker ends when its stop flag is raised. A worker that raises ends the whole program: main
sees `failed`, stops the rest, and the traceback goes to the log; systemd restarts us.
"""

import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from gated.log import logger

JOIN_S = 5.0  # all workers together; a thread that needs longer is stuck
STOP_SIGNALS = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGHUP})

_log = logger("supervisor")


class Worker(Protocol):
    """A loop with a name that can be told to end from another thread."""

    name: str

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set."""

    def interrupt(self) -> None:
        """End a blocked wait of `run` soon; may be called from any thread, any number of times."""


@dataclass(slots=True)
class _Started:
    worker: Worker
    thread: threading.Thread


class Supervisor:
    """Owns the threads of one program. start, wait and stop are called on the main thread."""

    def __init__(self, join_s: float = JOIN_S) -> None:
        self._join_s = join_s
        self._stop = threading.Event()
        self._started: list[_Started] = []
        self._failures: list[tuple[str, BaseException]] = []

    @property
    def failed(self) -> str:
        """Name of the first worker that raised, or an empty text."""
        return self._failures[0][0] if self._failures else ""

    def start(self, worker: Worker) -> None:
        """Run the worker on a thread of its own, signals blocked."""

        def body() -> None:
            try:
                worker.run(self._stop)
            except BaseException as error:  # noqa: BLE001 - reported, then the program ends
                self._failures.append((worker.name, error))
                _log.error("worker.failed", worker=worker.name, exc_info=error)
            if not self._stop.is_set() and not self.failed:
                self._failures.append((worker.name, RuntimeError("ended without being told")))
                _log.error("worker.ended", worker=worker.name, problem="nobody told it to")

        thread = threading.Thread(target=body, name=worker.name, daemon=True)
        self._started.append(_Started(worker, thread))
        thread.start()

    def wait(self, each: Callable[[], None], period_s: float = 0.25) -> None:
        """Return when a stop signal arrives or a worker fails; call `each` once per period."""
        # Looked at without waiting: a wait that a freeze (SIGSTOP, suspend) outlasts returns
        # whatever lay in memory instead of None (CPython, signal_sigtimedwait_impl).
        while not self.failed and signal.sigtimedwait(STOP_SIGNALS, 0) is None:
            each()
            self._stop.wait(period_s)

    def stop(self) -> list[str]:
        """Raise the stop flag, interrupt, join all against one deadline; name who is left."""
        self._stop.set()
        for started in self._started:
            started.worker.interrupt()
        deadline = time.monotonic() + self._join_s
        for started in self._started:
            started.thread.join(max(0.0, deadline - time.monotonic()))
        stuck = [started.worker.name for started in self._started if started.thread.is_alive()]
        for name in stuck:
            _log.error("worker.stuck", worker=name, waited_s=self._join_s)
        return stuck


def block_stop_signals() -> None:
    """Keep stop signals for `Supervisor.wait`; call on the main thread before any start."""
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
