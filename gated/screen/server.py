"""The guard's screen as a small web server for this machine: what a kiosk browser opens.

What it serves stands in routes.py; the same pages on a network, behind TLS and a log-in, are
served by network.py. `ScreenServer.bind` opens the port in the caller's thread; `run` serves in a
thread of its own until it is told to stop.
"""

import secrets
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from gated.screen.actions import BODY_MAX, Credentials, Order, fields_of, parse_credentials
from gated.screen.answers import answered
from gated.screen.border import Border, authorities
from gated.screen.desks import (
    Attend,
    Desks,
    Finder,
    LogInDesk,
    TakeOrder,
    TakeReport,
    nobody_attends,
)
from gated.screen.feed import Feed
from gated.screen.listener import Listener, ScreenUnavailable
from gated.screen.look_up import Summary
from gated.screen.page_files import PageFile, load_page, with_lanes
from gated.screen.reports import Answer, SentReport
from gated.screen.routes import Caller, Endpoint, Handler, Routes
from gated.screen.snapshot import Language
from gated.texts import Texts

__all__ = ["PageFile", "ScreenServer", "ScreenUnavailable", "load_page"]

TOKEN_BYTES = 32


class LocalDoor:
    """Whoever reaches loopback is at the gate; the token keeps other web pages out."""

    def __init__(self, log_in: LogInDesk | None) -> None:
        self._log_in = log_in
        self._caller = Caller(secrets.token_urlsafe(TOKEN_BYTES))

    async def admit(self, _request: Request) -> Caller | Response:
        """Everybody here is the kiosk."""
        return self._caller

    def place(self, _caller: Caller) -> AbstractContextManager[object]:
        """The feed alone limits how many watch."""
        return nullcontext()

    async def still(self, _caller: Caller) -> bool:
        """The kiosk watches for ever."""
        return True

    def order_refusal(self, _caller: Caller, _order: Order) -> str:
        """The engine knows who is on duty and refuses by itself."""
        return ""

    def report_refusal(self, _caller: Caller, _sent: SentReport) -> str:
        """Likewise."""
        return ""

    def duty_refusal(self, _caller: Caller, _duty: int) -> str:
        """Likewise."""
        return ""

    def routes(self, guarded: Callable[[Handler], Endpoint]) -> Sequence[Route]:
        """A log-in here begins duty at the gate."""
        return [Route("/login", guarded(self._take_log_in), methods=["POST"])]

    async def _take_log_in(self, request: Request, _caller: Caller) -> Response:
        return await answered(
            request, BODY_MAX, lambda body: self._begun(parse_credentials(fields_of(body)))
        )

    def _begun(self, who: Credentials) -> Answer:
        return Answer("not_offered") if self._log_in is None else self._log_in.log_in(who)


class ScreenServer:
    """Serves one feed on one port of this machine.

    names: further host names the page is opened under; loopback and `host` always count.
    act, report, log_in, finder, summary, attend: see Desks. texts: the words of the page; None: the
    shipped ones. lanes: addresses of the two screens that /pair shows side by side.
    """

    def __init__(
        self,
        feed: Feed,
        host: str,
        port: int,
        act: TakeOrder,
        language: Language = "zh",
        *,
        names: tuple[str, ...] = (),
        report: TakeReport | None = None,
        log_in: LogInDesk | None = None,
        finder: Finder | None = None,
        summary: Callable[[], Summary] = Summary,
        texts: Texts | None = None,
        lanes: tuple[str, ...] = (),
        attend: Attend = nobody_attends,
    ) -> None:
        self._names = names
        self._lanes = lanes
        self._listener = Listener(host, port, "[screen]")
        desks = Desks(feed, act, report, log_in, finder, summary, attend)
        page = with_lanes(load_page(language, texts), lanes)
        self._routes = Routes(desks, page, LocalDoor(log_in), texts)

    @property
    def port(self) -> int:
        """The port in use; the configured one until `bind` (0 means any free one)."""
        return self._listener.port

    @property
    def url(self) -> str:
        """Where a browser on this machine finds the page."""
        return self._listener.url()

    def bind(self) -> None:
        """Open the port. Raises ScreenUnavailable; a second call does nothing."""
        self._listener.bind()

    def close(self) -> None:
        """Give the port back. May be called twice; `run` does it at its end."""
        self._listener.close()

    def run(self, stop: threading.Event) -> None:
        """Serve until `stop` is set, then end every stream and return. Blocks; own thread."""
        self.bind()
        self._listener.run(self.app(), stop, self._routes.streams.close)

    def app(self) -> ASGIApp:
        """Return the application for the port now in use."""
        allowed = authorities(self._listener.host, self.port, self._names, "http")
        app = Starlette(routes=self._routes.listed())
        return Border(app, allowed, "http", lanes=self._lanes)
