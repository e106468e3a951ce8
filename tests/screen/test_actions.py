import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gated.core.model import GuardAction, GuardActionKind
from gated.screen.actions import (
    REASONS,
    VISIT_MAX,
    ActionRejected,
    Credentials,
    Order,
    parse_credentials,
    parse_order,
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
