"""What a pass claims: the CWT payload, read exactly and written in one way only.

    label   claim          value
    4       expires        seconds, excluded
    5       not before     seconds, included
    6       issued at      seconds
    7       pass id        8 random bytes
    8       holder key     {1: COSE_Key}, optional: only for the rotating layer
    -65537  gate claims    map:
              1 person       first 8 bytes of the 16-byte keyed pseudonym
              2 zones        rising numbers 0 to 65535, at most 16; [] = all its key may open
              3 directions   1 in, 2 out, 3 both
              4 trip         [from, to], optional; seconds, from included, to excluded
              5 status index optional

COSE_Key: {1: 1, -1: 6, -2: x} for Ed25519, {1: 2, -1: 1, -2: x, -3: y} for P-256. An unknown
label is refused: new claims need a new prefix, so that old gates do not half understand them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from gated.core.cose import Algorithm, Cbor, check_public_key, read_cbor, write_cbor
from gated.core.trust import TIME_MAX_S, ZONE_MAX

PASS_ID_BYTES: Final = 8
PERSON_BYTES: Final = 8
ZONES_MAX: Final = 16
STATUS_INDEX_MAX: Final = 2**32 - 1
DIRECTION_BITS_ALL: Final = 3

_EXPIRES, _NOT_BEFORE, _ISSUED_AT, _PASS_ID, _HOLDER, _GATE = 4, 5, 6, 7, 8, -65537
_REQUIRED: Final = frozenset({_EXPIRES, _NOT_BEFORE, _ISSUED_AT, _PASS_ID, _GATE})
_PERSON, _ZONES, _DIRECTIONS, _TRIP, _STATUS = 1, 2, 3, 4, 5
_GATE_REQUIRED: Final = frozenset({_PERSON, _ZONES, _DIRECTIONS})
_COSE_KEY: Final = 1
_KTY, _CRV, _X, _Y = 1, -1, -2, -3
_OKP, _EC2 = 1, 2
_CRV_P256, _CRV_ED25519 = 1, 6
_COORDINATE_BYTES: Final = 32
_TRIP_ENDS: Final = 2
_UNCOMPRESSED: Final = b"\x04"

_Map = dict[int | str, Cbor]
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class HolderKey:
    """The public key of the holder's phone, for the rotating layer. Bytes as in TrustedKey."""

    algorithm: Algorithm
    public: bytes


@dataclass(frozen=True, slots=True)
class PassClaims:
    """What the issuer says. Times in Unix seconds; ranges include their start, not their end.

    directions: 1 in, 2 out, 3 both. kid: the issuer's key, filled in by `verify` and `claimed`.
    """

    pass_id: bytes
    person: bytes
    issued_at: int
    not_before: int
    expires: int
    zones: tuple[int, ...] = ()
    directions: int = DIRECTION_BITS_ALL
    trip: tuple[int, int] | None = None
    holder_key: HolderKey | None = None
    status_index: int | None = None
    kid: bytes = b""


def encode_claims(claims: PassClaims) -> bytes:
    """Return the payload. Nothing is checked here; `decode_claims` judges the result."""
    gate: _Map = {
        _PERSON: claims.person,
        _ZONES: list(claims.zones),
        _DIRECTIONS: claims.directions,
    }
    if claims.trip is not None:
        gate[_TRIP] = list(claims.trip)
    if claims.status_index is not None:
        gate[_STATUS] = claims.status_index
    found: _Map = {
        _EXPIRES: claims.expires,
        _NOT_BEFORE: claims.not_before,
        _ISSUED_AT: claims.issued_at,
        _PASS_ID: claims.pass_id,
        _GATE: gate,
    }
    if claims.holder_key is not None:
        found[_HOLDER] = {_COSE_KEY: _cose_key(claims.holder_key)}
    return write_cbor(found)


