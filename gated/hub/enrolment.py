"""One-time codes for new gates: made by the office, listed, withdrawn.

A code is valid for a day, for one gate, once, and for five tries. Of its secret only a keyed hash
is stored. contract/enrolment.py draws the code, redemption.py says what a gate gets for it.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

from sqlalchemy import Connection, delete, func, insert, or_, select

from gated.contract import enrolment as contract
from gated.contract.enrolment import Code
from gated.contract.topics import is_name
from gated.errors import GatedError
from gated.hub.audit import Action
from gated.hub.authority import HUB_NAME, read_certificate, spki_hash
from gated.hub.office import Office
from gated.hub.roles import Actor, Right
from gated.hub.schema import GATE
from gated.hub.schema_office import ENROLMENT
from gated.hub.schema_records import GATE_SITE

VALID_MS: Final = 24 * 3600 * 1000
TRIES_MAX: Final = 5
OPEN_MAX: Final = 50
"""Codes that wait at one time; more of them make guessing easier and are a mistake."""
KEPT_MS: Final = 7 * VALID_MS
"""How long an ended code is remembered, to say that it expired."""
NAME_MAX: Final = 32

Direction = Literal["in", "out"]


class EnrolmentRefused(GatedError, ValueError):
    """No code was made, or a code brings nothing. `code` says why, from a fixed list.

    Making: not_allowed bad_gate bad_name other_site too_many no_authority no_certificate.
    Joining: wrong_code used expired.
    """

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


@dataclass(frozen=True, slots=True)
class NewGate:
    """The gate a code is for. name, name_en: what the pages and its screen call it."""

    gate: str
    name: str = ""
    name_en: str = ""
    direction: Direction = "in"


@dataclass(frozen=True, slots=True)
class Ticket:
    """A code just made; shown once, for its secret is stored nowhere."""

    code: Code
    gate: NewGate
    expires_ms: int


@dataclass(frozen=True, slots=True)
class OpenCode:
    """A code that waits for its gate. tries_left 0: blocked, somebody guessed at it."""

    number: str
    gate: str
    name: str
    expires_ms: int
    tries_left: int
    by: str


class Enrolments:
    """Makes, lists and withdraws codes; any thread. roll: a random number below its argument."""

    def __init__(self, office: Office, roll: Callable[[int], int] = secrets.randbelow) -> None:
        self._office = office
        self._roll = roll

    def make(self, actor: Actor, wanted: NewGate, certificate: Path | None = None) -> Ticket:
        """Return a new code for a gate of the actor's site; an older open one dies. Audited.

        certificate: what gates see of the pages' TLS; None means the one of [web]. Raises
        EnrolmentRefused, and ConfigError for a file that cannot be read.
        """
        if not actor.may(Right.ENROL_GATE):
            raise EnrolmentRefused("not_allowed", f"a role {actor.role} cannot enrol gates")
        wanted = _checked(wanted)
        self._check_authority()
        pin = self.pin(certificate)
        now_ms = self._office.utc_ms()
        with self._office.database.writing("make an enrolment code") as connection:
            alone = len(self._office.sites) == 1
            if not may_be_of(connection, wanted.gate, actor.site, alone=alone):
                raise EnrolmentRefused(
                    "other_site", f"gate {wanted.gate} is taken; choose another name"
                )
            _tidy(connection, actor.site, wanted.gate, now_ms)
            if _waiting(connection, actor.site, now_ms) >= OPEN_MAX:
                raise EnrolmentRefused(
                    "too_many", f"{OPEN_MAX} codes are open at this site; withdraw some first"
                )
            token = self._free_token(connection)
            connection.execute(
                insert(ENROLMENT).values(
                    id=token[: contract.NUMBER_CHARACTERS],
                    secret_hash=stored_hash(self._office, token),
                    site=actor.site,
                    gate=wanted.gate,
                    name=wanted.name,
                    name_en=wanted.name_en,
                    direction=wanted.direction,
                    created_ms=now_ms,
                    expires_ms=now_ms + VALID_MS,
                    by=actor.name,
                )
            )
            self._office.audit.note(
                actor, Action.ENROL, target=wanted.gate, result="code made", connection=connection
            )
        return Ticket(Code(token, pin), wanted, now_ms + VALID_MS)

    def open_codes(self, site: str) -> list[OpenCode]:
        """Return the codes of a site that can still be used or are blocked, by gate."""
        columns = ENROLMENT.c
        query = select(ENROLMENT).where(
            columns.site == site,
            columns.used_ms.is_(None),
            columns.expires_ms > self._office.utc_ms(),
        )
        with self._office.database.reading() as connection:
            rows = connection.execute(query.order_by(columns.gate)).all()
        return [
            OpenCode(
                number=row.id,
                gate=row.gate,
                name=row.name,
                expires_ms=row.expires_ms,
                tries_left=max(TRIES_MAX - row.tries, 0),
                by=row.by,
            )
            for row in rows
        ]

    def withdraw(self, actor: Actor, number: str) -> bool:
        """An open code of the actor's site is worth nothing; return whether there was one."""
        columns = ENROLMENT.c
        which = (columns.id == number, columns.site == actor.site, columns.used_ms.is_(None))
        with self._office.database.writing("withdraw an enrolment code") as connection:
            row = connection.execute(select(columns.gate).where(*which)).first()
            if row is None:
                return False
            connection.execute(delete(ENROLMENT).where(*which))
            self._office.audit.note(
                actor, Action.ENROL, target=row.gate, result="code withdrawn", connection=connection
            )
        return True

    def pin(self, certificate: Path | None = None) -> bytes:
        """Return the start of the hash of the key that gates see in the pages' TLS."""
        web = self._office.config.web
        path = certificate or (web.cert if web is not None else None)
        if path is None:
            raise EnrolmentRefused(
                "no_certificate",
                "the pages have no certificate, so a gate could not know this hub; set [web] host,"
                " cert and key in hub.toml (gated hub ca init DIR makes them)",
            )
        return spki_hash(read_certificate(path))[: contract.PIN_BYTES]

    def _check_authority(self) -> None:
        if self._office.config.authority is None:
            raise EnrolmentRefused(
                "no_authority",
                "this hub signs no certificates; add [authority] to hub.toml"
                " (gated hub ca init DIR makes its files)",
            )

    def _free_token(self, connection: Connection) -> str:
        taken = set(connection.execute(select(ENROLMENT.c.id)).scalars())
        while True:
            token = contract.token(self._roll(1 << contract.TOKEN_CHARACTERS * contract.BITS))
            if token[: contract.NUMBER_CHARACTERS] not in taken:
                return token


