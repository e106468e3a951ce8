"""What the hub remembers: events, cursors, gates, bundles; SQLite by default, PostgreSQL by URL.

Everything a batch changes is committed in one transaction, before anybody is told. On SQLite
every connection runs WAL with `synchronous=FULL`; a write transaction takes its lock at the start.
One HubStore per thread or process; several may share the database.

| table | holds |
|---|---|
| event | every event once: gate, epoch, seq, digest, kind, t_ms, body, fault |
| side | exact values an event promised by commitment |
| cursor | per gate and epoch: stored ranges, watermark, chain hash there |
| parked | whole messages nobody could use, by digest |
| gate | last hello and status of each gate |
| bundle, chunk | signed manifests and the pieces of their objects (index -1: list of hashes) |
| setting | hubgen |
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, func, insert, select, update

from gated.contract.batch import Batch, Event
from gated.core.canonical import digest
from gated.hub import ledger
from gated.hub import schema as tables
from gated.hub.database import PARKED, HubDatabase, insert_many
from gated.hub.ledger import Cursor
from gated.hub.published import line_of
from gated.hub.schema_records import GATE_SITE

PARKED_MAX: Final = 1_000  # messages; more of them say nothing new
PARKED_BODY_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the hub can promise about one epoch of a gate after a commit."""

    gate: str
    epoch: str
    upto: int
    head: bytes
    fork: bool = False
    want: int | None = None
    rejected: tuple[tuple[int, str], ...] = ()
    stored: int = 0


@dataclass(frozen=True, slots=True)
class StoredBundle:
    """One published roster revision: its signed manifest as it goes on the wire."""

    roster: str
    rev: int
    manifest: bytes


