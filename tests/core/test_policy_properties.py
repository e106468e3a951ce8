"""What holds for every decision, whatever the facts."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from gated.core.facts import Facts, HouseholdFacts, Policy
from gated.core.facts import TemperatureFacts as Temperature
from gated.core.model import (
    Appointment,
    Category,
    ClockState,
    Credential,
    CredentialKind,
    CredentialState,
    Direction,
    Person,
    Status,
    StatusCode,
    TemperatureState,
    Verdict,
)
from gated.core.policy import decide

NOON = datetime(2026, 2, 7, 12, 0, tzinfo=timezone(timedelta(hours=8)))
DAY = timedelta(days=1)

people = st.builds(
    Person,
    ref=st.just(b"p" * 16),
    category=st.sampled_from(Category),
    household=st.sampled_from([None, b"h" * 16]),
    statuses=st.lists(
        st.builds(
            Status,
            st.sampled_from(StatusCode),
            st.sampled_from([None, NOON - DAY, NOON + DAY]),
            st.sampled_from([None, NOON + DAY, NOON + 2 * DAY]),
        ),
        max_size=3,
    ).map(tuple),
    flags=st.sets(st.sampled_from(["registered", "reading_due"])).map(frozenset),
    appointment=st.sampled_from([None, Appointment(NOON - DAY, NOON + DAY, 0)]),
)
credentials = st.builds(
    Credential,
    st.sampled_from(CredentialKind),
    st.sampled_from(CredentialState),
    st.just(b"c" * 16),
    st.sampled_from([None, NOON - DAY, NOON + DAY]),
    st.sampled_from([None, NOON - DAY, NOON + DAY]),
)
temperatures = st.builds(
    Temperature,
    st.sampled_from(TemperatureState),
    st.one_of(st.none(), st.integers(30_000, 43_000)),
    st.integers(0, 4),
    st.sampled_from(["", "too_cold_skin"]),
)
any_facts = st.builds(
    Facts,
    now=st.just(NOON.astimezone(UTC)),
    clock=st.sampled_from(ClockState),
    direction=st.sampled_from(Direction),
    credential=st.none() | credentials,
    person=st.none() | people,
    temperature=st.none() | temperatures,
    household=st.none() | st.builds(HouseholdFacts, st.sampled_from([True, False, None])),
    mismatch=st.booleans(),
    mode=st.sampled_from(["normal", "lockdown", "evacuate", "out_of_service"]),
    roster_age_h=st.none() | st.integers(0, 30),
)

_RANK = {Verdict.ALLOW: 0, Verdict.ALLOW_NOTE: 0, Verdict.CHECK: 1, Verdict.STOP: 2}


@given(any_facts)
def test_the_decision_is_total_and_deterministic(drawn: Facts) -> None:
    decision = decide(drawn, Policy())
    assert decision == decide(drawn, Policy())
    assert decision.reason == decision.reasons[0]
    assert len(set(decision.reasons)) == len(decision.reasons)


@given(any_facts, st.sampled_from(StatusCode))
def test_a_further_restriction_never_admits(drawn: Facts, code: StatusCode) -> None:
    """Adding a status other than a release never makes the verdict milder."""
    if drawn.person is None or code is StatusCode.RELEASED:
        return
    more = replace(drawn.person, statuses=(*drawn.person.statuses, Status(code)))
    before = decide(drawn, Policy()).verdict
    after = decide(replace(drawn, person=more), Policy()).verdict
    assert _RANK[after] >= _RANK[before]


@given(any_facts)
def test_an_unknown_temperature_never_passes_more_than_a_normal_one(drawn: Facts) -> None:
    if drawn.temperature is None:
        return
    missing = replace(drawn, temperature=Temperature(TemperatureState.MISSING))
    healthy = replace(drawn, temperature=Temperature(TemperatureState.NORMAL, 36_400))
    assert _RANK[decide(missing, Policy()).verdict] >= _RANK[decide(healthy, Policy()).verdict]
