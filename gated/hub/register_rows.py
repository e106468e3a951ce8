"""Rows of the register become people in clear, and people become rows; always in a transaction."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Row, Select, bindparam, delete, insert, select, update

from gated.core.model import Appointment, Category, StatusCode
from gated.hub import register_words as words
from gated.hub.database import insert_many
from gated.hub.office import Office
from gated.hub.register_entry import Entry, HeldStatus, in_force, instant, moment
from gated.hub.register_seal import digest_entry, digest_row, open_row, seal_row
from gated.hub.schema_register import PERSON, PERSON_WORD, STATUS
from gated.store.roster_build import RosterRow, milliseconds

PIECE: Final = 500  # values in one IN list; SQLite takes 32,766, old ones 999
Item = TypeVar("Item")

_INSERT_WORD: Final = (
    "INSERT INTO person_word (site, word, ref) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
)
_INSERT_WORD_NAMED: Final = (
    "INSERT INTO person_word (site, word, ref) VALUES (%(site)s, %(word)s, %(ref)s)"
    " ON CONFLICT DO NOTHING"
)

Change = tuple[Entry | None, Entry]
"""A person before (None: unknown until now) and after."""


def pieces(items: Sequence[Item], size: int = PIECE) -> Iterator[Sequence[Item]]:
    """Yield the items in slices."""
    for first in range(0, len(items), size):
        yield items[first : first + size]


# -- reading ------------------------------------------------------------------------------------


def load(
    connection: Connection,
    office: Office,
    site: str,
    refs: Collection[bytes] | None,
    table: Mapping[bytes, RosterRow] | None = None,
) -> dict[bytes, Entry]:
    """Return these people, removed ones included; None: everybody who is registered now.

    table: lines that may say what is known already. Whose line does is not opened, which makes
    them no different: the line is what would be found.
    """
    people = select(PERSON).where(PERSON.c.site == site)
    history = select(STATUS).where(STATUS.c.site == site).order_by(STATUS.c.id)
    now = moment(office.utc_ms())
    if refs is None:
        rows = connection.execute(people.where(PERSON.c.removed_ms.is_(None)))
        everybody = _entries(office, rows, _held(connection, history), now, table)
        return {entry.ref: entry for entry in everybody}
    found: dict[bytes, Entry] = {}
    for piece in pieces(list(refs)):
        held = _held(connection, history.where(STATUS.c.ref.in_(piece)))
        rows = connection.execute(people.where(PERSON.c.ref.in_(piece)))
        found |= {entry.ref: entry for entry in _entries(office, rows, held, now, table)}
    return found


def load_household(
    connection: Connection, office: Office, site: str, households: Collection[bytes]
) -> list[Entry]:
    """Return everybody who is registered now in or for one of these rooms."""
    refs: list[bytes] = []
    for piece in pieces(list(households)):
        query = select(PERSON.c.ref).where(
            PERSON.c.site == site, PERSON.c.household.in_(piece), PERSON.c.removed_ms.is_(None)
        )
        refs += connection.execute(query).scalars()
    return list(load(connection, office, site, refs).values())


def _held(connection: Connection, query: Select[Any]) -> dict[bytes, list[HeldStatus]]:
    held: dict[bytes, list[HeldStatus]] = {}
    for row in connection.execute(query):
        held.setdefault(row.ref, []).append(
            HeldStatus(
                code=StatusCode(row.code),
                start=instant(row.start_ms),
                end=instant(row.end_ms),
                origin=row.origin,
                set_by=row.set_by,
                set_ms=row.set_ms,
                ended_by=row.ended_by,
                ended_ms=row.ended_ms,
                id=row.id,
            )
        )
    return held


def _entries(
    office: Office,
    rows: Iterable[Row[Any]],
    held: dict[bytes, list[HeldStatus]],
    now: datetime,
    table: Mapping[bytes, RosterRow] | None = None,
) -> Iterator[Entry]:
    for row in rows:
        history = tuple(held.get(row.ref, ()))
        line = None if table is None else table.get(row.ref)
        if line is not None and _says_the_same(office, row, line):
            decided: frozenset[str] = frozenset()
        else:
            line, decided = _opened(office, row)
        if history or line.statuses:
            line = replace(line, statuses=in_force(history, now))
        yield Entry(
            ref=row.ref,
            row=line,
            household=row.household,
            statuses=history,
            origin=row.origin,
            version=row.version,
            changed_ms=row.changed_ms,
            removed_ms=row.removed_ms,
            office_cards=decided,
            office_flags=_flags(row.office_flags),
        )


def _says_the_same(office: Office, row: Row[Any], line: RosterRow) -> bool:
    known = row.digest
    return known is not None and known == digest_row(office.word_key, row.site, row.ref, line)


def _opened(office: Office, row: Row[Any]) -> tuple[RosterRow, frozenset[str]]:
    """Return what is known of a person but for statuses, and which cards an office decided."""
    names, cards, decided = open_row(office.sealer, row.sealed, row.ref)
    line = RosterRow(
        **names,
        category=Category(row.category),
        cards=cards,
        statuses=(),
        flags=_flags(row.flags),
        appointment=_appointment(row),
        start=instant(row.start_ms),
        end=instant(row.end_ms),
    )
    return line, decided


def _flags(text: str) -> frozenset[str]:
    return frozenset(json.loads(text)) if text != "[]" else frozenset()


def _appointment(row: Row[Any]) -> Appointment | None:
    start, end = instant(row.slot_start_ms), instant(row.slot_end_ms)
    return None if start is None or end is None else Appointment(start, end, row.slot_uses)


# -- writing ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Rows:
    """Changes as rows: everything is hashed and sealed, so that writing them takes no time.

    replaced: whose old row goes. words: (site, word, ref), as are the stale ones.
    """

    site: str
    replaced: list[bytes]
    people: list[tuple[object, ...]]
    fresh: list[dict[str, object]]
    ended: list[HeldStatus]
    words: list[tuple[str, bytes, bytes]]
    stale: list[tuple[str, bytes, bytes]]


def rows_of(office: Office, site: str, changes: Sequence[Change], rev: int) -> Rows:
    """Return the rows of people who are as after, changed in revision `rev`. Blocks 60 µs each."""
    now_ms = office.utc_ms()
    fresh, ended = _statuses(site, changes)
    ordered = sorted(changes, key=lambda change: change[1].ref)
    people = [_person_values(office, site, change, rev, now_ms) for change in ordered]
    new, stale = _words(office, site, changes)
    replaced = [after.ref for before, after in changes if before is not None]
    return Rows(site, replaced, people, fresh, ended, new, stale)


def store(
    connection: Connection, office: Office, site: str, changes: Sequence[Change], rev: int
) -> None:
    """The register holds the people as they are after, changed in revision `rev`."""
    rows = rows_of(office, site, changes, rev)
    write(connection, rows)
    insert_words(connection, rows.words)
    delete_words(connection, rows.stale)


def write(connection: Connection, rows: Rows) -> None:
    """The register holds these people; their words are for the caller to write."""
    where = (PERSON.c.site == rows.site,)
    for piece in pieces(rows.replaced):
        connection.execute(delete(PERSON).where(*where, PERSON.c.ref.in_(piece)))
    insert_many(connection, PERSON, rows.people)
    write_statuses(connection, rows)


def write_statuses(connection: Connection, rows: Rows) -> None:
    """The statuses of these people begin and end."""
    for held in rows.ended:
        here = (STATUS.c.id == held.id, STATUS.c.site == rows.site)
        ended = {"ended_by": held.ended_by, "ended_ms": held.ended_ms}
        connection.execute(update(STATUS).where(*here).values(**ended))
    if rows.fresh:
        connection.execute(insert(STATUS), rows.fresh)


def touch(connection: Connection, site: str, refs: Collection[bytes], rev: int) -> None:
    """These people count as changed in this revision: their line of the list changed."""
    for piece in pieces(list(refs)):
        where = (PERSON.c.site == site, PERSON.c.ref.in_(piece))
        connection.execute(update(PERSON).where(*where).values(changed_rev=rev))


def insert_words(connection: Connection, rows: Sequence[tuple[str, bytes, bytes]]) -> None:
    """These words lead to these people; words that already do so stay."""
    if not rows:
        return
    if connection.dialect.positional:
        connection.exec_driver_sql(_INSERT_WORD, list(rows))
    else:
        named = [dict(zip(("site", "word", "ref"), row, strict=True)) for row in rows]
        connection.exec_driver_sql(_INSERT_WORD_NAMED, named)


def delete_words(connection: Connection, rows: Sequence[tuple[str, bytes, bytes]]) -> None:
    """These words lead to these people no more."""
    if not rows:
        return
    columns = PERSON_WORD.c
    query = delete(PERSON_WORD).where(
        columns.site == bindparam("a_site"),
        columns.word == bindparam("a_word"),
        columns.ref == bindparam("a_ref"),
    )
    names = ("a_site", "a_word", "a_ref")
    connection.execute(query, [dict(zip(names, row, strict=True)) for row in rows])


def _words(
    office: Office, site: str, changes: Iterable[Change]
) -> tuple[list[tuple[str, bytes, bytes]], list[tuple[str, bytes, bytes]]]:
    """Return the rows of person_word that these changes add and take away."""
    new: list[tuple[str, bytes, bytes]] = []
    stale: list[tuple[str, bytes, bytes]] = []
    for before, after in changes:
        if before is not None and before.row == after.row:
            continue
        wanted = words.of_row(office.word_key, site, after.row)
        held = words.of_row(office.word_key, site, before.row) if before is not None else set()
        new += [(site, word, after.ref) for word in wanted - held]
        stale += [(site, word, after.ref) for word in held - wanted]
    new.sort()
    return new, stale


def _person_values(
    office: Office, site: str, change: Change, rev: int, now_ms: int
) -> tuple[object, ...]:
    before, after = change
    row, slot = after.row, after.row.appointment
    return (  # in the order of the table's columns
        site,
        after.ref,
        after.household,
        row.category.value,
        _flags_text(row.flags),
        _flags_text(after.office_flags),
        seal_row(office.sealer, after),
        digest_entry(office.word_key, site, after),
        milliseconds(row.start),
        milliseconds(row.end),
        milliseconds(slot.start) if slot else None,
        milliseconds(slot.end) if slot else None,
        slot.uses_left if slot else None,
        after.origin,
        (before.version if before else 0) + 1,
        rev,
        now_ms,
        after.removed_ms,
    )


def _flags_text(flags: frozenset[str]) -> str:
    return json.dumps(sorted(flags)) if flags else "[]"


def _statuses(
    site: str, changes: Iterable[Change]
) -> tuple[list[dict[str, object]], list[HeldStatus]]:
    """Return the rows of statuses that begin, and those that were ended."""
    fresh: list[dict[str, object]] = []
    ended: list[HeldStatus] = []
    for before, after in changes:
        known = {} if before is None else {held.id: held for held in before.statuses}
        for held in after.statuses:
            if held.id == 0:
                fresh.append(_status_values(site, after.ref, held))
            elif known.get(held.id) != held:
                ended.append(held)
    return fresh, ended


def _status_values(site: str, ref: bytes, held: HeldStatus) -> dict[str, object]:
    return {
        "site": site,
        "ref": ref,
        "code": held.code.value,
        "start_ms": milliseconds(held.start),
        "end_ms": milliseconds(held.end),
        "origin": held.origin,
        "set_by": held.set_by,
        "set_ms": held.set_ms,
        "ended_by": held.ended_by,
        "ended_ms": held.ended_ms,
    }
