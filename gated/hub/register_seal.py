"""What names a person lies sealed in the register, bound to their pseudonym.

Texts in order: ID number, name, phone, building, unit, room, then one text per card:
`state:origin:number`, origin `t` for a table's and `o` for an office's.
"""

from typing import Final

from gated.core import pseudonym
from gated.core.model import CredentialState
from gated.hub.register_entry import Entry
from gated.store.roster_build import Card
from gated.store.sealing import Sealer

NAMES: Final = ("id_number", "name", "phone", "building", "unit", "room")


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
