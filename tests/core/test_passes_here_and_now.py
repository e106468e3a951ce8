"""A believed pass against clock, zone, direction and trip; and claims out of range."""

from dataclasses import replace
from typing import Any

import cbor2
import pytest

from gated.core.model import CredentialState, Direction
from gated.core.passes import PassClaims, PassDetail, PassRefused, mint, verify
from tests.support.passes import (
    FULL,
    ISSUER,
    NOW_S,
    P256_ISSUER,
    TRUST,
    payload_map,
    signed_text,
)

PLAIN = replace(FULL, trip=None, not_before=NOW_S, expires=NOW_S + 1000)


def minted(claims: PassClaims) -> str:
    return mint(claims, ISSUER.sign, ISSUER.kid, ISSUER.algorithm)


@pytest.mark.parametrize(
    ("now_s", "detail"),
    [
        (NOW_S - 121, PassDetail.NOT_YET),
        (NOW_S - 120, PassDetail.VALID),
        (NOW_S, PassDetail.VALID),
        (NOW_S + 1119, PassDetail.VALID),
        (NOW_S + 1120, PassDetail.EXPIRED),
        (2**40, PassDetail.EXPIRED),
        (0, PassDetail.NOT_YET),
    ],
)
def test_times_have_two_minutes_of_tolerance(now_s: int, detail: PassDetail) -> None:
    assert verify(minted(PLAIN), TRUST, now_s=now_s).state is detail


def test_the_tolerance_can_be_set() -> None:
    text = minted(PLAIN)
    exact = {
        now_s: verify(text, TRUST, now_s=now_s, clock_tolerance_s=0).code
        for now_s in (NOW_S - 1, NOW_S, NOW_S + 999, NOW_S + 1000)
    }
    assert list(exact.values()) == ["CRED_NOT_YET", "OK", "OK", "CRED_EXPIRED"]


def test_an_expired_pass_is_still_believed_so_that_policy_may_be_kind() -> None:
    verified = verify(minted(PLAIN), TRUST, now_s=NOW_S + 5000)
    assert verified.code == "CRED_EXPIRED"
    assert verified.claims.person == PLAIN.person
    assert verified.credential_state is CredentialState.ACTIVE
    assert verified.span == (NOW_S, NOW_S + 1000)


def test_with_an_unsure_clock_no_time_is_judged_but_the_signature_is() -> None:
    past_key = replace(TRUST.keys[0], valid_to=5)
    trust = replace(TRUST, keys=(past_key,))
    verified = verify(minted(FULL), trust, now_s=None, zone=1, direction=Direction.IN)
    assert (verified.state, verified.code) == (PassDetail.TIME_UNKNOWN, "TIME_UNKNOWN")
    assert verified.objections == ()
    broken = signed_text(payload_map(), signature=b"\x00" * 64)
    with pytest.raises(PassRefused) as refused:
        verify(broken, TRUST, now_s=None)
    assert refused.value.detail is PassDetail.BAD_SIGNATURE


def test_with_an_unsure_clock_a_foreign_zone_is_still_foreign() -> None:
    verified = verify(minted(FULL), TRUST, now_s=None, zone=9)
    assert verified.state is PassDetail.WRONG_ZONE
    assert not verified.clock_trusted


@pytest.mark.parametrize(
    ("zones", "zone", "detail"),
    [
        ((1, 2), 1, PassDetail.VALID),
        ((1, 2), 3, PassDetail.WRONG_ZONE),
        ((1, 2), None, PassDetail.VALID),
        ((), 3, PassDetail.VALID),
        ((0,), 0, PassDetail.VALID),
        ((65535,), 0, PassDetail.WRONG_ZONE),
    ],
)
def test_zones_are_those_listed_and_none_listed_is_all(
    zones: tuple[int, ...], zone: int | None, detail: PassDetail
) -> None:
    assert (
        verify(minted(replace(PLAIN, zones=zones)), TRUST, now_s=NOW_S, zone=zone).state is detail
    )


