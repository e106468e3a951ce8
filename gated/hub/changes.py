"""Single changes at the centre: checked against the role, audited, at the gates within seconds.

Each is one transaction: the register, the signed delta and the audit row, or nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, select

from gated.core import pseudonym
from gated.core.model import StatusCode
from gated.hub import aliases, register_words
from gated.hub import register_edits as edits
from gated.hub.audit import Action
from gated.hub.difference import ARRIVALS, removed
from gated.hub.office import Office, Site
from gated.hub.published import newest_rev
from gated.hub.register_edits import By, ChangeRefused, Correction, Edit
from gated.hub.register_entry import OFFICE, Entry, moment
from gated.hub.register_list import change
from gated.hub.register_rows import Change, load
from gated.hub.roles import Actor, Right
from gated.hub.schema_register import PERSON_WORD
from gated.store.roster_build import Card, RosterRow, household, reference

__all__ = ["ChangeRefused", "Changes", "Correction", "Done"]


@dataclass(frozen=True, slots=True)
class Done:
    """What a change came to. changed False: it was already so, nothing was published.

    ref: the person's pseudonym now; a corrected identity number makes a new one.
    """

    rev: int
    changed: bool
    ref: bytes


class Changes:
    """Makes single changes; any thread. Every one raises ChangeRefused when it cannot be made."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def add(self, actor: Actor, row: RosterRow, reason: str = "") -> Done:
        """Somebody new is on the list; somebody removed is back."""
        site = self._office.site(actor.site)
        self._may_edit(actor)
        for status in row.statuses:
            self._may_set(actor, status.code)
        whole = edits.added(row)
        ref = reference(whole, site.keys.site)

        def decide(connection: Connection) -> list[Change]:
            before = load(connection, self._office, site.id, [ref]).get(ref)
            if before is not None and before.removed_ms is None:
                raise ChangeRefused("exists", "this person is on the list already; correct them")
            for card in whole.cards:
                self._free_card(connection, site, card, ref)
            return [(before, self._newcomer(actor, site, before, ref, whole))]

        return self._done(actor, site, ref, decide, Action.CHANGE, "added", reason)

    def correct(
        self, actor: Actor, ref: bytes, correction: Correction, *, version: int, reason: str = ""
    ) -> Done:
        """Fields have new values. version: of the entry the form showed; stale is refused."""
        return self._edit(
            actor,
            ref,
            lambda entry: edits.corrected(entry, correction),
            "corrected",
            reason,
            version=version,
        )

    def lost_card(self, actor: Actor, ref: bytes, card: str = "", reason: str = "") -> Done:
        """A card is reported lost; left out: the person's only one."""
        return self._edit(actor, ref, lambda e: edits.lost(e, card), "card lost", reason)

    def new_card(self, actor: Actor, ref: bytes, card: str, reason: str = "") -> Done:
        """The person has this card, in use."""
        return self._edit(actor, ref, lambda e: edits.given(e, card), "card given", reason)

    def filed(self, actor: Actor, ref: bytes, reason: str = "") -> Done:
        """An arrival is filed: from now on the gates only note it."""
        by = self._by(actor)
        return self._edit(actor, ref, lambda e: edits.filed(e, by), "filed", reason)

    def moved_out(
        self, actor: Actor, ref: bytes, start: datetime | None = None, reason: str = ""
    ) -> Done:
        """The person may leave with the furniture and not come back to live here."""
        return self.set_status(actor, ref, StatusCode.MOVED_OUT, start, None, reason)

    def medicine(self, actor: Actor, ref: bytes, end: datetime | None = None) -> Done:
        """The person bought fever medicine; the station follows up."""
        return self.set_status(actor, ref, StatusCode.MEDICINE_BUYER, None, end)

    def quarantine(
        self,
        actor: Actor,
        ref: bytes,
        start: datetime | None,
        end: datetime | None,
        reason: str = "",
    ) -> Done:
        """Home quarantine from start (None: now) until end."""
        return self.set_status(actor, ref, StatusCode.HOME_QUARANTINE, start, end, reason)

    def released(
        self, actor: Actor, ref: bytes, end: datetime | None = None, reason: str = ""
    ) -> Done:
        """Quarantine and the like are over; the gates say so until `end`."""
        self._may_set(actor, StatusCode.RELEASED)
        by = self._by(actor)
        return self._edit(
            actor, ref, lambda e: edits.released(e, by, end), "released", reason, Action.STATUS
        )

    def arrival(
        self,
        actor: Actor,
        ref: bytes,
        code: StatusCode,
        start: datetime | None = None,
        end: datetime | None = None,
        reason: str = "",
    ) -> Done:
        """The person came from another province or an epidemic area: asked until filed."""
        self._may_set(actor, code)
        by = self._by(actor)
        return self._edit(
            actor,
            ref,
            lambda e: edits.arrived(e, by, code, start, end),
            code.value,
            reason,
            Action.STATUS,
        )

    def set_status(
        self,
        actor: Actor,
        ref: bytes,
        code: StatusCode,
        start: datetime | None = None,
        end: datetime | None = None,
        reason: str = "",
    ) -> Done:
        """The status holds from start (None: now) until end (None: open)."""
        if code in ARRIVALS:
            return self.arrival(actor, ref, code, start, end, reason)
        if code is StatusCode.RELEASED:
            return self.released(actor, ref, end, reason)
        self._may_set(actor, code)
        by = self._by(actor)
        return self._edit(
            actor,
            ref,
            lambda e: edits.begun(e, by, code, start, end),
            code.value,
            reason,
            Action.STATUS,
        )

    def end_status(self, actor: Actor, ref: bytes, code: StatusCode, reason: str = "") -> Done:
        """No status of this kind stands any more."""
        self._may_set(actor, code)
        by = self._by(actor)
        return self._edit(
            actor,
            ref,
            lambda e: edits.ended(e, by, frozenset({code})),
            f"{code.value} ended",
            reason,
            Action.STATUS,
        )

    # How it is done.

    def _edit(
        self,
        actor: Actor,
        ref: bytes,
        edit: Edit,
        word: str,
        reason: str,
        action: Action = Action.CHANGE,
        *,
        version: int | None = None,
    ) -> Done:
        self._may_edit(actor)
        site = self._office.site(actor.site)

        def decide(connection: Connection) -> list[Change]:
            before = load(connection, self._office, site.id, [ref]).get(ref)
            if before is None or before.removed_ms is not None:
                raise ChangeRefused("unknown", "this person is not on the list; add them first")
            if version is not None and before.version != version:
                raise ChangeRefused(
                    "stale",
                    "somebody else changed this person meanwhile; nothing was done,"
                    " look at them as they are now and type it again",
                )
            after = edit(before)
            return [] if after == before else self._rekeyed(connection, site, before, after)

        return self._done(actor, site, ref, decide, action, word, reason)

    def _done(
        self,
        actor: Actor,
        site: Site,
        ref: bytes,
        decide: Callable[[Connection], list[Change]],
        action: Action,
        word: str,
        reason: str,
    ) -> Done:
        now = [ref]

        def decided(connection: Connection) -> list[Change]:
            changes = decide(connection)
            now[0] = changes[-1][1].ref if changes else ref
            return changes

        def note(connection: Connection, rev: int) -> None:
            if now[0] != ref:
                aliases.renamed(connection, self._office, site.id, ref, now[0])
            so = newest_rev(connection, site.roster) == rev
            self._office.audit.note(
                actor,
                action,
                target=ref.hex(),
                reason=reason,
                result=f"{word}: already so" if so else f"{word}, rev {rev}",
                connection=connection,
            )

        published = change(self._office, site, decided, note)
        if published is None:
            with self._office.database.reading() as connection:
                return Done(newest_rev(connection, site.roster), changed=False, ref=ref)
        return Done(published.rev, changed=True, ref=now[0])

    def _rekeyed(
        self, connection: Connection, site: Site, before: Entry, after: Entry
    ) -> list[Change]:
        """Return the change, as a going and a coming when the person's pseudonym is another."""
        held = {pseudonym.card_text(card.number) for card in before.row.cards}
        ref = reference(after.row, site.keys.site)
        for card in after.row.cards:
            if pseudonym.card_text(card.number) not in held:
                self._free_card(connection, site, card, before.ref)
        moved = replace(after, household=household(after.row, site.keys.site))
        if ref == before.ref:
            return [(before, moved)]
        other = load(connection, self._office, site.id, [ref]).get(ref)
        if other is not None and other.removed_ms is None:
            raise ChangeRefused("exists", "somebody on the list has this number already")
        history = tuple(replace(held, id=0) for held in after.statuses)
        if other is not None:
            history = (*other.statuses, *history)
        now = moment(self._office.utc_ms())
        coming = replace(moved, ref=ref, removed_ms=None).with_statuses(history, now)
        return [(before, removed(before, now)), (other, coming)]

    def _newcomer(
        self, actor: Actor, site: Site, before: Entry | None, ref: bytes, row: RosterRow
    ) -> Entry:
        by = self._by(actor)
        entry = replace(
            before or Entry(ref, row, None),
            row=replace(row, statuses=()),
            household=household(row, site.keys.site),
            origin=OFFICE,
            removed_ms=None,
            office_flags=row.flags,
            office_cards=frozenset(pseudonym.card_text(card.number) for card in row.cards),
        ).with_statuses(before.statuses if before else (), by.now)
        for status in row.statuses:
            entry = edits.begun(entry, by, status.code, status.start, status.end)
        return entry

    def _free_card(self, connection: Connection, site: Site, card: Card, ref: bytes) -> None:
        """Raise when somebody else on the list has this card."""
        text = pseudonym.card_text(card.number)
        # Not the search for people: that one also finds phones and tails, and ends after fifty.
        word = register_words.of_card(self._office.word_key, site.id, card.number)
        words = PERSON_WORD.c
        having = select(words.ref).where(words.site == site.id, words.word == word)
        holders = list(connection.execute(having).scalars())
        people = load(connection, self._office, site.id, holders).values()
        for entry in people:
            theirs = {pseudonym.card_text(held.number) for held in entry.row.cards}
            if entry.removed_ms is None and entry.ref != ref and text in theirs:
                raise ChangeRefused("card_taken", "this card belongs to somebody else on the list")

    def _by(self, actor: Actor) -> By:
        return By(actor.name, moment(self._office.utc_ms()))

    def _may_edit(self, actor: Actor) -> None:
        if not actor.may(Right.EDIT_ROSTER):
            raise _not_allowed(actor)

    def _may_set(self, actor: Actor, code: StatusCode) -> None:
        if not actor.may_set(code):
            raise _not_allowed(actor)


def _not_allowed(actor: Actor) -> ChangeRefused:
    return ChangeRefused(
        "right",
        f"the role {actor.role} may not make this change at {actor.site};"
        " the community officer may",
    )
