"""One connection: real Mosquitto where it can misbehave on demand, a scripted one elsewhere."""

import queue
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import pytest

from gated.errors import ConfigError, TransportDown
from gated.transport.mqtt import (
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
    tls_context,
)
from tests.support.broker import Broker, free_port
from tests.support.fake_broker import (
    CONNACK_OK,
    CONNECT,
    DISCONNECT,
    PUBLISH,
    SUBSCRIBE,
    Conversation,
    FakeBroker,
    connack,
    disconnect,
    puback,
)
from tests.support.peer import Peer

LIMIT_S = 20.0
NOBODY_LISTENS = 0x10


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with Broker(tmp_path_factory.mktemp("broker")) as running:
        yield running


class Line:
    """A link whose events are taken in order."""

    def __init__(self, settings: BrokerSettings, **options: object) -> None:
        self.events: queue.SimpleQueue[LinkEvent] = queue.SimpleQueue()
        self.link = MqttLink(settings, "north-1", self.events.put, **options)

    def __enter__(self) -> Self:
        self.link.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.link.close()
        self.link.close()  # twice is fine

    def next(self) -> LinkEvent:
        return self.events.get(timeout=LIMIT_S)


def welcome(talk: Conversation) -> None:
    talk.expect(CONNECT)
    talk.say(CONNACK_OK)


def test_what_is_published_arrives_as_it_was(broker: Broker) -> None:
    with Peer(broker.settings, "t/#", client_id="a") as hearer, Peer(broker.settings) as speaker:
        assert speaker.publish("t/x", b"\x00\xff body") == 0
        message = hearer.next()
        assert (message.topic, message.payload) == ("t/x", b"\x00\xff body")


def test_nobody_listening_is_said_by_the_broker(broker: Broker) -> None:
    with Peer(broker.settings) as speaker:
        assert speaker.publish("nobody/here", b"x") == NOBODY_LISTENS


def test_a_message_is_not_acknowledged_before_it_is_said_so(broker: Broker) -> None:
    """Receive Maximum is 20: without acknowledgements the broker stops there, with them it goes on."""
    with (
        Peer(broker.settings, "m/#", client_id="a", manual=True) as hearer,
        Peer(broker.settings) as speaker,
    ):
        for number in range(25):
            speaker.publish("m/x", bytes([number]))
        heard = [hearer.next() for _ in range(20)]
        assert hearer._events.empty()
        for message in heard:
            hearer.link.acknowledge(message.packet_id)
        assert [hearer.next().payload for _ in range(5)] == [bytes([n]) for n in range(20, 25)]


def test_the_will_is_spoken_when_the_connection_vanishes_and_not_when_it_ends(
    broker: Broker,
) -> None:
    will = Will("w/north-1", b"gone")
    with Peer(broker.settings, "w/#") as hearer:
        with Line(broker.settings, will=will) as line:
            assert isinstance(line.next(), Welcomed)
        with Line(broker.settings, will=will) as line:
            assert isinstance(line.next(), Welcomed)
            assert line.link._socket is not None
            line.link._socket.shutdown(socket.SHUT_RDWR)
            assert isinstance(line.next(), Lost)
        assert hearer.next().payload == b"gone"
        assert not hearer.received


def test_a_retained_message_meets_every_later_subscriber(broker: Broker) -> None:
    with Peer(broker.settings) as speaker:
        speaker.publish("r/mf", b"offer", retain=True)
    with Peer(broker.settings, "r/mf", client_id="later") as hearer:
        assert hearer.next().payload == b"offer"


def test_no_delay_is_set_before_the_first_byte(broker: Broker) -> None:
    with Line(broker.settings) as line:
        assert line.link._socket is not None
        assert line.link._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_broker_that_is_not_there_is_named() -> None:
    port = free_port()
    line = Line(BrokerSettings("127.0.0.1", port, tls=False))
    with pytest.raises(TransportDown, match=f"cannot reach the broker 127.0.0.1:{port}"):
        line.link.open()
    line.link.close()


@pytest.mark.parametrize("host", ["", "a..b", "x" * 64])
def test_a_name_no_resolver_can_be_asked_for_is_a_broker_out_of_reach(host: str) -> None:
    line = Line(BrokerSettings(host, 1883, tls=False))
    with pytest.raises(TransportDown, match="cannot reach the broker"):
        line.link.open()
    line.link.close()


def test_a_frozen_broker_holds_up_nobody(tmp_path: Path) -> None:
    with Broker(tmp_path) as broker, Line(broker.settings) as line:
        assert isinstance(line.next(), Welcomed)
        broker.freeze()
        line.link.close()
        broker.thaw()


def test_connect_asks_for_what_the_contract_says() -> None:
    bodies = []

    def listen(talk: Conversation) -> None:
        bodies.append(talk.expect(CONNECT))
        talk.say(CONNACK_OK)
        talk.expect(DISCONNECT)

    with FakeBroker(listen) as fake, Line(fake.settings, session_expiry_s=300) as line:
        assert line.next() == Welcomed("")
    (body,) = bodies
    assert body[:7] == b"\x00\x04MQTT\x05", "MQTT 5"
    assert body[7] & 0x02 == 0, "no clean start: the session goes on"
    assert body[8:10] == (20).to_bytes(2, "big"), "keep alive"
    assert b"\x11\x00\x00\x01\x2c" in body, "session expiry 300 s"
    assert b"\x21\x00\x14" in body, "receive maximum 20"
    assert b"\x27\x00\x10\x00\x00" in body, "maximum packet size 1 MiB"


