"""The hub at work: commit first, then acknowledge, then let the broker forget.

One worker thread (`Hub.run`) owns the store and the connection. The broker redelivers nothing we
rely on: sessions are clean, and a message lost anywhere is sent again by its gate. Everything
waiting in the inbox is committed in one transaction, so a busy hub pays for one flush per group.
Messages nobody can use are parked and acknowledged; they never stop the others.
"""

import functools
import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from gated.contract import topics
from gated.contract.batch import Batch, decode_batch
from gated.contract.messages import (
    LIST_INDEX,
    Ack,
    Block,
    Get,
    Hello,
    HubStatus,
    Rejected,
    Status,
)
from gated.contract.topics import GateTopic, Leaf
from gated.core import link
from gated.errors import ContractError, StoreBusy, StoreError, TransportDown
from gated.hub.commands import CommandQueue
from gated.hub.store import HubStore, Outcome
from gated.log import logger
from gated.transport.mqtt import BrokerSettings, Oversize, Published, Received, Will, tls_context
from gated.transport.session import Session, SessionSettings

GROUP_MAX = 16  # batches per transaction; bounded so that an ack is never far away
GROUP_EVENTS = 200  # half a gate's window: it fills one half while the other is committed
ACK_EVERY_MS = 50
BUNDLE_POLL_MS = 200  # a single change is at every gate within seconds
BUSY_MS = 300  # a gate that drains fills a group every few hundredths of a second
IDLE_MS = 60_000
ACK_EXPIRY_S = 60
REJECTED_MAX = 1000
PATIENCE_S = 2.0  # then the connection is looked after before the store is tried again

_log = logger("hub")


@dataclass(frozen=True, slots=True)
class HubSettings:
    """What a hub needs. client_id: differs between workers that share one database.

    reconnect_base_ms: shortest longest wait after a lost broker; small in the demo. rosters: id
    of the list of every site; a gate fetches that of its own site alone. Left out: any list.
    """

    broker: BrokerSettings
    store_url: str
    client_id: str = "hub-1"
    reconnect_base_ms: int = link.BASE_MS
    rosters: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Pending:
    """Batches waiting for the next commit, acknowledgements waiting for the next publish.

    kept: the message the store was too busy for, which comes before any other. The broker holds
    back more than 20 unacknowledged messages, so neither it nor the batches grow while we wait.
    """

    batches: list[tuple[str, Batch]] = field(default_factory=list)
    packet_ids: list[int] = field(default_factory=list)
    acks: dict[str, Outcome] = field(default_factory=dict)
    kept: Received | None = None
    since_ms: int = 0
    bulk: bool = False  # a gate is draining: its window waits for this acknowledgement

    @property
    def events(self) -> int:
        """How many events wait for the next commit."""
        return sum(len(batch.events) for _, batch in self.batches)