def decode_claims(payload: bytes) -> PassClaims:
    """Return the claims, kid left empty.

    Raises CoseError for bytes that are not strict CBOR, ValueError naming the claim otherwise.
    """
    found = _map(read_cbor(payload), "claims", _REQUIRED, frozenset({_HOLDER}))
    gate = _map(found[_GATE], "gate claims", _GATE_REQUIRED, frozenset({_TRIP, _STATUS}))
    not_before = _instant(found[_NOT_BEFORE], "not before")
    expires = _instant(found[_EXPIRES], "expires")
    if not_before >= expires:
        raise ValueError("pass: not before is not earlier than expires")
    return PassClaims(
        pass_id=_bytes(found[_PASS_ID], "pass id", PASS_ID_BYTES),
        person=_bytes(gate[_PERSON], "person", PERSON_BYTES),
        issued_at=_instant(found[_ISSUED_AT], "issued at"),
        not_before=not_before,
        expires=expires,
        zones=_zones(gate[_ZONES]),
        directions=_number(gate[_DIRECTIONS], "directions", 1, DIRECTION_BITS_ALL),
        trip=_optional(gate, _TRIP, _trip),
        holder_key=_optional(found, _HOLDER, _holder_key),
        status_index=_optional(gate, _STATUS, _status_index),
    )


def _map(value: Cbor, name: str, required: frozenset[int], optional: frozenset[int]) -> _Map:
    if not isinstance(value, dict) or not required <= set(value) <= required | optional:
        raise ValueError(f"pass: {name}: not a map, or a label is missing or unknown")
    return value


def _optional(found: _Map, label: int, read: Callable[[Cbor], _T]) -> _T | None:
    return read(found[label]) if label in found else None


def _number(value: Cbor, name: str, least: int, most: int) -> int:
    if not isinstance(value, int) or not least <= value <= most:
        raise ValueError(f"pass: {name}: not an integer from {least} to {most}")
    return value


def _instant(value: Cbor, name: str) -> int:
    return _number(value, name, 0, TIME_MAX_S - 1)


def _status_index(value: Cbor) -> int:
    return _number(value, "status index", 0, STATUS_INDEX_MAX)


def _bytes(value: Cbor, name: str, size: int) -> bytes:
    if not isinstance(value, bytes) or len(value) != size:
        raise ValueError(f"pass: {name}: not {size} bytes")
    return value


def _zones(value: Cbor) -> tuple[int, ...]:
    if not isinstance(value, list) or len(value) > ZONES_MAX:
        raise ValueError(f"pass: zones: not a list of at most {ZONES_MAX}")
    zones = tuple(_number(zone, "zone", 0, ZONE_MAX) for zone in value)
    if list(zones) != sorted(set(zones)):
        raise ValueError("pass: zones: not rising")
    return zones


def _trip(value: Cbor) -> tuple[int, int]:
    if not isinstance(value, list) or len(value) != _TRIP_ENDS:
        raise ValueError("pass: trip: not [from, to]")
    start, end = (_instant(item, "trip") for item in value)
    if start >= end:
        raise ValueError("pass: trip: from is not before to")
    return start, end


def _cose_key(key: HolderKey) -> _Map:
    if key.algorithm == "Ed25519":
        return {_KTY: _OKP, _CRV: _CRV_ED25519, _X: key.public}
    x, y = key.public[1 : 1 + _COORDINATE_BYTES], key.public[1 + _COORDINATE_BYTES :]
    return {_KTY: _EC2, _CRV: _CRV_P256, _X: x, _Y: y}


def _holder_key(value: Cbor) -> HolderKey:
    outer = _map(value, "holder key", frozenset({_COSE_KEY}), frozenset())
    known = frozenset({_KTY, _CRV, _X})
    key = _map(outer[_COSE_KEY], "holder key", known, frozenset({_Y}))
    x = _bytes(key[_X], "holder key x", _COORDINATE_BYTES)
    kind = (key[_KTY], key[_CRV], _Y in key)
    if kind == (_OKP, _CRV_ED25519, False):
        return HolderKey("Ed25519", x)
    if kind != (_EC2, _CRV_P256, True):
        raise ValueError("pass: holder key: neither Ed25519 nor P-256")
    public = _UNCOMPRESSED + x + _bytes(key[_Y], "holder key y", _COORDINATE_BYTES)
    check_public_key("ES256", public)
    return HolderKey("ES256", public)
