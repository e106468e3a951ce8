import json
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gated.core.model import GuardAction, GuardActionKind
from gated.screen.actions import (
    BODY_MAX,
    REASONS,
    VISIT_MAX,
    ActionRejected,
    Credentials,
    Order,
    Pick,
    Search,
    parse_credentials,
    parse_order,
    parse_pick,
    parse_search,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=5,
)


def body(**fields: object) -> bytes:
    return json.dumps(fields).encode()


@pytest.mark.parametrize(
    ("kind", "reason"), [(kind, reason) for kind, all_of in REASONS.items() for reason in all_of]
)
def test_every_reason_of_every_kind_is_taken(kind: GuardActionKind, reason: str) -> None:
    assert parse_order(body(kind=kind, visit=7, reason=reason)).action == GuardAction(
        kind, 7, reason
    )


@pytest.mark.parametrize("value_mc", [34_000, 36_600, 42_900])
def test_clinical_value_in_range_is_taken(value_mc: int) -> None:
    action = parse_order(body(kind="clinical", visit=0, value_mc=value_mc)).action
    assert action == GuardAction(GuardActionKind.CLINICAL, 0, value_mc=value_mc)


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        (b"", ""),
        (b"\xff", ""),
        (b"[]", ""),
        (b"[" * 100_000, ""),
        (body(visit=1, reason="medical"), "kind"),
        (body(kind="open", visit=1), "kind"),
        (body(kind=["refuse"], visit=1, reason="other"), "kind"),
        (body(kind="refuse", reason="other"), "visit"),
        (body(kind="refuse", visit=True, reason="other"), "visit"),
        (body(kind="refuse", visit="7", reason="other"), "visit"),
        (body(kind="refuse", visit=-1, reason="other"), "visit"),
        (body(kind="refuse", visit=VISIT_MAX + 1, reason="other"), "visit"),
        (body(kind="refuse", visit=7), "reason"),
        (body(kind="refuse", visit=7, reason="medical"), "reason"),
        (body(kind="manual_pass", visit=7, reason="document"), "reason"),
        (body(kind="manual_pass", visit=7, reason=["known"]), "reason"),
        (body(kind="manual_pass", visit=7, reason="known", role="supervisor"), ""),
        (body(kind="manual_pass", visit=7, reason="known", value_mc=36_600), ""),
        (body(kind="clinical", visit=7, value_mc=36_600, reason="known"), ""),
        (body(kind="clinical", visit=7), "value_mc"),
        (body(kind="remeasure", visit=7, reason="other"), ""),
        (body(kind="remeasure"), "visit"),
        (body(kind="clinical", visit=7, value_mc=36.6), "value_mc"),
        (body(kind="clinical", visit=7, value_mc=33_900), "value_mc"),
        (body(kind="clinical", visit=7, value_mc=43_000), "value_mc"),
        (body(kind="clinical", visit=7, value_mc=36_650), "value_mc"),
        (body(kind="refuse", visit=7, reason="other", duty="3"), "duty"),
        (body(kind="refuse", visit=7, reason="other", duty=-1), "duty"),
        (body(kind="refuse", visit=7, reason="other", second={}), "second"),
        (body(kind="manual_pass", visit=7, reason="known", second="S1"), "second"),
        (body(kind="manual_pass", visit=7, reason="known", second={"guard": "S1"}), "pin"),
        (body(kind="manual_pass", visit=7, reason="known", second={"pin": "1234"}), "guard"),
    ],
)
def test_wrong_order_is_refused_naming_the_field(sent: bytes, field: str) -> None:
    with pytest.raises(ActionRejected) as refused:
        parse_order(sent)
    assert refused.value.field == field


def test_an_order_names_its_spell_of_duty_and_who_approves_it() -> None:
    second = {"guard": "S001", "pin": "8642"}
    order = parse_order(body(kind="manual_pass", visit=7, reason="known", duty=3, second=second))
    action = GuardAction(GuardActionKind.MANUAL_PASS, 7, "known", duty=3)
    assert order == Order(action, Credentials("S001", "8642"))
    assert "8642" not in repr(order)


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"guard": "s1", "pin": "1234"}, "guard"),
        ({"guard": "S1", "pin": "12"}, "pin"),
        ({"guard": "S1", "pin": "１２３４"}, "pin"),
        ({"guard": "S1", "pin": 1234}, "pin"),
        ({"guard": "S1", "pin": "1234", "role": "supervisor"}, ""),
    ],
)
def test_a_log_in_is_a_staff_number_and_digits(sent: dict[str, object], field: str) -> None:
    with pytest.raises(ActionRejected) as refused:
        parse_credentials(sent)
    assert refused.value.field == field


