"""What a guard who does not know the screen is told, and where it stands."""

from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from gated.core.text import Text
from gated.screen.snapshot import DutyView, PanelView, RoundView, VehicleView
from tests.screen.pages import choose, opened, said

pytestmark = pytest.mark.browser

NO_BOOK = DutyView()
NOBODY = DutyView(log_in=True)
BOOK = [{"number": "A12", "name": "李*", "role": "guard"}]
PANELS = [(800, 480, 5.0), (480, 320, 3.5), (400, 480, 3.4), (390, 844, 6.1)]

# What a toast covers that it may not: the verdict's word, reason, advice, and every key below.
COVERED = """() => {
  const box = document.getElementById("toast").getBoundingClientRect();
  return ["word", "reason", "advice", "more", "call", "health"].filter(id => {
    const element = document.getElementById(id);
    const one = element.getBoundingClientRect();
    // Beside the ink of the word stands nothing: its box begins above the band.
    const empty = id === "word" ? one.height * 0.2 : 0;
    return one.height && one.top + empty < box.bottom && one.bottom > box.top;
  });
}"""
UNDER = """([id]) => {
  const box = document.getElementById(id).getBoundingClientRect();
  const badge = document.getElementById("round-due").getBoundingClientRect();
  const x = badge.width ? badge.left + badge.width / 2 : box.left + box.width / 2;
  return document.elementFromPoint(x, box.top + box.height / 2).closest("button").id;
}"""


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(("width", "height", "inches"), PANELS)
def test_a_toast_covers_neither_the_verdict_nor_what_to_do(
    samples: Any, serve: Any, seen: Any, width: int, height: int, inches: float, language: Any
) -> None:
    page: Page = seen.page
    page.set_viewport_size({"width": width, "height": height})
    served = serve(replace(samples.stop, language=language, panel=PanelView(inches)))
    page = opened(seen, served)
    served.answer = "not_on_duty_here"  # the longest refusal
    page.keyboard.press("F5")
    expect(page.locator("#toast.bad")).to_be_visible()
    assert page.evaluate(COVERED) == []


@pytest.mark.parametrize("above", ["message", "vehicle"])
@pytest.mark.parametrize(("width", "height", "inches"), PANELS)
def test_an_overdue_round_takes_no_touch_from_the_line_below_it(
    samples: Any, serve: Any, seen: Any, width: int, height: int, inches: float, above: str
) -> None:
    page: Page = seen.page
    page.set_viewport_size({"width": width, "height": height})
    busy = replace(samples.idle, round=RoundView(310, overdue=True), panel=PanelView(inches))
    text = Text("今日 16 点起东门只出不进", "The east gate is exit only")
    busy = replace(busy, **({"message": text} if above == "message" else {}))
    if above == "vehicle":
        busy = replace(busy, vehicle=VehicleView("粤B·**34", 4, ()))
    page.goto(serve(busy).url)
    page.locator("body[data-drawn]").wait_for()
    assert page.evaluate(UNDER, [above]) == above


def test_a_key_of_four_signs_breaks_between_its_words(samples: Any, serve: Any, seen: Any) -> None:
    page = opened(seen, serve(samples.check))
    for kind in ("clinical", "manual_pass"):
        lines = page.evaluate(
            """kind => {
              const text = document.querySelector(`.act[data-kind=${kind}] span`);
              const places = [...document.createTreeWalker(text, NodeFilter.SHOW_TEXT).root.childNodes]
                .filter(node => node.data).flatMap(node => [...node.data].map((_, at) => {
                  const range = document.createRange();
                  range.setStart(node, at); range.setEnd(node, at + 1);
                  return Math.round(range.getBoundingClientRect().top);
                }));
              return Object.values(places.reduce((all, top) => ({...all, [top]: (all[top] ?? 0) + 1}), {}));
            }""",
            kind,
        )
        assert lines in ([2, 2], [4]), kind


def test_a_lockdown_without_a_book_of_guards_says_why_not(
    samples: Any, serve: Any, seen: Any
) -> None:
    served = serve(replace(samples.stop, duty=NO_BOOK))
    page = opened(seen, served)
    choose(page, "modes")
    lockdown = page.locator("dialog [data-word=lockdown]")
    expect(lockdown).to_be_disabled()
    expect(lockdown).to_contain_text("请先登记值守名册")
    page.keyboard.press("Escape")
    served.feed.publish(replace(samples.stop, duty=NOBODY))
    expect(page.locator("#guard.amber")).to_be_visible()
    choose(page, "modes")
    expect(lockdown).to_be_enabled()


def test_a_tap_on_nobody_without_a_book_says_how_to_make_one(
    samples: Any, serve: Any, seen: Any
) -> None:
    page = opened(seen, serve(replace(samples.stop, duty=NO_BOOK)))
    page.locator("#guard").click()
    expect(page.locator("dialog .range")).to_contain_text("gated guard add")
    expect(page.locator("dialog h2")).to_have_text("交接班:输入工号")


@pytest.mark.parametrize("pressed", ["F2", "F3", "F4", "F5"])
def test_an_order_while_nobody_is_logged_in_leads_to_the_log_in(
    samples: Any, serve: Any, seen: Any, pressed: str
) -> None:
    served = serve(replace(samples.stop, duty=NOBODY))
    page = opened(seen, served)
    served.guards = BOOK
    page.keyboard.press(pressed)
    expect(page.locator("dialog [data-guard=A12]")).to_be_visible()
    expect(page.locator("dialog .range")).to_have_text("无人值守,请先上岗")
    assert served.actions == []


def test_beside_a_code_stands_what_it_means(samples: Any, serve: Any, seen: Any) -> None:
    page = opened(seen, serve(samples.stop))
    page.keyboard.press("F1")
    rows = page.locator("dialog.codes li")
    expect(rows.filter(has_text="OK_RESIDENT")).to_contain_text("居民放行")
    expect(rows.filter(has_text="TEMP_CLINICAL_OK")).to_contain_text("复测正常")


def test_the_long_dialogs_have_a_dark_bar_to_scroll_by(samples: Any, serve: Any, seen: Any) -> None:
    page = opened(seen, serve(samples.stop))
    page.keyboard.press("F8")
    track = "getComputedStyle(document.querySelector('dialog .list'), '::-webkit-scrollbar-track')"
    assert page.evaluate(f"{track}.backgroundColor") == "rgb(22, 33, 44)"


def test_what_is_said_is_said_at_the_top(samples: Any, serve: Any, seen: Any) -> None:
    page = opened(seen, serve(samples.stop))
    page.keyboard.press("F5")
    said(page)
    box = page.locator("#toast").bounding_box()
    assert box is not None
    assert (box["x"], box["y"], box["width"]) == (0, 0, 800)
