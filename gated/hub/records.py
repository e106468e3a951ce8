"""Who passed when: records searched by person, room, gate, time, verdict and reason.

Newest first, PAGE rows at a time; where a page ends is a key, so that new records arriving in
between neither repeat nor hide a row. Rows come masked: what the register knows of a person is
shown as a guard would see it, a person it does not know by category alone.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    Subquery,
    and_,
    false,
    func,
    not_,
    select,
    tuple_,
    union_all,
)

from gated.errors import GatedError
from gated.hub import record_words
from gated.hub.audit import Action
from gated.hub.completeness import gate_names
from gated.hub.local_time import local
from gated.hub.office import Office
from gated.hub.register import Register, Shown
from gated.hub.roles import Actor, Right
from gated.hub.schema_records import PASSAGE

PAGE: Final = 50
HIGH: Final = "high"  # what gates call the state of a fever
PEOPLE_MAX: Final = 50  # as many as the register names for one search word

_C = PASSAGE.c
_ORDER = (_C.t_ms, _C.gate, _C.epoch, _C.seq)
_COLUMNS = (
    *_ORDER,
    _C.certain,
    _C.direction,
    _C.person,
    _C.household,
    _C.category,
    _C.credential,
    _C.verdict,
    _C.reason,
    _C.reasons,
    _C.temp_state,
    _C.temp_mc,
    _C.guard,
    _C.guard_act,
    _C.override,
    _C.of_seq,
    _C.late,
    _C.shadow,
)


class SearchRefused(GatedError, ValueError):
    """A search that is not made. code: word for the page's text of it."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


@dataclass(frozen=True, slots=True)
class Key:
    """Where a record stands in the order of a search."""

    t_ms: int
    gate: str
    epoch: str
    seq: int


@dataclass(frozen=True, slots=True)
class Filter:
    """What is searched; everything left out matches all. start included, end excluded, UTC ms.

    A record under an unsure clock matches every time at which it may have been made.
    people: any of these; empty for everybody. reason: the primary reason's code.
    """

    people: tuple[bytes, ...] = ()
    household: bytes | None = None
    gate: str = ""
    start_ms: int | None = None
    end_ms: int | None = None
    verdict: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """One decision of a gate, as rows of the table passage hold it. reasons: every code of it."""

    key: Key
    certain: bool
    direction: str
    person: bytes | None
    household: bytes | None
    category: str
    credential: str
    verdict: str
    reason: str
    reasons: frozenset[str]
    temp_state: str
    temp_mc: int | None
    guard: str
    guard_act: str
    override: str
    follow_up: bool
    late: bool
    shadow: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A record as this reader may see it. shown: masked, None for nobody of the register."""

    record: Record
    shown: Shown | None


@dataclass(frozen=True, slots=True)
class Found:
    """One page of a search. after: where the next page begins, None when this was the last."""

    lines: tuple[Line, ...]
    after: Key | None


class Records:
    """Searches for those who may; any thread."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._register = Register(office)

    def search(
        self, actor: Actor, wanted: Filter, reason: str, *, after: Key | None = None
    ) -> Found:
        """Return a page of records, audited with the reason. Raises SearchRefused."""
        _check(actor, wanted, reason)
        if wanted.gate and wanted.gate not in gate_names(self._office, actor.site):
            raise SearchRefused("no_gate", "this site has no such gate: choose one of the list")
        self._refuse_children(actor.site, wanted.people)
        query = search_query(actor.site, wanted, after, PAGE + 1)
        with self._office.database.reading() as connection:
            records = [record_of(row) for row in connection.execute(query)]
        more = len(records) > PAGE
        records = records[:PAGE]
        self._note(actor, wanted, reason.strip(), len(records))
        lines = self.lines(actor, records)
        return Found(lines, records[-1].key if more else None)

    def _refuse_children(self, site: str, people: Sequence[bytes]) -> None:
        now = local(self._office.utc_ms(), self._office.site(site).zone)
        sought = self._register.entries(site, people).values() if people else ()
        if any(entry.movements_withheld(now) for entry in sought):
            raise SearchRefused(
                "child", "a child under 14 without a health status has no movements of its own"
            )

    def lines(self, actor: Actor, records: Sequence[Record]) -> tuple[Line, ...]:
        """Return the records as this actor may see them, in the same order."""
        refs = {record.person for record in records if record.person is not None}
        entries = self._register.entries(actor.site, refs) if refs else {}
        shown = {ref: self._register.shown(entry) for ref, entry in entries.items()}
        health = actor.may(Right.SET_HEALTH_STATUS)
        return tuple(
            Line(
                seen_by(record, health=health),
                None if record.person is None else shown.get(record.person),
            )
            for record in records
        )

    def _note(self, actor: Actor, wanted: Filter, reason: str, count: int) -> None:
        """Say in the audit what was looked at: each person or room by pseudonym, or a search."""
        targets = [ref.hex() for ref in wanted.people]
        if wanted.household is not None:
            targets.append(wanted.household.hex())
        action = Action.LOOK_UP if targets else Action.SEARCH
        result = f"{count} records"
        with self._office.database.writing("note a search") as connection:
            for target in targets or [wanted.gate]:
                self._office.audit.note(
                    actor,
                    action,
                    target=target,
                    reason=reason,
                    result=result,
                    connection=connection,
                )


