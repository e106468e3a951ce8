"""Forms and pads say what is missing, and throw nothing away that somebody typed."""

from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from gated.core.model import GuardAction, GuardActionKind
from gated.core.reports import VehicleAct
from tests.screen.pages import choose, hold, key, opened, sent, type_in

pytestmark = pytest.mark.browser


def test_a_form_marks_what_must_be_filled_in_until_it_is(
    samples: Any, serve: Any, seen: Any
) -> None:
    page = opened(seen, serve(samples.stop))
    choose(page, "paper")
    expect(page.locator("dialog .range")).to_have_text("* 必填;○ 至少填一项")
    for field, sign in {"number": "*", "time": "*", "room": "○", "document_number": "○"}.items():
        expect(page.locator(f"dialog [data-field={field}] small")).to_contain_text(sign)
    expect(page.locator("dialog [data-field=phone] small")).to_have_text("手机号")
    type_in(page, "number", "3-12")
    expect(page.locator("dialog [data-field=number] small")).to_have_text("页号-行号")
    page.locator("dialog .confirm").click()
    expect(page.locator("dialog .range.bad")).to_have_text("请填写时间")
    expect(page.locator("dialog .bad[data-field]")).to_have_count(4)
    type_in(page, "room", "3-2-101")
    expect(page.locator("dialog [data-field=document_number] small")).to_have_text("证件号码")


@pytest.mark.parametrize("leave", ["Escape", "key"])
def test_a_form_with_something_typed_is_not_thrown_away_by_one_key(
    samples: Any, serve: Any, seen: Any, leave: str
) -> None:
    page = opened(seen, serve(samples.stop))
    choose(page, "paper")
    type_in(page, "number", "3-12")

    def go() -> None:
        if leave == "Escape":
            page.keyboard.press("Escape")
        else:
            page.locator("dialog .cancel").click()

    go()
    expect(page.locator("dialog .range")).to_contain_text("还没提交")
    page.locator("dialog [data-word=keep]").click()
    expect(page.locator("dialog [data-field=number]")).to_contain_text("3-12")
    go()
    page.keyboard.press("Escape")
    expect(page.locator("dialog [data-field=number]")).to_contain_text("3-12")
    go()
    page.locator("dialog [data-word=discard]").click()
    expect(page.locator("dialog")).to_be_hidden()


def test_a_form_in_which_nothing_was_typed_closes_at_once(
    samples: Any, serve: Any, seen: Any
) -> None:
    page = opened(seen, serve(samples.stop))
    choose(page, "registration", "visitor")
    key(page, "[data-field=phone]")
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_be_hidden()


def test_words_of_ones_own_are_kept_as_well(samples: Any, serve: Any, seen: Any) -> None:
    page = opened(seen, serve(samples.stop))
    choose(page, "note", "parcel")
    page.locator("dialog input").fill("两箱")
    page.keyboard.press("Escape")
    page.locator("dialog [data-word=keep]").click()
    expect(page.locator("dialog input")).to_have_value("两箱")


def test_the_room_pad_says_what_comes_next_and_what_is_missing(
    samples: Any, serve: Any, seen: Any
) -> None:
    page = opened(seen, serve(samples.stop))
    choose(page, "find")
    said = page.locator("dialog .range")
    expect(said).to_have_text("先输楼栋,再按 –")
    for one, after in {"3": "先输楼栋,再按 –", "-": "再输单元,再按 –"}.items():
        page.keyboard.press(one)
        expect(said).to_have_text(after)
    page.keyboard.press("Enter")
    expect(page.locator("dialog .range.bad")).to_have_text("再输单元,再按 –")
    page.keyboard.press("2")
    page.keyboard.press("-")
    expect(said).to_have_text("再输房号")
    page.keyboard.press("1")
    expect(said).to_have_text("房号完整,请按确定")


