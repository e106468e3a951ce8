"""The words of the list in the visitor's language."""

from datetime import datetime
from typing import Final

from gated.core import masking
from gated.hub import record_words, status_words
from gated.hub.difference import Kind
from gated.hub.web.visit import Visit
from gated.store.roster_build import Card, milliseconds

FLAGS: Final = frozenset({"shared_flat", "elder", "needs_help", "minor", "registered"})


class Words:
    """The words of the list in the visitor's language, for templates."""

    def __init__(self, v: Visit) -> None:
        self._v = v

    def category(self, value: str) -> str:
        """Return the word for a category."""
        return record_words.category(value, self._v.language)

    def status(self, value: str) -> str:
        """Return the word for a status."""
        return status_words.status(value, self._v.language)

    def flag(self, value: str) -> str:
        """Return the word for a flag; one of the site's own stays as it is."""
        return self._v.t(f"roster.flag.{value}") if value in FLAGS else value

    def card(self, card: Card) -> str:
        """Return a card's last digits."""
        return masking.mask_document(card.number).replace("**", "*")

    def until(self, end: datetime | None) -> str:
        """Return the last minute of a span: people think of its last day."""
        ms = milliseconds(end)
        return "" if ms is None else self._v.when(ms - 1)

    def since(self, start: datetime | None) -> str:
        """Return when a span begins."""
        return "" if start is None else self._v.when(milliseconds(start))

    def change(self, kind: str, text: str) -> str:
        """Return what an example says of one kind of change."""
        if kind == Kind.CATEGORY:
            return self.category(text)
        if kind == Kind.STATUS:
            return self.status(text)
        if kind == Kind.FLAGS:
            return self.flag(text)
        if kind == Kind.CARD:
            number, _, state = text.rpartition(" ")
            return f"{number} {self._v.t(f'roster.card.{state}')}"
        if kind in {Kind.APPOINTMENT, Kind.VALIDITY}:
            return " – ".join(self._v.when(int(ms)) if ms else "…" for ms in text.split("/"))
        return text
