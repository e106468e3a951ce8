"""Who passed the same gate within so many minutes of somebody: pure interval arithmetic.

Rows become passages: several rows of one visit are one passage, from its first to its last row. A
passage has a best known time and a span in which it truly lies; with a sure clock they agree. Two
passages *meet* when they are at the same gate, whichever of its lanes, and their spans, one of
them widened by the window, touch. The gap of a meeting is by the best known times: negative when
the other was there first, 0 when both were there at once. It is *uncertain* when one of the two
clocks was.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from types import MappingProxyType
from typing import Final

MINUTE_MS: Final = 60_000
NO_PLACES: Final[Mapping[str, str]] = MappingProxyType({})
NARROW_MS: Final = 10 * MINUTE_MS  # no visit lasts longer under a sure clock


@dataclass(frozen=True, slots=True)
class Sighting:
    """One row of a gate about one visit. of_seq: the row of the same epoch it follows up."""

    gate: str
    epoch: str
    seq: int
    t_ms: int
    lo_ms: int
    hi_ms: int
    certain: bool
    direction: str
    person: bytes | None = None
    household: bytes | None = None
    category: str = "unknown"
    verdict: str = ""
    of_seq: int | None = None
    late: bool = False


@dataclass(frozen=True, slots=True)
class Passage:
    """One visit at a gate. start_ms, end_ms: first and last row; lo_ms, hi_ms: where it may lie.

    verdict: the last word. late: typed in from paper.
    """

    start_ms: int
    end_ms: int
    gate: str
    epoch: str
    seq: int
    lo_ms: int
    hi_ms: int
    certain: bool
    direction: str
    person: bytes | None
    household: bytes | None
    category: str
    verdict: str
    late: bool


@dataclass(frozen=True, slots=True)
class Meeting:
    """The traced person and somebody else at one gate. gap_ms: other minus own, signed."""

    own: Passage
    other: Passage
    gap_ms: int

    @property
    def certain(self) -> bool:
        """Whether both clocks were sure."""
        return self.own.certain and self.other.certain


@dataclass(frozen=True, slots=True)
class Contact:
    """Somebody and every meeting with them, oldest first. household: of the same room."""

    person: bytes
    meetings: tuple[Meeting, ...]
    household: bool

    @property
    def nearest(self) -> Meeting:
        """The meeting with the smallest gap; a sure one before an unsure one."""
        return min(self.meetings, key=_by_nearness)

    @property
    def certain(self) -> bool:
        """Whether at least one meeting is sure."""
        return any(met.certain for met in self.meetings)


def passages(rows: Iterable[Sighting]) -> list[Passage]:
    """Return one passage per visit, oldest first; a row that stands there twice counts once."""
    by_key = {(row.gate, row.epoch, row.seq): row for row in rows}
    visits: defaultdict[tuple[str, str, int], list[Sighting]] = defaultdict(list)
    for row in by_key.values():
        visits[row.gate, row.epoch, _root(row, by_key)].append(row)
    return sorted((_passage(key[2], found) for key, found in visits.items()), key=_in_order)


def root_of(seq: int, of_seq: int | None) -> int:
    """Return which row a visit is known by: the one that was answered, or the row itself."""
    return seq if of_seq is None else of_seq


def contacts(
    own: Sequence[Passage],
    others: Iterable[Passage],
    within_ms: int,
    household: Collection[bytes] = (),
    places: Mapping[str, str] = NO_PLACES,
) -> tuple[list[Contact], list[Passage]]:
    """Return everybody who met one of `own`, nearest first, and the passages of unknown people.

    household: who lives with the traced person, whose own passages among `others` do not count.
    places: the place of each lane that shares one with others; a gate left out is its own.
    """
    near = {place: _Nearby(found) for place, found in _by_place(own, places).items()}
    traced = {passage.person for passage in own}
    met: defaultdict[bytes, list[Meeting]] = defaultdict(list)
    unknown: list[Passage] = []
    for other in others:
        there = near.get(places.get(other.gate, other.gate))
        if there is None or (other.person is not None and other.person in traced):
            continue
        meetings = [
            Meeting(one, other, gap_ms(one, other))
            for one in there.candidates(other, within_ms)
            if touch(one, other, within_ms)
        ]
        if meetings and other.person is None:
            unknown.append(other)
        elif meetings and other.person is not None:
            met[other.person] += meetings
    found = [
        Contact(person, tuple(sorted(meetings, key=_by_time)), person in household)
        for person, meetings in met.items()
    ]
    found.sort(key=lambda contact: (abs(contact.nearest.gap_ms), contact.person))
    return found, sorted(unknown, key=_in_order)


class _Nearby:
    """Passages of one place, ready to be asked which of them may lie near another one."""

    def __init__(self, passages: Iterable[Passage]) -> None:
        ordered = sorted(passages, key=lambda passage: passage.lo_ms)
        # A clock that was unsure for days would make every span as long as its own.
        self._wide = [one for one in ordered if one.hi_ms - one.lo_ms > NARROW_MS]
        self._narrow = [one for one in ordered if one.hi_ms - one.lo_ms <= NARROW_MS]
        self._starts = [one.lo_ms for one in self._narrow]

    def candidates(self, other: Passage, within_ms: int) -> list[Passage]:
        """Return all that touch the other one, and some that do not."""
        first = bisect_left(self._starts, other.lo_ms - within_ms - NARROW_MS)
        end = bisect_left(self._starts, other.hi_ms + within_ms + 1)
        return self._narrow[first:end] + self._wide


def touch(one: Passage, other: Passage, within_ms: int) -> bool:
    """Return whether both may have been at their gate within the window, its ends included."""
    return one.lo_ms - within_ms <= other.hi_ms and other.lo_ms <= one.hi_ms + within_ms


def gap_ms(one: Passage, other: Passage) -> int:
    """Return how long after `one` the other was there by the best known times; 0 when at once."""
    if other.start_ms > one.end_ms:
        return other.start_ms - one.end_ms
    return min(other.end_ms - one.start_ms, 0)


def clipped(passage: Passage, start_ms: int, end_ms: int) -> tuple[int, int] | None:
    """Return where in start <= t < end the passage may lie, None for nowhere."""
    lo_ms, hi_ms = max(passage.lo_ms, start_ms), min(passage.hi_ms, end_ms - 1)
    return (lo_ms, hi_ms) if lo_ms <= hi_ms else None


def windows(spans: Iterable[tuple[int, int]], within_ms: int) -> list[tuple[int, int]]:
    """Return the spans widened by the window and merged, in order; both ends included."""
    merged: list[tuple[int, int]] = []
    for lo_ms, hi_ms in sorted(spans):
        start_ms, end_ms = lo_ms - within_ms, hi_ms + within_ms
        if merged and start_ms <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end_ms))
        else:
            merged.append((start_ms, end_ms))
    return merged


def _root(row: Sighting, rows: dict[tuple[str, str, int], Sighting]) -> int:
    """Return the seq of the first row of the visit, also when that one is not among the rows."""
    seq, earlier = row.seq, row.of_seq
    while earlier is not None and earlier < seq:  # a row answers only an earlier one
        seq = earlier
        before = rows.get((row.gate, row.epoch, seq))
        earlier = before.of_seq if before else None
    return seq


def _passage(root: int, rows: list[Sighting]) -> Passage:
    if len(rows) > 1:
        rows.sort(key=attrgetter("seq"))
    first, last = rows[0], rows[-1]
    known = next((row for row in reversed(rows) if row.person is not None), last)
    return Passage(
        start_ms=min(row.t_ms for row in rows),
        end_ms=max(row.t_ms for row in rows),
        gate=first.gate,
        epoch=first.epoch,
        seq=root,
        lo_ms=min(row.lo_ms for row in rows),
        hi_ms=max(row.hi_ms for row in rows),
        certain=all(row.certain for row in rows),
        direction=last.direction,
        person=known.person,
        household=known.household,
        category=known.category,
        verdict=last.verdict,
        late=any(row.late for row in rows),
    )


def _by_place(passages: Iterable[Passage], places: Mapping[str, str]) -> dict[str, list[Passage]]:
    found: defaultdict[str, list[Passage]] = defaultdict(list)
    for passage in passages:
        found[places.get(passage.gate, passage.gate)].append(passage)
    return found


def _by_time(met: Meeting) -> tuple[object, ...]:
    return (_in_order(met.own), _in_order(met.other))


def _by_nearness(met: Meeting) -> tuple[object, ...]:
    return (not met.certain, abs(met.gap_ms), _by_time(met))


_in_order = attrgetter("start_ms", "gate", "epoch", "seq")
