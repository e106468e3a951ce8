"""Records on a page: found by form, masked, paged, downloaded, and typed in from paper."""

import io
from pathlib import Path

import pytest
from openpyxl import load_workbook

from gated.hub.records import PAGE
from gated.hub.roles import Role
from tests.support.hub_pages import PageClient, hidden, pages, where, words
from tests.support.office import NOON_MS, Desk, open_desk
from tests.support.records import plant, plant_gate
from tests.support.townsfolk import enter

SEARCH = "/s/east/records"
LATE = "/s/east/records/late"
WHY = {"reason": "核查通行"}
LINE = {
    "time": "2020-02-10T11:30", "gate": "north", "direction": "in", "verdict": "ALLOW",
    "paper_no": "12-7", "name": "李大伟", "temperature": "36.6",
}  # fmt: skip


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = open_desk(tmp_path)
    anna, bert = enter(desk.office, ("王小明", "3-2-101"), ("李华", "3-2-102"))
    plant(desk.office, gate="north", t_ms=NOON_MS, person=anna, temp_mc=36_500)
    plant(desk.office, gate="south", t_ms=NOON_MS + 60_000, person=bert, verdict="STOP",
          reason="STAT_CONFIRMED", certain=False)  # fmt: skip
    plant_gate(desk.office, "north", name="北门", name_en="North gate")
    plant_gate(desk.office, "south", name="南门", name_en="South gate")
    return desk


def test_the_form_alone_looks_nothing_up(officer: PageClient, desk: Desk) -> None:
    answer = officer.get(SEARCH)
    assert answer.status_code == 200
    assert "王" not in words(answer)
    assert "search" not in [row.action for row in desk.office.audit.rows("east")]


def test_records_are_shown_masked_with_gates_by_name(officer: PageClient) -> None:
    shown = words(officer.order(SEARCH, WHY))
    assert "王*明" in shown
    assert "3-2-1**" in shown
    assert "北门" in shown
    assert "36.5" in shown
    assert "确诊" in shown
    assert "2020-02-10 12:01 ?" in shown
    assert "王小明" not in shown


@pytest.mark.parametrize(
    ("form", "found"),
    [
        ({"who": "王小明"}, ["王*明"]),
        ({"who": "李华"}, ["李*"]),
        ({"room": "3-2-102"}, []),
        ({"gate": "south"}, ["李*"]),
        ({"verdict": "ALLOW"}, ["王*明"]),
        ({"code": "STAT_CONFIRMED"}, ["李*"]),
        ({"start": "2020-02-10T12:01"}, ["李*"]),
        ({"end": "2020-02-10T12:01"}, ["王*明"]),
        ({"who": "王小明", "gate": "south"}, []),
    ],
)
def test_every_field_of_the_form_narrows_the_search(
    officer: PageClient, form: dict[str, str], found: list[str]
) -> None:
    shown = words(officer.order(SEARCH, WHY | form))
    assert [name for name in ("王*明", "李*") if name in shown] == found


@pytest.mark.parametrize(
    "form",
    [
        {"who": "张无忌"},
        {"room": "somewhere"},
        {"start": "yesterday"},
        {"start": "2020-02-11T00:00", "end": "2020-02-10T00:00"},
        {"code": "NONSENSE"},
    ],
)
def test_what_cannot_be_searched_is_said_and_what_was_typed_stays(
    officer: PageClient, form: dict[str, str]
) -> None:
    answer = officer.order(SEARCH, WHY | form)
    assert answer.status_code == 409
    assert 'role="alert"' in answer.text
    assert all(f'value="{typed}"' in answer.text for typed in form.values() if typed != "NONSENSE")


def test_a_long_search_goes_on_page_by_page(officer: PageClient, desk: Desk) -> None:
    for seq in range(PAGE):
        plant(desk.office, gate="north", t_ms=NOON_MS - seq - 1, seq=10_000 + seq)
    first = officer.order(SEARCH, WHY)
    assert f"查到 {PAGE} 条" in words(first)
    second = officer.order(SEARCH, {"after": hidden(first, "after")})
    assert "查到 2 条" in words(second)
    assert "王*明" not in words(second)


def test_search_words_stand_in_no_address(officer: PageClient) -> None:
    answer = officer.order(SEARCH, WHY | {"who": "王小明"})
    addresses = [part.split('"')[0] for part in answer.text.split('href="')[1:]]
    assert not [one for one in addresses if "王" in one or "%E7" in one]


def test_a_property_office_sees_no_health_and_no_link_to_a_file(desk: Desk) -> None:
    client = pages(desk)
    client.login(Role.PROPERTY)
    answer = client.order(SEARCH, WHY)
    assert "请联系社区" in words(answer)
    assert "确诊" not in answer.text
    assert "/person/" not in answer.text
    assert client.order(SEARCH, WHY | {"code": "STAT_CONFIRMED"}).status_code == 409


