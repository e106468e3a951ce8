"""The screen for the person in front, and two lanes side by side, in a real browser."""

import itertools
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.gate.site_files import free_port
from tests.screen.conftest import Served, serving
from tests.screen.looking import publish
from tests.screen.states import IDLE, STATES

pytestmark = pytest.mark.browser

PRIVATE = ("王*明", "3-2-1", "居民", "resident", "36.4", "37.4", "李*", "陈*")
SILENCE_MS = 3500
counter = itertools.count()


def looked_at(seen: Any, served: Any, name: str) -> Page:
    page: Page = seen.page
    if not page.url.endswith("/public"):
        page.goto(f"{served.url}/public")
    publish(page, served, STATES[name], next(counter))
    return page


@pytest.mark.parametrize(
    ("name", "said", "colour"),
    [
        ("allow", "请通行", "rgb(18, 184, 134)"),
        ("note", "请通行", "rgb(18, 184, 134)"),
        ("stop", "请稍候,听从值守人员安排", "rgb(139, 0, 16)"),
        ("fever", "请到一旁休息,听从值守人员安排", "rgb(255, 194, 10)"),
        ("evacuate", "请尽快离开", "rgb(28, 79, 176)"),
    ],
)
def test_the_person_reads_what_to_do_and_nothing_else(
    serve: Any, seen: Any, name: str, said: str, colour: str
) -> None:
    page = looked_at(seen, serve(IDLE), name)
    assert page.locator("#text").inner_text() == said
    assert re.search("[a-z]", page.locator("#other").inner_text())
    ground = "element => getComputedStyle(element).backgroundColor"
    assert page.locator("main").evaluate(ground) == colour
    whole = page.evaluate("document.documentElement.outerHTML")
    assert [word for word in PRIVATE if word in whole] == []


@pytest.mark.parametrize(("width", "height"), [(800, 480), (480, 320), (1024, 600), (480, 800)])
def test_every_picture_fits(serve: Any, seen: Any, width: int, height: int) -> None:
    seen.page.set_viewport_size({"width": width, "height": height})
    served = serve(IDLE)
    for name in STATES:
        page = looked_at(seen, served, name)
        wrong = page.evaluate("""() => {
          const main = document.querySelector("main").getBoundingClientRect();
          return [...document.querySelectorAll("#text, #other, #shape, .tile p, #progress")]
            .filter(element => element.checkVisibility())
            .filter(element => { const box = element.getBoundingClientRect();
              return box.top < main.top - 1 || box.bottom > main.bottom + 1
                || box.right > innerWidth + 1 || element.scrollWidth > element.clientWidth + 2; })
            .map(element => element.id || element.textContent);
        }""")
        assert wrong == [], name


def test_the_public_stream_carries_no_token_and_no_snapshot(serve: Any) -> None:
    served = serve(STATES["stop"])
    with httpx.stream("GET", f"{served.url}/public/events", timeout=10) as answer:
        heard = ""
        for text in answer.iter_text():
            heard += text
            if "event: beat" in heard and heard.endswith("\n\n"):
                break
    assert re.findall("^event: (.*)$", heard, re.MULTILINE) == ["view", "beat"]
    assert [word for word in PRIVATE if word in heard] == []


def test_the_public_page_can_order_nothing(serve: Any, seen: Any) -> None:
    page = looked_at(seen, serve(IDLE), "stop")
    for key in ("F2", "F3", "F5", "F6", "Enter"):
        page.keyboard.press(key)
    assert page.locator("button, input, dialog").count() == 0
    assert {url.rpartition("/")[2] for url in seen.requests} >= {"public", "events"}
    assert not any(
        url.endswith(("/events", "/snapshot")) and "/public/" not in url for url in seen.requests
    )


def test_a_lost_gate_leaves_no_green_on_the_public_page(serve: Any, seen: Any) -> None:
    alive = [True]
    served = serve(IDLE, lambda: alive[0])
    page = looked_at(seen, served, "allow")
    alive[0] = False
    page.clock.fast_forward(SILENCE_MS)
    expect(page.locator("body")).to_have_attribute("data-shown", "fault")
    expect(page.locator("#text")).to_have_text("请找值守人员")
    alive[0] = True
    expect(page.locator("body")).to_have_attribute("data-shown", "allow")


@pytest.fixture
def paired() -> Iterator[tuple[Served, Served]]:
    """Two gates on this machine that name each other."""
    ports = free_port(), free_port()
    lanes = tuple(f"http://127.0.0.1:{port}" for port in ports)
    with (
        serving(STATES["allow"], ports[0], lanes) as one,
        serving(STATES["stop"], ports[1], lanes) as other,
    ):
        yield one, other


def test_two_lanes_stand_side_by_side_each_in_its_own_size(paired: Any, seen: Any) -> None:
    one, other = paired
    page: Page = seen.page
    page.goto(f"{one.url}/pair")
    left, right = (page.frame_locator("iframe").nth(place) for place in (0, 1))
    expect(left.locator("#word")).to_have_text("放行")
    expect(right.locator("#word")).to_have_text("禁止")
    assert right.locator("html").get_attribute("data-layout") == "half"
    style = right.locator("html").get_attribute("style")
    touch = re.search(r"--touch: ([\d.]+)px", style or "")
    assert touch is not None
    panel_mm = 5.0 * 25.4
    assert abs(float(touch[1]) - 12 * (800**2 + 480**2) ** 0.5 / panel_mm) < 0.5
    assert page.locator("iframe").first.get_attribute("allow") == "autoplay"
    with page.expect_response(f"{other.url}/report"):
        right.locator("#more").click()
        right.locator('dialog [data-word="round"]').evaluate("key => key.click()")
        right.locator('[data-word="gate"]').click()
        right.locator('[data-word="chlorine"]').click()
    assert (len(one.reports), len(other.reports)) == (0, 1)


def test_no_other_page_may_frame_the_screen(paired: Any, serve: Any) -> None:
    one, other = paired
    policy = httpx.get(f"{other.url}/").headers["content-security-policy"]
    assert f"frame-ancestors {one.url} {other.url}" in policy
    assert f"frame-src {one.url} {other.url}" in policy
    alone = httpx.get(f"{serve(IDLE).url}/").headers["content-security-policy"]
    assert "frame-ancestors 'none'" in alone
    assert "frame-src" not in alone


def test_without_a_pair_there_is_no_such_page(serve: Any) -> None:
    answer = httpx.get(f"{serve(IDLE).url}/pair")
    assert answer.status_code == 404
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
