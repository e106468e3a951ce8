"""Orders to gates: written and signed by people's tools, carried to the gates by the hub's worker.

    pending -> sent -> shown | refused | expired

`Commands` makes them, on any thread. `CommandQueue` is the worker's side: it hands out what is
due to gates that are online, and hands out again, after a gate's hello, whatever has no result
yet. The result comes back as an event `command_result`; who reads the events sets it here. An
order whose time is over without a result is expired.

People give two kinds of order, a message and prevention tips. The third, `answered`, is given by
whoever answers a call in the inbox.
"""

import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from sqlalchemy import Connection, func, insert, select, update

from gated.contract.command import (
    ANSWERED,
    BY_MAX,
    COMMAND_BYTES_MAX,
    EN_MAX,
    MESSAGE,
    MINUTES_MAX,
    TIPS,
    TIPS_MAX,
    TTL_MAX_S,
    ZH_MAX,
    Command,
    sign_command,
)
from gated.contract.messages import json_object
from gated.core.text import Text
from gated.errors import GatedError
from gated.hub.audit import Action
from gated.hub.database import HubDatabase
from gated.hub.office import Office
from gated.hub.roles import Actor, Right
from gated.hub.schema import GATE
from gated.hub.schema_office import COMMAND
from gated.hub.schema_records import GATE_SITE

ID_BYTES: Final = 16
MINUTE_MS: Final = 60_000
LISTED: Final = 20
ANSWERED_LIFE_S: Final = 1800  # the gate shows a call for as long
OPEN: Final = ("pending", "sent")
State = Literal["pending", "sent", "shown", "refused", "expired"]
_ID_NUMBER: Final = re.compile(r"(?<!\d)\d{17}[\dXx](?!\d)")


class CommandNotMade(GatedError, ValueError):
    """An order cannot be given: foreign gate, missing right, text too long, a number in it."""


@dataclass(frozen=True, slots=True)
class Sent:
    """One order as people see it. by: who gave it; result: what the gate said.

    cmd: `message` or `tips`. tips: of the latter.
    """

    id: str
    gate: str
    cmd: str
    zh: str
    en: str
    minutes: int
    created_ms: int
    expires_ms: int
    by: str
    state: State
    result: str
    tips: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True)
class _Order:
    """What is to be signed for one gate. life_s: how long it waits for a gate that is away."""

    cmd: str
    args: Mapping[str, Any]
    life_s: int


