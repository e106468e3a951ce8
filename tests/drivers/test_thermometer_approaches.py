"""The library of wrists: pure functions of time, drawn under a seed, the true skin known."""

import random

import pytest

from drivers.thermometer.simulator import Scene
from drivers.thermometer.simulator_approaches import (
    LIBRARY,
    Approach,
    Given,
    Group,
    Maker,
    creeping,
    half_covered_at_rest,
    late,
    scene_at,
    withdrawn,
)

GIVEN = Given(skin_c=34.0, room_c=22.0)
MAKERS = (*LIBRARY, half_covered_at_rest)
SECONDS = [0.05 * step for step in range(240)]


def drawn(maker: Maker, seed: int = 1) -> Approach:
    return maker(random.Random(seed), GIVEN)


@pytest.mark.parametrize("maker", MAKERS)
def test_approach_is_a_pure_function_of_time_and_seed(maker: Maker) -> None:
    first, again, other = drawn(maker), drawn(maker), drawn(maker, 2)
    scenes = [scene_at(first, at_s) for at_s in SECONDS]
    assert scenes == [scene_at(again, at_s) for at_s in SECONDS]
    assert scenes == [scene_at(first, at_s) for at_s in SECONDS]
    assert scenes != [scene_at(other, at_s) for at_s in SECONDS]
    assert first.kind == maker.__name__


@pytest.mark.parametrize("maker", MAKERS)
@pytest.mark.parametrize("seed", range(5))
def test_field_is_filled_exactly_where_the_approach_says_so(maker: Maker, seed: int) -> None:
    approach = drawn(maker, seed)
    there = [at_s for at_s in SECONDS if approach.there_s <= at_s < approach.gone_s]
    scenes = [approach.play(at_s) for at_s in there]
    assert all(0.0 <= scene.fill <= 1.0 for scene in scenes)
    if approach.group is Group.FILLS:
        assert approach.skin_c is not None
        assert all(
            scene == Scene(approach.skin_c(at_s))
            for at_s, scene in zip(there, scenes, strict=True)
            if approach.kind != "late"
        )
        assert {scene.fill for scene in scenes} == {1.0}
        assert approach.gone_s - approach.there_s >= 8.0
    else:
        assert approach.skin_c is None
    assert scene_at(approach, approach.gone_s) == Scene()
    assert scene_at(approach, -0.1) == Scene()


def test_what_makes_an_approach_partial() -> None:
    assert drawn(withdrawn).gone_s <= 0.9
    assert drawn(late).there_s >= 0.5
    slow = drawn(creeping)
    assert slow.play(0.5).fill < 0.7 < slow.play(8.5).fill
