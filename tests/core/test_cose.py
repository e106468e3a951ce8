"""COSE_Sign1 against the published examples, and strict CBOR."""

import base64
import json
from pathlib import Path
from typing import Any

import cbor2
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from gated.core import cose
from gated.core.cose import CoseError, Fault
from tests.support.passes import ISSUER, P256_ISSUER, STRANGER, Signer

LINES = (Path(__file__).parent.parent / "vectors" / "cose" / "sign1.jsonl").read_text("utf-8")
VECTORS: list[dict[str, Any]] = [json.loads(line) for line in LINES.splitlines()]
GOOD = "D28443A10126A10442313154546869732069732074686520636F6E74656E742E5840" + "00" * 64


def coordinate(key: dict[str, str], name: str) -> bytes:
    if f"{name}_hex" in key:
        return bytes.fromhex(key[f"{name}_hex"])
    return base64.urlsafe_b64decode(key[name] + "=" * (-len(key[name]) % 4))


def public_of(key: dict[str, str]) -> tuple[cose.Algorithm, bytes]:
    if key["kty"] == "OKP":
        return "Ed25519", coordinate(key, "x")
    return "ES256", b"\x04" + coordinate(key, "x") + coordinate(key, "y")


def holds(vector: dict[str, Any]) -> bool:
    """Parse and verify as the passes do; the algorithm, when stated, must be the key's."""
    message = cose.parse_sign1(bytes.fromhex(vector["cose_hex"]))
    algorithm, public = public_of(vector["key"])
    cose.check_public_key(algorithm, public)
    label = message.header.get(cose.HEADER_ALGORITHM)
    if label is not None and (
        not isinstance(label, int) or cose.ALGORITHM_OF_LABEL.get(label) != algorithm
    ):
        return False
    over = message.signed_bytes(bytes.fromhex(vector["external"]))
    if vector["valid"]:
        assert over.hex().upper() == vector["tobesigned_hex"]
    return cose.signature_holds(algorithm, public, message.signature, over)


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["title"] for vector in VECTORS])
def test_published_examples_verify_as_published(vector: dict[str, Any]) -> None:
    if vector["title"] in {"sign-fail-01: Wrong CBOR Tag", "sign-pass-03: Remove CBOR Tag"}:
        # Untagged messages are allowed by the standard; a pass must say what it is.
        with pytest.raises(CoseError) as refused:
            holds(vector)
        assert refused.value.fault is Fault.TAG
        return
    assert holds(vector) is vector["valid"]


def test_the_vectors_cover_both_algorithms_and_both_outcomes() -> None:
    assert {vector["key"]["kty"] for vector in VECTORS} == {"EC", "OKP"}
    assert {vector["valid"] for vector in VECTORS} == {True, False}
    assert all(vector["source"].startswith("cose-wg/Examples ") for vector in VECTORS)


@pytest.mark.parametrize("signer", [ISSUER, P256_ISSUER], ids=["Ed25519", "ES256"])
def test_what_we_sign_parses_and_verifies(signer: Signer) -> None:
    data = cose.sign1(b"payload", signer.kid, signer.algorithm, signer.sign)
    message = cose.parse_sign1(data)
    assert message.payload == b"payload"
    assert message.unprotected == {}
    assert message.header == {1: {"Ed25519": -19, "ES256": -9}[signer.algorithm], 4: signer.kid}
    over = message.signed_bytes()
    assert cose.signature_holds(signer.algorithm, signer.public, message.signature, over)
    assert not cose.signature_holds(signer.algorithm, signer.public, message.signature, b"other")


@pytest.mark.parametrize("size", [0, 1, 63, 65, 72, 128])
def test_a_signature_of_another_length_is_false_not_an_error(size: int) -> None:
    for signer in (ISSUER, P256_ISSUER):
        assert not cose.signature_holds(signer.algorithm, signer.public, b"\x01" * size, b"m")


