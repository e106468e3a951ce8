"""One generation of the list answers who somebody is, in microseconds, without decrypting.

The file was built by roster_build and is never changed: it is opened immutable, without locks.
Everything in it is found by keyed pseudonym; names and rooms are sealed. Single changes lie over
it in memory (overlay.py) and are asked first: a changed person hides the file's person and every
card the file gives that person.
"""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

from gated.core import pseudonym
from gated.core.model import (
    Appointment,
    Category,
    Credential,
    CredentialKind,
    CredentialState,
    Display,
    Holder,
    Person,
    Status,
    StatusCode,
)
from gated.errors import StoreError
from gated.store import database, overlay
from gated.store.database import explained, reported
from gated.store.overlay import Overlay
from gated.store.roster_build import SCHEMA
from gated.store.sealing import RosterKeys, Sealer

ROOM_PEOPLE_MAX = 64  # a guard chooses from a list; nobody registers more in one room

_COLUMNS = (
    "SELECT person.ref, household, category, statuses, household_statuses, flags,"
    " appointment_start, appointment_end, appointment_uses, valid_start, valid_end"
)
_BY_REF = _COLUMNS + " FROM person WHERE ref = ?"
_BY_PREFIX = _COLUMNS + " FROM person WHERE ref BETWEEN ? AND ? LIMIT ?"
_BY_ROOM = (
    _COLUMNS + " FROM room JOIN person ON person.ref = room.person WHERE room.ref = ? LIMIT ?"
)
_BY_CARD = (
    _COLUMNS + ", credential.state, credential.start, credential.end"
    " FROM credential JOIN person ON person.ref = credential.person WHERE credential.ref = ?"
)
_SEALED = "SELECT sealed FROM person WHERE ref = ?"
_Row: TypeAlias = tuple[Any, ...]