class HubStore:
    """The hub's database; for one thread. Raises StoreError when it cannot be opened.

    generation: names a new database, UTC ms. A hub that lost its database so has a higher one
    than before, and every gate sends again what its card still holds. patience_s: how long a
    writer waits for others, BUSY_TIMEOUT_S if None.
    """

    def __init__(
        self,
        url: str,
        generation: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        patience_s: float | None = None,
    ) -> None:
        self._database = HubDatabase(url, patience_s)
        self._writing, self._reading = self._database.writing, self._database.reading
        with self._writing("name a new database") as connection:
            self.hubgen: int = line_of(connection, generation())

    @property
    def database(self) -> HubDatabase:
        """The database itself, for what else its worker keeps there."""
        return self._database

    def close(self) -> None:
        """Every connection is closed; may be called twice."""
        self._database.close()

    # Events.

    def commit(self, batches: Sequence[tuple[str, Batch]], received_ms: int) -> list[Outcome]:
        """Everything usable of these (gate, batch) is durable; one outcome each, same order.

        One transaction. Raises StoreError when the database cannot take it: nothing was stored.
        """
        gates = {_alone(gate) for gate, _ in batches}
        with self._writing("store events", alone=gates) as connection:
            return [self._take(connection, gate, batch, received_ms) for gate, batch in batches]

    def promise(self, gate: str, epoch: str) -> Outcome:
        """Return what is stored of an epoch, as an acknowledgement can state it."""
        with self._reading() as connection:
            cursor = _cursor(connection, gate, epoch) or ledger.empty(epoch)
        return Outcome(gate, epoch, cursor.upto, cursor.head, want=cursor.want)

    def park(self, gate: str, code: str, payload: bytes, received_ms: int) -> None:
        """A message nobody can use is kept once, cut to 64 KiB, at most PARKED_MAX in all."""
        row = {"gate": gate, "digest": digest(payload), "code": code[:200]}
        with self._writing("park a message", alone=(PARKED,)) as connection:
            known = select(tables.PARKED.c.gate).where(
                tables.PARKED.c.gate == gate, tables.PARKED.c.digest == row["digest"]
            )
            count = connection.execute(select(func.count()).select_from(tables.PARKED)).scalar_one()
            if count < PARKED_MAX and connection.execute(known).first() is None:
                body = payload[:PARKED_BODY_BYTES]
                connection.execute(
                    insert(tables.PARKED).values(**row, body=body, received_ms=received_ms)
                )

    def parked(self) -> int:
        """Return how many whole messages are parked."""
        with self._reading() as connection:
            query = select(func.count()).select_from(tables.PARKED)
            return connection.execute(query).scalar_one()

    def events(self, gate: str, epoch: str) -> list[tuple[int, bytes, bytes, str]]:
        """Return (seq, digest, body, fault) of every stored event of an epoch, in order."""
        columns = tables.EVENT.c
        query = (
            select(columns.seq, columns.digest, columns.body, columns.fault)
            .where(columns.gate == gate, columns.epoch == epoch)
            .order_by(columns.seq)
        )
        with self._reading() as connection:
            return [tuple(row) for row in connection.execute(query)]

    def sides(self, gate: str, epoch: str) -> dict[int, dict[str, int]]:
        """Return the exact values stored beside events, by seq."""
        columns = tables.SIDE.c
        query = select(columns.seq, columns.body).where(
            columns.gate == gate, columns.epoch == epoch
        )
        with self._reading() as connection:
            return {seq: json.loads(body) for seq, body in connection.execute(query)}

    def _take(self, connection: Connection, gate: str, batch: Batch, received_ms: int) -> Outcome:
        stored = _cursor(connection, gate, batch.epoch)
        cursor = stored or ledger.empty(batch.epoch)
        verdict = ledger.judge(cursor, batch)
        if verdict.fork or _differs(connection, gate, batch.epoch, verdict.known):
            return Outcome(gate, batch.epoch, cursor.upto, cursor.head, fork=True)
        if verdict.fresh:
            _insert_events(connection, gate, batch, verdict.fresh, received_ms)
            cursor = _advanced(connection, gate, batch, cursor)
            _store_cursor(connection, gate, batch.epoch, cursor, new=stored is None)
        rejected = [(item.seq, item.fault) for item in batch.events if item.fault]
        rejected += [(seq, "bad_side") for seq in batch.side_faults]
        return Outcome(
            gate,
            batch.epoch,
            cursor.upto,
            cursor.head,
            want=cursor.want,
            rejected=tuple(sorted(rejected)),
            stored=len(verdict.fresh),
        )

    # Gates.

    def greet(self, gate: str, values: Mapping[str, object]) -> None:
        """The gate's row holds these columns; made when the gate is new."""
        with self._writing("note a gate", alone=(_alone(gate),)) as connection:
            where = tables.GATE.c.gate == gate
            done = connection.execute(update(tables.GATE).where(where).values(**values))
            if done.rowcount == 0:
                connection.execute(insert(tables.GATE).values(gate=gate, **values))

    def gates(self) -> list[dict[str, Any]]:
        """Return every gate ever heard of, by name, with the watermark of its current epoch.

        last: the highest seq of that epoch anybody spoke of or sent.
        """
        gate, cursor = tables.GATE, tables.CURSOR
        joined = gate.outerjoin(
            cursor, (cursor.c.gate == gate.c.gate) & (cursor.c.epoch == gate.c.epoch)
        )
        columns = (gate, cursor.c.upto, cursor.c.ranges)
        query = select(*columns).select_from(joined).order_by(gate.c.gate)
        with self._reading() as connection:
            rows = [dict(row) for row in connection.execute(query).mappings()]
        for row in rows:
            ranges = ledger.read(row.pop("ranges") or "[]")
            row["last"] = max([row["last"], *(end - 1 for _, end in ranges)])
        return rows

    # Bundles.

    def newest_bundles(self) -> list[StoredBundle]:
        """Return the newest bundle of every roster."""
        columns = tables.BUNDLE.c
        newest = select(columns.roster, func.max(columns.rev).label("rev")).group_by(columns.roster)
        wanted = newest.subquery()
        query = select(columns.roster, columns.rev, columns.manifest).join(
            wanted, (columns.roster == wanted.c.roster) & (columns.rev == wanted.c.rev)
        )
        with self._reading() as connection:
            return [StoredBundle(*row) for row in connection.execute(query)]

    def may_fetch(self, gate: str, tag: bytes, rosters: Mapping[str, str]) -> bool:
        """Return whether an object is of the list of the gate's site.

        rosters: id of the list of each site; empty when every gate may have any.
        """
        if not rosters:
            return True
        columns = tables.BUNDLE.c
        with self._reading() as connection:
            own = _roster_of(connection, gate, rosters)
            query = select(columns.sha).where(columns.roster == own).distinct()
            return any(sha.startswith(tag) for sha in connection.execute(query).scalars())

    def piece(self, tag: bytes, index: int) -> bytes | None:
        """Return one piece of an object, -1 for its list of hashes; None when there is none."""
        columns = tables.CHUNK.c
        query = select(columns.data).where(columns.tag == tag, columns.piece == index)
        with self._reading() as connection:
            return connection.execute(query).scalar_one_or_none()


