"""Passes for tests, assembled with plain cbor2 and cryptography: our encoder judges nothing."""

from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gated.core import base45
from gated.core.cose import Algorithm
from gated.core.passes import PassClaims
from gated.core.trust import TrustedKey, TrustTable

NOW_S = 1_795_000_000
DAY_S = 86_400
LABEL: dict[str, int] = {"Ed25519": -19, "ES256": -9}


@dataclass(frozen=True)
class Signer:
    """A key pair that is the same in every run."""

    algorithm: Algorithm
    private: Any

    @property
    def public(self) -> bytes:
        if self.algorithm == "Ed25519":
            raw: bytes = self.private.public_key().public_bytes_raw()
            return raw
        point: bytes = self.private.public_key().public_bytes(
            Encoding.X962, PublicFormat.UncompressedPoint
        )
        return point

    @property
    def kid(self) -> bytes:
        return sha256(self.public).digest()[:4]

    def sign(self, message: bytes) -> bytes:
        if self.algorithm == "Ed25519":
            raw: bytes = self.private.sign(message)
            return raw
        r, s = decode_dss_signature(self.private.sign(message, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def trusted(self, **changes: Any) -> TrustedKey:
        row = TrustedKey(self.kid, frozenset({"pass"}), self.algorithm, self.public)
        return replace(row, issuer="north", **changes)


ISSUER = Signer("Ed25519", ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
STRANGER = Signer("Ed25519", ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32)))
P256_ISSUER = Signer("ES256", ec.derive_private_key(0x1234567, ec.SECP256R1()))
TRUST = TrustTable((ISSUER.trusted(), P256_ISSUER.trusted()))
FULL = PassClaims(
    pass_id=bytes.fromhex("a310d136d958a743"),
    person=bytes.fromhex("0011223344556677"),
    issued_at=NOW_S - 60,
    not_before=NOW_S - 60,
    expires=NOW_S + 30 * DAY_S,
    zones=(1, 2),
    directions=3,
    trip=(NOW_S - 60, NOW_S + 3600),
)


def payload_map(**changes: Any) -> dict[int, Any]:
    """The claims of FULL as the table of the format draws them; names change or drop entries."""
    gate = {1: FULL.person, 2: [1, 2], 3: 3, 4: [NOW_S - 60, NOW_S + 3600]}
    gate |= {int(name[1:]): value for name, value in changes.items() if name.startswith("g")}
    found: dict[int, Any] = {
        4: FULL.expires,
        5: FULL.not_before,
        6: FULL.issued_at,
        7: FULL.pass_id,
        -65537: {label: value for label, value in gate.items() if value is not ...},
    }
    found |= {int(name[1:]): value for name, value in changes.items() if name.startswith("c")}
    return {label: value for label, value in found.items() if value is not ...}


def signed_bytes(
    payload: bytes | dict[int, Any],
    *,
    signer: Signer = ISSUER,
    header: bytes | None = None,
    unprotected: dict[Any, Any] | None = None,
    signature: bytes | None = None,
    tag: int = 18,
) -> bytes:
    """A tagged COSE_Sign1 with a true signature over whatever is given."""
    body = payload if isinstance(payload, bytes) else cbor2.dumps(payload, canonical=True)
    if header is None:
        header = cbor2.dumps({1: LABEL[signer.algorithm], 4: signer.kid})
    over = cbor2.dumps(["Signature1", header, b"", body])
    if signature is None:
        signature = signer.sign(over)
    return cbor2.dumps(cbor2.CBORTag(tag, [header, unprotected or {}, body, signature]))


def as_text(data: bytes) -> str:
    return "GP1:" + base45.encode(data)


def signed_text(payload: bytes | dict[int, Any], **how: Any) -> str:
    return as_text(signed_bytes(payload, **how))
