"""The guard's screen in a real Chromium: how soon a passage is seen, and whether the page grows."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

from bench_row import Row, Run, at_most, percentile
from playwright.sync_api import CDPSession, Page, sync_playwright

from gated.core.model import ClockState, Verdict
from gated.core.text import Text
from gated.screen.feed import Feed
from gated.screen.page_files import load_page
from gated.screen.reports import Answer
from gated.screen.server import ScreenServer
from gated.screen.snapshot import (
    ClockView,
    GateView,
    LastView,
    PersonView,
    Snapshot,
    TemperatureView,
    VerdictView,
)

PAINTED_MS, PAGE_KB, GROWTH = 100.0, 150.0, 1.10
WARM, PASSAGES = 500, 5_000
CHROMIUM = "/usr/bin/chromium"
NOW = datetime(2020, 2, 10, 14, 32, 7, tzinfo=UTC)

# Twice the next frame: the first one is before the paint of this change, the second after it.
_WATCH = """() => {
  window.painted = {};
  const frame = () => new Promise((done) => requestAnimationFrame(done));
  new MutationObserver(async () => {
    const name = document.getElementById("name").textContent;
    if (name in window.painted) return;
    window.painted[name] = 0;
    await frame();
    await frame();
    window.painted[name] = performance.timeOrigin + performance.now();
  }).observe(document.getElementById("name"), { subtree: true, childList: true });
}"""


def screen(run: Run) -> list[Row]:
    """Return how long a committed passage takes to the eye, the page's weight and its growth."""
    files = load_page("zh").values()
    weight_kb = sum(len(file.packed) for file in files) / 1000
    whole_kb = sum(len(file.body) for file in files) / 1000
    with _serving() as (feed, url), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 800, "height": 480})
        page.goto(url)
        page.locator("#idle").wait_for()
        page.evaluate(_WATCH)
        took = [_painted_ms(page, feed, number) for number in range(run.count(200, 30))]
        run.say(f"  median {percentile(took, 0.5):.0f} ms")
        measured = page.context.new_cdp_session(page)
        begin = len(took)
        before = _memory(measured, page, feed, range(begin, begin + WARM))
        begin += WARM
        after = _memory(measured, page, feed, range(begin, begin + run.count(PASSAGES, 500)))
        browser.close()
    grown = after / before
    return [
        Row("painted", "passage published to painted, p95", percentile(took, 0.95), "ms",
            at_most(PAINTED_MS)),
        Row("page", f"files of the guard's page as sent ({whole_kb:.0f} kB unpacked)", weight_kb,
            "kB", at_most(PAGE_KB)),
        Row("growth", f"memory of the page after {PASSAGES:,} passages, to that after {WARM}",
            grown, "x", at_most(GROWTH)),
    ]  # fmt: skip


def _painted_ms(page: Page, feed: Feed, number: int) -> float:
    shown = _passage(number)
    began_ms = time.time() * 1000
    feed.publish(shown)
    assert shown.verdict is not None
    assert shown.verdict.person is not None
    seen = f"window.painted['{shown.verdict.person.name}']"
    page.wait_for_function(f"() => {seen} > 0")
    at_ms: float = page.evaluate(f"() => {seen}")
    return at_ms - began_ms


def _memory(measured: CDPSession, page: Page, feed: Feed, passages: range) -> float:
    """Return the bytes of script and nodes after these passages, each of them drawn."""
    for number in passages:
        feed.publish(_passage(number))
        page.wait_for_function(f"() => '{_name(number)}' in window.painted", polling=5)
    page.evaluate("() => { window.painted = {}; }")
    measured.send("HeapProfiler.collectGarbage")
    used: float = measured.send("Runtime.getHeapUsage")["usedSize"]
    return used


def _name(number: int) -> str:
    return f"王*{number}"


def _passage(number: int) -> Snapshot:
    """Return a snapshot as a busy gate publishes it: a new person, a new verdict, a new row."""
    stopped = number % 2 == 1
    verdict = Verdict.STOP if stopped else Verdict.ALLOW
    word = Text("禁止", "STOP") if stopped else Text("放行", "PASS")
    said = VerdictView(
        key=f"bench.{number}",
        verdict=verdict,
        band="stop" if stopped else "allow",
        word=word,
        code="OK_RESIDENT",
        reason=Text("居民放行", "Resident, pass"),
        person=PersonView(_name(number), "3-2-1**", Text("居民", "resident")),
        temperature=TemperatureView("36.4", Text("腕", "wrist"), Text("正常", "normal")),
    )
    rows = tuple(LastView("14:31", verdict, _name(number - ago), "36.4") for ago in (1, 2, 3))
    return replace(_idle(), mode="verdict", visit=number + 1, verdict=said, last=rows)


def _idle() -> Snapshot:
    return Snapshot(
        GateView("东门", "East", "out"), "zh", ClockView(NOW.isoformat(), ClockState.SYNCED)
    )


@contextmanager
def _serving() -> Iterator[tuple[Feed, str]]:
    feed, stop = Feed(_idle()), threading.Event()
    server = ScreenServer(feed, "127.0.0.1", 0, lambda _order: Answer("not_offered"))
    server.bind()
    thread = threading.Thread(target=server.run, args=(stop,))
    thread.start()
    try:
        yield feed, server.url
    finally:
        stop.set()
        thread.join()
