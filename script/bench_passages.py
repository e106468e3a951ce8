"""Passages without wires: the policy alone, the journal's own path, and the engine's thread."""

import queue
import secrets
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from bench_roster import KEYS, Town, listed
from bench_row import Row, Run, alternating_s, at_least, at_most

from gated.config import GateSection, ScreenSection, VisitSection
from gated.core import session
from gated.core.facts import Facts, HouseholdFacts, LastPassage, Policy, TemperatureFacts
from gated.core.model import (
    Appointment,
    Category,
    ClockState,
    Credential,
    CredentialKind,
    CredentialState,
    Direction,
    Display,
    Holder,
    Measurement,
    Moment,
    Person,
    Status,
    StatusCode,
    TemperatureState,
)
from gated.core.policy import decide
from gated.core.trust import TrustTable
from gated.core.visit import CredentialSeen, Record, Surroundings, TemperatureTaken, Timings
from gated.gate.card_memory import CardMemory
from gated.gate.desks import Desks
from gated.gate.duty_desk import DutyDesk
from gated.gate.engine import Engine
from gated.gate.events import CardSeen, Inbox, LaneMark
from gated.gate.finder import FinderDesk
from gated.gate.health import Health
from gated.gate.hub_desk import HubDesk
from gated.gate.message_desk import MessageDesk
from gated.gate.mode_desk import ModeDesk
from gated.gate.policy_age import PolicyAge
from gated.gate.presenter import Presenter
from gated.gate.recorder import Recorder
from gated.gate.report_desk import ReportDesk
from gated.gate.resolver import Resolver
from gated.gate.retention import Retention
from gated.gate.screen_desk import ScreenDesk
from gated.gate.shift_summary import SummaryBoard
from gated.gate.vehicle_desk import VehicleDesk
from gated.gate.watches import Watches
from gated.gate.wording import Wording
from gated.process.clock import SystemClock
from gated.process.supervisor import Supervisor
from gated.screen.feed import Feed
from gated.screen.snapshot import ClockView, GateView, Snapshot
from gated.store.guard_book import GuardBook
from gated.store.journal import Journal
from gated.store.journal_reader import JournalReader
from gated.store.roster import RosterStore
from gated.texts import shipped

DECISION_MS, PASSAGES_S = 1.0, 200.0
NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
GATE = GateSection(id="bench-1", site="bench")
ENGINE_LIMIT_S = 120.0


def decision(run: Run) -> list[Row]:
    """Return how long the full policy takes over a table of very different people."""
    cases = _facts()
    policy = Policy()
    rounds = run.count(40, 10)

    def judge(index: int) -> object:
        return decide(cases[index % len(cases)], policy)

    took_s = alternating_s([judge], rounds, len(cases) * 20, time.thread_time)[0]
    what = f"a decision of the full policy, {len(cases)} kinds of people"
    return [Row("decision", what, took_s * 1e6, "us", at_most(DECISION_MS * 1000))]


def _facts() -> list[Facts]:
    """Return facts of every category, in and out, well, feverish and under each status."""
    found: list[Facts] = []
    slot = Appointment(NOW - timedelta(minutes=10), NOW + timedelta(minutes=50), 1)
    temperatures = (
        TemperatureFacts(TemperatureState.NORMAL, 36_500),
        TemperatureFacts(TemperatureState.NORMAL, 38_200, tries=3),
        TemperatureFacts(TemperatureState.UNSTABLE),
    )
    for category in Category:
        for number, code in enumerate(StatusCode):
            statuses = (Status(code, NOW - timedelta(days=3), NOW + timedelta(days=11)),)
            person = Person(bytes(16), category, bytes(16), statuses, appointment=slot)
            found.append(
                Facts(
                    NOW,
                    ClockState.SYNCED,
                    Direction.IN if number % 2 else Direction.OUT,
                    Credential(CredentialKind.ID_CARD, CredentialState.ACTIVE, bytes(16)),
                    person,
                    temperatures[number % len(temperatures)],
                    HouseholdFacts(exits=2, persons_out=1),
                    LastPassage(Direction.OUT, NOW - timedelta(hours=2)),
                    roster_age_h=30,
                )
            )
    return found


