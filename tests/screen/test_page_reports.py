"""What a guard reports from the screen: calls, anomalies, notes, rounds, shifts, the sound."""

from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import expect

from gated.core import reports
from gated.core.model import GuardAction, GuardActionKind
from gated.core.reports import Alert, Anomaly, Call, Note, Round, Shift, SoundTest
from gated.screen.actions import REASONS
from gated.screen.reports import Answer
from gated.screen.snapshot import DutyView, PanelView, RoundView, StationView, Text
from tests.screen.pages import choose, hold, opened, said, sent

pytestmark = pytest.mark.browser

NEWS = Text("南门今晚八点关闭,请走东门", "South gate closes at 8 pm, please use the east gate")


def test_a_call_names_its_reason_and_the_open_visit(samples: Any, serve: Any, seen: Any) -> None:
    served = serve(samples.stop)
    page = opened(seen, served)
    choose(page, "call", "fever")
    said(page)
    assert served.reports == [Call("fever", 7)]
    assert page.locator("dialog").is_hidden()


def test_a_call_with_nobody_at_the_gate_is_about_no_visit(
    samples: Any, serve: Any, seen: Any
) -> None:
    served = serve(samples.stop)
    page = opened(seen, served)
    served.feed.publish(samples.idle)
    page.locator("#idle").wait_for()
    page.keyboard.press("F6")
    page.keyboard.press("4")
    page.keyboard.press("4")
    said(page)
    assert served.reports == [Call("help")]


def test_a_round_is_two_taps(samples: Any, serve: Any, seen: Any) -> None:
    served = serve(samples.stop)
    page = opened(seen, served)
    choose(page, "round", "guard_room", "chlorine")
    said(page)
    assert served.reports == [Round("guard_room", "chlorine")]


def test_an_anomaly_may_have_words(samples: Any, serve: Any, seen: Any) -> None:
    served = serve(samples.stop)
    page = opened(seen, served)
    choose(page, "anomaly", "crowding")
    page.locator("dialog input").fill("门口有人聚集")
    page.keyboard.press("Enter")
    said(page)
    choose(page, "anomaly", "animal")
    page.locator("dialog .confirm").click()
    expect(page.locator("dialog")).to_be_hidden()
    assert served.reports == [Anomaly("crowding", "门口有人聚集"), Anomaly("animal")]


def test_a_shift_begins_and_ends_with_a_number(samples: Any, serve: Any, seen: Any) -> None:
    served = serve(replace(samples.stop, duty=DutyView()))
    page = opened(seen, served)
    choose(page, "shift")
    page.keyboard.press("g")
    for digit in "017":
        page.locator("dialog .digit", has_text=digit).click()
    page.locator("dialog .confirm").click()
    said(page)
    served.feed.publish(replace(samples.stop, duty=DutyView(4, "G017")))
    expect(page.locator("#guard")).to_contain_text("G017")
    choose(page, "shift", "hand_over")
    page.locator("dialog .skip").click()
    with sent(page):
        hold(page, ".end")
    assert served.reports == [Shift("begin", "G017"), Shift("end")]
    assert page.locator("dialog").is_hidden()


def test_a_report_that_only_waits_in_memory_is_said_so(samples: Any, serve: Any, seen: Any) -> None:
    served = serve(samples.stop)
    served.report_answer = Answer(recorded=False)
    page = opened(seen, served)
    choose(page, "call", "help")
    expect(page.locator("#toast")).to_contain_text("存储恢复后写入")


def test_holding_more_calls_for_help_and_shows_nothing(samples: Any, serve: Any, seen: Any) -> None:
    served = serve(samples.stop)
    page = opened(seen, served)
    page.locator("#more").hover()
    page.mouse.down()
    with page.expect_response("**/report"):
        page.clock.fast_forward(3100)
    assert page.locator("dialog").is_hidden()
    assert page.locator("#toast.good, #toast.bad").count() == 0
    # The clock that was moved also told the page that it heard nothing for three seconds.
    page.locator("body[data-mode=verdict]").wait_for()
    page.mouse.up()
    expect(page.locator("dialog")).to_be_visible()
    assert served.reports == [Alert("GUARD_DURESS")]


