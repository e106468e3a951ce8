"""The report of a day: read from the tables of one site, audited, without a single name."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import insert

from gated.core.model import StatusCode
from gated.hub.daily_figures import Count
from gated.hub.daily_gates import Gap
from gated.hub.daily_report import DailyReport, Report, ReportRefused
from gated.hub.daily_table import csv_of, sections
from gated.hub.daily_words import WORDS
from gated.hub.person_file import PersonFile
from gated.hub.roles import Role
from gated.hub.schema_records import INBOX
from gated.hub.status_words import STATUSES, status
from tests.support.hub_command import hub
from tests.support.office import NOON_MS, Desk, open_desk
from tests.support.records import plant, plant_gate, plant_log
from tests.support.residents import plant_person, plant_status

HOUR = 3_600_000
DAY_MS = 24 * HOUR
DAY = date(2020, 2, 10)
START = NOON_MS - 12 * HOUR  # local midnight


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    found = open_desk(tmp_path)
    yield found
    found.office.database.close()


def report(desk: Desk, day: date = DAY) -> Report:
    return DailyReport(desk.office).of(desk.actor(), day)


def at(hour: float) -> int:
    return START + round(hour * HOUR)


def plant_day(desk: Desk) -> bytes:
    """A day with something in every table of the report; return the person of the fever."""
    office = desk.office
    desk.clock.now_ms = START + DAY_MS + HOUR
    seen = desk.clock.now_ms
    plant_gate(office, "east-1", seen_ms=seen, last=5, upto=5, name="东门", name_en="East gate")
    plant_gate(office, "east-2", online=False, seen_ms=at(10), last=9, upto=3, name="北门")
    ref = plant_person(office)
    fever = plant(office, gate="east-1", t_ms=at(9), person=ref, verdict="STOP", reason="TEMP_HIGH")
    plant(
        office,
        gate="east-1",
        t_ms=at(9.1),
        person=ref,
        verdict="STOP",
        reason="TEMP_CLINICAL_HIGH",
        of_seq=fever[2],
        guard="G017",
        guard_act="clinical",
    )
    plant(
        office,
        gate="east-2",
        t_ms=at(17),
        direction="out",
        verdict="ALLOW_NOTE",
        reason="GUARD_MEDICAL",
        guard="G018",
        guard_act="manual_pass",
        override="medical",
    )
    plant(office, gate="east-2", t_ms=at(8), verdict="STOP", reason="ID_VISITOR_UNREGISTERED")
    plant(office, gate="east-1", t_ms=at(11), epoch="paper", late=True, person=ref)
    plant(office, gate="west-1", t_ms=at(9), site="west")
    plant_log(office, gate="east-1", t_ms=at(-1), kind="shift", state="begin")
    plant_log(office, gate="east-1", t_ms=at(8.5), kind="shift", state="end")
    plant_log(office, gate="east-1", t_ms=at(2), kind="round")
    plant_log(office, gate="east-2", t_ms=at(6), kind="device", code="DEV_LINK_DOWN", state="since")
    plant_log(office, gate="west-1", t_ms=at(2), kind="round", site="west")
    plant_status(office, ref, "observation", start=at(7))
    plant_status(office, plant_person(office, number=2), "from_epidemic_area", start=at(12))
    PersonFile(office).add_reading(desk.actor(), ref, at(9.5), 38_100)
    with office.database.writing("plant a registration") as connection:
        connection.execute(
            insert(INBOX).values(
                source="x", site="east", gate="east-1", kind="registration", code="returnee",
                t_ms=at(13), certain=True,
            )
        )  # fmt: skip
    return ref


class TestFigures:
    def test_every_part_of_the_day_is_there(self, desk: Desk) -> None:
        plant_day(desk)
        made = report(desk)
        assert made.traffic.visits == Count("", 3, 1)
        assert made.traffic.refused == Count("", 2, 0)
        assert made.traffic.late == 1
        assert [case.state.value for case in made.traffic.fevers] == ["confirmed"]
        assert [(one.guard, one.reason) for one in made.traffic.overrides] == [("G018", "medical")]
        assert made.fever_readings == 1
        assert made.arrivals.registrations == {"returnee": 1}
        assert made.arrivals.statuses["from_epidemic_area"] == 1
        (observed,) = [case for case in made.cases if case.code == "observation"]
        assert (observed.standing, observed.new) == (1, 1)
        assert (made.due.due, made.due.done, made.due.overdue) == (2, 1, 1)

    def test_manned_unmanned_and_silent_gates_are_told_apart(self, desk: Desk) -> None:
        plant_day(desk)
        made = report(desk)
        east, silent = made.duty
        assert east.gaps == (Gap(at(8.5), at(24), 1),)
        assert (silent.gate, silent.reported) == ("east-2", False)
        assert [one.gate for one in made.unstaffed] == ["east-1"]

    def test_rounds_and_faults_are_of_this_site(self, desk: Desk) -> None:
        plant_day(desk)
        made = report(desk)
        assert [(one.gate, one.done, one.overdue_ms) for one in made.rounds] == [
            ("east-1", 1, 10 * HOUR),
            ("east-2", 0, 0),
        ]
        (down,) = made.faults
        assert (down.code, down.lasted_ms, down.standing) == ("DEV_LINK_DOWN", 18 * HOUR, True)

    def test_gates_with_records_still_to_come_are_named(self, desk: Desk) -> None:
        plant_day(desk)
        assert [one.gate for one in report(desk).incomplete][-1:] == ["east-2"]

    def test_days_do_not_overlap(self, desk: Desk) -> None:
        desk.clock.now_ms = START + 3 * DAY_MS
        for hour in (-0.01, 0, 23.99, 24):
            plant(desk.office, gate="east-1", t_ms=at(hour))
        found = [report(desk, date(2020, 2, n)).traffic.visits.total for n in (9, 10, 11)]
        assert found == [1, 2, 1]

    def test_while_the_day_lasts_the_report_says_so(self, desk: Desk) -> None:
        made = report(desk)
        assert (made.until_ms, made.over) == (NOON_MS, False)
        desk.clock.now_ms = START + 2 * DAY_MS
        assert report(desk).over

    def test_a_day_without_anything_is_a_report_of_noughts(self, desk: Desk) -> None:
        made = report(desk)
        assert made.traffic.visits.total == 0
        for section in sections(made, "zh", str):
            assert not section.alarm


class TestWhoAndWhat:
    def test_a_report_is_audited(self, desk: Desk) -> None:
        report(desk)
        (row,) = desk.office.audit.rows("east")
        assert (row.action, row.target) == ("report", "report:2020-02-10")

    @pytest.mark.parametrize("role", [Role.PROPERTY, Role.AUDITOR])
    def test_only_officers_get_one(self, desk: Desk, role: Role) -> None:
        with pytest.raises(ReportRefused, match=role.value):
            DailyReport(desk.office).of(desk.actor(role), DAY)
        assert desk.office.audit.rows("east") == []

    @pytest.mark.parametrize("day", [date(2020, 2, 11), date.max])
    def test_a_day_to_come_has_none(self, desk: Desk, day: date) -> None:
        with pytest.raises(ReportRefused, match="not begun"):
            report(desk, day)

    def test_a_day_of_another_age_has_none(self, desk: Desk) -> None:
        with pytest.raises(ReportRefused, match="no records"):
            report(desk, date.min)

    def test_today_is_the_local_day(self, desk: Desk) -> None:
        desk.clock.now_ms = START + HOUR  # still the 9th in UTC
        assert DailyReport(desk.office).today("east") == DAY

    @pytest.mark.parametrize("language", ["zh", "en"])
    def test_nobody_is_named_in_any_form(self, desk: Desk, language: str) -> None:
        ref = plant_day(desk)
        made = report(desk)
        tables = sections(made, "zh" if language == "zh" else "en", str)
        text = csv_of("x", tables) + json.dumps(made.as_json(), ensure_ascii=False) + repr(made)
        for word in ("王", "小明", "3-2-1", "1380000", "11010119900101", ref.hex()[:8]):
            assert word not in text


class TestTables:
    def test_words_are_chinese_or_english(self, desk: Desk) -> None:
        plant_day(desk)
        made = report(desk)
        chinese = csv_of("", sections(made, "zh", lambda ms: ""))
        english = csv_of("", sections(made, "en", lambda ms: ""))
        assert "复测发热" in chinese
        assert "东门" in chinese
        assert "fever confirmed" in english
        assert "East gate" in english

    def test_a_missing_gate_is_the_first_thing_one_reads(self, desk: Desk) -> None:
        plant_day(desk)
        first = sections(report(desk), "en", lambda ms: "then")[0]
        assert (first.key, first.alarm) == ("incomplete", True)

    def test_every_row_is_as_wide_as_its_heading(self, desk: Desk) -> None:
        plant_day(desk)
        for section in sections(report(desk), "zh", str):
            assert {len(row) for row in section.rows} <= {len(section.columns)}, section.key

    def test_a_gate_that_nobody_stood_at_is_one_line(self, desk: Desk) -> None:
        plant_day(desk)
        plant_log(desk.office, gate="east-2", t_ms=at(-2), kind="shift", state="end")
        (duty,) = [one for one in sections(report(desk), "en", str) if one.key == "duty"]
        assert duty.rows == (
            ("East gate", str(at(8.5)), "24:00", 1),
            ("北门", "no shift that day", "", 2),
        )
        assert duty.instants == {1, 2}

    def test_unstaffed_time_in_which_nobody_passed_is_told_and_raises_no_alarm(
        self, desk: Desk
    ) -> None:
        desk.clock.now_ms = START + DAY_MS
        plant_gate(desk.office, "east-1", seen_ms=desk.clock.now_ms, name_en="East gate")
        plant_log(desk.office, gate="east-1", t_ms=at(8), kind="shift", state="begin")
        (duty,) = [one for one in sections(report(desk), "en", str) if one.key == "duty"]
        assert duty.rows == (("East gate", str(at(0)), str(at(8)), 0),)
        assert not duty.alarm

    def test_what_needs_a_look_is_marked(self, desk: Desk) -> None:
        plant_day(desk)
        marked = {one.key for one in sections(report(desk), "zh", str) if one.alarm}
        assert marked == {"incomplete", "fevers", "due", "duty", "rounds", "faults"}

    def test_the_csv_opens_as_a_table_and_runs_nothing(self, desk: Desk) -> None:
        plant_gate(desk.office, "east-1", name="=1+1")
        rows = list(csv.reader(io.StringIO(csv_of("=x", sections(report(desk), "zh", str)))))
        assert rows[0][0].endswith("'=x")
        assert not any(cell.startswith(("=", "+", "@")) for row in rows for cell in row)

    def test_every_status_has_its_words(self) -> None:
        assert set(STATUSES) == set(StatusCode)
        assert status("observation", "zh") == "留观"
        assert status("of_a_later_version", "en") == "of_a_later_version"

    def test_every_word_exists_in_both_languages(self) -> None:
        for key, (zh, en) in WORDS.items():
            assert zh.strip(), key
            assert en.isascii(), key


class TestCommand:
    def test_the_report_as_json_has_iso_instants(self, desk: Desk, tmp_path: Path) -> None:
        plant_day(desk)
        done = hub(tmp_path, "report", "--day", "2020-02-10", "--json")
        assert done.exit_code == 0, done.output
        made = json.loads(done.stdout)
        assert (made["day"], made["site"], made["over"]) == ("2020-02-10", "east", True)
        assert made["start"] == "2020-02-09T16:00:00+00:00"
        assert made["traffic"]["fevers"][0]["state"] == "confirmed"
        assert made["duty"][0]["gaps"][0]["end"] == "2020-02-10T16:00:00+00:00"

    def test_the_report_as_text_and_as_a_file(self, desk: Desk, tmp_path: Path) -> None:
        plant_day(desk)
        file = tmp_path / "day.csv"
        assert "复测发热" in hub(tmp_path, "report", "--day", "2020-02-10").stdout
        done = hub(
            tmp_path, "report", "--day", "2020-02-10", "--language", "en", "--csv", str(file)
        )
        assert (done.exit_code, done.stdout) == (0, "")
        assert "fever confirmed" in file.read_text("utf-8-sig")

    def test_another_site_has_its_own_report(self, desk: Desk, tmp_path: Path) -> None:
        plant_day(desk)
        done = hub(tmp_path, "report", "--day", "2020-02-10", "--json", "--site", "west")
        assert json.loads(done.stdout)["traffic"]["visits"] == {
            "name": "", "inward": 1, "outward": 0,
        }  # fmt: skip

    def test_who_asked_is_in_the_audit(self, desk: Desk, tmp_path: Path) -> None:
        hub(tmp_path, "report", "--day", "2020-02-10")
        (row,) = desk.office.audit.rows("east")
        assert row.actor.startswith("cli:")

    @pytest.mark.parametrize("day", ["10.02.2020", "2020-02-31", "yesterday"])
    def test_what_is_no_day_is_refused(self, desk: Desk, tmp_path: Path, day: str) -> None:
        done = hub(tmp_path, "report", "--day", day)
        assert done.exit_code == 2
        assert "2020-02-10" in done.stderr

    def test_a_file_that_cannot_be_written_is_named(self, desk: Desk, tmp_path: Path) -> None:
        file = tmp_path / "missing" / "day.csv"
        done = hub(tmp_path, "report", "--day", "2020-02-10", "--csv", str(file))
        assert done.exit_code == 1
        assert "folder" in done.stderr
