"""The stream of snapshots as server-sent events: who talks, what is true now, and heartbeats."""

import contextlib
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta

from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from gated.screen.answers import refused
from gated.screen.feed import BEAT_S, Feed, FeedFull, Published, Watcher

RETRY_MS = 1000  # how soon a page that lost the stream asks again

Still = Callable[[], Awaitable[bool]]
Told = Callable[[Published], bytes]


def age_ms(published: Published) -> int:
    """Return how long ago a snapshot was published."""
    return round((time.monotonic() - published.at_s) * 1000)


def beat_event(published: Published, old_ms: int, page: str) -> bytes:
    """Return the heartbeat: the newest number, its age, and the local time that makes it now.

    page: which edition of the page this server has; an older page loads itself anew.
    """
    clock = datetime.fromisoformat(published.snapshot.clock.iso) + timedelta(milliseconds=old_ms)
    data = {"number": published.number, "age_ms": old_ms, "clock": clock.isoformat()}
    data["page"] = page
    return f"event: beat\ndata: {json.dumps(data)}\n\n".encode()


def snapshot_event(published: Published) -> bytes:
    """Return the snapshot as one server-sent event whose id is its number."""
    head = f"id: {published.number}\nevent: snapshot\ndata: ".encode()
    return head + published.snapshot.to_json() + b"\n\n"


def token_event(told: dict[str, object]) -> bytes:
    """Return the first event: what orders of this page carry, and who is logged in."""
    return f"event: token\ndata: {json.dumps(told)}\n\n".encode()


class Streams:
    """Opens streams of one feed on one server's loop. edition: of the page beside them."""

    def __init__(self, feed: Feed, edition: str) -> None:
        self._feed = feed
        self._edition = edition
        self._watchers: set[Watcher] = set()

    def open(
        self,
        first: bytes,
        place: contextlib.AbstractContextManager[object],
        still: Still,
        told: Told = snapshot_event,
    ) -> Response:
        """Return a stream that begins with `first`, or 503 when there are too many.

        place: is held while the stream is open, raises FeedFull for none. still: whether the page
        may go on watching; asked at each turn, about once in BEAT_S. told: makes a snapshot an
        event for this page.
        """
        watcher = Watcher(self._feed)
        with contextlib.ExitStack() as entering:
            try:
                entering.enter_context(place)
                entering.enter_context(watcher)
            except FeedFull as error:
                return refused(503, "", str(error))
            self._watchers.add(watcher)
            entering.callback(self._watchers.discard, watcher)
            entered = entering.pop_all()
        return _EventStream(self._events(watcher, first, still, told), entered)

    def close(self) -> None:
        """Every stream ends soon. Call it in the loop's own thread."""
        for watcher in self._watchers:
            watcher.close()

    async def _events(
        self, watcher: Watcher, first: bytes, still: Still, told: Told
    ) -> AsyncIterator[bytes]:
        yield f"retry: {RETRY_MS}\n\n".encode() + first
        held: Published | None = None
        begun = False
        while not watcher.closed:
            newer = await watcher.newer(BEAT_S)
            if not await still():
                return
            held = newer or held
            if not self._feed.alive():
                # No old verdict for a page that just came back. The comment is no heartbeat, it
                # only keeps a dead connection from going unnoticed.
                yield b": no engine\n\n"
                continue
            if held is not None:
                yield told(held)
                held = None
            if newer is None or not begun:
                latest = self._feed.latest()
                yield beat_event(latest, age_ms(latest), self._edition)
            begun = True


class _EventStream(StreamingResponse):
    """A stream that lets go of its watcher however it ends, even before its first byte."""

    media_type = "text/event-stream"

    def __init__(self, events: AsyncIterator[bytes], entered: contextlib.ExitStack) -> None:
        super().__init__(events, headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        self._entered = entered

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until the watcher is closed or the page goes away."""
        with self._entered:
            await super().__call__(scope, receive, send)
