"""The trust table: whose signatures this gate believes, for what, when and where.

    {"v": 1, "keys": [{"kid": "8 hex", "use": ["roster", "pass"], "alg": "Ed25519" or "ES256",
                       "pub": "hex", "from": seconds, "to": seconds, "zones": [1, 2],
                       "issuer": "name"}]}

kid: four bytes that name the key. from (included) and to (excluded): Unix seconds, null or left
out = open. zones: empty or left out = all. Two rows may share a kid only for different uses.
A table is taken whole or not at all; every bad row is named.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, get_args

from gated.core.cose import Algorithm, check_public_key, signature_holds

VERSION: Final = 1
USES: Final = frozenset({"roster", "pass", "command"})
KID_BYTES: Final = 4
KEYS_MAX: Final = 256
"""A site has a handful of issuers; a table past this is a mistake."""
ISSUER_CHARACTERS_MAX: Final = 64
ZONE_MAX: Final = 65535
TIME_MAX_S: Final = 253_402_300_800
"""The year 10000: later instants cannot be shown as a date."""
_REQUIRED: Final = frozenset({"kid", "use", "alg", "pub"})
_OPTIONAL: Final = frozenset({"from", "to", "zones", "issuer"})


@dataclass(frozen=True, slots=True)
class TrustedKey:
    """One row: a public key and how far it is believed.

    public: 32 bytes (Ed25519) or 65 (ES256, uncompressed point). valid_from included, valid_to
    excluded, Unix seconds; None is open. zones: empty is all.
    """

    kid: bytes
    uses: frozenset[str]
    algorithm: Algorithm
    public: bytes
    valid_from: int | None = None
    valid_to: int | None = None
    zones: frozenset[int] = frozenset()
    issuer: str = ""

    def verify(self, signature: bytes, message: bytes) -> bool:
        """Return whether this key signed message. Validity, use and zone are other questions."""
        return signature_holds(self.algorithm, self.public, signature, message)

    def begun(self, now_s: int, tolerance_s: int = 0) -> bool:
        """Return whether the key's time has come."""
        return self.valid_from is None or now_s + tolerance_s >= self.valid_from

    def ended(self, now_s: int, tolerance_s: int = 0) -> bool:
        """Return whether the key's time is over."""
        return self.valid_to is not None and now_s - tolerance_s >= self.valid_to

    def allows_zone(self, zone: int) -> bool:
        """Return whether what the key signs may count in this zone."""
        return not self.zones or zone in self.zones


@dataclass(frozen=True, slots=True)
class TrustTable:
    """Every key believed here."""

    keys: tuple[TrustedKey, ...] = ()

    def find(self, kid: bytes, use: str) -> TrustedKey | None:
        """Return the key of that id for that use (`roster`, `pass` or `command`), or None."""
        return next((key for key in self.keys if key.kid == kid and use in key.uses), None)


def key_id(public: bytes) -> bytes:
    """Return the id our own keys carry: the first four bytes of SHA-256 of the public key."""
    return sha256(public).digest()[:KID_BYTES]


def parse_trust(text: str | bytes) -> TrustTable:
    """Return the table text holds. Raises ValueError with every bad row, one per line."""
    try:
        document = json.loads(text, object_pairs_hook=_object)
    except RecursionError as error:
        raise ValueError("trust table: nested too deep to be one") from error
    except ValueError as error:
        raise ValueError(f"trust table is not JSON: {error}") from error
    if not isinstance(document, dict) or set(document) != {"v", "keys"}:
        raise ValueError('trust table: expected an object with exactly "v" and "keys"')
    if document["v"] != VERSION or type(document["v"]) is not int:
        raise ValueError(f"trust table: version {document['v']!r}, this program reads {VERSION}")
    rows = document["keys"]
    if not isinstance(rows, list) or len(rows) > KEYS_MAX:
        raise ValueError(f'trust table: "keys" must be a list of at most {KEYS_MAX}')
    return TrustTable(_parse_rows(rows))


def format_trust(table: TrustTable) -> str:
    """Return the table as the text `parse_trust` takes, one key per line, ending in a newline."""
    rows = [json.dumps(trust_row(key), ensure_ascii=False) for key in table.keys]
    body = ",\n  ".join(rows)
    return f'{{"v": {VERSION}, "keys": [\n  {body}\n]}}\n' if rows else '{"v": 1, "keys": []}\n'