def test_an_auditor_and_another_site_are_refused(desk: Desk) -> None:
    client = pages(desk)
    client.login(Role.AUDITOR)
    assert client.get(SEARCH).status_code == 403
    client.login(Role.OFFICER, "west")
    assert client.get(SEARCH).status_code in {403, 404}
    assert client.order("/s/west/records", WHY).text.count("王*明") == 0


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "99999-01-01", ""])
def test_a_year_no_ledger_is_of_is_a_sentence(officer: PageClient, day: str) -> None:
    answer = officer.order(f"{SEARCH}/ledger", WHY | {"day": day})
    assert answer.status_code in {403, 409}
    assert "日期" in words(answer)


def test_the_ledger_of_a_day_is_downloaded(officer: PageClient, desk: Desk) -> None:
    form = WHY | {"day": "2020-02-10", "format": "xlsx"}
    answer = officer.order(f"{SEARCH}/ledger", form)
    assert "ledger-east-2020-02-10.xlsx" in answer.headers["content-disposition"]
    assert answer.headers["cache-control"] == "no-store"
    sheet = load_workbook(io.BytesIO(answer.content)).worksheets[0]
    assert [cell.value for cell in sheet["D"]] == ["姓名", "王*明", "李*"]
    full = officer.order(f"{SEARCH}/ledger", form | {"format": "csv", "full": "yes"})
    assert "王小明" in full.text
    assert desk.office.audit.rows("east")[0].target == "ledger:2020-02-10:full"
    assert officer.order(f"{SEARCH}/ledger", WHY | {"day": "today"}).status_code == 409


def test_a_property_office_cannot_tick_its_way_to_whole_names(desk: Desk) -> None:
    client = pages(desk)
    client.login(Role.PROPERTY)
    assert 'name="full"' not in client.get(SEARCH).text
    form = WHY | {"day": "2020-02-10", "full": "yes"}
    answer = client.order(f"{SEARCH}/ledger", form)
    assert answer.status_code == 403
    assert "社区工作人员" in words(answer)


def test_a_line_from_paper_is_stored_and_the_form_is_ready_for_the_next(
    officer: PageClient, desk: Desk
) -> None:
    assert 'data-draft="records-late"' in officer.get(LATE).text
    assert where(officer.order(LATE, LINE)) == LATE
    assert "已补录" in words(officer.get(LATE))
    shown = words(officer.order(SEARCH, WHY))
    assert "纸质补录" in shown
    assert "2020-02-10 11:30" in shown
    assert [r.action for r in desk.office.audit.rows("east")].count("late_entry") == 1


def test_a_person_of_the_list_is_found_by_words_or_by_the_number_shown(
    officer: PageClient, desk: Desk
) -> None:
    namesake = enter(desk.office, ("王小明", "5-1-201"), first=70)[0]
    answer = officer.order(LATE, LINE | WHY | {"who": "王小明", "name": ""})
    assert answer.status_code == 409
    assert "找到 2 个人" in words(answer)
    assert namesake.hex()[:8] in words(answer)
    assert where(officer.order(LATE, LINE | {"who": namesake.hex()[:8], "name": ""})) == LATE
    assert desk.office.audit.rows("east")[0].target == namesake.hex()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"time": "2020-02-10T12:01"}, "还没有到"),
        ({"time": "2019-11-01T12:01"}, "超过 60 天"),
        ({"time": ""}, "时间填写有误"),
        ({"temperature": "warm"}, "体温填写有误"),
        ({"temperature": "29.0"}, "30 到 45"),
        ({"paper_no": "第七页"}, "纸质编号"),
        ({"guard": "老张"}, "工号"),
        ({"name": ""}, "请填写是谁"),
        ({"gate": "far"}, "没有这个卡口"),
        ({"who": "无此人"}, "没有找到"),
        ({"direction": "up"}, "进或出"),
        ({"verdict": "x"}, "选择结果"),
    ],
)
def test_a_wrong_line_says_what_to_correct_and_keeps_what_was_typed(
    officer: PageClient, change: dict[str, str], sentence: str
) -> None:
    answer = officer.order(LATE, LINE | WHY | change)
    assert answer.status_code == 409
    assert sentence in words(answer)
    assert 'value="36.6"' in answer.text or "temperature" in change


def test_the_same_line_twice_is_refused(officer: PageClient) -> None:
    officer.order(LATE, LINE)
    assert "补录过了" in words(officer.order(LATE, LINE))


def test_markup_in_a_name_is_text(officer: PageClient) -> None:
    answer = officer.order(LATE, LINE | {"name": "<script>alert(1)</script>", "time": ""})
    assert "<script>alert" not in answer.text
    assert "&lt;script&gt;" in answer.text


def test_everything_is_there_in_english(desk: Desk) -> None:
    client = pages(desk)
    client.login(Role.OFFICER, language="en")
    shown = words(client.order(SEARCH, WHY))
    assert "2 records, newest first" in shown
    assert "North gate" in shown
    assert "Confirmed case" in shown
    assert "Sheet and line" in words(client.get(LATE))
