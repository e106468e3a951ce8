"""The hub's pages as tests see them: in this process without a port, or on a real one.

`pages(desk)` is an httpx client that speaks to the application directly; `served(desk)` starts the
real server for a browser. Both use cheap password hashes.
"""

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from html import unescape
from typing import Any
from urllib.parse import urlsplit

import httpx
import jinja2
from argon2 import PasswordHasher
from jinja2.bccache import Bucket
from starlette.types import ASGIApp

from gated.config import WebSection
from gated.hub.logins import new_mark
from gated.hub.roles import Actor, Role
from gated.hub.web.app import PAGES, make_app, make_front
from gated.hub.web.border import Border
from gated.hub.web.pages import cookie_name
from gated.hub.web.paging import Page
from gated.hub.web.server import PagesServer
from gated.hub.web.visit import Front
from gated.process.supervisor import Supervisor
from tests.support.office import Desk

HOST = "hub.test"
ORIGIN = f"http://{HOST}"
ROSTER = "/s/east/roster"
PASSWORD = "correct horse battery"


def cheap() -> PasswordHasher:
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


class _Compiled(jinja2.BytecodeCache):
    """Templates compiled once for all hubs of a process: every test opens one of its own."""

    def __init__(self) -> None:
        self._code: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self._code:
            bucket.bytecode_from_string(self._code[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._code[bucket.key] = bucket.bytecode_to_string()


_COMPILED = _Compiled()


def quick(front: Front) -> Front:
    """The front, which compiles no template that another one compiled before."""
    front.templates.bytecode_cache = _COMPILED
    return front


# Not on the test's own thread: a browser of Playwright keeps a loop running there.
_LOOPS = ThreadPoolExecutor(1, "pages")


class InProcess(httpx.BaseTransport):
    """Every request runs the application on a loop of its own; answers are read whole."""

    def __init__(self, app: ASGIApp) -> None:
        self._inner = httpx.ASGITransport(app, raise_app_exceptions=True)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        async def ask() -> httpx.Response:
            answer = await self._inner.handle_async_request(request)
            body = await answer.aread()
            return httpx.Response(answer.status_code, headers=answer.headers, content=body)

        return _LOOPS.submit(asyncio.run, ask()).result()


def opened_login(
    front: Front, role: Role | str = Role.OFFICER, *sites: str, language: str = "zh"
) -> tuple[str, str]:
    """The account of this role at these sites, made when new, and the token of a log-in."""
    role = Role(role)
    where = sites or ("east",)
    name = f"{role.value}-{'-'.join(where)}"
    accounts = front.accounts
    if accounts.account(name) is None:
        maker = Actor("cli:test", Role.OFFICER, where[0])
        accounts.add(maker, name, f"{role.value.title()} {where[0]}", PASSWORD, role)
        for site in where[1:]:
            accounts.set_role(Actor("cli:test", Role.OFFICER, site), name, role)
    accounts.set_language(name, "en" if language == "en" else "zh")
    account = accounts.account(name)
    assert account is not None
    return name, front.logins.open(account)


class PageClient(httpx.Client):
    """A browser of sorts. Redirects are not followed unless asked for."""

    def __init__(self, front: Front, areas: Sequence[Page] = PAGES) -> None:
        border = Border(make_app(front, areas), frozenset({HOST}), "http")
        super().__init__(transport=InProcess(border), base_url=ORIGIN, headers={"Origin": ORIGIN})
        self.front = front

    def login(self, role: Role | str = Role.OFFICER, *sites: str, language: str = "zh") -> str:
        """Be logged in with this role at these sites (`east` when none is named)."""
        name, token = opened_login(self.front, role, *sites, language=language)
        self.cookies.set(cookie_name(secure=False), token, domain=HOST)
        return name

    @property
    def csrf(self) -> str:
        login = self.front.logins.peek(self.cookies[cookie_name(secure=False)])
        assert login is not None
        return login.csrf

    def look(self, path: str, reason: str) -> httpx.Response:
        """GET a page that asks why, as somebody who has just said it."""
        login = self.front.logins.peek(self.cookies[cookie_name(secure=False)])
        assert login is not None
        self.front.logins.remember_purpose(login, reason)
        return self.get(path)

    def order(
        self, path: str, form: Mapping[str, Any] | None = None, **more: Any
    ) -> httpx.Response:
        """POST a form as a page would: with the log-in's csrf and a mark of its own.

        files: as httpx takes them; follow: go where a redirect leads.
        """
        follow = more.pop("follow", False)
        fields = {"csrf": self.csrf, "once": new_mark(), **(form or {})}
        return self.post(path, data=fields, follow_redirects=follow, **more)


def pages(desk: Desk) -> PageClient:
    """A client that is not logged in yet."""
    return PageClient(quick(make_front(desk.office, secure=False, hasher=cheap())))


def words(answer: httpx.Response) -> str:
    """What a page says in its main part, without markup, blanks as one space."""
    main = answer.text.partition("<main")[2].partition(">")[2].rpartition("</main>")[0]
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", main)).split())


def hidden(answer: httpx.Response, name: str) -> str:
    """The value of the last hidden field of this name."""
    return unescape(re.findall(rf'name="{name}" value="([^"]*)"', answer.text)[-1])


def where(answer: httpx.Response) -> str:
    """The path that a redirect leads to."""
    assert answer.status_code == 303, answer.status_code
    return urlsplit(answer.headers["location"]).path


@contextmanager
def served(
    desk: Desk, section: WebSection | None = None, areas: Sequence[Page] = PAGES
) -> Iterator[PagesServer]:
    """The real server on a free port, ended afterwards."""
    server = PagesServer(desk.office, section or WebSection(port=0), cheap(), areas)
    quick(server.front)
    supervisor = Supervisor()
    supervisor.start(server)
    try:
        # Whoever swaps stdout afterwards must not catch the line that says where it listens.
        httpx.get(server.url, verify=False)
        yield server
    finally:
        assert supervisor.stop() == []
        assert not supervisor.failed
