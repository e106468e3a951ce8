"""The wheel, installed where no checkout can be imported, has everything and plays the demo."""

import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from gated.cli.demo.scenario import read_scenario
from tests.support.effort import LONG
from tests.support.programs import Running, demo_report

CHECKOUT = Path(__file__).parents[2]
PEOPLE = 40 if LONG else 4
BUILD_S = 100.0


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy: building leaves nothing in the checkout."""
    source = tmp_path_factory.mktemp("source")
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(CHECKOUT / name, source)
    for name in ("gated", "drivers"):
        shutil.copytree(
            CHECKOUT / name, source / name, ignore=shutil.ignore_patterns("__pycache__")
        )
    built = source / "built"
    words = ["build", "--wheel", "--no-isolation", "--outdir", str(built), str(source)]
    done = subprocess.run(
        [sys.executable, "-m", *words], capture_output=True, text=True, check=False, timeout=BUILD_S
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (found,) = built.glob("gated-*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment that has our libraries and the wheel, not the checkout.

    A folder named in a .pth file is searched, but its own .pth files, which lead to the checkout,
    are not read.
    """
    home = tmp_path_factory.mktemp("installed")
    venv.create(home, with_pip=False, symlinks=True)
    (packages,) = home.glob("lib/python3*/site-packages")
    (packages / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    python = str(home / "bin" / "python")
    words = ["pip", "--python", python, "install", "--no-deps", "--no-index", "-q", str(wheel)]
    done = subprocess.run(
        [sys.executable, "-m", *words], capture_output=True, text=True, check=False, timeout=BUILD_S
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return home / "bin"


def test_the_wheel_holds_both_packages_and_their_files(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as packed:
        names = set(packed.namelist())
    wanted = {
        path.relative_to(CHECKOUT).as_posix()
        for package in ("gated", "drivers")
        for path in (CHECKOUT / package).rglob("*")
        if path.suffix in {".py", ".toml", ".txt", ".html", ".css", ".js", ".svg"}
    }
    assert "gated/screen/page/index.html" in wanted
    assert "gated/cli/demo/scenario.txt" in wanted
    assert "gated/texts.toml" in wanted
    assert wanted - names == set()
    assert not [name for name in names if name.startswith("tests/")]


def test_the_checkout_cannot_be_imported_there(installed: Path, tmp_path: Path) -> None:
    where = "import gated, drivers; print(gated.__file__); print(drivers.__file__)"
    with Running([str(installed / "python"), "-c", where], tmp_path) as running:
        ended = running.end()
    assert ended.code == 0, ended.stderr
    for line in ended.stdout.splitlines():
        assert Path(line).is_relative_to(installed.parent)


def test_the_installed_program_plays_the_demo(installed: Path, tmp_path: Path) -> None:
    command = [str(installed / "gated"), "demo", "--headless", "--people", str(PEOPLE)]
    with Running(command, tmp_path) as running:
        report = demo_report(running.end())
    assert report["people"] == PEOPLE
    assert report["passages"] >= PEOPLE
    assert report["wrong_verdicts"] == 0
    assert report["interrupted"] == 0
    assert report["hub"]["missing"] == report["hub"]["duplicates_stored"] == 0
    assert report["chain_verified"] is True
    assert len(read_scenario()) >= 24
    assert list(tmp_path.iterdir()) == []
