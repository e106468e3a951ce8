"""The end of a shift: six points looked at, the shift in numbers, then log-off by holding."""

from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import expect

from gated.core.reports import CHECKLIST, Shift
from gated.core.text import Text
from gated.screen.look_up import Summary
from gated.screen.snapshot import DutyView
from tests.screen.pages import choose, hold, key, opened, sent

pytestmark = pytest.mark.browser

WITH_BOOK = DutyView(3, "A12", "李*", "guard", log_in=True)
WITHOUT_BOOK = DutyView(3, "A12")
DAY = Summary(
    since="08:00",
    passages={"ALLOW": 210, "ALLOW_NOTE": 14, "CHECK": 9, "STOP": 3},
    manual=4,
    calls=2,
    faults=(Text("测温仪无应答", "Thermometer does not answer"),),
)


@pytest.mark.parametrize(
    ("duty", "way"), [(WITH_BOOK, ("shift",)), (WITHOUT_BOOK, ("shift", "hand_over"))]
)
def test_a_shift_is_handed_over_with_checklist_and_summary(
    samples: Any, serve: Any, seen: Any, duty: DutyView, way: tuple[str, ...]
) -> None:
    served = serve(replace(samples.stop, duty=duty))
    served.summary = DAY
    page = opened(seen, served)
    choose(page, *way)
    for point in (*CHECKLIST, "keys"):  # a second tap: not in order
        key(page, f"[data-word={point}]")
    page.locator("dialog .confirm").click()
    expect(page.locator("dialog .range")).to_have_text("本班 08:00 起")
    expect(page.locator("dialog .counts")).to_contain_text("210")
    expect(page.locator("dialog .counts")).to_contain_text("测温仪无应答")
    page.locator("dialog .end").click()
    assert served.reports == []
    with sent(page):
        hold(page, ".end")
    in_order = tuple(point for point in CHECKLIST if point != "keys")
    assert served.reports == [Shift("end", checked=in_order)]
    expect(page.locator("dialog")).to_be_hidden()


def test_every_point_is_answered_or_the_list_is_skipped(
    samples: Any, serve: Any, seen: Any
) -> None:
    served = serve(replace(samples.stop, duty=WITH_BOOK))
    page = opened(seen, served)
    choose(page, "shift", "thermometer")
    page.keyboard.press("Enter")
    expect(page.locator("dialog .range.bad")).to_contain_text("还有未检查的项目")
    page.locator("dialog .skip").click()
    with sent(page):
        hold(page, ".end")
    assert served.reports == [Shift("end")]


def test_coming_back_from_the_summary_keeps_the_answers(
    samples: Any, serve: Any, seen: Any
) -> None:
    page = opened(seen, serve(replace(samples.stop, duty=WITH_BOOK)))
    choose(page, "shift", "keys", "keys")
    page.locator("dialog .skip").click()
    page.locator("dialog .counts").wait_for(state="attached")
    page.keyboard.press("Escape")
    expect(page.locator("dialog [data-word=keys]")).to_contain_text("有问题")


def test_a_shift_ends_without_figures_too(samples: Any, serve: Any, seen: Any) -> None:
    served = serve(replace(samples.stop, duty=WITH_BOOK))
    page = opened(seen, served)
    page.route("**/summary", lambda route: route.abort())
    choose(page, "shift")
    page.locator("dialog .skip").click()
    expect(page.locator("dialog .range.bad")).to_contain_text("仍可下岗")
    with sent(page):
        hold(page, ".end")
    page.unroute("**/summary")
    assert served.reports == [Shift("end")]
