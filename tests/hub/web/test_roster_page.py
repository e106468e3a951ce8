"""The pages of the list: found, added, corrected, changed, uploaded; in the roles, both languages."""

import json
import re
from pathlib import Path

import httpx
import pytest
from sqlalchemy import insert

from gated.core.model import CredentialState, StatusCode
from gated.hub.changes import Changes
from gated.hub.schema_records import GATE_SITE
from gated.hub.store import HubStore
from tests.support.hub_pages import ROSTER, PageClient, hidden, where, words
from tests.support.office import Desk
from tests.support.people import entry, people, person, ref_of, take


def card_path(desk: Desk, index: int = 3) -> str:
    return f"{ROSTER}/person/{ref_of(desk.office, person(index)).hex()}"


def because(client: PageClient, reason: str = "phone call") -> None:
    """State a purpose, as the page that asks for it does."""
    client.order("/s/east/reason", {"reason": reason})


def look(client: PageClient, path: str) -> str:
    because(client)
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    return words(answer)


def greet(desk: Desk, gate: str, **values: object) -> None:
    store = HubStore(desk.office.config.store.url)
    store.greet(gate, {"online": True, "sid": 1, **values})
    store.close()
    with desk.office.database.writing("put a gate at its site") as connection:
        connection.execute(insert(GATE_SITE).values(gate=gate, site="east", since_ms=1))


class TestOverview:
    def test_it_says_what_arrived_where(
        self, full: Desk, client: PageClient, language: str
    ) -> None:
        fetching = {"v": 1, "on": True, "sid": 1, "fetching": {"rev": 1, "have": 3, "n": 9}}
        greet(full, "north", roster_rev=1)
        greet(full, "south", roster_rev=0, status=json.dumps(fetching))
        client.login("property", language=language)
        said = words(client.get(ROSTER))
        assert ("12 people" if language == "en" else "12 人") in said
        assert "3/9" in said or "3 of 9" in said
        assert words(client.get(ROSTER)).count("north") == 1

    def test_the_live_part_stands_alone(self, full: Desk, officer: PageClient) -> None:
        answer = officer.get(f"{ROSTER}/rollout")
        assert answer.status_code == 200
        assert "<html" not in answer.text
        assert "12" in answer.text

    def test_an_auditor_sees_no_list(self, full: Desk, client: PageClient) -> None:
        client.login("auditor")
        for path in (ROSTER, f"{ROSTER}/add", f"{ROSTER}/upload", card_path(full)):
            assert client.get(path).status_code == 403

    def test_another_site_knows_nobody_of_ours(self, full: Desk, client: PageClient) -> None:
        client.login("officer", "west")
        path = card_path(full).replace("east", "west")
        assert client.look(f"{path}", "x").status_code == 404
        assert client.get(card_path(full)).status_code in {403, 404}


class TestSearch:
    @pytest.mark.parametrize("typed", [person(3).id_number, person(3).name, person(3).phone])
    def test_one_hit_leads_to_the_card(self, full: Desk, property_: PageClient, typed: str) -> None:
        answer = property_.order(f"{ROSTER}/search", {"who": typed, "reason": "desk"})
        assert where(answer) == card_path(full)
        assert typed not in answer.headers["location"]

    def test_several_are_listed_masked(self, full: Desk, property_: PageClient) -> None:
        answer = property_.order(f"{ROSTER}/search", {"who": "3-2-101", "reason": "desk"})
        assert all(card_path(full, index) in answer.text for index in range(4))
        assert person(1).name not in answer.text

    def test_nobody_is_a_sentence(self, full: Desk, property_: PageClient) -> None:
        answer = property_.order(f"{ROSTER}/search", {"who": "无此人", "reason": "desk"})
        assert "没有找到" in words(answer)


