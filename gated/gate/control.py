"""Tells local commands how the gate is, over a Unix socket beside the journal.

One connection, one JSON line out: the health every screen shows. The socket belongs to the
service's user and group; whoever may read the journal may read it.
"""

import json
import socket
import threading
from contextlib import suppress
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
        self._refused = False

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
                if not self._answer_one(server):
                    stop.wait(ACCEPT_S)
        self._path.unlink(missing_ok=True)

    def interrupt(self) -> None:
        """Nothing to do: the wait for a caller is short."""

    def _answer_one(self, server: socket.socket) -> bool:
        """Answer the next caller, if there is one; return whether the socket can be used."""
        try:
            client, _ = server.accept()
        except TimeoutError:
            return True
        except OSError as error:  # no more files may be opened just now: the caller asks again
            if not self._refused:
                _log.error("control.unavailable", path=str(self._path), problem=str(error))
            self._refused = True
            return False
        self._refused = False
        parts = [asdict(part) for part in self._health.parts()]
        with client:
            client.settimeout(ACCEPT_S)
            with suppress(OSError):  # whoever asked has gone
                client.sendall(json.dumps({"parts": parts}, ensure_ascii=False).encode() + b"\n")
        return True


def running_health(path: Path) -> list[Part] | None:
    """Return the health of the daemon behind this socket, or None when none runs.

    Blocks for at most some seconds. Raises ControlSilent when one is there and gives no answer,
    ControlDenied when this user may not ask.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.settimeout(REPLY_S)
        try:
            client.connect(str(path))
        except PermissionError as error:
            raise ControlDenied(
                f"cannot ask the gate behind {path}: {error.strerror}; "
                "run it as the service's user: sudo -u gated gated check"
            ) from error
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


class ControlDenied(GatedError, PermissionError):
    """A socket may be there, and this user may not connect to it: not in the service's group."""


class ControlSilent(GatedError, ConnectionError):
    """A daemon accepted the question and did not answer it: stuck, or ending just now."""
