"""`gated guard`, as an installer types it."""

import json
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from gated.cli.guard import app
from gated.cli.main import app as whole
from gated.core.duty import DutyRole
from gated.core.pseudonym import person_ref
from gated.store import keys
from gated.store.guard_book import GuardBook

ID_NUMBER = "11010519491231002X"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("site", "rest"):
        keys.write_secret(tmp_path / f"{name}.key")
    config = tmp_path / "gated.toml"
    config.write_text(
        f'[gate]\nid = "north-1"\nsite = "park"\n[store]\ndir = "{tmp_path}"\n'
        f'[keys]\nsite = "{tmp_path}/site.key"\nrest = "{tmp_path}/rest.key"\n',
        "utf-8",
    )
    monkeypatch.setenv("GATED_CONFIG", str(config))
    return tmp_path


def run(*words: str, stdin: str = "", code: int = 0) -> Result:
    result = CliRunner().invoke(app, words, input=stdin, catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result


def opened(folder: Path) -> GuardBook:
    site_keys = keys.read_site_keys(folder / "site.key", folder / "rest.key")
    return GuardBook(folder, site_keys.rest)


def added(*more: str, pin: str = "8642", code: int = 0) -> Result:
    return run("add", "A12", "--name", "李小明", "--pin-stdin", *more, stdin=f"{pin}\n", code=code)


def test_a_guard_is_added_and_only_the_masked_name_kept(folder: Path) -> None:
    told = added("--role", "supervisor")
    assert "A12 may log in as supervisor" in told.stderr
    guards = opened(folder)
    guard = guards.guards()["A12"]
    assert (guard.role, guard.name) == (DutyRole.SUPERVISOR, "李*明")
    assert guards.is_pin(guard, "8642")
    assert "李小明" not in (folder / "guards").read_text("utf-8")


def test_the_same_number_twice_and_a_weak_pin_are_refused(folder: Path) -> None:
    assert "first that others try" in added(pin="1234", code=1).stderr
    assert "4 to 8 digits" in added(pin="12", code=1).stderr
    added()
    assert "gated guard pin" in added(code=1).stderr


def test_a_pin_is_never_an_argument_and_never_asked_for_without_a_terminal(folder: Path) -> None:
    run("add", "A12", "--pin", "8642", code=2)
    assert "--pin-stdin" in run("add", "A12", code=2).stderr
    assert opened(folder).guards() == {}


def test_a_role_that_is_none_is_refused_in_our_own_words() -> None:
    done = CliRunner().invoke(whole, ["guard", "add", "A12", "--role", "boss"])
    said = " ".join(done.stderr.replace("│", " ").split())
    assert done.exit_code == 2
    assert "'--role': 'boss' is not one of 'guard', 'supervisor', 'technician'" in said
    assert "Value error" not in said


def test_a_pin_is_changed(folder: Path) -> None:
    added()
    run("pin", "A12", "--pin-stdin", stdin="97531\n")
    guards = opened(folder)
    guard = guards.guards()["A12"]
    assert (guards.is_pin(guard, "97531"), guards.is_pin(guard, "8642")) == (True, False)
    assert "guard list" in run("pin", "A13", "--pin-stdin", stdin="97531\n", code=1).stderr


def test_a_staff_card_is_kept_as_a_pseudonym_and_taken_away(folder: Path) -> None:
    added()
    run("card", "A12", "--number-stdin", stdin=f"{ID_NUMBER}\n")
    site_keys = keys.read_site_keys(folder / "site.key", folder / "rest.key")
    assert opened(folder).guards()["A12"].card == person_ref(site_keys.site, ID_NUMBER).hex()
    assert ID_NUMBER not in (folder / "guards").read_text("utf-8")
    run("card", "A12", "--none")
    assert opened(folder).guards()["A12"].card == ""
    refused = run("card", "A12", "--number-stdin", stdin="110105194912310021\n", code=2)
    assert "check digit" in refused.stderr
    assert "110105194912310021" not in refused.output


def test_the_book_is_listed_without_secrets(folder: Path) -> None:
    assert "any staff number" in run("list").stderr
    added()
    assert run("list").stdout == "A12  guard  李*明\n"
    (row,) = json.loads(run("list", "--json").stdout)
    assert row == {"number": "A12", "role": "guard", "name": "李*明", "card": False}


def test_a_guard_leaves(folder: Path) -> None:
    added()
    run("remove", "A12")
    assert opened(folder).guards() == {}
    assert "guard list" in run("remove", "A12", code=1).stderr
