"""Single changes over a generation: durable rows in roster.db, served from memory.

| table | holds |
| --- | --- |
| overlay | one row: the file the changes belong to, revision, when it was made |
| overlay_person | a changed person as in the list's own table; `gone` 1: not on the list any more |
| overlay_card | the cards of changed people |

A changed person hides the file's person and all the cards the file gives that person. What the
tables hold is one revision as a whole: every write to them is one transaction, together with the
ratchet and, for a new file, the pointer.
"""

import sqlite3
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, TypeAlias

from gated.store.roster_build import CardRow, PersonRow

PEOPLE_MAX: Final = 1_000
"""More changed people than this and a whole list is worth its fetch."""

_COLUMNS: Final = (
    "ref, household, category, statuses, household_statuses, flags, appointment_start,"
    " appointment_end, appointment_uses, valid_start, valid_end, sealed"
)
_PUT_PERSON: Final = (
    f"INSERT OR REPLACE INTO overlay_person ({_COLUMNS}, gone)"  # noqa: S608 - our own columns
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_PUT_CARD: Final = (
    'INSERT OR REPLACE INTO overlay_card (ref, person, state, start, "end") VALUES (?, ?, ?, ?, ?)'
)
_GONE: Final = (None, "", "", "", "", None, None, None, None, None, b"")

Stamp: TypeAlias = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Change:
    """What stands for one person from now on. row None: the person left the list."""

    ref: bytes
    row: PersonRow | None
    cards: tuple[CardRow, ...] = ()


@dataclass(frozen=True, slots=True)
class Patch:
    """What leads from any revision start <= r < rev of one line and signer to rev."""

    kid: str
    line: int
    start: int
    rev: int
    made_utc_ms: int
    changes: tuple[Change, ...] = field(repr=False)


def _nothing() -> Mapping[bytes, PersonRow | None]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Overlay:
    """The changes over one file, in memory. rev 0: there are none and the file speaks alone.

    people: None for who is gone. cards: of changed people only. refs: of people, sorted.
    """

    file: str = ""
    rev: int = 0
    made_utc_ms: int = 0
    people: Mapping[bytes, PersonRow | None] = field(default_factory=_nothing, repr=False)
    cards: Mapping[bytes, CardRow] = field(default_factory=dict, repr=False)
    refs: tuple[bytes, ...] = field(default=(), repr=False)
    rooms: Mapping[bytes, tuple[bytes, ...]] = field(default_factory=dict, repr=False)

    @property
    def stamp(self) -> Stamp:
        """What two overlays with the same content share."""
        return self.file, self.rev

    def matching(self, prefix: bytes) -> list[bytes]:
        """Return the changed people whose pseudonym begins with these bytes."""
        found: list[bytes] = []
        for ref in self.refs[bisect_left(self.refs, prefix) :]:
            if not ref.startswith(prefix):
                break
            found.append(ref)
        return found


NONE: Final = Overlay()


def overlay_of(
    stamp: Stamp, made_utc_ms: int, rows: Iterable[tuple[PersonRow, bool]], cards: Iterable[CardRow]
) -> Overlay:
    """Return the overlay of these rows. rows: each with whether the person is gone."""
    people = {row[0]: None if gone else row for row, gone in rows}
    rooms: dict[bytes, tuple[bytes, ...]] = {}
    for ref, row in people.items():
        if row is not None and row[1] is not None:
            rooms[row[1]] = (*rooms.get(row[1], ()), ref)
    by_card = {card[0]: card for card in cards}
    return Overlay(*stamp, made_utc_ms, people, by_card, tuple(sorted(people)), rooms)


# In roster.db. The caller has a transaction open.


def stamp(connection: sqlite3.Connection) -> tuple[Stamp, int]:
    """Return what lies there, without its rows, and when it was made."""
    row = connection.execute("SELECT file, rev, made_utc_ms FROM overlay").fetchone()
    return (NONE.stamp, 0) if row is None else ((row[0], row[1]), row[2])


def load(connection: sqlite3.Connection) -> Overlay:
    """Return what lies there."""
    found, made_utc_ms = stamp(connection)
    people = connection.execute(f"SELECT gone, {_COLUMNS} FROM overlay_person")  # noqa: S608 - our own columns
    cards = connection.execute('SELECT ref, person, state, start, "end" FROM overlay_card')
    rows = [(row[1:], bool(row[0])) for row in people.fetchall()]
    return overlay_of(found, made_utc_ms, rows, cards.fetchall())


def clear(connection: sqlite3.Connection) -> None:
    """Nothing lies over any file."""
    for table in ("overlay", "overlay_person", "overlay_card"):
        connection.execute(f"DELETE FROM {table}")  # noqa: S608 - our own tables


def merge(connection: sqlite3.Connection, file: str, patch: Patch) -> None:
    """The changes lie over this file, above those that lay there before."""
    connection.execute("DELETE FROM overlay")
    connection.execute(
        "INSERT INTO overlay (file, rev, made_utc_ms) VALUES (?, ?, ?)",
        (file, patch.rev, patch.made_utc_ms),
    )
    refs = [(change.ref,) for change in patch.changes]
    connection.executemany("DELETE FROM overlay_card WHERE person = ?", refs)
    people = [
        (*change.row, 0) if change.row is not None else (change.ref, *_GONE, 1)
        for change in patch.changes
    ]
    connection.executemany(_PUT_PERSON, people)
    cards = [card for change in patch.changes for card in change.cards]
    connection.executemany(_PUT_CARD, cards)
