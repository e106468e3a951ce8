"""What happened is on the card before anybody is told, in order, without gaps, provably.

The one writer of journal.db, used on the thread that made it. An event's bytes are canonical
JSON of its fields and

| key | meaning |
| --- | --- |
| seq | 1, 2, 3 … within the epoch; the rowid |
| kind | what kind of event |
| t, m, b | UTC ms as believed then, monotonic ms, boot id that m belongs to |
| q | clock: 2 synchronised, 1 holdover, 0 unsure |
| side | only when exact values are kept beside: hex commitment to them |

Each commit waits for the card. Failure raises StoreError, changes nothing and leaves the object
usable. What is above the watermark (`acked`) is the outbox; nothing else marks an event as sent.
A file that is damaged is moved aside, a new epoch begins, and `repaired` says so.
"""

import os
import secrets
import sqlite3
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gated.core.canonical import (
    Json,
    canonical,
    canonical_within,
    chain,
    commitment,
    digest,
    genesis,
)
from gated.core.model import ClockState, Moment
from gated.errors import StoreError
from gated.store import database
from gated.store.database import DamagedDatabase, reported, transaction
from gated.store.journal_reader import COARSE, Entry, Side

if TYPE_CHECKING:
    from sqlite_utils import Database

EVENT_LIMIT_BYTES = 8 * 1024  # one event always fits a message to the hub
COARSEN_ROWS = 1_000  # forgotten at once: far more than pass in the minute between two steps
RETIRE_ROWS = 200  # deleted at once: a large delete needs space a full card does not have
SALT_LENGTH = 16

_CLOCK_QUALITY = {ClockState.SYNCED: 2, ClockState.HOLDOVER: 1, ClockState.UNSURE: 0}
_RESERVED = frozenset({"seq", "kind", "t", "m", "b", "q", "side"})


@dataclass(frozen=True, slots=True)
class Draft:
    """An event that is about to be recorded.

    side: exact values kept beside the event. keep_side: never coarsen them (abnormal readings).
    """

    kind: str
    moment: Moment
    fields: Mapping[str, Json]
    side: Mapping[str, int] | None = None
    keep_side: bool = False


@dataclass(frozen=True, slots=True)
class Repaired:
    """A damaged journal was moved aside. What could still be read of it is named, else empty."""

    set_aside: Path
    cause: str
    former_epoch: str = ""
    former_last: int = 0
    former_hash: str = ""
    former_starts: int = 0
    former_hubgen: int = 0


