"""The hub's pages on a port: TLS unless only this machine can reach them.

`PagesServer` opens its port in the caller's thread, so that a taken port or a bad certificate ends
the program before any thread starts; `run` serves until it is told to stop.
"""

import asyncio
import contextlib
import ipaddress
import logging
import socket
import ssl
import threading
import time
from collections.abc import Sequence
from typing import Final

import uvicorn
from argon2 import PasswordHasher

from gated.config import WebSection
from gated.errors import ConfigError
from gated.hub.office import Office
from gated.hub.web.app import PAGES, make_app, make_front
from gated.hub.web.border import Border, authorities
from gated.hub.web.paging import Page
from gated.log import logger

STOP_POLL_S: Final = 0.2
CLOSE_S: Final = 2
ASLEEP_S: Final = 75
"""How long a silent connection is kept: longer than browsers do."""

CONNECTIONS_MAX: Final = 256
"""Far more than the offices of a subdistrict open at once."""

_log = logger("web")


class PagesServer:
    """A worker that serves the pages of one office."""

    name = "web"

    def __init__(
        self,
        office: Office,
        section: WebSection,
        hasher: PasswordHasher | None = None,
        pages: Sequence[Page] = PAGES,
    ) -> None:
        """The port is open. Raises ConfigError when the section cannot be served."""
        self._section = section
        self.beat_ms = _mono_ms()
        self._tls = _context(section)
        self._socket: socket.socket | None = _bound(section)
        self.port: int = self._socket.getsockname()[1]
        self._pages = pages
        self.front = make_front(office, secure=self._tls is not None, hasher=hasher, pages=pages)

    @property
    def url(self) -> str:
        """Where a browser on this machine finds the pages."""
        host = self._section.host
        shown = "127.0.0.1" if _address(host, "is_unspecified") else host
        scheme = "http" if self._tls is None else "https"
        return f"{scheme}://{f'[{shown}]' if ':' in shown else shown}:{self.port}/"

    @property
    def shown_url(self) -> str:
        """Where people find the pages: under the first of the section's names, if it has one."""
        if not self._section.names:
            return self.url
        name = self._section.names[0]
        scheme = "http" if self._tls is None else "https"
        return f"{scheme}://{f'[{name}]' if ':' in name else name}:{self.port}/"

    def run(self, stop: threading.Event) -> None:
        """Serve until `stop` is set, then end every stream and return. Blocks; own thread."""
        try:
            asyncio.run(self._serve(stop))
        finally:
            self.close()

    def interrupt(self) -> None:
        """Nothing blocks for longer than STOP_POLL_S."""

    def close(self) -> None:
        """Give the port back. May be called twice; `run` does it at its end."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    async def _serve(self, stop: threading.Event) -> None:
        # uvicorn reports each malformed request as a warning; strangers do not fill our log.
        logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
        scheme = "http" if self._tls is None else "https"
        allowed = authorities(self._section.host, self.port, self._section.names, scheme)
        context = self._tls
        config = uvicorn.Config(
            Border(make_app(self.front, self._pages), allowed, scheme),
            http="h11",
            ws="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=ASLEEP_S,
            limit_concurrency=CONNECTIONS_MAX,
            timeout_graceful_shutdown=CLOSE_S,
            ssl_context_factory=None if context is None else lambda _config, _default: context,
        )
        server = uvicorn.Server(config)
        assert self._socket is not None, "the port was opened at construction"
        serving = asyncio.create_task(server.serve(sockets=[self._socket]))
        _log.info("hub.web_listening", url=self.shown_url)
        while not stop.is_set() and not serving.done():
            self.beat_ms = _mono_ms()
            await asyncio.wait({serving}, timeout=STOP_POLL_S)
        server.should_exit = True
        self.front.live.close()
        self.front.works.close()
        await serving
        assert stop.is_set(), "the web server ended without being told to"


def _mono_ms() -> int:
    return time.monotonic_ns() // 1_000_000


def _address(host: str, kind: str) -> bool:
    with contextlib.suppress(ValueError):
        return bool(getattr(ipaddress.ip_address(host), kind))
    return False


def _context(section: WebSection) -> ssl.SSLContext | None:
    """Return how TLS is spoken, None on loopback without a certificate. Raises ConfigError."""
    if (section.cert is None) != (section.key is None):
        raise ConfigError("[web] cert and key belong together: give both, or neither on loopback")
    if section.cert is None or section.key is None:
        if section.host == "localhost" or _address(section.host, "is_loopback"):
            return None
        raise ConfigError(
            f"[web] host: {section.host} can be reached from other machines, where passwords must"
            " not travel in clear; set [web] cert and key (`gated hub ca init` makes them), or"
            ' host = "127.0.0.1"'
        )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        # Without the password argument OpenSSL would ask on the terminal and wait.
        context.load_cert_chain(section.cert, section.key, password="")
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"[web] cert and key: {section.cert} and {section.key} cannot be used together:"
            f" {error}; give a PEM certificate and its unencrypted key, readable by the hub"
        ) from error
    return context


def _bound(section: WebSection) -> socket.socket:
    family = socket.AF_INET6 if ":" in section.host else socket.AF_INET
    try:
        return socket.create_server((section.host, section.port), family=family)
    except (OSError, OverflowError) as error:
        raise ConfigError(
            f"cannot open the pages on {section.host} port {section.port}: {error}; stop the"
            " program that holds it or change [web] host and port"
        ) from error
