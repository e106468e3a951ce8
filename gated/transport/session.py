"""One broker connection after another: opened, subscribed, greeted, lost, and opened again.

core/link.py decides when; this carries it out with a new MqttLink each time and hands what
arrives to its one owner thread through an inbox. Events of a connection that is gone are dropped.
"""

import queue
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from gated.core import link
from gated.core.link import Effect, Phase
from gated.errors import TransportDown
from gated.log import logger
from gated.transport.mqtt import (
    FAREWELL_S,
    BrokerSettings,
    LinkEvent,
    Lost,
    MqttLink,
    Oversize,
    Published,
    Received,
    Subscribed,
    Welcomed,
    Will,
)

_log = logger("transport")


class Owner(Protocol):
    """What the owner of a session does when its connection changes; called on its own thread."""

    def will(self) -> Will:
        """Return what the broker says for us when the next connection vanishes."""

    def greet(self) -> None:
        """The connection may be used; called again while nobody has answered."""

    def disconnected(self) -> None:
        """The connection is gone."""

    def alarm(self, code: str) -> None:
        """A person must act: broker_refused, taken_over or client_id_changed."""


@dataclass(frozen=True, slots=True)
class SessionSettings:
    """How a session behaves. context: TLS, None for plain.

    base_ms: longest first wait after a loss. spread_ms: the first connect comes within this.
    session_expiry_s: 0 starts clean each time. manual_ack: the owner acknowledges to the broker.
    """

    broker: BrokerSettings
    client_id: str
    subscriptions: Sequence[tuple[str, int]]
    context: ssl.SSLContext | None = None
    base_ms: int = link.BASE_MS
    spread_ms: int = 0
    session_expiry_s: int = 0
    manual_ack: bool = False


