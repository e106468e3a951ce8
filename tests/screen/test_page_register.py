"""Visitors and returnees are written down with the page's pads, or from the card just read."""

from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import expect

from gated.core.reports import Person, Registration
from gated.screen.reports import Answer
from gated.screen.snapshot import CardView
from tests.screen.pages import choose, key, opened, said, sent, type_in

pytestmark = pytest.mark.browser

NOBODY = Person("", "none", "", "", "", "", "", "", 0)
CARD = CardView("张*丰", "**************1234")


def test_a_visitor_is_written_down_without_typing_chinese(
    samples: Any, serve: Any, seen: Any
) -> None:
    served = serve(samples.stop)
    page = opened(seen, served)
    choose(page, "registration", "visitor")
    type_in(page, "document_number", "11010519491231002X")
    type_in(page, "phone", "13800138000")
    type_in(page, "to", "3-2-101")
    key(page, "[data-field=reason]")
    key(page, "[data-word=visit_family]")
    key(page, "[data-field=from]")
    key(page, "[data-word=other_province]")
    key(page, "[data-word=hunan]")
    key(page, "[data-field=plate]")
    for one in "京A12345":
        key(page, f".digit:has-text('{one}')")
    page.locator("dialog .confirm").click()
    key(page, "[data-field=companions]")
    for _ in range(2):
        page.locator("dialog [data-step='1']").click()
    page.locator("dialog .confirm").click()
    with sent(page):
        page.locator("dialog .confirm").click()
    said(page)
    person = Person(
        "", "id_card", "11010519491231002X", "13800138000", "湖南", "3-2-101", "探亲", "京A12345", 2
    )  # fmt: skip
    assert served.reports == [Registration("visitor", person, 7)]


def test_a_card_that_was_just_read_fills_the_form_in(samples: Any, serve: Any, seen: Any) -> None:
    served = serve(replace(samples.stop, card=CARD))
    page = opened(seen, served)
    choose(page, "registration", "returnee")
    expect(page.locator("dialog [data-field=name]")).to_contain_text("张*丰")
    expect(page.locator("dialog [data-field=document_number]")).to_contain_text("****1234")
    assert page.locator("dialog [data-field=name]").is_disabled()
    type_in(page, "to", "5-1-702")
    with sent(page):
        page.keyboard.press("Enter")
    said(page)
    person = replace(NOBODY, document_kind="id_card", to="5-1-702")
    assert served.reports == [Registration("returnee", person, 7, from_card=True)]


def test_somebody_else_is_registered_while_a_card_is_remembered(
    samples: Any, serve: Any, seen: Any
) -> None:
    served = serve(replace(samples.stop, card=CARD))
    page = opened(seen, served)
    choose(page, "registration", "visitor_other")
    type_in(page, "phone", "13800138000")
    with sent(page):
        page.keyboard.press("Enter")
    assert served.reports == [Registration("visitor", replace(NOBODY, phone="13800138000"), 7)]


def test_a_forgotten_card_is_told_and_nothing_is_lost(samples: Any, serve: Any, seen: Any) -> None:
    served = serve(replace(samples.stop, card=CARD))
    page = opened(seen, served)
    choose(page, "registration", "visitor")
    type_in(page, "to", "5-1-702")
    served.report_answer = Answer("no_card")
    page.keyboard.press("Enter")
    expect(page.locator("dialog .range.bad")).to_contain_text("重新刷卡")
    expect(page.locator("dialog [data-field=to]")).to_contain_text("5-1-702")


def test_somebody_without_name_number_or_phone_is_not_sent(
    samples: Any, serve: Any, seen: Any
) -> None:
    served = serve(samples.stop)
    page = opened(seen, served)
    choose(page, "registration", "visitor")
    page.keyboard.press("Enter")
    expect(page.locator("dialog .range.bad")).to_have_text("姓名、证件号、手机号至少填一项")
    assert served.reports == []


def test_a_refused_registration_keeps_what_was_typed(samples: Any, serve: Any, seen: Any) -> None:
    served = serve(samples.stop)
    page = opened(seen, served)
    choose(page, "registration", "returnee")
    key(page, "[data-field=name]")
    page.locator("dialog input").fill("李\u202e明")
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(page.locator("dialog .range.bad")).to_have_text("请检查:姓名")
    expect(page.locator("dialog .field.bad")).to_contain_text("李")
    key(page, "[data-field=name]")
    page.locator("dialog input").fill("李明")
    page.keyboard.press("Enter")
    served.report_answer = Answer("no_hub_key")
    page.keyboard.press("Enter")
    expect(page.locator("dialog .range.bad")).to_contain_text("请用纸质登记")
    expect(page.locator("dialog [data-field=name]")).to_contain_text("李明")
    served.report_answer = Answer()
    with sent(page):
        page.keyboard.press("Enter")
    said(page)
    assert len(served.reports) == 2


def test_the_next_person_does_not_close_a_form(samples: Any, serve: Any, seen: Any) -> None:
    served = serve(samples.stop)
    page = opened(seen, served)
    choose(page, "registration", "visitor")
    type_in(page, "phone", "13800138000")
    served.feed.publish(replace(samples.check, visit=8))
    page.locator("body[data-band=check]").wait_for()
    expect(page.locator("dialog [data-field=phone]")).to_contain_text("13800138000")
    page.keyboard.press("Escape")
    page.locator("dialog [data-word=discard]").click()
    expect(page.locator("dialog")).to_be_hidden()
    assert "13800138000" not in page.content()
    assert served.reports == []


def test_a_form_that_is_sent_twice_is_sent_once(samples: Any, serve: Any, seen: Any) -> None:
    served = serve(samples.stop)
    page = opened(seen, served)
    choose(page, "registration", "visitor")
    type_in(page, "phone", "13800138000")
    page.locator("dialog .confirm").dblclick()
    said(page)
    assert len(served.reports) == 1
    expect(page.locator("dialog")).to_be_hidden()


@pytest.mark.parametrize(
    ("field", "keys", "shown"),
    [
        ("document_number", "e1234567", "E1234567"),
        ("phone", "13x8", "138"),
        ("to", "--3--2", "3-2-_"),
        ("to", "3-2-1-0", "3-2-10"),
    ],
)
def test_a_pad_takes_only_what_belongs_there(
    samples: Any, serve: Any, seen: Any, field: str, keys: str, shown: str
) -> None:
    page = opened(seen, serve(samples.stop))
    choose(page, "registration", "visitor")
    type_in(page, field, keys, accept=False)
    expect(page.locator("dialog output")).to_have_text(shown)
    page.keyboard.press("Backspace")
    expect(page.locator("dialog output")).not_to_have_text(shown)


def test_a_pad_that_is_left_changes_nothing(samples: Any, serve: Any, seen: Any) -> None:
    page = opened(seen, serve(samples.stop))
    choose(page, "registration", "visitor")
    type_in(page, "phone", "138")
    type_in(page, "phone", "00", accept=False)
    page.keyboard.press("Escape")
    expect(page.locator("dialog [data-field=phone]")).to_contain_text("138")
    expect(page.locator("dialog [data-field=phone]")).not_to_contain_text("13800")
