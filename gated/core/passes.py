"""The pass: who is believed, in which order, and why not.

    text      "GP1:" + base45(COSE_Sign1), QR alphanumeric characters only, at most 600
    protected {1: algorithm, 4: key id (4 bytes)}, exactly; unprotected {}
    payload   the claims of pass_claims.py

`verify` goes step by step and each step can only refuse: 1 text, 2 base45, 3 CBOR, 4 header,
5 key, 6 signature, 7 claims and times, 8 zone, direction, trip. What cannot be believed raises
PassRefused. A believed pass that does not count here and now is returned, with its objections:
the gate resolves the person and lets policy speak; the command line takes the first objection.
Revocation, replay and the roster are the caller's: a pass is known by its id, never by its text
(an ES256 signature can be altered into another valid one).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from gated.core import base45, cose
from gated.core.cose import Algorithm, CoseError, Fault, Sign1
from gated.core.model import CredentialState, Direction
from gated.core.pass_claims import HolderKey, PassClaims, decode_claims, encode_claims
from gated.core.reasons import Code
from gated.core.trust import TrustedKey, TrustTable

__all__ = [
    "HolderKey",
    "PassClaims",
    "PassDetail",
    "PassRefused",
    "Verified",
    "claimed",
    "mint",
    "refused_state",
    "verify",
]

PREFIX: Final = "GP1:"
TEXT_MAX: Final = 600
"""A pass with every claim at its longest has 415 characters; a QR code could hold 4,296."""
LIFE_MAX_S: Final = 400 * 86_400
"""Resident passes are renewed once a year, with a month to do it in."""
CLOCK_TOLERANCE_S: Final = 120
"""Two minutes, for a gate whose clock is held over and an issuer whose clock is a phone's."""
DIRECTION_BIT: Final = {Direction.IN: 1, Direction.OUT: 2}


class PassDetail(StrEnum):
    """Exactly why; the documented list behind `detail`. REASON_OF gives each its reason code."""

    VALID = "valid"
    TIME_UNKNOWN = "time_unknown"  # the clock is unsure, everything else holds
    TOO_LONG = "too_long"
    BAD_CHARACTERS = "bad_characters"  # outside the QR alphanumeric set, lower case for example
    UNKNOWN_PREFIX = "unknown_prefix"  # a code, but not ours
    MALFORMED_BASE45 = "malformed_base45"
    MALFORMED_CBOR = "malformed_cbor"
    TRAILING_BYTES = "trailing_bytes"
    DUPLICATE_KEY = "duplicate_key"
    WRONG_TAG = "wrong_tag"  # not tag 18 around the whole, or a tag inside
    WRONG_SHAPE = "wrong_shape"  # tag 18, but not the four parts: unsigned, for example
    BAD_HEADER = "bad_header"  # a protected label too many or too few, or an unprotected one
    ALGORITHM_MISMATCH = "algorithm_mismatch"  # missing, unknown, or not the table's for this key
    UNKNOWN_KEY = "unknown_key"
    KEY_NOT_YET = "key_not_yet"
    KEY_EXPIRED = "key_expired"
    WRONG_ISSUER = "wrong_issuer"
    BAD_SIGNATURE = "bad_signature"
    BAD_CLAIM = "bad_claim"  # missing, unknown, or of a wrong type or range
    LIFE_TOO_LONG = "life_too_long"
    NOT_YET = "not_yet"
    EXPIRED = "expired"
    WRONG_ZONE = "wrong_zone"
    WRONG_DIRECTION = "wrong_direction"
    OUTSIDE_TRIP = "outside_trip"
    STALE_STEP = "stale_step"  # kept for the rotating layer, never given by `verify`


REASON_OF: Final[dict[PassDetail, str]] = {
    PassDetail.VALID: "OK",
    PassDetail.TIME_UNKNOWN: Code.TIME_UNKNOWN,
    PassDetail.TOO_LONG: Code.CRED_UNREADABLE,
    PassDetail.BAD_CHARACTERS: Code.CRED_UNREADABLE,
    PassDetail.UNKNOWN_PREFIX: Code.CRED_UNREADABLE,
    PassDetail.MALFORMED_BASE45: Code.CRED_UNREADABLE,
    PassDetail.MALFORMED_CBOR: Code.CRED_UNREADABLE,
    PassDetail.TRAILING_BYTES: Code.CRED_UNREADABLE,
    PassDetail.DUPLICATE_KEY: Code.CRED_UNREADABLE,
    PassDetail.WRONG_TAG: Code.CRED_BAD_SIGNATURE,
    PassDetail.WRONG_SHAPE: Code.CRED_BAD_SIGNATURE,
    PassDetail.BAD_HEADER: Code.CRED_BAD_SIGNATURE,
    PassDetail.ALGORITHM_MISMATCH: Code.CRED_BAD_SIGNATURE,
    PassDetail.UNKNOWN_KEY: Code.CRED_UNKNOWN_KEY,
    PassDetail.KEY_NOT_YET: Code.CRED_UNKNOWN_KEY,
    PassDetail.KEY_EXPIRED: Code.CRED_UNKNOWN_KEY,
    PassDetail.WRONG_ISSUER: Code.CRED_WRONG_SITE,
    PassDetail.BAD_SIGNATURE: Code.CRED_BAD_SIGNATURE,
    PassDetail.BAD_CLAIM: Code.CRED_UNREADABLE,
    PassDetail.LIFE_TOO_LONG: Code.CRED_UNREADABLE,
    PassDetail.NOT_YET: Code.CRED_NOT_YET,
    PassDetail.EXPIRED: Code.CRED_EXPIRED,
    PassDetail.WRONG_ZONE: Code.CRED_WRONG_SITE,
    PassDetail.WRONG_DIRECTION: Code.CRED_WRONG_SITE,
    PassDetail.OUTSIDE_TRIP: Code.TIME_WINDOW,
    PassDetail.STALE_STEP: Code.CRED_EXPIRED,
}
"""The reason code of gate-domain for every detail. A signed pass that breaks the format is the
issuer's mistake, never the person's: unreadable (CHECK), not forged (STOP)."""

