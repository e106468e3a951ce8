"""What a guard sees, in Debian's chromium, from the real server."""

import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from gated.core.model import GuardActionKind
from gated.screen.snapshot import (
    DutyView,
    FaultView,
    LinkView,
    PanelView,
    PartView,
    PersonView,
    StatusView,
    Text,
)
from tests.support.waiting import promised_s

pytestmark = pytest.mark.browser

SOON_S = 0.5  # hop 7 of a passage: published, then visible
SILENCE_MS = 3500
LOST_MS = 20_000  # three seconds of silence, and slack for a loaded machine
PIXELS = """element => {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 96;
  const pencil = canvas.getContext("2d");
  pencil.font = `64px ${getComputedStyle(element).fontFamily}`;
  return [...element.textContent.slice(0, 1), "\\u{10FFFD}"].map(character => {
    pencil.clearRect(0, 0, 96, 96);
    pencil.fillText(character, 8, 72);
    return [...pencil.getImageData(0, 0, 96, 96).data].join("");
  });
}"""
BOXES = """() => [...document.querySelectorAll("header, #band, #why, #last, footer")]
  .map(element => { const box = element.getBoundingClientRect(); return [box.top, box.bottom]; })"""
OVERFLOWING = """() => [...document.querySelectorAll("#said p, #note, #reason, #advice, .act, .cell")]
  .filter(element => element.checkVisibility())
  .filter(element => {
    const box = element.getBoundingClientRect();
    return box.right > innerWidth + 1 || box.bottom > innerHeight + 1;
  }).map(element => element.id || element.className)"""


def opened(seen: Any, served: Any) -> Page:
    page: Page = seen.page
    page.goto(served.url)
    return page


@pytest.mark.parametrize(
    ("state", "word", "colour"),
    [
        ("allow", "放行", "rgb(18, 184, 134)"),
        ("note", "放行", "rgb(18, 184, 134)"),
        ("check", "复核", "rgb(255, 194, 10)"),
        ("stop", "禁止", "rgb(139, 0, 16)"),
        ("fault", "测温故障", "rgb(28, 79, 176)"),
    ],
)
def test_published_verdict_is_visible_within_half_a_second(
    samples: Any, serve: Any, seen: Any, state: str, word: str, colour: str
) -> None:
    served = serve(samples.idle)
    page = opened(seen, served)
    expect(page.locator("#idle")).to_be_visible()
    served.feed.publish(getattr(samples, state))
    page.locator("#word", has_text=word).wait_for(timeout=promised_s(SOON_S) * 1000)
    assert page.locator("#name").inner_text() == "王*明"
    assert page.locator("#room").inner_text() == "3-2-1**"
    assert page.locator("#degrees").inner_text() == "36.4 ℃"
    assert page.locator("#shape use").get_attribute("href") == f"#shape-{state}"
    band = page.locator("#band")
    assert band.evaluate("element => getComputedStyle(element).backgroundColor") == colour
    assert page.locator("#note").is_visible() is (state == "note")
    assert page.evaluate(OVERFLOWING) == []


def test_band_takes_half_the_height_and_the_word_is_tall(
    samples: Any, serve: Any, seen: Any
) -> None:
    page = opened(seen, serve(replace(samples.note, banner=Text("今日过冷", "Too cold"))))
    page.locator("#word", has_text="放行").wait_for()
    tops = page.evaluate(BOXES)
    assert tops[1][1] - tops[1][0] >= 240
    assert tops[-1][1] <= 480
    button = page.locator(".act").first.bounding_box()
    assert button is not None
    assert button["height"] >= 89
    ink = page.evaluate(
        """() => { const pencil = document.createElement("canvas").getContext("2d");
        pencil.font = getComputedStyle(document.getElementById("word")).font;
        const measured = pencil.measureText("放行");
        return measured.actualBoundingBoxAscent + measured.actualBoundingBoxDescent; }"""
    )
    assert ink >= 96


@pytest.mark.parametrize(("width", "height"), [(480, 320), (800, 480), (1024, 600)])
def test_nothing_leaves_the_screen_however_long_the_texts_are(
    samples: Any, serve: Any, seen: Any, width: int, height: int
) -> None:
    long = Text("很长的文字" * 20, "a very long text " * 10)
    person = PersonView("阿" + "*" * 30 + "提", "123-45-67**" * 3, long)
    said = replace(
        samples.note.verdict, person=person, note=long, reason=long, advice=long, recorded=False
    )
    crowded = replace(samples.note, verdict=said, banner=long)
    served = serve(crowded)
    seen.page.set_viewport_size({"width": width, "height": height})
    page = opened(seen, served)
    for language, word in (("zh", "放行"), ("en", "PASS")):
        served.feed.publish(replace(crowded, language=language))
        expect(page.locator("#word")).to_have_text(word)
        assert page.evaluate(OVERFLOWING) == []
        assert page.evaluate("() => document.documentElement.scrollHeight <= innerHeight")
    band = page.locator("#band").bounding_box()
    assert band is not None
    assert band["height"] >= height / 2 - 1


