"""What a guard reports from the screen: calls, registrations, anomalies, rounds, shifts."""

from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from gated.core import reports
from gated.core.reports import Alert, Anomaly, Call, Person, Registration, Round, Shift
from gated.screen.reports import Answer
from gated.screen.snapshot import DutyView, Text

pytestmark = pytest.mark.browser

NEWS = Text("南门今晚八点关闭,请走东门", "South gate closes at 8 pm, please use the east gate")


def opened(seen: Any, served: Any) -> Page:
    page: Page = seen.page
    page.goto(served.url)
    page.locator("#word", has_text="禁止").wait_for()
    return page


def choose(page: Page, *words: str) -> None:
    page.locator("#more").click()
    for word in words:
        page.locator(f"dialog [data-word={word}]").click()


def said(page: Page) -> None:
    expect(page.locator("#toast")).to_contain_text("已提交")


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
    page.keyboard.press("1")
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


def test_a_registration_is_written_with_the_keyboard_alone(
    samples: Any, serve: Any, seen: Any
) -> None:
    served = serve(samples.stop)
    page = opened(seen, served)
    for key in ("F6", "2", "1"):
        page.keyboard.press(key)
    for text in (
        "王小明",
        "",
        "11010519491231002X",
        "13800138000",
        "3-2-101",
        "朝阳",
        "探亲",
        "京A12345",
        "2",
    ):
        if text:
            page.keyboard.insert_text(text)
        page.keyboard.press("Tab")
    page.locator("dialog .confirm").click()
    said(page)
    person = Person(
        "王小明", "id_card", "11010519491231002X", "13800138000", "朝阳", "3-2-101", "探亲", "京A12345", 2
    )  # fmt: skip
    assert served.reports == [Registration("visitor", person, 7)]


def test_a_refused_registration_keeps_what_was_typed(samples: Any, serve: Any, seen: Any) -> None:
    served = serve(samples.stop)
    page = opened(seen, served)
    choose(page, "registration", "returnee")
    page.locator("[name=name]").fill("李明")
    page.locator("[name=to]").fill("third floor")
    page.locator("dialog .confirm").click()
    expect(page.locator("dialog .range.bad")).to_contain_text("请检查:去哪户")
    expect(page.locator("[name=to]")).to_be_focused()
    page.locator("[name=to]").fill("3-2-101")
    served.report_answer = Answer("no_hub_key")
    page.locator("dialog .confirm").click()
    expect(page.locator("dialog .range.bad")).to_contain_text("请用纸质登记")
    assert page.locator("[name=name]").input_value() == "李明"
    served.report_answer = Answer()
    page.locator("dialog .confirm").click()
    said(page)
    assert len(served.reports) == 2


def test_the_next_person_does_not_close_a_form(samples: Any, serve: Any, seen: Any) -> None:
    served = serve(samples.stop)
    page = opened(seen, served)
    choose(page, "registration", "visitor")
    page.locator("[name=name]").fill("李明")
    served.feed.publish(replace(samples.check, visit=8))
    page.locator("#word", has_text="复核").wait_for(state="attached")
    assert page.locator("[name=name]").input_value() == "李明"
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).to_be_hidden()
    assert served.reports == []


def test_a_shift_begins_and_ends_with_a_number(samples: Any, serve: Any, seen: Any) -> None:
    served = serve(replace(samples.stop, duty=DutyView()))
    page = opened(seen, served)
    choose(page, "shift")
    page.locator("[name=staff_number]").fill("g")
    for digit in "017":
        page.locator("dialog .digit", has_text=digit).click()
    page.locator("dialog .confirm").click()
    said(page)
    served.feed.publish(replace(samples.stop, duty=DutyView(4, "G017")))
    expect(page.locator("#guard")).to_contain_text("G017")
    choose(page, "shift")
    with page.expect_response("**/report"):
        page.locator("dialog .end").click()
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


@pytest.mark.parametrize(("width", "height"), [(480, 320), (800, 480), (1024, 600)])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_form_fits_the_screen(
    samples: Any, serve: Any, seen: Any, width: int, height: int, language: str
) -> None:
    seen.page.set_viewport_size({"width": width, "height": height})
    served = serve(replace(samples.stop, language=language, duty=DutyView(4, "G017")))
    page: Page = seen.page
    page.goto(served.url)
    page.locator("#word", has_text="禁止" if language == "zh" else "STOP").wait_for()
    for words in ((), ("registration", "visitor"), ("anomaly", "other"), ("shift",), ("round",)):
        choose(page, *words)
        boxes = page.locator("dialog > *, dialog .row > *, dialog .side > *").evaluate_all(
            "all => all.map(element => element.getBoundingClientRect())"
            ".map(({top, bottom, left, right}) => [top, bottom, left, right])"
        )
        for top, bottom, left, right in boxes:
            assert (top >= -1, bottom <= height + 1) == (True, True), (words, boxes)
            assert (left >= -1, right <= width + 1) == (True, True), (words, boxes)
        page.keyboard.press("Escape")
        expect(page.locator("dialog")).to_be_hidden()


def test_targets_of_the_reports_are_large_enough_for_gloves(
    samples: Any, serve: Any, seen: Any
) -> None:
    page = opened(seen, serve(replace(samples.stop, duty=DutyView(4, "G017"))))
    for words in ((), ("call",), ("anomaly",), ("shift",), ("registration", "visitor")):
        choose(page, *words)
        heights = page.locator("dialog button:visible").evaluate_all(
            "all => all.map(element => element.getBoundingClientRect().height)"
        )
        assert min(heights) >= 69, words
        page.keyboard.press("Escape")


def test_the_page_offers_exactly_the_words_the_gate_takes(
    samples: Any, serve: Any, seen: Any
) -> None:
    page = opened(seen, serve(samples.stop))
    offered = page.evaluate("async () => (await import('/reports.js')).WORDS")
    assert offered == {
        "call": list(reports.CALL_REASONS),
        "anomaly": list(reports.ANOMALIES),
        "registration": list(reports.FORMS),
        "round": list(reports.PLACES),
        "agent": list(reports.AGENTS),
        "document_kind": list(reports.DOCUMENT_KINDS),
    }
