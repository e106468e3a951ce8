"""When samples stand still: limits from the reference, outliers, slopes, approaches."""

import math
import random
import statistics
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gated.core.thermometry_window import (
    SensorSample,
    approached,
    drift_mc_per_min,
    spaced,
    stable_value_mc,
    stillness,
)

QUIET = stillness(50, 150)
NOISY = stillness(180, 150)


def samples(values: list[int], period_ms: int = 150) -> tuple[SensorSample, ...]:
    return tuple(SensorSample(period_ms * i, value, 23_000) for i, value in enumerate(values))


@pytest.mark.parametrize(
    ("sigma_mc", "period_ms", "spread_mc"), [(50, 150, 460), (180, 150, 1_136), (100, 650, 720)]
)
def test_spread_limits_are_those_of_the_reference(
    sigma_mc: int, period_ms: int, spread_mc: float
) -> None:
    assert stillness(sigma_mc, period_ms).spread_mc == pytest.approx(spread_mc)


def test_slope_limit_leaves_room_for_the_noise_of_a_slope() -> None:
    """0.18 °C rms, 8 samples at 0.15 s: a fitted slope scatters by 0.185 °C/s."""
    assert stillness(0, 150).slope_mc_per_s == 200
    assert NOISY.slope_mc_per_s == pytest.approx(200 + 185, abs=1)
    assert stillness(180, 150, 16).slope_mc_per_s == pytest.approx(200 + 65, abs=1)


def test_scatter_limit_is_what_one_window_of_noise_in_fifteen_exceeds() -> None:
    """Mean square of 8 samples of noise: 1 + 1.6 x sqrt(2 / 7) = 1.86; 16 samples: 1.29."""
    still_mc = math.hypot(180, 25)
    assert NOISY.scatter_mc == pytest.approx(still_mc * math.sqrt(1.855), abs=1)
    assert stillness(180, 150, 16).scatter_mc == pytest.approx(still_mc * math.sqrt(1.292), abs=1)


def test_fewer_than_eight_samples_say_nothing() -> None:
    assert stable_value_mc(samples([34_000] * 7), QUIET) is None
    assert stable_value_mc(samples([34_000] * 8), QUIET) == 34_000


def test_only_the_last_eight_count() -> None:
    assert stable_value_mc(samples([20_000] * 5 + [34_000] * 8), QUIET) == 34_000


@pytest.mark.parametrize(
    ("outliers", "expected"),
    [
        ([], 34_000),
        ([36_000], 34_000),
        ([36_000, 31_000], 34_000),
        ([36_000, 31_000, 38_000], None),
    ],
)
def test_at_most_two_outliers_are_taken_out(outliers: list[int], expected: int | None) -> None:
    values = [34_000] * (8 - len(outliers))
    mixed = [*values[:3], *outliers, *values[3:]]
    assert stable_value_mc(samples(mixed), QUIET) == expected


def test_wide_spread_is_not_still() -> None:
    assert stable_value_mc(samples([34_000, 34_500] * 4), QUIET) is None
    assert stable_value_mc(samples([34_000, 34_140] * 4), QUIET) == 34_070
    assert stable_value_mc(samples([34_000, 34_200] * 4), QUIET) is None  # scatters, range or not


def test_value_is_quieter_than_a_median() -> None:
    """Noise of 0.18 °C, 8 samples: the value scatters by 0.066 °C, a median by 0.075."""
    chance, values, medians = random.Random(3), [], []
    wide = replace(NOISY, spread_mc=9_000, scatter_mc=9_000, slope_mc_per_s=9_000)
    for _ in range(3_000):
        window = [round(chance.gauss(34_000, 180)) for _ in range(8)]
        value = stable_value_mc(samples(window), wide)
        if value is not None:
            values.append(value)
            medians.append(statistics.median(window))
    assert statistics.stdev(values) < 70 < statistics.stdev(medians)


@pytest.mark.parametrize(
    ("per_sample_mc", "still"), [(25, True), (-25, True), (60, False), (-60, False)]
)
def test_slope_is_not_still(per_sample_mc: int, still: bool) -> None:
    values = [34_000 + per_sample_mc * i for i in range(8)]
    assert (stable_value_mc(samples(values), QUIET) is not None) is still


@given(st.lists(st.integers(20_000, 45_000), max_size=20), st.sampled_from([QUIET, NOISY]))
def test_value_lies_within_the_window(values: list[int], limits: object) -> None:
    assert limits in (QUIET, NOISY)
    value = stable_value_mc(samples(values), QUIET if limits is QUIET else NOISY)
    if value is not None:
        assert min(values[-8:]) <= value <= max(values[-8:])


@given(
    st.integers(30_000, 38_000), st.lists(st.integers(-20, 20), min_size=8, max_size=8), st.data()
)
def test_one_wild_sample_cannot_move_the_value_much(
    level: int, noise: list[int], data: st.DataObject
) -> None:
    values = [level + part for part in noise]
    values[data.draw(st.integers(0, 7))] = data.draw(st.integers(-70_000, 380_000))
    value = stable_value_mc(samples(values), QUIET)
    assert value is None or abs(value - level) <= 150


RAMP = [24_000 + 250 * i for i in range(40)]
LEVELS = [27_000] * 14 + [30_000, 32_000] + [33_500] * 24
WANDER = [30_000 + 3_000 * (i % 3) for i in range(40)]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (RAMP, True),
        (LEVELS, True),
        (WANDER, False),
        (RAMP[::-1], False),
        ([34_000] * 40, False),
        ([24_000, 34_000], False),
        ([], False),
    ],
)
def test_slow_or_two_level_approach_is_told_from_moving(values: list[int], expected: bool) -> None:
    assert approached(samples(values), 22_000) is expected


def test_cold_target_approaches_downwards() -> None:
    assert approached(samples([20_000 - 200 * i for i in range(40)]), 22_000)


def test_history_is_spaced_and_bounded() -> None:
    history: tuple[tuple[int, int], ...] = ()
    for at_ms in range(0, 200_000, 150):
        history = spaced(history, (at_ms, at_ms), 500, 60_000)
    assert len(history) <= 121
    assert history[-1][0] - history[0][0] < 60_000
    assert all(b[0] - a[0] >= 500 for a, b in pairwise(history))


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        ((), 0),
        (((0, 20_000), (10_000, 30_000)), 0),
        (tuple((2_000 * i, 23_000 + 20 * i) for i in range(30)), 600),
        (tuple((2_000 * i, 23_000 - 10 * i) for i in range(11)), -300),
        (((0, 20_000), (60_000, 30_000)), 0),
    ],
)
def test_drift_is_per_minute_and_needs_20_seconds(
    history: tuple[tuple[int, int], ...], expected: float
) -> None:
    assert drift_mc_per_min(history) == pytest.approx(expected)