@pytest.mark.parametrize(
    ("bits", "allowed"), [(1, {Direction.IN}), (2, {Direction.OUT}), (3, set(Direction))]
)
def test_directions_are_those_whose_bit_is_set(bits: int, allowed: set[Direction]) -> None:
    text = minted(replace(PLAIN, directions=bits))
    valid = {
        way
        for way in Direction
        if verify(text, TRUST, now_s=NOW_S, direction=way).state is PassDetail.VALID
    }
    assert valid == allowed
    assert verify(text, TRUST, now_s=NOW_S, direction=None).state is PassDetail.VALID


def test_a_trip_is_a_window_inside_the_validity() -> None:
    text = minted(replace(PLAIN, trip=(NOW_S + 300, NOW_S + 600)))
    moments = (NOW_S, NOW_S + 179, NOW_S + 180, NOW_S + 719, NOW_S + 720)
    states = [verify(text, TRUST, now_s=now_s) for now_s in moments]
    outside, valid = PassDetail.OUTSIDE_TRIP, PassDetail.VALID
    assert [verified.state for verified in states] == [outside, outside, valid, valid, outside]
    assert states[0].code == "TIME_WINDOW"
    assert states[0].span == (NOW_S + 300, NOW_S + 600)


def test_a_trip_longer_than_the_validity_does_not_stretch_it() -> None:
    text = minted(replace(PLAIN, trip=(NOW_S - 9000, NOW_S + 9000)))
    assert verify(text, TRUST, now_s=NOW_S).span == (NOW_S, NOW_S + 1000)
    assert verify(text, TRUST, now_s=NOW_S + 5000).state is PassDetail.EXPIRED


def test_objections_come_in_the_order_of_the_steps() -> None:
    claims = replace(PLAIN, directions=1, trip=(NOW_S, NOW_S + 1))
    verified = verify(minted(claims), TRUST, now_s=NOW_S + 5000, zone=9, direction=Direction.OUT)
    assert verified.objections == (
        PassDetail.EXPIRED,
        PassDetail.WRONG_ZONE,
        PassDetail.WRONG_DIRECTION,
        PassDetail.OUTSIDE_TRIP,
    )
    assert verified.state is PassDetail.EXPIRED
    assert verified.credential_state is CredentialState.WRONG_SITE


DECIMAL = cbor2.CBORTag(4, [9, 1])
BAD_CLAIMS: list[dict[str, Any]] = [
    {"c4": ...},
    {"c5": ...},
    {"c6": ...},
    {"c7": ...},
    {"c-65537": ...},
    {"g1": ...},
    {"g2": ...},
    {"g3": ...},
    {"c1": "issuer"},  # a label nobody knows
    {"g6": 1},
    {"c4": float(NOW_S)},
    {"c4": True},
    {"c4": None},
    {"c4": str(NOW_S)},
    {"c4": cbor2.CBORTag(2, NOW_S.to_bytes(4, "big"))},  # bignum
    {"c4": 2**70},  # written as a bignum
    {"c4": DECIMAL},
    {"c4": cbor2.CBORTag(1, NOW_S)},  # a date
    {"c4": -1},
    {"c4": 253_402_300_800},
    {"c4": FULL.not_before},  # an empty span
    {"c6": 1.5},
    {"c7": b"\x00" * 7},
    {"c7": b"\x00" * 9},
    {"c7": "12345678"},
    {"c-65537": [1, 2]},
    {"g1": b"\x00" * 16},
    {"g1": 0},
    {"g2": 1},
    {"g2": [True]},
    {"g2": [1.0]},
    {"g2": [2, 1]},
    {"g2": [1, 1]},
    {"g2": [-1]},
    {"g2": [65536]},
    {"g2": ["1"]},
    {"g2": list(range(17))},
    {"g3": 0},
    {"g3": 4},
    {"g3": "in"},
    {"g4": [NOW_S]},
    {"g4": [NOW_S, NOW_S]},
    {"g4": [NOW_S + 1, NOW_S]},
    {"g4": [NOW_S, NOW_S + 1, NOW_S + 2]},
    {"g4": NOW_S},
    {"g4": None},
    {"g5": -1},
    {"g5": 2**32},
    {"c8": ISSUER.public},
    {"c8": {}},
    {"c8": {1: {}}},
    {"c8": {1: {1: 1, -1: 6, -2: b"\x00" * 31}}},
    {"c8": {1: {1: 1, -1: 6, -2: b"\x00" * 32, -4: b"\x00" * 32}}},  # a private key
    {"c8": {1: {1: 1, -1: 4, -2: b"\x00" * 32}}},  # X25519
    {"c8": {1: {1: 2, -1: 1, -2: b"\x00" * 32}}},
    {"c8": {1: {1: 2, -1: 1, -2: b"\x01" * 32, -3: b"\x01" * 32}}},  # not on the curve
    {"c8": {1: {1: 1, -1: 6, -2: b"\x00" * 32, -3: b"\x00" * 32}}},
]


