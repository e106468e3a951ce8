"""A page of this machine's own program, served on loopback to whoever sits there.

Same border as the guard's screen: own names, own origin, a strict content policy, and a token
that pages elsewhere cannot know. What it shows and takes is its subclass's to say.
"""

import hmac
import json
import secrets
import threading
from collections.abc import Callable, Sequence
from typing import Any, Final

from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from gated.errors import GatedError
from gated.screen.answers import body_of, refused
from gated.screen.border import Border, authorities
from gated.screen.listener import Listener
from gated.screen.page_files import PageFile, file_answer
from gated.screen.refusals import STALE
from gated.screen.routes import NO_STORE, TOKEN_HEADER

BODY_MAX: Final = 2048
TOKEN_BYTES: Final = 32

Fields = dict[str, Any]
Take = Callable[[Fields], Fields]


class NotNow(GatedError):
    """What was asked for cannot be done; code: why, a key of the texts of that page."""

    def __init__(self, code: str, field: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.field = field


class LocalPage:
    """Serves one session. finished: set once there is nothing more to do and that was said."""

    name = "page"

    def __init__(self, page: dict[str, PageFile], host: str, port: int) -> None:
        self.finished = threading.Event()
        self.token = secrets.token_urlsafe(TOKEN_BYTES)
        self._page = page
        self._listener = Listener(host, port, "--host and --port:")

    def routes(self) -> Sequence[Route]:
        """Return the addresses of this page besides its files and /state."""
        raise NotImplementedError

    def state(self) -> Fields:
        """Return everything the page draws. Nothing secret is in it. Any thread."""
        raise NotImplementedError

    def over(self) -> bool:
        """Return whether there is nothing more to do."""
        raise NotImplementedError

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

    def interrupt(self) -> None:
        """The listener notices a stop by itself."""

    def run(self, stop: threading.Event) -> None:
        """Serve until `stop` is set. Blocks; own thread."""
        self.bind()
        self._listener.run(self.app(), stop, lambda: None)

    def app(self) -> ASGIApp:
        """Return the application for the port now in use."""
        routes = [
            Route("/", self._file),
            Route("/state", self._state),
            *self.routes(),
            Route("/{name}", self._file),
        ]
        allowed = authorities(self._listener.host, self._listener.port, (), "http")
        return Border(Starlette(routes=routes), allowed, "http", "--host")

    def taking(self, path: str, take: Take) -> Route:
        """Return the address of an order: token checked, fields parsed, taken on a thread."""

        async def endpoint(request: Request) -> Response:
            if not hmac.compare_digest(
                request.headers.get(TOKEN_HEADER, "").encode(), self.token.encode()
            ):
                return refused(403, "", STALE)
            body = await body_of(request, BODY_MAX)
            if isinstance(body, Response):
                return body
            try:
                fields = json.loads(body)
            except (ValueError, RecursionError):
                fields = None
            if not isinstance(fields, dict):
                return refused(422, "", "not_understood")
            try:
                said = await run_in_threadpool(take, fields)
            except NotNow as error:
                return refused(409, error.field, error.code)
            ending = BackgroundTask(self.finished.set) if self.over() else None
            return JSONResponse(said, headers=NO_STORE, background=ending)

        return Route(path, endpoint, methods=["POST"])

    async def _file(self, request: Request) -> Response:
        return file_answer(self._page.get(request.path_params.get("name", "index.html")), request)

    async def _state(self, _request: Request) -> Response:
        found = await run_in_threadpool(self.state)
        return JSONResponse({**found, "token": self.token}, headers=NO_STORE)


def counted(fields: Fields, name: str = "number") -> int:
    """Return a whole number of an order; -1, which none is, for anything else."""
    number = fields.get(name)
    return number if isinstance(number, int) and not isinstance(number, bool) else -1
