"""How a connection to the broker comes up, stays up and comes back: pure.

    DOWN -> CONNECTING -> SUBSCRIBING -> HELLO -> UP

Any failure, and PROGRESS_MS without progress in CONNECTING or SUBSCRIBING, leads to DOWN and a
wait: full jitter over BASE * 2^attempt, at most CAP. The attempt counter is cleared after
STABLE_MS of a granted subscription, not at the broker's welcome. In HELLO the socket lives and
the hub is silent: the gate stays, because the hub will be heard the moment it returns, and asks
again every HELLO_MS. Refused credentials and repeated take-overs wait much longer and are an
alarm: hammering cannot heal them.

now_ms: monotonic milliseconds. roll: a random number in [0, 1).
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import assert_never

PROGRESS_MS = 10_000
STABLE_MS = 60_000
HELLO_MS = 10_000
BASE_MS = 1_000
CAP_MS = 60_000
DENIED_CAP_MS = 15 * 60_000
TAKEN_CAP_MS = 5 * 60_000
TAKEN_WINDOW_MS = 5 * 60_000
TAKEN_ALARM = 3


class Phase(StrEnum):
    """Where a connection stands."""

    DOWN = "down"
    CONNECTING = "connecting"
    SUBSCRIBING = "subscribing"
    HELLO = "hello"
    UP = "up"


class Failure(StrEnum):
    """Why a connection ended, by what helps."""

    LOST = "lost"
    DENIED = "denied"
    TAKEN_OVER = "taken_over"


@dataclass(frozen=True, slots=True)
class State:
    """One connection. deadline_ms: next moment that matters in this phase, monotonic."""

    phase: Phase = Phase.DOWN
    attempt: int = 0
    deadline_ms: int = 0
    granted_at_ms: int | None = None
    taken_at_ms: tuple[int, ...] = ()
    base_ms: int = BASE_MS


@dataclass(frozen=True, slots=True)
class Welcomed:
    """The broker accepted the connection."""


@dataclass(frozen=True, slots=True)
class Subscribed:
    """Every subscription was granted."""


@dataclass(frozen=True, slots=True)
class Answered:
    """The hub acknowledged something: it is there."""


@dataclass(frozen=True, slots=True)
class HubLeft:
    """The hub is known to be away; the link is as good as before."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The connection ended or could not be made."""

    failure: Failure


@dataclass(frozen=True, slots=True)
class Elapsed:
    """Time passed."""


Event = Welcomed | Subscribed | Answered | HubLeft | Failed | Elapsed


class Effect(StrEnum):
    """What is to be done, in order."""

    OPEN = "open"
    SUBSCRIBE = "subscribe"
    GREET = "greet"
    CLOSE = "close"
    ALARM_DENIED = "alarm_denied"
    ALARM_TAKEN_OVER = "alarm_taken_over"


Step = tuple[State, tuple[Effect, ...]]


def first(now_ms: int, base_ms: int, spread_ms: int, roll: float) -> State:
    """Return the state of a process that just started: the first connect is spread over time.

    A street's power returns at one moment; spread_ms keeps its gates from calling at once.
    """
    return State(deadline_ms=now_ms + round(spread_ms * roll), base_ms=base_ms)


def step(state: State, event: Event, now_ms: int, roll: float = 0.5) -> Step:
    """Return the state after one event, and what to do about it. Pure and total."""
    match event:
        case Failed(failure):
            return _failed(state, failure, now_ms, roll)
        case Elapsed():
            return _elapsed(state, now_ms, roll)
        case Welcomed():
            if state.phase is not Phase.CONNECTING:
                return state, ()
            deadline = now_ms + PROGRESS_MS
            return replace(state, phase=Phase.SUBSCRIBING, deadline_ms=deadline), (
                Effect.SUBSCRIBE,
            )
        case Subscribed():
            if state.phase is not Phase.SUBSCRIBING:
                return state, ()
            return _greeting(replace(state, granted_at_ms=now_ms), now_ms)
        case Answered():
            return replace(state, phase=Phase.UP) if usable(state) else state, ()
        case HubLeft():
            return replace(state, phase=Phase.HELLO) if usable(state) else state, ()
        case _:
            assert_never(event)


def usable(state: State) -> bool:
    """True when messages may be published."""
    return state.phase in (Phase.HELLO, Phase.UP)


def wake_at_ms(state: State) -> int | None:
    """Return when Elapsed is due next; None when only an event can change anything."""
    return None if state.phase is Phase.UP else state.deadline_ms


def _greeting(state: State, now_ms: int) -> Step:
    waiting = replace(state, phase=Phase.HELLO, deadline_ms=now_ms + HELLO_MS)
    return waiting, (Effect.GREET,)


def _elapsed(state: State, now_ms: int, roll: float) -> Step:
    if state.deadline_ms > now_ms:
        return state, ()
    match state.phase:
        case Phase.DOWN:
            opened = replace(state, phase=Phase.CONNECTING, deadline_ms=now_ms + PROGRESS_MS)
            return opened, (Effect.OPEN,)
        case Phase.CONNECTING | Phase.SUBSCRIBING:
            return _failed(state, Failure.LOST, now_ms, roll)
        case Phase.HELLO:
            return _greeting(state, now_ms)
        case Phase.UP:
            return state, ()
        case _:
            assert_never(state.phase)


def _failed(state: State, failure: Failure, now_ms: int, roll: float) -> Step:
    if state.phase is Phase.DOWN:
        return state, ()
    granted = state.granted_at_ms
    attempt = 0 if granted is not None and now_ms - granted >= STABLE_MS else state.attempt
    taken = tuple(at for at in state.taken_at_ms if now_ms - at < TAKEN_WINDOW_MS)
    if failure is Failure.TAKEN_OVER:
        taken = (*taken, now_ms)[-TAKEN_ALARM:]
    alarm, cap_ms = _remedy(failure, taken)
    longest_ms = min(cap_ms, state.base_ms * 2 ** min(attempt, 20))
    if alarm:
        longest_ms = max(longest_ms, CAP_MS)
    down = State(
        attempt=attempt + 1,
        deadline_ms=now_ms + round(longest_ms * roll),
        taken_at_ms=taken,
        base_ms=state.base_ms,
    )
    return down, (Effect.CLOSE, *alarm)


def _remedy(failure: Failure, taken: tuple[int, ...]) -> tuple[tuple[Effect, ...], int]:
    if failure is Failure.DENIED:
        return (Effect.ALARM_DENIED,), DENIED_CAP_MS
    if len(taken) >= TAKEN_ALARM:
        return (Effect.ALARM_TAKEN_OVER,), TAKEN_CAP_MS
    return (), CAP_MS
