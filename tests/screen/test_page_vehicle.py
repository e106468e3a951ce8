"""A vehicle is written down, let through when everybody in it may pass, or given up."""

from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import expect

from gated.core.model import Verdict
from gated.core.reports import VehicleAct
from gated.screen.reports import Answer
from gated.screen.snapshot import OccupantView, VehicleView
from tests.screen.pages import choose, hold, key, opened, sent

pytestmark = pytest.mark.browser

WANG = OccupantView("王*明", Verdict.ALLOW)
LI = OccupantView("李*", Verdict.ALLOW_NOTE)
HALF = VehicleView("京A***45", 2, (WANG,))
READY = VehicleView("京A***45", 2, (WANG, LI), ready=True)


@pytest.mark.parametrize("plate", ["京A12345", "粤BD12345", "沪B1234警"])
def test_a_vehicle_is_written_down_by_finger(
    samples: Any, serve: Any, seen: Any, plate: str
) -> None:
    served = serve(samples.stop)
    page = opened(seen, served)
    choose(page, "vehicle")
    key(page, "[data-field=plate]")
    for one in plate:
        wanted = page.locator(f"dialog .grid .digit:has-text('{one}')")
        while not wanted.count():
            page.locator("dialog .set").click()
        key(page, f".grid .digit:has-text('{one}')")
    page.locator("dialog .confirm").click()
    key(page, "[data-field=people]")
    page.locator("dialog [data-step='1']").click()
    page.keyboard.press("Enter")
    with sent(page):
        page.locator("dialog .confirm").click()
    assert served.reports == [VehicleAct("begin", plate, 2)]
    expect(page.locator("dialog")).to_be_hidden()


def test_a_plate_is_whole_before_it_is_taken(samples: Any, serve: Any, seen: Any) -> None:
    page = opened(seen, serve(samples.stop))
    choose(page, "vehicle")
    page.keyboard.press("Enter")
    expect(page.locator("dialog .range.bad")).to_contain_text("先选省份")
    key(page, "[data-field=plate]")
    key(page, ".digit:has-text('京')")
    for one in "1a1o2i34":
        page.keyboard.press(one)
    expect(page.locator("dialog output")).to_have_text("京A·1234")
    expect(page.locator("dialog .confirm")).to_be_disabled()
    for one in "567":
        page.keyboard.press(one)
    expect(page.locator("dialog output")).to_have_text("京A·123456")


def test_a_vehicle_waits_for_everybody_in_it(samples: Any, serve: Any, seen: Any) -> None:
    served = serve(replace(samples.stop, vehicle=HALF))
    page = opened(seen, served)
    choose(page, "vehicle")
    through = page.locator("dialog [data-word=let_through]")
    expect(through).to_be_disabled()
    expect(page.locator("dialog .range")).to_have_text("已核验 1/2 人")
    page.keyboard.press("1")
    served.feed.publish(replace(samples.stop, vehicle=READY))
    expect(through).to_be_enabled()
    with sent(page):
        hold(page, "[data-word=let_through]")
    assert served.reports == [VehicleAct("pass")]


def test_a_bus_counts_more_people_than_it_shows(samples: Any, serve: Any, seen: Any) -> None:
    bus = VehicleView("京A***45", 40, (WANG, LI), decided=23)
    page = opened(seen, serve(replace(samples.stop, vehicle=bus)))
    choose(page, "vehicle")
    expect(page.locator("dialog .range")).to_have_text("已核验 23/40 人")


def test_a_vehicle_is_given_up_by_holding(samples: Any, serve: Any, seen: Any) -> None:
    served = serve(replace(samples.stop, vehicle=HALF))
    page = opened(seen, served)
    choose(page, "vehicle")
    key(page, "[data-word=give_up]")
    page.locator("dialog [data-word=turned_back]").click()
    assert served.reports == []
    with sent(page):
        hold(page, "[data-word=turned_back]")
    assert served.reports == [VehicleAct("abandon", reason="turned_back")]


def test_somebody_gets_out_of_the_vehicle_by_holding_why(
    samples: Any, serve: Any, seen: Any
) -> None:
    stays = OccupantView("刘*", Verdict.STOP, 8)
    waits = VehicleView("京A***45", 2, (replace(WANG, visit=7), stays))
    served = serve(replace(samples.stop, vehicle=waits))
    page = opened(seen, served)
    choose(page, "vehicle")
    key(page, "[data-visit='8']")
    expect(page.locator("dialog h2")).to_have_text("刘* · 下车")
    with sent(page):
        hold(page, "[data-word=on_foot]")
    assert served.reports == [VehicleAct("drop", visit=8, reason="on_foot")]


def test_the_only_one_in_a_vehicle_does_not_get_out(samples: Any, serve: Any, seen: Any) -> None:
    alone = VehicleView("京A***45", 1, (WANG,), ready=True)
    page = opened(seen, serve(replace(samples.stop, vehicle=alone)))
    choose(page, "vehicle")
    expect(page.locator("dialog .occupant")).to_be_disabled()


def test_why_somebody_gets_out_is_gone_with_the_vehicle(
    samples: Any, serve: Any, seen: Any
) -> None:
    served = serve(replace(samples.stop, vehicle=READY))
    page = opened(seen, served)
    choose(page, "vehicle")
    page.locator("dialog .occupant").first.click()
    expect(page.locator("dialog h2")).to_contain_text("下车")
    served.feed.publish(samples.stop)
    expect(page.locator("dialog")).to_be_hidden()
    assert "王*明 · 下车" not in page.content()


def test_a_second_vehicle_is_told_and_the_plate_stays(samples: Any, serve: Any, seen: Any) -> None:
    served = serve(samples.stop)
    served.report_answer = Answer("vehicle_there")
    page = opened(seen, served)
    choose(page, "vehicle")
    key(page, "[data-field=plate]")
    key(page, ".digit:has-text('京')")
    for one in "a12345":
        page.keyboard.press(one)
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(page.locator("dialog .range.bad")).to_have_text("已有车辆在闸口,先处理")
    expect(page.locator("dialog [data-field=plate]")).to_contain_text("京A·12345")


def test_the_keys_of_a_vehicle_that_left_are_gone(samples: Any, serve: Any, seen: Any) -> None:
    served = serve(replace(samples.stop, vehicle=HALF))
    page = opened(seen, served)
    choose(page, "vehicle")
    served.feed.publish(samples.stop)
    expect(page.locator("dialog")).to_be_hidden()
    assert "京A***45" not in page.content()
