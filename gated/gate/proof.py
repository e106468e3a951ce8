"""Proves that a fetched list is the one that was signed, and reads what a manifest changes.

Nothing here is believed before it was checked: sizes, hashes, structure and a few look-ups.
"""

import hashlib
import os
import sqlite3
import zlib
from contextlib import closing
from pathlib import Path
from typing import BinaryIO, Final

from gated.contract.bundle import SCHEMA, Manifest
from gated.contract.delta import Put, unpack_changes
from gated.errors import BundleRejected, StoreError
from gated.store.database import connect_read_only
from gated.store.overlay import Change, Patch
from gated.store.roster_build import RosterInfo

READ_BYTES: Final = 256 * 1024
PROBES: Final = 16  # people looked up in a fetched list before it may serve
REF_BYTES: Final = 16
_PROBES: Final = (
    ("SELECT ref FROM person LIMIT ?", "SELECT 1 FROM person WHERE ref = ?"),
    ("SELECT ref FROM credential LIMIT ?", "SELECT 1 FROM credential WHERE ref = ?"),
)


def patch_of(manifest: Manifest) -> Patch | None:
    """Return what a verified manifest changes, None without a delta.

    Raises BundleRejected bad_delta.
    """
    if manifest.delta is None or manifest.line is None:
        return None
    found = unpack_changes(manifest.delta)
    gone = [Change(bytes.fromhex(ref), None) for ref in found.gone]
    changes = (*gone, *(_change(put) for put in found.put))
    return Patch(manifest.kid, manifest.line, manifest.start, manifest.rev, manifest.made, changes)


def _change(put: Put) -> Change:
    ref = bytes.fromhex(put.ref)
    row = (
        ref,
        bytes.fromhex(put.household) or None,
        put.category,
        put.statuses,
        put.household_statuses,
        put.flags,
        put.appointment_start,
        put.appointment_end,
        put.appointment_uses,
        put.valid_start,
        put.valid_end,
        bytes.fromhex(put.sealed),
    )
    span = (put.valid_start, put.valid_end)
    cards = tuple((bytes.fromhex(card), ref, state, *span) for card, state in put.cards)
    return Change(ref, row, cards)


def prove(part: Path, target: Path, manifest: Manifest) -> RosterInfo:
    """Write the list to target, flushed, and return what it is; every promise was checked.

    Raises BundleRejected: bad_size, bad_sha, bad_codec, bad_raw_size, bad_raw_sha, bad_file,
    bad_schema, bad_rev, bad_rows, bad_probe; OSError when the card refuses. Blocks for about a
    second per 100 MB.
    """
    snap = manifest.snap
    if part.stat().st_size != snap.size:
        raise BundleRejected("bad_size", "the object is shorter or longer than signed")
    with part.open("rb") as source, target.open("wb") as sink:
        sha, raw_sha = _inflate(source, sink, snap.raw_size)
        sink.flush()
        os.fsync(sink.fileno())
    if sha.hex() != snap.sha:
        raise BundleRejected("bad_sha", "the object is not the one that was signed")
    if raw_sha.hex() != snap.raw_sha:
        raise BundleRejected("bad_raw_sha", "the list is not the one that was signed")
    credentials = _check_file(target, manifest)
    return RosterInfo(manifest.snap_rev, snap.rows, credentials, raw_sha, snap.raw_size)


def _inflate(source: BinaryIO, sink: BinaryIO, limit: int) -> tuple[bytes, bytes]:
    """Inflate source into sink; return both SHA-256. Never writes more than limit bytes."""
    inflater = zlib.decompressobj()
    sha, raw_sha, left = hashlib.sha256(), hashlib.sha256(), limit
    try:
        while not inflater.eof:
            piece = inflater.unconsumed_tail
            if not piece:
                piece = source.read(READ_BYTES)
                sha.update(piece)
            raw = inflater.decompress(piece, READ_BYTES)
            if not piece and not raw:
                break  # cut short
            left -= len(raw)
            if left < 0:
                raise BundleRejected("bad_raw_size", "the list is larger than signed")
            raw_sha.update(raw)
            sink.write(raw)
    except zlib.error as error:
        raise BundleRejected("bad_codec", "the object does not inflate") from error
    if left or not inflater.eof or inflater.unused_data or source.read(1):
        raise BundleRejected("bad_raw_size", "the list is not as long as signed")
    return sha.digest(), raw_sha.digest()


def _check_file(path: Path, manifest: Manifest) -> int:
    """Return how many credentials the file holds, after its structure was checked."""
    try:
        with closing(connect_read_only(path, immutable=True)) as connection:
            return _check_tables(connection, manifest)
    except BundleRejected:
        raise  # says more than the line below
    except (StoreError, sqlite3.Error, TypeError, ValueError) as error:
        raise BundleRejected("bad_file", "the list is no roster file") from error


def _check_tables(connection: sqlite3.Connection, manifest: Manifest) -> int:
    (answer,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if answer != "ok":
        raise BundleRejected("bad_file", "the pages of the list contradict each other")
    meta = dict(connection.execute("SELECT key, value FROM meta"))
    if meta.get("schema") != manifest.snap.schema_number or meta.get("schema") != SCHEMA:
        raise BundleRejected("bad_schema", f"schema {meta.get('schema')}, this program: {SCHEMA}")
    if meta.get("rev") != manifest.snap_rev:
        raise BundleRejected("bad_rev", "the list carries another revision than signed")
    (persons,) = connection.execute("SELECT count(*) FROM person").fetchone()
    (credentials,) = connection.execute("SELECT count(*) FROM credential").fetchone()
    if persons != manifest.snap.rows:
        raise BundleRejected("bad_rows", f"{persons} people, {manifest.snap.rows} were signed")
    _probe(connection)
    return int(credentials)


def _probe(connection: sqlite3.Connection) -> None:
    """Look a few people and cards up by key, as the gate will."""
    for listing, lookup in _PROBES:
        for (ref,) in connection.execute(listing, (PROBES,)).fetchall():
            found = connection.execute(lookup, (ref,)).fetchone()
            if len(ref) != REF_BYTES or found is None:
                raise BundleRejected("bad_probe", "an entry of the list cannot be looked up")
