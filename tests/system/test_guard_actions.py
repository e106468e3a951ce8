"""Everything a guard does at the screen of a running gate, by touch or by key.

What came of it is read in the gate's journal and, where it matters, at the hub.
"""

import pytest
from playwright.sync_api import expect

from gated.cli.demo.people import Invented
from gated.store.sealed_box import (
    anomaly_context,
    note_context,
    order_context,
    paper_context,
    registration_context,
)
from tests.screen.pages import choose, key, type_in
from tests.support.guard_screen import LANE, GuardPost, word

pytestmark = pytest.mark.browser
long = pytest.mark.long

STRANGE = "card A; wrist 36.4; CHECK ID_NOT_IN_ROSTER"
PASSES = "card A; wrist 36.4; ALLOW OK_HOME_RETURN"


@pytest.fixture
def on_duty(post: GuardPost) -> GuardPost:
    post.log_in()
    post.begin()
    return post


def room_of(person: Invented) -> str:
    return f"{person.building}-{person.unit}-{person.room}"


# -- about whoever stands there ----------------------------------------


def test_measured_again(on_duty: GuardPost) -> None:
    post, person = on_duty, on_duty.world.resident()
    post.world.play(LANE, "card A; wrist 34.0; CHECK TEMP_LOW", A=person)
    post.send("F5", "act")
    post.page.locator("body[data-mode=measuring]").wait_for()
    post.world.play(LANE, "wrist 36.4; ALLOW OK_HOME_RETURN")
    first, again = post.records("passage")
    assert (first["reason"], again["reason"]) == ("TEMP_LOW", "OK_HOME_RETURN")
    assert again["person_ref"] == post.ref(person)
    assert again["guard_ref"] == "A12"


@long
def test_passed_by_hand_in_the_guards_own_words(on_duty: GuardPost) -> None:
    post, said = on_duty, "忘带门禁卡的装修工"
    post.world.play(LANE, STRANGE, A=post.world.stranger())
    post.tap("[data-kind=manual_pass]")
    post.hold("[data-reason=other]")
    post.page.locator("dialog input").fill(said)
    post.send(path="act")
    post.said()
    passed = post.recorded("passage", 2)
    assert (passed["verdict"], passed["reason"]) == ("ALLOW_NOTE", "GUARD_MANUAL_PASS")
    assert (passed["override_reason"], passed["guard_ref"]) == ("other", "A12")
    assert post.unsealed(passed["sealed"], order_context) == {"text": said}
    assert post.files_with(said) == []
    post.world.assert_books_agree(LANE)


def test_passed_by_hand_with_a_second_person(on_duty: GuardPost) -> None:
    post = on_duty
    post.world.play(LANE, "card A; STOP STAT_CONTACT", A=post.cast.contacts[0])
    post.press("F3")
    post.hold_key("[data-reason=known]", "act")
    post.give_pin("S001", "act")
    passed = post.recorded("passage", 3)
    verdicts = [passage["verdict"] for passage in post.records("passage")]
    assert verdicts == ["STOP", "STOP", "ALLOW_NOTE"]  # the second: asked for, not yet approved
    assert (passed["guard_ref"], passed["approver"]) == ("A12", "S001")


@long
def test_nobody_approves_their_own_order(on_duty: GuardPost) -> None:
    post = on_duty
    post.world.play(LANE, "card A; STOP STAT_CONTACT", A=post.cast.contacts[1])
    post.press("F3")
    post.hold_key("[data-reason=known]", "act")
    post.page.locator("dialog [data-guard=S001]").wait_for()
    expect(post.page.locator("dialog [data-guard]")).to_have_count(1)
    post.give_pin("S001", "act", "1357")
    expect(post.page.locator("dialog .range.bad")).to_have_text(word("wrong_pin"))
    assert {passage["verdict"] for passage in post.records("passage")} == {"STOP"}


def test_turned_away_with_a_reason(on_duty: GuardPost) -> None:
    post = on_duty
    post.world.play(LANE, STRANGE, A=post.world.stranger())
    post.press("F4")
    post.hold_key("[data-reason=document]", "act")
    expect(post.page.locator("body[data-band=stop] #word")).to_have_text("禁止")
    refused = post.recorded("passage", 2)
    assert (refused["reason"], refused["override_reason"]) == ("GUARD_REFUSED", "document")


