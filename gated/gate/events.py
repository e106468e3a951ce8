"""What arrives in the engine's inbox, the inbox itself, and the one mark it sets for others.

Everything that happens at the gate becomes one of these; the engine takes them in order. The
inbox is bounded: samples are dropped and counted when it is full, credentials wait half a second,
then are dropped, counted and logged as an error. Unsent records never stand in it.
"""

import queue
import threading
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

from gated.core.model import GuardAction, Moment
from gated.core.thermometry_window import SensorSample
from gated.gate.health import PartState
from gated.log import logger

INBOX_MAX = 256  # a second of everything at once, many times over
CREDENTIAL_WAIT_S = 0.5
GUARD_ANSWER_S = 0.4  # then the screen has told the guard "busy"

_log = logger("inbox")

_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class CardSeen:
    """An ID card was read. Name and numbers stay out of the repr, and so out of every log.

    document_kind: as a registration names it.
    """

    at: Moment
    id_number: str = field(repr=False)
    other_numbers: tuple[str, ...] = field(default=(), repr=False)
    valid_until: date | None = None
    name: str = field(default="", repr=False)
    document_kind: str = "id_card"


@dataclass(frozen=True, slots=True)
class CardRejected:
    """A card was there but gave nothing usable; kind as the driver names it."""

    at: Moment
    kind: str


@dataclass(frozen=True, slots=True)
class CodeSeen:
    """A code was held before the camera in at least two fresh frames."""

    at: Moment
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SampleTaken:
    """One update of the thermometer."""

    at: Moment
    sample: SensorSample


@dataclass(frozen=True, slots=True)
class DeviceChanged:
    """A device was lost or came back, or was found for the first time.

    device: which one, if the part may have several. serial: of a sensor that told it. repowered:
    it was silent before, as without power.
    """

    at: Moment
    part: str
    state: PartState
    detail: str = ""
    remedy: str = ""
    device: str = ""
    serial: str = ""
    repowered: bool = False


@dataclass(frozen=True, slots=True)
class GuardPressed:
    """A guard's order from the screen; `answer` receives None or a word why not.

    by: who sends it, when that is somebody logged in on the network.
    """

    at: Moment
    action: GuardAction
    answer: "queue.SimpleQueue[str | None]" = field(repr=False, compare=False)
    by: str = ""


@dataclass(frozen=True, slots=True)
class VisitAttended:
    """A dialog about this visit is open on a screen. duty: the spell it was opened in."""

    visit: int
    duty: int = 0


class Inbox:
    """The engine's bounded queue. put and offer: any thread; take: the engine."""

    def __init__(self) -> None:
        self._queue: queue.Queue[object] = queue.Queue(INBOX_MAX)
        self._lock = threading.Lock()
        self._dropped: dict[str, int] = {}

    def put(self, event: object) -> bool:
        """Queue what must not be lost; wait half a second for room. False: dropped, counted."""
        try:
            self._queue.put(event, timeout=CREDENTIAL_WAIT_S)
        except queue.Full:
            self._count(event)
            _log.error("inbox.full", lost=type(event).__name__, held=INBOX_MAX)
            return False
        return True

    def offer(self, event: object) -> bool:
        """Queue what may be lost; never waits. False: dropped and counted."""
        try:
            self._queue.put_nowait(event)
        except queue.Full:
            self._count(event)
            return False
        return True

    def take(self, timeout_s: float) -> object | None:
        """Return the next event, or None after `timeout_s`."""
        try:
            return self._queue.get(timeout=max(0.0, timeout_s))
        except queue.Empty:
            return None

    @property
    def dropped(self) -> dict[str, int]:
        """How many events of each kind were dropped since the start."""
        with self._lock:
            return dict(self._dropped)

    def _count(self, event: object) -> None:
        name = type(event).__name__
        with self._lock:
            self._dropped[name] = self._dropped.get(name, 0) + 1


def answer_of(
    inbox: Inbox,
    event: object,
    answer: "queue.SimpleQueue[_Answer]",
    busy: _Answer,
    *,
    insist: bool = False,
) -> _Answer:
    """Return what the engine answers to this event; `busy` when it has no room or no time.

    answer: where the event carries the answer to. insist: wait for room as well. Blocks for
    GUARD_ANSWER_S, with `insist` for CREDENTIAL_WAIT_S longer. Any thread but the engine's.
    """
    queued = inbox.put(event) if insist else inbox.offer(event)
    if not queued:
        return busy
    try:
        return answer.get(timeout=GUARD_ANSWER_S)
    except queue.Empty:
        return busy


class LaneMark:
    """When the last visit was decided: codes seen before that belong to the person before.

    Written by the engine, read by the camera's thread; one float, replaced whole.
    """

    def __init__(self) -> None:
        self.decided_s = float("-inf")
