"""Bodies: exact types, unknown fields ignored, unknown versions refused, never too large."""

import json
import zlib
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from gated.contract import messages
from gated.contract.messages import Ack, Block, Get, Hello, HubStatus, Message, Rejected, Status
from gated.errors import ContractError

HELLO = Hello(epoch="00ff", boot="b", sid=1, first=1, last=5, acked=2, hubgen=1, roster={"main": 3})
ACK = Ack(epoch="00ff", upto=7, h="ab" * 32, hubgen=1, rej=(Rejected(seq=3, code="schema"),))
STATUS = Status(on=True, sid=9, roster={"main": 1}, faults=("camera",))
HUB = HubStatus(on=False, hubgen=2, start=3, now=4)
GET = Get(id=1, sha="0f" * 16, i=-1)
ALL: list[Message] = [HELLO, ACK, STATUS, HUB, GET]


@pytest.mark.parametrize("message", ALL, ids=lambda message: type(message).__name__)
def test_a_message_reads_back(message: Message) -> None:
    assert type(message).decode(message.encode()) == message


def test_the_bytes_on_the_wire_are_these() -> None:
    """Written by hand from the contract, so that our encoder does not judge our decoder."""
    ack = b'{"v":1,"epoch":"00ff","upto":2,"h":"' + b"ab" * 32 + b'","hubgen":1,"now":5}'
    assert Ack.decode(ack) == Ack(epoch="00ff", upto=2, h="ab" * 32, hubgen=1, now=5)
    assert Status.decode(b'{"v":1,"on":false,"sid":4}') == Status(on=False, sid=4)
    assert GET.encode() == b'{"v":1,"id":1,"sha":"' + b"0f" * 16 + b'","i":-1,"n":1}'


@pytest.mark.parametrize("message", ALL, ids=lambda message: type(message).__name__)
def test_unknown_fields_are_ignored(message: Message) -> None:
    value = json.loads(messages.unpack(message.encode()))
    value["from_the_future"] = {"deep": [1.5, None]}
    assert type(message).decode(json.dumps(value).encode()) == message


@pytest.mark.parametrize(
    ("version", "words"),
    [
        (2, "contract version 2, this side speaks 1"),
        (None, "None"),
        ("1", "not a whole"),
        (True, "not a whole"),
    ],
)
def test_an_unknown_version_refuses_the_whole_message(version: object, words: str) -> None:
    value = json.loads(HUB.encode()) | {"v": version}
    with pytest.raises(ContractError, match=words):
        HubStatus.decode(json.dumps(value).encode())


@pytest.mark.parametrize(
    ("message", "change"),
    [
        (HELLO, {"sid": "1"}),
        (HELLO, {"sid": True}),
        (HELLO, {"last": -1}),
        (HELLO, {"last": 2**63}),
        (HELLO, {"epoch": "../x"}),
        (HELLO, {"why": "because"}),
        (HELLO, {"roster": {"main": 1.0}}),
        (ACK, {"h": "AB" * 32}),
        (ACK, {"h": "ab"}),
        (ACK, {"rej": [{"seq": 1, "code": "Bad Code"}]}),
        (ACK, {"rej": [{"seq": 1, "code": "x"}] * 1001}),
        (STATUS, {"q": 3}),
        (STATUS, {"on": 1}),
        (GET, {"i": -2}),
        (GET, {"n": 9}),
        (GET, {"sha": "0f"}),
    ],
)
def test_a_value_of_the_wrong_kind_is_named_without_being_shown(
    message: Message, change: dict[str, Any]
) -> None:
    value = json.loads(messages.unpack(message.encode())) | change
    with pytest.raises(ContractError, match=next(iter(change))) as caught:
        type(message).decode(json.dumps(value).encode())
    assert "Bad Code" not in str(caught.value)


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{", b'{"v":1', b"null", b"\xff", b"z", b"zrubbish", b'{"v":1}x', b'{"v":1,"v":'],
)
def test_what_is_no_message_is_a_contract_error(body: bytes) -> None:
    with pytest.raises(ContractError):
        HubStatus.decode(body)


def test_deep_nesting_is_a_contract_error() -> None:
    with pytest.raises(ContractError):
        HubStatus.decode(b'{"a":' * 100_000)


@given(st.binary(max_size=200))
def test_rubbish_gives_a_contract_error_and_nothing_else(rubbish: bytes) -> None:
    for prefix in (b"", b"z", b"{", b'{"v":1,'):
        with pytest.raises(ContractError):
            Ack.decode(prefix + rubbish)


@given(st.integers(0, len(ACK.encode()) - 1))
def test_a_body_cut_anywhere_is_a_contract_error(length: int) -> None:
    with pytest.raises(ContractError):
        Ack.decode(ACK.encode()[:length])


def test_large_bodies_are_compressed_and_small_ones_are_not() -> None:
    small, large = b'{"v":1}', b'{"v":1,"a":"' + b"x" * 2_000 + b'"}'
    assert messages.pack(small) == small
    assert messages.pack(large)[:1] == b"z"
    assert len(messages.pack(large)) < 100
    assert messages.unpack(messages.pack(large)) == large


def test_a_bomb_stops_at_the_limit() -> None:
    bomb = b"z" + zlib.compress(b'{"v":1,"a":"' + b" " * messages.INFLATED_LIMIT_BYTES + b'"}', 9)
    assert len(bomb) < 10_000
    with pytest.raises(ContractError, match="inflates beyond"):
        messages.unpack(bomb)


def test_rubbish_after_the_compressed_body_is_refused() -> None:
    body = messages.pack(b'{"v":1,"a":"' + b"x" * 2_000 + b'"}')
    for bad in (body + b"!", body[:-1]):
        with pytest.raises(ContractError, match="cut short or followed"):
            messages.unpack(bad)


@given(st.binary(min_size=16, max_size=16), st.integers(-1, 2**31 - 1), st.binary(max_size=99))
def test_a_block_reads_back(tag: bytes, index: int, data: bytes) -> None:
    block = Block.decode(Block(tag, index, data).encode())
    assert (block.tag, block.index, block.data) == (tag, index, data)


def test_the_block_on_the_wire_is_this() -> None:
    assert Block(b"t" * 16, 258, b"data").encode() == b"t" * 16 + b"\x00\x00\x01\x02data"
    assert Block(b"t" * 16, -1, b"").encode() == b"t" * 16 + b"\xff\xff\xff\xff"


@pytest.mark.parametrize("length", range(messages.BLOCK_HEAD_BYTES))
def test_a_block_cut_in_its_head_is_refused(length: int) -> None:
    with pytest.raises(ContractError, match="its head alone has 20"):
        Block.decode(b"x" * length)


@pytest.mark.parametrize("text", ["\ud800", "a\x00"], ids=["lone surrogate", "NUL"])
@pytest.mark.parametrize("field", ["boot", "sw", "mode", "epoch", "faults", "roster"])
def test_text_no_database_takes_refuses_the_message(field: str, text: str) -> None:
    value: object = {"faults": [text], "roster": {text: 1}}.get(field, text)
    with pytest.raises(ContractError, match=field):
        Status.decode(json.dumps({"v": 1, "on": True, "sid": 1, field: value}).encode())


def test_a_name_in_any_script_is_a_word() -> None:
    status = Status(on=True, sid=1, faults=("读卡器", "card_reader:ttyUSB0"), roster={"main": 1})
    assert Status.decode(status.encode()) == status
