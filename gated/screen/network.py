"""The guard's screen on a network: the same pages behind TLS and a log-in.

    GET  /login.html  staff number and PIN, and the files that page needs: for everybody
    POST /login       opens a session    {"guard": "A12", "pin": "…", "watch": false}
    POST /logout      ends it

Everything else needs a session. Its cookie is bound to TLS, to this host and to our own pages.
"""

import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from gated.config import NetworkSection
from gated.screen.actions import (
    BODY_MAX,
    ActionRejected,
    Credentials,
    Order,
    fields_of,
    parse_credentials,
)
from gated.screen.answers import body_of, refused
from gated.screen.border import Border, authorities
from gated.screen.desks import Desks, ProofDesk
from gated.screen.feed import NETWORK_MAX, Feed, Share
from gated.screen.listener import PER_PEER, REQUEST_S, Listener
from gated.screen.page_files import PageFile, file_answer, load_page, with_lanes
from gated.screen.plain_page import log_in_first
from gated.screen.refusals import SOMEBODY_ON_DUTY
from gated.screen.reports import SentReport
from gated.screen.routes import SAFE_METHODS, Caller, Endpoint, Handler, Routes
from gated.screen.sessions import Session, Sessions
from gated.screen.snapshot import Language
from gated.screen.watching import look_up_refusal, order_refusal, report_refusal
from gated.texts import Texts, shipped

COOKIE = "__Host-gated"
LOGIN_PAGE = "login.html"
FOR_EVERYBODY = (
    *(LOGIN_PAGE, "login.css", "login.js", "texts.js", "words.js", "icon.svg", "plain.css"),
)
SECTION = "[screen.network]"
HOUR_S = 3600


class NetworkDoor:
    """Lets in whoever has a session, and opens one for whoever proves to be in the book."""

    def __init__(
        self,
        feed: Feed,
        desk: ProofDesk,
        page: dict[str, PageFile],
        sessions: Sessions,
        texts: Texts,
    ) -> None:
        self._feed = feed
        self._desk = desk
        self._page = page
        self._sessions = sessions
        self._texts = texts
        self._share = Share(NETWORK_MAX)

    async def admit(self, request: Request) -> Caller | Response:
        """Return whose session the cookie stands for; to others the way to the log-in."""
        secret = request.cookies.get(COOKIE, "")
        session = await run_in_threadpool(self._sessions.find, secret)
        if session is None:
            if request.method in SAFE_METHODS and request.url.path in {"/", "/index.html"}:
                return RedirectResponse(f"/{LOGIN_PAGE}", 303, {"Cache-Control": "no-store"})
            return log_in_first(request, self._texts)
        if request.method not in SAFE_METHODS:
            await run_in_threadpool(self._sessions.use, session.key)
        return _caller(session)

    def place(self, caller: Caller) -> AbstractContextManager[object]:
        """Return one of the session's own streams, and one of those the network may have."""
        return self._place(caller)

    @contextmanager
    def _place(self, caller: Caller) -> Iterator[None]:
        with self._sessions.stream(caller.key), self._share.place():
            yield

    async def still(self, caller: Caller) -> bool:
        """Return whether the session goes on; a stream is use."""
        return await run_in_threadpool(self._sessions.use, caller.key)

    def order_refusal(self, caller: Caller, order: Order) -> str:
        """Only who is on duty gives orders; a supervisor approves what was asked for."""
        return order_refusal(_number(caller), order, self._feed.latest().snapshot)

    def report_refusal(self, caller: Caller, sent: SentReport) -> str:
        """Everybody calls for help; the rest is for who is on duty."""
        return report_refusal(_number(caller), sent, self._feed.latest().snapshot)

    def duty_refusal(self, caller: Caller, duty: int) -> str:
        """Only who is on duty looks people up, and no technician."""
        assert caller.guard is not None, "this door admits nobody without a session"
        role = caller.guard.role
        return look_up_refusal(_number(caller), role, duty, self._feed.latest().snapshot)

    def routes(self, guarded: Callable[[Handler], Endpoint]) -> Sequence[Route]:
        """Return log-in, log-off and what a browser needs before it has a session."""
        return [
            *(Route(f"/{name}", self._public(name)) for name in FOR_EVERYBODY),
            Route("/login", self._log_in, methods=["POST"]),
            Route("/logout", guarded(self._log_off), methods=["POST"]),
        ]

    def _public(self, name: str) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            return file_answer(self._page.get(name), request)

        return endpoint

    async def _log_in(self, request: Request) -> Response:
        # No token yet: that the request comes from our own page is what its Origin says.
        body = await body_of(request, BODY_MAX)
        if isinstance(body, Response):
            return body
        try:
            who, watch = parse_log_in(body)
        except ActionRejected as error:
            return refused(422, error.field, str(error))
        former = request.cookies.get(COOKIE, "")
        return await run_in_threadpool(self._opened, who, watch=watch, former=former)

    def _opened(self, who: Credentials, *, watch: bool, former: str) -> Response:
        proof = self._desk.prove(who)
        if proof.guard is None:
            return refused(409, "", proof.refusal, proof.wait_s)
        if not watch and not self._feed.latest().snapshot.duty.guard:
            began = self._desk.begin_duty(proof.guard.number).refusal
            # Somebody else came on duty just now: the snapshot did not know it yet.
            if began and began != SOMEBODY_ON_DUTY:
                return refused(409, "", began)
        previous = self._sessions.find(former)
        if previous is not None:
            self._sessions.close(previous.key)
        secret, session = self._sessions.open(proof.guard)
        answer = JSONResponse({"ok": True, **_caller(session).told()})
        answer.headers["Cache-Control"] = "no-store"
        answer.set_cookie(COOKIE, secret, path="/", secure=True, httponly=True, samesite="strict")
        return answer

    async def _log_off(self, _request: Request, caller: Caller) -> Response:
        self._sessions.close(caller.key)
        answer = JSONResponse({"ok": True}, headers={"Cache-Control": "no-store"})
        answer.delete_cookie(COOKIE, path="/", secure=True, httponly=True, samesite="strict")
        return answer


