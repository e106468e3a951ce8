"""Every state on every panel in both languages: readable, touchable, nothing cut."""

import itertools
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from gated.core.text import Language, Text
from gated.screen.snapshot import PersonView, VerdictView
from tests.screen.looking import Size, faults, narrow, on_panel, publish, word_mm
from tests.screen.states import STATES

pytestmark = pytest.mark.browser

# gate-domain: 96 px of a 5 inch panel, read at 2 m; half a panel and a phone are read from nearer.
FAR: dict[Language, float] = {"zh": 12.9, "en": 12.9}
HALF: dict[Language, float] = {"zh": 12.0, "en": 10.0}
HAND: dict[Language, float] = {"zh": 8.0, "en": 8.0}
SIZES = {
    "5in": Size(800, 480, 5.0, FAR),
    "7in": Size(800, 480, 7.0, FAR),
    "3.5in": Size(480, 320, 3.5, FAR),
    "7in-1024": Size(1024, 600, 7.0, FAR),
    "phone-360": Size(360, 740, 5.0, HAND, phone=True),
    "phone-390": Size(390, 844, 5.0, HAND, phone=True),
    "half-5in": Size(400, 480, 5.0, HALF, half=True),
    "half-7in": Size(512, 600, 7.0, HALF, half=True),
}
LANGUAGES: tuple[Language, ...] = ("zh", "en")
TOUCHED = ("idle", "stop", "message", "overdue", "vehicle_ready", "called")
VERDICTS = ("allow", "note", "check", "stop")
counter = itertools.count()


@pytest.fixture(params=SIZES)
def panel(request: pytest.FixtureRequest, chromium: Browser) -> Iterator[tuple[Page, Size]]:
    size = SIZES[request.param]
    page = chromium.new_page(
        viewport={"width": size.width, "height": size.height},
        has_touch=size.phone,
        is_mobile=size.phone,
        device_scale_factor=2 if size.phone else 1,
    )
    page.set_default_timeout(20_000)
    yield page, size
    page.close()


def test_every_state_is_readable_and_nothing_is_cut(panel: Any, serve: Any) -> None:
    page, size = panel
    served = serve(STATES["idle"])
    page.goto(size.address(served.url))
    wrong: dict[str, list[str]] = {}
    for language, name in itertools.product(LANGUAGES, STATES):
        publish(page, served, on_panel(STATES[name], size, language), next(counter))
        found = faults(page, size)
        if name in VERDICTS and word_mm(page, size) < size.word_mm[language]:
            found.append(f"the word has {word_mm(page, size):.1f} mm")
        if found:
            wrong[f"{name} {language}"] = found
    assert wrong == {}, wrong


def test_every_button_is_as_large_as_a_gloved_finger(panel: Any, serve: Any) -> None:
    page, size = panel
    served = serve(STATES["idle"])
    page.goto(size.address(served.url))
    wrong = {}
    for language, name in itertools.product(LANGUAGES, TOUCHED):
        publish(page, served, on_panel(STATES[name], size, language), next(counter))
        found = narrow(page, size)
        if found:
            wrong[f"{name} {language}"] = found
    page.keyboard.press("F8")
    found = narrow(page, size)
    assert (wrong, found) == ({}, [])


@pytest.mark.parametrize("text", ["很长的文字" * 400, "long words " * 180, "<img src=x>" * 180])
def test_two_thousand_characters_break_nothing(panel: Any, serve: Any, text: str) -> None:
    page, size = panel
    served = serve(STATES["idle"])
    page.goto(size.address(served.url))
    long = Text(text, text)
    person = PersonView(text, text, long, long)
    for language, name in itertools.product(LANGUAGES, ("note", "measuring")):
        snapshot = STATES[name]
        said = snapshot.verdict and _filled(snapshot.verdict, person, long)
        asked = snapshot.measuring and replace(snapshot.measuring, person=person, prompt=long)
        full = replace(snapshot, verdict=said, measuring=asked, banner=long, message=long)
        publish(page, served, on_panel(full, size, language), next(counter))
        wrong = [fault for fault in faults(page, size) if "is cut" not in fault]
        assert (wrong, page.locator("img").count()) == ([], 0)
        assert narrow(page, size) == []


def _filled(verdict: VerdictView, person: PersonView, long: Text) -> VerdictView:
    return replace(verdict, person=person, note=long, reason=long, advice=long, recorded=False)


def test_marks_that_turn_the_direction_turn_nothing(panel: Any, serve: Any) -> None:
    page, size = panel
    served = serve(STATES["idle"])
    page.goto(size.address(served.url))
    turned = PersonView("王\u202e*明\u2067", "3-2-1**", Text("居民", "resident"))
    snapshot = replace(STATES["allow"], verdict=replace(STATES["allow"].verdict, person=turned))
    publish(page, served, on_panel(snapshot, size, "zh"), next(counter))
    assert page.locator("#name").inner_text() == "王*明"
    assert faults(page, size) == []
