"""A guard's browser beside a running gate: what it shows, when, and what the guard's press does.

Gate, browser and test read the same clock, so a moment in the page can be compared with the moment
that the journal holds.
"""

import statistics
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.support.browser import CHROMIUM, CHROMIUM_ARGS
from tests.support.waiting import promised_s
from tests.support.world import SystemWorld

pytestmark = pytest.mark.browser

PAGE_LIMIT_MS = 20_000
SHOWN_S = 0.5  # the promise: a verdict is on the screen this soon after its record
PASSAGES = 3  # the promise is about the program; one hiccup of a busy machine is not its word
WATCH = """() => {
  window.changes = [];
  const body = document.body;
  const note = () => changes.push({
    at: Date.now(),
    mode: body.dataset.mode,
    band: body.dataset.band,
    word: document.getElementById("word").textContent,
    name: document.getElementById("name").textContent,
  });
  new MutationObserver(note).observe(body, {
    subtree: true, childList: true, characterData: true, attributes: true,
  });
}"""
# Whether the characters are drawn each in its own shape, not all as the box of a missing one.
DRAWN = """(text) => {
  const font = getComputedStyle(document.getElementById("name")).font;
  const picture = (character) => {
    const canvas = new OffscreenCanvas(64, 64);
    const context = canvas.getContext("2d");
    context.font = font.replace(/[\\d.]+px/, "40px");
    context.fillText(character, 4, 48);
    return context.getImageData(0, 0, 64, 64).data.join();
  };
  const missing = picture("\\u{10FFFE}");
  const pictures = [...text].map(picture);
  return !pictures.includes(missing) && new Set(pictures).size === pictures.length;
}"""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    # Not for the session: Playwright keeps a loop running in this thread.
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGS)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser, world: SystemWorld) -> Iterator[Page]:
    """The page of the lane `out`, showing an empty lane."""
    page = chromium.new_page(viewport={"width": 800, "height": 480})
    page.set_default_timeout(PAGE_LIMIT_MS)
    expect.set_options(timeout=PAGE_LIMIT_MS)
    page.goto(world.lane("out").screen_url)
    page.locator("body[data-mode=idle]").wait_for()
    page.evaluate(WATCH)
    yield page
    page.close()


def first_verdict(page: Page, since_ms: int) -> dict[str, Any]:
    changes: list[dict[str, Any]] = page.evaluate("changes")
    return next(c for c in changes if c["mode"] == "verdict" and c["at"] >= since_ms - 1)


def test_a_verdict_is_on_the_screen_half_a_second_after_its_record(
    world: SystemWorld, page: Page
) -> None:
    late_ms = []
    for _ in range(PASSAGES):
        page.locator("body[data-mode=idle]").wait_for()
        world.play("out", "card A; wrist 36.4; ALLOW OK_RESIDENT", A=world.resident())
        recorded_ms = world.passages("out")[-1]["t"]
        shown = first_verdict(page, recorded_ms)
        assert (shown["band"], shown["word"]) == ("allow", "放行")
        late_ms.append(shown["at"] - recorded_ms)
    assert statistics.median(late_ms) <= promised_s(SHOWN_S) * 1000


def test_a_chinese_name_is_masked_and_rendered(world: SystemWorld, page: Page) -> None:
    lane = world.lane("out")
    world.play("out", "card A; wrist 36.4; ALLOW OK_RESIDENT", A=world.named)
    expect(page.locator("#last li").first).to_contain_text("王*明")
    assert first_verdict(page, world.passages("out")[-1]["t"])["name"] == "王*明"
    assert page.evaluate(DRAWN, "王明放行")
    assert not page.evaluate(DRAWN, "王王"), "the check would not notice boxes"
    assert world.named.name not in page.content()
    assert lane.tally.interrupted == 0


def test_a_guard_passes_a_stopped_person_by_hand(world: SystemWorld, page: Page) -> None:
    world.play("out", "card A; STOP STAT_HOME_QUARANTINE", A=world.quarantined)
    expect(page.locator("#word")).to_have_text("禁止")
    page.locator("[data-kind=manual_pass]").click()
    page.locator("[data-reason=medical]").hover()
    page.mouse.down()
    expect(page.locator("#toast")).to_contain_text("已提交")
    page.mouse.up()
    expect(page.locator("body[data-band=note] #word")).to_have_text("放行")
    stopped, passed = world.passages("out")[-2:]
    assert (stopped["verdict"], stopped["reason"]) == ("STOP", "STAT_HOME_QUARANTINE")
    assert (passed["verdict"], passed["reason"]) == ("ALLOW_NOTE", "GUARD_MEDICAL")
    assert passed["override_reason"] == "medical"
    assert passed["person_ref"] == stopped["person_ref"]
    world.assert_books_agree("out")


def test_a_killed_gate_turns_the_screen_blue_and_it_heals(world: SystemWorld, page: Page) -> None:
    gate = world.program("gate-out")
    gate.kill()
    page.locator("body[data-mode=nolink][data-band=fault]").wait_for()
    expect(page.locator("#word")).to_have_text("闸机程序无连接")
    expect(page.locator("#last li")).to_have_count(0)
    gate.start()
    page.locator("body[data-mode=idle]").wait_for()
    world.play("out", "card A; wrist 36.4; ALLOW OK_RESIDENT", A=world.resident())
    assert first_verdict(page, world.passages("out")[-1]["t"])["word"] == "放行"
