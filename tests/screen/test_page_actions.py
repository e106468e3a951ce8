"""What a guard presses, by finger and by key, becomes the right order or none."""

from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from gated.core.model import GuardAction, GuardActionKind
from gated.screen.snapshot import DutyView

pytestmark = pytest.mark.browser

HOLD_MS = 1100


def opened(seen: Any, served: Any) -> Page:
    page: Page = seen.page
    page.goto(served.url)
    page.locator("#word", has_text="禁止").wait_for()
    return page


def hold(page: Page, reason: str) -> None:
    page.locator(f"[data-reason={reason}]").hover()
    page.mouse.down()
    page.clock.fast_forward(HOLD_MS)
    page.mouse.up()


def test_manual_pass_needs_a_reason_held_for_a_second(samples: Any, serve: Any, seen: Any) -> None:
    served = serve(samples.stop)
    page = opened(seen, served)
    page.locator("[data-kind=manual_pass]").click()
    expect(page.locator("dialog [data-reason]")).to_have_count(10)
    page.locator("[data-reason=medical]").click()
    assert served.actions == []
    hold(page, "medical")
    expect(page.locator("#toast")).to_contain_text("已提交")
    assert served.actions == [GuardAction(GuardActionKind.MANUAL_PASS, 7, "medical")]
    assert page.locator("dialog").is_hidden()


def test_refusal_is_given_with_keys_alone(samples: Any, serve: Any, seen: Any) -> None:
    served = serve(samples.stop)
    page = opened(seen, served)
    page.keyboard.press("F4")
    expect(page.locator("dialog [data-reason]")).to_have_count(4)
    page.keyboard.down("3")
    page.clock.fast_forward(HOLD_MS)
    page.keyboard.up("3")
    expect(page.locator("#toast")).to_contain_text("已提交")
    assert served.actions == [GuardAction(GuardActionKind.REFUSE, 7, "document")]


def test_typed_value_is_sent_in_thousandths(samples: Any, serve: Any, seen: Any) -> None:
    served = serve(samples.stop)
    page = opened(seen, served)
    page.locator("[data-kind=clinical]").click()
    for digit in "368":
        page.locator("dialog .digit", has_text=digit).click()
    expect(page.locator("output")).to_have_text("36.8")
    page.locator("dialog .confirm").click()
    expect(page.locator("#toast")).to_contain_text("已提交")
    assert served.actions == [GuardAction(GuardActionKind.CLINICAL, 7, value_mc=36_800)]


def test_keypad_takes_no_digit_that_leaves_the_range(samples: Any, serve: Any, seen: Any) -> None:
    served = serve(samples.stop)
    page = opened(seen, served)
    page.keyboard.press("F2")
    for key in "294":
        page.keyboard.press(key)
    expect(page.locator("output")).to_have_text("4_._")
    page.keyboard.press("3")
    expect(page.locator(".range.bad")).to_have_text("只能是 34.0 – 42.9 ℃")
    expect(page.locator("dialog .confirm")).to_be_disabled()
    page.keyboard.press("Enter")
    for key in ("2", "9", "1"):
        page.keyboard.press(key)
    expect(page.locator("output")).to_have_text("42.9")
    page.keyboard.press("Backspace")
    expect(page.locator("output")).to_have_text("42._")
    page.keyboard.press("0")
    page.keyboard.press("Enter")
    expect(page.locator("#toast")).to_contain_text("已提交")
    assert served.actions == [GuardAction(GuardActionKind.CLINICAL, 7, value_mc=42_000)]


def test_what_is_not_enabled_cannot_be_pressed(samples: Any, serve: Any, seen: Any) -> None:
    served = serve(replace(samples.stop, enabled=(GuardActionKind.REFUSE,)))
    page = opened(seen, served)
    expect(page.locator("[data-kind=manual_pass]")).to_be_disabled()
    expect(page.locator("[data-kind=refuse]")).to_be_enabled()
    page.keyboard.press("F3")
    expect(page.locator("#toast")).to_have_text("当前不能这样操作")
    assert page.locator("dialog").is_hidden()


def test_suggested_action_stands_out(samples: Any, serve: Any, seen: Any) -> None:
    served = serve(replace(samples.stop, suggested=GuardActionKind.MANUAL_PASS))
    page = opened(seen, served)
    button = page.locator(".suggested")
    expect(button).to_have_count(1)
    assert button.get_attribute("data-kind") == "manual_pass"
    assert button.evaluate("element => getComputedStyle(element).backgroundColor") == (
        "rgb(255, 255, 255)"
    )


