"""Who is on duty at a running gate, who alarms silently, and which presses come too late."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, expect

from gated.core.reports import CHECKLIST
from tests.screen.pages import key
from tests.support.guard_screen import LANE, NAMES, GuardPost, open_page, word
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.browser, pytest.mark.long]

STRANGE = "card A; wrist 36.4; CHECK ID_NOT_IN_ROSTER"
PASSES = "card A; wrist 36.4; ALLOW OK_HOME_RETURN"
DURESS_PIN = "8643"  # A12's with the last digit one higher


@contextmanager
def beside(post: GuardPost) -> Iterator[Page]:
    """A second screen of the same gate."""
    browser = post.page.context.browser
    assert browser is not None
    page = open_page(browser, post.page.url)
    yield page
    page.context.close()


def test_a_shift_from_log_in_to_hand_over(off_duty: GuardPost) -> None:
    post = off_duty
    expect(post.page.locator("#guard.amber")).to_have_text(word("no_guard"))
    post.tap("#guard")
    post.tap("dialog [data-guard=A12]")
    post.tap_pad("8642")
    with post.page.expect_response("**/login"):
        post.tap("dialog .confirm")
    expect(post.page.locator("#guard")).to_contain_text(NAMES["A12"])
    assert post.recorded("shift")["guard"] == "A12"
    post.world.play(LANE, PASSES, A=post.world.resident())
    assert post.recorded("passage")["guard_ref"] == "A12"
    post.page.locator("body[data-mode=idle]").wait_for()
    post.choose("shift")
    for point in (*CHECKLIST, "keys"):  # a second touch: not in order
        key(post.page, f"[data-word={point}]")
    with post.page.expect_response("**/summary") as answer:
        post.tap("dialog .confirm")
    assert answer.value.json()["passages"]["ALLOW"] == 1
    expect(post.page.locator("dialog .counts")).to_contain_text(word("sum_ALLOW") + "1")
    post.hold(".end", "report")
    ended = post.recorded("shift", 2)
    assert (ended["act"], ended["guard"]) == ("end", "A12")
    assert set(ended["checked"]) == set(CHECKLIST) - {"keys"}
    expect(post.page.locator("#guard.amber")).to_have_text(word("no_guard"))


def test_without_a_log_in_nobody_is_passed_by_hand(off_duty: GuardPost) -> None:
    post = off_duty
    post.world.play(LANE, STRANGE, A=post.world.stranger())
    post.press("F3")
    expect(post.page.locator("dialog .range")).to_have_text(word("nobody_on_duty"))
    expect(post.page.locator("dialog [data-guard=A12]")).to_be_visible()
    expect(post.page.locator("dialog [data-reason]")).to_have_count(0)
    assert len(post.records("passage")) == 1


def test_an_order_of_a_guard_who_was_relieved_is_refused(off_duty: GuardPost) -> None:
    post = off_duty
    post.log_in("A12")
    with beside(post) as other:
        relieved = GuardPost(post.world, post.cast, other)
        post.world.play(LANE, STRANGE, A=post.world.stranger())
        relieved.catch(verdict__band="check")
        relieved.caught()
        post.log_in("B34")
        relieved.press("F3")
        relieved.hold_key("[data-reason=known]", "act")
        relieved.said(word("logged_off"))
    assert [one["guard"] for one in post.records("shift")] == ["A12", "A12", "B34"]
    assert len(post.records("passage")) == 1


def test_an_order_about_somebody_who_left_is_refused(off_duty: GuardPost) -> None:
    post = off_duty
    post.log_in()
    post.catch(verdict__band="allow")
    post.world.play(LANE, PASSES, A=post.world.resident())
    post.caught()
    wait_until(lambda: post.snapshot()["visit"] == 0, what="the person to leave")
    post.press("F4")
    post.hold_key("[data-reason=behaviour]", "act")
    post.said(word("visit_over"))
    assert len(post.records("passage")) == 1


def test_an_order_that_two_screens_give_is_carried_out_once(off_duty: GuardPost) -> None:
    post = off_duty
    post.log_in()
    with beside(post) as other:
        second = GuardPost(post.world, post.cast, other)
        post.world.play(LANE, STRANGE, A=post.world.stranger())
        second.catch(verdict__band="check")
        second.caught()
        for screen in (post, second):
            screen.press("F4")
            screen.hold_key("[data-reason=document]", "act")
            screen.said()
    assert [one["verdict"] for one in post.records("passage")] == ["CHECK", "STOP"]


def test_a_log_in_under_duress_works_and_alarms(off_duty: GuardPost) -> None:
    post = off_duty
    post.tap("#guard")
    post.give_pin("A12", "login", DURESS_PIN)
    expect(post.page.locator("#guard")).to_contain_text(NAMES["A12"])
    expect(post.page.locator("#toast")).to_be_hidden()
    assert post.recorded("alert")["code"] == "GUARD_DURESS"
    assert post.recorded("shift")["guard"] == "A12"


def test_the_silent_alarm_needs_nobody_on_duty_and_shows_nothing(off_duty: GuardPost) -> None:
    post = off_duty
    with post.page.expect_response("**/report"):
        post.page.keyboard.down("F6")
    post.page.keyboard.up("F6")
    expect(post.page.locator("dialog.more")).to_be_visible()
    expect(post.page.locator("#toast")).to_be_hidden()
    assert post.recorded("alert")["code"] == "GUARD_DURESS"


def test_hardware_keys_alone_will_do(off_duty: GuardPost) -> None:
    post = off_duty
    post.log_in()
    post.world.play(LANE, STRANGE, A=post.world.stranger())
    for _ in range(9):
        if post.page.locator("#call.walked").count():
            break
        post.press("ArrowDown")
    post.press("Enter")
    post.page.locator("dialog [data-word=fever]").wait_for()
    post.press("ArrowDown")
    post.send()
    assert post.recorded("call")["reason"] == "fever"
