"""The lane's step machine: credential and temperature in, records and views out. Pure.

States: Idle (perhaps holding a reading that waits for its person) -> Measuring (a person is
known, the temperature is missing) -> Shown (the verdict stands, the guard may act) -> Idle.

Promises:
* every Measuring ends in exactly one Record, whatever happens;
* nothing is shown as a verdict that was not ordered to be recorded before, in the same step;
* a reading belongs to one person only, within `pair_ms`, in either order;
* a CHECK nobody answers stays CHECK and gets one follow-up, never a second passage;
* there is always a way back to Idle through deadlines alone.
"""

from dataclasses import dataclass, field, replace
from typing import assert_never

from gated.core.judgement import (
    credential_alone_stops,
    decide_visit,
    is_failed_reading,
    is_usable_reading,
)
from gated.core.memory import Memory
from gated.core.model import (
    Credential,
    CredentialKind,
    CredentialState,
    GuardAction,
    GuardActionKind,
    Holder,
    Measurement,
    Moment,
    TemperatureState,
    Verdict,
)
from gated.core.pairing import names_somebody, of_different_people, same_person
from gated.core.policy import Decision, Obligation
from gated.core.reasons import Code
from gated.core.visit import (
    CredentialSeen,
    Effect,
    Elapsed,
    Event,
    FollowUp,
    GuardActed,
    IdleView,
    MeasuringView,
    PersonPicked,
    Record,
    Show,
    Surroundings,
    TargetSeen,
    TemperatureTaken,
    VerdictView,
    Visit,
)


@dataclass(frozen=True, slots=True)
class Idle:
    """Nobody is being served; `memory.reading` may wait for its person."""

    memory: Memory = field(default_factory=Memory)


@dataclass(frozen=True, slots=True)
class Measuring:
    """The visit's person is known; the temperature is awaited until the deadline."""

    memory: Memory
    visit: Visit
    deadline_ms: int
    target_seen: bool = False


@dataclass(frozen=True, slots=True)
class Shown:
    """The visit's verdict is recorded and stands until the time is up or the next person."""

    memory: Memory
    visit: Visit
    decision: Decision
    until_ms: int
    tries: int = 0
    shown_ms: int = 0  # when the verdict came


State = Idle | Measuring | Shown
Step = tuple[State, tuple[Effect, ...]]

_RETRYABLE = frozenset(
    {Code.TEMP_MISSING, Code.TEMP_STALE, Code.TEMP_UNSTABLE, Code.TEMP_LOW}
    | {Code.TEMP_SENSOR_FAULT}
)


def next_deadline_ms(state: State) -> int | None:
    """Return the monotonic ms at which `Elapsed` must be fed, or None."""
    candidates = [item.deadline_ms for item in state.memory.unanswered]
    match state:
        case Idle():
            if state.memory.reading is not None:
                candidates.append(state.memory.reading.until_ms)
        case Measuring():
            candidates.append(state.deadline_ms)
        case Shown():
            candidates.append(state.until_ms)
        case _:
            assert_never(state)
    return min(candidates, default=None)


def step(state: State, event: Event, at: Moment, around: Surroundings) -> Step:
    """Return the next state and the orders to carry out, in order. Pure and total."""
    memory, overdue = state.memory.forgotten(at.mono_ms, around.timings)
    state = replace(state, memory=memory)
    late = tuple(FollowUp(item.visit, "guard_timeout") for item in overdue)
    match state:
        case Idle():
            state, effects = _idle(state, event, at, around)
        case Measuring():
            state, effects = _measuring(state, event, at, around)
        case Shown():
            state, effects = _shown(state, event, at, around)
        case _:
            assert_never(state)
    return state, late + effects


