"""The servers of the guard's screen: one for this machine, and one for the network if wanted."""

import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Protocol

from gated.config import Config
from gated.core.model import Moment
from gated.gate.card_memory import CardMemory
from gated.gate.events import Inbox, VisitAttended
from gated.gate.finder import FinderIntake
from gated.gate.log_in import Door, LogIn
from gated.gate.orders import OrderIntake
from gated.gate.report_intake import ReportIntake
from gated.gate.shift_summary import SummaryBoard
from gated.process.supervisor import Supervisor
from gated.screen.desks import Desks
from gated.screen.feed import Feed
from gated.screen.network import NetworkServer
from gated.screen.server import ScreenServer
from gated.screen.tls import server_context
from gated.store.guard_book import GuardBook
from gated.texts import Texts


class Server(Protocol):
    """One of them."""

    @property
    def url(self) -> str:
        """Where people open it."""

    def bind(self) -> None:
        """Open the port. Raises ScreenUnavailable."""

    def close(self) -> None:
        """Give the port back. May be called twice."""

    def run(self, stop: threading.Event) -> None:
        """Serve until `stop`."""


@dataclass(frozen=True, slots=True)
class Screens:
    """The servers with their ports open. network: None when the screen stays on this machine."""

    kiosk: ScreenServer
    network: NetworkServer | None = None

    @property
    def urls(self) -> str:
        """Where people open them."""
        return ", ".join(server.url for server in self.all())

    def start(self, supervisor: Supervisor) -> None:
        """Each serves on a thread of its own: what a network does slows down no kiosk."""
        names = ("screen", "screen_network")
        for name, server in zip(names, self.all(), strict=False):
            supervisor.start(_Worker(name, server))

    def all(self) -> tuple[Server, ...]:
        """Return every server, this machine's first."""
        return (self.kiosk,) if self.network is None else (self.kiosk, self.network)


@dataclass(frozen=True, slots=True)
class Behind:
    """What of the gate stands behind its screens. hub_public: key of the hub, if it has one.

    cards, board: what the engine shares with the threads of the servers.
    """

    inbox: Inbox
    feed: Feed
    book: GuardBook
    texts: Texts
    now: Callable[[], Moment]
    hub_public: bytes | None = None
    cards: CardMemory = field(default_factory=CardMemory)
    board: SummaryBoard = field(default_factory=SummaryBoard)


def bound_screens(config: Config, behind: Behind, closing: ExitStack) -> Screens | None:
    """Return the screen's servers with their ports open, None for a gate without a screen.

    closing: gives the ports back. Raises ScreenUnavailable, and ConfigError for a certificate.
    """
    section, gate = config.screen, config.gate
    if section is None:
        return None
    log_in = LogIn(behind.book, config.store.dir, behind.inbox, behind.now)
    desks = _desks(config, behind, log_in)
    kiosk = ScreenServer(
        behind.feed,
        section.host,
        section.port,
        desks.act,
        gate.language,
        names=section.names,
        report=desks.report,
        log_in=log_in,
        finder=desks.finder,
        summary=desks.summary,
        texts=behind.texts,
        lanes=section.pair,
        attend=desks.attend,
    )
    network = None
    if section.network is not None:
        tls = server_context(section.network.cert, section.network.key)
        # A desk of its own: wrong PINs typed anywhere on the network never lock the kiosk.
        far = LogIn(behind.book, config.store.dir, behind.inbox, behind.now, Door.NETWORK)
        network = NetworkServer(
            section.network,
            tls,
            _desks(config, behind, far),
            far,
            gate.language,
            texts=behind.texts,
        )
    screens = Screens(kiosk, network)
    for server in screens.all():
        server.bind()
        closing.callback(server.close)
    return screens


def _desks(config: Config, behind: Behind, log_in: LogIn) -> Desks:
    gate, inbox, public, now = config.gate.id, behind.inbox, behind.hub_public, behind.now
    act = OrderIntake(inbox, log_in, now, gate, public)
    report = ReportIntake(gate, public, inbox, now, log_in, behind.cards)
    finder = FinderIntake(inbox, now)

    def attend(visit: int, duty: int) -> None:
        inbox.offer(VisitAttended(visit, duty))  # lost when there is no room: said again soon

    return Desks(behind.feed, act, report, log_in, finder, behind.board.latest, attend)


class _Worker:
    """A server as a Worker; it looks at the stop flag by itself."""

    def __init__(self, name: str, server: Server) -> None:
        self.name = name
        self._server = server

    def run(self, stop: threading.Event) -> None:
        """Serve until `stop`."""
        self._server.run(stop)

    def interrupt(self) -> None:
        """Nothing blocks longer than the server's own beat."""
