"""The gate's line to the hub: one worker that connects, sends, believes, fetches and reports.

    journal_grew(), report(), roster_not_installed(), interrupt()   any thread: leave a note
    run(stop)                                the uplink's thread: everything else

Three pure machines decide (core/link.py, core/delivery.py, core/replica.py); this file only
carries messages between them, the broker connection and the engine. It never writes the journal.
"""

import queue
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gated.contract import topics
from gated.contract.messages import Ack, Get, Hello, HubStatus, Status
from gated.contract.topics import GateTopic, HubTopic, Leaf, ManifestTopic
from gated.core import link, replica
from gated.core.link import Phase
from gated.core.trust import TrustTable
from gated.errors import ContractError
from gated.gate.fetch import Fetcher, HeldRoster
from gated.gate.sender import FAILED, NOBODY_LISTENS, Sender
from gated.gate.status_report import StatusReport
from gated.gate.uplink_events import (
    CommandArrived,
    LinkChanged,
    LinkState,
    SyncAlarm,
    UplinkEvent,
)
from gated.log import logger
from gated.transport.mqtt import BrokerSettings, Published, Received, Will, tls_context
from gated.transport.session import Session, SessionSettings

SESSION_EXPIRY_S = 300
WILL_DELAY_S = 20  # below the session's expiry; brokers disagree on what happens otherwise
HELLO_EXPIRY_S = 60
GET_EXPIRY_S = 30
CHUNKS_WHILE_BUSY = 2  # events have precedence over a roster
IDLE_MS = 60_000
SID_SHIFT = 20  # sid = starts << 20 | connection of this start

_log = logger("uplink")


@dataclass(frozen=True, slots=True)
class UplinkSettings:
    """Who this gate is and where its things lie.

    starts: the journal's start counter. reconnect_base_ms: longest first wait after a loss.
    first_spread_ms: the first connect comes within this after start. fetch_spread_ms: a new
    roster is fetched within this after its offer.
    """

    broker: BrokerSettings
    gate: str
    roster: str
    boot: str
    software: str
    starts: int
    journal: Path
    folder: Path
    reconnect_base_ms: int = link.BASE_MS
    first_spread_ms: int = 10_000
    fetch_spread_ms: int = 60_000