_STATE_OF_REASON: Final[dict[str, CredentialState]] = {
    Code.CRED_UNREADABLE: CredentialState.UNREADABLE,
    Code.CRED_BAD_SIGNATURE: CredentialState.BAD_SIGNATURE,
    Code.CRED_UNKNOWN_KEY: CredentialState.UNKNOWN_KEY,
    Code.CRED_WRONG_SITE: CredentialState.WRONG_SITE,
}

_DETAIL_OF_FAULT: Final = {
    Fault.MALFORMED: PassDetail.MALFORMED_CBOR,
    Fault.TRAILING: PassDetail.TRAILING_BYTES,
    Fault.DUPLICATE_KEY: PassDetail.DUPLICATE_KEY,
    Fault.TAG: PassDetail.WRONG_TAG,
    Fault.TYPE: PassDetail.WRONG_SHAPE,
    Fault.SHAPE: PassDetail.WRONG_SHAPE,
}


class PassRefused(ValueError):
    """The text cannot be believed. `code` is the reason code, `detail` exactly why.

    Examples: not a pass at all, one bit wrong, a key nobody here knows, a float as a time.
    """

    def __init__(self, detail: PassDetail) -> None:
        super().__init__(f"{REASON_OF[detail]}: {detail}")
        self.detail = detail
        self.code = REASON_OF[detail]


@dataclass(frozen=True, slots=True)
class Verified:
    """Claims whose signature holds, and what stands against them here and now.

    objections: in the order of the steps. state: VALID, TIME_UNKNOWN, or the first objection.
    issuer: as the trust table names it.
    """

    claims: PassClaims
    issuer: str
    objections: tuple[PassDetail, ...]
    clock_trusted: bool

    @property
    def state(self) -> PassDetail:
        """The complete verdict: the first objection, else TIME_UNKNOWN, else VALID."""
        if self.objections:
            return self.objections[0]
        return PassDetail.VALID if self.clock_trusted else PassDetail.TIME_UNKNOWN

    @property
    def code(self) -> str:
        """The reason code of `state`; "OK" when nothing stands against the pass."""
        return REASON_OF[self.state]

    @property
    def span(self) -> tuple[int, int]:
        """From (included) and to (excluded) in Unix seconds: validity and trip window together."""
        claims = self.claims
        if claims.trip is None:
            return claims.not_before, claims.expires
        return max(claims.not_before, claims.trip[0]), min(claims.expires, claims.trip[1])

    @property
    def credential_state(self) -> CredentialState:
        """ACTIVE unless the pass is for other lanes; times are left to the policy."""
        for objection in self.objections:
            if REASON_OF[objection] in _STATE_OF_REASON:
                return _STATE_OF_REASON[REASON_OF[objection]]
        return CredentialState.ACTIVE


def refused_state(refused: PassRefused) -> CredentialState:
    """Return the credential state that policy knows for a refused pass."""
    return _STATE_OF_REASON[refused.code]


def mint(
    claims: PassClaims, sign: Callable[[bytes], bytes], kid: bytes, algorithm: Algorithm
) -> str:
    """Return the text of a pass. Raises ValueError naming the claim that `verify` would refuse.

    sign: returns 64 raw bytes over what it is given. claims.kid is not used.
    """
    payload = encode_claims(claims)
    decode_claims(payload)
    return PREFIX + base45.encode(cose.sign1(payload, kid, algorithm, sign))


def claimed(text: str) -> PassClaims:
    """Return what text says of itself. Nobody has checked who signed it. Raises PassRefused."""
    message = _unwrap(text)
    kid, _ = _header(message)
    return _claims(message.payload, kid)


