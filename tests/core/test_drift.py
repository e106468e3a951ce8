"""A sensor that drifts is noticed by the people it measures, whoever they are."""

import json
from datetime import date, timedelta
from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gated.core.drift import BIN_MC, DAYS_BEFORE, SPEAKS_DAYS, Drift, SkinDays, restored

TODAY = date(2026, 2, 20)
ROOM_MC, SKIN_MC = 22_000, 34_000


def crowd(
    days: SkinDays, day: date, skin_mc: int, people: int = 41, room_mc: int = ROOM_MC
) -> None:
    """People of one day whose median is skin_mc."""
    for number in range(people):
        days.add(day, room_mc, skin_mc + 30 * (number - people // 2))


def fortnight(skin_mc: int = SKIN_MC, room_mc: int = ROOM_MC) -> SkinDays:
    days = SkinDays()
    for back in range(DAYS_BEFORE, 0, -1):
        crowd(days, TODAY - timedelta(days=back), skin_mc, room_mc=room_mc)
    return days


def drift(days: SkinDays, day: date = TODAY) -> Drift:
    found = days.drift(day)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("by_mc", "level"),
    [
        (0, "ok"),
        (300, "ok"),
        (-300, "ok"),
        (500, "warn"),
        (-500, "warn"),
        (900, "stop"),
        (-900, "stop"),
    ],
)
def test_a_day_is_compared_with_the_days_before_it(by_mc: int, level: str) -> None:
    days = fortnight()
    crowd(days, TODAY, SKIN_MC + by_mc)
    found = drift(days)
    assert abs(found.by_mc - by_mc) <= 20
    assert (found.level, found.day, found.people, found.days) == (level, TODAY, 41, DAYS_BEFORE)


def test_colder_weather_is_no_drift() -> None:
    days = fortnight()
    crowd(days, TODAY, SKIN_MC - 1_500, room_mc=ROOM_MC - 6_000)
    assert days.drift(TODAY) is None or drift(days).day != TODAY


def test_the_band_with_most_people_speaks() -> None:
    days = fortnight()
    for back in range(1, 5):
        crowd(days, TODAY - timedelta(days=back), SKIN_MC - 1_000, 25, ROOM_MC - 6_000)
    crowd(days, TODAY, SKIN_MC, 21)
    crowd(days, TODAY, SKIN_MC - 1_500, 31, ROOM_MC - 6_000)
    assert abs(drift(days).by_mc + 500) <= 20


def test_too_few_people_or_days_say_nothing() -> None:
    days = SkinDays()
    crowd(days, TODAY - timedelta(days=1), SKIN_MC)
    crowd(days, TODAY - timedelta(days=2), SKIN_MC)
    crowd(days, TODAY, SKIN_MC + 2_000)
    assert days.drift(TODAY) is None
    crowd(days, TODAY - timedelta(days=3), SKIN_MC, 19)
    assert days.drift(TODAY) is None
    crowd(days, TODAY - timedelta(days=4), SKIN_MC, 20)
    assert drift(days).level == "stop"


def test_a_day_of_few_people_does_not_silence_the_alarm_of_the_day_before() -> None:
    days = fortnight()
    crowd(days, TODAY, SKIN_MC + 1_000)
    morning = TODAY + timedelta(days=1)
    crowd(days, morning, SKIN_MC + 1_000, 5)
    assert (drift(days, morning).day, drift(days, morning).level) == (TODAY, "stop")
    crowd(days, morning, SKIN_MC, 60)
    assert (drift(days, morning).day, drift(days, morning).level) == (morning, "ok")
    assert days.drift(TODAY + timedelta(days=SPEAKS_DAYS + 2)) is None


def test_what_is_stored_comes_back_and_is_bounded() -> None:
    days = SkinDays()
    for number in range(40):
        crowd(days, TODAY + timedelta(days=number), SKIN_MC)
    assert len(days.days) == DAYS_BEFORE + SPEAKS_DAYS + 1
    assert restored(json.loads(json.dumps(days.stored()))) == days
    assert len(json.dumps(days.stored())) < 65_536


@pytest.mark.parametrize(
    "strange",
    [
        {"yesterday": {}},
        {"2026-02-19": 7},
        {"2026-02-19": {"5": {"341": -1, "342": True, "x": 1, "343": "1"}, "y": {"341": 1}}},
        {"2026-02-19": {"5": []}},
    ],
)
def test_a_strange_file_is_an_empty_one(strange: dict[str, object]) -> None:
    assert restored(strange).drift(date(2026, 2, 20)) is None


@given(st.lists(st.integers(30_000, 42_000), min_size=20, max_size=80))
def test_the_median_of_counts_is_that_of_the_people(skins: list[int]) -> None:
    days = SkinDays()
    for back in range(3, 0, -1):
        crowd(days, TODAY - timedelta(days=back), SKIN_MC)
    for skin_mc in skins:
        days.add(TODAY, ROOM_MC, skin_mc)
    ordered = sorted(skins)
    low, high = ordered[(len(skins) - 1) // 2], ordered[len(skins) // 2]
    assert low - SKIN_MC - 2 * BIN_MC <= drift(days).by_mc <= high - SKIN_MC + 2 * BIN_MC
    assert low <= median(skins) <= high
