"""The simulated bus over a loopback socket, so that the sensor lives in another process.

The demo holds the model and moves people; the daemon opens the bus `sim:HOST:PORT` and drives it
with the real driver. One request and one answer per combined transfer:

    request                                     answer
    0  1  number of messages (1-42)             0  1  errno, 0 for done
    then per message:                           1  1  number of bytes, 0 after an errno
    0  1  address, 7 bits                       2  n  what the read messages read, in order
    1  1  bit 7: read; bits 6-0: size
    2  n  bytes to write (write only)

How it differs from a wire: a lost connection is ENODEV, and the bus must be opened again.
"""

import contextlib
import errno
import socket
import threading
from typing import Protocol

from drivers.thermometer.simulator_bus import BusFace, Messages

SCHEME = "sim"
READ_FLAG = 0x80
SIZE_MASK = 0x7F
MESSAGES_MAX = 42
ANSWER_TIMEOUT_S = 2.0
JOIN_TIMEOUT_S = 5.0


class Carrier(Protocol):
    """What answers transfers: the model."""

    def transfer(self, messages: Messages) -> list[bytes]:
        """Answer one combined transfer. Raises OSError."""


class RemoteBus(BusFace):
    """A bus whose other end is a ModelServer at `sim:HOST:PORT`. Raises OSError like a real one.

    A server that is not there is ENOENT on opening, one that went away ENODEV.
    """

    def __init__(self, bus: str) -> None:
        super().__init__()
        scheme, _, place = bus.partition(":")
        host, _, port = place.rpartition(":")
        if scheme != SCHEME or not host or not port.isdecimal():
            raise ValueError(f"bus {bus!r} is not of the form {SCHEME}:HOST:PORT")
        try:
            self._socket = socket.create_connection((host, int(port)), ANSWER_TIMEOUT_S)
        except OSError as error:
            raise OSError(errno.ENOENT, f"no simulated bus at {place}") from error
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def close(self) -> None:
        """The bus is closed; calls answer EBADF. May be called twice."""
        super().close()
        self._socket.close()

    def carry(self, messages: Messages) -> list[bytes]:
        """Make one combined transfer with the other process. Blocks up to 2 s."""
        try:
            self._socket.sendall(_request(messages))
            number, size = _exactly(self._socket, 2)
            data = _exactly(self._socket, size)
        except OSError as error:
            self._socket.close()
            raise OSError(errno.ENODEV, "the simulated bus is gone") from error
        if number:
            raise OSError(number, "the simulated transfer failed")
        answers = []
        for _, content in messages:
            if isinstance(content, int):
                answers.append(data[:content])
                data = data[content:]
        return answers


class ModelServer:
    """The model, reachable under the bus name `address` until close(). One thread per bus."""

    def __init__(self, model: Carrier, host: str = "127.0.0.1", port: int = 0) -> None:
        self._model = model
        self._stopped = threading.Event()
        self._listener = socket.create_server((host, port))
        place, number = self._listener.getsockname()[:2]
        self.address = f"{SCHEME}:{place}:{number}"
        self._clients: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._accept, name="sim-bus", daemon=True)]
        self._threads[0].start()

    def drop_clients(self) -> None:
        """Every open bus is gone, as when an adapter is pulled; new ones may be opened."""
        with self._lock:
            for client in self._clients:
                with contextlib.suppress(OSError):
                    client.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Nobody can reach the model any more; its threads have ended. May be called twice."""
        if self._stopped.is_set():
            return
        self._stopped.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._threads[0].join(JOIN_TIMEOUT_S)
        self.drop_clients()
        for thread in self._threads:
            thread.join(JOIN_TIMEOUT_S)
        self._listener.close()

    def _accept(self) -> None:
        while not self._stopped.is_set():
            try:
                client, _ = self._listener.accept()
            except OSError:  # the listener was shut down
                return
            with self._lock:
                self._clients.add(client)
            thread = threading.Thread(
                target=self._serve, args=(client,), name="sim-bus-client", daemon=True
            )
            self._threads.append(thread)
            thread.start()

    def _serve(self, client: socket.socket) -> None:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            while True:
                messages = _read_request(client)
                client.sendall(self._answer(messages))
        except OSError:  # the bus was closed at the other end, or sent rubbish
            return
        finally:
            with self._lock:
                self._clients.discard(client)
            client.close()

    def _answer(self, messages: Messages) -> bytes:
        try:
            data = b"".join(self._model.transfer(messages))
        except OSError as error:
            return bytes((error.errno or errno.EIO, 0))
        return bytes((0, len(data))) + data


def open_simulated(bus: str | int) -> RemoteBus:
    """Return the bus at `sim:HOST:PORT`; stands in for device.open_bus where it is injected."""
    return RemoteBus(str(bus))


def _request(messages: Messages) -> bytes:
    packet = bytearray((len(messages),))
    for address, content in messages:
        if isinstance(content, int):
            packet += bytes((address, READ_FLAG | content))
        else:
            packet += bytes((address, len(content))) + content
    return bytes(packet)


def _read_request(client: socket.socket) -> Messages:
    (count,) = _exactly(client, 1)
    if not 1 <= count <= MESSAGES_MAX:
        raise OSError(errno.EPROTO, f"{count} messages in one transfer")
    messages: Messages = []
    for _ in range(count):
        address, head = _exactly(client, 2)
        size = head & SIZE_MASK
        messages.append((address, size if head & READ_FLAG else _exactly(client, size)))
    return messages


def _exactly(connection: socket.socket, size: int) -> bytes:
    """Return so many bytes. Raises OSError when the other end closes first."""
    data = bytearray()
    while len(data) < size:
        chunk = connection.recv(size - len(data))
        if not chunk:
            raise OSError(errno.EPIPE, "closed by the other end")
        data += chunk
    return bytes(data)