class Session:
    """A connection that comes back. One owner thread; only nudge() is for others.

    number: counts connections of this session, from 1. clock_ms: monotonic. roll: random [0, 1).
    """

    def __init__(
        self,
        settings: SessionSettings,
        owner: Owner,
        clock_ms: Callable[[], int],
        roll: Callable[[], float],
    ) -> None:
        self._settings = settings
        self._owner = owner
        self._clock_ms = clock_ms
        self._roll = roll
        self._inbox: queue.SimpleQueue[tuple[int, LinkEvent | None]] = queue.SimpleQueue()
        self._connection: MqttLink | None = None
        self._link = link.State()
        self.number = 0

    def nudge(self) -> None:
        """A waiting take() returns at once. Any thread."""
        self._inbox.put((0, None))

    def start(self) -> None:
        """The first connect is planned; tick() makes it."""
        settings = self._settings
        self._link = link.first(
            self._clock_ms(), settings.base_ms, settings.spread_ms, self._roll()
        )

    @property
    def phase(self) -> Phase:
        """Where the connection stands."""
        return self._link.phase

    @property
    def usable(self) -> bool:
        """True when messages may be published."""
        return link.usable(self._link)

    @property
    def wake_at_ms(self) -> int | None:
        """When tick() is due, monotonic ms."""
        return link.wake_at_ms(self._link)

    @property
    def idle(self) -> bool:
        """True when nothing waits to be taken."""
        return self._inbox.empty()

    def take(self, timeout_s: float) -> Received | Published | None:
        """Return the next message or answer, None when there is none within timeout_s.

        What concerns the connection itself is dealt with here and gives None.
        """
        try:
            number, event = self._inbox.get(timeout=timeout_s) if timeout_s else self._now()
        except queue.Empty:
            return None
        if event is None or number != self.number:
            return None
        match event:
            case Received() | Published():
                return event
            case Welcomed(client_id):
                if client_id not in ("", self._settings.client_id):
                    self._owner.alarm("client_id_changed")
                self._apply(link.Welcomed())
            case Subscribed(granted):
                denied = link.Failed(link.Failure.DENIED)
                self._apply(link.Subscribed() if granted else denied)
            case Lost(reason, denied, taken_over):
                _log.warning("transport.lost", client=self._settings.client_id, reason=reason)
                self._apply(link.Failed(_failure(denied=denied, taken_over=taken_over)))
        return None

    def tick(self) -> None:
        """Deadlines are looked at; a dead network thread is noticed."""
        if self._connection is not None and not self._connection.alive:
            self.drop("the network thread died")
        self._apply(link.Elapsed())

    def answered(self) -> None:
        """The other end is there."""
        self._apply(link.Answered())

    def unanswered(self) -> None:
        """The other end is away; the connection is as good as before."""
        self._apply(link.HubLeft())

    def publish(
        self, topic: str, payload: bytes, *, retain: bool = False, expiry_s: int | None = None
    ) -> int:
        """The message is on its way; returns its packet id.

        Raises TransportDown, after which the connection is given up, and Oversize.
        """
        if self._connection is None:
            raise TransportDown(f"cannot publish on {topic}: no connection")
        try:
            return self._connection.publish(topic, payload, retain=retain, expiry_s=expiry_s)
        except TransportDown as error:
            self.drop(str(error))
            raise

    def tell(
        self, topic: str, payload: bytes, *, retain: bool = False, expiry_s: int | None = None
    ) -> int:
        """As publish, for what is said again anyway: returns 0 when it could not be said."""
        try:
            return self.publish(topic, payload, retain=retain, expiry_s=expiry_s)
        except TransportDown:
            return 0
        except Oversize as error:
            _log.error("transport.oversize", cause=str(error))
            return 0

    def acknowledge(self, packet_id: int) -> None:
        """The broker may forget this message (manual_ack only)."""
        if self._connection is not None:
            self._connection.acknowledge(packet_id)

    def drop(self, reason: str) -> None:
        """The connection is given up; a new one follows."""
        self._inbox.put((self.number, Lost(reason)))

    def leave(self, topic: str, last_words: bytes) -> None:
        """The last words are said, retained, where they still can be; then as close().

        Blocks until the broker has taken them, at most a second longer than close(): closing a
        socket on which an answer lies unread resets it, and what we said last may go with it.
        """
        packet_id = self.tell(topic, last_words, retain=True) if self.usable else 0
        if packet_id:
            self._await_taken(packet_id)
        self.close()

    def close(self) -> None:
        """The connection is closed for good; may be called twice. Blocks up to a second."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _await_taken(self, packet_id: int) -> None:
        deadline_ms = self._clock_ms() + round(FAREWELL_S * 1000)
        while (left_ms := deadline_ms - self._clock_ms()) > 0:
            try:
                number, event = self._inbox.get(timeout=left_ms / 1000)
            except queue.Empty:
                return
            match event:
                case Published(answered) if number == self.number and answered == packet_id:
                    return
                case Lost() if number == self.number:
                    return

    def _now(self) -> tuple[int, LinkEvent | None]:
        return self._inbox.get_nowait()

    def _apply(self, event: link.Event) -> None:
        self._link, effects = link.step(self._link, event, self._clock_ms(), self._roll())
        for effect in effects:
            match effect:
                case Effect.OPEN:
                    self._open()
                case Effect.SUBSCRIBE:
                    if self._connection is not None:
                        self._connection.subscribe(self._settings.subscriptions)
                case Effect.GREET:
                    self._owner.greet()
                case Effect.CLOSE:
                    self._owner.disconnected()
                    self.close()
                case Effect.ALARM_DENIED:
                    self._owner.alarm("broker_refused")
                case Effect.ALARM_TAKEN_OVER:
                    self._owner.alarm("taken_over")

    def _open(self) -> None:
        self.number += 1
        number = self.number
        self._connection = MqttLink(
            self._settings.broker,
            self._settings.client_id,
            lambda event: self._inbox.put((number, event)),
            will=self._owner.will(),
            context=self._settings.context,
            session_expiry_s=self._settings.session_expiry_s,
            manual_ack=self._settings.manual_ack,
        )
        try:
            self._connection.open()
        except TransportDown as error:
            self.drop(str(error))


def _failure(*, denied: bool, taken_over: bool) -> link.Failure:
    if taken_over:
        return link.Failure.TAKEN_OVER
    return link.Failure.DENIED if denied else link.Failure.LOST
