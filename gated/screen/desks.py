"""What the screen's servers hand on: orders, reports and log-ins, and who answers for them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from gated.core.reports import Report
from gated.screen.actions import Credentials, Order, Pick, Search
from gated.screen.feed import Feed
from gated.screen.look_up import Found, Summary
from gated.screen.reports import Answer

TakeOrder = Callable[[Order], Answer]
Attend = Callable[[int, int], object]


def nobody_attends(_visit: int, _duty: int) -> None:
    """A screen without a gate behind it holds no visit."""


class TakeReport(Protocol):
    """Takes a report given in spell `duty`.

    by: who reports, when that is somebody logged in on the network. second: who approves it.
    """

    def __call__(
        self, report: Report, duty: int, by: str = "", second: Credentials | None = None
    ) -> Answer:
        """Return what became of it. Blocks for a second or two at most."""


class LogInDesk(Protocol):
    """Who may log in, and the log-in itself."""

    def guards(self) -> list[dict[str, str]]:
        """Return number, masked name and role of each guard."""

    def log_in(self, who: Credentials) -> Answer:
        """Return what came of a log-in. Blocks for tenths of a second."""


@dataclass(frozen=True, slots=True)
class KnownGuard:
    """A guard of the book. name: masked. mark: another one as soon as PIN or role change."""

    number: str
    name: str
    role: str
    mark: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Proof:
    """Whose PIN it was, or why not: refusal is a word, wait_s until the next try."""

    guard: KnownGuard | None = None
    refusal: str = ""
    wait_s: int = 0


class ProofDesk(Protocol):
    """Tells a network's log-ins who somebody is."""

    def known(self, number: str) -> KnownGuard | None:
        """Return the guard of this number as the book has them now, None for nobody."""

    def prove(self, who: Credentials) -> Proof:
        """Return whose PIN this is. Blocks for tenths of a second."""

    def begin_duty(self, number: str) -> Answer:
        """Return whether this guard is on duty from now on. Blocks for a second at most."""


class Finder(Protocol):
    """Finds people on the list for a guard who sees them."""

    def find(self, search: Search) -> Found:
        """Return who was found. Blocks for a second at most."""

    def identify(self, pick: Pick) -> Answer:
        """Return whether one of those is who stands at the gate. Blocks for a second at most."""


@dataclass(frozen=True, slots=True)
class Desks:
    """Whom the pages talk to.

    act: takes a guard's order on a thread of the server's pool and returns within a second or two;
    a refusal is a word (`visit_over`, `not_offered`, `busy`) or a sentence.
    report, log_in, finder: likewise for reports, log-ins and look-ups; None: this screen takes
    none. summary: how the shift went so far, in counts. attend: takes the visit a dialog is open
    for and the spell of duty, and returns at once.
    """

    feed: Feed
    act: TakeOrder
    report: TakeReport | None = None
    log_in: LogInDesk | None = None
    finder: Finder | None = None
    summary: Callable[[], Summary] = Summary
    attend: Attend = nobody_attends
