"""One MQTT 5 connection to the broker, over paho: bytes out, events in, nothing remembered.

A MqttLink lives for one connection. After any loss a new one is built, so nothing the library
still holds is ever resent and the will carries the new connection's number. Reconnecting,
queueing and deciding belong to the caller. The library's network thread only puts frozen events
into `emit`, which must not block; TCP no-delay is set before the first byte, because 40 ms per
round trip would be the price.
"""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from paho.mqtt.client import (
    Client,
    ConnectFlags,
    DisconnectFlags,
    MQTTMessage,
    MQTTv5,
)
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from gated.errors import ConfigError, GatedError, TransportDown

KEEP_ALIVE_S: Final = 20  # a dead socket is found within twice this
RECEIVE_MAXIMUM: Final = 20
PACKET_LIMIT_BYTES: Final = 1024 * 1024
PACKET_HEAD_BYTES: Final = 64  # fixed header, packet id and our few properties, generously
OPEN_TIMEOUT_S: Final = 3.0  # below the 5 s a stopping program waits for its threads
FAREWELL_S: Final = 1.0
UNSPECIFIED: Final = 0x80
_DENIED: Final = frozenset({0x84, 0x85, 0x86, 0x87, 0x8A, 0x8C, 0x9F})
_TAKEN_OVER: Final = 0x8E
_new_properties: Callable[[int], Properties] = Properties  # the library leaves it untyped


class Oversize(GatedError, ValueError):
    """A message is larger than the broker takes; it would hang up on every attempt."""


@dataclass(frozen=True, slots=True)
class BrokerSettings:
    """Where the broker is and who we are to it. ca, cert, key: PEM files."""

    host: str
    port: int = 8883
    tls: bool = True
    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None
    username: str = ""
    password: str = ""

    def __repr__(self) -> str:
        return f"BrokerSettings(host={self.host!r}, port={self.port}, tls={self.tls})"


@dataclass(frozen=True, slots=True)
class Will:
    """What the broker says for us when we vanish. delay_s: how long it waits before."""

    topic: str
    payload: bytes
    delay_s: int = 0


@dataclass(frozen=True, slots=True)
class Welcomed:
    """The broker accepted the connection. client_id: the name it knows us by."""

    client_id: str


@dataclass(frozen=True, slots=True)
class Subscribed:
    """The broker answered a subscription; granted: all of it."""

    granted: bool


@dataclass(frozen=True, slots=True)
class Received:
    """A message arrived. packet_id: what acknowledge() takes when acknowledging by hand."""

    topic: str
    payload: bytes
    packet_id: int


@dataclass(frozen=True, slots=True)
class Published:
    """The broker answered a publish. reason: 0 taken, 0x10 nobody listens, >= 0x80 refused."""

    packet_id: int
    reason: int


@dataclass(frozen=True, slots=True)
class Lost:
    """The connection ended. reason: in the broker's or the library's words."""

    reason: str
    denied: bool = False
    taken_over: bool = False


LinkEvent = Welcomed | Subscribed | Received | Published | Lost


class _TidySocket(ssl.SSLSocket):
    """Closes itself when the handshake fails; the library would leave that to chance."""

    def do_handshake(self, block: bool = False) -> None:  # noqa: FBT001, FBT002 - as inherited
        try:
            super().do_handshake(block)
        except OSError:
            self.close()
            raise


def tls_context(settings: BrokerSettings) -> ssl.SSLContext | None:
    """Return the TLS settings, or None for a plain connection.

    Raises ConfigError when a file is missing or no PEM: a person must act.
    """
    if not settings.tls:
        return None
    try:
        context = ssl.create_default_context(cafile=settings.ca)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.sslsocket_class = _TidySocket
        if settings.cert is not None:
            context.load_cert_chain(settings.cert, settings.key)
    except OSError as error:
        files = ", ".join(str(f) for f in (settings.ca, settings.cert, settings.key) if f)
        text = f"[broker] cannot use the TLS files {files}: {error}; check that they are PEM"
        raise ConfigError(text) from error
    return context


def _set_will(client: Client, will: Will) -> None:
    properties = _new_properties(PacketTypes.WILLMESSAGE)
    properties.WillDelayInterval = will.delay_s
    client.will_set(will.topic, will.payload, 1, retain=True, properties=properties)


