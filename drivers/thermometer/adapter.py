"""The bus below the sensor: opening it, who else owns the address, how fast it runs.

Combined transfers are carried by the kernel even while a driver of its own is bound to the address;
both would then talk to one sensor. So the kernel is asked before the first transfer, by the one
call that tells (I2C_SLAVE answers EBUSY), and the name of the driver comes from sysfs.

Source: Linux, drivers/i2c/i2c-dev.c (i2cdev_check_addr); MLX90614 family data sheet rev 13
(10 to 100 kHz).
"""

import errno
import fcntl
from dataclasses import dataclass
from pathlib import Path

from smbus2 import SMBus

from drivers.errors import DeviceDenied, DriverError
from drivers.thermometer.reactions import failure

SYSFS = Path("/sys")
I2C_SLAVE = 0x0703
CLOCK_MIN_HZ = 10_000
CLOCK_MAX_HZ = 100_000
# Start, address, opcode, start, address, three bytes, each with its acknowledge, stop.
BITS_PER_READ = 6 * 9 + 3
MEASURED_SLACK = 1.1  # a board's 100 kHz may be a little more, which no sensor has minded
SLOWER = "set dtparam=i2c_arm_baudrate=50000 in /boot/firmware/config.txt and reboot"


@dataclass(frozen=True, slots=True)
class Wire:
    """What the machine says of one bus. clock_hz: as its device tree sets it, None if untold."""

    name: str
    clock_hz: int | None = None

    def concern(self, fastest_s: float) -> str:
        """Return what is wrong with the clock as `what; remedy`, or nothing.

        fastest_s: the shortest read of a word so far; a bus cannot run slower than that tells.
        """
        if self.clock_hz is not None:
            if CLOCK_MIN_HZ <= self.clock_hz <= CLOCK_MAX_HZ:
                return ""
            return (
                f"{self.name} is set to {self.clock_hz / 1000:.0f} kHz, the sensor takes 10 to "
                f"100; {SLOWER}"
            )
        least_hz = BITS_PER_READ / fastest_s if fastest_s > 0.0 else 0.0
        if least_hz <= CLOCK_MAX_HZ * MEASURED_SLACK:
            return ""
        return (
            f"{self.name} runs at {least_hz / 1000:.0f} kHz or more (one read took "
            f"{fastest_s * 1000:.2f} ms), the sensor takes 10 to 100; {SLOWER}"
        )


def open_bus(bus: str | int, address: int | None = None, sysfs: Path = SYSFS) -> SMBus:
    """Return the opened bus: a number, a number as text, or a path such as /dev/i2c-1.

    Raises DeviceUnavailable when it is not there and DeviceDenied when it may not be opened, or
    when the kernel itself drives what is at `address`.
    """
    name, shown = _named(bus)
    if address is not None:
        _refuse_owned(shown, address, sysfs)
    try:
        opened = SMBus(name)
    except OSError as error:
        raise failure(f"cannot open I2C bus {shown}", error) from error
    if address is not None:
        try:
            _claim(opened, shown, address)
        except DriverError:
            opened.close()
            raise
    return opened


def wire(bus: str | int, sysfs: Path = SYSFS) -> Wire:
    """Return what the machine says of this bus; nothing is opened."""
    _, shown = _named(bus)
    number = _number(shown)
    return Wire(shown, None if number is None else _clock_hz(sysfs, number))


def _named(bus: str | int) -> tuple[str | int, str]:
    name = int(bus) if isinstance(bus, str) and bus.isdecimal() else bus
    return name, f"/dev/i2c-{name}" if isinstance(name, int) else name


def _number(shown: str) -> int | None:
    """Return the number of a bus; a name kept by udev is followed to where it leads."""
    last = Path(shown).resolve().name.removeprefix("i2c-")
    return int(last) if last.isdecimal() else None


def _clock_hz(sysfs: Path, number: int) -> int | None:
    cell = sysfs / f"bus/i2c/devices/i2c-{number}/of_node/clock-frequency"
    try:
        return int.from_bytes(cell.read_bytes()[:4], "big") or None
    except OSError:
        return None


def _refuse_owned(shown: str, address: int, sysfs: Path) -> None:
    """Return when no kernel driver is bound there, as far as sysfs can be read."""
    link = sysfs / f"bus/i2c/devices/{_number(shown)}-{address:04x}/driver"
    try:
        owner = link.readlink().name
    except OSError:
        return
    raise DeviceDenied(
        f"cannot use 0x{address:02x} on {shown}: the kernel driver {owner} owns the address; "
        f"unload module {owner} and remove its overlay"
    ) from OSError(errno.EBUSY, f"{owner} is bound")


def _claim(opened: SMBus, shown: str, address: int) -> None:
    """Ask the kernel whether the address is free; it answers for this one call alone."""
    assert opened.fd is not None, "it was opened just now"
    try:
        fcntl.ioctl(opened.fd, I2C_SLAVE, address)
    except OSError as error:
        raise failure(f"cannot use 0x{address:02x} on {shown}", error) from error
