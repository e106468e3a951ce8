"""The connection's states: up by steps, down by failures, back with patience."""

import hypothesis.strategies as st
import pytest
from hypothesis import given

from gated.core import link
from gated.core.link import (
    Answered,
    Effect,
    Elapsed,
    Event,
    Failed,
    Failure,
    HubLeft,
    Phase,
    State,
    Subscribed,
    Welcomed,
    step,
)


def run(state: State, *events: Event, now_ms: int = 0) -> tuple[State, list[Effect]]:
    said: list[Effect] = []
    for event in events:
        state, effects = step(state, event, now_ms)
        said.extend(effects)
    return state, said


UP = run(State(), Elapsed(), Welcomed(), Subscribed(), Answered())[0]


def test_a_connection_comes_up_step_by_step() -> None:
    state, effects = run(State(), Elapsed(), Welcomed(), Subscribed(), Answered())
    assert state.phase is Phase.UP
    assert effects == [Effect.OPEN, Effect.SUBSCRIBE, Effect.GREET]
    assert link.wake_at_ms(state) is None


def test_the_first_connect_is_spread_over_time() -> None:
    state = link.first(1_000, 500, 10_000, 0.25)
    assert link.wake_at_ms(state) == 3_500
    assert run(state, Elapsed(), now_ms=3_499)[1] == []
    assert run(state, Elapsed(), now_ms=3_500)[1] == [Effect.OPEN]


@pytest.mark.parametrize("events", [(Elapsed(),), (Elapsed(), Welcomed())])
def test_ten_seconds_without_progress_end_an_attempt(events: tuple[Event, ...]) -> None:
    state, _ = run(State(), *events)
    assert run(state, Elapsed(), now_ms=9_999)[1] == []
    state, effects = run(state, Elapsed(), now_ms=10_000)
    assert (state.phase, effects) == (Phase.DOWN, [Effect.CLOSE])


def test_a_silent_hub_does_not_end_the_connection_but_is_asked_again() -> None:
    state, _ = run(State(), Elapsed(), Welcomed(), Subscribed())
    for round_ in range(1, 5):
        assert link.usable(state)
        state, effects = run(state, Elapsed(), now_ms=round_ * link.HELLO_MS)
        assert (state.phase, effects) == (Phase.HELLO, [Effect.GREET])
    assert run(UP, HubLeft())[0].phase is Phase.HELLO
    assert run(UP, HubLeft(), Answered())[0].phase is Phase.UP


def test_waits_double_and_stop_at_the_cap() -> None:
    state, waits = State(), []
    for _ in range(9):
        state, _ = step(state, Elapsed(), 0)
        state, _ = step(state, Failed(Failure.LOST), 0, 1.0)
        waits.append(state.deadline_ms)
        state = State(attempt=state.attempt)
    assert waits == [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000]


def test_a_minute_of_service_clears_the_attempts_but_a_welcome_does_not() -> None:
    worn = State(attempt=5)
    state, _ = run(worn, Elapsed(), Welcomed(), Subscribed())
    assert step(state, Failed(Failure.LOST), 59_999)[0].attempt == 6
    assert step(state, Failed(Failure.LOST), 60_000)[0].attempt == 1


def test_refused_credentials_wait_long_and_are_an_alarm() -> None:
    state = State(attempt=30)
    state, _ = run(state, Elapsed())
    state, effects = step(state, Failed(Failure.DENIED), 0, 1.0)
    assert effects == (Effect.CLOSE, Effect.ALARM_DENIED)
    assert state.deadline_ms == link.DENIED_CAP_MS


def test_three_take_overs_in_five_minutes_are_an_alarm() -> None:
    state, said = State(), []
    for minute in (0, 1, 2):
        state, _ = run(state, Elapsed(), now_ms=10**9)
        state, effects = step(state, Failed(Failure.TAKEN_OVER), minute * 60_000, 1.0)
        said.append(effects)
    assert said == [(Effect.CLOSE,), (Effect.CLOSE,), (Effect.CLOSE, Effect.ALARM_TAKEN_OVER)]
    assert state.deadline_ms >= 2 * 60_000 + link.CAP_MS


def test_take_overs_far_apart_are_no_alarm() -> None:
    state = State()
    for minute in (0, 6, 12):
        state, _ = run(state, Elapsed(), now_ms=10**9)
        state, effects = step(state, Failed(Failure.TAKEN_OVER), minute * 60_000)
        assert effects == (Effect.CLOSE,)


events = st.one_of(
    st.sampled_from([Welcomed(), Subscribed(), Answered(), HubLeft(), Elapsed()]),
    st.builds(Failed, st.sampled_from(Failure)),
)


@given(st.lists(st.tuples(events, st.integers(0, 100_000)), max_size=30))
def test_no_order_of_events_strands_a_connection(story: list[tuple[Event, int]]) -> None:
    """Whatever happened: it is open exactly once, and from anywhere there is a way back up."""
    state, now, is_open = State(), 0, False
    for event, gap in story:
        now += gap
        state, effects = step(state, event, now)
        for effect in effects:
            if effect is Effect.OPEN:
                assert not is_open
                is_open = True
            if effect is Effect.CLOSE:
                assert is_open
                is_open = False
            if effect in (Effect.SUBSCRIBE, Effect.GREET):
                assert is_open
        assert is_open == (state.phase is not Phase.DOWN)
    state, _ = step(state, Failed(Failure.LOST), now)
    wake = link.wake_at_ms(state)
    assert wake is not None
    assert run(state, Elapsed(), Welcomed(), Subscribed(), now_ms=wake)[0].phase is Phase.HELLO
