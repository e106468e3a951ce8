"""What a guard may report, and nothing else; what is refused is named and never repeated."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gated.core import reports
from gated.core.reports import Alert, Anomaly, Call, Person, Registration, Round, Shift
from gated.screen.actions import ActionRejected
from gated.screen.reports import REPORT_BODY_MAX, parse_report

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


def test_of_a_registration_only_the_name_is_required() -> None:
    report = parse(kind="registration", form="returnee", name="李明𠮷")
    assert isinstance(report, Registration)
    assert report.person == Person("李明𠮷", "none", "", "", "", "", "", "", 0)


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
        ({"name": ""}, "name"),
        ({"name": "   "}, "name"),
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
