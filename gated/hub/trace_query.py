"""A trace from the hub's tables: what trace.py decides, fed with the rows it needs and no others.

Rows under a sure clock are found by gate and time. Rows under an unsure one may lie anywhere in
their span, so those of the gates in question are read by their span.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import starmap
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, and_, false, func, or_, select, true

from gated.errors import GatedError
from gated.hub.audit import Action
from gated.hub.completeness import IncompleteGate, gate_names, incomplete
from gated.hub.local_time import local
from gated.hub.office import Office
from gated.hub.register import Register, Shown
from gated.hub.roles import Actor, Right
from gated.hub.schema_records import GATE_SITE, PASSAGE
from gated.hub.trace import (
    MINUTE_MS,
    NARROW_MS,
    Contact,
    Passage,
    Sighting,
    clipped,
    contacts,
    passages,
    root_of,
    windows,
)
from gated.store.roster_build import MEMBERS

WITHIN_MAX_MS: Final = 240 * MINUTE_MS  # beyond four hours everybody has met everybody
SPAN_MAX_MS: Final = 190 * 24 * 60 * MINUTE_MS  # half a year: nobody may keep more
VISIT_MS: Final = 3 * MINUTE_MS  # from the first row of a visit to its last, guard's order included
VISIT_ROWS_MAX: Final = 64  # how many records of a gate later a visit may still have a row
VISITS_AT_ONCE: Final = 100  # in one query; databases bound how long one may be
ROWS_MAX: Final = 200_000  # of a trace; more of them help nobody and fill the memory

_C = PASSAGE.c
_COLUMNS = (
    _C.gate,
    _C.epoch,
    _C.seq,
    _C.t_ms,
    _C.lo_ms,
    _C.hi_ms,
    _C.certain,
    _C.direction,
    _C.person,
    _C.household,
    _C.category,
    _C.verdict,
    _C.of_seq,
    _C.late,
)


class TraceRefused(GatedError, ValueError):
    """A trace was asked for that is not made. code: word for the page's text of it."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked. start included, end excluded, UTC ms; gate "": every gate of the site."""

    person: bytes
    start_ms: int
    end_ms: int
    within_ms: int
    gate: str = ""


@dataclass(frozen=True, slots=True)
class Related:
    """Somebody of the household or a visitor of it, and their passages, oldest first."""

    person: bytes
    passages: tuple[Passage, ...]


@dataclass(frozen=True, slots=True)
class Host:
    """A household the traced person came to: who lives there, and the passages of the visits."""

    household: bytes
    members: tuple[bytes, ...]
    visits: tuple[Passage, ...]


@dataclass(frozen=True, slots=True)
class Trace:
    """The answer. unknown: passages of people nobody identified, at the same time and gate."""

    question: Question
    asked_ms: int
    own: tuple[Passage, ...]
    contacts: tuple[Contact, ...]
    unknown: tuple[Passage, ...]
    household: tuple[Related, ...]
    visitors: tuple[Related, ...]
    hosts: tuple[Host, ...]
    incomplete: tuple[IncompleteGate, ...]

    def people(self) -> set[bytes]:
        """Return everybody the answer names."""
        named = {contact.person for contact in self.contacts}
        named |= {one.person for one in (*self.household, *self.visitors)}
        named |= {ref for host in self.hosts for ref in host.members}
        return named | {self.question.person}