def test_people_are_counted_by_typed_digits(samples: Any, serve: Any, seen: Any) -> None:
    served = serve(samples.stop)
    page = opened(seen, served)
    choose(page, "vehicle")
    type_in(page, "plate", "1", accept=False)
    key(page, ".digit:has-text('京')")
    for one in "a12345":
        page.keyboard.press(one)
    page.keyboard.press("Enter")
    key(page, "[data-field=people]")
    count = page.locator("dialog output")
    for one, shown in (("4", "4"), ("2", "42"), ("9", "42"), ("Backspace", "4"), ("+", "5")):
        page.keyboard.press(one)
        expect(count).to_have_text(shown)
    page.keyboard.press("0")
    page.keyboard.press("Enter")
    expect(page.locator("dialog .range.bad")).to_contain_text("1 – 60")
    page.keyboard.press("3")
    page.keyboard.press("Enter")
    with sent(page):
        page.keyboard.press("Enter")
    assert served.reports == [VehicleAct("begin", "京A12345", 3)]


def test_the_province_that_is_typed_here_comes_first(samples: Any, serve: Any, seen: Any) -> None:
    page = opened(seen, serve(samples.stop))
    choose(page, "vehicle")
    key(page, "[data-field=plate]")
    expect(page.locator("dialog .grid .digit").first).to_contain_text("京")
    key(page, ".digit:has-text('鄂')")
    for one in "a12345":
        page.keyboard.press(one)
    page.keyboard.press("Enter")
    key(page, "[data-field=plate]")
    for _ in range(7):
        page.keyboard.press("Backspace")
    expect(page.locator("dialog .grid .digit").first).to_contain_text("鄂")


def registered(page: Page) -> None:
    choose(page, "registration", "visitor")
    type_in(page, "phone", "13800138000")
    with sent(page):
        page.keyboard.press("Enter")


def test_whoever_was_registered_may_be_let_pass_at_once(
    samples: Any, serve: Any, seen: Any
) -> None:
    served = serve(samples.check)
    page = opened(seen, served)
    registered(page)
    expect(page.locator("dialog .range")).to_have_text("已登记。放行请按住 1 秒")
    with sent(page, "act"):
        hold(page, "[data-reason=registered]")
    expect(page.locator("dialog")).to_be_hidden()
    assert served.actions == [GuardAction(GuardActionKind.MANUAL_PASS, 7, "registered")]


def test_after_a_registration_of_somebody_else_nothing_is_offered(
    samples: Any, serve: Any, seen: Any
) -> None:
    served = serve(samples.check)
    page = opened(seen, served)
    choose(page, "registration", "visitor")
    type_in(page, "phone", "13800138000")
    served.feed.publish(replace(samples.check, visit=8, verdict=samples.stop.verdict))
    expect(page.locator("#word")).to_have_text("禁止")
    with sent(page):
        page.keyboard.press("Enter")
    expect(page.locator("dialog")).to_be_hidden()
    assert served.actions == []


@pytest.mark.parametrize("way", [("registration", "visitor"), ()])
def test_the_gate_hears_that_the_guard_is_busy_with_a_visit(
    samples: Any, serve: Any, seen: Any, way: tuple[str, ...]
) -> None:
    served = serve(samples.check)
    page = opened(seen, served)
    with sent(page, "attend"):
        if way:
            choose(page, *way)
        else:
            page.keyboard.press("F3")
    assert served.attended == [(7, 3)]
    with sent(page, "attend"):
        page.clock.fast_forward(1500)  # silence of three seconds would be a lost link
    assert set(served.attended) == {(7, 3)}


def test_who_only_looks_at_the_help_keeps_nobody_waiting(
    samples: Any, serve: Any, seen: Any
) -> None:
    served = serve(samples.check)
    page = opened(seen, served)
    page.keyboard.press("F8")
    page.clock.run_for(2000)
    expect(page.locator("dialog.help")).to_be_visible()
    page.keyboard.press("Escape")
    page.clock.run_for(2000)
    assert not [one for one in seen.requests if one.endswith("/attend")]
