"""The MLX90614 on an I2C bus: one object and one ambient temperature per sensor update.

Every word is read as three bytes in one write + repeated start + read transfer, its checksum
verified here. Two-byte reads are never made: they leave this sensor refusing the next transfer.
A failed read is an error, never a temperature. Nothing is ever written to the sensor.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from smbus2 import i2c_msg

from drivers.errors import CorruptData, DeviceUnavailable
from drivers.thermometer import protocol
from drivers.thermometer.adapter import Wire
from drivers.thermometer.identity import Identity
from drivers.thermometer.line import Counters, Line
from drivers.thermometer.reactions import WRONG_BYTES_S, failure, reaction

SELF_TEST_READS = 5
LINE_TEST_READS = 60

_CONCERNS = {
    "frozen": "the reading does not change; switch the sensor off and on",
    "pec_unavailable": (
        "the sensor's checksums are unusable, words are read twice instead; replace the sensor "
        "when there is time"
    ),
    "pec_weak": (
        "more than 1 % of the checksums are wrong; shorten the cable or lower the bus clock"
    ),
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


class Mlx90614:
    """An MLX90614 on a bus that is passed in and owned from then on.

    variant: three letters on the can; supply_v: its supply in volts; filters: those set in the
    sensor, None for the factory's; wire: what the machine says of the bus, None where there is no
    wire. Raises ValueError when the variant or the filters are unknown or the supply is outside
    what it stands. One thread reads; interrupt() may come from any other. The first read tests the
    checksum with up to 5 extra transfers.
    """

    def __init__(
        self,
        bus: Bus,
        address: int = protocol.ADDRESS_DEFAULT,
        *,
        variant: str = "DCC",
        supply_v: float = 3.3,
        filters: protocol.Filter | None = None,
        wire: Wire | None = None,
        clock: Clock | None = None,
    ) -> None:
        sold = protocol.variant_of(variant)
        self.variant = sold if filters is None else protocol.filtered(sold, filters)
        low_v, high_v = self.variant.supply_v
        if not low_v <= supply_v <= high_v:
            raise ValueError(
                f"thermometer {variant}: supply {supply_v} V is outside {low_v} to {high_v} V"
            )
        self.supply_v = supply_v
        self.line = Line()
        self.identity: Identity | None = None
        self._bus = bus
        self._address = address
        self._wire = wire
        self._clock: Clock = MachineClock() if clock is None else clock
        self._interrupted = threading.Event()
        self._closed = False
        self._due_s = self._clock.monotonic()
        self._pec_verified: bool | None = None
        self._clock_concern = ""

    @property
    def counters(self) -> Counters:
        """What happened on the line since the device was opened."""
        return self.line.counters

    @property
    def health(self) -> frozenset[str]:
        """Flags of an impaired sensor or line: `frozen`, `pec_unavailable`, `pec_weak`."""
        flags = set()
        if self.line.frozen:
            flags.add("frozen")
        if self._pec_verified is False:
            flags.add("pec_unavailable")
        elif self.line.weak:
            flags.add("pec_weak")
        return frozenset(flags)

    def concerns(self) -> tuple[str, ...]:
        """Return what a person should look at, each as `what; remedy`, the gravest first."""
        found = [_CONCERNS[flag] for flag in sorted(self.health)]
        if self.identity is not None:
            found += self.identity.concerns(self.variant)
        if self._clock_concern:
            found.append(self._clock_concern)
        return tuple(found)

    def read(self, timeout_s: float) -> Sample | None:
        """Return the next sensor update, or None when it is not due within timeout_s.

        Blocks up to timeout_s, plus at most 0.4 s of retries on a disturbed line. Raises
        DeviceUnavailable, DeviceDenied or CorruptData; the caller reopens after a pause.
        """
        self._refuse_when_closed()
        wait_s = self._due_s - self._clock.monotonic()
        if self._pause(min(max(wait_s, 0.0), timeout_s)) or wait_s > timeout_s:
            return None
        self._test_checksums()
        taken_s = self._clock.monotonic()
        # Counting from the last due time keeps the period exact; a late caller starts anew.
        late = taken_s >= self._due_s + self.variant.period_s
        self._due_s = (taken_s if late else self._due_s) + self.variant.period_s
        object_code = self._word(protocol.RAM_OBJECT, protocol.object_mc)
        ambient_code = self._word(protocol.RAM_AMBIENT, protocol.ambient_mc)
        self.line.sampled(object_code)
        return Sample(
            object_code,
            ambient_code,
            protocol.object_mc(object_code),
            protocol.ambient_mc(ambient_code),
            taken_s,
        )

    def identify(self) -> Identity:
        """Return what the sensor's EEPROM holds; kept in `identity`.

        Blocks for 32 transfers, 40 ms at 50 kHz. Raises DriverError.
        """
        self._refuse_when_closed()
        self._test_checksums()
        cells = tuple(self._word(opcode) for opcode in protocol.CELLS)
        self.identity = Identity(self._address, cells)
        if self._wire is not None:
            self._clock_concern = self._wire.concern(self.line.fastest_s)
        return self.identity

    def serial(self) -> str:
        """Return the sensor's serial as 16 hex digits. Blocks unless it was identified."""
        self._refuse_when_closed()
        return (self.identity or self.identify()).serial

    def probe(self) -> str:
        """Return one line about the sensor found here and its line, tried with 60 reads."""
        text = self.identify().text(self.variant.letters)
        before = self.counters.pec_failures
        for _ in range(LINE_TEST_READS):
            self._word(protocol.CELL_ADDRESS)
        if self._pec_verified:
            wrong = self.counters.pec_failures - before
            text += f", {wrong} of {LINE_TEST_READS + wrong} checksums wrong"
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

    def _test_checksums(self) -> None:
        if self._pec_verified is None:
            self._pec_verified = self._self_test()

    def _self_test(self) -> bool:
        """Tell whether this sensor's checksums can be used, from a cell that never changes."""
        words = set()
        for _ in range(SELF_TEST_READS):
            answer = self._answer(protocol.CELL_ADDRESS)
            word = protocol.word_of(answer)
            words.add(word)
            if answer[2] == protocol.read_word_pec(self._address, protocol.CELL_ADDRESS, word):
                return True
        shown = ", ".join(f"0x{word:04x}" for word in sorted(words))
        if len(words) == 1 and not protocol.dead_word(word):
            if word & 0xFF == self._address:
                return False
            raise DeviceUnavailable(
                f"{self._name()}: what answers is no MLX90614, its address cell reads {shown}; "
                "other parts use this address too (CCS811, DRV2605, MPR121), take them off this bus"
            )
        raise CorruptData(
            f"{self._name()}: {SELF_TEST_READS} checksums wrong and the words {shown}; "
            "check power and wiring"
        )

    def _answer(self, opcode: int) -> bytes:
        """Return three bytes, trying again after errors that pass. Raises DriverError."""
        tries = 0
        while True:
            began_s = self._clock.monotonic()
            try:
                answer = self._transfer(opcode)
            except OSError as error:
                self.counters.bus_errors += 1
                pauses_s = reaction(error).pauses_s
                if tries >= len(pauses_s):
                    raise failure(f"cannot read {self._name()}", error) from error
                self._pause_before_retry(pauses_s[tries])
                tries += 1
            else:
                self.line.transferred(self._clock.monotonic() - began_s)
                return answer

    def _word(self, opcode: int, check: Callable[[int], int] | None = None) -> int:
        """Return a believed word, trying again after bad ones. Raises DriverError."""
        for pause_s in (*WRONG_BYTES_S, None):
            try:
                return self._believed(opcode, check)
            except CorruptData as error:
                if pause_s is None:
                    tries = len(WRONG_BYTES_S) + 1
                    raise CorruptData(
                        f"{self._name()}: {error} ({tries} times in a row); check the wiring"
                    ) from error
            self._pause_before_retry(pause_s)
        raise AssertionError("the last try returns or raises")

    def _pause_before_retry(self, pause_s: float) -> None:
        self.counters.retries += 1
        if pause_s:
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
            self.line.checked(good=False)
            self._refuse_bad_line()
            raise
        self.line.checked(good=True)
        return word

    def _read_twice(self, opcode: int) -> int:
        """Return a word that was read twice alike. Raises CorruptData."""
        first = protocol.word_of(self._answer(opcode))
        second = protocol.word_of(self._answer(opcode))
        if first != second:
            raise CorruptData(f"two reads differ, 0x{first:04x} and 0x{second:04x}")
        return first

    def _refuse_bad_line(self) -> None:
        if self.line.bad:
            raise DeviceUnavailable(
                f"{self._name()}: {self.line.failures_percent:.0f} % of the last "
                f"{self.line.judged} checksums are wrong; shorten the cable or lower the bus clock"
            )
