"""The pass: what is believed, in which order, and the reason of every refusal."""

from dataclasses import replace
from typing import Any

import cbor2
import pytest

from gated.core import base45
from gated.core.model import CredentialState, Direction
from gated.core.passes import (
    LIFE_MAX_S,
    REASON_OF,
    HolderKey,
    PassDetail,
    PassRefused,
    Verified,
    claimed,
    mint,
    refused_state,
    verify,
)
from gated.core.trust import TrustTable
from tests.support.passes import (
    DAY_S,
    FULL,
    ISSUER,
    NOW_S,
    P256_ISSUER,
    STRANGER,
    TRUST,
    Signer,
    as_text,
    payload_map,
    signed_bytes,
    signed_text,
)

PLAIN = replace(FULL, trip=None)


def minted(claims: Any = FULL, signer: Signer = ISSUER) -> str:
    return mint(claims, signer.sign, signer.kid, signer.algorithm)


def judged(text: str, **how: Any) -> Verified:
    trust = how.pop("trust", TRUST)
    return verify(text, trust, **({"now_s": NOW_S} | how))


def refusal(text: str, **how: Any) -> PassDetail:
    with pytest.raises(PassRefused) as refused:
        judged(text, **how)
    assert refused.value.code == REASON_OF[refused.value.detail]
    assert str(refused.value) == f"{refused.value.code}: {refused.value.detail}"
    return refused.value.detail


@pytest.mark.parametrize("signer", [ISSUER, P256_ISSUER], ids=["Ed25519", "ES256"])
def test_a_minted_pass_is_valid_and_says_what_it_was_given(signer: Signer) -> None:
    verified = judged(minted(signer=signer), zone=1, direction=Direction.IN, site_issuer="north")
    assert verified.claims == replace(FULL, kid=signer.kid)
    assert verified.issuer == "north"
    assert (verified.state, verified.code) == (PassDetail.VALID, "OK")
    assert verified.credential_state is CredentialState.ACTIVE


def test_a_full_pass_has_220_characters_and_144_bytes() -> None:
    text = minted()
    assert len(text) == 220
    assert len(base45.decode(text[4:])) == 144


def test_a_pass_with_everything_stays_within_the_limit() -> None:
    holder = HolderKey("ES256", P256_ISSUER.public)
    zones = tuple(range(60_000, 60_016))
    text = minted(replace(FULL, holder_key=holder, status_index=2**32 - 1, zones=zones))
    assert len(text) <= 600
    assert judged(text).claims.holder_key == holder


def test_a_hand_made_pass_is_read_as_the_table_of_the_format_says() -> None:
    payload = payload_map(g5=77, c8={1: {1: 1, -1: 6, -2: STRANGER.public}})
    claims = judged(signed_text(payload)).claims
    assert claims == replace(
        FULL,
        kid=ISSUER.kid,
        status_index=77,
        holder_key=HolderKey("Ed25519", STRANGER.public),
    )


def test_our_encoding_is_byte_for_byte_the_hand_made_one() -> None:
    header = {1: -19, 4: ISSUER.kid}
    assert minted() == signed_text(payload_map(), header=cbor2.dumps(header, canonical=True))


@pytest.mark.parametrize(("signer", "label"), [(ISSUER, -8), (P256_ISSUER, -7)])
def test_the_older_algorithm_names_are_taken(signer: Signer, label: int) -> None:
    header = cbor2.dumps({1: label, 4: signer.kid})
    assert judged(signed_text(payload_map(), signer=signer, header=header)).code == "OK"


def test_what_a_pass_claims_can_be_shown_without_a_key() -> None:
    assert claimed(minted(signer=STRANGER)) == replace(FULL, kid=STRANGER.kid)
    with pytest.raises(PassRefused):
        claimed("GP1:")


# Steps 1 to 3: text, base45, CBOR


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("", PassDetail.UNKNOWN_PREFIX),
        ("HTTPS://EXAMPLE.ORG", PassDetail.UNKNOWN_PREFIX),
        ("https://example.org", PassDetail.BAD_CHARACTERS),
        ("HC1:NCFOXN", PassDetail.UNKNOWN_PREFIX),
        ("GR1:BB8", PassDetail.UNKNOWN_PREFIX),
        (" GP1:BB8", PassDetail.UNKNOWN_PREFIX),
        (minted().lower(), PassDetail.BAD_CHARACTERS),
        (minted() + "\n", PassDetail.BAD_CHARACTERS),
        (minted().replace("GP1:", "GP1:\x00"), PassDetail.BAD_CHARACTERS),
        ("居民码", PassDetail.BAD_CHARACTERS),
        ("GP1:" + "A" * 3000, PassDetail.TOO_LONG),
        ("x" * 601, PassDetail.TOO_LONG),
        ("GP1:" + "0" * 596, PassDetail.TRAILING_BYTES),
        ("GP1:B", PassDetail.MALFORMED_BASE45),
        ("GP1:GGW", PassDetail.MALFORMED_BASE45),
        ("GP1:", PassDetail.MALFORMED_CBOR),
        ("GP1: " + minted()[4:], PassDetail.MALFORMED_BASE45),
    ],
)
def test_a_text_that_is_no_pass_is_unreadable(text: str, detail: PassDetail) -> None:
    assert refusal(text) is detail
    assert REASON_OF[detail] == "CRED_UNREADABLE"


