"""When an event happened, as well as anybody can know: pure.

A gate marks each event with its clock's state. Synchronised or in holdover: the claim is taken.
Unsure: the machine's monotonic time still runs true within one boot, so a synchronised event of
the same boot gives the difference of the two clocks, also to events before it. Without one the
claim is only a claim: the event happened after the last certain one before it and before the
next certain one, or before it was received while there is none. Where these contradict each
other (a certain clock that was set back) the span holds both.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

UNSURE: Final = 0
SYNCED: Final = 2

BELIEVABLE_MS: Final = 4_102_444_800_000
"""The year 2100. No event is later; what claims to be is unsure."""

MONOTONIC_LIMIT_MS: Final = 2**53


@dataclass(frozen=True, slots=True)
class Stamp:
    """An instant, UTC ms. Not certain: it lies in [lo_ms, hi_ms]. Certain: all three are equal."""

    t_ms: int
    lo_ms: int
    hi_ms: int
    certain: bool


@dataclass(frozen=True, slots=True, order=True)
class Reference:
    """A synchronised event of a boot: UTC minus monotonic time there. The earliest one counts."""

    mono_ms: int
    offset_ms: int


@dataclass(frozen=True, slots=True)
class Placed:
    """A stored row: certain with its time, or not with the gate's claim as t_ms."""

    seq: int
    t_ms: int
    certain: bool
    received_ms: int


def clock_of(quality: int, claim_ms: int) -> int:
    """Return the clock's state as it is believed: a claim beyond the year 2100 is unsure."""
    return quality if claim_ms <= BELIEVABLE_MS else UNSURE


def exactly(t_ms: int) -> Stamp:
    """Return the stamp of a known instant."""
    within = min(max(t_ms, 0), BELIEVABLE_MS)
    return Stamp(within, within, within, certain=True)


def claimed(claim_ms: int, received_ms: int) -> Stamp:
    """Return the stamp of a claim nothing is known about but when it came here."""
    return _within(claim_ms, 0, received_ms)


def earliest(
    known: Mapping[str, Reference], found: Iterable[tuple[str, Reference]]
) -> dict[str, Reference]:
    """Return, by boot, each reference that is new or replaces a later one. Order never matters."""
    better: dict[str, Reference] = {}
    for boot, reference in found:
        held = better.get(boot) or known.get(boot)
        if held is None or reference < held:
            better[boot] = reference
    return better


def bounded(rows: Sequence[Placed], before_ms: int, after_ms: int | None) -> dict[int, Stamp]:
    """Return the stamps of the rows that are not certain, by seq.

    rows: of one epoch, by seq, without a gap in what is stored. before_ms: the certain row before
    the first one, 0 for none. after_ms: the certain row after the last, None for none.
    """
    later: dict[int, int | None] = {}
    for row in reversed(rows):
        later[row.seq] = after_ms
        after_ms = row.t_ms if row.certain else after_ms
    stamps: dict[int, Stamp] = {}
    for row in rows:
        if row.certain:
            before_ms = row.t_ms
            continue
        limit_ms = later[row.seq]
        hi_ms = row.received_ms if limit_ms is None else limit_ms
        stamps[row.seq] = _within(row.t_ms, before_ms, hi_ms)
    return stamps


def _within(claim_ms: int, one_ms: int, other_ms: int) -> Stamp:
    lo_ms, hi_ms = sorted((one_ms, other_ms))
    return Stamp(min(max(claim_ms, lo_ms), hi_ms), lo_ms, hi_ms, certain=False)
