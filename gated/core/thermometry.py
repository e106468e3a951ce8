"""One wrist, one measurement: what a stream of sensor samples comes to. A pure step machine.

    Idle ── two samples beyond the trigger ──> Measuring ── still, or 6 s over ──> Holding
      ^                                            │                                  │
      └─────────── back near the background ───────┴──────────────────────────────────┘

Promises: a target is announced once (TargetSeen), measured at most once and announced as gone
once (TargetLeft), so a wrist that stays is not measured twice. Only a target that was pulled away
at once has no Measured. A sensor that fails or cannot be trusted yields FAULT, never a value; a
value under a valid calibration is NORMAL with decision_mc, and the policy's limits judge it; every
other value is IN_LINE or ELEVATED against recent passers-by. The background is the 60 s median of
what the sensor sees when nobody is there; it is also what skin reflects and what "ambient" means.
"""

from dataclasses import dataclass, replace
from typing import assert_never

from gated.core.calibration import RelativeReference, SiteCalibration, middle
from gated.core.correction_steps import derivation
from gated.core.model import Measurement, Moment, TemperatureState
from gated.core.thermometry_judge import (
    ThermometryConfig,
    doubted,
    fault,
    judged,
    may_be_a_wrist,
    steps_of,
)
from gated.core.thermometry_search import (
    NOISE_SIGMAS,
    Measuring,
    gathered,
    searched,
    smallest_step_mc,
    timeout_ms,
)
from gated.core.thermometry_window import (
    History,
    SensorSample,
    approached,
    drift_mc_per_min,
    spaced,
)

BACKGROUND_EVERY_MS = 500
BACKGROUND_SPAN_MS = 60_000
BACKGROUND_MIN = 4  # samples before a trigger means anything
AMBIENT_EVERY_MS = 2_000
AMBIENT_SPAN_MS = 60_000
ARMED_SIGMAS = 4
BRIEF_MS = 600  # a target gone sooner than this was a hand passing by
MISSES_MAX = 3


@dataclass(frozen=True, slots=True)
class TargetSeen:
    """Something warm (or cold) came in front of the sensor, at monotonic ms."""

    at_ms: int


@dataclass(frozen=True, slots=True)
class Measured:
    """What the target in front of the sensor came to, at monotonic ms."""

    measurement: Measurement
    at_ms: int


@dataclass(frozen=True, slots=True)
class TargetLeft:
    """Nothing is in front of the sensor any more, at monotonic ms."""

    at_ms: int


Output = TargetSeen | Measured | TargetLeft
Outputs = tuple[Output, ...]


@dataclass(frozen=True, slots=True)
class Idle:
    """Nobody is there. first: a sample beyond the trigger that waits for a second one."""

    first: SensorSample | None = None


@dataclass(frozen=True, slots=True)
class Holding:
    """The target was measured and is still there."""

    since_ms: int
    end_mc: int


Phase = Idle | Measuring | Holding


@dataclass(frozen=True, slots=True)
class State:
    """What is remembered between samples; bounded. Make it with initial().

    background, ambient: spaced (mono_ms, thousandths) of the last minute, oldest first.
    doubted_from_ms: since when, at the start, something far warmer than the sensor stands there.
    former_mc: the background before a target that stayed was taken for it. misses: credentials
    in a row that no target followed.
    """

    warm_from_ms: int
    phase: Phase = Idle()
    last: SensorSample | None = None
    same_count: int = 0
    background: History = ()
    background_mc: int = 0
    former_mc: int | None = None
    ambient: History = ()
    armed_until_ms: int | None = None
    misses: int = 0
    doubted_from_ms: int | None = None


def initial(config: ThermometryConfig, powered_up_ms: int) -> State:
    """Return the state before the first sample. powered_up_ms: when the sensor got its power."""
    return State(warm_from_ms=powered_up_ms + config.warm_up_ms)


def step(
    config: ThermometryConfig,
    calibration: SiteCalibration | None,
    reference: RelativeReference,
    state: State,
    sample: SensorSample,
) -> tuple[State, Outputs]:
    """Return what one more sample makes of the state, and what came of it.

    calibration: only one that is valid today and fits the sensor, else None. A sample that is
    not newer than the last one is ignored.
    """
    if state.last is not None and sample.mono_ms <= state.last.mono_ms:
        return state, ()
    before, state = state.last, _noted(state, sample)
    phase = state.phase
    match phase:
        case Idle():
            return _idle(config, state, phase, sample)
        case Measuring():
            phase = gathered(config, phase, before, sample)
            return _measuring(config, calibration, reference, replace(state, phase=phase), phase)
        case Holding():
            return _holding(config, state, phase, sample)
        case _:
            assert_never(phase)


