"""The face of smbus2.SMBus for buses that are not wires, and the checksum they need.

A subclass carries one combined transfer; everything else is here. How it differs from the real
class: only the calls a word device needs; like the kernel, word calls verify and add the checksum
only when pec is on, but a read without it is carried as a two-byte read.
"""

import errno
from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self

from smbus2 import i2c_msg

# One combined transfer: (address, bytes to write, or the number of bytes to read), in order.
Messages = list[tuple[int, bytes | int]]

I2C_M_RD = 1
FUNCS = 0x00000001 | 0x00000008 | 0x00600000  # plain I2C, checksums, word calls
_TOP_BIT = 0x80


def _table() -> tuple[int, ...]:
    row = []
    for start in range(256):
        value = start
        for _ in range(8):
            value = (value * 2) ^ (0x107 if value >= _TOP_BIT else 0)
        row.append(value)
    return tuple(row)


_PEC = _table()


def pec(*data: int) -> int:
    """Return the checksum of these bytes, by table."""
    value = 0
    for byte in data:
        value = _PEC[value ^ byte]
    return value


class BusFace(ABC):
    """An open bus with the interface of smbus2.SMBus."""

    def __init__(self) -> None:
        self.fd: int | None = 3
        self.funcs = FUNCS
        self.pec = 0

    @abstractmethod
    def carry(self, messages: Messages) -> list[bytes]:
        """Make one combined transfer; return what each read message read. Raises OSError."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def open(self, bus: int | str) -> None:
        """The bus is open; its name is not looked at."""
        del bus
        self.fd = 3

    def close(self) -> None:
        """The bus is closed; calls answer EBADF. May be called twice."""
        self.fd = None

    def enable_pec(self, enable: int = 1) -> None:
        """Word calls carry checksums from now on, or no longer (0)."""
        self.pec = int(enable)

    def i2c_rdwr(self, *i2c_msgs: i2c_msg) -> None:
        """Make one combined transfer; bytes read land in the messages' buffers."""
        messages: Messages = [
            (message.addr, message.len if message.flags & I2C_M_RD else bytes(message))
            for message in i2c_msgs
        ]
        answers = iter(self._open_carry(messages))
        for message in i2c_msgs:
            if message.flags & I2C_M_RD:
                for index, byte in enumerate(next(answers)):
                    message.buf[index] = bytes([byte])

    def read_word_data(self, i2c_addr: int, register: int) -> int:
        """Read a word: two bytes without pec, which upsets the sensor as on the real bus."""
        size = 3 if self.pec else 2
        (answer,) = self._open_carry([(i2c_addr, bytes([register])), (i2c_addr, size)])
        low, high = answer[0], answer[1]
        if self.pec:
            expected = pec(i2c_addr * 2, register, i2c_addr * 2 + 1, low, high)
            if expected != answer[2]:
                raise OSError(errno.EBADMSG, "bad message")
        return low | high << 8

    def write_word_data(self, i2c_addr: int, register: int, value: int) -> None:
        """Write a word, with its checksum when pec is on."""
        data = [register, value & 0xFF, value >> 8]
        tail = [pec(i2c_addr * 2, *data)] if self.pec else []
        self._open_carry([(i2c_addr, bytes(data + tail))])

    def write_byte(self, i2c_addr: int, value: int) -> None:
        """Send a bare opcode, with its checksum when pec is on."""
        tail = [pec(i2c_addr * 2, value)] if self.pec else []
        self._open_carry([(i2c_addr, bytes([value, *tail]))])

    def _open_carry(self, messages: Messages) -> list[bytes]:
        if self.fd is None:
            raise OSError(errno.EBADF, "bus is closed")
        return self.carry(messages)
