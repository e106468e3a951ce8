"""The calibration page in a real browser: thirty people, keys and keyboard, every panel."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from playwright.sync_api import Page as Tab

import gated.screen
from gated.core.calibration import parse_calibration
from gated.core.thermometry_live import HOLD_STILL, PROMPTED
from gated.gate import calibration_desk
from gated.texts import shipped
from tests.gate.gate_world import write_calibration
from tests.support.browser import DESKTOP, chromium, overflow, violations
from tests.support.calibration_page import Page, calibration_page
from tests.support.technician import TODAY, person
from tests.support.waiting import wait_until

FOLDER = Path(gated.screen.__file__).parent / "thermometer_page"
GATE = Path(calibration_desk.__file__).parent
TEXTS = shipped().section("calibration")
SMALL = {"width": 480, "height": 320}
USUAL = {"width": 800, "height": 480}
PHONE = {"width": 390, "height": 844}
TOUCH_PX = {480: 78, 800: 88, 390: 55, 1280: 78}
WEIGHT_MAX = 40_000
POLL_MS = 300

# Every button that can be pressed now, with its smaller side.
BUTTONS = """[...document.querySelectorAll("button")]
  .filter((one) => one.offsetParent && !one.closest("dialog:not([open])"))
  .filter((one) => !document.querySelector("dialog[open]") || one.closest("dialog"))
  .map((one) => one.getBoundingClientRect())
  .map((one) => Math.min(one.width, one.height))"""


@dataclass
class Bench:
    """The page, and the technician before it. Its time goes on by itself and faster on demand."""

    tab: Tab
    page: Page
    complaints: list[str] = field(default_factory=list)

    def open(self, language: str = "zh", size: dict[str, int] = USUAL) -> None:
        self.tab.set_viewport_size({"width": size["width"], "height": size["height"]})
        self.tab.clock.install()
        self.tab.goto(f"{self.page.url}#{language}")
        self.view("measure")

    def say(self, key: str, n: object = "") -> str:
        language = self.tab.evaluate("document.documentElement.dataset.language")
        return str(getattr(TEXTS[key], language)).replace("{n}", str(n))

    def view(self, name: str) -> None:
        expect(self.tab.locator("body")).to_have_attribute("data-view", name)

    def look(self) -> None:
        """The page asks the program how it is."""
        self.tab.clock.run_for(POLL_MS)

    def next(self) -> None:
        self.tab.locator("#next:not(:disabled)").click()

    def back(self) -> None:
        self.tab.locator("#back").click()

    def tile(self, key: str) -> None:
        word = self.tab.get_by_text(self.say(key), exact=True)
        self.tab.locator("main .tile").filter(has=word).click()

    def called(self) -> None:
        """The next person is called and measured; the pad asks for the contact value."""
        self.tab.wait_for_selector("#next:focus")
        self.tab.keyboard.press("Enter")
        self.tab.wait_for_selector('[data-phase="waiting"]')
        self.page.wrist()
        wait_until(self.pad_is_open, what="the pad")

    def pad_is_open(self) -> bool:
        self.look()
        return bool(self.tab.locator("#pad[open]").count())

    def pressed(self, digits: str) -> None:
        for digit in digits:
            self.tab.locator(f'#pad-keys [data-key="{digit}"]').click()
        self.tab.locator('#pad-keys [data-key="done"]').click()

    def typed(self, digits: str) -> None:
        self.tab.keyboard.type(digits)
        self.tab.keyboard.press("Enter")
        self.tab.wait_for_selector("#pad", state="hidden")

    def fits(self) -> None:
        """Nothing beyond the window, buttons large enough; at 800 x 480 nothing axe-core finds."""
        size = self.tab.viewport_size
        assert size is not None
        where = self.tab.locator("#question").inner_text()
        assert overflow(self.tab) == 0, where
        assert min(self.tab.evaluate(BUTTONS)) >= TOUCH_PX[size["width"]], where
        if size == USUAL:  # what it looks for hardly depends on the size
            assert violations(self.tab) == [], where


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    with calibration_page(tmp_path) as found:
        yield found


@pytest.fixture
def bench(browser: Browser, page: Page) -> Iterator[Bench]:
    tab = browser.new_page()
    found = Bench(tab, page)
    tab.on("pageerror", lambda problem: found.complaints.append(str(problem)))
    tab.on(
        "console",
        lambda line: found.complaints.append(line.text) if "Security Policy" in line.text else None,
    )
    yield found
    tab.close()
    assert found.complaints == []


@pytest.mark.browser
def test_thirty_people_are_measured_fitted_and_written(bench: Bench, tmp_path: Path) -> None:
    page, tab = bench.page.opened(), bench.tab
    write_calibration(tmp_path / "site.toml", made=TODAY)
    bench.open()
    for number in range(31):
        bench.called()
        bench.typed("389" if number == 9 else f"{10 * person(number)[2]:.0f}")
    expect(tab.locator("#place")).to_have_text(bench.say("people_n", 31))
    bench.back()
    bench.view("pairs")
    expect(tab.locator(".row.pair")).to_have_count(31)
    expect(tab.locator(".row.pair").first).to_contain_text("10. 38.9 ℃")
    bench.next()
    bench.view("fit")
    expect(tab.locator("#next")).to_be_disabled()
    assert tab.locator(".plot").evaluate("one => one.decode().then(() => one.naturalWidth)") > 0
    tab.get_by_role("button", name=bench.say("look")).click()
    bench.view("pair")
    bench.tile("correct")
    bench.typed("369")
    bench.view("pairs")
    bench.next()
    expect(tab.locator("main")).to_contain_text("k0.25")
    bench.next()
    bench.view("confirm")
    expect(tab.locator("main")).to_contain_text(str(tmp_path / "site.toml"))
    expect(tab.locator("main")).to_contain_text(f"{TODAY} · k")
    assert not list(tmp_path.glob("*.svg")), "not before the last key"
    bench.next()
    bench.view("written")
    expect(tab.locator("main")).to_contain_text(str(tmp_path / f"site-{TODAY}.toml"))
    made = parse_calibration(
        tomllib.loads((tmp_path / "site.toml").read_text("utf-8"))["calibration"]
    )
    assert (made.people, made.residual_mc < 60) == (31, True)
    bench.next()
    bench.view("left")
    assert page.server.finished.wait(20)


@pytest.mark.browser
@pytest.mark.parametrize(
    ("language", "size"),
    [("en", SMALL), ("zh", USUAL), ("zh", PHONE), ("en", DESKTOP)],
    ids=["480", "800", "phone", "desktop"],
)
def test_every_view_fits_every_panel(bench: Bench, language: str, size: dict[str, int]) -> None:
    page, tab = bench.page, bench.tab
    bench.open(language, size)
    expect(tab.locator("#prompt")).to_have_text(bench.say("do_opening"))
    bench.fits()
    page.opened()
    bench.look()
    expect(tab.locator("#next")).to_have_text(bench.say("next_person"))
    expect(tab.locator("#prompt")).to_have_text(bench.say("do_ready"))
    bench.fits()
    bench.called()
    bench.fits()
    bench.pressed("339")
    expect(tab.locator("#pad-label")).to_have_text(bench.say("contact_range"))
    tab.locator('#pad-keys [data-key="leave"]').click()
    expect(tab.locator("#pad")).to_be_hidden()
    page.people = 0
    page.measured(31, p9=38.9)
    bench.look()
    expect(tab.locator("#place")).to_have_text(bench.say("people_n", 31))
    bench.fits()
    for view, step in (("pairs", bench.back), ("fit", bench.next)):
        step()
        bench.view(view)
        bench.fits()
    tab.get_by_role("button", name=bench.say("look")).click()
    bench.view("pair")
    bench.fits()
    bench.tile("keep")
    bench.next()
    bench.next()
    bench.view("confirm")
    bench.fits()
    bench.next()
    bench.view("written")
    bench.fits()
    bench.next()
    bench.view("left")


@pytest.mark.browser
def test_the_reading_and_its_reason_are_shown_in_words(bench: Bench) -> None:
    page, tab = bench.page.opened(), bench.tab
    bench.open("en")
    reading = {
        name: tab.locator(f'[data-reading="{name}"]') for name in ("object_mc", "skin_mc", "phase")
    }
    bench.look()
    expect(reading["object_mc"]).to_have_text("22.00 ℃")
    expect(reading["skin_mc"]).to_have_text("–")  # an empty lane has no skin
    bench.next()
    page.tell(reason="moving", phase="measuring", object_mc=32_000, skin_mc=32_150)
    bench.look()
    expect(reading["skin_mc"]).to_have_text("32.15 ℃")
    expect(reading["phase"]).to_have_text(TEXTS["phase_measuring"].en)
    expect(tab.locator("#prompt")).to_have_text(TEXTS["why_moving"].en)
    tab.locator("#switch").click()
    expect(tab.locator("#prompt")).to_have_text(TEXTS["why_moving"].zh)
    page.source.board.end("the gate has stopped, or hung up; begin again")
    bench.look()
    expect(tab.locator("#prompt")).to_have_text(TEXTS["silent"].zh)
    expect(tab.locator("#detail")).to_contain_text("begin again")


@pytest.mark.browser
def test_a_second_browser_and_a_reload_show_the_same(bench: Bench) -> None:
    page, tab = bench.page.opened(), bench.tab
    bench.open()
    bench.called()
    tab.reload()
    expect(tab.locator("#pad")).to_be_visible()
    page.sitting.contact(page.number, "36.5")  # somebody else's browser
    bench.look()
    expect(tab.locator("#pad")).to_be_hidden()
    expect(tab.locator("#place")).to_have_text("1/30")


@pytest.mark.browser
def test_pairs_of_another_sensor_are_forgotten_only_when_asked_twice(bench: Bench) -> None:
    page, tab = bench.page.opened(), bench.tab
    page.measured(2)
    page.done("call")
    page.tell(serial="0000000000000001")
    bench.tab.goto(f"{page.url}#en")
    bench.view("refused")
    expect(tab.locator(".fault")).to_contain_text(TEXTS["changed"].en)
    assert violations(tab) == []
    bench.next()
    bench.view("anew")
    bench.back()
    bench.view("refused")
    bench.next()
    bench.next()
    bench.view("measure")
    expect(tab.locator("#place")).to_have_text("0/30")


# The files.


def sources() -> str:
    return "".join(path.read_text("utf-8") for path in FOLDER.iterdir() if path.suffix == ".js")


def test_the_page_is_light_and_loads_nothing_foreign() -> None:
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < WEIGHT_MAX
    foreign = re.compile(r"https?:|//[a-z0-9-]+\.[a-z]|@import|url\(|innerHTML|eval\(| style=")
    for path in FOLDER.iterdir():
        assert foreign.findall(path.read_text("utf-8")) == [], path.name


def test_every_word_of_the_page_is_there_and_none_for_nothing() -> None:
    text = sources()
    said = set(re.findall(r'say\(\s*"([a-z_0-9]+)"', text))
    views = re.findall(r"VIEWS = \{ (.+) \}", text)[0].split(", ")
    phases = ("opening", "ready", "waiting", "typing")
    said |= {f"t_{view}" for view in views} | {f"do_{phase}" for phase in phases}
    assert said <= set(TEXTS)
    desk = (GATE / "calibration_desk.py").read_text("utf-8")
    reasons = {*PROMPTED, HOLD_STILL, "other"}
    reasons |= set(
        re.findall(r'^[A-Z_]+: Final = "(still_there|visit|no_wrist)"', desk, re.MULTILINE)
    )
    assert {f"why_{reason}" for reason in reasons} <= set(TEXTS)
    files = ("gate/calibration_*.py", "core/calibration_fit.py", "core/thermometry_reading.py")
    python = "".join(path.read_text("utf-8") for one in files for path in GATE.parent.glob(one))
    words = set(re.findall(r'"([a-z][a-z_0-9]*)"', text + python))
    words |= said | {f"why_{reason}" for reason in reasons}
    words |= {f"phase_{one}" for one in words} | {"missing_people", "missing_spread"}
    assert [key for key in TEXTS if key not in words] == []


def test_every_refusal_has_a_sentence() -> None:
    names = ("gate/calibration_sitting", "gate/calibration_session", "gate/calibration_server")
    text = "".join((GATE.parent / f"{name}.py").read_text("utf-8") for name in names)
    codes = set(re.findall(r'NotNow\("([a-z_]+)"', text))
    codes |= set(re.findall(r'^ +"([a-z]+_[a-z]+)",$', text, re.MULTILINE)) & {
        "too_old",
        "other_conditions",
    }
    fit = (GATE.parent / "core" / "calibration_fit.py").read_text("utf-8")
    objections = set(re.findall(r'Objection\(\s*"([a-z_]+)"', fit))
    assert {"contact_range", "suspects", "people"} <= objections
    codes |= {f"missing_{one}" if one in ("people", "spread") else one for one in objections}
    assert {"not_doubted", "too_old", "changed_elsewhere", "k_range"} <= codes
    assert codes <= set(TEXTS)
    assert {"too_old", "other_conditions", "changed", "full", "not_kept", "not_written"} <= set(
        TEXTS
    )
