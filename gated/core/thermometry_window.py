"""When a handful of samples stands still, and what it then says. Pure arithmetic on leaves.

A window is 8 samples in a row, or more. It is stable when, after at most 2 outliers of 8 were
taken out (Hampel: more than 3 x 1.4826 x MAD from the median), what remains neither spreads nor
scatters wider than the sensor's own noise explains and does not slope. Its value is the median of
the means of all pairs: as deaf to outliers as a median must be here, and nearly as quiet as a mean
(8 samples of 0.18 °C: 0.065 °C, where their plain median has 0.075).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations_with_replacement, pairwise

from gated.core.calibration import middle

# Spaced (monotonic ms, thousandths of °C), oldest first.
History = tuple[tuple[int, int], ...]

WINDOW = 8
SLOW_PERIOD_MS = 300
OUTLIERS_OF = 4  # at most one sample of so many may be taken out
HAMPEL_FACTOR = 3 * 1.4826
# Two codes of the sensor: a MAD of nothing must not turn rounding into outliers.
MAD_FLOOR_MC = 30
# The slope of a few noisy samples is itself noisy; a limit that ignores it turns away one still
# wrist in four in front of the noisy variants.
SLOPE_NOISE_FACTOR = 1.0
SLOPE_MC_PER_S = 200
SPREAD_MC = 200
# The range of n samples of noise that one window in a few hundred exceeds, in sigmas.
RANGE_SIGMAS = 5.2
RANGE_SIGMAS_PER_DOUBLING = 0.6
# What a still wrist adds to the noise: skin differs by about 0.2 °C per cm and a hand sways by a
# millimetre; codes are 0.02 °C apart.
SKIN_SCATTER_MC = 25
# The mean square of n samples of noise is 1 give or take sqrt(2 / (n - 1)): how many times that
# it may be more. Who is looked at longer already gave a reason, and slow variants have the time
# for another window: both are judged more strictly.
SCATTER_SPREADS = 1.6
SCATTER_SPREADS_LONG = 0.8
RISE_MIN_MC = 500
THIRD_MIN = 2
DRIFT_JUDGED_MS = 20_000


@dataclass(frozen=True, slots=True)
class SensorSample:
    """One reading as it came: monotonic ms, object and die temperature in thousandths of °C."""

    mono_ms: int
    object_mc: int
    ambient_mc: int


@dataclass(frozen=True, slots=True)
class Stillness:
    """How still is still for a window of `count` samples.

    spread, scatter (root mean square about the mean) in thousandths of °C, slope per second.
    """

    count: int
    spread_mc: float
    scatter_mc: float
    slope_mc_per_s: float


@lru_cache(maxsize=64)
def stillness(sigma_mc: int, period_ms: int, count: int = WINDOW) -> Stillness:
    """Return the limits for so many samples of a sensor of this noise, read at this period.

    Spread: the range that noise has (5.2 sigma for 8 samples) and 0.2 °C. Scatter: what one window
    of noise in fifteen exceeds, long or slow ones one in five. Slope: 0.2 °C/s and the noise of a
    fitted slope. A window that fails them is not refused for good; a longer one must pass.
    """
    spacing = count * (count * count - 1) / 12
    slope_noise = sigma_mc / (period_ms / 1000 * spacing**0.5)
    range_sigmas = RANGE_SIGMAS + RANGE_SIGMAS_PER_DOUBLING * math.log2(count / WINDOW)
    brief = count <= WINDOW + 1 and period_ms <= SLOW_PERIOD_MS
    spreads = SCATTER_SPREADS if brief else SCATTER_SPREADS_LONG
    more = 1 + spreads * (2 / (count - 1)) ** 0.5
    return Stillness(
        count,
        range_sigmas * sigma_mc + SPREAD_MC,
        math.sqrt(more) * still_scatter_mc(sigma_mc),
        SLOPE_MC_PER_S + SLOPE_NOISE_FACTOR * slope_noise,
    )


def still_scatter_mc(sigma_mc: int) -> float:
    """Return the scatter of a wrist that stands still: the sensor's noise and the skin's own."""
    return math.hypot(sigma_mc, SKIN_SCATTER_MC)


def stable_value_mc(samples: Sequence[SensorSample], limits: Stillness) -> int | None:
    """Return the value of the last samples, as many as the limits are for, if they stand still."""
    if len(samples) < limits.count:
        return None
    window = samples[-limits.count :]
    centre = middle([sample.object_mc for sample in window])
    mad = middle([abs(sample.object_mc - centre) for sample in window])
    reach = HAMPEL_FACTOR * max(mad, MAD_FLOOR_MC)
    kept = [sample for sample in window if abs(sample.object_mc - centre) <= reach]
    if len(window) - len(kept) > limits.count // OUTLIERS_OF:
        return None
    values = [sample.object_mc for sample in kept]
    if max(values) - min(values) > limits.spread_mc or _scatter_mc(values) > limits.scatter_mc:
        return None
    if abs(_slope_mc_per_s(kept)) > limits.slope_mc_per_s:
        return None
    return middle([(one + other) // 2 for one, other in combinations_with_replacement(values, 2)])


def _scatter_mc(values: Sequence[int]) -> float:
    """Return the root mean square about the mean, as one of so few should be taken."""
    mean = sum(values) / len(values)
    return math.sqrt(sum((value - mean) ** 2 for value in values) / (len(values) - 1))


def _slope_mc_per_s(samples: Sequence[SensorSample]) -> float:
    """Return the least-squares slope. The samples' times must not all be the same."""
    count = len(samples)
    mean_ms = sum(sample.mono_ms for sample in samples) / count
    mean_mc = sum(sample.object_mc for sample in samples) / count
    above = sum((s.mono_ms - mean_ms) * (s.object_mc - mean_mc) for s in samples)
    below = sum((s.mono_ms - mean_ms) ** 2 for s in samples)
    return 1000 * above / below


def approached(samples: Sequence[SensorSample], background_mc: int) -> bool:
    """Tell whether a target that never stood still came nearer slowly, or in two levels.

    Then its thirds move away from the background and it goes back less than half as far as it
    comes; a hand that wanders goes back about as far.
    """
    third = len(samples) // 3
    if third < THIRD_MIN:
        return False
    away = [abs(sample.object_mc - background_mc) for sample in samples]
    first, second, last = (
        middle(part) for part in (away[:third], away[third : 2 * third], away[-third:])
    )
    if last - first < RISE_MIN_MC or not first <= second <= last:
        return False
    smooth = [middle(away[index : index + 3]) for index in range(len(away) - 2)]
    changes = [after - before for before, after in pairwise(smooth)]
    back = -sum(change for change in changes if change < 0)
    return 2 * back <= sum(change for change in changes if change > 0)


def spaced(history: History, entry: tuple[int, int], every_ms: int, span_ms: int) -> History:
    """Return the history with the entry unless it comes too soon, without what is too old."""
    if history and entry[0] - history[-1][0] < every_ms:
        return history
    return (*(old for old in history if entry[0] - old[0] < span_ms), entry)


def drift_mc_per_min(history: History) -> float:
    """Return how fast it goes up (or down, negative); 0 while it spans less than 20 s."""
    if not history or history[-1][0] - history[0][0] < DRIFT_JUDGED_MS:
        return 0.0
    first, last = history[:3], history[-3:]
    change_mc = middle([mc for _, mc in last]) - middle([mc for _, mc in first])
    span_ms = middle([at for at, _ in last]) - middle([at for at, _ in first])
    return 60_000 * change_mc / max(span_ms, 1)
