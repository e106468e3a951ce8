"""Orders to a gate: only what a trusted key signed for this gate, once, is believed."""

import json
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from gated.contract import command
from gated.contract.command import (
    AnsweredArgs,
    Command,
    CommandRefused,
    MessageArgs,
    Standing,
    Tip,
    TipsArgs,
    sign_command,
    verify_command,
)
from gated.core.trust import TrustedKey, TrustTable, key_id
from gated.errors import ContractError

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes_raw()
KID = key_id(PUBLIC)
ROW = TrustedKey(KID, frozenset({"command"}), "Ed25519", PUBLIC)
TRUST = TrustTable((ROW,))
HERE = Standing("north-1")


def order(**changes: Any) -> Command:
    values: dict[str, Any] = {
        "id": "ab" * 16,
        "n": 7,
        "cmd": "message",
        "args": {"zh": "请开南门", "en": "Open the south gate", "minutes": 30},
        "ttl_s": 1800,
        "iss": "east",
        "kid": KID.hex(),
    }
    return Command.model_validate(values | changes)


def signed(gate: str = "north-1", **changes: Any) -> bytes:
    return sign_command(order(**changes), gate, KEY.sign)


def refusal(payload: bytes, trust: TrustTable = TRUST, standing: Standing = HERE) -> str:
    with pytest.raises(CommandRefused) as refused:
        verify_command(payload, trust, standing)
    return refused.value.code


def test_a_signed_order_arrives_as_it_was_made() -> None:
    believed = verify_command(signed(), TRUST, HERE)
    assert believed.model_dump(exclude={"sig"}) == order().model_dump(exclude={"sig"})
    assert believed.order() == MessageArgs(zh="请开南门", en="Open the south gate", minutes=30)


def test_an_order_for_another_gate_is_worth_nothing_here() -> None:
    assert refusal(signed("south-1")) == "bad_signature"


@pytest.mark.parametrize(
    "trust",
    [
        TrustTable(),
        TrustTable((replace(ROW, uses=frozenset({"roster", "pass"})),)),
        TrustTable((replace(ROW, kid=b"\x01\x02\x03\x04"),)),
    ],
    ids=["nobody", "other uses", "another key"],
)
def test_only_a_key_trusted_for_commands_may_order(trust: TrustTable) -> None:
    assert refusal(signed(), trust) == "unknown_key"


@pytest.mark.parametrize(("start", "end"), [(2_000, None), (None, 1_000)])
def test_a_key_counts_only_in_its_time(start: int | None, end: int | None) -> None:
    trust = TrustTable((replace(ROW, valid_from=start, valid_to=end),))
    assert refusal(signed(), trust, Standing("north-1", now_s=1_500)) == "key_not_valid"
    # Nobody vouches for the time: then a key is not refused for it.
    assert verify_command(signed(), trust, HERE).n == 7


@pytest.mark.parametrize("last", [7, 8, 2**62])
def test_a_number_that_came_before_is_a_repetition(last: int) -> None:
    assert refusal(signed(), standing=Standing("north-1", {KID.hex(): last})) == "repeated"


def test_numbers_count_for_each_key_alone() -> None:
    standing = Standing("north-1", {"00000000": 2**62})
    assert verify_command(signed(), TRUST, standing).n == 7


