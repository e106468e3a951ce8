"""A gate's snapshots, a served feed and a browser page, shared by the screen's tests."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace

import httpx
import pytest
from playwright.sync_api import Browser, Error, Page, Request, expect, sync_playwright

from gated.core.model import ClockState, GuardAction, GuardActionKind, Verdict
from gated.core.reports import Report
from gated.screen.actions import Credentials, Order, Pick, Search
from gated.screen.feed import Feed
from gated.screen.look_up import Found, Summary
from gated.screen.reports import Answer
from gated.screen.server import ScreenServer
from gated.screen.snapshot import (
    Band,
    ClockView,
    DutyView,
    GateView,
    LastView,
    LinkView,
    MeasuringView,
    PartView,
    PersonView,
    Snapshot,
    TemperatureView,
    Text,
    VerdictView,
)
from tests.support.browser import CHROMIUM, CHROMIUM_ARGS

JOIN_S = 20.0
WAIT_MS = 20_000  # far below the limit of a test


@dataclass
class Samples:
    """One snapshot per state of the screen."""

    idle: Snapshot
    measuring: Snapshot
    allow: Snapshot
    note: Snapshot
    check: Snapshot
    stop: Snapshot
    fault: Snapshot


@dataclass
class Served:
    """A feed behind a real server on a free port. answer: what `act` says next."""

    feed: Feed
    server: ScreenServer
    stop: threading.Event
    thread: threading.Thread
    actions: list[GuardAction] = field(default_factory=list)
    seconds: list[Credentials] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    answer: str = ""
    reports: list[Report] = field(default_factory=list)
    spells: list[int] = field(default_factory=list)
    log_ins: list[Credentials] = field(default_factory=list)
    log_in_answer: Answer = field(default_factory=Answer)
    guards: list[dict[str, str]] = field(default_factory=list)
    report_answer: Answer = field(default_factory=Answer)
    searches: list[Search] = field(default_factory=list)
    found: Found = field(default_factory=Found)
    picks: list[Pick] = field(default_factory=list)
    summary: Summary = field(default_factory=Summary)
    attended: list[tuple[int, int]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return self.server.url.rstrip("/")

    def order_headers(self, client: httpx.Client) -> dict[str, str]:
        """What an order of the page carries."""
        token = client.get(f"{self.url}/token").json()["token"]
        return {"Origin": self.url, "X-Gated-Token": token}

    def end(self) -> None:
        self.stop.set()
        self.thread.join(JOIN_S)
        assert not self.thread.is_alive()


def _verdict() -> VerdictView:
    return VerdictView(
        key="north-1/7f3a/1042",
        verdict=Verdict.ALLOW,
        band="allow",
        word=Text("放行", "PASS"),
        code="OK_RESIDENT",
        reason=Text("有效居民", "Resident"),
        advice=Text("下次可外出:后天", "Next exit: the day after tomorrow"),
        codes=("OK_RESIDENT", "TEMP_CLINICAL_OK"),
        person=PersonView("王*明", "3-2-1**", Text("居民", "resident")),
        temperature=TemperatureView("36.4", Text("腕", "wrist"), Text("正常", "normal")),
    )


@pytest.fixture
def samples() -> Samples:
    idle = _idle()
    allow = replace(idle, mode="verdict", visit=7, verdict=_verdict())
    every = tuple(GuardActionKind)

    def decided(verdict: Verdict, band: Band, word: Text) -> Snapshot:
        assert allow.verdict is not None
        said = replace(allow.verdict, verdict=verdict, band=band, word=word, key=f"k/{band}")
        return replace(allow, verdict=said, enabled=every)

    note = decided(Verdict.ALLOW_NOTE, "note", Text("放行", "PASS"))
    assert note.verdict is not None
    person = PersonView("王*明", "3-2-1**", Text("居民", "resident"))
    ask = MeasuringView(person, "temperature", Text("请测温", "Wrist to the sensor"), 62, 7400)
    return Samples(
        idle=idle,
        measuring=replace(idle, mode="measuring", visit=7, measuring=ask),
        allow=allow,
        note=replace(note, verdict=replace(note.verdict, note=Text("今日未打卡", "No check-in"))),
        check=decided(Verdict.CHECK, "check", Text("复核", "CHECK")),
        stop=decided(Verdict.STOP, "stop", Text("禁止", "STOP")),
        fault=decided(Verdict.CHECK, "fault", Text("测温故障", "Sensor fault")),
    )


def _always() -> bool:
    return True


@contextmanager
def serving(first: Snapshot, port: int = 0, lanes: tuple[str, ...] = ()) -> Iterator[Served]:
    feed = Feed(first)

    def act(order: Order) -> Answer:
        served.actions.append(replace(order.action, duty=0))
        served.spells.append(order.action.duty)
        if order.second is not None:
            served.seconds.append(order.second)
        if order.text:
            served.texts.append(order.text)
        return Answer(served.answer)

    def report(made: Report, duty: int, by: str = "", second: Credentials | None = None) -> Answer:
        if second is not None:
            served.seconds.append(second)
        served.reports.append(made)
        served.spells.append(duty)
        return served.report_answer

    class Desk:
        def guards(self) -> list[dict[str, str]]:
            return served.guards

        def log_in(self, who: Credentials) -> Answer:
            served.log_ins.append(who)
            return served.log_in_answer

    class Finder:
        def find(self, search: Search) -> Found:
            served.searches.append(search)
            return served.found

        def identify(self, pick: Pick) -> Answer:
            served.picks.append(pick)
            return Answer(served.answer)

    server = ScreenServer(
        *(feed, "127.0.0.1", port, act),
        lanes=lanes,
        attend=lambda visit, duty: served.attended.append((visit, duty)),
        report=report,
        log_in=Desk(),
        finder=Finder(),
        summary=lambda: served.summary,
    )
    server.bind()
    stop = threading.Event()
    thread = threading.Thread(target=server.run, args=(stop,), name="screen")
    served = Served(feed, server, stop, thread)
    thread.start()
    try:
        yield served
    finally:
        served.end()


def _idle() -> Snapshot:
    return Snapshot(
        gate=GateView("东门", "East", "out"),
        language="zh",
        clock=ClockView("2020-02-10T14:32:07+08:00", ClockState.SYNCED),
        duty=DutyView(3, "A12", "李*", "guard"),
        link=LinkView("online"),
        last=(LastView("14:31", Verdict.ALLOW, "张*", "36.5"),),
        health=(PartView("thermometer", Text("温", "TEMP"), "ok", Text("正常", "OK")),),
    )


@pytest.fixture(scope="module")
def shared() -> Iterator[Served]:
    with serving(_idle()) as served:
        yield served


@pytest.fixture
def serve(shared: Served) -> Callable[..., Served]:
    """Call with the first snapshot: the module's server starts afresh with it."""

    def start(first: Snapshot, alive: Callable[[], bool] = _always) -> Served:
        for heard in (
            shared.actions,
            shared.seconds,
            shared.texts,
            shared.reports,
            shared.spells,
            shared.log_ins,
            shared.searches,
            shared.picks,
            shared.attended,
        ):
            heard.clear()
        shared.answer = ""
        shared.report_answer = shared.log_in_answer = Answer()
        shared.guards = []
        shared.found, shared.summary = Found(), Summary()
        shared.feed.alive = alive
        shared.feed.publish(first)
        return shared

    return start