def test_a_short_press_calls_nobody(samples: Any, serve: Any, seen: Any) -> None:
    served = serve(samples.stop)
    page = opened(seen, served)
    page.keyboard.down("F6")
    page.clock.fast_forward(2000)
    page.keyboard.up("F6")
    page.clock.fast_forward(5000)
    expect(page.locator("dialog")).to_be_visible()
    assert served.reports == []


def test_the_language_is_behind_more_as_well(samples: Any, serve: Any, seen: Any) -> None:
    page = opened(seen, serve(samples.stop))
    choose(page, "language")
    expect(page.locator("#word")).to_have_text("STOP")
    expect(page.locator("#more span")).to_have_text("More")


def test_the_centres_words_are_on_the_screen_and_whole_behind_a_tap(
    samples: Any, serve: Any, seen: Any
) -> None:
    served = serve(samples.stop)
    page = opened(seen, served)
    served.feed.publish(replace(samples.stop, message=NEWS))
    expect(page.locator("#message")).to_have_text(NEWS.zh)
    page.locator("#banner").click()
    expect(page.locator("dialog .words")).to_contain_text(NEWS.en)
    page.keyboard.press("Escape")
    served.feed.publish(samples.stop)
    expect(page.locator("#banner")).to_be_hidden()


@pytest.mark.parametrize(("width", "height"), [(480, 320), (800, 480), (1024, 600)])
def test_the_longest_words_leave_half_the_screen_to_the_verdict(
    samples: Any, serve: Any, seen: Any, width: int, height: int
) -> None:
    long = Text("请走东门" * 20, "use the east gate, please " * 6)
    seen.page.set_viewport_size({"width": width, "height": height})
    served = serve(replace(samples.stop, message=long, banner=Text("试运行:不开闸", "Shadow")))
    page = opened(seen, served)
    expect(page.locator("#message")).to_be_visible()
    band = page.locator("#band").bounding_box()
    footer = page.locator("footer").bounding_box()
    assert band is not None
    assert footer is not None
    assert band["height"] >= height / 2 - 1
    assert footer["y"] + footer["height"] <= height + 1
    assert page.evaluate("() => document.documentElement.scrollHeight <= innerHeight")


def test_a_call_shows_whom_to_ring_when_the_network_is_gone(
    samples: Any, serve: Any, seen: Any
) -> None:
    station = StationView(Text("朝阳社区", "Chaoyang station"), "010-5555 0100")
    page = opened(seen, serve(replace(samples.stop, station=station)))
    choose(page, "call")
    expect(page.locator("dialog .range")).to_have_text("打电话:朝阳社区 010-5555 0100")


def test_an_overdue_round_is_told_where_it_is_written_down(
    samples: Any, serve: Any, seen: Any
) -> None:
    page = opened(seen, serve(replace(samples.stop, round=RoundView(310, overdue=True))))
    choose(page, "round")
    expect(page.locator("dialog .range")).to_have_text("该消杀了,上次:5 小时前")


def test_a_note_is_a_quick_pick_with_words_or_without(samples: Any, serve: Any, seen: Any) -> None:
    served = serve(samples.stop)
    page = opened(seen, served)
    choose(page, "note", "parcel")
    page.locator("dialog input").fill("三号楼的快递")
    with sent(page):
        page.keyboard.press("Enter")
    choose(page, "note", "weather")
    with sent(page):
        page.locator("dialog .confirm").click()
    assert served.reports == [Note("parcel", "三号楼的快递", 7), Note("weather", "", 7)]


@pytest.mark.parametrize("bad", ["\u202e反着写", "一\u2066二"])
def test_words_with_marks_that_turn_the_line_stay_until_they_are_mended(
    samples: Any, serve: Any, seen: Any, bad: str
) -> None:
    served = serve(samples.stop)
    page = opened(seen, served)
    choose(page, "note", "other")
    page.locator("dialog input").fill(bad)
    page.keyboard.press("Enter")
    expect(page.locator("dialog .range.bad")).to_be_visible()
    assert page.locator("dialog input").input_value() == bad
    assert served.reports == []


