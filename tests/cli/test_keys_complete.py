"""`gated keys complete`: an older set gains what the hub needs now, and loses nothing."""

from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from gated.cli.main import app
from gated.store import keys
from gated.store.sealed_box import public_of

NEW = {"people.key", "seal.key", "seal.pub"}


def complete(folder: Path) -> Result:
    return CliRunner().invoke(app, ["keys", "complete", str(folder)])


@pytest.fixture
def older(tmp_path: Path) -> Path:
    """A set as it was made before the hub had a register."""
    folder = tmp_path / "keys"
    folder.mkdir()
    for name in ("site.key", "rest.key"):
        keys.write_secret(folder / name)
    for name, use in (("roster-signing.pem", "roster"), ("pass-signing.pem", "pass")):
        key = keys.write_signing_key(folder / name, "Ed25519")
        keys.append_trust(folder / "trust.json", key.trusted(frozenset({use}), issuer="north"))
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_an_older_set_gains_what_it_lacks_and_keeps_what_it_has(older: Path) -> None:
    before = contents(older)
    done = complete(older)
    assert done.exit_code == 0
    after = contents(older)
    assert set(after) == set(before) | NEW
    unchanged = set(before) - {"trust.json"}
    assert {name: after[name] for name in unchanged} == {name: before[name] for name in unchanged}
    assert keys.read_public(older / "seal.pub") == public_of(keys.read_secret(older / "seal.key"))
    assert all(str(older / name) in done.stdout for name in NEW)


def test_commands_of_the_signing_key_are_believed_afterwards(older: Path) -> None:
    complete(older)
    key = keys.read_signing_key(older / "roster-signing.pem")
    table = keys.read_trust(older / "trust.json")
    row = table.find(key.kid, "command")
    assert row is not None
    assert row.issuer == "north"
    assert table.find(key.kid, "roster") is not None
    other = keys.read_signing_key(older / "pass-signing.pem")
    assert table.find(other.kid, "command") is None


def test_a_complete_set_stays_as_it_is(older: Path) -> None:
    complete(older)
    before = contents(older)
    done = complete(older)
    assert done.exit_code == 0
    assert "Nothing was missing" in done.stderr
    assert contents(older) == before


def test_a_lost_public_half_is_made_again_from_the_private_one(older: Path) -> None:
    complete(older)
    before = (older / "seal.pub").read_bytes()
    (older / "seal.pub").unlink()
    complete(older)
    assert (older / "seal.pub").read_bytes() == before
    assert (older / "seal.pub").stat().st_mode & 0o777 == 0o644


def test_a_first_set_needs_no_completion(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    assert CliRunner().invoke(app, ["keys", "init", str(folder)]).exit_code == 0
    before = contents(folder)
    assert complete(folder).exit_code == 0
    assert contents(folder) == before


@pytest.mark.parametrize("name", ["roster-signing.pem", "trust.json"])
def test_a_folder_that_is_not_the_hubs_is_refused_and_left_alone(older: Path, name: str) -> None:
    (older / name).unlink()
    before = contents(older)
    done = complete(older)
    assert done.exit_code == 1
    assert name in done.stderr
    assert contents(older) == before


def test_a_public_key_that_is_none_is_named_with_its_remedy(tmp_path: Path) -> None:
    path = tmp_path / "seal.pub"
    for text in ("", "zz" * 32, "00" * 31, "00" * 33):
        path.write_text(text)
        with pytest.raises(keys.ConfigError, match=r"seal\.pub") as refused:
            keys.read_public(path)
        assert str(path) in str(refused.value)


def test_a_public_key_may_be_read_by_everyone_and_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "seal.pub"
    keys.write_public(path, bytes(range(32)))
    assert path.stat().st_mode & 0o777 == 0o644
    assert keys.read_public(path) == bytes(range(32))
    with pytest.raises(keys.ConfigError, match="never overwritten"):
        keys.write_public(path, bytes(32))
