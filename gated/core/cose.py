"""COSE_Sign1 (RFC 9052) in the one form this product writes and believes.

    0xD2                         tag 18, and only 18
      84                         array of four
        bstr protected           a map in a byte string; signed
        map  unprotected         not signed: never read for anything that matters
        bstr payload
        bstr signature           64 raw bytes: Ed25519, or r and s of ECDSA on P-256

    signed bytes: ["Signature1", protected, external, payload] as CBOR

CBOR is taken strictly: integers, byte strings, texts, arrays and maps of definite length in their
shortest form, maps sorted and without duplicate keys, no tags inside, nothing after the end, at
most LIMIT_BYTES and LIMIT_DEPTH. So every value has exactly one encoding. cbor2 alone accepts
trailing bytes, duplicate keys, shared references and decimals of any size; `read_cbor` walks the
heads first and lets cbor2 see only what is left after that.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Final, Literal, TypeAlias, cast

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)

LIMIT_BYTES: Final = 1024
"""A pass has at most 400 bytes; twice that leaves room for other uses of the same form."""
LIMIT_DEPTH: Final = 8
"""The deepest pass has six levels; recursion stays far below the interpreter's limit."""

Algorithm = Literal["Ed25519", "ES256"]
ALGORITHM_OF_LABEL: Final[dict[int, Algorithm]] = {
    -19: "Ed25519",  # RFC 9864: exactly this curve
    -8: "Ed25519",  # EdDSA, its older name; the key says which curve
    -9: "ES256",  # ESP256, RFC 9864: ECDSA on P-256 with SHA-256
    -7: "ES256",
}
LABEL_OF_ALGORITHM: Final[dict[Algorithm, int]] = {"Ed25519": -19, "ES256": -9}
HEADER_ALGORITHM: Final = 1
HEADER_KEY_ID: Final = 4
TAG_SIGN1: Final = 18
SIGNATURE_BYTES: Final = 64
ED25519_PUBLIC_BYTES: Final = 32
ES256_PUBLIC_BYTES: Final = 65
"""ES256 public keys are uncompressed points: 04, x, y. One form, so one key id."""

Cbor: TypeAlias = "int | bytes | str | list[Cbor] | dict[int | str, Cbor]"

_UNSIGNED, _NEGATIVE, _BYTES, _TEXT, _ARRAY, _MAP, _TAG = range(7)
_ARGUMENT_BYTES: Final = {24: 1, 25: 2, 26: 4, 27: 8}
_FIRST_LONG_ARGUMENT: Final = 24
_HALF: Final = SIGNATURE_BYTES // 2
_SIGN1_PARTS: Final = 4


class Fault(Enum):
    """What is wrong with bytes that are not strict CBOR or not a COSE_Sign1."""

    MALFORMED = "cut off, indefinite, not shortest, unsorted, too deep or too large"
    TRAILING = "bytes after the end"
    DUPLICATE_KEY = "a map has the same key twice"
    TAG = "a tag other than 18, inside, or none around the whole"
    TYPE = "a float, boolean, null or a key that is no integer or text"
    SHAPE = "not an array of protected, unprotected, payload and signature"