class Tracer:
    """Makes traces for who may; any thread."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._register = Register(office)

    def trace(self, actor: Actor, question: Question, reason: str) -> Trace:
        """Return the trace, audited with its reason. Raises TraceRefused with a sentence."""
        _check(actor, question, reason)
        self.check_gate(actor.site, question.gate)
        now_ms = self._office.utc_ms()
        question = replace(question, person=self._register.now(actor.site, question.person))
        answer = self._answer(actor.site, question, now_ms)
        partly = f", {len(answer.incomplete)} gates incomplete" if answer.incomplete else ""
        self._office.audit.note(
            actor,
            Action.TRACE,
            target=question.person.hex(),
            reason=reason.strip(),
            result=f"{len(answer.contacts)} contacts{partly}",
        )
        return answer

    def check_gate(self, site: str, gate: str) -> None:
        """Raise TraceRefused unless the gate is one of the site's, retired ones too, or ""."""
        known = gate_names(self._office, site)
        if gate and gate not in known:
            listed = ", ".join(known) or "none"
            raise TraceRefused(
                "bad_gate", f"site {site} has no gate {gate!r}; its gates are {listed}"
            )

    def names(
        self, actor: Actor, trace: Trace, reason: str, *, full: bool = False
    ) -> dict[bytes, Shown]:
        """Return everybody the register knows of a trace, masked; whole names are audited."""
        entries = self._register.entries(actor.site, trace.people())
        if not full:
            return {ref: self._register.shown(entry) for ref, entry in entries.items()}
        if not actor.may(Right.SEE_IDENTITY):
            raise TraceRefused("no_identity", "only a community officer may see whole names")
        self._office.audit.note(
            actor,
            Action.IDENTITY,
            target=trace.question.person.hex(),
            reason=reason.strip(),
            result=f"{len(entries)} people of a trace",
        )
        return {ref: entry.whole for ref, entry in entries.items()}

    def _answer(self, site: str, question: Question, now_ms: int) -> Trace:
        entry = self._register.entry(site, question.person)
        if entry and entry.movements_withheld(local(now_ms, self._office.site(site).zone)):
            raise TraceRefused(
                "child", "a child under 14 without a health status is not traced: set the status"
            )
        lives_here = entry is not None and entry.row.category in MEMBERS
        # Asked first: what becomes searchable meanwhile is called missing, never left out unsaid.
        behind = incomplete(
            self._office,
            site,
            question.end_ms + question.within_ms,
            now_ms,
            start_ms=question.start_ms - question.within_ms,
        )
        with self._office.database.reading() as connection:
            everywhere = _own(connection, site, question)
            here = [one for one in everywhere if question.gate in ("", one.gate)]
            places = lanes_of(connection, site)
            around = _around(connection, site, question, here, places)
            homes = {one.household for one in everywhere if one.category in MEMBERS}
            visited = {one.household for one in everywhere if one.category not in MEMBERS}
            if entry is not None:
                (homes if lives_here else visited).add(entry.household)
            home = _households(connection, site, question, homes)
        members = self._members(site, homes) - {question.person}
        met, unknown = contacts(here, around, question.within_ms, members, places)
        asked = _lanes(question.gate, places)
        missing = [one for one in behind if not question.gate or one.gate in asked]
        household, visitors = _related(home, members)
        return Trace(
            question=question,
            asked_ms=now_ms,
            own=tuple(here),
            contacts=tuple(met),
            unknown=tuple(unknown),
            household=household,
            visitors=visitors,
            hosts=tuple(self._host(site, one, everywhere) for one in _known(visited - homes)),
            incomplete=tuple(missing),
        )

    def _members(self, site: str, homes: Collection[bytes | None]) -> set[bytes]:
        return {
            entry.ref
            for home in _known(homes)
            for entry in self._register.household(site, home)
            if entry.row.category in MEMBERS
        }

    def _host(self, site: str, household: bytes, own: Iterable[Passage]) -> Host:
        members = sorted(self._members(site, {household}))
        visits = tuple(one for one in own if one.household == household)
        return Host(household, tuple(members), visits)


def _check(actor: Actor, question: Question, reason: str) -> None:
    if not actor.may(Right.TRACE):
        raise TraceRefused("no_right", "only a community officer may trace contacts")
    if not reason.strip():
        raise TraceRefused("no_reason", "a trace needs its reason: say what it is for")
    if question.start_ms >= question.end_ms:
        raise TraceRefused("no_span", "the trace ends before it begins: change its times")
    if question.end_ms - question.start_ms > SPAN_MAX_MS:
        raise TraceRefused("too_long", "a trace covers at most 190 days: choose later times")
    if not 0 <= question.within_ms <= WITHIN_MAX_MS:
        raise TraceRefused("bad_window", "the window is 0 to 240 minutes: choose another one")


def _own(connection: Connection, site: str, question: Question) -> list[Passage]:
    """Return the traced person's passages, each with its span cut to the question's times."""
    rows = _sightings(connection, own_query(site, question))
    whole = {_key(one): one for one in passages([*rows, *_siblings(connection, site, rows)])}
    found = []
    for one in passages(rows):
        visit = whole.get(_key(one), one)
        span = clipped(visit, question.start_ms, question.end_ms)
        if span is None:
            continue
        found.append(
            replace(
                visit,
                lo_ms=span[0],
                hi_ms=span[1],
                person=one.person,
                household=one.household,
                category=one.category,
            )
        )
    return found


def own_query(site: str, question: Question) -> Select[tuple[Any, ...]]:
    """Return the query of every row of the traced person that may lie in the question's times."""
    # A visit that began just before, or ended just after, may reach into the span.
    begin_ms, end_ms = question.start_ms - NARROW_MS, question.end_ms + NARROW_MS
    return _rows(site).where(_C.person == question.person, _between(begin_ms, end_ms))


def _siblings(connection: Connection, site: str, rows: Sequence[Sighting]) -> list[Sighting]:
    """Return every row of the visits of these rows, whoever is named in it.

    Until a credential was read the gate knew nobody, yet the person stood there already.
    """
    found: list[Sighting] = []
    for first in range(0, len(rows), VISITS_AT_ONCE):
        wanted = or_(*(_of_visit(row) for row in rows[first : first + VISITS_AT_ONCE]))
        # Asked for plainly, SQLite would take an index by site and read the site's every row.
        here = func.coalesce(_C.site, site) == site
        found += _sightings(connection, select(*_COLUMNS).where(here, wanted))
    return found


