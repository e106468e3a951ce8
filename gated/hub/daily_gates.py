"""How the gates were manned and kept on one day: pure, over rows of their logs.

Duty: a gate is manned from `shift begin` to `shift end`, and unstaffed between, whether anybody
passed or not; a hand-over of a few minutes in which nobody did is none. Rounds: a gate's place is
disinfected at least every so many hours. Faults and the link: from `since` to `cleared`. What was
never reported is called so, and never guessed.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

HOUR_MS: Final = 3_600_000
MINUTE_MS: Final = 60_000
UNSTAFFED_MS: Final = 15 * MINUTE_MS  # a shorter time in which nobody passed is a hand-over
LINK_DOWN: Final = "DEV_LINK_DOWN"
LINK_UP: Final = "DEV_LINK_UP"
# Something that happened and is over at once: it has no length.
_MOMENTS: Final = frozenset({LINK_UP, "DEV_UNCLEAN_START", "DEV_CLOCK_STEP", "DEV_DB_REPAIRED"})

NOT_ENDED: Final[Mapping[str, int]] = MappingProxyType({})

Interval = tuple[int, int]


@dataclass(frozen=True, slots=True)
class LogRow:
    """One event of a gate that is no passage. UTC ms."""

    gate: str
    epoch: str
    seq: int
    t_ms: int
    kind: str
    code: str = ""
    state: str = ""


@dataclass(frozen=True, slots=True)
class Gap:
    """A time with nobody on duty. visits: how many passed in it, 0 for none."""

    start_ms: int
    end_ms: int
    visits: int

    @property
    def length_ms(self) -> int:
        """How long it lasted."""
        return self.end_ms - self.start_ms


@dataclass(frozen=True, slots=True)
class Duty:
    """Whether a gate was manned. reported False: it never told of any shift.

    never: nobody was on duty at any time of it; then it has one gap, the whole.
    """

    gate: str
    reported: bool
    gaps: tuple[Gap, ...] = ()
    never: bool = False

    @property
    def unstaffed(self) -> int:
        """How many visits nobody on duty saw."""
        return sum(gap.visits for gap in self.gaps)


@dataclass(frozen=True, slots=True)
class Rounds:
    """Disinfection at a gate. reported False: it never told of a round.

    done: rounds of the day. overdue_ms: how long it was overdue; last_ms: the newest round.
    """

    gate: str
    reported: bool
    done: int = 0
    overdue_ms: int = 0
    last_ms: int | None = None


@dataclass(frozen=True, slots=True)
class FaultTime:
    """A fault of a gate: how often it began that day and how long it lasted within it."""

    gate: str
    code: str
    times: int
    lasted_ms: int
    standing: bool


def duties(
    shifts: Iterable[LogRow],
    visits: Iterable[tuple[str, int]],
    gates: Iterable[str],
    start_ms: int,
    end_ms: int,
    ended: Mapping[str, int] = NOT_ENDED,
) -> tuple[Duty, ...]:
    """Return who was manned, by gate.

    shifts: those of the day and at least the last one of each gate before it; visits: gate and
    time of each; gates: those that are to be named even when nothing happened there; ended: when
    a gate went out of use, for those that did.
    """
    told = _by_gate(shifts)
    passed: defaultdict[str, list[int]] = defaultdict(list)
    for gate, t_ms in visits:
        passed[gate].append(t_ms)
    found = []
    for gate in sorted({*gates, *passed, *told}):
        if gate not in told:
            found.append(Duty(gate, reported=False))
            continue
        until_ms = min(ended.get(gate, end_ms), end_ms)
        manned = _manned(told[gate], start_ms, until_ms)
        bare = _complement(manned, start_ms, until_ms)
        counted = [Gap(low, high, _within(passed[gate], low, high)) for low, high in bare]
        gaps = tuple(gap for gap in counted if gap.visits or gap.length_ms >= UNSTAFFED_MS)
        found.append(Duty(gate, reported=True, gaps=gaps, never=bool(gaps) and not manned))
    return tuple(found)


def rounds(
    told: Iterable[LogRow], gates: Iterable[str], round_h: int, start_ms: int, end_ms: int
) -> tuple[Rounds, ...]:
    """Return the disinfection rounds by gate.

    told: rounds of the day and at least the last one of each gate before it.
    """
    by_gate = _by_gate(told)
    found = []
    for gate in sorted({*gates, *by_gate}):
        stamps = sorted(row.t_ms for row in by_gate.get(gate, ()) if row.t_ms < end_ms)
        if not stamps:
            found.append(Rounds(gate, reported=False))
            continue
        overdue = 0
        for stamp, following in zip(stamps, [*stamps[1:], end_ms], strict=True):
            due = max(stamp + round_h * HOUR_MS, start_ms)
            overdue += max(0, following - due)
        done = sum(stamp >= start_ms for stamp in stamps)
        found.append(Rounds(gate, reported=True, done=done, overdue_ms=overdue, last_ms=stamps[-1]))
    return tuple(found)


def faults(told: Iterable[LogRow], start_ms: int, end_ms: int) -> tuple[FaultTime, ...]:
    """Return what failed, by gate and code; the link to the centre is one of them.

    told: device events of the day and at least the last one of each gate and code before it.
    """
    found = []
    for gate, rows in sorted(_by_gate(told).items()):
        by_code: defaultdict[str, list[LogRow]] = defaultdict(list)
        for row in rows:
            by_code[LINK_DOWN if row.code == LINK_UP else row.code].append(row)
        for code, events in sorted(by_code.items()):
            time = _fault_time(gate, code, events, start_ms, end_ms)
            if time.times or time.lasted_ms:
                found.append(time)
    return tuple(found)


def _fault_time(
    gate: str, code: str, events: Sequence[LogRow], start_ms: int, end_ms: int
) -> FaultTime:
    if code in _MOMENTS:
        times = sum(start_ms <= row.t_ms < end_ms for row in events)
        return FaultTime(gate, code, times, 0, standing=False)
    spells = _spells(events, _fails, end_ms)
    inside = [_clipped(spell, start_ms, end_ms) for spell in spells]
    return FaultTime(
        gate,
        code,
        times=sum(start_ms <= low < end_ms for low, _ in spells),
        lasted_ms=sum(high - low for low, high in inside if high > low),
        standing=bool(spells) and spells[-1][1] == end_ms,
    )


def _fails(row: LogRow) -> bool:
    return row.code != LINK_UP and row.state != "cleared"


def _manned(shifts: Sequence[LogRow], start_ms: int, end_ms: int) -> list[Interval]:
    spells = _spells(shifts, lambda row: row.state == "begin", end_ms)
    inside = [_clipped(spell, start_ms, end_ms) for spell in spells]
    return [(low, high) for low, high in inside if high > low]


def _spells(
    rows: Iterable[LogRow], begins: Callable[[LogRow], bool], end_ms: int
) -> list[Interval]:
    """Return from when to when something was so; what has not ended lasts until end_ms."""
    found: list[Interval] = []
    since: int | None = None
    for row in sorted(rows, key=lambda row: (row.t_ms, row.epoch, row.seq)):
        if row.t_ms >= end_ms:
            break
        if begins(row):
            since = row.t_ms if since is None else since
        elif since is not None:
            found.append((since, row.t_ms))
            since = None
    if since is not None:
        found.append((since, end_ms))
    return found


def _complement(ordered: Sequence[Interval], start_ms: int, end_ms: int) -> list[Interval]:
    edges = [start_ms, *(edge for interval in ordered for edge in interval), end_ms]
    pairs = zip(edges[::2], edges[1::2], strict=True)
    return [(low, high) for low, high in pairs if high > low]


def _clipped(interval: Interval, start_ms: int, end_ms: int) -> Interval:
    return max(interval[0], start_ms), min(interval[1], end_ms)


def _within(stamps: Iterable[int], low: int, high: int) -> int:
    return sum(low <= stamp < high for stamp in stamps)


def _by_gate(rows: Iterable[LogRow]) -> dict[str, list[LogRow]]:
    found: defaultdict[str, list[LogRow]] = defaultdict(list)
    for row in rows:
        found[row.gate].append(row)
    return dict(found)
