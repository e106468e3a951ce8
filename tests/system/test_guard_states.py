"""Every state of the guard's screen, reached at a running gate through its wires or its keys.

Each is looked at in all sizes and both languages (without --long in every size once): its word, its
band, nothing beside the window; and judged by axe-core in one of them, another one for each state.
"""

import itertools
import re
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from playwright.sync_api import Page, expect

from gated.cli.demo.people import Invented
from gated.core.text import Text
from gated.hub.commands import Commands
from gated.hub.inbox import Inbox, Kind
from gated.hub.roles import Actor, Role
from tests.support.browser import violations
from tests.support.effort import LONG
from tests.support.guard_screen import (
    LANE,
    PHONE,
    SHADOWED,
    GuardPost,
    open_page,
    word,
)
from tests.support.waiting import wait_until

pytestmark = pytest.mark.browser
long = pytest.mark.long

SIZES = ((800, 480), (480, 320), (1024, 600), (390, 844))
CORNERS = (((800, 480), "zh"), ((390, 844), "zh"), ((1024, 600), "en"), ((480, 320), "en"))
LOOKS = tuple(itertools.product(SIZES, ("zh", "en"))) if LONG else CORNERS
OFFICER = Actor("cli:test", Role.OFFICER, "demo")
# How it looks when it is drawn; what a guard must see or press may not leave the screen.
LOOK = """async (selector) => {
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  const seen = (one) => one.getClientRects().length > 0;
  const [right, bottom] = [innerWidth + 1, innerHeight + 1];
  const out = (box) => box.left < -1 || box.top < -1 || box.right > right || box.bottom > bottom;
  const all = [...document.querySelectorAll("header, #band, #why, footer, .act")].filter(seen);
  const said = document.querySelector(selector);
  return {
    text: said.textContent, shown: seen(said), band: document.body.dataset.band,
    wide: document.documentElement.scrollWidth - innerWidth,
    outside: all.filter((one) => out(one.getBoundingClientRect())).map((one) => one.id),
  };
}"""
_judged = itertools.count()


def looked_at(page: Page, band: str, selector: str, zh: str, en: str) -> None:
    """The state is drawn in these sizes and languages; one of them went through axe-core."""
    judged = LOOKS[next(_judged) % len(LOOKS)]
    for size, language in LOOKS:
        page.set_viewport_size({"width": size[0], "height": size[1]})
        if language != page.evaluate("document.documentElement.dataset.language"):
            page.keyboard.press("F9")
        look = page.evaluate(LOOK, selector)
        assert (zh if language == "zh" else en) in look["text"], (size, look)
        assert (look["shown"], look["band"]) == (True, band), (size, language)
        assert (max(0, look["wide"]), look["outside"]) == (0, []), (size, language)
        if (size, language) == judged:
            assert violations(page) == []


@dataclass(frozen=True)
class Sight:
    """What happens at the lane, what the page must be told, and what it must show then."""

    steps: str
    people: Callable[[GuardPost], dict[str, Invented]]
    wanted: dict[str, object]
    band: str
    selector: str
    zh: str
    en: str


def resident(post: GuardPost) -> dict[str, Invented]:
    return {"A": post.world.resident()}


def stranger(post: GuardPost) -> dict[str, Invented]:
    return {"A": post.world.stranger()}


