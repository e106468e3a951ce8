"""Who is measured when: due times by local hours, what counts for them, what was missed."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import chain, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gated.hub.local_time import day_bounds
from gated.hub.observation import (
    GRACE_MS,
    HOUR_MS,
    LEAD_MS,
    LISTED_MS,
    DueReading,
    DueState,
    Reading,
    Span,
    due_readings,
    due_times,
    end_of,
    spans,
    windows,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")
ZONES = [SHANGHAI, ZoneInfo("Europe/Berlin"), ZoneInfo("America/St_Johns"), ZoneInfo("Asia/Tehran")]
HOURS = (9, 16)


def ms(text: str, zone: ZoneInfo = SHANGHAI) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp() * 1000)


@dataclass(frozen=True)
class Held:
    code: str = "observation"
    start: int | None = ms("2020-02-10T08:00")
    end: int | None = None
    set_ms: int = ms("2020-02-10T08:05")
    ended_ms: int | None = None


def listed_due(
    zone: ZoneInfo,
    hours: tuple[int, ...],
    watched: list[Span],
    readings: list[Reading],
    now_ms: int,
) -> list[DueReading]:
    return due_readings(windows(zone, hours, now_ms), watched, readings, now_ms)


def due(
    now: str, *readings: int, held: Held | None = None, hours: tuple[int, ...] = HOURS
) -> list[DueReading]:
    taken = [Reading(t_ms, 36_500, "nurse") for t_ms in readings]
    return listed_due(SHANGHAI, hours, spans([held or Held()]), taken, ms(now))


def states(*args: object, **more: object) -> list[str]:
    return [item.state.value for item in due(*args, **more)]  # type: ignore[arg-type] - of a table of cases


class TestSpans:
    def test_a_status_lasts_until_its_end_or_until_somebody_ended_it(self) -> None:
        assert end_of(Held(end=30, ended_ms=20)) == 20
        assert end_of(Held(end=10, ended_ms=20)) == 10
        assert end_of(Held()) is None

    def test_a_status_without_a_beginning_begins_when_it_was_set(self) -> None:
        assert spans([Held(start=None, set_ms=77)]) == [Span(77, None)]

    @pytest.mark.parametrize("code", ["observation", "home_quarantine", "close_contact"])
    def test_three_statuses_are_watched(self, code: str) -> None:
        assert spans([Held(code, 1, 9)]) == [Span(1, 9)]

    @pytest.mark.parametrize("code", ["second_contact", "arrival_pending", "moved_out", "released"])
    def test_others_are_not(self, code: str) -> None:
        assert spans([Held(code, 1, 9)]) == []

    def test_overlapping_statuses_are_one_span(self) -> None:
        held = [Held(start=5, end=9), Held("home_quarantine", 1, 6), Held(start=20, end=30)]
        assert spans(held) == [Span(1, 9), Span(20, 30)]

    def test_an_open_status_swallows_what_follows(self) -> None:
        assert spans([Held(start=1), Held(start=5, end=9)]) == [Span(1, None)]

    def test_a_release_ends_what_began_before_it_and_nothing_after(self) -> None:
        held = [Held(start=1), Held("released", 10, None), Held(start=20)]
        assert spans(held) == [Span(1, 10), Span(20, None)]

    def test_a_status_that_ends_before_it_begins_is_none(self) -> None:
        assert spans([Held(start=10, ended_ms=5)]) == []


class TestDueTimes:
    def test_every_hour_of_every_local_day_in_order(self) -> None:
        found = due_times(SHANGHAI, (16, 9), ms("2020-02-10T09:00"), ms("2020-02-11T16:00"))
        assert found == [
            ms("2020-02-10T09:00"),
            ms("2020-02-10T16:00"),
            ms("2020-02-11T09:00"),
        ]

    def test_an_hour_the_clocks_jump_over_still_comes_once(self) -> None:
        zone = ZoneInfo("Europe/Berlin")
        found = due_times(zone, (2, 9), ms("2020-03-29T00:00", zone), ms("2020-03-30T00:00", zone))
        assert found == [ms("2020-03-29T03:00", zone), ms("2020-03-29T09:00", zone)]

    def test_an_hour_that_comes_twice_counts_once(self) -> None:
        zone = ZoneInfo("Europe/Berlin")
        found = due_times(zone, (2,), ms("2020-10-25T00:00", zone), ms("2020-10-26T00:00", zone))
        assert len(found) == 1

    def test_a_day_that_a_zone_skipped_gives_no_second_reading_at_one_instant(self) -> None:
        apia = ZoneInfo("Pacific/Apia")  # 2011-12-30 did not happen there
        found = due_times(apia, HOURS, ms("2011-12-29T00:00", apia), ms("2012-01-01T00:00", apia))
        assert len(found) == len(set(found)) == 4

    @given(
        zone=st.sampled_from(ZONES),
        hours=st.sets(st.integers(0, 23), min_size=1, max_size=4),
        start_h=st.integers(0, 24 * 400),
        days=st.integers(1, 20),
    )
    def test_any_span_of_days_has_each_hour_once_a_day(
        self, zone: ZoneInfo, hours: set[int], start_h: int, days: int
    ) -> None:
        begin = datetime(2020, 1, 1, tzinfo=zone) + timedelta(hours=start_h)
        first = begin.date()
        start, _ = day_bounds(zone, first)
        end, _ = day_bounds(zone, first + timedelta(days=days))
        found = due_times(zone, hours, start, end)
        assert found == sorted(set(found))
        assert all(start <= at < end for at in found)
        # the hour a change skips may coincide with the hour after it, once
        assert days * len(hours) - 1 <= len(found) <= days * len(hours)

    @given(
        zone=st.sampled_from(ZONES),
        cuts=st.lists(st.integers(0, 24 * 90 * 60), min_size=3, max_size=6, unique=True),
    )
    def test_neighbouring_spans_share_no_due_time_and_lose_none(
        self, zone: ZoneInfo, cuts: list[int]
    ) -> None:
        base = ms("2020-03-01T00:00", zone)
        edges = [base + cut * 60_000 for cut in sorted(cuts)]
        parts = [due_times(zone, HOURS, one, two) for one, two in pairwise(edges)]
        assert list(chain.from_iterable(parts)) == due_times(zone, HOURS, edges[0], edges[-1])

    def test_a_day_begins_at_local_midnight(self) -> None:
        start, end = day_bounds(SHANGHAI, date(2020, 2, 10))
        assert (start, end) == (ms("2020-02-10T00:00"), ms("2020-02-11T00:00"))

    def test_a_day_of_changing_clocks_is_an_hour_shorter(self) -> None:
        start, end = day_bounds(ZoneInfo("Europe/Berlin"), date(2020, 3, 29))
        assert end - start == 23 * HOUR_MS


class TestDueReadings:
    def test_nothing_is_due_more_than_two_hours_ahead(self) -> None:
        assert states("2020-02-10T06:59") == []

    def test_due_from_two_hours_before(self) -> None:
        held = Held(start=ms("2020-02-09T00:00"))
        assert states("2020-02-10T06:59", held=held)[-1] == "overdue"  # yesterday's
        assert states("2020-02-10T07:00", held=held)[-1] == "due"

    def test_overdue_an_hour_after_its_time(self) -> None:
        assert states("2020-02-10T10:00") == ["due"]
        assert states("2020-02-10T10:01") == ["overdue"]

    def test_a_reading_up_to_two_hours_early_counts(self) -> None:
        early = ms("2020-02-10T07:00")
        assert states("2020-02-10T12:00", early) == ["done"]
        assert states("2020-02-10T12:00", early - 1) == ["overdue"]

    def test_a_late_reading_counts_until_two_hours_before_the_next_due_time(self) -> None:
        assert states("2020-02-10T18:00", ms("2020-02-10T13:59")) == ["done", "overdue"]
        assert states("2020-02-10T18:00", ms("2020-02-10T14:00")) == ["overdue", "done"]
        assert states("2020-02-10T18:00", ms("2020-02-10T16:00")) == ["overdue", "done"]

    def test_one_reading_in_the_afternoon_is_not_two(self) -> None:
        assert states("2020-02-10T18:00", ms("2020-02-10T14:30")) == ["overdue", "done"]

    def test_hours_close_together_share_the_time_between_them(self) -> None:
        held, hours = Held(start=ms("2020-02-10T08:30")), (9, 11, 12)
        for at, found in {
            "07:00": ["done", "overdue", "overdue"],
            "09:59": ["done", "overdue", "overdue"],
            "10:00": ["overdue", "done", "overdue"],
            "11:29": ["overdue", "done", "overdue"],
            "11:30": ["overdue", "overdue", "done"],
        }.items():
            stamp = ms(f"2020-02-10T{at}")
            assert states("2020-02-10T16:00", stamp, held=held, hours=hours) == found

    def test_the_first_reading_that_counts_is_the_one_shown(self) -> None:
        first, second = ms("2020-02-10T08:50"), ms("2020-02-10T09:30")
        (item,) = due("2020-02-10T10:00", second, first)
        assert item.reading is not None
        assert item.reading.t_ms == first
        assert item.until_ms == ms("2020-02-10T14:00")

    def test_nothing_is_due_after_the_end(self) -> None:
        held = Held(end=ms("2020-02-10T16:00"))
        assert states("2020-02-12T12:00", held=held) == ["overdue"]

    def test_a_release_stops_the_readings(self) -> None:
        held = [Held(), Held("released", ms("2020-02-10T12:00"))]
        listed = listed_due(SHANGHAI, HOURS, spans(held), [], ms("2020-02-12T12:00"))
        assert [item.at_ms for item in listed] == [ms("2020-02-10T09:00")]

    def test_one_hour_a_day_has_its_window_until_the_next_day(self) -> None:
        (item, *_) = due("2020-02-10T12:00", ms("2020-02-11T06:59"), hours=(9,))
        assert item.until_ms == ms("2020-02-11T07:00")
        assert item.state is DueState.DONE

    def test_a_status_nobody_ended_lists_a_month_at_most(self) -> None:
        listed = due("2021-02-10T12:00")
        assert len(listed) <= 2 * 31
        assert listed[0].at_ms >= ms("2021-02-10T12:00") - LISTED_MS

    @given(
        zone=st.sampled_from(ZONES),
        start_min=st.integers(0, 60 * 24 * 60),
        length_min=st.one_of(st.none(), st.integers(1, 60 * 24 * 20)),
        now_min=st.integers(0, 60 * 24 * 80),
        taken=st.lists(st.integers(0, 60 * 24 * 80), max_size=12),
    )
    def test_each_state_says_what_is_so(
        self,
        zone: ZoneInfo,
        start_min: int,
        length_min: int | None,
        now_min: int,
        taken: list[int],
    ) -> None:
        base = ms("2020-03-01T00:00", zone)
        start, now = base + start_min * 60_000, base + now_min * 60_000
        span = Span(start, None if length_min is None else start + length_min * 60_000)
        readings = [Reading(base + at * 60_000, 36_600, "x") for at in taken]
        listed = listed_due(zone, HOURS, [span], readings, now)
        assert [item.at_ms for item in listed] == sorted({item.at_ms for item in listed})
        for item in listed:
            assert span.holds(item.at_ms)
            assert item.at_ms - LEAD_MS <= now
            counting = [
                one.t_ms for one in readings if item.at_ms - LEAD_MS <= one.t_ms < item.until_ms
            ]
            if item.state is DueState.DONE:
                assert item.reading is not None
                assert item.reading.t_ms == min(counting)
            else:
                assert counting == []
                assert item.reading is None
                assert (item.state is DueState.OVERDUE) == (now > item.at_ms + GRACE_MS)

    @given(
        zone=st.sampled_from(ZONES),
        hours=st.sets(st.integers(0, 23), min_size=1, max_size=6),
        now_min=st.integers(0, 60 * 24 * 300),
        taken_min=st.integers(0, 60 * 24 * 20),
    )
    def test_every_reading_counts_for_exactly_one_due_time(
        self, zone: ZoneInfo, hours: set[int], now_min: int, taken_min: int
    ) -> None:
        now = ms("2020-03-01T00:00", zone) + now_min * 60_000
        listed = windows(zone, sorted(hours), now)
        assert all(one.from_ms < one.at_ms < one.until_ms for one in listed)
        assert all(one.until_ms == two.from_ms for one, two in pairwise(listed))
        stamp = now - taken_min * 60_000
        assert sum(one.from_ms <= stamp < one.until_ms for one in listed) == 1

    @given(taken=st.lists(st.integers(0, 60 * 24 * 3), max_size=6), more=st.integers(0, 4320))
    def test_one_more_reading_never_makes_anything_overdue(
        self, taken: list[int], more: int
    ) -> None:
        base = ms("2020-02-10T08:00")
        stamps = [base + at * 60_000 for at in taken]
        before = due("2020-02-13T12:00", *stamps)
        after = due("2020-02-13T12:00", *stamps, base + more * 60_000)
        overdue = {item.at_ms for item in before if item.state is DueState.OVERDUE}
        assert {item.at_ms for item in after if item.state is DueState.OVERDUE} <= overdue
