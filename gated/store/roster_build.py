"""A roster generation is a finished file: built once, sorted and compact, never edited.

| table (WITHOUT ROWID) | key | holds |
| --- | --- | --- |
| person | ref | household, category, statuses, flags, appointment, validity, sealed display |
| credential | ref | a card: kind, person, state, validity |
| room | ref, person | who belongs to which room (= household) |
| meta | key | schema, rev, site, made_utc_ms, persons, credentials |

Every ref is a 16-byte keyed pseudonym. Statuses are JSON `[[code, from, to], …]` in UTC ms or
null; "" means none, which spares the look-up a parse. The statuses of a household stand beside
each of its people, so that one row answers one look-up.
"""

import hashlib
import json
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from gated.core import id_number, masking, pseudonym
from gated.core.model import Appointment, Category, CredentialState, Status
from gated.store.database import reported
from gated.store.sealing import RosterKeys, Sealer

SCHEMA = 1
PROGRESS_STEPS = 1000
HASH_CHUNK_BYTES = 1024 * 1024

# Who lives in the household; what is known of the others says nothing about it.
MEMBERS = frozenset(
    {
        Category.RESIDENT,
        Category.TENANT,
        Category.HOUSEHOLD_MINOR,
        Category.WORKER_PASS,
        Category.RETURNEE,
    }
)

_TABLES = """
CREATE TABLE person (ref BLOB PRIMARY KEY, household BLOB, category TEXT NOT NULL,
  statuses TEXT NOT NULL, household_statuses TEXT NOT NULL, flags TEXT NOT NULL,
  appointment_start INTEGER, appointment_end INTEGER, appointment_uses INTEGER,
  valid_start INTEGER, valid_end INTEGER, sealed BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE credential (ref BLOB PRIMARY KEY, kind TEXT NOT NULL, person BLOB NOT NULL,
  state TEXT NOT NULL, start INTEGER, "end" INTEGER) WITHOUT ROWID;
CREATE TABLE room (ref BLOB, person BLOB, PRIMARY KEY (ref, person)) WITHOUT ROWID;
CREATE TABLE meta (key TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;
"""

_INSERT_PERSON = "INSERT INTO person VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"

_Item = TypeVar("_Item")

PersonRow = tuple[
    bytes, bytes | None, str, str, str, str,
    int | None, int | None, int | None, int | None, int | None, bytes,
]  # fmt: skip


# A card: pseudonym, whose it is, state, from when to when it counts.
CardRow = tuple[bytes, bytes, str, int | None, int | None]


@dataclass(frozen=True, slots=True)
class Card:
    """A card of somebody on the list. state: active, lost or revoked.

    stated: the table says the state in words; otherwise it is the usual one, active.
    """

    number: str = field(repr=False)
    state: CredentialState = CredentialState.ACTIVE
    stated: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class RosterRow:
    """One person of a list, checked and merged, in clear. Never printed, stored or sent as it is.

    start, end: how long the entry is valid, aware, end excluded. An empty id_number is allowed
    for somebody known by a card, or by room and name.
    """

    category: Category
    id_number: str = field(default="", repr=False)
    name: str = field(default="", repr=False)
    phone: str = field(default="", repr=False)
    building: str = field(default="", repr=False)
    unit: str = field(default="", repr=False)
    room: str = field(default="", repr=False)
    cards: tuple[Card, ...] = field(default=(), repr=False)
    statuses: tuple[Status, ...] = ()
    flags: frozenset[str] = frozenset()
    appointment: Appointment | None = None
    start: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True, slots=True)
class RosterInfo:
    """What a finished generation file is. sha256: of the whole file; size: in bytes."""

    rev: int
    persons: int
    credentials: int
    sha256: bytes
    size: int


def reference(row: RosterRow, site_key: bytes) -> bytes:
    """Return the pseudonym of this person: of the ID number, else the card, else room and name."""
    if row.id_number:
        return pseudonym.person_ref(site_key, row.id_number)
    if row.cards:
        card = pseudonym.card_text(row.cards[0].number)
        return pseudonym.holder_ref(site_key, f"card:{card}")
    parts = [pseudonym.room_part(part) for part in (row.building, row.unit, row.room)]
    return pseudonym.holder_ref(site_key, "room:" + "/".join([*parts, row.name]))


def household(row: RosterRow, site_key: bytes) -> bytes | None:
    """Return the pseudonym of the room the person lives in or visits, None without a room."""
    if not (row.room or row.building):
        return None
    return pseudonym.room_ref(site_key, row.building, row.unit, row.room)


class _Steps:
    """Counts what was done and tells its share of the whole, now and then."""

    def __init__(self, progress: Callable[[float], None] | None, total: int) -> None:
        self._progress = progress
        self._total = total
        self._done = 0

    def each(self, items: Iterable[_Item]) -> Iterator[_Item]:
        """Yield the items; each is a step that is done when the next is asked for."""
        for item in items:
            yield item
            self._done += 1
            if self._progress is not None and self._done % PROGRESS_STEPS == 0:
                self._progress(min(1.0, self._done / self._total))


