"""The drawing holds every passage of the traced person and of the nearest contacts, inside it."""

import hypothesis.strategies as st
from hypothesis import given, settings

from gated.hub.trace import MINUTE_MS, Passage, Sighting, contacts, passages
from gated.hub.trace_drawing import LEFT, PEOPLE_MAX, PIECES_MAX, WIDTH, Drawing, draw
from tests.support.effort import examples

T0 = 1_581_300_000_000
WITHIN = 10 * MINUTE_MS


def passage(seq: int, minute: int, person: int, gate: str = "n", *, reach: int = 0) -> Passage:
    t_ms = T0 + minute * MINUTE_MS
    span = {"lo_ms": t_ms - reach * MINUTE_MS, "hi_ms": t_ms + reach * MINUTE_MS}
    ref = bytes([person]) * 16
    (one,) = passages(
        [Sighting(gate, "e", seq, t_ms, **span, certain=not reach, direction="in", person=ref)]
    )
    return one


def drawn(own: list[Passage], others: list[Passage]) -> Drawing:
    found, _ = contacts(own, others, WITHIN)
    drawing = draw(own, found, WITHIN)
    assert drawing is not None
    return drawing


def test_without_a_passage_there_is_nothing_to_draw() -> None:
    assert draw([], [], WITHIN) is None


def test_people_are_dots_in_the_lane_of_their_gate_joined_by_lines() -> None:
    own = [passage(1, 0, 0), passage(2, 60, 0, "s")]
    drawing = drawn(own, [passage(3, 5, 1), passage(4, 58, 1, "s")])
    assert [lane.gate for lane in drawing.lanes] == ["n", "s"]
    assert [(dot.number, dot.hollow) for dot in drawing.dots] == [(0, False)] * 2 + [(1, False)] * 2
    assert [(line.number, line.dashed) for line in drawing.lines] == [(0, False), (1, False)]
    first, second = drawing.lanes
    assert [first.y < dot.y < first.y + first.height for dot in drawing.dots] == [True, False] * 2
    assert drawing.dots[0].x < drawing.dots[2].x, "time goes to the right"
    assert second.y >= first.y + first.height


def test_time_between_two_stays_is_left_out() -> None:
    near = drawn([passage(1, 0, 0), passage(2, 100, 0)], [])
    far = drawn([passage(1, 0, 0), passage(2, 10_000, 0)], [])
    assert [dot.x for dot in near.dots] == [dot.x for dot in far.dots]
    assert [(p.start_ms, p.end_ms) for p in near.pieces] == [
        (T0 - WITHIN, T0 + WITHIN + 1),
        (T0 + 90 * MINUTE_MS, T0 + 110 * MINUTE_MS + 1),
    ]


def test_an_unsure_time_is_hollow_and_dashed_and_still_in_the_picture() -> None:
    drawing = drawn([passage(1, 0, 0), passage(2, 5, 0)], [passage(3, 9_999, 1, reach=99_999)])
    (dot,) = [dot for dot in drawing.dots if dot.number == 1]
    assert dot.hollow
    unsure = drawn([passage(1, 0, 0), passage(2, 5, 0, reach=3)], [])
    assert [line.dashed for line in unsure.lines] == [True]


def test_what_would_be_too_narrow_or_too_many_is_left_out_and_counted() -> None:
    own = [passage(seq, seq * 60, 0) for seq in range(PIECES_MAX + 3)]
    others = [passage(900 + n, 60 * PIECES_MAX + 1, 1 + n) for n in range(PEOPLE_MAX + 2)]
    drawing = drawn(own, others)
    assert (drawing.pieces_left_out, drawing.people_left_out) == (3, 2)
    assert len(drawing.pieces) == PIECES_MAX


rows = st.lists(
    st.tuples(st.integers(0, 500), st.integers(0, 5), st.sampled_from("ns"), st.integers(0, 60)),
    min_size=1,
    max_size=12,
)


@given(rows)
@settings(max_examples=examples(60), deadline=None)
def test_nothing_lies_outside_the_picture(planted: list[tuple[int, int, str, int]]) -> None:
    own = [passage(0, 0, 0)]
    everything = [
        passage(n, m, who, gate, reach=r) for n, (m, who, gate, r) in enumerate(planted, 1)
    ]
    own += [one for one in everything if one.person == bytes(16)]
    drawing = drawn(own, [one for one in everything if one.person != bytes(16)])
    for dot in drawing.dots:
        assert LEFT <= dot.x <= WIDTH
        assert 0 < dot.y < drawing.height
    ends = [piece.x + piece.width for piece in drawing.pieces]
    assert all(end <= WIDTH for end in ends)
