"""What was typed or found about somebody leaves the page by itself."""

from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import expect

from gated.screen.snapshot import DutyView
from tests.screen.pages import choose, opened, type_in

pytestmark = pytest.mark.browser


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
