"""What every page of a site is owed: who may see it, orders done once, failures with a sentence."""

import re
from pathlib import Path
from typing import Literal

import pytest
import structlog
from argon2 import PasswordHasher
from hypothesis import given
from hypothesis import strategies as st
from starlette.responses import Response

from gated.errors import StoreError
from gated.hub.register_edits import ChangeRefused
from gated.hub.roles import Role
from gated.hub.web.app import make_front
from gated.hub.web.pages import cookie_name
from gated.hub.web.visit import Visit, local_path
from tests.support.hub_pages import ORIGIN, PageClient, hidden, words
from tests.support.hub_probe import Probe, done
from tests.support.office import Desk

SECRET = "王小明 11010519491231002X"


@pytest.fixture
def probe(desk: Desk) -> Probe:
    return Probe(desk)


# Who.


def test_without_a_log_in_a_page_leads_to_the_log_in_and_back(probe: Probe) -> None:
    answer = probe.client.get("/s/east/probe?a=1")
    assert answer.headers["location"] == "/login?next=%2Fs%2Feast%2Fprobe%3Fa%3D1"
    assert probe.seen == []


@pytest.mark.parametrize("role", list(Role))
def test_a_page_is_for_roles_with_its_right(probe: Probe, role: Role) -> None:
    probe.client.login(role)
    answer = probe.client.get("/s/east/probe/ab12")
    assert (answer.status_code == 200) is (role is Role.OFFICER)
    assert bool(probe.seen) is (role is Role.OFFICER)
    if role is not Role.OFFICER:
        assert answer.status_code == 403
        assert "东园" in words(answer)
    assert probe.client.get("/s/east/mine").status_code == 200, "any role"


@pytest.mark.parametrize("site", ["west", "north", "%C3%A9", "east%00"])
def test_a_foreign_site_and_one_that_is_not_there_look_the_same(probe: Probe, site: str) -> None:
    probe.client.login("officer")
    answer = probe.client.get(f"/s/{site}/probe")
    assert answer.status_code == 403
    assert "没有这个小区" in words(answer)
    assert probe.seen == []


def test_a_visit_knows_who_where_and_in_which_language(probe: Probe) -> None:
    name = probe.client.login("officer", "east", "west", language="en")
    probe.client.get("/s/west/probe/ab12?x=1")
    (visit,) = probe.seen
    assert (visit.site.id, visit.actor.name, visit.actor.site) == ("west", name, "west")
    assert visit.actor.role is Role.OFFICER
    assert visit.language == "en"
    assert visit.site_name() == "West Garden"
    assert visit.request.path_params["ref"] == "ab12"
    assert visit.query["x"] == "1"


def test_a_log_in_that_ended_leads_back_to_the_form_it_was_on(probe: Probe, desk: Desk) -> None:
    probe.client.login("officer")
    desk.clock.now_ms += 3_600_000
    form = {"csrf": "old", "once": "m", "name": SECRET}
    referer = {"Referer": f"{ORIGIN}/s/east/roster/add?registration=7"}
    answer = probe.client.post("/s/east/made", data=form, headers=referer)
    location = answer.headers["location"]
    assert location == "/login?next=%2Fs%2Feast%2Froster%2Fadd%3Fregistration%3D7"
    answer = probe.client.post("/s/east/probe", data=form)
    assert answer.headers["location"] == "/login?next=%2Fs%2Feast%2Fprobe"
    answer = probe.client.post("/s/east/made", data=form)
    assert answer.headers["location"] == "/login", "no page to come back to"
    assert probe.seen == []


# Failures.


def test_a_refusal_is_said_in_the_words_of_the_pages(probe: Probe) -> None:
    probe.client.login("officer")

    def fail(_visit: Visit) -> Response:
        raise ChangeRefused("span", SECRET)

    probe.answer = fail
    answer = probe.client.get("/s/east/probe")
    assert answer.status_code == 409
    assert "截止须晚于开始" in answer.text
    assert SECRET not in answer.text


def test_an_unknown_failure_gives_a_number_and_logs_no_text(probe: Probe) -> None:
    probe.client.login("officer")

    def fail(_visit: Visit) -> Response:
        raise ValueError(SECRET)

    probe.answer = fail
    with structlog.testing.capture_logs() as lines:
        answer = probe.client.get("/s/east/probe/ab12cd?q=secret")
    assert answer.status_code == 500
    (line,) = lines
    assert line["event"] == "hub.page_failed"
    assert line["number"] in words(answer)
    assert (line["page"], line["problem"]) == ("/probe/{ref}", "ValueError")
    assert SECRET not in str(lines) + answer.text
    assert "ab12cd" not in str(lines)
    probe.answer = done
    assert probe.client.get("/s/east/probe").status_code == 303, "the server goes on"


