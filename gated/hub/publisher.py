"""Turns a list of people into a signed bundle the gates can fetch.

    rows -> generation file -> zlib -> chunks of 64 KiB -> manifest -> signature -> store

A running hub sees the new revision within half a second and offers it. Revisions only rise; to
undo a list, publish the old content again under a new revision.
"""

import hashlib
import tempfile
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from gated.contract.bundle import (
    CHUNK_BYTES,
    CHUNKS_MAX,
    Manifest,
    Snapshot,
    chunk_count,
    hash_list,
    sign_manifest,
)
from gated.contract.messages import LIST_INDEX
from gated.errors import GatedError
from gated.hub.store import HubStore, StoredBundle
from gated.store.roster_build import RosterInfo, RosterRow, build
from gated.store.sealing import RosterKeys

GOOD_FOR_MS = 30 * 24 * 3_600_000  # a gate that hears nothing for a month says so


class ListTooLarge(GatedError, ValueError):
    """The compressed list has more chunks than a manifest may announce."""


class Signer(Protocol):
    """A signing key in use: its id and its signature."""

    @property
    def kid(self) -> bytes:
        """Four bytes naming the key."""

    @property
    def sign(self) -> Callable[[bytes], bytes]:
        """Return the raw signature over bytes."""


@dataclass(frozen=True, slots=True)
class Published:
    """A revision the hub offers now."""

    rev: int
    persons: int
    credentials: int
    size: int
    chunks: int


def publish_roster(
    store: HubStore,
    rows: Iterable[RosterRow],
    keys: RosterKeys,
    signer: Signer,
    *,
    roster: str,
    site: str,
    made_utc_ms: int,
    good_for_ms: int = GOOD_FOR_MS,
) -> Published:
    """The list is stored, signed, under the next revision; a running hub offers it by itself.

    Blocks for about 50 µs a person. Raises StoreError when a push at the same moment took the
    revision, or the store refuses; then nothing was published.
    """
    rev = store.newest_rev(roster) + 1
    with tempfile.TemporaryDirectory(prefix="gated-roster-") as folder:
        path = Path(folder) / "roster.db"
        info = build(rows, keys, path, rev, made_utc_ms, site)
        blob = zlib.compress(path.read_bytes(), 6)
    if chunk_count(len(blob)) > CHUNKS_MAX:
        raise ListTooLarge(f"the list has {info.persons} people; split it into several rosters")
    hashes = hash_list(blob)
    manifest = sign_manifest(
        Manifest(
            roster=roster,
            rev=rev,
            made=made_utc_ms,
            not_after=made_utc_ms + good_for_ms,
            snap=_snapshot(info, blob, hashes),
            kid=signer.kid.hex(),
        ),
        signer.sign,
    )
    pieces = {LIST_INDEX: hashes}
    for index in range(chunk_count(len(blob))):
        pieces[index] = blob[index * CHUNK_BYTES : (index + 1) * CHUNK_BYTES]
    bundle = StoredBundle(roster, rev, manifest.encode())
    store.add_bundle(bundle, bytes.fromhex(manifest.snap.sha), pieces)
    return Published(rev, info.persons, info.credentials, len(blob), chunk_count(len(blob)))


def _snapshot(info: RosterInfo, blob: bytes, hashes: bytes) -> Snapshot:
    return Snapshot(
        sha=hashlib.sha256(blob).hexdigest(),
        size=len(blob),
        raw_sha=info.sha256.hex(),
        raw_size=info.size,
        n=chunk_count(len(blob)),
        chunks_sha=hashlib.sha256(hashes).hexdigest(),
        rows=info.persons,
    )
