"""A gate's journal in memory and its batches, as the hub's store takes them."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from gated.contract.batch import Batch, Event, SideRow, decode_batch, encode_batch
from gated.core.canonical import canonical, chain, commitment, digest, genesis
from gated.hub.store import HubStore

SYNCED, HOLDOVER, UNSURE = 2, 1, 0
SALT = b"s" * 16
PERSON = bytes(range(16))
HOUSEHOLD = bytes(range(16, 32))
PASSAGE: Mapping[str, Any] = {
    "site": "east",
    "direction": "in",
    "visit": 1,
    "credential_kind": "id_card",
    "category": "resident",
    "verdict": "ALLOW",
    "reason": "OK_RESIDENT",
    "reasons": ["OK_RESIDENT"],
    "person_ref": PERSON.hex(),
    "household_ref": HOUSEHOLD.hex(),
    "temp_state": "normal",
    "shadow": 0,
}


class SentEvents:
    """What one gate recorded in one epoch; `send` commits it to a store as real batches."""

    def __init__(self, gate: str = "north-1", epoch: str = "00ff") -> None:
        self.gate = gate
        self.epoch = epoch
        self.boot = "boot-1"
        self._bodies: list[bytes] = []
        self._sides: dict[int, bytes] = {}
        self._sent = 0

    def add(
        self,
        kind: str,
        t_ms: int,
        *,
        mono_ms: int | None = None,
        clock: int = SYNCED,
        side: Mapping[str, int] | None = None,
        **fields: Any,
    ) -> int:
        """Record an event; return its seq. mono_ms left out: t_ms modulo a day."""
        seq = len(self._bodies) + 1
        mono = t_ms % 86_400_000 if mono_ms is None else mono_ms
        body = {"seq": seq, "kind": kind, "t": t_ms, "m": mono, "b": self.boot, "q": clock}
        if side is not None:
            body["side"] = commitment(SALT, side)
            self._sides[seq] = canonical(side)
        self._bodies.append(canonical(body | {"gate": self.gate} | fields))
        return seq

    def passage(self, t_ms: int, **fields: Any) -> int:
        """Record a passage of a resident, changed by `fields`; return its seq."""
        envelope = {key: fields.pop(key) for key in ("mono_ms", "clock", "side") if key in fields}
        seq = len(self._bodies) + 1
        said = {**PASSAGE, "visit": seq} | fields
        if "reason" in fields and "reasons" not in fields:
            said["reasons"] = [fields["reason"]]
        return self.add("passage", t_ms, **envelope, **said)

    def batch(self, first: int, end: int) -> Batch:
        """Return events first ... end-1 as they come over the wire."""
        head = genesis(self.epoch)
        for body in self._bodies[: first - 1]:
            head = chain(head, digest(body))
        rows = [
            SideRow(seq, SALT, self._sides[seq]) for seq in range(first, end) if seq in self._sides
        ]
        bodies = self._bodies[first - 1 : end - 1]
        return decode_batch(encode_batch(self.epoch, first, 1, head, bodies, rows))

    def batches(self, size: int = 100) -> Iterator[Batch]:
        """Yield everything recorded in batches of `size`."""
        for first in range(1, len(self._bodies) + 1, size):
            yield self.batch(first, min(first + size, len(self._bodies) + 1))

    def send(self, store: HubStore, received_ms: int, size: int = 100) -> None:
        """Everything not sent before is committed."""
        end = len(self._bodies) + 1
        for first in range(self._sent + 1, end, size):
            self.deliver(store, [self.batch(first, min(first + size, end))], received_ms)
        self._sent = end - 1

    def deliver(self, store: HubStore, batches: Iterable[Batch], received_ms: int) -> None:
        """These batches are committed, in this order."""
        store.commit([(self.gate, batch) for batch in batches], received_ms)

    def faulty(self, seq: int) -> Batch:
        """Return the event of this seq as a batch in which it cannot be used."""
        whole = self.batch(seq, seq + 1)
        event = whole.events[0]
        bad = Event(seq, event.body, event.digest, fault="schema")
        return Batch(whole.epoch, seq, 1, whole.previous, (bad,))