class Commands:
    """Makes and lists orders; any thread."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def send_message(self, actor: Actor, gate: str, zh: str, en: str, minutes: int) -> str:
        """The text waits for the gate, signed and audited; return the order's id.

        Shown for so many minutes from its arrival, in place of an earlier one; empty in both
        languages it takes that away. An offline gate gets it if it returns within the minutes.
        Raises CommandNotMade.
        """
        texts = _checked(actor, zh, en, minutes)
        return self._to_one(actor, gate, _message(texts, minutes))

    def send_to_all(self, actor: Actor, zh: str, en: str, minutes: int) -> dict[str, str]:
        """The text waits for every gate in use at the site; return the orders' ids by gate.

        All of them get it or, when it is refused, none. Otherwise as send_message.
        """
        texts = _checked(actor, zh, en, minutes)
        return self._to_all(actor, _message(texts, minutes))

    def send_tips(self, actor: Actor, gate: str, tips: Iterable[Text]) -> str:
        """The tips wait for the gate in place of all it has; return the order's id.

        They stay until others replace them; none takes the gate's away. An offline gate gets them
        if it returns within seven days. Signed and audited. Raises CommandNotMade.
        """
        return self._to_one(actor, gate, _tips(actor, tips))

    def send_tips_to_all(self, actor: Actor, tips: Iterable[Text]) -> dict[str, str]:
        """The tips wait for every gate in use at the site; return the orders' ids by gate.

        All of them get them or, when they are refused, none. Otherwise as send_tips.
        """
        return self._to_all(actor, _tips(actor, tips))

    def tips(self, site: str, gate: str = "") -> tuple[Text, ...]:
        """Return the tips that were sent last to this gate, or to any of the site."""
        columns = COMMAND.c
        query = select(columns.body).where(columns.site == site, columns.cmd == TIPS)
        if gate:
            query = query.where(columns.gate == gate)
        newest = query.order_by(columns.created_ms.desc(), columns.n.desc()).limit(1)
        with self._office.database.reading() as connection:
            body = connection.execute(newest).scalar_one_or_none()
        return () if body is None else _tips_in(json_object(body).get("args"))

    def _to_one(self, actor: Actor, gate: str, order: _Order) -> str:
        with self._office.database.writing("give an order to a gate") as connection:
            if not _at_site(connection, gate, actor.site):
                raise CommandNotMade(
                    f"cannot send a message to gate {gate}: site {actor.site} has none of this"
                    " name in use; gated hub gates lists them"
                )
            return self._send(connection, actor, gate, order)

    def _to_all(self, actor: Actor, order: _Order) -> dict[str, str]:
        with self._office.database.writing("give an order to all gates") as connection:
            gates = _in_use(connection, actor.site)
            if not gates:
                raise CommandNotMade(f"cannot send a message: site {actor.site} has no gates yet")
            return {gate: self._send(connection, actor, gate, order) for gate in gates}

    def _send(self, connection: Connection, actor: Actor, gate: str, order: _Order) -> str:
        number = _put(self._office, connection, actor, gate, order)
        self._office.audit.note(actor, Action.MESSAGE, target=gate, connection=connection)
        return number

    def of_gate(self, site: str, gate: str, limit: int = LISTED) -> list[Sent]:
        """Return the newest messages and tips of a gate, newest first."""
        columns = COMMAND.c
        query = (
            select(COMMAND)
            .where(columns.site == site, columns.gate == gate, columns.cmd != ANSWERED)
            .order_by(columns.n.desc())
            .limit(limit)
        )
        with self._office.database.reading() as connection:
            return [_shown(dict(row)) for row in connection.execute(query).mappings()]


@dataclass(frozen=True, slots=True)
class Due:
    """One order for a gate that is online: its body as signed, and how long it still lives."""

    id: str
    gate: str
    body: bytes
    left_s: int


class CommandQueue:
    """The worker's side of the orders; the thread that owns the database's worker."""

    def __init__(self, database: HubDatabase) -> None:
        self._database = database

    def due(self, now_ms: int) -> list[Due]:
        """Return what is to be published now, oldest first; what is too late is expired."""
        columns = COMMAND.c
        query = (
            select(columns.id, columns.gate, columns.state, columns.body, columns.expires_ms)
            .add_columns(GATE.c.online)
            .select_from(COMMAND.outerjoin(GATE, GATE.c.gate == columns.gate))
            .where(columns.state.in_(OPEN))
            .order_by(columns.gate, columns.n)
        )
        with self._database.reading() as connection:
            rows = connection.execute(query).all()
        late = [row.id for row in rows if row.expires_ms <= now_ms]
        if late:
            self._move(late, OPEN, "expired")
        return [
            Due(row.id, row.gate, row.body, max(1, (row.expires_ms - now_ms) // 1000))
            for row in rows
            if row.state == "pending" and row.online and row.expires_ms > now_ms
        ]

    def sent(self, due: list[Due]) -> None:
        """These were given to the broker; they wait for their result."""
        self._move([one.id for one in due], ("pending",), "sent")

    def again(self, gate: str) -> None:
        """The gate came back: what has no result yet is due once more."""
        columns = COMMAND.c
        with self._database.writing("repeat the orders of a gate") as connection:
            connection.execute(
                update(COMMAND)
                .where(columns.gate == gate, columns.state == "sent")
                .values(state="pending")
            )

    def _move(self, ids: list[str], before: tuple[str, ...], after: State) -> None:
        columns = COMMAND.c
        with self._database.writing("note the state of orders") as connection:
            connection.execute(
                update(COMMAND)
                .where(columns.id.in_(ids), columns.state.in_(before))
                .values(state=after)
            )


def tell_answered(
    office: Office, connection: Connection, actor: Actor, call: tuple[str, str, int], by: str
) -> None:
    """The gate will learn that its call was answered, part of the transaction of `connection`.

    call: gate, epoch and seq of its record; by: what people call whoever answered. A gate that
    left the site or is retired is told nothing.
    """
    gate, epoch, seq = call
    if not _at_site(connection, gate, actor.site):
        return
    said = "".join(sign for sign in " ".join(by.split()) if sign.isprintable())
    args = {"epoch": epoch, "seq": seq, "by": said[:BY_MAX]}
    _put(office, connection, actor, gate, _Order(ANSWERED, args, ANSWERED_LIFE_S))


def _put(office: Office, connection: Connection, actor: Actor, gate: str, order: _Order) -> str:
    """The order is signed and waits for its gate; return its id."""
    now_ms = office.utc_ms()
    command = Command(
        id=secrets.token_hex(ID_BYTES),
        n=_next_number(connection, gate, now_ms),
        cmd=order.cmd,
        args=dict(order.args),
        ttl_s=order.life_s,
        iss=actor.site,
        kid=office.signer.kid.hex(),
    )
    body = sign_command(command, gate, office.signer.sign)
    if len(body) > COMMAND_BYTES_MAX:
        raise CommandNotMade("cannot send so much text in one order; shorten it")
    connection.execute(
        insert(COMMAND).values(
            id=command.id,
            gate=gate,
            site=actor.site,
            n=command.n,
            cmd=command.cmd,
            body=body,
            created_ms=now_ms,
            expires_ms=now_ms + order.life_s * 1000,
            by=actor.name,
            state="pending",
        )
    )
    return command.id


def _message(texts: tuple[str, str], minutes: int) -> _Order:
    args = {"zh": texts[0], "en": texts[1], "minutes": minutes}
    return _Order(MESSAGE, args, minutes * 60)


def _tips(actor: Actor, tips: Iterable[Text]) -> _Order:
    """Return the order that carries these tips. Raises CommandNotMade."""
    _check_right(actor)
    texts = [_text(tip.zh, tip.en) for tip in tips]
    said = [{"zh": zh, "en": en} for zh, en in texts if zh or en]
    if len(said) > TIPS_MAX:
        raise CommandNotMade(
            f"cannot send {len(said)} tips: a gate keeps {TIPS_MAX}; leave some out"
        )
    return _Order(TIPS, {"tips": said}, TTL_MAX_S)


def _checked(actor: Actor, zh: str, en: str, minutes: int) -> tuple[str, str]:
    """Return both texts as they are sent. Raises CommandNotMade for what nobody may send."""
    _check_right(actor)
    texts = _text(zh, en)
    if not 1 <= minutes <= MINUTES_MAX:
        raise CommandNotMade(
            f"cannot send a message for {minutes} minutes: name 1 to {MINUTES_MAX}"
        )
    return texts


def _check_right(actor: Actor) -> None:
    if not actor.may(Right.MESSAGE_GATE):
        raise CommandNotMade(
            f"cannot send a message: an account of role {actor.role.value} may not; ask the"
            " property office or the community officer"
        )


def _text(zh: str, en: str) -> tuple[str, str]:
    """Return both languages as one line each. Raises CommandNotMade for what nobody may send."""
    texts = " ".join(zh.split()), " ".join(en.split())
    if len(texts[0]) > ZH_MAX or len(texts[1]) > EN_MAX:
        raise CommandNotMade(
            f"cannot send this message: the screen has room for {ZH_MAX} Chinese and {EN_MAX}"
            " English characters; shorten it"
        )
    if not all(text.isprintable() for text in texts):
        raise CommandNotMade(
            "cannot send this message: it holds characters that cannot be shown; type it anew"
        )
    if any(_ID_NUMBER.search(text) for text in texts):
        raise CommandNotMade(
            "cannot send this message: it holds an ID number, and everybody at the gate can read"
            " the screen; leave it out"
        )
    return texts


def _at_site(connection: Connection, gate: str, site: str) -> bool:
    return gate in _in_use(connection, site)


def _in_use(connection: Connection, site: str) -> list[str]:
    """Return the gates of a site but for retired ones, by id."""
    columns = GATE_SITE.c
    query = select(columns.gate).where(columns.site == site, columns.retired_ms.is_(None))
    return list(connection.execute(query.order_by(columns.gate)).scalars())


def _next_number(connection: Connection, gate: str, now_ms: int) -> int:
    """Return a number above all earlier ones of the gate, also after a restored backup."""
    newest = select(func.max(COMMAND.c.n)).where(COMMAND.c.gate == gate)
    return max((connection.execute(newest).scalar_one() or 0) + 1, now_ms)


def _shown(row: dict[str, Any]) -> Sent:
    args: Any = json_object(row["body"]).get("args", {})
    names = ("id", "gate", "cmd", "created_ms", "expires_ms", "by", "state", "result")
    return Sent(
        zh=args.get("zh", ""),
        en=args.get("en", ""),
        minutes=args.get("minutes", 0),
        tips=_tips_in(args),
        **{name: row[name] for name in names},
    )


def _tips_in(args: Any) -> tuple[Text, ...]:
    """Return the tips of an order that we signed ourselves; none of a message."""
    return tuple(Text(tip["zh"], tip["en"]) for tip in args.get("tips", ()))
