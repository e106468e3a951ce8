"""A new gate joins: over TLS with the real pages, then at a real broker with what it was given."""

import stat
import time
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from gated.cli.join import join as join_command
from gated.config import load
from gated.contract.enrolment import Code, scanned
from gated.gate.file_set import install
from gated.gate.joining import KEY_FILES, Joined, JoinFailed, join
from gated.hub.enrolment import VALID_MS, Enrolments, NewGate
from gated.hub.web.server import PagesServer
from gated.store.keys import read_public, read_secret, read_site_keys, read_trust
from gated.store.sealed_box import public_of
from gated.transport.mqtt import BrokerSettings, LinkEvent, MqttLink, Welcomed, tls_context
from tests.support.broker import Broker
from tests.support.enrol import open_enrol_desk
from tests.support.hub_pages import served
from tests.support.office import Desk
from tests.support.waiting import wait_until

EAST_1 = NewGate("east-1", "东门", "East gate", "out")


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Desk, PagesServer]]:
    """A hub that serves its pages over TLS; its certificates count now, as a broker will ask."""
    desk = open_enrol_desk(tmp_path_factory.mktemp("hub"), now_ms=time.time_ns() // 1_000_000)
    web = desk.office.config.web
    assert web is not None
    with served(desk, web.model_copy(update={"port": 0})) as server:
        yield desk, server
    desk.office.database.close()


@pytest.fixture
def desk(hub: tuple[Desk, PagesServer]) -> Desk:
    return hub[0]


@pytest.fixture
def address(hub: tuple[Desk, PagesServer]) -> str:
    return f"https://127.0.0.1:{hub[1].port}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "etc"


def code(desk: Desk, wanted: NewGate = EAST_1) -> Code:
    return Enrolments(desk.office).make(desk.actor(), wanted).code


def joined(desk: Desk, address: str, folder: Path, *, force: bool = False) -> Joined:
    return join(address, code(desk).shown, folder, force=force)


def content(folder: Path) -> dict[str, bytes]:
    if not folder.exists():
        return {}
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def failing(address: str, text: str, folder: Path, *, force: bool = False) -> str:
    """Joining fails with a sentence and changes nothing; return the sentence."""
    before = content(folder)
    with pytest.raises(JoinFailed) as caught:
        join(address, text, folder, force=force)
    assert content(folder) == before
    return str(caught.value)


# Joining.


def test_a_gate_that_joined_has_its_sites_keys_with_the_right_modes(
    desk: Desk, address: str, folder: Path
) -> None:
    done = joined(desk, address, folder)
    assert (done.gate, done.site, done.kept) == ("east-1", "east", ())
    site = desk.office.sites["east"].keys
    assert read_site_keys(done.keys / "site.key", done.keys / "rest.key") == site
    assert read_public(done.keys / "seal.pub") == public_of(desk.office.seal_key)
    trust = read_trust(done.keys / "trust.json")
    assert trust.find(desk.office.signer.kid, "command") is not None
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in done.keys.iterdir()}
    secret = {"site.key", "rest.key", "gate.key"}
    assert modes == {name: 0o600 if name in secret else 0o644 for name in KEY_FILES}


def test_the_written_configuration_can_be_used_at_once(
    desk: Desk, address: str, folder: Path
) -> None:
    done = joined(desk, address, folder)
    assert done.wrote_config
    config = load(done.config)
    assert (config.gate.id, config.gate.site, config.gate.direction) == ("east-1", "east", "out")
    assert (config.gate.name, config.gate.name_en) == ("东门", "East gate")
    assert read_secret(config.keys.site) == desk.office.sites["east"].keys.site
    assert config.broker is not None
    assert (config.broker.host, config.broker.roster) == ("127.0.0.1", "east")
    assert config.keys.hub == done.keys / "seal.pub"


def test_a_configuration_that_is_there_is_left_alone(
    desk: Desk, address: str, folder: Path
) -> None:
    folder.mkdir()
    (folder / "gated.toml").write_text("mine")
    done = joined(desk, address, folder)
    assert not done.wrote_config
    assert (folder / "gated.toml").read_text() == "mine"
    assert tomllib.loads(done.lines)["gate"]["id"] == "east-1"


@pytest.mark.broker
def test_the_written_files_open_a_broker_that_wants_certificates(
    desk: Desk, address: str, folder: Path, tmp_path: Path
) -> None:
    """Under mutual TLS the broker knows the gate by the id the office gave it, and by no other."""
    keys = joined(desk, address, folder).keys
    ca = Path(str(desk.office.config.keys.trust)).parent / "ca"
    acl = tmp_path / "acl"
    acl.write_text("pattern write cp/1/g/%u/st\npattern read cp/1/g/%u/st\n")
    extra = (
        f"cafile {ca / 'authority.pem'}\ncertfile {ca / 'broker.pem'}\n"
        f"keyfile {ca / 'broker.key'}\nrequire_certificate true\n"
        f"use_identity_as_username true\nacl_file {acl}\n"
    )
    with Broker(tmp_path, extra) as broker:
        own = BrokerSettings(
            "127.0.0.1", broker.port, True, keys / "ca.pem", keys / "gate.pem", keys / "gate.key"
        )
        heard: list[LinkEvent] = []
        link = MqttLink(own, "east-1", heard.append, context=tls_context(own))
        link.open()
        wait_until(lambda: any(isinstance(e, Welcomed) for e in heard), what="a welcome")
        link.subscribe([("cp/1/g/+/st", 0)])
        wait_until(lambda: len(heard) >= 2, what="the subscription")
        link.publish("cp/1/g/other/st", b"foreign")
        link.publish("cp/1/g/east-1/st", b"own")
        wait_until(lambda: any(getattr(e, "payload", b"") == b"own" for e in heard), what="own")
        link.close()
        assert all(getattr(e, "payload", b"") != b"foreign" for e in heard)


