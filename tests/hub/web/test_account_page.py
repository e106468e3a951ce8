"""One's own account, in both languages and every role."""

import pytest

from gated.hub.roles import Role
from tests.support.hub_pages import ORIGIN, PASSWORD, PageClient, where, words

NEW = "another long password"


def change(client: PageClient, **fields: str) -> object:
    form = {"old": PASSWORD, "new": NEW, "again": NEW, **fields}
    return client.order("/s/east/account/password", form, follow=True)


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("language", ["zh", "en"])
def test_everybody_sees_their_own_account(client: PageClient, role: Role, language: str) -> None:
    name = client.login(role, "east", "west", language=language)
    page = client.get("/s/east/account")
    assert page.status_code == 200
    text = words(page)
    assert name in text
    assert ("West Garden" if language == "en" else "西园") in text


def test_a_new_password_counts_and_ends_the_other_log_ins(client: PageClient) -> None:
    name = client.login()
    account = client.front.accounts.account(name)
    assert account is not None
    other = client.front.logins.open(account)
    assert "另有 1 处登录" in words(client.get("/s/east/account"))
    answer = client.order(
        "/s/east/account/password", {"old": PASSWORD, "new": NEW, "again": NEW}, follow=True
    )
    assert "密码已修改" in words(answer)
    assert client.front.logins.peek(other) is None
    assert client.front.accounts.check(name, NEW) is not None
    assert client.front.accounts.check(name, PASSWORD) is None


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"again": "different"}, "两次输入的新密码不一样"),
        ({"new": "short", "again": "short"}, "太短"),
        ({"new": "x" * 129, "again": "x" * 129}, "太长"),
        ({"new": "officer-east", "again": "officer-east"}, "不能和账号或姓名相同"),
        ({"old": "not the password"}, "当前密码不对"),
        ({"old": ""}, "当前密码不对"),
    ],
)
def test_a_password_that_cannot_be_taken_changes_nothing(
    client: PageClient, fields: dict[str, str], sentence: str
) -> None:
    name = client.login()
    form = {"old": PASSWORD, "new": NEW, "again": NEW, **fields}
    answer = client.order("/s/east/account/password", form)
    assert answer.status_code == 409
    assert sentence in words(answer)
    assert not any(text in answer.text for text in form.values() if len(text) > 12)
    assert client.front.accounts.check(name, PASSWORD) is not None


def test_no_field_of_a_password_form_is_filled_in(client: PageClient) -> None:
    client.login()
    page = client.get("/s/east/account").text
    assert "data-draft" not in page
    for field in page.split("<input")[1:]:
        if 'type="password"' in field:
            assert "value=" not in field.partition(">")[0]


def test_the_other_log_ins_can_be_ended(client: PageClient) -> None:
    name = client.login()
    account = client.front.accounts.account(name)
    assert account is not None
    others = [client.front.logins.open(account) for _ in range(2)]
    answer = client.order("/s/east/account/others", follow=True)
    assert "其他登录已全部退出" in words(answer)
    assert [client.front.logins.peek(token) for token in others] == [None, None]


def test_the_language_changes_for_the_account_and_the_visitor_stays(client: PageClient) -> None:
    client.login()
    referer = {"Referer": f"{ORIGIN}/s/east/account?x=1"}
    answer = client.order("/s/east/account/language", {"language": "en"}, headers=referer)
    assert answer.headers["location"] == "/s/east/account?x=1"
    page = client.get("/s/east/account")
    assert '<html lang="en">' in page.text
    assert "My account" in words(page)
    answer = client.order("/s/east/account/language", {"language": "zh"})
    assert where(answer).startswith("/s/east/")
    assert '<html lang="zh-CN">' in client.get("/s/east/account").text
