"""What gates sent to be read: listed, opened, and answered once, by name.

Alerts about health, duress and statuses are for who may see alerts; calls, anomalies,
registrations and trouble with gates for everybody who may see the inbox, calls about somebody's
health without their reason and person. What a gate sealed is
opened only when somebody asks, and the audit says who did.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, RowMapping, and_, func, or_, select, update

from gated.core.masking import mask_name, mask_phone, mask_room, without_unseen
from gated.errors import GatedError, StoreError
from gated.hub.audit import Action
from gated.hub.inbox_item import ALERTS, CALLS_OF_HEALTH, UNSAID, Kind
from gated.hub.office import Office
from gated.hub.roles import Actor, Right
from gated.hub.schema_records import INBOX
from gated.store.sealed_box import anomaly_context, open_sealed, registration_context

PAGE: Final = 50
NOTE_MAX: Final = 200
TEXT_MAX: Final = 500
COMPANIONS_MAX: Final = 99

State = Literal["open", "done"]


class InboxRefused(GatedError, ValueError):
    """An item cannot be shown, opened or answered: foreign site, missing right, nothing sealed."""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to read. t_ms: when it happened, certain or not. acked_by "": not answered yet.

    is_sealed: it holds something only `open_registration` or `anomaly_words` can read.
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


@dataclass(frozen=True, slots=True)
class Registration:
    """Somebody who was not on the list, as the guard wrote them down, in clear.

    form: `visitor` or `returnee`. to: building-unit-room.
    """

    id: int
    gate: str
    t_ms: int
    form: str
    direction: str
    name: str = field(repr=False)
    document_kind: str = field(repr=False)
    document_number: str = field(repr=False)
    phone: str = field(repr=False)
    came_from: str = field(repr=False)
    to: str = field(repr=False)
    reason: str = field(repr=False)
    plate: str = field(repr=False)
    companions: int = 0

    @property
    def room(self) -> tuple[str, str, str]:
        """Building, unit and room of `to`; missing parts are empty."""
        building, unit, room = (*self.to.split("-", 2), "", "", "")[:3]
        return building, unit, room

    @property
    def masked(self) -> str:
        """Return one line for people who may not read it all."""
        shown = (mask_name(self.name), mask_room(*self.room), mask_phone(self.phone))
        return " · ".join(part for part in shown if part)


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

    def acknowledge(self, actor: Actor, number: int, note: str = "") -> Answer:
        """The item is answered by this actor, or was before; who and when is returned.

        note: one line, cut to NOTE_MAX. Raises InboxRefused as `item`.
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
        with self._office.database.writing("answer an item of the inbox") as connection:
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

    def anomaly_words(self, actor: Actor, number: int) -> str:
        """Return the guard's own words about an anomaly, audited; "" when there are none.

        Raises InboxRefused when it is no anomaly or cannot be opened.
        """
        row = self._row(actor, number)
        if row["kind"] != Kind.ANOMALY or row["sealed"] is None:
            return ""
        said = self._unsealed(row, anomaly_context(row["gate"]))
        self._office.audit.note(
            actor, Action.LOOK_UP, target=row["gate"], reason=f"anomaly {number}"
        )
        return _text(said, "text", TEXT_MAX)

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
        companions = said.get("companions")
        counted = isinstance(companions, int) and 0 <= companions <= COMPANIONS_MAX
        return Registration(
            id=row["id"],
            gate=row["gate"],
            t_ms=row["t_ms"],
            form=row["code"],
            direction=str(json.loads(row["fields"]).get("direction", "")),
            name=_text(said, "name"),
            document_kind=_text(said, "document_kind"),
            document_number=_text(said, "document_number"),
            phone=_text(said, "phone"),
            came_from=_text(said, "from", TEXT_MAX),
            to=_text(said, "to"),
            reason=_text(said, "reason", TEXT_MAX),
            plate=_text(said, "plate"),
            companions=int(said["companions"]) if counted else 0,
        )

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


def _text(said: dict[str, Any], name: str, limit: int = 64) -> str:
    """Return a field as one line of text, without what no line holds."""
    value = said.get(name)
    if not isinstance(value, str):
        return ""
    return " ".join(without_unseen(value).split())[:limit]
