"""Nobody gets in by altering a pass, and no text brings the verifier down."""

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from gated.core import base45
from gated.core.passes import (
    HolderKey,
    PassClaims,
    PassDetail,
    PassRefused,
    claimed,
    mint,
    verify,
)
from tests.support.passes import (
    FULL,
    ISSUER,
    NOW_S,
    P256_ISSUER,
    STRANGER,
    TRUST,
    Signer,
    as_text,
    signed_text,
)

SIGNERS = st.sampled_from([ISSUER, P256_ISSUER])
GENUINE = {
    signer.algorithm: mint(FULL, signer.sign, signer.kid, signer.algorithm)
    for signer in (ISSUER, P256_ISSUER)
}
UNREADABLE_OR_WORSE = {"CRED_UNREADABLE", "CRED_BAD_SIGNATURE", "CRED_UNKNOWN_KEY"}


def refused(text: str) -> PassRefused:
    with pytest.raises(PassRefused) as caught:
        verify(text, TRUST, now_s=NOW_S)
    return caught.value


def flipped(data: bytes, bit: int) -> bytes:
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << (bit % 8)
    return bytes(changed)


def test_no_single_bit_can_be_flipped_anywhere() -> None:
    """All 1,152 of them; those inside the signed parts are found by the signature alone."""
    data = base45.decode(GENUINE["Ed25519"][4:])
    found = {refused(as_text(flipped(data, bit))).code for bit in range(8 * len(data))}
    assert found == UNREADABLE_OR_WORSE


@pytest.mark.parametrize(
    ("part", "first", "last"),
    [("payload", 15, 78), ("signature", 80, 144)],
)
def test_a_flipped_bit_in_payload_or_signature_is_a_bad_signature(
    part: str, first: int, last: int
) -> None:
    data = base45.decode(GENUINE["Ed25519"][4:])
    assert len(data) == 144, part
    for bit in range(8 * first, 8 * last):
        assert refused(as_text(flipped(data, bit))).detail is PassDetail.BAD_SIGNATURE


@given(SIGNERS, st.data())
@settings(max_examples=200)
def test_flipping_any_few_bits_never_verifies(signer: Signer, data: st.DataObject) -> None:
    genuine = base45.decode(GENUINE[signer.algorithm][4:])
    bits = data.draw(st.sets(st.integers(0, 8 * len(genuine) - 1), min_size=1, max_size=4))
    changed = genuine
    for bit in bits:
        changed = flipped(changed, bit)
    assert refused(as_text(changed)).code in UNREADABLE_OR_WORSE


@given(SIGNERS, st.data())
def test_changing_any_character_never_verifies(signer: Signer, data: st.DataObject) -> None:
    text = GENUINE[signer.algorithm]
    at = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.sampled_from(base45.ALPHABET).filter(lambda new: new != text[at]))
    assert refused(text[:at] + other + text[at + 1 :]).code in UNREADABLE_OR_WORSE


def test_every_truncation_and_every_tail_is_refused() -> None:
    text = GENUINE["Ed25519"]
    for size in range(len(text)):
        assert refused(text[:size]).code == "CRED_UNREADABLE"
    for tail in ("0", "00", "000", " ", text[4:], text):
        assert refused(text + tail).code == "CRED_UNREADABLE"


def test_the_second_form_of_an_es256_signature_keeps_the_pass_id() -> None:
    """(r, n-s) is as good as (r, s): replay must be told by the id, as the docstring says."""
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    data = base45.decode(GENUINE["ES256"][4:])
    other = data[:-32] + (order - int.from_bytes(data[-32:], "big")).to_bytes(32, "big")
    assert as_text(other) != GENUINE["ES256"]
    assert verify(as_text(other), TRUST, now_s=NOW_S).claims.pass_id == FULL.pass_id
    assert ec.SECP256R1().key_size == 256


@given(st.text(max_size=700) | st.text(alphabet=base45.ALPHABET, max_size=620))
def test_garbage_text_is_refused_and_never_crashes(text: str) -> None:
    assert refused(text).code == "CRED_UNREADABLE"


@given(st.binary(max_size=300), st.booleans())
def test_garbage_bytes_under_our_prefix_are_refused(data: bytes, tagged: bool) -> None:
    text = as_text(b"\xd2\x84" + data if tagged else data)
    assert refused(text).code in UNREADABLE_OR_WORSE
    with pytest.raises(PassRefused):
        claimed(as_text(data))


@given(st.binary(max_size=120))
def test_a_signed_payload_of_garbage_is_refused(payload: bytes) -> None:
    assert refused(signed_text(payload)).code == "CRED_UNREADABLE"


@given(st.binary(max_size=40))
def test_a_garbage_header_is_refused(header: bytes) -> None:
    assert refused(signed_text(b"\xa0", header=header)).code in UNREADABLE_OR_WORSE


@st.composite
def claims(draw: st.DrawFn) -> PassClaims:
    start = draw(st.integers(0, 2**32))
    spans = st.integers(1, 400 * 86_400)
    trip_start = draw(st.integers(0, 2**33))
    holder = st.sampled_from(
        [None, *(HolderKey(s.algorithm, s.public) for s in (STRANGER, P256_ISSUER))]
    )
    zones = draw(st.sets(st.integers(0, 65535), max_size=16))
    return PassClaims(
        pass_id=draw(st.binary(min_size=8, max_size=8)),
        person=draw(st.binary(min_size=8, max_size=8)),
        issued_at=draw(st.integers(0, 2**33)),
        not_before=start,
        expires=start + draw(spans),
        zones=tuple(sorted(zones)),
        directions=draw(st.integers(1, 3)),
        trip=draw(st.sampled_from([None, (trip_start, trip_start + draw(spans))])),
        holder_key=draw(holder),
        status_index=draw(st.none() | st.integers(0, 2**32 - 1)),
    )


@given(claims(), SIGNERS)
def test_whatever_can_be_minted_comes_back_the_same(
    given_claims: PassClaims, signer: Signer
) -> None:
    text = mint(given_claims, signer.sign, signer.kid, signer.algorithm)
    assert set(text) <= set(base45.ALPHABET)
    assert len(text) <= 600
    verified = verify(text, TRUST, now_s=None)
    assert verified.claims == replace(given_claims, kid=signer.kid) == claimed(text)


@given(claims(), st.integers(0, 2**33))
def test_a_pass_counts_exactly_within_its_span(given_claims: PassClaims, now_s: int) -> None:
    text = mint(given_claims, ISSUER.sign, ISSUER.kid, "Ed25519")
    verified = verify(text, TRUST, now_s=now_s, clock_tolerance_s=0)
    start, end = verified.span
    assert (verified.state is PassDetail.VALID) == (start <= now_s < end)