def test_dialog_closes_when_its_visit_is_over(samples: Any, serve: Any, seen: Any) -> None:
    served = serve(samples.stop)
    page = opened(seen, served)
    page.keyboard.press("F3")
    expect(page.locator("dialog")).to_be_visible()
    served.feed.publish(replace(samples.check, visit=8))
    expect(page.locator("dialog")).to_be_hidden()
    expect(page.locator("#toast")).to_contain_text("此人已离开")
    assert served.actions == []


def test_new_snapshot_of_the_same_visit_keeps_the_dialog(
    samples: Any, serve: Any, seen: Any
) -> None:
    served = serve(samples.stop)
    page = opened(seen, served)
    page.keyboard.press("F2")
    page.keyboard.press("3")
    served.feed.publish(replace(samples.stop, duty=DutyView(4, "B7", "赵*", "guard")))
    expect(page.locator("#guard")).to_contain_text("赵*")
    expect(page.locator("output")).to_have_text("3_._")


@pytest.mark.parametrize(
    ("answer", "told"), [("visit_over", "此人已离开,未执行"), ("some sentence", "some sentence")]
)
def test_refused_order_is_told(samples: Any, serve: Any, seen: Any, answer: str, told: str) -> None:
    served = serve(samples.stop)
    served.answer = answer
    page = opened(seen, served)
    page.keyboard.press("F2")
    for key in ("3", "7", "3", "Enter"):
        page.keyboard.press(key)
    expect(page.locator("#toast.bad")).to_have_text(told)


def test_cancel_and_escape_send_nothing(samples: Any, serve: Any, seen: Any) -> None:
    served = serve(samples.stop)
    page = opened(seen, served)
    page.keyboard.press("F3")
    page.locator("dialog .cancel").click()
    expect(page.locator("dialog")).to_be_hidden()
    page.keyboard.press("F4")
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_be_hidden()
    assert served.actions == []


def test_buttons_on_the_screen_are_large_enough_for_gloves(
    samples: Any, serve: Any, seen: Any
) -> None:
    page = opened(seen, serve(samples.stop))
    boxes = page.locator(".act").evaluate_all(
        "all => all.map(element => { const box = element.getBoundingClientRect();"
        " return Math.min(box.width, box.height); })"
    )
    assert min(boxes) >= 89


def test_measuring_again_is_one_tap_or_one_key(samples: Any, serve: Any, seen: Any) -> None:
    served = serve(samples.check)
    page: Page = seen.page
    page.goto(served.url)
    page.locator("[data-kind=remeasure]").click()
    expect(page.locator("#toast")).to_contain_text("复测")
    page.keyboard.press("F5")
    expect(page.locator("dialog")).to_be_hidden()
    again = GuardAction(GuardActionKind.REMEASURE, 7)
    expect(page.locator("#toast")).to_be_visible()
    assert served.actions[0] == again


@pytest.mark.parametrize(("kind", "key"), [("manual_pass", "F3"), ("refuse", "F4")])
def test_another_reason_may_be_told_in_words(
    samples: Any, serve: Any, seen: Any, kind: str, key: str
) -> None:
    served = serve(samples.stop)
    page = opened(seen, served)
    page.keyboard.press(key)
    hold(page, "other")
    page.locator("dialog input").fill("送药上门")
    assert served.actions == []
    page.keyboard.press("Enter")
    expect(page.locator("#toast")).to_contain_text("已提交")
    assert served.actions == [GuardAction(GuardActionKind(kind), 7, "other")]
    assert served.texts == ["送药上门"]


def test_words_that_cannot_be_sealed_stay_and_the_order_goes_without_them(
    samples: Any, serve: Any, seen: Any
) -> None:
    served = serve(samples.stop)
    page = opened(seen, served)
    page.keyboard.press("F3")
    hold(page, "other")
    served.answer = "no_hub_key"
    page.locator("dialog input").fill("送药上门")
    page.keyboard.press("Enter")
    expect(page.locator("dialog .range.bad")).to_contain_text("未装中心公钥")
    assert page.locator("dialog input").input_value() == "送药上门"
    served.answer = ""
    page.locator("dialog input").fill("")
    page.keyboard.press("Enter")
    expect(page.locator("#toast")).to_contain_text("已提交")
    assert [action.reason for action in served.actions] == ["other", "other"]
    assert served.texts == ["送药上门"]


def test_words_about_somebody_who_left_are_not_sent(samples: Any, serve: Any, seen: Any) -> None:
    served = serve(samples.stop)
    page = opened(seen, served)
    page.keyboard.press("F3")
    hold(page, "other")
    page.locator("dialog input").wait_for()
    served.feed.publish(replace(samples.check, visit=8))
    expect(page.locator("dialog")).to_be_hidden()
    expect(page.locator("#toast")).to_contain_text("此人已离开")
    assert served.actions == []