def _idle(state: Idle, event: Event, at: Moment, around: Surroundings) -> Step:
    match event:
        case CredentialSeen(holder):
            return _arrived(state, holder, at, around)
        case PersonPicked(holder):
            return _opened(state.memory, holder, at, around)
        case TemperatureTaken(measurement):
            return _read_early(state, measurement, at, around)
        case GuardActed(action):
            return _acted_without_visit(state, action, at, around)
        case TargetSeen():
            return state, ()
        case Elapsed():
            return state, (Show(IdleView(reading_waits=state.memory.reading is not None)),)
        case _:
            assert_never(event)


def _measuring(state: Measuring, event: Event, at: Moment, around: Surroundings) -> Step:
    match event:
        case CredentialSeen(holder):
            return _second_credential(state, holder, at, around)
        case PersonPicked(holder):
            return _picked(state, holder, at, around)
        case TemperatureTaken(measurement):
            return _concluded(state.memory, state.visit, measurement, at, around)
        case GuardActed(action):
            if action.visit != state.visit.number:
                return state, ()
            if action.kind is GuardActionKind.REMEASURE:
                return _measured_again(state.memory, state.visit, action, at, around)
            return _acted(state.memory, state.visit, action, at, around)
        case TargetSeen():
            deadline = max(state.deadline_ms, at.mono_ms + around.timings.target_ms)
            state = replace(state, deadline_ms=deadline, target_seen=True)
            return state, (Show(MeasuringView(state.visit, deadline, hold_still=True)),)
        case Elapsed():
            if at.mono_ms < state.deadline_ms:
                return state, ()
            young = state.memory.unclaimed_within(at.mono_ms, around.timings.stale_ms)
            reason = TemperatureState.STALE if young else TemperatureState.MISSING
            return _concluded(state.memory, state.visit, Measurement(reason), at, around)
        case _:
            assert_never(event)


def _shown(state: Shown, event: Event, at: Moment, around: Surroundings) -> Step:
    match event:
        case CredentialSeen(holder):
            return _arrived(state, holder, at, around)
        case PersonPicked(holder):
            return _opened(_answered(state), holder, at, around)
        case TemperatureTaken(measurement):
            return _read_after_verdict(state, measurement, at, around)
        case GuardActed(action):
            return _ordered(state, action, at, around)
        case TargetSeen():
            return state, ()
        case Elapsed():
            if at.mono_ms < state.until_ms:
                return state, ()
            late: tuple[Effect, ...] = ()
            if state.decision.verdict is Verdict.CHECK:
                late = (FollowUp(state.visit.number, "guard_timeout"),)
            idle = Idle(state.memory)
            waits = state.memory.reading is not None
            return idle, (*late, Show(IdleView(reading_waits=waits)))
        case _:
            assert_never(event)


def _arrived(state: Idle | Shown, holder: Holder, at: Moment, around: Surroundings) -> Step:
    """A credential with no visit open: the next person, the same one again, or a bad reading."""
    if holder.credential.state is CredentialState.UNREADABLE:
        return state, _cued(state, Code.CRED_UNREADABLE)
    if state.memory.seen_within(holder.credential.ref, at.mono_ms, around.timings.dedupe_ms):
        return state, ()
    memory = state.memory
    if isinstance(state, Shown):
        if _stands(state, holder, at):
            return state, ()
        memory = _left_unanswered(state, holder, at)
    return _opened(memory, holder, at, around)


def _opened(memory: Memory, holder: Holder, at: Moment, around: Surroundings) -> Step:
    """A visit begins: with a reading that waits, with a wrist to come, or without."""
    memory = replace(memory, visits=memory.visits + 1)
    visit = Visit(memory.visits, holder, at.mono_ms)
    reading = memory.reading
    if reading is not None:
        return _concluded(memory.without_reading(), visit, reading.measurement, at, around)
    if around.thermometer == "none" or credential_alone_stops(visit, around):
        return _judged(memory, visit, None, at, around)
    if around.thermometer == "fault":
        failed = Measurement(TemperatureState.FAULT, detail="bus_error")
        return _concluded(memory, visit, failed, at, around)
    deadline = at.mono_ms + around.timings.measure_ms
    return Measuring(memory, visit, deadline), (Show(MeasuringView(visit, deadline)),)


