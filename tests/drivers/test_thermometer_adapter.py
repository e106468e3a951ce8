"""What the machine says of a bus, in a folder laid out like /sys on a Raspberry Pi."""

from pathlib import Path

import pytest

from drivers.errors import DeviceDenied, DeviceUnavailable
from drivers.thermometer.adapter import Wire, open_bus, wire

TREE = "devices/platform/soc/3f804000.i2c"


@pytest.fixture
def sysfs(tmp_path: Path) -> Path:
    """Bus 1 at 400 kHz with a kernel driver at 0x5a; bus 3 without a word about its clock."""
    node = tmp_path / "firmware/devicetree/base/soc/i2c@7e804000"
    node.mkdir(parents=True)
    (node / "clock-frequency").write_bytes((400_000).to_bytes(4, "big"))
    for number in (1, 3):
        (tmp_path / TREE / f"i2c-{number}").mkdir(parents=True)
    (tmp_path / TREE / "i2c-1/of_node").symlink_to(node)
    bound = tmp_path / TREE / "i2c-1/1-005a"
    bound.mkdir()
    (tmp_path / TREE / "i2c-1/1-0068").mkdir()  # declared, and no driver took it
    (tmp_path / "bus/i2c/drivers/mlx90614").mkdir(parents=True)
    (bound / "driver").symlink_to(tmp_path / "bus/i2c/drivers/mlx90614")
    devices = tmp_path / "bus/i2c/devices"
    devices.mkdir()
    for name in ("i2c-1", "i2c-3", "i2c-1/1-005a", "i2c-1/1-0068"):
        (devices / Path(name).name).symlink_to(tmp_path / TREE / name)
    return tmp_path


@pytest.mark.parametrize("bus", [1, "1", "/dev/i2c-1"])
def test_the_clock_is_what_the_device_tree_sets(sysfs: Path, bus: str | int) -> None:
    assert wire(bus, sysfs) == Wire("/dev/i2c-1", 400_000)
    concern = wire(bus, sysfs).concern(0.001)
    assert concern.startswith("/dev/i2c-1 is set to 400 kHz, the sensor takes 10 to 100; ")
    assert concern.endswith(
        "dtparam=i2c_arm_baudrate=50000 in /boot/firmware/config.txt and reboot"
    )


@pytest.mark.parametrize("bus", [3, 9, "/dev/serial/by-id/nothing"])
def test_a_clock_nobody_tells_is_unknown(sysfs: Path, bus: str | int) -> None:
    assert wire(bus, sysfs).clock_hz is None


def test_a_name_that_udev_keeps_is_followed_to_its_bus(sysfs: Path, tmp_path: Path) -> None:
    name = tmp_path / "thermometer"
    name.symlink_to("/dev/i2c-1")
    assert wire(str(name), sysfs).clock_hz == 400_000


def test_a_driver_of_the_kernel_at_the_address_is_named_with_what_to_do(sysfs: Path) -> None:
    with pytest.raises(DeviceDenied) as caught:
        open_bus(1, 0x5A, sysfs)
    assert str(caught.value) == (
        "cannot use 0x5a on /dev/i2c-1: the kernel driver mlx90614 owns the address; "
        "unload module mlx90614 and remove its overlay"
    )


@pytest.mark.parametrize(("bus", "address"), [(1, 0x5B), (1, 0x68), (3, 0x5A), (250, 0x5A)])
def test_an_address_nobody_drives_is_free(sysfs: Path, bus: int, address: int) -> None:
    """What stops the opening here is that this machine has no such bus."""
    with pytest.raises(DeviceUnavailable, match=f"cannot open I2C bus /dev/i2c-{bus}: no such bus"):
        open_bus(bus, address, sysfs)