class Broken(PasswordHasher):
    """Fails in a way nobody foresaw, quoting what was typed."""

    def verify(self, *_: object) -> Literal[True]:
        raise RuntimeError(SECRET)


def test_a_failure_outside_a_site_gives_a_number_as_well(desk: Desk) -> None:
    client = PageClient(make_front(desk.office, secure=False, hasher=Broken(1, 8, 1)))
    with structlog.testing.capture_logs() as lines:
        answer = client.post("/login", data={"name": SECRET, "password": "x"})
    assert answer.status_code == 500
    (line,) = lines
    assert (line["page"], line["problem"]) == ("/login", "RuntimeError")
    assert line["number"] in words(answer)
    assert SECRET not in str(lines) + answer.text


def test_a_store_that_fails_is_said_without_its_name(probe: Probe) -> None:
    probe.client.login("officer")

    def fail(_visit: Visit) -> Response:
        raise StoreError("cannot read hub.db on /secret")

    probe.answer = fail
    answer = probe.client.get("/s/east/probe")
    assert answer.status_code == 503
    assert "数据库没有响应" in words(answer)
    assert "/secret" not in answer.text


def test_a_store_that_is_gone_is_said_in_both_languages(
    probe: Probe, tmp_path: Path, desk: Desk
) -> None:
    probe.client.login("officer")
    desk.office.database.close()
    for path in tmp_path.glob("hub.db*"):
        path.unlink()
    (tmp_path / "hub.db").mkdir()
    for path in ("/s/east/probe", "/", "/s/east"):
        answer = probe.client.get(path)
        assert answer.status_code == 503
        assert "数据库没有响应" in answer.text
        assert "does not answer" in answer.text


@pytest.mark.parametrize("path", ["/nothing", "/s/east/nothing", "/s", "/static", "/s/east/probe/"])
def test_a_page_that_is_not_there_says_so(probe: Probe, path: str) -> None:
    probe.client.login("officer")
    answer = probe.client.get(path)
    assert answer.status_code in {404, 307}
    if answer.status_code == 404:
        assert "没有这个页面" in answer.text


# Reasons.


def test_a_page_that_needs_a_reason_asks_for_it_and_goes_on(probe: Probe) -> None:
    probe.client.login("officer")
    reasons: list[str] = []

    def look(visit: Visit) -> Response:
        reasons.append(visit.reason())
        return visit.refused("base.no_site", status=200)

    probe.answer = look
    asked = probe.client.get("/s/east/probe/ab12?day=2020-02-10")
    assert "请先说明查询事由" in words(asked)
    answer = probe.client.order(
        "/s/east/reason", {"reason": " 密接  排查 ", "following": hidden(asked, "following")}
    )
    assert answer.headers["location"] == "/s/east/probe/ab12?day=2020-02-10"
    probe.client.get(answer.headers["location"])
    probe.client.get("/s/east/probe")
    assert reasons == ["密接 排查", "密接 排查"], "typed once for the log-in"


def test_a_search_without_a_reason_is_asked_and_keeps_what_was_typed(probe: Probe) -> None:
    probe.client.login("officer")
    reasons: list[str] = []

    def look(visit: Visit) -> Response:
        reasons.append(visit.reason())
        return visit.refused("base.no_site", status=200)

    probe.answer = look
    asked = probe.client.order("/s/east/probe", {"words": "李<四>", "reason": "  "})
    assert "请先说明查询事由" in words(asked)
    assert hidden(asked, "words") == "李<四>"
    form = {"words": hidden(asked, "words"), "reason": "投诉", "once": hidden(asked, "once")}
    assert probe.client.order("/s/east/probe", form).status_code == 200
    assert reasons == ["投诉"]
    assert probe.seen[-1].form["words"] == "李<四>"


def test_a_reason_given_anew_replaces_the_old_one(probe: Probe) -> None:
    probe.client.login("officer")
    reasons: list[str] = []

    def look(visit: Visit) -> Response:
        reasons.append(visit.reason())
        return done(visit)

    probe.answer = look
    probe.client.order("/s/east/probe", {"reason": "一"})
    probe.client.order("/s/east/probe", {"reason": "长" * 300})
    probe.client.get("/s/east/probe")
    assert reasons == ["一", "长" * 200, "长" * 200]


