"""Tells local commands how the gate is, over a Unix socket beside the journal.

One connection, one JSON line out: the health every screen shows. The socket belongs to the
service's user and group; whoever may read the journal may read it.
"""

import json
import socket
import threading
from dataclasses import asdict
from pathlib import Path

from gated.gate.health import Health, Part

ACCEPT_S = 0.5
REPLY_LIMIT = 65_536


class ControlServer:
    """A Worker that answers everyone who connects."""

    name = "control"

    def __init__(self, path: Path, health: Health) -> None:
        self._path = path
        self._health = health

    def run(self, stop: threading.Event) -> None:
        """Answer until `stop`; the socket file goes away afterwards."""
        self._path.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
            server.bind(str(self._path))
            self._path.chmod(0o660)
            server.listen(4)
            server.settimeout(ACCEPT_S)
            while not stop.is_set():
                self._answer_one(server)
        self._path.unlink(missing_ok=True)

    def interrupt(self) -> None:
        """Nothing to do: the wait for a caller is short."""

    def _answer_one(self, server: socket.socket) -> None:
        try:
            client, _ = server.accept()
        except TimeoutError:
            return
        parts = [asdict(part) for part in self._health.parts()]
        with client:
            client.settimeout(ACCEPT_S)
            try:
                client.sendall(json.dumps({"parts": parts}, ensure_ascii=False).encode() + b"\n")
            except OSError:
                return  # whoever asked has gone


def running_health(path: Path) -> list[Part] | None:
    """Return the health of the daemon behind this socket, or None when none runs."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.settimeout(2)
            client.connect(str(path))
            data = b""
            while chunk := client.recv(REPLY_LIMIT):
                data += chunk
    except OSError:
        return None
    return [Part(**part) for part in json.loads(data)["parts"]]
