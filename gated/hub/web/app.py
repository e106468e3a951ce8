"""The hub's pages as one application: which page is where, and what all of them share.

/                       the first page that the visitor may see
/login  /logout         in login_page.py
/s/<site>/…             the pages of each area, all answered through pages.py
/s/<site>/live          server-sent events
/static/…  /healthz     without a log-in
"""

import hashlib
import importlib.resources
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import jinja2
from argon2 import PasswordHasher
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from gated.errors import StoreError
from gated.hub.accounts import Accounts
from gated.hub.logins import Logins, Once
from gated.hub.office import Office
from gated.hub.web import (
    account_page,
    audit_page,
    enrol_page,
    gates_page,
    inbox_page,
    login_page,
    person_page,
    records_page,
    report_page,
    roster_page,
    trace_page,
    upload_page,
)
from gated.hub.web.live import FULL, Live, LiveResponse, State, state
from gated.hub.web.pages import (
    NOT_FOUND,
    UNAVAILABLE,
    Endpoint,
    serving,
    to_log_in,
    token_of,
    watched,
)
from gated.hub.web.paging import Page
from gated.hub.web.texts import load_texts, without_turns
from gated.hub.web.visit import NAVIGATION, NO_STORE, Front

# One line per area, in the order of the header.
PAGES: Final[tuple[Page, ...]] = (
    *enrol_page.PAGES,  # before /gates/{gate}
    *gates_page.PAGES,
    *upload_page.PAGES,
    *roster_page.PAGES,
    *records_page.PAGES,
    *trace_page.PAGES,
    *inbox_page.PAGES,
    *person_page.PAGES,
    *report_page.PAGES,
    *account_page.PAGES,
    *audit_page.PAGES,
)

# Routes that need no log-in, for programs; one line per area.
OPEN: Final[tuple[Callable[[Office], Sequence[Route]], ...]] = (enrol_page.open_routes,)

NOT_ALLOWED: Final = 405
TYPES: Final = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file as it goes out. tag: a strong validator of its bytes."""

    body: bytes
    kind: str
    tag: str


def make_front(
    office: Office,
    *,
    secure: bool,
    hasher: PasswordHasher | None = None,
    pages: Sequence[Page] = PAGES,
) -> Front:
    """Return what all pages share. hasher: how passwords are hashed, the default when None."""
    accounts = Accounts(office, hasher)
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("gated.hub.web"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=without_turns,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    there = {page.path for page in pages}
    front = Front(
        office=office,
        accounts=accounts,
        logins=Logins(office, accounts),
        once=Once(office),
        texts=load_texts(),
        templates=environment,
        live=Live(),
        secure=secure,
    )
    return replace(front, links=tuple(link for link in NAVIGATION if link.path in there))


def make_app(front: Front, pages: Sequence[Page] = PAGES) -> Starlette:
    """Return the application. Templates are read once; only the database touches the disk."""
    routes = [
        Route("/", _home(front)),
        Route("/healthz", _healthz),
        Route("/static/{name}", _static()),
        Route("/s/{site}/live", _live(front)),
        Route("/s/{site}", _site_home(front)),
        Route("/s/{site}/", _site_home(front)),
        *login_page.routes(front),
    ]
    for area in OPEN:
        routes += area(front.office)
    routes += [
        Route(f"/s/{{site}}{page.path}", serving(front, page), methods=list(page.methods))
        for page in pages
    ]
    watching = [
        Route(route.path, watched(front, route.path, route.endpoint), methods=route.methods)
        for route in routes
    ]

    async def not_found(_request: Request, _error: Exception) -> Response:
        html = front.render("missing.html", "zh", {})
        return HTMLResponse(html, status_code=NOT_FOUND, headers=NO_STORE)

    async def unavailable(_request: Request, _error: Exception) -> Response:
        html = front.render("unavailable.html", "zh", {})
        return HTMLResponse(html, status_code=UNAVAILABLE, headers=NO_STORE)

    handlers = {NOT_FOUND: not_found, NOT_ALLOWED: not_found, StoreError: unavailable}
    return Starlette(routes=watching, exception_handlers=handlers)


def load_static() -> dict[str, StaticFile]:
    """Return scripts, styles and pictures by name."""
    files = {}
    for entry in importlib.resources.files("gated.hub.web").joinpath("static").iterdir():
        kind = TYPES.get(entry.name.rpartition(".")[2])
        if kind is not None:
            body = entry.read_bytes()
            files[entry.name] = StaticFile(body, kind, f'"{hashlib.sha256(body).hexdigest()[:32]}"')
    return files


def _static() -> Endpoint:
    files = load_static()

    async def serve(request: Request) -> Response:
        file = files.get(request.path_params["name"])
        if file is None:
            return PlainTextResponse("there is no such file", NOT_FOUND, NO_STORE)
        headers = {"ETag": file.tag, "Cache-Control": "no-cache"}
        if request.headers.get("if-none-match") == file.tag:
            return Response(status_code=304, headers=headers)
        return Response(file.body, headers={**headers, "Content-Type": file.kind})

    return serve


async def _healthz(_request: Request) -> Response:
    return PlainTextResponse("ok", headers=NO_STORE)


def _home(front: Front) -> Endpoint:
    def home(request: Request) -> Response:
        login = front.logins.find(token_of(front, request))
        if login is None:
            return to_log_in(front, request)
        return login_page.entrance(front, login)

    async def serve(request: Request) -> Response:
        return await run_in_threadpool(home, request)

    return serve


def _site_home(front: Front) -> Endpoint:
    def home(request: Request) -> Response:
        login = front.logins.find(token_of(front, request))
        actor = None if login is None else login.account.actor(request.path_params["site"])
        where = "/" if actor is None else front.home(actor)
        return RedirectResponse(where, status_code=303, headers=NO_STORE)

    async def serve(request: Request) -> Response:
        return await run_in_threadpool(home, request)

    return serve


def _live(front: Front) -> Endpoint:
    async def serve(request: Request) -> Response:
        token, site = token_of(front, request), request.path_params["site"]

        def first() -> State | None:
            """An open page is no use of its log-in: it ends though a page listens."""
            login = front.logins.peek(token)
            actor = None if login is None else login.account.actor(site)
            return None if actor is None else state(front.office, actor)

        def look() -> State | None:
            try:
                return first()
            except StoreError:
                return None  # the page asks again in a few seconds

        if await run_in_threadpool(first) is None:
            # 204 tells the browser to stop asking.
            return Response(status_code=204, headers=NO_STORE)
        if not front.live.enter():
            # Any other status would end the browser's asking for good.
            return Response(FULL, headers=NO_STORE, media_type="text/event-stream")
        return LiveResponse(front.live, look)

    return serve
