"""CodeWatch presents each code once per visit; ViewWatch tells covered from frozen."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from drivers.qr_camera.protocol import (
    AWAY_S,
    FRAMES_NEEDED,
    FROZEN_FRAMES,
    OUTAGE_S,
    TEXTS_MAX,
    CodeWatch,
    ViewWatch,
)

Frames = list[tuple[float, tuple[str, ...]]]


def played(frames: Frames, watch: CodeWatch | None = None) -> tuple[CodeWatch, list[str]]:
    watch = watch or CodeWatch()
    presented: list[str] = []
    for taken_s, texts in frames:
        watch, now = watch.step(texts, taken_s)
        presented += now
    return watch, presented


def held(text: str, start_s: float, frames: int) -> Frames:
    return [(start_s + i / 10, (text,)) for i in range(frames)]


def empty(start_s: float, frames: int) -> Frames:
    return [(start_s + i / 10, ()) for i in range(frames)]


@pytest.mark.parametrize(("frames", "expected"), [(1, []), (2, ["A"]), (3, ["A"]), (80, ["A"])])
def test_a_code_is_presented_once_when_seen_in_two_frames(frames: int, expected: list[str]) -> None:
    assert played(held("A", 0, frames))[1] == expected


def test_the_same_frame_twice_is_one_frame() -> None:
    assert played([(1.0, ("A",)), (1.0, ("A",)), (0.5, ("A",))])[1] == []


def test_a_code_twice_in_one_frame_is_one_sighting() -> None:
    assert played([(1.0, ("A", "A"))])[1] == []


def test_two_frames_need_not_be_neighbours() -> None:
    assert played([(1.0, ("A",)), (1.1, ()), (1.2, ("A",))])[1] == ["A"]


def test_two_sightings_too_far_apart_do_not_add_up() -> None:
    assert played([(0.0, ("A",)), *empty(0.1, 17), (1.8, ("A",))])[1] == []


def test_a_code_that_blinks_is_not_presented_again() -> None:
    frames = held("A", 0, 3) + empty(0.3, 14) + held("A", 1.7, 5)
    assert played(frames)[1] == ["A"]


def test_a_code_away_long_enough_is_presented_again_after_two_frames() -> None:
    before = held("A", 0, 3) + empty(0.3, 17)
    assert played([*before, (2.0, ("A",))])[1] == ["A"]
    assert played(before + held("A", 2.0, 2))[1] == ["A", "A"]


def test_away_is_counted_in_frames_so_a_stalled_camera_presents_nothing_twice() -> None:
    assert played(held("A", 0, 3) + held("A", 5.0, 3))[1] == ["A"]


def test_after_a_long_outage_nothing_is_remembered() -> None:
    assert played(held("A", 0, 3) + held("A", 0.2 + OUTAGE_S, 2))[1] == ["A", "A"]


def test_several_codes_in_one_frame_are_presented_in_their_order() -> None:
    frames = [(0.0, ("B", "A")), (0.1, ("B", "A")), (0.2, ("A", "C")), (0.3, ("C", "A"))]
    assert played(frames)[1] == ["B", "A", "C"]


class TestReset:
    def test_frames_from_before_the_reset_do_not_count(self) -> None:
        watch, _ = played([(0.0, ("A",))])
        watch = watch.reset(0.05)
        assert played([(0.1, ("A",))], watch)[1] == []
        assert played([(0.1, ("A",)), (0.2, ("A",))], watch)[1] == ["A"]

    def test_a_frame_taken_before_but_read_after_the_reset_does_not_count(self) -> None:
        watch = CodeWatch().reset(0.15)
        assert played([(0.1, ("A",)), (0.15, ("A",)), (0.2, ("A",))], watch)[1] == []
        assert played([(0.1, ("A",)), (0.2, ("A",)), (0.3, ("A",))], watch)[1] == ["A"]

    def test_the_previous_code_still_before_the_camera_stays_silent_until_away(self) -> None:
        watch, presented = played(held("A", 0, 3))
        assert presented == ["A"]
        watch, presented = played(held("A", 0.3, 30), watch.reset(0.25))
        assert presented == []
        watch, presented = played(empty(3.3, 17) + held("A", 5.0, 2), watch)
        assert presented == ["A"]

    def test_the_next_code_is_presented_beside_the_old_one(self) -> None:
        watch, _ = played(held("A", 0, 3))
        frames = [(0.3, ("A", "B")), (0.4, ("A", "B"))]
        assert played(frames, watch.reset(0.25))[1] == ["B"]

    def test_an_earlier_reset_takes_nothing_back(self) -> None:
        watch = CodeWatch().reset(5.0).reset(1.0)
        assert played(held("A", 4.0, 5), watch)[1] == []


def test_memory_is_bounded_and_what_was_presented_stays_so() -> None:
    wall = tuple(f"poster {i}" for i in range(3 * TEXTS_MAX))
    watch, presented = played([(i / 10, wall) for i in range(10)])
    assert len(watch.sightings) == TEXTS_MAX
    assert presented == list(wall[:TEXTS_MAX])


class Gate(RuleBasedStateMachine):
    """Random frames and resets against the promise, told naively from the whole history."""

    def __init__(self) -> None:
        super().__init__()
        self.watch = CodeWatch()
        self.now_s = 0.0
        self.seen: dict[str, list[float]] = {}
        self.last: dict[str, float] = {}

    @rule(step_s=st.sampled_from([0.1, 0.3, 0.7]), texts=st.lists(st.sampled_from("ABC")))
    def frame(self, step_s: float, texts: list[str]) -> None:
        self.now_s += step_s
        self.watch, presented = self.watch.step(texts, self.now_s)
        for text in set(texts):
            self.seen.setdefault(text, []).append(self.now_s)
        for text in presented:
            assert text in texts
            assert len(self.seen[text]) >= FRAMES_NEEDED
            if text in self.last:
                assert self.now_s - self.last[text] >= AWAY_S
            self.last[text] = self.now_s
            self.seen[text] = []

    @rule()
    def next_person(self) -> None:
        self.watch = self.watch.reset(self.now_s)
        self.seen = {}

    @rule(text=st.sampled_from("ABC"))
    def a_fresh_code_always_gets_through(self, text: str) -> None:
        quiet = [(self.now_s + 0.1 * i, ()) for i in range(1, 20)]
        shown = held(text, self.now_s + 2.0, 2)
        self.now_s += 2.1
        self.watch, presented = played(quiet + shown, self.watch)
        assert presented == [text]
        self.last[text] = self.now_s
        self.seen = {}

    @invariant()
    def bounded(self) -> None:
        assert len(self.watch.sightings) <= TEXTS_MAX


TestGate = Gate.TestCase


class TestView:
    def test_a_live_picture_is_live(self) -> None:
        watch = ViewWatch()
        for number in range(100):
            watch, view = watch.step(bytes([100, 150 + number % 2, 200]))
            assert view == "live"

    def test_a_picture_that_repeats_is_frozen(self) -> None:
        watch = ViewWatch()
        views = []
        for _ in range(FROZEN_FRAMES + 5):
            watch, view = watch.step(b"\x60\x80\xa0")
            views.append(view)
        assert views == ["live"] * (FROZEN_FRAMES - 1) + ["frozen"] * 6

    def test_one_different_picture_thaws_it(self) -> None:
        watch = ViewWatch(b"\x60\x80", FROZEN_FRAMES)
        watch, view = watch.step(b"\x60\x81")
        assert (view, watch.repeats) == ("live", 1)

    @pytest.mark.parametrize("cells", [bytes(50), bytes([3, 9, 5] * 20)])
    def test_a_dark_even_picture_is_covered_however_long_it_repeats(self, cells: bytes) -> None:
        watch = ViewWatch()
        for _ in range(FROZEN_FRAMES * 2):
            watch, view = watch.step(cells)
            assert view == "covered"

    def test_a_dark_room_with_a_lit_phone_is_live(self) -> None:
        assert ViewWatch().step(bytes(95) + bytes([200] * 5))[1] == "live"

    @given(st.lists(st.binary(min_size=4, max_size=4), max_size=80))
    def test_every_row_of_pictures_gets_an_answer(self, pictures: list[bytes]) -> None:
        watch = ViewWatch()
        for cells in pictures:
            watch, view = watch.step(cells)
            assert view in {"live", "covered", "frozen"}
            assert watch.repeats <= FROZEN_FRAMES
