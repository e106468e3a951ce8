"""What the guard sees besides a verdict, and that nothing of a person stays when it is over."""

import itertools
from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from gated.core.model import GuardActionKind
from gated.core.text import Text
from gated.screen.snapshot import FaultView, PanelView, PersonView, Snapshot
from tests.screen.looking import publish
from tests.screen.states import IDLE, STATES, TIPS

pytestmark = pytest.mark.browser

TIP_MS = 10_500
SILENCE_MS = 3500
LOST_MS = 20_000
TRACES = ("王*明", "3-2-1", "居民", "36.4", "09:12")
counter = itertools.count()


def shown(seen: Any, served: Any, snapshot: Snapshot) -> Page:
    page: Page = seen.page
    if not page.url.startswith(served.url):
        page.goto(served.url)
    publish(page, served, snapshot, next(counter))
    return page


def traces(page: Page) -> list[str]:
    """What of a person is left anywhere in the document, attributes included."""
    whole: str = page.evaluate("document.documentElement.outerHTML")
    return [trace for trace in TRACES if trace in whole]


@pytest.mark.parametrize("before", ["allow", "stop", "measuring", "vehicle", "note"])
def test_nothing_of_a_person_is_left_when_nobody_is_there(
    serve: Any, seen: Any, before: str
) -> None:
    quiet = replace(IDLE, last=())
    served = serve(quiet)
    page = shown(seen, served, replace(STATES[before], last=()))
    assert "王*明" in traces(page)
    page.keyboard.press("F1")
    shown(seen, served, quiet)
    assert traces(page) == []
    assert page.locator("dialog").is_hidden()


def test_one_verdict_leaves_nothing_of_the_one_before(serve: Any, seen: Any) -> None:
    served = serve(IDLE)
    shown(seen, served, replace(STATES["note"], last=()))
    stranger = STATES["stranger"]
    page = shown(seen, served, replace(stranger, last=()))
    assert traces(page) == []


def test_a_lost_link_takes_every_name_with_it(serve: Any, seen: Any) -> None:
    alive = [True]
    served = serve(IDLE, lambda: alive[0])
    page = shown(seen, served, STATES["vehicle_ready"])
    page.keyboard.press("F8")
    expect(page.locator("dialog")).to_be_visible()
    alive[0] = False
    page.clock.fast_forward(SILENCE_MS)
    expect(page.locator("body")).to_have_attribute("data-mode", "nolink", timeout=LOST_MS)
    assert traces(page) == []
    assert "李*" not in page.evaluate("document.documentElement.outerHTML")
    assert page.locator("#clock").inner_text() == ""
    assert page.locator("dialog").is_hidden()


@pytest.mark.parametrize("mode", ["lockdown", "evacuate", "out_of_service", "reader_locked"])
def test_a_special_mode_has_a_shape_of_its_own_and_says_until_when(
    serve: Any, seen: Any, mode: str
) -> None:
    page = shown(seen, serve(IDLE), STATES[mode])
    assert page.locator("#shape use").get_attribute("href") == f"#shape-{mode}"
    special = STATES[mode].special
    assert special is not None
    assert page.locator("#special").inner_text() == f"{special.word.zh} 18:00 止"
    assert page.locator("#special use").get_attribute("href") == f"#shape-{mode}"
    assert page.locator("body").get_attribute("data-band") == "fault"


def test_a_verdict_in_a_special_mode_keeps_its_band(serve: Any, seen: Any) -> None:
    page = shown(seen, serve(IDLE), replace(STATES["stop"], special=STATES["lockdown"].special))
    assert page.locator("body").get_attribute("data-band") == "stop"
    assert "全封闭" in page.locator("#special").inner_text()


def test_held_open_and_shadow_stand_above_the_usual_picture(serve: Any, seen: Any) -> None:
    served = serve(IDLE)
    page = shown(seen, served, STATES["open"])
    assert page.locator("#word").inner_text() == "放行"
    assert page.locator("#special").inner_text() == "常开 15:00 止"
    shown(seen, served, STATES["shadow"])
    assert page.locator("#idle").is_visible()
    assert "试运行" in page.locator("#notice").inner_text()


@pytest.mark.parametrize(
    ("state", "said"),
    [("waiting", "未送达"), ("delivered", "已送达社区"), ("answered", "值班员已接 · 陈*")],
)
def test_a_call_says_how_far_it_came(serve: Any, seen: Any, state: str, said: str) -> None:
    called = STATES["called"]
    assert called.call is not None
    call = replace(called.call, state=state, by="陈*" if state == "answered" else "")
    served = serve(IDLE)
    page = shown(seen, served, replace(called, call=call))
    assert said in page.locator("#called").inner_text()
    assert "2 分" in page.locator("#called").inner_text()
    shown(seen, served, STATES["check"])
    assert page.locator("#called").is_hidden()