def test_without_a_session_each_start_is_clean() -> None:
    flags = []

    def listen(talk: Conversation) -> None:
        flags.append(talk.expect(CONNECT)[7])
        talk.say(CONNACK_OK)
        talk.expect(DISCONNECT)

    with FakeBroker(listen) as fake, Line(fake.settings) as line:
        line.next()
    assert flags[0] & 0x02


@pytest.mark.parametrize(("reason", "denied"), [(0x87, True), (0x86, True), (0x88, False)])
def test_a_refused_connect_says_whether_a_person_must_act(reason: int, denied: bool) -> None:
    def refuse(talk: Conversation) -> None:
        talk.expect(CONNECT)
        talk.say(connack(reason))

    with FakeBroker(refuse) as fake, Line(fake.settings) as line:
        lost = line.next()
        assert isinstance(lost, Lost)
        assert lost.denied is denied


def test_a_take_over_is_told_apart() -> None:
    def take_over(talk: Conversation) -> None:
        welcome(talk)
        talk.say(disconnect(0x8E))

    with FakeBroker(take_over) as fake, Line(fake.settings) as line:
        assert isinstance(line.next(), Welcomed)
        lost = line.next()
        assert isinstance(lost, Lost)
        assert lost.taken_over


def test_a_hang_up_is_a_loss() -> None:
    with FakeBroker(welcome) as fake, Line(fake.settings) as line:
        assert isinstance(line.next(), Welcomed)
        assert isinstance(line.next(), Lost)


def test_another_name_given_by_the_broker_is_reported() -> None:
    def rename(talk: Conversation) -> None:
        talk.expect(CONNECT)
        talk.say(connack(0, b"\x12\x00\x05other"))
        talk.expect(DISCONNECT)

    with FakeBroker(rename) as fake, Line(fake.settings) as line:
        assert line.next() == Welcomed("other")


def test_a_partly_refused_subscription_is_not_granted() -> None:
    def refuse(talk: Conversation) -> None:
        welcome(talk)
        packet_id = talk.expect(SUBSCRIBE)[:2]
        talk.say(b"\x90\x05" + packet_id + b"\x00\x01\x87")
        talk.expect(DISCONNECT)

    with FakeBroker(refuse) as fake, Line(fake.settings) as line:
        assert isinstance(line.next(), Welcomed)
        line.link.subscribe([("a", 0), ("b", 1)])
        assert line.next() == Subscribed(granted=False)


@pytest.mark.parametrize("reason", [0x10, 0x80, 0x87, 0x97, 0x99])
def test_the_brokers_answer_to_a_publish_is_surfaced(reason: int) -> None:
    def answer(talk: Conversation) -> None:
        welcome(talk)
        body = talk.expect(PUBLISH)
        packet_id = int.from_bytes(body[3:5], "big")  # after the topic "a"
        talk.say(puback(packet_id, reason))
        talk.expect(DISCONNECT)

    with FakeBroker(answer) as fake, Line(fake.settings) as line:
        assert isinstance(line.next(), Welcomed)
        packet_id = line.link.publish("a", b"x")
        assert line.next() == Published(packet_id, reason)


def test_a_message_above_the_brokers_limit_is_never_sent() -> None:
    def limit(talk: Conversation) -> None:
        talk.expect(CONNECT)
        talk.say(connack(0, b"\x27\x00\x00\x04\x00"))
        talk.expect(DISCONNECT)

    with FakeBroker(limit) as fake, Line(fake.settings) as line:
        assert isinstance(line.next(), Welcomed)
        with pytest.raises(Oversize, match="the broker takes 1024"):
            line.link.publish("a", bytes(1_024))


def test_a_topic_that_is_no_text_is_dropped_and_the_line_lives() -> None:
    def rubbish(talk: Conversation) -> None:
        welcome(talk)
        talk.say(b"\x30\x05\x00\x01\xff\x00x" + b"\x30\x05\x00\x01a\x00y")
        talk.expect(DISCONNECT)

    with FakeBroker(rubbish) as fake, Line(fake.settings) as line:
        assert isinstance(line.next(), Welcomed)
        assert line.next() == Received("a", b"y", 0)
        assert line.link.alive


def test_publishing_after_the_end_is_refused(broker: Broker) -> None:
    with Line(broker.settings) as line:
        assert isinstance(line.next(), Welcomed)
    with pytest.raises(TransportDown):
        line.link.publish("a", b"x")


def test_plain_connections_need_no_tls_files_and_bad_ones_are_named(tmp_path: Path) -> None:
    assert tls_context(BrokerSettings("h", tls=False)) is None
    context = tls_context(BrokerSettings("h"))
    assert context is not None
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    with pytest.raises(ConfigError, match=r"missing\.pem"):
        tls_context(BrokerSettings("h", ca=tmp_path / "missing.pem"))
    empty = tmp_path / "empty.pem"
    empty.touch()
    with pytest.raises(ConfigError, match="check that they are PEM"):
        tls_context(BrokerSettings("h", cert=empty, key=empty))


def test_settings_do_not_show_the_password() -> None:
    assert "secret" not in repr(BrokerSettings("h", username="u", password="secret"))