@long
def test_a_clinical_value_settles_a_fever(on_duty: GuardPost) -> None:
    post = on_duty
    post.world.play(LANE, "card A; wrist 38.0; CHECK TEMP_HIGH_RETRY", A=post.world.resident())
    post.tap("[data-kind=clinical]")
    post.tap_pad("368")
    with post.page.expect_response("**/act"):
        post.tap("dialog .confirm")
    assert post.recorded("passage", 2)["reason"] == "TEMP_CLINICAL_OK"


@long
def test_a_call_names_whom_it_is_about(post: GuardPost) -> None:
    person = post.world.resident()
    post.world.play(LANE, "card A; wrist 38.2; CHECK TEMP_HIGH_RETRY", A=person)
    post.choose("call")
    with post.page.expect_response("**/report"):
        post.tap("dialog [data-word=fever]")
    call = post.recorded("call")
    assert (call["reason"], call["person_ref"]) == ("fever", post.ref(person))
    expect(post.page.locator("#called")).to_contain_text(word("call_delivered"))


# -- who it is ----------------------------------------


def identified(post: GuardPost, person: Invented, name: str) -> None:
    """One of those in the list is picked, measured and decided."""
    post.page.locator("dialog [data-pick]", has_text=name).wait_for()
    with post.page.expect_response("**/identify"):
        post.tap("dialog [data-pick]")
    post.page.locator("body[data-mode=measuring]").wait_for()
    assert name not in post.page.locator("dialog").inner_html()
    post.world.play(LANE, "wrist 36.4; ALLOW OK_HOME_RETURN")
    assert post.records("passage")[-1]["person_ref"] == post.ref(person)
    looked = post.recorded("look_up")
    assert {"room", "person_ref"} & set(looked) == set()
    assert post.files_with(person.name, person.id_number) == []


def masked(person: Invented) -> str:
    return person.name[0] + "*" + person.name[2:]


@long
def test_another_member_of_the_household(on_duty: GuardPost) -> None:
    post, spouse = on_duty, on_duty.cast.spouse
    post.world.play(LANE, "card A; wrist 38.1; CHECK TEMP_HIGH_RETRY", A=post.cast.host)
    with post.page.expect_response("**/find"):
        post.choose("members")
    expect(post.page.locator("dialog [data-pick]")).to_have_count(1)
    identified(post, spouse, masked(spouse))


@long
def test_somebody_found_by_room(on_duty: GuardPost) -> None:
    post, person = on_duty, on_duty.world.resident()
    post.choose("find")
    post.tap_pad(room_of(person))
    with post.page.expect_response("**/find"):
        post.tap("dialog .confirm")
    identified(post, person, masked(person))


def test_a_visitor_is_registered_from_the_card(on_duty: GuardPost) -> None:
    post, person = on_duty, on_duty.world.stranger()
    post.world.play(LANE, STRANGE, A=person)
    choose(post.page, "registration", "visitor")
    expect(post.page.locator("dialog [data-field=name]")).to_contain_text(masked(person))
    assert person.id_number not in post.page.content()
    type_in(post.page, "to", "3-2-101")
    type_in(post.page, "phone", "13977665599")
    post.send()
    post.said()
    made = post.recorded("registration")
    assert (made["form"], made["guard"]) == ("visitor", "A12")
    plain = post.unsealed(made["sealed"], registration_context)
    assert (plain["document_number"], plain["name"]) == (person.id_number, person.name)
    assert (plain["to"], plain["phone"]) == ("3-2-101", "13977665599")
    assert post.files_with(person.id_number, person.name, "13977665599") == []
    post.world.assert_books_agree(LANE)


@long
def test_a_returnee_is_written_down_with_the_pads_alone(on_duty: GuardPost) -> None:
    post = on_duty
    post.choose("registration", "returnee")
    for field, typed in (("document_number", "E77665599"), ("to", "5-1-702")):
        key(post.page, f"[data-field={field}]")
        post.tap_pad(typed)
        post.tap("dialog .confirm")
    key(post.page, "[data-field=from]")
    key(post.page, "[data-word=other_province]")
    key(post.page, "[data-word=hunan]")
    with post.page.expect_response("**/report"):
        post.tap("dialog .confirm")
    plain = post.unsealed(post.recorded("registration")["sealed"], registration_context)
    assert (plain["document_number"], plain["from"], plain["to"]) == (
        "E77665599",
        "湖南",
        "5-1-702",
    )
    assert post.files_with("E77665599") == []


