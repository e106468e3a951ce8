"""What the demo found, recomputed from the gates' journals and the hub's tables themselves."""

import json
import statistics
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gated.core.canonical import chain, digest, genesis
from gated.hub.store import HubStore
from gated.store.journal_reader import JournalReader


@dataclass(slots=True)
class Books:
    """Gates' journals compared with the hub's ledger."""

    passages: int = 0
    stored: int = 0
    missing: int = 0
    duplicates: int = 0
    chain_verified: bool = True
    verdicts: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)


def compare(journals: dict[str, Path], hub_url: str) -> Books:
    """Return how far gates and hub agree. journals: gate id -> journal file."""
    books = Books()
    store = HubStore(hub_url)
    digests: Counter[bytes] = Counter()
    try:
        for gate, path in journals.items():
            with JournalReader(path) as reader:
                _compare_one(books, gate, reader, store, digests)
    finally:
        store.close()
    books.duplicates = sum(count - 1 for count in digests.values())
    return books


def _compare_one(
    books: Books, gate: str, reader: JournalReader, store: HubStore, digests: Counter[bytes]
) -> None:
    epoch = reader.state().epoch
    held = {seq: (found, body) for seq, found, body, _ in store.events(gate, epoch)}
    books.stored += len(held)
    digests.update(found for found, _ in held.values())
    head = genesis(epoch)
    hub_head = genesis(epoch)
    for entry in reader.entries():
        own = digest(entry.body)
        head = chain(head, own)
        at_hub = held.get(entry.seq)
        if at_hub is None or at_hub[0] != own:
            books.missing += 1
        else:
            hub_head = chain(hub_head, digest(at_hub[1]))
        _count(books, entry.fields())
    verified = reader.verify()
    agree = verified.ok and verified.head == head == hub_head
    books.chain_verified = books.chain_verified and agree


def _count(books: Books, event: dict[str, Any]) -> None:
    if event["kind"] == "passage":
        books.passages += 1
        books.verdicts[event["verdict"]] += 1
        books.reasons[event["reason"]] += 1


def backlog(journals: dict[str, Path]) -> int:
    """Return how many records the hub has not yet acknowledged, over all gates."""
    waiting = 0
    for path in journals.values():
        with JournalReader(path) as reader:
            state = reader.state()
        waiting += state.last - state.acked
    return waiting


def percentile(values: list[float], share: float) -> float:
    """Return the value below which this share of the values lies; 0 for none."""
    if not values:
        return 0.0
    if len(values) == 1:
        return values[0]
    cuts = statistics.quantiles(values, n=100, method="inclusive")
    return round(cuts[min(98, max(0, round(share * 100) - 1))], 1)


def as_json(numbers: dict[str, Any]) -> str:
    """Return the report as one line."""
    return json.dumps(numbers, ensure_ascii=False)
