"""Who is who at each site: names, numbers, rooms and cards sealed, found by keyed words.

| table | holds |
|---|---|
| person | pseudonym, household, category, flags, spans; everything that names them in `sealed` |
| person_word | keyed hashes of what people search by: number, name, card, phone and tails |
| status | every status ever set, by a table or at the office, and who ended it |
| person_alias | former pseudonyms of people whose number was corrected; aliases.py |

People whom a table or an office removed stay here with `removed_ms`, so that records still name
them; they are on no gate's list. Every question names its site; nothing crosses sites.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import Connection, Select, func, select

from gated.hub import aliases
from gated.hub import register_words as words
from gated.hub.office import Office
from gated.hub.register_entry import Entry, HeldStatus, Shown
from gated.hub.register_rows import load, load_household
from gated.hub.schema_register import PERSON, PERSON_WORD
from gated.store.roster_build import shown

__all__ = ["Entry", "HeldStatus", "Register", "Shown"]

FOUND_MAX: Final = 50  # more hits than anybody reads; ask more exactly


class Register:
    """Reads the register; any thread. Pass the connection of a transaction to read inside it."""

    def __init__(self, office: Office, connection: Connection | None = None) -> None:
        self._office = office
        self._connection = connection

    def entry(self, site: str, ref: bytes) -> Entry | None:
        """Return one person of a site, removed ones included; None when there is none."""
        return self.entries(site, [ref]).get(ref)

    def entries(self, site: str, refs: Collection[bytes]) -> dict[bytes, Entry]:
        """Return those of these people the site knows, removed ones included."""
        with self._reading() as connection:
            return load(connection, self._office, site, refs)

    def everyone(self, site: str) -> dict[bytes, Entry]:
        """Return everybody who is registered now. Blocks for about 30 µs a person."""
        with self._reading() as connection:
            return load(connection, self._office, site, None)

    def household(self, site: str, household: bytes) -> list[Entry]:
        """Return everybody registered in or for a room now."""
        with self._reading() as connection:
            return load_household(connection, self._office, site, [household])

    def count(self, site: str) -> int:
        """Return how many people are registered now."""
        standing = PERSON.c.removed_ms.is_(None)
        query = select(func.count()).select_from(PERSON).where(PERSON.c.site == site, standing)
        with self._reading() as connection:
            return connection.execute(query).scalar_one()

    def find(self, site: str, text: str) -> list[bytes]:
        """Return whom these words may mean, at most FOUND_MAX, people on the list first.

        text: identity number, whole name, card, phone, the last four of phone or document, a
        room such as 3-2-101, or at least eight hex digits of a pseudonym. What somebody had before
        a correction leads to them as well.
        """
        asked = words.asked(self._office.word_key, site, text)
        room = words.room_of(self._office.site(site).keys.site, text)
        found: dict[bytes, bool] = {}
        with self._reading() as connection:
            for query in _searches(site, asked, room, words.pseudonym_span(text)):
                for ref, removed_ms in connection.execute(query):
                    found.setdefault(ref, removed_ms is not None)
            known = sorted(found, key=lambda ref: found[ref])
            return aliases.current(connection, site, known)[:FOUND_MAX]

    def now(self, site: str, ref: bytes) -> bytes:
        """Return the pseudonym of a person who was asked for by a former one."""
        with self._reading() as connection:
            return aliases.Aliases(connection, site).now(ref)

    def shown(self, entry: Entry) -> Shown:
        """Return what an office without the right to full identity may see: all masked."""
        return Shown(*shown(entry.row))

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        if self._connection is not None:
            yield self._connection
            return
        with self._office.database.reading() as connection:
            yield connection


def _searches(
    site: str, asked: list[bytes], room: bytes | None, span: tuple[bytes, bytes] | None
) -> Iterator[Select[Any]]:
    """Yield the queries that answer a search, the most exact first."""
    columns = (PERSON.c.ref, PERSON.c.removed_ms)
    newest_first = (PERSON.c.removed_ms.is_not(None), PERSON.c.ref)
    here = select(*columns).where(PERSON.c.site == site).order_by(*newest_first).limit(FOUND_MAX)
    if asked:
        refs = select(PERSON_WORD.c.ref).where(
            PERSON_WORD.c.site == site, PERSON_WORD.c.word.in_(asked)
        )
        yield here.where(PERSON.c.ref.in_(refs))
    if room is not None:
        yield here.where(PERSON.c.household == room)
    if span is not None:
        first, last = span
        yield here.where(PERSON.c.ref.between(first, last))
