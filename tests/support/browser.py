"""A real browser for the tests of pages, and what axe-core says of a page."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.support.effort import LONG

# The same Chromium without a window costs half as much; with --long it is the one people have.
_FULL, _SHELL = Path("/usr/bin/chromium"), Path("/usr/bin/chromium-headless-shell")
CHROMIUM = str(_FULL if LONG or not _SHELL.exists() else _SHELL)
CHROMIUM_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WAIT_MS = 20_000  # what is expected of a page comes within this; far below the limit of a test
PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 800}
AXE = Axe()
AXE_OPTIONS = {"resultTypes": ["violations"]}  # of what is in order, the count is enough

# Playwright's own five seconds are too few where several suites share a machine.
expect.set_options(timeout=WAIT_MS)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Use it for one module at most: Playwright keeps a loop running in this thread."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGS)
        yield browser
        browser.close()


def violations(page: Page) -> list[str]:
    """What axe-core finds wrong, one line per rule and place."""
    found = AXE.run(page, options=AXE_OPTIONS).response["violations"]
    return [f"{rule['id']}: {node['html'][:120]}" for rule in found for node in rule["nodes"]]


def overflow(page: Page) -> int:
    """How many pixels the page is wider than its window."""
    width: int = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    return width
