"""A second opinion: the `cwt` package reads what we mint, and we read what it signs."""

from dataclasses import replace
from typing import Any

import cbor2
import cwt
import numpy as np
import pytest
import segno
import zxingcpp
from cryptography.hazmat.primitives import serialization
from hypothesis import given
from hypothesis import strategies as st

from gated.core import base45
from gated.core.passes import PassRefused, mint, verify
from tests.support.passes import (
    FULL,
    ISSUER,
    NOW_S,
    P256_ISSUER,
    TRUST,
    Signer,
    as_text,
    payload_map,
)

SIGNERS = [ISSUER, P256_ISSUER]
NAMES = ["Ed25519", "ES256"]
OLDER = {"Ed25519": ("EdDSA", -8), "ES256": ("ES256", -7)}
NEWER = {"Ed25519": ("Ed25519", -19), "ES256": ("ESP256", -9)}


def cwt_key(signer: Signer, name: str) -> Any:
    """The private key as cwt takes it, under an algorithm name of its own."""
    pem = signer.private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return cwt.COSEKey.from_pem(pem, alg=name, kid=signer.kid)


def signed_by_cwt(payload: bytes, signer: Signer, name: str, label: int) -> str:
    made = cwt.COSE.new().encode_and_sign(
        payload, cwt_key(signer, name), protected={1: label, 4: signer.kid}
    )
    assert isinstance(made, bytes)
    return as_text(made)


def bare(text: str) -> bytes:
    return base45.decode(text.removeprefix("GP1:"))


@pytest.mark.parametrize("names", [OLDER, NEWER], ids=["older", "newer"])
@pytest.mark.parametrize("signer", SIGNERS, ids=NAMES)
def test_cwt_signs_a_pass_that_we_believe(
    signer: Signer, names: dict[str, tuple[str, int]]
) -> None:
    payload = cbor2.dumps(payload_map(), canonical=True)
    text = signed_by_cwt(payload, signer, *names[signer.algorithm])
    assert verify(text, TRUST, now_s=NOW_S).claims == replace(FULL, kid=signer.kid)


@pytest.mark.parametrize("signer", SIGNERS, ids=NAMES)
def test_cwt_believes_a_pass_that_we_sign(signer: Signer) -> None:
    text = mint(FULL, signer.sign, signer.kid, signer.algorithm)
    key = cwt_key(signer, NEWER[signer.algorithm][0])
    assert cbor2.loads(cwt.COSE.new().decode(bare(text), key)) == payload_map()


@pytest.mark.parametrize("signer", SIGNERS, ids=NAMES)
def test_cwt_refuses_our_pass_with_one_bit_flipped(signer: Signer) -> None:
    data = bytearray(bare(mint(FULL, signer.sign, signer.kid, signer.algorithm)))
    data[-100] ^= 1
    with pytest.raises(cwt.exceptions.VerifyError):
        cwt.COSE.new().decode(bytes(data), cwt_key(signer, NEWER[signer.algorithm][0]))


@given(st.binary(max_size=60), st.sampled_from(SIGNERS))
def test_what_cwt_signs_is_judged_by_its_claims_alone(payload: bytes, signer: Signer) -> None:
    with pytest.raises(PassRefused) as refused:
        verify(signed_by_cwt(payload, signer, *OLDER[signer.algorithm]), TRUST, now_s=NOW_S)
    assert refused.value.code == "CRED_UNREADABLE"


def test_a_full_pass_is_a_version_8_code_that_a_decoder_reads() -> None:
    text = mint(FULL, ISSUER.sign, ISSUER.kid, "Ed25519")
    code = segno.make(text, error="m", mode="alphanumeric", micro=False, boost_error=False)
    assert code.designator == "8-M"
    modules = np.array([list(row) for row in code.matrix_iter(scale=4, border=4)], np.uint8)
    picture = (1 - modules) * 255
    assert [found.text for found in zxingcpp.read_barcodes(picture)] == [text]
