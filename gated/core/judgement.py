"""From a visit to the facts of its decision. Pure."""

from dataclasses import replace

from gated.core.facts import Facts, GuardFacts, HouseholdFacts, TemperatureFacts
from gated.core.model import GuardAction, Measurement, TemperatureState, Verdict
from gated.core.policy import Decision, decide
from gated.core.rules_status import household_in_quarantine
from gated.core.visit import Surroundings, Visit

_USABLE = frozenset(
    {TemperatureState.NORMAL, TemperatureState.IN_LINE, TemperatureState.ELEVATED}
    | {TemperatureState.TYPED}
)
_FAILED = frozenset({TemperatureState.FAULT, TemperatureState.MISSING, TemperatureState.STALE})


def decide_visit(
    visit: Visit, action: GuardAction | None, tries: int, around: Surroundings
) -> Decision:
    """Return the decision about this visit as it stands. Pure."""
    facts = _facts(visit, around)
    taken = visit.measurement
    temperature = None
    if taken is not None:
        temperature = TemperatureFacts(taken.state, taken.decision_mc, tries, taken.detail)
    guard = None if action is None else GuardFacts(action.kind, action.reason, action.role)
    return decide(replace(facts, temperature=temperature, guard=guard), around.policy)


def credential_alone_stops(visit: Visit, around: Surroundings) -> bool:
    """Return whether no temperature could change a STOP for this credential and person."""
    return decide(_facts(visit, around), around.policy).verdict is Verdict.STOP


def is_usable_reading(measurement: Measurement) -> bool:
    """Return whether the measurement carries a value that can be judged."""
    return measurement.state in _USABLE


def is_failed_reading(measurement: Measurement) -> bool:
    """Return whether nobody was measured at all: sensor fault or no reading."""
    return measurement.state in _FAILED


def _facts(visit: Visit, around: Surroundings) -> Facts:
    holder = visit.holder
    facts = Facts(
        now=around.now,
        clock=around.clock,
        direction=around.direction,
        credential=holder.credential,
        person=holder.person,
        mismatch=visit.mismatch,
        also=visit.also,
        gate=around.gate,
        mode=around.mode,
        roster_age_h=around.roster_age_h,
    )
    closed = household_in_quarantine(holder.household_statuses, facts)
    return replace(facts, household=HouseholdFacts(quarantine=closed))
