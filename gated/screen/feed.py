"""The newest snapshot, from one engine thread to at most eight watchers; the latest wins.

Feed belongs to threads: `publish` stores and wakes, and never waits for a watcher. Watcher belongs
to one asyncio loop and is woken through it. Nobody receives a queue, so nobody can fall behind:
a slow watcher misses what was overtaken and gets what is true now.
"""

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from gated.errors import GatedError
from gated.screen.snapshot import Snapshot

WATCHERS_MAX = 8  # a screen or two at the gate, a guard's tablet, the demo; more is a leak
NETWORK_MAX = 5  # of them: the gate's own screens always find a place
BEAT_S = 1.0  # silence never lasts longer; the page calls three seconds of it a lost link

Wake = Callable[[], None]


class FeedFull(GatedError, RuntimeError):
    """As many screens as allowed are open already: a forgotten tab, a page that leaks."""


@dataclass(frozen=True, slots=True)
class Published:
    """A snapshot with its place in the order and the monotonic second it was published at."""

    number: int
    snapshot: Snapshot
    at_s: float


def _always() -> bool:
    return True


class Feed:
    """Holds the latest snapshot. Every method may be called from any thread.

    alive: answers whether the engine behind the feed still turns. Heartbeats stop while it says
    False, so a hung engine shows as "no link" and not as an old verdict. It must not block.
    """

    def __init__(self, first: Snapshot, *, alive: Callable[[], bool] = _always) -> None:
        self.alive = alive
        self._lock = threading.Lock()
        self._latest = Published(1, first, time.monotonic())
        self._wakes: list[Wake] = []

    def publish(self, snapshot: Snapshot) -> int:
        """Make this the latest snapshot, wake every watcher and return its number.

        Never blocks beyond the length of an assignment in another thread.
        """
        with self._lock:
            self._latest = Published(self._latest.number + 1, snapshot, time.monotonic())
            number = self._latest.number
            wakes = tuple(self._wakes)
        for wake in wakes:
            wake()
        return number

    def latest(self) -> Published:
        """Return the newest snapshot."""
        with self._lock:
            return self._latest

    def subscribe(self, wake: Wake) -> None:
        """Have `wake` called, in the publishing thread, after every publish. It must not block.

        Raises FeedFull when WATCHERS_MAX are subscribed.
        """
        with self._lock:
            if len(self._wakes) >= WATCHERS_MAX:
                raise FeedFull(
                    f"cannot open another screen: {WATCHERS_MAX} are open already; close one"
                )
            self._wakes.append(wake)

    def unsubscribe(self, wake: Wake) -> None:
        """No longer call `wake`. May be called twice."""
        with self._lock, contextlib.suppress(ValueError):
            self._wakes.remove(wake)

    def watchers(self) -> int:
        """Return how many are subscribed."""
        with self._lock:
            return len(self._wakes)


class Share:
    """At most `most` of the places of a feed. It belongs to one asyncio loop."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._taken = 0

    @contextlib.contextmanager
    def place(self) -> Iterator[None]:
        """Hold one of them. Raises FeedFull when all are taken."""
        if self._taken >= self._most:
            raise FeedFull(
                f"cannot open another screen on the network: {self._most} are open already; "
                "close one"
            )
        self._taken += 1
        try:
            yield
        finally:
            self._taken -= 1


class Watcher:
    """One reader of a feed inside an asyncio loop; a context manager. Raises FeedFull on entry."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._loop = asyncio.get_running_loop()
        self._woken = asyncio.Event()
        self._seen = 0
        self.closed = False

    def __enter__(self) -> Self:
        self._feed.subscribe(self._wake)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._feed.unsubscribe(self._wake)

    def close(self) -> None:
        """End `newer` at once, now and later. Call it in the loop's own thread."""
        self.closed = True
        self._woken.set()

    def _wake(self) -> None:
        # The loop may have ended between the copy of the list and this call.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._woken.set)

    async def newer(self, timeout_s: float = BEAT_S) -> Published | None:
        """Return the newest snapshot not yet returned, or None after `timeout_s` or `close`."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while not self.closed:
                    self._woken.clear()
                    latest = self._feed.latest()
                    if latest.number > self._seen:
                        self._seen = latest.number
                        return latest
                    await self._woken.wait()
        return None