def test_chinese_name_is_drawn_and_not_as_empty_boxes(samples: Any, serve: Any, seen: Any) -> None:
    page = opened(seen, serve(samples.allow))
    expect(page.locator("#name")).to_have_text("王*明")
    drawn, missing = page.locator("#name").evaluate(PIXELS)
    assert drawn != missing
    assert "255" in drawn
    assert page.locator(".nodraw").count() == 0


def test_character_without_glyph_becomes_a_box_with_its_code_point(
    samples: Any, serve: Any, seen: Any
) -> None:
    person = PersonView("王\U000323af", "3-2-1**", Text("居民", "resident"))
    said = replace(samples.allow.verdict, person=person)
    page = opened(seen, serve(replace(samples.allow, verdict=said)))
    box = page.locator("#name .nodraw")
    expect(box).to_have_attribute("title", "U+323AF")
    assert box.locator("i").all_text_contents() == ["323", "AF"]


def test_names_are_text_and_never_markup(samples: Any, serve: Any, seen: Any) -> None:
    evil = "<img src=x onerror=alert(1)>"
    person = PersonView(evil, evil, Text(evil, evil))
    said = replace(samples.note.verdict, person=person, note=Text(evil, evil))
    served = serve(
        replace(samples.note, verdict=said, duty=DutyView(1, evil, evil), banner=Text(evil, evil))
    )
    page = opened(seen, served)
    expect(page.locator("#name")).to_have_text(evil)
    assert page.locator("img").count() == 0
    assert all(url.startswith(served.url) for url in seen.requests)


def test_idle_asks_in_both_languages_and_tells_about_privacy(
    samples: Any, serve: Any, seen: Any
) -> None:
    page = opened(seen, serve(samples.idle))
    expect(page.locator("#idle")).to_contain_text("刷证或扫码")
    expect(page.locator("#idle")).to_contain_text("Wrist to the sensor")
    expect(page.locator("#advice")).to_contain_text("14 天从本机删除")
    expect(page.locator("#last")).to_contain_text("14:31 张* 36.5")
    assert page.locator("#verdict").is_hidden()


def test_measuring_shows_who_what_and_how_far(samples: Any, serve: Any, seen: Any) -> None:
    page = opened(seen, serve(samples.measuring))
    expect(page.locator("#prompt")).to_have_text("请测温")
    expect(page.locator("#reason")).to_contain_text("王*明 · 3-2-1** · 居民")
    expect(page.locator("#progress")).to_have_attribute("aria-valuenow", "62")
    expect(page.locator("#left")).to_contain_text("秒")


def test_english_shows_english_first_and_chinese_beside(
    samples: Any, serve: Any, seen: Any
) -> None:
    page = opened(seen, serve(replace(samples.check, language="en")))
    expect(page.locator("#word")).to_have_text("CHECK")
    expect(page.locator("#word-second")).to_have_text("复核")
    expect(page.locator("[data-kind=refuse]")).to_contain_text("Refuse")
    assert page.evaluate("document.documentElement.lang") == "en"


def test_guard_switches_language_and_it_stays(samples: Any, serve: Any, seen: Any) -> None:
    served = serve(samples.stop)
    page = opened(seen, served)
    expect(page.locator("#word")).to_have_text("禁止")
    page.locator("#more").click()
    page.locator("dialog [data-word=language]").click()
    expect(page.locator("#word")).to_have_text("STOP")
    served.feed.publish(samples.check)
    expect(page.locator("#word")).to_have_text("CHECK")
    page.keyboard.press("F9")
    expect(page.locator("#word")).to_have_text("复核")


def test_unrecorded_verdict_is_marked_in_fault_blue(samples: Any, serve: Any, seen: Any) -> None:
    said = replace(samples.allow.verdict, recorded=False)
    page = opened(seen, serve(replace(samples.allow, verdict=said)))
    marking = page.locator("#not-recorded")
    expect(marking).to_contain_text("未记录")
    blue = "rgb(28, 79, 176)"
    assert marking.evaluate("element => getComputedStyle(element).backgroundColor") == blue


def test_link_backlog_clock_and_faults_are_told_with_signs(
    samples: Any, serve: Any, seen: Any
) -> None:
    broken = PartView("barrier", Text("闸", "GATE"), "fail", Text("故障", "FAULT"), Text("查接线"))
    served = serve(
        replace(
            samples.idle,
            link=LinkView("offline", 2290, 57),
            health=(*samples.idle.health, broken),
            clock=replace(samples.idle.clock, state="unsure"),
        )
    )
    page = opened(seen, served)
    expect(page.locator("#link")).to_have_text("离线 38 分")
    expect(page.locator("#clock-state")).to_have_text("时间不可信")
    expect(page.locator("#health .count")).to_have_text("57")
    assert page.locator(".cell.fail use").get_attribute("href") == "#mark-fail"
    page.keyboard.press("F8")
    expect(page.locator("dialog")).to_contain_text("查接线")


