"""The audit names who really types a command, whatever the environment claims."""

import os
import pwd
from pathlib import Path

import pytest

from gated.cli import hub_office
from gated.cli.hub_office import command_actor, system_user
from tests.support.office import open_desk

ME = pwd.getpwuid(os.getuid()).pw_name
SOMEBODY = "daemon"  # every system has this account


@pytest.fixture(autouse=True)
def forged(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Every variable names somebody else, and no sudo runs above us."""
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME", "SUDO_USER"):
        monkeypatch.setenv(name, SOMEBODY)
    monkeypatch.setattr(hub_office, "PROCESSES", tmp_path / "proc")
    monkeypatch.setattr(os, "getppid", lambda: ABOVE)


ABOVE = 4242  # the made-up process that started us


def process(folder: Path, pid: int, name: str, above: int) -> None:
    """A process lies in the folder as /proc shows it; ours, so it is root's where root tests."""
    here = folder / "proc" / str(pid)
    here.mkdir(parents=True)
    (here / "comm").write_text(f"{name}\n")
    (here / "stat").write_text(f"{pid} ({name} 1) 2)) S {above} 1 1 0 -1")


def test_a_forged_environment_changes_no_name(tmp_path: Path) -> None:
    assert system_user() == ME
    assert command_actor(open_desk(tmp_path).office).name == f"cli:{ME}"


def test_the_name_of_sudo_counts_only_behind_sudo(tmp_path: Path) -> None:
    process(tmp_path, ABOVE, "bash", 7)
    process(tmp_path, 7, "sudo-like", 1)
    process(tmp_path, 1, "init", 0)
    assert system_user() == ME


def test_sudo_is_believed_only_when_root_owns_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The files that stand for sudo belong to whoever runs this test: root, or nobody to believe."""
    process(tmp_path, ABOVE, "bash", 7)
    process(tmp_path, 7, "sudo", 1)
    assert system_user() == (SOMEBODY if os.getuid() == 0 else ME)
    monkeypatch.setenv("SUDO_USER", "nobody of\nthis system")
    assert system_user() == ME


def test_a_user_without_a_name_is_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(_uid: int) -> object:
        raise KeyError

    monkeypatch.setattr(pwd, "getpwuid", nobody)
    assert system_user() == str(os.getuid())