class NetworkServer:
    """Serves the pages of `desks` over TLS. tls: see server_context; request_s: see Listener."""

    def __init__(
        self,
        section: NetworkSection,
        tls: ssl.SSLContext,
        desks: Desks,
        proof: ProofDesk,
        language: Language = "zh",
        *,
        texts: Texts | None = None,
        request_s: float = REQUEST_S,
    ) -> None:
        self._names = section.names
        self._listener = Listener(
            section.host, section.port, SECTION, tls, per_peer=PER_PEER, request_s=request_s
        )
        page = with_lanes(load_page(language, texts), ())
        sessions = Sessions(proof.known, section.session_h * HOUR_S)
        said = texts or shipped()
        door = NetworkDoor(desks.feed, proof, page, sessions, said)
        self._routes = Routes(desks, page, door, said)

    @property
    def port(self) -> int:
        """The port in use; the configured one until `bind` (0 means any free one)."""
        return self._listener.port

    @property
    def url(self) -> str:
        """Where people find the page: under the first of its names, if it has one."""
        return self._listener.url(self._names[0] if self._names else "")

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
        allowed = authorities(self._listener.host, self.port, self._names, "https")
        return Border(Starlette(routes=self._routes.listed()), allowed, "https", SECTION)


def parse_log_in(body: bytes) -> tuple[Credentials, bool]:
    """Return who logs in, and whether only to watch. Raises ActionRejected naming the field."""
    fields = fields_of(body)
    watch = fields.pop("watch", False)
    if not isinstance(watch, bool):
        raise ActionRejected("watch", "is neither true nor false")
    return parse_credentials(fields), watch


def _caller(session: Session) -> Caller:
    return Caller(session.token, session.guard, session.key)


def _number(caller: Caller) -> str:
    assert caller.guard is not None, "this door admits nobody without a session"
    return caller.guard.number
