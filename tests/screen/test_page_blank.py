"""The dark page of quiet hours: when it comes, and everything that ends it."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from playwright.sync_api import expect

from gated.core.model import GuardActionKind
from gated.screen.snapshot import Text
from tests.screen.conftest import Samples, Seen, Served

Serve = Callable[..., Served]

# Less than the silence after which the page calls its link lost, which would light it.
QUIET_MIN = 0.025
JUMP_MS = 1600


@pytest.fixture
def dark(serve: Serve, seen: Seen, samples: Samples) -> Served:
    """The page after its quiet minutes."""
    served = serve(replace(samples.idle, enabled=tuple(GuardActionKind)))
    seen.page.goto("about:blank")
    seen.page.goto(f"{served.url}/#blank={QUIET_MIN}")
    expect(seen.page.locator("body")).to_have_attribute("data-mode", "idle")
    expect(seen.page.locator("#blank")).to_be_hidden()
    seen.page.clock.fast_forward(JUMP_MS)
    expect(seen.page.locator("#blank")).to_be_visible()
    return served


def test_a_page_that_was_not_asked_never_goes_dark(
    serve: Serve, seen: Seen, samples: Samples
) -> None:
    served = serve(samples.idle)
    seen.page.goto(f"{served.url}/")
    expect(seen.page.locator("body")).to_have_attribute("data-mode", "idle")
    seen.page.clock.fast_forward("12:00:00")
    expect(seen.page.locator("#blank")).to_have_count(0)


def test_somebody_who_comes_lights_it(dark: Served, seen: Seen, samples: Samples) -> None:
    dark.feed.publish(samples.measuring)
    expect(seen.page.locator("#blank")).to_be_hidden()
    dark.feed.publish(samples.stop)
    expect(seen.page.locator("#word")).to_be_visible()
    expect(seen.page.locator("#blank")).to_be_hidden()


def test_a_message_of_the_centre_lights_it(dark: Served, seen: Seen, samples: Samples) -> None:
    dark.feed.publish(replace(samples.idle, message=Text("今晚停电", "Power cut tonight")))
    expect(seen.page.locator("#blank")).to_be_hidden()


def test_a_touch_lights_it_and_presses_nothing(dark: Served, seen: Seen) -> None:
    box = seen.page.locator("#more").bounding_box()
    assert dark.feed.watchers() >= 1
    assert box is not None
    seen.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(seen.page.locator("#blank")).to_be_hidden()
    expect(seen.page.locator("dialog[open]")).to_have_count(0)


def test_a_key_lights_it_and_does_nothing_else(dark: Served, seen: Seen) -> None:
    assert dark.feed.watchers() >= 1
    seen.page.keyboard.press("F6")
    expect(seen.page.locator("#blank")).to_be_hidden()
    expect(seen.page.locator("dialog[open]")).to_have_count(0)
