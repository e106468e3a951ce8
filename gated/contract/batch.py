"""A batch of journal events on the wire, and what the hub can say about each of them.

    {"v":1,"epoch":E,"f":F,"n":N,"sid":S,"p":HEX,"ev":[event, ...],
     "side":[[seq,"salt hex",{"name":integer,...}], ...]}

f: seq of the first event; n: how many; p: chain hash at f-1. The events stand in the body as the
very bytes the gate stored and hashed. The hub reads them and spells them again canonically, so
the digest never depends on how a broker or a library laid out the JSON. `side` holds what an
event only promises by a salted commitment (its field `side`); it may be missing.

An event that cannot be used carries a `fault` instead of being refused: one bad event never
holds up its neighbours.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from gated.contract.messages import (
    Counter,
    Epoch,
    Message,
    Sha256Hex,
    json_object,
    pack,
    validated,
)
from gated.core.canonical import canonical, digest
from gated.errors import ContractError

EVENTS_MAX = 100  # more per batch gains nothing: the commit is already shared
EVENT_LIMIT_BYTES = 8 * 1024
KIND_LIMIT = 64
INTEGER_LIMIT = 2**63
SALT_BYTES = 16


@dataclass(frozen=True, slots=True)
class Event:
    """One event as received. fault: empty, or why it is parked: `schema` or `too_big`."""

    seq: int
    body: bytes
    digest: bytes
    kind: str = ""
    t_ms: int = 0
    fault: str = ""


@dataclass(frozen=True, slots=True)
class SideRow:
    """Values an event promised: salt of 16 bytes; body: canonical map of integers by name."""

    seq: int
    salt: bytes
    body: bytes


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive events first ... first+len-1 of one epoch; previous: chain hash before them.

    side: rows whose commitment holds. side_faults: seqs whose side row was refused.
    """

    epoch: str
    first: int
    sid: int
    previous: bytes
    events: tuple[Event, ...]
    side: tuple[SideRow, ...] = ()
    side_faults: tuple[int, ...] = ()

    @property
    def end(self) -> int:
        """One past the last seq."""
        return self.first + len(self.events)


class _Head(Message):
    """Everything of a batch but its events."""

    epoch: Epoch
    f: Annotated[int, Field(ge=1, lt=INTEGER_LIMIT - EVENTS_MAX)]  # one past the last fits, too
    n: Annotated[int, Field(ge=1, le=EVENTS_MAX)]
    sid: Counter
    p: Sha256Hex


def encode_batch(
    epoch: str,
    first: int,
    sid: int,
    previous: bytes,
    bodies: Sequence[bytes],
    side: Sequence[SideRow] = (),
) -> bytes:
    """Return the body of an `ev` message: the stored bytes of the events stand in it unchanged."""
    head = canonical(
        {"v": 1, "epoch": epoch, "f": first, "n": len(bodies), "sid": sid, "p": previous.hex()}
    )
    rows = [b'[%d,"%s",%s]' % (row.seq, row.salt.hex().encode(), row.body) for row in side]
    tail = b',"side":[' + b",".join(rows) + b"]" if rows else b""
    return pack(head[:-1] + b',"ev":[' + b",".join(bodies) + b"]" + tail + b"}")


def decode_batch(payload: bytes) -> Batch:
    """Return the batch in a body, bad events marked. Raises ContractError for the whole."""
    value = json_object(payload)
    items, rows = value.pop("ev", None), value.pop("side", [])
    head = validated(_Head, value)
    if not isinstance(items, list) or len(items) != head.n:
        raise ContractError(f"ev: its list does not hold the announced {head.n} events")
    events = tuple(_event(head.f + offset, item) for offset, item in enumerate(items))
    promises = {
        head.f + offset: item.get("side")
        for offset, item in enumerate(items)
        if isinstance(item, dict)
    }
    kept, refused = _side(rows if isinstance(rows, list) else [], promises)
    return Batch(head.epoch, head.f, head.sid, bytes.fromhex(head.p), events, kept, refused)


def _event(seq: int, item: object) -> Event:
    try:
        body = canonical(item)
    except (TypeError, ValueError, RecursionError):
        body = _any_spelling(item)
        return Event(seq, body, digest(body), fault="schema")
    if len(body) > EVENT_LIMIT_BYTES:
        return Event(seq, body, digest(body), fault="too_big")
    if not isinstance(item, dict):
        return Event(seq, body, digest(body), fault="schema")
    kind, t_ms = item.get("kind"), item.get("t")
    if not isinstance(kind, str) or not isinstance(t_ms, int) or not _usable(seq, item, kind, t_ms):
        return Event(seq, body, digest(body), fault="schema")
    return Event(seq, body, digest(body), kind, t_ms)


def _usable(seq: int, item: dict[str, object], kind: str, t_ms: int) -> bool:
    mono, clock = item.get("m"), item.get("q")
    return (
        item.get("seq") == seq
        and 0 < len(kind) <= KIND_LIMIT
        and kind.isprintable()
        and 0 <= t_ms < INTEGER_LIMIT
        and isinstance(mono, int)
        and isinstance(item.get("b"), str)
        and clock in (0, 1, 2)
    )


def _any_spelling(item: object) -> bytes:
    """Return some bytes for what has no canonical ones, so that it can be parked and looked at."""
    try:
        return json.dumps(item, sort_keys=True).encode()[:EVENT_LIMIT_BYTES]
    except RecursionError:
        return b'"nested too deep"'


def _side(
    rows: list[object], promises: dict[int, object]
) -> tuple[tuple[SideRow, ...], tuple[int, ...]]:
    """Return the rows that keep their event's promise, and the seqs of those that do not.

    A row that names no event of the batch is nobody's and is left out.
    """
    kept: dict[int, SideRow] = {}
    refused: set[int] = set()
    for row in rows:
        match row:
            case [int(seq), str(salt_hex), dict(values)] if seq in promises:
                found = _side_row(seq, salt_hex, values, promises[seq])
                if found is None:
                    refused.add(seq)
                else:
                    kept[seq] = found
            case _:
                pass
    return tuple(kept.values()), tuple(sorted(refused))


def _side_row(
    seq: int, salt_hex: str, values: dict[str, object], promise: object
) -> SideRow | None:
    if any(type(value) is not int for value in values.values()):
        return None
    try:
        salt = bytes.fromhex(salt_hex)
        body = canonical(values)  # spelt once: proved here, stored as it is
    except ValueError:  # no hex, or a name that is no Unicode text
        return None
    proven = promise == digest(salt + body).hex()  # core.canonical.commitment, from the bytes
    return SideRow(seq, salt, body) if proven and len(salt) == SALT_BYTES else None