@pytest.mark.parametrize("changes", BAD_CLAIMS, ids=str)
def test_a_signed_claim_of_a_wrong_type_or_range_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(PassRefused) as refused:
        verify(signed_text(payload_map(**changes)), TRUST, now_s=NOW_S)
    assert refused.value.detail is PassDetail.BAD_CLAIM
    assert refused.value.code == "CRED_UNREADABLE"


@pytest.mark.parametrize(
    ("payload", "detail"),
    [
        (b"", PassDetail.MALFORMED_CBOR),
        (b"\x01", PassDetail.BAD_CLAIM),
        (b"\x80", PassDetail.BAD_CLAIM),
        (cbor2.dumps(payload_map(), canonical=True) + b"\x00", PassDetail.TRAILING_BYTES),
        (cbor2.dumps({7: 1, 4: 1}), PassDetail.MALFORMED_CBOR),  # not sorted
        (bytes.fromhex("a204010402"), PassDetail.DUPLICATE_KEY),
        (b"\x81" * 100 + b"\x00", PassDetail.MALFORMED_CBOR),
        (bytes.fromhex("5b7fffffffffffffff"), PassDetail.MALFORMED_CBOR),
        (bytes.fromhex("d81c81d81d00"), PassDetail.BAD_CLAIM),  # refers to itself
        (
            cbor2.dumps(payload_map(), canonical=True).replace(b"\x03\x03", b"\x03\x18\x03"),
            PassDetail.MALFORMED_CBOR,
        ),  # 3 in two bytes
    ],
)
def test_a_signed_payload_that_is_no_strict_cbor_is_refused(
    payload: bytes, detail: PassDetail
) -> None:
    with pytest.raises(PassRefused) as refused:
        verify(signed_text(payload), TRUST, now_s=NOW_S)
    assert refused.value.detail is detail


def test_a_p256_holder_key_is_read() -> None:
    point = P256_ISSUER.public
    key = {1: 2, -1: 1, -2: point[1:33], -3: point[33:]}
    verified = verify(signed_text(payload_map(c8={1: key})), TRUST, now_s=NOW_S)
    assert verified.claims.holder_key is not None
    assert verified.claims.holder_key.public == point


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"pass_id": b""}, "pass id"),
        ({"person": b"\x00" * 16}, "person"),
        ({"expires": NOW_S - 100}, "not before is not earlier"),
        ({"issued_at": -1}, "issued at"),
        ({"zones": (2, 1)}, "zones"),
        ({"directions": 0}, "directions"),
        ({"trip": (5, 5)}, "trip"),
        ({"status_index": 2**32}, "status index"),
    ],
)
def test_nothing_is_minted_that_would_be_refused(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        minted(replace(PLAIN, **changes))