NESTED = b"\x81" * 380 + b"\x00"
HUGE = bytes.fromhex("D284435BFFFFA05B7FFFFFFFFFFFFFFF40")


@pytest.mark.parametrize(
    ("data", "detail"),
    [
        (signed_bytes(payload_map(), tag=17), PassDetail.WRONG_TAG),
        (signed_bytes(payload_map(), tag=98), PassDetail.WRONG_TAG),
        (signed_bytes(payload_map(), tag=998), PassDetail.WRONG_TAG),
        (signed_bytes(payload_map())[1:], PassDetail.WRONG_TAG),
        (cbor2.dumps(payload_map()), PassDetail.WRONG_TAG),  # claims without any signature
        (b"\xd9\xd9\xf7" + signed_bytes(payload_map()), PassDetail.WRONG_TAG),
        (b"\xd2\x83" + signed_bytes(payload_map())[2:-66], PassDetail.WRONG_SHAPE),
        (signed_bytes(payload_map()) + b"\x00", PassDetail.TRAILING_BYTES),
        (signed_bytes(payload_map())[:-1], PassDetail.MALFORMED_CBOR),
        (b"\xd2" + NESTED, PassDetail.MALFORMED_CBOR),
        (HUGE, PassDetail.MALFORMED_CBOR),
        (bytes.fromhex("D284D81C4040A04040"), PassDetail.WRONG_TAG),  # shareable inside
        (bytes.fromhex("D2D81C81D81D00"), PassDetail.WRONG_TAG),  # refers to itself
        (bytes.fromhex("D29F40A04040FF"), PassDetail.MALFORMED_CBOR),  # indefinite
        (bytes.fromhex("D28440A0F640"), PassDetail.WRONG_SHAPE),  # detached payload
    ],
)
def test_bytes_that_are_no_strict_sign1_are_refused(data: bytes, detail: PassDetail) -> None:
    assert refusal(as_text(data)) is detail


# Step 4: header


@pytest.mark.parametrize(
    ("how", "detail"),
    [
        ({"header": b""}, PassDetail.ALGORITHM_MISMATCH),
        ({"header": b"\xa0"}, PassDetail.ALGORITHM_MISMATCH),
        ({"header": cbor2.dumps({4: ISSUER.kid})}, PassDetail.ALGORITHM_MISMATCH),
        (
            {"header": cbor2.dumps({4: ISSUER.kid}), "unprotected": {1: -19}},
            PassDetail.ALGORITHM_MISMATCH,
        ),
        ({"header": b"", "unprotected": {1: -19, 4: ISSUER.kid}}, PassDetail.ALGORITHM_MISMATCH),
        ({"header": cbor2.dumps({1: 5, 4: ISSUER.kid})}, PassDetail.ALGORITHM_MISMATCH),
        ({"header": cbor2.dumps({1: "EdDSA", 4: ISSUER.kid})}, PassDetail.ALGORITHM_MISMATCH),
        ({"header": cbor2.dumps({1: -9, 4: ISSUER.kid})}, PassDetail.ALGORITHM_MISMATCH),
        ({"header": cbor2.dumps({1: -19, 4: P256_ISSUER.kid})}, PassDetail.ALGORITHM_MISMATCH),
        ({"header": cbor2.dumps({1: -19})}, PassDetail.BAD_HEADER),
        ({"header": cbor2.dumps({1: -19, 4: 7})}, PassDetail.BAD_HEADER),
        ({"header": cbor2.dumps({1: -19, 3: 0, 4: ISSUER.kid})}, PassDetail.BAD_HEADER),
        ({"unprotected": {4: ISSUER.kid}}, PassDetail.BAD_HEADER),
        ({"unprotected": {99: b""}}, PassDetail.BAD_HEADER),
        ({"header": bytes.fromhex("a201320132")}, PassDetail.DUPLICATE_KEY),
        ({"header": bytes.fromhex("a10138 13")}, PassDetail.MALFORMED_CBOR),
        ({"header": b"\x01"}, PassDetail.WRONG_SHAPE),
    ],
)
def test_a_header_that_is_not_exactly_ours_is_refused(
    how: dict[str, Any], detail: PassDetail
) -> None:
    assert refusal(signed_text(payload_map(), **how)) is detail


