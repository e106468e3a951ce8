"""How gates were manned, disinfected and in order on a day."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gated.hub import daily_gates
from gated.hub.daily_gates import Gap, LogRow

HOUR = 3_600_000
DAY = 24 * HOUR


def log(hour: float, kind: str, state: str = "", code: str = "", gate: str = "g1") -> LogRow:
    return LogRow(gate, "e", round(hour * 100) + 10_000, round(hour * HOUR), kind, code, state)


class TestDuty:
    def duty(self, shifts: Sequence[LogRow], *hours: float) -> daily_gates.Duty:
        passed = [("g1", round(hour * HOUR)) for hour in hours]
        (found,) = daily_gates.duties(shifts, passed, ["g1"], 0, DAY)
        return found

    def test_a_gate_that_never_told_of_a_shift_is_not_reported_and_not_unstaffed(self) -> None:
        found = self.duty([], 9, 10)
        assert (found.reported, found.gaps) == (False, ())

    def test_people_passing_before_and_after_the_shift_make_gaps(self) -> None:
        shifts = [log(8, "shift", "begin"), log(16, "shift", "end")]
        found = self.duty(shifts, 7, 9, 17, 18)
        assert found.gaps == (Gap(0, 8 * HOUR, 1), Gap(16 * HOUR, DAY, 2))
        assert found.unstaffed == 3

    def test_a_time_without_anybody_is_named_though_nobody_passed(self) -> None:
        found = self.duty([log(8, "shift", "begin"), log(16, "shift", "end")], 9)
        assert found.gaps == (Gap(0, 8 * HOUR, 0), Gap(16 * HOUR, DAY, 0))
        assert (found.unstaffed, found.never) == (0, False)

    @pytest.mark.parametrize(
        ("minutes", "hours", "gaps"),
        [(14, (), 0), (15, (), 1), (14, (12.1,), 1), (14, (13,), 0)],
    )
    def test_a_short_hand_over_is_a_gap_only_when_somebody_passed(
        self, minutes: int, hours: tuple[float, ...], gaps: int
    ) -> None:
        shifts = [
            log(0, "shift", "begin"),
            log(12, "shift", "end"),
            log(12 + minutes / 60, "shift", "begin"),
        ]
        assert len(self.duty(shifts, *hours).gaps) == gaps

    def test_a_gate_without_a_shift_all_day_has_one_gap(self) -> None:
        found = self.duty([log(-9, "shift", "begin"), log(-2, "shift", "end")])
        assert (found.gaps, found.never) == ((Gap(0, DAY, 0),), True)

    def test_a_gate_out_of_use_is_unstaffed_no_longer(self) -> None:
        shifts = [log(0, "shift", "begin"), log(8, "shift", "end")]
        (found,) = daily_gates.duties(shifts, [], ["g1"], 0, DAY, {"g1": 10 * HOUR})
        assert found.gaps == (Gap(8 * HOUR, 10 * HOUR, 0),)

    def test_a_shift_of_the_night_before_goes_on(self) -> None:
        found = self.duty([log(-2, "shift", "begin"), log(6, "shift", "end")], 5)
        assert found.gaps == (Gap(6 * HOUR, DAY, 0),)

    def test_a_shift_that_ended_the_day_before_does_not(self) -> None:
        shifts = [log(-9, "shift", "begin"), log(-2, "shift", "end")]
        assert self.duty(shifts, 5).gaps == (Gap(0, DAY, 1),)

    def test_a_hand_over_without_an_end_leaves_no_gap(self) -> None:
        shifts = [log(0, "shift", "begin"), log(12, "shift", "begin")]
        assert self.duty(shifts, 11, 13).gaps == ()

    @given(
        edges=st.lists(st.tuples(st.integers(-24, 30), st.booleans()), max_size=8),
        hours=st.lists(st.integers(0, 23), max_size=12),
    )
    def test_a_passage_is_in_a_gap_exactly_when_the_last_word_was_not_begin(
        self, edges: list[tuple[int, bool]], hours: list[int]
    ) -> None:
        shifts = [
            LogRow("g1", "e", n, hour * HOUR, "shift", "", "begin" if begins else "end")
            for n, (hour, begins) in enumerate(sorted(edges, key=lambda edge: edge[0]))
        ]
        found = self.duty(shifts, *hours)

        def manned(hour: int) -> bool:
            said = [one for one in shifts if one.t_ms <= hour * HOUR]
            return bool(said) and said[-1].state == "begin"

        bare = sum(not manned(hour) for hour in hours)
        assert found.unstaffed == (bare if shifts else 0)


class TestRounds:
    def rounds(self, *hours: float) -> daily_gates.Rounds:
        told = [log(hour, "round") for hour in hours]
        (found,) = daily_gates.rounds(told, ["g1"], 12, 0, DAY)
        return found

    def test_a_gate_without_rounds_is_not_reported(self) -> None:
        assert not self.rounds().reported

    def test_rounds_in_time_are_not_overdue(self) -> None:
        found = self.rounds(-4, 8, 20)
        assert (found.done, found.overdue_ms, found.last_ms) == (2, 0, 20 * HOUR)

    def test_the_time_beyond_the_limit_is_overdue_within_the_day_only(self) -> None:
        assert self.rounds(-20, 6).overdue_ms == (6 + 0) * HOUR + 6 * HOUR
        assert self.rounds(-100).overdue_ms == DAY
        assert self.rounds(0).overdue_ms == 12 * HOUR

    def test_rounds_after_the_day_are_not_counted(self) -> None:
        assert self.rounds(8, 25).done == 1


class TestFaults:
    def faults(self, *rows: LogRow) -> list[tuple[str, int, float, bool]]:
        found = daily_gates.faults(rows, 0, DAY)
        return [(one.code, one.times, one.lasted_ms / HOUR, one.standing) for one in found]

    def test_a_fault_lasts_until_it_is_cleared(self) -> None:
        rows = [log(3, "device", "since", "DEV_THERMO_FAULT")]
        rows += [log(5, "device", "cleared", "DEV_THERMO_FAULT")]
        assert self.faults(*rows) == [("DEV_THERMO_FAULT", 1, 2.0, False)]

    def test_a_fault_told_again_is_the_same_fault(self) -> None:
        rows = [log(hour, "device", "since", "DEV_STORE_90") for hour in (20, 21, 22)]
        assert self.faults(*rows) == [("DEV_STORE_90", 1, 4.0, True)]

    def test_a_fault_of_the_day_before_lasts_on(self) -> None:
        rows = [log(-5, "device", "since", "DEV_CAMERA_FAULT")]
        assert self.faults(*rows) == [("DEV_CAMERA_FAULT", 0, 24.0, True)]

    def test_one_that_was_over_before_is_not_listed(self) -> None:
        rows = [log(-5, "device", "since", "DEV_CAMERA_FAULT")]
        rows += [log(-4, "device", "cleared", "DEV_CAMERA_FAULT")]
        assert self.faults(*rows) == []

    def test_the_link_is_down_until_it_is_up(self) -> None:
        rows = [log(1, "device", "since", "DEV_LINK_UP")]
        rows += [
            log(2, "device", "since", "DEV_LINK_DOWN"),
            log(4, "device", "since", "DEV_LINK_UP"),
        ]
        assert self.faults(*rows) == [("DEV_LINK_DOWN", 1, 2.0, False)]

    def test_what_is_over_at_once_is_only_counted(self) -> None:
        rows = [log(hour, "device", "since", "DEV_UNCLEAN_START") for hour in (2, 3)]
        assert self.faults(*rows) == [("DEV_UNCLEAN_START", 2, 0.0, False)]
