"""Keeps the times of searchable rows right while more of a gate's history becomes known.

All of it inside the caller's transaction, which holds the gate (projection.py). Afterwards every
row up to the watermark has the time that event_time.py gives for everything known by then, so
the order in which events came does not matter.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    and_,
    bindparam,
    case,
    delete,
    func,
    insert,
    select,
    update,
)

from gated.hub.event_time import BELIEVABLE_MS, Placed, Reference, Stamp, bounded, earliest
from gated.hub.schema import EVENT
from gated.hub.schema_records import BOOT_CLOCK, GATE_LOG, INBOX, PASSAGE, UNSURE

TABLES = (PASSAGE, GATE_LOG)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Rows first ... last of an epoch whose times may have changed."""

    epoch: str
    first: int
    last: int


class EventClock:
    """The times of one gate's rows. upto: per epoch how far its rows are made."""

    def __init__(self, connection: Connection, gate: str, upto: Mapping[str, int]) -> None:
        self._connection = connection
        self._gate = gate
        self._upto = upto

    def learn(
        self, found: Iterable[tuple[str, Reference]]
    ) -> tuple[dict[str, Reference], dict[str, Reference]]:
        """The earliest reference of each boot is kept. Return all, and the news.

        News: rows made before must be corrected by it.
        """
        columns = BOOT_CLOCK.c
        query = select(columns.boot, columns.mono_ms, columns.offset_ms).where(
            columns.gate == self._gate
        )
        held = {
            boot: Reference(mono_ms, offset_ms)
            for boot, mono_ms, offset_ms in self._connection.execute(query)
        }
        news = earliest(held, found)
        for boot, reference in news.items():
            where = and_(columns.gate == self._gate, columns.boot == boot)
            self._connection.execute(delete(BOOT_CLOCK).where(where))
            values = {"mono_ms": reference.mono_ms, "offset_ms": reference.offset_ms}
            self._connection.execute(
                insert(BOOT_CLOCK).values(gate=self._gate, boot=boot, **values)
            )
        return held | news, news

    def correct(self, boot: str, reference: Reference) -> list[Stretch]:
        """Every unsure row of the boot has its true time; return where they stand."""
        found: dict[str, list[int]] = {}
        for table in TABLES:
            columns = table.c
            where = and_(columns.gate == self._gate, columns.boot == boot, UNSURE)
            span = (func.min(columns.seq), func.max(columns.seq))
            query = select(columns.epoch, *span).where(where).group_by(columns.epoch)
            for epoch, first, last in self._connection.execute(query):
                if epoch in self._upto:
                    found.setdefault(epoch, []).extend((first, last))
            true_ms = _clamped(columns.mono_ms + reference.offset_ms)
            values: dict[str, Any] = {"t_ms": true_ms, "certain": True}
            if table is PASSAGE:
                values |= {"lo_ms": true_ms, "hi_ms": true_ms}
            self._connection.execute(update(table).where(where).values(**values))
        return [Stretch(epoch, min(seqs), max(seqs)) for epoch, seqs in found.items()]

    def bound(self, stretch: Stretch, *, reach_back: bool = True) -> Stretch:
        """Every uncertain row in and around the stretch lies within what is known by now.

        reach_back: also the uncertain rows right before the stretch. Returns what was looked at.
        """
        before_seq, before_ms = self._certain_beside(stretch.epoch, stretch.first, after=False)
        after_seq, after_ms = self._certain_beside(stretch.epoch, stretch.last, after=True)
        first = before_seq + 1 if reach_back else stretch.first
        looked = Stretch(stretch.epoch, first, after_seq - 1)
        placed: list[Placed] = []
        tables: dict[int, Table] = {}
        for table in TABLES:
            for seq, certain, t_ms, claim_ms, received_ms in self._rows(table, looked):
                placed.append(Placed(seq, t_ms if certain else claim_ms, certain, received_ms))
                tables[seq] = table
        placed.sort(key=lambda row: row.seq)
        stamps = bounded(placed, before_ms, after_ms)
        for table in TABLES:
            changed = {seq: stamp for seq, stamp in stamps.items() if tables[seq] is table}
            self._write(table, stretch.epoch, changed)
        return looked

    def tell_inbox(self, stretch: Stretch) -> None:
        """Items made of rows in the stretch have the rows' times."""
        columns = INBOX.c
        for table in TABLES:
            joined = and_(
                table.c.gate == columns.gate,
                table.c.epoch == columns.epoch,
                table.c.seq == columns.seq,
            )
            query = (
                select(columns.id, table.c.t_ms, table.c.certain)
                .join_from(INBOX, table, joined)
                .where(columns.gate == self._gate, columns.epoch == stretch.epoch)
                .where(columns.seq >= stretch.first, columns.seq <= stretch.last)
                .where((columns.t_ms != table.c.t_ms) | (columns.certain != table.c.certain))
            )
            for number, t_ms, certain in self._connection.execute(query).all():
                self._connection.execute(
                    update(INBOX).where(columns.id == number).values(t_ms=t_ms, certain=certain)
                )

    def last_is_uncertain(self, epoch: str, before: int) -> bool:
        """Return whether the newest row below this seq is uncertain."""
        newest = (0, True)
        for table in TABLES:
            columns = table.c
            query = (
                select(columns.seq, columns.certain)
                .where(columns.gate == self._gate, columns.epoch == epoch, columns.seq < before)
                .order_by(columns.seq.desc())
                .limit(1)
            )
            row = self._connection.execute(query).first()
            newest = max(newest, (0, True) if row is None else (row[0], row[1]))
        return not newest[1]

    def _certain_beside(self, epoch: str, seq: int, *, after: bool) -> tuple[int, Any]:
        """Return (seq, time) of the nearest certain row; the end of the epoch when none is."""
        none = (self._upto[epoch] + 1, None) if after else (0, 0)
        found: list[tuple[int, int]] = []
        for table in TABLES:
            columns = table.c
            query = select(columns.seq, columns.t_ms).where(
                columns.gate == self._gate, columns.epoch == epoch, columns.certain.is_(True)
            )
            if after:
                beside = query.where(columns.seq > seq, columns.seq <= self._upto[epoch])
                row = self._connection.execute(beside.order_by(columns.seq).limit(1)).first()
            else:
                beside = query.where(columns.seq < seq)
                row = self._connection.execute(beside.order_by(columns.seq.desc()).limit(1)).first()
            if row is not None:
                found.append((row[0], row[1]))
        if not found:
            return none
        return min(found) if after else max(found)

    def _rows(self, table: Table, stretch: Stretch) -> list[Any]:
        columns = table.c
        same = and_(
            EVENT.c.gate == columns.gate,
            EVENT.c.epoch == columns.epoch,
            EVENT.c.seq == columns.seq,
        )
        query = (
            select(columns.seq, columns.certain, columns.t_ms, EVENT.c.t_ms, EVENT.c.received_ms)
            .join_from(table, EVENT, same)
            .where(columns.gate == self._gate, columns.epoch == stretch.epoch)
            .where(columns.seq >= stretch.first, columns.seq <= stretch.last)
        )
        return list(self._connection.execute(query))

    def _write(self, table: Table, epoch: str, stamps: Mapping[int, Stamp]) -> None:
        if not stamps:
            return
        columns = table.c
        where = and_(
            columns.gate == self._gate, columns.epoch == epoch, columns.seq == bindparam("at")
        )
        names = ("t_ms", "lo_ms", "hi_ms") if table is PASSAGE else ("t_ms",)
        rows = [
            {"at": seq} | {f"new_{name}": getattr(stamp, name) for name in names}
            for seq, stamp in stamps.items()
        ]
        values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in names}
        self._connection.execute(update(table).where(where).values(values), rows)


def _clamped(value: ColumnElement[int]) -> ColumnElement[int]:
    return case((value < 0, 0), (value > BELIEVABLE_MS, BELIEVABLE_MS), else_=value)