class CoseError(ValueError):
    """The bytes are not what `read_cbor` or `parse_sign1` takes; `fault` says which way."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.value)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Sign1:
    """A well-formed COSE_Sign1 whose signature nobody has checked yet."""

    protected: bytes
    header: dict[int | str, Cbor]
    unprotected: dict[int | str, Cbor]
    payload: bytes
    signature: bytes

    def signed_bytes(self, external: bytes = b"") -> bytes:
        """Return what the signature must be over. A protected header of {} counts as empty."""
        return to_be_signed(self.protected if self.header else b"", self.payload, external)


def read_cbor(data: bytes) -> Cbor:
    """Return the one item that data is, in exact Python types. Raises CoseError."""
    if len(data) > LIMIT_BYTES:
        raise CoseError(Fault.MALFORMED)
    if _end_of_item(data, 0, 0) != len(data):
        raise CoseError(Fault.TRAILING)
    try:
        value = cast("Cbor", cbor2.loads(data))
    except cbor2.CBORDecodeError as error:  # a text that is not UTF-8
        raise CoseError(Fault.MALFORMED) from error
    if write_cbor(value) != data:
        raise CoseError(Fault.MALFORMED)
    return value


def write_cbor(value: Cbor) -> bytes:
    """Return the one encoding of value that `read_cbor` takes."""
    return cbor2.dumps(value, canonical=True)


def parse_sign1(data: bytes) -> Sign1:
    """Return the four parts of a tagged COSE_Sign1, signature unchecked. Raises CoseError."""
    if len(data) > LIMIT_BYTES:
        raise CoseError(Fault.MALFORMED)
    major, tag, start = _head(data, 0)
    value = read_cbor(data[start:] if major == _TAG else data)
    if major != _TAG or tag != TAG_SIGN1:
        raise CoseError(Fault.TAG)
    if not isinstance(value, list) or len(value) != _SIGN1_PARTS:
        raise CoseError(Fault.SHAPE)
    protected, unprotected, payload, signature = value
    if not (
        isinstance(protected, bytes)
        and isinstance(unprotected, dict)
        and isinstance(payload, bytes)
        and isinstance(signature, bytes)
    ):
        raise CoseError(Fault.SHAPE)
    header = read_cbor(protected) if protected else {}
    if not isinstance(header, dict):
        raise CoseError(Fault.SHAPE)
    return Sign1(protected, header, unprotected, payload, signature)


def sign1(
    payload: bytes, kid: bytes, algorithm: Algorithm, sign: Callable[[bytes], bytes]
) -> bytes:
    """Return a tagged COSE_Sign1 of payload with {1: algorithm, 4: kid} as protected header.

    sign: takes the bytes to be signed, returns 64 raw bytes.
    """
    protected = write_cbor({HEADER_ALGORITHM: LABEL_OF_ALGORITHM[algorithm], HEADER_KEY_ID: kid})
    signature = sign(to_be_signed(protected, payload))
    assert len(signature) == SIGNATURE_BYTES, "a signature has 64 raw bytes"
    tag = bytes([_TAG << 5 | TAG_SIGN1])
    return tag + write_cbor([protected, {}, payload, signature])


def to_be_signed(protected: bytes, payload: bytes, external: bytes = b"") -> bytes:
    """Return the Sig_structure of RFC 9052 §4.4."""
    return write_cbor(["Signature1", protected, external, payload])


def check_public_key(algorithm: Algorithm, public: bytes) -> None:
    """Return if public is a key of algorithm: 32 bytes, or 65 of an uncompressed P-256 point.

    Raises ValueError that says what is wrong.
    """
    if algorithm == "Ed25519":
        if len(public) != ED25519_PUBLIC_BYTES:
            raise ValueError(f"Ed25519 key has {len(public)} bytes, not {ED25519_PUBLIC_BYTES}")
        return
    if len(public) != ES256_PUBLIC_BYTES:
        raise ValueError(f"ES256 key has {len(public)} bytes, not {ES256_PUBLIC_BYTES}")
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public)
    except ValueError as error:
        raise ValueError("ES256 key is not a point of P-256") from error


def signature_holds(algorithm: Algorithm, public: bytes, signature: bytes, message: bytes) -> bool:
    """Return whether signature (64 raw bytes) over message was made with public's private half.

    public must have passed `check_public_key`. Any other signature length is simply False.
    """
    if len(signature) != SIGNATURE_BYTES:
        return False
    try:
        if algorithm == "Ed25519":
            ed25519.Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
        else:
            point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), public)
            point.verify(_to_der(signature), message, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def raw_es256(der: bytes) -> bytes:
    """Return an ECDSA signature as COSE carries it: r and s, 32 bytes each."""
    r, s = decode_dss_signature(der)
    return r.to_bytes(_HALF, "big") + s.to_bytes(_HALF, "big")


def _to_der(signature: bytes) -> bytes:
    r = int.from_bytes(signature[:_HALF], "big")
    s = int.from_bytes(signature[_HALF:], "big")
    return encode_dss_signature(r, s)


def _head(data: bytes, at: int) -> tuple[int, int, int]:
    """Return major type, argument and the offset after the head at `at`."""
    if at >= len(data):
        raise CoseError(Fault.MALFORMED)
    major, info = divmod(data[at], 32)
    if info < _FIRST_LONG_ARGUMENT:
        return major, info, at + 1
    size = _ARGUMENT_BYTES.get(info)
    if size is None or at + 1 + size > len(data):
        raise CoseError(Fault.MALFORMED)
    argument = int.from_bytes(data[at + 1 : at + 1 + size], "big")
    shortest = _FIRST_LONG_ARGUMENT if size == 1 else 1 << (4 * size)
    if argument < shortest and major <= _TAG:
        raise CoseError(Fault.MALFORMED)
    return major, argument, at + 1 + size


def _end_of_item(data: bytes, at: int, depth: int) -> int:
    """Return the offset after the item at `at`; heads only, no value is built.

    An announced count or length can be 2^64: every step consumes a byte or ends in an error.
    """
    if depth > LIMIT_DEPTH:
        raise CoseError(Fault.MALFORMED)
    major, argument, at = _head(data, at)
    if major in {_UNSIGNED, _NEGATIVE}:
        return at
    if major in {_BYTES, _TEXT}:
        if argument > len(data) - at:
            raise CoseError(Fault.MALFORMED)
        return at + argument
    if major == _ARRAY:
        for _ in range(argument):
            at = _end_of_item(data, at, depth + 1)
        return at
    if major == _MAP:
        return _end_of_map(data, at, argument, depth)
    raise CoseError(Fault.TAG if major == _TAG else Fault.TYPE)


def _end_of_map(data: bytes, at: int, count: int, depth: int) -> int:
    seen: set[bytes] = set()
    for _ in range(count):
        end = _end_of_item(data, at, depth + 1)
        key = data[at:end]
        if key[0] // 32 not in {_UNSIGNED, _NEGATIVE, _TEXT}:
            raise CoseError(Fault.TYPE)
        if key in seen:
            raise CoseError(Fault.DUPLICATE_KEY)
        seen.add(key)
        at = _end_of_item(data, end, depth + 1)
    return at
