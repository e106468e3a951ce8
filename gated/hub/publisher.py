"""Turns the list into signed bundles the gates can use: whole lists, and single changes.

    rows -> generation file -> zlib -> chunks of 64 KiB --+
                                                          +-> manifest -> signature -> store
    changed people -> canonical JSON -> zlib -> base64 ---+

A running hub sees the new revision within a fifth of a second and offers it. Revisions only rise;
to undo a list, publish the old content again under a new revision. Everything is written in the
caller's transaction: what a register changed and what the gates are told belong together.
"""

import hashlib
import tempfile
import zlib
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from pydantic import ValidationError
from sqlalchemy import Connection, delete, insert, select

from gated.contract import delta as wire
from gated.contract.bundle import (
    CHUNK_BYTES,
    CHUNKS_MAX,
    Manifest,
    Snapshot,
    chunk_count,
    hash_list,
    sign_manifest,
)
from gated.contract.delta import Changes, Delta, Put
from gated.contract.messages import LIST_INDEX, TAG_BYTES
from gated.core.model import Status
from gated.errors import GatedError
from gated.hub.published import base_rev, goes_on, line_of, newest_manifest, newest_rev, next_rev
from gated.hub.schema import BUNDLE, CHUNK
from gated.store.roster_build import CardRow, PersonRow, RosterInfo, RosterRow, build, encoded
from gated.store.sealing import RosterKeys, Sealer

__all__ = [
    "DeltaTooLarge",
    "ListTooLarge",
    "Prepared",
    "Published",
    "Signer",
    "add_prepared",
    "base_rev",
    "next_rev",
    "prepare_snapshot",
    "publish_delta",
    "publish_snapshot",
]

GOOD_FOR_MS: Final = 30 * 24 * 3_600_000  # a gate that hears nothing for a month says so
KEPT_MS: Final = 24 * 3_600_000  # a slow gate may still be fetching the list before

Person = tuple[RosterRow, tuple[Status, ...]]
"""Somebody as they stand on the list now, and the statuses of their household's members."""


class ListTooLarge(GatedError, ValueError):
    """The compressed list has more chunks than a manifest may announce."""


class DeltaTooLarge(GatedError, ValueError):
    """These changes fit no manifest, or nothing was published they could be added to.

    Publish a whole list instead.
    """


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
    """A revision the hub offers now.

    persons, credentials, size, chunks: of the whole list below it, credentials 0 when that was
    published earlier. changes: people whose changes lie above it.
    """

    rev: int
    persons: int
    credentials: int
    size: int
    chunks: int
    changes: int = 0


@dataclass(frozen=True, slots=True)
class Prepared:
    """A whole list, built and compressed, not published yet. rev: whose content it is."""

    roster: str
    rev: int
    made_utc_ms: int
    info: RosterInfo
    blob: bytes = field(repr=False)
    keys: RosterKeys = field(repr=False)
    signer: Signer = field(repr=False)


def prepare_snapshot(
    rows: Iterable[RosterRow],
    keys: RosterKeys,
    signer: Signer,
    *,
    roster: str,
    site: str,
    rev: int,
    made_utc_ms: int,
    progress: Callable[[float], None] | None = None,
) -> Prepared:
    """Return the whole list ready to be published; outside any transaction.

    rev: the revision whose content the rows are. Blocks for about 50 µs a person. progress:
    called now and then with the share that is done. Raises ListTooLarge, StoreError, and
    ValueError when a person or card stands in the rows twice.
    """
    with tempfile.TemporaryDirectory(prefix="gated-roster-") as folder:
        path = Path(folder) / "roster.db"
        info = build(rows, keys, path, rev, made_utc_ms, site, progress)
        blob = zlib.compress(path.read_bytes(), 6)
    if chunk_count(len(blob)) > CHUNKS_MAX:
        raise ListTooLarge(f"the list has {info.persons} people; split it into several rosters")
    return Prepared(roster, rev, made_utc_ms, info, blob, keys, signer)


