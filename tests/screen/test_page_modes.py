"""Special modes: who may begin them, how long, by whose second PIN, and how they end."""

from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from gated.core.reports import DirectionSwitch, ModeChange
from gated.screen.actions import Credentials
from gated.screen.reports import Answer
from gated.screen.snapshot import DutyView, SpecialView, Text
from tests.screen.pages import choose, hold, key, opened, said, sent

pytestmark = pytest.mark.browser

BOOK = [
    {"number": "A12", "name": "李*", "role": "guard"},
    {"number": "S001", "name": "王*", "role": "supervisor"},
]
LI = DutyView(3, "A12", "李*", "guard", log_in=True)


def approve(page: Page) -> None:
    page.locator("dialog [data-guard=S001]").click()
    page.locator("dialog.pin output").wait_for()
    for digit in "97531":
        page.keyboard.press(digit)
    page.keyboard.press("Enter")


def test_evacuation_is_one_held_key_and_asks_for_no_log_in(
    samples: Any, serve: Any, seen: Any
) -> None:
    served = serve(replace(samples.stop, duty=DutyView(log_in=True)))
    page = opened(seen, served)
    choose(page, "modes")
    page.locator("dialog [data-word=evacuate]").click()
    assert served.reports == []
    with sent(page):
        hold(page, "[data-word=evacuate]")
    assert served.reports == [ModeChange("evacuate", "fire", 1)]
    assert served.seconds == []


def test_the_gate_is_held_open_for_a_reason_that_is_held(
    samples: Any, serve: Any, seen: Any
) -> None:
    served = serve(replace(samples.stop, duty=LI))
    page = opened(seen, served)
    choose(page, "modes", "open", "crowding")
    assert served.reports == []
    with sent(page):
        hold(page, "[data-word=crowding]")
    said(page)
    assert served.reports == [ModeChange("open", "crowding", 1)]


def test_out_of_service_has_a_reason_and_hours(samples: Any, serve: Any, seen: Any) -> None:
    served = serve(replace(samples.stop, duty=LI))
    page = opened(seen, served)
    choose(page, "modes", "out_of_service", "equipment")
    with sent(page):
        hold(page, "[data-hours='4']")
    assert served.reports == [ModeChange("out_of_service", "equipment", 4)]


def test_the_reader_is_locked_for_a_reason_and_hours(samples: Any, serve: Any, seen: Any) -> None:
    served = serve(replace(samples.stop, duty=LI))
    page = opened(seen, served)
    choose(page, "modes", "reader_locked", "crowding")
    with sent(page):
        hold(page, "[data-hours='1']")
    assert served.reports == [ModeChange("reader_locked", "crowding", 1)]


def test_a_lockdown_takes_two_persons(samples: Any, serve: Any, seen: Any) -> None:
    served = serve(replace(samples.stop, duty=LI))
    served.guards = BOOK
    page = opened(seen, served)
    choose(page, "modes", "lockdown", "station")
    hold(page, "[data-hours='12']")
    expect(page.locator("dialog [data-guard]")).to_have_count(1)
    assert served.reports == []
    with sent(page):
        approve(page)
    said(page)
    assert served.reports == [ModeChange("lockdown", "station", 12)]
    assert served.seconds == [Credentials("S001", "97531")]


def test_a_wrong_pin_of_the_second_person_may_be_typed_again(
    samples: Any, serve: Any, seen: Any
) -> None:
    served = serve(replace(samples.stop, duty=LI))
    served.guards = BOOK
    served.report_answer = Answer("wrong_pin")
    page = opened(seen, served)
    choose(page, "modes", "lockdown", "drill")
    hold(page, "[data-hours='1']")
    approve(page)
    expect(page.locator("dialog .range.bad")).to_have_text("工号或密码不对")
    expect(page.locator("dialog output")).to_have_text("○○○○")


@pytest.mark.parametrize("word", ["needs_supervisor", "needs_guards", "not_offered"])
def test_a_refused_mode_says_why(samples: Any, serve: Any, seen: Any, word: str) -> None:
    served = serve(replace(samples.stop, duty=LI))
    served.report_answer = Answer(word)
    page = opened(seen, served)
    choose(page, "modes", "open")
    hold(page, "[data-word=fire]")
    expect(page.locator("#toast.bad")).to_be_visible()
    assert word not in page.locator("#toast").inner_text()


@pytest.mark.parametrize(
    "mode", ["open", "evacuate", "out_of_service", "reader_locked", "lockdown"]
)
def test_a_mode_ends_by_holding_and_a_lockdown_by_two_persons(
    samples: Any, serve: Any, seen: Any, mode: Any
) -> None:
    special = SpecialView(mode, Text("特殊", "Special"), "14:10")
    served = serve(replace(samples.stop, duty=LI, special=special))
    served.guards = BOOK
    page = opened(seen, served)
    choose(page, "modes")
    expect(page.locator(f"dialog [data-word={mode}]")).to_have_count(0)
    key(page, "[data-word=normal]")
    assert served.reports == []
    with sent(page):
        hold(page, "[data-word=over]")
        if mode == "lockdown":
            approve(page)
    assert served.reports == [ModeChange("normal", "over")]
    assert len(served.seconds) == (mode == "lockdown")


def test_a_lane_for_both_directions_is_turned_round(samples: Any, serve: Any, seen: Any) -> None:
    gate = replace(samples.stop.gate, switches=True)
    served = serve(replace(samples.stop, gate=gate))
    page = opened(seen, served)
    choose(page, "modes", "direction")
    expect(page.locator("dialog h2")).to_have_text("换向 · 进")
    page.locator("dialog [data-word=rush]").click()
    assert served.reports == []
    with sent(page):
        hold(page, "[data-word=rush]")
    assert served.reports == [DirectionSwitch("in", "rush")]


def test_a_lane_for_one_direction_offers_no_switch(samples: Any, serve: Any, seen: Any) -> None:
    page = opened(seen, serve(samples.stop))
    choose(page, "modes")
    expect(page.locator("dialog [data-word=open]")).to_be_visible()
    expect(page.locator("dialog [data-word=direction]")).to_have_count(0)
