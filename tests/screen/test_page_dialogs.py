"""Every dialog on every panel in both languages: keys for gloves, nothing cut off."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from gated.core.model import Verdict
from gated.core.text import Text
from gated.screen.look_up import Found, FoundPerson, Summary
from gated.screen.snapshot import (
    CardView,
    DutyView,
    OccupantView,
    PanelView,
    RoundView,
    Snapshot,
    SpecialView,
    StationView,
    VehicleView,
)
from tests.screen.pages import FLAWS, key
from tests.support.effort import LONG

pytestmark = pytest.mark.browser

BOOK = [{"number": f"S00{n}", "name": "王*", "role": "supervisor"} for n in range(3)]
FAMILY = Found(
    tuple(FoundPerson(f"p{n}", "王*明", "13-2-11**", Text("居民", "resident")) for n in range(6))
)
OCCUPANTS = (OccupantView("王*明", Verdict.ALLOW), OccupantView("李*", Verdict.CHECK))
VEHICLE = VehicleView("京A***45", 3, OCCUPANTS)
PANELS = [(800, 480, 5.0), (480, 320, 3.5), (800, 480, 7.0), (1024, 600, 7.0), (400, 480, 3.4)]
EVERY = [(*panel, language) for panel in PANELS for language in ("zh", "en")]
# The tightest of each shape; every panel in both languages takes minutes, so only with --long.
NARROWEST = [(800, 480, 5.0, "zh"), (480, 320, 3.5, "en"), (400, 480, 3.4, "zh")]


def steps(*names: str) -> tuple[str, ...]:
    """Keys of more and what follows; `.name` is the field of a form."""
    return tuple(f"[data-field={n[1:]}]" if n[0] == "." else f"[data-word={n}]" for n in names)


def fields(*way: str, of: Sequence[str]) -> list[tuple[str, ...]]:
    return [steps(*way, f".{name}") for name in of]


PERSON = ("document_number", "phone", "name", "document_kind", "to", "reason", "from", "plate")
WAYS: Sequence[tuple[str, ...]] = (
    (),
    *(steps(word) for word in ("members", "call", "round", "registration", "note", "anomaly")),
    *(steps(word) for word in ("shift", "modes", "sound_test", "find", "vehicle", "paper")),
    steps("note", "parcel"),
    steps("registration", "visitor"),
    steps("registration", "visitor_other"),
    *fields("registration", "visitor_other", of=(*PERSON, "companions")),
    steps("registration", "visitor_other", ".from", "other_province"),
    *fields("paper", of=("number", "day", "time", "temp_mc", "outcome")),
    steps("paper", ".day", "other_day"),
    steps("modes", "open"),
    steps("modes", "out_of_service", "equipment"),
    steps("modes", "direction"),
    steps("modes", "normal"),
    (*steps("shift"), ".skip"),
)


def busy(stop: Snapshot, language: Any, diagonal_in: float) -> Snapshot:
    return replace(
        stop,
        language=language,
        gate=replace(stop.gate, switches=True),
        duty=DutyView(3, "A12", "李*", "guard", log_in=True),
        members=True,
        card=CardView("张*丰", "**************1234"),
        special=SpecialView("lockdown", Text("全封闭", "Lockdown"), "14:10", "16:10", "A12"),
        round=RoundView(310, overdue=True),
        station=StationView(Text("朝阳社区", "Chaoyang station"), "010-5555 0100"),
        panel=PanelView(diagonal_in),
    )


def flaws(page: Page, way: object) -> list[Any]:
    found = [(way, *flaw) for flaw in page.evaluate(FLAWS)]
    turn = page.locator("dialog .turn")
    if turn.count() and turn.is_visible():
        turn.click()
        found += [(way, 2, *flaw) for flaw in page.evaluate(FLAWS)]
    return found


def left(page: Page, way: Sequence[str]) -> None:
    for _ in range(len(way) + 1):
        page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_be_hidden()


@pytest.mark.parametrize(("width", "height", "inches", "language"), EVERY if LONG else NARROWEST)
def test_every_dialog_fits_its_panel(
    samples: Any, serve: Any, seen: Any, width: int, height: int, inches: float, language: str
) -> None:
    page: Page = seen.page
    page.set_viewport_size({"width": width, "height": height})
    shown = busy(samples.stop, language, inches)
    served = serve(shown)
    served.guards, served.found, served.summary = BOOK, FAMILY, Summary(since="08:00")
    page.goto(served.url)
    page.locator("body[data-mode=verdict]").wait_for()
    found = []
    for way in WAYS:
        page.keyboard.press("F6")
        for selector in way:
            key(page, selector)
        found += flaws(page, way)
        left(page, way)
    for shortcut in ("F2", "F3", "F4"):
        page.keyboard.press(shortcut)
        found += flaws(page, shortcut)
        left(page, ())
    served.feed.publish(replace(shown, vehicle=VEHICLE))
    page.locator("body.vehicled").wait_for()
    page.keyboard.press("F6")
    key(page, "[data-word=vehicle]")
    assert found + flaws(page, "vehicle") == []


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_pin_pad_and_the_book_fit_a_small_panel(
    samples: Any, serve: Any, seen: Any, language: Any
) -> None:
    page: Page = seen.page
    page.set_viewport_size({"width": 480, "height": 320})
    nobody = DutyView(log_in=True)
    served = serve(replace(samples.stop, language=language, panel=PanelView(3.5), duty=nobody))
    served.guards = BOOK
    page.goto(served.url)
    page.locator("body[data-mode=verdict]").wait_for()
    page.locator("#guard").click()
    page.locator("dialog [data-guard=S001]").wait_for()
    found = flaws(page, "book")
    page.locator("dialog [data-guard=S001]").click()
    page.locator("dialog.pin output").wait_for()
    assert found + flaws(page, "pin") == []


AXE = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]}
LOOKED_AT = (
    (),
    *(steps(word) for word in ("call", "members", "modes", "sound_test", "shift", "paper", "find")),
    steps("note", "parcel"),
    steps("registration", "visitor"),
    steps("registration", "visitor_other", ".plate"),
)


@pytest.mark.parametrize("night", [False, True])
def test_dialogs_are_without_a_violation_of_axe(
    samples: Any, serve: Any, seen: Any, night: bool
) -> None:
    page: Page = seen.page
    served = serve(replace(busy(samples.stop, "zh", 5.0), panel=PanelView(5.0, night)))
    served.guards, served.found = BOOK, FAMILY
    page.goto(served.url)
    page.locator("body[data-mode=verdict]").wait_for()
    axe, found = Axe(), []
    for way in LOOKED_AT[::3] if night and not LONG else LOOKED_AT:  # at night, colours only
        page.keyboard.press("F6")
        for selector in way:
            key(page, selector)
        told = axe.run(page, context="dialog", options=AXE).response["violations"]
        found += [(way, one["id"], one["nodes"][0]["html"]) for one in told]
        left(page, way)
    page.keyboard.press("F6")
    key(page, "[data-word=shift]")
    page.locator("dialog .skip").click()
    page.locator("dialog .counts li").first.wait_for()
    told = axe.run(page, context="dialog", options=AXE).response["violations"]
    assert found + [(one["id"], one["nodes"][0]["html"]) for one in told] == []
