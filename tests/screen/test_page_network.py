"""The log-in page and the screen behind it, over TLS in a real browser."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from gated.core.model import GuardActionKind
from gated.screen.snapshot import AskedView, DutyView
from tests.screen.network_world import LI_PIN, WANG_PIN, NetworkWorld, network_world

pytestmark = pytest.mark.browser

LI = DutyView(3, "A12", "李*", "guard", log_in=True)
NOBODY = DutyView(log_in=True)
PHONE = {"width": 390, "height": 760}
HOLD_MS = 1100


@pytest.fixture
def world(tmp_path: Path, samples: Any) -> Iterator[NetworkWorld]:
    with network_world(tmp_path, samples.stop) as served:
        served.on_duty(NOBODY)
        yield served


@pytest.fixture
def page(chromium: Browser, world: NetworkWorld) -> Iterator[Page]:
    """A phone that was sent to the log-in."""
    context = chromium.new_context(ignore_https_errors=True, viewport=PHONE)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.clock.install()
    page.goto(world.url)
    expect(page.locator("h1")).to_have_text("登录值守屏")
    yield page
    context.close()
    assert errors == []


def tap(page: Page, text: str) -> None:
    for character in text:
        page.locator("#pad").get_by_role("button", name=character, exact=True).click()


def number(page: Page, number: str) -> None:
    page.get_by_role("button", name="字母").click()
    tap(page, number[0])
    page.get_by_role("button", name="数字").click()
    tap(page, number[1:])


def test_a_guard_logs_in_by_finger_begins_duty_and_passes_somebody(
    world: NetworkWorld, page: Page
) -> None:
    number(page, "A12")
    expect(page.locator("#begin")).to_be_disabled()
    page.locator("#pin").click()
    tap(page, LI_PIN)
    expect(page.locator("#pin")).to_have_text("●●●●")
    assert LI_PIN not in page.content()
    page.locator("#begin").click()
    page.locator("#word", has_text="禁止").wait_for()
    expect(page.locator("#me")).to_have_text("已登录 李*")
    expect(page.locator("#guard")).to_have_text("值守 李*")
    assert "A12" not in page.url
    page.keyboard.press("F3")
    page.locator("[data-reason=medical]").hover()
    page.mouse.down()
    with page.expect_response("**/act") as answered:
        page.clock.fast_forward(HOLD_MS)
    page.mouse.up()
    assert answered.value.status == 200
    spell = world.feed.latest().snapshot.duty.number
    assert [(order.kind, order.duty) for order in world.taken] == [
        (GuardActionKind.MANUAL_PASS, spell)
    ]


def test_a_wrong_pin_is_said_and_forgotten_and_keys_do_as_well(
    world: NetworkWorld, page: Page
) -> None:
    page.locator("#number").fill("a12")
    page.keyboard.press("Enter")
    page.keyboard.type("99990")
    page.keyboard.press("Backspace")
    page.keyboard.press("Enter")
    expect(page.locator("#said.bad")).to_have_text("工号或密码不对")
    expect(page.locator("#pin")).to_have_text("○○○○")
    page.get_by_role("button", name="EN").click()
    expect(page.locator("#said.bad")).to_have_text("Wrong number or PIN")
    page.keyboard.press("Tab")
    page.locator("#pin").focus()
    page.keyboard.type(LI_PIN)
    page.keyboard.press("Enter")
    page.locator("#word", has_text="禁止").wait_for()


def logged_in(page: Page, guard: str, pin: str, key: str) -> None:
    page.locator("#number").fill(guard)
    page.locator("#pin").focus()
    page.keyboard.type(pin)
    page.locator(key).click()
    page.locator("#word", has_text="禁止").wait_for()


def test_a_supervisor_watches_approves_and_logs_out(world: NetworkWorld, page: Page) -> None:
    logged_in(page, "S001", WANG_PIN, "#watch")
    assert world.shifts == []
    world.on_duty(LI)
    expect(page.locator("#me")).to_have_text("旁观 王*")
    expect(page.locator("#guard")).to_have_text("值守 李*")  # before: an order of an old spell
    page.keyboard.press("F5")
    expect(page.locator("#toast.bad")).to_contain_text("当班的是别人")
    world.on_duty(LI, needs_second=AskedView(GuardActionKind.MANUAL_PASS, "caring", words=True))
    expect(page.locator("#toast")).to_contain_text("值守请求授权")
    page.locator(".act[data-kind=manual_pass]").click()
    expect(page.locator("dialog [data-reason]")).to_have_count(1)
    expect(page.locator("dialog .range")).to_contain_text("附补充说明")
    page.locator("[data-reason=caring]").hover()
    page.mouse.down()
    page.clock.fast_forward(HOLD_MS)
    page.mouse.up()
    page.locator("dialog.pin output").wait_for()
    for digit in WANG_PIN:
        page.keyboard.press(digit)
    with page.expect_response("**/act") as answered:
        page.keyboard.press("Enter")
    assert answered.value.status == 200
    assert [order.reason for order in world.taken] == ["caring"]
    page.locator("#me").click()
    page.get_by_role("button", name="退出登录").click()
    expect(page.locator("h1")).to_have_text("登录值守屏")
    page.goto(world.url)
    expect(page.locator("h1")).to_have_text("登录值守屏")


def test_an_approval_that_is_no_longer_asked_for_is_closed(world: NetworkWorld, page: Page) -> None:
    logged_in(page, "S001", WANG_PIN, "#watch")
    asked = AskedView(GuardActionKind.MANUAL_PASS, "caring")
    world.on_duty(LI, needs_second=asked)
    expect(page.locator("#toast")).to_contain_text("值守请求授权")
    page.locator(".act[data-kind=manual_pass]").click()
    expect(page.locator("dialog [data-reason=caring]")).to_be_visible()
    world.on_duty(LI, needs_second=AskedView(GuardActionKind.MANUAL_PASS, "known"))
    expect(page.locator("dialog#dialog")).to_be_hidden()
    expect(page.locator("#toast.bad")).to_contain_text("另一个原因")


def test_a_guard_who_leaves_the_book_is_led_back_to_the_log_in(
    world: NetworkWorld, page: Page
) -> None:
    logged_in(page, "A12", LI_PIN, "#begin")
    world.book.remove("A12")
    page.clock.run_for(4000)
    expect(page.locator("h1")).to_have_text("登录值守屏")


def test_an_old_token_is_renewed_once_and_the_order_given(world: NetworkWorld, page: Page) -> None:
    logged_in(page, "A12", LI_PIN, "#begin")
    tokens = []

    def spoil(route: Any) -> None:
        tokens.append(route.request.headers["x-gated-token"])
        headers = {**route.request.headers}
        if len(tokens) == 1:
            headers["x-gated-token"] = "old"
        route.continue_(headers=headers)

    page.route("**/act", spoil)
    page.keyboard.press("F5")
    expect(page.locator("#toast.good")).to_contain_text("复测")
    assert len(tokens) == 2
    assert len(world.taken) == 1


@pytest.mark.parametrize(
    ("width", "height"), [(320, 568), (390, 760), (800, 480), (480, 320), (1440, 900)]
)
@pytest.mark.parametrize("letters", [False, True])
def test_the_log_in_fits_every_screen_and_everybody_can_use_it(
    page: Page, width: int, height: int, letters: bool
) -> None:
    page.set_viewport_size({"width": width, "height": height})
    if letters:
        page.get_by_role("button", name="字母").click()
    boxes = page.locator("h1, button, input, #said").evaluate_all(
        "all => all.map(element => element.getBoundingClientRect())"
        ".map(({top, bottom, left, right}) => [top, bottom, left, right])"
    )
    for top, bottom, left, right in boxes:
        assert (top >= -1, bottom <= height + 1) == (True, True), boxes
        assert (left >= -1, right <= width + 1) == (True, True), boxes
    found = Axe().run(page).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"]) for one in found] == []
