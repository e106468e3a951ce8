"""Carries out what core/delivery.py orders: reads the journal, publishes, believes proven acks.

Lives on the uplink's thread. It reads the journal through its own connection and never writes
it: the engine stores the watermark it is told about.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from gated.contract.batch import SideRow, encode_batch
from gated.contract.messages import Ack
from gated.core import delivery
from gated.core.canonical import canonical
from gated.core.delivery import Alarm, Effect, Read, ShowParked, StoreWatermark
from gated.errors import StoreError, TransportDown
from gated.gate.uplink_events import EventsParked, SyncAlarm, UplinkEvent, WatermarkAcknowledged
from gated.log import logger
from gated.store.journal_reader import Entry, JournalReader
from gated.transport.mqtt import Oversize

NOBODY_LISTENS = 0x10
FAILED = 0x80

_log = logger("uplink")


class Publisher(Protocol):
    """Hands a batch to the link; returns its packet id. Raises TransportDown or Oversize."""

    def __call__(self, payload: bytes) -> int:
        """The batch is on its way."""


class Sender:
    """Delivery of one journal. clock_ms: monotonic ms; roll: random in [0, 1)."""

    def __init__(
        self,
        path: Path,
        publish: Publisher,
        emit: Callable[[UplinkEvent], None],
        clock_ms: Callable[[], int],
        roll: Callable[[], float],
    ) -> None:
        self._reader = JournalReader(path)
        self._publish = publish
        self._emit = emit
        self._clock_ms = clock_ms
        self._roll = roll
        self._sid = 0
        self._packets: set[int] = set()
        journal = self._reader.state()
        self.state = delivery.resume(
            journal.epoch, journal.first, journal.last, journal.acked, journal.hubgen
        )

    def close(self) -> None:
        """The journal is closed; may be called twice."""
        self._reader.close()

    @property
    def backlog(self) -> int:
        """How many events the hub has not acknowledged."""
        return delivery.backlog(self.state)

    @property
    def wake_at_ms(self) -> int | None:
        """When tick() is due, monotonic ms."""
        return delivery.wake_at_ms(self.state)

    def connected(self, sid: int) -> None:
        """The link may be used: sending starts after the watermark."""
        self._sid = sid
        self._packets.clear()
        self.grew()
        self._carry(delivery.Connected())

    def disconnected(self) -> None:
        """The link is gone."""
        self._packets.clear()
        self._carry(delivery.Disconnected())

    def hub_returned(self) -> None:
        """The hub started anew: what was in flight died with it."""
        self._packets.clear()
        self._carry(delivery.HubReturned())

    def hub_left(self) -> None:
        """Nobody reads what is sent."""
        self._carry(delivery.HubLeft())

    def tick(self) -> None:
        """Deadlines are looked at."""
        self._carry(delivery.Elapsed())

    def grew(self) -> None:
        """The journal may hold more than before."""
        try:
            journal = self._reader.state()
        except StoreError as error:
            _log.warning("uplink.journal_unreadable", cause=str(error))
            return
        self._carry(delivery.Grew(journal.last))

    def acknowledged(self, ack: Ack) -> None:
        """The hub answered; believed only when our own chain hash there is the same."""
        self._carry(
            delivery.Acknowledged(
                epoch=ack.epoch,
                upto=ack.upto,
                hub_hash=bytes.fromhex(ack.h),
                own_hash=self._own_hash(ack.upto),
                hubgen=ack.hubgen,
                fork=ack.fork,
                want=ack.want,
                retry_ms=ack.retry_ms,
                parked=tuple((row.seq, row.code) for row in ack.rej),
            )
        )

    def published(self, packet_id: int, reason: int) -> bool:
        """The broker answered a publish; returns False when nobody listened to a batch."""
        if packet_id not in self._packets:
            return True
        self._packets.discard(packet_id)
        if reason == NOBODY_LISTENS:
            self._carry(delivery.HubLeft())
            return False
        if reason >= FAILED:
            self._carry(delivery.Refused(reason))
        return True

    def _carry(self, event: delivery.Event) -> None:
        """Feed the machine and do what it says, until it says nothing more."""
        pending: list[delivery.Event] = [event]
        while pending:
            self.state, effects = delivery.step(
                self.state, pending.pop(), self._clock_ms(), self._roll()
            )
            for effect in effects:
                answer = self._perform(effect)
                if answer is not None:
                    pending.append(answer)

    def _perform(self, effect: Effect) -> delivery.Event | None:
        match effect:
            case Read(start, limit):
                return self._send(start, limit)
            case StoreWatermark(upto, hubgen):
                self._emit(WatermarkAcknowledged(upto, hubgen))
            case ShowParked(events):
                for code in sorted({code for _, code in events}):
                    seqs = tuple(seq for seq, own in events if own == code)
                    self._emit(EventsParked(seqs, code))
            case Alarm(code):
                _log.error("uplink.alarm", code=code)
                self._emit(SyncAlarm(code))
        return None

    def _send(self, start: int, limit: int) -> delivery.Event:
        try:
            entries = self._reader.read(start, limit, delivery.BATCH_BYTES)
            previous = self._reader.hash_at(start - 1)
            if not entries or entries[0].seq != start or previous is None:
                return delivery.Sent(start - 1)
            packet_id = self._publish(self._batch(entries, previous))
        except StoreError as error:
            _log.warning("uplink.journal_unreadable", cause=str(error))
            return delivery.Refused(delivery.QUOTA)
        except Oversize:
            return delivery.Refused(delivery.PACKET_TOO_LARGE)
        except TransportDown:
            return delivery.Disconnected()
        self._packets.add(packet_id)
        return delivery.Sent(entries[-1].seq)

    def _batch(self, entries: list[Entry], previous: bytes) -> bytes:
        side = [
            SideRow(entry.seq, entry.side.salt, canonical(dict(entry.side.values)))
            for entry in entries
            if entry.side is not None and not entry.side.coarse
        ]
        bodies = [entry.body for entry in entries]
        return encode_batch(self.state.epoch, entries[0].seq, self._sid, previous, bodies, side)

    def _own_hash(self, upto: int) -> bytes | None:
        if upto > self.state.last:
            return None
        try:
            return self._reader.hash_at(upto)
        except StoreError:
            return None
