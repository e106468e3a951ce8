"""The wizard's pages as a small web server on this machine: asked once, before a gate's first day.

    GET  /          the page, and its files beside it     GET /state    answers, devices, token
    POST /answer    one or more answers                   GET /trial    how the trial is
    POST /join      address and code of the hub           GET /picture  what the camera sees now
    POST /try       try the chosen device                 GET /healthz  that it serves
    POST /finish    write the configuration and end

Same border as the guard's screen: own names, own origin, a strict content policy, and a token
that pages elsewhere cannot know.
"""

import hmac
import json
import secrets
import threading
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, Final

from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from gated.gate.device_trials import TrialOver, Trials
from gated.gate.setup_session import NotNow, SetupSession
from gated.screen.answers import body_of, refused
from gated.screen.border import Border, authorities
from gated.screen.listener import Listener
from gated.screen.page_files import file_answer, load_page
from gated.screen.refusals import STALE
from gated.screen.routes import NO_STORE, TOKEN_HEADER

BODY_MAX: Final = 2048
NUMBER_MAX: Final = 9  # digits
TOKEN_BYTES: Final = 32

Take = Callable[[dict[str, Any]], dict[str, Any]]


class SetupServer:
    """Serves one session. finished: set once the configuration is written and that was said."""

    name = "setup"

    def __init__(self, session: SetupSession, trials: Trials, host: str, port: int) -> None:
        self.finished = threading.Event()
        self._session = session
        self._trials = trials
        self._listener = Listener(host, port, "--host and --port:")
        self._page = load_page("zh", folder="setup_page", section="setup")
        self._token = secrets.token_urlsafe(TOKEN_BYTES)

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
            Route("/trial", self._trial),
            Route("/picture", self._picture),
            Route("/healthz", self._healthz),
            Route("/answer", self._taking(self._answered), methods=["POST"]),
            Route("/join", self._taking(self._joined), methods=["POST"]),
            Route("/try", self._taking(self._tried), methods=["POST"]),
            Route("/finish", self._taking(self._finished), methods=["POST"]),
            Route("/{name}", self._file),
        ]
        allowed = authorities(self._listener.host, self._listener.port, (), "http")
        return Border(Starlette(routes=routes), allowed, "http", "--host")

    async def _file(self, request: Request) -> Response:
        return file_answer(self._page.get(request.path_params.get("name", "index.html")), request)

    async def _healthz(self, _request: Request) -> Response:
        return JSONResponse({"ok": True, "setup": True}, headers=NO_STORE)

    async def _state(self, _request: Request) -> Response:
        found = await run_in_threadpool(self._session.state)
        return JSONResponse({**found, "token": self._token}, headers=NO_STORE)

    async def _trial(self, request: Request) -> Response:
        try:
            look = self._trials.look(_number(request))
        except TrialOver:
            return refused(409, "", "trial_over")
        return JSONResponse(asdict(look), headers=NO_STORE)

    async def _picture(self, request: Request) -> Response:
        """The frame goes from memory to the browser, which is told to keep it nowhere."""
        try:
            picture = await run_in_threadpool(self._trials.picture, _number(request))
        except TrialOver:
            return refused(409, "", "trial_over")
        if picture is None:
            return Response(status_code=204, headers=NO_STORE)
        return Response(picture, headers=NO_STORE, media_type="image/jpeg")

    def _taking(self, take: Take) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            if not hmac.compare_digest(
                request.headers.get(TOKEN_HEADER, "").encode(), self._token.encode()
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
            written = self._session.written
            ending = BackgroundTask(self.finished.set) if written else None
            return JSONResponse(said, headers=NO_STORE, background=ending)

        return endpoint

    def _answered(self, fields: dict[str, Any]) -> dict[str, Any]:
        answers = fields.get("answers")
        if not isinstance(answers, dict):
            raise NotNow("not_understood")
        self._session.answer(_counted(fields), answers)
        return self._session.state()

    def _joined(self, fields: dict[str, Any]) -> dict[str, Any]:
        address, code = fields.get("address"), fields.get("code")
        if not isinstance(address, str) or not isinstance(code, str):
            raise NotNow("not_understood")
        self._session.join(_counted(fields), address.strip(), code)
        return self._session.state()

    def _tried(self, fields: dict[str, Any]) -> dict[str, Any]:
        return {"trial": self._session.begin_trial(fields.get("kind"))}

    def _finished(self, fields: dict[str, Any]) -> dict[str, Any]:
        self._session.finish(_counted(fields))
        return self._session.state()


def _counted(fields: dict[str, Any]) -> int:
    number = fields.get("number")
    return number if isinstance(number, int) else 0


def _number(request: Request) -> int:
    """Return which trial is asked for; 0, which is none, for anything else."""
    text = request.query_params.get("trial", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= NUMBER_MAX else 0