@long
def test_a_vehicle_passes_when_everybody_in_it_may(on_duty: GuardPost) -> None:
    post, plate = on_duty, "京A77665"
    post.choose("vehicle")
    key(post.page, "[data-field=plate]")
    key(post.page, f".digit:has-text('{plate[0]}')")
    post.type_in(plate[1:])
    post.press("Enter")
    key(post.page, "[data-field=people]")
    post.tap("dialog [data-step='1']")
    post.press("Enter")
    post.send()
    expect(post.page.locator("#vehicle")).to_be_visible()
    for _ in range(2):
        assert not post.snapshot()["vehicle"]["ready"]
        post.world.play(LANE, PASSES, A=post.world.resident())
    expect(post.page.locator("#vehicle .ready")).to_have_text(word("vehicle_ready"))
    post.tap("#vehicle")
    post.hold("[data-word=let_through]", "report")
    expect(post.page.locator("#vehicle")).to_be_hidden()
    begun, passed = post.records("vehicle")
    visits = [passage["visit"] for passage in post.records("passage")]
    assert (begun["people"], passed["act"], passed["visits"]) == (2, "pass", visits)
    assert {one["plate_ref"] for one in post.records("passage")} == {passed["plate_ref"]}
    assert post.files_with(plate) == []


# -- what else there is to write down ----------------------------------------


@long
@pytest.mark.parametrize(
    ("kind", "what", "context"),
    [("note", "parcel", note_context), ("anomaly", "crowding", anomaly_context)],
)
def test_something_written_down_by_quick_pick(
    on_duty: GuardPost, kind: str, what: str, context: object
) -> None:
    post, said = on_duty, "门口放了三个没人领的箱子"
    post.choose(kind, what)
    post.page.locator("dialog input").fill(said)
    post.send()
    noted = post.recorded(kind)
    assert (noted["what"], noted["guard"]) == (what, "A12")
    assert callable(context)
    assert post.unsealed(noted["sealed"], context) == {"text": said}
    assert post.files_with(said) == []


@long
def test_a_disinfection_round(on_duty: GuardPost) -> None:
    post = on_duty
    post.choose("round", "pick_up")
    with post.page.expect_response("**/report"):
        key(post.page, "[data-word=chlorine]")
    done = post.recorded("round")
    assert (done["place"], done["agent"], done["guard"]) == ("pick_up", "chlorine", "A12")
    assert post.snapshot()["round"] == {"ago_min": 0, "overdue": False}


@long
def test_a_line_of_the_paper_ledger(on_duty: GuardPost) -> None:
    post = on_duty
    choose(post.page, "paper")
    for field, typed in (("number", "7-12"), ("time", "0912"), ("room", "8-8-8808")):
        type_in(post.page, field, typed)
    type_in(post.page, "temp_mc", "365")
    post.send()
    line = post.recorded("paper")
    assert (line["direction"], line["outcome"], line["guard"]) == ("in", "passed", "A12")
    plain = post.unsealed(line["sealed"], paper_context)
    assert (plain["number"], plain["time"], plain["room"]) == ("7-12", "09:12", "8-8-8808")
    assert plain["temp_mc"] == 36_500
    assert post.files_with("8-8-8808") == []


@long
def test_the_sound_is_tried(on_duty: GuardPost) -> None:
    post = on_duty
    post.choose("sound_test")
    for band in ("allow", "check", "stop"):
        key(post.page, f"[data-word={band}]")
    post.send()
    assert post.recorded("sound_test")["heard"] in (True, 1)


@long
def test_a_lane_is_turned_round_and_back(on_duty: GuardPost) -> None:
    post = on_duty
    for way in ("out", "in"):
        post.choose("modes", "direction")
        post.hold("[data-word=rush]", "report")
        expect(post.page.locator("#direction")).to_contain_text(way.upper())
        if way == "out":
            person = post.world.resident()
            post.world.play(LANE, "card A; wrist 36.4; ALLOW OK_RESIDENT", A=person)
            assert post.recorded("passage")["direction"] == "out"
    turned = [(one["direction"], one["reason"]) for one in post.records("direction")]
    assert turned == [("out", "rush"), ("in", "rush")]
