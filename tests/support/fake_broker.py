"""A scripted broker of a few lines: it says exactly the bytes a test wants, on a real socket.

Differs from a real one in everything a test does not script: it keeps nothing, routes nothing
and answers nothing by itself.
"""

import socket
import threading
from collections.abc import Callable
from typing import Self

from gated.transport.mqtt import BrokerSettings

LIMIT_S = 20.0
CONNACK_OK = bytes.fromhex("20 03 00 00 00")
CONNECT, PUBLISH, SUBSCRIBE, DISCONNECT = 1, 3, 8, 14


def connack(reason: int, properties: bytes = b"") -> bytes:
    return bytes([0x20, 3 + len(properties), 0, reason, len(properties)]) + properties


def puback(packet_id: int, reason: int) -> bytes:
    return bytes([0x40, 3]) + packet_id.to_bytes(2, "big") + bytes([reason])


def disconnect(reason: int) -> bytes:
    return bytes([0xE0, 1, reason])


class Conversation:
    """One connection, from the broker's side."""

    def __init__(self, line: socket.socket) -> None:
        line.settimeout(LIMIT_S)
        self.line = line

    def expect(self, kind: int) -> bytes:
        """Return the body of the next packet, which must be of this kind."""
        head = self.line.recv(1)
        assert head, "the client hung up"
        assert head[0] >> 4 == kind, f"packet {head[0] >> 4}, expected {kind}"
        length, shift = 0, 0
        while True:
            (byte,) = self.line.recv(1)
            length |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        body = b""
        while len(body) < length:
            body += self.line.recv(length - len(body))
        return body

    def say(self, packet: bytes) -> None:
        self.line.sendall(packet)


class FakeBroker:
    """Serves one script per connection, in order; used as a context manager."""

    def __init__(self, *scripts: Callable[[Conversation], None]) -> None:
        self._scripts = scripts
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(LIMIT_S)
        self._thread = threading.Thread(target=self._serve)
        self._error: BaseException | None = None

    @property
    def settings(self) -> BrokerSettings:
        return BrokerSettings("127.0.0.1", self._listener.getsockname()[1], tls=False)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.join(LIMIT_S)
        self._listener.close()
        if self._error is not None:
            raise self._error

    def _serve(self) -> None:
        try:
            for script in self._scripts:
                line, _ = self._listener.accept()
                with line:
                    script(Conversation(line))
        except BaseException as error:  # noqa: BLE001 - raised again by __exit__
            self._error = error
