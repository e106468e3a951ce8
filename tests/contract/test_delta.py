"""Changes inside a manifest: one spelling, whole or refused, the later word counts."""

import base64
import hashlib
import json
import zlib
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from gated.contract import delta as wire
from gated.contract.delta import Changes, Delta, Put, pack_changes, unpack_changes
from gated.errors import BundleRejected

ANNA, BERT, CARD, HOME = ("a1" * 16, "b2" * 16, "c3" * 16, "d4" * 16)
QUARANTINE = '[["home_quarantine",1581300000000,null]]'


def put(ref: str = ANNA, **fields: Any) -> Put:
    return Put.model_validate({"ref": ref, "category": "resident", "sealed": "00ff", **fields})


def packed(raw: bytes, **fields: Any) -> Delta:
    """Return what somebody signed over these bytes."""
    data = base64.b64encode(zlib.compress(raw)).decode()
    honest = {"ops": 1, "sha": hashlib.sha256(raw).hexdigest(), "data": data}
    return Delta.model_validate({**honest, **fields})


def refusal(delta: Delta) -> str:
    with pytest.raises(BundleRejected) as caught:
        unpack_changes(delta)
    assert ANNA not in str(caught.value), "nobody's entry is told"
    return caught.value.code


RAW = (
    b'{"del":["b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2b2"],"put":[{"cards":[["'
    b'c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3c3","lost"]],"category":"resident",'
    b'"household":"d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4d4","ref":"a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1",'
    b'"sealed":"00ff","statuses":"[[\\"home_quarantine\\",1581300000000,null]]"}]}'
)


def test_the_spelling_is_the_documented_one() -> None:
    person = put(household=HOME, statuses=QUARANTINE, cards=((CARD, "lost"),))
    delta = pack_changes(wire.changes([BERT], {ANNA: person}))
    raw = zlib.decompress(base64.b64decode(delta.data))
    assert raw == RAW
    assert (delta.ops, delta.sha) == (2, hashlib.sha256(RAW).hexdigest())
    assert unpack_changes(packed(RAW, ops=2)) == wire.changes([BERT], {ANNA: person})


def test_nothing_changed_is_a_delta_as_well() -> None:
    delta = pack_changes(Changes())
    assert (delta.ops, unpack_changes(delta).count) == (0, 0)


@pytest.mark.parametrize(
    "change",
    [
        {"ops": 2},
        {"sha": "00" * 32},
        {"data": "no base64!"},
        {"data": "ä"},
        {"data": base64.b64encode(b"no zlib").decode()},
        {"data": base64.b64encode(zlib.compress(b"{}")[:-1]).decode()},
        {"data": base64.b64encode(zlib.compress(b"{}") + b"x").decode()},
        {"data": base64.b64encode(b"x" * wire.ENCODED_MAX_BYTES).decode()},
        {"data": base64.b64encode(zlib.compress(b" " * (wire.RAW_MAX_BYTES + 1))).decode()},
    ],
)
def test_what_does_not_unpack_is_refused(change: dict[str, Any]) -> None:
    assert refusal(packed(b'{"put":[]}', **{"ops": 0, **change})) == "bad_delta"


PERSON = {"ref": ANNA, "category": "resident", "sealed": "00"}


@pytest.mark.parametrize(
    "body",
    [
        [],
        {"put": 1},
        {"del": ["x"]},
        {"del": [ANNA.upper()]},
        {"put": [{**PERSON, "ref": "a1"}]},
        {"put": [{**PERSON, "sealed": ""}]},
        {"put": [{**PERSON, "category": "Resident; drop"}]},
        {"put": [{**PERSON, "household": "1"}]},
        {"put": [{**PERSON, "valid_end": 2**60}]},
        {"put": [{**PERSON, "valid_end": 1.5}]},
        {"put": [{**PERSON, "statuses": "[[1,2,3]]"}]},
        {"put": [{**PERSON, "statuses": '[["watch",null]]'}]},
        {"put": [{**PERSON, "statuses": '[["watch","x",null]]'}]},
        {"put": [{**PERSON, "household_statuses": "{"}]},
        {"put": [{**PERSON, "flags": '{"a":1}'}]},
        {"put": [{**PERSON, "flags": "[1]"}]},
        {"put": [{**PERSON, "appointment_start": 5}]},
        {"put": [{**PERSON, "cards": [["x", "active"]]}]},
        {"put": [PERSON, PERSON]},
        {"put": [PERSON], "del": [ANNA]},
        {"put": [{**PERSON, "cards": [[CARD, "active"], [CARD, "lost"]]}]},
    ],
)
def test_a_signed_entry_that_cannot_be_understood_is_refused(body: object) -> None:
    raw = json.dumps(body).encode()
    count = len(body.get("put", [])) if isinstance(body, dict) and body.get("put") != 1 else 1
    assert refusal(packed(raw, ops=count)) == "bad_delta"


def test_fields_of_a_later_version_are_passed_over() -> None:
    raw = json.dumps({"put": [{**PERSON, "later": True}], "more": []}).encode()
    assert unpack_changes(packed(raw)).put[0].ref == ANNA


@given(st.binary(max_size=200))
def test_rubbish_is_refused_and_nothing_else_happens(rubbish: bytes) -> None:
    assert refusal(packed(rubbish, ops=7)) == "bad_delta"


REFS = st.sampled_from([f"{number:032x}" for number in range(5)])


@st.composite
def some_changes(draw: st.DrawFn) -> Changes:
    puts = {
        ref: put(ref, sealed=draw(st.sampled_from(["01", "02"]))) for ref in draw(st.sets(REFS))
    }
    return wire.changes(sorted(draw(st.sets(REFS)) - set(puts)), puts)


def applied(held: dict[str, Put], found: Changes) -> dict[str, Put]:
    left = {ref: person for ref, person in held.items() if ref not in found.gone}
    return left | {person.ref: person for person in found.put}


@given(some_changes(), some_changes(), some_changes())
def test_changes_add_up_and_may_come_again(one: Changes, two: Changes, held: Changes) -> None:
    """Whoever holds what was before, in between or after ends at the same list."""
    before = applied({}, held)
    between = applied(before, one)
    after = applied(between, two)
    both = one.then(two)
    assert applied(before, both) == applied(between, both) == applied(after, both) == after
    assert unpack_changes(pack_changes(both)) == both


def test_nobody_is_put_and_taken_away_at_once() -> None:
    with pytest.raises(ValueError, match="twice"):
        wire.changes([ANNA], {ANNA: put()})