def verify(
    text: str,
    trust: TrustTable,
    *,
    now_s: int | None,
    zone: int | None = None,
    direction: Direction | None = None,
    site_issuer: str | None = None,
    life_max_s: int = LIFE_MAX_S,
    clock_tolerance_s: int = CLOCK_TOLERANCE_S,
) -> Verified:
    """Return the believed claims with their objections. Raises PassRefused.

    now_s: Unix seconds, None when the clock is unsure: then no time is judged, neither the
    pass's nor its key's. zone, direction, site_issuer: what this gate is; None is not compared.
    Pure, about 0.2 ms. Revocation, replay and the roster are the caller's.
    """
    message = _unwrap(text)
    kid, algorithm = _header(message)
    key = trust.find(kid, "pass")
    if key is None:
        raise PassRefused(PassDetail.UNKNOWN_KEY)
    if algorithm != key.algorithm:
        raise PassRefused(PassDetail.ALGORITHM_MISMATCH)
    _require_key_allowed(key, now_s, clock_tolerance_s, zone=zone, site_issuer=site_issuer)
    if not key.verify(message.signature, message.signed_bytes()):
        raise PassRefused(PassDetail.BAD_SIGNATURE)
    claims = _claims(message.payload, kid)
    if claims.expires - claims.not_before > life_max_s:
        raise PassRefused(PassDetail.LIFE_TOO_LONG)
    objections = (
        *_time_objections(claims, now_s, clock_tolerance_s),
        *_place_objections(claims, zone, direction),
        *_trip_objections(claims, now_s, clock_tolerance_s),
    )
    return Verified(claims, key.issuer, objections, clock_trusted=now_s is not None)


def _unwrap(text: str) -> Sign1:
    """Steps 1 to 3: text, base45, CBOR."""
    if len(text) > TEXT_MAX:
        raise PassRefused(PassDetail.TOO_LONG)
    if not set(text) <= set(base45.ALPHABET):
        raise PassRefused(PassDetail.BAD_CHARACTERS)
    if not text.startswith(PREFIX):
        raise PassRefused(PassDetail.UNKNOWN_PREFIX)
    try:
        data = base45.decode(text.removeprefix(PREFIX))
    except ValueError as error:
        raise PassRefused(PassDetail.MALFORMED_BASE45) from error
    try:
        return cose.parse_sign1(data)
    except CoseError as error:
        raise PassRefused(_DETAIL_OF_FAULT[error.fault]) from error


def _header(message: Sign1) -> tuple[bytes, Algorithm]:
    """Step 4: key id and algorithm, from the protected header alone."""
    label = message.header.get(cose.HEADER_ALGORITHM)
    algorithm = cose.ALGORITHM_OF_LABEL.get(label) if isinstance(label, int) else None
    if algorithm is None:
        raise PassRefused(PassDetail.ALGORITHM_MISMATCH)
    kid = message.header.get(cose.HEADER_KEY_ID)
    exact = set(message.header) == {cose.HEADER_ALGORITHM, cose.HEADER_KEY_ID}
    if not isinstance(kid, bytes) or not exact or message.unprotected:
        raise PassRefused(PassDetail.BAD_HEADER)
    return kid, algorithm


def _claims(payload: bytes, kid: bytes) -> PassClaims:
    """Step 7, first half: types and ranges."""
    try:
        return replace(decode_claims(payload), kid=kid)
    except CoseError as error:
        detail = _DETAIL_OF_FAULT[error.fault]
        within = error.fault in {Fault.TAG, Fault.TYPE}
        raise PassRefused(PassDetail.BAD_CLAIM if within else detail) from error
    except ValueError as error:
        raise PassRefused(PassDetail.BAD_CLAIM) from error


def _require_key_allowed(
    key: TrustedKey,
    now_s: int | None,
    tolerance_s: int,
    *,
    zone: int | None,
    site_issuer: str | None,
) -> None:
    """Step 5, second half: the key counts now and here."""
    if now_s is not None:
        if not key.begun(now_s, tolerance_s):
            raise PassRefused(PassDetail.KEY_NOT_YET)
        if key.ended(now_s, tolerance_s):
            raise PassRefused(PassDetail.KEY_EXPIRED)
    if site_issuer is not None and key.issuer != site_issuer:
        raise PassRefused(PassDetail.WRONG_ISSUER)
    if zone is not None and not key.allows_zone(zone):
        raise PassRefused(PassDetail.WRONG_ZONE)


def _time_objections(
    claims: PassClaims, now_s: int | None, tolerance_s: int
) -> tuple[PassDetail, ...]:
    if now_s is None:
        return ()
    if now_s + tolerance_s < claims.not_before:
        return (PassDetail.NOT_YET,)
    return (PassDetail.EXPIRED,) if now_s - tolerance_s >= claims.expires else ()


def _place_objections(
    claims: PassClaims, zone: int | None, direction: Direction | None
) -> tuple[PassDetail, ...]:
    found = []
    if zone is not None and claims.zones and zone not in claims.zones:
        found.append(PassDetail.WRONG_ZONE)
    if direction is not None and not claims.directions & DIRECTION_BIT[Direction(direction)]:
        found.append(PassDetail.WRONG_DIRECTION)
    return tuple(found)


def _trip_objections(
    claims: PassClaims, now_s: int | None, tolerance_s: int
) -> tuple[PassDetail, ...]:
    if now_s is None or claims.trip is None:
        return ()
    start, end = claims.trip
    inside = now_s + tolerance_s >= start and now_s - tolerance_s < end
    return () if inside else (PassDetail.OUTSIDE_TRIP,)
