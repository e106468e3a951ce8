"""Coming in, choosing a site, going out."""

import pytest

from gated.hub.accounts import TRIES
from gated.hub.roles import Role
from gated.hub.web.login_page import wanted_language
from tests.support.hub_pages import ORIGIN, PASSWORD, PageClient, hidden, where, words
from tests.support.office import Desk


@pytest.fixture
def known(client: PageClient, desk: Desk) -> PageClient:
    client.front.accounts.add(desk.actor(), "wang", "王主任", PASSWORD, Role.OFFICER)
    return client


def enter(client: PageClient, name: str = "wang", password: str = PASSWORD, **more: str) -> object:
    form = {"name": name, "password": password, **more}
    return client.post("/login", data=form)


def test_the_right_password_leads_in(known: PageClient) -> None:
    answer = known.post("/login", data={"name": " Wang ", "password": PASSWORD})
    assert where(answer) == "/"
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "samesite=strict" in cookie.lower()
    assert "Path=/" in cookie
    assert "Max-Age" not in cookie, "gone with the browser"
    assert where(known.get("/")).startswith("/s/east/")


@pytest.mark.parametrize(
    ("name", "password"),
    [("wang", "wrong password"), ("nobody", PASSWORD), ("", ""), ("王主任", PASSWORD)],
)
def test_every_refusal_looks_the_same(known: PageClient, name: str, password: str) -> None:
    answer = known.post("/login", data={"name": name, "password": password})
    assert answer.status_code == 403
    assert "账号或密码不对" in words(answer)
    assert "set-cookie" not in answer.headers
    assert password == "" or password not in answer.text


def test_a_locked_account_gets_the_same_sentence(known: PageClient) -> None:
    for _ in range(TRIES):
        enter(known, password="wrong password")
    answer = known.post("/login", data={"name": "wang", "password": PASSWORD})
    assert answer.status_code == 403
    assert "账号或密码不对" in words(answer)


def test_the_log_in_leads_back_to_the_page_that_was_wanted(known: PageClient) -> None:
    wanted = "/s/east/account?x=1"
    page = known.get("/login", params={"next": wanted})
    assert "没有提交的内容还在" in words(page)
    answer = known.post("/login", data={"name": "wang", "password": PASSWORD, "next": wanted})
    assert answer.headers["location"] == wanted


@pytest.mark.parametrize(
    "following",
    ["https://evil.test/", "//evil.test", "/\\evil.test", "/s/\\x", "javascript:x", "x"],
)
def test_the_log_in_leads_nowhere_else(known: PageClient, following: str) -> None:
    form = {"name": "wang", "password": PASSWORD, "next": following}
    assert known.post("/login", data=form).headers["location"] == "/"


def test_a_second_log_in_in_the_same_browser_ends_the_first(known: PageClient, desk: Desk) -> None:
    enter(known)
    first = known.cookies["gated_login"]
    known.front.accounts.add(desk.actor(), "li", "", PASSWORD, Role.PROPERTY)
    enter(known, "li")
    assert known.front.logins.peek(first) is None


def test_log_out_ends_the_log_in_and_what_the_browser_kept(known: PageClient) -> None:
    enter(known)
    token, csrf = known.cookies["gated_login"], known.csrf
    answer = known.post("/logout", data={"csrf": csrf})
    assert where(answer) == "/login"
    assert known.front.logins.peek(token) is None
    page = known.get("/login")
    assert '<meta name="forget-drafts"' in page.text
    assert "已退出" in words(page)
    assert '<meta name="forget-drafts"' not in known.get("/login").text


def test_a_log_in_that_ended_by_itself_keeps_the_drafts(known: PageClient) -> None:
    assert '<meta name="forget-drafts"' not in known.get("/login?next=/s/east/account").text


def test_log_out_needs_the_log_ins_own_mark(known: PageClient) -> None:
    enter(known)
    for csrf in ("", "x"):
        assert known.post("/logout", data={"csrf": csrf}).status_code == 403
    assert known.front.logins.peek(known.cookies["gated_login"]) is not None


