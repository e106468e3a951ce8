"""Work that outlives its request: one piece per site at a time, its progress told to pages.

A handler begins it, its answer carries it as a background task, and the page it leads to asks how
far it is. Nothing of it is kept here once the program ends; rows in the database say what was
interrupted.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from anyio import to_thread
from starlette.background import BackgroundTask
from starlette.responses import Response

SAID_MAX: Final = 64  # sentences kept for pages that have not asked yet
PATIENCE_S: Final = 0.4  # a page waits so long for work that is nearly done


class Interrupted(Exception):
    """The program ends: the work is given up where it stands."""


@dataclass
class Work:
    """One piece of work under way. share: of this step, None when it cannot be told."""

    site: str
    number: str
    step: str
    share: float | None = None
    finished: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True, slots=True)
class Said:
    """What work that failed has to say. key: of a text."""

    key: str
    values: dict[str, str] = field(default_factory=dict)


class Works:
    """Every piece of work under way; any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._under_way: dict[str, Work] = {}
        self._said: dict[str, Said] = {}
        self._closing = False

    def close(self) -> None:
        """Work under way is given up soon; none begins."""
        self._closing = True

    def begin(self, site: str, number: str, step: str) -> Work | None:
        """Return new work of a site, None while another piece of it is under way."""
        with self._lock:
            if self._closing or site in self._under_way:
                return None
            self._said.pop(number, None)
            work = self._under_way[site] = Work(site, number, step)
            return work

    def of(self, site: str, number: str) -> Work | None:
        """Return the work of this number if it is under way; waits a moment for it to end."""
        with self._lock:
            work = self._under_way.get(site)
        if work is None or work.number != number:
            return None
        return None if work.finished.wait(PATIENCE_S) else work

    def said(self, number: str) -> Said | None:
        """Return why the work of this number failed the last time, None if it did not."""
        with self._lock:
            return self._said.get(number)

    def tell(self, work: Work, step: str, share: float | None) -> None:
        """The work is so far. Raises Interrupted when it should end."""
        if self._closing:
            raise Interrupted
        work.step, work.share = step, share

    def end(self, work: Work, said: Said | None = None) -> None:
        """The work is no longer under way."""
        with self._lock:
            self._under_way.pop(work.site, None)
            if said is not None:
                self._said[work.number] = said
                while len(self._said) > SAID_MAX:
                    self._said.pop(next(iter(self._said)))
        work.finished.set()


def afterwards(answer: Response, work: Callable[[], None]) -> Response:
    """Return the answer, which is sent at once; the work goes on in a thread behind it.

    The server does not wait for the thread when it stops.
    """

    async def run() -> None:
        await to_thread.run_sync(partial(work), abandon_on_cancel=True)

    answer.background = BackgroundTask(run)
    return answer
