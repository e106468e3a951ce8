"""What is sealed at a gate opens with the hub's key, for what it was sealed, and nowhere else."""

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyhpke import AEADId, CipherSuite, KDFId, KEMId, KEMKey

from gated.errors import StoreError
from gated.store import sealed_box
from gated.store.sealed_box import open_sealed, public_of, seal_to

PRIVATE = bytes(range(32))
PUBLIC = public_of(PRIVATE)
CONTEXT = sealed_box.registration_context("east-in")
SUITE = CipherSuite.new(KEMId.DHKEM_X25519_HKDF_SHA256, KDFId.HKDF_SHA256, AEADId.CHACHA20_POLY1305)


def pem_of(kind: str) -> KEMKey:
    """The same key as the second library takes it."""
    jwk = {"kty": "OKP", "crv": "X25519", "x": _text(PUBLIC)}
    return KEMKey.from_jwk(jwk | ({"d": _text(PRIVATE)} if kind == "private" else {}))


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@given(st.binary(max_size=2000), st.binary(max_size=80))
def test_everything_sealed_opens_again(plain: bytes, context: bytes) -> None:
    sealed = seal_to(PUBLIC, plain, context)
    assert len(sealed) == len(plain) + 32 + 16  # the encapsulated key and the tag
    assert open_sealed(PRIVATE, sealed, context) == plain


def test_the_same_words_are_sealed_differently_every_time() -> None:
    assert seal_to(PUBLIC, b"the same", CONTEXT) != seal_to(PUBLIC, b"the same", CONTEXT)


def test_a_second_implementation_opens_what_we_seal() -> None:
    sealed = seal_to(PUBLIC, b"words", CONTEXT)
    opener = SUITE.create_recipient_context(sealed[:32], pem_of("private"), info=CONTEXT)
    assert opener.open(sealed[32:]) == b"words"


def test_we_open_what_a_second_implementation_seals() -> None:
    encapsulated, sealer = SUITE.create_sender_context(pem_of("public"), info=CONTEXT)
    assert open_sealed(PRIVATE, encapsulated + sealer.seal(b"words"), CONTEXT) == b"words"


def test_the_public_half_is_that_of_rfc_7748() -> None:
    """Bob's keys of RFC 7748, section 6.1."""
    private = "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"
    public = "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"
    assert public_of(bytes.fromhex(private)).hex() == public


@pytest.mark.parametrize(
    "sealed",
    [b"", b"x", bytes(47), bytes(48), bytes(200)],
    ids=["empty", "one", "short", "bare", "zeros"],
)
def test_rubbish_is_refused_with_a_sentence(sealed: bytes) -> None:
    with pytest.raises(StoreError, match=r"seal\.pub"):
        open_sealed(PRIVATE, sealed, CONTEXT)


@settings(max_examples=40)
@given(st.data())
def test_one_changed_byte_closes_the_box(data: st.DataObject) -> None:
    sealed = bytearray(seal_to(PUBLIC, b"a registration", CONTEXT))
    # the top bit of the encapsulated key is not part of it (RFC 7748), so it may differ
    place = data.draw(st.integers(0, len(sealed) - 1).filter(lambda at: at != 31))
    sealed[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(StoreError):
        open_sealed(PRIVATE, bytes(sealed), CONTEXT)


@pytest.mark.parametrize(
    "context",
    [
        sealed_box.registration_context("east-out"),
        sealed_box.anomaly_context("east-in"),
        b"",
    ],
    ids=["another gate", "another kind", "none"],
)
def test_a_box_opens_only_for_what_it_was_sealed(context: bytes) -> None:
    with pytest.raises(StoreError):
        open_sealed(PRIVATE, seal_to(PUBLIC, b"words", CONTEXT), context)


def test_another_key_does_not_open_it() -> None:
    with pytest.raises(StoreError):
        open_sealed(bytes(32), seal_to(PUBLIC, b"words", CONTEXT), CONTEXT)


@pytest.mark.parametrize("public", [b"", bytes(31), bytes(33), bytes(32)])
def test_what_is_no_public_key_seals_nothing(public: bytes) -> None:
    with pytest.raises(ValueError):
        seal_to(public, b"words", CONTEXT)


def test_every_kind_of_box_and_every_gate_has_a_context_of_its_own() -> None:
    kinds = [make for name, make in vars(sealed_box).items() if name.endswith("_context")]
    contexts = {make(gate) for make in kinds for gate in ("east-in", "east-out")}
    assert (len(kinds), len(contexts)) == (5, 10)
