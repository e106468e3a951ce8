"""The addresses of the screen that both servers have: on this machine and on a network.

    GET  /            the page, and its files beside it      GET /events    server-sent events
    POST /act         a GuardAction                          GET /snapshot  the newest snapshot
    POST /report      a Report                               GET /healthz   whether all is alive
    POST /find        a Search                               GET /summary   the shift in counts
    POST /identify    a Pick                                 POST /attend   a dialog is open
    GET  /token       what orders must carry                 GET /guards    who may log in
    GET  /public      the page for the person in front       GET /public/events  its own stream
    GET  /pair        two lanes side by side, where the configuration names them

A server's door says who asks, and adds what differs: the log-in, and on a network the log-off.
Every POST carries the token in X-Gated-Token: a page elsewhere cannot know it.
"""

import hmac
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Protocol

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gated.screen.actions import (
    BODY_MAX,
    Order,
    parse_attended,
    parse_order,
    parse_pick,
    parse_search,
)
from gated.screen.answers import answered, refused
from gated.screen.desks import Desks, KnownGuard
from gated.screen.feed import Published
from gated.screen.look_up import Found
from gated.screen.page_files import PageFile, edition_of, file_answer
from gated.screen.plain_page import missing
from gated.screen.public_view import public_view
from gated.screen.refusals import NOT_OFFERED, STALE
from gated.screen.reports import REPORT_BODY_MAX, Answer, SentReport, parse_report
from gated.screen.role_view import seen_by
from gated.screen.snapshot import Snapshot
from gated.screen.streams import Streams, age_ms, snapshot_event, token_event
from gated.texts import Texts, shipped

TOKEN_HEADER = "X-Gated-Token"
OK = 200
SAFE_METHODS = frozenset({"GET", "HEAD"})
NO_STORE = {"Cache-Control": "no-store"}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. token: what this page's orders carry. key: the door's own name for the log-in.

    guard: who logged in on the network, None for the kiosk on this machine.
    """

    token: str
    guard: KnownGuard | None = None
    key: bytes = b""

    def sees(self, snapshot: Snapshot) -> Snapshot:
        """Return what of this snapshot is for this caller."""
        return seen_by(self.guard.role if self.guard else "", snapshot)

    def told(self) -> dict[str, object]:
        """Return what the page is told about itself."""
        me = self.guard
        shown = me and {"number": me.number, "name": me.name, "role": me.role}
        return {"token": self.token, "me": shown}


Handler = Callable[[Request, Caller], Awaitable[Response]]
Endpoint = Callable[[Request], Awaitable[Response]]


class Door(Protocol):
    """Decides who may ask, on one server's loop."""

    async def admit(self, request: Request) -> Caller | Response:
        """Return who asks, or the answer to somebody who may not."""

    def place(self, caller: Caller) -> AbstractContextManager[object]:
        """Return what a stream holds while it is open; entering raises FeedFull for none left."""

    async def still(self, caller: Caller) -> bool:
        """Return whether the caller may go on watching; that counts as use."""

    def order_refusal(self, caller: Caller, order: Order) -> str:
        """Return why this caller may not give this order, "" when they may."""

    def report_refusal(self, caller: Caller, sent: SentReport) -> str:
        """Return why this caller may not report this, "" when they may."""

    def duty_refusal(self, caller: Caller, duty: int) -> str:
        """Return why this caller may not look people up in this spell, "" when they may."""

    def routes(self, guarded: Callable[[Handler], Endpoint]) -> Sequence[Route]:
        """Return the addresses that only this door has; they come first."""


