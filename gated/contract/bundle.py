"""A signed roster on offer: the manifest, and the list of chunk hashes it commits to.

    {"v":1,"roster":ID,"rev":R,"line":N,"floor":F,"made":MS,"not_after":MS,
     "snap":{"sha":HEX,"size":N,"raw_sha":HEX,"raw_size":N,"codec":"zlib","chunk":65536,"n":N,
             "chunks_sha":HEX,"rows":N,"schema":N,"rev":R},
     "delta":{"start":R,"ops":N,"sha":HEX,"data":TEXT},
     "kid":HEX,"sig":HEX}

sha, size: the object as it travels, compressed; raw_sha, raw_size: the SQLite file itself.
chunks_sha: SHA-256 of the chunk hashes in order, 32 bytes each, so one bad chunk is found and
asked for again. snap.rev: the revision the object holds, left out when it is the manifest's own.
delta: left out, or everything that leads from any revision since delta.start to rev (see
delta.py); delta.start is at most snap.rev, and left out when it is that. line: generation of the
hub's database; revisions of two lines may disagree on what a number stands for, so a delta never
leads from one line to another. sig: raw signature over the canonical JSON of everything but sig.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gated.contract.delta import Delta, unpack_changes
from gated.contract.messages import TAG_BYTES, Counter, Message, Sha256Hex, json_object
from gated.core.canonical import canonical
from gated.core.trust import TrustTable
from gated.errors import BundleRejected, ContractError

CHUNK_BYTES: Final = 65536  # kind to slow links, 150 MB/s on a fast one
CHUNKS_MAX = 16_384  # 1 GiB compressed: a hundred times a million people
RAW_LIMIT_BYTES = 2 * 1024**3
SCHEMA = 1
HASH_BYTES = 32
USE = "roster"


class Snapshot(BaseModel):
    """The object a manifest offers."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")

    sha: Sha256Hex
    size: Annotated[int, Field(ge=1, le=CHUNKS_MAX * CHUNK_BYTES)]
    raw_sha: Sha256Hex
    raw_size: Annotated[int, Field(ge=1, le=RAW_LIMIT_BYTES)]
    codec: Literal["zlib"] = "zlib"
    chunk: Literal[65536] = CHUNK_BYTES
    n: Annotated[int, Field(ge=1, le=CHUNKS_MAX)]
    chunks_sha: Sha256Hex
    rows: Counter
    schema_number: Annotated[int, Field(ge=1, alias="schema")] = SCHEMA
    rev: Annotated[int, Field(ge=1, lt=2**63)] | None = None

    @property
    def tag(self) -> bytes:
        """First half of the object's hash: how chunks name it."""
        return bytes.fromhex(self.sha)[:TAG_BYTES]


class Manifest(Message):
    """One signed offer of a roster."""

    roster: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,32}$")]
    rev: Annotated[int, Field(ge=1, lt=2**63)]
    line: Annotated[int, Field(ge=1, lt=2**63)] | None = None
    floor: Counter = 0
    made: Counter
    not_after: Counter
    snap: Snapshot
    delta: Delta | None = None
    kid: Annotated[str, Field(pattern=r"^[0-9a-f]{8}$")]
    sig: Annotated[str, Field(pattern=r"^([0-9a-f]{2}){0,72}$")] = ""

    @property
    def snap_rev(self) -> int:
        """The revision whose content the snapshot is."""
        return self.rev if self.snap.rev is None else self.snap.rev

    @property
    def start(self) -> int:
        """The first revision the delta leads on from; the manifest's own without a delta."""
        if self.delta is None:
            return self.rev
        return self.snap_rev if self.delta.start is None else self.delta.start

    def signed_bytes(self) -> bytes:
        """Return the canonical bytes the signature covers."""
        return canonical(self.model_dump(by_alias=True, exclude={"sig"}, exclude_none=True))

    def encode(self) -> bytes:
        """Return the manifest as it is stored and published."""
        return canonical(self.model_dump(by_alias=True, exclude_none=True))


@dataclass(frozen=True, slots=True)
class Holding:
    """What a gate has when a manifest arrives.

    rev, kid: the list it serves and who signed it, 0 and "" for none. line: the line of that
    list, 0 when no delta may lead on from it. ratchet: highest revision ever installed under
    each key. now_ms: UTC, None when the clock is not to be believed.
    """

    roster: str
    rev: int = 0
    kid: str = ""
    ratchet: Mapping[str, int] = field(default_factory=dict)
    now_ms: int | None = None
    line: int = 0


