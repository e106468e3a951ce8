"""A bare MQTT client that says whatever a test wants, and remembers what it hears."""

import queue
from typing import Self

from gated.transport.mqtt import (
    BrokerSettings,
    LinkEvent,
    MqttLink,
    Published,
    Received,
    Subscribed,
    Welcomed,
)

LIMIT_S = 20.0


class Peer:
    """Connected and subscribed when entered."""

    def __init__(
        self, settings: BrokerSettings, *filters: str, client_id: str = "peer", manual: bool = False
    ) -> None:
        self._filters = filters
        self._events: queue.SimpleQueue[LinkEvent] = queue.SimpleQueue()
        self.received: list[Received] = []
        self.link = MqttLink(settings, client_id, self._events.put, manual_ack=manual)

    def __enter__(self) -> Self:
        self.link.open()
        self.expect(Welcomed)
        if self._filters:
            self.link.subscribe([(name, 0) for name in self._filters])
            assert self.expect(Subscribed) == Subscribed(granted=True)
        return self

    def __exit__(self, *_: object) -> None:
        self.link.close()

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> int:
        """Publish and return the broker's reason code."""
        packet_id = self.link.publish(topic, payload, retain=retain)
        while True:
            answer = self.expect(Published)
            if isinstance(answer, Published) and answer.packet_id == packet_id:
                return answer.reason

    def next(self) -> Received:
        """Return the next message heard."""
        if self.received:
            return self.received.pop(0)
        message = self.expect(Received)
        assert isinstance(message, Received)
        return message

    def expect(self, kind: type[LinkEvent]) -> LinkEvent:
        while True:
            event = self._events.get(timeout=LIMIT_S)
            if isinstance(event, kind):
                return event
            if isinstance(event, Received):
                self.received.append(event)