def durable(run: Run) -> list[Row]:
    """Return durable passages per second: recorder and journal alone, and the whole engine."""
    folder = run.fresh("durable")
    count = run.count(2000, 300)
    own, bare = _recorded_s(folder, count)
    commit = "bare sqlite3 INSERT and COMMIT, same bytes, same disk"
    rows = [
        Row(
            "durable_journal",
            "passages recorded one by one (Recorder, Journal, FULL)",
            1 / own,
            "/s",
            at_least(PASSAGES_S),
            bare / own,
            commit,
        )
    ]
    engine_s = _engine_s(run, run.count(2000, 200))
    rows.append(
        Row(
            "durable_engine",
            "the same through the engine: card, look-up, decision, record, feed, log line",
            1 / engine_s,
            "/s",
            at_least(PASSAGES_S),
            bare / engine_s,
            commit,
        )
    )
    return rows


def commit_s(folder: Path, count: int) -> float:
    """Return the median seconds of a bare durable commit of one passage in this folder."""
    with ExitStack() as closing:
        insert = _bare_writer(folder / "bare.db", _body(folder), closing)
        return alternating_s([insert], max(1, count // 10), 10)[0]


def _recorded_s(folder: Path, count: int) -> tuple[float, float]:
    """Return median seconds per passage of our path and of bare SQLite, taking turns."""
    body = _body(folder)
    with ExitStack() as closing:
        journal = _journal(folder / "journal.db")
        closing.callback(journal.close)
        recorder = Recorder(GATE, journal)
        order, around, at = _order()

        def record(index: int) -> object:
            numbered = replace(order, visit=replace(order.visit, number=index + 1))
            return recorder.passage(numbered, at, around, {"roster_rev": 1, "offline": 0})

        insert = _bare_writer(folder / "bare.db", body, closing)
        own, bare = alternating_s([record, insert], count // 20, 20)
    return own, bare


def _body(folder: Path) -> bytes:
    """Return the bytes of one passage as the journal holds them."""
    path = folder / "one.db"
    journal = _journal(path)
    order, around, at = _order()
    entry = Recorder(GATE, journal).passage(order, at, around, {"roster_rev": 1}).entry
    journal.close()
    assert entry is not None, "a fresh journal can be written"
    return entry.body


def _journal(path: Path) -> Journal:
    return Journal(path, boot="bench", new_epoch=lambda: secrets.token_hex(8))


def _bare_writer(path: Path, body: bytes, closing: ExitStack) -> Callable[[int], object]:
    connection = sqlite3.connect(path, isolation_level=None)
    closing.callback(connection.close)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE event (seq INTEGER PRIMARY KEY, body BLOB, hash BLOB)")

    def insert(_index: int) -> None:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO event (body, hash) VALUES (?, ?)", (body, bytes(32)))
        connection.execute("COMMIT")

    return insert


def _order() -> tuple[Record, Surroundings, Moment]:
    """Return what the session orders for a resident who was measured."""
    person = Person(bytes(range(16)), Category.RESIDENT, bytes(16))
    credential = Credential(CredentialKind.ID_CARD, CredentialState.ACTIVE, bytes(range(16)))
    holder = Holder(credential, person, Display("王*", "3-2-101"))
    at = Moment(1000, 1_770_000_000_000, ClockState.SYNCED)
    around = Surroundings(
        now=datetime.now(ZoneInfo(GATE.timezone)),
        clock=ClockState.SYNCED,
        direction=Direction.IN,
        policy=Policy(),
        timings=Timings(),
        thermometer="ok",
    )
    measured = Measurement(TemperatureState.NORMAL, 33_800, 34_100, 22_000, 36_500)
    state: session.State = session.Idle()
    effects: tuple[object, ...] = ()
    for event in (CredentialSeen(holder), TemperatureTaken(measured)):
        state, effects = session.step(state, event, at, around)
    order = next(effect for effect in effects if isinstance(effect, Record))
    return order, around, at


def _engine_s(run: Run, count: int) -> float:
    """Return seconds per passage of an engine that is handed one card after the other."""
    folder = run.fresh("engine")
    town = listed(run, 1000, folder)
    inbox, health = Inbox(), Health()
    clock = SystemClock(trusted=True)
    feed = Feed(
        Snapshot(
            GateView("bench", "bench", "in"),
            "zh",
            ClockView(NOW.isoformat(), ClockState.SYNCED),
        )
    )
    done: queue.SimpleQueue[float] = queue.SimpleQueue()

    def opened() -> Desks:
        return _desks(folder, health, count, done)

    visit = VisitSection(dedupe_s=0)
    gate = GATE.model_copy(update={"clock": "trusted"})
    presenter = Presenter(gate, health, shipped())
    rules = PolicyAge(folder, "bench")
    screen = ScreenDesk(feed, presenter, SummaryBoard(), ScreenSection(), rules)
    engine = Engine(gate, visit, inbox, health, opened, LaneMark(), screen)
    supervisor = Supervisor()
    supervisor.start(engine)
    try:
        assert engine.ready.wait(10), "the engine opens its databases"
        began = time.monotonic()
        _feed_cards(inbox, clock, town, count)
        ended = done.get(timeout=ENGINE_LIMIT_S)
    finally:
        supervisor.stop()
    return (ended - began) / count


def _feed_cards(inbox: Inbox, clock: SystemClock, town: Town, count: int) -> None:
    pause = threading.Event()
    for index in range(count):
        card = CardSeen(clock.now(), town.number(index % town.size))
        while not inbox.offer(card):
            pause.wait(0.001)


def _desks(folder: Path, health: Health, count: int, done: "queue.SimpleQueue[float]") -> Desks:
    """Return the engine's helpers; `done` hears the time of the commit of passage `count`."""
    closing = ExitStack()
    journal = _journal(folder / "journal.db")
    closing.callback(journal.close)
    reader = closing.enter_context(JournalReader(folder / "journal.db"))
    rosters = RosterStore(folder, KEYS)
    closing.callback(rosters.close)
    last = journal.last_seq + 1 + count  # the switch to the list is an event too

    def grew() -> None:
        if journal.last_seq == last:
            done.put(time.monotonic())

    now = SystemClock(trusted=True).now()
    watches = Watches(GATE.timezone, every_h=4, boot=journal.boot, now=now)
    recorder = Recorder(GATE, journal, grew, watches.noted)
    hub = HubDesk(journal, rosters, recorder, health, lambda: None)
    trust = TrustTable()
    resolver = Resolver(KEYS.site, trust, GATE)
    book = GuardBook(folder, KEYS.rest)
    duty = DutyDesk(recorder, folder, book, boot=journal.boot, shift_ms=0)
    modes, vehicles = ModeDesk(GATE, recorder, folder, journal.boot), VehicleDesk(KEYS.site)
    cards, category = CardMemory(), Wording(shipped()).category
    return Desks(
        recorder,
        resolver,
        hub,
        thermometer=None,
        retention=Retention(journal, reader),
        reader=reader,
        duty=duty,
        reports=ReportDesk(recorder, duty, modes, vehicles, cards),
        messages=MessageDesk(GATE.id, journal.boot, trust, recorder, folder),
        modes=modes,
        vehicles=vehicles,
        watches=watches,
        finder=FinderDesk(recorder, duty, hub.roster_of_the_moment, category),
        cards=cards,
        closing=closing,
    )
