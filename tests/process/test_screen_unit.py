"""systemd/gated-screen.service: a browser with a display, the gate on loopback and nothing else."""

import re
import shlex
from pathlib import Path

import pytest
import typer

from gated.cli import kiosk
from gated.cli.main import EXIT_CONFIG, app
from tests.process.test_systemd_units import DAEMON, ROOT, Unit

NAME = "gated-screen.service"
TEXT = (ROOT / "systemd" / NAME).read_text("utf-8")


@pytest.fixture
def unit() -> Unit:
    return Unit(NAME)


@pytest.mark.parametrize("key", ["ExecStartPre", "ExecStart"])
def test_it_calls_the_kiosk_with_options_that_exist(unit: Unit, key: str) -> None:
    program, name, *words = shlex.split(unit.service(key).lstrip("-+"))
    assert (program, name) == (DAEMON, "kiosk")
    root = typer.main.get_command(app)
    context = root.make_context("gated", ["--version"], resilient_parsing=True)
    _, command, _ = root.resolve_command(context, ["kiosk"])  # type: ignore[attr-defined] - Click's group
    options = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= options


def test_the_browsers_user_reads_what_root_prepared_and_not_the_configuration(unit: Unit) -> None:
    prepared = shlex.split(unit.service("ExecStartPre"))[-1]
    assert unit.service("ExecStartPre").startswith("-+")
    assert shlex.split(unit.service("ExecStart"))[-1] == prepared
    assert Path(prepared).parent == Path("/run") / unit.service("RuntimeDirectory")
    assert unit.service("InaccessiblePaths").split() == ["-/etc/gated", "-/var/lib/gated"]


def test_it_is_not_the_gates_user_and_not_in_its_group(unit: Unit) -> None:
    assert unit.service("User") == unit.service("Group") == "gated-screen"
    assert unit.service("SupplementaryGroups").split() == ["video", "render", "audio"]


def test_it_comes_after_the_gate_and_goes_on_without_it(unit: Unit) -> None:
    assert "gated.service" in unit.get("Unit", "After").split()
    assert "gated.service" in unit.get("Unit", "Wants").split()
    assert not unit.has_option("Unit", "Requires")
    assert not unit.has_option("Unit", "BindsTo")


def test_it_is_started_again_for_ever_unless_a_person_must_act(unit: Unit) -> None:
    assert (unit.service("Restart"), unit.service("RestartSec")) == ("always", "2")
    assert unit.get("Unit", "StartLimitIntervalSec") == "0"
    codes = unit.service("RestartPreventExitStatus").split()
    assert codes == [str(kiosk.EXIT_UNAVAILABLE), str(EXIT_CONFIG)]


def test_it_has_the_display_to_itself(unit: Unit) -> None:
    assert unit.get("Unit", "Conflicts") == "getty@tty1.service"
    assert "seatd.service" in unit.get("Unit", "After").split()
    assert "Environment=LIBSEAT_BACKEND=seatd" in TEXT
    assert unit.service("PAMName") == "", "a session's scope would take the browser out of here"


def test_it_sees_loopback_alone(unit: Unit) -> None:
    assert unit.service("IPAddressDeny") == "any"
    assert unit.service("IPAddressAllow") == "localhost"


def test_it_may_open_graphics_and_sound_and_no_other_device(unit: Unit) -> None:
    """Documentation/admin-guide/devices.txt of the kernel: DRM 226, ALSA 116."""
    assert unit.service("DevicePolicy") == "closed"
    assert re.findall(r"^DeviceAllow=(.+)$", TEXT, re.MULTILINE) == ["char-226 rw", "char-116 rw"]


def test_the_browsers_own_sandbox_can_be_built(unit: Unit) -> None:
    assert unit.service("RestrictNamespaces") == ""
    assert unit.service("MemoryDenyWriteExecute") == ""
    assert unit.service("NoNewPrivileges") == "yes"


def test_its_memory_ends_before_the_gates_does(unit: Unit) -> None:
    high, limit = (int(unit.service(key).rstrip("M")) for key in ("MemoryHigh", "MemoryMax"))
    assert high < limit
    assert int(unit.service("OOMScoreAdjust")) > 0


def test_what_stood_on_the_page_never_lies_in_a_core_file(unit: Unit) -> None:
    assert unit.service("LimitCORE") == "0"


def test_every_line_that_matters_is_explained() -> None:
    readme = (ROOT / "systemd/README.md").read_text("utf-8").partition("## The screen")[2]
    for key in (
        "ExecStartPre", "Conflicts", "LIBSEAT_BACKEND", "RuntimeDirectory", "Restart",
        "RestartPreventExitStatus", "SuccessExitStatus", "MemoryHigh", "MemoryMax", "OOMScoreAdjust", "IPAddressDeny",
        "DeviceAllow", "InaccessiblePaths", "RestrictNamespaces",
    ):  # fmt: skip
        assert f"`{key}" in readme, key
