"""Wait for a condition with a limit, never for a time."""

import threading
import time
from collections.abc import Callable

LIMIT_S = 20.0
_PAUSE = threading.Event()


def wait_until(condition: Callable[[], object], *, what: str, limit_s: float = LIMIT_S) -> None:
    """Return once condition() is true; fail naming what was waited for."""
    end = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < end, f"waited {limit_s} s for {what}"
        _PAUSE.wait(0.01)
