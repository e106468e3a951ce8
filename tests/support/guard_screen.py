"""The guard's screen of a running gate: a post with a book of guards, and a browser at it.

Nothing is ever put into the page: what it shows came from the gate. To look at a picture for longer
than the gate shows it, the page can be told to stop listening as soon as it has drawn what is
wanted; it goes on hearing that the gate lives.
"""

import json
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, Locator, Page, expect

from gated.cli.demo.people import Invented
from gated.cli.demo.scenario import Role
from gated.config import load_hub
from gated.core.canonical import Json
from gated.core.duty import DutyRole
from gated.core.model import Category, ClockState, Moment, StatusCode
from gated.core.pseudonym import person_ref
from gated.hub.office import Office, open_office
from gated.store.guard_book import Guard, GuardBook
from gated.store.journal import Journal
from gated.store.keys import read_secret
from gated.store.sealed_box import open_sealed
from gated.texts import shipped
from tests.screen.pages import MOST_PAGES, key
from tests.support.browser import WAIT_MS
from tests.support.waiting import wait_until
from tests.support.world import SystemWorld

LANE: Final = "in"  # has a book of guards and is passed both ways
SHADOWED: Final = "out"  # decides, but its verdicts do not count yet
PINS: Final = {"A12": "8642", "S001": "97531", "B34": "5937"}
ROLES: Final = {"A12": DutyRole.GUARD, "S001": DutyRole.SUPERVISOR, "B34": DutyRole.GUARD}
NAMES: Final = {"A12": "李*", "S001": "王*", "B34": "周*"}
PHONE: Final = "027 8888 6666"
GUARD_S: Final = 8.0  # a browser needs longer than the demo's guard
SETS: Final = 3  # of characters, at most, on one pad
ROUND_H: Final = 5  # a round so long ago is overdue
HOUR_MS: Final = 3_600_000
OF_A_POST: Final = ("guards", "shift", "mode", "pin-lock")  # small files beside the journal
PLACE: Final = f"""[station]
name = "示例社区"
name_en = "Demo Community"
phone = "{PHONE}"
[notice]
controller = "示例社区居委会"
basis = "社区防控第 1 号通告"
contact = "{PHONE}"
"""
WORDS: Final = shipped().section("page")
LISTEN = """(() => {
  window.touchedAt = -1000;
  addEventListener("pointerdown", () => { window.touchedAt = performance.now(); }, true);
  const Real = window.EventSource;
  const at = (value, path) => path.split(".").reduce((part, name) => part?.[name], value);
  window.wanted = window.caught = null;
  window.EventSource = class extends Real {
    addEventListener(type, act) {
      super.addEventListener(type, (event) => {
        if (type !== "snapshot") return act(event);
        if (window.caught) return;
        act(event);
        const seen = JSON.parse(event.data);
        const wanted = Object.entries(window.wanted ?? {});
        if (wanted.length && wanted.every(([path, value]) => at(seen, path) === value)) {
          window.caught = seen;
        }
      });
    }
  };
})()"""


def word(name: str, language: str = "zh") -> str:
    """What the page says for this word of its texts."""
    return str(getattr(WORDS[name], language))


@dataclass(frozen=True, slots=True)
class Cast:
    """People the tests need besides plain residents. contacts: whom a health status stops."""

    host: Invented
    spouse: Invented
    contacts: tuple[Invented, ...]


