"""Who looked at what, changed what and why: rows that only grow, each with the hash of the last.

hash = SHA-256(previous hash + canonical JSON of the row). A removed or altered row breaks the
chain there. Rows cut off at the end do not; they are missed by the number of rows ever written,
which stands in table setting, and by whoever noted the head: how many rows there were and the hash
of the last. The hub's log names it every day. Targets are pseudonyms, or names of accounts, gates
and files: never residents.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from sqlalchemy import Connection, func, insert, select, update

from gated.hub.database import HubDatabase
from gated.hub.roles import Actor
from gated.hub.schema import SETTING
from gated.hub.schema_office import AUDIT

START: Final = bytes(32)
REASON_MAX: Final = 200
SHORT: Final = 8  # hex digits of a head that people write down
WRITTEN: Final = "audit_rows"
"""The setting that counts the rows ever written. Its row is the lock: writers take turns."""


NOT_WRITTEN: Final = "not written"  # the result of an export whose file could not be made


class Action(StrEnum):
    """What an audit row is about."""

    LOGIN = "login"
    LOGIN_REFUSED = "login_refused"
    LOGOUT = "logout"
    PASSWORD = "password"
    ACCOUNT = "account"
    SEARCH = "search"
    LOOK_UP = "look_up"
    IDENTITY = "identity"
    TRACE = "trace"
    EXPORT = "export"
    REPORT = "report"
    UPLOAD = "upload"
    PUSH = "push"
    CHANGE = "change"
    STATUS = "status"
    NOTE = "note"
    LATE_ENTRY = "late_entry"
    ACKNOWLEDGE = "acknowledge"
    OPEN_REGISTRATION = "open_registration"
    OPEN_PAPER = "open_paper"
    MESSAGE = "message"
    ENROL = "enrol"


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One row as it is shown. target: hex pseudonym, gate or file kind; "" for none."""

    number: int
    t_ms: int
    actor: str
    role: str
    site: str
    action: str
    target: str
    reason: str
    result: str


@dataclass(frozen=True, slots=True)
class Head:
    """How many rows the audit has, of every site, and the hash of the last one."""

    rows: int
    hash: bytes

    @property
    def short(self) -> str:
        """The head as people write it down: 1234:1a2b3c4d."""
        return f"{self.rows}:{self.hash.hex()[:SHORT]}"


