"""Makes one group of a gate's committed events searchable, in one short transaction.

The events stay the truth: rows made before for the same events are replaced, so that starting
again at the beginning (`gated hub reindex`) leaves the tables as they are or mends them. The
gate's rows in `projected` are the lock: several workers take turns at one gate.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Table, and_, delete, insert, select, update

from gated.hub.aliases import Aliases
from gated.hub.database import insert_many
from gated.hub.event_clock import TABLES, EventClock, Stretch
from gated.hub.event_time import UNSURE, Reference, Stamp, claimed, exactly
from gated.hub.inbox_item import UNKNOWN_SITE, drafts, gate_problem
from gated.hub.local_time import local_day
from gated.hub.office import Office, Site
from gated.hub.passage_row import Said, envelope, log_row, passage, said, word
from gated.hub.schema import CURSOR, EVENT, SIDE
from gated.hub.schema_office import COMMAND
from gated.hub.schema_records import BOOT_CLOCK, GATE_SITE, INBOX, PAPER, PROJECTED

GROUP_MAX: Final = 500  # events in one transaction: the hub's own commits wait no longer than that
CLAIMS_MAX: Final = 100  # passages read to learn where an unknown gate stands

_RESULTS: Final = frozenset({"shown", "expired", "refused"})
_WAITING_COMMANDS: Final = ("pending", "sent")


# An event and, when it is a passage, what its row says.
Read = tuple[Said, dict[str, Any] | None]


@dataclass(frozen=True, slots=True)
class Feed:
    """One epoch of a gate with events that are not searchable yet. upto: its watermark."""

    gate: str
    epoch: str
    upto: int


@dataclass(frozen=True, slots=True)
class Step:
    """What one transaction did. homeless: nobody knows at which site the gate stands.

    events: how many were read. more: others wait. newest_ms: when the last one was received.
    """

    events: int = 0
    more: bool = False
    newest_ms: int = 0
    homeless: bool = False


class Projection:
    """Turns events into rows; any thread."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def waiting(self) -> list[Feed]:
        """Return every epoch of every gate with events that are not searchable yet."""
        columns, done = CURSOR.c, PROJECTED.c
        same = and_(done.gate == columns.gate, done.epoch == columns.epoch)
        query = (
            select(columns.gate, columns.epoch, columns.upto, done.upto)
            .join_from(CURSOR, PROJECTED, same, isouter=True)
            .where(columns.epoch != PAPER)
            .order_by(columns.gate, columns.epoch)
        )
        with self._office.database.reading() as connection:
            rows = connection.execute(query).all()
        return [Feed(gate, epoch, upto) for gate, epoch, upto, made in rows if upto > (made or 0)]

    def step(self, feed: Feed) -> Step:
        """The next events of an epoch, at most GROUP_MAX, are searchable. Raises StoreError.

        They are read before the store is held for writing, since reading them takes longest.
        """
        with self._office.database.reading() as connection:
            start = _made(connection, feed)
            end = min(_watermark(connection, feed), start + GROUP_MAX)
            read, newest_ms = _read(connection, feed, start, end)
        with self._office.database.writing("make a gate's events searchable") as connection:
            made = _locked(connection, feed)
            site = self._home(connection, feed.gate)
            if site is None:
                self._report_homeless(connection, feed.gate)
                return Step(homeless=True)
            if made[feed.epoch] != start or end <= start:
                return Step(more=True)  # another worker was here meanwhile
            here = self._office.site(site)
            _Group(connection, feed, here, made | {feed.epoch: end}, start + 1).store(read)
            return Step(end - start, end < feed.upto, newest_ms)

    def forget(self) -> None:
        """Every event counts as not yet searchable; the rows stay until they are made again."""
        with self._office.database.writing("start the index again") as connection:
            connection.execute(update(PROJECTED).values(upto=0))
            connection.execute(delete(BOOT_CLOCK))

    def _home(self, connection: Connection, gate: str) -> str | None:
        """Return the site where the gate stands, None when nobody can know."""
        query = select(GATE_SITE.c.site).where(GATE_SITE.c.gate == gate)
        known = connection.execute(query).scalar_one_or_none()
        if known is not None:
            return str(known) if known in self._office.sites else None
        names = list(self._office.sites)
        claims = (name for name in _claims(connection, gate) if name in self._office.sites)
        site = next(claims, names[0] if len(names) == 1 else None)
        if site is not None:
            connection.execute(
                insert(GATE_SITE).values(gate=gate, site=site, since_ms=self._office.utc_ms())
            )
        return site

    def _report_homeless(self, connection: Connection, gate: str) -> None:
        first = next(iter(self._office.sites.values()))
        now_ms = self._office.utc_ms()
        problem = gate_problem(gate, UNKNOWN_SITE, local_day(now_ms, first.zone).isoformat())
        put(connection, [problem.row(gate, "", first.id, exactly(now_ms))])


