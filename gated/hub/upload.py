"""A table from the property office: staged, compared, and pushed once somebody has said yes.

Staging reads the table whole and stores it sealed with the difference it would make. Confirming
does exactly that difference, or refuses when the register has moved on since. What was staged and
not confirmed within a day is forgotten; so is every table once it has been taken.
"""

import secrets
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import Connection

from gated.errors import TableError
from gated.hub.audit import Action
from gated.hub.difference import Difference, Sender, compare, keyed, removed
from gated.hub.difference_shown import examples
from gated.hub.office import Office, Site
from gated.hub.published import newest_rev
from gated.hub.publisher import DeltaTooLarge, Published, base_rev, next_rev
from gated.hub.register_entry import Entry, moment
from gated.hub.register_list import (
    RegisterMoved,
    apply,
    changed_since,
    fold,
    publish_change,
)
from gated.hub.register_rows import Change, load
from gated.hub.roles import Actor, Right
from gated.hub.upload_large import Large, Told, publish_large
from gated.hub.upload_rows import pack, unpack
from gated.hub.upload_shelf import KEPT_MS, Broken, Shelf, Staged, State, UploadRefused, shown_name
from gated.store.roster_build import RosterRow
from gated.store.roster_table import Table, read_table
from gated.store.table_file import count_lines

__all__ = ["KEPT_MS", "Broken", "Pushed", "Staged", "State", "UploadRefused", "Uploads"]

DELTA_PEOPLE_MAX: Final = 100  # more go out as a snapshot, for the next changes to build on
_SUFFIXES: Final = frozenset({".csv", ".xlsx", ".txt", ".xlsm", ".xls"})


@dataclass(frozen=True, slots=True)
class Pushed:
    """What a table did. published None: it changed nothing."""

    rev: int
    difference: Difference
    published: Published | None


@dataclass(frozen=True, slots=True)
class Compared:
    """A table beside the register of one revision."""

    rev: int
    known: dict[bytes, Entry]
    difference: Difference

    @property
    def current(self) -> list[Entry]:
        """Everybody on the list before."""
        return [entry for entry in self.known.values() if entry.removed_ms is None]


