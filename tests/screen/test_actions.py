import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gated.core.model import GuardAction, GuardActionKind
from gated.screen.actions import REASONS, VISIT_MAX, ActionRejected, parse_action

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
    assert parse_action(body(kind=kind, visit=7, reason=reason)) == GuardAction(kind, 7, reason)


@pytest.mark.parametrize("value_mc", [34_000, 36_600, 42_900])
def test_clinical_value_in_range_is_taken(value_mc: int) -> None:
    action = parse_action(body(kind="clinical", visit=0, value_mc=value_mc))
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
        (body(kind="clinical", visit=7, value_mc=36.6), "value_mc"),
        (body(kind="clinical", visit=7, value_mc=33_900), "value_mc"),
        (body(kind="clinical", visit=7, value_mc=43_000), "value_mc"),
        (body(kind="clinical", visit=7, value_mc=36_650), "value_mc"),
    ],
)
def test_wrong_order_is_refused_naming_the_field(sent: bytes, field: str) -> None:
    with pytest.raises(ActionRejected) as refused:
        parse_action(sent)
    assert refused.value.field == field


def test_refusal_never_repeats_what_was_sent() -> None:
    with pytest.raises(ActionRejected) as refused:
        parse_action(body(kind="refuse", visit=7, reason="CANARY-王小明"))
    assert "CANARY" not in str(refused.value)


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=64) | JSON.map(lambda value: json.dumps(value).encode()))
def test_garbage_is_refused_and_nothing_else(sent: bytes) -> None:
    with pytest.raises(ActionRejected):
        parse_action(sent)


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
        action = parse_action(json.dumps(fields).encode())
    except ActionRejected:
        return
    assert action.role == "guard"
    assert action.visit == fields["visit"]
    if action.kind is GuardActionKind.CLINICAL:
        assert action.value_mc == 36_600
        assert action.reason == ""
    else:
        assert action.reason in REASONS[action.kind]
        assert action.value_mc is None
