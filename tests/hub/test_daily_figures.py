"""What a day at the gates comes to: visits, fevers, guards, open cases, readings due."""

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gated.hub import daily_cases, daily_figures
from gated.hub.daily_cases import ARRIVALS, CASES, CaseCount, DueCount
from gated.hub.daily_figures import Count, FeverState, Row, band, traffic, visits
from gated.hub.local_time import day_bounds
from gated.hub.observation import Reading
from gated.hub.person_rows import StatusRow

HOUR = 3_600_000
DAY = 24 * HOUR
ANNA, BEN = b"a" * 16, b"b" * 16


def row(seq: int, hour: float = 9, verdict: str = "ALLOW", **more: object) -> Row:
    reason = more.pop("reason", "OK_RESIDENT")
    values: dict[str, object] = {
        "gate": "g1",
        "epoch": "e",
        "seq": seq,
        "root": more.pop("of", None) or seq,
        "t_ms": round(hour * HOUR),
        "certain": True,
        "direction": "in",
        "person": ANNA,
        "verdict": verdict,
        "reason": reason,
        "reasons": (reason,),
    }
    return Row(**(values | more))  # type: ignore[arg-type] - of a table of cases


def figures(*rows: Row, start: int = 0, end: int = DAY) -> daily_figures.Traffic:
    return traffic(visits(rows, start, end), lambda ms: ms // HOUR)


class TestVisits:
    def test_rows_of_one_visit_count_once_with_the_last_word(self) -> None:
        found = figures(
            row(1, verdict="CHECK", reason="TEMP_HIGH_RETRY"),
            row(2, 9.1, "STOP", of=1, reason="TEMP_HIGH"),
            row(3, 9.2, "ALLOW_NOTE", of=1, reason="GUARD_MEDICAL"),
        )
        assert found.passages == 3
        assert found.visits == Count("", 1, 0)
        assert found.passed == Count("", 1, 0)
        assert found.refused == Count("", 0, 0)
        assert found.by_reason == (Count("GUARD_MEDICAL", 1, 0),)

    def test_a_visit_over_midnight_belongs_to_the_day_it_began(self) -> None:
        rows = [row(1, 23.99, "CHECK"), row(2, 24.01, "ALLOW_NOTE", of=1)]
        assert figures(*rows).passed.total == 1
        assert figures(*rows, start=DAY, end=2 * DAY).visits.total == 0

    def test_the_same_number_at_another_gate_or_epoch_is_another_visit(self) -> None:
        found = figures(row(1), row(1, gate="g2"), row(1, epoch="f"))
        assert found.visits.total == 3
        assert found.persons == 1

    def test_who_it_was_is_known_as_soon_as_one_row_knows(self) -> None:
        found = figures(row(1, person=None), row(2, of=1), row(3, person=None))
        assert (found.persons, found.unknown) == (1, 1)

    def test_directions_gates_bands_and_verdicts_are_told_apart(self) -> None:
        found = figures(
            row(1, 9),
            row(2, 9.5, direction="out", gate="g2"),
            row(3, 23, "STOP", direction="out", reason="TIME_CURFEW"),
            row(4, 10, "CHECK", reason="TEMP_MISSING"),
        )
        assert found.by_gate == (Count("g1", 2, 1), Count("g2", 0, 1))
        assert found.by_band == (Count("08-10", 1, 1), Count("10-12", 1, 0), Count("22-24", 0, 1))
        assert [one.name for one in found.by_verdict] == ["ALLOW", "CHECK", "STOP"]
        assert found.waiting == Count("", 1, 0)
        assert found.refusals == (Count("TIME_CURFEW", 0, 1),)

    def test_what_is_doubtful_is_counted(self) -> None:
        found = figures(row(1, late=True), row(2, certain=False), row(3, shadow=True))
        assert (found.late, found.uncertain, found.shadow) == (1, 1, 1)

    def test_ten_reasons_are_listed_most_frequent_first(self) -> None:
        rows = [row(n, reason=f"R{n % 12:02}") for n in range(1, 40)]
        listed = figures(*rows).by_reason
        assert len(listed) == daily_figures.TOP_REASONS
        assert [one.total for one in listed] == sorted((one.total for one in listed), reverse=True)

    @pytest.mark.parametrize(("hour", "name"), [(0, "00-02"), (7, "06-08"), (23, "22-24")])
    def test_bands_have_two_hours(self, hour: int, name: str) -> None:
        assert band(hour) == name

    @given(
        shape=st.lists(
            st.tuples(
                st.integers(0, 3 * 24 * 60),
                st.sampled_from(["ALLOW", "ALLOW_NOTE", "CHECK", "STOP"]),
                st.sampled_from(["in", "out"]),
                st.integers(1, 3),
            ),
            max_size=30,
        )
    )
    def test_every_visit_is_counted_on_one_day_and_under_one_word(
        self, shape: list[tuple[int, str, str, int]]
    ) -> None:
        rows, seq = [], 0
        for minute, verdict, direction, length in shape:
            first = seq + 1
            for step in range(length):
                seq += 1
                hour = (minute + step) / 60
                rows.append(row(seq, hour, verdict, of=first, direction=direction))
        days = [figures(*rows, start=n * DAY, end=(n + 1) * DAY) for n in range(4)]
        assert sum(one.visits.total for one in days) == len(shape)
        assert sum(one.passages for one in days) == len(rows)
        for one in days:
            words = one.passed.total + one.waiting.total + one.refused.total
            assert words == one.visits.total
            assert sum(count.total for count in one.by_gate) == one.visits.total
            assert sum(count.total for count in one.by_band) == one.visits.total


class TestFevers:
    @pytest.mark.parametrize(
        ("codes", "state"),
        [
            (["TEMP_HIGH"], FeverState.OPEN),
            (["TEMP_HIGH", "TEMP_CLINICAL_HIGH"], FeverState.CONFIRMED),
            (["TEMP_HIGH", "TEMP_CLINICAL_OK"], FeverState.CLEARED),
            (["TEMP_CLINICAL_HIGH"], FeverState.CONFIRMED),
            (["TEMP_CLINICAL_HIGH", "TEMP_CLINICAL_OK"], FeverState.CLEARED),
            (["TEMP_HIGH", "GUARD_MEDICAL"], FeverState.OPEN),
        ],
    )
    def test_a_clinical_value_decides(self, codes: list[str], state: FeverState) -> None:
        rows = [row(n, 9 + n / 60, "STOP", reason=code, of=1) for n, code in enumerate(codes, 1)]
        (case,) = figures(*rows).fevers
        assert case.state is state
        assert (case.number, case.gate, case.seq) == (1, "g1", 1)

    def test_one_high_reading_that_is_to_be_repeated_is_no_fever(self) -> None:
        assert figures(row(1, verdict="CHECK", reason="TEMP_HIGH_RETRY")).fevers == ()

    def test_a_fever_behind_a_more_severe_reason_is_found(self) -> None:
        (case,) = figures(row(1, verdict="STOP", reasons=("STAT_CONTACT", "TEMP_HIGH"))).fevers
        assert case.state is FeverState.OPEN

    def test_cases_are_numbered_through_the_day_and_name_nobody(self) -> None:
        found = figures(
            row(5, 15, reason="TEMP_HIGH"), row(1, 8, reason="TEMP_HIGH", gate="g2")
        ).fevers
        assert [(case.number, case.gate) for case in found] == [(1, "g2"), (2, "g1")]
        assert "person" not in repr(found)


class TestGuards:
    def test_manual_passes_and_refusals_are_counted_by_guard_and_reason(self) -> None:
        found = figures(
            *(
                row(n, guard="G1", guard_act="manual_pass", override="medical", of=n)
                for n in (1, 2)
            ),
            row(3, guard="G1", guard_act="manual_pass", override="known"),
            row(4, guard="G2", guard_act="refuse", override="document"),
            row(5, guard="G2", guard_act="clinical"),
        )
        assert [(one.guard, one.reason, one.count) for one in found.overrides] == [
            ("G1", "medical", 2),
            ("G1", "known", 1),
        ]
        assert [(one.guard, one.reason, one.count) for one in found.guard_refusals] == [
            ("G2", "document", 1)
        ]


def held(code: str, start: int, end: int | None = None, ended: int | None = None) -> StatusRow:
    return StatusRow(ANNA, 1, code, start, end, "office", "x", start, "", ended)


class TestCases:
    def count(self, *statuses: StatusRow, code: str = "observation") -> tuple[int, int, int]:
        found = daily_cases.cases({ANNA: list(statuses)}, 0, DAY)
        (one,) = [item for item in found if item.code == code]
        return one.standing, one.new, one.ended

    def test_every_kind_of_case_has_its_line(self) -> None:
        found = daily_cases.cases({}, 0, DAY)
        assert found == tuple(CaseCount(code.value, 0, 0, 0) for code in CASES)

    @pytest.mark.parametrize(
        ("status", "counts"),
        [
            (held("observation", -DAY), (1, 0, 0)),
            (held("observation", HOUR), (1, 1, 0)),
            (held("observation", -DAY, end=HOUR), (0, 0, 1)),
            (held("observation", -DAY, ended=HOUR), (0, 0, 1)),
            (held("observation", HOUR, ended=2 * HOUR), (0, 1, 1)),
            (held("observation", -DAY, end=0), (0, 0, 0)),
            (held("observation", -DAY, end=DAY), (1, 0, 0)),
            (held("observation", DAY), (0, 0, 0)),
        ],
    )
    def test_a_case_stands_is_new_or_has_ended(
        self, status: StatusRow, counts: tuple[int, int, int]
    ) -> None:
        assert self.count(status) == counts

    def test_a_person_counts_once_whatever_is_written_twice(self) -> None:
        assert self.count(held("observation", -DAY), held("observation", HOUR)) == (1, 0, 0)

    def test_a_status_carried_on_by_another_neither_ends_nor_begins(self) -> None:
        assert self.count(held("observation", -DAY, end=HOUR), held("observation", HOUR)) == (
            1,
            0,
            0,
        )

    def test_a_release_ends_the_case(self) -> None:
        statuses = [held("home_quarantine", -DAY), held("released", HOUR)]
        assert self.count(*statuses, code="home_quarantine") == (0, 0, 1)
        assert daily_cases.released({ANNA: statuses}, 0, DAY) == 1
        assert daily_cases.released({ANNA: statuses}, DAY, 2 * DAY) == 0

    def test_arrivals_are_counted_when_they_were_noted(self) -> None:
        history = {
            ANNA: [held("from_epidemic_area", HOUR), held("from_epidemic_area", 2 * HOUR)],
            BEN: [held("arrival_pending", -HOUR)],
        }
        found = daily_cases.newly_set(history, 0, DAY)
        assert found == {code.value: int(code == "from_epidemic_area") for code in ARRIVALS}


class TestDue:
    ZONE = ZoneInfo("Asia/Shanghai")

    def due(self, *readings: int, now: int = 3 * DAY) -> DueCount:
        from datetime import date

        start, end = day_bounds(self.ZONE, date(1970, 1, 20))
        history = {ANNA: [held("observation", start - DAY)]}
        taken = {ANNA: [Reading(start + at, 36_500, "x") for at in readings]}
        return daily_cases.due(history, taken, self.ZONE, (9, 16), (start, end), start + now)

    def test_a_day_without_readings_is_overdue_twice_for_one_person(self) -> None:
        assert self.due() == DueCount(due=2, done=0, overdue=2, overdue_people=1)

    def test_readings_taken_are_done(self) -> None:
        assert self.due(9 * HOUR, 16 * HOUR) == DueCount(due=2, done=2)

    def test_a_reading_after_midnight_still_counts_for_the_afternoon(self) -> None:
        assert self.due(9 * HOUR, 25 * HOUR) == DueCount(due=2, done=2)

    def test_while_the_day_lasts_only_what_was_due_so_far_is_counted(self) -> None:
        assert self.due(now=12 * HOUR) == DueCount(due=1, done=0, overdue=1, overdue_people=1)

    def test_an_old_day_is_told_as_it_was(self) -> None:
        assert self.due(now=300 * DAY).overdue == 2
