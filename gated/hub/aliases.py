"""Pseudonyms people had before their identity number (or name and room) was corrected.

A correction makes another pseudonym, but it is the same person: what the hub holds under the former
one, passages, items, notes and paper lines, moves to the new one, and an alias stays. Gates that
had not heard of the correction yet, or send late, still say the former one: the projector looks
the alias up, so making everything searchable again gives the same rows. Searches and addresses
with the former pseudonym lead to the person as well.

When somebody else turns out to have the former number, the alias ends: events after that instant
are theirs.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, delete, func, insert, select, update

from gated.hub.office import Office
from gated.hub.schema_records import INBOX, LATE_ENTRY, PASSAGE
from gated.hub.schema_register import NOTE, PERSON_ALIAS, STATUS

_HELD: Final = ((PASSAGE, "person"), (INBOX, "person"), (LATE_ENTRY, "person"), (NOTE, "ref"))
"""Tables of what is held under a pseudonym. Statuses are copied by the correction itself."""


@dataclass(frozen=True, slots=True)
class Span:
    """Since when until when, UTC ms, a former pseudonym meant somebody; until None: still does."""

    ref: bytes
    since_ms: int
    until_ms: int | None

    def holds(self, t_ms: int) -> bool:
        """Return whether an event of this instant is theirs."""
        return self.since_ms <= t_ms and (self.until_ms is None or t_ms < self.until_ms)


class Aliases:
    """The former pseudonyms of a site, as they are in one transaction."""

    def __init__(self, connection: Connection, site: str) -> None:
        columns = PERSON_ALIAS.c
        query = select(columns.old, columns.ref, columns.since_ms, columns.until_ms)
        self._spans: dict[bytes, list[Span]] = {}
        for old, *span in connection.execute(query.where(columns.site == site)):
            self._spans.setdefault(old, []).append(Span(*span))

    def then(self, ref: bytes | None, t_ms: int) -> bytes | None:
        """Return whose pseudonym a gate's one of this instant is now."""
        if ref is None or not self._spans:
            return ref
        return next((one.ref for one in self._spans.get(ref, ()) if one.holds(t_ms)), ref)

    def now(self, ref: bytes) -> bytes:
        """Return the pseudonym of whoever was asked for by a former one."""
        return next((one.ref for one in self._spans.get(ref, ()) if one.until_ms is None), ref)


def current(connection: Connection, site: str, refs: Iterable[bytes]) -> list[bytes]:
    """Return these pseudonyms, former ones as the present ones, each once, in the same order."""
    wanted = list(refs)
    if not wanted:
        return []
    aliases = Aliases(connection, site)
    return list(dict.fromkeys(aliases.now(ref) for ref in wanted))


def renamed(connection: Connection, office: Office, site: str, old: bytes, new: bytes) -> None:
    """Everything held under a former pseudonym is the new one's, and the alias stands."""
    columns = PERSON_ALIAS.c
    here = columns.site == site
    connection.execute(update(PERSON_ALIAS).where(here, columns.ref == old).values(ref=new))
    connection.execute(delete(PERSON_ALIAS).where(here, columns.old == columns.ref))
    ended = select(func.max(columns.until_ms)).where(here, columns.old == old)
    since_ms = connection.execute(ended).scalar_one_or_none() or 0
    connection.execute(insert(PERSON_ALIAS).values(site=site, old=old, ref=new, since_ms=since_ms))
    _seal_notes_again(connection, office, site, old, new)
    for table, name in _HELD:
        mine = (table.c.site == site, table.c[name] == old)
        connection.execute(update(table).where(*mine).values({name: new}))
    # The correction copied them: whoever gets the former number later does not inherit them.
    connection.execute(delete(STATUS).where(STATUS.c.site == site, STATUS.c.ref == old))


def reused(connection: Connection, site: str, refs: Collection[bytes], now_ms: int) -> None:
    """These people are on the list: from now on their pseudonyms mean nobody else."""
    columns = PERSON_ALIAS.c
    standing = (columns.site == site, columns.until_ms.is_(None))
    former = set(connection.execute(select(columns.old).where(*standing)).scalars())
    for ref in former.intersection(refs):
        mine = update(PERSON_ALIAS).where(*standing, columns.old == ref)
        connection.execute(mine.values(until_ms=now_ms))


def _seal_notes_again(
    connection: Connection, office: Office, site: str, old: bytes, new: bytes
) -> None:
    """The notes open under the new pseudonym: the seal is bound to it."""
    columns = NOTE.c
    query = select(columns.id, columns.sealed).where(columns.site == site, columns.ref == old)
    for number, sealed in connection.execute(query).all():
        again = office.sealer.seal(office.sealer.open(sealed, old), new)
        connection.execute(update(NOTE).where(columns.id == number).values(sealed=again))
