"""What a guard may report, and nothing else; what is refused is named and never repeated."""

import json
from dataclasses import asdict, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gated.core import reports
from gated.core.reports import (
    Alert,
    Anomaly,
    Call,
    ModeChange,
    Note,
    Paper,
    PaperLine,
    Person,
    Registration,
    Round,
    Shift,
    SoundTest,
    VehicleAct,
)
from gated.screen.actions import ActionRejected, Credentials
from gated.screen.reports import REPORT_BODY_MAX, SentReport, parse_report

VISITOR = {
    "kind": "registration",
    "form": "visitor",
    "name": "王小明",
    "document_kind": "id_card",
    "document_number": "11010519491231002X",
    "phone": "138 0013 8000",
    "from": "朝阳区",
    "to": "3-2-101",
    "reason": "探亲",
    "plate": "京A12345",
    "companions": 2,
}


PAPER = {
    "kind": "paper",
    "number": "3/12",
    "day": "2020-02-07",
    "time": "09:12",
    "direction": "out",
    "outcome": "passed",
    "name": "王小明",
    "document_number": "X1",
    "phone": "138",
    "room": "3-2-101",
    "temp_mc": 36_500,
}
_PLATE = {"kind": "vehicle", "act": "begin", "plate": "鄂A12345", "people": 2}
_WRONG: list[tuple[dict[str, Any], str]] = [
    ({"kind": "note", "what": "ghost"}, "what"),
    ({"kind": "note", "what": "parcel", "visit": -1}, "visit"),
    ({"kind": "note", "what": "parcel", "text": "x" * 501}, "text"),
    ({**PAPER, "number": "-3"}, "number"),
    ({**PAPER, "day": "2020-02-30"}, "day"),
    ({**PAPER, "day": 20200207}, "day"),
    ({**PAPER, "time": "24:00"}, "time"),
    ({**PAPER, "direction": "up"}, "direction"),
    ({**PAPER, "outcome": "ALLOW"}, "outcome"),
    ({**PAPER, "room": "upstairs"}, "room"),
    ({**PAPER, "temp_mc": 36_550}, "temp_mc"),
    ({**PAPER, "temp_mc": True}, "temp_mc"),
    ({**PAPER, "temp_mc": [36_500]}, "temp_mc"),
    ({**PAPER, "name": "", "document_number": "", "room": ""}, "name"),
    ({**_PLATE, "plate": "12"}, "plate"),
    ({**_PLATE, "people": 0}, "people"),
    ({**_PLATE, "people": 61}, "people"),
    ({"kind": "vehicle", "act": "pass", "people": 2}, ""),
    ({"kind": "vehicle", "act": "stop"}, "act"),
    ({"kind": "mode", "mode": "party"}, "mode"),
    ({"kind": "mode", "mode": "lockdown"}, "reason"),
    ({"kind": "mode", "mode": "lockdown", "reason": "drill", "hours": 25}, "hours"),
    ({"kind": "mode", "mode": "lockdown", "reason": "drill", "hours": 0}, "hours"),
    ({"kind": "direction", "direction": "both"}, "direction"),
    ({"kind": "sound_test"}, "heard"),
    ({"kind": "sound_test", "heard": "yes"}, "heard"),
    ({"kind": "shift", "act": "end", "checked": ["mood"]}, "checked"),
    ({"kind": "shift", "act": "end", "checked": "keys"}, "checked"),
    ({"kind": "shift", "act": "end", "checked": [["keys"]]}, "checked"),
    ({"kind": "shift", "act": "begin", "guard": "G1", "checked": []}, "checked"),
]


def parse(**fields: object) -> reports.Report:
    return parse_report(json.dumps(fields).encode()).report


def field_refused(**fields: object) -> str:
    with pytest.raises(ActionRejected) as refused:
        parse(**fields)
    return refused.value.field


@pytest.mark.parametrize("reason", reports.CALL_REASONS)
def test_every_reason_of_a_call_is_taken(reason: str) -> None:
    assert parse(kind="call", reason=reason) == Call(reason)
    assert parse(kind="call", reason=reason, visit=7) == Call(reason, 7)


