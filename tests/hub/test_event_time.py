"""The best known time of an event, from what a gate's clocks said."""

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from gated.hub.event_time import (
    BELIEVABLE_MS,
    Placed,
    Reference,
    Stamp,
    bounded,
    claimed,
    clock_of,
    earliest,
    exactly,
)
from tests.support.effort import examples


def sure(seq: int, t_ms: int) -> Placed:
    return Placed(seq, t_ms, True, 9_000)


def unsure(seq: int, claim_ms: int, received_ms: int = 9_000) -> Placed:
    return Placed(seq, claim_ms, False, received_ms)


def test_a_known_instant_has_no_width() -> None:
    assert exactly(500) == Stamp(500, 500, 500, certain=True)
    assert exactly(-5).t_ms == 0
    assert exactly(BELIEVABLE_MS + 1).t_ms == BELIEVABLE_MS


def test_a_claim_alone_lies_before_it_was_received() -> None:
    assert claimed(500, 900) == Stamp(500, 0, 900, certain=False)
    assert claimed(5_000, 900) == Stamp(900, 0, 900, certain=False)


def test_no_clock_is_believed_beyond_the_year_2100() -> None:
    assert [clock_of(quality, 5) for quality in (0, 1, 2)] == [0, 1, 2]
    assert [clock_of(quality, BELIEVABLE_MS + 1) for quality in (0, 1, 2)] == [0, 0, 0]


def test_an_uncertain_row_lies_between_its_certain_neighbours() -> None:
    rows = [sure(1, 100), unsure(2, 150), unsure(3, 20), unsure(4, 800), sure(5, 200)]
    assert bounded(rows, 0, None) == {
        2: Stamp(150, 100, 200, certain=False),
        3: Stamp(100, 100, 200, certain=False),
        4: Stamp(200, 100, 200, certain=False),
    }


def test_rows_outside_the_stretch_bound_it_as_well() -> None:
    assert bounded([unsure(7, 5)], 60, 90) == {7: Stamp(60, 60, 90, certain=False)}
    assert bounded([unsure(7, 5)], 60, None) == {7: Stamp(60, 60, 9_000, certain=False)}
    assert bounded([], 60, None) == {}


def test_neighbours_that_contradict_each_other_bound_it_all_the_same() -> None:
    """A certain clock was set back between the two."""
    rows = [sure(1, 700), unsure(2, 650), sure(3, 600)]
    assert bounded(rows, 0, None) == {2: Stamp(650, 600, 700, certain=False)}


def test_the_earliest_reference_of_a_boot_counts() -> None:
    early, late = Reference(10, 1_000), Reference(20, 1_003)
    assert earliest({}, [("a", late), ("a", early), ("b", late)]) == {"a": early, "b": late}
    assert earliest({"a": early}, [("a", late)]) == {}
    assert earliest({"a": late}, [("a", early)]) == {"a": early}


references = st.tuples(
    st.sampled_from("abc"), st.builds(Reference, st.integers(0, 50), st.integers(0, 50))
)


@settings(max_examples=examples(60))
@given(st.lists(references, max_size=12), st.integers(0, 12))
def test_in_which_order_references_come_makes_no_difference(
    found: list[tuple[str, Reference]], cut: int
) -> None:
    whole = earliest({}, found)
    first = earliest({}, found[cut:])
    assert first | earliest(first, found[:cut]) == whole


@pytest.mark.parametrize("certain", [True, False])
def test_a_row_alone(certain: bool) -> None:
    rows = [Placed(1, 50, certain, 90)]
    assert bounded(rows, 0, None) == ({} if certain else {1: Stamp(50, 0, 90, certain=False)})


@settings(max_examples=examples(100))
@given(
    st.lists(st.tuples(st.integers(0, 1000), st.booleans()), max_size=20),
    st.integers(0, 1000),
    st.one_of(st.none(), st.integers(0, 1000)),
)
def test_every_time_lies_within_its_own_bounds(
    rows: list[tuple[int, bool]], before_ms: int, after_ms: int | None
) -> None:
    placed = [Placed(seq, t_ms, certain, 1000) for seq, (t_ms, certain) in enumerate(rows, 1)]
    stamps = bounded(placed, before_ms, after_ms)
    assert set(stamps) == {row.seq for row in placed if not row.certain}
    assert all(stamp.lo_ms <= stamp.t_ms <= stamp.hi_ms for stamp in stamps.values())