def _picked(state: Measuring, holder: Holder, at: Moment, around: Surroundings) -> Step:
    """The guard says who it is that waits to be measured: the visit goes on as theirs."""
    visit = replace(state.visit, holder=holder, also=None)
    if credential_alone_stops(visit, around):
        return _judged(state.memory, visit, None, at, around)
    view = MeasuringView(visit, state.deadline_ms, state.target_seen)
    return replace(state, visit=visit), (Show(view),)


def _stands(state: Shown, holder: Holder, at: Moment) -> bool:
    """STOP and CHECK give way to another credential or an order, not to the same one again."""
    held = state.decision.verdict in (Verdict.CHECK, Verdict.STOP) and at.mono_ms < state.until_ms
    ref = holder.credential.ref
    return held and bool(ref) and ref == state.visit.holder.credential.ref


def _left_unanswered(state: Shown, holder: Holder, at: Moment) -> Memory:
    """A new person came while a CHECK stood: remember that it still waits for an answer."""
    same = same_person(holder, state.visit.holder)
    if state.decision.verdict is not Verdict.CHECK or same or at.mono_ms >= state.until_ms:
        return state.memory
    return state.memory.waiting_for_guard(state.visit.number, state.until_ms)


def _second_credential(state: Measuring, holder: Holder, at: Moment, around: Surroundings) -> Step:
    """Another credential during an open visit (design decision 15)."""
    first = state.visit.holder
    credential = holder.credential
    if credential.ref == first.credential.ref:
        return state, ()
    if credential.state is CredentialState.UNREADABLE:
        return state, _cued(state, Code.CRED_UNREADABLE)
    if credential.kind is first.credential.kind:
        return state, _cued(state, Code.SYS_BUSY)
    if of_different_people(first, holder):
        visit = replace(state.visit, mismatch=True)
        return _judged(state.memory, visit, None, at, around)
    if names_somebody(credential):
        return state, ()
    visit = replace(state.visit, also=credential)
    if credential_alone_stops(visit, around):
        return _judged(state.memory, visit, None, at, around)
    return replace(state, visit=visit), ()


def _read_early(state: Idle, measurement: Measurement, at: Moment, around: Surroundings) -> Step:
    """A reading before any credential waits for its person, if it is worth waiting for."""
    if is_failed_reading(measurement):
        return state, ()
    if not is_usable_reading(measurement):
        return state, _cued(state, Code.TEMP_UNSTABLE)
    memory = state.memory.with_reading(measurement, at.mono_ms, around.timings.pair_ms)
    return Idle(memory), (Show(IdleView(reading_waits=True)),)


def _read_after_verdict(
    state: Shown, measurement: Measurement, at: Moment, around: Surroundings
) -> Step:
    """A reading while a verdict stands: a further try of this visit, or the next person's."""
    if is_failed_reading(measurement):
        return state, ()
    checked = state.decision.verdict is Verdict.CHECK
    if checked and state.decision.reason in _RETRYABLE:
        return _concluded(_answered(state), state.visit, measurement, at, around)
    if _still_owes_a_wrist(state.visit):
        visit = replace(state.visit, wrist_followed=True)
        taken = FollowUp(visit.number, "temperature", measurement)
        return replace(state, visit=visit), (taken,)
    if not is_usable_reading(measurement):
        return state, ()
    kept = state.memory.with_reading(measurement, at.mono_ms, around.timings.pair_ms)
    return replace(state, memory=kept), ()


def _still_owes_a_wrist(visit: Visit) -> bool:
    """Tell whether the next reading is this person's: the verdict came before the wrist did."""
    unread = visit.measurement is None or visit.measurement.state is TemperatureState.TYPED
    return unread and not visit.wrist_followed


