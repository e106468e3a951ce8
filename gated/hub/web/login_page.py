"""Coming in and going out: the log-in, the choice of a site, the log-out.

These pages know no site yet. Their orders carry no csrf token before there is a log-in; the
border has checked where they come from.
"""

import contextlib
import secrets
from collections.abc import Mapping
from typing import Final

import anyio
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from gated.hub.accounts import Account, Language
from gated.hub.logins import Login
from gated.hub.web.border import BodyTooLarge
from gated.hub.web.forms import BadForm, read_form
from gated.hub.web.pages import (
    BAD_REQUEST,
    FORBIDDEN,
    UNAVAILABLE,
    cookie_name,
    plain_refusal,
    token_of,
)
from gated.hub.web.visit import DONE_COOKIE, NO_STORE, Front, local_path, set_done

HASHING_MAX: Final = 2
"""Passwords checked at once: each takes a core and 64 MiB."""

WAITING_MAX: Final = 16
LOGGED_OUT: Final = "login.logged_out"


def routes(front: Front) -> list[Route]:
    """Return the routes of these pages."""
    entry = _Entry(front)
    return [
        Route("/login", entry.show, methods=["GET"]),
        Route("/login", entry.take, methods=["POST"]),
        Route("/logout", entry.leave, methods=["POST"]),
        Route("/language", entry.speak, methods=["POST"]),
    ]


def entrance(front: Front, login: Login) -> Response:
    """Return the way to the only site, a choice of several, or a sentence when there is none."""
    account = login.account
    sites = [site for site in front.office.sites.values() if site.id in account.roles]
    if not sites:
        return plain_refusal(front, login, "login.no_role", FORBIDDEN)
    if len(sites) == 1:
        actor = account.actor(sites[0].id)
        assert actor is not None, "the site is one of the account's"
        return RedirectResponse(front.home(actor), status_code=303, headers=NO_STORE)
    values = {"account": account, "sites": sites, "csrf": login.csrf}
    return HTMLResponse(front.render("choose.html", account.language, values), headers=NO_STORE)


def wanted_language(request: Request) -> Language:
    """Return the language of somebody we do not know: the one they asked for, else Chinese."""
    asked = request.query_params.get("language", "")
    if asked in {"zh", "en"}:
        return "en" if asked == "en" else "zh"
    for part in request.headers.get("accept-language", "").lower().split(","):
        if part.strip().startswith("zh"):
            return "zh"
        if part.strip().startswith("en"):
            return "en"
    return "zh"


async def _small_form(request: Request) -> Mapping[str, str]:
    """Return the fields of a form; none of a broken one, in which nobody's mark is then."""
    with contextlib.suppress(BodyTooLarge, BadForm):
        return (await read_form(request, files_max=0)).form
    return {}


class _Entry:
    """The door. Checks few passwords at once, so that strangers cannot use up the machine."""

    def __init__(self, front: Front) -> None:
        self._front = front
        self._limiter: anyio.CapacityLimiter | None = None

    async def show(self, request: Request) -> Response:
        """The form; what was just done is said once."""
        following = local_path(request.query_params.get("next", ""))
        return self._form(request, following)

    async def take(self, request: Request) -> Response:
        """A log-in, or the form again with one sentence for every reason."""
        try:
            form = (await read_form(request, files_max=0)).form
        except (BodyTooLarge, BadForm):
            return self._form(request, "", "base.bad_form", status=BAD_REQUEST)
        following = local_path(form.get("next", ""))
        limiter = self._turns()
        if limiter.statistics().tasks_waiting >= WAITING_MAX:
            return self._form(request, following, "login.busy", status=UNAVAILABLE)
        account = await anyio.to_thread.run_sync(self._check, form, limiter=limiter)
        if account is None:
            return self._form(request, following, "login.wrong", status=FORBIDDEN)
        return await run_in_threadpool(self._open, request, account, following)

    async def leave(self, request: Request) -> Response:
        """No log-in any more, and nothing kept in the browser."""
        form = await _small_form(request)
        return await run_in_threadpool(self._close, request, form.get("csrf", ""))

    async def speak(self, request: Request) -> Response:
        """The account's language is another one; the visitor chooses a site in it."""
        form = await _small_form(request)
        return await run_in_threadpool(self._speak, request, form)

    def _turns(self) -> anyio.CapacityLimiter:
        if self._limiter is None:
            self._limiter = anyio.CapacityLimiter(HASHING_MAX)
        return self._limiter

    def _check(self, form: Mapping[str, str]) -> Account | None:
        name = form.get("name", "").strip().lower()
        return self._front.accounts.check(name, form.get("password", ""))

    def _open(self, request: Request, account: Account, following: str) -> Response:
        front = self._front
        old = front.logins.peek(token_of(front, request))
        if old is not None:
            front.logins.close(old)
        answer = RedirectResponse(following or "/", status_code=303, headers=NO_STORE)
        answer.set_cookie(
            cookie_name(secure=front.secure),
            front.logins.open(account),
            httponly=True,
            samesite="strict",
            secure=front.secure,
        )
        return answer

    def _close(self, request: Request, csrf: str) -> Response:
        front = self._front
        login = front.logins.peek(token_of(front, request))
        if login is not None:
            if not secrets.compare_digest(csrf.encode(), login.csrf.encode()):
                return plain_refusal(front, login, "base.stale", FORBIDDEN)
            front.logins.close(login)
        answer = RedirectResponse("/login", status_code=303, headers=NO_STORE)
        answer.delete_cookie(cookie_name(secure=front.secure), secure=front.secure, httponly=True)
        return set_done(front, answer, LOGGED_OUT)

    def _speak(self, request: Request, form: Mapping[str, str]) -> Response:
        front = self._front
        login = front.logins.find(token_of(front, request))
        if login is None:
            return RedirectResponse("/login", status_code=303, headers=NO_STORE)
        if not secrets.compare_digest(form.get("csrf", "").encode(), login.csrf.encode()):
            return plain_refusal(front, login, "base.stale", FORBIDDEN)
        chosen: Language = "en" if form.get("language") == "en" else "zh"
        front.accounts.set_language(login.account.name, chosen)
        return RedirectResponse("/", status_code=303, headers=NO_STORE)

    def _form(
        self, request: Request, following: str, error: str = "", status: int = 200
    ) -> Response:
        gone = request.cookies.get(DONE_COOKIE) == LOGGED_OUT
        values = {"next": following, "error": error, "logged_out": gone}
        html = self._front.render("login.html", wanted_language(request), values)
        answer = HTMLResponse(html, status_code=status, headers=NO_STORE)
        if gone:
            answer.delete_cookie(DONE_COOKIE)
        return answer
