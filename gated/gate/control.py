"""Answers local commands over a Unix socket beside the journal.

A caller sends one line, or nothing, and reads JSON lines:

    (nothing), health   one object, the health every screen shows; then the line is hung up
    thermometer         one object per sample of the thermometer, until either side hangs up

The socket belongs to the service's user and group; whoever may read the journal may read it.
Nothing that is told here names or numbers a person.
"""

import json
import select
import socket
import threading
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from gated.core.thermometry_reading import as_fields
from gated.errors import GatedError
from gated.gate.health import Health, Part
from gated.gate.live_board import LiveBoard
from gated.log import logger

ACCEPT_S = 0.5
ASKED_WITHIN_S = 0.2  # a caller of before sends nothing and waits
STREAM_S = 0.1  # how late a sample may be told
REPLY_S = 2.0
REPLY_LIMIT = 65_536
REQUEST_LIMIT = 64
CALLERS_MAX = 8
BEHIND_MAX = 65_536  # a caller who has not read so much is hung up on

_log = logger("control")


@dataclass(slots=True)
class _Caller:
    """Somebody connected. mark: of the live board, None while no stream was asked for."""

    line: socket.socket
    until_s: float
    asked: bytes = b""
    mark: int | None = None
    waiting: bytes = b""


class ControlServer:
    """A Worker that answers everyone who connects. live: None when there is no thermometer."""

    name = "control"

    def __init__(self, path: Path, health: Health, live: LiveBoard | None = None) -> None:
        self._path = path
        self._health = health
        self._live = live
        self._refused = False
        self._callers: list[_Caller] = []

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
            server.settimeout(0.0)
            while not stop.is_set():
                lines = [caller.line for caller in self._callers if caller.mark is None]
                pause_s = STREAM_S if self._callers else ACCEPT_S
                ready, _, _ = select.select([server, *lines], [], [], pause_s)
                if not self._let_in(server):
                    stop.wait(ACCEPT_S)
                self._callers = [one for one in self._callers if self._serve(one, ready)]
        for caller in self._callers:
            caller.line.close()
        self._path.unlink(missing_ok=True)

    def interrupt(self) -> None:
        """Nothing to do: the wait for a caller is short."""

    def _let_in(self, server: socket.socket) -> bool:
        """Take the next caller, if there is one; return whether the socket can be used."""
        try:
            line, _ = server.accept()
        except (BlockingIOError, ConnectionError):  # left again meanwhile
            return True
        except OSError as error:  # no more files may be opened just now: the caller asks again
            if not self._refused:
                _log.error("control.unavailable", path=str(self._path), problem=str(error))
            self._refused = True
            return False
        self._refused = False
        line.settimeout(0.0)
        if len(self._callers) >= CALLERS_MAX:
            line.close()
            return True
        self._callers.append(_Caller(line, time.monotonic() + ASKED_WITHIN_S))
        return True

    def _serve(self, caller: _Caller, ready: list[socket.socket]) -> bool:
        """Do what is due for one caller; return whether the line stays open."""
        try:
            if caller.mark is None and not self._heard(caller, ready):
                return True
            if caller.mark is None or self._live is None:
                self._tell_health(caller)
            elif self._told_readings(caller, self._live):
                return True
        except OSError:  # whoever asked has gone
            pass
        caller.line.close()
        return False

    def _heard(self, caller: _Caller, ready: list[socket.socket]) -> bool:
        """Return whether it is known what the caller wants; a stream has its mark then."""
        if caller.line in ready:
            chunk = caller.line.recv(REQUEST_LIMIT)
            caller.asked += chunk
            if chunk and b"\n" not in caller.asked and len(caller.asked) < REQUEST_LIMIT:
                return False
        elif time.monotonic() < caller.until_s:
            return False
        if caller.asked.strip() == b"thermometer":
            if self._live is None:
                caller.line.send(b'{"error": "this gate has no thermometer"}\n')
                raise BrokenPipeError
            caller.mark = self._live.mark
        return True

    def _tell_health(self, caller: _Caller) -> None:
        parts = [asdict(part) for part in self._health.parts()]
        caller.line.settimeout(ACCEPT_S)
        caller.line.sendall(json.dumps({"parts": parts}, ensure_ascii=False).encode() + b"\n")

    def _told_readings(self, caller: _Caller, live: LiveBoard) -> bool:
        """Send what is new as far as it goes; return whether the caller keeps up."""
        assert caller.mark is not None, "only a stream is told readings"
        news = live.after(caller.mark)
        caller.mark = news.mark
        for reading in news.readings:
            caller.waiting += json.dumps(as_fields(reading)).encode() + b"\n"
        with suppress(BlockingIOError):
            if caller.waiting:
                caller.waiting = caller.waiting[caller.line.send(caller.waiting) :]
        return not news.lost and len(caller.waiting) <= BEHIND_MAX


def running_health(path: Path) -> list[Part] | None:
    """Return the health of the daemon behind this socket, or None when none runs.

    Blocks for at most some seconds. Raises ControlSilent when one is there and gives no answer,
    ControlDenied when this user may not ask.
    """
    client = asked(path, "health")
    if client is None:
        return None
    with client:
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


def asked(path: Path, what: str) -> socket.socket | None:
    """Return the line to the daemon behind this socket after asking, None when none runs.

    Raises ControlDenied when this user may not ask.
    """
    client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    client.settimeout(REPLY_S)
    try:
        client.connect(str(path))
    except PermissionError as error:
        client.close()
        raise ControlDenied(
            f"cannot ask the gate behind {path}: {error.strerror}; "
            "run it as the service's user: sudo -u gated gated check"
        ) from error
    except OSError:
        client.close()
        return None
    with suppress(OSError):  # one that has hung up already has answered, or reading will tell
        client.sendall(f"{what}\n".encode())
    return client


class ControlDenied(GatedError, PermissionError):
    """A socket may be there, and this user may not connect to it: not in the service's group."""


class ControlSilent(GatedError, ConnectionError):
    """A daemon accepted the question and did not answer it: stuck, or ending just now."""