class Roster:
    """One generation with the changes over it, open for reading on the thread that made this.

    Look-ups take microseconds and read at most a few pages. Names and rooms stay encrypted until
    `display` is asked. Raises StoreError when the file is missing, damaged or of another schema.
    """

    def __init__(self, path: Path, keys: RosterKeys, changes: Overlay = overlay.NONE) -> None:
        self.path = path
        self.changes = changes
        self._changed = changes.people
        self._site_key = keys.site
        self._sealer = Sealer(keys.rest)
        self._connection = database.connect_read_only(path, immutable=True)
        self._execute = self._connection.execute
        try:
            self._meta: dict[str, Any] = dict(self._fetch("SELECT key, value FROM meta", ()))
            self._refuse_other_schema()
        except BaseException:
            self._connection.close()
            raise

    def _refuse_other_schema(self) -> None:
        schema = self._meta.get("schema")
        if schema != SCHEMA:
            raise StoreError(
                f"cannot read {self.path}: it has schema {schema}, this program reads {SCHEMA};"
                " import the list again with this program"
            )

    def close(self) -> None:
        """The file is closed; closing twice does nothing."""
        self._connection.close()

    @property
    def rev(self) -> int:
        """Number of this list, with the changes over it."""
        return self.changes.rev or self.file_rev

    @property
    def file_rev(self) -> int:
        """Number of the list in the file itself."""
        return int(self._meta["rev"])

    @property
    def made_utc_ms(self) -> int:
        """When this list was made, as its maker's clock believed."""
        return self.changes.made_utc_ms or int(self._meta["made_utc_ms"])

    @cached_property
    def persons(self) -> int:
        """How many people stand on this list. Asked first, it reads each changed person."""
        added = sum(row is not None for row in self._changed.values())
        hidden = sum(self._first(_BY_REF, ref) is not None for ref in self._changed)
        return int(self._meta["persons"]) + added - hidden

    @cached_property
    def credentials(self) -> int:
        """How many cards stand on this list. With changes over it, it reads all cards once."""
        if not self.changes.rev:
            return int(self._meta["credentials"])
        cards = self._fetch("SELECT ref, person FROM credential", ())
        return len(self.changes.cards) + sum(not self._hidden(*card) for card in cards)

    @property
    def site(self) -> str:
        """The site this list was made for."""
        return str(self._meta["site"])

    def by_id_number(self, number: str, others: Iterable[str] = ()) -> Holder:
        """Return who has this identity number, or one of the other numbers of the same document.

        Unknown: state UNKNOWN and no person. `display` of the holder is empty, see `display`.
        """
        presented = pseudonym.person_ref(self._site_key, number)
        row = self._by_ref(presented)
        for other in others if row is None else ():
            row = self._by_ref(pseudonym.person_ref(self._site_key, other))
            if row is not None:
                break
        return self._holder(row, CredentialKind.ID_CARD, presented)

    def by_card(self, number: str) -> Holder:
        """Return whose card this is, with the card's own state and validity."""
        ref = pseudonym.card_ref(self._site_key, number)
        row = self._by_card_ref(ref)
        if row is None:
            return self._holder(None, CredentialKind.CARD, ref)
        state, start, end = row[11:]
        with _legible(self.path):
            card = Credential(
                CredentialKind.CARD, CredentialState(state), ref, _instant(start), _instant(end)
            )
            return Holder(card, _person(row), household_statuses=_statuses(row[4]))

    def by_reference(self, prefix: bytes) -> Holder:
        """Return whose pseudonym begins with these bytes (8 in a pass).

        Two people with the same beginning are nobody: state UNKNOWN and no person.
        """
        rest = pseudonym.REF_LENGTH - len(prefix)
        changed = self.changes.matching(prefix)
        span = (prefix + bytes(rest), prefix + b"\xff" * rest, 2 + len(changed))
        rows = [row for row in self._fetch(_BY_PREFIX, span) if row[0] not in self._changed]
        rows += [row for ref in changed if (row := self._changed[ref]) is not None]
        return self._holder(rows[0] if len(rows) == 1 else None, CredentialKind.QR, prefix)

    def by_room(self, building: str, unit: str, room: str) -> list[Holder]:
        """Return who lives in this room or is expected there, with what a guard may see of them."""
        return self.by_household(pseudonym.room_ref(self._site_key, building, unit, room))

    def by_household(self, ref: bytes) -> list[Holder]:
        """Return who belongs to this household or is expected there, as `by_room` does."""
        found = [self._holder(row, CredentialKind.NONE, row[0]) for row in self._in_room(ref)]
        return [
            Holder(
                holder.credential,
                holder.person,
                self.display(holder.credential.ref),
                holder.household_statuses,
            )
            for holder in found
        ]

    def person(self, ref: bytes) -> Person | None:
        """Return the person with this 16-byte pseudonym, or None."""
        row = self._by_ref(ref)
        with _legible(self.path):
            return None if row is None else _person(row)

    def display(self, ref: bytes) -> Display:
        """Return what a guard may see of this person, decrypted now; empty when not on the list.

        Raises StoreError when the rest key is not the one the list was made with.
        """
        changed = self._changed.get(ref)
        if changed is None and ref in self._changed:
            return Display()
        row = self._first(_SEALED, ref) if changed is None else changed[-1:]
        if row is None:
            return Display()
        with _legible(self.path):
            name, room, _phone, _document = self._sealer.open(row[0], ref)
        return Display(name, room)

    def counts(self) -> tuple[dict[str, int], dict[str, int]]:
        """Return people per category and per status code. Reads the whole list: seconds for 1 M."""
        categories = Counter[str](
            dict(self._fetch("SELECT category, count(*) FROM person GROUP BY 1", ()))
        )
        statuses = Counter[str]()
        for (text,) in self._fetch("SELECT statuses FROM person WHERE statuses <> ''", ()):
            statuses.update(self._codes(text))
        for ref, row in self._changed.items():
            former = self._first(_BY_REF, ref)
            if former is not None:
                categories[former[2]] -= 1
                statuses.subtract(self._codes(former[3]))
            if row is not None:
                categories[row[2]] += 1
                statuses.update(self._codes(row[3]))
        return dict(+categories), dict(+statuses)

    def fingerprints(self) -> dict[bytes, int]:
        """Return a hash of every person's entry by pseudonym, to compare two lists in one process.

        Covers cards and what is shown too. Decrypts everything: about 10 µs a person.
        """
        rows = self._fetch(_COLUMNS + ", sealed FROM person", ())
        people: list[_Row] = [row for row in rows if row[0] not in self._changed]
        people += [row for row in self._changed.values() if row is not None]
        found = {row[0]: hash((row[1:-1], *self._sealer.open(row[-1], row[0]))) for row in people}
        listed = self._fetch("SELECT ref, person, state, start, end FROM credential", ())
        cards: list[_Row] = [card for card in listed if not self._hidden(card[0], card[1])]
        for ref, person, *rest in sorted([*cards, *self.changes.cards.values()]):
            found[person] = hash((found[person], ref, *rest))
        return found

    def _by_ref(self, ref: bytes) -> _Row | None:
        if ref in self._changed:
            return self._changed[ref]
        return self._first(_BY_REF, ref)

    def _by_card_ref(self, ref: bytes) -> _Row | None:
        """Return the card's person followed by the card's state, start and end."""
        card = self.changes.cards.get(ref)
        if card is not None:
            row = self._changed.get(card[1])
            return None if row is None else (*row[:11], *card[2:])
        found = self._first(_BY_CARD, ref)
        return None if found is None or found[0] in self._changed else found

    def _in_room(self, room: bytes) -> list[_Row]:
        limit = ROOM_PEOPLE_MAX + len(self._changed)
        listed = self._fetch(_BY_ROOM, (room, limit))
        rows: list[_Row] = [row for row in listed if row[0] not in self._changed]
        rows += [row for ref in self.changes.rooms.get(room, ()) if (row := self._changed[ref])]
        return sorted(rows, key=_ref_of)[:ROOM_PEOPLE_MAX]

    def _hidden(self, card: bytes, person: bytes) -> bool:
        """Whether the file's card counts no more."""
        return person in self._changed or card in self.changes.cards

    def _codes(self, text: str) -> list[str]:
        with _legible(self.path):
            return [code for code, _start, _end in json.loads(text)] if text else []

    def _holder(self, row: _Row | None, kind: CredentialKind, ref: bytes) -> Holder:
        with _legible(self.path):
            return _holder(row, kind, ref)

    def _first(self, sql: str, ref: bytes) -> _Row | None:
        try:
            row: _Row | None = self._execute(sql, (ref,)).fetchone()
        except sqlite3.Error as error:
            raise explained(error, self.path, "read") from error
        return row

    def _fetch(self, sql: str, parameters: tuple[object, ...]) -> list[_Row]:
        with reported(self.path, "read"):
            return self._execute(sql, parameters).fetchall()


