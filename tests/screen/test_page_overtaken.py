"""What a guard sees of the next person while a dialog about the one before is open."""

from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import expect

from gated.core.text import Text
from gated.screen.look_up import Found, FoundPerson
from tests.screen.pages import choose, opened

pytestmark = pytest.mark.browser


def test_the_next_persons_word_stands_over_an_open_form(
    samples: Any, serve: Any, seen: Any
) -> None:
    served = serve(samples.check)
    page = opened(seen, served)
    choose(page, "paper")
    now = page.locator("dialog .now")
    expect(now).to_be_hidden()
    served.feed.publish(replace(samples.stop, visit=8))
    expect(now).to_have_text("禁止")
    colours = "e => [getComputedStyle(e).backgroundColor, getComputedStyle(e).color]"
    assert now.evaluate(colours) == ["rgb(139, 0, 16)", "rgb(255, 255, 255)"]
    served.feed.publish(samples.idle)
    expect(now).to_be_hidden()


def test_people_of_a_room_stay_listed_when_the_person_before_has_gone(
    samples: Any, serve: Any, seen: Any
) -> None:
    served = serve(samples.check)
    served.found = Found((FoundPerson("a1b2c3d4", "赵*明", "3-2-1**", Text("居民", "resident")),))
    page = opened(seen, served)
    choose(page, "find")
    for key in "3-2-101":
        page.keyboard.press(key)
    page.keyboard.press("Enter")
    person = page.locator("dialog [data-pick]").first
    expect(person).to_be_visible()
    served.feed.publish(samples.idle)
    page.locator("#idle").wait_for()
    expect(person).to_be_visible()
    with page.expect_request("**/identify") as asked:
        person.click()
    assert asked.value.post_data_json["visit"] == 0
