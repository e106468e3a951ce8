import asyncio
import threading
from dataclasses import replace
from typing import Any

import pytest

from gated.screen.feed import WATCHERS_MAX, Feed, FeedFull, Published, Watcher
from tests.support.feed import wait_newer

LIMIT_S = 20.0


def test_latest_is_the_first_snapshot_until_one_is_published(samples: Any) -> None:
    feed = Feed(samples.idle)
    assert feed.latest().number == 1
    assert feed.latest().snapshot is samples.idle
    assert feed.publish(samples.allow) == 2
    assert feed.latest().snapshot is samples.allow


def test_waiters_see_numbers_rise_and_end_at_the_last(samples: Any) -> None:
    feed = Feed(samples.idle)
    seen: list[list[int]] = [[] for _ in range(4)]

    def follow(numbers: list[int]) -> None:
        number = 1
        while number < 201:
            newest = wait_newer(feed, number, LIMIT_S)
            assert newest is not None
            number = newest.number
            numbers.append(number)

    threads = [threading.Thread(target=follow, args=(numbers,)) for numbers in seen]
    for thread in threads:
        thread.start()
    for visit in range(200):
        feed.publish(replace(samples.idle, visit=visit))
    for thread in threads:
        thread.join(LIMIT_S)
    for numbers in seen:
        assert numbers == sorted(set(numbers))
        assert numbers[-1] == 201


def test_ninth_watcher_is_refused_and_a_leaver_makes_room(samples: Any) -> None:
    feed = Feed(samples.idle)

    async def fill() -> None:
        watchers = [Watcher(feed) for _ in range(WATCHERS_MAX + 1)]
        for watcher in watchers[:-1]:
            watcher.__enter__()
        with pytest.raises(FeedFull, match="8 are open already"):
            watchers[-1].__enter__()
        watchers[0].__exit__(None, None, None)
        watchers[0].__exit__(None, None, None)
        with watchers[-1]:
            assert feed.watchers() == WATCHERS_MAX
        for watcher in watchers[1:-1]:
            watcher.__exit__(None, None, None)

    asyncio.run(fill())
    assert feed.watchers() == 0


def test_slow_watcher_gets_only_the_newest(samples: Any) -> None:
    feed = Feed(samples.idle)

    async def watch() -> list[int]:
        numbers = []
        with Watcher(feed) as watcher:
            first = await watcher.newer(LIMIT_S)
            assert first is not None
            numbers.append(first.number)
            for visit in range(50):
                feed.publish(replace(samples.idle, visit=visit))
            newest = await watcher.newer(LIMIT_S)
            assert newest is not None
            numbers.append(newest.number)
            assert await watcher.newer(0.0) is None
        return numbers

    assert asyncio.run(watch()) == [1, 51]


def test_watcher_is_woken_by_a_publish_from_another_thread(samples: Any) -> None:
    feed = Feed(samples.idle)

    async def watch() -> Published | None:
        with Watcher(feed) as watcher:
            await watcher.newer(LIMIT_S)
            engine = threading.Thread(target=feed.publish, args=(samples.check,))
            pending = asyncio.create_task(watcher.newer(LIMIT_S))
            await asyncio.sleep(0)
            engine.start()
            newest = await pending
            engine.join(LIMIT_S)
            return newest

    newest = asyncio.run(watch())
    assert newest is not None
    assert newest.snapshot is samples.check


def test_closed_watcher_answers_none_at_once(samples: Any) -> None:
    feed = Feed(samples.idle)

    async def watch() -> None:
        with Watcher(feed) as watcher:
            await watcher.newer(LIMIT_S)
            pending = asyncio.create_task(watcher.newer(LIMIT_S * 100))
            await asyncio.sleep(0)
            watcher.close()
            assert await pending is None
            feed.publish(samples.stop)
            assert await watcher.newer(LIMIT_S * 100) is None

    asyncio.run(watch())


def test_publish_survives_a_watcher_whose_loop_has_ended(samples: Any) -> None:
    feed = Feed(samples.idle)

    async def forget() -> None:
        Watcher(feed).__enter__()

    asyncio.run(forget())
    assert feed.publish(samples.stop) == 2


def test_feed_is_alive_unless_told_otherwise(samples: Any) -> None:
    assert Feed(samples.idle).alive()
    assert not Feed(samples.idle, alive=lambda: False).alive()
