"""The wizard's pages as a small web server on this machine: asked once, before a gate's first day.

    GET  /          the page, and its files beside it     GET /state    answers, devices, token
    POST /answer    one or more answers                   GET /trial    how the trial is
    POST /join      address and code of the hub           GET /picture  what the camera sees now
    POST /try       try the chosen device                 GET /healthz  that it serves
    POST /finish    write the configuration and end

Same border as the guard's screen: own names, own origin, a strict content policy, and a token
that pages elsewhere cannot know.
"""

from dataclasses import asdict
from typing import Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gated.gate.device_trials import TrialOver, Trials
from gated.gate.local_page import LocalPage, NotNow, counted
from gated.gate.setup_session import SetupSession
from gated.screen.answers import refused
from gated.screen.page_files import load_page
from gated.screen.routes import NO_STORE

NUMBER_MAX: Final = 9  # digits


class SetupServer(LocalPage):
    """Serves one session. finished: set once the configuration is written and that was said."""

    name = "setup"

    def __init__(self, session: SetupSession, trials: Trials, host: str, port: int) -> None:
        super().__init__(load_page("zh", folder="setup_page", section="setup"), host, port)
        self._session = session
        self._trials = trials

    def routes(self) -> list[Route]:
        """Return the addresses of the wizard."""
        return [
            Route("/trial", self._trial),
            Route("/picture", self._picture),
            Route("/healthz", self._healthz),
            self.taking("/answer", self._answered),
            self.taking("/join", self._joined),
            self.taking("/try", self._tried),
            self.taking("/finish", self._finished),
        ]

    def state(self) -> dict[str, Any]:
        """Return everything the page draws."""
        return self._session.state()

    def over(self) -> bool:
        """Return whether the configuration is written."""
        return self._session.written

    async def _healthz(self, _request: Request) -> Response:
        return JSONResponse({"ok": True, "setup": True}, headers=NO_STORE)

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

    def _answered(self, fields: dict[str, Any]) -> dict[str, Any]:
        answers = fields.get("answers")
        if not isinstance(answers, dict):
            raise NotNow("not_understood")
        self._session.answer(counted(fields), answers)
        return self._session.state()

    def _joined(self, fields: dict[str, Any]) -> dict[str, Any]:
        address, code = fields.get("address"), fields.get("code")
        if not isinstance(address, str) or not isinstance(code, str):
            raise NotNow("not_understood")
        self._session.join(counted(fields), address.strip(), code)
        return self._session.state()

    def _tried(self, fields: dict[str, Any]) -> dict[str, Any]:
        return {"trial": self._session.begin_trial(fields.get("kind"))}

    def _finished(self, fields: dict[str, Any]) -> dict[str, Any]:
        self._session.finish(counted(fields))
        return self._session.state()


def _number(request: Request) -> int:
    """Return which trial is asked for; 0, which is none, for anything else."""
    text = request.query_params.get("trial", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= NUMBER_MAX else 0
