"""Looking for the moment at which a target stands still: one target, from arrival to value. Pure.

A step or a gap starts the settling anew. The first stable window is the value if it scatters less
than the sensor's own noise, or if it grows by the next sample and all of it stands still; else
the hottest window of 0.3 s is. A target that has moved needs a window twice as long, because a
moving wrist has lucky moments.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from gated.core.thermometry_judge import ThermometryConfig
from gated.core.thermometry_window import (
    SLOW_PERIOD_MS,
    WINDOW,
    SensorSample,
    Stillness,
    stable_value_mc,
    still_scatter_mc,
    stillness,
)

SAMPLES_MAX = 64  # per target; 6 s at 0.15 s are 40
NOISE_SIGMAS = 6
GAP_PERIODS = 4  # samples further apart than this do not belong to one window
ARRIVAL_PERIODS = 3  # a hand that arrives may still jump for so long
MOVED_WINDOW = 2 * WINDOW
# 8 readings of the noisiest variant (xCK, 0.30 °C) say too little; 12 fit into its time.
NOISY_MC = 250
NOISY_WINDOW = 12
# Scatter below this share of a still wrist's is no reason to wait for one more sample.
CALM = 0.8
# A half covered field gives itself away by the sway of the hand alone: at the edge of a wrist half
# a millimetre is 0.025 of the field, so the reading sways by 0.025 to 0.05 of its step. Among the
# noise of a window that is seen where the step is 30 times the scatter of a still wrist.
TOLD_APART = 30


@dataclass(frozen=True, slots=True)
class Measuring:
    """A target is there and has not stood still yet, or not long enough.

    count: samples of the window that is looked for, more once the target has moved. confirmed:
    the stable window was calm, or has grown by a sample and still stands still.
    """

    samples: tuple[SensorSample, ...]
    started_ms: int
    settled_ms: int
    end_mc: int
    best_mc: int | None = None
    stable_ms: int | None = None
    count: int = WINDOW
    confirmed: bool = False


def timeout_ms(config: ThermometryConfig) -> int:
    """Return how long a target may take; slow variants have twice the time."""
    return config.timeout_ms * (2 if config.period_ms > SLOW_PERIOD_MS else 1)


def searched(config: ThermometryConfig, phase: Measuring) -> Measuring:
    """Return the phase that knows what its stable windows say, up to its last sample."""
    from_ms = phase.settled_ms - config.period_ms // 4
    settled = [sample for sample in phase.samples if sample.mono_ms >= from_ms]
    if config.sigma_mc > NOISY_MC:
        phase = replace(phase, count=max(phase.count, NOISY_WINDOW))
    if phase.stable_ms is not None:
        value_mc = _still_mc(config, settled, phase.count + 1)
        if value_mc is not None:
            return replace(phase, best_mc=value_mc, confirmed=True)
    value_mc = _still_mc(config, settled, phase.count)
    if value_mc is None:
        moved = len(settled) >= phase.count
        return replace(phase, count=_longer(config)) if moved else phase
    at_ms = phase.samples[-1].mono_ms
    calm_mc = CALM * still_scatter_mc(config.sigma_mc)
    calm = replace(_limits(config, phase.count), scatter_mc=calm_mc)
    return replace(
        phase,
        confirmed=stable_value_mc(settled, calm) is not None,
        best_mc=value_mc if phase.best_mc is None else max(phase.best_mc, value_mc),
        stable_ms=at_ms if phase.stable_ms is None else phase.stable_ms,
    )


def _still_mc(config: ThermometryConfig, settled: Sequence[SensorSample], count: int) -> int | None:
    return stable_value_mc(settled, _limits(config, count))


def _limits(config: ThermometryConfig, count: int) -> Stillness:
    return stillness(config.sigma_mc, config.period_ms, count)


def _longer(config: ThermometryConfig) -> int:
    """Return the samples of the longer window; two thirds of the time must be enough for it."""
    return max(WINDOW, min(MOVED_WINDOW, 2 * timeout_ms(config) // 3 // config.period_ms))


def smallest_step_mc(config: ThermometryConfig) -> float:
    """Return the step against the background from which a half covered field would be noticed.

    Below it a value may be right or far too near the background; nobody can tell.
    """
    return TOLD_APART * still_scatter_mc(config.sigma_mc)


def gathered(
    config: ThermometryConfig, phase: Measuring, before: SensorSample | None, sample: SensorSample
) -> Measuring:
    """Return the phase with one more sample; a step or a gap starts the settling anew."""
    phase = replace(phase, samples=(*phase.samples, sample)[-SAMPLES_MAX:])
    if before is None:
        return phase
    settling_ms = max(config.settle_ms, config.settle_floor_ms)
    if sample.mono_ms - before.mono_ms > GAP_PERIODS * config.period_ms:
        return replace(phase, settled_ms=sample.mono_ms + settling_ms)
    jump_mc = max(config.step_mc, NOISE_SIGMAS * config.sigma_mc)
    if abs(sample.object_mc - before.object_mc) <= jump_mc:
        return phase
    # The step lies between the two; the sensor has been settling since the earlier one.
    moved = before.mono_ms - phase.started_ms > ARRIVAL_PERIODS * config.period_ms
    count = _longer(config) if moved else phase.count
    return replace(phase, settled_ms=before.mono_ms + settling_ms, count=count)
