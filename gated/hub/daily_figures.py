"""What happened at the gates on one day, counted: pure, over rows of passages.

Rows of one visit belong together: its first row says when and which way, its last row has the
last word. A visit belongs to the day on which it began. People are counted, never named.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import compress
from operator import attrgetter
from typing import Final, NamedTuple

from gated.core.model import Direction, GuardActionKind, Verdict
from gated.core.reasons import Code

TOP_REASONS: Final = 10
BAND_HOURS: Final = 2
QUARTER_MS: Final = 15 * 60_000
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


class VisitRows(NamedTuple):
    """All rows of one visit in their order, at least one; a tuple for the same reason as Row."""

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
    for group in grouped.values():
        if len(group) > 1:
            group.sort(key=attrgetter("seq"))
    begun = [group for group in grouped.values() if start_ms <= group[0].t_ms < end_ms]
    begun.sort(key=lambda group: (group[0].t_ms, group[0].gate, group[0].seq))
    return [VisitRows(tuple(group)) for group in begun]


def traffic(found: Sequence[VisitRows], hour_of: Callable[[int], int]) -> Traffic:
    """Return the figures of these visits. hour_of: the local hour of an instant."""
    firsts = [visit.rows[0] for visit in found]
    lasts = [visit.rows[-1] for visit in found]
    inward = [row.direction == Direction.IN for row in firsts]
    verdicts = [row.verdict for row in lasts]
    people = [visit.person for visit in found]
    quarters = {row.t_ms // QUARTER_MS for row in firsts}  # every zone is whole quarters off UTC
    bands = {quarter: band(hour_of(quarter * QUARTER_MS)) for quarter in quarters}
    reasons = _counts([row.reason for row in lasts], inward)
    refused = [verdict == Verdict.STOP for verdict in verdicts]
    return Traffic(
        passages=sum(len(visit.rows) for visit in found),
        visits=_count(inward),
        persons=len({*people} - {None}),
        unknown=people.count(None),
        passed=_count(compress(inward, [verdict in PASSED for verdict in verdicts])),
        waiting=_count(compress(inward, [verdict == Verdict.CHECK for verdict in verdicts])),
        refused=_count(compress(inward, refused)),
        late=sum(row.late for row in firsts),
        uncertain=sum(not row.certain for row in firsts),
        shadow=sum(row.shadow for row in firsts),
        by_gate=tuple(sorted(_counts([row.gate for row in firsts], inward), key=_name)),
        by_band=tuple(
            sorted(_counts([bands[row.t_ms // QUARTER_MS] for row in firsts], inward), key=_name)
        ),
        by_verdict=tuple(_in_order(_counts(verdicts, inward))),
        by_reason=reasons[:TOP_REASONS],
        refusals=_counts(
            [row.reason for row in compress(lasts, refused)], compress(inward, refused)
        ),
        fevers=fevers(found),
        overrides=_by_guard(found, GuardActionKind.MANUAL_PASS),
        guard_refusals=_by_guard(found, GuardActionKind.REFUSE),
    )


def fevers(found: Sequence[VisitRows]) -> tuple[FeverCase, ...]:
    """Return the visits with fever, numbered from 1 in the order of the day."""
    feverish = [
        visit for visit in found if any(not _FEVER.isdisjoint(row.reasons) for row in visit.rows)
    ]
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


def _counts(names: Iterable[str], inward: Iterable[bool]) -> tuple[Count, ...]:
    """Return how many went in and out under each name, most first."""
    counted = Counter(zip(names, inward, strict=True))
    listed = [
        Count(name, counted[name, True], counted[name, False])
        for name in {one for one, _ in counted}
    ]
    return tuple(sorted(listed, key=lambda one: (-one.total, one.name)))


def _count(inward: Iterable[bool]) -> Count:
    ways = Counter(inward)
    return Count("", ways[True], ways[False])


def _in_order(counts: Iterable[Count]) -> list[Count]:
    order = [verdict.value for verdict in Verdict]
    return sorted(
        counts, key=lambda one: order.index(one.name) if one.name in order else len(order)
    )


def _name(count: Count) -> str:
    return count.name
