"""Lines of the paper ledger are typed in later, one after the other."""

from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from gated.core.reports import Paper, PaperLine
from gated.screen.reports import Answer
from tests.screen.pages import choose, key, opened, said, sent, type_in

pytestmark = pytest.mark.browser


def first_line(page: Page) -> None:
    choose(page, "paper")
    type_in(page, "number", "3-12")
    type_in(page, "time", "0912")
    type_in(page, "room", "3-2-101")


def test_a_line_is_sent_and_the_next_keeps_day_and_direction(
    samples: Any, serve: Any, seen: Any
) -> None:
    served = serve(samples.stop)
    page = opened(seen, served)
    first_line(page)
    key(page, "[data-field=day]")
    key(page, "[data-word=yesterday]")
    key(page, "[data-field=direction]")
    key(page, "[data-word=in]")
    type_in(page, "temp_mc", "365")
    with sent(page):
        page.keyboard.press("Enter")
    said(page)
    expect(page.locator("dialog [data-field=number]")).to_contain_text("3-13")
    expect(page.locator("dialog [data-field=day]")).to_contain_text("2020-02-09")
    expect(page.locator("dialog [data-field=room]")).to_contain_text("—")
    type_in(page, "time", "0915")
    type_in(page, "document_number", "11010519491231002x")
    key(page, "[data-field=outcome]")
    key(page, "[data-word=refused]")
    with sent(page):
        page.keyboard.press("Enter")
    one = PaperLine("3-12", "2020-02-09", "09:12", "in", "passed", "", "", "", "3-2-101", 36_500)
    two = PaperLine(
        "3-13", "2020-02-09", "09:15", "in", "refused", "", "11010519491231002X", "", ""
    )
    assert served.reports == [Paper(one), Paper(two)]


@pytest.mark.parametrize(("typed", "day"), [("0210", "2020-02-10"), ("1231", "2019-12-31")])
def test_another_day_is_the_last_of_that_date(
    samples: Any, serve: Any, seen: Any, typed: str, day: str
) -> None:
    page = opened(seen, serve(samples.stop))
    choose(page, "paper")
    key(page, "[data-field=day]")
    key(page, "[data-word=other_day]")
    for one in typed:
        page.keyboard.press(one)
    page.keyboard.press("Enter")
    expect(page.locator("dialog [data-field=day]")).to_contain_text(day)


def test_a_time_that_is_none_is_not_taken(samples: Any, serve: Any, seen: Any) -> None:
    page = opened(seen, serve(samples.stop))
    choose(page, "paper")
    type_in(page, "time", "2561", accept=False)
    expect(page.locator("dialog output")).to_have_text("21:__")
    expect(page.locator("dialog .confirm")).to_be_disabled()


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ((), "请填写页号和行号"),
        ((("number", "1"),), "请填写时间"),
        ((("number", "1"), ("time", "0912")), "姓名、证件号、房号至少填一项"),
    ],
)
def test_a_line_without_its_place_is_not_sent(
    samples: Any, serve: Any, seen: Any, fields: tuple[tuple[str, str], ...], told: str
) -> None:
    served = serve(samples.stop)
    page = opened(seen, served)
    choose(page, "paper")
    for field, keys in fields:
        type_in(page, field, keys)
    page.keyboard.press("Enter")
    expect(page.locator("dialog .range.bad")).to_have_text(told)
    assert served.reports == []


def test_a_line_that_cannot_be_sealed_stays(samples: Any, serve: Any, seen: Any) -> None:
    served = serve(replace(samples.stop, visit=0))
    served.report_answer = Answer("no_hub_key")
    page = opened(seen, served)
    first_line(page)
    page.keyboard.press("Enter")
    expect(page.locator("dialog .range.bad")).to_contain_text("未装中心公钥")
    expect(page.locator("dialog [data-field=number]")).to_contain_text("3-12")
