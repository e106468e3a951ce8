"""The pages of one person's file: found, read, written into, and by whom."""

import re
from html import unescape

import pytest

from gated.core.model import Status, StatusCode
from gated.hub.changes import Changes
from gated.hub.person_file import PersonFile
from gated.hub.roles import Role
from tests.support.hub_pages import PageClient, where, words
from tests.support.office import NOON_MS, Desk
from tests.support.people import person, ref_of, take
from tests.support.records import plant
from tests.support.residents import plant_person, plant_status

HOUR = 3_600_000
MORNING = NOON_MS - 3 * HOUR
SEARCH = "/s/east/person"


def file_path(ref: bytes) -> str:
    return f"/s/east/person/{ref.hex()}"


def look(client: PageClient, ref: bytes, more: str = "") -> str:
    answer = client.look(f"{file_path(ref)}{more}", "follow-up")
    assert answer.status_code == 200
    return words(answer)


class TestSearch:
    @pytest.mark.parametrize("typed", ["王小明", "11010119900101001X", "13800000001", "3-2-101"])
    def test_one_hit_leads_to_the_file(self, desk: Desk, officer: PageClient, typed: str) -> None:
        ref = plant_person(desk.office)
        answer = officer.order(SEARCH, {"who": typed, "reason": "follow-up"})
        assert where(answer) == file_path(ref)
        assert words(officer.get(where(answer))).startswith("一人一档 王*明")

    def test_several_hits_are_listed_masked(self, desk: Desk, officer: PageClient) -> None:
        refs = [plant_person(desk.office, number=n) for n in (1, 2)]
        answer = officer.order(SEARCH, {"who": "王小明", "reason": "x"})
        assert answer.status_code == 200
        assert all(file_path(ref) in answer.text for ref in refs)
        assert "小明" not in answer.text

    def test_no_hit_is_a_sentence(self, officer: PageClient) -> None:
        assert "没有找到" in words(officer.order(SEARCH, {"who": "无此人", "reason": "x"}))

    def test_a_search_is_audited_without_its_words(self, desk: Desk, officer: PageClient) -> None:
        officer.order(SEARCH, {"who": "无此人", "reason": "complaint"})
        (row,) = [row for row in desk.office.audit.rows("east") if row.action == "search"]
        assert (row.reason, row.result) == ("complaint", "found 0")
        assert "无此人" not in repr(desk.office.audit.rows("east"))

    def test_without_a_reason_it_is_asked_for_first(self, desk: Desk, officer: PageClient) -> None:
        plant_person(desk.office)
        answer = officer.order(SEARCH, {"who": "王小明"})
        assert "reason" in answer.text
        assert [row.action for row in desk.office.audit.rows("east")].count("search") == 0

    @pytest.mark.parametrize("role", [Role.PROPERTY, Role.AUDITOR])
    @pytest.mark.parametrize("page", ["", "/observation", "/" + "0" * 32])
    def test_other_roles_are_refused(self, client: PageClient, role: Role, page: str) -> None:
        client.login(role)
        assert client.get(SEARCH + page).status_code == 403

    def test_another_sites_person_is_not_found(self, desk: Desk, officer: PageClient) -> None:
        ref = plant_person(desk.office, site="west")
        assert officer.look(f"{file_path(ref)}", "x").status_code == 404
        assert officer.look(f"/s/west/person/{ref.hex()}", "x").status_code == 403

    @pytest.mark.parametrize("ref", ["0" * 31, "zz" * 16, "1' OR 1=1", "A" * 32])
    def test_what_is_no_pseudonym_is_not_found(self, officer: PageClient, ref: str) -> None:
        assert officer.look(f"{SEARCH}/{ref}", "x").status_code == 404


