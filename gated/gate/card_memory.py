"""The ID card of somebody who is not on the list, for the form that registers them.

Held in memory only, for one visit and three minutes at most: then, at the next visit, at the
registration and at the stop it is forgotten. The screen sees it masked; the clear name and number
go from here into the seal and nowhere else.
"""

import threading
from dataclasses import dataclass, field
from typing import Final

from gated.core.masking import mask_document, mask_name
from gated.core.model import Moment
from gated.gate.events import CardSeen
from gated.screen.snapshot import CardView

HELD_MS: Final = 3 * 60_000  # a form is filled in by then, or the card is shown again


@dataclass(frozen=True, slots=True)
class KeptCard:
    """What a registration takes from a card. document_kind: as in a registration."""

    name: str = field(repr=False)
    number: str = field(repr=False)
    document_kind: str = "id_card"


@dataclass(frozen=True, slots=True)
class _Held:
    card: KeptCard
    visit: int
    until_ms: int


class CardMemory:
    """One card or none. keep, view and forget: the engine; take: threads of the screen's server."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: _Held | None = None

    def __repr__(self) -> str:
        """Say nothing of the card."""
        return "CardMemory()"

    def keep(self, visit: int, seen: CardSeen, now: Moment) -> None:
        """The card opened this visit, and nobody on the list has it."""
        if not visit:
            return
        card = KeptCard(seen.name, seen.id_number, seen.document_kind)
        with self._lock:
            self._held = _Held(card, visit, now.mono_ms + HELD_MS)

    def view(self, visit: int, now: Moment) -> CardView | None:
        """Return what a guard may see of the card, None for none.

        visit: the one that is open now, 0 for none; a form may outlast its visit, but not the
        next one.
        """
        with self._lock:
            held = self._held
            if held is None or now.mono_ms >= held.until_ms or visit not in (0, held.visit):
                self._held = None
                return None
        return CardView(mask_name(held.card.name), mask_document(held.card.number))

    def take(self, visit: int, now: Moment) -> KeptCard | None:
        """Return the card of this visit in clear, for the seal; None when it is gone."""
        with self._lock:
            held = self._held
        if held is None or held.visit != visit or now.mono_ms >= held.until_ms:
            return None
        return held.card

    def forget(self) -> None:
        """No card is held."""
        with self._lock:
            self._held = None