def stored_hash(office: Office, token: str) -> bytes:
    """Return what is stored of a code: without the hub's key nobody can search its secret."""
    message = b"gated enrolment code" + token.encode("ascii", "replace")
    return hmac.new(office.word_key, message, hashlib.sha256).digest()


def may_be_of(connection: Connection, gate: str, site: str, *, alone: bool) -> bool:
    """Return whether a gate of this name is, or can become, one of the site.

    alone: the hub has no other site, so a gate it hears of and nobody assigned can only be its own.
    With several, it may stand at another one.
    """
    held = select(GATE_SITE.c.site).where(GATE_SITE.c.gate == gate)
    known = connection.execute(held).scalar_one_or_none()
    if known is not None:
        return bool(known == site)
    heard_of = select(GATE.c.gate).where(GATE.c.gate == gate)
    return alone or connection.execute(heard_of).first() is None


def _checked(wanted: NewGate) -> NewGate:
    """Return the gate with its names trimmed. Raises EnrolmentRefused."""
    # The broker gives the hub's name every right.
    if not is_name(wanted.gate) or wanted.gate == HUB_NAME:
        raise EnrolmentRefused(
            "bad_gate",
            f"gate id {wanted.gate!r}: use a-z, 0-9 and -, at most {NAME_MAX}, not {HUB_NAME}",
        )
    names = [" ".join(name.split()) for name in (wanted.name, wanted.name_en)]
    if any(len(name) > NAME_MAX or not (name == "" or name.isprintable()) for name in names):
        raise EnrolmentRefused("bad_name", f"a gate's name has at most {NAME_MAX} characters")
    return replace(wanted, name=names[0], name_en=names[1])


def _tidy(connection: Connection, site: str, gate: str, now_ms: int) -> None:
    """The gate has no open code any more, and codes that ended long ago are forgotten."""
    columns = ENROLMENT.c
    own = (columns.site == site) & (columns.gate == gate) & columns.used_ms.is_(None)
    old = columns.expires_ms < now_ms - KEPT_MS
    connection.execute(delete(ENROLMENT).where(or_(own, old)))


def _waiting(connection: Connection, site: str, now_ms: int) -> int:
    columns = ENROLMENT.c
    query = select(func.count()).where(
        columns.site == site, columns.used_ms.is_(None), columns.expires_ms > now_ms
    )
    return connection.execute(query).scalar_one()