@pytest.mark.parametrize("what", reports.ANOMALIES)
def test_every_anomaly_is_taken_with_and_without_words(what: str) -> None:
    assert parse(kind="anomaly", what=what) == Anomaly(what)
    assert parse(kind="anomaly", what=what, text=" 门口\u3000有人 ") == Anomaly(what, "门口 有人")


def test_rounds_shifts_and_the_silent_alarm_are_taken() -> None:
    for place in reports.PLACES:
        for agent in reports.AGENTS:
            assert parse(kind="round", place=place, agent=agent) == Round(place, agent)
    assert parse(kind="shift", act="begin", guard="G017") == Shift("begin", "G017")
    assert parse(kind="shift", act="end") == Shift("end")
    assert parse(kind="alert", code="GUARD_DURESS") == Alert("GUARD_DURESS")


def test_a_registration_is_taken_whole() -> None:
    person = Person(
        "王小明",
        "id_card",
        "11010519491231002X",
        "138 0013 8000",
        "朝阳区",
        "3-2-101",
        "探亲",
        "京A12345",
        2,
    )
    assert parse(**VISITOR, visit=3) == Registration("visitor", person, 3)


def test_of_a_registration_only_one_way_to_know_who_it_is_is_required() -> None:
    nobody = Person("", "none", "", "", "", "", "", "", 0)
    for known in ({"name": "李明𠮷"}, {"document_number": "X1"}, {"phone": "138"}):
        report = parse(kind="registration", form="returnee", **known)
        assert isinstance(report, Registration)
        assert report.person == replace(nobody, **known)
    assert field_refused(kind="registration", form="returnee", name="   ", to="3-2-101") == "name"


def test_what_a_card_says_is_not_typed_as_well() -> None:
    form = {"kind": "registration", "form": "visitor", "from_card": True}
    report = parse(**form, visit=7, to="3-2-101")
    assert isinstance(report, Registration)
    assert (report.from_card, report.visit, report.person.name) == (True, 7, "")
    assert field_refused(**form) == "visit"
    assert field_refused(**form, visit=7, name="王小明") == "from_card"
    assert field_refused(**form, visit=7, document_number="X1") == "from_card"
    assert field_refused(**{**form, "from_card": 1}, visit=7) == "from_card"


def test_every_note_is_taken_with_and_without_words() -> None:
    for what in reports.NOTES:
        assert parse(kind="note", what=what) == Note(what)
        assert parse(kind="note", what=what, text=" 钥匙 ", visit=7) == Note(what, "钥匙", 7)


def test_a_line_of_the_paper_ledger_is_taken_whole_or_by_its_room_alone() -> None:
    line = PaperLine(
        *("3/12", "2020-02-07", "09:12", "out", "passed", "王小明", "X1", "138", "3-2-101", 36_500)
    )
    assert parse(**PAPER) == Paper(line)
    short = {**PAPER, "temp_mc": None}
    for key in ("name", "document_number", "phone"):
        del short[key]
    report = parse(**short)
    assert isinstance(report, Paper)
    assert (report.line.name, report.line.temp_mc) == ("", None)
    assert json.loads(report.plain())["temp_mc"] == -1
    assert json.loads(Paper(line).plain()) == asdict(line)
    assert "王小明" not in repr(report)


def test_vehicles_modes_directions_and_the_test_of_the_tones_are_taken() -> None:
    begun = parse(kind="vehicle", act="begin", plate="鄂A12345", people=2)
    assert begun == VehicleAct("begin", "鄂A12345", 2)
    assert "12345" not in repr(begun)
    assert parse(kind="vehicle", act="pass") == VehicleAct("pass")
    for mode in reports.MODES[1:]:
        ordered = parse(kind="mode", mode=mode, reason="drill", hours=24)
        assert ordered == ModeChange(mode, "drill", 24)
    assert parse(kind="sound_test", heard=False) == SoundTest(heard=False)