class Hub:
    """One hub worker. Only run() touches the store and the broker; interrupt() is for others."""

    name = "hub"

    def __init__(
        self,
        settings: HubSettings,
        *,
        clock_ms: Callable[[], int] = lambda: time.monotonic_ns() // 1_000_000,
        utc_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        roll: Callable[[], float] = random.random,
    ) -> None:
        self._settings = settings
        self._clock_ms = clock_ms
        self._utc_ms = utc_ms
        self._roll = roll
        self._session = Session(
            SessionSettings(
                settings.broker,
                settings.client_id,
                topics.hub_subscriptions(),
                context=tls_context(settings.broker),
                base_ms=settings.reconnect_base_ms,
                manual_ack=True,
            ),
            self,
            clock_ms,
            roll,
        )
        self._started_ms = utc_ms()
        self._pending = _Pending()
        self._revisions: dict[str, int] = {}
        self._bundles_due_ms = 0
        self._waiting = False  # for a busy store
        self._bulk_ms: int | None = None  # when a gate last filled a whole transaction
        self.beat_ms = clock_ms()

    def run(self, stop: threading.Event) -> None:
        """Serve gates until stop is set and interrupt() called. Blocks.

        Raises StoreError when the store cannot be opened; later troubles heal by themselves.
        """
        self._store = HubStore(self._settings.store_url, patience_s=PATIENCE_S)
        self._commands = CommandQueue(self._store.database)
        self._session.start()
        try:
            while not stop.is_set():
                self._turn()
        finally:
            self._farewell()
            self._store.close()

    def interrupt(self) -> None:
        """A waiting run() looks at its stop flag at once. Any thread."""
        self._session.nudge()

    def busy(self) -> bool:
        """Return whether a gate is draining a backlog right now. Any thread."""
        bulk_ms = self._bulk_ms
        return bulk_ms is not None and self._clock_ms() - bulk_ms < BUSY_MS

    def _turn(self) -> None:
        """Handle everything that waits, commit it, acknowledge it, then wait for more."""
        self.beat_ms = self._clock_ms()
        event = self._next()
        for _ in range(GROUP_MAX):
            match event:
                case Received():
                    self._guarded(functools.partial(self._received, event), event)
                case Published() | None:
                    pass  # what a gate needs, it asks for again
            full = self._pending.events >= GROUP_EVENTS
            if self._session.idle or full or self._pending.kept is not None:
                break
            event = self._session.take(0.0)
        if self._pending.kept is None and self._guarded(self._settle):
            self._waiting = False
        self._session.tick()

    def _next(self) -> Received | Published | None:
        """Return the message that was kept, or wait for the next; None when there is none."""
        kept, self._pending.kept = self._pending.kept, None
        return self._session.take(self._wait_s()) if kept is None else kept

    def _wait_s(self) -> float:
        now = self._clock_ms()
        due = [now + IDLE_MS] if not self._session.usable else [self._bundles_due_ms]
        due += [at for at in (self._session.wake_at_ms,) if at is not None]
        return max(0.001, (min(due) - now) / 1000)

    # What the session asks of its owner.

    def will(self) -> Will:
        """Return what the broker says when this hub vanishes."""
        return Will(topics.HUB_STATUS, self._status(on=False))

    def greet(self) -> None:
        """Every gate is told that the hub is here."""
        self._guarded(self._announce)
        self._session.answered()

    def disconnected(self) -> None:
        """What was waiting is forgotten: the gates send it again."""
        self._pending = _Pending()

    def alarm(self, code: str) -> None:
        """A person must act."""
        _log.error("hub.alarm", code=code, remedy="check the hub's credentials, ACL and client id")

    def _farewell(self) -> None:
        self._session.leave(topics.HUB_STATUS, self._status(on=False))

    def _guarded(self, work: Callable[[], None], message: Received | None = None) -> bool:
        """Do work and return True; when link or store fail in it, drop the connection.

        The gates then send again. A busy store drops nothing: the message and what waits for a
        commit are kept for the next turn, unacknowledged.
        """
        try:
            work()
        except StoreBusy as error:
            if not self._waiting:
                _log.warning("hub.store_busy", cause=str(error))
            self._waiting = True
            self._pending.kept = message or self._pending.kept
        except (TransportDown, StoreError) as error:
            _log.warning("hub.interrupted", cause=str(error))
            self._session.drop(type(error).__name__)
            self._pending = _Pending()
        else:
            return True
        return False

    def _publish(
        self, topic: str, payload: bytes, *, retain: bool = False, expiry_s: int | None = None
    ) -> None:
        try:
            self._session.publish(topic, payload, retain=retain, expiry_s=expiry_s)
        except Oversize as error:
            _log.error("hub.oversize", cause=str(error))

    def _status(self, *, on: bool) -> bytes:
        status = HubStatus(
            on=on, hubgen=self._store.hubgen, start=self._started_ms, now=self._utc_ms()
        )
        return status.encode()

    def _announce(self) -> None:
        _log.info("hub.online", store_generation=self._store.hubgen)
        self._publish(topics.HUB_STATUS, self._status(on=True), retain=True)
        self._revisions.clear()
        self._offer_bundles()

    def _offer_bundles(self) -> None:
        self._bundles_due_ms = self._clock_ms() + BUNDLE_POLL_MS
        for bundle in self._store.newest_bundles():
            if self._revisions.get(bundle.roster) != bundle.rev:
                self._publish(topics.manifest_topic(bundle.roster), bundle.manifest, retain=True)
                self._revisions[bundle.roster] = bundle.rev
                _log.info("hub.roster_offered", roster=bundle.roster, rev=bundle.rev)

    def _send_commands(self) -> None:
        """Orders go to the gates that are online; a gate that comes back gets its own again."""
        due = self._commands.due(self._utc_ms())
        for order in due:
            topic = topics.gate_topic(order.gate, Leaf.COMMAND)
            self._publish(topic, order.body, expiry_s=order.left_s)
            _log.info("hub.order_sent", gate=order.gate, id=order.id)
        if due:
            self._commands.sent(due)

    # Messages.

    def _received(self, message: Received) -> None:
        topic = topics.parse(message.topic)
        gate = topic.gate if isinstance(topic, GateTopic) else ""
        try:
            if isinstance(topic, GateTopic) and topic.leaf is Leaf.EVENTS:
                self._pending.batches.append((gate, decode_batch(message.payload)))
                self._pending.packet_ids.append(message.packet_id)
                return
            if isinstance(topic, GateTopic):
                self._answer(topic, message.payload)
        except ContractError as error:
            _log.warning("hub.message_parked", gate=gate, cause=str(error))
            self._store.park(gate, str(error), message.payload, self._utc_ms())
        self._session.acknowledge(message.packet_id)

    def _answer(self, topic: GateTopic, payload: bytes) -> None:
        match topic.leaf:
            case Leaf.HELLO:
                self._hello(topic.gate, Hello.decode(payload))
            case Leaf.STATUS:
                self._gate_status(topic.gate, Status.decode(payload))
            case Leaf.GET:
                self._serve(topic.gate, Get.decode(payload))
            case Leaf.EVENTS | Leaf.ACK | Leaf.BLOCK | Leaf.COMMAND:
                pass

    def _hello(self, gate: str, hello: Hello) -> None:
        self._commit()
        self._store.greet(
            gate,
            {
                "online": True,
                "sid": hello.sid,
                "epoch": hello.epoch,
                "last": hello.last,
                "roster_rev": max(hello.roster.values(), default=0),
                "software": hello.sw,
                "seen_ms": self._utc_ms(),
            },
        )
        self._commands.again(gate)
        _log.info("hub.gate_hello", gate=gate, epoch=hello.epoch, last=hello.last, why=hello.why)
        self._owe(self._store.promise(gate, hello.epoch))

    def _gate_status(self, gate: str, status: Status) -> None:
        known = next((row for row in self._store.gates() if row["gate"] == gate), None)
        if known is not None and status.sid < known["sid"]:
            return  # the will of a connection that was replaced long ago
        values: dict[str, object] = {"online": status.on, "sid": status.sid}
        if status.on:
            heard = known["last"] if known and known["epoch"] == status.epoch else 0
            values |= {
                "epoch": status.epoch,
                "last": max(status.last, heard),
                "backlog": status.backlog,
                "roster_rev": max(status.roster.values(), default=0),
                "status": status.model_dump_json(),
                "seen_ms": self._utc_ms(),
            }
        self._store.greet(gate, values)

    def _serve(self, gate: str, wanted: Get) -> None:
        tag = bytes.fromhex(wanted.sha)
        if not self._store.may_fetch(gate, tag, self._settings.rosters):
            _log.warning("hub.piece_refused", gate=gate)
            return
        count = 1 if wanted.i == LIST_INDEX else wanted.n
        for index in range(wanted.i, wanted.i + count):
            piece = self._store.piece(tag, index)
            if piece is None:
                return
            body = Block(tag, index, piece).encode()
            self._publish(topics.gate_topic(gate, Leaf.BLOCK), body, expiry_s=ACK_EXPIRY_S)

    # Commit, acknowledge, forget: in this order.

    def _settle(self) -> None:
        self._commit()
        pending = self._pending
        now = self._clock_ms()
        waited = now - pending.since_ms >= ACK_EVERY_MS
        if pending.acks and (waited or pending.bulk or self._session.idle):
            pending.bulk = False
            for outcome in pending.acks.values():
                self._acknowledge(outcome)
            pending.acks.clear()
        if self._session.usable and now >= self._bundles_due_ms:
            self._offer_bundles()
            self._send_commands()

    def _commit(self) -> None:
        pending = self._pending
        if not pending.batches:
            return
        if pending.events >= GROUP_EVENTS:
            pending.bulk = True
            self._bulk_ms = self._clock_ms()
        outcomes = self._store.commit(pending.batches, self._utc_ms())
        packet_ids = pending.packet_ids
        pending.batches, pending.packet_ids = [], []
        for outcome in outcomes:
            self._owe(outcome)
        for packet_id in packet_ids:
            self._session.acknowledge(packet_id)

    def _owe(self, outcome: Outcome) -> None:
        """Note an acknowledgement; a fork or a rejection is never overwritten by a later one."""
        acks = self._pending.acks
        if not acks:
            self._pending.since_ms = self._clock_ms()
        earlier = acks.get(outcome.gate)
        if earlier is not None and (earlier.epoch != outcome.epoch or earlier.fork):
            self._acknowledge(earlier)
        elif earlier is not None and earlier.rejected:
            merged = tuple(sorted({*earlier.rejected, *outcome.rejected}))[:REJECTED_MAX]
            acks[outcome.gate] = replace(outcome, rejected=merged, stored=0)
            return
        acks[outcome.gate] = outcome

    def _acknowledge(self, outcome: Outcome) -> None:
        if outcome.fork:
            _log.error("hub.fork", gate=outcome.gate, epoch=outcome.epoch, upto=outcome.upto)
        ack = Ack(
            epoch=outcome.epoch,
            upto=outcome.upto,
            h=outcome.head.hex(),
            hubgen=self._store.hubgen,
            fork=outcome.fork,
            rej=tuple(Rejected(seq=seq, code=code) for seq, code in outcome.rejected),
            want=outcome.want,
            now=self._utc_ms(),
        )
        topic = topics.gate_topic(outcome.gate, Leaf.ACK)
        self._publish(topic, ack.encode(), expiry_s=ACK_EXPIRY_S)
