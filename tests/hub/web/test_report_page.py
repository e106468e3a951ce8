"""The report's page: read, turned from day to day, printed and downloaded."""

import csv
import io

import pytest

from gated.hub.roles import Role
from tests.support.hub_pages import PageClient, words
from tests.support.office import NOON_MS, Desk
from tests.support.records import plant, plant_gate
from tests.support.residents import plant_person

REPORT = "/s/east/report"
HOUR = 3_600_000


def test_today_is_shown_first_and_said_to_be_unfinished(desk: Desk, officer: PageClient) -> None:
    plant(desk.office, gate="east-1", t_ms=NOON_MS - HOUR, verdict="STOP", reason="TEMP_HIGH")
    page = words(officer.get(REPORT))
    assert page.startswith("东园 2020-02-10 疫情防控日报")
    assert "当天尚未结束" in page
    assert "未复测" in page


def test_a_day_that_is_over_is_not_said_to_be_unfinished(officer: PageClient) -> None:
    assert "尚未结束" not in words(officer.get(f"{REPORT}?day=2020-02-09"))


def test_days_are_turned_and_the_next_one_only_when_it_has_begun(officer: PageClient) -> None:
    today = officer.get(f"{REPORT}?day=2020-02-10").text
    assert f"{REPORT}?day=2020-02-09" in today
    assert "day=2020-02-11" not in today
    assert f"{REPORT}?day=2020-02-10" in officer.get(f"{REPORT}?day=2020-02-09").text


def test_english_and_chinese(desk: Desk, client: PageClient) -> None:
    client.login("officer", language="en")
    plant(desk.office, gate="east-1", t_ms=NOON_MS - HOUR, verdict="STOP", reason="TEMP_HIGH")
    page = words(client.get(REPORT))
    assert page.startswith("East Garden, 2020-02-10: daily report")
    assert "Fevers" in page


def test_what_needs_a_look_is_named_on_top(desk: Desk, officer: PageClient) -> None:
    plant_gate(desk.office, "east-1", online=False, last=3, upto=1, name="东门")
    page = words(officer.get(REPORT))
    assert page.index("需要关注") < page.index("出入情况")
    assert "东门" in page


def test_the_page_names_nobody(desk: Desk, officer: PageClient) -> None:
    ref = plant_person(desk.office)
    plant(desk.office, gate="e", t_ms=NOON_MS - HOUR, person=ref, reason="TEMP_HIGH")
    text = officer.get(REPORT).text
    for word in ("王", "小明", "3-2-1", ref.hex()[:8], "13800"):
        assert word not in text


def test_paper_gets_signature_lines_and_its_own_layout(officer: PageClient) -> None:
    text = officer.get(REPORT).text
    assert "签字" in text
    assert "/static/report.css" in text
    style = officer.get("/static/report.css")
    assert "size: A4" in style.text
    assert style.headers["content-type"].startswith("text/css")


def test_the_tables_can_be_downloaded(desk: Desk, officer: PageClient) -> None:
    plant(desk.office, gate="east-1", t_ms=NOON_MS - HOUR)
    answer = officer.get(f"{REPORT}/csv?day=2020-02-10")
    assert "report-east-2020-02-10.csv" in answer.headers["content-disposition"]
    assert answer.headers["cache-control"] == "no-store"
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows[0][0] == "东园 2020-02-10 疫情防控日报"
    assert ["通行人次", "1", "0", "1"] in [row[:4] for row in rows]


def test_each_look_is_audited(desk: Desk, officer: PageClient) -> None:
    officer.get(f"{REPORT}?day=2020-02-09")
    officer.get(f"{REPORT}/csv?day=2020-02-08")
    found = [row.target for row in desk.office.audit.rows("east") if row.action == "report"]
    assert found == ["report:2020-02-08", "report:2020-02-09"]


@pytest.mark.parametrize("page", [REPORT, f"{REPORT}/csv"])
@pytest.mark.parametrize(
    ("day", "status"),
    [
        ("gestern", 400),
        ("2020-02-30", 400),
        ("2020-02-11", 409),
        ("9999-12-31", 409),
        ("0001-01-01", 409),
    ],
)
def test_a_day_that_is_none_or_to_come_is_a_sentence(
    officer: PageClient, page: str, day: str, status: int
) -> None:
    answer = officer.get(f"{page}?day={day}")
    assert answer.status_code == status
    assert "请" in words(answer)


@pytest.mark.parametrize("role", [Role.PROPERTY, Role.AUDITOR])
def test_other_roles_are_refused(client: PageClient, role: Role) -> None:
    client.login(role)
    assert client.get(REPORT).status_code == 403
