"""The ledger holds every record of a local day, masked or whole, and opens in a spreadsheet."""

import csv
import io
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from openpyxl import load_workbook

from gated.hub.day_ledger import GROUP, DayLedger, Export, ExportRefused, Order
from gated.hub.late_entry import LateEntries, PaperLine
from gated.hub.local_time import day_bounds
from gated.hub.roles import Role
from tests.support.office import NOON_MS, Desk, open_desk
from tests.support.records import plant, plant_gate
from tests.support.townsfolk import enter, id_number

DAY = date(2020, 2, 10)
SHANGHAI = ZoneInfo("Asia/Shanghai")
HOUR = 3_600_000


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return open_desk(tmp_path)


def export(desk: Desk, role: Role = Role.OFFICER, **order: object) -> Export:
    return DayLedger(desk.office).export(desk.actor(role), Order(DAY, **order), "上报街道")  # type: ignore[arg-type] - as the test says


def table(made: Export) -> list[dict[str, str]]:
    text = made.body.decode("utf-8")
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def fill(desk: Desk) -> bytes:
    anna = enter(desk.office, ("王小明", "3-2-101"))[0]
    more = {"temp_mc": 36_549, "guard": "G7"}
    plant(
        desk.office,
        gate="north",
        t_ms=NOON_MS,
        person=anna,
        seq=1,
        verdict="CHECK",
        reason="TEMP_MISSING",
    )
    plant(desk.office, gate="north", t_ms=NOON_MS + 9_000, person=anna, seq=2, of_seq=1, **more)
    plant(desk.office, gate="south", t_ms=NOON_MS - HOUR, direction="out", certain=False, seq=3,
          verdict="STOP", reason="CRED_UNKNOWN")  # fmt: skip
    return anna


def test_a_line_says_what_the_ledger_asks_for(desk: Desk) -> None:
    fill(desk)
    stranger, check, passed = table(export(desk))
    assert passed == {
        "日期": "2020-02-10",
        "时间": "12:00:09",
        "进出": "进",
        "姓名": "王*明",
        "证件号": "**************" + id_number(0)[-4:],
        "手机": "138****0000",
        "楼栋房号": "3-2-1**",
        "类别": "居民",
        "体温(℃)": "36.5",
        "结果": "放行",
        "原因": "居民放行",
        "卡口": "north",
        "车牌": "",
        "值守": "G7",
        "备注": "同一次通行的后续记录",
    }
    assert (stranger["时间"], stranger["姓名"], stranger["类别"]) == ("11:00:00", "", "身份不明")
    assert (stranger["进出"], stranger["结果"], stranger["备注"]) == (
        "出",
        "禁止通行",
        "时间不确定",
    )
    assert (check["体温(℃)"], check["备注"]) == ("", "")


def test_a_stranger_of_a_paper_line_is_not_whoever_passed_under_the_same_number(
    desk: Desk,
) -> None:
    plant_gate(desk.office, "north", seen_ms=NOON_MS)
    stranger = PaperLine(
        "north", NOON_MS - HOUR, "in", "ALLOW", "7-1",
        name="张三丰", document="110101199001011234", phone="13800138000",
    )  # fmt: skip
    number = LateEntries(desk.office).add(desk.actor(), stranger)
    for gate in ("north", "south"):
        plant(desk.office, gate=gate, t_ms=NOON_MS, seq=number, reason="CRED_UNKNOWN")
    for full, name in ((True, "张三丰"), (False, "张*丰")):
        rows = table(export(desk, full=full))
        assert [row["姓名"] for row in rows] == [name, "", ""]
        assert [bool(row["证件号"] or row["手机"]) for row in rows] == [True, False, False]


def test_headings_and_words_follow_the_language(desk: Desk) -> None:
    fill(desk)
    rows = table(export(desk, language="en"))
    assert list(rows[0])[:4] == ["date", "time", "direction", "name"]
    assert [row["verdict"] for row in rows] == ["stopped", "check", "passed"]
    assert rows[2]["remark"] == "follows up the same visit"


def test_a_day_is_the_sites_own_from_midnight_to_midnight(desk: Desk) -> None:
    midnight = round(datetime(2020, 2, 10, tzinfo=SHANGHAI).timestamp() * 1000)
    for seq, t_ms in enumerate((-1, 0, 24 * HOUR - 1, 24 * HOUR)):
        plant(desk.office, gate="north", t_ms=midnight + t_ms, seq=seq)
    assert [row["时间"] for row in table(export(desk))] == ["00:00:00", "23:59:59"]


def test_the_last_day_of_a_year_ends_at_the_sites_midnight(desk: Desk) -> None:
    new_year = round(datetime(2021, 1, 1, tzinfo=SHANGHAI).timestamp() * 1000)
    for seq, t_ms in enumerate((-24 * HOUR - 1, -24 * HOUR, -1, 0, 24 * HOUR - 1, 24 * HOUR)):
        plant(desk.office, gate="north", t_ms=new_year + t_ms, seq=seq)
    found = {}
    for day in (date(2020, 12, 31), date(2021, 1, 1)):
        made = DayLedger(desk.office).export(desk.actor(), Order(day), "上报街道")
        found[made.name] = [(row["日期"], row["时间"]) for row in table(made)]
    assert found == {
        "ledger-east-2020-12-31.csv": [("2020-12-31", "00:00:00"), ("2020-12-31", "23:59:59")],
        "ledger-east-2021-01-01.csv": [("2021-01-01", "00:00:00"), ("2021-01-01", "23:59:59")],
    }


