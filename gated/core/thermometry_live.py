"""What to say to somebody while they are measured: the reason there is no value yet. Pure.

The words are those a failed measurement has in its `detail`, so that the prompt on the screen and
the record speak of the same thing; "" means that the plain prompt is right.
"""

from gated.core.repeat import DISAGREE
from gated.core.thermometry import Holding, Idle, State, impairment
from gated.core.thermometry_judge import ThermometryConfig, ambient_reason
from gated.core.thermometry_search import Measuring
from gated.core.thermometry_window import approached

HOLD_STILL = "hold_still"
NO_TARGET = "no_target"
MOVING_AFTER_PERIODS = 12  # a whole window of samples, and half of one that began too early

PROMPTED = frozenset(
    {NO_TARGET, "moving", "partial_target", "too_cold_skin", "too_hot_object", "ambient_low"}
    | {"ambient_high", "ta_drifting", "warming_up", "frozen", "lens_blocked", "bus_error"}
    | {DISAGREE, "drifted"}
)
"""Every reason for which there is no value; the texts have a prompt for each."""


def live_reason(config: ThermometryConfig, state: State, at_ms: int) -> str:
    """Return why somebody who waits to be measured has no value at this moment, "" for no reason.

    at_ms: monotonic ms. Asked only while a person is awaited: an empty lane is no reason then.
    """
    impaired = impairment(config, state, at_ms)
    if impaired:
        return impaired
    if state.background:
        ambient = ambient_reason(config, state.background_mc)
        if ambient:
            return ambient
    phase = state.phase
    match phase:
        case Idle():
            waited = state.armed_until_ms is not None and at_ms >= state.armed_until_ms
            return NO_TARGET if waited and phase.first is None else ""
        case Holding():
            return ""
        case Measuring():
            return _while_measuring(config, state, phase, at_ms)


def _while_measuring(config: ThermometryConfig, state: State, phase: Measuring, at_ms: int) -> str:
    # Each jump starts the settling anew; who jumps for ever is told so all the same.
    first_settled_ms = phase.started_ms + max(config.settle_ms, config.settle_floor_ms)
    late_ms = at_ms - first_settled_ms
    if phase.best_mc is not None or late_ms < MOVING_AFTER_PERIODS * config.period_ms:
        return HOLD_STILL
    return "partial_target" if approached(phase.samples, state.background_mc) else "moving"
