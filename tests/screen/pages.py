"""What the tests of the guard's page do with its dialogs."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Page, expect

HOLD_MS = 1100
MOST_PAGES = 6
# Every key that can be pressed: its words, how much it is too low or too narrow for a gloved
# finger, whether it leaves the screen, and whether its words leave the key.
FLAWS = """() => [...document.querySelectorAll("dialog button, dialog h2, dialog .range")]
  .filter((one) => one.getClientRects().length)
  .map((one) => {
    const box = one.getBoundingClientRect();
    const touch = one.matches("button") ? parseFloat(getComputedStyle(one).minHeight) : 0;
    const millimetres = document.documentElement.style.getPropertyValue("--touch");
    const words = [...one.querySelectorAll("span")];
    const flaws = [];
    if (box.height + 1 < touch || box.width + 1 < touch) flaws.push("small");
    if (one.matches("button") && touch + 1 < parseFloat(millimetres)) flaws.push("below 12 mm");
    if (box.top < -1 || box.left < -1) flaws.push("outside");
    if (box.bottom > innerHeight + 1 || box.right > innerWidth + 1) flaws.push("outside");
    if (words.some((word) => word.scrollWidth > word.clientWidth + 1)) flaws.push("wide");
    const line = (word) => parseFloat(getComputedStyle(word).fontSize);
    if (words.some((word) => word.offsetHeight > one.clientHeight + 1)) flaws.push("high");
    if (words.some((word) => word.scrollHeight > word.clientHeight + line(word) / 2)) flaws.push("cut");
    return [one.textContent, ...flaws];
  })
  .filter((found) => found.length > 1)"""


def opened(seen: Any, served: Any) -> Page:
    """The page shows the verdict it is served."""
    page: Page = seen.page
    page.goto(served.url)
    page.locator("body[data-mode=verdict]").wait_for()
    return page


def key(page: Page, selector: str) -> None:
    """Press the key of the open dialog, on whichever of its pages it is."""
    wanted = page.locator(f"dialog {selector}")
    wanted.first.wait_for(state="attached")
    for _ in range(MOST_PAGES):
        if wanted.first.is_visible():
            break
        page.locator("dialog .turn").click()
    wanted.click()


def choose(page: Page, *words: str) -> None:
    """Open more, and there these words one after the other."""
    page.keyboard.press("F6")
    for word in words:
        key(page, f"[data-word={word}]")


def type_in(page: Page, field: str, keys: str, *, accept: bool = True) -> None:
    """Open a field of the form and press these keys on its pad."""
    key(page, f"[data-field={field}]")
    for one in keys:
        page.keyboard.press(one)
    if accept:
        page.keyboard.press("Enter")


def hold(page: Page, selector: str) -> None:
    """Hold a key for more than a second."""
    page.locator(f"dialog {selector}").hover()
    page.mouse.down()
    page.clock.fast_forward(HOLD_MS)
    page.mouse.up()


@contextmanager
def sent(page: Page, path: str = "report") -> Iterator[None]:
    """Wait until the gate has answered what is done inside."""
    with page.expect_response(f"**/{path}"):
        yield


def said(page: Page, text: str = "已提交") -> None:
    """The page tells so at the bottom."""
    expect(page.locator("#toast")).to_contain_text(text)
