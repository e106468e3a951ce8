"""Who is logged in, and which orders were already carried out.

A log-in is a random token that only the browser knows; the table holds its SHA-256. It ends after
[web] session_h hours, after an hour without use, by logging out, and when its account is disabled
or gets another password. `Once` remembers the marks of forms that were carried out, so that a
form that is sent twice does its work once.
"""

import hashlib
import secrets
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from gated.errors import StoreBusy
from gated.hub.accounts import Account, Accounts
from gated.hub.audit import REASON_MAX, Action
from gated.hub.office import Office
from gated.hub.schema_office import LOGIN, ONCE

IDLE_MS: Final = 60 * 60_000
TOUCH_MS: Final = 60_000
"""How exactly the last use is known: not every request writes."""

TOUCH_PATIENCE_S: Final = 0.1
"""A page does not wait for so small a thing; the next one notes it."""

ONCE_KEPT_MS: Final = 26 * 3_600_000
"""Longer than any log-in lasts; a form of an earlier log-in is refused anyway."""

MARK_MAX: Final = 64
SESSION_H: Final = 8.0


@dataclass(frozen=True, slots=True)
class Login:
    """One log-in as found. csrf: what its forms carry; purpose: the reason stated last."""

    token_hash: bytes
    account: Account
    csrf: str
    purpose: str
    seen_ms: int


class Logins:
    """Opens, finds and ends log-ins; any thread."""

    def __init__(self, office: Office, accounts: Accounts) -> None:
        self._office = office
        self._accounts = accounts
        hours = office.config.web.session_h if office.config.web else SESSION_H
        self._session_ms = round(hours * 3_600_000)

    def open(self, account: Account) -> str:
        """Return the token of a new log-in; log-ins that ended are swept away. Audited."""
        token = secrets.token_urlsafe(32)
        now_ms = self._office.utc_ms()
        ended = (LOGIN.c.expires_ms <= now_ms) | (LOGIN.c.seen_ms <= now_ms - IDLE_MS)
        with self._office.database.writing("log in") as connection:
            connection.execute(delete(LOGIN).where(ended))
            connection.execute(
                insert(LOGIN).values(
                    token_hash=_hash(token),
                    account=account.name,
                    csrf=secrets.token_urlsafe(32),
                    created_ms=now_ms,
                    seen_ms=now_ms,
                    expires_ms=now_ms + self._session_ms,
                )
            )
            self._note(account, Action.LOGIN, connection)
        return token

    def find(self, token: str) -> Login | None:
        """Return the log-in of a token and note its use; None when there is none any more.

        While somebody else fills the database, the use is noted by a later request.
        """
        found = self.peek(token)
        now_ms = self._office.utc_ms()
        if found is not None and found.seen_ms <= now_ms - TOUCH_MS:
            mine = LOGIN.c.token_hash == found.token_hash
            with suppress(StoreBusy), self._touching() as connection:
                connection.execute(update(LOGIN).where(mine).values(seen_ms=now_ms))
        return found

    def peek(self, token: str) -> Login | None:
        """Return the log-in of a token without counting as its use."""
        if not token:
            return None
        hashed = _hash(token)
        with self._office.database.reading() as connection:
            row = connection.execute(select(LOGIN).where(LOGIN.c.token_hash == hashed)).first()
        now_ms = self._office.utc_ms()
        if row is None or row.expires_ms <= now_ms or row.seen_ms <= now_ms - IDLE_MS:
            return None
        account = self._accounts.account(row.account)
        if account is None or account.disabled:
            return None
        return Login(hashed, account, row.csrf, row.purpose, row.seen_ms)

    def close(self, login: Login) -> None:
        """The log-in has ended; audited."""
        with self._office.database.writing("log out") as connection:
            connection.execute(delete(LOGIN).where(LOGIN.c.token_hash == login.token_hash))
            self._note(login.account, Action.LOGOUT, connection)

    def close_others(self, login: Login) -> int:
        """Every other log-in of the account has ended; return how many there were."""
        others = (LOGIN.c.account == login.account.name) & (LOGIN.c.token_hash != login.token_hash)
        with self._office.database.writing("end log-ins") as connection:
            count = connection.execute(delete(LOGIN).where(others)).rowcount
            if count:
                self._note(login.account, Action.LOGOUT, connection)
        return count

    def count_others(self, login: Login) -> int:
        """Return how many other log-ins the account has."""
        now_ms = self._office.utc_ms()
        alive = select(LOGIN.c.csrf).where(
            LOGIN.c.account == login.account.name,
            LOGIN.c.token_hash != login.token_hash,
            LOGIN.c.expires_ms > now_ms,
            LOGIN.c.seen_ms > now_ms - IDLE_MS,
        )
        with self._office.database.reading() as connection:
            return len(connection.execute(alive).all())

    def remember_purpose(self, login: Login, purpose: str) -> None:
        """The reason stands in the log-in until another is stated."""
        mine = LOGIN.c.token_hash == login.token_hash
        with self._office.database.writing("note a reason") as connection:
            connection.execute(update(LOGIN).where(mine).values(purpose=purpose[:REASON_MAX]))

    def _touching(self) -> AbstractContextManager[Connection]:
        return self._office.database.writing("note a log-in's use", patience_s=TOUCH_PATIENCE_S)

    def _note(self, account: Account, action: Action, connection: Connection) -> None:
        for actor in account.actors():
            self._office.audit.note(actor, action, connection=connection)


class Once:
    """Marks of forms that were carried out; any thread."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def claim(self, mark: str, account: str) -> int | None:
        """The mark is taken and None is returned, or the time in ms when it had been taken."""
        now_ms = self._office.utc_ms()
        with self._office.database.writing("begin an order") as connection:
            connection.execute(delete(ONCE).where(ONCE.c.done_ms < now_ms - ONCE_KEPT_MS))
            try:
                with connection.begin_nested():
                    connection.execute(
                        insert(ONCE).values(token=mark, account=account, done_ms=now_ms)
                    )
            except IntegrityError:
                taken = select(ONCE.c.done_ms).where(ONCE.c.token == mark)
                return int(connection.execute(taken).scalar_one())
        return None

    def release(self, mark: str) -> None:
        """The order was not carried out: the mark may be used again."""
        with self._office.database.writing("give an order back") as connection:
            connection.execute(delete(ONCE).where(ONCE.c.token == mark))


def new_mark() -> str:
    """Return a mark for one form."""
    return secrets.token_urlsafe(16)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
