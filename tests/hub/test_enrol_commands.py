"""`gated hub ca`, `gated hub enrol` and `gated hub gates`, as an administrator types them."""

import json
import re
import stat
import subprocess
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gated.cli.hub import app
from gated.cli.hub_enrol import pages_address
from gated.cli.hub_gates import gate_row
from gated.config import HubConfig, WebSection, load_hub
from gated.contract.enrolment import parse_code
from gated.contract.messages import Status
from gated.hub.authority import open_authority
from gated.hub.gates import Gates
from gated.hub.office import open_office
from tests.support.hub_command import write_config
from tests.support.office import NOON_MS, open_desk
from tests.support.records import plant_gate


def typed(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def configured(folder: Path, web: str = "") -> Path:
    """hub.toml of an office that can enrol gates. web: further lines of [web]."""
    assert typed("ca", "init", str(folder / "ca"), "--broker-host", "broker.lan").exit_code == 0
    path = write_config(folder)
    ca = folder / "ca"
    more = f"""
[web]
cert = "{ca}/web.pem"
key = "{ca}/web.key"
{web}
[authority]
cert = "{ca}/authority.pem"
key = "{ca}/authority.key"
broker_host = "broker.lan"
"""
    path.write_text(path.read_text("utf-8") + more, "utf-8")
    return path


# Certificates.


def test_a_first_set_is_made_and_the_lines_that_name_it_are_good(tmp_path: Path) -> None:
    folder = tmp_path / "ca"
    done = typed("ca", "init", str(folder), "--broker-host", "broker.lan", "--web-host", "hub.lan")
    assert done.exit_code == 0
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    open_authority(folder / "authority.pem", folder / "authority.key")
    for name in ("authority.key", "broker.pem", "web.pem", "hub.pem", "require_certificate true"):
        assert name in done.stdout
    lines = done.stdout.partition("in place of its sections of these names:\n")[2]
    lines, _, after = lines.partition("When all of it is in place:\n")
    tables = tomllib.loads(re.sub(r"^ +", "", lines, flags=re.MULTILINE))
    HubConfig.model_validate({"hub": {"site": "east"}, **tables})
    assert tables["web"]["names"] == ["hub.lan"]
    assert "systemctl restart mosquitto" in after
    assert "hub.online" in after


def test_the_commands_of_a_first_set_work_one_after_the_other_from_where_it_was_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder is named as it was typed, and whatever the shell makes of its name exists."""
    monkeypatch.chdir(tmp_path)
    done = typed("ca", "init", "site ca", "--broker-host", "broker.lan")
    assert done.exit_code == 0
    assert "cd " not in done.stdout
    commands = re.findall(r"^    sudo install .*-m \d+ (.+) /etc/\S+$", done.stdout, re.MULTILINE)
    assert len(commands) == 6
    for files in commands:
        shell = ["bash", "-c", f"ls -d {files}"]
        listed = subprocess.run(shell, capture_output=True, text=True, check=True)
        assert all((tmp_path / line).is_file() for line in listed.stdout.splitlines())


def test_an_address_of_the_pages_is_listened_on_itself(tmp_path: Path) -> None:
    done = typed("ca", "init", str(tmp_path / "ca"), "--broker-host", "10.0.0.2")
    assert 'host = "10.0.0.2"' in done.stdout
    assert "names" not in done.stdout.partition("[web]")[2]


def test_a_second_set_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    arguments = ("ca", "init", str(tmp_path / "ca"), "--broker-host", "broker.lan")
    typed(*arguments)
    again = typed(*arguments)
    assert again.exit_code == 1
    assert "never overwritten" in again.stderr


def test_one_more_server_certificate(tmp_path: Path) -> None:
    typed("ca", "init", str(tmp_path / "ca"), "--broker-host", "broker.lan")
    done = typed("ca", "server", str(tmp_path / "ca"), "web-2028", "--host", "hub.lan")
    assert done.stdout.split() == [str(tmp_path / f"ca/web-2028.{end}") for end in ("pem", "key")]
    odd = typed("ca", "server", str(tmp_path / "ca"), "../web", "--host", "hub.lan")
    assert odd.exit_code == 1
    assert "letters, digits and -" in odd.stderr


# Codes.


def test_a_code_is_printed_with_the_command_of_the_gate(tmp_path: Path) -> None:
    path = configured(tmp_path, 'names = ["hub.lan"]')
    done = typed("enrol", "west-1", "--site", "west", "--name", "西门", "--config", str(path))
    assert done.exit_code == 0, done.stderr
    found = re.search(r"sudo gated join (\S+) (\S+)", done.stdout)
    assert found is not None
    assert found[1] == "https://hub.lan:8420"
    assert parse_code(found[2]).shown == found[2]
    assert "gate west-1 of site west" in done.stdout
    assert "█" in done.stdout or "▄" in done.stdout or "▀" in done.stdout
    office = open_office(load_hub(path))
    (row,) = office.audit.rows("west")
    assert row.actor.startswith("cli:")
    assert (row.target, row.result) == ("west-1", "code made")
    office.database.close()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("hub",), "gate id 'hub'"),
        (("a b",), "gate id 'a b'"),
        (("a", "--site", "nowhere"), "no site 'nowhere'"),
        (("a", "--name", "门" * 33), "at most 32 characters"),
    ],
)
def test_what_cannot_be_enrolled_has_a_sentence(
    tmp_path: Path, words: tuple[str, ...], sentence: str
) -> None:
    done = typed("enrol", *words, "--config", str(configured(tmp_path)))
    assert done.exit_code in {1, 2}
    assert sentence in done.stderr
    assert done.stdout == ""


def test_a_hub_without_authority_names_what_is_missing(tmp_path: Path) -> None:
    done = typed("enrol", "east-1", "--config", str(write_config(tmp_path)))
    assert done.exit_code == 1
    assert "gated hub ca init" in done.stderr


def test_a_hub_that_listens_everywhere_asks_for_its_name(tmp_path: Path) -> None:
    done = typed("enrol", "east-1", "--config", str(configured(tmp_path, 'host = "0.0.0.0"')))
    assert done.exit_code == 1
    assert "[web] names" in done.stderr


@pytest.mark.parametrize(
    ("web", "address"),
    [
        (WebSection(), "https://127.0.0.1:8420"),
        (WebSection(host="0.0.0.0", names=("hub.lan",)), "https://hub.lan:8420"),
        (WebSection(host="::1", port=443), "https://[::1]:443"),
        (WebSection(host="0.0.0.0"), ""),
        (WebSection(port=0), ""),
        (None, ""),
    ],
)
def test_the_address_of_the_pages(web: WebSection | None, address: str) -> None:
    assert pages_address(web) == address


# Gates.


def test_gates_are_listed_without_any_key(tmp_path: Path) -> None:
    path = write_config(tmp_path)
    desk = open_desk(tmp_path)
    fetching = {"rev": 2, "have": 1, "n": 4}
    status = Status.model_validate({"on": True, "sid": 1, "q": 0, "fetching": fetching})
    told = {"seen_ms": NOON_MS, "status": status.model_dump_json(), "name": "东门"}
    plant_gate(desk.office, "east-1", last=9, upto=7, **told)
    plant_gate(desk.office, "west-1", "west", online=False, seen_ms=NOON_MS)
    desk.office.database.close()
    for key in tmp_path.rglob("*.key"):
        key.unlink()
    rows = json.loads(typed("gates", "--json", "--config", str(path)).stdout)
    assert [(row["gate"], row["site"], row["link"]) for row in rows] == [
        ("east-1", "east", "unknown"),
        ("west-1", "west", "offline"),
    ]
    assert [(row["online"], row["last_seq"], row["backlog"]) for row in rows] == [
        (True, 7, 2),
        (False, 0, None),
    ]
    shown = typed("gates", "--config", str(path)).stdout
    assert "east/east-1" in shown
    alone = typed("gates", "--site", "west", "--config", str(path)).stdout
    assert "east" not in alone
    assert "west-1" in alone


def test_a_program_is_told_ages_in_seconds(tmp_path: Path) -> None:
    desk = open_desk(tmp_path)
    fetching = {"rev": 2, "have": 1, "n": 4}
    status = Status.model_validate({"on": True, "sid": 1, "q": 2, "fetching": fetching})
    plant_gate(desk.office, "east-1", seen_ms=NOON_MS - 5_000, status=status.model_dump_json())
    (view,) = Gates(desk.office).of("east")
    row = gate_row(view, NOON_MS)
    assert (row["seen_s_ago"], row["last_passage_s_ago"], row["clock"]) == (5, None, "synced")
    assert row["fetching"] == fetching
    assert row["certificate_s_left"] is None
    desk.office.database.close()
