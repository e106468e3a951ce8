"""Accounts: made, changed, checked, locked; every log-in refused looks the same."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from hypothesis import given
from hypothesis import strategies as st

from gated.hub.accounts import (
    LOCK_MAX_MS,
    LOCK_MS,
    TRIES,
    AccountRefused,
    Accounts,
    lock_ms,
    password_fault,
)
from gated.hub.audit import Action
from gated.hub.logins import Logins
from gated.hub.roles import Actor, Role
from tests.support.hub_pages import PASSWORD, cheap
from tests.support.office import Desk, open_desk


class Counting(PasswordHasher):
    """Counts checks, so that "the same work for every name" is seen without a clock."""

    def __init__(self) -> None:
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.checks = 0

    def verify(self, *arguments: Any, **named: Any) -> Any:
        self.checks += 1
        return super().verify(*arguments, **named)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return open_desk(tmp_path)


@pytest.fixture
def accounts(desk: Desk) -> Accounts:
    made = Accounts(desk.office, cheap())
    made.add(desk.actor(), "wang.li", "王主任", PASSWORD, Role.OFFICER)
    return made


def actions(desk: Desk, site: str = "east") -> list[tuple[str, str, str]]:
    rows = desk.office.audit.rows(site)
    return [(row.actor, row.action, row.result) for row in reversed(rows)]


def test_an_account_has_its_role_at_the_site_of_who_made_it(desk: Desk, accounts: Accounts) -> None:
    account = accounts.account("wang.li")
    assert account is not None
    assert (account.shown, account.language, account.disabled) == ("王主任", "zh", False)
    assert account.actor("east") == Actor("wang.li", Role.OFFICER, "east")
    assert account.actor("west") is None
    assert actions(desk) == [("officer-east", "account", "added as officer")]


def test_a_password_is_kept_as_argon2id_only(
    tmp_path: Path, desk: Desk, accounts: Accounts
) -> None:
    accounts.set_password(desk.actor(), "wang.li", "another password")
    desk.office.database.close()
    everything = b"".join(path.read_bytes() for path in tmp_path.glob("hub.db*"))
    assert b"$argon2id$" in everything
    assert b"another password" not in everything
    assert PASSWORD.encode() not in everything


@pytest.mark.parametrize("name", ["", "Wang", "1a", "a b", "王", "a" * 33, "a/b", "a\n"])
def test_a_name_of_another_form_is_refused(desk: Desk, accounts: Accounts, name: str) -> None:
    with pytest.raises(AccountRefused, match="begins with a letter"):
        accounts.add(desk.actor(), name, "", PASSWORD, Role.OFFICER)


def test_a_name_is_taken_once(desk: Desk, accounts: Accounts) -> None:
    with pytest.raises(AccountRefused, match="it exists"):
        accounts.add(desk.actor(site="west"), "wang.li", "", PASSWORD, Role.AUDITOR)


def test_a_shown_name_with_control_characters_or_too_long_is_refused(
    desk: Desk, accounts: Accounts
) -> None:
    for shown in ("x" * 33, "a\x00b"):
        with pytest.raises(AccountRefused, match="shown name"):
            accounts.add(desk.actor(), "other", shown, PASSWORD, Role.OFFICER)


@pytest.mark.parametrize(
    ("password", "fault"),
    [
        ("", "short"),
        ("123456789", "short"),
        ("x" * 129, "long"),
        ("Wang.Li.long", "name"),
        ("王主任王主任王主任王", "name"),
        ("x" * 10, None),
        ("x" * 128, None),
        ("一二三四五六七八九十", None),
    ],
)
def test_a_password_is_ten_to_128_characters_and_not_the_name(
    password: str, fault: str | None
) -> None:
    assert password_fault(password, "wang.li.long", "王主任王主任王主任王") == fault


def test_a_bad_password_makes_no_account(desk: Desk, accounts: Accounts) -> None:
    with pytest.raises(AccountRefused, match="10 to 128"):
        accounts.add(desk.actor(), "new", "", "short", Role.OFFICER)
    assert [account.name for account in accounts.all()] == ["wang.li"]


def test_the_right_password_opens_and_another_does_not(accounts: Accounts) -> None:
    account = accounts.check("wang.li", PASSWORD)
    assert account is not None
    assert account.name == "wang.li"
    assert accounts.check("wang.li", PASSWORD + "x") is None
    assert accounts.check("wang.li", "") is None
    assert accounts.check("wang.li", "x" * 100_000) is None


def test_full_width_letters_of_another_keyboard_are_the_same_password(
    desk: Desk, accounts: Accounts
) -> None:
    accounts.set_password(desk.actor(), "wang.li", "ｐａｓｓｗｏｒｄ１２３４")
    assert accounts.check("wang.li", "password1234") is not None


def test_five_wrong_tries_lock_for_five_minutes(desk: Desk, accounts: Accounts) -> None:
    for _ in range(TRIES):
        assert accounts.check("wang.li", "wrong password") is None
    assert accounts.check("wang.li", PASSWORD) is None, "locked: even the right one waits"
    desk.clock.now_ms += LOCK_MS - 1
    assert accounts.check("wang.li", PASSWORD) is None
    desk.clock.now_ms += 1
    assert accounts.check("wang.li", PASSWORD) is not None


def test_four_wrong_tries_and_a_right_one_are_forgotten(accounts: Accounts) -> None:
    for _ in range(3):
        for _ in range(TRIES - 1):
            accounts.check("wang.li", "wrong password")
        assert accounts.check("wang.li", PASSWORD) is not None


def test_each_further_wrong_try_doubles_the_lock_up_to_an_hour(
    desk: Desk, accounts: Accounts
) -> None:
    for _ in range(TRIES - 1):
        accounts.check("wang.li", "wrong password")
    for minutes in (5, 10, 20, 40, 60, 60):
        accounts.check("wang.li", "wrong password")
        desk.clock.now_ms += minutes * 60_000 - 1
        assert accounts.check("wang.li", PASSWORD) is None
        desk.clock.now_ms += 1
    assert accounts.check("wang.li", PASSWORD) is not None


@given(st.integers(0, 10_000))
def test_a_lock_never_gets_shorter_and_never_passes_an_hour(failures: int) -> None:
    assert lock_ms(failures) <= lock_ms(failures + 1) <= LOCK_MAX_MS
    assert (lock_ms(failures) == 0) is (failures < TRIES)


def test_an_unknown_name_costs_the_same_check_and_gets_the_same_answer(desk: Desk) -> None:
    hasher = Counting()
    accounts = Accounts(desk.office, hasher)
    accounts.add(desk.actor(), "known", "", PASSWORD, Role.OFFICER)
    accounts.add(desk.actor(), "gone", "", PASSWORD, Role.OFFICER)
    accounts.set_disabled(desk.actor(), "gone", disabled=True)
    for name in ("nobody", "known", "gone", "王主任", "x' OR 1=1"):
        before = hasher.checks
        assert accounts.check(name, "wrong password") is None
        assert hasher.checks == before + 1


def test_refused_log_ins_are_audited_without_the_name_that_was_typed(
    desk: Desk, accounts: Accounts
) -> None:
    accounts.check("my-secret-typed-here", "wrong password")
    accounts.check("another", "wrong password")
    accounts.check("wang.li", "wrong password")
    assert actions(desk)[1:] == [
        ("", "login_refused", "unknown name"),
        ("wang.li", "login_refused", "wrong password"),
    ]
    desk.clock.now_ms += 60_000
    accounts.check("another", "wrong password")
    assert actions(desk)[-1] == ("", "login_refused", "unknown name")
    assert desk.office.audit.first_broken() is None


def test_tries_at_a_locked_account_do_not_fill_the_audit(desk: Desk, accounts: Accounts) -> None:
    for _ in range(TRIES + 20):
        accounts.check("wang.li", "wrong password")
    results = [result for _, action, result in actions(desk) if action == "login_refused"]
    assert results == ["wrong password"] * TRIES + ["locked or disabled"]


def test_a_disabled_account_stays_out_until_it_is_enabled(desk: Desk, accounts: Accounts) -> None:
    accounts.set_disabled(desk.actor(), "wang.li", disabled=True)
    assert accounts.check("wang.li", PASSWORD) is None
    accounts.set_disabled(desk.actor(), "wang.li", disabled=False)
    assert accounts.check("wang.li", PASSWORD) is not None


def test_enabling_and_a_new_password_unlock(desk: Desk, accounts: Accounts) -> None:
    def lock() -> None:
        for _ in range(TRIES):
            accounts.check("wang.li", "wrong password")
        assert accounts.check("wang.li", PASSWORD) is None

    lock()
    accounts.set_disabled(desk.actor(), "wang.li", disabled=False)
    assert accounts.check("wang.li", PASSWORD) is not None
    lock()
    accounts.set_password(desk.actor(), "wang.li", PASSWORD)
    assert accounts.check("wang.li", PASSWORD) is not None


def test_a_role_is_given_changed_and_taken_away_per_site(desk: Desk, accounts: Accounts) -> None:
    def roles() -> dict[str, Role]:
        account = accounts.account("wang.li")
        assert account is not None
        return dict(account.roles)

    accounts.set_role(desk.actor(site="west"), "wang.li", Role.PROPERTY)
    assert roles() == {"east": Role.OFFICER, "west": Role.PROPERTY}
    accounts.set_role(desk.actor(site="west"), "wang.li", Role.AUDITOR)
    assert roles() == {"east": Role.OFFICER, "west": Role.AUDITOR}
    accounts.set_role(desk.actor(), "wang.li", None)
    assert roles() == {"west": Role.AUDITOR}
    assert actions(desk, "west") == [
        ("officer-west", "account", "role property"),
        ("officer-west", "account", "role auditor"),
    ]


def test_a_role_at_a_site_that_is_no_more_counts_for_nothing(
    desk: Desk, accounts: Accounts
) -> None:
    accounts.set_role(Actor("cli:x", Role.OFFICER, "gone"), "wang.li", Role.OFFICER)
    account = accounts.account("wang.li")
    assert account is not None
    assert list(account.roles) == ["east"]


def test_a_hash_of_old_strength_is_renewed_at_the_next_log_in(
    desk: Desk, accounts: Accounts
) -> None:
    stronger = PasswordHasher(time_cost=2, memory_cost=16, parallelism=1)
    assert Accounts(desk.office, stronger).check("wang.li", PASSWORD) is not None
    hasher = Counting()
    stored = Accounts(desk.office, stronger)
    assert stored.check("wang.li", PASSWORD) is not None
    with desk.office.database.reading() as connection:
        from gated.hub.schema_office import ACCOUNT

        hashed = connection.execute(ACCOUNT.select()).one().hash
    assert not stronger.check_needs_rehash(hashed)
    assert hasher.check_needs_rehash(hashed)


@pytest.mark.parametrize(
    "change",
    [
        lambda a, who: a.set_password(who, "nobody", PASSWORD),
        lambda a, who: a.set_role(who, "nobody", Role.OFFICER),
        lambda a, who: a.set_disabled(who, "nobody", disabled=True),
    ],
)
def test_changing_an_unknown_account_names_the_remedy(
    desk: Desk, accounts: Accounts, change: Callable[[Accounts, Actor], None]
) -> None:
    with pytest.raises(AccountRefused, match="gated hub account list"):
        change(accounts, desk.actor())


def test_a_new_password_ends_the_log_ins_but_the_one_it_came_from(
    desk: Desk, accounts: Accounts
) -> None:
    logins = Logins(desk.office, accounts)
    account = accounts.account("wang.li")
    assert account is not None
    here, there = logins.open(account), logins.open(account)
    mine = logins.find(here)
    assert mine is not None
    accounts.set_password(desk.actor(), "wang.li", "another password", keep=mine.token_hash)
    assert logins.find(here) is not None
    assert logins.find(there) is None


def test_the_default_hash_is_argon2id_of_the_librarys_strength(desk: Desk) -> None:
    accounts = Accounts(desk.office)
    accounts.add(desk.actor(), "real", "", PASSWORD, Role.OFFICER)
    assert accounts.check("real", PASSWORD) is not None
    assert Action.ACCOUNT.value in {action for _, action, _ in actions(desk)}
