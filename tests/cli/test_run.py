"""`gated run`: what it loads, and how it refuses."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.gate.site_files import LIMIT_S, command, write_site

# Runs the command in this process; as soon as the gate answers, notes what was imported.
WATCHED = """
import json, os, signal, sys, threading
from pathlib import Path
store, config, out = sys.argv[1:4]
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
def watch():
    pause = threading.Event()
    while not Path(store, "gated.sock").exists():
        pause.wait(0.02)
    Path(out).write_text(json.dumps(sorted(sys.modules)))
    os.kill(os.getpid(), signal.SIGTERM)
threading.Thread(target=watch, daemon=True).start()
sys.argv = ["gated", "run", "--config", config]
from gated.cli.main import main
main()
"""

NEVER = {"sqlalchemy", "playwright", "rich", "pygments", "openpyxl", "gated.hub", "segno"}
CAMERA_ONLY = {"cv2", "zxingcpp", "pyzbar"}


def loaded(folder: Path, more: str = "") -> set[str]:
    config = write_site(folder, more)
    out = folder / "modules.json"
    arguments = [str(folder / "store"), str(config), str(out)]
    done = subprocess.run(
        [sys.executable, "-c", WATCHED, *arguments],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(out.read_text()))


def test_a_gate_loads_nothing_of_the_hub_the_demo_or_the_terminal(tmp_path: Path) -> None:
    modules = loaded(tmp_path, "[screen]\nport = 0\n")
    assert not modules & (NEVER | CAMERA_ONLY)
    assert not {name for name in modules if ".simulator" in name or ".demo" in name}


def test_without_a_configuration_it_refuses_with_78_and_says_where_it_looked(
    tmp_path: Path,
) -> None:
    done = command("run", GATED_CONFIG=str(tmp_path / "none.toml"))
    assert (done.returncode, done.stdout) == (78, "")
    assert str(tmp_path / "none.toml") in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("content", ["not toml [", "[gate]\nid = 'n'\n[camera]\nfsp = 3\n"])
def test_every_problem_of_a_configuration_is_said_at_once(tmp_path: Path, content: str) -> None:
    path = tmp_path / "gated.toml"
    path.write_text(content)
    done = command("run", "--config", str(path))
    assert done.returncode == 78
    if "fsp" in content:
        for word in ("site", "source", "did you mean fps?"):
            assert word in done.stderr


def test_the_log_is_json_on_stderr_when_nobody_watches(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("in the way")
    done = command("run", "--config", str(write_site(tmp_path)))
    line = json.loads(done.stderr.splitlines()[-1])
    assert (line["event"], line["level"], line["part"]) == ("start.refused", "error", "app")
    assert line["timestamp"].endswith("Z")