def add_prepared(
    connection: Connection,
    prepared: Prepared,
    *,
    rev: int | None = None,
    puts: Iterable[Person] | None = None,
    removed: Iterable[bytes] = (),
    good_for_ms: int = GOOD_FOR_MS,
) -> Published:
    """The prepared list is published, as its own revision or as the base of a later one.

    rev None, or the list's own: puts and removed are all that is different from the revision
    published last, and gates that have that one fetch nothing. puts None, or more than fits: they
    fetch. rev above the list's: puts and removed are what has changed since the list's revision;
    raises DeltaTooLarge when that does not fit.
    """
    rev = prepared.rev if rev is None else rev
    roster, made_ms = prepared.roster, prepared.made_utc_ms
    line = line_of(connection, made_ms)
    found = _changes(puts or (), removed, prepared.keys)
    delta: Delta | None = None
    if rev > prepared.rev:
        delta = _fitting(wire.pack_changes(found))
    elif puts is not None and goes_on(connection, roster, line):
        packed = wire.pack_changes(found, newest_rev(connection, roster))
        delta = packed if packed.size <= wire.ENCODED_MAX_BYTES else None
    hashes = hash_list(prepared.blob)
    snap = _snapshot(prepared, hashes)
    manifest = Manifest(
        roster=roster,
        rev=rev,
        line=line,
        made=made_ms,
        not_after=made_ms + good_for_ms,
        snap=snap if rev == prepared.rev else snap.model_copy(update={"rev": prepared.rev}),
        delta=delta,
        kid=prepared.signer.kid.hex(),
    )
    _forget_old(connection, roster, made_ms)
    _add_pieces(connection, snap, prepared.blob, hashes)
    return _add(connection, manifest, prepared.signer, prepared.info.credentials)


def publish_snapshot(
    connection: Connection,
    rows: Iterable[RosterRow],
    keys: RosterKeys,
    signer: Signer,
    *,
    roster: str,
    site: str,
    rev: int,
    made_utc_ms: int,
    good_for_ms: int = GOOD_FOR_MS,
) -> Published:
    """The whole list is published under this revision. For small lists: see prepare_snapshot."""
    prepared = prepare_snapshot(
        rows, keys, signer, roster=roster, site=site, rev=rev, made_utc_ms=made_utc_ms
    )
    return add_prepared(connection, prepared, good_for_ms=good_for_ms)


def publish_delta(
    connection: Connection,
    puts: Iterable[Person],
    removed: Iterable[bytes],
    keys: RosterKeys,
    signer: Signer,
    *,
    roster: str,
    site: str,
    rev: int,
    made_utc_ms: int,
    good_for_ms: int = GOOD_FOR_MS,
) -> Published:
    """These people stand on the list as given, or not any more; gates need to fetch nothing.

    puts, removed: what changed since the whole list below, or since the revision published last;
    both come to the same. Whoever shares a household with a changed status belongs to the puts.
    Raises DeltaTooLarge when it does not fit beside what changed before, when no whole list was
    published from this database, or when a gate has a revision this database never published.
    """
    del site  # the whole list below names it
    newest = newest_manifest(connection, roster)
    line = line_of(connection, made_utc_ms)
    if newest is None or not goes_on(connection, roster, line):
        raise DeltaTooLarge(f"no whole list of {roster} to add changes to; publish one first")
    found = _changes(puts, removed, keys)
    former = newest.delta
    if former is not None and newest.start == newest.snap_rev < newest.rev:
        found = wire.unpack_changes(former).then(found)
    manifest = Manifest(
        roster=roster,
        rev=rev,
        line=line,
        made=made_utc_ms,
        not_after=made_utc_ms + good_for_ms,
        snap=newest.snap.model_copy(update={"rev": newest.snap_rev}),
        delta=_fitting(wire.pack_changes(found)),
        kid=signer.kid.hex(),
    )
    superseded = (BUNDLE.c.rev > newest.snap_rev) & (BUNDLE.c.rev < rev)
    connection.execute(delete(BUNDLE).where(BUNDLE.c.roster == roster, superseded))
    return _add(connection, manifest, signer, 0)


# What is written.


