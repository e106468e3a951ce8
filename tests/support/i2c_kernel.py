"""A /dev/i2c-1 as the kernel presents it, with a simulated bus behind it.

A program of its own for the system's Python with PyGObject, started under umockdev-wrapper:

    umockdev-wrapper /usr/bin/python3 tests/support/i2c_kernel.py sim:127.0.0.1:4000 '{}'

Programs that run under umockdev-wrapper with UMOCKDEV_DIR set to the folder it prints find the
device node there and its bus in /sys. Their ioctls arrive here: pointers inside them are followed,
transfers go on to the simulated bus, and what was read is written into their memory. Ends with its
standard input. Options, as JSON: `clock_hz` in the device tree; `owner`: a kernel driver bound at
0x5a, `busy`: the same where sysfs tells nothing; `mode` of the device node.

How it differs from a kernel: no bit times, and a bus that hangs answers at once.
"""

import errno
import importlib
import json
import os
import socket
import struct
import sys
import threading
from pathlib import Path
from typing import Any

I2C_SLAVE = 0x0703
I2C_FUNCS = 0x0705
I2C_RDWR = 0x0707
FUNCTIONS = 0x0EFF0009  # plain I2C and emulated SMBus calls with checksums, as on a Raspberry Pi
MESSAGES_MAX = 42
READ = 1
MESSAGE = struct.Struct("=HHH2xQ")  # address, flags, length, pointer
RDWR = struct.Struct("=QI4x")  # pointer to the messages, how many
POINTER_IN_MESSAGE = 8
NODE = "devices/platform/soc/3f804000.i2c/i2c-1"
DEVICE = (
    f"P: /{NODE}\nN: i2c-1\nE: DEVNAME=/dev/i2c-1\nE: SUBSYSTEM=i2c-dev\nE: MAJOR=89\nE: MINOR=1\n"
)


class SimulatedWire:
    """The other end of `sim:HOST:PORT`, in as few words as this program needs."""

    def __init__(self, bus: str) -> None:
        _, host, port = bus.split(":")
        self._socket = socket.create_connection((host, int(port)), 5)

    def carry(self, messages: list[tuple[int, bytes | int]]) -> list[bytes]:
        """Make one combined transfer. Raises OSError."""
        request = bytearray((len(messages),))
        for address, content in messages:
            if isinstance(content, int):
                request += bytes((address, 0x80 | content))
            else:
                request += bytes((address, len(content))) + content
        self._socket.sendall(request)
        number, size = self._exactly(2)
        data = self._exactly(size)
        if number:
            raise OSError(number, "the transfer failed")
        answers = []
        for _, content in messages:
            if isinstance(content, int):
                answers.append(data[:content])
                data = data[content:]
        return answers

    def _exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            data += self._socket.recv(size - len(data)) or self._gone()
        return data

    def _gone(self) -> bytes:
        raise OSError(errno.ENODEV, "the simulated bus is gone")


class Kernel:
    """Answers the ioctls of every process that opened the device."""

    def __init__(self, wire: SimulatedWire, *, busy: bool) -> None:
        self._wire = wire
        self._busy = busy

    def answer(self, base: object, client: Any) -> bool:
        """Complete one ioctl; a signal handler of UMockdev.IoctlBase."""
        del base
        request, argument = client.get_request(), client.get_arg()
        try:
            client.complete(self._answered(request, argument), 0)
        except OSError as error:
            client.complete(-1, error.errno or errno.EIO)
        return True

    def _answered(self, request: int, argument: Any) -> int:
        if request == I2C_FUNCS:
            argument.resolve(0, 8).update(0, list(FUNCTIONS.to_bytes(8, sys.byteorder)))
            return 0
        if request == I2C_SLAVE:
            if self._busy:
                raise OSError(errno.EBUSY, "a kernel driver is bound")
            return 0
        if request == I2C_RDWR:
            return self._transferred(argument.resolve(0, RDWR.size))
        raise OSError(errno.ENOTTY, "no such call")

    def _transferred(self, head: Any) -> int:
        _, count = RDWR.unpack(bytes(head.retrieve()))
        if count > MESSAGES_MAX:
            raise OSError(errno.EINVAL, "too many messages")
        table = head.resolve(0, count * MESSAGE.size)
        rows = list(MESSAGE.iter_unpack(bytes(table.retrieve())))
        buffers = [
            table.resolve(number * MESSAGE.size + POINTER_IN_MESSAGE, length)
            for number, (_, _, length, _) in enumerate(rows)
        ]
        messages: list[tuple[int, bytes | int]] = [
            (address, length if flags & READ else bytes(buffer.retrieve()))
            for (address, flags, length, _), buffer in zip(rows, buffers, strict=True)
        ]
        answers = iter(self._wire.carry(messages))
        for (_, flags, _, _), buffer in zip(rows, buffers, strict=True):
            if flags & READ:
                buffer.update(0, list(next(answers)))
        return count


def lay_out(sys_folder: Path, options: dict[str, Any]) -> None:
    """Write what /sys tells of the bus, as on a Raspberry Pi."""
    node = sys_folder / NODE
    if options.get("clock_hz"):
        (node / "of_node").mkdir(parents=True)
        (node / "of_node/clock-frequency").write_bytes(options["clock_hz"].to_bytes(4, "big"))
    devices = sys_folder / "bus/i2c/devices"
    devices.mkdir(parents=True)
    (devices / "i2c-1").symlink_to("../../../" + NODE)
    if options.get("owner"):
        driver = sys_folder / "bus/i2c/drivers" / options["owner"]
        driver.mkdir(parents=True)
        (node / "1-005a").mkdir()
        (node / "1-005a/driver").symlink_to(driver)
        (devices / "1-005a").symlink_to("../../../" + NODE + "/1-005a")


def main() -> None:
    """Serve one bus until standard input ends."""
    gi = importlib.import_module("gi")
    gi.require_version("UMockdev", "1.0")
    mock = importlib.import_module("gi.repository.UMockdev")
    glib = importlib.import_module("gi.repository.GLib")
    options = json.loads(sys.argv[2])
    bed = mock.Testbed.new()
    bed.add_from_string(DEVICE)
    root = Path(bed.get_root_dir())
    lay_out(root / "sys", options)
    (root / "dev/i2c-1").chmod(options.get("mode", 0o660))
    kernel = Kernel(SimulatedWire(sys.argv[1]), busy=bool(options.get("busy")))
    handler = mock.IoctlBase.new()
    handler.connect("handle-ioctl", kernel.answer)
    bed.attach_ioctl("/dev/i2c-1", handler)
    sys.stdout.write(f"{root}\n")
    sys.stdout.flush()
    loop = glib.MainLoop()

    def until_told() -> None:
        os.read(0, 1)
        glib.idle_add(loop.quit)

    threading.Thread(target=until_told, daemon=True).start()
    loop.run()
    bed.detach_ioctl("/dev/i2c-1")


if __name__ == "__main__":
    main()
