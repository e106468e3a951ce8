"""Who is to be measured when, and what was missed: pure.

A person under observation, in home quarantine or listed as a close contact is measured at fixed
local hours from the first moment of the status to its end. A reading counts for one due time only:
the one whose window, from LEAD before it to LEAD before the next, holds it. Where due times lie
closer than two LEADs the border is half-way between them. Without a reading a due time is overdue
GRACE later.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from itertools import pairwise, starmap
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from gated.core.model import StatusCode
from gated.hub.local_time import instant, local_day

WATCHED: Final = frozenset(
    {StatusCode.OBSERVATION, StatusCode.HOME_QUARANTINE, StatusCode.CLOSE_CONTACT}
)
HOUR_MS: Final = 3_600_000
LEAD_MS: Final = 2 * HOUR_MS
GRACE_MS: Final = HOUR_MS
LISTED_DAYS: Final = 30  # a status nobody ended asks for no longer list than this
LISTED_MS: Final = LISTED_DAYS * 24 * HOUR_MS
NEIGHBOUR_MS: Final = 3 * 24 * HOUR_MS  # every hour of the day comes within it, in every zone
ADVANCE: Final = timedelta(days=2)  # days looked at beyond a span, so that every zone fits
EARLIEST: Final = date(1970, 1, 3)


class Held(Protocol):
    """What is asked of a status: its span, when it was set and when somebody ended it, UTC ms."""

    @property
    def code(self) -> str:
        """One of StatusCode."""

    @property
    def start(self) -> int | None:
        """From when, None for open."""

    @property
    def end(self) -> int | None:
        """Until when, excluded, None for open."""

    @property
    def set_ms(self) -> int:
        """When it was set."""

    @property
    def ended_ms(self) -> int | None:
        """When somebody ended it, None for nobody."""


@dataclass(frozen=True, slots=True)
class Span:
    """A time under observation; start included, end excluded, None for open. UTC ms."""

    start_ms: int
    end_ms: int | None

    def holds(self, t_ms: int) -> bool:
        """Return whether the instant lies in it."""
        return self.start_ms <= t_ms and (self.end_ms is None or t_ms < self.end_ms)


@dataclass(frozen=True, slots=True)
class Reading:
    """One temperature of a person, thousandths of a degree. by: a gate, or who wrote it down."""

    t_ms: int
    value_mc: int
    by: str
    at_gate: bool = False


class DueState(StrEnum):
    """What became of a reading that is due."""

    DONE = "done"
    DUE = "due"
    OVERDUE = "overdue"


@dataclass(frozen=True, slots=True)
class DueReading:
    """One due time, until when a reading counts for it, and the first reading that does."""

    at_ms: int
    until_ms: int
    state: DueState
    reading: Reading | None = None


def end_of(status: Held) -> int | None:
    """Return when the status ended or will end, whichever comes first; None for open."""
    known = [ms for ms in (status.end, status.ended_ms) if ms is not None]
    return min(known, default=None)


def start_of(status: Held) -> int:
    """Return when the status began; one without a beginning began when it was set."""
    return status.set_ms if status.start is None else status.start


def closed(statuses: Iterable[Held]) -> Iterator[tuple[Held, Span]]:
    """Yield each status with the time it was in force; those that never were are left out.

    A release ends what began before it.
    """
    held = list(statuses)
    releases = sorted(start_of(item) for item in held if item.code == StatusCode.RELEASED)
    for item in held:
        start = start_of(item)
        ends = [ms for ms in releases if ms > start][:1]
        if item.code == StatusCode.RELEASED:
            ends = []
        if (end := end_of(item)) is not None:
            ends.append(end)
        span = Span(start, min(ends, default=None))
        if span.end_ms is None or start < span.end_ms:
            yield item, span


def spans(statuses: Iterable[Held]) -> list[Span]:
    """Return when somebody with these statuses is watched, in order and without overlap."""
    found = [span for item, span in closed(statuses) if item.code in WATCHED]
    return list(_joined(sorted(found, key=lambda span: span.start_ms)))


def _joined(ordered: Sequence[Span]) -> Iterator[Span]:
    held: Span | None = None
    for span in ordered:
        if held is None:
            held = span
        elif held.end_ms is None or span.start_ms <= held.end_ms:
            open_end = held.end_ms is None or span.end_ms is None
            end = None if open_end else max(held.end_ms or 0, span.end_ms or 0)
            held = Span(held.start_ms, end)
        else:
            yield held
            held = span
    if held is not None:
        yield held


def due_times(zone: ZoneInfo, hours: Iterable[int], start_ms: int, end_ms: int) -> list[int]:
    """Return every instant in [start, end) at which one of these local hours begins, ascending.

    An hour that the clocks jump over counts as if they did not; one that comes twice counts once.
    """
    if end_ms <= start_ms:
        return []
    day = max(local_day(start_ms, zone) - ADVANCE, EARLIEST)
    last = local_day(end_ms, zone) + ADVANCE
    found = set()
    wanted = sorted(set(hours))
    while day <= last:
        found |= {instant(day, hour, zone) for hour in wanted}
        day += timedelta(days=1)
    return sorted(ms for ms in found if start_ms <= ms < end_ms)


@dataclass(frozen=True, slots=True)
class Window:
    """One due time of a site, and from when until when a reading counts for it. UTC ms.

    Start included, end excluded; windows that follow each other touch and never overlap.
    """

    from_ms: int
    at_ms: int
    until_ms: int


def windows(zone: ZoneInfo, hours: Sequence[int], now_ms: int) -> list[Window]:
    """Return the due times of the last LISTED_DAYS, and those a reading may count for already."""
    first = now_ms - LISTED_MS
    listed_until = now_ms + LEAD_MS + 1
    times = due_times(zone, hours, first, listed_until)
    earlier = [first - NEIGHBOUR_MS, *due_times(zone, hours, first - NEIGHBOUR_MS, first)]
    after = due_times(zone, hours, listed_until, listed_until + NEIGHBOUR_MS)[:1]
    borders = list(starmap(_border, pairwise([earlier[-1], *times, *after])))
    edges = pairwise(borders)
    return [
        Window(from_ms, at_ms, until_ms)
        for (from_ms, until_ms), at_ms in zip(edges, times, strict=True)
    ]


def _border(earlier_ms: int, later_ms: int) -> int:
    """Return from when on a reading counts for the later of two due times."""
    return later_ms - min(LEAD_MS, (later_ms - earlier_ms) // 2)


def due_readings(
    asked: Iterable[Window], watched: Iterable[Span], readings: Iterable[Reading], now_ms: int
) -> list[DueReading]:
    """Return what was and is due of one person up to now, oldest first.

    asked: windows() of the site at the same instant; watched: spans() of the person.
    """
    taken = sorted(readings, key=lambda reading: reading.t_ms)
    stamps = [reading.t_ms for reading in taken]
    held = list(watched)
    listed = []
    for window in asked:
        if not any(span.holds(window.at_ms) for span in held):
            continue
        place = bisect_left(stamps, window.from_ms)
        fits = place < len(taken) and stamps[place] < window.until_ms
        listed.append(_judged(window, taken[place] if fits else None, now_ms))
    return listed


def _judged(window: Window, reading: Reading | None, now_ms: int) -> DueReading:
    if reading is not None:
        state = DueState.DONE
    elif now_ms > window.at_ms + GRACE_MS:
        state = DueState.OVERDUE
    else:
        state = DueState.DUE
    return DueReading(window.at_ms, window.until_ms, state, reading)
