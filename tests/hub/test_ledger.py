"""The ledger: ranges merge, watermarks jump, contradictions are forks."""

from itertools import pairwise

import hypothesis.strategies as st
import pytest
from hypothesis import given

from gated.contract.batch import Batch, Event
from gated.core.canonical import chain, digest, genesis
from gated.hub import ledger
from gated.hub.ledger import Cursor

EPOCH = "00ff"


def event(seq: int) -> Event:
    return Event(seq, str(seq).encode(), digest(str(seq).encode()), "k", 0)


def head_at(seq: int) -> bytes:
    head = genesis(EPOCH)
    for number in range(1, seq + 1):
        head = chain(head, event(number).digest)
    return head


def batch(first: int, end: int, previous: bytes | None = None) -> Batch:
    events = tuple(event(seq) for seq in range(first, end))
    return Batch(EPOCH, first, 1, previous or head_at(first - 1), events)


spans = st.tuples(st.integers(1, 60), st.integers(1, 20)).map(lambda s: (s[0], s[0] + s[1]))


@given(st.lists(spans))
def test_ranges_hold_exactly_what_was_added(added: list[tuple[int, int]]) -> None:
    ranges: ledger.Ranges = ()
    for start, end in added:
        ranges = ledger.add(ranges, start, end)
    wanted = {seq for start, end in added for seq in range(start, end)}
    assert {seq for seq in range(100) if ledger.holds(ranges, seq)} == wanted
    for (_, end), (start, _) in pairwise(ranges):
        assert end < start, "ranges are sorted, disjoint and do not touch"
    upto = ledger.watermark(ranges)
    assert all(seq in wanted for seq in range(1, upto + 1))
    assert upto + 1 not in wanted
    assert ledger.read(ledger.spell(ranges)) == ranges


def test_an_empty_epoch_begins_at_its_genesis() -> None:
    assert ledger.empty(EPOCH) == Cursor((), 0, genesis(EPOCH))
    assert ledger.empty(EPOCH).want is None


def test_a_batch_after_a_gap_is_taken_and_the_gap_is_wanted() -> None:
    cursor = Cursor(((1, 11), (21, 31)), 10, head_at(10))
    assert cursor.want == 11
    judged = ledger.judge(cursor, batch(9, 23))
    assert [item.seq for item in judged.fresh] == list(range(11, 21))
    assert [item.seq for item in judged.known] == [9, 10, 21, 22]
    assert not judged.fork


@pytest.mark.parametrize("upto", [0, 10])
def test_a_batch_that_continues_another_history_is_a_fork(upto: int) -> None:
    ranges = ((1, upto + 1),) if upto else ()
    cursor = Cursor(ranges, upto, head_at(upto))
    assert not ledger.judge(cursor, batch(upto + 1, upto + 5)).fork
    other = batch(upto + 1, upto + 5, previous=b"\x00" * 32)
    assert ledger.judge(cursor, other) == ledger.Judgement(fork=True)


def test_the_chain_is_the_gates_chain() -> None:
    assert ledger.extend(head_at(3), [event(4).digest, event(5).digest]) == head_at(5)