def lost(state: State, moment: Moment) -> tuple[State, Outputs]:
    """Return the state after the sensor failed; an open measurement ends in a fault.

    A wrist that was measured before stays measured when the sensor comes back.
    """
    state = replace(state, same_count=0)
    phase = state.phase
    match phase:
        case Idle():
            return replace(state, phase=Idle()), ()
        case Measuring():
            at_ms = moment.mono_ms
            outputs = (Measured(fault("bus_error"), at_ms), TargetLeft(at_ms))
            return replace(state, phase=Idle()), outputs
        case Holding():
            return state, ()
        case _:
            assert_never(phase)


def presented(config: ThermometryConfig, state: State, at_ms: int) -> tuple[State, Outputs]:
    """Return the state after a credential was shown; a broken sensor says so at once.

    For the next 4 s a hot room needs only a small step, because skin hardly differs from it.
    """
    impaired = impairment(config, state, at_ms)
    if not isinstance(state.phase, Measuring) and impaired in _FAULTS:
        return state, (Measured(fault(impaired), at_ms),)
    return replace(state, armed_until_ms=at_ms + config.armed_ms), ()


def missed(config: ThermometryConfig, state: State, at_ms: int) -> tuple[State, Measurement]:
    """Return what a person came to who was waited for and never put a wrist there.

    MISSING, or FAULT when the sensor could not have seen one.
    """
    state = replace(state, misses=min(state.misses + 1, MISSES_MAX))
    impaired = impairment(config, state, at_ms)
    if impaired in _FAULTS:
        return state, fault(impaired)
    return state, Measurement(TemperatureState.MISSING, detail="no_target")


_FAULTS = frozenset({"warming_up", "frozen", "lens_blocked"})


def impairment(config: ThermometryConfig, state: State, at_ms: int) -> str:
    """Return why the sensor cannot be relied on now, or nothing.

    `frozen`, `lens_blocked`, `warming_up` (faults) or `ta_drifting` (values are doubtful).
    """
    if state.same_count >= config.frozen_samples:
        return "frozen"
    if at_ms < state.warm_from_ms:
        return "warming_up"
    if state.misses >= MISSES_MAX and state.last is not None:
        apart_mc = abs(state.last.object_mc - state.last.ambient_mc)
        if apart_mc <= config.lens_blocked_mc:
            return "lens_blocked"
    return "ta_drifting" if _drifting(config, state) else ""


def _noted(state: State, sample: SensorSample) -> State:
    """Return the state that remembers this sample, whatever is in front of the sensor."""
    same = state.last is not None and state.last.object_mc == sample.object_mc
    return replace(
        state,
        last=sample,
        same_count=state.same_count + 1 if same else 1,
        ambient=spaced(
            state.ambient, (sample.mono_ms, sample.ambient_mc), AMBIENT_EVERY_MS, AMBIENT_SPAN_MS
        ),
    )


def _drifting(config: ThermometryConfig, state: State) -> bool:
    return abs(drift_mc_per_min(state.ambient)) > config.ambient_drift_mc_per_min


def _learned(state: State, sample: SensorSample) -> State:
    """Return the state whose background includes this sample."""
    entry = (sample.mono_ms, sample.object_mc)
    history = spaced(state.background, entry, BACKGROUND_EVERY_MS, BACKGROUND_SPAN_MS)
    if history is state.background:
        return state
    median_mc = middle([mc for _, mc in history])
    return replace(state, background=history, background_mc=median_mc)


def _rebased(state: State, sample: SensorSample, former_mc: int | None) -> State:
    """Return the idle state whose background is only this sample."""
    return replace(
        state,
        phase=Idle(),
        background=((sample.mono_ms, sample.object_mc),),
        background_mc=sample.object_mc,
        former_mc=former_mc,
    )


def _trigger_mc(config: ThermometryConfig, state: State, at_ms: int) -> int:
    armed = state.armed_until_ms is not None and at_ms < state.armed_until_ms
    if armed and state.background_mc >= config.hot_room_mc:
        return max(config.armed_mc, ARMED_SIGMAS * config.sigma_mc)
    return max(config.trigger_mc, NOISE_SIGMAS * config.sigma_mc)