def build(
    rows: Iterable[RosterRow],
    keys: RosterKeys,
    path: Path,
    rev: int,
    made_utc_ms: int,
    site: str,
    progress: Callable[[float], None] | None = None,
) -> RosterInfo:
    """A complete generation file lies at `path`, flushed; return what it is.

    rev > 0: number of the list, rising. An existing file is replaced. Blocks for about 30 µs a
    person. progress: called now and then with the share of the work that is done, 0 to 1. Raises
    StoreError, leaving no file, when it cannot be written; ValueError when one
    person or card stands in the rows twice (the table reader has merged or refused those).
    """
    listed = list(rows)
    steps = _Steps(progress, 3 * len(listed))  # pseudonyms, sealing, writing
    people, credentials = _encode(listed, keys, steps)
    meta: dict[str, int | str] = {
        "schema": SCHEMA,
        "rev": rev,
        "site": site,
        "made_utc_ms": made_utc_ms,
        "persons": len(people),
        "credentials": len(credentials),
    }
    path.unlink(missing_ok=True)
    try:
        with reported(path, "build"), closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA page_size=4096")
            connection.execute("PRAGMA journal_mode=OFF")  # an unfinished file is thrown away
            connection.execute("PRAGMA synchronous=OFF")  # flushed once, below
            connection.executescript(_TABLES)
            _fill(connection, people, credentials, meta, steps)
            connection.execute("VACUUM")
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    with path.open("rb+") as file:
        os.fsync(file.fileno())
    return RosterInfo(rev, len(people), len(credentials), file_digest(path), path.stat().st_size)


def _fill(
    connection: sqlite3.Connection,
    people: list[PersonRow],
    credentials: list[tuple[object, ...]],
    meta: dict[str, int | str],
    steps: _Steps,
) -> None:
    rooms = sorted((row[1], row[0]) for row in people if row[1] is not None)
    try:
        with connection:
            connection.executemany(_INSERT_PERSON, steps.each(people))
            connection.executemany("INSERT INTO credential VALUES (?, ?, ?, ?, ?, ?)", credentials)
            connection.executemany("INSERT INTO room VALUES (?, ?)", rooms)
            connection.executemany("INSERT INTO meta VALUES (?, ?)", sorted(meta.items()))
    except sqlite3.IntegrityError as error:
        raise ValueError("a person or a card stands in the list twice") from error


def _encode(
    rows: list[RosterRow], keys: RosterKeys, steps: _Steps
) -> tuple[list[PersonRow], list[tuple[object, ...]]]:
    """Return person and credential rows sorted by key, with everything keyed, masked, sealed."""
    sealer = Sealer(keys.rest)
    refs = [reference(row, keys.site) for row in steps.each(rows)]
    homes = [household(row, keys.site) for row in rows]
    known: dict[bytes, list[Status]] = {}
    for row, home in zip(rows, homes, strict=True):
        if home is not None and row.statuses and row.category in MEMBERS:
            known.setdefault(home, []).extend(row.statuses)
    people = [
        _person_row(row, ref, home, known.get(home, []) if home else [], sealer)
        for row, ref, home in zip(steps.each(rows), refs, homes, strict=True)
    ]
    cards = sorted(
        item for row, ref in zip(rows, refs, strict=True) for item in _card_rows(row, ref, keys)
    )
    people.sort(key=lambda item: item[0])
    return people, [(ref, "card", *rest) for ref, *rest in cards]


def encoded(
    row: RosterRow, known: Iterable[Status], keys: RosterKeys, sealer: Sealer
) -> tuple[PersonRow, tuple[CardRow, ...]]:
    """Return one person and their cards as `build` writes them.

    known: the statuses of everybody in the household, as far as they are MEMBERS of it. sealer:
    of the keys' rest key.
    """
    ref = reference(row, keys.site)
    home = household(row, keys.site)
    person = _person_row(row, ref, home, list(known) if home else [], sealer)
    return person, tuple(_card_rows(row, ref, keys))


def _person_row(
    row: RosterRow, ref: bytes, home: bytes | None, known: list[Status], sealer: Sealer
) -> PersonRow:
    slot = row.appointment
    return (
        ref,
        home,
        row.category.value,
        statuses_text(row.statuses),
        statuses_text(known),
        json.dumps(sorted(row.flags), ensure_ascii=False) if row.flags else "",
        milliseconds(slot.start) if slot else None,
        milliseconds(slot.end) if slot else None,
        slot.uses_left if slot else None,
        milliseconds(row.start),
        milliseconds(row.end),
        sealer.seal(shown(row), ref),
    )


def shown(row: RosterRow) -> list[str]:
    """Return what people may see of this person: name, room, phone, document, all masked."""
    return [
        masking.mask_name(row.name),
        masking.mask_room(row.building, row.unit, row.room),
        masking.mask_phone(row.phone),
        masking.mask_document(id_number.normalise(row.id_number)),
    ]


def _card_rows(row: RosterRow, ref: bytes, keys: RosterKeys) -> Iterator[CardRow]:
    span = (milliseconds(row.start), milliseconds(row.end))
    for card in row.cards:
        yield (pseudonym.card_ref(keys.site, card.number), ref, card.state.value, *span)


def statuses_text(statuses: Iterable[Status]) -> str:
    """Return statuses as the file holds them: JSON sorted and without repeats, "" for none."""
    encoded = {(s.code.value, milliseconds(s.start), milliseconds(s.end)) for s in statuses}
    if not encoded:
        return ""
    ordered = sorted(encoded, key=lambda item: (item[0], item[1] or 0, item[2] or 0))
    return json.dumps(ordered, separators=(",", ":"))


def milliseconds(instant: datetime | None) -> int | None:
    """Return an aware instant as UTC ms, None as None."""
    if instant is None:
        return None
    assert instant.tzinfo is not None, "instants are aware"
    return round(instant.timestamp() * 1000)


def file_digest(path: Path) -> bytes:
    """Return the SHA-256 of a file, reading it in pieces."""
    summary = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(HASH_CHUNK_BYTES):
            summary.update(piece)
    return summary.digest()
