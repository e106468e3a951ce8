"""Pictures of the guard's screen, two side by side, log-in, first start and calibration.

`script/screenshots [FOLDER]` serves the real pages with the states and worlds their tests use and
looks at them in Debian's Chromium, in every size and language. index.html in the folder shows all
of them side by side.
"""

import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from gated.core.text import Text
from gated.screen.feed import Feed
from gated.screen.look_up import Found, FoundPerson
from gated.screen.reports import Answer
from gated.screen.server import ScreenServer
from gated.screen.snapshot import Language, PanelView, Snapshot
from tests.screen.network_world import network_world
from tests.screen.states import STATES
from tests.support.broker import free_port
from tests.support.browser import chromium
from tests.support.calibration_page import calibration_page
from tests.support.wizard import Plugs, plugged, wizard

LANGUAGES: tuple[Language, ...] = ("zh", "en")
SETTLED_MS = 150  # a picture is taken when nothing moves any more
KEYS = {"codes": "F1", "clinical": "F2", "manual_pass": "F3", "refuse": "F4", "more": "F6",
        "help": "F8"}  # fmt: skip
DIALOG_STATE = "stop"
WIDE_PX = 800  # two lanes side by side need this much


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
        taken += _pair(browser, folder)
        taken += _log_in(browser, folder)
        taken += _first_start(browser, folder)
        taken += _calibration(browser, folder)
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


def _pair(browser: Browser, folder: Path) -> Iterator[str]:
    """Two lanes side by side on the panels that are wide enough for two."""
    ports = free_port(), free_port()
    lanes = tuple(f"http://127.0.0.1:{port}" for port in ports)
    with _serving(ports[0], lanes) as (one, url), _serving(ports[1], lanes) as (other, _):
        for panel in (panel for panel in PANELS if panel.width >= WIDE_PX):
            page = browser.new_page(viewport={"width": panel.width, "height": panel.height})
            one.publish(_shown(STATES["allow"], "zh", panel))
            other.publish(_shown(STATES["stop"], "zh", panel))
            page.goto(f"{url}pair")
            for frame in range(2):
                lane = page.frame_locator("iframe").nth(frame)
                lane.locator("body[data-mode=verdict]").wait_for()
            yield _take(page, folder, f"{panel.name}-pair")
            page.close()


def _log_in(browser: Browser, folder: Path) -> Iterator[str]:
    """Take the page a guard logs in on over the network, in every size."""
    with tempfile.TemporaryDirectory() as kept, network_world(Path(kept), STATES["idle"]) as world:
        for panel in PANELS:
            for language in LANGUAGES:
                page = browser.new_page(
                    viewport={"width": panel.width, "height": panel.height},
                    ignore_https_errors=True,  # the certificate is the test's own
                )
                world.feed.publish(_shown(STATES["idle"], language, panel))
                page.goto(world.url)
                if language == "en":
                    page.get_by_role("button", name="EN", exact=True).click()
                page.locator(f"html[data-language={language}]").wait_for()
                yield _take(page, folder, f"{panel.name}-{language}-log-in")
                page.close()


def _first_start(browser: Browser, folder: Path) -> Iterator[str]:
    """Take every step of the wizard as it is when the one before was answered."""
    with tempfile.TemporaryDirectory() as kept, plugged(Path(kept)) as plugs:
        for panel in PANELS:
            for language in LANGUAGES:
                page = browser.new_page(viewport={"width": panel.width, "height": panel.height})
                yield from _steps(page, plugs, folder, f"{panel.name}-{language}-first")
                page.close()


def _steps(page: Page, plugs: Plugs, folder: Path, name: str) -> Iterator[str]:
    said = {"hub": "none", "name": "东门", "id": "east-1", "site": "lake", "direction": "in"}
    with tempfile.TemporaryDirectory() as kept:
        (Path(kept) / "etc").mkdir()
        with wizard(Path(kept), plugs) as made:
            devices = {"card": plugs.card, "camera": "none", "wrist": plugs.bus}
            made.answer(shadow="on", **said, **devices).raise_for_status()
            page.goto(made.url)
            body = page.locator("body[data-step]")
            expect(body).to_have_attribute("data-step", "language")
            words = "English" if "-en-" in name else "中文"
            page.get_by_role("button", name=words).first.click()
            while True:
                step = body.get_attribute("data-step") or ""
                yield _take(page, folder, f"{name}-{step}")
                if step == "end":
                    return
                page.locator("#next:not(:disabled)").click()
                expect(body).not_to_have_attribute("data-step", step)


def _calibration(browser: Browser, folder: Path) -> Iterator[str]:
    """Take the views of a calibration whose invented people have one mistyped value."""
    for panel in PANELS:
        for language in LANGUAGES:
            page = browser.new_page(viewport={"width": panel.width, "height": panel.height})
            with tempfile.TemporaryDirectory() as kept, calibration_page(Path(kept)) as made:
                made.opened().measured(31, p9=38.9)
                page.goto(f"{made.url}#{language}")
                name = f"{panel.name}-{language}-calibration"
                for view, key in (("measure", "#back"), ("pairs", "#next"), ("fit", ".go")):
                    page.locator(f"body[data-view={view}]").wait_for()
                    yield _take(page, folder, f"{name}-{view}")
                    page.locator(key).click()
                yield _take(page, folder, f"{name}-pair")
                page.close()
                page = browser.new_page(viewport={"width": panel.width, "height": panel.height})
                made.done("call")
                made.wrist()
                page.goto(f"{made.url}#{language}")
                page.locator("#pad[open]").wait_for()
                yield _take(page, folder, f"{name}-contact")
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
def _serving(port: int = 0, lanes: tuple[str, ...] = ()) -> Iterator[tuple[Feed, str]]:
    feed, stop = Feed(STATES["idle"]), threading.Event()
    everybody = _Everybody()
    server = ScreenServer(
        feed,
        "127.0.0.1",
        port,
        lambda _order: Answer("not_offered"),
        lanes=lanes,
        report=lambda _made, _duty, _by="", _second=None: Answer("not_offered"),
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