@pytest.mark.parametrize("raw", [b"\x00" * 64, b"\xff" * 64, b"\x00" * 32 + b"\x01" * 32])
def test_signature_numbers_out_of_range_are_false_not_an_error(raw: bytes) -> None:
    for signer in (ISSUER, P256_ISSUER):
        assert not cose.signature_holds(signer.algorithm, signer.public, raw, b"m")


def test_a_signature_of_another_key_is_false() -> None:
    assert not cose.signature_holds("Ed25519", ISSUER.public, STRANGER.sign(b"m"), b"m")


@pytest.mark.parametrize(
    ("algorithm", "public", "says"),
    [
        ("Ed25519", b"", "0 bytes"),
        ("Ed25519", b"\x01" * 33, "33 bytes"),
        ("ES256", P256_ISSUER.public[1:], "64 bytes"),
        ("ES256", b"\x04" + b"\x01" * 64, "not a point"),
        ("ES256", b"\x05" + P256_ISSUER.public[1:], "not a point"),
    ],
)
def test_a_public_key_that_is_none_is_refused(
    algorithm: cose.Algorithm, public: bytes, says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        cose.check_public_key(algorithm, public)


def test_raw_es256_pads_short_numbers() -> None:
    assert cose.raw_es256(bytes.fromhex("3006020101020102")) == (
        b"\x00" * 31 + b"\x01" + b"\x00" * 31 + b"\x02"
    )


STRICT = [
    ("", Fault.MALFORMED),
    ("18", Fault.MALFORMED),  # head cut off
    ("1817", Fault.MALFORMED),  # 23 in two bytes
    ("190017", Fault.MALFORMED),
    ("1a0000ffff", Fault.MALFORMED),
    ("1b00000000ffffffff", Fault.MALFORMED),
    ("1c", Fault.MALFORMED),  # reserved
    ("5f4101ff", Fault.MALFORMED),  # indefinite byte string
    ("9fff", Fault.MALFORMED),
    ("bfff", Fault.MALFORMED),
    ("ff", Fault.MALFORMED),
    ("4201", Fault.MALFORMED),
    ("5b7fffffffffffffff", Fault.MALFORMED),  # a byte string of 2^63-1
    ("5b8000000000000000", Fault.MALFORMED),  # of 2^63
    ("5bffffffffffffffff", Fault.MALFORMED),
    ("7bffffffffffffffff", Fault.MALFORMED),
    ("9bffffffffffffffff", Fault.MALFORMED),
    ("bbffffffffffffffff", Fault.MALFORMED),
    ("61ff", Fault.MALFORMED),  # no UTF-8
    ("a2020101 02", Fault.MALFORMED),  # not sorted
    ("82 01", Fault.MALFORMED),
    ("a1 01", Fault.MALFORMED),
    ("0101", Fault.TRAILING),
    ("a000", Fault.TRAILING),
    ("a201010102", Fault.DUPLICATE_KEY),
    ("a2616101616102", Fault.DUPLICATE_KEY),
    ("c101", Fault.TAG),  # epoch time
    ("c24101", Fault.TAG),  # bignum 1
    ("c249010000000000000000", Fault.TAG),
    ("c4821b7fffffffffffffff01", Fault.TAG),  # decimal 1e(2^63-1)
    ("c48201 01", Fault.TAG),
    ("d81c81d81d00", Fault.TAG),  # shared reference to itself
    ("d90102820101", Fault.TAG),  # set
    ("d9d9f701", Fault.TAG),  # self-described CBOR
    ("f5", Fault.TYPE),
    ("f6", Fault.TYPE),
    ("f93c00", Fault.TYPE),
    ("fb3ff0000000000000", Fault.TYPE),
    ("f8ff", Fault.TYPE),
    ("a1410101", Fault.TYPE),  # a byte string as key
    ("a1800101", Fault.TYPE),
    ("a1f501", Fault.TYPE),
]


@pytest.mark.parametrize(("text", "fault"), STRICT)
def test_loose_cbor_is_refused_by_kind(text: str, fault: Fault) -> None:
    with pytest.raises(CoseError) as refused:
        cose.read_cbor(bytes.fromhex(text))
    assert refused.value.fault is fault


@pytest.mark.parametrize("levels", [9, 900, 100_000])
@pytest.mark.parametrize("head", ["81", "a101"])
def test_deep_nesting_is_refused_without_recursion(levels: int, head: str) -> None:
    with pytest.raises(CoseError) as refused:
        cose.read_cbor(bytes.fromhex(head) * levels + b"\x00")
    assert refused.value.fault is Fault.MALFORMED
    with pytest.raises(CoseError):
        cose.parse_sign1(b"\xd2" + bytes.fromhex(head) * levels + b"\x00")


def test_eight_levels_are_enough_and_taken() -> None:
    value = cose.read_cbor(b"\x81" * 8 + b"\x07")
    assert value == [[[[[[[[7]]]]]]]]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", Fault.MALFORMED),
        (GOOD[2:], Fault.TAG),
        ("D1" + GOOD[2:], Fault.TAG),
        ("D862" + GOOD[2:], Fault.TAG),  # 98, COSE_Sign
        ("D812" + GOOD[2:], Fault.MALFORMED),  # 18 in the long form
        ("D9D9F7" + GOOD, Fault.TAG),
        ("D2" + GOOD, Fault.TAG),
        (GOOD + "00", Fault.TRAILING),
        ("D2A0", Fault.SHAPE),
        ("D201", Fault.SHAPE),
        ("D283 40 A0 40", Fault.SHAPE),
        ("D285 40 A0 40 40 40", Fault.SHAPE),
        ("D284 A0 A0 40 40", Fault.SHAPE),
        ("D284 40 40 40 40", Fault.SHAPE),
        ("D284 40 A0 60 40", Fault.SHAPE),
        ("D284 40 A0 40 00", Fault.SHAPE),
        ("D284 40 A0 F6 40", Fault.TYPE),  # detached payload
        ("D284 4101 A0 40 40", Fault.SHAPE),  # protected is no map
        ("D284 42A100 A0 40 40", Fault.MALFORMED),
        ("D284 45A201000100 A0 40 40", Fault.DUPLICATE_KEY),
        ("D284 43A10100 A201000100 40 40", Fault.DUPLICATE_KEY),
    ],
)
def test_what_is_no_sign1_is_refused_by_kind(text: str, fault: Fault) -> None:
    with pytest.raises(CoseError) as refused:
        cose.parse_sign1(bytes.fromhex(text))
    assert refused.value.fault is fault


