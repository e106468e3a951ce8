"""The list in a real browser: both sizes and languages without a violation; a table goes through."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect

from gated.hub.register import Register
from gated.hub.roles import Role
from gated.hub.web.pages import cookie_name
from gated.hub.web.server import PagesServer
from tests.support.browser import DESKTOP, PHONE, chromium, overflow, violations
from tests.support.hub_pages import opened_login, served
from tests.support.office import Desk, open_desk
from tests.support.people import line, people, person, ref_of, table, take
from tests.support.records import plant_gate

pytestmark = pytest.mark.browser
WAIT_MS = 20_000
SHOTS = os.environ.get("GATED_SHOTS", "")  # a folder: keep pictures to look at


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    opened = open_desk(tmp_path)
    take(opened.office, opened.actor(), people(12))
    plant_gate(opened.office, "east-1", name="东门", name_en="East gate", roster_rev=1)
    plant_gate(opened.office, "east-2", name="西门", name_en="West gate", online=False)
    yield opened
    opened.office.database.close()


@pytest.fixture
def server(desk: Desk) -> Iterator[PagesServer]:
    with served(desk) as running:
        yield running


def opened(
    browser: Browser, server: PagesServer, language: str = "zh", size: dict[str, int] = DESKTOP
) -> Page:
    context = browser.new_context(
        viewport={"width": size["width"], "height": size["height"]}, base_url=server.url
    )
    _, token = opened_login(server.front, Role.OFFICER, language=language)
    context.add_cookies([{"name": cookie_name(secure=False), "value": token, "url": server.url}])
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    return page


def upload(page: Page, content: bytes) -> None:
    page.goto("/s/east/roster/upload")
    file = FilePayload(name="east.csv", mimeType="text/csv", buffer=content)
    page.set_input_files('input[type="file"]', file)
    page.locator("form[enctype] button").click()


@pytest.mark.parametrize(
    ("language", "size"), [("zh", DESKTOP), ("en", PHONE)], ids=["zh-desktop", "en-phone"]
)
def test_every_page_of_the_list_fits_and_violates_nothing(
    browser: Browser, server: PagesServer, desk: Desk, language: str, size: dict[str, int]
) -> None:
    page = opened(browser, server, language, size)

    def look(name: str) -> None:
        assert (violations(page), overflow(page)) == ([], 0), name
        if SHOTS:
            kind = "phone" if size is PHONE else "desktop"
            page.screenshot(path=f"{SHOTS}/{name}-{language}-{kind}.png", full_page=True)

    page.goto("/s/east/roster")
    look("roster")
    page.fill('input[name="who"]', "3-2-101")
    page.fill('form[action$="search"] input[name="reason"]', "test")
    page.locator('form[action$="search"] button').click()
    page.wait_for_load_state()
    look("found")
    page.goto(f"/s/east/roster/person/{ref_of(desk.office, person(3)).hex()}")
    look("person")
    page.goto("/s/east/roster/add")
    look("add")
    upload(page, table(line(1, category="居明"), line(2, number="110105199001019999")))
    page.locator("table.list").wait_for()
    look("broken")
    upload(page, table(*(line(index, name="王新") for index in range(2, 14))))
    page.locator(".figure").first.wait_for()
    look("difference")
    work = server.front.works.begin("east", "0123456789abcdef", "read")
    assert work is not None
    server.front.works.tell(work, "publish", 0.4)
    page.goto("/s/east/roster/upload/0123456789abcdef")
    page.locator("progress").wait_for()
    look("progress")
    server.front.works.end(work)
    page.context.close()


def test_a_table_is_uploaded_confirmed_and_pushed(
    browser: Browser, server: PagesServer, desk: Desk
) -> None:
    page = opened(browser, server)
    upload(page, table(*map(line, range(14))))
    expect(page.locator(".figure strong").first).to_have_text("2")
    page.get_by_role("button", name="确认并下发").click()
    expect(page.locator("p.done")).to_contain_text("名单已下发")
    expect(page).to_have_url(f"{server.url}s/east/roster")
    assert Register(desk.office).count("east") == 14
    page.context.close()


def test_the_page_of_the_work_follows_it_and_opens_what_came_of_it(
    browser: Browser, server: PagesServer
) -> None:
    page = opened(browser, server)
    works, number = server.front.works, "0123456789abcdef"
    work = works.begin("east", number, "read")
    assert work is not None
    page.goto(f"/s/east/roster/upload/{number}")
    expect(page.locator("[data-said]")).to_have_text("正在读取表格……")
    works.tell(work, "publish", 0.5)
    expect(page.locator("[data-said]")).to_have_text("正在生成并签发新名单……")
    expect(page.locator("progress")).to_have_attribute("value", "0.5")
    works.end(work)
    expect(page.locator("main")).to_contain_text("请重新上传")
    page.context.close()


def test_a_lost_card_and_a_quarantine_take_one_tap_each(
    browser: Browser, server: PagesServer, desk: Desk
) -> None:
    page = opened(browser, server, size=PHONE)
    page.goto("/s/east/roster")
    page.fill('input[name="who"]', person(3).phone)
    page.fill('form[action$="search"] input[name="reason"]', "来电")
    page.locator('form[action$="search"] button').click()
    page.get_by_role("button", name="挂失", exact=True).click()
    expect(page.locator("p.done")).to_be_visible()
    page.get_by_role("button", name="开始隔离").click()
    expect(page.locator("dl")).to_contain_text("2020-02-10 00:00 – 2020-02-24 23:59")
    expect(page.locator("dl")).to_contain_text("已挂失")
    page.context.close()