class _Group:
    """One group on its way into the tables. first: seq of its first event."""

    def __init__(
        self,
        connection: Connection,
        feed: Feed,
        site: Site,
        made: Mapping[str, int],
        first: int,
    ) -> None:
        self._connection = connection
        self._gate, self._epoch, self._site = feed.gate, feed.epoch, site.id
        self._zone = site.zone
        self._stretch = Stretch(feed.epoch, first, made[feed.epoch])
        self._clock = EventClock(connection, feed.gate, made)
        self._aliases = Aliases(connection, site.id)

    def store(self, read: Sequence[Read]) -> None:
        """Rows, items and times of these events are in the tables, and the epoch is that far."""
        events = [event for event, _ in read]
        boots, news = self._clock.learn(
            (event.boot, event.reference) for event in events if event.boot and event.reference
        )
        stamps = {event.seq: _stamp(event, boots) for event in events}
        items = self._store_rows(read, stamps)
        put(self._connection, items)
        looked = self._mend(news, stamps)
        for stretch in [*looked, self._stretch] if items else looked:
            self._clock.tell_inbox(stretch)
        self._note_results(events)
        columns = PROJECTED.c
        self._connection.execute(
            update(PROJECTED)
            .where(columns.gate == self._gate, columns.epoch == self._epoch)
            .values(upto=self._stretch.last)
        )

    def _store_rows(
        self, read: Iterable[Read], stamps: Mapping[int, Stamp]
    ) -> list[dict[str, Any]]:
        passages: list[dict[str, Any]] = []
        others: list[dict[str, Any]] = []
        items: list[dict[str, Any]] = []
        for event, row in read:
            stamp = stamps[event.seq]
            shared = envelope(event, self._gate, self._epoch, self._site, stamp)
            if row is not None:
                span = {"lo_ms": stamp.lo_ms, "hi_ms": stamp.hi_ms}
                who = {"person": self._aliases.then(row["person"], stamp.t_ms)}
                passages.append(shared | row | who | span | {"received_ms": event.received_ms})
            else:
                others.append(shared | log_row(event))
            readable = row is not None or event.kind != "passage"
            day = local_day(event.received_ms, self._zone).isoformat()
            made = drafts(event, self._gate, self._epoch, self._site, day, readable=readable)
            for draft in made:
                item = draft.row(self._gate, self._epoch, self._site, stamp)
                items.append(item | {"person": self._aliases.then(draft.person, stamp.t_ms)})
        for table, rows in zip(TABLES, (passages, others), strict=True):
            self._clear(table)
            names = [column.name for column in table.columns]
            insert_many(
                self._connection, table, [tuple(row[name] for name in names) for row in rows]
            )
        return items

    def _clear(self, table: Table) -> None:
        columns = table.c
        self._connection.execute(
            delete(table).where(
                columns.gate == self._gate,
                columns.epoch == self._epoch,
                columns.seq >= self._stretch.first,
                columns.seq <= self._stretch.last,
            )
        )

    def _mend(self, news: Mapping[str, Reference], stamps: Mapping[int, Stamp]) -> list[Stretch]:
        """Every time these events throw light on is right; return where that was."""
        corrected: list[Stretch] = []
        for boot, reference in news.items():
            corrected += self._clock.correct(boot, reference)
        looked = [self._clock.bound(stretch) for stretch in corrected]
        certain = any(stamp.certain for stamp in stamps.values())
        uncertain = not all(stamp.certain for stamp in stamps.values())
        first = self._stretch.first
        if uncertain or (certain and self._clock.last_is_uncertain(self._epoch, first)):
            looked.append(self._clock.bound(self._stretch, reach_back=certain))
        return [*looked, *corrected]

    def _note_results(self, events: Iterable[Said]) -> None:
        """Orders to the gate have the state the gate reports."""
        columns = COMMAND.c
        for event in events:
            result = event.word("result")
            if event.kind == "command_result" and result in _RESULTS:
                self._connection.execute(
                    update(COMMAND)
                    .where(columns.gate == self._gate, columns.id == event.word("id"))
                    .where(columns.state.in_(_WAITING_COMMANDS))
                    .values(state=result, result=result)
                )