def seen_by(record: Record, *, health: bool) -> Record:
    """Return the record without what it tells of health, unless the reader may know it. Pure.

    A temperature goes wherever it was high, whatever the shown reason: a guard's manual pass may
    stand in front of a fever. Of a line from paper it always goes: nothing beside it says whether
    it was high, and a gap above some limit only would say it. Silent codes take nothing away, for
    that would tell of them.
    """
    if health:
        return record
    hidden = (
        record.late
        or record.temp_state == HIGH
        or record_words.is_guarded(record.reason)
        or not record_words.FEVER.isdisjoint(record.reasons)
    )
    shown = record_words.reason_code(record.reason, health=False)
    record = replace(record, reason=shown, reasons=frozenset())
    return replace(record, temp_state="", temp_mc=None) if hidden else record


def _check(actor: Actor, wanted: Filter, reason: str) -> None:
    if not actor.may(Right.SEE_RECORDS):
        raise SearchRefused("no_right", f"the role {actor.role} may not see records")
    if not reason.strip():
        raise SearchRefused("no_reason", "a search needs its reason: say what it is for")
    if len(wanted.people) > PEOPLE_MAX:
        raise SearchRefused("too_many", f"more than {PEOPLE_MAX} people match: be more precise")
    start_ms, end_ms = wanted.start_ms, wanted.end_ms
    if start_ms is not None and end_ms is not None and start_ms >= end_ms:
        raise SearchRefused("no_span", "the search ends before it begins: change its times")
    health = actor.may(Right.SET_HEALTH_STATUS)
    if wanted.reason and wanted.reason not in record_words.reason_codes(health=health):
        raise SearchRefused("bad_reason", "this reason cannot be searched for: choose a listed one")


def search_query(
    site: str, wanted: Filter, after: Key | None, limit: int = PAGE
) -> Select[tuple[Any, ...]]:
    """Return the query of a search at a site, newest first, at most `limit` records.

    The keys come first, from an index that holds everything asked: among a million records most
    may have to be looked at and few are wanted whole.
    """
    # Of several people no index gives the order: asked for plainly, SQLite would take the one that
    # does and read the site's every record. So it would for the few of an unsure clock.
    unordered = _C.t_ms + 0
    time = _C.t_ms if len(wanted.people) <= 1 else unordered
    within = [*_filters(wanted), *_within(wanted, time)]
    keys = _keys(site, within, after, time, limit)
    if wanted.start_ms is not None or wanted.end_ms is not None:
        served = not wanted.people and wanted.household is None
        outside = [*_filters(wanted, served=served), *_may_be_within(wanted, unordered)]
        more = _keys(site, outside, after, unordered, limit)
        both = union_all(select(keys), select(more)).subquery("both")
        newest = [column.desc() for column in both.c]
        keys = select(both).order_by(*newest).limit(limit).subquery("keys")
    same = and_(_C.gate == keys.c.gate, _C.epoch == keys.c.epoch, _C.seq == keys.c.seq)
    newest = [column.desc() for column in _ORDER]
    return select(*_COLUMNS).join_from(keys, PASSAGE, same).order_by(*newest)


