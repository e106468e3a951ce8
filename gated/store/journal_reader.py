"""What was recorded can be read, exported and proved by any thread, while the one writer writes.

A reader has its own read-only connection, opened on the thread that uses it, and holds no
transaction between calls, so it never stops a checkpoint.

| table | holds |
| --- | --- |
| event | seq (1, 2, 3 …), body (canonical JSON), hash (chain hash after it) |
| side | seq, salt, body (exact temperatures), keep; without salt it was coarsened |
| parked | seq, code: the hub holds it but cannot use it |
| state | one row: epoch, where the chain on this card begins, watermark, counters |
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from json import loads
from pathlib import Path
from typing import Any, Self

from gated.core.canonical import canonical, chain, commitment, digest, genesis
from gated.store.database import connect_read_only, reported

COARSE = canonical("normal")  # what stays of a side row when the exact values are forgotten
# The casts let `verify` meet a row somebody gave another type to; ours are bytes already.
_READ = (
    "SELECT event.seq, coalesce(CAST(event.body AS BLOB), x''),"
    " coalesce(CAST(hash AS BLOB), x''), CAST(salt AS BLOB), CAST(side.body AS BLOB)"
    " FROM event LEFT JOIN side ON side.seq = event.seq"
    " WHERE event.seq >= ? ORDER BY event.seq LIMIT ?"
)
PAGE = 500  # events read at once by long walks; keeps read transactions short


@dataclass(frozen=True, slots=True)
class Side:
    """Exact values of one event, kept apart so that they can be forgotten.

    values: for example temperatures in thousandths of a degree. salt: 16 bytes of the event's
    commitment. Both are empty once the row was coarsened to "normal".
    """

    salt: bytes = b""
    values: Mapping[str, int] = field(default_factory=dict)

    @property
    def coarse(self) -> bool:
        """True when the exact values were forgotten."""
        return not self.salt


@dataclass(frozen=True, slots=True)
class Entry:
    """One recorded event: its number, its bytes, the chain hash after it, its side values."""

    seq: int
    body: bytes
    hash: bytes
    side: Side | None = None

    def fields(self) -> dict[str, Any]:
        """Return the event as a map, decoded from its bytes."""
        decoded: dict[str, Any] = loads(self.body)
        return decoded


@dataclass(frozen=True, slots=True)
class JournalState:
    """Where the journal stands. first: oldest seq on the card; last: newest, 0 when there is none.

    acked: everything up to here is committed at the hub of generation hubgen.
    """

    epoch: str
    first: int
    last: int
    acked: int
    hubgen: int


@dataclass(frozen=True, slots=True)
class VerifyResult:
    """Outcome of a walk over the whole chain. first_bad_seq is None when everything holds."""

    ok: bool
    head: bytes
    first_bad_seq: int | None
    count: int


class JournalReader:
    """A journal open for reading on the thread that made this object; `close` it there.

    Raises StoreError when the file is missing or cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._connection = connect_read_only(path)

    def close(self) -> None:
        """The file is closed; closing twice does nothing."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def state(self) -> JournalState:
        """Return where the journal stands now, as of one committed moment."""
        row = self._one(
            "SELECT epoch, base_seq, acked, hubgen,"
            " coalesce((SELECT max(seq) FROM event), base_seq) FROM state"
        )
        epoch, base, acked, hubgen, last = row
        return JournalState(epoch, base + 1, last, acked, hubgen)

    def read(self, start: int, limit: int, max_bytes: int) -> list[Entry]:
        """Return events from seq `start` on, oldest first; empty when there are none yet.

        At most `limit` of them and at most `max_bytes` of bodies, but always at least one.
        """
        found: list[Entry] = []
        size = 0
        with reported(self.path, "read"):
            rows = self._connection.execute(
                _READ,
                (start, limit),
            )
            for row in rows:
                size += len(row[1])
                if found and size > max_bytes:
                    break
                found.append(_entry(row))
            rows.close()
        return found

    def entries(self, start: int = 1, end: int | None = None) -> Iterator[Entry]:
        """Yield events with start <= seq < end in order, in short reads; end None is open."""
        while True:
            page = self.read(start, PAGE, max_bytes=PAGE * 8192)
            for entry in page:
                if end is not None and entry.seq >= end:
                    return
                yield entry
            if not page:
                return
            start = page[-1].seq + 1

    def hash_at(self, seq: int) -> bytes | None:
        """Return the chain hash after event `seq` (0: before the first), or None if not here."""
        row = self._one("SELECT epoch, base_seq, base_hash, acked, acked_hash FROM state")
        epoch, base, base_hash, acked, acked_hash = row
        if seq == 0:
            return genesis(epoch)
        if seq == base:
            return bytes(base_hash)
        found = self._one("SELECT hash FROM event WHERE seq = ?", seq)
        if found is not None:
            return bytes(found[0])
        return bytes(acked_hash) if seq == acked else None

    def parked(self) -> list[tuple[int, str]]:
        """Return (seq, code) of the events that the hub holds but cannot use."""
        with reported(self.path, "read"):
            return self._connection.execute("SELECT seq, code FROM parked ORDER BY seq").fetchall()

    def verify(self) -> VerifyResult:
        """Recompute the whole chain and every commitment; name the first event that disagrees.

        Blocks for about 10 µs an event. Finds any change of a body, a hash, a salt or a side
        value and any gap. A row rewritten together with everything after it is found by the hub,
        which keeps the newest hash.
        """
        row = self._one("SELECT epoch, base_seq, base_hash, acked FROM state")
        epoch, base, base_hash, acked = row
        head = bytes(base_hash) if base else genesis(epoch)
        count = 0
        for entry in self.entries(base + 1):
            if not _holds(entry, base + count + 1, head):
                return VerifyResult(
                    ok=False, head=head, first_bad_seq=base + count + 1, count=count
                )
            head = entry.hash
            count += 1
        if base + count < acked:  # the end was cut off: the hub has more than we do
            return VerifyResult(ok=False, head=head, first_bad_seq=base + count + 1, count=count)
        return VerifyResult(ok=True, head=head, first_bad_seq=None, count=count)

    def _one(self, sql: str, *parameters: int) -> Any:
        with reported(self.path, "read"):
            return self._connection.execute(sql, parameters).fetchone()


_BROKEN = Side(b"?")  # fits no commitment, so that `verify` names the event


def _entry(row: tuple[int, bytes, bytes, bytes | None, bytes | None]) -> Entry:
    seq, body, after, salt, side_body = row
    if side_body is None:
        return Entry(seq, body, after)
    if not salt:
        return Entry(seq, body, after, Side() if side_body == COARSE else _BROKEN)
    try:
        return Entry(seq, body, after, Side(salt, loads(side_body)))
    except ValueError:
        return Entry(seq, body, after, _BROKEN)


def _holds(entry: Entry, seq: int, previous: bytes) -> bool:
    """True when this entry is number `seq`, follows `previous`, and kept its promise."""
    if entry.seq != seq or chain(previous, digest(entry.body)) != entry.hash:
        return False
    fields = entry.fields()  # its bytes are proved by the hash, so they can be decoded
    promised, side = fields.get("side"), entry.side
    if promised is None or side is None:
        return promised is None and side is None
    if side.coarse:
        return True
    try:
        return bool(commitment(side.salt, side.values) == promised)
    except (TypeError, ValueError):
        return False
