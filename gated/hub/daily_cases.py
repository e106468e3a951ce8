"""Open cases, arrivals and readings that were due on one day: pure, over histories of statuses."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from gated.core.model import StatusCode
from gated.hub import observation
from gated.hub.observation import DueState, Reading
from gated.hub.person_rows import StatusRow

CASES: Final = (
    StatusCode.CONFIRMED,
    StatusCode.SUSPECTED,
    StatusCode.CLOSE_CONTACT,
    StatusCode.SECOND_CONTACT,
    StatusCode.HOME_QUARANTINE,
    StatusCode.OBSERVATION,
)
ARRIVALS: Final = (
    StatusCode.FROM_EPIDEMIC_AREA,
    StatusCode.FROM_OTHER_PROVINCE,
    StatusCode.ARRIVAL_PENDING,
)

History = Mapping[bytes, Sequence[StatusRow]]


@dataclass(frozen=True, slots=True)
class CaseCount:
    """How many people have a status at the end of the day, got it or lost it that day."""

    code: str
    standing: int
    new: int
    ended: int


@dataclass(frozen=True, slots=True)
class DueCount:
    """The readings due that day: how many, how many were taken, and of whom one is overdue."""

    due: int = 0
    done: int = 0
    overdue: int = 0
    overdue_people: int = 0


def cases(history: History, start_ms: int, until_ms: int) -> tuple[CaseCount, ...]:
    """Return the open cases by status; people are counted, each once per status.

    until_ms: the end of the day, or now while the day lasts. A status that was taken over by a
    further one of the same code on the same day neither ended nor is new.
    """
    before: defaultdict[str, set[bytes]] = defaultdict(set)
    after: defaultdict[str, set[bytes]] = defaultdict(set)
    between: defaultdict[str, set[bytes]] = defaultdict(set)
    for ref, statuses in history.items():
        for item, span in observation.closed(statuses):
            if span.holds(start_ms - 1):
                before[item.code].add(ref)
            if span.holds(until_ms - 1):
                after[item.code].add(ref)
            if span.start_ms < until_ms and (span.end_ms is None or span.end_ms > start_ms):
                between[item.code].add(ref)
    return tuple(
        CaseCount(
            code=code.value,
            standing=len(after[code]),
            new=len(between[code] - before[code]),
            ended=len(between[code] - after[code]),
        )
        for code in CASES
    )


def newly_set(history: History, start_ms: int, until_ms: int) -> dict[str, int]:
    """Return of how many people each kind of arrival was noted in [start, until)."""
    seen = {
        (item.code, ref)
        for ref, statuses in history.items()
        for item in statuses
        if item.code in ARRIVALS and start_ms <= item.set_ms < until_ms
    }
    counted = Counter(code for code, _ in seen)
    return {code.value: counted[code] for code in ARRIVALS}


def released(history: History, start_ms: int, until_ms: int) -> int:
    """Return how many people were released in [start, until)."""
    return sum(
        any(
            item.code == StatusCode.RELEASED
            and start_ms <= observation.start_of(item) < until_ms
            and item.ended_ms is None
            for item in statuses
        )
        for statuses in history.values()
    )


def due(
    history: History,
    taken: Mapping[bytes, Iterable[Reading]],
    zone: ZoneInfo,
    hours: Sequence[int],
    day: tuple[int, int],
    now_ms: int,
) -> DueCount:
    """Return what became of the readings due on a day, as it is known now."""
    start_ms, end_ms = day
    asked_ms = min(now_ms, end_ms + observation.GRACE_MS + 1)
    found: Counter[DueState] = Counter()
    people = 0
    asked = observation.windows(zone, hours, asked_ms)
    asked = [window for window in asked if start_ms <= window.at_ms < end_ms]
    for ref, statuses in history.items():
        watched = observation.spans(statuses)
        listed = observation.due_readings(asked, watched, taken.get(ref, ()), asked_ms)
        states = [item.state for item in listed]
        found.update(states)
        people += DueState.OVERDUE in states
    return DueCount(
        due=found.total(),
        done=found[DueState.DONE],
        overdue=found[DueState.OVERDUE],
        overdue_people=people,
    )
