"""The inbox in a real browser: both languages, both sizes, no violation; answered by one press."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect

from gated.core.canonical import canonical
from gated.hub.inbox import Inbox
from gated.hub.inbox_item import Kind
from gated.hub.projector import Projector
from gated.hub.store import HubStore
from gated.hub.web.pages import cookie_name
from gated.hub.web.server import PagesServer
from gated.store.sealed_box import (
    anomaly_context,
    note_context,
    paper_context,
    public_of,
    registration_context,
    seal_to,
)
from tests.support.browser import DESKTOP, PHONE, chromium, overflow, violations
from tests.support.gate_events import UNSURE, SentEvents
from tests.support.hub_pages import opened_login, served
from tests.support.office import NOON_MS, Desk, open_desk

pytestmark = pytest.mark.browser
SHOTS = os.environ.get("GATED_SHOTS", "")
SLIP = {
    "number": "12-7",
    "day": "2020-02-10",
    "time": "09:12",
    "direction": "in",
    "outcome": "passed",
    "name": "赵老六",
    "document_number": "E12345678",
    "phone": "",
    "room": "3-2-101",
    "temp_mc": -1,
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    opened = open_desk(tmp_path)
    fill(opened)
    yield opened
    opened.office.database.close()


@pytest.fixture
def server(desk: Desk) -> Iterator[PagesServer]:
    with served(desk) as running:
        yield running


def fill(desk: Desk) -> None:
    """Items of every kind a gate can raise."""
    public = public_of(desk.office.seal_key)
    sent = SentEvents()
    sent.passage(NOON_MS, verdict="STOP", reason="TEMP_HIGH", direction="out", shadow=1)
    sent.passage(NOON_MS, verdict="STOP", reason="STAT_CONTACT", site="elsewhere")
    sent.add("call", NOON_MS, reason="dispute", guard="G017")
    box = seal_to(public, canonical({"text": "道闸坏了"}), anomaly_context("north-1"))
    sent.add("anomaly", NOON_MS, what="damage", sealed=box.hex())
    box = seal_to(public, canonical({"text": "药在岗亭"}), note_context("north-1"))
    sent.add("note", NOON_MS, what="parcel", sealed=box.hex())
    box = seal_to(public, canonical(SLIP), paper_context("north-1"))
    sent.add("paper", NOON_MS, direction="in", outcome="passed", sealed=box.hex())
    said = {"name": "欧阳娜娜", "phone": "13812345678", "to": "3-2-101", "reason": "探亲"}
    box = seal_to(public, canonical(said), registration_context("north-1"))
    sent.boot = "boot-2"
    sent.add("registration", NOON_MS, form="visitor", sealed=box.hex(), clock=UNSURE)
    sent.add("alert", NOON_MS, code="GUARD_DURESS", clock=UNSURE)
    store = HubStore(desk.office.config.store.url)
    sent.send(store, NOON_MS + 1000)
    store.close()
    Projector(desk.office).catch_up()


def opened(browser: Browser, server: PagesServer, language: str, size: dict[str, int]) -> Page:
    context = browser.new_context(viewport=ViewportSize(width=size["width"], height=size["height"]))
    _, token = opened_login(server.front, language=language)
    context.add_cookies([{"name": cookie_name(secure=False), "value": token, "url": server.url}])
    return context.new_page()


@pytest.mark.parametrize(("language", "size"), [("zh", PHONE), ("en", DESKTOP)], ids=["zh", "en"])
def test_the_inbox_is_usable_by_everybody(
    browser: Browser, server: PagesServer, desk: Desk, language: str, size: dict[str, int]
) -> None:
    page = opened(browser, server, language, size)
    base = server.url.rstrip("/")
    numbers = {item.kind.value: item.id for item in Inbox(desk.office).items(desk.actor())}
    for name in ("", "registration", "anomaly", "note", "paper"):
        page.goto(f"{base}/s/east/inbox{f'/{numbers[name]}' if name else ''}")
        assert violations(page) == [], name
        assert overflow(page) == 0, name
        if SHOTS:
            page.screenshot(
                path=f"{SHOTS}/inbox{name}-{language}-{size['width']}.png", full_page=True
            )
    page.goto(f"{base}/s/east/inbox/{numbers['registration']}")
    page.get_by_role("textbox").first.fill("访客核对")
    page.locator("main form button").first.click()
    expect(page.get_by_text("欧阳娜娜")).to_be_visible()
    assert violations(page) == []
    assert overflow(page) == 0
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/opened-{language}-{size['width']}.png", full_page=True)
    page.goto(f"{base}/s/east/inbox")
    page.locator("article form button").first.click()
    expect(page.get_by_role("status").filter(has_not_text="{n}").first).to_be_attached()
    expect(page.locator("article")).to_have_count(len(numbers) - 1)
    page.context.close()


def test_a_line_from_paper_becomes_a_record_with_one_press(
    browser: Browser, server: PagesServer, desk: Desk
) -> None:
    (paper,) = Inbox(desk.office).items(desk.actor(), kind=Kind.PAPER)
    page = opened(browser, server, "zh", PHONE)
    page.goto(f"{server.url}s/east/inbox/{paper.id}")
    page.get_by_label("查询事由").fill("补录核对")
    page.get_by_role("button", name="打开纸质登记").click()
    expect(page.get_by_text("赵老六")).to_be_visible()
    assert (violations(page), overflow(page)) == ([], 0)
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/paper.png", full_page=True)
    page.get_by_role("button", name="补录到通行记录").click()
    expect(page.get_by_role("status").filter(has_text="已补录")).to_be_visible()
    expect(page.get_by_text("卡口补录")).to_have_count(0)
    assert Inbox(desk.office).item(desk.actor(), paper.id).acked_by
    page.context.close()