class TestPerson:
    def test_the_card_is_masked_for_everybody(
        self, full: Desk, client: PageClient, language: str
    ) -> None:
        for role in ("property", "officer"):
            client.login(role, language=language)
            said = look(client, card_path(full))
            assert person(3).name not in said
            assert person(3).id_number not in said
            assert person(3).phone not in said
            assert person(3).cards[0].number not in said
            assert "138****0003" in said

    def test_looking_is_audited_with_its_reason(self, full: Desk, property_: PageClient) -> None:
        look(property_, card_path(full))
        row = full.office.audit.rows("east")[0]
        assert (row.action, row.target, row.reason) == (
            "look_up",
            ref_of(full.office, person(3)).hex(),
            "phone call",
        )

    def test_an_unknown_or_odd_pseudonym_is_no_page(self, full: Desk, officer: PageClient) -> None:
        for ref in ("0" * 32, "x", "ff"):
            assert officer.look(f"{ROSTER}/person/{ref}", "x").status_code == 404

    def test_health_is_shown_to_the_officer_alone(self, full: Desk, client: PageClient) -> None:
        Changes(full.office).quarantine(full.actor(), ref_of(full.office, person(3)), None, None)
        client.login("property")
        assert "居家隔离" not in look(client, card_path(full))
        client.login("officer")
        assert "居家隔离" in look(client, card_path(full))

    def test_names_with_markup_are_text(self, full: Desk, officer: PageClient) -> None:
        evil = person(3, name="<b>x</b>&", room="<i>", flags=frozenset({"<script>"}))
        take(full.office, full.actor(), [evil if r == person(3) else r for r in people(12)])
        answer = officer.look(f"{card_path(full)}/edit", "x")
        assert "<b>x</b>" not in answer.text
        assert "&lt;b&gt;x&lt;/b&gt;&amp;" in answer.text
        assert "<script>" not in officer.look(f"{card_path(full)}", "x").text.partition("<main")[2]


class TestChange:
    def change(self, client: PageClient, desk: Desk, **form: str) -> httpx.Response:
        return client.order(f"{card_path(desk)}/change", form)

    def test_every_short_form_does_what_it_says(self, full: Desk, officer: PageClient) -> None:
        look(officer, card_path(full))
        card = re.search(r'name="card" value="([0-9a-f]{32})"', officer.get(card_path(full)).text)
        assert card
        for form in (
            {"change": "lost-card", "card": card[1]},
            {"change": "new-card", "card": "555"},
            {"change": "status", "status": "home_quarantine", "to": "2099-01-01"},
            {"change": "released"},
            {"change": "status", "status": "from_other_province"},
            {"change": "filed"},
            {"change": "end", "status": "from_other_province"},
        ):
            answer = self.change(officer, full, **form)
            assert where(answer) == card_path(full), form
            assert "已变更" in words(officer.get(card_path(full)))
        row = entry(full).row
        assert [card.state for card in row.cards] == [CredentialState.LOST, CredentialState.ACTIVE]
        assert [status.code for status in row.statuses] == [StatusCode.RELEASED]
        assert "registered" in row.flags

    def test_the_same_again_is_already_so(self, full: Desk, officer: PageClient) -> None:
        look(officer, card_path(full))
        for said in ("已变更", "原本就是如此"):
            self.change(officer, full, change="status", status="medicine_buyer")
            assert said in words(officer.get(card_path(full)))

    @pytest.mark.parametrize(
        ("form", "said"),
        [
            ({"change": "status", "status": "confirmed"}, "您的角色不能"),
            ({"change": "released"}, "您的角色不能"),
            ({"change": "status", "status": "nonsense"}, "没有这项更改"),
            ({"change": "fly"}, "没有这项更改"),
            ({"change": "status", "status": "medicine_buyer", "to": "soon"}, "日期有误"),
            ({"change": "status", "status": "medicine_buyer", "to": "2001-01-01"}, "截止须晚于"),
            ({"change": "lost-card", "card": "00"}, "请选择要挂失的卡"),
            ({"change": "new-card", "card": person(4).cards[0].number}, "其他人"),
        ],
    )
    def test_what_cannot_be_done_is_a_sentence_and_changes_nothing(
        self, full: Desk, property_: PageClient, form: dict[str, str], said: str
    ) -> None:
        because(property_)
        answer = self.change(property_, full, **form)
        assert answer.status_code == 409
        assert said in words(answer)
        assert entry(full).version == 1


