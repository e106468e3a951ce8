"""What was typed or found about somebody leaves the page by itself."""

import itertools
from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from gated.core.text import Text
from gated.screen.look_up import Found, FoundPerson
from gated.screen.snapshot import DutyView
from tests.screen.looking import publish
from tests.screen.pages import choose, opened, type_in

pytestmark = pytest.mark.browser

STEP_MS = 2400  # less than the silence after which the page calls its link lost
FOUND = Found((FoundPerson("a1b2c3d4", "赵*明", "3-2-1**", Text("居民", "resident")),))
counter = itertools.count(60)


def pass_time(page: Page, served: Any, snapshot: Any, seconds: int) -> None:
    """The gate is heard all the while."""
    for _ in range(seconds * 1000 // STEP_MS):
        page.clock.fast_forward(STEP_MS)
        publish(page, served, snapshot, next(counter))


@pytest.mark.parametrize("form", ["registration", "paper"])
def test_a_form_nobody_touches_is_closed_and_wiped(
    samples: Any, serve: Any, seen: Any, form: str
) -> None:
    served = serve(samples.stop)
    page = opened(seen, served)
    choose(page, form, *(["visitor"] if form == "registration" else []))
    type_in(page, "phone", "13800")
    page.clock.fast_forward(170_000)
    expect(page.locator("dialog [data-field=phone]")).to_contain_text("13800")
    page.keyboard.press("Shift")
    page.clock.fast_forward(170_000)
    expect(page.locator("dialog [data-field=phone]")).to_contain_text("13800")
    page.clock.fast_forward(11_000)
    expect(page.locator("dialog")).to_be_hidden()
    assert "13800" not in page.content()


@pytest.mark.parametrize("duty", [DutyView(), DutyView(4, "B7", "周*", "guard")])
def test_another_spell_of_duty_closes_what_was_open(
    samples: Any, serve: Any, seen: Any, duty: DutyView
) -> None:
    served = serve(samples.stop)
    page = opened(seen, served)
    choose(page, "registration", "visitor")
    type_in(page, "phone", "13800", accept=False)
    served.feed.publish(replace(samples.stop, duty=duty))
    expect(page.locator("dialog")).to_be_hidden()
    expect(page.locator("#toast.bad")).to_contain_text("值守人员已变更")
    assert "13800" not in page.content()


def test_a_list_of_people_closes_when_its_picks_are_over(
    samples: Any, serve: Any, seen: Any
) -> None:
    members = replace(samples.stop, members=True)
    served = serve(members)
    served.found = FOUND
    page = opened(seen, served)
    choose(page, "members")
    page.locator("dialog [data-pick]").wait_for()
    pass_time(page, served, members, 110)
    expect(page.locator("dialog [data-pick]")).to_be_visible()
    page.keyboard.press("Shift")
    pass_time(page, served, members, 15)
    expect(page.locator("dialog")).to_be_hidden()
    assert "赵*明" not in page.content()