def _idle(
    config: ThermometryConfig, state: State, phase: Idle, sample: SensorSample
) -> tuple[State, Outputs]:
    trigger_mc = _trigger_mc(config, state, sample.mono_ms)
    known = len(state.background) >= BACKGROUND_MIN
    if (
        not known
        and state.former_mc is None
        and may_be_a_wrist(config, sample.object_mc, sample.ambient_mc)
    ):
        since_ms = sample.mono_ms if state.doubted_from_ms is None else state.doubted_from_ms
        doubted = sample.mono_ms - since_ms < config.adopt_ms
        if doubted and not state.background:
            return replace(state, phase=Idle(), doubted_from_ms=since_ms), ()
        known = doubted  # a short look at an empty lane is enough to see a wrist against it
    if not known or abs(sample.object_mc - state.background_mc) < trigger_mc:
        return replace(_learned(state, sample), phase=Idle()), ()
    if state.former_mc is not None and abs(sample.object_mc - state.former_mc) < config.end_mc:
        return _rebased(state, sample, None), ()
    if phase.first is None:
        return replace(state, phase=Idle(sample)), ()
    started_ms = phase.first.mono_ms
    end_mc = min(config.end_mc, trigger_mc // 2 if trigger_mc < config.trigger_mc else trigger_mc)
    measuring = Measuring((phase.first,), started_ms, started_ms, end_mc)
    measuring = gathered(config, measuring, phase.first, sample)
    state = replace(state, phase=measuring, misses=0, armed_until_ms=None)
    seen = TargetSeen(sample.mono_ms)
    if sample.mono_ms < state.warm_from_ms:
        return _held(state, measuring, fault("warming_up"), sample.mono_ms, seen)
    return state, (seen,)


def _measuring(
    config: ThermometryConfig,
    calibration: SiteCalibration | None,
    reference: RelativeReference,
    state: State,
    phase: Measuring,
) -> tuple[State, Outputs]:
    sample = phase.samples[-1]
    at_ms = sample.mono_ms
    if abs(sample.object_mc - state.background_mc) < phase.end_mc:
        outputs: tuple[Output, ...] = (TargetLeft(at_ms),)
        if phase.best_mc is not None or at_ms - phase.started_ms >= BRIEF_MS:
            came_to = _concluded(config, calibration, reference, state, phase)
            outputs = (Measured(came_to, at_ms), *outputs)
        return replace(state, phase=Idle()), outputs
    phase = searched(config, phase)
    # Samples come on a grid with a little jitter; a quarter of it must not cost another period.
    slack_ms = config.period_ms // 4
    late = phase.stable_ms is not None and at_ms - phase.stable_ms + slack_ms >= config.search_ms
    found = phase.confirmed or late
    if found or at_ms - phase.started_ms >= timeout_ms(config):
        came_to = _concluded(config, calibration, reference, state, phase)
        return _held(state, phase, came_to, at_ms)
    return replace(state, phase=phase), ()


def _concluded(
    config: ThermometryConfig,
    calibration: SiteCalibration | None,
    reference: RelativeReference,
    state: State,
    phase: Measuring,
) -> Measurement:
    """Return what the samples of this target come to, stable or not."""
    if phase.best_mc is None:
        slow = approached(phase.samples, state.background_mc)
        reason = "partial_target" if slow else "moving"
        return Measurement(TemperatureState.UNSTABLE, detail=reason)
    found = judged(
        config,
        calibration,
        reference.value_mc(phase.samples[-1].mono_ms),
        phase.best_mc,
        state.background_mc,
        drifting=_drifting(config, state),
    )
    found = doubted(found, phase.best_mc - state.background_mc, smallest_step_mc(config))
    die_mc = phase.samples[-1].ambient_mc
    model_id = "" if calibration is None else calibration.model_id
    steps = steps_of(config, calibration)
    derived = derivation(steps, phase.best_mc, state.background_mc, die_mc, model_id)
    return replace(found, derived=derived)


def _held(
    state: State, phase: Measuring, came_to: Measurement, at_ms: int, *first: Output
) -> tuple[State, Outputs]:
    """Return the state after the one measurement of this target."""
    held = replace(state, phase=Holding(at_ms, phase.end_mc))
    return held, (*first, Measured(came_to, at_ms))


def _holding(
    config: ThermometryConfig, state: State, phase: Holding, sample: SensorSample
) -> tuple[State, Outputs]:
    if abs(sample.object_mc - state.background_mc) < phase.end_mc:
        return replace(state, phase=Idle()), (TargetLeft(sample.mono_ms),)
    if sample.mono_ms - phase.since_ms >= config.adopt_ms:
        return _rebased(state, sample, state.background_mc), (TargetLeft(sample.mono_ms),)
    return state, ()
