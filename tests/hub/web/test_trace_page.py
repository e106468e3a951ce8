"""A trace on a page: the form, whom is meant, what is missing first, contacts, drawing, table."""

import csv
import io
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from gated.hub.completeness import gate_names
from gated.hub.gates import rename
from gated.hub.roles import Role
from gated.hub.trace import MINUTE_MS
from tests.support.hub_pages import PageClient, pages, words
from tests.support.office import NOON_MS, Desk, open_desk
from tests.support.records import plant, plant_gate
from tests.support.townsfolk import enter, home

TRACE = "/s/east/trace"
FORM = {
    "who": "王小明", "start": "2020-02-10T11:00", "end": "2020-02-10T13:00", "within": "10",
    "reason": "密接排查",
}  # fmt: skip


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = open_desk(tmp_path)
    desk.clock.now_ms = NOON_MS + 120 * MINUTE_MS
    anna, bert, wife = enter(
        desk.office, ("王小明", "3-2-101"), ("李<b>华", "3-2-102"), ("刘芳", "3-2-101")
    )
    room = home(desk.office, "3-2-101")
    plant(desk.office, gate="north", t_ms=NOON_MS, person=anna, household=room)
    plant(desk.office, gate="north", t_ms=NOON_MS + 4 * MINUTE_MS, person=bert, direction="out")
    plant(desk.office, gate="north", t_ms=NOON_MS - 3 * MINUTE_MS, person=wife, household=room)
    plant(desk.office, gate="north", t_ms=NOON_MS + MINUTE_MS)
    now_ms = desk.clock.now_ms
    plant_gate(desk.office, "north", seen_ms=now_ms, name="北门", name_en="North gate")
    plant_gate(
        desk.office, "south", online=False, seen_ms=NOON_MS, last=9, name="南门", name_en="South"
    )
    return desk


def test_the_form_offers_the_last_two_weeks(officer: PageClient) -> None:
    answer = officer.get(TRACE)
    assert 'name="start" value="2020-01-27T14:00"' in answer.text
    assert 'name="within" value="10"' in answer.text


def test_a_link_may_name_a_pseudonym_and_nothing_else(officer: PageClient) -> None:
    assert f'name="who" value="{"ab" * 16}"' in officer.get(f"{TRACE}?person={'ab' * 16}").text
    assert "王小明" not in officer.get(f"{TRACE}?person=王小明").text


def test_the_result_says_first_what_is_missing(officer: PageClient) -> None:
    shown = words(officer.order(TRACE, FORM))
    assert "结果不完整" in shown
    assert "南门 ：离线" in shown
    assert shown.index("结果不完整") < shown.index("同一卡口前后经过的有 2 人")
    north = words(officer.order(TRACE, FORM | {"gate": "north"}))
    assert "结果不完整" not in north
    assert "均已到齐" in north


def test_contacts_household_and_strangers_are_shown_masked(officer: PageClient) -> None:
    answer = officer.order(TRACE, FORM)
    shown = words(answer)
    assert "王*明 的追踪结果" in shown
    assert re.search(r"1 刘\* 同户 3-2-1\*\* 138\*\*\*\*0002 -3\.0 北门", shown)
    assert re.search(r"2 李\S* 3-2-1\*\* 138\*\*\*\*0001 \+4\.0 北门", shown)
    assert "身份不明的有 1 人次" in shown
    assert "王小明" not in shown
    assert "<b>" not in answer.text


def test_a_trace_is_audited_with_its_reason(officer: PageClient, desk: Desk) -> None:
    officer.order(TRACE, FORM)
    row = next(row for row in desk.office.audit.rows("east") if row.action == "trace")
    assert (row.reason, row.result) == ("密接排查", "2 contacts, 1 gates incomplete")


@pytest.mark.parametrize("gate", ["nowhere", "west-1"])
def test_a_gate_of_no_or_another_site_is_refused_alike(
    officer: PageClient, desk: Desk, gate: str
) -> None:
    plant_gate(desk.office, "west-1", site="west")
    answer = officer.order(TRACE, FORM | {"gate": gate})
    assert answer.status_code == 409
    assert "本小区没有这个卡口" in words(answer)
    assert "trace" not in [row.action for row in desk.office.audit.rows("east")]


def test_the_drawing_is_a_picture_with_a_text(officer: PageClient) -> None:
    answer = officer.order(TRACE, FORM)
    (text,) = re.findall(r"<svg.*?</svg>", answer.text, re.DOTALL)
    picture = ET.fromstring(text)
    names = [child.tag.rpartition("}")[2] for child in picture]
    assert "1 个卡口、2 名接触者" in picture.attrib["aria-label"]
    assert names.count("circle") == 2
    assert "style" not in text
    assert "北门" in [child.text for child in picture]


def test_several_people_are_offered_and_one_is_taken(officer: PageClient, desk: Desk) -> None:
    other = enter(desk.office, ("王小明", "5-1-201"), first=70)[0]
    answer = officer.order(TRACE, FORM)
    assert "找到 2 个人" in words(answer)
    assert "5-1-2**" in words(answer)
    assert "trace" not in [row.action for row in desk.office.audit.rows("east")]
    chosen = officer.order(TRACE, FORM | {"who": other.hex()})
    assert "这段时间没有通行记录" in words(chosen)


def test_the_table_is_downloaded_with_what_is_missing(officer: PageClient, desk: Desk) -> None:
    for gate in gate_names(desk.office, "east"):
        rename(desk.office, desk.actor(), gate, f"{gate}门", "")
    answer = officer.order(f"{TRACE}/csv", FORM)
    assert "trace-east.csv" in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
    kinds = ["数据不全", "本人通行", "同卡口接触", "同卡口接触", "身份不明", "同户人员"]
    assert [row["类型"] for row in rows] == kinds
    assert [row["同户"] for row in rows[2:4]] == ["是", "否"]
    assert {row["卡口"] for row in rows} - {""} <= set(gate_names(desk.office, "east").values())
    assert officer.order(f"{TRACE}/csv", FORM | {"who": "无此人"}).status_code == 409


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"who": "无此人"}, "没有找到"),
        ({"within": "soon"}, "0 到 240"),
        ({"within": "999"}, "0 到 240"),
        ({"start": "x"}, "时间填写有误"),
        ({"start": "2020-02-10T14:00"}, "结束时间早于"),
        ({"start": "2019-02-10T14:00"}, "190 天"),
    ],
)
def test_what_cannot_be_traced_is_said_and_what_was_typed_stays(
    officer: PageClient, change: dict[str, str], sentence: str
) -> None:
    answer = officer.order(TRACE, FORM | change)
    assert answer.status_code == 409
    assert sentence in words(answer)
    assert "2020-02-10T13:00" in answer.text


@pytest.mark.parametrize("role", [Role.PROPERTY, Role.AUDITOR])
def test_only_officers_trace(desk: Desk, role: Role) -> None:
    client = pages(desk)
    client.login(role)
    assert client.get(TRACE).status_code == 403
    assert client.order(TRACE, FORM).status_code == 403
    assert client.order(f"{TRACE}/csv", FORM).status_code == 403


def test_another_site_does_not_know_the_person(desk: Desk) -> None:
    client = pages(desk)
    client.login(Role.OFFICER, "west")
    assert client.order("/s/west/trace", FORM).status_code == 409


def test_everything_is_there_in_english(desk: Desk) -> None:
    client = pages(desk)
    client.login(Role.OFFICER, language="en")
    shown = words(client.order(TRACE, FORM))
    assert "Not complete" in shown
    assert "2 people passed the same gate" in shown
    assert "South : offline" in shown
