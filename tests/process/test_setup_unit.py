"""systemd/gated-setup.service: it asks once, on the same devices, and the gate follows it."""

import re
from pathlib import Path

from gated import config

ROOT = Path(__file__).parents[2]
UNIT = (ROOT / "systemd/gated-setup.service").read_text("utf-8")
GATE = (ROOT / "systemd/gated.service").read_text("utf-8")


def values(text: str, key: str) -> list[str]:
    return re.findall(rf"^{key}=(.*)$", text, re.MULTILINE)


def test_it_runs_only_as_long_as_there_is_no_configuration() -> None:
    assert values(UNIT, "ConditionPathExists") == [f"!{config.DEFAULT_PATH}"]
    assert values(UNIT, "ExecStart") == ["/opt/gated/bin/gated setup"]


def test_the_gate_follows_when_it_ended_well() -> None:
    """Told to stop it ends with 1, which is no success: nothing is written then."""
    assert values(UNIT, "OnSuccess") == ["gated.service"]
    assert values(UNIT, "Restart") == ["on-failure"]


def test_it_may_open_just_the_devices_of_the_gate() -> None:
    assert values(UNIT, "DeviceAllow") == values(GATE, "DeviceAllow")
    assert values(UNIT, "DevicePolicy") == ["closed"]


def test_it_writes_the_configurations_folder_and_nothing_else() -> None:
    assert values(UNIT, "ReadWritePaths") == [str(config.DEFAULT_PATH.parent)]
    assert values(UNIT, "ProtectSystem") == ["strict"]
    assert values(UNIT, "PrivateTmp") == ["yes"]
    assert values(UNIT, "CapabilityBoundingSet") == ["CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER"]


def test_every_line_that_differs_from_the_gates_is_explained() -> None:
    page = (ROOT / "systemd/README.md").read_text("utf-8")
    for key in ("ConditionPathExists", "OnSuccess", "ReadWritePaths", "CapabilityBoundingSet"):
        (value,) = values(UNIT, key)
        assert f"`{key}={value}`" in page, key
