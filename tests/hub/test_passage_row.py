"""What a gate's event says, whatever a gate may send."""

import json
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from gated.core.canonical import canonical
from gated.hub.event_time import Reference
from gated.hub.inbox_item import drafts
from gated.hub.passage_row import (
    REASONS_MAX,
    WORD_MAX,
    Said,
    log_row,
    passage,
    reasons,
    said,
    temperature,
    word,
)
from tests.support.effort import examples
from tests.support.gate_events import PASSAGE, PERSON

ENVELOPE = {"m": 5, "q": 2, "b": "boot"}


def event(kind: str = "passage", **fields: Any) -> Said:
    found = said(7, kind, 1_000, 2_000, canonical({**ENVELOPE, **fields}), None)
    assert found is not None
    return found


def row(**fields: Any) -> dict[str, Any]:
    found = passage(event(**{**PASSAGE, **fields}))
    assert found is not None
    return found


def test_only_a_synchronised_event_tells_the_difference_of_the_clocks() -> None:
    assert event().reference == Reference(5, 995)
    assert event(q=1).reference is None
    assert event(q=0).reference is None


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'"text"',
        b"{",
        b"[" * 100_000,
        b'{"q":2}',
        b'{"m":5}',
        b'{"m":"5","q":2}',
        b'{"m":5,"q":3}',
        b'{"m":5,"q":"2"}',
        b'{"m":99999999999999999999,"q":2}',
    ],
)
def test_an_unusable_envelope_says_nothing(body: bytes) -> None:
    assert said(1, "passage", 1, 1, body, None) is None


@pytest.mark.parametrize("of", [0, 7, 8, -1, "3", [3]])
def test_a_row_can_only_follow_an_earlier_one(of: object) -> None:
    assert event(of=of).of_seq is None
    assert row(of=of)["visit"] == 7


def test_a_row_that_follows_another_is_of_its_visit() -> None:
    assert (row(of=3)["of_seq"], row(of=3)["visit"]) == (3, 3)


@pytest.mark.parametrize(
    "change",
    [{"verdict": "MAYBE"}, {"verdict": 1}, {"direction": "up"}, {"reason": ""}, {"reason": 5}],
)
def test_a_passage_without_verdict_direction_or_reason_is_none(change: dict[str, Any]) -> None:
    assert passage(event(**{**PASSAGE, **change})) is None
    assert log_row(event(**{**PASSAGE, **change}))["code"] == "UNREADABLE"


def test_what_else_cannot_be_read_counts_as_missing() -> None:
    found = row(
        person_ref="00ff",
        household_ref="no hex",
        category="king",
        credential_kind=5,
        temp_state="\x00",
        guard_ref="a\nb",
        lane="x" * (WORD_MAX + 1),
        reasons="OK_RESIDENT",
        shadow=2,
    )
    assert (found["person"], found["household"]) == (None, None)
    assert (found["category"], found["credential"]) == ("unknown", "none")
    assert (found["temp_state"], found["guard"], found["lane"]) == ("none", "", "")
    assert json.loads(found["reasons"]) == ["OK_RESIDENT"]
    assert not found["shadow"]


def test_reasons_are_bounded_and_never_empty() -> None:
    assert len(reasons(event(reason="A", reasons=["B"] * 100))) == REASONS_MAX
    assert reasons(event(reason="A", reasons=[1, {}, ""])) == ["A"]


def test_the_judged_temperature_is_taken_and_a_wild_one_is_not() -> None:
    assert temperature(None) is None
    assert temperature(b'{"temp_raw_mC":35000}') is None
    assert temperature(b'{"temp_mC":36500,"clinical_mC":37000}') == 36_500
    assert temperature(b'{"clinical_mC":37000}') == 37_000
    assert temperature(b'{"temp_mC":999999999999}') is None


def test_a_word_is_one_short_line() -> None:
    assert word("G017") == "G017"
    assert [word(bad) for bad in (None, 5, "a\nb", "x" * 65, "\ud800")] == [""] * 5


JSON = st.recursive(
    st.integers() | st.text(max_size=80),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
NAMES = st.sampled_from([*PASSAGE, "of", "guard_ref", "sealed", "what", "code", "person_ref", "q"])
KINDS = st.sampled_from(["passage", "call", "anomaly", "registration", "alert", "device", "x"])


@settings(max_examples=examples(150), deadline=None)
@given(KINDS, st.dictionaries(NAMES, JSON, max_size=8))
def test_whatever_a_gate_sends_gives_a_row_or_nothing(kind: str, fields: dict[str, Any]) -> None:
    """Rows fit their columns: short printable text, JSON that reads back, whole numbers."""
    body = json.dumps({**ENVELOPE, **PASSAGE, **fields}).encode()
    found = said(7, kind, 1_000, 2_000, body, None)
    if found is None:
        return
    made = passage(found) or log_row(found)
    for name in ("reasons", "fields"):
        assert name not in made or json.loads(made.pop(name)) is not None
    for value in made.values():
        assert not isinstance(value, str) or (value.isprintable() and len(value) <= WORD_MAX)
        assert not isinstance(value, int) or abs(value) < 2**63
    readable = passage(found) is not None
    for draft in drafts(found, "north-1", "00ff", "east", "2020-02-10", readable=readable):
        assert draft.source.startswith(("north-1/", "gate/north-1/"))
        assert draft.person in (None, PERSON) or len(draft.person or b"") == len(PERSON)
