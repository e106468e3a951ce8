"""What the register holds becomes what the gates serve: signed deltas, now and then a snapshot.

A delta holds everybody who changed since the newest snapshot, so any gate not older than that
snapshot has it at once. A snapshot is built outside the transaction: nobody waits for it.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from sqlalchemy import Connection, select

from gated.core.model import Status
from gated.errors import GatedError
from gated.hub import aliases
from gated.hub.office import Office, Site
from gated.hub.published import newest_rev
from gated.hub.publisher import (
    DeltaTooLarge,
    Person,
    Published,
    add_prepared,
    next_rev,
    prepare_snapshot,
    publish_delta,
)
from gated.hub.register_entry import Entry
from gated.hub.register_rows import Change, load, load_household, store, touch
from gated.hub.schema_register import PERSON
from gated.store.roster_build import MEMBERS, RosterRow, statuses_text

FEW_PEOPLE: Final = 1_000  # more never fit a delta, so none is tried
TRIES: Final = 3  # somebody else publishes at the same moment; nobody does so three times running


class RegisterMoved(GatedError):
    """The register changed between looking and doing; look again."""

    def __init__(self) -> None:
        super().__init__(
            "the register changed while this was prepared; nothing was done, look at the new"
            " difference and try again"
        )


def changed_since(connection: Connection, site: Site, rev: int) -> dict[bytes, bool]:
    """Return who changed after this revision, and whether they are still on the list.

    No more than one above FEW_PEOPLE are looked for.
    """
    columns = PERSON.c
    query = select(columns.ref, columns.removed_ms).where(
        columns.site == site.id, columns.changed_rev > rev
    )
    query = query.limit(FEW_PEOPLE + 1)
    return {ref: removed_ms is None for ref, removed_ms in connection.execute(query)}


def apply(
    connection: Connection, office: Office, site: Site, changes: Sequence[Change], rev: int
) -> None:
    """The register holds these people as after, and whoever shares their household counts too."""
    households = homes_of(changes)
    before = load_household(connection, office, site.id, households)
    standing = [after.ref for _, after in changes if after.removed_ms is None]
    aliases.reused(connection, site.id, standing, office.utc_ms())
    store(connection, office, site.id, changes, rev)
    touch(connection, site.id, peers(before, changes), rev)


def homes_of(changes: Sequence[Change]) -> set[bytes]:
    """Return the households these people leave, enter or stay in."""
    homes = {entry.household for change in changes for entry in change if entry is not None}
    return {home for home in homes if home is not None}


def peers(before: Iterable[Entry], changes: Sequence[Change]) -> list[bytes]:
    """Return who else's line of the list changes: they share a household's statuses.

    before: everybody registered in or for the households of these changes, before them.
    """
    held = list(before)
    now = {entry.ref: entry for entry in held}
    now |= {after.ref: after for _, after in changes}
    after_all = [entry for entry in now.values() if entry.removed_ms is None]
    was, is_now = _known_texts(held), _known_texts(after_all)
    spread = {home for home in homes_of(changes) if was.get(home, "") != is_now.get(home, "")}
    own = {after.ref for _, after in changes}
    return [e.ref for e in after_all if e.household in spread and e.ref not in own]


def publish_change(connection: Connection, office: Office, site: Site, rev: int) -> Published:
    """The next revision is what changed in it, as a delta.

    Raises DeltaTooLarge when it does not fit; the transaction must then be given up.
    """
    puts, gone = _moved(connection, office, site, changed_since(connection, site, rev - 1))
    return publish_delta(
        connection,
        puts,
        gone,
        site.keys,
        office.signer,
        roster=site.roster,
        site=site.id,
        rev=rev,
        made_utc_ms=office.utc_ms(),
    )


def publish_whole(
    office: Office,
    site: Site,
    rows: Sequence[RosterRow],
    based_on: int,
    finish: Callable[[Connection, int], None],
    progress: Callable[[float], None] | None = None,
    rev: int | None = None,
) -> Published:
    """The next revision is a whole list; `finish` writes the rest of the same transaction.

    based_on: the revision the rows were read at. rev: the next revision, if it was asked for.
    Raises RegisterMoved when another came between.
    """
    if rev is None:
        with office.database.reading() as connection:
            rev = next_rev(connection, site.roster)
    prepared = prepare_snapshot(
        rows,
        site.keys,
        office.signer,
        roster=site.roster,
        site=site.id,
        rev=rev,
        made_utc_ms=office.utc_ms(),
        progress=progress,
    )
    with office.database.writing(f"publish list {site.roster} rev {rev}") as connection:
        if newest_rev(connection, site.roster) != based_on:
            raise RegisterMoved
        finish(connection, rev)
        changed = changed_since(connection, site, rev - 1)
        if len(changed) > FEW_PEOPLE:
            return add_prepared(connection, prepared)
        puts, gone = _moved(connection, office, site, changed)
        return add_prepared(connection, prepared, puts=puts, removed=gone)


def fold(office: Office, site: Site, finish: Callable[[Connection, int], None]) -> Published:
    """The whole register is published as a new snapshot, for changes to build on."""
    for attempt in range(TRIES):
        with office.database.reading() as connection:
            rev = newest_rev(connection, site.roster)
            rows = [entry.row for entry in load(connection, office, site.id, None).values()]
        try:
            return publish_whole(office, site, rows, rev, finish)
        except RegisterMoved:
            if attempt == TRIES - 1:
                raise
    raise AssertionError("the last try returns or raises")


def change(
    office: Office,
    site: Site,
    decide: Callable[[Connection], Sequence[Change]],
    finish: Callable[[Connection, int], None],
) -> Published | None:
    """What `decide` returns is applied and published in one transaction; None when it is nothing.

    A delta when it fits. Otherwise the whole list is built first, and `decide` is asked again.
    """
    try:
        with office.database.writing("change the register") as connection:
            changes = decide(connection)
            if not changes:
                finish(connection, newest_rev(connection, site.roster))
                return None
            rev = next_rev(connection, site.roster)
            apply(connection, office, site, changes, rev)
            finish(connection, rev)
            return publish_change(connection, office, site, rev)
    except DeltaTooLarge:
        return _change_whole(office, site, decide, finish)


def _change_whole(
    office: Office,
    site: Site,
    decide: Callable[[Connection], Sequence[Change]],
    finish: Callable[[Connection, int], None],
) -> Published:
    for attempt in range(TRIES):
        with office.database.reading() as connection:
            based_on = newest_rev(connection, site.roster)
            changes = decide(connection)
            known = load(connection, office, site.id, None)
        known |= {after.ref: after for _, after in changes}
        rows = [entry.row for entry in known.values() if entry.removed_ms is None]

        def both(connection: Connection, rev: int, changes: Sequence[Change] = changes) -> None:
            apply(connection, office, site, changes, rev)
            finish(connection, rev)

        try:
            return publish_whole(office, site, rows, based_on, both)
        except RegisterMoved:
            if attempt == TRIES - 1:
                raise
    raise AssertionError("the last try returns or raises")


def _moved(
    connection: Connection, office: Office, site: Site, changed: dict[bytes, bool]
) -> tuple[list[Person], list[bytes]]:
    """Return who is on the list, with the statuses of their household, and who is gone."""
    standing = [ref for ref, here in changed.items() if here]
    people = load(connection, office, site.id, standing)
    households = sorted({e.household for e in people.values() if e.household is not None})
    known = _known(load_household(connection, office, site.id, households))
    puts = [(e.row, known.get(e.household, ())) for e in people.values()]
    return puts, [ref for ref, here in changed.items() if not here]


def _known(people: Iterable[Entry]) -> dict[bytes | None, tuple[Status, ...]]:
    """Return what each household's own members carry, as the list has it."""
    found: dict[bytes | None, tuple[Status, ...]] = {}
    for entry in people:
        if entry.household is not None and entry.row.category in MEMBERS:
            found[entry.household] = (*found.get(entry.household, ()), *entry.row.statuses)
    return found


def _known_texts(people: Iterable[Entry]) -> dict[bytes | None, str]:
    return {home: statuses_text(known) for home, known in _known(people).items()}
