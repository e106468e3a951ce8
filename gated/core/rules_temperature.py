"""Rules about the temperature of this person.

The limits apply to the calibrated body estimate or a typed clinical value, in both directions,
and never to raw skin. Uncalibrated skin is judged against the others who passed. A failed
measurement is a check with its own reason; a sensor's fault is never a person's.
"""

from collections.abc import Iterator

from gated.core.facts import Facts, Policy, TemperatureFacts
from gated.core.finding import Effect, Finding, forbid, note, review
from gated.core.model import Category, TemperatureState
from gated.core.reasons import Code

# Helpers in an emergency are told, never held.
_NEVER_HELD = frozenset({Category.MEDICAL, Category.RESCUE})

_WITHOUT_VALUE = {
    TemperatureState.UNSTABLE: Code.TEMP_UNSTABLE,
    TemperatureState.MISSING: Code.TEMP_MISSING,
    TemperatureState.STALE: Code.TEMP_STALE,
    TemperatureState.FAULT: Code.TEMP_SENSOR_FAULT,
}


def temperature(facts: Facts, policy: Policy) -> Iterator[Finding]:
    """Yield what the measurement says; nothing at a gate that measures nobody."""
    if facts.temperature is None:
        return
    finding = _judged(facts.temperature, policy)
    if finding is None:
        return
    held = facts.person is None or facts.person.category not in _NEVER_HELD
    yield finding if held else Finding(Effect.NOTE, finding.code)


def _judged(taken: TemperatureFacts, policy: Policy) -> Finding | None:
    match taken.state:
        case TemperatureState.NORMAL:
            return _by_limits(taken, policy)
        case TemperatureState.TYPED:
            return _clinical(taken, policy)
        case TemperatureState.IN_LINE:
            return note(Code.TEMP_UNCALIBRATED)
        case TemperatureState.ELEVATED:
            # Soft without calibration: it asks again and never accuses.
            return review(Code.TEMP_HIGH_RETRY)
        case TemperatureState.IMPLAUSIBLE:
            cold = taken.detail == "too_cold_skin"
            return review(Code.TEMP_LOW if cold else Code.TEMP_UNSTABLE)
        case _:
            return review(_WITHOUT_VALUE[taken.state])


def _by_limits(taken: TemperatureFacts, policy: Policy) -> Finding | None:
    if taken.decision_mc is None:
        return review(Code.TEMP_MISSING)
    if taken.decision_mc >= policy.fever_mc:
        if taken.tries >= policy.tries_before_stop:
            return forbid(Code.TEMP_HIGH)
        return review(Code.TEMP_HIGH_RETRY)
    if taken.decision_mc < policy.low_mc:
        return review(Code.TEMP_LOW)
    return None


def _clinical(taken: TemperatureFacts, policy: Policy) -> Finding:
    if taken.decision_mc is None:
        return review(Code.TEMP_MISSING)
    if taken.decision_mc >= policy.fever_mc:
        return forbid(Code.TEMP_CLINICAL_HIGH)
    if taken.decision_mc < policy.low_mc:
        return review(Code.TEMP_LOW)
    return note(Code.TEMP_CLINICAL_OK)
