"""The technician's calibration page as a small web server on this machine.

    GET  /         the page, and its files beside it    GET /state     pairs, fit, phase, token
    GET  /live     the newest reading                   GET /plot.svg  pairs and line
    POST /call     wait for the next wrist              POST /stop     no longer
    POST /contact  the contact value of that wrist      POST /leave    that person is left out
    POST /drop     a pair is out                        POST /correct  a pair's contact value
    POST /keep     a doubted pair is right              POST /anew     forget the pairs
    POST /write    write the calibration                POST /end      nothing more to do

Every order carries the number of the state it was made on.
"""

from collections.abc import Callable
from typing import Any, Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gated.core.calibration_plot import Look
from gated.core.text import Language
from gated.gate.calibration_sitting import CalibrationSitting
from gated.gate.local_page import Fields, LocalPage, NotNow, counted
from gated.screen.page_files import load_page
from gated.screen.routes import NO_STORE
from gated.texts import Texts

FOLDER: Final = "thermometer_page"
SECTION: Final = "calibration"
# What it has in common with the pages of the first start.
BORROWED: Final = tuple(
    f"setup_page/{name}" for name in ("setup.css", "lang.js", "talk.js", "icon.svg")
)
TYPED_MAX: Final = 8
PLOT: Final = (320, 230)  # px, letters readable on a panel of 480 x 320


class CalibrationServer(LocalPage):
    """Serves one sitting. finished: set once the technician has ended it and that was said."""

    name = "page"

    def __init__(
        self, sitting: CalibrationSitting, language: Language, texts: Texts, host: str, port: int
    ) -> None:
        page = load_page(language, texts, FOLDER, SECTION, BORROWED)
        super().__init__(page, host, port)
        self._sitting = sitting
        self._texts = texts

    def routes(self) -> list[Route]:
        """Return the addresses of the sitting."""
        sitting = self._sitting
        return [
            Route("/live", self._live),
            Route("/plot.svg", self._plot),
            self._order("/call", lambda number, _: sitting.call(number)),
            self._order("/stop", lambda number, _: sitting.stop_waiting(number)),
            self._order("/contact", lambda number, sent: sitting.contact(number, _typed(sent))),
            self._order("/leave", lambda number, _: sitting.leave_out(number)),
            self._order("/drop", lambda number, sent: sitting.drop(number, _place(sent))),
            self._order(
                "/correct",
                lambda number, sent: sitting.correct(number, _place(sent), _typed(sent)),
            ),
            self._order("/keep", lambda number, sent: sitting.believe(number, _place(sent))),
            self._order("/anew", lambda number, _: sitting.begin_anew(number)),
            self._order("/write", lambda number, _: sitting.write(number)),
            self._order("/end", lambda number, _: sitting.end(number)),
        ]

    def state(self) -> dict[str, Any]:
        """Return everything the page draws but the newest reading."""
        return self._sitting.state()

    def over(self) -> bool:
        """Return whether the technician has ended it."""
        return self._sitting.over

    def _order(self, path: str, act: Callable[[int, Fields], None]) -> Route:
        def take(sent: Fields) -> Fields:
            act(counted(sent), sent)
            return self.state()

        return self.taking(path, take)

    async def _live(self, _request: Request) -> Response:
        return JSONResponse(self._sitting.live(), headers=NO_STORE)

    async def _plot(self, request: Request) -> Response:
        language = "en" if request.query_params.get("language") == "en" else "zh"
        across, up = (
            getattr(self._texts.of(SECTION, name), language) for name in ("axis_across", "axis_up")
        )
        look = Look(*PLOT, across, up, numbers=False)
        picture = await run_in_threadpool(self._sitting.plot, look)
        if picture is None:
            return Response(status_code=204, headers=NO_STORE)
        return Response(picture, headers=NO_STORE, media_type="image/svg+xml")


def _typed(sent: Fields) -> str:
    """Return what was typed. Raises NotNow when it is no short text."""
    typed = sent.get("contact")
    if not isinstance(typed, str) or len(typed) > TYPED_MAX:
        raise NotNow("no_number", "contact")
    return typed


def _place(sent: Fields) -> int:
    return counted(sent, "place")
