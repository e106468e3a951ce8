"""Pictures of the guard's screen: every state and every dialog, in every size and language.

`script/screenshots [FOLDER]` serves the real page with the states its tests use and looks at it in
Debian's Chromium. index.html in the folder shows all of them side by side.
"""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path

from playwright.sync_api import Page

from gated.core.text import Text
from gated.screen.feed import Feed
from gated.screen.look_up import Found, FoundPerson
from gated.screen.reports import Answer
from gated.screen.server import ScreenServer
from gated.screen.snapshot import Language, PanelView, Snapshot
from tests.screen.states import STATES
from tests.support.browser import chromium

LANGUAGES: tuple[Language, ...] = ("zh", "en")
SETTLED_MS = 150  # a picture is taken when nothing moves any more
KEYS = {"codes": "F1", "clinical": "F2", "manual_pass": "F3", "refuse": "F4", "more": "F6",
        "help": "F8"}  # fmt: skip
DIALOG_STATE = "stop"


@dataclass(frozen=True, slots=True)
class Panel:
    """A size people look at the page in. diagonal_in: of the panel."""

    width: int
    height: int
    diagonal_in: float

    @property
    def name(self) -> str:
        """How files are named after it."""
        return f"{self.width}x{self.height}"


PANELS = (
    Panel(800, 480, 5.0),
    Panel(480, 320, 3.5),
    Panel(1024, 600, 7.0),
    Panel(400, 480, 5.0),
    Panel(390, 844, 6.1),
)


class _Everybody:
    """Finds two invented people in any room."""

    def find(self, _search: object) -> Found:
        """Return them."""
        resident = Text("居民", "resident")
        names = ("王*明", "王*")
        people = (FoundPerson(f"{n}", name, "3-2-1**", resident) for n, name in enumerate(names))
        return Found(tuple(people))

    def identify(self, _pick: object) -> Answer:
        """Take whom the guard picked."""
        return Answer()


def main() -> int:
    """Take all pictures; return the exit code."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    with _serving() as (feed, url), chromium() as browser:
        taken: list[str] = []
        for panel in PANELS:
            for language in LANGUAGES:
                page = browser.new_page(viewport={"width": panel.width, "height": panel.height})
                feed.publish(_shown(STATES["idle"], language, panel))
                page.goto(url)
                page.locator("body[data-mode=idle]").wait_for()
                taken += _states(page, feed, folder, panel, language)
                taken += _dialogs(page, feed, folder, panel, language)
                page.close()
            taken += _public(browser.new_page(), feed, url, folder, panel)
    (folder / "index.html").write_text(_index(taken), "utf-8")
    print(f"{len(taken)} pictures in {folder}; open {folder / 'index.html'}")
    return 0


def _states(
    page: Page, feed: Feed, folder: Path, panel: Panel, language: Language
) -> Iterator[str]:
    for name, state in STATES.items():
        feed.publish(_shown(state, language, panel))
        yield _take(page, folder, f"{panel.name}-{language}-{name}")
    night = _shown(STATES[DIALOG_STATE], language, panel)
    feed.publish(replace(night, panel=replace(night.panel, night=True)))
    yield _take(page, folder, f"{panel.name}-{language}-night")


def _dialogs(
    page: Page, feed: Feed, folder: Path, panel: Panel, language: Language
) -> Iterator[str]:
    """Take every dialog a key opens, and everything behind the keys of `more`."""
    state = _shown(STATES[DIALOG_STATE], language, panel)
    feed.publish(replace(state, members=True, card=STATES["stranger"].card))
    page.wait_for_timeout(SETTLED_MS)
    for name, key in KEYS.items():
        page.keyboard.press(key)
        yield _take(page, folder, f"{panel.name}-{language}-dialog-{name}")
        page.keyboard.press("Escape")
    page.keyboard.press("F6")
    words = page.eval_on_selector_all("dialog [data-word]", "all => all.map(e => e.dataset.word)")
    page.keyboard.press("Escape")
    for word in words:
        page.keyboard.press("F6")
        page.evaluate("word => document.querySelector(`dialog [data-word=${word}]`).click()", word)
        yield _take(page, folder, f"{panel.name}-{language}-more-{word}")
        page.keyboard.press("Escape")
        if word == "language":  # back again
            page.keyboard.press("F9")


def _public(page: Page, feed: Feed, url: str, folder: Path, panel: Panel) -> Iterator[str]:
    page.set_viewport_size({"width": panel.width, "height": panel.height})
    page.goto(f"{url}public")
    for name in ("idle", "measuring", "allow", "check", "stop", "fault", "lockdown"):
        feed.publish(_shown(STATES[name], "zh", panel))
        yield _take(page, folder, f"{panel.name}-public-{name}")
    page.close()


def _shown(state: Snapshot, language: Language, panel: Panel) -> Snapshot:
    return replace(state, language=language, panel=PanelView(panel.diagonal_in))


def _take(page: Page, folder: Path, name: str) -> str:
    page.wait_for_timeout(SETTLED_MS)
    page.screenshot(path=folder / f"{name}.png")
    return name


def _index(names: list[str]) -> str:
    figures = "\n".join(
        f'<figure><img src="{escape(name)}.png" loading="lazy" alt="">'
        f"<figcaption>{escape(name)}</figcaption></figure>"
        for name in names
    )
    style = "figure{display:inline-block;margin:8px}img{max-width:400px;border:1px solid #888}"
    return f"<!doctype html><meta charset=utf-8><style>{style}</style>\n{figures}\n"


@contextmanager
def _serving() -> Iterator[tuple[Feed, str]]:
    feed, stop = Feed(STATES["idle"]), threading.Event()
    everybody = _Everybody()
    server = ScreenServer(
        feed,
        "127.0.0.1",
        0,
        lambda _order: Answer("not_offered"),
        report=lambda _sent: Answer("not_offered"),
        finder=everybody,
    )
    server.bind()
    thread = threading.Thread(target=server.run, args=(stop,))
    thread.start()
    try:
        yield feed, server.url
    finally:
        stop.set()
        thread.join()


if __name__ == "__main__":
    sys.exit(main())
