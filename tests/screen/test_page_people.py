"""Who stands at the gate is picked from those found by room, or from the household."""

from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import expect

from gated.core.text import Text
from gated.screen.actions import Pick, Search
from gated.screen.look_up import Found, FoundPerson
from tests.screen.pages import choose, opened, said, sent

pytestmark = pytest.mark.browser

RESIDENT = Text("居民", "resident")
FAMILY = Found(
    (
        FoundPerson("a1b2c3d4", "赵*明", "3-2-1**", RESIDENT),
        FoundPerson("b2c3d4e5", "<i>李*", "3-2-1**", RESIDENT),
    )
)


def test_a_person_is_found_by_room_and_picked(samples: Any, serve: Any, seen: Any) -> None:
    served = serve(samples.stop)
    served.found = FAMILY
    page = opened(seen, served)
    choose(page, "find")
    for one in "3-2-101":
        page.locator("dialog .digit", has_text=one).click()
    page.locator("dialog .confirm").click()
    expect(page.locator("dialog [data-pick]")).to_have_count(2)
    assert page.locator("dialog i").count() == 0
    with sent(page, "identify"):
        page.locator("dialog [data-pick=b2c3d4e5]").click()
    said(page)
    assert served.searches == [Search(("3", "2", "101"), duty=3)]
    assert served.picks == [Pick("b2c3d4e5", 7, 3)]
    assert "赵*明" not in page.content()


def test_a_member_of_the_household_is_picked(samples: Any, serve: Any, seen: Any) -> None:
    served = serve(replace(samples.stop, members=True))
    served.found = FAMILY
    page = opened(seen, served)
    choose(page, "members")
    expect(page.locator("dialog [data-pick=a1b2c3d4]")).to_be_visible()
    with sent(page, "identify"):
        page.keyboard.press("1")
    assert served.searches == [Search(visit=7, duty=3)]
    assert served.picks == [Pick("a1b2c3d4", 7, 3)]


def test_nobody_in_a_room_is_told_and_another_room_can_be_typed(
    samples: Any, serve: Any, seen: Any
) -> None:
    page = opened(seen, serve(samples.stop))
    choose(page, "find")
    for one in "9-9-9":
        page.keyboard.press(one)
    page.keyboard.press("Enter")
    expect(page.locator("dialog .range")).to_have_text("名单上没有找到人")
    page.keyboard.press("Escape")
    expect(page.locator("dialog output")).to_have_text("9-9-9")


def test_a_look_up_that_is_refused_says_why(samples: Any, serve: Any, seen: Any) -> None:
    served = serve(samples.stop)
    served.found = Found(refusal="not_your_role")
    page = opened(seen, served)
    choose(page, "find")
    for one in "9-9-9":
        page.keyboard.press(one)
    page.keyboard.press("Enter")
    expect(page.locator("dialog .range.bad")).to_have_text("您的岗位不能这样操作")
    expect(page.locator("dialog output")).to_have_text("9-9-9")


def test_a_pick_that_is_too_late_says_so(samples: Any, serve: Any, seen: Any) -> None:
    served = serve(replace(samples.stop, members=True))
    served.found, served.answer = FAMILY, "pick_over"
    page = opened(seen, served)
    choose(page, "members")
    page.locator("dialog [data-pick=a1b2c3d4]").click()
    expect(page.locator("dialog .range.bad")).to_have_text("选择已过时,请重新查找")


def test_names_leave_the_page_with_the_visit(samples: Any, serve: Any, seen: Any) -> None:
    served = serve(replace(samples.stop, members=True))
    served.found = FAMILY
    page = opened(seen, served)
    choose(page, "members")
    page.locator("dialog [data-pick=a1b2c3d4]").wait_for()
    served.feed.publish(samples.idle)
    expect(page.locator("dialog")).to_be_hidden()
    assert "赵*明" not in page.content()
