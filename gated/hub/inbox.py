"""What gates sent to be read: listed, opened, and answered once, by name.

Alerts about health, duress and statuses are for who may see alerts; everything else for everybody
who may see the inbox, calls about somebody's health without their reason and person. What a gate
sealed is opened only when somebody asks, and the audit says who did. Whoever answers a call tells
the gate by it.
"""

import json
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, func, or_, select, update

from gated.errors import GatedError, StoreError
from gated.hub import record_words
from gated.hub.accounts import shown_names
from gated.hub.audit import Action
from gated.hub.commands import tell_answered
from gated.hub.inbox_item import ALERTS, CALLS_OF_HEALTH, ORDER_TEXT, UNSAID, Kind
from gated.hub.office import Office
from gated.hub.registration import TEXT_MAX, Registration, line_of, registration_of
from gated.hub.roles import Actor, Right
from gated.hub.schema_records import INBOX
from gated.store.sealed_box import (
    anomaly_context,
    note_context,
    open_sealed,
    order_context,
    registration_context,
)

PAGE: Final = 50
NOTE_MAX: Final = 200

State = Literal["open", "done"]

_WORDS_OF: Final = {Kind.ANOMALY.value: anomaly_context, Kind.NOTE.value: note_context}


class InboxRefused(GatedError, ValueError):
    """An item cannot be shown, opened or answered: foreign site, missing right, nothing sealed."""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to read. t_ms: when it happened, certain or not. acked_by "": not answered yet.

    is_sealed: it holds something that has to be opened.
    """

    id: int
    gate: str
    kind: Kind
    code: str
    t_ms: int
    certain: bool
    person: bytes | None
    is_sealed: bool
    fields: dict[str, Any]
    acked_by: str = ""
    acked_ms: int | None = None
    ack_note: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """Who answered an item and when. is_new: False when somebody had answered before."""

    by: str
    at_ms: int
    is_new: bool = False


class Inbox:
    """The inbox of every site; any thread. Each call sees only the actor's site and rights."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def open_count(self, actor: Actor) -> int:
        """Return how many items nobody has answered that this actor may see."""
        query = select(func.count()).select_from(INBOX).where(_seen_by(actor), _in_state("open"))
        with self._office.database.reading() as connection:
            return int(connection.execute(query).scalar_one())

    def items(
        self,
        actor: Actor,
        kind: Kind | str | None = None,
        state: State = "open",
        before: int | None = None,
        limit: int = PAGE,
    ) -> list[Item]:
        """Return items by when they happened, newest first. before: only those after this id."""
        query = select(INBOX).where(_seen_by(actor), _in_state(state))
        if kind is not None:
            query = query.where(INBOX.c.kind == str(kind))
        newest_first = INBOX.c.t_ms.desc(), INBOX.c.id.desc()
        with self._office.database.reading() as connection:
            if before is not None:
                last = select(INBOX.c.t_ms).where(INBOX.c.id == before, _seen_by(actor))
                t_ms = connection.execute(last).scalar()
                if t_ms is None:
                    return []
                earlier = and_(INBOX.c.t_ms == t_ms, INBOX.c.id < before)
                query = query.where(or_(INBOX.c.t_ms < t_ms, earlier))
            rows = connection.execute(query.order_by(*newest_first).limit(limit)).mappings()
            return [_seen(actor, self._item(row)) for row in rows]

    def counts(self, actor: Actor) -> dict[Kind, int]:
        """Return how many open items of each kind the actor may see, kinds without any left out."""
        query = (
            select(INBOX.c.kind, func.count())
            .where(_seen_by(actor), _in_state("open"))
            .group_by(INBOX.c.kind)
        )
        with self._office.database.reading() as connection:
            return {Kind(kind): count for kind, count in connection.execute(query)}

    def item(self, actor: Actor, number: int) -> Item:
        """Return one item. Raises InboxRefused when the actor may not see it or there is none."""
        return _seen(actor, self._item(self._row(actor, number)))

    def acknowledge(
        self, actor: Actor, number: int, note: str = "", *, within: Connection | None = None
    ) -> Answer:
        """The item is answered by this actor, or was before; who and when is returned.

        The gate of a call learns of it. note: one line, cut to NOTE_MAX. within: the write
        transaction it belongs to, one of its own if None. Raises InboxRefused as `item`.
        """
        row = self._row(actor, number)
        now_ms = self._office.utc_ms()
        line = " ".join(note.split())[:NOTE_MAX]
        values = {
            "acked_by": actor.name,
            "acked_ms": now_ms,
            # What somebody did about an alert is about a person.
            "ack_sealed": self._office.sealer.seal([line], _answer_of(row)) if line else None,
        }
        target = row["person"].hex() if row["person"] else row["gate"]
        by = self._called(actor) if row["kind"] == Kind.CALL else ""
        attempt = "answer an item of the inbox"
        with self._office.database.writing_within(within, attempt) as connection:
            still_open = and_(INBOX.c.id == number, _in_state("open"))
            done = connection.execute(update(INBOX).where(still_open).values(**values))
            if done.rowcount:
                self._office.audit.note(
                    actor,
                    Action.ACKNOWLEDGE,
                    target=target,
                    result=f"{row['kind']} {number}",
                    connection=connection,
                )
                if row["kind"] == Kind.CALL:
                    call = row["gate"], row["epoch"], row["seq"]
                    tell_answered(self._office, connection, actor, call, by)
                return Answer(actor.name, now_ms, is_new=True)
        earlier = self.item(actor, number)
        return Answer(earlier.acked_by, earlier.acked_ms or 0)

    def open_registration(self, actor: Actor, number: int, reason: str = "") -> Registration:
        """Return what the guard wrote down, audited with the reason.

        Raises InboxRefused when the actor may not, when it is no registration or cannot be opened.
        """
        if not actor.may(Right.OPEN_REGISTRATION):
            raise InboxRefused(
                f"cannot open registration {number}: the role {actor.role.value} sees its masked"
                " line only; ask a community officer"
            )
        row = self._row(actor, number)
        try:
            opened = self._opened(row)
        except InboxRefused:
            self._note_opened(actor, row, reason, "not opened")
            raise
        self._note_opened(actor, row, reason, "ok")
        return opened

    def registration(self, actor: Actor, number: int) -> Registration:
        """Return a registration to add its person to the list; as `open_registration`."""
        return self.open_registration(actor, number, "add to the list")

    def masked(self, actor: Actor, items: Collection[Item]) -> dict[int, str]:
        """Return the masked line of each registration among these items, by id.

        What cannot be opened is left out.
        """
        wanted = [item.id for item in items if item.kind is Kind.REGISTRATION and item.is_sealed]
        query = select(INBOX).where(INBOX.c.id.in_(wanted), _seen_by(actor))
        lines: dict[int, str] = {}
        with self._office.database.reading() as connection:
            rows = list(connection.execute(query).mappings()) if wanted else []
        for row in rows:
            try:
                lines[row["id"]] = self._opened(row).masked
            except InboxRefused:
                continue  # said where it is opened
        return lines

    def words(self, actor: Actor, number: int) -> str:
        """Return the guard's own words of an anomaly or a note, audited; "" when there are none.

        Not those beside a manual pass or refusal: `order_words`. Raises InboxRefused when they
        cannot be opened.
        """
        row = self._row(actor, number)
        kind = row["kind"]
        if row["sealed"] is None or kind not in _WORDS_OF or row["code"] == ORDER_TEXT:
            return ""
        said = self._unsealed(row, _WORDS_OF[kind](row["gate"]))
        reason = f"{kind} {number}"
        self._office.audit.note(actor, Action.LOOK_UP, target=row["gate"], reason=reason)
        return line_of(said, "text", TEXT_MAX)

    def order_words(self, actor: Actor, number: int, reason: str) -> str:
        """Return what a guard wrote beside a manual pass or refusal, audited with the reason.

        Raises InboxRefused when the actor may not, there is nothing such or it cannot be opened.
        """
        row, said = self.opened(actor, number, Kind.NOTE, order_context, code=ORDER_TEXT)
        target = row["person"].hex() if row["person"] else row["gate"]
        result = f"ok {number}"
        self._office.audit.note(actor, Action.LOOK_UP, target=target, reason=reason, result=result)
        return line_of(said, "text", TEXT_MAX)

    def opened(
        self,
        actor: Actor,
        number: int,
        kind: Kind,
        context: Callable[[str], bytes],
        *,
        code: str = "",
    ) -> tuple[RowMapping, dict[str, Any]]:
        """Return an item's row and what the gate sealed in it; whoever asks writes the audit.

        Raises InboxRefused when the actor may not, when it is another kind of item or cannot be
        opened.
        """
        if not actor.may(Right.OPEN_REGISTRATION):
            raise InboxRefused(
                f"cannot open item {number}: the role {actor.role.value} may not read what a guard"
                " wrote about somebody; ask a community officer"
            )
        row = self._row(actor, number)
        is_other = row["kind"] != kind or code not in {"", row["code"]}
        if is_other or row["sealed"] is None:
            raise InboxRefused(f"cannot open item {number}: nothing such is sealed in it")
        return row, self._unsealed(row, context(row["gate"]))

    def _called(self, actor: Actor) -> str:
        """Return what a gate's screen calls whoever answers: an account's name, else the role."""
        return shown_names(self._office).get(actor.name) or record_words.ROLES[actor.role]

    def _item(self, row: RowMapping) -> Item:
        noted = row["ack_sealed"]
        (note,) = self._office.sealer.open(noted, _answer_of(row)) if noted else ("",)
        return Item(
            row["id"],
            row["gate"],
            Kind(row["kind"]),
            row["code"],
            row["t_ms"],
            row["certain"],
            row["person"],
            row["sealed"] is not None,
            json.loads(row["fields"]),
            row["acked_by"],
            row["acked_ms"],
            note,
        )

    def _row(self, actor: Actor, number: int) -> RowMapping:
        query = select(INBOX).where(INBOX.c.id == number, _seen_by(actor))
        with self._office.database.reading() as connection:
            row = connection.execute(query).mappings().first()
        if row is None:
            raise InboxRefused(
                f"cannot find item {number} in the inbox of site {actor.site}: it is not there or"
                " not for this role; gated hub inbox lists what is"
            )
        return row

    def _opened(self, row: RowMapping) -> Registration:
        if row["kind"] != Kind.REGISTRATION or row["sealed"] is None:
            raise InboxRefused(f"cannot open item {row['id']}: no registration is sealed in it")
        said = self._unsealed(row, registration_context(row["gate"]))
        direction = str(json.loads(row["fields"]).get("direction", ""))
        found = (row["id"], row["gate"], row["t_ms"], row["code"], direction)
        return registration_of(*found, said)

    def _unsealed(self, row: RowMapping, context: bytes) -> dict[str, Any]:
        try:
            said = json.loads(open_sealed(self._office.seal_key, bytes(row["sealed"]), context))
        except StoreError as error:
            raise InboxRefused(str(error)) from error
        except (ValueError, RecursionError):
            said = None
        if not isinstance(said, dict):
            raise InboxRefused(
                f"cannot read item {row['id']}: gate {row['gate']} sealed something else in it;"
                " ask the guard for the particulars and look at the gate's software"
            )
        return said

    def _note_opened(self, actor: Actor, row: RowMapping, reason: str, result: str) -> None:
        self._office.audit.note(
            actor,
            Action.OPEN_REGISTRATION,
            target=row["gate"],
            reason=reason,
            result=f"{result} {row['id']}",
        )


def visible(actor: Actor) -> list[Kind]:
    """Return the kinds of items this actor may see."""
    if not actor.may(Right.SEE_INBOX):
        return []
    return [kind for kind in Kind if actor.may(Right.SEE_ALERTS) or kind not in ALERTS]


def _seen_by(actor: Actor) -> ColumnElement[bool]:
    kinds = [kind.value for kind in visible(actor)]
    return and_(INBOX.c.site == actor.site, INBOX.c.kind.in_(kinds))


def _in_state(state: State) -> ColumnElement[bool]:
    return INBOX.c.acked_ms.is_(None) if state == "open" else INBOX.c.acked_ms.is_not(None)


def _answer_of(row: RowMapping) -> bytes:
    """Return what the note of an answer is bound to, so that it opens in its own place alone."""
    return f"inbox answer/{row['site']}/{row['id']}".encode()


def _seen(actor: Actor, item: Item) -> Item:
    """Return the item as this actor may see it: of a call about health only that there is one."""
    of_health = item.kind is Kind.CALL and item.code in CALLS_OF_HEALTH
    if actor.may(Right.SEE_ALERTS) or not of_health:
        return item
    return replace(item, code=UNSAID, person=None)
