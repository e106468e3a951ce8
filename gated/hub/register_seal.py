"""What names a person lies sealed in the register, bound to their pseudonym.

Texts in order: ID number, name, phone, building, unit, room, then one text per card:
`state:origin:number`, origin `t` for a table's and `o` for an office's.

Beside it lies a digest of the whole line, by which a table that says the same again is recognised
without opening what is sealed:

    HMAC-SHA256(people key, "row" + 00 + site + 00 + pseudonym + JSON of the line)[:16]
"""

import json
from typing import Final

from gated.core import pseudonym
from gated.core.keyed_hash import keyed_hash
from gated.core.model import CredentialState
from gated.hub.register_entry import Entry
from gated.store.roster_build import Card, RosterRow, milliseconds
from gated.store.sealing import Sealer

NAMES: Final = ("id_number", "name", "phone", "building", "unit", "room")
DIGEST_LENGTH: Final = 16
MS_US: Final = 1000  # microseconds of a millisecond
_encode = json.JSONEncoder(check_circular=False, separators=(",", ":")).encode


def seal_row(sealer: Sealer, entry: Entry) -> bytes:
    """Return what names this person, sealed for them alone."""
    row = entry.row
    cards = [f"{card.state.value}:{_origin(entry, card)}:{card.number}" for card in row.cards]
    return sealer.seal([*(getattr(row, name) for name in NAMES), *cards], entry.ref)


def _origin(entry: Entry, card: Card) -> str:
    return "o" if pseudonym.card_text(card.number) in entry.office_cards else "t"


def open_row(
    sealer: Sealer, sealed: bytes, ref: bytes
) -> tuple[dict[str, str], tuple[Card, ...], frozenset[str]]:
    """Return the naming fields of a RosterRow, the cards, and which cards an office decided.

    Raises StoreError when the key is not the one it was sealed with.
    """
    texts = sealer.open(sealed, ref)
    names = dict(zip(NAMES, texts[: len(NAMES)], strict=True))
    cards: list[Card] = []
    decided: set[str] = set()
    for text in texts[len(NAMES) :]:
        state, origin, number = text.split(":", 2)
        cards.append(Card(number, CredentialState(state)))
        if origin == "o":
            decided.add(pseudonym.card_text(number))
    return names, tuple(cards), frozenset(decided)


def digest_entry(key: bytes, site: str, entry: Entry) -> bytes | None:
    """Return the digest of what a table would have to say for this person to stay as they are.

    None when no digest can tell: an office decided something that the table's words do not show.
    """
    if entry.office_cards or entry.office_flags:
        return None
    return digest_row(key, site, entry.ref, entry.row)


def digest_row(key: bytes, site: str, ref: bytes, row: RosterRow) -> bytes | None:
    """Return the digest of a line but for its statuses and whether it states a card's state.

    None for times the register would round. Pure; lines that differ in any other value or its
    spelling have different digests.
    """
    slot = row.appointment
    times = (row.start, row.end, *((slot.start, slot.end) if slot else ()))
    if any(time is not None and time.microsecond % MS_US for time in times):
        return None
    line = (
        row.id_number,
        row.name,
        row.phone,
        row.building,
        row.unit,
        row.room,
        row.category.value,
        [(card.number, card.state.value) for card in row.cards],
        sorted(row.flags),
        [milliseconds(time) for time in times],
        slot.uses_left if slot else None,
    )
    message = b"row\0%s\0%s%s" % (site.encode(), ref, _encode(line).encode())
    return keyed_hash(key, message)[:DIGEST_LENGTH]
