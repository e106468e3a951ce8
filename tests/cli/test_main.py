"""One entry for all commands: help, version, unknown words, exit codes."""

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from gated import __version__
from gated.cli import main as main_module
from gated.cli.main import EXIT_CONFIG, EXIT_NOT, app, main
from gated.errors import ConfigError, StoreError
from tests.gate.site_files import command

NAMES = ("run", "check", "demo", "scan", "roster", "pass", "keys", "journal", "hub")


def test_help_lists_every_command_with_its_line() -> None:
    done = CliRunner().invoke(app, ["--help"])
    assert done.exit_code == 0
    for name in NAMES:
        assert name in done.stdout


@pytest.mark.parametrize("name", NAMES)
def test_every_command_can_be_asked_for_help(name: str) -> None:
    done = CliRunner().invoke(app, [name, "--help"])
    assert done.exit_code == 0, done.output
    assert "Usage" in done.stdout


def test_version_is_one_line() -> None:
    done = command("--version")
    assert (done.returncode, done.stdout) == (0, f"gated {__version__}\n")


def test_an_unknown_command_is_a_usage_error_on_stderr() -> None:
    done = command("opne")
    assert (done.returncode, done.stdout) == (2, "")
    assert "opne" in done.stderr


def test_no_command_shows_the_help() -> None:
    done = CliRunner().invoke(app, [])
    assert done.exit_code == 2
    assert "Commands" in done.output


def test_an_unknown_option_is_a_usage_error() -> None:
    assert CliRunner().invoke(app, ["check", "--jsn"]).exit_code == 2


@pytest.mark.parametrize(
    ("error", "code"),
    [(ConfigError("[camera] fps: 120"), EXIT_CONFIG), (StoreError("cannot open x"), EXIT_NOT)],
)
def test_a_failure_people_can_mend_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: Exception,
    code: int,
) -> None:
    def fail() -> None:
        raise error

    monkeypatch.setattr(main_module, "app", fail)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == code
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", f"error: {error}\n")


def without(package: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run `gated` where this package is not installed."""
    script = (
        f"import sys\nsys.modules[{package!r}] = None\nsys.argv = ['gated', *{list(words)!r}]\n"
        "from gated.cli.main import main\nmain()\n"
    )
    return subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60
    )


def test_help_needs_no_package_of_any_command() -> None:
    done = without("sqlalchemy", "--help")
    assert done.returncode == 0, done.stderr
    assert "hub" in done.stdout


@pytest.mark.parametrize("words", ["demo --headless", "hub gates", "roster push people.csv"])
def test_a_missing_extra_is_named_with_its_remedy(words: str) -> None:
    done = without("sqlalchemy", *words.split())
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        "error: this needs the Python package sqlalchemy; in the checkout:"
        f" {sys.prefix}/bin/pip install -c constraints.txt '.[hub]'\n"
    )


def test_asking_for_the_version_imports_no_command() -> None:
    script = (
        "import sys\n"
        "from gated.cli.main import main\n"
        "sys.argv = ['gated', '--version']\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print([m for m in sys.modules if m.startswith(('gated.cli.', 'cv2', 'sqlalchemy'))])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.splitlines()[-1] == "['gated.cli.main']"