@pytest.fixture
def serve_own() -> Iterator[Callable[[Snapshot], Served]]:
    """Call with the first snapshot: a server of the test's own, which it may end."""
    with ExitStack() as stack:
        yield lambda first: stack.enter_context(serving(first))


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    # Not for the session: Playwright keeps a loop running in this thread, and asyncio.run
    # in the tests of other modules would refuse.
    expect.set_options(timeout=WAIT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGS)
        yield browser
        browser.close()


@dataclass
class Seen:
    """A page of 800 x 480 with everything it asked for and everything it complained about."""

    page: Page
    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def tab(chromium: Browser) -> Iterator[Page]:
    # The page's timers run as ever, and can be moved forward instead of waiting.
    page = chromium.new_page()
    page.set_default_timeout(WAIT_MS)
    page.clock.install()
    yield page
    page.close()


@pytest.fixture
def seen(tab: Page) -> Iterator[Seen]:
    shown = Seen(tab)

    def asked(request: Request) -> None:
        shown.requests.append(request.url)

    def complained(error: Error) -> None:
        shown.errors.append(str(error))

    tab.set_viewport_size({"width": 800, "height": 480})
    tab.on("request", asked)
    tab.on("pageerror", complained)
    yield shown
    tab.remove_listener("request", asked)
    tab.remove_listener("pageerror", complained)
    tab.goto("about:blank")
    assert shown.errors == []
