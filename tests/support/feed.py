"""Waiting in a thread for what a feed publishes; the screen's own watchers live in a loop."""

import threading
import time

from gated.screen.feed import Feed, Published


def wait_newer(feed: Feed, than: int, timeout_s: float) -> Published | None:
    """Return the newest snapshot if its number is above `than`, or None after `timeout_s`."""
    woken = threading.Event()
    end_s = time.monotonic() + timeout_s
    feed.subscribe(woken.set)
    try:
        while (latest := feed.latest()).number <= than:
            if not woken.wait(max(0.0, end_s - time.monotonic())):
                return None
            woken.clear()
        return latest
    finally:
        feed.unsubscribe(woken.set)