class TestShortForms:
    """The changes made most often take one or two taps."""

    def test_the_usual_days_are_filled_in(self, full: Desk, officer: PageClient) -> None:
        look(officer, card_path(full))
        page = officer.get(card_path(full)).text
        assert page.count('value="2020-02-10"') >= 3, "today at the site"
        assert 'name="to" value="2020-02-24"' in page, "fourteen days of quarantine"
        titles = re.findall(r"<h3>([^<]*)</h3>", page)
        assert titles[:4] == ["卡片挂失", "搬离", "居家隔离", "外地来返"]

    def test_only_what_can_be_done_now_is_offered(self, full: Desk, officer: PageClient) -> None:
        look(officer, card_path(full))
        before = officer.get(card_path(full)).text
        assert "<h3>解除隔离</h3>" not in before
        assert "来返登记完成" not in before
        ref = ref_of(full.office, person(3))
        Changes(full.office).quarantine(full.actor(), ref, None, None)
        Changes(full.office).lost_card(full.actor(), ref)
        after = officer.get(card_path(full)).text
        assert "<h3>解除隔离</h3>" in after
        assert "卡片挂失" not in after

    def test_a_property_office_is_not_offered_what_is_a_matter_of_health(
        self, full: Desk, property_: PageClient
    ) -> None:
        look(property_, card_path(full))
        page = property_.get(card_path(full)).text
        assert "搬离" in page
        assert 'value="home_quarantine"' not in page


@pytest.mark.parametrize(("who", "said"), [("9-9-909", "没有找到"), ("3-1-101", "找到")])
def test_the_answer_of_a_search_comes_before_anything_else(
    desk: Desk, property_: PageClient, who: str, said: str
) -> None:
    home = {"building": "3", "unit": "1", "room": "101"}
    take(desk.office, desk.actor(), [person(1, **home), person(2, **home)])
    answer = words(property_.order(f"{ROSTER}/search", {"who": who, "reason": "核对"}))
    assert answer.index(said) < answer.index("查找人员") < answer.index("当前名单")


