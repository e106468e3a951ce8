"""Wait for a condition with a limit, never for a time."""

import os
import threading
import time
from collections.abc import Callable

LIMIT_S = 20.0
BUSY_MAX = 3.0  # a machine busier than this hides a program that has become slow
_PAUSE = threading.Event()


def wait_until(condition: Callable[[], object], *, what: str, limit_s: float = LIMIT_S) -> None:
    """Return once condition() is true; fail naming what was waited for."""
    end = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < end, f"waited {limit_s} s for {what}"
        _PAUSE.wait(0.01)


def promised_s(idle_s: float) -> float:
    """Return how long what an idle machine does in idle_s may take on this one, as busy as it is.

    A promise in seconds is about the program; a core shared with others is not its fault. At most
    BUSY_MAX times idle_s: the promise itself is held by `script/bench change`, on a quiet machine.
    """
    return idle_s * min(BUSY_MAX, 1 + os.getloadavg()[0] / (os.cpu_count() or 1))