class MqttLink:
    """One connection, from open to close; every method but the callbacks is for its owner thread.

    emit: called from the library's thread with each event; must return at once.
    manual_ack: messages are only acknowledged to the broker by acknowledge().
    """

    def __init__(
        self,
        settings: BrokerSettings,
        client_id: str,
        emit: Callable[[LinkEvent], None],
        *,
        will: Will | None = None,
        context: ssl.SSLContext | None = None,
        session_expiry_s: int = 0,
        manual_ack: bool = False,
    ) -> None:
        self._settings = settings
        self._emit = emit
        self._session_expiry_s = session_expiry_s
        self._packet_limit = PACKET_LIMIT_BYTES
        self._socket: socket.socket | None = None
        self._network: threading.Thread | None = None
        self._ended = threading.Event()
        self._expiries: dict[int, Properties] = {}
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            protocol=MQTTv5,
            reconnect_on_failure=False,
            manual_ack=manual_ack,
        )
        client.connect_timeout = OPEN_TIMEOUT_S
        if settings.username:
            client.username_pw_set(settings.username, settings.password)
        if context is not None:
            client.tls_set_context(context)
        if will is not None:
            _set_will(client, will)
        client.on_socket_open = self._opened
        client.on_connect = self._connected
        client.on_subscribe = self._subscribed
        client.on_message = self._received
        client.on_publish = self._published
        client.on_disconnect = self._disconnected
        self._client: Client | None = client

    @property
    def alive(self) -> bool:
        """False once the library's network thread has died, whatever the library still says."""
        return self._network is None or self._network.is_alive()

    def open(self) -> None:
        """The TCP (and TLS) connection stands and CONNECT is on its way; Welcomed follows.

        Blocks up to OPEN_TIMEOUT_S per address. Raises TransportDown.
        """
        client = self._connected_client()
        properties = _new_properties(PacketTypes.CONNECT)
        properties.SessionExpiryInterval = self._session_expiry_s
        properties.ReceiveMaximum = RECEIVE_MAXIMUM
        properties.MaximumPacketSize = PACKET_LIMIT_BYTES
        try:
            code = client.connect(
                self._settings.host,
                self._settings.port,
                KEEP_ALIVE_S,
                clean_start=self._session_expiry_s == 0,
                properties=properties,
            )
        except (OSError, ValueError) as error:  # ValueError: a name no resolver can be asked for
            where = f"{self._settings.host}:{self._settings.port}"
            raise TransportDown(f"cannot reach the broker {where}: {error}") from error
        if code != MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise TransportDown(f"the broker hung up during connect ({code.name})")
        client.loop_start()

    def subscribe(self, filters: Sequence[tuple[str, int]]) -> None:
        """The subscription to (filter, retain handling) at QoS 1 is on its way."""
        self._connected_client().subscribe(
            [
                (name, SubscribeOptions(qos=1, retainAsPublished=True, retainHandling=handling))
                for name, handling in filters
            ]
        )

    def publish(
        self, topic: str, payload: bytes, *, retain: bool = False, expiry_s: int | None = None
    ) -> int:
        """The message is handed to the library at QoS 1; returns its packet id.

        Raises TransportDown when there is no connection and Oversize beyond the broker's limit.
        """
        if len(topic) + len(payload) + PACKET_HEAD_BYTES > self._packet_limit:
            raise Oversize(f"{topic}: {len(payload)} bytes, the broker takes {self._packet_limit}")
        info = self._connected_client().publish(topic, payload, 1, retain, self._expiry(expiry_s))
        if info.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise TransportDown(f"cannot publish on {topic}: {info.rc.name}")
        return info.mid

    def acknowledge(self, packet_id: int) -> None:
        """The broker may forget this message (manual_ack only)."""
        self._connected_client().ack(packet_id, 1)

    def close(self) -> None:
        """The connection is closed, politely if the broker lets us; may be called twice.

        Blocks up to FAREWELL_S: then the socket is cut, so that a frozen broker holds up nobody.
        """
        client, self._client = self._client, None
        if client is None:
            return
        client.disconnect()
        if self._network is not None:
            self._ended.wait(FAREWELL_S)
        if self._socket is not None:
            with contextlib.suppress(OSError):  # gone already
                self._socket.shutdown(socket.SHUT_RDWR)
        client.loop_stop()
        if self._socket is not None:
            self._socket.close()  # the library leaves it open when its thread ends first
        # With our reference gone the library's object goes at once, and its own sockets with it.

    def _connected_client(self) -> Client:
        if self._client is None:
            raise TransportDown("the connection was closed")
        return self._client

    def _expiry(self, expiry_s: int | None) -> Properties | None:
        if expiry_s is None:
            return None
        if expiry_s not in self._expiries:
            properties = _new_properties(PacketTypes.PUBLISH)
            properties.MessageExpiryInterval = expiry_s
            self._expiries[expiry_s] = properties
        return self._expiries[expiry_s]

    # Below: the library's thread. Nothing here may raise, block or take a lock of ours.

    def _opened(self, _client: Client, _userdata: object, connection: object) -> None:
        if isinstance(connection, socket.socket):
            self._socket = connection
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _connected(
        self,
        _client: Client,
        _userdata: object,
        _flags: ConnectFlags,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        self._network = threading.current_thread()
        if reason.is_failure:
            self._emit(Lost(str(reason), denied=reason.value in _DENIED))
            return
        limit = getattr(properties, "MaximumPacketSize", PACKET_LIMIT_BYTES)
        self._packet_limit = min(limit, PACKET_LIMIT_BYTES)
        self._emit(Welcomed(getattr(properties, "AssignedClientIdentifier", "")))

    def _subscribed(
        self,
        _client: Client,
        _userdata: object,
        _packet_id: int,
        reasons: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        self._emit(Subscribed(not any(reason.is_failure for reason in reasons)))

    def _received(self, client: Client, _userdata: object, message: MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            client.ack(message.mid, message.qos)  # nobody can ever read it; do not see it again
            return
        self._emit(Received(topic, bytes(message.payload), message.mid))

    def _published(
        self,
        _client: Client,
        _userdata: object,
        packet_id: int,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        self._emit(Published(packet_id, reason.value))

    def _disconnected(
        self,
        _client: Client,
        _userdata: object,
        _flags: DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        self._ended.set()
        self._emit(
            Lost(
                str(reason), denied=reason.value in _DENIED, taken_over=reason.value == _TAKEN_OVER
            )
        )
