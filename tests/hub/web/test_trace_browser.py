"""Records, paper lines and a trace in a real browser: both languages, both sizes, no violation."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from gated.hub.trace import MINUTE_MS
from gated.hub.web.pages import cookie_name
from gated.hub.web.server import PagesServer
from tests.support.browser import DESKTOP, PHONE, chromium, overflow, violations
from tests.support.hub_pages import opened_login, served
from tests.support.office import NOON_MS, Desk, open_desk
from tests.support.records import plant, plant_gate
from tests.support.townsfolk import enter, home
from tests.support.waiting import wait_until

pytestmark = pytest.mark.browser
SHOTS = os.environ.get("GATED_SHOTS", "")
SIZES = pytest.mark.parametrize(
    ("language", "size"), [("zh", PHONE), ("en", DESKTOP)], ids=["zh", "en"]
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    opened = open_desk(tmp_path)
    opened.clock.now_ms = NOON_MS + 120 * MINUTE_MS
    fill(opened)
    yield opened
    opened.office.database.close()


@pytest.fixture
def server(desk: Desk) -> Iterator[PagesServer]:
    with served(desk) as running:
        yield running


def fill(desk: Desk) -> None:
    """One person at two gates with four neighbours, one of the household, and a stranger."""
    office = desk.office
    names = [
        ("王小明", "3-2-101"),
        ("刘芳", "3-2-101"),
        *((f"邻居{n}", f"3-1-{n}01") for n in range(4)),
    ]
    anna, wife, *others = enter(office, *names)
    room = home(office, "3-2-101")
    for gate, minute in (("north", 0), ("south", 45), ("north", 90)):
        t_ms = NOON_MS + minute * MINUTE_MS
        plant(office, gate=gate, t_ms=t_ms, person=anna, household=room, temp_mc=36_500)
        for number, other in enumerate(others):
            gap_ms = (number * 5 - 8) * MINUTE_MS
            plant(office, gate=gate, t_ms=t_ms + gap_ms, person=other, direction="out")
    plant(office, gate="north", t_ms=NOON_MS + MINUTE_MS, person=wife, household=room)
    plant(
        office, gate="south", t_ms=NOON_MS + 46 * MINUTE_MS, verdict="STOP", reason="CRED_UNKNOWN"
    )
    plant(office, gate="south", t_ms=NOON_MS, person=others[0], certain=False, lo_ms=0,
          hi_ms=desk.clock.now_ms, verdict="CHECK", reason="TIME_UNKNOWN")  # fmt: skip
    plant_gate(office, "north", seen_ms=desk.clock.now_ms, name="北门", name_en="North gate")
    plant_gate(
        office, "south", online=False, seen_ms=NOON_MS, last=9, name="南门", name_en="South gate"
    )


def opened(browser: Browser, server: PagesServer, language: str, size: dict[str, int]) -> Page:
    context = browser.new_context(viewport=size)  # type: ignore[arg-type] - a plain dictionary
    _, token = opened_login(server.front, language=language)
    context.add_cookies([{"name": cookie_name(secure=False), "value": token, "url": server.url}])
    return context.new_page()


def looked_at(page: Page, name: str) -> None:
    """Nothing is wrong with the page; its picture is kept when somebody wants to see it."""
    assert violations(page) == []
    assert overflow(page) <= 0
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


@SIZES
def test_records_are_found_and_read_by_everybody(
    browser: Browser, server: PagesServer, language: str, size: dict[str, int]
) -> None:
    page = opened(browser, server, language, size)
    page.goto(f"{server.url}s/east/records")
    page.locator("input[name=reason]").first.fill("核查")
    page.locator("input[name=who]").fill("王小明")
    page.locator("button.primary").first.press("Enter")
    expect(page.locator("#found")).to_contain_text("3")
    looked_at(page, f"records-{language}")
    page.goto(f"{server.url}s/east/records/late")
    looked_at(page, f"late-{language}")


@SIZES
def test_a_trace_is_made_and_read_by_everybody(
    browser: Browser, server: PagesServer, language: str, size: dict[str, int]
) -> None:
    page = opened(browser, server, language, size)
    page.goto(f"{server.url}s/east/trace")
    looked_at(page, f"trace-form-{language}")
    page.locator("input[name=who]").fill("王小明")
    page.locator("input[name=reason]").fill("密接排查")
    page.locator("button.primary").press("Enter")
    expect(page.locator("#contacts")).to_contain_text("5")
    expect(page.locator("svg[role=img]")).to_be_visible()
    looked_at(page, f"trace-{language}")


def test_a_line_from_paper_survives_the_loss_of_the_page(
    browser: Browser, server: PagesServer
) -> None:
    page = opened(browser, server, "zh", DESKTOP)
    page.goto(f"{server.url}s/east/records/late")
    kept = "JSON.stringify(localStorage)"
    page.locator("input[name=name]").fill("李大伟")
    wait_until(lambda: page.evaluate(kept) != "{}", what="the draft")
    page.goto("about:blank")
    page.goto(f"{server.url}s/east/records/late")
    expect(page.locator("input[name=name]")).to_have_value("李大伟")
    page.locator("input[name=paper_no]").fill("12-7")
    page.locator("button.primary").press("Enter")
    expect(page.locator("main")).to_contain_text("已补录")
    expect(page.locator("input[name=name]")).to_have_value("")
