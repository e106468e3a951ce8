"""Three hardware keys do everything; a double tap does nothing twice."""

from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from gated.core.model import GuardAction, GuardActionKind
from gated.core.reports import Alert, Call, Registration, Round
from tests.screen.pages import HOLD_MS, choose, opened, said, sent

pytestmark = pytest.mark.browser

NEXT, PRESS, BACK = "ArrowDown", "Enter", "Escape"
MOST_STEPS = 60


def walk(page: Page, selector: str) -> None:
    """Press the first key until the one that is wanted is outlined."""
    for _ in range(MOST_STEPS):
        page.keyboard.press(NEXT)
        if page.locator(f"{selector}.walked").count():
            break
    expect(page.locator(f"{selector}.walked")).to_have_count(1)
    expect(page.locator(f"{selector}.walked")).to_be_focused()


def held(page: Page) -> None:
    page.keyboard.down(PRESS)
    page.clock.fast_forward(HOLD_MS)
    page.keyboard.up(PRESS)


def test_a_manual_pass_with_three_keys(samples: Any, serve: Any, seen: Any) -> None:
    served = serve(replace(samples.stop, suggested=GuardActionKind.MANUAL_PASS))
    page = opened(seen, served)
    page.keyboard.press(NEXT)  # begins at the key that is suggested
    expect(page.locator("[data-kind=manual_pass].walked")).to_be_visible()
    page.keyboard.press(PRESS)
    walk(page, "dialog [data-reason=station]")
    page.keyboard.press(PRESS)
    assert served.actions == []
    held(page)
    said(page)
    assert served.actions == [GuardAction(GuardActionKind.MANUAL_PASS, 7, "station")]


def test_a_call_with_three_keys(samples: Any, serve: Any, seen: Any) -> None:
    served = serve(samples.stop)
    page = opened(seen, served)
    walk(page, "#more")
    page.keyboard.press(PRESS)
    walk(page, "dialog [data-word=call]")
    page.keyboard.press(PRESS)
    walk(page, "dialog [data-word=help]")
    with sent(page):
        page.keyboard.press(PRESS)
    assert served.reports == [Call("help", 7)]


def test_a_form_and_its_pads_with_three_keys(samples: Any, serve: Any, seen: Any) -> None:
    served = serve(samples.stop)
    page = opened(seen, served)
    choose(page, "registration", "visitor")
    walk(page, "dialog [data-field=phone]")
    page.keyboard.press(PRESS)
    for digit in ("1", "1", "0"):
        walk(page, f"dialog .digit:has-text('{digit}')")
        page.keyboard.press(PRESS)
    walk(page, "dialog .confirm")
    page.keyboard.press(PRESS)
    walk(page, "dialog [data-field=name]")
    page.keyboard.press(PRESS)
    expect(page.locator("dialog input")).to_be_focused()
    page.keyboard.press(NEXT)  # out of the line to type in
    page.keyboard.press(PRESS)
    walk(page, "dialog .confirm")
    with sent(page):
        page.keyboard.press(PRESS)
    assert [report.person.phone for report in served.reports] == ["110"]
    assert isinstance(served.reports[0], Registration)


def test_back_leads_out_step_by_step(samples: Any, serve: Any, seen: Any) -> None:
    served = serve(samples.stop)
    page = opened(seen, served)
    choose(page, "registration", "visitor")
    page.keyboard.press("2")
    page.locator("dialog .digit").first.wait_for()
    page.keyboard.press(BACK)
    expect(page.locator("dialog [data-field=phone]")).to_be_visible()
    page.keyboard.press(BACK)
    expect(page.locator("dialog")).to_be_hidden()
    page.keyboard.press(NEXT)
    page.keyboard.press(BACK)
    expect(page.locator(".walked")).to_have_count(0)
    assert served.reports == []


def test_a_key_that_is_still_down_presses_nothing_else(samples: Any, serve: Any, seen: Any) -> None:
    served = serve(samples.stop)
    page = opened(seen, served)
    walk(page, "#more")
    page.keyboard.down(PRESS)
    page.locator("dialog [data-word=round]").wait_for()
    walk(page, "dialog [data-word=round]")
    page.keyboard.down(PRESS)  # repeats while it is down
    expect(page.locator("dialog [data-word=round]")).to_be_visible()
    page.keyboard.up(PRESS)
    assert served.reports == []


def test_the_outlined_more_held_for_three_seconds_is_the_silent_alarm(
    samples: Any, serve: Any, seen: Any
) -> None:
    served = serve(samples.stop)
    page = opened(seen, served)
    walk(page, "#more")
    page.keyboard.down(PRESS)
    with sent(page):
        page.clock.fast_forward(3100)
    page.keyboard.up(PRESS)
    assert served.reports == [Alert("GUARD_DURESS")]
    assert page.locator("#toast.good, #toast.bad").count() == 0


def test_a_double_tap_does_not_press_the_key_that_comes_under_it(
    samples: Any, serve: Any, seen: Any
) -> None:
    served = serve(samples.stop)
    page = opened(seen, served)
    choose(page, "round")
    page.locator("dialog [data-word=gate]").dblclick()
    expect(page.locator("dialog [data-word=chlorine]")).to_be_visible()
    assert served.reports == []
    with sent(page):
        page.locator("dialog [data-word=chlorine]").dblclick()
    assert served.reports == [Round("gate", "chlorine")]
    expect(page.locator("dialog")).to_be_hidden()


def test_an_order_on_its_way_is_not_given_again(samples: Any, serve: Any, seen: Any) -> None:
    served = serve(samples.check)
    page = opened(seen, served)
    asked: list[str] = []

    def later(route: Any) -> None:
        asked.append(route.request.method)

    page.route("**/act", later)  # the answer is still on its way
    with page.expect_request("**/act"):
        page.locator("[data-kind=remeasure]").dblclick()
    page.keyboard.press("F9")  # a round trip to the page: whatever was asked was asked by now
    expect(page.locator("#word")).to_have_text("CHECK")
    assert asked == ["POST"]
    page.unroute("**/act")
