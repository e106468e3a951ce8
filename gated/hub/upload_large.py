"""A large table enters the register and goes out as a whole list.

Everything is hashed, sealed, laid aside and built first; then one short transaction switches the
register and offers the list, so that the hub goes on taking events meanwhile.
"""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from gated.hub.office import Office, Site
from gated.hub.publisher import Published, next_rev
from gated.hub.register_batch import FEW, clear, lay, switch
from gated.hub.register_entry import Entry
from gated.hub.register_list import RegisterMoved, homes_of, peers, publish_whole
from gated.hub.register_rows import (
    Change,
    Rows,
    delete_words,
    insert_words,
    pieces,
    rows_of,
    touch,
    write,
)
from gated.store.roster_build import RosterRow

WORDS_AT_ONCE: Final = 20_000  # rows of one short transaction

Told = Callable[[str, float | None], None]
"""Called now and then: which step (read, compare, prepare, publish) and its share, if known."""


@dataclass(frozen=True, slots=True)
class Large:
    """What a large table does. current: everybody before; after: the rows then."""

    changes: list[Change]
    current: list[Entry]
    after: list[RosterRow]
    rev: int


def publish_large(
    office: Office,
    site: Site,
    large: Large,
    finish: Callable[[Connection, int], None],
    told: Told | None = None,
) -> Published:
    """The changes are in the register and the whole list is published; `finish` writes the rest.

    Raises RegisterMoved when another change came between.
    """
    if told is not None:
        told("prepare", None)
    with office.database.reading() as connection:
        rev = next_rev(connection, site.roster)
    rows = rows_of(office, site.id, large.changes, rev)
    homes = homes_of(large.changes)
    others = peers([one for one in large.current if one.household in homes], large.changes)
    # Words may lead to people who are not there yet, which finds nobody.
    for piece in pieces(rows.words, WORDS_AT_ONCE):
        with office.database.writing("write search words") as connection:
            insert_words(connection, piece)

    def progress(share: float) -> None:
        if told is not None:
            told("publish", share)

    with _laid(office, site, rows) as into:

        def both(connection: Connection, rev: int) -> None:
            into(connection)
            touch(connection, site.id, others, rev)
            finish(connection, rev)

        published = publish_whole(office, site, large.after, large.rev, both, progress, rev)
    for piece in pieces(rows.stale, WORDS_AT_ONCE):  # until then, old words find people too
        with office.database.writing("forget search words") as connection:
            delete_words(connection, piece)
    return published


@contextmanager
def _laid(office: Office, site: Site, rows: Rows) -> Iterator[Callable[[Connection], None]]:
    """Yield what puts the rows into the register within a transaction."""
    if len(rows.people) <= FEW:
        yield lambda connection: write(connection, rows)
        return
    batch = secrets.token_hex(8)

    def into(connection: Connection) -> None:
        if not switch(connection, batch, rows):
            raise RegisterMoved  # somebody else's large table came between

    try:
        lay(office.database, batch, rows)
        yield into
    finally:
        clear(office.database, site.id)