def test_the_end_of_a_shift_says_what_was_found_in_order() -> None:
    assert parse(kind="shift", act="end", checked=["keys", "thermometer", "keys"]) == (
        Shift("end", checked=("thermometer", "keys"))
    )
    assert parse(kind="shift", act="end", checked=[]) == Shift("end", checked=())


def test_only_a_change_of_mode_has_somebody_who_approves_it() -> None:
    second = {"guard": "S001", "pin": "8642"}
    body: dict[str, object] = {"kind": "mode", "mode": "lockdown", "reason": "station"}
    sent = parse_report(json.dumps({**body, "second": second, "duty": 3}).encode())
    assert sent == SentReport(ModeChange("lockdown", "station", 1), 3, Credentials("S001", "8642"))
    assert "8642" not in repr(sent)
    assert field_refused(kind="round", place="gate", agent="other", second=second) == "second"
    assert field_refused(**body, second="S001") == "second"
    assert field_refused(**body, second={"guard": "S001"}) == "pin"


def test_what_is_sealed_has_the_keys_the_hub_reads() -> None:
    report = parse(**VISITOR)
    assert isinstance(report, Registration)
    plain = json.loads(report.plain())
    assert plain == {key: value for key, value in VISITOR.items() if key not in ("kind", "form")}


def test_full_width_digits_of_a_room_are_read_as_digits() -> None:
    report = parse(**{**VISITOR, "to": "\uff13\uff0d\uff12\uff0d\uff11\uff10\uff11"})
    assert isinstance(report, Registration)
    assert report.person.to == "3-2-101"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": 5}, "name"),
        ({"name": "x" * 65}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"name": "\ud800"}, "name"),
        ({"form": "guest"}, "form"),
        ({"document_kind": "licence"}, "document_kind"),
        ({"document_number": "x" * 33}, "document_number"),
        ({"document_number": "no spaces"}, "document_number"),
        ({"phone": "call me"}, "phone"),
        ({"phone": "1" * 40}, "phone"),
        ({"from": "x" * 65}, "from"),
        ({"to": "third floor"}, "to"),
        ({"to": "3-2"}, "to"),
        ({"reason": "x" * 501}, "reason"),
        ({"plate": "x" * 17}, "plate"),
        ({"companions": -1}, "companions"),
        ({"companions": 100}, "companions"),
        ({"companions": True}, "companions"),
        ({"companions": "2"}, "companions"),
        ({"visit": -1}, "visit"),
        ({"visit": "7"}, "visit"),
        ({"photo": "x"}, ""),
    ],
)
def test_a_wrong_field_of_a_registration_is_named(changes: dict[str, Any], field: str) -> None:
    assert field_refused(**{**VISITOR, **changes}) == field


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({}, "kind"),
        *_WRONG,
        ({"kind": "open"}, "kind"),
        ({"kind": ["call"]}, "kind"),
        ({"kind": "call"}, "reason"),
        ({"kind": "call", "reason": "bored"}, "reason"),
        ({"kind": "call", "reason": "fever", "text": "x"}, ""),
        ({"kind": "call", "reason": "fever", "visit": 1.5}, "visit"),
        ({"kind": "anomaly", "what": "ghost"}, "what"),
        ({"kind": "anomaly", "what": "animal", "text": "x" * 501}, "text"),
        ({"kind": "anomaly", "what": "animal", "text": "\x00"}, "text"),
        ({"kind": "round", "place": "moon", "agent": "chlorine"}, "place"),
        ({"kind": "round", "place": "gate", "agent": "water"}, "agent"),
        ({"kind": "shift", "act": "pause"}, "act"),
        ({"kind": "shift", "act": "begin"}, "guard"),
        ({"kind": "shift", "act": "begin", "guard": "王小明"}, "guard"),
        ({"kind": "shift", "act": "begin", "guard": "g017"}, "guard"),
        ({"kind": "shift", "act": "begin", "guard": "G" * 13}, "guard"),
        ({"kind": "shift", "act": "end", "guard": "G017"}, "guard"),
        ({"kind": "alert", "code": "FIRE"}, "code"),
    ],
)
def test_a_wrong_report_is_refused_naming_the_field(fields: dict[str, Any], field: str) -> None:
    assert field_refused(**fields) == field