def _acted_without_visit(
    state: Idle, action: GuardAction, at: Moment, around: Surroundings
) -> Step:
    """The guard acts with nobody identified: an ambulance crew, a value typed in advance."""
    if action.visit != 0 or action.kind is GuardActionKind.REMEASURE:
        return state, ()
    if action.kind is GuardActionKind.CLINICAL:
        typed = Measurement(TemperatureState.TYPED, decision_mc=action.value_mc)
        return _read_early(state, typed, at, around)
    memory = replace(state.memory.without_reading(), visits=state.memory.visits + 1)
    nobody = Holder(Credential(CredentialKind.NONE, CredentialState.ACTIVE))
    return _acted(memory, Visit(memory.visits, nobody, at.mono_ms), action, at, around)


def _acted(
    memory: Memory, visit: Visit, action: GuardAction, at: Moment, around: Surroundings
) -> Step:
    if action.kind is GuardActionKind.CLINICAL:
        typed = Measurement(TemperatureState.TYPED, decision_mc=action.value_mc)
        visit = replace(visit, measurement=typed)
    return _judged(memory, visit, action, at, around)


def _ordered(state: Shown, action: GuardAction, at: Moment, around: Surroundings) -> Step:
    """The guard orders something about the person whose verdict stands."""
    again = action.kind is GuardActionKind.REMEASURE
    if action.visit != state.visit.number or (again and around.thermometer != "ok"):
        return state, ()
    memory = state.memory.guard_answered(state.visit.number)
    carry_out = _measured_again if again else _acted
    return carry_out(memory, state.visit, action, at, around)


def _measured_again(
    memory: Memory, visit: Visit, action: GuardAction, at: Moment, around: Surroundings
) -> Step:
    """The guard wants another reading of this person; what was decided before stays recorded."""
    visit = replace(visit, measurement=None, wrist_followed=False)
    deadline = at.mono_ms + around.timings.measure_ms
    ordered = FollowUp(visit.number, "remeasure", guard=action)
    return Measuring(memory, visit, deadline), (ordered, Show(MeasuringView(visit, deadline)))


def _answered(state: Shown) -> Memory:
    return state.memory.guard_answered(state.visit.number)


def _concluded(
    memory: Memory, visit: Visit, measurement: Measurement, at: Moment, around: Surroundings
) -> Step:
    """The measurement of this visit is in, as a value or as the reason why there is none."""
    memory, measurement = memory.measured(visit, measurement, at.mono_ms, around)
    return _judged(memory, replace(visit, measurement=measurement), None, at, around)


def _judged(
    memory: Memory, visit: Visit, action: GuardAction | None, at: Moment, around: Surroundings
) -> Step:
    """Decide, order the record, then the view: the only way a verdict comes to be."""
    tries = memory.tries_of(visit, around)
    decision = decide_visit(visit, action, tries, around)
    memory = memory.with_credential(visit.holder.credential.ref, at.mono_ms)
    asked = action if Obligation.SECOND_PERSON in decision.obligations else None
    # A second person is given as long as a guard is for a CHECK: a phone must be taken out first.
    timings = around.timings
    stays_ms = timings.stays_ms(decision.verdict)
    until = at.mono_ms + (stays_ms if asked is None else max(stays_ms, timings.guard_ms))
    view = VerdictView(visit, decision, until, tries, decision.verdict is Verdict.CHECK, asked)
    shown = Shown(memory, visit, decision, until, tries, at.mono_ms)
    return shown, (Record(visit, decision, tries, action), Show(view))


def _cued(state: State, code: Code) -> tuple[Effect, ...]:
    """A short word to the people at the lane that changes nothing."""
    match state:
        case Idle():
            return (Show(IdleView(state.memory.reading is not None, code)),)
        case Measuring():
            view = MeasuringView(state.visit, state.deadline_ms, state.target_seen, code)
            return (Show(view),)
        case Shown():
            return ()
        case _:
            assert_never(state)