class Routes:
    """The addresses behind one door."""

    def __init__(
        self, desks: Desks, page: dict[str, PageFile], door: Door, texts: Texts | None = None
    ) -> None:
        self._desks = desks
        self._page = page
        self._texts = texts or shipped()
        self._door = door
        self.streams = Streams(desks.feed, edition_of(page))

    def listed(self) -> list[Route]:
        """Return every route; a new one is guarded unless it is meant for strangers."""
        guarded = self.guarded
        return [
            *self._door.routes(guarded),
            Route("/", guarded(self._file)),
            Route("/events", guarded(self._events)),
            Route("/snapshot", guarded(self._snapshot)),
            Route("/healthz", guarded(self._healthz)),
            Route("/token", guarded(self._token)),
            Route("/guards", guarded(self._guards)),
            Route("/act", guarded(self._act), methods=["POST"]),
            Route("/report", guarded(self._report), methods=["POST"]),
            Route("/find", guarded(self._find), methods=["POST"]),
            Route("/identify", guarded(self._identify), methods=["POST"]),
            Route("/attend", guarded(self._attend), methods=["POST"]),
            Route("/summary", guarded(self._summary)),
            Route("/public", guarded(self._public)),
            Route("/public/events", guarded(self._public_events)),
            Route("/pair", guarded(self._pair)),
            Route("/{name}", guarded(self._file)),
        ]

    def guarded(self, handler: Handler) -> Endpoint:
        """Return the handler behind the door: for callers it admits, orders with their token."""

        async def endpoint(request: Request) -> Response:
            caller = await self._door.admit(request)
            if isinstance(caller, Response):
                return caller
            if request.method not in SAFE_METHODS and not _carries(request, caller.token):
                return refused(403, "", STALE)
            return await handler(request, caller)

        return endpoint

    async def _file(self, request: Request, _caller: Caller) -> Response:
        name = request.path_params.get("name", "index.html")
        found = self._page.get(name)
        return file_answer(found, request) if found else missing(request, self._texts)

    async def _public(self, request: Request, _caller: Caller) -> Response:
        return file_answer(self._page["public.html"], request)

    async def _pair(self, request: Request, _caller: Caller) -> Response:
        found = self._page.get("pair.html")
        if found is None:
            return missing(request, self._texts, "pair_off", "pair_off_advice")
        return file_answer(found, request)

    async def _public_events(self, _request: Request, caller: Caller) -> Response:
        door = self._door
        return self.streams.open(
            b"", door.place(caller), lambda: door.still(caller), self._told_to_everybody
        )

    def _told_to_everybody(self, published: Published) -> bytes:
        view = public_view(published.snapshot, self._texts)
        return b"event: view\ndata: " + view.to_json() + b"\n\n"

    async def _snapshot(self, _request: Request, caller: Caller) -> Response:
        latest = self._desks.feed.latest()
        headers = {**NO_STORE, "X-Snapshot-Number": str(latest.number)}
        told = caller.sees(latest.snapshot).to_json()
        return Response(told, headers=headers, media_type="application/json")

    async def _healthz(self, _request: Request, _caller: Caller) -> Response:
        feed = self._desks.feed
        latest, alive = feed.latest(), feed.alive()
        facts = {
            "ok": alive,
            "number": latest.number,
            "age_ms": age_ms(latest),
            "watchers": feed.watchers(),
        }
        return JSONResponse(facts, status_code=200 if alive else 503)

    async def _token(self, _request: Request, caller: Caller) -> Response:
        return JSONResponse(caller.told(), headers=NO_STORE)

    async def _events(self, _request: Request, caller: Caller) -> Response:
        door = self._door
        first = token_event(caller.told())

        def told(published: Published) -> bytes:
            seen = caller.sees(published.snapshot)
            return snapshot_event(replace(published, snapshot=seen))

        return self.streams.open(first, door.place(caller), lambda: door.still(caller), told)

    async def _guards(self, _request: Request, _caller: Caller) -> Response:
        desk = self._desks.log_in
        return JSONResponse({"guards": desk.guards() if desk else []}, headers=NO_STORE)

    async def _act(self, request: Request, caller: Caller) -> Response:
        def take(body: bytes) -> Answer:
            order = parse_order(body)
            refusal = self._door.order_refusal(caller, order)
            if refusal:
                return Answer(refusal)
            return self._desks.act(replace(order, by=caller.guard.number if caller.guard else ""))

        return await answered(request, BODY_MAX, take)

    async def _report(self, request: Request, caller: Caller) -> Response:
        def take(body: bytes) -> Answer:
            sent = parse_report(body)
            refusal = self._door.report_refusal(caller, sent)
            if refusal or self._desks.report is None:
                return Answer(refusal or NOT_OFFERED)
            by = caller.guard.number if caller.guard else ""
            return self._desks.report(sent.report, sent.duty, by, sent.second)

        return await answered(request, REPORT_BODY_MAX, take, recorded=True)

    async def _find(self, request: Request, caller: Caller) -> Response:
        found = Found()

        def take(body: bytes) -> Answer:
            nonlocal found
            search = parse_search(body)
            refusal = self._door.duty_refusal(caller, search.duty)
            if refusal or self._desks.finder is None:
                return Answer(refusal or NOT_OFFERED)
            found = self._desks.finder.find(search)
            return Answer(found.refusal)

        answer = await answered(request, BODY_MAX, take)
        if answer.status_code != OK:
            return answer
        return JSONResponse(found.told(), headers=NO_STORE)

    async def _identify(self, request: Request, caller: Caller) -> Response:
        def take(body: bytes) -> Answer:
            pick = parse_pick(body)
            refusal = self._door.duty_refusal(caller, pick.duty)
            if refusal or self._desks.finder is None:
                return Answer(refusal or NOT_OFFERED)
            return self._desks.finder.identify(pick)

        return await answered(request, BODY_MAX, take)

    async def _attend(self, request: Request, caller: Caller) -> Response:
        def take(body: bytes) -> Answer:
            number, duty = parse_attended(body)
            refusal = self._door.duty_refusal(caller, duty)
            if not refusal:
                self._desks.attend(number, duty)
            return Answer(refusal)

        return await answered(request, BODY_MAX, take)

    async def _summary(self, _request: Request, _caller: Caller) -> Response:
        return JSONResponse(self._desks.summary().told(), headers=NO_STORE)


def _carries(request: Request, token: str) -> bool:
    sent = request.headers.get(TOKEN_HEADER, "")
    return hmac.compare_digest(sent.encode(), token.encode())