# Joining again.


def test_keys_that_are_there_are_never_replaced_unasked(
    desk: Desk, address: str, folder: Path
) -> None:
    joined(desk, address, folder)
    fresh = code(desk)
    assert "--force" in failing(address, fresh.shown, folder)
    # nothing was sent, so the code is still good
    assert join(address, fresh.shown, folder, force=True).gate == "east-1"


def test_forced_it_keeps_what_it_replaces(desk: Desk, address: str, folder: Path) -> None:
    first = content(joined(desk, address, folder).keys)
    done = joined(desk, address, folder, force=True)
    assert len(done.kept) == len(KEY_FILES)
    assert {path.name.partition(".before")[0]: path.read_bytes() for path in done.kept} == first
    again = joined(desk, address, folder, force=True)
    assert not set(again.kept) & set(done.kept)
    assert all(path.exists() for path in done.kept)


# Not joining.


def test_a_server_that_does_not_hold_the_key_of_the_code_is_told_nothing(
    desk: Desk, address: str, folder: Path
) -> None:
    good = code(desk)
    other = replace(good, pin=bytes(10))
    assert "nothing was sent" in failing(address, other.shown, folder)
    assert join(address, good.shown, folder).gate == "east-1"


def test_a_used_an_expired_and_a_wrong_code_have_a_sentence_each(
    desk: Desk, address: str, folder: Path, tmp_path: Path
) -> None:
    used = code(desk)
    join(address, used.shown, tmp_path / "first")
    assert "was used already" in failing(address, used.shown, folder)
    expired = code(desk, NewGate("east-2"))
    desk.clock.now_ms += VALID_MS
    assert "has expired" in failing(address, expired.shown, folder)
    wrong = replace(expired, token="00000000")
    assert "does not know this code" in failing(address, wrong.shown, folder)


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("http://127.0.0.1", "is no address of a hub"),
        ("https://", "is no address of a hub"),
        ("https://[::1", "is no address of a hub"),
        ("https://hub:port", "is no address of a hub"),
        ("127.0.0.1:1", "cannot be reached"),
    ],
)
def test_an_address_where_no_hub_is_has_its_sentence(
    desk: Desk, folder: Path, address: str, words: str
) -> None:
    assert words in failing(address, code(desk).shown, folder)


def test_a_name_the_pages_do_not_answer_to_has_its_sentence(
    desk: Desk, address: str, folder: Path
) -> None:
    by_other_name = address.replace("127.0.0.1", "127.1")
    assert "[web] names" in failing(by_other_name, code(desk).shown, folder)


def test_a_mistyped_code_is_told_before_anything_is_asked(folder: Path) -> None:
    assert "24 characters" in failing("https://nowhere.invalid", "ABCD", folder)


def test_a_folder_that_cannot_be_written_uses_up_no_code(
    desk: Desk, address: str, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    good = code(desk)
    assert "cannot be written" in failing(address, good.shown, tmp_path / "file")
    assert join(address, good.shown, tmp_path / "etc").gate == "east-1"


# Files.


@pytest.mark.parametrize("blocked", ["missing/file", "name" * 100])
def test_files_appear_all_or_none(tmp_path: Path, blocked: str) -> None:
    """One cannot be staged, the other cannot be put in place when the first is there already."""
    (tmp_path / "a").write_bytes(b"old")
    before = content(tmp_path)
    names = ("a", "b", blocked)
    with pytest.raises(OSError, match=r"No such file|name too long"):
        install({tmp_path / name: (b"new", 0o600) for name in names})
    assert content(tmp_path) == before


def test_a_replaced_file_is_kept_under_a_free_name(tmp_path: Path) -> None:
    path = tmp_path / "a"
    for text in (b"1", b"2", b"3"):
        install({path: (text, 0o600)})
    assert content(tmp_path) == {"a": b"3", "a.before-1": b"1", "a.before-2": b"2"}


# The command.


def command(*arguments: str, typed: str = "") -> tuple[int, str, str]:
    app = typer.Typer()
    app.command()(join_command)
    result = CliRunner().invoke(app, arguments, input=typed)
    return result.exit_code, result.stdout, result.stderr


def test_the_command_tells_the_next_steps(desk: Desk, address: str, folder: Path) -> None:
    exit_code, out, _ = command(address, code(desk).shown, "--dir", str(folder))
    assert exit_code == 0
    assert "gate east-1 of site east" in out
    assert "sudo -u gated gated check" in out
    assert "install and start the unit" in out


def test_the_scanned_picture_is_enough(desk: Desk, address: str, folder: Path) -> None:
    text = scanned(address, code(desk))
    assert command(text, "--dir", str(folder))[0] == 0
    assert (folder / "keys/site.key").exists()


def test_a_code_left_out_is_asked_for(desk: Desk, address: str, folder: Path) -> None:
    typed = code(desk).shown.lower() + "\n"
    assert command(address, "--dir", str(folder), typed=typed)[0] == 0


def test_with_a_configuration_the_command_prints_the_lines_that_belong_into_it(
    desk: Desk, address: str, folder: Path
) -> None:
    folder.mkdir()
    (folder / "gated.toml").write_text("mine")
    exit_code, out, _ = command(address, code(desk).shown, "--dir", str(folder))
    assert exit_code == 0
    assert 'id = "east-1"' in out


def test_a_refused_code_ends_with_one_sentence_and_exit_1(address: str, folder: Path) -> None:
    exit_code, out, err = command(address, "0000-0000", "--dir", str(folder))
    assert (exit_code, out) == (1, "")
    assert err.startswith("error: cannot join:")
    assert len(err.splitlines()) == 1
