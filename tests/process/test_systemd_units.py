"""systemd/: what the units promise, and what systemd itself says of them."""

import configparser
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from gated import config
from gated.config import HubKeysSection, WebSection
from gated.gate import app
from gated.hub.projector import BUSY_S, TROUBLE_S
from gated.hub.service import IDLE_MS
from gated.process.watchdog import SILENT_MS

ROOT = Path(__file__).parents[2]
UNITS = ("gated.service", "gated-hub.service")
DAEMON = "/opt/gated/bin/gated"


class Unit(configparser.RawConfigParser):
    """A unit file; a key that stands several times keeps its last value."""

    def __init__(self, name: str) -> None:
        super().__init__(strict=False, delimiters=("=",), comment_prefixes=("#",))
        self.read(ROOT / "systemd" / name)

    def optionxform(self, optionstr: str) -> str:
        return optionstr

    def service(self, key: str) -> str:
        return self.get("Service", key, fallback="")


@pytest.fixture(params=UNITS)
def unit(request: pytest.FixtureRequest) -> Unit:
    return Unit(request.param)


def test_systemd_has_nothing_to_say_about_the_units(tmp_path: Path) -> None:
    """Verified as installed, but for the program's path: /opt/gated need not exist here."""
    analyze = shutil.which("systemd-analyze")
    assert analyze, "install systemd: script/test runs on Debian"
    paths = []
    for name in sorted(path.name for path in (ROOT / "systemd").glob("*.service")):
        text = (ROOT / "systemd" / name).read_text("utf-8")
        path = tmp_path / name
        path.write_text(text.replace(DAEMON, "/bin/true"), "utf-8")
        paths.append(str(path))
    done = subprocess.run(
        [analyze, "verify", "--recursive-errors=no", *paths],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_unit_starts_the_installed_program_and_waits_until_it_is_ready(unit: Unit) -> None:
    assert unit.service("ExecStart").split()[0] == DAEMON
    assert unit.service("ExecStart").endswith(" run")
    assert unit.service("Type") == "notify"


def test_a_unit_runs_as_a_user_of_its_own_with_its_folders(unit: Unit) -> None:
    assert unit.service("User") == unit.service("Group") == "gated"
    assert unit.service("ConfigurationDirectory") == config.DEFAULT_PATH.parent.name


def test_the_state_directories_are_where_the_configuration_looks() -> None:
    state = Path("/var/lib")
    assert state / Unit("gated.service").service("StateDirectory") == config.StoreSection().dir
    hub = state / Unit("gated-hub.service").service("StateDirectory")
    assert config.HubStoreSection().url == f"sqlite:///{hub}/hub.db"


def test_a_unit_is_tried_again_for_ever_unless_a_person_must_act(unit: Unit) -> None:
    assert unit.service("Restart") == "on-failure"
    assert unit.service("RestartPreventExitStatus") == str(app.EXIT_CONFIG)
    assert unit.get("Unit", "StartLimitIntervalSec") == "0"


def test_the_gate_may_take_as_long_to_start_as_its_journal_needs() -> None:
    assert int(Unit("gated.service").service("TimeoutStartSec")) > app.READY_S


def test_a_stuck_gate_is_noticed_before_its_watchdog_runs_out() -> None:
    assert int(Unit("gated.service").service("WatchdogSec")) * 1000 > 2 * app.HEARTBEAT_MS


def test_a_hung_worker_of_the_hub_is_named_before_the_hub_is_killed() -> None:
    """Nobody rests as long as the watchdog waits for a beat, so none is killed at rest."""
    assert int(Unit("gated-hub.service").service("WatchdogSec")) >= 60
    assert max(IDLE_MS, BUSY_S * 1000, TROUBLE_S * 1000) * 2 <= SILENT_MS


def test_the_hubs_pages_need_no_capability() -> None:
    assert WebSection().port > 1023
    assert Unit("gated-hub.service").service("CapabilityBoundingSet") == ""
    assert Unit("gated-hub.service").service("AmbientCapabilities") == ""


def test_the_hub_finds_its_keys_where_it_may_read() -> None:
    folder = Path("/etc") / Unit("gated-hub.service").service("ConfigurationDirectory")
    keys = HubKeysSection()
    for path in (keys.site, keys.rest, keys.signing, keys.people, keys.seal, keys.trust):
        assert path.is_relative_to(folder)


def test_the_gate_has_the_groups_of_its_devices() -> None:
    groups = Unit("gated.service").service("SupplementaryGroups").split()
    assert groups == ["dialout", "video", "i2c"]
    readme = (ROOT / "README.md").read_text("utf-8")
    assert f"--groups {','.join(groups)} gated" in readme


# Documentation/admin-guide/devices.txt of the kernel.
MAJORS = {"ttyS": 4, "ttyAMA": 204, "ttyACM": 166, "ttyUSB": 188, "video4linux": 81, "i2c": 89}


def test_the_gate_may_open_serial_ports_cameras_and_i2c_buses_and_nothing_else() -> None:
    text = (ROOT / "systemd/gated.service").read_text("utf-8")
    allowed = re.findall(r"^DeviceAllow=char-(\d+) rw$", text, re.MULTILINE)
    assert {int(major) for major in allowed} == set(MAJORS.values())
    assert text.count("DeviceAllow=") == len(allowed)
    assert Unit("gated.service").service("DevicePolicy") == "closed"
    assert Unit("gated.service").service("PrivateDevices") == ""


def test_the_gate_may_ask_whether_the_clock_is_synchronised() -> None:
    unit = Unit("gated.service")
    assert {"adjtimex", "clock_adjtime"} <= set(unit.service("SystemCallFilter").split())
    assert unit.service("ProtectClock") == ""
    assert unit.service("CapabilityBoundingSet") == ""


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("NoNewPrivileges", "yes"),
        ("ProtectSystem", "strict"),
        ("ProtectHome", "yes"),
        ("PrivateTmp", "yes"),
        ("RestrictNamespaces", "yes"),
        ("RestrictSUIDSGID", "yes"),
        ("UMask", "0027"),
    ],
)
def test_a_unit_is_shut_in(unit: Unit, key: str, value: str) -> None:
    assert unit.service(key) == value


def test_every_line_of_the_gates_unit_that_matters_is_explained() -> None:
    readme = (ROOT / "systemd/README.md").read_text("utf-8")
    keys = ["Type", "WatchdogSec", "Restart", "RestartSec", "RestartPreventExitStatus"]
    keys += ["TimeoutStartSec", "TimeoutStopSec", "SupplementaryGroups", "UMask"]
    unit = Unit("gated.service")
    for key in keys:
        assert f"`{key}={unit.service(key)}`" in readme, key
    hub = Unit("gated-hub.service").service("WatchdogSec")
    assert f"`WatchdogSec={hub}` (hub)" in readme
