"""A log-in that ends under a half-typed form loses nothing of it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from gated.core.duty import DutyRole
from gated.core.reports import Anomaly
from gated.screen.snapshot import DutyView
from gated.store.guard_book import Guard
from tests.screen.network_world import LI_PIN, NetworkWorld, network_world

pytestmark = pytest.mark.browser

TYPED = "zq words"
RENEWED_PIN = "7531"


@pytest.fixture
def world(tmp_path: Path, samples: Any) -> Iterator[NetworkWorld]:
    with network_world(tmp_path, samples.stop) as served:
        served.on_duty(DutyView(log_in=True))
        yield served


def log_in(page: Page, pin: str) -> None:
    expect(page.locator("h1")).to_have_text("登录值守屏")
    page.locator("#number").fill("A12")
    page.locator("#pin").focus()
    page.keyboard.type(pin)
    page.locator("#begin").click()
    page.locator("#word", has_text="禁止").wait_for()


@pytest.fixture
def page(chromium: Browser, world: NetworkWorld) -> Iterator[Page]:
    """The guard on duty has typed into an anomaly when the log-in ends."""
    context = chromium.new_context(ignore_https_errors=True, viewport={"width": 390, "height": 760})
    page = context.new_page()
    page.goto(world.url)
    log_in(page, LI_PIN)
    page.keyboard.press("F6")
    page.locator("[data-word=anomaly]").click()
    page.locator("[data-word=damage]").click()
    page.locator("dialog.text input").fill(TYPED)
    world.book.put(Guard("A12", DutyRole.GUARD, "李*"), RENEWED_PIN)  # as twelve hours would
    yield page
    context.close()


def test_the_form_stays_until_a_new_log_in_and_is_sent_then(
    world: NetworkWorld, page: Page
) -> None:
    again = page.locator("dialog.again")
    expect(again.locator("h2")).to_have_text("登录已失效,请重新登录")
    assert Axe().run(page).response["violations"] == []
    with page.context.expect_page() as opened:
        again.get_by_role("button", name="登录值守屏").click()
    expect(again).to_have_count(0)
    expect(page.locator("dialog.text input")).to_have_value(TYPED)
    log_in(opened.value, RENEWED_PIN)
    opened.value.close()
    with page.expect_response(
        lambda answer: answer.url.endswith("/report") and answer.status == 200
    ):
        page.locator("dialog.text .confirm").click()
    expect(page.locator("dialog.text")).to_be_hidden()
    assert [report for report, _ in world.told] == [Anomaly("damage", TYPED)]


def test_who_goes_back_keeps_the_form_and_is_asked_when_it_is_sent(
    world: NetworkWorld, page: Page
) -> None:
    again = page.locator("dialog.again")
    again.wait_for()
    page.keyboard.press("Escape")
    expect(again).to_have_count(0)
    expect(page.locator("dialog.text input")).to_have_value(TYPED)
    page.locator("dialog.text .confirm").click()
    again.wait_for()
    again.get_by_role("button", name="返回").click()
    assert world.told == []
    page.keyboard.press("Escape")
    page.locator("dialog [data-word=discard]").click()  # nothing to lose any more
    expect(page.locator("h1")).to_have_text("登录值守屏")