def test_the_guards_own_words_go_with_the_reason_other() -> None:
    for kind in ("manual_pass", "refuse"):
        order = parse_order(body(kind=kind, visit=7, reason="other", text=" 送药 "))
        assert order == Order(GuardAction(GuardActionKind(kind), 7, "other"), text="送药")
        assert "送药" not in repr(order)
    assert parse_order(body(kind="refuse", visit=7, reason="document", text="")).text == ""


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "refuse", "reason": "document", "text": "x"},
        {"kind": "clinical", "value_mc": 36_600, "text": "x"},
        {"kind": "remeasure", "text": "x"},
        {"kind": "refuse", "reason": "other", "text": "x" * 501},
        {"kind": "refuse", "reason": "other", "text": "a\nb"},
        {"kind": "refuse", "reason": "other", "text": 5},
    ],
)
def test_words_where_none_belong_are_refused(fields: dict[str, object]) -> None:
    with pytest.raises(ActionRejected) as refused:
        parse_order(body(visit=7, **fields))
    assert refused.value.field == "text"


def test_the_longest_words_fit_into_an_order() -> None:
    text = "\U00020bb7" * 500
    sent = body(kind="manual_pass", visit=7, reason="other", text=text)
    assert len(sent) <= BODY_MAX
    assert parse_order(sent).text == text


@pytest.mark.parametrize("written", ["3-2-101", "3栋2单元101", "\uff13-\uff12-\uff11\uff10\uff11"])
def test_a_room_is_looked_for_however_it_is_written(written: str) -> None:
    found = parse_search(body(room=written, duty=3))
    assert [part.strip("栋单元") for part in found.room] == ["3", "2", "101"]
    assert (found.visit, found.duty) == (0, 3)
    assert "101" not in repr(found)


def test_who_lives_with_somebody_is_looked_for_by_the_visit() -> None:
    assert parse_search(body(visit=7, duty=3)) == Search((), 7, 3)
    assert parse_pick(body(visit=7, pick="k3f0", duty=3)) == Pick("k3f0", 7, 3)
    assert parse_pick(body(pick="k3f0")) == Pick("k3f0")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({}, "room"),
        ({"visit": 0}, "room"),
        ({"room": ""}, "room"),
        ({"room": "王小明"}, "room"),
        ({"room": 101}, "room"),
        ({"room": "3-2-101", "visit": 7}, "visit"),
        ({"visit": "7"}, "visit"),
        ({"visit": 7, "duty": -1}, "duty"),
        ({"visit": 7, "name": "x"}, ""),
    ],
)
def test_a_wrong_search_is_refused_naming_the_field(fields: dict[str, object], field: str) -> None:
    with pytest.raises(ActionRejected) as refused:
        parse_search(body(**fields))
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"visit": 7}, "pick"),
        ({"pick": "../x"}, "pick"),
        ({"pick": 7}, "pick"),
        ({"pick": "k3f0", "visit": -1}, "visit"),
        ({"pick": "k3f0", "room": "3-2-101"}, ""),
    ],
)
def test_a_wrong_pick_is_refused_naming_the_field(fields: dict[str, object], field: str) -> None:
    with pytest.raises(ActionRejected) as refused:
        parse_pick(body(**fields))
    assert refused.value.field == field


@settings(deadline=None, max_examples=60)
@given(
    st.dictionaries(st.sampled_from(["room", "visit", "pick", "duty", "x"]), JSON, max_size=4),
    st.sampled_from([parse_search, parse_pick]),
)
def test_any_json_is_a_look_up_or_is_refused_and_never_repeated(
    fields: dict[str, object], parse: Callable[[bytes], Search | Pick]
) -> None:
    told = ""
    try:
        parse(body(**{**fields, "room": "CANARY"}))
    except ActionRejected as refused:
        told = str(refused)
    assert told
    assert "CANARY" not in told


def test_refusal_never_repeats_what_was_sent() -> None:
    with pytest.raises(ActionRejected) as refused:
        parse_order(body(kind="refuse", visit=7, reason="CANARY-王小明"))
    assert "CANARY" not in str(refused.value)


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=64) | JSON.map(lambda value: json.dumps(value).encode()))
def test_garbage_is_refused_and_nothing_else(sent: bytes) -> None:
    with pytest.raises(ActionRejected):
        parse_order(sent)


@settings(deadline=None, max_examples=60)
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "kind": st.sampled_from([*GuardActionKind]) | JSON,
            "visit": st.integers(-2, 9) | JSON,
            "reason": st.sampled_from(["medical", "document", "other"]) | JSON,
            "value_mc": st.sampled_from([33_999, 36_600]) | JSON,
        },
    )
)
def test_whatever_is_taken_is_an_order_a_guard_can_give(fields: dict[str, object]) -> None:
    try:
        action = parse_order(json.dumps(fields).encode()).action
    except ActionRejected:
        return
    assert action.role == "guard"
    assert action.visit == fields["visit"]
    assert action.value_mc == (36_600 if action.kind is GuardActionKind.CLINICAL else None)
    assert action.reason in (REASONS[action.kind] or ("",))