def _alone(gate: str) -> str:
    """Return the name under which only one worker at a time writes for a gate."""
    return f"gate {gate}"


def _roster_of(connection: Connection, gate: str, rosters: Mapping[str, str]) -> str | None:
    """Return the list of the gate's site: the assigned one, else the only one."""
    query = select(GATE_SITE.c.site).where(GATE_SITE.c.gate == gate)
    site = connection.execute(query).scalar_one_or_none()
    if site is None and len(rosters) == 1:
        site = next(iter(rosters))
    return None if site is None else rosters.get(site)


def _cursor(connection: Connection, gate: str, epoch: str) -> Cursor | None:
    columns = tables.CURSOR.c
    query = select(columns.ranges, columns.upto, columns.head).where(
        columns.gate == gate, columns.epoch == epoch
    )
    row = connection.execute(query).first()
    return None if row is None else Cursor(ledger.read(row[0]), row[1], row[2])


def _differs(connection: Connection, gate: str, epoch: str, known: Sequence[Event]) -> bool:
    """True when something else is stored under one of these seqs."""
    if not known:
        return False
    stored = dict(_digests(connection, gate, epoch, known[0].seq, known[-1].seq + 1))
    return any(stored.get(item.seq) != item.digest for item in known)


def _digests(
    connection: Connection, gate: str, epoch: str, start: int, end: int
) -> Iterator[tuple[int, bytes]]:
    columns = tables.EVENT.c
    query = (
        select(columns.seq, columns.digest)
        .where(columns.gate == gate, columns.epoch == epoch)
        .where(columns.seq >= start, columns.seq < end)
        .order_by(columns.seq)
    )
    return ((seq, found) for seq, found in connection.execute(query))


def _insert_events(
    connection: Connection, gate: str, batch: Batch, fresh: Sequence[Event], received_ms: int
) -> None:
    epoch = batch.epoch
    insert_many(
        connection,
        tables.EVENT,
        [
            (gate, epoch, e.seq, e.digest, e.kind, e.t_ms, e.body, e.fault, received_ms)
            for e in fresh
        ],
    )
    if batch.side:
        new = {item.seq for item in fresh}
        insert_many(
            connection,
            tables.SIDE,
            [(gate, epoch, row.seq, row.salt, row.body) for row in batch.side if row.seq in new],
        )


def _advanced(connection: Connection, gate: str, batch: Batch, cursor: Cursor) -> Cursor:
    """Return the cursor with the batch in it and the chain recomputed up to its watermark."""
    ranges = ledger.add(cursor.ranges, batch.first, batch.end)
    upto = ledger.watermark(ranges)
    if upto == batch.end - 1 and batch.first <= cursor.upto + 1:
        digests = [item.digest for item in batch.events if item.seq > cursor.upto]
    else:
        rows = _digests(connection, gate, batch.epoch, cursor.upto + 1, upto + 1)
        digests = [found for _, found in rows]
    return Cursor(ranges, upto, ledger.extend(cursor.head, digests))


def _store_cursor(
    connection: Connection, gate: str, epoch: str, cursor: Cursor, *, new: bool
) -> None:
    values = {"ranges": ledger.spell(cursor.ranges), "upto": cursor.upto, "head": cursor.head}
    if new:
        connection.execute(insert(tables.CURSOR).values(gate=gate, epoch=epoch, **values))
        return
    columns = tables.CURSOR.c
    connection.execute(
        update(tables.CURSOR).where(columns.gate == gate, columns.epoch == epoch).values(**values)
    )
