"""Tells local commands how the gate is, over a Unix socket beside the journal.

One connection, one JSON line out: the health every screen shows. The socket belongs to the
service's user and group; whoever may read the journal may read it.
"""

import json
import socket
import threading
from dataclasses import asdict
from pathlib import Path

from gated.errors import GatedError
from gated.gate.health import Health, Part
from gated.log import logger

ACCEPT_S = 0.5
REPLY_S = 2.0
REPLY_LIMIT = 65_536

_log = logger("control")


class ControlServer:
    """A Worker that answers everyone who connects."""

    name = "control"

    def __init__(self, path: Path, health: Health) -> None:
        self._path = path
        self._health = health

    def run(self, stop: threading.Event) -> None:
        """Answer until `stop`; the socket file goes away afterwards."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as server:
            try:
                self._path.unlink(missing_ok=True)
                server.bind(str(self._path))
                self._path.chmod(0o660)
                server.listen(4)
            except OSError as error:  # people can pass without it
                _log.error("control.unavailable", path=str(self._path), problem=str(error))
                stop.wait()
                return
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
    """Return the health of the daemon behind this socket, or None when none runs.

    Blocks for at most some seconds. Raises ControlSilent when one is there and gives no answer.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(REPLY_S)
        try:
            client.connect(str(path))
        except OSError:
            return None
        try:
            data = b""
            while chunk := client.recv(REPLY_LIMIT):
                data += chunk
            return [Part(**part) for part in json.loads(data)["parts"]]
        except (OSError, ValueError) as error:
            raise ControlSilent(
                f"the gate behind {path} runs but does not answer; "
                "restart it: systemctl restart gated"
            ) from error


class ControlSilent(GatedError, ConnectionError):
    """A daemon accepted the question and did not answer it: stuck, or ending just now."""