def sign_manifest(manifest: Manifest, sign: Callable[[bytes], bytes]) -> Manifest:
    """Return the manifest carrying a signature over its canonical bytes."""
    return manifest.model_copy(update={"sig": sign(manifest.signed_bytes()).hex()})


def verify_manifest(payload: bytes, trust: TrustTable, holding: Holding) -> Manifest:
    """Return the manifest when a trusted key signed it and it is newer than what is held.

    Raises BundleRejected with one of the codes: malformed, unknown_key, key_not_valid,
    bad_signature, wrong_roster, not_newer, below_floor, expired, bad_size, bad_delta. The
    signature is checked before anything else is believed. not_newer is the usual case at every
    reconnect.
    """
    manifest = _parsed(payload)
    _check_signature(manifest, payload, trust, holding.now_ms)
    if manifest.roster != holding.roster:
        raise BundleRejected("wrong_roster", f"offered {manifest.roster}, ours is {holding.roster}")
    if manifest.rev < manifest.floor:
        raise BundleRejected("below_floor", f"rev {manifest.rev} below floor {manifest.floor}")
    if manifest.rev <= (held := _held_rev(holding, manifest.kid, trust)):
        raise BundleRejected("not_newer", f"rev {manifest.rev}, this gate has {held}")
    if holding.now_ms is not None and manifest.not_after <= holding.now_ms:
        raise BundleRejected("expired", f"rev {manifest.rev} was good until {manifest.not_after}")
    if chunk_count(manifest.snap.size) != manifest.snap.n:
        raise BundleRejected("bad_size", "the number of chunks does not fit the size")
    _check_delta(manifest)
    return manifest


def leads_on(manifest: Manifest, holding: Holding) -> bool:
    """Return whether the manifest's delta alone leads from what is held to its revision.

    manifest: a verified one. Only content of the same line and signer counts: a list imported at
    the gate, and one whose signer was replaced, gives way to a whole snapshot.
    """
    same_line = manifest.line is not None and manifest.line == holding.line
    if manifest.delta is None or not same_line or manifest.kid != holding.kid:
        return False
    return manifest.start <= holding.rev < manifest.rev


def _check_delta(manifest: Manifest) -> None:
    """Refuse a manifest whose snapshot and delta do not end at its revision."""
    if not manifest.start <= manifest.snap_rev <= manifest.rev:
        raise BundleRejected("bad_delta", "nothing leads from the snapshot to this revision")
    if manifest.delta is not None:
        if manifest.line is None or manifest.start == manifest.rev:
            raise BundleRejected("bad_delta", "the changes lead from nowhere to this revision")
        unpack_changes(manifest.delta)


def _held_rev(holding: Holding, kid: str, trust: TrustTable) -> int:
    """Return what a new list must exceed.

    The list being served counts only while its signer is trusted: a local import never hides the
    hub's lists, and a stolen key's far-away revision is undone by revoking the key.
    """
    ratchet = holding.ratchet.get(kid, 0)
    signers = {key.kid.hex() for key in trust.keys if USE in key.uses}
    return max(ratchet, holding.rev) if holding.kid in signers else ratchet


def chunk_count(size: int) -> int:
    """Return how many chunks an object of this size has."""
    return -(-size // CHUNK_BYTES)


def hash_list(blob: bytes) -> bytes:
    """Return the list of chunk hashes of an object: 32 bytes per chunk."""
    return b"".join(
        hashlib.sha256(blob[start : start + CHUNK_BYTES]).digest()
        for start in range(0, len(blob), CHUNK_BYTES)
    )


def _parsed(payload: bytes) -> Manifest:
    try:
        return Manifest.model_validate(json_object(payload))
    except (ContractError, ValidationError) as error:
        raise BundleRejected("malformed", "this is no manifest of version 1") from error


def _check_signature(
    manifest: Manifest, payload: bytes, trust: TrustTable, now_ms: int | None
) -> None:
    key = trust.find(bytes.fromhex(manifest.kid), USE)
    if key is None:
        raise BundleRejected("unknown_key", f"no trusted key {manifest.kid} may sign rosters")
    if now_ms is not None and (key.ended(now_ms // 1000) or not key.begun(now_ms // 1000)):
        raise BundleRejected("key_not_valid", f"key {manifest.kid} is not valid now")
    if not key.verify(bytes.fromhex(manifest.sig), _signed_part(payload)):
        raise BundleRejected("bad_signature", f"key {manifest.kid} did not sign this")


def _signed_part(payload: bytes) -> bytes:
    """Return what was signed, as sent: a later version's extra fields are signed too."""
    value = json_object(payload)
    value.pop("sig", None)
    try:
        return canonical(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise BundleRejected("malformed", "a value has no canonical spelling") from error