VERDICT = "#word"
PASSES = "card A; wait 0.5; wrist 36.4; ALLOW OK_HOME_RETURN"
SIGHTS = {
    "measuring": Sight(
        PASSES,
        resident,
        {"mode": "measuring", "measuring__prompt__zh": "请测温"},
        *("idle", "#prompt", "请测温", "Wrist to the sensor"),
    ),
    "hold still": Sight(
        PASSES,
        resident,
        {"mode": "measuring", "measuring__prompt__zh": "请保持手腕不动"},
        *("idle", "#prompt", "请保持手腕不动", "Hold still"),
    ),
    "allow": Sight(
        PASSES, resident, {"verdict__band": "allow"}, "allow", VERDICT, "放行", "PASS"
    ),
    "allow with a note": Sight(
        "card A; wrist 36.5; ALLOW_NOTE STAT_HOME_QUARANTINE",
        lambda post: {"A": post.world.quarantined},
        {"verdict__band": "note"},
        *("note", VERDICT, "放行", "PASS"),
    ),
    "check": Sight(
        "card A; wrist 36.4; CHECK ID_NOT_IN_ROSTER",
        stranger,
        {"verdict__band": "check", "verdict__awaiting_guard": True},
        *("check", VERDICT, "复核", "CHECK"),
    ),
    "stop": Sight(
        "code A forged; STOP CRED_BAD_SIGNATURE",
        resident,
        {"verdict__band": "stop"},
        *("stop", VERDICT, "禁止", "STOP"),
    ),
    "sensor fault": Sight(
        "card A; wrist 36.4; wait 0.4; sensor fails; CHECK TEMP_SENSOR_FAULT;"
        " sensor heals; thermometer ready",
        resident,
        {"verdict__band": "fault"},
        *("fault", VERDICT, "测温故障", "SENSOR"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SIGHTS)
def test_a_person_at_the_lane(post: GuardPost, name: str) -> None:
    sight = SIGHTS[name]
    post.catch(**sight.wanted)
    post.world.play(LANE, sight.steps, **sight.people(post))
    post.caught()
    looked_at(post.page, sight.band, sight.selector, sight.zh, sight.en)
    if name == "check":
        expect(post.page.locator("#waiting")).to_have_text(word("awaiting", "en"))
    if name == "stop":
        expect(post.page.locator("#station")).to_contain_text(PHONE)


def test_an_empty_lane_with_an_overdue_round(post: GuardPost) -> None:
    looked_at(post.page, "idle", "#idle .ask", word("ask_credential"), word("ask_credential", "en"))
    post.begin()
    assert post.snapshot()["round"]["overdue"]
    expect(post.page.locator("#round-due")).to_be_visible()


@long
def test_somebody_who_does_not_keep_still_is_told_so(post: GuardPost) -> None:
    sensor = post.world.lane(LANE).wires.sensor
    quiet, sensor.noise = sensor.noise, 40.0
    try:
        post.catch(measuring__prompt__zh="手腕请保持不动")
        post.world.play(LANE, "card A; wrist 36.4; CHECK TEMP_UNSTABLE", A=post.world.resident())
    finally:
        sensor.noise = quiet
    post.caught()
    looked_at(post.page, "idle", "#prompt", "手腕请保持不动", "Hold your wrist still")


@long
def test_somebody_who_came_before_is_shown_when(post: GuardPost) -> None:
    person = post.world.resident()
    post.world.play(LANE, PASSES, A=person)
    post.page.locator("body[data-mode=idle]").wait_for()
    post.catch(verdict__band="allow")
    post.world.play(LANE, PASSES, A=person)
    post.caught()
    expect(post.page.locator("#earlier")).to_contain_text("上次: 进")
    looked_at(post.page, "allow", VERDICT, "放行", "PASS")
    post.page.set_viewport_size({"width": 480, "height": 320})
    post.tap("#why")
    expect(post.page.locator("dialog")).to_contain_text("Last: in")


@long
def test_a_card_that_is_full_is_told_beside_the_verdict(post: GuardPost) -> None:
    process = post.world.program(f"gate-{LANE}").process
    assert process is not None
    limits = resource.prlimit(process.pid, resource.RLIMIT_FSIZE)
    post.catch(verdict__band="allow", verdict__recorded=False)
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (1, limits[1]))
    try:
        post.world.play(LANE, PASSES, A=post.world.resident())
    finally:
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, limits)
    post.caught()
    looked_at(post.page, "allow", "#not-recorded", "未记录", "NOT RECORDED")
    assert post.recorded("passage")["verdict"] == "ALLOW"


MODES = {
    "evacuate": ("SYS_EVACUATE", "紧急疏散", "EVACUATE"),
    "out_of_service": ("SYS_OUT_OF_SERVICE", "暂停使用", "OUT OF SERVICE"),
    "lockdown": ("SYS_LOCKDOWN", "全封闭", "LOCKDOWN"),
}


@contextmanager
def standing(post: GuardPost, mode: str) -> Iterator[None]:
    """The mode was ordered as a guard does and is ended so; both are records."""
    ways = {
        "out_of_service": ("equipment", 4),
        "lockdown": ("station", 12),
        "open": ("crowding", 0),
    }
    if mode == "evacuate":
        assert post.snapshot()["duty"]["number"] == 0
        post.mode("evacuate")
        post.log_in()
    else:
        post.log_in()
        post.mode(mode, ways[mode][0], hours=ways[mode][1])
    begun = post.recorded("mode")
    assert begun["mode"] == mode
    assert begun.get("approver") == ("S001" if mode == "lockdown" else None)
    yield
    post.page.set_viewport_size({"width": 800, "height": 480})
    post.mode("normal")
    ended = post.recorded("mode", 2)
    assert (ended["mode"], ended["former"], ended["guard"]) == ("normal", mode, "A12")
    post.page.locator("body[data-mode=idle]").wait_for()


