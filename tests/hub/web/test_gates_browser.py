"""The gates in a real browser: they follow by themselves, both sizes, both languages, no violation."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import insert, update

from gated.contract.messages import Status
from gated.hub.retirement import retire
from gated.hub.roles import Role
from gated.hub.schema import BUNDLE, GATE
from gated.hub.web.pages import cookie_name
from gated.hub.web.server import PagesServer
from tests.support.browser import DESKTOP, PHONE, chromium, overflow, violations
from tests.support.enrol import open_enrol_desk
from tests.support.hub_pages import opened_login, served
from tests.support.office import NOON_MS, Desk
from tests.support.records import plant_gate, plant_log

pytestmark = pytest.mark.browser
WAIT_MS = 20_000


def told(**fields: object) -> str:
    return Status.model_validate({"on": True, "sid": 1, **fields}).model_dump_json()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = open_enrol_desk(tmp_path)
    with desk.office.database.writing("publish") as connection:
        row = {"roster": "east", "rev": 42, "sha": bytes(32), "manifest": b""}
        connection.execute(insert(BUNDLE).values(**row))
    fetching = {"rev": 42, "have": 5, "n": 12}
    ill = told(q=0, faults=("camera", "thermometer"), fetching=fetching)
    here = {"seen_ms": NOON_MS, "last": 5, "upto": 5, "roster_rev": 42}
    plant_gate(desk.office, "east-1", name="东门", name_en="East gate", **here)
    plant_gate(desk.office, "east-2", name="南门（车行）", **(here | {"status": ill, "upto": 2}))
    plant_gate(desk.office, "east-3", online=False, seen_ms=NOON_MS - 7_200_000)
    plant_gate(desk.office, "east-4", online=False, seen_ms=NOON_MS - 9_000_000, name="北门")
    retire(desk.office, desk.actor(), "east-4", "拆除")
    yield desk
    desk.office.database.close()


@pytest.fixture
def server(desk: Desk) -> Iterator[PagesServer]:
    with served(desk) as running:
        yield running


def opened(
    browser: Browser, server: PagesServer, path: str, language: str, size: dict[str, int]
) -> Page:
    context = browser.new_context(viewport={"width": size["width"], "height": size["height"]})
    _, token = opened_login(server.front, Role.OFFICER, language=language)
    context.add_cookies([{"name": cookie_name(secure=False), "value": token, "url": server.url}])
    page = context.new_page()
    page.goto(f"{server.url}s/east{path}")
    return page


def set_status(desk: Desk, gate: str, status: str) -> None:
    with desk.office.database.writing("hear a gate") as connection:
        where = GATE.c.gate == gate
        connection.execute(update(GATE).where(where).values(status=status))


@pytest.mark.parametrize(("language", "size"), [("zh", PHONE), ("en", DESKTOP)])
def test_every_page_is_in_order(
    browser: Browser, server: PagesServer, language: str, size: dict[str, int]
) -> None:
    page = opened(browser, server, "/gates", language, size)
    errors: list[str] = []
    page.on("console", lambda told: errors.append(told.text) if told.type == "error" else None)
    ids = ("", "/east-2", "/east-3/retire", "/east-4", "/enrol")
    for path in (f"/gates{one}" for one in ids):
        page.goto(f"{server.url}s/east{path}")
        for fold in page.locator("summary").all():
            fold.click()
        assert (violations(page), overflow(page), errors) == ([], 0, []), path
    page.fill("[name=gate]", "east-9")
    page.press("[name=gate]", "Enter")
    expect(page.locator(".enrol-code")).to_contain_text("-")
    shown = page.locator("img.enrol-picture").evaluate("image => image.naturalWidth")
    assert shown > 100
    assert (violations(page), overflow(page), errors) == ([], 0, [])
    page.context.close()


def test_a_card_follows_its_gate_and_keeps_the_focus(
    browser: Browser, server: PagesServer, desk: Desk
) -> None:
    page = opened(browser, server, "/gates", "en", DESKTOP)
    card = page.get_by_role("article", name="East gate")
    expect(card).to_contain_text("online")
    card.get_by_role("link").focus()
    set_status(desk, "east-1", told(faults=("card_reader",)))
    expect(card).to_contain_text("card reader", timeout=WAIT_MS)
    expect(card.get_by_role("link")).to_be_focused()
    page.context.close()


def test_what_is_being_typed_stays_while_the_gate_changes(
    browser: Browser, server: PagesServer, desk: Desk
) -> None:
    page = opened(browser, server, "/gates/east-1", "zh", PHONE)
    page.get_by_label("中文内容").fill("今晚消杀")
    set_status(desk, "east-1", told(faults=("camera",)))
    expect(page.get_by_text("修好之前请居民刷身份证")).to_be_visible(timeout=WAIT_MS)
    expect(page.get_by_label("中文内容")).to_have_value("今晚消杀")
    page.get_by_role("button", name="发送", exact=True).click()
    expect(page.locator(".done")).to_contain_text("消息已交给卡口")
    expect(page.get_by_role("table")).to_contain_text("今晚消杀")
    page.context.close()


def test_tips_are_sent_and_the_gates_log_is_in_words(
    browser: Browser, server: PagesServer, desk: Desk
) -> None:
    at = {"gate": "east-1", "t_ms": NOON_MS}
    said = {"reason": "drill", "hours": 4, "approver": "G009"}
    plant_log(desk.office, **at, kind="mode", code="lockdown", fields=said)
    page = opened(browser, server, "/gates/east-1", "zh", PHONE)
    expect(page.get_by_text("开始封闭管理，演练，4 小时，授权人 G009")).to_be_visible()
    page.get_by_label("提示内容").fill("勤洗手 | Wash your hands\n通风")
    page.get_by_role("button", name="发送提示").click()
    expect(page.locator(".done")).to_contain_text("提示已交给卡口")
    expect(page.get_by_role("table").first).to_contain_text("勤洗手")
    expect(page.get_by_label("提示内容")).to_have_value("勤洗手 | Wash your hands\n通风")
    assert (violations(page), overflow(page)) == ([], 0)
    page.context.close()