class TestFile:
    def test_everything_known_is_on_the_page(self, desk: Desk, officer: PageClient) -> None:
        ref = plant_person(desk.office)
        other = plant_person(desk.office, "李四", number=2)
        plant_status(desk.office, ref, "observation", start=MORNING - HOUR)
        plant_status(desk.office, other, "home_quarantine", start=MORNING)
        plant(desk.office, gate="east-1", t_ms=MORNING, person=ref, temp_mc=36_400)
        files = PersonFile(desk.office)
        files.add_reading(desk.actor(), ref, NOON_MS, 37_500)
        files.add_note(desk.actor(), ref, "needs vegetables")
        page = look(officer, ref)
        for word in (
            "留观", "李*", "居家隔离", "36.4 ℃", "37.5 ℃", "needs vegetables", "east-1", "已测",
            "发热", "全过程", "2020-02-10 09:00",
        ):  # fmt: skip
            assert word in page, word
        assert "小明" not in page

    def test_the_page_speaks_english(self, desk: Desk, client: PageClient) -> None:
        client.login("officer", language="en")
        ref = plant_person(desk.office)
        plant_status(desk.office, ref, "home_quarantine", start=MORNING - 48 * HOUR)
        page = look(client, ref)
        assert "home quarantine" in page
        assert re.search(r"[\u4e00-\u9fff]", page.replace("王", "").replace("明", "")) is None

    def test_a_look_is_audited_with_its_reason(self, desk: Desk, officer: PageClient) -> None:
        ref = plant_person(desk.office)
        look(officer, ref)
        (row,) = [row for row in desk.office.audit.rows("east") if row.action == "look_up"]
        assert (row.target, row.reason, row.actor) == (ref.hex(), "follow-up", "officer-east")

    def test_the_identity_is_one_order_away_and_audited(
        self, desk: Desk, officer: PageClient
    ) -> None:
        ref = plant_person(desk.office)
        answer = officer.order(f"{file_path(ref)}/identity", {"reason": "ambulance"})
        assert "王小明" in words(answer)
        assert "11010119900101001X" in words(answer)
        assert "identity" in [row.action for row in desk.office.audit.rows("east")]
        assert officer.get(f"{file_path(ref)}/identity").status_code in {404, 405}

    def test_what_is_older_is_a_link_away(self, desk: Desk, officer: PageClient) -> None:
        ref = plant_person(desk.office)
        for n in range(210):
            plant(desk.office, gate="east-1", t_ms=NOON_MS - n * HOUR, person=ref)
        first = officer.look(f"{file_path(ref)}", "x")
        assert words(first).count("通行 · east-1") == 200
        (link,) = re.findall(r'href="([^"]*before=[^"]*)"', first.text)
        assert "更早的内容在下一页" in words(first)
        older = officer.get(unescape(link))
        assert words(older).count("通行 · east-1") == 10
        assert "以前）" in words(older)
        assert "before=" not in older.text
        assert officer.get(f"{file_path(ref)}?before=rubbish").status_code == 200

    @pytest.mark.parametrize(("language", "why"), [("zh", "未满 14 周岁"), ("en", "Under 14")])
    def test_a_childs_page_says_why_it_tells_nothing(
        self, desk: Desk, client: PageClient, language: str, why: str
    ) -> None:
        client.login("officer", language=language)
        ref = plant_person(desk.office, born="20120101")
        plant(desk.office, gate="east-1", t_ms=NOON_MS - HOUR, person=ref, temp_mc=36_400)
        page = client.look(file_path(ref), "x")
        assert why in words(page)
        assert "36.4" not in words(page)
        assert "/trace?person=" not in page.text
        traced = client.order("/s/east/trace", {"who": ref.hex(), "reason": "x", "within": "10"})
        assert traced.status_code == 409
        assert why in words(traced)

    def test_the_page_says_each_thing_once(self, desk: Desk, officer: PageClient) -> None:
        ref = plant_person(desk.office)
        plant(desk.office, gate="east-1", t_ms=NOON_MS - HOUR, person=ref, temp_mc=36_400)
        files = PersonFile(desk.office)
        files.add_note(desk.actor(), ref, "送药上门")
        files.add_reading(desk.actor(), ref, NOON_MS, 38_200, "")
        said = words(officer.look(f"{file_path(ref)}", "x"))
        for thing in ("11:00", "36.4", "送药上门", "38.2", "通行 · east-1"):
            assert said.count(thing) == 1, thing
        assert "before=" not in officer.get(f"{file_path(ref)}").text

    def test_who_wrote_is_named_as_people_call_them(self, desk: Desk, officer: PageClient) -> None:
        ref = plant_person(desk.office)
        for name in ("officer-east", "gone.away", "cli:root"):
            PersonFile(desk.office).add_note(desk.actor(name=name), ref, "随访")
        said = words(officer.look(f"{file_path(ref)}", "x"))
        for shown in ("Officer east", "gone.away", "管理员（root）"):
            assert f"随访 · {shown} 随访" in said
        assert "officer-east" not in said

    def test_what_a_table_ended_is_told_from_what_an_account_called_table_did(
        self, desk: Desk, officer: PageClient
    ) -> None:
        changes, ref = Changes(desk.office), ref_of(desk.office, person(1))
        row = person(1, statuses=(Status(StatusCode.HOME_QUARANTINE),))
        take(desk.office, desk.actor(), [row])
        take(desk.office, desk.actor(), [person(1)])
        assert "状态解除 · 居家隔离 · 名单" in look(officer, ref)
        take(desk.office, desk.actor(), [row])
        changes.released(desk.actor(name="table"), ref)
        assert "状态解除 · 居家隔离 · table" in look(officer, ref)

    def test_markup_in_notes_and_names_is_text(self, desk: Desk, officer: PageClient) -> None:
        ref = plant_person(desk.office, "<b>王</b>")
        PersonFile(desk.office).add_note(desk.actor(), ref, "<script>alert(1)</script>")
        answer = officer.look(f"{file_path(ref)}", "x")
        assert "<script>alert" not in answer.text
        assert "&lt;script&gt;alert(1)" in answer.text


