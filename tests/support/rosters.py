"""Keys, signers and invented lists for tests of roster distribution."""

from functools import cache

from cryptography.hazmat.primitives.asymmetric import ed25519

from gated.core.model import Category
from gated.core.trust import TrustedKey, TrustTable, key_id
from gated.store.keys import SigningKey, SiteKeys
from gated.store.roster_build import RosterRow

KEYS = SiteKeys(b"\x01" * 32, b"\x02" * 32)
MADE_MS = 1_760_000_000_000


@cache
def signer(name: str = "hub") -> SigningKey:
    """A signing key that is the same for the same name."""
    private = ed25519.Ed25519PrivateKey.from_private_bytes(name.encode().ljust(32, b"-"))
    public = private.public_key().public_bytes_raw()
    return SigningKey(key_id(public), "Ed25519", public, private.sign)


def trust(*names: str) -> TrustTable:
    """A table that believes these signers for rosters."""
    keys = [signer(name) for name in names]
    return TrustTable(
        tuple(TrustedKey(k.kid, frozenset({"roster"}), "Ed25519", k.public) for k in keys)
    )


def people(count: int) -> list[RosterRow]:
    """Invented people without ID numbers: known by room and name."""
    return [
        RosterRow(Category.RESIDENT, name=f"张{number}", building="3", unit="2", room=str(number))
        for number in range(count)
    ]