def _keys(
    site: str,
    conditions: Iterable[ColumnElement[bool]],
    after: Key | None,
    time: ColumnElement[int],
    limit: int,
) -> Subquery:
    """Return the keys of the newest records of a site. time: by which they are put in order."""
    order = (time, *_ORDER[1:])
    query = select(*_ORDER).where(_C.site == site, *conditions)
    if after is not None:
        key = (after.t_ms, after.gate, after.epoch, after.seq)
        query = query.where(time <= after.t_ms, tuple_(*order) < key)
    return query.order_by(*(column.desc() for column in order)).limit(limit).subquery()


def _within(wanted: Filter, time: ColumnElement[int]) -> Iterator[ColumnElement[bool]]:
    """Yield the conditions of records whose best known time lies in the span asked for."""
    if wanted.start_ms is not None:
        yield time >= wanted.start_ms
    if wanted.end_ms is not None:
        yield time < wanted.end_ms


def _may_be_within(wanted: Filter, time: ColumnElement[int]) -> Iterator[ColumnElement[bool]]:
    """Yield the conditions of the other records that may lie in it: their clock was unsure."""
    yield _C.certain == false()
    yield not_(and_(*_within(wanted, time)))
    if wanted.start_ms is not None:
        yield _C.hi_ms >= wanted.start_ms
    if wanted.end_ms is not None:
        yield _C.lo_ms < wanted.end_ms


def _filters(wanted: Filter, *, served: bool = False) -> Iterator[ColumnElement[bool]]:
    """Yield the conditions of a filter, only the most selective one so that an index serves it.

    SQLite keeps no statistics by itself and might else read everything a busy gate ever recorded
    to find one person. served: another condition has its index already.
    """
    equal = {
        _C.household: wanted.household,
        _C.reason: wanted.reason,
        _C.verdict: wanted.verdict,
        _C.gate: wanted.gate,
    }
    served = served or bool(wanted.people)
    if wanted.people:
        yield _C.person.in_(wanted.people)
    for column, value in equal.items():
        if value:
            # Nothing (a person without a room) is no value.
            yield func.coalesce(column, value[:0]) == value if served else column == value
            served = True


def day_query(site: str, start_ms: int, end_ms: int) -> Select[tuple[Any, ...]]:
    """Return the query of every record of a span, oldest first."""
    spanned = and_(_C.site == site, _C.t_ms >= start_ms, _C.t_ms < end_ms)
    return select(*_COLUMNS).where(spanned).order_by(*_ORDER)


def record_of(row: Row[Any]) -> Record:
    """Return a row of these queries as a record."""
    return Record(
        key=Key(row.t_ms, row.gate, row.epoch, row.seq),
        certain=row.certain,
        direction=row.direction,
        person=row.person,
        household=row.household,
        category=row.category,
        credential=row.credential,
        verdict=row.verdict,
        reason=row.reason,
        reasons=frozenset(json.loads(row.reasons)),
        temp_state=row.temp_state,
        temp_mc=row.temp_mc,
        guard=row.guard,
        guard_act=row.guard_act,
        override=row.override,
        follow_up=row.of_seq is not None,
        late=row.late,
        shadow=row.shadow,
    )
