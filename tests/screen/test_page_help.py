"""The help page: what is the matter, and what to do about it."""

import itertools
from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from gated import __version__
from gated.core.text import Text
from gated.screen.snapshot import LinkView, Snapshot
from tests.screen.looking import publish
from tests.screen.states import IDLE, STATES

pytestmark = pytest.mark.browser

counter = itertools.count()
BROKEN = replace(STATES["fault"], link=LinkView("offline", 2290, 57, 2280))


def opened(seen: Any, serve: Any, snapshot: Snapshot) -> Page:
    served = serve(IDLE)
    page: Page = seen.page
    page.goto(served.url)
    publish(page, served, snapshot, next(counter))
    return page


def test_a_touch_on_a_fault_says_what_to_do(seen: Any, serve: Any) -> None:
    page = opened(seen, serve, BROKEN)
    page.locator(".cell.fail").click()
    asked = page.locator("dialog .asked")
    expect(asked).to_have_attribute("data-part", "thermometer")
    expect(asked).to_contain_text("检查 I2C 接线和供电")
    assert page.locator("dialog .parts li").first.get_attribute("data-part") == "thermometer"


def test_help_names_every_part_the_backlog_and_the_ages(seen: Any, serve: Any) -> None:
    page = opened(seen, serve, BROKEN)
    page.keyboard.press("F8")
    listed = page.locator("dialog .parts")
    parts = listed.locator("li[data-part]").evaluate_all("all => all.map(e => e.dataset.part)")
    assert sorted(parts) == sorted(part.part for part in BROKEN.health)
    said = listed.inner_text()
    for words in ("版本 41,2 小时前", "离线 38 分", "57", "最早的 38 分 前", "联网后自动补传"):
        assert words in said, words


def test_help_tells_the_phone_the_keys_the_notice_and_the_version(seen: Any, serve: Any) -> None:
    page = opened(seen, serve, IDLE)
    page.keyboard.press("F8")
    dialog = page.locator("dialog")
    for words in ("010-84120000", "东湖社区居委会", "F5", "复测", f"gated {__version__}"):
        expect(dialog).to_contain_text(words)
    page.keyboard.press("Escape")
    page.keyboard.press("F9")
    page.keyboard.press("F8")
    expect(dialog).to_contain_text("measure again")
    expect(dialog).to_contain_text("revision 41, 2 h old")


def test_without_a_hub_help_says_so(seen: Any, serve: Any) -> None:
    page = opened(seen, serve, replace(IDLE, link=LinkView("none"), station=None, notice=None))
    page.keyboard.press("F8")
    expect(page.locator("dialog")).to_contain_text("未接中心")
    expect(page.locator("dialog")).to_contain_text("14 天从本机删除")
    assert "社区电话" not in page.locator("dialog").inner_text()


def test_a_touch_on_the_words_of_a_special_mode_opens_help(seen: Any, serve: Any) -> None:
    page = opened(seen, serve, STATES["out_of_service"])
    page.locator("#why").click()
    expect(page.locator("dialog.help")).to_be_visible()


def test_help_scrolls_with_the_three_keys(seen: Any, serve: Any) -> None:
    page = opened(seen, serve, BROKEN)
    page.keyboard.press("F8")
    page.keyboard.press("ArrowDown")
    scrolled = page.locator("dialog .list").evaluate("element => element.scrollTop")
    assert scrolled > 0
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_be_hidden()


def test_a_small_panel_finds_the_last_passages_in_help(seen: Any, serve: Any) -> None:
    page = opened(seen, serve, IDLE)
    page.keyboard.press("F8")
    assert page.locator("dialog .passages").count() == 0
    page.keyboard.press("Escape")
    page.set_viewport_size({"width": 480, "height": 320})
    page.locator('html[data-layout="small"]').wait_for()
    page.keyboard.press("F8")
    expect(page.locator("dialog .passages")).to_contain_text("14:31 张* 36.5")


def test_markup_in_a_remedy_is_text(seen: Any, serve: Any) -> None:
    evil = Text("<img src=x>", "<img src=x>")
    health = tuple(replace(part, state="fail", remedy=evil, detail=evil) for part in IDLE.health)
    page = opened(seen, serve, replace(IDLE, health=health, notice=evil))
    page.keyboard.press("F8")
    expect(page.locator("dialog .parts")).to_contain_text("<img src=x>")
    assert page.locator("img").count() == 0