def trust_row(key: TrustedKey) -> dict[str, object]:
    """Return one key as a row of the file."""
    return {
        "kid": key.kid.hex(),
        "use": sorted(key.uses),
        "alg": key.algorithm,
        "pub": key.public.hex(),
        "from": key.valid_from,
        "to": key.valid_to,
        "zones": sorted(key.zones),
        "issuer": key.issuer,
    }


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("an object has the same key twice")
    return found


def _parse_rows(rows: Iterable[object]) -> tuple[TrustedKey, ...]:
    keys: list[TrustedKey] = []
    problems: list[str] = []
    taken: dict[tuple[bytes, str], int] = {}
    for index, row in enumerate(rows):
        try:
            key = _parse_row(row if isinstance(row, dict) else {})
        except ValueError as error:
            problems.append(f"trust table: keys[{index}]{_name(row)}: {error}")
            continue
        for use in sorted(key.uses):
            earlier = taken.setdefault((key.kid, use), index)
            if earlier != index:
                problems.append(
                    f"trust table: keys[{index}]{_name(row)}: kid already used for {use} "
                    f"by keys[{earlier}]"
                )
        keys.append(key)
    if problems:
        raise ValueError("\n".join(problems))
    return tuple(keys)


def _name(row: object) -> str:
    kid = row.get("kid") if isinstance(row, dict) else None
    return f" (kid {kid[:16]!a})" if isinstance(kid, str) else ""


def _parse_row(row: dict[str, object]) -> TrustedKey:
    if missing := sorted(_REQUIRED - set(row)):
        raise ValueError(f"missing {', '.join(missing)}")
    if unknown := sorted(set(row) - _REQUIRED - _OPTIONAL):
        raise ValueError(f"unknown {', '.join(unknown)}")
    kid = _hex(row["kid"], "kid")
    if len(kid) != KID_BYTES:
        raise ValueError(f"kid: {len(kid)} bytes, not {KID_BYTES}")
    algorithm = _algorithm(row["alg"])
    public = _hex(row["pub"], "pub")
    try:
        check_public_key(algorithm, public)
    except ValueError as error:
        raise ValueError(f"pub: {error}") from error
    valid_from, valid_to = _instant(row.get("from"), "from"), _instant(row.get("to"), "to")
    if valid_from is not None and valid_to is not None and valid_from >= valid_to:
        raise ValueError("from is not before to")
    return TrustedKey(
        kid=kid,
        uses=_uses(row["use"]),
        algorithm=algorithm,
        public=public,
        valid_from=valid_from,
        valid_to=valid_to,
        zones=_zones(row.get("zones", [])),
        issuer=_issuer(row.get("issuer", "")),
    )


def _algorithm(value: object) -> Algorithm:
    for algorithm in get_args(Algorithm):
        if value == algorithm:
            found: Algorithm = algorithm
            return found
    raise ValueError("alg: neither Ed25519 nor ES256")


def _hex(value: object, name: str) -> bytes:
    if not isinstance(value, str) or value != value.lower():
        raise ValueError(f"{name}: not lower-case hex digits")
    try:
        data = bytes.fromhex(value)
    except ValueError as error:
        raise ValueError(f"{name}: not lower-case hex digits") from error
    if data.hex() != value:  # fromhex skips spaces
        raise ValueError(f"{name}: not lower-case hex digits")
    return data


def _uses(value: object) -> frozenset[str]:
    if not isinstance(value, list) or not value or any(use not in sorted(USES) for use in value):
        raise ValueError(f"use: a list of {', '.join(sorted(USES))}, at least one")
    return frozenset(value)


def _zones(value: object) -> frozenset[int]:
    if not isinstance(value, list) or not all(
        type(zone) is int and 0 <= zone <= ZONE_MAX for zone in value
    ):
        raise ValueError(f"zones: a list of numbers 0 to {ZONE_MAX}")
    return frozenset(value)


def _instant(value: object, name: str) -> int | None:
    if value is None:
        return None
    if type(value) is not int or not 0 <= value < TIME_MAX_S:
        raise ValueError(f"{name}: not Unix seconds as an integer")
    return value


def _issuer(value: object) -> str:
    if (
        not isinstance(value, str)
        or len(value) > ISSUER_CHARACTERS_MAX
        or not (value == "" or value.isprintable())
    ):
        raise ValueError(f"issuer: a printable name of at most {ISSUER_CHARACTERS_MAX} characters")
    return value