def test_a_vehicle_shows_who_is_known_and_whether_it_may_go(serve: Any, seen: Any) -> None:
    served = serve(IDLE)
    page = shown(seen, served, STATES["vehicle"])
    strip = page.locator("#vehicle")
    assert strip.locator(".plate").inner_text() == "粤B·**34"
    assert strip.locator(".count").inner_text() == "2/4"
    hrefs = strip.locator("use").evaluate_all("all => all.map(use => use.getAttribute('href'))")
    assert hrefs == ["#mark-ok", "#mark-warn", "#mark-free", "#mark-free"]
    assert strip.locator(".ready").inner_text() == "未齐"
    shown(seen, served, STATES["vehicle_ready"])
    assert strip.locator(".ready").inner_text() == "可放行"
    strip.click()
    expect(page.locator("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    shown(seen, served, IDLE)
    assert strip.is_hidden()


def test_an_overdue_round_is_a_tap_away(serve: Any, seen: Any) -> None:
    served = serve(IDLE)
    page = shown(seen, served, replace(IDLE, round=STATES["overdue"].round))
    chip = page.locator("#round-due")
    assert chip.inner_text() == "消杀超时"
    chip.click()
    expect(page.locator("dialog")).to_contain_text("岗亭")
    page.keyboard.press("Escape")
    shown(seen, served, IDLE)
    assert chip.is_hidden()


def test_tips_take_turns_while_nobody_is_there(serve: Any, seen: Any) -> None:
    served = serve(IDLE)
    page = shown(seen, served, IDLE)
    said = set()
    for _turn in range(2 * len(TIPS)):
        page.clock.fast_forward(TIP_MS)
        # So long a step sounds like a lost link until the next heartbeat.
        page.locator('body[data-mode="idle"]').wait_for()
        said.add(page.locator("#reason b").inner_text())
    assert {tip.zh for tip in TIPS} < said
    shown(seen, served, STATES["message"])
    page.clock.fast_forward(TIP_MS)
    page.locator('body[data-mode="idle"]').wait_for()
    assert "请刷身份证" in page.locator("#reason").inner_text()


@pytest.mark.parametrize(("state", "rings"), [("stop", True), ("fever", True), ("check", False)])
def test_the_stations_phone_stands_beside_what_to_do(
    serve: Any, seen: Any, state: str, rings: bool
) -> None:
    page = shown(seen, serve(IDLE), STATES[state])
    assert ("010-84120000" in page.locator("#why").inner_text()) is rings


def test_night_is_darker_and_morning_bright_again(serve: Any, seen: Any) -> None:
    served = serve(IDLE)
    page = shown(seen, served, replace(STATES["allow"], panel=PanelView(5.0, night=True)))
    ground = "element => getComputedStyle(element).backgroundColor"
    assert page.locator("#band").evaluate(ground) == "rgb(17, 174, 127)"
    shown(seen, served, STATES["allow"])
    assert page.locator("#band").evaluate(ground) == "rgb(18, 184, 134)"


def test_live_prompts_replace_each_other(serve: Any, seen: Any) -> None:
    served = serve(IDLE)
    page = shown(seen, served, STATES["measuring"])
    assert page.locator("#prompt").inner_text() == "请测温"
    shown(seen, served, STATES["hold_still"])
    assert page.locator("#prompt").inner_text() == "请保持手腕不动"
    assert page.locator("#progress").get_attribute("aria-valuenow") == "88"
    assert page.locator("#progress").get_attribute("aria-label")
    assert "上次: 出 09:12 东门" in page.locator("#reason").inner_text()


def test_a_small_panel_has_the_suggested_key_and_more(serve: Any, seen: Any) -> None:
    seen.page.set_viewport_size({"width": 480, "height": 320})
    served = serve(IDLE)
    small = PanelView(3.5)
    page = shown(seen, served, replace(STATES["stop"], panel=small))
    keys = page.locator("footer .act:visible")
    assert keys.all_inner_texts() == ["人工放行", "更多"]
    shown(seen, served, replace(STATES["check"], panel=small))
    assert keys.all_inner_texts() == ["复测", "更多"]
    shown(seen, served, replace(IDLE, panel=small))
    assert keys.all_inner_texts() == ["呼叫", "更多"]
    keys.first.click()
    expect(page.locator("dialog")).to_contain_text("发热人员")


def test_a_rare_character_of_extension_b_is_drawn_or_boxed(serve: Any, seen: Any) -> None:
    """What a font has is drawn; what none has becomes its code point, four to six digits."""
    said = STATES["allow"].verdict
    assert said is not None
    rare = PersonView("\U00020000*\U0002a6d6", "3-2-1**", Text("居民", "resident"))
    page = shown(seen, serve(IDLE), replace(STATES["allow"], verdict=replace(said, person=rare)))
    for place, character in ((0, "\U00020000"), (1, "\U0002a6d6")):
        code = f"U+{ord(character):X}"
        boxed = page.locator(f'#name .nodraw[title="{code}"]').count() == 1
        drawn = character in page.locator("#name").inner_text()
        assert boxed != drawn, (place, code)


def test_a_fault_is_heard_until_somebody_touches_the_screen(serve: Any, seen: Any) -> None:
    seen.page.add_init_script("""
      window.heard = 0;
      const start = OscillatorNode.prototype.start;
      OscillatorNode.prototype.start = function (at) { window.heard += 1; return start.call(this, at); };
      AudioContext.prototype.resume = () => Promise.resolve();
      Object.defineProperty(AudioContext.prototype, "state", { get: () => "running" });
    """)
    served = serve(IDLE)
    broken = FaultView(Text("暂停使用", "Out of service"), Text("设备停用", "Device off"))
    page = shown(seen, served, replace(IDLE, mode="fault", fault=broken))
    assert page.evaluate("window.heard") == 2
    page.clock.fast_forward(60_500)
    assert page.evaluate("window.heard") == 4
    page.mouse.click(400, 200)
    page.clock.fast_forward(60_500)
    assert page.evaluate("window.heard") == 4


def test_only_what_may_be_ordered_is_offered(serve: Any, seen: Any) -> None:
    allowed = replace(STATES["stop"], enabled=(GuardActionKind.REFUSE,))
    page = shown(seen, serve(IDLE), allowed)
    enabled = page.locator(".act[data-kind]:enabled")
    assert enabled.count() == 1
    assert enabled.get_attribute("data-kind") == "refuse"
