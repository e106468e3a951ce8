"""What only the hub can read: sealed to its public key at a gate, opened with its private one.

HPKE (RFC 9180, base mode) with X25519, HKDF-SHA256 and ChaCha20-Poly1305. sealed = encapsulated
key (32 bytes) + ciphertext + tag (16 bytes). The context says what it is and for whom, so that a
box of one kind or gate never opens as another. Who sealed it is not proved: the gate's journal
and its certificate say that.
"""

from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from gated.errors import StoreError

KEY_BYTES: Final = 32

_SUITE: Final = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)


def registration_context(gate: str) -> bytes:
    """Return the context of a registration that this gate seals."""
    return b"gated registration" + gate.encode("ascii")


def anomaly_context(gate: str) -> bytes:
    """Return the context of a guard's free words that this gate seals."""
    return b"gated anomaly" + gate.encode("ascii")


def note_context(gate: str) -> bytes:
    """Return the context of a note that this gate seals."""
    return b"gated note" + gate.encode("ascii")


def paper_context(gate: str) -> bytes:
    """Return the context of a line of the paper ledger that this gate seals."""
    return b"gated paper" + gate.encode("ascii")


def order_context(gate: str) -> bytes:
    """Return the context of the words beside a manual pass or refusal that this gate seals."""
    return b"gated order" + gate.encode("ascii")


def public_of(private: bytes) -> bytes:
    """Return the public half (32 bytes) of a private key. Raises ValueError for another length."""
    return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


def seal_to(public: bytes, plain: bytes, context: bytes) -> bytes:
    """Return plain so that only the owner of the private key reads it; different every time.

    Raises ValueError for a public key that is none.
    """
    return _SUITE.encrypt(plain, X25519PublicKey.from_public_bytes(public), info=context)


def open_sealed(private: bytes, sealed: bytes, context: bytes) -> bytes:
    """Return what was sealed. StoreError when key, context or bytes are not those of `seal_to`."""
    key = X25519PrivateKey.from_private_bytes(private)
    try:
        return _SUITE.decrypt(sealed, key, info=context)
    except (InvalidTag, ValueError) as error:
        raise StoreError(
            "cannot open what a gate sealed to the hub: it was sealed to another key or altered;"
            " compare seal.pub at that gate with the hub's seal.key"
        ) from error