@contextmanager
def _legible(path: Path) -> Iterator[None]:
    """Turn a field that does not hold what it should into a StoreError that names no person."""
    try:
        yield
    except (ValueError, KeyError, TypeError, OverflowError, OSError) as error:
        if isinstance(error, StoreError):
            raise
        raise StoreError(
            f"cannot read {path}: an entry in it cannot be understood ({type(error).__name__});"
            " import the list again with this program"
        ) from None  # the cause would show what stands in the entry


def _ref_of(row: _Row) -> bytes:
    ref: bytes = row[0]
    return ref


def _holder(row: _Row | None, kind: CredentialKind, ref: bytes) -> Holder:
    if row is None:
        return Holder(Credential(kind, CredentialState.UNKNOWN, ref))
    credential = Credential(
        kind, CredentialState.ACTIVE, row[0], _instant(row[9]), _instant(row[10])
    )
    return Holder(credential, _person(row), household_statuses=_statuses(row[4]))


def _person(row: _Row) -> Person:
    ref, household, category, statuses, _, flags, start, end, uses = row[:9]
    return Person(
        ref,
        Category(category),
        household,
        _statuses(statuses),
        frozenset(json.loads(flags)) if flags else frozenset(),
        None if start is None else Appointment(_at(start), _at(end), uses),
    )


def _statuses(text: str) -> tuple[Status, ...]:
    if not text:
        return ()
    return tuple(
        Status(StatusCode(code), _instant(start), _instant(end))
        for code, start, end in json.loads(text)
    )


def _instant(milliseconds: int | None) -> datetime | None:
    return None if milliseconds is None else _at(milliseconds)


def _at(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
