"""Log-ins end when they should; a form's mark is taken once."""

from pathlib import Path

import pytest

from gated.hub.accounts import Account, Accounts
from gated.hub.database import HubDatabase
from gated.hub.logins import IDLE_MS, ONCE_KEPT_MS, Logins, Once, new_mark
from gated.hub.roles import Role
from gated.hub.schema_office import LOGIN, ONCE
from tests.support.hub_pages import PASSWORD, cheap
from tests.support.office import Desk, open_desk

HOUR_MS = 3_600_000
MINUTE_MS = 60_000


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return open_desk(tmp_path)


@pytest.fixture
def accounts(desk: Desk) -> Accounts:
    made = Accounts(desk.office, cheap())
    made.add(desk.actor(), "wang", "王主任", PASSWORD, Role.OFFICER)
    return made


@pytest.fixture
def logins(desk: Desk, accounts: Accounts) -> Logins:
    return Logins(desk.office, accounts)


@pytest.fixture
def account(accounts: Accounts) -> Account:
    found = accounts.account("wang")
    assert found is not None
    return found


def test_a_token_finds_its_log_in_and_the_table_does_not_hold_it(
    tmp_path: Path, desk: Desk, logins: Logins, account: Account
) -> None:
    token = logins.open(account)
    login = logins.find(token)
    assert login is not None
    assert login.account.name == "wang"
    assert len(token) >= 43, "256 bits"
    desk.office.database.close()
    assert all(token.encode() not in path.read_bytes() for path in tmp_path.glob("hub.db*"))


@pytest.mark.parametrize("token", ["", "x", "é", "\x00", "a" * 10_000])
def test_no_other_text_is_a_log_in(logins: Logins, account: Account, token: str) -> None:
    logins.open(account)
    assert logins.find(token) is None


def test_two_log_ins_share_neither_token_nor_csrf(logins: Logins, account: Account) -> None:
    one, two = logins.open(account), logins.open(account)
    first, second = logins.find(one), logins.find(two)
    assert first is not None
    assert second is not None
    assert one != two
    assert first.csrf != second.csrf


def test_an_hour_without_use_ends_a_log_in(desk: Desk, logins: Logins, account: Account) -> None:
    token = logins.open(account)
    desk.clock.now_ms += IDLE_MS - 1
    assert logins.peek(token) is not None, "looking is no use"
    desk.clock.now_ms += 1
    assert logins.find(token) is None


def test_use_keeps_a_log_in_until_its_hours_are_over(
    desk: Desk, logins: Logins, account: Account
) -> None:
    token = logins.open(account)
    for _ in range(15):
        desk.clock.now_ms += HOUR_MS // 2
        assert logins.find(token) is not None
    desk.clock.now_ms += HOUR_MS // 2
    assert logins.find(token) is None, "eight hours"


def test_a_listening_page_does_not_keep_a_log_in(
    desk: Desk, logins: Logins, account: Account
) -> None:
    token = logins.open(account)
    for _ in range(6):
        desk.clock.now_ms += 10 * MINUTE_MS
        logins.peek(token)
    assert logins.peek(token) is None


def test_log_out_ends_one_log_in(desk: Desk, logins: Logins, account: Account) -> None:
    here, there = logins.open(account), logins.open(account)
    login = logins.find(here)
    assert login is not None
    logins.close(login)
    assert logins.find(here) is None
    assert logins.find(there) is not None
    assert [row.action for row in desk.office.audit.rows("east")][:3] == [
        "logout",
        "login",
        "login",
    ]


def test_the_other_log_ins_can_be_counted_and_ended(logins: Logins, account: Account) -> None:
    here, there, further = (logins.open(account) for _ in range(3))
    login = logins.find(here)
    assert login is not None
    assert logins.count_others(login) == 2
    assert logins.close_others(login) == 2
    assert logins.close_others(login) == 0
    assert [logins.find(token) is None for token in (here, there, further)] == [False, True, True]


def test_a_disabled_account_is_out_at_once(
    desk: Desk, accounts: Accounts, logins: Logins, account: Account
) -> None:
    token = logins.open(account)
    accounts.set_disabled(desk.actor(), "wang", disabled=True)
    assert logins.find(token) is None


def test_a_role_taken_away_counts_from_the_next_request(
    desk: Desk, accounts: Accounts, logins: Logins, account: Account
) -> None:
    token = logins.open(account)
    accounts.set_role(desk.actor(), "wang", None)
    login = logins.find(token)
    assert login is not None
    assert login.account.actor("east") is None


def test_the_stated_purpose_stays_with_its_log_in(logins: Logins, account: Account) -> None:
    here, there = logins.open(account), logins.open(account)
    login = logins.find(here)
    assert login is not None
    logins.remember_purpose(login, "密接排查" * 100)
    again, other = logins.find(here), logins.find(there)
    assert again is not None
    assert other is not None
    assert again.purpose == ("密接排查" * 100)[:200]
    assert other.purpose == ""


def test_ended_log_ins_are_swept_away_by_the_next(
    desk: Desk, logins: Logins, account: Account
) -> None:
    for _ in range(5):
        logins.open(account)
    desk.clock.now_ms += IDLE_MS
    logins.open(account)
    with desk.office.database.reading() as connection:
        assert len(connection.execute(LOGIN.select()).all()) == 1


def test_a_mark_is_taken_once_and_says_when(desk: Desk) -> None:
    once = Once(desk.office)
    mark = new_mark()
    first_ms = desk.clock.now_ms
    assert once.claim(mark, "wang") is None
    desk.clock.now_ms += MINUTE_MS
    assert once.claim(mark, "wang") == first_ms
    assert once.claim(new_mark(), "wang") is None


def test_a_released_mark_can_be_taken_again(desk: Desk) -> None:
    once = Once(desk.office)
    mark = new_mark()
    once.claim(mark, "wang")
    once.release(mark)
    assert once.claim(mark, "wang") is None


def test_old_marks_are_swept_when_no_log_in_can_still_send_them(desk: Desk) -> None:
    once = Once(desk.office)
    for _ in range(4):
        once.claim(new_mark(), "wang")
    desk.clock.now_ms += ONCE_KEPT_MS + 1
    once.claim(new_mark(), "wang")
    with desk.office.database.reading() as connection:
        assert len(connection.execute(ONCE.select()).all()) == 1


def test_a_log_in_is_found_though_somebody_else_fills_the_database(
    desk: Desk, logins: Logins, account: Account
) -> None:
    token = logins.open(account)
    desk.clock.now_ms += 2 * MINUTE_MS
    other = HubDatabase(desk.office.config.store.url)
    with other.writing("push a great list"):
        login = logins.find(token)
    other.close()
    assert login is not None
    desk.clock.now_ms += IDLE_MS - 3 * MINUTE_MS
    assert logins.find(token) is not None, "and this use counts"
    desk.clock.now_ms += IDLE_MS - MINUTE_MS
    assert logins.find(token) is not None
