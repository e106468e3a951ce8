"""How one request for a page is answered: who asks, may they, is it new, what if it fails.

The body of an order is read only for somebody who is logged in. Handlers run in a thread, so they
may read the database; every way they can fail ends in a page with a sentence.
"""

import secrets
import traceback
from collections.abc import Awaitable, Callable
from typing import Final
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from gated.errors import GatedError, StoreError
from gated.hub.logins import MARK_MAX, Login
from gated.hub.web.border import BodyTooLarge
from gated.hub.web.forms import BadForm, Body, read_form
from gated.hub.web.paging import Page
from gated.hub.web.refusals import sentence_key
from gated.hub.web.visit import NO_STORE, Front, ReasonMissing, Visit, came_from
from gated.log import logger

COOKIE: Final = "gated_login"
SECURE_COOKIE: Final = "__Host-gated_login"
BAD_REQUEST, FORBIDDEN, NOT_FOUND, CONFLICT, TOO_LARGE = 400, 403, 404, 409, 413
BROKEN, UNAVAILABLE = 500, 503
REDIRECT, REFUSED_FROM = 303, 400

Endpoint = Callable[[Request], Awaitable[Response]]

_log = logger("web")


def cookie_name(*, secure: bool) -> str:
    """Return the name of the cookie that holds the token of a log-in."""
    return SECURE_COOKIE if secure else COOKIE


def token_of(front: Front, request: Request) -> str:
    """Return the token that the browser sent, "" for none."""
    return request.cookies.get(cookie_name(secure=front.secure), "")


def serving(front: Front, page: Page) -> Endpoint:
    """Return what answers requests for this page."""

    async def serve(request: Request) -> Response:
        login = await run_in_threadpool(_found_login, front, request)
        if isinstance(login, Response):
            return login
        if login is None:
            return to_log_in(front, request, page)
        body = Body()
        if request.method == "POST":
            try:
                body = await read_form(request)
            except BodyTooLarge:
                return plain_refusal(front, login, "base.too_large", TOO_LARGE)
            except BadForm:
                return plain_refusal(front, login, "base.bad_form", BAD_REQUEST)
        try:
            return await run_in_threadpool(_answer, front, page, request, login, body)
        finally:
            for file in body.files.values():
                await file.close()

    return serve


def _found_login(front: Front, request: Request) -> Login | Response | None:
    try:
        return front.logins.find(token_of(front, request))
    except StoreError:
        # Nobody's language is known; the page says it in both.
        html = front.render("unavailable.html", "zh", {})
        return Response(html, UNAVAILABLE, NO_STORE, "text/html")


def to_log_in(front: Front, request: Request, page: Page | None = None) -> Response:
    """Return the way to the log-in and, after it, back to the page that was left."""
    path = request.url.path
    if request.method not in {"GET", "HEAD"}:
        own = path if page is not None and "GET" in page.methods else ""
        path = came_from(request) or own
    elif request.url.query:
        path = f"{path}?{request.url.query}"
    del front
    where = f"/login?next={quote(path, safe='')}" if path.startswith("/s/") else "/login"
    return RedirectResponse(where, status_code=303, headers=NO_STORE)


def plain_refusal(front: Front, login: Login, key: str, status: int, **values: object) -> Response:
    """Return a page with one sentence for somebody who is at no site."""
    language = login.account.language
    sentence = front.texts.get(language, key, **values)
    html = front.render("refused.html", language, {"sentence": sentence})
    return Response(html, status, NO_STORE, "text/html")


def _answer(front: Front, page: Page, request: Request, login: Login, body: Body) -> Response:
    site = front.office.sites.get(request.path_params["site"])
    actor = None if site is None else login.account.actor(site.id)
    if site is None or actor is None:
        # Whether such a site exists is nobody's business who has no role there.
        return plain_refusal(front, login, "base.no_site", FORBIDDEN)
    visit = Visit(front, request, site, actor, login, body.form, body.fields, body.files)
    if page.right is not None and not actor.may(page.right):
        role = visit.t(visit.role_key)
        return visit.refused("base.no_right", FORBIDDEN, role=role, site=visit.site_name())
    if request.method == "POST":
        return _guarded(page, visit, _once)
    return _guarded(page, visit, lambda page, visit: page.handler(visit))


def _once(page: Page, visit: Visit) -> Response:
    """The order is carried out unless its form is stale or was carried out already."""
    csrf, mark = visit.form.get("csrf", ""), visit.form.get("once", "")
    if not secrets.compare_digest(csrf.encode(), visit.login.csrf.encode()):
        return visit.refused("base.stale")
    if not 0 < len(mark) <= MARK_MAX:
        return visit.refused("base.stale")
    once = visit.front.once
    done_ms = once.claim(mark, visit.login.account.name)
    if done_ms is not None:
        return visit.refused("base.already_done", at=visit.when(done_ms))
    kept = False
    try:
        answer = page.handler(visit)
        status = answer.status_code
        kept = status == REDIRECT or (page.once and status < REFUSED_FROM)
        return answer
    finally:
        if not kept:
            once.release(mark)


def _guarded(page: Page, visit: Visit, answer: Callable[[Page, Visit], Response]) -> Response:
    """Return the answer, or a page that says why there is none."""
    try:
        return answer(page, visit)
    except ReasonMissing:
        return _ask_reason(visit)
    except StoreError:
        # The sentence of the error names the database, which is the administrator's business.
        _log.warning("hub.page_store_unavailable", page=page.path)
        return visit.refused("base.store", UNAVAILABLE)
    except GatedError as error:
        key = sentence_key(error, visit.front.texts)
        if key is not None:
            return visit.refused(key, CONFLICT, n="…")
        return visit.refused("base.failed", BROKEN, number=note_failure(page.path, error))
    except Exception as error:  # noqa: BLE001 - note_failure says why
        return visit.refused("base.failed", BROKEN, number=note_failure(page.path, error))


def note_failure(path: str, error: Exception) -> str:
    """Return the number under which the log has what happened to a page.

    Elsewhere an unknown error ends the process. Here one page of one visitor failed, and ending
    would take the gates' hub and everyone's work away for a page that somebody can open again and
    again. So the visitor gets a number, and the log what happened under it: kinds and places
    only, since the text of an unknown error may quote what was typed.
    """
    number = secrets.token_hex(4)
    places = [
        f"{frame.filename.rpartition('/')[2]}:{frame.lineno}"
        for frame in traceback.extract_tb(error.__traceback__)
    ]
    kind = type(error).__name__
    _log.error("hub.page_failed", number=number, page=path, problem=kind, places=places[-12:])
    return number


def watched(front: Front, path: str, answer: Endpoint) -> Endpoint:
    """Return the endpoint with its unknown failures noted and said; pages of a site say their own.

    Without this the web server would log their text.
    """

    async def serve(request: Request) -> Response:
        try:
            return await answer(request)
        except (HTTPException, StoreError):
            raise
        except Exception as error:  # noqa: BLE001 - note_failure says why
            html = front.render("broken.html", "zh", {"number": note_failure(path, error)})
            return Response(html, BROKEN, NO_STORE, "text/html")

    return serve


def _ask_reason(visit: Visit) -> Response:
    """Return the page that asks why, and then does what was wanted."""
    again = visit.request.method == "POST"
    own = {"csrf", "once", "reason"}
    kept = [
        (name, value)
        for name, values in visit.fields.items()
        if name not in own
        for value in values
    ]
    path = visit.request.url.path
    query = visit.request.url.query
    following = path if again or not query else f"{path}?{query}"
    return visit.page("ask_reason.html", again=again, kept=kept, following=following)