def _of_visit(row: Sighting) -> ColumnElement[bool]:
    """Return the condition of the rows of a visit, served by the table's key."""
    root = root_of(row.seq, row.of_seq)
    near = _C.seq.between(root, max(root, row.seq) + VISIT_ROWS_MAX)
    return and_(_C.gate == row.gate, _C.epoch == row.epoch, near, _C.visit == root)


def _key(passage: Passage) -> tuple[str, str, int]:
    return passage.gate, passage.epoch, passage.seq


def _between(start_ms: int, end_ms: int) -> ColumnElement[bool]:
    """Return the condition of rows that lie, or under an unsure clock may lie, in this span."""
    return or_(
        and_(_C.certain == true(), _C.t_ms >= start_ms, _C.t_ms < end_ms),
        and_(_C.certain == false(), _C.lo_ms < end_ms, _C.hi_ms >= start_ms),
    )


def lanes_of(connection: Connection, site: str) -> dict[str, str]:
    """Return the place of every gate of the site that shares one with others, marked as a place."""
    columns = GATE_SITE.c
    query = select(columns.gate, columns.place).where(columns.site == site, columns.place != "")
    return {gate: f"place {place}" for gate, place in connection.execute(query)}


def _lanes(gate: str, places: Mapping[str, str]) -> set[str]:
    """Return the gate with all others of its place."""
    place = places.get(gate)
    return {gate} | {one for one, where in places.items() if where == place}


def _around(
    connection: Connection,
    site: str,
    question: Question,
    own: Sequence[Passage],
    places: Mapping[str, str],
) -> list[Passage]:
    """Return everybody's passages at the gates and about the times of `own`."""
    rows: list[Sighting] = []
    spans: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    for one in own:
        for lane in _lanes(one.gate, places):
            spans[lane].append((one.lo_ms, one.hi_ms))
    for gate in sorted(spans):
        # A visit may have rows before and after the window: all of them make its passage.
        wanted = windows(spans[gate], question.within_ms + VISIT_MS)
        at_gate = _rows(site).where(_C.gate == gate)
        for start_ms, end_ms in wanted:
            certain = _C.certain == true()
            query = at_gate.where(certain, _C.t_ms >= start_ms, _C.t_ms <= end_ms)
            rows += _sightings(connection, query)
            _limit(rows)
        first_ms, last_ms = wanted[0][0], wanted[-1][1]
        unsure = _C.certain == false()
        query = at_gate.where(unsure, _C.lo_ms <= last_ms, _C.hi_ms >= first_ms)
        rows += _sightings(connection, query)
        _limit(rows)
    mine = {(one.gate, one.epoch, one.seq) for one in own}
    return [one for one in passages(rows) if (one.gate, one.epoch, one.seq) not in mine]


def _limit(rows: Sequence[Sighting]) -> None:
    if len(rows) > ROWS_MAX:
        raise TraceRefused(
            "too_many", f"more than {ROWS_MAX} records match: choose fewer days or fewer minutes"
        )


def _households(
    connection: Connection, site: str, question: Question, homes: Collection[bytes | None]
) -> list[Passage]:
    """Return the passages of everybody else of these households within the question's times."""
    wanted = _known(homes)
    if not wanted:
        return []
    between = _between(question.start_ms, question.end_ms)
    query = _rows(site).where(_C.household.in_(wanted), between)
    found = passages(_sightings(connection, query))
    return [one for one in found if one.person not in (None, question.person)]


def _related(
    home: Iterable[Passage], members: Collection[bytes]
) -> tuple[tuple[Related, ...], tuple[Related, ...]]:
    """Return the household, with those who never passed, and its visitors."""
    living: dict[bytes, list[Passage]] = {ref: [] for ref in sorted(members)}
    visiting: dict[bytes, list[Passage]] = {}
    for one in home:
        if one.person is not None:
            lives = one.person in living or one.category in MEMBERS
            (living if lives else visiting).setdefault(one.person, []).append(one)
    household = tuple(Related(ref, tuple(found)) for ref, found in living.items())
    return household, tuple(Related(ref, tuple(found)) for ref, found in visiting.items())


def _rows(site: str) -> Select[tuple[Any, ...]]:
    return select(*_COLUMNS).where(_C.site == site)


def _sightings(connection: Connection, query: Select[tuple[Any, ...]]) -> list[Sighting]:
    # By position: a trace may read a hundred thousand rows, and names cost twice the time.
    return list(starmap(Sighting, connection.execute(query)))


def _known(homes: Iterable[bytes | None]) -> list[bytes]:
    return sorted(home for home in homes if home is not None)
