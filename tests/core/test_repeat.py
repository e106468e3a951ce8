"""A high reading is repeated until two of three agree."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gated.core.model import Measurement, TemperatureState
from gated.core.repeat import DISAGREE, READINGS_MAX, Reading, Readings, elevated, repeated
from tests.core.session_lane import Lane, holder, taken

FEVER_MC, GAP_MS = 37_300, 5_000
ANNA, BAO = holder(b"anna"), holder(b"bao")
HIGH, FINE = taken(38_100), taken(36_500)


def told(*values_mc: int, gap_ms: int = GAP_MS) -> list[tuple[str, int | None]]:
    """What each reading of one person comes to; `gap_ms` between them."""
    known: Readings = ()
    came_to = []
    for number, value_mc in enumerate(values_mc):
        reading = Reading(b"anna", number * gap_ms, taken(value_mc))
        known, settled = repeated(known, reading, FEVER_MC, GAP_MS)
        came_to.append((settled.detail or settled.state.value, settled.decision_mc))
    return came_to


def test_without_a_high_reading_every_reading_stands_alone() -> None:
    assert told(36_500, 36_900, 35_900) == [
        ("normal", 36_500),
        ("normal", 36_900),
        ("normal", 35_900),
    ]


def test_one_lower_reading_does_not_take_a_high_one_back() -> None:
    assert told(38_100, 36_500)[-1] == (DISAGREE, 36_500)


@pytest.mark.parametrize(
    ("third", "came_to"),
    [(36_600, ("normal", 36_600)), (36_400, ("normal", 36_500)), (38_000, ("normal", 38_000))],
)
def test_the_middle_of_three_holds(third: int, came_to: tuple[str, int]) -> None:
    assert told(38_100, 36_500, third)[-1] == came_to


def test_two_high_readings_and_a_lower_one_stay_high() -> None:
    assert told(38_100, 38_000, 36_500)[-1] == ("normal", 38_000)


def test_whoever_was_found_in_order_begins_anew() -> None:
    assert told(38_100, 36_500, 36_600, 38_100)[-1] == ("normal", 38_100)
    assert told(38_100, 36_500, 36_600, 36_700)[-1] == ("normal", 36_700)


def test_a_reading_that_follows_at_once_settles_nothing() -> None:
    assert told(38_100, 36_500, 36_500, 36_500, gap_ms=1_000)[1:] == [(DISAGREE, 36_500)] * 3


def test_readings_that_are_none_and_typed_values_pass_through() -> None:
    known = (Reading(b"anna", 0, HIGH),)
    for state in (TemperatureState.FAULT, TemperatureState.UNSTABLE, TemperatureState.TYPED):
        other = replace(FINE, state=state)
        assert repeated(known, Reading(b"anna", 9_000, other), FEVER_MC, GAP_MS) == (known, other)


def test_beside_others_the_middle_of_three_holds_too() -> None:
    up = Measurement(TemperatureState.ELEVATED, skin_mc=36_000)
    level = Measurement(TemperatureState.IN_LINE, skin_mc=34_100)
    known, first = repeated((), Reading(b"anna", 0, up), FEVER_MC, GAP_MS)
    assert first == up
    known, second = repeated(known, Reading(b"anna", 6_000, level), FEVER_MC, GAP_MS)
    assert second.detail == DISAGREE
    known, third = repeated(known, Reading(b"anna", 12_000, level), FEVER_MC, GAP_MS)
    assert (known, third) == ((), level)


@given(st.lists(st.sampled_from([36_000, 36_800, 37_299, 37_300, 38_500]), max_size=12))
def test_after_a_high_reading_nobody_is_in_order_by_one_reading(values_mc: list[int]) -> None:
    since: list[int] = []
    for value_mc, (word, decision_mc) in zip(values_mc, told(*values_mc), strict=True):
        since = [*since, value_mc] if since or value_mc >= FEVER_MC else []
        passed = word == "normal" and decision_mc is not None and decision_mc < FEVER_MC
        if since:
            assert passed == (sum(one < FEVER_MC for one in since[-3:]) >= 2)
        if passed:
            since = []


@given(
    st.lists(
        st.tuples(st.sampled_from([bytes([ref]) for ref in range(90)]), st.booleans()), max_size=300
    )
)
def test_what_is_remembered_is_bounded_and_holds_only_people_with_a_high_one(
    came: list[tuple[bytes, bool]],
) -> None:
    known: Readings = ()
    high: set[bytes] = set()
    for at, (ref, is_high) in enumerate(came):
        high |= {ref} if is_high else set()
        reading = Reading(ref, at * GAP_MS, HIGH if is_high else FINE)
        known, _ = repeated(known, reading, FEVER_MC, GAP_MS)
    assert len(known) <= READINGS_MAX
    assert {one.ref for one in known} <= high


def test_elevated_needs_the_limit_itself_where_there_is_one() -> None:
    assert elevated(taken(FEVER_MC), FEVER_MC)
    assert not elevated(taken(FEVER_MC - 1), FEVER_MC)
    assert not elevated(replace(HIGH, state=TemperatureState.FAULT), FEVER_MC)


def test_a_lower_reading_is_asked_for_once_more_without_the_card() -> None:
    lane = Lane()
    for value_mc in (38_100, 36_500):
        lane.show(ANNA)
        lane.measure(value_mc)
        lane.wait(6_000 if value_mc < FEVER_MC else 60_000)
    assert lane.outcomes == [("CHECK", "TEMP_HIGH_RETRY"), ("CHECK", "TEMP_UNSTABLE")]
    lane.measure(36_600)
    assert lane.outcomes[-1] == ("ALLOW", "OK_RESIDENT")
    assert lane.records[-1].visit == replace(
        lane.records[-2].visit, measurement=lane.records[-1].visit.measurement
    )


def test_a_high_reading_of_one_person_asks_nobody_else_again() -> None:
    lane = Lane()
    lane.show(ANNA)
    lane.measure(38_100)
    lane.wait(6_000)
    lane.show(BAO)
    lane.measure(36_500)
    assert lane.outcomes[-1] == ("ALLOW", "OK_RESIDENT")


def test_after_a_quarter_of_an_hour_a_high_reading_is_forgotten() -> None:
    lane = Lane()
    lane.show(ANNA)
    lane.measure(38_100)
    lane.wait(901_000)
    lane.show(ANNA)
    lane.measure(36_500)
    assert lane.outcomes[-1] == ("ALLOW", "OK_RESIDENT")