class TestForm:
    def test_somebody_new_is_added(self, full: Desk, property_: PageClient) -> None:
        new = person(40)
        form = {name: getattr(new, name) for name in ("id_number", "name", "phone", "room")}
        answer = property_.order(
            f"{ROSTER}/add", form | {"building": "3", "category": "tenant", "card": "4711"}
        )
        assert where(answer) == card_path(full, 40)
        assert entry(full, 40).row.category.value == "tenant"

    def test_who_added_somebody_sees_them_once_without_a_reason(
        self, full: Desk, property_: PageClient
    ) -> None:
        form = {name: getattr(person(40), name) for name in ("id_number", "name", "room")}
        new = form | {"category": "tenant"}
        shown = property_.order(f"{ROSTER}/add", new, follow=True)
        assert "单项变更" in words(shown)
        row = full.office.audit.rows("east")[0]
        assert (row.action, row.reason) == ("look_up", "查看刚办理的变更")
        assert "查询事由" in words(property_.get(card_path(full, 40)))

    def test_a_cookie_of_ones_own_is_no_reason(self, full: Desk, property_: PageClient) -> None:
        property_.cookies.set("gated_done", "roster.added")
        assert "单项变更" not in words(property_.get(card_path(full)))
        Changes(full.office).lost_card(full.actor(), ref_of(full.office, person(3)))
        property_.cookies.set("gated_done", "roster.added")
        assert "单项变更" not in words(property_.get(card_path(full)))

    def test_an_arrival_is_filed_once(self, full: Desk, property_: PageClient) -> None:
        path = f"{card_path(full)}/change"
        assert 'value="filed"' not in look(property_, card_path(full))
        assert 'value="filed"' not in property_.get(card_path(full)).text
        form = {"change": "status", "status": "from_other_province"}
        assert 'value="filed"' in property_.order(path, form, follow=True).text
        assert 'value="filed"' not in property_.order(path, {"change": "filed"}, follow=True).text

    def test_what_was_typed_stays_when_it_is_refused(
        self, full: Desk, property_: PageClient
    ) -> None:
        form = {"id_number": "110105199001019999", "name": "王小明", "category": "resident"}
        answer = property_.order(f"{ROSTER}/add", form)
        assert answer.status_code == 409
        assert "身份证号有误" in words(answer)
        assert 'value="王小明"' in answer.text
        assert "请选择类别" in words(property_.order(f"{ROSTER}/add", {"name": "王"}))

    @pytest.mark.parametrize("phone", ["139", "+86 139", "无", "12-34-56"])
    def test_a_phone_too_short_to_be_one_is_refused(
        self, full: Desk, property_: PageClient, phone: str
    ) -> None:
        new = {"name": "王小明", "building": "3", "room": "101", "category": "visitor"}
        answer = property_.order(f"{ROSTER}/add", new | {"phone": phone})
        assert (answer.status_code, "手机号位数太少" in words(answer)) == (409, True)
        because(property_)
        form = {"phone": phone, "version": str(entry(full).version)}
        answer = property_.order(f"{card_path(full)}/edit", form)
        assert (answer.status_code, "手机号位数太少" in words(answer)) == (409, True)
        assert entry(full).row.phone == person(3).phone

    def test_nobody_is_listed_as_unknown(self, full: Desk, property_: PageClient) -> None:
        assert 'value="unknown"' not in property_.get(f"{ROSTER}/add").text
        form = {"name": "王小明", "building": "3", "room": "101", "category": "unknown"}
        assert "请选择类别" in words(property_.order(f"{ROSTER}/add", form))

    def test_an_officer_corrects_the_line_as_it_is(self, full: Desk, officer: PageClient) -> None:
        because(officer, "wrong phone")
        answer = officer.get(f"{card_path(full)}/edit")
        assert f'value="{person(3).phone}"' in answer.text
        assert full.office.audit.rows("east")[0].action == "identity"
        version = hidden(answer, "version")
        form = {"phone": "13912345678", "name": person(3).name, "version": version}
        assert where(officer.order(f"{card_path(full)}/edit", form)) == card_path(full)
        assert entry(full).row.phone == "13912345678"
        again = officer.order(f"{card_path(full)}/edit", form | {"phone": "1"})
        assert (again.status_code, "他人刚刚更改" in words(again)) == (409, True)
        assert entry(full).row.phone == "13912345678"

    def test_a_property_office_types_new_values_into_empty_fields(
        self, full: Desk, property_: PageClient
    ) -> None:
        because(property_)
        answer = property_.get(f"{card_path(full)}/edit")
        assert person(3).phone not in answer.text
        assert person(3).name not in answer.text
        form = {"room": "909", "name": "", "version": hidden(answer, "version")}
        property_.order(f"{card_path(full)}/edit", form)
        assert (entry(full).row.room, entry(full).row.name) == ("909", person(3).name)


def test_downloads_are_masked_or_for_the_officer(
    full: Desk, client: PageClient, tmp_path: Path
) -> None:
    client.login("property")
    masked = client.order(f"{ROSTER}/export")
    assert masked.headers["cache-control"] == "no-store"
    assert person(3).name not in masked.text
    assert client.order(f"{ROSTER}/export", {"full": "yes", "reason": "x"}).status_code == 403
    client.login("officer")
    whole = client.order(f"{ROSTER}/export", {"full": "yes", "reason": "subdistrict asked"})
    assert person(3).id_number in whole.text
    assert full.office.audit.rows("east")[0].reason == "subdistrict asked"
