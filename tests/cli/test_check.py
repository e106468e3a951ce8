"""`gated check`: one row per part, a remedy for each trouble, an exit code for scripts."""

import json
import socket
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gated.cli.main import app
from gated.gate.health import PARTS
from tests.gate.gate_world import install, resident
from tests.gate.site_files import command, write_site


def test_json_has_every_part_once_in_order(tmp_path: Path) -> None:
    config = write_site(tmp_path)
    done = CliRunner().invoke(app, ["check", "--json", "--config", str(config)])
    answer = json.loads(done.stdout)
    assert [row["name"] for row in answer["parts"]] == list(PARTS)
    for row in answer["parts"]:
        assert set(row) == {"name", "state", "detail", "remedy"}
        assert row["state"] in ("ok", "warn", "fail", "off")
    assert (answer["ok"], done.exit_code) == (False, 1), "no list yet"


def test_a_gate_without_trouble_ends_with_0(tmp_path: Path) -> None:
    config = write_site(tmp_path)
    (tmp_path / "store").mkdir()
    install(tmp_path / "store", [resident(1)])
    done = CliRunner().invoke(app, ["check", "--config", str(config)])
    assert done.exit_code == 0, done.output
    assert "FAIL" not in done.stdout


def test_a_trouble_is_printed_with_its_remedy(tmp_path: Path) -> None:
    config = write_site(tmp_path, '[card_reader]\nport = "/dev/no-such-port"\n')
    done = CliRunner().invoke(app, ["check", "--config", str(config)])
    assert done.exit_code == 1
    row, remedy = [
        line for line in done.stdout.splitlines() if "no-such-port" in line or "->" in line
    ][:2]
    assert row.startswith("FAIL  card_reader")
    assert "->" in remedy


@pytest.mark.parametrize("content", [None, "not toml [", "[gate]\nid = 1\n"])
def test_a_bad_configuration_is_a_row_not_a_crash(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "gated.toml"
    if content is not None:
        path.write_text(content)
    done = command("check", "--json", "--config", str(path))
    assert done.returncode == 78
    rows = {row["name"]: row for row in json.loads(done.stdout)["parts"]}
    assert rows["config"]["state"] == "fail"
    assert "gated.toml" in rows["config"]["detail"]
    assert rows["config"]["remedy"]


def test_a_daemon_that_hangs_is_named_and_its_devices_are_left_alone(tmp_path: Path) -> None:
    config = write_site(tmp_path)
    (tmp_path / "store").mkdir()
    with socket.socket(socket.AF_UNIX) as stuck:
        stuck.bind(str(tmp_path / "store" / "gated.sock"))
        stuck.listen(1)
        done = command("check", "--config", str(config))
    assert (done.returncode, done.stdout) == (1, "")
    assert "does not answer" in done.stderr
    assert "Traceback" not in done.stderr


def test_without_a_configuration_only_that_is_told(tmp_path: Path) -> None:
    done = command("check", "--config", str(tmp_path / "none.toml"))
    row, remedy = done.stdout.splitlines()
    assert row.startswith("FAIL  config       cannot read configuration ")
    assert row.endswith("none.toml: No such file or directory")
    assert remedy.strip() == ("-> copy config/gated.toml there, or name another file with --config")
    assert done.stderr == "nothing else was tested\n"
