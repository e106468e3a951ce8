"""The MLX90614 on an I2C bus: one object and one ambient temperature per sensor update.

Every word is read as three bytes in one write + repeated start + read transfer, its checksum
verified here. Two-byte reads are never made: they leave this sensor refusing the next transfer.
A failed read is an error, never a temperature. Nothing is ever written to the sensor.
"""

import errno
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from smbus2 import SMBus, i2c_msg

from drivers.errors import CorruptData, DeviceDenied, DeviceUnavailable, DriverError
from drivers.thermometer import protocol

# The pauses the sensor needs after a disturbed transfer; together less than one sensor period.
RETRY_PAUSES_S = (0.002, 0.010, 0.050)
SELF_TEST_READS = 5
# Checksum failures over this many transfers decide the health of the line.
LINE_HISTORY = 200
LINE_JUDGED_FROM = 50
LINE_WEAK_PERCENT = 1
LINE_BAD_PERCENT = 10

_RETRIED_ERRORS = frozenset({errno.EREMOTEIO, errno.EIO, errno.EBADMSG})
_REMEDIES: dict[int, tuple[type[DriverError], str]] = {
    errno.EREMOTEIO: (DeviceUnavailable, "nobody answers; check power, wiring and the address"),
    errno.EIO: (DeviceUnavailable, "the bus controller failed; check wiring and cable length"),
    errno.EBADMSG: (CorruptData, "the checksum is wrong; check cable length and the bus clock"),
    errno.ETIMEDOUT: (DeviceUnavailable, "the bus is stuck; switch the sensor off and on"),
    errno.EBUSY: (
        DeviceDenied,
        "a kernel driver owns the address; unload module mlx90614 and remove its overlay",
    ),
    errno.EOPNOTSUPP: (
        DeviceDenied,
        "this bus cannot make combined transfers; use a bus with plain I2C",
    ),
    errno.ENXIO: (DeviceUnavailable, "no such device; check power and wiring"),
    errno.ENODEV: (DeviceUnavailable, "the bus is gone; check the adapter"),
    errno.ENOENT: (DeviceUnavailable, "no such bus; switch I2C on with raspi-config"),
    errno.EACCES: (DeviceDenied, "permission denied; add the service's user to group i2c"),
    errno.EPERM: (DeviceDenied, "permission denied; add the service's user to group i2c"),
}


class Bus(Protocol):
    """What the driver needs of an smbus2 bus."""

    def i2c_rdwr(self, *i2c_msgs: i2c_msg) -> None:
        """Make one combined transfer. Raises OSError."""

    def close(self) -> None:
        """Free the bus. May be called twice."""


class Clock(Protocol):
    """Where time comes from, so that tests own it."""

    def monotonic(self) -> float:
        """Return monotonic seconds."""

    def wait(self, event: threading.Event, timeout_s: float) -> bool:
        """Block until the event is set or the time is over; tell whether it is set."""


class MachineClock:
    """The clock of this machine."""

    def monotonic(self) -> float:
        """Return monotonic seconds."""
        return time.monotonic()

    def wait(self, event: threading.Event, timeout_s: float) -> bool:
        """Block until the event is set or the time is over; tell whether it is set."""
        return event.wait(timeout_s)


@dataclass(frozen=True, slots=True)
class Sample:
    """One sensor update as read, uncorrected. Thousandths of °C; taken_s: monotonic seconds."""

    object_code: int
    ambient_code: int
    object_mc: int
    ambient_mc: int
    taken_s: float


@dataclass(slots=True)
class Counters:
    """What happened on the line since the device was opened."""

    samples: int = 0
    retries: int = 0
    pec_failures: int = 0
    bus_errors: int = 0
    rejected_codes: int = 0


def open_bus(bus: str | int) -> SMBus:
    """Return the opened bus: a number, a number as text, or a path such as /dev/i2c-1.

    Raises DeviceUnavailable when it is not there and DeviceDenied when it may not be opened.
    """
    name = int(bus) if isinstance(bus, str) and bus.isdecimal() else bus
    try:
        return SMBus(name)
    except OSError as error:
        shown = f"/dev/i2c-{name}" if isinstance(name, int) else name
        raise _failure(f"cannot open I2C bus {shown}", error) from error