def unsure_now() -> Moment:
    """Return this instant from the machine's clocks, marked as not to be relied on."""
    return Moment(time.monotonic_ns() // 1_000_000, time.time_ns() // 1_000_000, ClockState.UNSURE)


class Journal:
    """The journal open for writing; `close` it on the same thread.

    boot: kernel boot id. new_epoch: makes the name of a new epoch (16 hex digits, random). now:
    stamps the event that opens an epoch. Raises StoreError when the file cannot be opened or
    another process writes it. After an unclean end the whole file is checked first, and `unclean`
    says so.
    """

    def __init__(
        self,
        path: Path,
        *,
        boot: str,
        new_epoch: Callable[[], str],
        now: Callable[[], Moment] = unsure_now,
    ) -> None:
        self.path = path
        self.boot = boot
        self._new_epoch = new_epoch
        self._now = now
        self.repaired: Repaired | None = None
        self.unclean = False
        self._position_known = True
        self._lock = database.lock(path)
        try:
            self._connection = self._open()
        except BaseException:
            os.close(self._lock)
            raise

    # -- where it stands ------------------------------------------------------------------------

    @property
    def last_seq(self) -> int:
        """Number of the newest event."""
        return self._last

    @property
    def head(self) -> bytes:
        """Chain hash after the newest event: 32 bytes."""
        return self._head

    # -- writing --------------------------------------------------------------------------------

    def append(
        self,
        kind: str,
        moment: Moment,
        fields: Mapping[str, Json],
        side: Mapping[str, int] | None = None,
        *,
        keep_side: bool = False,
    ) -> Entry:
        """The event is on the card when this returns. See Draft; blocks for one flush.

        Raises StoreError when it could not be written, and then it was not.
        """
        return self.append_all([Draft(kind, moment, fields, side, keep_side)])[0]

    def append_all(self, drafts: Iterable[Draft]) -> list[Entry]:
        """All these events are on the card when this returns, in one commit; or none, if it raises.

        A body above 8 KiB has its longest texts cut with a mark. Raises StoreError.
        """
        with reported(self.path, "write"):
            if not self._position_known:
                self._load_position()
            drafts = list(drafts)
            entries = self._compose(drafts)
            try:
                with transaction(self._connection):
                    self._insert(drafts, entries)
            except sqlite3.Error:
                self._position_known = False  # ask the file again before the next event
                raise
        if entries:
            self._last, self._head = entries[-1].seq, entries[-1].hash
        return entries

    def _compose(self, drafts: Sequence[Draft]) -> list[Entry]:
        """Return the entries these drafts become after the present head. Writes nothing."""
        entries: list[Entry] = []
        seq, head = self._last, self._head
        for draft in drafts:
            assert _RESERVED.isdisjoint(draft.fields), "an event field has a reserved name"
            seq += 1
            fields: dict[str, Json] = {
                **draft.fields,
                "seq": seq,
                "kind": draft.kind,
                "t": draft.moment.utc_ms,
                "m": draft.moment.mono_ms,
                "b": self.boot,
                "q": _CLOCK_QUALITY[draft.moment.clock],
            }
            side = None
            if draft.side is not None:
                side = Side(secrets.token_bytes(SALT_LENGTH), dict(draft.side))
                fields["side"] = commitment(side.salt, side.values)
            body = canonical_within(fields, EVENT_LIMIT_BYTES)
            head = chain(head, digest(body))
            entries.append(Entry(seq, body, head, side))
        return entries

    def _insert(self, drafts: Sequence[Draft], entries: Sequence[Entry]) -> None:
        self._connection.executemany(
            "INSERT INTO event (seq, body, hash) VALUES (?, ?, ?)",
            [(entry.seq, entry.body, entry.hash) for entry in entries],
        )
        sides = [
            (entry.seq, entry.side.salt, canonical(entry.side.values), int(draft.keep_side))
            for draft, entry in zip(drafts, entries, strict=True)
            if entry.side is not None
        ]
        if sides:
            self._connection.executemany(
                "INSERT INTO side (seq, salt, body, keep) VALUES (?, ?, ?, ?)", sides
            )

    # -- delivery and keeping -------------------------------------------------------------------

    def store_watermark(self, upto: int, hubgen: int) -> None:
        """Everything up to `upto` is committed at the hub of this generation, and we know it.

        May go back when a restored hub (higher generation) knows less. Raises StoreError.
        """
        assert 0 <= upto <= self._last, "a watermark beyond the journal is a fork, not progress"
        with reported(self.path, "write"), transaction(self._connection):
            self._connection.execute(
                "UPDATE state SET hubgen = ?1, acked_hash = CASE WHEN ?2 = base_seq THEN base_hash"
                " WHEN ?2 = acked THEN acked_hash"
                " ELSE coalesce((SELECT hash FROM event WHERE seq = ?2), x'') END, acked = ?2",
                (hubgen, upto),
            )
        self.acked, self.hubgen = upto, hubgen

    def park_all(self, seqs: Iterable[int], code: str) -> None:
        """The hub holds these events but cannot use them; shown to people, blocks nothing.

        One commit for all of them. Raises StoreError.
        """
        with reported(self.path, "write"), transaction(self._connection):
            self._connection.executemany(
                "INSERT OR REPLACE INTO parked VALUES (?, ?)", [(seq, code) for seq in seqs]
            )

    def coarsen_before(self, seq: int) -> int:
        """Exact side values of events before `seq` are "normal" now; return how many became so.

        Oldest first, at most 1,000 at a time. Rows recorded with keep_side stay. Value and salt
        are overwritten in the file (secure_delete); the event's own bytes and the chain are
        untouched.
        """
        with reported(self.path, "write"), transaction(self._connection):
            done = self._connection.execute(
                "UPDATE side SET salt = NULL, body = ? WHERE seq IN (SELECT seq FROM side"
                " INDEXED BY side_exact WHERE seq < ? AND keep = 0 AND salt IS NOT NULL"
                " ORDER BY seq LIMIT ?)",
                (COARSE, seq, COARSEN_ROWS),
            )
        return done.rowcount

    def retire_before(self, seq: int, *, unacknowledged: bool = False) -> int:
        """Acknowledged events before `seq` are gone, at most 200 at a time; return how many.

        unacknowledged: others as well; only for a gate without a hub, whose records go nowhere.
        The chain of the rest still verifies.
        """
        with reported(self.path, "write"), transaction(self._connection) as connection:
            base = connection.execute("SELECT base_seq FROM state").fetchone()[0]
            limit = self._last if unacknowledged else self.acked
            upto = min(seq - 1, limit, base + RETIRE_ROWS)
            if upto <= base:
                return 0
            connection.execute(
                "UPDATE state SET base_seq = ?1,"
                " base_hash = (SELECT hash FROM event WHERE seq = ?1)",
                (upto,),
            )
            connection.execute("DELETE FROM event WHERE seq <= ?", (upto,))
            connection.execute("DELETE FROM side WHERE seq <= ?", (upto,))
            connection.execute("DELETE FROM parked WHERE seq <= ?", (upto,))
        return int(upto - base)

    def close(self) -> None:
        """The journal is closed and marked as ended well; closing twice does nothing.

        Does not raise: a card that fails now leaves the mark out, and the next start checks.
        """
        if self._lock < 0:
            return
        with suppress(sqlite3.Error):
            self._connection.execute("UPDATE state SET clean = 1")
        with suppress(sqlite3.Error):
            self._connection.close()
        os.close(self._lock)
        self._lock = -1

    # -- opening --------------------------------------------------------------------------------

    def _open(self) -> sqlite3.Connection:
        try:
            return self._open_checked()
        except DamagedDatabase as error:
            former = _read_former(self.path)
            self.repaired = Repaired(database.set_aside(self.path), str(error), *former)
        return self._open_checked()

    def _open_checked(self) -> sqlite3.Connection:
        """Return a connection to a journal that has an epoch, or raise with nothing left open."""
        connection = database.connect(self.path)
        try:
            database.migrate(connection, self.path, MIGRATIONS)
            with reported(self.path, "open"):
                connection.execute("PRAGMA secure_delete=ON")
                self._connection = connection
                self._start()
        except BaseException:
            connection.close()
            raise
        return connection

    def _start(self) -> None:
        """Count this start; open an epoch in a new file; check a file that did not end well."""
        connection = self._connection
        row = connection.execute("SELECT clean FROM state").fetchone()
        if row is None:
            if connection.execute("SELECT 1 FROM event").fetchone() is not None:
                raise DamagedDatabase(f"cannot open {self.path}: events without an epoch")
            self._open_epoch()
        elif not row[0]:
            self.unclean = True
            database.quick_check(connection, self.path)
        connection.execute("UPDATE state SET starts = starts + 1, clean = 0")
        self._load_position()

    def _open_epoch(self) -> None:
        """The epoch, and its first event, are in the file; both or neither."""
        self.epoch = self._new_epoch()
        self._last, self._head = 0, genesis(self.epoch)
        fields: dict[str, Json] = {"why": "first"}
        former = self.repaired
        if former is not None:
            fields = {"why": "damaged"}
            if former.former_epoch:
                fields |= {"former_epoch": former.former_epoch, "former_last": former.former_last}
                fields["former_hash"] = former.former_hash
        draft = Draft("epoch_opened", self._now(), fields)
        counters = (former.former_starts, former.former_hubgen) if former else (0, 0)
        with transaction(self._connection):
            self._connection.execute(
                "INSERT INTO state (id, epoch, base_seq, base_hash, acked, acked_hash,"
                " starts, hubgen, clean) VALUES (1, ?, 0, x'', 0, x'', ?, ?, 0)",
                (self.epoch, *counters),
            )
            self._insert([draft], self._compose([draft]))

    def _load_position(self) -> None:
        """Take epoch, counters and the end of the chain from the file."""
        row = self._connection.execute(
            "SELECT epoch, base_seq, base_hash, acked, hubgen, starts FROM state"
        ).fetchone()
        self.epoch, base, base_hash, self.acked, self.hubgen, self.starts = row
        newest = self._connection.execute(
            "SELECT seq, hash FROM event ORDER BY seq DESC LIMIT 1"
        ).fetchone()
        self._last, self._head = newest or (base, base_hash)
        self._position_known = True


def _read_former(path: Path) -> Collection[Any]:
    """Return epoch, last seq, hash, starts, hubgen of a damaged file, or nothing of it."""
    try:
        with closing(database.connect_read_only(path)) as connection:
            epoch, starts, hubgen = connection.execute(
                "SELECT epoch, starts, hubgen FROM state"
            ).fetchone()
            last, head = connection.execute(
                "SELECT seq, hash FROM event ORDER BY seq DESC LIMIT 1"
            ).fetchone()
    except (StoreError, sqlite3.Error, TypeError):
        return ()
    return epoch, last, head.hex(), starts, hubgen


def step_001_journal(db: "Database") -> None:
    """Tables of the first journal."""
    db.table("event").create({"seq": int, "body": bytes, "hash": bytes}, pk="seq")
    db.table("side").create({"seq": int, "salt": bytes, "body": bytes, "keep": int}, pk="seq")
    db.table("parked").create({"seq": int, "code": str}, pk="seq")
    numbers = dict.fromkeys(("base_seq", "acked", "hubgen", "starts", "clean"), int)
    db.table("state").create(
        {"id": int, "epoch": str, "base_hash": bytes, "acked_hash": bytes, **numbers}, pk="id"
    )


def step_002_exact(db: "Database") -> None:
    """Only exact values that may be forgotten are looked at when it is time to forget."""
    db.execute("CREATE INDEX side_exact ON side (seq) WHERE keep = 0 AND salt IS NOT NULL")


MIGRATIONS = (step_001_journal, step_002_exact)
