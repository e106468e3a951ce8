"""One port with a web server behind it, plain or TLS.

`bind` opens the port in the caller's thread, so that a taken port ends the program before any
thread starts; `run` serves in a thread of its own until it is told to stop.
"""

import asyncio
import contextlib
import ipaddress
import logging
import socket
import ssl
import threading
from collections.abc import Callable

import uvicorn
from starlette.types import ASGIApp

from gated.errors import GatedError
from gated.screen.connections import LimitedSocket, loop_with, punctual

STOP_POLL_S = 0.2  # how late a stop may be noticed
CLOSE_S = 2  # what an open stream gets to end by itself
CONNECTIONS_MAX = 64  # eight watchers, and each browser's six connections for an instant
GONE_MS = 10_000  # a phone that left the network holds its place for no longer
REQUEST_S = 10.0  # a handshake, or a request with its body, is whole by then
PER_PEER = 16  # on a network: two pages of one phone, each with a browser's six, and some more


class ScreenUnavailable(GatedError, OSError):
    """The screen's port cannot be opened: taken, privileged, or no such address; exit 69."""


class Listener:
    """A port. section: the table of the configuration to change when it cannot be opened.

    per_peer: connections one address may hold. request_s: what a handshake, and then a request
    with its body, may take before the connection is closed.
    """

    def __init__(
        self,
        host: str,
        port: int,
        section: str,
        tls: ssl.SSLContext | None = None,
        *,
        per_peer: int = CONNECTIONS_MAX,
        request_s: float = REQUEST_S,
    ) -> None:
        self.host = host
        self.port = port  # the one in use as soon as it is bound; 0 means any free one
        self._section = section
        self._tls = tls
        self._per_peer = per_peer
        self._request_s = request_s
        self._socket: socket.socket | None = None

    @property
    def scheme(self) -> str:
        """`https` when it speaks TLS, else `http`."""
        return "http" if self._tls is None else "https"

    def url(self, name: str = "") -> str:
        """Return the address under this name; without one, what this machine opens."""
        host = name or ("127.0.0.1" if is_wildcard(self.host) else self.host)
        return f"{self.scheme}://{f'[{host}]' if ':' in host else host}:{self.port}/"

    def bind(self) -> None:
        """Open the port. Raises ScreenUnavailable; a second call does nothing."""
        if self._socket is not None:
            return
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        try:
            opened = socket.create_server((self.host, self.port), family=family)
        except (OSError, OverflowError) as error:
            raise ScreenUnavailable(
                f"cannot open the guard's screen on {self.host} port {self.port}: {error}; "
                f"stop the program that holds it or change {self._section} host and port"
            ) from error
        self._socket = LimitedSocket(opened, CONNECTIONS_MAX, self._per_peer)
        # Connections inherit it: what nobody acknowledges any more is closed.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, GONE_MS)
        self.port = self._socket.getsockname()[1]

    def close(self) -> None:
        """Give the port back. May be called twice; `run` does it at its end."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def run(self, app: ASGIApp, stop: threading.Event, end_streams: Callable[[], None]) -> None:
        """Serve until `stop` is set, then end every stream and return. Blocks; own thread."""
        self.bind()
        try:
            with asyncio.Runner(loop_factory=loop_with(self._request_s)) as runner:
                runner.run(self._serve(app, stop, end_streams))
        finally:
            self.close()

    async def _serve(
        self, app: ASGIApp, stop: threading.Event, end_streams: Callable[[], None]
    ) -> None:
        # uvicorn reports each malformed request as a warning; strangers do not fill our log.
        logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
        tls = self._tls
        config = uvicorn.Config(
            app,
            http=punctual(self._request_s),
            ws="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=CONNECTIONS_MAX,
            timeout_graceful_shutdown=CLOSE_S,
            ssl_context_factory=None if tls is None else lambda _config, _default: tls,
        )
        server = uvicorn.Server(config)
        assert self._socket is not None, "run binds first"
        serving = asyncio.create_task(server.serve(sockets=[self._socket]))
        while not stop.is_set() and not serving.done():
            await asyncio.wait({serving}, timeout=STOP_POLL_S)
        server.should_exit = True
        end_streams()
        await serving
        assert stop.is_set(), "the web server ended without being told to"


def is_wildcard(host: str) -> bool:
    """Return whether this address means every address of the machine."""
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_unspecified
    return False
