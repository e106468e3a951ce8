"""`gated hub account` and `gated hub audit`, as people call them."""

import json
from pathlib import Path

import pytest
from click.testing import Result
from sqlalchemy import update
from typer.testing import CliRunner

from gated.cli.hub import app
from gated.hub.accounts import Accounts
from gated.hub.audit import Action
from gated.hub.roles import Role
from gated.hub.schema_office import AUDIT
from tests.support.hub_command import write_config
from tests.support.hub_pages import PASSWORD, cheap
from tests.support.office import Desk, open_desk


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GATED_HUB_CONFIG", str(write_config(tmp_path)))
    monkeypatch.setenv("LOGNAME", "root")
    return tmp_path


@pytest.fixture
def desk(folder: Path) -> Desk:
    return open_desk(folder)


def run(*words: str, stdin: str = "", code: int = 0) -> Result:
    result = CliRunner().invoke(app, words, input=stdin, catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result


def added(name: str = "wang", *more: str) -> Result:
    words = ("account", "add", name, "--role", "officer", "--password-stdin", *more)
    return run(*words, stdin=PASSWORD + "\n")


def test_an_account_is_made_and_can_log_in(desk: Desk) -> None:
    result = added("wang", "--shown", "王主任", "--site", "west")
    assert "account wang exists: officer at west" in result.stderr
    assert PASSWORD not in result.output
    account = Accounts(desk.office, cheap()).check("wang", PASSWORD)
    assert account is not None
    assert (account.shown, account.roles) == ("王主任", {"west": Role.OFFICER})
    (row,) = desk.office.audit.rows("west", action=Action.ACCOUNT)
    assert row.actor.startswith("cli:")


def test_a_password_is_never_an_argument_and_never_asked_for_without_a_terminal(
    folder: Path,
) -> None:
    run("account", "add", "wang", "--role", "officer", "--password", "x", code=2)
    result = run("account", "add", "wang", "--role", "officer", code=2)
    assert "--password-stdin" in result.stderr
    assert "no account yet" in run("account", "list").stderr


@pytest.mark.parametrize("password", ["", "short", "x" * 129])
def test_a_bad_password_is_one_sentence_and_no_account(folder: Path, password: str) -> None:
    words = ("account", "add", "wang", "--role", "officer", "--password-stdin")
    result = run(*words, stdin=f"{password}\n", code=1)
    assert result.stderr.startswith("error: cannot take this password for wang: it needs 10")
    assert run("account", "list").stdout == ""


def test_accounts_are_listed_for_people_and_for_programs(folder: Path) -> None:
    added("wang", "--shown", "王主任")
    run("account", "role", "wang", "--site", "west", "--role", "auditor")
    run("account", "disable", "wang")
    assert (
        "wang (disabled)  王主任  officer at east, auditor at west" in run("account", "list").stdout
    )
    assert json.loads(run("account", "list", "--json").stdout) == [
        {
            "name": "wang",
            "shown": "王主任",
            "disabled": True,
            "roles": {"east": "officer", "west": "auditor"},
        }
    ]


def test_a_password_is_changed(desk: Desk) -> None:
    added()
    run("account", "password", "wang", "--password-stdin", stdin="another password\r\n")
    assert Accounts(desk.office).check("wang", "another password") is not None
    result = run("account", "password", "nobody", "--password-stdin", stdin="x\n", code=1)
    assert "gated hub account list" in result.stderr


def test_a_role_is_given_and_taken_away(desk: Desk) -> None:
    added()
    assert (
        "wang: property at west"
        in run("account", "role", "wang", "--role", "property", "--site", "west").stderr
    )
    assert "wang: no role at east" in run("account", "role", "wang", "--none").stderr
    account = Accounts(desk.office).account("wang")
    assert account is not None
    assert account.roles == {"west": Role.PROPERTY}
    for words in ([], ["--none", "--role", "officer"]):
        assert "--none" in run("account", "role", "wang", *words, code=2).stderr
    run("account", "role", "wang", "--role", "king", code=2)
    run("account", "role", "nobody", "--none", code=1)


def test_an_unknown_site_is_named(folder: Path) -> None:
    words = ("account", "add", "wang", "--role", "officer", "--password-stdin", "--site", "north")
    assert "no site 'north'" in run(*words, stdin=PASSWORD, code=2).stderr


def test_an_account_is_disabled_and_enabled(desk: Desk) -> None:
    added()
    accounts = Accounts(desk.office)
    run("account", "disable", "wang")
    assert accounts.check("wang", PASSWORD) is None
    run("account", "enable", "wang")
    assert accounts.check("wang", PASSWORD) is not None


def test_the_audit_is_shown_oldest_first_and_as_json(desk: Desk) -> None:
    desk.office.audit.note(desk.actor(name="wang"), Action.SEARCH, reason="投诉")
    desk.office.audit.note(desk.actor(name="wang"), Action.TRACE, target="ab" * 16)
    desk.office.audit.note_seldom(None, "east", Action.LOGIN_REFUSED, "unknown name", since_ms=0)
    desk.office.audit.note(desk.actor(site="west"), Action.EXPORT)
    lines = run("audit").stdout.splitlines()
    assert lines[0] == "1  2020-02-10 12:00:00  wang (officer)  search  投诉  ok"
    assert "trace  abababababababab  ok" in lines[1]
    assert "unknown (-)  login_refused" in lines[2]
    assert len(lines) == 3
    desk.office.audit.note(desk.actor(name="cli:root", site="west"), Action.TRACE)
    assert "cli:root (administrator)  trace" in run("audit", "--site", "west").stdout
    (last,) = run("audit", "--json", "-n", "1").stdout.splitlines()
    assert json.loads(last)["action"] == "login_refused"
    west, _ = run("audit", "--site", "west", "--json").stdout.splitlines()
    assert json.loads(west)["site"] == "west"


def test_the_audit_is_verified(desk: Desk) -> None:
    for _ in range(3):
        desk.office.audit.note(desk.actor(), Action.SEARCH)
    assert "whole" in run("audit", "--verify").stdout
    with desk.office.database.writing("tamper") as connection:
        connection.execute(update(AUDIT).where(AUDIT.c.id == 2).values(actor="x"))
    result = run("audit", "--verify", code=1)
    assert result.stderr.startswith("error: audit row 2 does not fit")
    assert result.stdout == ""
