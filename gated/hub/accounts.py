"""Who may work with the hub: accounts, their passwords and their one role per site.

A password is kept as an argon2id hash and checked in about the same time whether or not the name
exists. Five wrong tries in a row lock an account for five minutes, each further one doubles that
up to an hour; a log-in that succeeds forgets them. Everything here is audited.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, Literal

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Connection, Row, delete, insert, select, update

from gated.errors import GatedError
from gated.hub.audit import Action
from gated.hub.office import Office
from gated.hub.roles import Actor, Role
from gated.hub.schema_office import ACCOUNT, ACCOUNT_ROLE, LOGIN

Language = Literal["zh", "en"]
PasswordFault = Literal["short", "long", "name"]

NAME: Final = re.compile(r"[a-z][a-z0-9._-]{0,31}")
SHOWN_MAX: Final = 32
PASSWORD_MIN: Final = 10
PASSWORD_MAX: Final = 128
TRIES: Final = 5
LOCK_MS: Final = 5 * 60_000
LOCK_MAX_MS: Final = 60 * 60_000
SELDOM_MS: Final = 60_000
"""How often tries that cannot succeed are audited: strangers do not fill the audit."""


class AccountRefused(GatedError, ValueError):
    """An account cannot be made or changed as asked; the sentence says why and what to do."""


@dataclass(frozen=True, slots=True)
class Account:
    """One account. shown: its name for people; roles: by site."""

    name: str
    shown: str
    language: Language
    disabled: bool
    roles: Mapping[str, Role]

    def actor(self, site: str) -> Actor | None:
        """Return the account acting at a site, None when it has no role there."""
        role = self.roles.get(site)
        return None if role is None else Actor(self.name, role, site)

    def actors(self) -> list[Actor]:
        """Return the account acting at each of its sites: each should see what concerns it."""
        return [Actor(self.name, role, site) for site, role in self.roles.items()]


def password_fault(password: str, name: str, shown: str = "") -> PasswordFault | None:
    """Return why this cannot be the password of that account, or None."""
    clear = _normal(password)
    if len(clear) < PASSWORD_MIN:
        return "short"
    if len(clear) > PASSWORD_MAX:
        return "long"
    if clear.casefold() in {name.casefold(), _normal(shown).casefold()}:
        return "name"
    return None


def lock_ms(failures: int) -> int:
    """Return how long an account is locked after so many wrong tries in a row; 0 for not at all."""
    if failures < TRIES:
        return 0
    return min(LOCK_MS << min(failures - TRIES, 8), LOCK_MAX_MS)


class Accounts:
    """Makes, changes and checks accounts; any thread.

    hasher: how passwords are hashed; a check takes tens of milliseconds and 64 MiB by default.
    """

    def __init__(self, office: Office, hasher: PasswordHasher | None = None) -> None:
        self._office = office
        self._hasher = hasher or PasswordHasher()

    def account(self, name: str) -> Account | None:
        """Return an account by its name, disabled ones included."""
        return next(iter(self._accounts(name)), None)

    def all(self) -> list[Account]:
        """Return every account, by name."""
        return self._accounts()

    def add(self, actor: Actor, name: str, shown: str, password: str, role: Role) -> None:
        """The account exists with this role at the actor's site. Raises AccountRefused."""
        if not NAME.fullmatch(name):
            raise AccountRefused(
                f"cannot add account {name!r}: a name begins with a letter and has 1 to 32 of"
                " a-z 0-9 . _ -"
            )
        shown = " ".join(shown.split()) or name
        if len(shown) > SHOWN_MAX or not shown.isprintable():
            raise AccountRefused(
                f"cannot add account {name}: its shown name has at most {SHOWN_MAX} characters"
            )
        hashed = self._hashed(password, name, shown)
        with self._office.database.writing("add an account") as connection:
            if _exists(connection, name):
                raise AccountRefused(
                    f"cannot add account {name}: it exists; `gated hub account role` gives it"
                    " a role at another site"
                )
            connection.execute(
                insert(ACCOUNT).values(
                    name=name, shown=shown, hash=hashed, created_ms=self._office.utc_ms()
                )
            )
            connection.execute(
                insert(ACCOUNT_ROLE).values(account=name, site=actor.site, role=role.value)
            )
            self._note(actor, Action.ACCOUNT, name, f"added as {role}", connection)

    def set_password(
        self, actor: Actor, name: str, password: str, *, keep: bytes | None = None
    ) -> None:
        """The password counts from now on, and every other log-in of the account has ended.

        keep: hash of the log-in that may go on. Raises AccountRefused.
        """
        account = self._known(name)
        hashed = self._hashed(password, name, account.shown)
        with self._office.database.writing("change a password") as connection:
            connection.execute(
                update(ACCOUNT)
                .where(ACCOUNT.c.name == name)
                .values(hash=hashed, failures=0, locked_until_ms=0)
            )
            _end_logins(connection, name, keep)
            self._note(actor, Action.PASSWORD, name, "ok", connection)

    def set_role(self, actor: Actor, name: str, role: Role | None) -> None:
        """The account has this role at the actor's site, None for none. Raises AccountRefused."""
        self._known(name)
        columns = ACCOUNT_ROLE.c
        with self._office.database.writing("change a role") as connection:
            connection.execute(
                delete(ACCOUNT_ROLE).where(columns.account == name, columns.site == actor.site)
            )
            if role is not None:
                connection.execute(
                    insert(ACCOUNT_ROLE).values(account=name, site=actor.site, role=role.value)
                )
            self._note(actor, Action.ACCOUNT, name, f"role {role or 'none'}", connection)

    def set_disabled(self, actor: Actor, name: str, *, disabled: bool) -> None:
        """The account can log in, or cannot and its log-ins have ended. Raises AccountRefused."""
        self._known(name)
        values = {"disabled_ms": self._office.utc_ms() if disabled else None}
        if not disabled:
            values |= {"failures": 0, "locked_until_ms": 0}
        with self._office.database.writing("change an account") as connection:
            connection.execute(update(ACCOUNT).where(ACCOUNT.c.name == name).values(**values))
            if disabled:
                _end_logins(connection, name, None)
            result = "disabled" if disabled else "enabled"
            self._note(actor, Action.ACCOUNT, name, result, connection)

    def set_language(self, name: str, language: Language) -> None:
        """The pages speak this language to the account."""
        with self._office.database.writing("change a language") as connection:
            connection.execute(
                update(ACCOUNT).where(ACCOUNT.c.name == name).values(language=language)
            )

    def check(self, name: str, password: str) -> Account | None:
        """Return the account when name and password fit and it may log in; count and audit it.

        The answer says nothing about why not, and takes about the same time in every case.
        """
        now_ms = self._office.utc_ms()
        row = self._row(name) if NAME.fullmatch(name) else None
        hashed = _dummy(self._hasher) if row is None else row.hash
        right = self._fits(hashed, password)
        if row is None:
            site = next(iter(self._office.sites))
            self._note_refused(None, site, "unknown name", now_ms)
            return None
        account = self._known(name)
        if row.disabled_ms is not None or row.locked_until_ms > now_ms:
            for actor in account.actors():
                self._note_refused(actor, actor.site, "locked or disabled", now_ms)
            return None
        if not right:
            self._count_failure(account, now_ms)
            return None
        self._admit(account, row.hash, password)
        return account

    def is_password(self, name: str, password: str) -> bool:
        """Return whether this is the account's password; a wrong one counts like a log-in."""
        return self.check(name, password) is not None

    def _admit(self, account: Account, hashed: str, password: str) -> None:
        values: dict[str, object] = {"failures": 0, "locked_until_ms": 0}
        if self._hasher.check_needs_rehash(hashed):
            values["hash"] = self._hasher.hash(_normal(password))
        with self._office.database.writing("log in") as connection:
            connection.execute(
                update(ACCOUNT).where(ACCOUNT.c.name == account.name).values(**values)
            )

    def _count_failure(self, account: Account, now_ms: int) -> None:
        mine = ACCOUNT.c.name == account.name
        with self._office.database.writing("count a wrong password") as connection:
            connection.execute(update(ACCOUNT).where(mine).values(failures=ACCOUNT.c.failures + 1))
            failures = connection.execute(select(ACCOUNT.c.failures).where(mine)).scalar_one()
            if pause_ms := lock_ms(failures):
                connection.execute(
                    update(ACCOUNT).where(mine).values(locked_until_ms=now_ms + pause_ms)
                )
        for actor in account.actors():
            self._office.audit.note(actor, Action.LOGIN_REFUSED, result="wrong password")

    def _fits(self, hashed: str, password: str) -> bool:
        try:
            return self._hasher.verify(hashed, _normal(password)[: PASSWORD_MAX + 1])
        except (VerificationError, InvalidHashError):
            return False

    def _hashed(self, password: str, name: str, shown: str) -> str:
        fault = password_fault(password, name, shown)
        if fault is not None:
            wanted = f"it needs {PASSWORD_MIN} to {PASSWORD_MAX} characters and is not the name"
            raise AccountRefused(f"cannot take this password for {name}: {wanted}")
        return self._hasher.hash(_normal(password))

    def _row(self, name: str) -> Row[Any] | None:
        with self._office.database.reading() as connection:
            return connection.execute(select(ACCOUNT).where(ACCOUNT.c.name == name)).first()

    def _known(self, name: str) -> Account:
        account = self.account(name)
        if account is None:
            raise AccountRefused(
                f"there is no account {name!r}; `gated hub account list` shows all"
            )
        return account

    def _accounts(self, name: str = "") -> list[Account]:
        wanted = select(ACCOUNT).order_by(ACCOUNT.c.name)
        roles = select(ACCOUNT_ROLE)
        if name:
            wanted = wanted.where(ACCOUNT.c.name == name)
            roles = roles.where(ACCOUNT_ROLE.c.account == name)
        held: dict[str, dict[str, Role]] = {}
        with self._office.database.reading() as connection:
            for row in connection.execute(roles):
                # A site that left the configuration gives no rights.
                if row.site in self._office.sites:
                    held.setdefault(row.account, {})[row.site] = Role(row.role)
            return [
                Account(
                    row.name,
                    row.shown,
                    "en" if row.language == "en" else "zh",
                    row.disabled_ms is not None,
                    held.get(row.name, {}),
                )
                for row in connection.execute(wanted)
            ]

    def _note(
        self, actor: Actor, action: Action, name: str, result: str, connection: Connection
    ) -> None:
        self._office.audit.note(actor, action, target=name, result=result, connection=connection)

    def _note_refused(self, actor: Actor | None, site: str, result: str, now_ms: int) -> None:
        self._office.audit.note_seldom(
            actor, site, Action.LOGIN_REFUSED, result, since_ms=now_ms - SELDOM_MS
        )


def shown_names(office: Office) -> dict[str, str]:
    """Return what people call each account, disabled ones included, by its name."""
    with office.database.reading() as connection:
        found = connection.execute(select(ACCOUNT.c.name, ACCOUNT.c.shown))
        return {row.name: row.shown for row in found}


def _exists(connection: Connection, name: str) -> bool:
    return (
        connection.execute(select(ACCOUNT.c.name).where(ACCOUNT.c.name == name)).first() is not None
    )


def _end_logins(connection: Connection, name: str, keep: bytes | None) -> None:
    gone = delete(LOGIN).where(LOGIN.c.account == name)
    if keep is not None:
        gone = gone.where(LOGIN.c.token_hash != keep)
    connection.execute(gone)


def _normal(text: str) -> str:
    """The same password typed on another keyboard is the same text."""
    return unicodedata.normalize("NFKC", text)


@cache
def _dummy(hasher: PasswordHasher) -> str:
    """A hash that no password fits, made once per hasher with its cost."""
    return hasher.hash("\0 no password is this")
