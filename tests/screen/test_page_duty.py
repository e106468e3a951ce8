"""Log-in, log-off and the second person, by finger and by key."""

from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from gated.core.model import GuardAction, GuardActionKind
from gated.core.reports import Shift
from gated.screen.actions import Credentials
from gated.screen.reports import Answer
from gated.screen.snapshot import AskedView, DutyView
from tests.screen.pages import key

pytestmark = pytest.mark.browser

BOOK = [
    {"number": "A12", "name": "李*", "role": "guard"},
    {"number": "S001", "name": "王*", "role": "supervisor"},
]
NOBODY = DutyView(log_in=True)
LI = DutyView(3, "A12", "李*", "guard", log_in=True)
ASKED = AskedView(GuardActionKind.MANUAL_PASS, "known")
HOLD_MS = 1100


def opened(seen: Any, served: Any) -> Page:
    page: Page = seen.page
    page.goto(served.url)
    page.locator("#word", has_text="禁止").wait_for()
    served.guards = BOOK
    return page


def type_pin(page: Page, pin: str) -> None:
    page.locator("dialog.pin output").wait_for()
    for digit in pin:
        page.locator("dialog .digit", has_text=digit).click()
    page.locator("dialog .confirm").click()


def test_nobody_on_duty_is_drawn_where_nobody_overlooks_it(
    samples: Any, serve: Any, seen: Any
) -> None:
    page = opened(seen, serve(replace(samples.stop, duty=NOBODY)))
    expect(page.locator("#guard")).to_have_text("无人值守")
    expect(page.locator("#guard")).to_have_css("background-color", "rgb(255, 194, 10)")


def test_a_guard_logs_in_with_two_taps_and_a_pin(samples: Any, serve: Any, seen: Any) -> None:
    served = serve(replace(samples.stop, duty=NOBODY))
    page = opened(seen, served)
    page.locator("#guard").click()
    page.locator("dialog [data-guard=A12]").click()
    type_pin(page, "8642")
    expect(page.locator("dialog")).to_be_hidden()
    assert served.log_ins == [Credentials("A12", "8642")]
    served.feed.publish(replace(samples.stop, duty=LI))
    expect(page.locator("#guard")).to_have_text("值守 李*")


def test_a_pin_is_never_on_the_screen_and_keys_do_as_well(
    samples: Any, serve: Any, seen: Any
) -> None:
    served = serve(replace(samples.stop, duty=NOBODY))
    page = opened(seen, served)
    page.keyboard.press("F6")
    page.locator("dialog [data-word=shift]").click()
    page.locator("dialog [data-guard=S001]").wait_for()
    page.keyboard.press("2")
    page.locator("dialog.pin output").wait_for()
    for one in ("9", "7", "8", "Backspace", "5", "3", "1"):
        page.keyboard.press(one)
    assert page.locator("dialog output").inner_text() == "●●●●●"
    assert "97531" not in page.content()
    page.keyboard.press("Enter")
    expect(page.locator("dialog")).to_be_hidden()
    assert served.log_ins == [Credentials("S001", "97531")]


@pytest.mark.parametrize(
    ("answer", "told"),
    [(Answer("wrong_pin"), "工号或密码不对"), (Answer("pin_locked", wait_s=290), "请等 5 分钟")],
)
def test_a_refused_pin_says_why_and_may_be_typed_again(
    samples: Any, serve: Any, seen: Any, answer: Answer, told: str
) -> None:
    served = serve(replace(samples.stop, duty=NOBODY))
    served.log_in_answer = answer
    page = opened(seen, served)
    page.locator("#guard").click()
    page.locator("dialog [data-guard=A12]").click()
    type_pin(page, "1357")
    expect(page.locator("dialog .range.bad")).to_contain_text(told)
    assert page.locator("dialog output").inner_text() == "○○○○"
    assert page.locator("dialog .confirm").is_disabled()


def test_whoever_is_on_duty_logs_off_by_holding(samples: Any, serve: Any, seen: Any) -> None:
    served = serve(replace(samples.stop, duty=LI))
    page = opened(seen, served)
    page.locator("#guard").click()
    page.locator("dialog .skip").click()
    page.locator("dialog .hold").hover()
    page.mouse.down()
    page.clock.fast_forward(HOLD_MS)
    page.mouse.up()
    expect(page.locator("#toast")).to_contain_text("下岗")
    assert (served.reports, served.spells) == ([Shift("end")], [3])


def test_every_order_names_the_spell_of_duty_on_the_screen(
    samples: Any, serve: Any, seen: Any
) -> None:
    served = serve(replace(samples.stop, duty=LI))
    page = opened(seen, served)
    page.keyboard.press("F2")
    for one in ("3", "6", "6", "Enter"):
        page.keyboard.press(one)
    expect(page.locator("#toast")).to_contain_text("已提交")
    assert served.spells == [3]


def refused_for_a_second(page: Page, served: Any, samples: Any) -> None:
    page.keyboard.press("F3")
    page.locator("[data-reason=known]").hover()
    page.mouse.down()
    page.clock.fast_forward(HOLD_MS)
    page.mouse.up()
    expect(page.locator("#toast")).to_contain_text("已提交")
    served.feed.publish(replace(samples.stop, duty=LI, needs_second=ASKED))


def test_an_order_that_needs_a_second_person_asks_for_one(
    samples: Any, serve: Any, seen: Any
) -> None:
    served = serve(replace(samples.stop, duty=LI))
    page = opened(seen, served)
    refused_for_a_second(page, served, samples)
    expect(page.locator("dialog [data-guard]")).to_have_count(1)  # no guard approves, nor oneself
    page.locator("dialog [data-guard=S001]").click()
    type_pin(page, "97531")
    expect(page.locator("dialog")).to_be_hidden()
    order = GuardAction(GuardActionKind.MANUAL_PASS, 7, "known")
    assert served.actions == [order, order]
    assert served.seconds == [Credentials("S001", "97531")]


def test_the_question_for_a_second_person_ends_with_its_visit(
    samples: Any, serve: Any, seen: Any
) -> None:
    served = serve(replace(samples.stop, duty=LI))
    page = opened(seen, served)
    refused_for_a_second(page, served, samples)
    page.locator("dialog [data-guard=S001]").click()
    page.locator("dialog.pin output").wait_for()
    served.feed.publish(samples.idle)
    expect(page.locator("dialog")).to_be_hidden()
    expect(page.locator("#toast.bad")).to_have_text("此人已离开,未执行")
    assert served.seconds == []


def test_a_long_book_has_pages_and_its_last_guard_can_log_in(
    samples: Any, serve: Any, seen: Any
) -> None:
    served = serve(replace(samples.stop, duty=NOBODY))
    page = opened(seen, served)
    served.guards = [{"number": f"G{n:02}", "name": f"员{n}*", "role": "guard"} for n in range(40)]
    page.locator("#guard").click()
    key(page, "[data-guard=G39]")
    type_pin(page, "8642")
    expect(page.locator("dialog")).to_be_hidden()
    assert served.log_ins == [Credentials("G39", "8642")]


def test_a_gate_without_a_book_asks_for_no_pin(samples: Any, serve: Any, seen: Any) -> None:
    page = opened(seen, serve(replace(samples.stop, duty=DutyView())))
    page.locator("#guard").click()
    expect(page.locator("dialog h2")).to_have_text("交接班:输入工号")
    expect(page.locator("dialog.pin")).to_have_count(0)
