"""What the firmware's voltage alarm means."""

from pathlib import Path

import pytest

from gated.process.power import undervoltage


def monitor(folder: Path, name: str, alarm: str | None) -> None:
    folder.mkdir(parents=True)
    (folder / "name").write_text(name + "\n")
    if alarm is not None:
        (folder / "in0_lcrit_alarm").write_text(alarm + "\n")


@pytest.mark.parametrize(("alarm", "expected"), [("1", True), ("0", False)])
def test_the_boards_own_alarm_is_believed(tmp_path: Path, alarm: str, expected: bool) -> None:
    monitor(tmp_path / "hwmon0", "cpu_thermal", None)
    monitor(tmp_path / "hwmon1", "rpi_volt", alarm)
    assert undervoltage(tmp_path) is expected


def test_a_machine_without_the_monitor_says_nothing(tmp_path: Path) -> None:
    assert undervoltage(tmp_path) is None
    monitor(tmp_path / "hwmon0", "rpi_volt", None)
    assert undervoltage(tmp_path) is None