class Uploads:
    """Takes tables into the register; any thread."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def begin(self, actor: Actor) -> str:
        """A table is about to be read; return its number, under which it will be found."""
        _require(actor)
        number = secrets.token_hex(8)
        Shelf(self._office).begin(actor, number)
        return number

    def stage(
        self,
        actor: Actor,
        file_name: str,
        content: bytes,
        number: str = "",
        told: Told | None = None,
    ) -> Staged:
        """The table waits for a yes; nothing has changed yet. number: from `begin`.

        Raises BadTable naming every bad cell, TableError, or UploadRefused; what is wrong with
        the table is then kept under its number.
        """
        _require(actor)
        try:
            rows = self._read(actor, file_name, content, told).rows
        except TableError as error:
            if number:
                Shelf(self._office).lay_broken(actor, number, error)
            raise
        return self._stage(actor, rows, number or secrets.token_hex(8), file_name, told)

    def state(self, actor: Actor, number: str) -> State:
        """Return how far a table is. Raises UploadRefused when there is none."""
        _require(actor)
        return Shelf(self._office).state(actor, number)

    def broken(self, actor: Actor, number: str) -> Broken:
        """Return what is wrong with a table. Raises UploadRefused when there is none."""
        _require(actor)
        return Shelf(self._office).broken(actor, number)

    def staged(self, actor: Actor, number: str) -> Staged:
        """Return a table that waits. Raises UploadRefused when there is none."""
        _require(actor)
        return Shelf(self._office).staged(actor, number)[1]

    def mark(self, actor: Actor, number: str, state: State) -> None:
        """A table that waits is being applied, or waits again."""
        _require(actor)
        Shelf(self._office).mark(actor, number, state)

    def again(self, actor: Actor, number: str, told: Told | None = None) -> Staged:
        """The table is compared with the register as it is now."""
        _require(actor)
        packed, staged = Shelf(self._office).staged(actor, number)
        return self._stage(actor, unpack(packed), staged.id, staged.file_name, told)

    def discard(self, actor: Actor, number: str) -> None:
        """A table that waits is forgotten. Raises UploadRefused when there is none."""
        _require(actor)
        with self._office.database.writing("forget a table") as connection:
            Shelf(self._office).settle(connection, actor.site, number, State.DISCARDED)

    def confirm(
        self,
        actor: Actor,
        number: str,
        removes: int | None = None,
        told: Told | None = None,
        *,
        seen: str | None = None,
    ) -> Pushed:
        """The difference is done and published. removes: the number of removals, as typed.

        seen: of the Staged that somebody said yes to; None: of whichever waits now. Raises
        UploadRefused: stale (the register changed, or the table was compared again), guard (the
        number must be typed).
        """
        _require(actor)
        packed, staged = Shelf(self._office).staged(actor, number)
        if seen is not None and seen != staged.seen:
            raise _stale()
        if told is not None:
            told("compare", None)
        compared = self.compared(actor, unpack(packed))
        # The same list may be another difference by now: for who may set more, or a day later.
        if compared.rev != staged.based_on_rev or _counts(compared.difference) != staged.counts:
            raise _stale()
        return self._push(actor, compared, removes, number, told)

    def compared(self, actor: Actor, rows: list[RosterRow]) -> Compared:
        """Return what a table would do to the register as it is now. Blocks 50 µs a person."""
        _require(actor)
        site = self._office.site(actor.site)
        table = keyed(rows, site.keys)
        with self._office.database.reading() as connection:
            rev = newest_rev(connection, site.roster)
            known = load(connection, self._office, site.id, None, table)
            back = [ref for ref in table if ref not in known]
            known |= load(connection, self._office, site.id, back)
        sender = Sender(actor.name, actor.may_set, moment(self._office.utc_ms()))
        return Compared(rev, known, compare(known, table, site.keys, sender))

    def push(
        self,
        actor: Actor,
        compared: Compared,
        removes: int | None = None,
        progress: Callable[[float], None] | None = None,
    ) -> Pushed:
        """The difference just shown is done and published, as by `confirm`.

        progress: called now and then with the share of the list that is built.
        """

        def told(step: str, share: float | None) -> None:
            if progress is not None and step == "publish" and share is not None:
                progress(share)

        return self._push(actor, compared, removes, "", told)

    def fold(self, actor: Actor) -> Published:
        """The register as it is goes out as a new whole list."""
        _require(actor)

        def note(connection: Connection, rev: int) -> None:
            self._office.audit.note(
                actor, Action.PUSH, result=f"whole list, rev {rev}", connection=connection
            )

        return fold(self._office, self._office.site(actor.site), note)

    # How it is done.

    def _read(self, actor: Actor, file_name: str, content: bytes, told: Told | None) -> Table:
        suffix = Path(file_name).suffix.lower()
        with tempfile.TemporaryDirectory(prefix="gated-upload-") as folder:
            path = Path(folder) / f"table{suffix if suffix in _SUFFIXES else '.csv'}"
            path.write_bytes(content)
            total = count_lines(path) if told is not None else None

            def progress(line: int) -> None:
                if told is not None:
                    told("read", min(1.0, line / total) if total else None)

            return read_table(path, self._office.site(actor.site).zone, progress)

    def _push(
        self,
        actor: Actor,
        compared: Compared,
        removes: int | None,
        number: str,
        told: Told | None,
    ) -> Pushed:
        site = self._office.site(actor.site)
        difference = compared.difference
        if difference.guarded and removes != len(difference.removes):
            raise _guarded(difference)
        if difference.empty:
            with self._office.database.writing("note a table") as connection:
                self._note(connection, actor, "nothing changed", number)
            return Pushed(compared.rev, difference, None)
        try:
            published = self._publish(actor, site, compared, number, told)
        except RegisterMoved as error:
            raise _stale() from error
        return Pushed(published.rev, difference, published)

    def _publish(
        self, actor: Actor, site: Site, compared: Compared, number: str, told: Told | None
    ) -> Published:
        office = self._office
        changes = _changes(compared, office.utc_ms())
        with office.database.reading() as connection:
            base = base_rev(connection, site.roster)
            touched = len(changed_since(connection, site, base)) + len(changes)
        if base and touched <= DELTA_PEOPLE_MAX:
            try:
                with office.database.writing("change the register") as connection:
                    if newest_rev(connection, site.roster) != compared.rev:
                        raise RegisterMoved
                    rev = next_rev(connection, site.roster)
                    apply(connection, office, site, changes, rev)
                    self._note(connection, actor, f"rev {rev}", number)
                    return publish_change(connection, office, site, rev)
            except DeltaTooLarge:
                pass  # nothing was done yet; the whole list always fits
        large = Large(changes, compared.current, _rows_after(compared, changes), compared.rev)

        def finish(connection: Connection, rev: int) -> None:
            self._note(connection, actor, f"rev {rev}", number)

        return publish_large(office, site, large, finish, told)

    def _note(self, connection: Connection, actor: Actor, result: str, number: str) -> None:
        self._office.audit.note(
            actor, Action.PUSH, target=number, result=result, connection=connection
        )
        if number:
            Shelf(self._office).settle(connection, actor.site, number, State.APPLIED)

    def _stage(
        self,
        actor: Actor,
        rows: list[RosterRow],
        number: str,
        file_name: str,
        told: Told | None,
    ) -> Staged:
        if told is not None:
            told("compare", None)
        compared = self.compared(actor, rows)
        difference = compared.difference
        staged = Staged(
            id=number,
            based_on_rev=compared.rev,
            file_name=shown_name(file_name),
            by=actor.name,
            created_ms=self._office.utc_ms(),
            counts=_counts(difference),
            shown=examples(difference),
            guarded=difference.guarded,
            emptied=difference.emptied,
        )
        packed = pack(rows)
        with self._office.database.writing("stage a table") as connection:
            Shelf(self._office).lay_staged(connection, actor, staged, packed)
            self._office.audit.note(
                actor, Action.UPLOAD, target=number, result="staged", connection=connection
            )
        return staged


def _require(actor: Actor) -> None:
    if not actor.may(Right.EDIT_ROSTER):
        raise UploadRefused(
            "right",
            f"the role {actor.role} may not change the list of {actor.site};"
            " ask an administrator for the role property or officer",
        )


def _counts(difference: Difference) -> dict[str, int]:
    return difference.counts() | {"size": difference.size}


def _stale() -> UploadRefused:
    return UploadRefused(
        "stale",
        "the list changed since this difference was made, so nothing was done;"
        " look at the new difference and confirm that one",
    )


def _guarded(difference: Difference) -> UploadRefused:
    number = len(difference.removes)
    why = f"it removes {number} of {difference.size} people"
    if difference.emptied:
        why += f", everybody of building {', '.join(difference.emptied)}"
    return UploadRefused(
        "guard", f"this table was not taken: {why}; if that is meant, type the number {number}"
    )


def _changes(compared: Compared, now_ms: int) -> list[Change]:
    difference = compared.difference
    changes: list[Change] = [(compared.known.get(e.ref), e) for e in difference.adds]
    changes += [(changed.before, changed.after) for changed in difference.changes]
    changes += [(entry, removed(entry, moment(now_ms))) for entry in difference.removes]
    return changes


def _rows_after(compared: Compared, changes: list[Change]) -> list[RosterRow]:
    after = compared.known | {entry.ref: entry for _, entry in changes}
    return [entry.row for entry in after.values() if entry.removed_ms is None]