def test_words_are_never_markup_and_never_too_long(samples: Any, serve: Any, seen: Any) -> None:
    served = serve(samples.stop)
    page = opened(seen, served)
    choose(page, "anomaly", "other")
    page.locator("dialog input").focus()
    page.keyboard.insert_text("<b onclick=alert(1)>" + "字" * 2000)
    with sent(page):
        page.keyboard.press("Enter")
    said(page)
    assert served.reports == [Anomaly("other", ("<b onclick=alert(1)>" + "字" * 2000)[:500])]
    assert page.locator("b[onclick]").count() == 0


def test_the_three_tones_are_played_and_what_was_heard_is_reported(
    samples: Any, serve: Any, seen: Any
) -> None:
    served = serve(samples.stop)
    page = opened(seen, served)
    page.evaluate(
        "() => { window.tones = []; const start = OscillatorNode.prototype.start;"
        " OscillatorNode.prototype.start = function (at) {"
        " tones.push(Math.round(this.frequency.value)); return start.call(this, at); }; }"
    )
    choose(page, "sound_test")
    for band in ("allow", "check", "stop"):
        page.locator(f"dialog [data-word={band}]").click()
    page.wait_for_function("() => tones.length === 6")
    assert page.evaluate("tones") == [1320, 880, 880, 294, 294, 294]
    with sent(page):
        page.locator("dialog .unheard").click()
    choose(page, "sound_test")
    with sent(page):
        page.keyboard.press("Enter")
    assert served.reports == [SoundTest(heard=False), SoundTest(heard=True)]


def test_more_offers_what_belongs_to_the_moment(samples: Any, serve: Any, seen: Any) -> None:
    served = serve(samples.stop)
    page = opened(seen, served)
    choose(page)
    offered = page.locator("dialog [data-word]").evaluate_all("all => all.map(e => e.dataset.word)")
    assert offered[:3] == ["registration", "find", "vehicle"]
    assert not {"members", "message", "refuse"} & set(offered)
    page.keyboard.press("Escape")
    served.feed.publish(replace(samples.stop, members=True, message=NEWS))
    expect(page.locator("#message")).to_be_visible()
    choose(page)
    offered = page.locator("dialog [data-word]").evaluate_all("all => all.map(e => e.dataset.word)")
    assert offered[0] == "members"
    assert "message" in offered


def test_orders_a_small_screen_has_no_room_for_are_behind_more(
    samples: Any, serve: Any, seen: Any
) -> None:
    seen.page.set_viewport_size({"width": 480, "height": 320})
    small = replace(samples.stop, panel=PanelView(3.5))
    served = serve(replace(small, suggested=GuardActionKind.MANUAL_PASS))
    page = opened(seen, served)
    choose(page, "refuse")
    hold(page, "[data-reason=document]")
    said(page)
    assert served.actions == [GuardAction(GuardActionKind.REFUSE, 7, "document")]


def test_the_page_offers_exactly_the_words_the_gate_takes(
    samples: Any, serve: Any, seen: Any
) -> None:
    page = opened(seen, serve(samples.stop))
    words = page.evaluate("async () => (await import('/lists.js')).WORDS")
    assert words == {
        "call": list(reports.CALL_REASONS),
        "anomaly": list(reports.ANOMALIES),
        "note": list(reports.NOTES),
        "registration": list(reports.FORMS),
        "round": list(reports.PLACES),
        "agent": list(reports.AGENTS),
        "document_kind": list(reports.DOCUMENT_KINDS),
        "checklist": list(reports.CHECKLIST),
        "outcome": list(reports.OUTCOMES),
        "direction": ["in", "out"],
        "mode": list(reports.MODES),
        "mode_reason": list(reports.MODE_REASONS),
        "mode_end": list(reports.MODE_END_REASONS),
        "turn": list(reports.DIRECTION_REASONS),
        "abandon": list(reports.ABANDON_REASONS),
        "drop": list(reports.DROP_REASONS),
    }
    orders = page.evaluate("async () => (await import('/lists.js')).REASONS")
    assert orders == {kind: list(reasons) for kind, reasons in REASONS.items() if reasons}