class Audit:
    """Writes and reads the audit; any thread."""

    def __init__(self, database: HubDatabase, utc_ms: Callable[[], int]) -> None:
        self._database = database
        self._utc_ms = utc_ms

    def note(
        self,
        actor: Actor,
        action: Action,
        *,
        target: str = "",
        reason: str = "",
        result: str = "ok",
        connection: Connection | None = None,
    ) -> None:
        """The row is durable, or part of the transaction of `connection`."""
        if connection is not None:
            self._append(connection, actor, action, (target, reason, result))
            return
        with self._database.writing("note an audit row") as own:
            self._append(own, actor, action, (target, reason, result))

    def note_seldom(
        self, actor: Actor | None, site: str, action: Action, result: str, *, since_ms: int
    ) -> None:
        """The row is durable, unless one since then says the same: nobody fills the audit.

        actor: None for somebody we do not know.
        """
        columns = AUDIT.c
        same = select(columns.id).where(
            columns.site == site,
            columns.t_ms > since_ms,
            columns.actor == (actor.name if actor else ""),
            columns.action == action.value,
            columns.result == result,
        )
        with self._database.writing("note an audit row") as connection:
            if connection.execute(same.limit(1)).first() is None:
                self._append(connection, actor, action, ("", "", result), site)

    def rows(
        self,
        site: str,
        limit: int = 200,
        before: int | None = None,
        *,
        actor: str = "",
        action: Action | None = None,
    ) -> list[AuditRow]:
        """Return the newest rows of a site, newest first; before: only numbers below this.

        actor, action: only theirs.
        """
        columns = AUDIT.c
        query = select(
            columns.id,
            columns.t_ms,
            columns.actor,
            columns.role,
            columns.site,
            columns.action,
            columns.target,
            columns.reason,
            columns.result,
        ).where(columns.site == site)
        if before is not None:
            query = query.where(columns.id < before)
        if actor:
            query = query.where(columns.actor == actor)
        if action is not None:
            query = query.where(columns.action == action.value)
        with self._database.reading() as connection:
            found = connection.execute(query.order_by(columns.id.desc()).limit(limit))
            return [AuditRow(*row) for row in found]

    def first_broken(self) -> int | None:
        """Return the number of the first row that does not fit its chain, or None."""
        columns = AUDIT.c
        held = START
        with self._database.reading() as connection:
            for row in connection.execute(select(AUDIT).order_by(columns.id)):
                values = (row.actor, row.role, row.site, row.action)
                expected = _hash(held, row.t_ms, values, (row.target, row.reason, row.result))
                if row.prev_hash != held or row.hash != expected:
                    return int(row.id)
                held = row.hash
        return None

    def head(self) -> Head:
        """Return where the audit ends now; a copy kept elsewhere shows what was cut off later."""
        newest = select(AUDIT.c.hash).order_by(AUDIT.c.id.desc()).limit(1)
        with self._database.reading() as connection:
            rows = connection.execute(select(func.count()).select_from(AUDIT)).scalar_one()
            return Head(rows, connection.execute(newest).scalar_one_or_none() or START)

    def cut_off(self) -> int:
        """Return how many rows are missing that were written once."""
        written = select(SETTING.c.value).where(SETTING.c.name == WRITTEN)
        with self._database.reading() as connection:
            rows = connection.execute(select(func.count()).select_from(AUDIT)).scalar_one()
            return max(0, (connection.execute(written).scalar_one_or_none() or 0) - rows)

    def still_holds(self, rows: int, digits: str) -> bool:
        """Return whether the row that was the last of so many has a hash with these hex digits."""
        if rows == 0:
            return START.hex().startswith(digits)
        query = select(AUDIT.c.hash).order_by(AUDIT.c.id).offset(rows - 1).limit(1)
        with self._database.reading() as connection:
            found = connection.execute(query).scalar_one_or_none()
        return found is not None and found.hex().startswith(digits)

    def _append(
        self,
        connection: Connection,
        actor: Actor | None,
        action: Action,
        texts: tuple[str, str, str],
        site: str = "",
    ) -> None:
        target, reason, result = texts[0], texts[1][:REASON_MAX], texts[2]
        _count(connection)
        newest = select(AUDIT.c.hash).order_by(AUDIT.c.id.desc()).limit(1)
        held = connection.execute(newest).scalar_one_or_none() or START
        t_ms = self._utc_ms()
        who = ("", "", site) if actor is None else (actor.name, actor.role.value, actor.site)
        values = (*who, action.value)
        connection.execute(
            insert(AUDIT).values(
                t_ms=t_ms,
                actor=values[0],
                role=values[1],
                site=values[2],
                action=values[3],
                target=target,
                reason=reason,
                result=result,
                prev_hash=held,
                hash=_hash(held, t_ms, values, (target, reason, result)),
            )
        )


def _count(connection: Connection) -> None:
    """One more row counts as written; nobody else writes one before this transaction ends."""
    one_more = update(SETTING).where(SETTING.c.name == WRITTEN)
    if connection.execute(one_more.values(value=SETTING.c.value + 1)).rowcount == 0:
        rows = connection.execute(select(func.count()).select_from(AUDIT)).scalar_one()
        connection.execute(insert(SETTING).values(name=WRITTEN, value=rows + 1))


def _hash(
    previous: bytes, t_ms: int, who: tuple[str, str, str, str], what: tuple[str, str, str]
) -> bytes:
    body = json.dumps([t_ms, *who, *what], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(previous + body.encode()).digest()
