"""The screen on a network: a real TLS server, a real book of guards, an engine that only listens."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx

from gated.config import NetworkSection
from gated.core.duty import DutyRole
from gated.core.model import ClockState, GuardAction, GuardActionKind, Moment
from gated.core.reports import Report, Shift
from gated.gate.events import Inbox
from gated.gate.log_in import LogIn
from gated.gate.report_desk import GuardReported
from gated.screen.actions import Order
from gated.screen.desks import Desks
from gated.screen.feed import Feed
from gated.screen.network import NetworkServer
from gated.screen.reports import Answer
from gated.screen.snapshot import AskedView, DutyView, Snapshot
from gated.screen.tls import server_context
from gated.store.guard_book import Guard, GuardBook
from tests.support.certificates import Authority

LIMIT_S = 20.0
NOW = Moment(5_000, 1_770_000_000_000, ClockState.SYNCED)
LI_PIN, WANG_PIN = "8642", "97531"
ASKED = AskedView(GuardActionKind.MANUAL_PASS, "known")  # what the guard on duty waits for


@dataclass
class NetworkWorld:
    """What a test needs of it. taken: orders, senders: whose; told: reports with who gave them."""

    feed: Feed
    server: NetworkServer
    book: GuardBook
    authority: Authority
    taken: list[GuardAction] = field(default_factory=list)
    senders: list[str] = field(default_factory=list)
    told: list[tuple[Report, str]] = field(default_factory=list)
    shifts: list[Shift] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)

    @property
    def url(self) -> str:
        return self.server.url.rstrip("/")

    def client(self, **headers: str) -> httpx.Client:
        trust = ssl.create_default_context(cafile=str(self.authority.path))
        return httpx.Client(
            base_url=self.url,
            verify=trust,
            timeout=LIMIT_S,
            trust_env=False,
            headers={"Origin": self.url, **headers},
        )

    def on_duty(self, duty: DutyView, **more: Any) -> None:
        """The engine publishes who is on duty."""
        now = self.feed.latest().snapshot
        self.feed.publish(replace(now, duty=duty, **more))


class Listening(Inbox):
    """An inbox whose engine begins duty at once, unless `answers` has another answer for it."""

    def __init__(self, feed: Feed, shifts: list[Shift], answers: list[Answer]) -> None:
        super().__init__()
        self._feed = feed
        self._shifts = shifts
        self._answers = answers

    def offer(self, event: object) -> bool:
        if isinstance(event, GuardReported) and event.shift is not None:
            if self._answers:
                event.answer.put(self._answers.pop())
                return True
            shift = event.shift
            self._shifts.append(shift)
            now = self._feed.latest().snapshot
            duty = DutyView(now.duty.number + 1, shift.guard, "李*", shift.role, log_in=True)
            self._feed.publish(replace(now, duty=duty))
            event.answer.put(Answer())
        return True

    def put(self, event: object) -> bool:
        return self.offer(event)


@contextmanager
def network_world(folder: Path, first: Snapshot, host: str = "127.0.0.1") -> Iterator[NetworkWorld]:
    """Serve `first` over TLS on a free port; A12 is a guard, S001 a supervisor."""
    book = GuardBook(folder, b"\x22" * 32, cost=2)  # PINs are cheap to check
    book.put(Guard("A12", DutyRole.GUARD, "李*"), LI_PIN)
    book.put(Guard("S001", DutyRole.SUPERVISOR, "王*"), WANG_PIN)
    authority = Authority(folder)
    cert, key = authority.issue("gate")
    feed = Feed(first)
    taken: list[GuardAction] = []
    senders: list[str] = []
    told: list[tuple[Report, str]] = []
    shifts: list[Shift] = []
    answers: list[Answer] = []
    desk = LogIn(book, folder, Listening(feed, shifts, answers), lambda: NOW)

    def act(order: Order) -> Answer:
        taken.append(order.action)
        senders.append(order.by)
        return Answer()

    def report(made: Report, _duty: int, by: str = "", _second: object = None) -> Answer:
        told.append((made, by))
        return Answer()

    section = NetworkSection(host=host, port=0, cert=cert, key=key)
    desks = Desks(feed, act, report, desk)
    server = NetworkServer(section, server_context(cert, key), desks, desk)
    server.bind()
    stop = threading.Event()
    thread = threading.Thread(target=server.run, args=(stop,), name="screen_network")
    thread.start()
    try:
        yield NetworkWorld(feed, server, book, authority, taken, senders, told, shifts, answers)
    finally:
        stop.set()
        thread.join(LIMIT_S)
        assert not thread.is_alive()
