"""The wizard in a real browser, with gloves: every step, both languages, the panels of a gate."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

import gated.screen
from drivers.card_reader.simulator_records import resident_record
from drivers.errors import DeviceDenied
from drivers.thermometer.simulator import SimulatedBus
from gated import config
from gated.gate.first_boot import KINDS, Answers
from gated.texts import shipped
from tests.support import wizard as support
from tests.support.browser import chromium, overflow, violations
from tests.support.wizard import Plugs, Wizard, plugged

PAGE = Path(gated.screen.__file__).parent / "setup_page"
SMALL = {"width": 480, "height": 320}
USUAL = {"width": 800, "height": 480}
PHONE = {"width": 390, "height": 844}
TOUCH_PX = {480: 78, 800: 88, 390: 55}  # 12 mm of a gate's panels; a phone's pixels are smaller
WEIGHT_MAX = 150_000
ROOM_LEFT = """() => {
  const value = document.querySelector(".value");
  return value.parentElement.clientWidth - value.offsetWidth;
}"""
TEXTS = shipped().section("setup")
HOSTILE = "<b onclick=x>&amp;</b>"

# Every button that can be pressed now, with its smaller side.
BUTTONS = """[...document.querySelectorAll("button")]
  .filter((one) => one.offsetParent && !one.closest("dialog:not([open])"))
  .filter((one) => !document.querySelector("dialog[open]") || one.closest("dialog"))
  .map((one) => one.getBoundingClientRect())
  .map((one) => Math.min(one.width, one.height))"""


@dataclass
class Ladder:
    """A page of the wizard, whoever stands before it."""

    page: Page
    made: Wizard
    plugs: Plugs
    complaints: list[str] = field(default_factory=list)

    def say(self, key: str) -> str:
        language = self.page.evaluate("document.documentElement.dataset.language")
        return TEXTS[key].en if language == "en" else TEXTS[key].zh

    def step(self, name: str) -> None:
        expect(self.page.locator("body")).to_have_attribute("data-step", name)

    def tile(self, words: str) -> None:
        self.page.locator("main .tile").filter(has=self.page.get_by_text(words, exact=True)).click()

    def next(self) -> None:
        self.page.locator("#next:not(:disabled)").click()

    def forward(self, name: str) -> None:
        """Go on to a step; what is on the way was answered."""
        body = self.page.locator("body")
        while (now := body.get_attribute("data-step") or "") != name:
            self.next()
            expect(body).not_to_have_attribute("data-step", now)

    def typed(self, text: str) -> None:
        """Press the keys of the pad, turning its pages as needed."""
        expect(self.page.locator("#pad")).to_be_visible()
        self.page.locator("#pad-field").fill("")
        for sign in text:
            for _ in range(4):
                key = self.page.locator("#pad-keys button:not(.tool)").filter(
                    has_text=re.compile(f"^{re.escape(sign)}$")
                )
                if key.count():
                    key.click()
                    break
                self.page.locator("#pad-keys").get_by_text(self.say("more_keys")).click()
        self.page.locator("#pad-keys").get_by_text(self.say("done"), exact=True).click()

    def fits(self) -> None:
        """Nothing beyond the window, buttons large enough; at 800 x 480 nothing axe-core finds."""
        size = self.page.viewport_size
        assert size is not None
        assert overflow(self.page) == 0
        where = self.page.locator("#question").inner_text()
        assert min(self.page.evaluate(BUTTONS)) >= TOUCH_PX[size["width"]], where
        if size == USUAL:  # what it looks for does not depend on the size
            assert violations(self.page) == [], where


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def plugs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plugs]:
    with plugged(tmp_path_factory.mktemp("plugs")) as found:
        yield found


@pytest.fixture
def made(tmp_path: Path, plugs: Plugs) -> Iterator[Wizard]:
    (tmp_path / "etc").mkdir()
    with support.wizard(tmp_path, plugs) as found:
        yield found


@pytest.fixture
def ladder(browser: Browser, made: Wizard, plugs: Plugs) -> Iterator[Ladder]:
    page = browser.new_page(viewport=USUAL)
    found = Ladder(page, made, plugs)
    page.on("pageerror", lambda problem: found.complaints.append(str(problem)))
    page.on(
        "console",
        lambda line: found.complaints.append(line.text) if "Security Policy" in line.text else None,
    )
    yield found
    page.close()
    plugs.reader.remove()
    plugs.camera.show(None)
    plugs.sensor.set_scene(None)
    assert found.complaints == []


@pytest.mark.browser
@pytest.mark.parametrize(
    ("language", "size"), [("zh", SMALL), ("en", USUAL), ("zh", PHONE)], ids=["480", "800", "phone"]
)
def test_an_installer_goes_through_every_step(
    ladder: Ladder, language: str, size: dict[str, int]
) -> None:
    page, plugs = ladder.page, ladder.plugs
    page.set_viewport_size({"width": size["width"], "height": size["height"]})
    page.goto(ladder.made.url)
    ladder.step("language")
    page.get_by_role("button", name="中文" if language == "zh" else "English").first.click()
    ladder.fits()
    ladder.next()
    ladder.step("hub")
    ladder.fits()
    ladder.tile(ladder.say("hub_none"))
    ladder.next()
    ladder.fits()
    ladder.tile("南门" if language == "zh" else "South gate")
    ladder.next()
    ladder.step("ids")
    page.locator(".row").nth(1).click()
    ladder.fits()
    ladder.typed("lake-2")
    expect(page.locator(".row").nth(1)).to_contain_text("lake-2")
    ladder.fits()
    ladder.next()
    ladder.fits()
    ladder.tile(ladder.say("direction_out"))
    ladder.next()
    ladder.fits()
    ladder.tile(ladder.say("shadow_on"))
    ladder.next()
    _devices(ladder)
    ladder.step("summary")
    ladder.fits()
    expect(page.locator(".sum li[data-state=fail]")).to_have_count(0)
    expect(page.get_by_text(ladder.say("worked"))).to_have_count(3)
    ladder.next()
    ladder.step("end")
    expect(page.get_by_text(ladder.say("written"))).to_be_visible()
    assert violations(page) == []
    loaded = config.load(ladder.made.place.config)
    assert (loaded.gate.id, loaded.gate.site, loaded.gate.name) == ("south-1", "lake-2", "南门")
    assert (loaded.gate.direction, loaded.gate.language) == ("out", language)
    assert loaded.card_reader[0].port == plugs.card
    assert loaded.camera is not None
    assert loaded.camera.source == plugs.camera.url
    assert loaded.thermometer is not None
    assert loaded.thermometer.variant == "DAA"


def _devices(ladder: Ladder) -> None:
    page, plugs = ladder.page, ladder.plugs
    ladder.step("card")
    ladder.fits()
    ladder.tile("1a86 USB2.0-Serial")
    expect(page.get_by_text(ladder.say("ask_card"))).to_be_visible()
    ladder.fits()
    plugs.reader.present(resident_record("金丝雀", "11010519491231002X"))
    expect(page.get_by_text(ladder.say("seen_resident"))).to_be_visible()
    assert "金丝雀" not in page.content()
    ladder.next()
    ladder.step("camera")
    ladder.fits()
    ladder.tile(ladder.say("camera_net"))
    ladder.typed(plugs.camera.url)
    expect(page.locator(".sight img")).to_be_visible()
    plugs.camera.show("CANARY-CODE")
    expect(page.get_by_text(ladder.say("seen_code"))).to_be_visible()
    expect(page.locator(".sight.seen .stamp")).to_be_visible()
    ladder.fits()
    assert "CANARY" not in page.content()
    ladder.next()
    ladder.step("wrist")
    ladder.tile("i2c-1")
    expect(page.locator(".value")).to_contain_text("℃")
    room = page.evaluate(ROOM_LEFT)
    assert room >= 0, "the whole number is seen"
    page.locator(".tools button").nth(1).click()
    ladder.tile("DAA")
    expect(page.locator(".value")).to_contain_text("℃")
    plugs.sensor.set_scene(33.6)
    expect(page.get_by_text(ladder.say("seen_wrist"))).to_be_visible()
    ladder.fits()
    ladder.next()
    ladder.step("barrier")
    expect(page.get_by_text(ladder.say("barrier_none"))).to_be_visible()
    ladder.fits()
    ladder.next()


def at_step(ladder: Ladder, name: str, **answers: str) -> None:
    """Open the page at a step, what comes before it answered."""
    before = {"hub": "none", "name": "东门", "id": "east-1", "site": "lake", "direction": "in"}
    assert ladder.made.answer(shadow="on", **(before | answers)).status_code == 200
    ladder.page.goto(ladder.made.url)
    expect(ladder.page.locator("body")).to_have_attribute("data-step", "language")
    ladder.forward(name)


@pytest.mark.browser
def test_no_device_and_no_permission_say_what_to_do(ladder: Ladder) -> None:
    page = ladder.page

    def refused(_bus: str | int) -> SimulatedBus:
        raise DeviceDenied("permission denied; add the user to group i2c")

    ladder.made.trials._opener = refused
    at_step(ladder, "camera", card="none", language="en")
    expect(page.get_by_text(TEXTS["camera_not_found"].en)).to_be_visible()
    ladder.tile(TEXTS["camera_none"].en)
    ladder.next()
    ladder.tile("i2c-1")
    expect(page.get_by_text(TEXTS["wrist_denied"].en)).to_be_visible()
    expect(page.locator(".sight.failed")).to_be_visible()
    ladder.fits()
    ladder.next()
    ladder.next()
    line = page.locator(".sum li[data-state=fail]")
    expect(line).to_contain_text(TEXTS["wrist_denied"].en)
    expect(page.locator(".sum li[data-state=off]").first).to_be_visible()


@pytest.mark.browser
def test_a_cable_that_is_plugged_in_appears_by_itself(ladder: Ladder) -> None:
    new = ladder.plugs.dev / "i2c-20"
    at_step(ladder, "wrist", card="none", camera="none")
    expect(ladder.page.get_by_text("i2c-1", exact=True)).to_be_visible()
    new.touch()
    try:
        expect(ladder.page.get_by_text("i2c-20", exact=True)).to_be_visible()
    finally:
        new.unlink()


@pytest.mark.browser
def test_a_wrong_code_is_a_sentence_and_the_gate_may_work_alone(ladder: Ladder) -> None:
    page = ladder.page
    page.goto(ladder.made.url)
    ladder.next()
    ladder.tile(ladder.say("hub_join"))
    expect(page.locator("#next")).to_be_disabled()
    page.locator(".row").nth(0).click()
    ladder.typed("127.0.0.1:9")
    page.locator(".row").nth(1).click()
    ladder.typed("ABCD")
    ladder.next()
    expect(page.locator("#notice")).to_have_text(ladder.say("join_mistyped"))
    expect(page.locator(".row").nth(1)).to_contain_text("ABCD")
    page.locator(".row").nth(1).click()
    ladder.typed("0123456789ABCDEFGHJKMNPQ")
    ladder.next()
    expect(page.locator("#notice")).to_have_text(ladder.say("join_unreachable"))
    ladder.fits()
    page.locator("#back").click()
    ladder.tile(ladder.say("hub_none"))
    ladder.next()
    ladder.step("name")


@pytest.mark.browser
def test_a_name_of_ones_own_is_text_whatever_it_holds(ladder: Ladder) -> None:
    page = ladder.page
    at_step(ladder, "name")
    ladder.tile(ladder.say("name_other"))
    page.locator("#own-name").fill(HOSTILE)
    page.locator("#own-name_en").fill("Gate <7>")
    ladder.next()
    expect(page.get_by_role("button", name=HOSTILE)).to_be_visible()
    assert page.locator("main b[onclick]").count() == 0
    ladder.made.answer(card="none", camera="none", wrist="none")
    page.reload()
    ladder.step("language")
    ladder.forward("summary")
    expect(page.locator(".sum")).to_contain_text(HOSTILE)
    ladder.next()
    ladder.step("end")
    assert config.load(ladder.made.place.config).gate.name == HOSTILE


@pytest.mark.browser
def test_a_second_browser_shows_what_the_first_one_did(ladder: Ladder) -> None:
    page = ladder.page
    at_step(ladder, "direction")
    assert ladder.made.answer(direction="out").status_code == 200  # somebody else's browser
    ladder.tile(ladder.say("direction_in"))
    expect(page.locator("#notice")).to_have_text(ladder.say("changed_elsewhere"))
    chosen = page.locator(".tile[aria-pressed=true]")
    expect(chosen).to_contain_text(ladder.say("direction_out"))
    ladder.tile(ladder.say("direction_in"))
    expect(chosen).to_contain_text(ladder.say("direction_in"))


@pytest.mark.browser
def test_the_wizard_is_used_with_a_keyboard_as_well(ladder: Ladder) -> None:
    at_step(ladder, "ids")
    page = ladder.page
    page.locator(".row").nth(0).press("Enter")
    expect(page.locator("#pad-field")).to_be_focused()
    page.keyboard.press("Control+a")
    page.keyboard.type("north-3")
    page.keyboard.press("Enter")
    expect(page.locator(".row").nth(0)).to_contain_text("north-3")


# The files.


def sources() -> str:
    return "".join(path.read_text("utf-8") for path in PAGE.iterdir() if path.suffix == ".js")


def test_the_page_is_light_and_loads_nothing_foreign() -> None:
    assert sum(path.stat().st_size for path in PAGE.iterdir()) < WEIGHT_MAX / 2
    foreign = re.compile(r"https?:|//[a-z0-9-]+\.[a-z]|@import|url\(|innerHTML|eval\(| style=")
    for path in PAGE.iterdir():
        text = re.sub(r"http://www\.w3\.org/2000/svg", "", path.read_text("utf-8"))
        allowed = {"http://", "https?:"}  # what the address of a camera begins with
        found = {text[hit.start() :][:7] for hit in foreign.finditer(text)} - allowed
        assert found <= {"https?:", "http://", "//.*@/,"}, path.name


def test_every_word_of_the_page_is_there_and_none_for_nothing() -> None:
    said = set(re.findall(r'say\(\s*"([a-z_0-9]+)"', sources()))
    assert said <= set(TEXTS)
    python = "".join(
        path.read_text("utf-8") for path in (PAGE.parents[1] / "gate").glob("[sfj]*.py")
    )
    words = set(re.findall(r'"([a-z][a-z_0-9]*)"', sources() + python))
    made_of_two = re.compile(
        r"(q|try|ask|seen|direction|shadow|join|own|hub)_\w+|(card|camera|wrist)_(none|none_note|"
        r"not_found|how|late|works|denied|busy|noise|unavailable|elsewhere)"
    )
    unused = [key for key in TEXTS if key not in words and not made_of_two.fullmatch(key)]
    assert unused == []


def test_every_refusal_has_a_sentence() -> None:
    folder = PAGE.parents[1] / "gate"
    text = "".join(
        (folder / f"{name}.py").read_text("utf-8") for name in ("setup_session", "first_boot")
    )
    codes = set(re.findall(r'(?:NotNow\(|AnswerRefused\(\w+, |code = .*?, )"([a-z_]+)"', text))
    codes |= set(re.findall(r'good, code = [^\n]*"([a-z_]+)"$', text, re.MULTILINE))
    assert {"bad_id", "bad_name", "not_there", "changed_elsewhere", "not_answered"} <= codes
    assert codes - {"not_understood"} <= set(TEXTS)
    joining = (folder / "joining.py").read_text("utf-8")
    words = set(re.findall(r'^ +"([a-z_]+)",$', joining, re.MULTILINE)) | set(
        re.findall(r'^    "([a-z_]+)": "', joining, re.MULTILINE)
    )
    assert {"unreachable", "other_server", "expired"} <= words
    assert {f"join_{word}" for word in words if word not in ("gate", "keys", "broker")} <= set(
        TEXTS
    )


def test_every_question_has_its_step_and_text() -> None:
    steps = re.findall(r'\{ name: "([a-z]+)"', sources())
    assert set(KINDS) <= set(steps)
    assert [key for key in steps if f"q_{key}" not in TEXTS] == []
    asked = {"hub", "name", "direction", "shadow", "card", "camera", "wrist", "language"}
    assert asked <= set(steps)
    assert asked <= set(Answers.__dataclass_fields__)
