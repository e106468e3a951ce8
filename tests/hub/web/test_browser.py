"""The shared parts of the pages in a real browser: drafts, live counts, looks, keyboard."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlalchemy import insert
from starlette.responses import HTMLResponse, Response

from gated.hub.roles import Right
from gated.hub.schema_records import INBOX
from gated.hub.web import paging
from gated.hub.web.app import PAGES
from gated.hub.web.pages import cookie_name
from gated.hub.web.server import PagesServer
from gated.hub.web.visit import NO_STORE, Visit
from tests.support.browser import DESKTOP, PHONE, chromium, overflow, violations
from tests.support.hub_pages import PASSWORD, opened_login, served
from tests.support.office import Desk, open_desk

pytestmark = pytest.mark.browser

WAIT_MS = 20_000
# Written at every key, whole: nothing is being written means that all fields are in it.
KEPT = """localStorage.length > 0
  && document.querySelector('form[data-draft-state=kept]') !== null"""
FORM = """{% extends "base.html" %}{% block main %}<h1>Probe</h1>
<form class="fields" method="post" action="{{ v.path('/probe') }}" data-draft="probe">{{ v.hidden() }}
<label class="field">Name <input name="name"></label>
<label class="field">Secret <input name="secret" type="password"></label>
<label class="field">Why <textarea name="why"></textarea></label>
<label><input type="checkbox" name="box" value="b"> Box</label>
<button class="button primary" name="go" value="1">Send</button></form>{% endblock %}"""


class Probe:
    """A long form, and what was sent with it. refuse: the form comes back instead."""

    def __init__(self) -> None:
        self.sent: list[dict[str, str]] = []
        self.refuse = False

    def page(self, v: Visit) -> Response:
        if v.request.method == "POST":
            self.sent.append(dict(v.form))
            if not self.refuse:
                return v.redirect("/probe", done="account.password_changed")
        source = v.front.templates.from_string(FORM)
        body = source.render(t=v.t, v=v, language=v.language)
        answer = HTMLResponse(body, headers=NO_STORE)
        if v.done is not None:
            answer.delete_cookie("gated_done")
        return answer


class Site:
    """A served desk and how to look at it."""

    def __init__(self, desk: Desk, server: PagesServer, probe: Probe, browser: Browser) -> None:
        self.desk = desk
        self.server = server
        self.probe = probe
        self._browser = browser
        self.complaints: list[str] = []
        self.context: BrowserContext = browser.new_context(viewport=DESKTOP, locale="zh-CN")
        self.page = self._page()

    def _page(self) -> Page:
        page = self.context.new_page()
        page.set_default_timeout(WAIT_MS)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on(
            "console",
            lambda line: (
                self.complaints.append(line.text)
                if "Content Security Policy" in line.text
                else None
            ),
        )
        return page

    def login(self, role: str = "officer", *sites: str, language: str = "zh") -> None:
        _, token = opened_login(self.server.front, role, *sites, language=language)
        name = cookie_name(secure=False)
        self.context.add_cookies([{"name": name, "value": token, "url": self.server.url}])

    def goto(self, path: str) -> None:
        self.page.goto(self.server.url.rstrip("/") + path)

    def probe_page(self) -> None:
        self.goto("/s/east/probe")
        self.ready()

    def ready(self) -> None:
        self.page.wait_for_selector("html[data-drafts=ready]")

    def type(self, name: str = "王小明", why: str = "返乡 <隔离>") -> None:
        self.page.get_by_label("Name").fill(name)
        self.page.get_by_label("Why").fill(why)
        self.page.get_by_label("Box").check()
        self.page.get_by_label("Secret").fill("never keep this")
        self.page.wait_for_function(KEPT)

    def kept(self) -> int:
        count: int = self.page.evaluate("localStorage.length")
        return count


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def site(tmp_path: Path, browser: Browser) -> Iterator[Site]:
    desk = open_desk(tmp_path)
    probe = Probe()
    pages = (
        paging.Page("/probe", probe.page, Right.SEE_ROSTER, ("GET", "POST")),
        paging.Page("/inbox", probe.page, Right.SEE_INBOX),
        paging.Page("/why", lambda v: v.refused(v.reason()), Right.SEE_ROSTER),
        *PAGES,
    )
    with served(desk, areas=pages) as server:
        shown = Site(desk, server, probe, browser)
        yield shown
        shown.context.close()
    desk.office.database.close()
    assert shown.complaints == []


def fields(site: Site) -> tuple[str, str, bool, str]:
    page = site.page
    return (
        page.get_by_label("Name").input_value(),
        page.get_by_label("Why").input_value(),
        page.get_by_label("Box").is_checked(),
        page.get_by_label("Secret").input_value(),
    )


RESTORED = ("王小明", "返乡 <隔离>", True, "")
EMPTY = ("", "", False, "")


# Drafts.


def test_what_was_typed_is_there_after_a_reload_but_no_password(site: Site) -> None:
    site.login()
    site.probe_page()
    site.type()
    site.page.reload()
    site.ready()
    assert fields(site) == RESTORED
    expect(site.page.get_by_text("已恢复您上次没有提交的内容")).to_be_visible()


def test_a_page_that_goes_away_right_after_the_last_key_loses_nothing(site: Site) -> None:
    site.login()
    site.probe_page()
    site.page.evaluate(
        """(values) => {
          for (const [name, value] of Object.entries(values)) {
            const field = document.querySelector(`[name=${name}]`);
            field.value = value;
            field.dispatchEvent(new Event("input", { bubbles: true }));
          }
          location.assign("/s/east/account");
        }""",
        {"name": "王小明", "why": "返乡 <隔离>"},
    )
    site.page.wait_for_url("**/account")
    site.probe_page()
    assert fields(site)[:2] == RESTORED[:2]


def test_what_is_kept_cannot_be_read_without_the_server(site: Site) -> None:
    site.login()
    site.probe_page()
    site.type("Wang Xiaoming", "a reason that is long enough to see")
    kept = site.page.evaluate("JSON.stringify(localStorage) + JSON.stringify(sessionStorage)")
    for text in ("Wang", "Xiaoming", "reason", "never", "王", "draft-key"):
        assert text not in kept
    site.login("property")
    site.page.reload()
    site.ready()
    assert fields(site) == EMPTY, "another account on the same machine"


def test_a_log_in_that_ended_meanwhile_costs_nothing(site: Site) -> None:
    site.login()
    site.probe_page()
    site.type()
    site.desk.clock.now_ms += 3_600_000
    site.page.get_by_role("button", name="Send").click()
    site.page.get_by_label("账号").fill("officer-east")
    site.page.get_by_label("密码").fill(PASSWORD)
    site.page.get_by_role("button", name="登录").click()
    site.page.wait_for_url("**/s/east/probe")
    site.ready()
    assert fields(site) == RESTORED
    site.page.get_by_role("button", name="Send").click()
    expect(site.page.locator("p.done")).to_be_visible()
    (sent,) = site.probe.sent
    assert sent["why"] == "返乡 <隔离>"


def test_the_draft_goes_when_the_form_was_carried_out(site: Site) -> None:
    site.login()
    site.probe_page()
    site.type()
    site.page.get_by_role("button", name="Send").click()
    expect(site.page.locator("p.done")).to_be_visible()
    site.ready()
    assert site.kept() == 0
    assert fields(site) == EMPTY
    (sent,) = site.probe.sent
    assert (sent["go"], sent["secret"]) == ("1", "never keep this")


def test_a_refused_form_keeps_its_draft(site: Site) -> None:
    site.probe.refuse = True
    site.login()
    site.probe_page()
    site.type()
    with site.page.expect_navigation():
        site.page.get_by_role("button", name="Send").click()
    site.ready()
    assert fields(site) == RESTORED


def test_log_out_forgets_every_draft(site: Site) -> None:
    site.login()
    site.probe_page()
    site.type()
    site.page.get_by_role("button", name="退出").click()
    expect(site.page.get_by_text("已退出。")).to_be_visible()
    site.ready()
    assert site.kept() == 0


def test_a_draft_is_forgotten_after_a_day(site: Site) -> None:
    site.login()
    site.probe_page()
    site.type()
    site.page.evaluate(
        """for (const [name, text] of Object.entries(localStorage)) {
             const held = JSON.parse(text);
             held.at -= 24 * 3600 * 1000 + 1;
             localStorage.setItem(name, JSON.stringify(held));
           }
           localStorage.setItem("gated-draft:rubbish", "{");"""
    )
    site.goto("/s/east/account")
    site.ready()
    assert site.kept() == 0


def test_without_a_network_nothing_is_sent_and_nothing_lost(site: Site) -> None:
    site.login()
    site.probe_page()
    site.type()
    site.context.set_offline(offline=True)
    site.page.get_by_role("button", name="Send").click()
    expect(site.page.get_by_text("网络不通，没有提交")).to_be_visible()
    assert site.probe.sent == []
    assert fields(site)[:3] == RESTORED[:3], "still on the page"
    site.context.set_offline(offline=False)
    site.page.get_by_role("button", name="Send").click()
    expect(site.page.locator("p.done")).to_be_visible()
    assert len(site.probe.sent) == 1


def test_a_double_click_sends_once(site: Site) -> None:
    site.login()
    site.probe_page()
    site.type()
    site.page.get_by_role("button", name="Send").dblclick()
    expect(site.page.locator("p.done")).to_be_visible()
    assert len(site.probe.sent) == 1


# Live.


@pytest.fixture
def raise_item(site: Site) -> Callable[[str], None]:
    def plant(source: str) -> None:
        row = {"source": source, "site": "east", "gate": "north", "kind": "call", "code": "help"}
        row_ms = site.desk.clock.now_ms
        with site.desk.office.database.writing("plant") as connection:
            connection.execute(insert(INBOX).values(**row, t_ms=row_ms, certain=True))

    return plant


def test_the_count_of_open_items_follows_without_a_reload(
    site: Site, raise_item: Callable[[str], None]
) -> None:
    site.login()
    site.goto("/s/east/account")
    expect(site.page.locator('[data-count="inbox"]')).to_be_hidden()
    raise_item("a")
    expect(site.page.locator('[data-count="inbox"]')).to_be_visible()
    assert site.page.locator('[data-count="inbox"] .number').inner_text() == "1"
    expect(site.page.locator("[data-announce]")).to_have_text("待办：1 项未处理")


def test_a_page_hears_of_the_gates(site: Site) -> None:
    site.page.add_init_script(  # runs before the page's own: the first event cannot be missed
        "document.addEventListener('gated:gates',"
        " (e) => { document.documentElement.dataset.heard = e.detail.n; })"
    )
    site.login()
    site.goto("/s/east/account")
    expect(site.page.locator("html")).to_have_attribute("data-heard", "0")


# Looks.


@pytest.mark.parametrize(("language", "size"), [("zh", DESKTOP), ("en", PHONE)])
def test_the_shared_pages_fit_and_can_be_used_by_everybody(
    site: Site, language: str, size: dict[str, int]
) -> None:
    site.page.set_viewport_size(size)
    wrong = []

    def look(path: str, heading: str) -> None:
        site.goto(path)
        expect(site.page.locator("h1")).to_contain_text(heading)
        wrong.extend(f"{path}: {line}" for line in violations(site.page))
        if overflow(site.page) > 0:
            wrong.append(f"{path}: {overflow(site.page)} px too wide")

    look(f"/login?language={language}", "Log in" if language == "en" else "登录")
    look("/nothing", "No such page")
    site.login("officer", "east", "west", language=language)
    look("/", "Choose a site" if language == "en" else "选择小区")
    look("/s/east/account", "My account" if language == "en" else "我的账号")
    look("/s/east/audit", "Not done" if language == "en" else "未能办理")
    look("/s/east/probe", "Probe")
    look("/s/east/why", "state the reason" if language == "en" else "说明查询事由")
    site.login("auditor", "east", "west", language=language)
    look("/s/east/audit", "Audit" if language == "en" else "操作审计")
    assert wrong == []


def test_everything_can_be_reached_by_keyboard(site: Site) -> None:
    site.login("auditor")
    site.goto("/s/east/audit")
    site.page.keyboard.press("Tab")
    assert site.page.evaluate("document.activeElement.className") == "skip"
    site.page.keyboard.press("Enter")
    assert site.page.evaluate("document.activeElement.id") == "main"
    site.page.keyboard.press("Tab")
    assert site.page.evaluate("document.activeElement.name") == "actor"


def test_the_language_is_switched_on_the_spot(site: Site) -> None:
    site.login()
    site.goto("/s/east/account")
    site.page.get_by_role("button", name="English").click()
    expect(site.page.locator("h1")).to_have_text("My account")
    assert site.page.url.endswith("/s/east/account")