class Uplink:
    """One worker. emit: takes frozen events for the engine; held: what roster is served now.

    utc_ms: wall clock for status and signatures; clock_trusted: whether it is to be believed.
    Raises ConfigError when TLS files cannot be used.
    """

    name = "uplink"

    def __init__(
        self,
        settings: UplinkSettings,
        trust: TrustTable,
        *,
        emit: Callable[[UplinkEvent], None],
        held: Callable[[], HeldRoster],
        clock_ms: Callable[[], int] = lambda: time.monotonic_ns() // 1_000_000,
        utc_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        clock_trusted: Callable[[], bool] = lambda: True,
        roll: Callable[[], float] = random.random,
    ) -> None:
        self._settings = settings
        self._trust = trust
        self._emit = emit
        self._held = held
        self._clock_ms = clock_ms
        self._utc_ms = utc_ms
        self._clock_trusted = clock_trusted
        self._roll = roll
        self._session = Session(
            SessionSettings(
                settings.broker,
                settings.gate,
                topics.gate_subscriptions(settings.gate, settings.roster),
                context=tls_context(settings.broker),
                base_ms=settings.reconnect_base_ms,
                spread_ms=settings.first_spread_ms,
                session_expiry_s=SESSION_EXPIRY_S,
            ),
            self,
            clock_ms,
            roll,
        )
        self._grown = threading.Event()
        self._not_installed: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._status: dict[str, object] = {}
        self._report = StatusReport()
        self._hello_packet = 0
        self._greeted = False
        self._hub_start: int | None = None
        self._hub_away = False
        self._shown: LinkState | None = None

    # Any thread.

    def journal_grew(self) -> None:
        """The uplink looks for new events at once."""
        if not self._grown.is_set():
            self._grown.set()
            self._session.nudge()

    def report(self, status: dict[str, object]) -> None:
        """The next status message carries these fields: mode, faults, q, oldest_s."""
        self._status = dict(status)
        self._session.nudge()

    def roster_not_installed(self, rev: int) -> None:
        """The engine could not switch to this fetched list: it is fetched again later."""
        self._not_installed.put(rev)
        self._session.nudge()

    def interrupt(self) -> None:
        """A waiting run() looks at its stop flag at once."""
        self._session.nudge()

    # The uplink's thread.

    def run(self, stop: threading.Event) -> None:
        """Keep gate and hub one until stop is set and interrupt() called. Blocks.

        Raises StoreError when the journal cannot be opened.
        """
        settings = self._settings
        self._sender = Sender(
            settings.journal, self._publish_batch, self._emit, self._clock_ms, self._roll
        )
        self._fetcher = Fetcher(
            settings.folder,
            settings.roster,
            self._trust,
            ask=self._ask,
            emit=self._emit,
            held=self._held,
            now_ms=lambda: self._utc_ms() if self._clock_trusted() else None,
            spread_ms=settings.fetch_spread_ms,
        )
        self._session.start()
        try:
            while not stop.is_set():
                self._turn()
        finally:
            self._farewell()
            self._sender.close()

    def _turn(self) -> None:
        """Handle one event, or what time brought, and whatever follows from it."""
        event = self._session.take(self._wait_s())
        if self._grown.is_set():
            self._grown.clear()
            self._sender.grew()
        while not self._not_installed.empty():
            self._fetcher.not_installed(self._not_installed.get(), self._clock_ms())
        match event:
            case Published(packet_id, reason):
                self._published(packet_id, reason)
            case Received():
                self._received(event)
            case None:
                pass
        self._tick()

    def _wait_s(self) -> float:
        now = self._clock_ms()
        deadlines = [
            self._sender.wake_at_ms,
            self._fetcher.wake_at_ms if self._session.usable else None,
            self._session.wake_at_ms,
            self._report_due_ms() if self._session.usable else None,
        ]
        due = min((at for at in deadlines if at is not None), default=now + IDLE_MS)
        return max(0.001, (due - now) / 1000)

    def _tick(self) -> None:
        now = self._clock_ms()
        self._session.tick()
        if due(self._sender.wake_at_ms, now):
            self._sender.tick()
            if self._sender.state.silences:
                self._hub_is_away()
        if due(self._fetcher.wake_at_ms, now):
            self._fetcher.tick(now, self._roll(), self._ask_limit())
        if self._session.usable and self._report_due_ms() <= now:
            self._send_status()
        self._show_state()

    def _published(self, packet_id: int, reason: int) -> None:
        heard = self._sender.published(packet_id, reason)
        unheard_hello = packet_id == self._hello_packet and reason == NOBODY_LISTENS
        if not heard or unheard_hello:
            self._hub_is_away()
        if reason >= FAILED:
            _log.warning("uplink.publish_refused", reason=reason)

    def _received(self, message: Received) -> None:
        if not message.payload:
            return  # a retained message was deleted
        now, roll = self._clock_ms(), self._roll()
        try:
            match topics.parse(message.topic):
                case GateTopic(gate, Leaf.ACK) if gate == self._settings.gate:
                    self._acknowledged(Ack.decode(message.payload))
                case GateTopic(gate, Leaf.COMMAND) if gate == self._settings.gate:
                    self._emit(CommandArrived(message.payload, now))
                case GateTopic(gate, Leaf.BLOCK) if gate == self._settings.gate:
                    self._fetcher.arrived(message.payload, now, roll, self._ask_limit())
                case ManifestTopic(roster) if roster == self._settings.roster:
                    self._fetcher.offered(message.payload, now, roll)
                case HubTopic():
                    self._hub_said(HubStatus.decode(message.payload))
                case _:
                    pass
        except ContractError as error:
            _log.warning("uplink.message_refused", topic=message.topic, cause=str(error))

    def _acknowledged(self, ack: Ack) -> None:
        self._hub_away = False
        self._session.answered()
        self._sender.acknowledged(ack)

    def _hub_said(self, status: HubStatus) -> None:
        if not status.on:
            self._sender.hub_left()
            self._hub_is_away()
            return
        returned = self._hub_away or self._hub_start not in (None, status.start)
        self._hub_start = status.start
        if returned:
            self._hub_away = False
            self._sender.hub_returned()
            self.greet()

    def _hub_is_away(self) -> None:
        self._hub_away = True
        self._session.unanswered()

    # What the session asks of its owner.

    def will(self) -> Will:
        """Return what the broker says when this gate vanishes."""
        return Will(self._own(Leaf.STATUS), self._absence(), WILL_DELAY_S)

    def greet(self) -> None:
        """The hub is told who is here; after the first greeting of a connection, sending starts."""
        if not self._greeted:
            self._send_status()
        state = self._sender.state
        hello = Hello(
            epoch=state.epoch,
            boot=self._settings.boot,
            sid=self._sid,
            first=state.first,
            last=state.last,
            acked=state.acked,
            hubgen=state.hubgen,
            roster={self._settings.roster: self._held().rev},
            sw=self._settings.software,
            why="boot" if self._session.number == 1 else "reconnect",
        )
        self._hello_packet = self._session.tell(
            self._own(Leaf.HELLO), hello.encode(), expiry_s=HELLO_EXPIRY_S
        )
        if not self._greeted:
            self._greeted = True
            self._sender.connected(self._sid)
            self._fetcher.feed(
                replica.Connected(), self._clock_ms(), self._roll(), self._ask_limit()
            )
        elif not self._hub_away:
            self._hub_is_away()  # an earlier greeting found no answer

    def disconnected(self) -> None:
        """Nothing can be sent or asked until the next connection."""
        self._greeted = False
        self._sender.disconnected()
        self._fetcher.disconnected(self._clock_ms(), self._roll())

    def alarm(self, code: str) -> None:
        """A person must know."""
        _log.error("uplink.alarm", code=code)
        self._emit(SyncAlarm(code))

    def _farewell(self) -> None:
        self._session.leave(self._own(Leaf.STATUS), self._absence())

    def _publish_batch(self, payload: bytes) -> int:
        return self._session.publish(self._own(Leaf.EVENTS), payload)

    def _ask(self, order: replica.Ask) -> None:
        wanted = Get(id=self._sid, sha=order.tag.hex(), i=order.start, n=order.count)
        self._session.tell(self._own(Leaf.GET), wanted.encode(), expiry_s=GET_EXPIRY_S)

    def _own(self, leaf: Leaf) -> str:
        return topics.gate_topic(self._settings.gate, leaf)

    def _absence(self) -> bytes:
        return Status(on=False, sid=self._sid).encode()

    def _ask_limit(self) -> int:
        return CHUNKS_WHILE_BUSY if self._sender.backlog else replica.ASK_MAX

    @property
    def _sid(self) -> int:
        return self._settings.starts << SID_SHIFT | self._session.number

    # What people see.

    def _report_due_ms(self) -> int:
        return self._report.due_ms(self._status_fields())

    def _status_fields(self) -> dict[str, object]:
        return {
            "q": 2 if self._clock_trusted() else 0,
            "roster": {self._settings.roster: self._held().rev},
            "fetching": self._fetcher.fetching,
            **self._status,
        }

    def _send_status(self) -> None:
        moving = {
            "sid": self._sid,
            "boot": self._settings.boot,
            "epoch": self._sender.state.epoch,
            "t": self._utc_ms(),
            "sw": self._settings.software,
            "backlog": self._sender.backlog,
            "last": self._sender.state.last,
        }
        body = self._report.compose(self._status_fields(), moving, self._clock_ms())
        self._session.tell(self._own(Leaf.STATUS), body, retain=True)

    def _show_state(self) -> None:
        match self._session.phase:
            case Phase.UP:
                state = LinkState.ONLINE
            case Phase.HELLO if self._hub_away:
                state = LinkState.HUB_SILENT
            case Phase.HELLO:
                return  # greeted a moment ago: not known yet
            case _:
                state = LinkState.OFFLINE
        if state is not self._shown:
            self._shown = state
            _log.info("uplink.state", state=state.value)
            self._emit(LinkChanged(state))


def due(at_ms: int | None, now_ms: int) -> bool:
    """True when a deadline exists and has come."""
    return at_ms is not None and at_ms <= now_ms