def test_neither_a_refusal_nor_a_report_shows_what_was_typed() -> None:
    with pytest.raises(ActionRejected) as refused:
        parse(**{**VISITOR, "to": "CANARY"})
    assert "CANARY" not in str(refused.value)
    report = parse(**VISITOR)
    assert "王小明" not in repr(report)
    assert "门口" not in repr(parse(kind="anomaly", what="other", text="门口"))


@pytest.mark.parametrize("body", [b"", b"\xff", b"[]", b"[" * 50_000, b"null"])
def test_what_is_no_object_is_refused(body: bytes) -> None:
    with pytest.raises(ActionRejected):
        parse_report(body)


TEXTS = st.text(max_size=70) | st.sampled_from(["王小明", "3-2-101", "id_card", "visitor"])


@settings(max_examples=80, deadline=None)
@given(
    st.fixed_dictionaries(
        {"kind": st.just("registration"), "form": st.sampled_from(reports.FORMS), "name": TEXTS},
        optional=dict.fromkeys(("phone", "to", "from", "reason", "plate"), TEXTS),
    )
)
def test_whatever_is_taken_can_be_sealed_within_an_event(fields: dict[str, str]) -> None:
    """8 KiB is what an event holds; a sealed text that were cut could never be opened."""
    try:
        report = parse(**fields)
    except ActionRejected:
        return
    assert isinstance(report, Registration)
    assert json.loads(report.plain())["name"] == report.person.name


def test_the_longest_registration_fits_into_a_request_and_into_an_event() -> None:
    widest = "\U00020bb7"
    fields: dict[str, Any] = {**VISITOR, "name": widest * 64, "from": widest * 64}
    fields |= {"reason": widest * 500, "plate": widest * 16, "document_number": "X" * 32}
    body = json.dumps(fields, ensure_ascii=False).encode()
    assert len(body) <= REPORT_BODY_MAX
    report = parse_report(body).report
    assert isinstance(report, Registration)
    assert 2 * (len(report.plain()) + 48) < 7_500


def test_a_report_names_the_spell_of_duty_it_was_given_in() -> None:
    assert parse_report(b'{"kind": "call", "reason": "help", "duty": 3}').duty == 3
    assert parse_report(b'{"kind": "call", "reason": "help"}').duty == 0
    with pytest.raises(ActionRejected) as refused:
        parse_report(b'{"kind": "call", "reason": "help", "duty": true}')
    assert refused.value.field == "duty"


CANARY = "QZXJ"
ANY = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=8).map(lambda text: CANARY + text),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=5,
)
KEYS = (
    *("reason", "visit", "what", "text", "form", "name", "document_kind", "document_number"),
    *("phone", "from", "to", "plate", "companions", "from_card", "place", "agent", "act", "guard"),
    *("checked", "code", "number", "day", "time", "direction", "outcome", "room", "temp_mc"),
    *("people", "mode", "hours", "heard", "duty", "second", "strange"),
)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from([*reports.KINDS.values(), "other"]),
    st.dictionaries(st.sampled_from(KEYS), ANY, max_size=12),
    st.sampled_from([{}, VISITOR, PAPER, _PLATE]),
)
def test_any_json_is_a_report_or_is_refused_without_repeating_what_was_sent(
    kind: str, fields: dict[str, Any], base: dict[str, Any]
) -> None:
    body = json.dumps({**base, **fields, "kind": kind}).encode()
    told = ""
    try:
        report = parse_report(body).report
    except ActionRejected as refused:
        told = str(refused)
    assert CANARY not in told
    if told:
        return
    assert reports.KINDS[type(report)] == kind
    assert "王小明" not in repr(report)