def test_the_page_after_an_order_shows_the_reason_just_stated(client: PageClient) -> None:
    client.login("officer")
    client.order("/s/east/records", {"reason": "投诉"})
    answer = client.order("/s/east/records", {"reason": "密接 排查"})
    assert 'name="reason" value="密接 排查"' in answer.text
    assert 'value="投诉"' not in answer.text
    assert 'name="reason" value="密接 排查"' in client.get("/s/east/trace").text


def test_an_address_states_no_reason(probe: Probe) -> None:
    probe.client.login("officer")
    reasons: list[str] = []

    def look(visit: Visit) -> Response:
        reasons.append(visit.reason())
        return done(visit)

    probe.answer = look
    probe.client.get("/s/east/probe?reason=forged")
    assert reasons == [], "a link made by somebody else must not speak for the visitor"
    probe.client.order("/s/east/probe", {"reason": "投诉"})
    probe.client.get("/s/east/probe?reason=forged")
    assert reasons == ["投诉", "投诉"]


# Answers.


def test_what_was_done_is_said_once(probe: Probe) -> None:
    probe.client.login("officer")
    probe.answer = done
    probe.client.order("/s/east/probe")
    probe.answer = lambda v: v.refused("base.no_site", status=200)
    first = probe.client.get("/s/east/probe")
    assert "密码已修改" in words(first)
    assert '<meta name="done"' in first.text, "the draft may go"
    second = probe.client.get("/s/east/probe")
    assert "密码已修改" not in words(second)
    assert '<meta name="done"' not in second.text


def test_done_without_words_still_lets_the_draft_go(probe: Probe) -> None:
    probe.client.login("officer")
    probe.answer = lambda v: v.redirect("/probe")
    probe.client.order("/s/east/probe")
    probe.answer = lambda v: v.refused("base.no_site", status=200)
    answer = probe.client.get("/s/east/probe")
    assert '<meta name="done"' in answer.text
    assert 'class="done"' not in answer.text


def test_a_made_up_note_in_the_cookie_is_not_shown(probe: Probe) -> None:
    probe.client.login("officer")
    probe.client.cookies.set("gated_done", "<script>", domain="hub.test")
    assert "<script>" not in probe.client.get("/s/east/probe").text


def test_a_download_has_its_name_and_is_not_kept(probe: Probe) -> None:
    probe.client.login("officer")
    probe.answer = lambda v: v.send(b"x", "text/csv", '台账 2020"02.csv')
    answer = probe.client.get("/s/east/probe")
    assert answer.headers["cache-control"] == "no-store"
    named = answer.headers["content-disposition"]
    assert named == "attachment; filename*=UTF-8''%E5%8F%B0%E8%B4%A6%202020%2202.csv"


def test_times_are_the_sites_and_marked_when_uncertain(probe: Probe, desk: Desk) -> None:
    probe.client.login("officer")
    probe.client.get("/s/east/probe")
    visit = probe.seen[0]
    at_ms = desk.clock.now_ms
    assert visit.when(at_ms) == "2020-02-10 12:00"
    assert visit.when(at_ms, day=False) == "12:00"
    assert visit.when(at_ms, uncertain=True) == "2020-02-10 12:00 ?"
    assert visit.when(None) == "—"


@pytest.mark.parametrize("role", list(Role))
def test_the_header_shows_the_pages_of_the_role(probe: Probe, role: Role) -> None:
    probe.client.login(role)
    text = probe.client.get("/s/east/mine").text
    shown = re.findall(r'<li><a href="(/s/east/[a-z]+)"', text)
    assert ("/s/east/audit" in shown) is (role is Role.AUDITOR)
    assert ("/s/east/trace" in shown) <= (role is Role.OFFICER)
    assert "切换小区" not in text, "one site only"


def test_a_visitor_of_several_sites_can_switch(probe: Probe) -> None:
    probe.client.login("officer", "east", "west")
    assert "切换小区" in probe.client.get("/s/east/mine").text


@given(st.text(max_size=40))
def test_only_our_own_pages_are_gone_back_to(path: str) -> None:
    for text in (path, "/" + path, "//" + path, "https://" + path, "/s/" + path):
        kept = local_path(text)
        assert kept in {"", text}
        if kept:
            assert kept.startswith("/s/")
            assert "\\" not in kept
            assert kept.isprintable()


def test_the_cookie_is_bound_to_the_host_when_it_is_secure() -> None:
    assert cookie_name(secure=True).startswith("__Host-")
    assert not cookie_name(secure=False).startswith("__")
