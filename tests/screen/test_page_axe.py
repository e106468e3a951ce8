"""axe-core over every state of the guard's screen, the help page and the public page."""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from gated.screen.snapshot import PanelView
from tests.screen.looking import publish
from tests.screen.states import IDLE, STATES
from tests.support.browser import violations
from tests.support.effort import LONG

pytestmark = pytest.mark.browser

counter = itertools.count()


@pytest.fixture(scope="module")
def window(chromium: Browser) -> Iterator[Page]:
    page = chromium.new_page(viewport={"width": 800, "height": 480})
    page.set_default_timeout(20_000)
    yield page
    page.close()


@pytest.mark.parametrize("night", [False, True], ids=["day", "night"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_axe_finds_nothing_wrong_in_any_state(
    window: Page, serve: Any, language: Any, night: bool
) -> None:
    served = serve(IDLE)
    window.goto(served.url)
    wrong = {}
    # Every state by day in Chinese; otherwise one for each colour, all of them with --long.
    every = LONG or (language, night) == ("zh", False)
    names = list(STATES) if every else ["note", "stop", "fault"]
    for name in names:
        drawn = replace(STATES[name], language=language, panel=PanelView(5.0, night))
        publish(window, served, drawn, next(counter))
        found = violations(window)
        if found:
            wrong[name] = found
    assert wrong == {}


@pytest.mark.parametrize("key", ["F1", "F8"])
def test_axe_finds_nothing_wrong_in_what_opens(window: Page, serve: Any, key: str) -> None:
    served = serve(IDLE)
    window.goto(served.url)
    publish(window, served, STATES["fault"], next(counter))
    window.keyboard.press(key)
    assert violations(window) == []
    window.keyboard.press("Escape")


def test_axe_finds_nothing_wrong_on_the_public_page(window: Page, serve: Any) -> None:
    served = serve(IDLE)
    window.goto(f"{served.url}/public")
    for name in ("idle", "measuring", "stop", "evacuate"):
        publish(window, served, STATES[name], next(counter))
        assert violations(window) == [], name


def test_a_key_that_has_the_focus_is_outlined(window: Page, serve: Any) -> None:
    served = serve(IDLE)
    window.goto(served.url)
    publish(window, served, STATES["check"], next(counter))
    window.keyboard.press("Tab")
    outline = "() => getComputedStyle(document.activeElement).outlineStyle"
    assert window.evaluate(outline) == "solid"