class Mlx90614:
    """An MLX90614 on a bus that is passed in and owned from then on.

    variant: three letters on the can; supply_v: its supply in volts. Raises ValueError when the
    variant is unknown or the supply is outside what it stands. One thread reads; interrupt() may
    come from any other. The first read tests the checksum with 5 extra transfers.
    """

    def __init__(
        self,
        bus: Bus,
        address: int = protocol.ADDRESS_DEFAULT,
        *,
        variant: str = "DCC",
        supply_v: float = 3.3,
        clock: Clock | None = None,
    ) -> None:
        self.variant = protocol.variant_of(variant)
        low_v, high_v = self.variant.supply_v
        if not low_v <= supply_v <= high_v:
            raise ValueError(
                f"thermometer {variant}: supply {supply_v} V is outside {low_v} to {high_v} V"
            )
        self.supply_v = supply_v
        self.counters = Counters()
        self._bus = bus
        self._address = address
        self._clock: Clock = MachineClock() if clock is None else clock
        self._interrupted = threading.Event()
        self._closed = False
        self._due_s = self._clock.monotonic()
        self._pec_verified: bool | None = None
        self._line: deque[bool] = deque(maxlen=LINE_HISTORY)

    @property
    def health(self) -> frozenset[str]:
        """Flags of a working but impaired line: `pec_unavailable`, `pec_weak`."""
        flags = set()
        if self._pec_verified is False:
            flags.add("pec_unavailable")
        elif self._line_failures_percent() > LINE_WEAK_PERCENT:
            flags.add("pec_weak")
        return frozenset(flags)

    def read(self, timeout_s: float) -> Sample | None:
        """Return the next sensor update, or None when it is not due within timeout_s.

        Blocks up to timeout_s, plus at most 0.4 s of retries on a disturbed line. Raises
        DeviceUnavailable, DeviceDenied or CorruptData; the caller reopens after a pause.
        """
        self._refuse_when_closed()
        wait_s = self._due_s - self._clock.monotonic()
        if self._pause(min(max(wait_s, 0.0), timeout_s)) or wait_s > timeout_s:
            return None
        if self._pec_verified is None:
            self._pec_verified = self._self_test()
        taken_s = self._clock.monotonic()
        # Counting from the last due time keeps the period exact; a late caller starts anew.
        late = taken_s >= self._due_s + self.variant.period_s
        self._due_s = (taken_s if late else self._due_s) + self.variant.period_s
        object_code = self._word(protocol.RAM_OBJECT, protocol.object_mc)
        ambient_code = self._word(protocol.RAM_AMBIENT, protocol.ambient_mc)
        self.counters.samples += 1
        return Sample(
            object_code,
            ambient_code,
            protocol.object_mc(object_code),
            protocol.ambient_mc(ambient_code),
            taken_s,
        )

    def serial(self) -> str:
        """Return the sensor's serial as 16 hex digits. Blocks for four transfers."""
        self._refuse_when_closed()
        low, second, third, high = (self._word(cell) for cell in protocol.CELLS_SERIAL)
        return protocol.serial_text((low, second, third, high))

    def probe(self) -> str:
        """Return one line about the sensor found here, with a warning if it was altered."""
        self._refuse_when_closed()
        if self._pec_verified is None:
            self._pec_verified = self._self_test()
        configuration = self._word(protocol.CELL_CONFIGURATION)
        emissivity = self._word(protocol.CELL_EMISSIVITY)
        text = (
            f"MLX90614 {self.variant.letters} at 0x{self._address:02x}, serial {self.serial()}, "
            f"configuration 0x{configuration:04x} ({protocol.filter_text(configuration)})"
        )
        if self._pec_verified is False:
            text += "; warning: the sensor's checksums are unusable, words are read twice instead"
        if emissivity != protocol.EMISSIVITY_FACTORY:
            text += (
                f"; warning: emissivity cell is 0x{emissivity:04x}, expected 0xffff: "
                "readings are wrong, replace the sensor"
            )
        return text

    def interrupt(self) -> None:
        """End a blocked read at once with None; a read that is not blocked yet, when it comes."""
        self._interrupted.set()

    def close(self) -> None:
        """Free the bus and end a blocked read. May be called twice."""
        self._closed = True
        self._interrupted.set()
        self._bus.close()

    def _refuse_when_closed(self) -> None:
        if self._closed:
            raise DeviceUnavailable(f"cannot read {self._name()}: it was closed; open it again")

    def _name(self) -> str:
        return f"thermometer 0x{self._address:02x}"

    def _pause(self, wait_s: float) -> bool:
        """Wait; tell whether the wait was cut short, which ends the read."""
        if wait_s <= 0.0 and not self._interrupted.is_set():
            return False
        if not self._clock.wait(self._interrupted, wait_s):
            return False
        self._interrupted.clear()
        return True

    def _transfer(self, opcode: int) -> bytes:
        """Return the three bytes of one read. Raises OSError."""
        write = i2c_msg.write(self._address, [opcode])
        read = i2c_msg.read(self._address, protocol.READ_SIZE)
        self._bus.i2c_rdwr(write, read)
        return bytes(read)

    def _self_test(self) -> bool:
        """Tell whether this sensor's checksums can be used, from a cell that never changes."""
        words = set()
        for _ in range(SELF_TEST_READS):
            answer = self._answer(protocol.CELL_ADDRESS)
            words.add(protocol.word_of(answer))
            if answer[2] == protocol.read_word_pec(
                self._address, protocol.CELL_ADDRESS, protocol.word_of(answer)
            ):
                return True
        if len(words) == 1 and not protocol.dead_word(next(iter(words))):
            return False
        raise CorruptData(
            f"{self._name()}: {SELF_TEST_READS} checksums wrong and the words "
            f"{', '.join(f'0x{word:04x}' for word in sorted(words))}; check power and wiring"
        )

    def _answer(self, opcode: int) -> bytes:
        """Return three bytes, trying again after errors that pass. Raises DriverError."""
        for pause_s in (*RETRY_PAUSES_S, None):
            try:
                return self._transfer(opcode)
            except OSError as error:
                self.counters.bus_errors += 1
                if pause_s is None or error.errno not in _RETRIED_ERRORS:
                    raise _failure(f"cannot read {self._name()}", error) from error
            self._pause_before_retry(pause_s)
        raise AssertionError("the last try returns or raises")

    def _word(self, opcode: int, check: Callable[[int], int] | None = None) -> int:
        """Return a believed word, trying again after bad ones. Raises DriverError."""
        for pause_s in (*RETRY_PAUSES_S, None):
            try:
                return self._believed(opcode, check)
            except CorruptData as error:
                if pause_s is None:
                    tries = len(RETRY_PAUSES_S) + 1
                    raise CorruptData(
                        f"{self._name()}: {error} ({tries} times in a row); check the wiring"
                    ) from error
            self._pause_before_retry(pause_s)
        raise AssertionError("the last try returns or raises")

    def _pause_before_retry(self, pause_s: float) -> None:
        self.counters.retries += 1
        self._clock.wait(self._interrupted, pause_s)

    def _believed(self, opcode: int, check: Callable[[int], int] | None) -> int:
        word = self._read_verified(opcode) if self._pec_verified else self._read_twice(opcode)
        if check is None:
            return word
        try:
            check(word)
        except CorruptData:
            self.counters.rejected_codes += 1
            raise
        return word

    def _read_verified(self, opcode: int) -> int:
        answer = self._answer(opcode)
        try:
            word = protocol.checked_word(self._address, opcode, answer)
        except CorruptData:
            self.counters.pec_failures += 1
            self._line.append(False)
            self._refuse_bad_line()
            raise
        self._line.append(True)
        return word

    def _read_twice(self, opcode: int) -> int:
        """Return a word that was read twice alike. Raises CorruptData."""
        first = protocol.word_of(self._answer(opcode))
        second = protocol.word_of(self._answer(opcode))
        if first != second:
            raise CorruptData(f"two reads differ, 0x{first:04x} and 0x{second:04x}")
        return first

    def _line_failures_percent(self) -> float:
        if len(self._line) < LINE_JUDGED_FROM:
            return 0.0
        return 100.0 * self._line.count(False) / len(self._line)

    def _refuse_bad_line(self) -> None:
        percent = self._line_failures_percent()
        if percent > LINE_BAD_PERCENT:
            raise DeviceUnavailable(
                f"{self._name()}: {percent:.0f} % of the last {len(self._line)} checksums are "
                "wrong; shorten the cable or lower the bus clock"
            )


def _failure(tried: str, error: OSError) -> DriverError:
    kind, remedy = _REMEDIES.get(
        error.errno or 0, (DeviceUnavailable, f"{error.strerror or error}; check the wiring")
    )
    return kind(f"{tried}: {remedy} (errno {error.errno})")