def test_a_supervisor_reads_the_status_with_the_codes(samples: Any, serve: Any, seen: Any) -> None:
    status = StatusView("STAT_CONTACT", Text("密切接触者", "Close contact"))
    stop = replace(samples.stop, verdict=replace(samples.stop.verdict, status=(status,)))
    on_duty = DutyView(3, "S001", "王*", "supervisor", log_in=True)
    served = serve(replace(stop, duty=on_duty))
    page = seen.page
    page.goto(served.url)
    page.locator("body[data-mode=verdict]").wait_for()
    page.locator("#why").click()
    expect(page.locator("dialog .status")).to_contain_text("密切接触者")
    page.keyboard.press("Escape")
    served.feed.publish(replace(stop, duty=replace(on_duty, role="guard")))
    page.locator("body[data-mode=verdict]").wait_for()
    page.locator("#why").click()
    expect(page.locator("dialog .list li").first).to_be_visible()
    assert "密切接触者" not in page.content()


def test_a_clinical_fever_offers_the_call_first(samples: Any, serve: Any, seen: Any) -> None:
    seen.page.set_viewport_size({"width": 480, "height": 320})
    served = serve(replace(samples.stop, suggested="call", panel=PanelView(3.5)))
    seen.page.goto(served.url)
    expect(seen.page.locator("#call.suggested.shown")).to_be_visible()


def test_codes_are_shown_only_behind_a_tap_on_the_reason(
    samples: Any, serve: Any, seen: Any
) -> None:
    page = opened(seen, serve(samples.stop))
    expect(page.locator("#reason")).to_contain_text("有效居民")
    assert "OK_RESIDENT" not in page.locator("body").inner_text()
    page.locator("#why").click()
    expect(page.locator("dialog li")).to_contain_text(["OK_RESIDENT", "TEMP_CLINICAL_OK"])


def test_high_contrast_draws_lines_around_the_band(samples: Any, serve: Any, seen: Any) -> None:
    seen.page.emulate_media(contrast="more")
    page = opened(seen, serve(samples.stop))
    expect(page.locator("#word")).to_have_text("禁止")
    line = page.locator("#band").evaluate("element => getComputedStyle(element).borderTopWidth")
    assert line == "3px"
    page.emulate_media(contrast="no-preference")


def test_verdicts_differ_in_brightness_without_any_colour(
    samples: Any, serve: Any, seen: Any
) -> None:
    served = serve(samples.idle)
    page = opened(seen, served)
    grey = []
    for state, word in (("stop", "禁止"), ("fault", "测温"), ("allow", "放行"), ("check", "复核")):
        served.feed.publish(getattr(samples, state))
        expect(page.locator("#word")).to_contain_text(word)
        colour = page.locator("#band").evaluate("e => getComputedStyle(e).backgroundColor")
        red, green, blue = (int(part) for part in colour[4:-1].split(","))
        grey.append(0.2126 * red + 0.7152 * green + 0.0722 * blue)
    assert all(later - earlier >= 30 for earlier, later in itertools.pairwise(grey))


def test_terminal_state_uses_its_own_words(samples: Any, serve: Any, seen: Any) -> None:
    out = FaultView(Text("暂停使用", "Out of service"), Text("设备停用", "Device off"))
    page = opened(seen, serve(replace(samples.idle, mode="fault", fault=out)))
    expect(page.locator("#word")).to_have_text("暂停使用")
    assert page.locator("#person").is_hidden()


def test_lost_gate_hides_the_verdict_and_a_new_one_is_found_again(
    samples: Any, serve: Callable[..., Any], seen: Any
) -> None:
    alive = [True]
    served = serve(replace(samples.stop, enabled=tuple(GuardActionKind)), lambda: alive[0])
    page = opened(seen, served)
    expect(page.locator("#word")).to_have_text("禁止")
    alive[0] = False
    page.clock.fast_forward(SILENCE_MS)
    expect(page.locator("#word")).to_have_text("闸机程序无连接", timeout=LOST_MS)
    assert page.locator("body").get_attribute("data-band") == "fault"
    assert page.locator("#name").is_hidden()
    assert page.locator(".act[data-kind]:enabled").count() == 0
    alive[0] = True
    expect(page.locator("#word")).to_have_text("禁止", timeout=LOST_MS)


def test_stopped_server_shows_as_no_link(samples: Any, serve_own: Any, seen: Any) -> None:
    served = serve_own(samples.allow)
    page = opened(seen, served)
    expect(page.locator("#word")).to_have_text("放行")
    served.end()
    page.clock.fast_forward(SILENCE_MS)
    expect(page.locator("#word")).to_have_text("闸机程序无连接", timeout=LOST_MS)


def test_the_guard_sees_when_somebody_passed_before(samples: Any, serve: Any, seen: Any) -> None:
    before = Text("上次: 出 09:12 东门", "Last: out 09:12 East")
    person = replace(samples.allow.verdict.person, last=before)
    served = serve(replace(samples.allow, verdict=replace(samples.allow.verdict, person=person)))
    page = opened(seen, served)
    expect(page.locator("#earlier")).to_have_text("上次: 出 09:12 东门")
    measuring = replace(samples.measuring.measuring, person=person)
    served.feed.publish(replace(samples.measuring, measuring=measuring))
    expect(page.locator("#reason")).to_contain_text("上次: 出 09:12 东门")
