"""`gated kiosk`: what it prints, refuses and becomes."""

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from gated import config
from tests.gate.site_files import GATED, LIMIT_S, free_port, write_site
from tests.screen.conftest import serving
from tests.support.screen import idle_snapshot

SCREEN = '[screen]\nport = {port}\nbrowser = "cog"\n{more}'


def tools(folder: Path, *names: str) -> Path:
    """Return a folder of programs that print their words and one variable, and end."""
    place = folder / "bin"
    place.mkdir(exist_ok=True)
    for name in names:
        path = place / name
        path.write_text(f'#!/bin/sh\necho {name} "$@"\necho "HOME=$HOME"\n')
        path.chmod(0o755)
    return place


def kiosk(
    file: Path, *words: str, path: Path, runtime: Path | None = None
) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": str(path), "PYTHONPATH": os.pathsep.join(sys.path)}
    if runtime is not None:
        environment["RUNTIME_DIRECTORY"] = str(runtime)
    return subprocess.run(
        [*GATED, "kiosk", "--config", str(file), *words],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
        env=environment,
    )


def test_it_becomes_the_browser_when_the_gate_answers(tmp_path: Path) -> None:
    with serving(idle_snapshot()) as served:
        file = write_site(tmp_path, SCREEN.format(port=served.server.port, more=""))
        here = tools(tmp_path, "cage", "cog", "Xwayland")
        done = kiosk(file, path=here, runtime=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    first, second = done.stdout.splitlines()
    assert first.startswith("cage -d -- cog ")
    assert first.endswith(f" {served.url}/")
    assert second == f"HOME={tmp_path}", "profile and cache go where systemd throws them away"


def test_print_shows_the_words_and_starts_nothing(tmp_path: Path) -> None:
    file = write_site(tmp_path, SCREEN.format(port=free_port(), more="blank_after_min = 5\n"))
    here = tools(tmp_path, "cage", "cog", "chromium", "Xwayland")
    done = kiosk(file, "--print", "--browser", "chromium", path=here)
    assert done.returncode == 0
    assert done.stdout.startswith("cage -d -- chromium ")
    assert done.stdout.rstrip().endswith("#blank=5'")
    assert "HOME=" not in done.stdout


def test_without_any_browser_it_ends_with_69_and_names_the_packages(tmp_path: Path) -> None:
    file = write_site(tmp_path, "[screen]\n")
    done = kiosk(file, path=tools(tmp_path))
    assert (done.returncode, done.stdout) == (69, "")
    assert "sudo apt-get install " in done.stderr


@pytest.mark.parametrize("more", ["", "[screen]\nrotation = 45\n"])
def test_a_configuration_without_a_page_ends_with_78(tmp_path: Path, more: str) -> None:
    done = kiosk(write_site(tmp_path, more), "--print", path=tools(tmp_path, "cage", "cog"))
    assert done.returncode == 78
    assert "screen" in done.stderr


def test_a_browser_nobody_knows_is_a_wrong_word(tmp_path: Path) -> None:
    file = write_site(tmp_path, "[screen]\n")
    done = kiosk(file, "--browser", "lynx", "--print", path=tools(tmp_path))
    assert done.returncode == 2


def test_whether_cage_turns_is_what_cage_itself_says(tmp_path: Path) -> None:
    """0.1.4 of Debian 12 has -r; from 0.1.5 on there is none."""
    file = write_site(tmp_path, SCREEN.format(port=free_port(), more="rotation = 90\n"))
    here = tools(tmp_path, "cog", "Xwayland", "wlr-randr")
    cage = here / "cage"
    for said, begins in (
        (" -r\t Rotate the output", "cage -d -r --"),
        (" -s\t VT", "cage -d -- /"),
    ):
        cage.write_text(f"#!/bin/sh\nprintf 'Usage: cage\\n{said}\\n'\n")
        cage.chmod(0o755)
        assert kiosk(file, "--print", path=here).stdout.startswith(begins)


BROKER = '[broker]\nhost = "broker.lan"\nusername = "east"\npassword = "canary-of-the-broker"\n'


def test_what_is_prepared_holds_the_pages_keys_and_no_secret(tmp_path: Path) -> None:
    more = "[screen]\nport = 8400\nrotation = 180\nblank_after_min = 7\n" + BROKER
    out = tmp_path / "run" / "gated.toml"
    out.parent.mkdir()
    done = kiosk(write_site(tmp_path, more), "--prepare", str(out), path=tools(tmp_path))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    text = out.read_text("utf-8")
    for secret in ("canary", "broker", ".key"):
        assert secret not in text
    screen = config.load(out).screen
    assert screen is not None
    assert (screen.port, screen.rotation, screen.blank_after_min) == (8400, 180, 7)
    assert stat.S_IMODE(out.stat().st_mode) == 0o644, "the browser's user reads it"


def test_a_link_in_the_way_is_replaced_and_not_followed(tmp_path: Path) -> None:
    """Root writes into a folder of the browser's user, who may have left anything there."""
    out = tmp_path / "run" / "gated.toml"
    out.parent.mkdir()
    victim = tmp_path / "victim"
    victim.write_text("untouched")
    out.symlink_to(victim)
    file = write_site(tmp_path, "[screen]\n")
    for _ in range(2):
        assert kiosk(file, "--prepare", str(out), path=tools(tmp_path)).returncode == 0
    assert victim.read_text() == "untouched"
    assert not out.is_symlink()


def test_a_folder_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    out = tmp_path / "nowhere" / "gated.toml"
    done = kiosk(write_site(tmp_path, "[screen]\n"), "--prepare", str(out), path=tools(tmp_path))
    assert done.returncode == 78
    assert f"cannot write {out}" in done.stderr


def test_the_memory_of_a_process_and_its_children_is_a_number() -> None:
    script = Path(__file__).parents[2] / "script" / "kiosk_memory"
    bash = shutil.which("bash")
    assert bash
    done = subprocess.run(
        [bash, str(script), str(os.getpid())], capture_output=True, text=True, check=True
    )
    assert int(done.stdout) > 1
    missing = subprocess.run([bash, str(script), "0"], capture_output=True, text=True, check=False)
    assert missing.returncode == 1
