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
from collections.abc import Callable
from dataclasses import dataclass, field

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
from gated.errors import ContractError, StoreError, TransportDown
from gated.hub.store import HubStore, Outcome
from gated.log import logger
from gated.transport.mqtt import BrokerSettings, Oversize, Published, Received, Will, tls_context
from gated.transport.session import Session, SessionSettings

GROUP_MAX = 16  # batches per transaction; bounded so that an ack is never far away
GROUP_EVENTS = 200  # half a gate's window: it fills one half while the other is committed
ACK_EVERY_MS = 50
BUNDLE_POLL_MS = 500
IDLE_MS = 60_000
ACK_EXPIRY_S = 60
REJECTED_MAX = 1000

_log = logger("hub")


@dataclass(frozen=True, slots=True)
class HubSettings:
    """What a hub needs. client_id: differs between workers that share one database.

    reconnect_base_ms: shortest longest wait after a lost broker; small in the demo.
    """

    broker: BrokerSettings
    store_url: str
    client_id: str = "hub-1"
    reconnect_base_ms: int = link.BASE_MS


@dataclass(slots=True)
class _Pending:
    """Batches waiting for the next commit, acknowledgements waiting for the next publish."""

    batches: list[tuple[str, Batch]] = field(default_factory=list)
    packet_ids: list[int] = field(default_factory=list)
    acks: dict[str, Outcome] = field(default_factory=dict)
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

    def run(self, stop: threading.Event) -> None:
        """Serve gates until stop is set and interrupt() called. Blocks.

        Raises StoreError when the store cannot be opened; later troubles heal by themselves.
        """
        self._store = HubStore(self._settings.store_url)
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

    def _turn(self) -> None:
        """Handle everything that waits, commit it, acknowledge it, then wait for more."""
        event = self._session.take(self._wait_s())
        for _ in range(GROUP_MAX):
            match event:
                case Received():
                    self._guarded(functools.partial(self._received, event))
                case Published() | None:
                    pass  # what a gate needs, it asks for again
            if self._session.idle or self._pending.events >= GROUP_EVENTS:
                break
            event = self._session.take(0.0)
        self._guarded(self._settle)
        self._session.tick()

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
        if self._session.usable:
            self._session.tell(topics.HUB_STATUS, self._status(on=False), retain=True)
        self._session.close()

    def _guarded(self, work: Callable[[], None]) -> None:
        """Do work; when link or store fail in it, drop the connection: the gates send again."""
        try:
            work()
        except (TransportDown, StoreError) as error:
            _log.warning("hub.interrupted", cause=str(error))
            self._session.drop(type(error).__name__)
            self._pending = _Pending()

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
            case Leaf.EVENTS | Leaf.ACK | Leaf.BLOCK:
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
        count = 1 if wanted.i == LIST_INDEX else wanted.n
        for index in range(wanted.i, wanted.i + count):
            piece = self._store.piece(tag, index)
            if piece is None:
                return
            block = Block(tag, index, piece)
            self._publish(
                topics.gate_topic(gate, Leaf.BLOCK), block.encode(), expiry_s=ACK_EXPIRY_S
            )

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

    def _commit(self) -> None:
        pending = self._pending
        if not pending.batches:
            return
        pending.bulk = pending.bulk or pending.events >= GROUP_EVENTS
        batches, packet_ids = pending.batches, pending.packet_ids
        pending.batches, pending.packet_ids = [], []
        for outcome in self._store.commit(batches, self._utc_ms()):
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
            acks[outcome.gate] = Outcome(
                outcome.gate,
                outcome.epoch,
                outcome.upto,
                outcome.head,
                outcome.fork,
                outcome.want,
                merged,
            )
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