class GuardPost:
    """One lane, its screen in a browser, and what it recorded since `begin`."""

    def __init__(self, world: SystemWorld, cast: Cast, page: Page) -> None:
        self.world = world
        self.cast = cast
        self.page = page
        self._since = 0

    def begin(self) -> None:
        """The screen shows an empty lane in Chinese, nothing is open, nothing recorded yet."""
        self.release()
        self.page.set_viewport_size({"width": 800, "height": 480})
        for _ in range(2):
            self.page.keyboard.press("Escape")
        self.speak("zh")
        self.page.locator("body[data-mode=idle]").wait_for()
        self._since = len(self.world.entries(LANE))

    # -- what the gate has ----------------------------------------------------------------------

    def records(self, kind: str) -> list[dict[str, Any]]:
        """What was recorded of this kind, oldest first."""
        entries = self.world.entries(LANE)[self._since :]
        return [event for event in (entry.fields() for entry in entries) if event["kind"] == kind]

    def recorded(self, kind: str, count: int = 1) -> dict[str, Any]:
        """The newest record of this kind, once there are so many."""
        wait_until(lambda: len(self.records(kind)) >= count, what=f"record {kind} {count}")
        found = self.records(kind)
        assert len(found) == count
        return found[-1]

    def snapshot(self) -> dict[str, Any]:
        return self.world.snapshot(LANE)

    def ref(self, person: Invented) -> str:
        """The pseudonym this person has in records."""
        assert self.world.demo.site is not None
        return person_ref(self.world.demo.site.site, person.id_number).hex()

    def unsealed(self, sealed: str, context: Callable[[str], bytes]) -> dict[str, Any]:
        """What only the hub can open."""
        private = read_secret(self.world.folder / "keys" / "seal.key")
        plain = open_sealed(private, bytes.fromhex(sealed), context(f"east-{LANE}"))
        opened: dict[str, Any] = json.loads(plain)
        return opened

    def files_with(self, *needles: str) -> list[str]:
        """Names of the gate's files, its log among them, that hold one of these in clear."""
        store = self.world.folder / f"gate-{LANE}"
        paths = [*store.rglob("*"), self.world.program(f"gate-{LANE}").log]
        bodies = [(path.name, path.read_bytes()) for path in paths if path.is_file()]
        return [name for name, body in bodies if any(one.encode() in body for one in needles)]

    @contextmanager
    def office(self) -> Iterator[Office]:
        office = open_office(load_hub(self.world.folder / "hub.toml"))
        with closing(office.database):
            yield office

    # -- what the guard does --------------------------------------------------------------------

    def press(self, name: str) -> None:
        """Press this key of the keyboard."""
        self.page.keyboard.press(name)

    def tap(self, selector: str) -> None:
        """Touch something, not so soon after the touch before that it were a double tap."""
        rested = "performance.now() - touchedAt > 400"
        wait_until(lambda: self.page.evaluate(rested), what="a touch of its own")
        self.page.locator(selector).tap()

    def tap_pad(self, text: str) -> None:
        """Touch these characters on the pad that is open, one after the other."""
        for one in text:
            wanted = f".digit:has(:text-is('{one}'))"
            for _ in range(SETS):
                if self.page.locator(f"dialog {wanted}").count():
                    break
                self.tap("dialog .set")
            key(self.page, wanted)

    def choose(self, *words: str) -> None:
        """Open more by a touch, and there these words one after the other."""
        self.tap("#more")
        for one in words:
            key(self.page, f"[data-word={one}]")

    def hold(self, selector: str, path: str = "") -> None:
        """Hold a key of the dialog until it acts; with a path, until the gate has answered."""
        wanted = self._on_its_page(selector)
        wanted.hover()
        if not path:
            self.page.mouse.down()
            expect(wanted).not_to_be_attached()
        else:
            with self.page.expect_response(f"**/{path}"):
                self.page.mouse.down()
        self.page.mouse.up()

    def hold_key(self, selector: str, path: str) -> None:
        """The same with the key of the keyboard that stands on it."""
        name = self._on_its_page(selector).locator("kbd").inner_text()
        with self.page.expect_response(f"**/{path}"):
            self.page.keyboard.down(name)
        self.page.keyboard.up(name)

    def _on_its_page(self, selector: str) -> Locator:
        wanted = self.page.locator(f"dialog {selector}")
        wanted.wait_for(state="attached")
        for _ in range(MOST_PAGES):
            if wanted.is_visible():
                break
            self.press("PageDown")
        return wanted

    def send(self, name: str = "Enter", path: str = "report") -> None:
        """Press this key; the gate has answered."""
        with self.page.expect_response(f"**/{path}"):
            self.page.keyboard.press(name)

    def type_in(self, text: str) -> None:
        """Type on the pad that is open."""
        for one in text:
            self.page.keyboard.press(one)

    def give_pin(self, number: str, path: str, pin: str = "") -> None:
        """This guard types a PIN, the right one if none is given."""
        self.page.locator(f"dialog [data-guard={number}]").tap()
        self.page.locator("dialog.pin output").wait_for()
        self.type_in(pin or PINS[number])
        self.send(path=path)

    def log_in(self, number: str = "A12") -> None:
        """This guard is on duty."""
        on_duty = self.snapshot()["duty"]["guard"]
        if on_duty != number:
            self.log_off()
            self.tap("#guard")
            self.give_pin(number, "login")
        expect(self.page.locator("#guard")).to_contain_text(NAMES[number])

    def log_off(self) -> None:
        """Nobody is on duty."""
        if not self.snapshot()["duty"]["number"]:
            return
        self.tap("#guard")
        self.tap("dialog .skip")
        self.hold(".end", "report")
        expect(self.page.locator("#guard")).to_have_text(word("no_guard"))

    def mode(self, *words: str, hours: int = 0) -> None:
        """Order a mode by holding the last of what is chosen, a lockdown by two persons.

        `normal` ends the one that stands, because it is over.
        """
        if words == ("normal",):
            words = ("normal", "over")
        locked = (self.snapshot()["special"] or {}).get("mode") == "lockdown"
        two = "lockdown" in words or locked
        self.choose("modes", *(words if hours else words[:-1]))
        last = f"[data-hours='{hours}']" if hours else f"[data-word={words[-1]}]"
        self.hold(last, "" if two else "report")
        if two:
            self.give_pin("S001", "report")

    def speak(self, language: str) -> None:
        """The page speaks this language."""
        if self.page.locator(f"html[data-language={language}]").count() == 0:
            self.page.keyboard.press("F9")
        self.page.locator(f"html[data-language={language}]").wait_for()

    def said(self, text: str = "") -> None:
        """The page tells so at the bottom."""
        expect(self.page.locator("#toast")).to_contain_text(text or word("sent"))

    # -- what the page shows --------------------------------------------------------------------

    def catch(self, **wanted: object) -> None:
        """The page stops at the first picture of a snapshot with these values.

        `verdict__band="stop"` is the key `band` of `verdict`.
        """
        paths = {name.replace("__", "."): value for name, value in wanted.items()}
        self.page.evaluate("(paths) => { wanted = paths; caught = null; }", paths)

    def caught(self) -> None:
        """Wait until it did."""
        wait_until(lambda: self.page.evaluate("caught !== null"), what="the picture")

    def release(self) -> None:
        """The page listens again."""
        self.page.evaluate("() => { wanted = caught = null; }")