@pytest.mark.parametrize(
    "changed",
    [
        {"n": 8},
        {"ttl_s": 1801},
        {"iss": "west"},
        {"id": "cd" * 16},
        {"args": {"zh": "别开门", "en": "", "minutes": 30}},
        {"extra": 1},
        {"sig": ""},
        {"sig": "00" * 64},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_whatever_is_changed_breaks_the_signature(changed: dict[str, Any]) -> None:
    body = json.loads(signed()) | changed
    assert refusal(json.dumps(body).encode()) == "bad_signature"


def test_a_later_version_may_sign_fields_we_do_not_know() -> None:
    body = json.loads(signed()) | {"note": "new"}
    del body["sig"]
    body["sig"] = KEY.sign(command._signed_bytes(body, "north-1")).hex()
    assert verify_command(json.dumps(body).encode(), TRUST, HERE).n == 7


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b"[" * 5_000,
        b"{" + b" " * command.COMMAND_BYTES_MAX + b"}",
        b'{"v":2}',
        signed().replace(b'"n":7', b'"n":7.5'),
        signed().replace(b'"n":7', b'"n":0'),
        signed().replace(b'"n":7', b'"n":true'),
        signed().replace(b'"minutes":30', b'"minutes":null'),
        signed().replace(b'"cmd":"message"', b'"cmd":"Message!"'),
    ],
)
def test_what_is_no_order_is_refused_as_malformed(payload: bytes) -> None:
    assert refusal(payload) == "malformed"


@settings(max_examples=80)
@given(st.binary(max_size=200))
def test_garbage_is_refused_and_nothing_else_happens(payload: bytes) -> None:
    refusal(payload)


@settings(max_examples=60)
@given(st.integers(0, len(signed()) - 1), st.integers(1, 255))
def test_one_changed_byte_is_never_believed(place: int, bits: int) -> None:
    payload = bytearray(signed())
    payload[place] ^= bits
    refusal(bytes(payload))


@pytest.mark.parametrize(
    "changes",
    [
        {"cmd": "open"},
        {"cmd": "reboot", "args": {}},
        {"args": {}},
        {"args": {"zh": "x", "minutes": 0}},
        {"args": {"zh": "x", "minutes": 1441}},
        {"args": {"zh": "x" * 81, "minutes": 1}},
        {"args": {"en": "x" * 161, "minutes": 1}},
        {"args": {"zh": "x", "minutes": 1, "sound": "loud"}},
        {"args": {"zh": "a\nb", "minutes": 1}},
        {"args": {"zh": 5, "minutes": 1}},
    ],
)
def test_a_genuine_order_that_is_no_message_is_not_executed(changes: dict[str, Any]) -> None:
    believed = verify_command(signed(**changes), TRUST, HERE)
    with pytest.raises(ContractError):
        believed.order()


# Tips, and that a call was answered.


def test_tips_and_an_answer_arrive_as_they_were_sent() -> None:
    tips = order(cmd="tips", args={"tips": [{"zh": "勤洗手", "en": "Wash"}, {"zh": "通风"}]})
    assert tips.order() == TipsArgs(tips=[Tip(zh="勤洗手", en="Wash"), Tip(zh="通风")])
    assert order(cmd="tips", args={"tips": []}).order() == TipsArgs(tips=[])
    answered = order(cmd="answered", args={"epoch": "00ff", "seq": 5, "by": "王主任"})
    assert answered.order() == AnsweredArgs(epoch="00ff", seq=5, by="王主任")


@pytest.mark.parametrize(
    ("cmd", "args"),
    [
        ("tips", {}),
        ("tips", {"tips": [{"zh": "x"}] * 11}),
        ("tips", {"tips": [{"zh": "x" * 81}]}),
        ("tips", {"tips": [{"en": "x" * 161}]}),
        ("tips", {"tips": [{"zh": "a\x07"}]}),
        ("tips", {"tips": [{"zh": "x", "sound": "loud"}]}),
        ("tips", {"tips": ["x"]}),
        ("answered", {"seq": 5}),
        ("answered", {"epoch": "00ff", "seq": 0}),
        ("answered", {"epoch": "../x", "seq": 1}),
        ("answered", {"epoch": "00ff", "seq": 1, "by": "x" * 33}),
        ("answered", {"epoch": "00ff", "seq": 1, "by": "a\nb"}),
    ],
)
def test_bad_tips_and_answers_are_not_executed(cmd: str, args: dict[str, Any]) -> None:
    believed = verify_command(signed(cmd=cmd, args=args), TRUST, HERE)
    with pytest.raises(ContractError):
        believed.order()
