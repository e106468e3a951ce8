"""`gated setup` as a program: it ends when the configuration is written, and only then with 0."""

import re
import socket
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from gated import config
from gated.cli.main import app
from tests.support.programs import Running

ALONE = {
    "language": "en", "hub": "none", "name": "北门", "name_en": "North gate", "id": "north-1",
    "site": "lake", "direction": "in", "shadow": "off", "card": "none", "camera": "none",
    "wrist": "none",
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "etc").mkdir()
    return tmp_path


def started(folder: Path, *options: str) -> Running:
    words = ["setup", "--config", str(folder / "etc/gated.toml"), "--port", "0", *options]
    return Running([sys.executable, "-m", "gated.cli.main", *words], folder)


def address(running: Running) -> str:
    (found,) = re.findall(r"http://\S+", running.told("in a browser of this machine")[-1])
    return str(found)


def post(url: str, path: str, state: dict[str, Any], **fields: object) -> dict[str, Any]:
    headers = {"Origin": url.rstrip("/"), "X-Gated-Token": state["token"]}
    fields["number"] = state["number"]
    answer = httpx.post(url + path, json=fields, headers=headers)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_it_ends_with_0_once_the_configuration_is_written(folder: Path) -> None:
    with started(folder) as running:
        url = address(running)
        first = httpx.get(url + "state").json()
        second = post(url, "answer", first, answers=ALONE) | {"token": first["token"]}
        assert post(url, "finish", second)["written"] is True
        ended = running.end()
    assert ended.code == 0, ended.stderr
    assert "gated check" in ended.stdout
    assert config.load(folder / "etc/gated.toml").gate.name_en == "North gate"
    assert '"setup.written"' in ended.stderr


def test_it_ends_with_1_when_it_is_told_to_stop_before(folder: Path) -> None:
    with started(folder) as running:
        address(running)
        running.interrupt()
        ended = running.end()
    assert (ended.code, ended.stdout) == (1, "")
    assert not (folder / "etc/gated.toml").exists()


def test_a_taken_port_is_named_with_the_remedy(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with started(folder, "--port", str(port)) as running:
            ended = running.end()
    assert ended.code == 69
    assert "choose another --port" in ended.stderr


def test_a_configuration_that_is_there_ends_it_with_a_sentence(folder: Path) -> None:
    path = folder / "etc/gated.toml"
    path.write_text('[gate]\nid = "by-hand"\nsite = "lake"\n')
    with started(folder) as running:
        ended = running.end()
    assert ended.code == 1
    assert "was made by somebody and is not replaced" in ended.stderr
    assert path.read_text().startswith('[gate]\nid = "by-hand"')


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.4", "::", "gate.lan"])
def test_it_is_for_this_machine_alone(host: str) -> None:
    done = CliRunner().invoke(app, ["setup", "--host", host])
    assert done.exit_code == 2
    assert "ssh -L 8321:127.0.0.1:8321" in done.output


def test_the_kiosk_shows_the_first_start_before_there_is_a_configuration(folder: Path) -> None:
    """Its browser is prepared for the address where the questions are."""
    out = folder / "screen.toml"
    words = ["kiosk", "--config", str(folder / "etc/gated.toml"), "--prepare", str(out)]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    screen = config.load(out).screen
    assert screen is not None
    with started(folder) as running:
        assert address(running).startswith(f"http://{screen.host}:")
    assert screen.port == 8321, "as `gated setup` without --port"