class TestWriting:
    def test_a_reading_in_local_time_stands_in_the_file(
        self, desk: Desk, officer: PageClient
    ) -> None:
        ref = plant_person(desk.office)
        plant_status(desk.office, ref, "observation", start=MORNING - HOUR)
        form = {"value": "36.8", "at": "2020-02-10T09:05", "note": "口腔", "reason": "x"}
        answer = officer.order(f"{file_path(ref)}/reading", form, follow=True)
        assert "测温已记入档案" in words(answer)
        (reading,) = PersonFile(desk.office).of(desk.actor(), ref, "x").temperatures
        assert (reading.t_ms, reading.value_mc) == (MORNING + 5 * 60_000, 36_800)

    def test_a_note_stands_in_the_file(self, desk: Desk, officer: PageClient) -> None:
        ref = plant_person(desk.office)
        look(officer, ref)
        answer = officer.order(f"{file_path(ref)}/note", {"text": "已送菜"}, follow=True)
        assert "记录已存入档案" in words(answer)
        assert "已送菜" in words(answer)

    @pytest.mark.parametrize(
        ("form", "told"),
        [
            ({"value": "abc"}, "34.0"),
            ({"value": "50.0"}, "34.0"),
            ({"value": "36.8", "at": "2020-02-10T13:00"}, "晚于现在"),
            ({"value": "36.8", "at": "2019-02-10T13:00"}, "60 天"),
            ({"value": "36.8", "at": "gestern"}, "看不懂"),
            ({"value": "36.8", "at": "0001-01-01T00:00"}, "60 天|看不懂"),
            ({"value": "36.8", "at": "2020-02-10T13:00+08:00"}, "看不懂"),
        ],
    )
    def test_a_wrong_reading_is_refused_and_what_was_typed_stays(
        self, desk: Desk, officer: PageClient, form: dict[str, str], told: str
    ) -> None:
        ref = plant_person(desk.office)
        answer = officer.order(f"{file_path(ref)}/reading", {"note": "kept", "reason": "x"} | form)
        assert answer.status_code == 409
        assert re.search(told, words(answer))
        assert 'value="kept"' in answer.text
        assert PersonFile(desk.office).of(desk.actor(), ref, "x").temperatures == ()

    @pytest.mark.parametrize("typed", ["36.8", " 36.8℃", "36。8", "36,8"])
    def test_a_temperature_may_be_typed_as_people_do(
        self, desk: Desk, officer: PageClient, typed: str
    ) -> None:
        ref = plant_person(desk.office)
        officer.order(f"{file_path(ref)}/reading", {"value": typed, "reason": "x"})
        (reading,) = PersonFile(desk.office).of(desk.actor(), ref, "x").temperatures
        assert reading.value_mc == 36_800

    def test_a_note_that_is_too_long_keeps_its_words(self, desk: Desk, officer: PageClient) -> None:
        ref = plant_person(desk.office)
        text = "字" * 2001
        answer = officer.order(f"{file_path(ref)}/note", {"text": text, "reason": "x"})
        assert answer.status_code == 409
        assert text in answer.text

    def test_the_same_order_twice_writes_once(self, desk: Desk, officer: PageClient) -> None:
        ref = plant_person(desk.office)
        form = {"text": "once", "once": "same-mark", "reason": "x"}
        officer.order(f"{file_path(ref)}/note", form)
        assert officer.order(f"{file_path(ref)}/note", form).status_code == 409
        assert len(PersonFile(desk.office).of(desk.actor(), ref, "x").notes) == 1

    def test_a_stale_form_writes_nothing(self, desk: Desk, officer: PageClient) -> None:
        ref = plant_person(desk.office)
        form = {"text": "no", "csrf": "wrong", "reason": "x"}
        assert officer.order(f"{file_path(ref)}/note", form).status_code == 409
        assert PersonFile(desk.office).of(desk.actor(), ref, "x").notes == ()

    def test_long_forms_keep_what_was_typed(self, desk: Desk, officer: PageClient) -> None:
        ref = plant_person(desk.office)
        text = officer.look(f"{file_path(ref)}", "x").text
        assert 'data-draft="note"' in text
        assert 'data-draft="reading"' in text


