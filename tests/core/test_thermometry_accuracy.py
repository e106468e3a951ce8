"""How near the reported skin comes, and who is called normal: simulated wrists by the hundred.

The figures are those of docs/thermometer.md; the fast suite takes a tenth of them.
"""

from collections import Counter
from statistics import median

import pytest

from drivers.thermometer import simulator_approaches as library
from drivers.thermometer.simulator_approaches import Group
from gated.core.model import TemperatureState
from gated.core.thermometry_live import PROMPTED
from tests.support.effort import LONG
from tests.support.wrists import NAIVE, Came, approaches, called_normal, just_above_the_limit

COUNT = 2_000 if LONG else 200
FILLING = (library.steady, library.late, library.fidgeting)
PARTIAL = (
    *(library.shaking, library.half_covered, library.sleeve),
    *(library.creeping, library.withdrawn),
)
WITHOUT_CK = ("AA", "BA", "CC", "CH", "CI", "CF")


def at_most(percent: float, found: int, whole: int) -> bool:
    """Tell whether no more than this share was found; one of a small sample is no share."""
    assert whole >= 50
    return found <= max(1.0, percent * whole / 100)


def errors(came: list[Came]) -> list[float]:
    return [abs(one.error_mc) for one in came if one.has_value and one.error_mc is not None]


@pytest.fixture(scope="module")
def everybody() -> list[Came]:
    """Every approach of the library before every variant, room 0 to 38 °C, skin 30 to 40 °C."""
    return list(approaches(COUNT))


@pytest.mark.parametrize(
    ("families", "limit_mc", "wait_ms"),
    [(("AA",), 100, 1_500), (("CC",), 200, 1_500), (("CH", "CI", "CF"), 200, 7_000)],
)
def test_filled_field_is_read_within_its_limit_and_in_time(
    families: tuple[str, ...], limit_mc: int, wait_ms: int
) -> None:
    came = list(approaches(COUNT, families=families, makers=FILLING, seed=3))
    found = errors(came)
    assert at_most(1.0, sum(error > limit_mc for error in found), len(found))
    waits = [
        one.waited_ms
        for one in came
        if one.approach.kind == "steady" and one.has_value and one.waited_ms is not None
    ]
    assert median(waits) <= wait_ms


def test_unknown_emissivity_and_supply_add_what_physics_says() -> None:
    """0.1 V is 0.06 °C; 0.01 of emissivity is at most 0.17 °C at 20 °C between skin and room."""
    people = COUNT // 4
    came = list(approaches(people, families=("AA",), makers=FILLING, unknown=True))
    assert 60 < max(errors(came)) <= 100 + 60 + 170


def test_body_just_above_the_limit_is_hardly_ever_called_normal() -> None:
    came = list(just_above_the_limit(COUNT, FILLING, families=WITHOUT_CK))
    assert len([one for one in came if one.has_value]) > COUNT // 2
    assert at_most(0.5, sum(one.normal for one in came), len(came))


def test_noisiest_variant_misses_a_body_just_above_the_limit_now_and_then() -> None:
    """0.30 °C of noise in 12 s: the page says so and advises against it."""
    came = list(just_above_the_limit(COUNT // 2, FILLING, families=("CK",)))
    assert at_most(6.0, sum(one.normal for one in came), len(came))


def test_partial_and_moving_approaches_are_hardly_ever_called_normal(
    everybody: list[Came],
) -> None:
    came = [one for one in everybody if one.approach.group is Group.PARTIAL]
    assert at_most(0.5, sum(one.normal for one in came), len(came))
    assert {one.approach.kind for one in came} == {maker.__name__ for maker in PARTIAL}


def test_cup_is_never_called_normal() -> None:
    came = list(approaches(COUNT // 4, makers=(library.hot_drink,)))
    assert not any(one.normal for one in came)
    told = Counter(one.reason for one in came if 16.5 < one.room_c < 34.5)
    assert told["too_hot_object"] >= 0.95 * told.total() > COUNT // 16


def test_naive_methods_do_worse_on_the_same_samples() -> None:
    came = list(approaches(COUNT // 2, families=("CC",), makers=FILLING))
    ours = max(errors(came))
    for name in NAIVE:
        worst = max(
            abs(error)
            for one in came
            if name in one.naive and (error := one.error_of(one.naive[name])) is not None
        )
        assert worst > 1.5 * ours, name
    wrong = list(approaches(COUNT // 2, families=("CC",), makers=PARTIAL))
    for name in NAIVE:
        taken_in = sum(name in one.naive and called_normal(one.naive[name]) for one in wrong)
        assert taken_in > sum(one.normal for one in wrong), name


def test_whatever_comes_has_a_verdict_or_a_reason_with_a_prompt(everybody: list[Came]) -> None:
    assert {one.reason for one in everybody} - {""} <= PROMPTED
    for one in everybody:
        judged = one.found.state is TemperatureState.NORMAL
        assert (one.found.decision_mc is not None) == judged
        assert judged or not called_normal(one.found)
    assert {one.approach.group for one in everybody} == set(Group)


def test_weather_outside_the_range_is_refused_although_the_skin_is_read_as_well() -> None:
    """The rule hides nothing: with it off, the skin is as near as inside the range."""
    people, steady = COUNT // 4, (library.steady,)
    known = list(approaches(people, families=("AA",), makers=steady))
    every = list(approaches(people, families=("AA",), makers=steady, any_weather=True))
    refused = [one for one in known if one.room_c < 15.5 or one.room_c > 35.5]
    assert refused
    assert not any(one.normal for one in refused)
    assert {one.reason for one in refused} <= {"ambient_low", "ambient_high", "no_target", "moving"}
    sizes = [abs(one.error_mc) for one in every if one.error_mc is not None]
    assert len(sizes) > people // 2
    assert max(sizes) <= 120


def test_same_seed_gives_the_same_people_and_the_same_values() -> None:
    first, second = (
        [one.found for one in approaches(12, seed=5, families=("CC",))] for _ in range(2)
    )
    assert first == second