# Step 5: key


def test_a_key_that_is_not_in_the_table_is_unknown() -> None:
    assert refusal(minted(signer=STRANGER)) is PassDetail.UNKNOWN_KEY
    assert refusal(minted(), trust=TrustTable()) is PassDetail.UNKNOWN_KEY


def test_a_key_for_rosters_signs_no_pass() -> None:
    trust = TrustTable((ISSUER.trusted(uses=frozenset({"roster"})),))
    assert refusal(minted(), trust=trust) is PassDetail.UNKNOWN_KEY


def test_the_right_signature_under_a_foreign_key_id_is_refused() -> None:
    header = cbor2.dumps({1: -19, 4: b"\x00\x00\x00\x01"})
    assert refusal(signed_text(payload_map(), header=header)) is PassDetail.UNKNOWN_KEY
    other = TrustTable((ISSUER.trusted(), STRANGER.trusted()))
    header = cbor2.dumps({1: -19, 4: STRANGER.kid})
    text = signed_text(payload_map(), header=header)
    assert refusal(text, trust=other) is PassDetail.BAD_SIGNATURE


def test_the_table_decides_the_algorithm_of_a_key() -> None:
    trust = TrustTable((replace(P256_ISSUER.trusted(), kid=ISSUER.kid),))
    assert refusal(minted(), trust=trust) is PassDetail.ALGORITHM_MISMATCH


@pytest.mark.parametrize(
    ("limits", "how", "detail"),
    [
        ({"valid_from": NOW_S + 121}, {}, PassDetail.KEY_NOT_YET),
        ({"valid_to": NOW_S - 120}, {}, PassDetail.KEY_EXPIRED),
        ({}, {"site_issuer": "south"}, PassDetail.WRONG_ISSUER),
        ({"zones": frozenset({2})}, {"zone": 1}, PassDetail.WRONG_ZONE),
    ],
)
def test_a_key_counts_only_in_its_time_and_place(
    limits: dict[str, Any], how: dict[str, Any], detail: PassDetail
) -> None:
    assert refusal(minted(), trust=TrustTable((ISSUER.trusted(**limits),)), **how) is detail


def test_a_key_within_the_clock_tolerance_counts() -> None:
    trust = TrustTable((ISSUER.trusted(valid_from=NOW_S + 120, valid_to=NOW_S + 121),))
    assert judged(minted(), trust=trust).state is PassDetail.VALID


# Step 6: signature


def test_a_pass_without_or_with_a_broken_signature_is_not_genuine() -> None:
    good = ISSUER.sign(b"something else")
    for signature in (b"", b"\x00" * 64, good, good[:63], good + b"\x00"):
        assert refusal(signed_text(payload_map(), signature=signature)) is PassDetail.BAD_SIGNATURE
    assert REASON_OF[PassDetail.BAD_SIGNATURE] == "CRED_BAD_SIGNATURE"


def test_claims_changed_after_signing_are_not_genuine() -> None:
    signature = ISSUER.sign(b"")
    longer = payload_map(c4=FULL.expires + DAY_S)
    assert refusal(signed_text(longer, signature=signature)) is PassDetail.BAD_SIGNATURE


def test_a_signature_in_der_is_not_taken() -> None:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec

    der = P256_ISSUER.private.sign(b"", ec.ECDSA(hashes.SHA256()))
    text = signed_text(payload_map(), signer=P256_ISSUER, signature=der)
    assert refusal(text) is PassDetail.BAD_SIGNATURE


def test_details_map_to_the_credential_states_of_the_policy() -> None:
    assert refused_state(PassRefused(PassDetail.BAD_SIGNATURE)) is CredentialState.BAD_SIGNATURE
    assert refused_state(PassRefused(PassDetail.UNKNOWN_KEY)) is CredentialState.UNKNOWN_KEY
    assert refused_state(PassRefused(PassDetail.WRONG_ISSUER)) is CredentialState.WRONG_SITE
    assert refused_state(PassRefused(PassDetail.TOO_LONG)) is CredentialState.UNREADABLE


def test_every_detail_has_a_reason() -> None:
    assert set(REASON_OF) == set(PassDetail)
    assert all(reason == reason.upper() for reason in REASON_OF.values())


def test_a_life_longer_than_allowed_is_refused() -> None:
    claims = replace(PLAIN, expires=PLAIN.not_before + LIFE_MAX_S)
    assert judged(minted(claims)).state is PassDetail.VALID
    longer = replace(claims, expires=claims.expires + 1)
    assert refusal(minted(longer)) is PassDetail.LIFE_TOO_LONG
    assert refusal(minted(PLAIN), life_max_s=DAY_S) is PassDetail.LIFE_TOO_LONG