class TestObservation:
    def test_who_waits_longest_is_on_top(self, desk: Desk, officer: PageClient) -> None:
        fine, late = (
            plant_person(desk.office, name, number=n) for n, name in ((1, "安好"), (2, "迟到"))
        )
        plant_status(desk.office, fine, "observation", start=MORNING)
        plant_status(desk.office, late, "home_quarantine", start=MORNING - 24 * HOUR)
        PersonFile(desk.office).add_reading(desk.actor(), fine, MORNING, 36_500)
        page = words(officer.look("/s/east/person/observation", "round"))
        assert "在管 2 人，其中 1 人逾期未测" in page
        assert page.index("迟*") < page.index("安*")
        assert "逾期未测 3 次 自 2020-02-09 09:00" in page

    def test_the_list_is_audited(self, desk: Desk, officer: PageClient) -> None:
        officer.look("/s/east/person/observation", "round")
        (row,) = [row for row in desk.office.audit.rows("east") if row.action == "search"]
        assert (row.target, row.reason) == ("observation", "round")

    def test_a_list_of_nobody_is_a_sentence(self, officer: PageClient) -> None:
        assert "在管 0 人" in words(officer.look("/s/east/person/observation", "round"))

    def test_who_owes_no_reading_yet_is_not_called_in_order(
        self, desk: Desk, officer: PageClient
    ) -> None:
        plant_status(desk.office, plant_person(desk.office), "observation", start=desk.clock())
        page = words(officer.look("/s/east/person/observation", "round"))
        assert "尚未到测温时间" in page
        assert "已按时测温" not in page