@long
@pytest.mark.parametrize("mode", MODES)
def test_a_gate_that_works_differently(off_duty: GuardPost, mode: str) -> None:
    post, (code, zh, en) = off_duty, MODES[mode]
    with standing(post, mode):
        post.page.locator("body[data-mode=fault]").wait_for()
        expect(post.page.locator("#shape use")).to_have_attribute("href", f"#shape-{mode}")
        looked_at(post.page, "fault", VERDICT, zh, en)
        post.speak("zh")
        expect(post.page.locator("#special")).to_contain_text(zh)
        verdict = {"evacuate": "ALLOW", "out_of_service": "CHECK", "lockdown": "STOP"}[mode]
        post.world.play(LANE, f"card A; {verdict} {code}", A=post.world.resident())
        assert post.recorded("passage")["mode"] == mode
        post.page.locator("body[data-mode=fault]").wait_for()


@long
def test_a_gate_that_is_held_open_decides_as_ever(off_duty: GuardPost) -> None:
    post = off_duty
    with standing(post, "open"):
        expect(post.page.locator("#special")).to_contain_text("闸机常开")
        looked_at(post.page, "idle", "#special", "闸机常开", "HELD OPEN")
        post.world.play(LANE, PASSES, A=post.world.resident())


@long
def test_a_trial_run_says_so_above_everything(post: GuardPost) -> None:
    world, browser = post.world, post.page.context.browser
    assert browser is not None
    page = open_page(browser, world.lane(SHADOWED).screen_url)
    looked_at(page, "idle", "#notice", "试运行:不开闸", "Shadow mode: the gate stays shut")
    world.play(SHADOWED, "card A; wrist 36.4; ALLOW OK_RESIDENT", A=world.resident())
    assert world.passages(SHADOWED)[-1]["shadow"]
    page.context.close()


@long
def test_no_link_to_the_gate(post: GuardPost) -> None:
    gate = post.world.program(f"gate-{LANE}")
    gate.kill()
    try:
        post.page.locator("body[data-mode=nolink]").wait_for()
        looked_at(post.page, "fault", VERDICT, word("no_link"), word("no_link", "en"))
        expect(post.page.locator("#more")).to_be_disabled()
    finally:
        gate.start()
    post.page.locator("body[data-mode=idle]").wait_for()


def test_words_of_the_centre_and_its_tips(post: GuardPost) -> None:
    tip, said = ("勤洗手", "Wash your hands"), ("请走东门", "East gate, please")
    with post.office() as office:
        commands = Commands(office)
        commands.send_message(OFFICER, f"east-{LANE}", *said, 5)
        post.page.locator("#message:has-text('请走东门')").wait_for()
        looked_at(post.page, "idle", "#message", *said)
        post.begin()
        post.page.locator("#message").tap(position={"x": 30, "y": 10})  # beside the keys above it
        expect(post.page.locator("dialog.message")).to_contain_text("East gate, please")
        commands.send_message(OFFICER, f"east-{LANE}", "", "", 5)
        commands.send_tips(OFFICER, f"east-{LANE}", (Text(*tip),))
        post.begin()
        post.page.locator("#reason:has-text('勤洗手')").wait_for()
        commands.send_tips(OFFICER, f"east-{LANE}", ())
        wait_until(lambda: post.snapshot()["tips"] == [], what="the tips to go")


def test_a_call_says_whom_it_reached(post: GuardPost) -> None:
    post.page.set_viewport_size({"width": 1024, "height": 600})
    post.tap("#call")
    expect(post.page.locator("dialog")).to_contain_text(PHONE)
    with post.page.expect_response("**/report"):
        post.tap("dialog [data-word=help]")
    reached = re.compile("|".join(word("call_delivered", one) for one in ("zh", "en")))
    # Until then it waits, and says so.
    expect(post.page.locator("#called")).to_contain_text(reached)
    looked_at(post.page, "idle", "#called", word("call_delivered"), word("call_delivered", "en"))
    assert post.recorded("call")["reason"] == "help"
    with post.office() as office:
        inbox = Inbox(office)
        calls = [item for item in inbox.items(OFFICER) if item.kind is Kind.CALL]
        inbox.acknowledge(OFFICER, max(item.id for item in calls))
    post.begin()
    expect(post.page.locator("#called")).to_contain_text(word("call_answered"))