def open_page(browser: Browser, url: str) -> Page:
    """A page of this screen on a panel with touch."""
    context = browser.new_context(viewport={"width": 800, "height": 480}, has_touch=True)
    context.add_init_script(LISTEN)
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    page.goto(url)
    page.locator("body[data-mode=idle]").wait_for()
    return page


@contextmanager
def guarded(world: SystemWorld) -> Iterator[Cast]:
    """Both gates are posts: the first with guards and both directions, the second in shadow mode.

    The last disinfection of the first was ROUND_H hours ago. Afterwards they are as they were.
    """
    files = {lane: world.gate_config(lane) for lane in (LANE, SHADOWED)}
    before = {lane: path.read_text("utf-8") for lane, path in files.items()}
    cast = _cast(world)
    try:
        _stop(world)
        shadow = 'clock = "trusted"\nshadow = true'
        both = before[LANE].replace('direction = "in"', 'direction = "both"') + PLACE
        both = both.replace("guard_s = 2.0", f"guard_s = {GUARD_S}")
        files[LANE].write_text(both, "utf-8")
        files[SHADOWED].write_text(before[SHADOWED].replace('clock = "trusted"', shadow), "utf-8")
        _write_book(world)
        _plant_round(world)
        _start(world)
        yield cast
    finally:
        _stop(world)
        for lane, path in files.items():
            path.write_text(before[lane], "utf-8")
            for name in OF_A_POST:
                (world.journal(lane).parent / name).unlink(missing_ok=True)
        _start(world)


def _cast(world: SystemWorld) -> Cast:
    """They are on the list of both gates."""
    town = world.town
    contact = Role("N", Category.RESIDENT, (StatusCode.CLOSE_CONTACT,))
    contacts = tuple(replace(town.person(), role=contact) for _ in range(3))
    host, spouse = town.person(), town.person()
    spouse = replace(spouse, building=host.building, unit=host.unit, room=host.room)
    before = {lane: _revision(world, lane) for lane in (LANE, SHADOWED)}
    world.push(host, spouse, *contacts)
    wait_until(
        lambda: all(_revision(world, lane) > revision for lane, revision in before.items()),
        what="the list at both gates",
    )
    return Cast(host, spouse, contacts)


def _revision(world: SystemWorld, lane: str) -> int:
    return sum(line["event"] == "roster.switched" for line in world.log_lines(f"gate-{lane}"))


def _stop(world: SystemWorld) -> None:
    for lane in (LANE, SHADOWED):
        world.program(f"gate-{lane}").stop()


def _start(world: SystemWorld) -> None:
    for lane in (LANE, SHADOWED):
        program = world.program(f"gate-{lane}")
        while not program.lines.empty():
            program.lines.get()
        program.start()
        world.lane(lane).calm = -1  # a sensor must learn what an empty lane looks like
    for lane in (LANE, SHADOWED):
        world.program(f"gate-{lane}").wait_for("gate.ready")
        world.lane(lane).ready()


def _write_book(world: SystemWorld) -> None:
    assert world.demo.site is not None
    book = GuardBook(_store(world), world.demo.site.rest)
    for number, pin in PINS.items():
        book.put(Guard(number, ROLES[number], NAMES[number]), pin)


def _plant_round(world: SystemWorld) -> None:
    """The gate's own journal tells of a round before the last boot."""
    at_ms = time.time_ns() // 1_000_000 - ROUND_H * HOUR_MS
    fields: dict[str, Json] = {"gate": f"east-{LANE}", "guard": "", "place": "gate"}
    journal = Journal(
        world.journal(LANE), boot=secrets.token_hex(16), new_epoch=lambda: secrets.token_hex(8)
    )
    with closing(journal):
        journal.append("round", Moment(1, at_ms, ClockState.SYNCED), fields | {"agent": "alcohol"})


def _store(world: SystemWorld) -> Path:
    return world.journal(LANE).parent
