"""What the tables say about people: statuses, temperatures, notes, passages, inbox items.

Plain queries inside one connection, always within one site. Nothing here opens what is sealed.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, and_, or_, select

from gated.hub.observation import WATCHED, Reading
from gated.hub.schema_records import INBOX, PASSAGE
from gated.hub.schema_register import NOTE, PERSON, STATUS

READING: Final = "reading"
WORDS: Final = "note"
GROUP: Final = 400  # people asked for at once; databases limit the parameters of a query


@dataclass(frozen=True, slots=True)
class Span:
    """A time of somebody's course: after the one, before the other, None for open. UTC ms."""

    after_ms: int | None = None
    before_ms: int | None = None

    def has(self, t_ms: int) -> bool:
        """Return whether the instant lies in it."""
        late_enough = self.after_ms is None or t_ms > self.after_ms
        return late_enough and (self.before_ms is None or t_ms < self.before_ms)

    def holds(self, column: ColumnElement[Any]) -> ColumnElement[bool]:
        """Return the same as a condition; a column without a value is in no time."""
        conditions: list[ColumnElement[bool]] = [column.is_not(None)]
        if self.after_ms is not None:
            conditions.append(column > self.after_ms)
        if self.before_ms is not None:
            conditions.append(column < self.before_ms)
        return and_(*conditions)


@dataclass(frozen=True, slots=True)
class StatusRow:
    """One status of somebody's history, UTC ms. origin: `table` or `office`."""

    ref: bytes
    id: int
    code: str
    start: int | None
    end: int | None
    origin: str
    set_by: str
    set_ms: int
    ended_by: str
    ended_ms: int | None


@dataclass(frozen=True, slots=True)
class NoteRow:
    """A note or a reading somebody wrote down; sealed to the person."""

    id: int
    kind: str
    t_ms: int
    value_mc: int | None
    sealed: bytes
    entered_by: str
    entered_ms: int


@dataclass(frozen=True, slots=True, order=True)
class PassageKey:
    """Which decision of which gate, and when."""

    t_ms: int
    gate: str
    epoch: str
    seq: int


@dataclass(frozen=True, slots=True)
class PassageLine:
    """One decision of a gate about the person. follows: it follows up an earlier row."""

    key: PassageKey
    certain: bool
    direction: str
    verdict: str
    reason: str
    temp_state: str
    temp_mc: int | None
    guard_act: str
    override: str
    follows: bool
    late: bool


@dataclass(frozen=True, slots=True)
class InboxRow:
    """One item of the inbox about the person; acked_ms None while it is open."""

    id: int
    gate: str
    kind: str
    code: str
    t_ms: int
    certain: bool
    acked_by: str
    acked_ms: int | None


def statuses(
    connection: Connection, site: str, refs: Collection[bytes]
) -> dict[bytes, list[StatusRow]]:
    """Return the whole history of these people, oldest first; who has none is left out."""
    columns = STATUS.c
    query = select(
        columns.ref,
        columns.id,
        columns.code,
        columns.start_ms,
        columns.end_ms,
        columns.origin,
        columns.set_by,
        columns.set_ms,
        columns.ended_by,
        columns.ended_ms,
    ).order_by(columns.set_ms, columns.id)
    found: defaultdict[bytes, list[StatusRow]] = defaultdict(list)
    for group in _groups(refs):
        where = and_(columns.site == site, columns.ref.in_(group))
        for row in connection.execute(query.where(where)):
            values: tuple[Any, ...] = tuple(row)
            found[row.ref].append(StatusRow(*values))
    return dict(found)


def watched_refs(connection: Connection, site: str) -> list[bytes]:
    """Return everybody at the site who ever had a watched status that nobody ended; sorted.

    People who left the list are left out: nobody measures them here any more.
    """
    columns = STATUS.c
    here = and_(PERSON.c.site == columns.site, PERSON.c.ref == columns.ref)
    query = (
        select(columns.ref)
        .join(PERSON, here)
        .where(columns.site == site, columns.code.in_(sorted(WATCHED)))
        .where(columns.ended_ms.is_(None), PERSON.c.removed_ms.is_(None))
        .distinct()
        .order_by(columns.ref)
    )
    return [ref for (ref,) in connection.execute(query)]


