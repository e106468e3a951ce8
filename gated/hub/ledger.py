"""What the hub holds of one epoch, and what a batch adds to it: pure.

A cursor is a set of ranges [start, end) of stored seqs, the watermark (everything from 1 up to
it is stored) and the chain hash there. Batches may come twice, overlapping or out of order; the
ranges merge and the watermark jumps. A batch whose `previous` contradicts the hash at the
watermark, or that brings other content under a stored seq, is a fork: nothing of it is taken.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from gated.contract.batch import Batch, Event
from gated.core.canonical import chain, genesis

Ranges = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Cursor:
    """What is stored of one epoch. upto: watermark; head: chain hash there."""

    ranges: Ranges
    upto: int
    head: bytes

    @property
    def want(self) -> int | None:
        """The first missing seq when something later is already here, else None."""
        beyond = any(start > self.upto + 1 for start, _ in self.ranges)
        return self.upto + 1 if beyond else None


@dataclass(frozen=True, slots=True)
class Judgement:
    """What to do with a batch. fresh: not stored yet. known: stored seqs whose digests must agree.

    fork: the batch contradicts what is stored.
    """

    fresh: tuple[Event, ...] = ()
    known: tuple[Event, ...] = ()
    fork: bool = False


def empty(epoch: str) -> Cursor:
    """Return the cursor of an epoch nothing is stored of."""
    return Cursor((), 0, genesis(epoch))


def judge(cursor: Cursor, batch: Batch) -> Judgement:
    """Return which events are new, which are known, or that the batch is a fork."""
    if batch.first == cursor.upto + 1 and batch.previous != cursor.head:
        return Judgement(fork=True)
    fresh = tuple(event for event in batch.events if not holds(cursor.ranges, event.seq))
    if len(fresh) == len(batch.events):
        return Judgement(fresh=fresh)
    taken = {event.seq for event in fresh}
    return Judgement(fresh, tuple(event for event in batch.events if event.seq not in taken))


def holds(ranges: Ranges, seq: int) -> bool:
    """True when seq is in one of the ranges."""
    return any(start <= seq < end for start, end in ranges)


def add(ranges: Ranges, start: int, end: int) -> Ranges:
    """Return the ranges with [start, end) in them: sorted, disjoint, not touching."""
    merged: list[tuple[int, int]] = []
    for low, high in ranges:
        if high < start or low > end:
            merged.append((low, high))
        else:
            start, end = min(start, low), max(end, high)
    return tuple(sorted([*merged, (start, end)]))


def watermark(ranges: Ranges) -> int:
    """Return up to which seq everything from 1 on is stored."""
    return ranges[0][1] - 1 if ranges and ranges[0][0] == 1 else 0


def extend(head: bytes, digests: Iterable[bytes]) -> bytes:
    """Return the chain hash after these digests."""
    for body_digest in digests:
        head = chain(head, body_digest)
    return head


def spell(ranges: Ranges) -> str:
    """Return the ranges as they are stored."""
    return json.dumps(ranges, separators=(",", ":"))


def read(text: str) -> Ranges:
    """Return the ranges a stored text holds."""
    return tuple((start, end) for start, end in json.loads(text))