def test_log_out_without_a_log_in_leads_to_the_log_in(known: PageClient) -> None:
    assert where(known.post("/logout", data={})) == "/login"


def test_several_sites_are_chosen_from_and_one_is_entered(client: PageClient) -> None:
    client.login("officer", "east", "west")
    text = words(client.get("/"))
    assert "东园 社区工作人员" in text
    assert "西园 社区工作人员" in text
    client.login("auditor", "west")
    assert where(client.get("/")) == "/s/west/audit"


def test_the_choice_of_a_site_speaks_the_other_language_at_a_tap(client: PageClient) -> None:
    client.login("officer", "east", "west")
    page = client.get("/")
    form = {"csrf": hidden(page, "csrf"), "language": "en"}
    assert where(client.post("/language", data=form)) == "/"
    text = words(client.get("/"))
    assert "East Garden community officer" in text
    assert "中文" in text


def test_the_language_of_an_account_needs_the_log_ins_own_mark(client: PageClient) -> None:
    assert where(client.post("/language", data={"language": "en"})) == "/login"
    client.login("officer", "east", "west")
    for form in ({"language": "en"}, {"csrf": "another", "language": "en"}):
        assert client.post("/language", data=form).status_code == 403
    assert "社区工作人员" in words(client.get("/"))


def test_an_account_without_a_role_is_told_so(client: PageClient, desk: Desk) -> None:
    name = client.login("officer")
    client.front.accounts.set_role(desk.actor(), name, None)
    answer = client.get("/")
    assert answer.status_code == 403
    assert "没有任何小区的权限" in words(answer)


def test_a_site_leads_to_its_first_page_or_to_the_choice(client: PageClient) -> None:
    client.login("auditor")
    assert where(client.get("/s/east")) == "/s/east/audit"
    assert where(client.get("/s/east/")) == "/s/east/audit"
    assert where(client.get("/s/west")) == "/"
    assert where(client.get("/s/nowhere")) == "/"


@pytest.mark.parametrize(
    ("asked", "header", "language"),
    [
        ("", "", "zh"),
        ("", "en-GB,en;q=0.9", "en"),
        ("", "zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("", "fr, en;q=0.5", "en"),
        ("", "fr", "zh"),
        ("en", "zh-CN", "en"),
        ("zh", "en", "zh"),
        ("xx", "en", "en"),
    ],
)
def test_the_log_in_speaks_the_language_the_browser_asks_for(
    asked: str, header: str, language: str
) -> None:
    from starlette.requests import Request

    headers = [(b"accept-language", header.encode())]
    query = f"language={asked}".encode() if asked else b""
    request = Request({"type": "http", "headers": headers, "query_string": query, "path": "/"})
    assert wanted_language(request) == language


def test_both_languages_of_the_log_in_are_a_tap_apart(client: PageClient) -> None:
    page = client.get("/login", headers={"Accept-Language": "en"})
    assert '<html lang="en">' in page.text
    assert "/login?language=zh" in page.text
    assert '<html lang="zh-CN">' in client.get("/login?language=zh").text


@pytest.mark.parametrize("body", [b"x" * 70_000, b"name=" + b"%ff" * 10])
def test_a_strange_body_is_no_log_in(client: PageClient, body: bytes) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    for path in ("/login", "/logout"):
        answer = client.post(path, content=body, headers=headers)
        assert answer.status_code in {303, 400, 403}
        assert "gated_login=" not in answer.headers.get("set-cookie", "").replace(
            'gated_login=""', ""
        )


def test_files_are_no_log_in(client: PageClient) -> None:
    answer = client.post("/login", files={"name": ("a", b"x" * 10)})
    assert answer.status_code == 400


def test_a_page_seen_by_a_stranger_shows_nothing_of_the_hub(client: PageClient) -> None:
    for path in ("/login", "/nothing", "/healthz"):
        text = client.get(path, headers={"Referer": f"{ORIGIN}/s/east/roster"}).text
        assert "东园" not in text
        assert "east" not in text