def readings(
    connection: Connection, site: str, refs: Collection[bytes], since_ms: int, until_ms: int
) -> dict[bytes, list[Reading]]:
    """Return the temperatures of these people in [since, until), oldest first.

    Of a gate's readings only those whose time is certain: they are to prove when it was taken.
    """
    found: defaultdict[bytes, list[Reading]] = defaultdict(list)
    passage, note = PASSAGE.c, NOTE.c
    at_gates = select(passage.person, passage.t_ms, passage.temp_mc, passage.gate).where(
        passage.site == site,
        passage.temp_mc.is_not(None),
        passage.certain,
        passage.t_ms >= since_ms,
        passage.t_ms < until_ms,
    )
    written = select(note.ref, note.t_ms, note.value_mc, note.entered_by).where(
        note.site == site,
        note.kind == READING,
        note.value_mc.is_not(None),
        note.t_ms >= since_ms,
        note.t_ms < until_ms,
    )
    for group in _groups(refs):
        for row in connection.execute(at_gates.where(passage.person.in_(group))):
            found[row[0]].append(Reading(row[1], row[2], row[3], at_gate=True))
        for row in connection.execute(written.where(note.ref.in_(group))):
            found[row[0]].append(Reading(row[1], row[2], row[3]))
    return {ref: sorted(held, key=lambda one: one.t_ms) for ref, held in found.items()}


def floor_ms(
    connection: Connection, site: str, ref: bytes, before_ms: int | None, most: int
) -> int | None:
    """Return the instant after which about `most` rows of a kind lie; None when all are fewer.

    Of passages, of notes and of inbox items, whichever come first; only those before before_ms.
    Below the floor there is at least one more row, and the floor is always before before_ms.
    """
    floors = []
    for table, person in ((PASSAGE, PASSAGE.c.person), (NOTE, NOTE.c.ref), (INBOX, INBOX.c.person)):
        query = select(table.c.t_ms).where(table.c.site == site, person == ref)
        if before_ms is not None:
            query = query.where(table.c.t_ms < before_ms)
        ordered = query.order_by(table.c.t_ms.desc())
        newest = connection.execute(ordered.limit(1)).scalar()
        cut = connection.execute(ordered.offset(most).limit(1)).scalar()
        if newest is None or cut is None:
            continue
        if cut == newest:
            # More rows of one instant than a page holds stay together: a page never stands still.
            cut = connection.execute(ordered.where(table.c.t_ms < newest).limit(1)).scalar()
        if cut is not None:
            floors.append(cut)
    return max(floors, default=None)


def notes(connection: Connection, site: str, ref: bytes, span: Span) -> list[NoteRow]:
    """Return the notes and readings of this time written down about a person, newest first."""
    columns = NOTE.c
    query = (
        select(
            columns.id,
            columns.kind,
            columns.t_ms,
            columns.value_mc,
            columns.sealed,
            columns.entered_by,
            columns.entered_ms,
        )
        .where(columns.site == site, columns.ref == ref, span.holds(columns.t_ms))
        .order_by(columns.t_ms.desc(), columns.id.desc())
    )
    return [NoteRow(*row) for row in connection.execute(query)]


def passages(connection: Connection, site: str, ref: bytes, span: Span) -> list[PassageLine]:
    """Return the passages of a person in this time, newest first."""
    columns = PASSAGE.c
    query = (
        select(PASSAGE)
        .where(columns.site == site, columns.person == ref, span.holds(columns.t_ms))
        .order_by(
            columns.t_ms.desc(), columns.gate.desc(), columns.epoch.desc(), columns.seq.desc()
        )
    )
    return [_line(row) for row in connection.execute(query)]


def _line(row: Row[Any]) -> PassageLine:
    return PassageLine(
        key=PassageKey(row.t_ms, row.gate, row.epoch, row.seq),
        certain=row.certain,
        direction=row.direction,
        verdict=row.verdict,
        reason=row.reason,
        temp_state=row.temp_state,
        temp_mc=row.temp_mc,
        guard_act=row.guard_act,
        override=row.override,
        follows=row.of_seq is not None,
        late=row.late,
    )


def inbox(connection: Connection, site: str, ref: bytes, span: Span) -> list[InboxRow]:
    """Return the items about a person that came or were answered in this time, newest first."""
    wanted = or_(span.holds(INBOX.c.t_ms), span.holds(INBOX.c.acked_ms))
    return _items(connection, site, ref, wanted)


def open_inbox(connection: Connection, site: str, ref: bytes) -> list[InboxRow]:
    """Return every item about a person that nobody has answered, newest first."""
    return _items(connection, site, ref, INBOX.c.acked_ms.is_(None))


def _items(
    connection: Connection, site: str, ref: bytes, wanted: ColumnElement[bool]
) -> list[InboxRow]:
    columns = INBOX.c
    query = (
        select(
            columns.id,
            columns.gate,
            columns.kind,
            columns.code,
            columns.t_ms,
            columns.certain,
            columns.acked_by,
            columns.acked_ms,
        )
        .where(columns.site == site, columns.person == ref, wanted)
        .order_by(columns.t_ms.desc(), columns.id.desc())
    )
    return [InboxRow(*row) for row in connection.execute(query)]


def _groups(refs: Collection[bytes]) -> Iterator[Sequence[bytes]]:
    ordered = sorted(refs)
    for start in range(0, len(ordered), GROUP):
        yield ordered[start : start + GROUP]