@pytest.mark.parametrize("day", [date.min, date(1969, 12, 31), date(2101, 1, 1), date.max])
def test_a_year_without_records_is_a_sentence(desk: Desk, day: date) -> None:
    with pytest.raises(ExportRefused, match=f"no records of {day}") as refused:
        DayLedger(desk.office).export(desk.actor(), Order(day), "上报街道")
    assert refused.value.code == "bad_day"


@pytest.mark.parametrize("day", [date(1970, 1, 1), date(2100, 12, 31)])
def test_the_first_and_the_last_day_are_empty_and_no_error(desk: Desk, day: date) -> None:
    assert DayLedger(desk.office).export(desk.actor(), Order(day), "上报街道").lines == 0


@pytest.mark.parametrize("full", [False, True])
def test_a_ledger_without_a_reason_is_refused(desk: Desk, full: bool) -> None:
    with pytest.raises(ExportRefused) as refused:
        DayLedger(desk.office).export(desk.actor(), Order(DAY, full=full), " ")
    assert refused.value.code == "no_reason"
    assert desk.office.audit.rows("east") == []


def test_a_day_may_have_23_or_25_hours() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    hours = [
        (end - start) // HOUR
        for start, end in (
            day_bounds(berlin, date(2020, *day)) for day in ((3, 29), (10, 25), (7, 1))
        )
    ]
    assert hours == [23, 25, 24]


def test_the_workbook_holds_the_same_lines(desk: Desk) -> None:
    fill(desk)
    made = export(desk, format="xlsx")
    sheet = load_workbook(io.BytesIO(made.body)).worksheets[0]
    rows = list(sheet.iter_rows(values_only=True))
    assert sheet.freeze_panes == "A2"
    assert rows[0][:4] == ("日期", "时间", "进出", "姓名")
    assert [[("" if c is None else str(c)) for c in row] for row in rows[1:]] == [
        list(row.values()) for row in table(export(desk))
    ]
    assert rows[3][8] == 36.5


def test_whole_identities_are_for_officers_with_a_reason(desk: Desk) -> None:
    fill(desk)
    made = export(desk, full=True)
    row = table(made)[2]
    assert (row["姓名"], row["证件号"], row["手机"]) == ("王小明", id_number(0), "13800000000")
    assert row["楼栋房号"] == "3-2-101"
    assert made.name == "ledger-east-2020-02-10-full.csv"
    ledger = DayLedger(desk.office)
    for role, reason, code in (
        (Role.PROPERTY, "上报", "no_identity"),
        (Role.OFFICER, " ", "no_reason"),
        (Role.AUDITOR, "上报", "no_right"),
    ):
        with pytest.raises(ExportRefused) as caught:
            ledger.export(desk.actor(role), Order(DAY, full=True), reason)
        assert caught.value.code == code


def test_a_property_office_gets_the_ledger_masked_and_without_health(desk: Desk) -> None:
    plant(desk.office, gate="north", t_ms=NOON_MS, verdict="STOP", reason="STAT_CONFIRMED")
    assert table(export(desk, Role.PROPERTY))[0]["原因"] == "请联系社区"
    assert table(export(desk))[0]["原因"] == "确诊"


def test_every_export_is_audited(desk: Desk) -> None:
    fill(desk)
    export(desk, Role.PROPERTY)
    export(desk, full=True, format="xlsx")
    rows = [(r.action, r.target, r.reason, r.result) for r in desk.office.audit.rows("east")]
    assert rows == [
        ("export", "ledger:2020-02-10:full", "上报街道", "3 lines"),
        ("export", "ledger:2020-02-10:masked", "上报街道", "3 lines"),
    ]


def test_lines_from_paper_are_in_it_with_their_person(desk: Desk) -> None:
    plant_gate(desk.office, "north")
    line = PaperLine("north", NOON_MS, "in", "ALLOW", "1-1", name="李大伟", document="E12345678")
    LateEntries(desk.office).add(desk.actor(Role.PROPERTY), line)
    masked, whole = table(export(desk))[0], table(export(desk, full=True))[0]
    assert (masked["姓名"], masked["证件号"], masked["备注"]) == ("李*伟", "*****5678", "纸质补录")
    assert (whole["姓名"], whole["证件号"]) == ("李大伟", "E12345678")


def test_a_name_that_is_a_formula_is_text(desk: Desk) -> None:
    evil = enter(desk.office, ("=HYPERLINK(1)", "3-2-101"))[0]
    plant(desk.office, gate="north", t_ms=NOON_MS, person=evil)
    assert table(export(desk, full=True))[0]["姓名"] == "'=HYPERLINK(1)"
    book = load_workbook(io.BytesIO(export(desk, full=True, format="xlsx").body))
    assert book.worksheets[0]["D2"].data_type == "s"


def test_another_sites_records_are_not_in_it(desk: Desk) -> None:
    plant(desk.office, gate="far", t_ms=NOON_MS, site="west")
    assert export(desk).lines == 0


def test_a_long_day_is_read_in_groups(desk: Desk) -> None:
    anna = enter(desk.office, ("王小明", "3-2-101"))[0]
    for seq in range(GROUP + 3):
        plant(desk.office, gate="north", t_ms=NOON_MS + seq, person=anna, seq=seq)
    rows = table(export(desk))
    assert len(rows) == GROUP + 3
    assert {row["姓名"] for row in rows} == {"王*明"}


def test_a_gate_stands_there_by_its_name_in_the_language_of_the_file(desk: Desk) -> None:
    fill(desk)
    plant_gate(desk.office, "north", name="北门", name_en="North gate")
    assert [line["卡口"] for line in table(export(desk))] == ["south", "北门", "北门"]
    english = table(export(desk, language="en"))
    assert [line["gate"] for line in english] == ["south", "North gate", "North gate"]
