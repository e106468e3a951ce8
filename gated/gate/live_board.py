"""The newest readings of the thermometer, for whoever looks at the sensor itself.

Bounded: a reader who is too slow loses what is overwritten meanwhile, and is told how much.
"""

import threading
import time
from collections import deque
from dataclasses import dataclass, field

from gated.core.thermometry_reading import Reading

HELD = 64  # ten seconds of the quickest sensor


@dataclass(frozen=True, slots=True)
class News:
    """What came since a mark. lost: how many of them are gone already."""

    mark: int
    readings: tuple[Reading, ...] = ()
    lost: int = 0
    ended: str = field(default="", compare=False)


class LiveBoard:
    """One posts, any number read; any thread. A mark is how many readings were posted."""

    def __init__(self) -> None:
        self._news = threading.Condition()
        self._readings: deque[Reading] = deque(maxlen=HELD)
        self._posted = 0
        self._ended = ""

    def post(self, reading: Reading) -> None:
        """One more reading is there; the oldest goes when there are too many."""
        with self._news:
            self._readings.append(reading)
            self._posted += 1
            self._news.notify_all()

    def end(self, why: str) -> None:
        """No more readings come: a sentence for the reader."""
        with self._news:
            self._ended = why
            self._news.notify_all()

    @property
    def mark(self) -> int:
        """Where a reader begins who wants nothing old."""
        with self._news:
            return self._posted

    def after(self, mark: int, timeout_s: float = 0.0) -> News:
        """Return what was posted after this mark, waiting for the first up to timeout_s."""
        until = time.monotonic() + timeout_s
        with self._news:
            while self._posted == mark and not self._ended:
                left_s = until - time.monotonic()
                if left_s <= 0:
                    break
                self._news.wait(left_s)
            fresh = self._posted - mark
            held = tuple(self._readings)[-fresh:] if fresh > 0 else ()
            return News(self._posted, held, fresh - len(held), self._ended)
