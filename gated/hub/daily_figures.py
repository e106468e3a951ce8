"""What happened at the gates on one day, counted: pure, over rows of passages.

Rows of one visit belong together: its first row says when and which way, its last row has the
last word. A visit belongs to the day on which it began. People are counted, never named.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple

from gated.core.model import Direction, GuardActionKind, Verdict
from gated.core.reasons import Code

TOP_REASONS: Final = 10
BAND_HOURS: Final = 2
PASSED: Final = frozenset({Verdict.ALLOW.value, Verdict.ALLOW_NOTE.value})

_CONFIRMED: Final = Code.TEMP_CLINICAL_HIGH.value
_CLEARED: Final = Code.TEMP_CLINICAL_OK.value
_FEVER: Final = frozenset({Code.TEMP_HIGH.value, _CONFIRMED})


class Row(NamedTuple):
    """One decision of a gate. root: seq of the first row of its visit. UTC ms.

    A tuple, because a day has tens of thousands of them.
    """

    gate: str
    epoch: str
    seq: int
    root: int
    t_ms: int
    certain: bool
    direction: str
    person: bytes | None
    verdict: str
    reason: str
    reasons: tuple[str, ...]
    guard: str = ""
    guard_act: str = ""
    override: str = ""
    late: bool = False
    shadow: bool = False


@dataclass(frozen=True, slots=True)
class VisitRows:
    """All rows of one visit in their order, at least one."""

    rows: tuple[Row, ...]

    @property
    def first(self) -> Row:
        """The row that says when and which way."""
        return self.rows[0]

    @property
    def last(self) -> Row:
        """The row that has the last word."""
        return self.rows[-1]

    @property
    def reasons(self) -> frozenset[str]:
        """Every reason of every row."""
        return frozenset(code for row in self.rows for code in row.reasons)

    @property
    def person(self) -> bytes | None:
        """Who it was, as soon as any row knew."""
        return next((row.person for row in self.rows if row.person is not None), None)


@dataclass(frozen=True, slots=True)
class Count:
    """How many visits went in and how many out of some kind. name: a gate, a band, a code."""

    name: str
    inward: int
    outward: int

    @property
    def total(self) -> int:
        """Both directions."""
        return self.inward + self.outward


class FeverState(StrEnum):
    """What a clinical thermometer said to a fever at the gate."""

    CONFIRMED = "confirmed"
    CLEARED = "cleared"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class FeverCase:
    """One visit with fever: number of the day, which record, and what became of it; no person."""

    number: int
    gate: str
    seq: int
    t_ms: int
    certain: bool
    direction: str
    state: FeverState
    verdict: str


@dataclass(frozen=True, slots=True)
class GuardCount:
    """How often one guard did something for one reason. guard: number or role, "" for unknown."""

    guard: str
    reason: str
    count: int


@dataclass(frozen=True, slots=True)
class Traffic:
    """The day's visits and what the guards made of them.

    passages: decisions, follow-ups included; visits: people at a gate, each time. persons: how
    many different people; unknown: visits of nobody known. passed, waiting, refused: by the last
    word of each visit. uncertain: visits whose time was not sure.
    """

    passages: int
    visits: Count
    persons: int
    unknown: int
    passed: Count
    waiting: Count
    refused: Count
    late: int
    uncertain: int
    shadow: int
    by_gate: tuple[Count, ...]
    by_band: tuple[Count, ...]
    by_verdict: tuple[Count, ...]
    by_reason: tuple[Count, ...]
    refusals: tuple[Count, ...]
    fevers: tuple[FeverCase, ...]
    overrides: tuple[GuardCount, ...]
    guard_refusals: tuple[GuardCount, ...]


def visits(rows: Iterable[Row], start_ms: int, end_ms: int) -> list[VisitRows]:
    """Return the visits that began in [start, end), oldest first.

    rows: in any order, some time before and after the day as well, so that visits are whole.
    """
    grouped: defaultdict[tuple[str, str, int], list[Row]] = defaultdict(list)
    for row in rows:
        grouped[row.gate, row.epoch, row.root].append(row)
    whole = [VisitRows(tuple(sorted(group, key=lambda row: row.seq))) for group in grouped.values()]
    whole = [visit for visit in whole if start_ms <= visit.first.t_ms < end_ms]
    return sorted(whole, key=lambda visit: (visit.first.t_ms, visit.first.gate, visit.first.seq))


def traffic(found: Sequence[VisitRows], hour_of: Callable[[int], int]) -> Traffic:
    """Return the figures of these visits. hour_of: the local hour of an instant."""
    refused = [visit for visit in found if visit.last.verdict == Verdict.STOP]
    people = [visit.person for visit in found]
    return Traffic(
        passages=sum(len(visit.rows) for visit in found),
        visits=_count("", found),
        persons=len({*people} - {None}),
        unknown=people.count(None),
        passed=_count("", [visit for visit in found if visit.last.verdict in PASSED]),
        waiting=_count("", [visit for visit in found if visit.last.verdict == Verdict.CHECK]),
        refused=_count("", refused),
        late=sum(visit.first.late for visit in found),
        uncertain=sum(not visit.first.certain for visit in found),
        shadow=sum(visit.first.shadow for visit in found),
        by_gate=tuple(sorted(_counts(found, lambda one: one.first.gate), key=_name)),
        by_band=tuple(sorted(_counts(found, lambda one: band(hour_of(one.first.t_ms))), key=_name)),
        by_verdict=tuple(_in_order(_counts(found, lambda one: one.last.verdict))),
        by_reason=_counts(found, lambda one: one.last.reason)[:TOP_REASONS],
        refusals=_counts(refused, lambda one: one.last.reason),
        fevers=fevers(found),
        overrides=_by_guard(found, GuardActionKind.MANUAL_PASS),
        guard_refusals=_by_guard(found, GuardActionKind.REFUSE),
    )


def fevers(found: Sequence[VisitRows]) -> tuple[FeverCase, ...]:
    """Return the visits with fever, numbered from 1 in the order of the day."""
    feverish = [visit for visit in found if visit.reasons & _FEVER]
    return tuple(
        FeverCase(
            number=number,
            gate=visit.first.gate,
            seq=visit.first.seq,
            t_ms=visit.first.t_ms,
            certain=visit.first.certain,
            direction=visit.first.direction,
            state=_fever_state(visit),
            verdict=visit.last.verdict,
        )
        for number, visit in enumerate(feverish, 1)
    )


def band(hour: int) -> str:
    """Return the hours of the day that belong together: 7 is "06-08"."""
    start = hour - hour % BAND_HOURS
    return f"{start:02}-{start + BAND_HOURS:02}"


def _fever_state(visit: VisitRows) -> FeverState:
    """The newest clinical value decides; one fever stays a fever until it says otherwise."""
    for row in reversed(visit.rows):
        if _CONFIRMED in row.reasons:
            return FeverState.CONFIRMED
        if _CLEARED in row.reasons:
            return FeverState.CLEARED
    return FeverState.OPEN


def _by_guard(found: Iterable[VisitRows], act: GuardActionKind) -> tuple[GuardCount, ...]:
    counted = Counter(
        (row.guard, row.override) for visit in found for row in visit.rows if row.guard_act == act
    )
    listed = [GuardCount(guard, reason, n) for (guard, reason), n in counted.items()]
    return tuple(sorted(listed, key=lambda one: (one.guard, -one.count, one.reason)))


def _counts(found: Iterable[VisitRows], name: Callable[[VisitRows], str]) -> tuple[Count, ...]:
    """Return the visits counted by a name, most first."""
    counted = Counter((name(visit), visit.rows[0].direction == Direction.IN) for visit in found)
    names = {key for key, _ in counted}
    listed = [Count(key, counted[key, True], counted[key, False]) for key in names]
    return tuple(sorted(listed, key=lambda one: (-one.total, one.name)))


def _count(name: str, found: Sequence[VisitRows]) -> Count:
    inward = [visit.rows[0].direction for visit in found].count(Direction.IN.value)
    return Count(name, inward, len(found) - inward)


def _in_order(counts: Iterable[Count]) -> list[Count]:
    order = [verdict.value for verdict in Verdict]
    return sorted(
        counts, key=lambda one: order.index(one.name) if one.name in order else len(order)
    )


def _name(count: Count) -> str:
    return count.name