def test_every_truncation_is_refused() -> None:
    data = cose.sign1(b"payload", ISSUER.kid, "Ed25519", ISSUER.sign)
    for size in range(len(data)):
        with pytest.raises(CoseError):
            cose.parse_sign1(data[:size])


def test_more_than_the_limit_is_refused_before_reading() -> None:
    for read in (cose.read_cbor, cose.parse_sign1):
        with pytest.raises(CoseError):
            read(cbor2.dumps(b"\x00" * cose.LIMIT_BYTES))


LEAF = st.integers(-(2**64), 2**64 - 1) | st.binary(max_size=20) | st.text(max_size=10)
VALUE = st.recursive(
    LEAF,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.integers(-70000, 70000) | st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=10,
)


@given(VALUE)
def test_every_value_of_the_subset_comes_back(value: Any) -> None:
    data = cose.write_cbor(value)
    try:
        assert cose.read_cbor(data) == value
    except CoseError:
        assert max(len(data) - cose.LIMIT_BYTES, depth_of(value) - cose.LIMIT_DEPTH) > 0


def depth_of(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value
    if not isinstance(value, dict | list):
        return 0
    return 1 + max(map(depth_of, inner), default=0)


@given(st.binary(max_size=120))
@example(bytes.fromhex("d81c81d81d00"))
def test_garbage_is_one_canonical_item_or_a_cose_error(data: bytes) -> None:
    try:
        value = cose.read_cbor(data)
    except CoseError:
        return
    assert cose.write_cbor(value) == data
