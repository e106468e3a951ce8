"""Whether a Raspberry Pi gets enough voltage, as its own firmware reports it."""

from pathlib import Path

_HWMON = Path("/sys/class/hwmon")


def undervoltage(hwmon: Path = _HWMON) -> bool | None:
    """Return whether the board is short of voltage now; None when nothing here can tell.

    The kernel's raspberrypi-hwmon driver (name rpi_volt) raises in0_lcrit_alarm below 4.63 V.
    """
    for name in hwmon.glob("*/name"):
        try:
            if name.read_text("ascii").strip() == "rpi_volt":
                return (name.parent / "in0_lcrit_alarm").read_text("ascii").strip() == "1"
        except (OSError, UnicodeDecodeError):
            continue
    return None
