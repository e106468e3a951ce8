"""`gated thermometer page` as a program: what it opens, and how it ends."""

import re
import socket
import sys
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from gated.cli.main import app
from gated.gate.calibration_session import FILE, alone
from tests.support.programs import Running
from tests.support.technician import sensor_site


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return sensor_site(tmp_path)


def started(site: Path, *options: str) -> Running:
    words = ["thermometer", "page", "--config", str(site), "--port", "0", *options]
    return Running([sys.executable, "-m", "gated.cli.main", *words], site.parent)


def address(running: Running) -> str:
    (found,) = re.findall(r"http://\S+", running.told("in a browser of this machine")[-1])
    return str(found)


def test_it_serves_the_page_until_the_technician_ends_it(site: Path) -> None:
    with started(site) as running:
        url = address(running)
        state = httpx.get(url + "state").json()
        assert (state["phase"], state["daemon"]) == ("opening", False)
        assert state["path"] == str(site.parent / "site.toml")
        assert 'data-language="zh"' in httpx.get(url).text
        again = CliRunner().invoke(app, ["thermometer", "calibrate", "--config", str(site)])
        assert again.exit_code == 1
        assert "end that process first" in again.output
        headers = {"Origin": url.rstrip("/"), "X-Gated-Token": state["token"]}
        answer = httpx.post(url + "end", json={"number": state["number"]}, headers=headers)
        assert answer.status_code == 200
        ended = running.end()
    assert ended.code == 1, ended.stderr
    assert "no calibration was written" in ended.stderr


def test_a_taken_port_is_named_with_the_remedy(site: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        with started(site, "--port", port) as running:
            ended = running.end()
    assert ended.code == 69
    assert "choose another --port" in ended.stderr


def test_what_forbids_the_session_is_said_before_anything_is_served(site: Path) -> None:
    line = ["thermometer", "page", "--config", str(site)]
    far = CliRunner().invoke(app, [*line, "--host", "192.168.1.4"])
    assert far.exit_code == 2
    assert "ssh -L 8323:127.0.0.1:8323" in far.output
    assert CliRunner().invoke(app, [*line, "--sensor-offset", "1.5"]).exit_code == 2
    with started(site, "--out", str(site.parent / "none" / "site.toml")) as running:
        ended = running.end()
    assert ended.code == 1
    assert "no such folder" in ended.stderr
    with alone(site.parent / "store" / FILE), started(site) as running:
        ended = running.end()
    assert ended.code == 1
    assert "end that process first" in ended.stderr