def _changes(puts: Iterable[Person], removed: Iterable[bytes], keys: RosterKeys) -> Changes:
    sealer = Sealer(keys.rest)
    people = [encoded(row, known, keys, sealer) for row, known in puts]
    standing = {row[0].hex(): _put(row, cards) for row, cards in people}
    gone = [ref.hex() for ref in removed if ref.hex() not in standing]
    return wire.changes(gone, standing)


def _put(row: PersonRow, cards: Collection[CardRow]) -> Put:
    ref, home, category, statuses, household_statuses, flags, *slot, start, end, sealed = row
    fields = {
        "ref": ref.hex(),
        "household": home.hex() if home else "",
        "category": category,
        "statuses": statuses,
        "household_statuses": household_statuses,
        "flags": flags,
        "appointment_start": slot[0],
        "appointment_end": slot[1],
        "appointment_uses": slot[2],
        "valid_start": start,
        "valid_end": end,
        "sealed": sealed.hex(),
        "cards": tuple((card[0].hex(), card[2]) for card in cards),
    }
    try:
        return Put.model_validate(fields)
    except ValidationError as error:
        places = sorted({str(row["loc"][0]) for row in error.errors()})
        # The library's own words would show what stands there.
        raise DeltaTooLarge(f"{', '.join(places)} of a person fit no change") from None


def _fitting(delta: Delta) -> Delta:
    if delta.size > wire.ENCODED_MAX_BYTES:
        raise DeltaTooLarge(
            f"{delta.ops} changed people take {delta.size} bytes, at most {wire.ENCODED_MAX_BYTES};"
            " publish a whole list"
        )
    return delta


def _snapshot(prepared: Prepared, hashes: bytes) -> Snapshot:
    return Snapshot(
        sha=hashlib.sha256(prepared.blob).hexdigest(),
        size=len(prepared.blob),
        raw_sha=prepared.info.sha256.hex(),
        raw_size=prepared.info.size,
        n=chunk_count(len(prepared.blob)),
        chunks_sha=hashlib.sha256(hashes).hexdigest(),
        rows=prepared.info.persons,
    )


def _add(connection: Connection, manifest: Manifest, signer: Signer, credentials: int) -> Published:
    signed = sign_manifest(manifest, signer.sign)
    snap = signed.snap
    row = {"roster": signed.roster, "rev": signed.rev, "sha": bytes.fromhex(snap.sha)}
    connection.execute(insert(BUNDLE).values(**row, manifest=signed.encode()))
    changed = 0 if signed.delta is None else signed.delta.ops
    return Published(signed.rev, snap.rows, credentials, snap.size, snap.n, changed)


def _add_pieces(connection: Connection, snap: Snapshot, blob: bytes, hashes: bytes) -> None:
    pieces = [{"tag": snap.tag, "piece": LIST_INDEX, "data": hashes}]
    for index in range(snap.n):
        data = blob[index * CHUNK_BYTES : (index + 1) * CHUNK_BYTES]
        pieces.append({"tag": snap.tag, "piece": index, "data": data})
    connection.execute(insert(CHUNK), pieces)


def _forget_old(connection: Connection, roster: str, now_ms: int) -> None:
    """Lists that were replaced more than a day ago cannot be fetched any more."""
    query = select(BUNDLE.c.manifest).where(BUNDLE.c.roster == roster)
    bodies = connection.execute(query.order_by(BUNDLE.c.rev.desc())).scalars().all()
    made_ms: dict[str, int] = {}
    for manifest in map(Manifest.decode, bodies):  # the first of an object is found last
        made_ms[manifest.snap.sha] = manifest.made
    replaced_ms = [now_ms, *made_ms.values()]
    for (sha, _), replaced in zip(made_ms.items(), replaced_ms, strict=False):
        if now_ms - replaced >= KEPT_MS:
            tag = bytes.fromhex(sha)[:TAG_BYTES]
            connection.execute(delete(CHUNK).where(CHUNK.c.tag == tag))
            gone = (BUNDLE.c.roster == roster) & (BUNDLE.c.sha == bytes.fromhex(sha))
            connection.execute(delete(BUNDLE).where(gone))
