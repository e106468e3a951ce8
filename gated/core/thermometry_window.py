"""When a handful of samples stands still, and what it then says. Pure arithmetic on leaves.

A window is 8 samples in a row. It is stable when, after at most 2 outliers were taken out
(Hampel: more than 3 x 1.4826 x MAD from the median), what remains spreads no wider than the
sensor's own noise explains and does not slope.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from gated.core.calibration import middle

# Spaced (monotonic ms, thousandths of °C), oldest first.
History = tuple[tuple[int, int], ...]

WINDOW = 8
OUTLIERS_MAX = 2
HAMPEL_FACTOR = 3 * 1.4826
# Two codes of the sensor: a MAD of nothing must not turn rounding into outliers.
MAD_FLOOR_MC = 30
# The slope of 8 noisy samples is itself noisy; a limit that ignores it turns away one still
# wrist in four in front of the noisy variants.
SLOPE_NOISE_FACTOR = 2.0
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
    """How still is still. spread in thousandths of °C, slope in thousandths per second."""

    spread_mc: float
    slope_mc_per_s: float


def stillness(sigma_mc: int, period_ms: int) -> Stillness:
    """Return the limits for a sensor of this noise, read at this period.

    Spread: the expected range of 8 noisy samples (5.2 sigma) and 0.2 °C. Slope: 0.2 °C/s and
    twice the noise of a slope fitted to 8 samples.
    """
    spacing = WINDOW * (WINDOW * WINDOW - 1) / 12
    slope_noise = sigma_mc / (period_ms / 1000 * spacing**0.5)
    return Stillness(5.2 * sigma_mc + 200, 200 + SLOPE_NOISE_FACTOR * slope_noise)


def stable_value_mc(samples: Sequence[SensorSample], limits: Stillness) -> int | None:
    """Return the median of the last 8 samples if they stand still, else None."""
    if len(samples) < WINDOW:
        return None
    window = samples[-WINDOW:]
    centre = middle([sample.object_mc for sample in window])
    mad = middle([abs(sample.object_mc - centre) for sample in window])
    reach = HAMPEL_FACTOR * max(mad, MAD_FLOOR_MC)
    kept = [sample for sample in window if abs(sample.object_mc - centre) <= reach]
    if len(window) - len(kept) > OUTLIERS_MAX:
        return None
    values = [sample.object_mc for sample in kept]
    if max(values) - min(values) > limits.spread_mc:
        return None
    if abs(_slope_mc_per_s(kept)) > limits.slope_mc_per_s:
        return None
    return middle(values)


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