def put(connection: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
    """Each item lies in the inbox once; one that is there stays as it is, answer and all."""
    by_source: dict[str, Mapping[str, Any]] = {}
    for row in rows:
        by_source.setdefault(row["source"], row)
    if not by_source:
        return
    query = select(INBOX.c.source).where(INBOX.c.source.in_(list(by_source)))
    known = set(connection.execute(query).scalars())
    fresh = [dict(row) for source, row in by_source.items() if source not in known]
    if fresh:
        connection.execute(insert(INBOX), fresh)


def _stamp(event: Said, boots: Mapping[str, Reference]) -> Stamp:
    if event.clock != UNSURE:
        return exactly(event.claim_ms)
    reference = boots.get(event.boot) if event.boot else None
    if reference is not None:
        return exactly(event.mono_ms + reference.offset_ms)
    return claimed(event.claim_ms, event.received_ms)


def _locked(connection: Connection, feed: Feed) -> dict[str, int]:
    """Return how far each epoch of the gate is; nobody else moves them in this transaction."""
    columns = PROJECTED.c
    of_feed = and_(columns.gate == feed.gate, columns.epoch == feed.epoch)
    if connection.execute(select(columns.upto).where(of_feed)).first() is None:
        connection.execute(insert(PROJECTED).values(gate=feed.gate, epoch=feed.epoch, upto=0))
    query = select(columns.epoch, columns.upto).where(columns.gate == feed.gate)
    rows = connection.execute(query.order_by(columns.epoch).with_for_update())
    return {row.epoch: row.upto for row in rows}


def _made(connection: Connection, feed: Feed) -> int:
    columns = PROJECTED.c
    query = select(columns.upto).where(columns.gate == feed.gate, columns.epoch == feed.epoch)
    return connection.execute(query).scalar_one_or_none() or 0


def _watermark(connection: Connection, feed: Feed) -> int:
    columns = CURSOR.c
    query = select(columns.upto).where(columns.gate == feed.gate, columns.epoch == feed.epoch)
    return connection.execute(query).scalar_one_or_none() or 0


def _read(connection: Connection, feed: Feed, start: int, end: int) -> tuple[list[Read], int]:
    """Return what the usable events after start up to end say, and when the last one came."""
    columns = EVENT.c
    same = and_(
        SIDE.c.gate == columns.gate, SIDE.c.epoch == columns.epoch, SIDE.c.seq == columns.seq
    )
    query = (
        select(
            columns.seq,
            columns.kind,
            columns.t_ms,
            columns.received_ms,
            columns.body,
            SIDE.c.body,
            columns.fault,
        )
        .join_from(EVENT, SIDE, same, isouter=True)
        .where(columns.gate == feed.gate, columns.epoch == feed.epoch)
        .where(columns.seq > start, columns.seq <= end)
        .order_by(columns.seq)
    )
    found: list[Read] = []
    newest_ms = 0
    for *event, fault in connection.execute(query):
        newest_ms = max(newest_ms, event[3])
        usable = None if fault else said(*event)
        if usable is not None:
            found.append((usable, passage(usable)))
    return found, newest_ms


def _claims(connection: Connection, gate: str) -> list[str]:
    """Return the sites the gate's passages name, oldest epoch's first."""
    columns = EVENT.c
    query = (
        select(columns.body)
        .where(columns.gate == gate, columns.kind == "passage", columns.fault == "")
        .order_by(columns.epoch, columns.seq)
        .limit(CLAIMS_MAX)
    )
    bodies = (json.loads(body) for body in connection.execute(query).scalars())
    return [word(fields.get("site")) for fields in bodies if isinstance(fields, dict)]
