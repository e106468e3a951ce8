"""A register model of the MLX90614 below the driver, and a bus that speaks smbus2's interface.

Written from the data sheet, with its own encoder and its own checksum table. Time comes from a
clock that is passed in. Noise enters before the filters, so that cell 0x25 shapes it as it shapes
the signal: what leaves them with the factory's cell has the data sheet's rms.

How it differs from the real thing: noise is Gaussian; the field of view is one fill fraction; the
die follows the room at once, and its self-heating unless warm_up_s is given; how much a gradient
over the can falsifies a reading (gradient_s) is no published figure; the gain of cell 0x2F is not
modelled; bit times, clock stretching and arbitration do not exist; a write takes effect after
power_cycle() alone.
"""

import errno
import math
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from drivers.thermometer.simulator_bus import BusFace, Messages, pec

ZERO_C_IN_K = 273.15
START_UP_S = 0.25
EEPROM_BUSY_S = 0.005
SHORT_READ_UPSET_S = 0.1
FULL_READ = 3
WRITE_WORD = 4
COMMAND = 2
OPCODE_SLEEP = 0xFF
EEPROM_OPCODES = range(0x20, 0x40)
WRITABLE_OPCODES = range(0x20, 0x3C)
SKIN_EMISSIVITY = 0.98
UPDATES_REPLAYED = 64
FACTORY_FIR = 1024
GLANCES = 6  # how often a moving scene is looked at within one internal update

FACTORY_EEPROM = {
    0x20: 0x9993,
    0x21: 0x62E3,
    0x22: 0x0201,
    0x23: 0xF71C,
    0x24: 0xFFFF,
    0x25: 0x9FB4,
    0x2E: 0xBE5A,
    0x3C: 0x5A41,
    0x3D: 0x0C17,
    0x3E: 0x8E02,
    0x3F: 0x1D7B,
}
_IIR_WEIGHT = {4: 1.0, 5: 0.8, 6: 0.67, 7: 0.57, 0: 0.5, 1: 0.25, 2: 0.17, 3: 0.13}
# Suffix: noise in °C rms, seconds per internal update, filter code of the factory.
_KINDS = {
    "AA": (0.05, 0.10, 4),
    "BA": (0.07, 0.14, 4),
    "CC": (0.18, 0.14, 4),
    "CH": (0.10, 0.14, 5),
    "CI": (0.10, 0.14, 5),
    "CF": (0.10, 0.14, 0),
    "CK": (0.30, 0.14, 1),
}


class Fault(Enum):
    """What the sensor or its wires can be made to do."""

    NACK = "nack"
    CONTROLLER_ERROR = "controller_error"
    TIMED_OUT = "timed_out"
    WRONG_PEC = "wrong_pec"
    ALL_ZERO = "all_zero"
    ALL_ONES = "all_ones"
    DEAD_BUS = "dead_bus"
    ERROR_FLAG = "error_flag"
    FROZEN = "frozen"


_ERRORS = {
    Fault.NACK: errno.EREMOTEIO,
    Fault.CONTROLLER_ERROR: errno.EIO,
    Fault.TIMED_OUT: errno.ETIMEDOUT,
}
_WORDS = {Fault.ALL_ZERO: 0x0000, Fault.ALL_ONES: 0xFFFF}


@dataclass(frozen=True, slots=True)
class Scene:
    """What is in front of the sensor: skin that fills a part of the field, and the rest.

    skin_c None: nobody. fill: share of the field that is skin, 0 to 1. rest_c: what fills the
    rest and does not reflect, a sleeve say; None: the room.
    """

    skin_c: float | None = None
    fill: float = 1.0
    rest_c: float | None = None


Play = Callable[[float], Scene]
"""A scene as a function of the seconds since it began; the same second gives the same scene."""


class VirtualClock:
    """Monotonic seconds that pass only when told, or when somebody waits."""

    def __init__(self, now_s: float = 1000.0) -> None:
        self.now_s = now_s

    def monotonic(self) -> float:
        """Return the present second."""
        return self.now_s

    def wait(self, event: threading.Event, timeout_s: float) -> bool:
        """Let the time pass unless the event is set; tell whether it is set."""
        if not event.is_set():
            self.now_s += max(timeout_s, 0.0)
        return event.is_set()

    def advance(self, seconds: float) -> None:
        """Let this much time pass."""
        self.now_s += seconds


class Mlx90614Model:
    """The sensor: registers, filters, faults, and the scene in front of it.

    clock: monotonic seconds. noise: factor on the data sheet's noise, 0 for none. warm_up_s: time
    constant with which the die gains its self-heating after each power-up, 0 for a sensor that
    never cools. gradient_s: the reading is wrong by so many seconds of the die's change, because
    the can is not one temperature while it warms. Thread-safe: one thread may move people while
    another reads.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        *,
        address: int = 0x5A,
        variant: str = "DCC",
        supply_v: float = 3.3,
        seed: int = 1,
        noise: float = 1.0,
        warm_up_s: float = 0.0,
        gradient_s: float = 0.0,
    ) -> None:
        self.noise = noise
        self.warm_up_s = warm_up_s
        self.gradient_s = gradient_s
        self.supply_v = supply_v
        self.fill = 1.0
        self.emissivity = SKIN_EMISSIVITY
        self.drift_c = 0.0
        self.self_heating_c = 1.0
        self.eeprom = dict(FACTORY_EEPROM)
        self.eeprom[0x2E] = self.eeprom[0x2E] & 0xFF00 | address
        rms_c, self._base_period_s, iir = _KINDS[variant[1:]]
        self.eeprom[0x25] = self.eeprom[0x25] & ~7 | iir
        # What must enter the factory's filter for the data sheet's figure to leave it.
        self._entering_c = rms_c / _passed(_IIR_WEIGHT[iir])
        self._three_volt = variant[0] in "BD"
        self._clock = clock
        self._random = random.Random(seed)
        self._lock = threading.RLock()
        self._skin_c: float | None = None
        self._play: Play | None = None
        self._play_from_s = 0.0
        self._room_c = 22.0
        self._faults: dict[Fault, int | None] = {}
        self.power_cycle(wait=False)

    def set_scene(self, skin_c: float | None, room_c: float | None = None) -> None:
        """A wrist of this temperature is in front of the sensor, or nobody (None)."""
        with self._lock:
            self._catch_up()
            self._play = None
            self._skin_c = skin_c
            self._room_c = self._room_c if room_c is None else room_c

    def play(self, play: Play) -> None:
        """Start this scene now, in the present room; it goes on until another is set."""
        with self._lock:
            self._catch_up()
            self._play, self._play_from_s = play, self._clock()

    def fault(self, fault: Fault, count: int | None = None) -> None:
        """The sensor misbehaves from now on: for so many transfers, or until healed (None)."""
        with self._lock:
            self._catch_up()
            self._faults[fault] = count

    def heal(self, fault: Fault | None = None) -> None:
        """The sensor is free of this fault; None: of every fault."""
        with self._lock:
            if fault is None:
                self._faults.clear()
            else:
                self._faults.pop(fault, None)

    def power_cycle(self, *, wait: bool = True) -> None:
        """The sensor starts anew with what its EEPROM holds; wait: data need 0.25 s first."""
        with self._lock:
            now_s = self._clock()
            self._address = self.eeprom[0x2E] & 0xFF
            configuration = self.eeprom[0x25]
            fir = 8 << (configuration >> 8 & 7)
            self._period_s = self._base_period_s * fir / 1024
            self._weight = _IIR_WEIGHT[configuration & 7]
            # A filter half as long averages half as much away.
            self._noise_c = self._entering_c * math.sqrt(FACTORY_FIR / fir)
            self._on_s = now_s
            self._asleep = False
            self._ready_s = now_s + (START_UP_S if wait else 0.0)
            self._busy_until_s = self._upset_until_s = now_s
            self._seen_s = now_s
            self._integral = 0.0
            self._update_s = now_s + self._period_s
            self._object_c = self._seen_c(now_s)
            self._ram = {0x06: 0, 0x07: 0}
            self._publish()

    def wake(self) -> None:
        """The data line was held low for 33 ms: a sleeping sensor starts up."""
        with self._lock:
            if self._asleep:
                self.power_cycle()

    def transfer(self, messages: Messages) -> list[bytes]:
        """Answer one combined transfer: (address, bytes to write or number to read). OSError."""
        with self._lock:
            self._catch_up()
            self._fail_if_told()
            now_s = self._clock()
            waits = (self._ready_s, self._busy_until_s, self._upset_until_s)
            if self._asleep or now_s < max(waits):
                raise OSError(errno.EREMOTEIO, "no acknowledge")
            if any(address not in (self._address, 0) for address, _ in messages):
                raise OSError(errno.EREMOTEIO, "no acknowledge")
            return self._answer(messages)

    def _answer(self, messages: Messages) -> list[bytes]:
        match messages:
            case [(address, bytes() as written)] if len(written) == WRITE_WORD:
                self._write_word(address, written)
                return []
            case [(address, bytes() as written)] if len(written) == COMMAND:
                self._command(address, written)
                return []
            case [(address, bytes() as written), (_, int() as size)] if len(written) == 1:
                return [self._read_word(address, written[0], size)]
            case _:
                raise OSError(errno.EREMOTEIO, "no acknowledge")

    def _read_word(self, address: int, opcode: int, size: int) -> bytes:
        if opcode not in self._ram and opcode not in EEPROM_OPCODES:
            word = 0
        else:
            word = self._ram[opcode] if opcode in self._ram else self.eeprom.get(opcode, 0)
        word = self._disturbed(opcode, word)
        low, high = word & 0xFF, word >> 8
        check = pec(address * 2, opcode, address * 2 + 1, low, high)
        if self._told(Fault.WRONG_PEC):
            check ^= 0x5C
        if size < FULL_READ:
            self._upset_until_s = self._clock() + SHORT_READ_UPSET_S
        answer = bytes((low, high, check))
        if self._told(Fault.DEAD_BUS):
            answer = b"\xff" * FULL_READ
        return answer[:size].ljust(size, b"\xff")

    def _disturbed(self, opcode: int, word: int) -> int:
        if opcode not in self._ram:
            return word
        for fault, shown in _WORDS.items():
            if self._told(fault):
                return shown
        return word | 0x8000 if self._told(Fault.ERROR_FLAG) else word

    def _write_word(self, address: int, written: bytes) -> None:
        opcode, low, high, check = written
        if opcode not in WRITABLE_OPCODES or pec(address * 2, opcode, low, high) != check:
            raise OSError(errno.EREMOTEIO, "no acknowledge")
        word = low | high << 8
        if word == 0 or self.eeprom.get(opcode, 0) == 0:
            self.eeprom[opcode] = word
        self._busy_until_s = self._clock() + EEPROM_BUSY_S

    def _command(self, address: int, written: bytes) -> None:
        if written[0] != OPCODE_SLEEP or pec(address * 2, written[0]) != written[1]:
            raise OSError(errno.EREMOTEIO, "no acknowledge")
        self._asleep = True

    def _told(self, fault: Fault) -> bool:
        if fault not in self._faults:
            return False
        count = self._faults[fault]
        if count is not None:
            if count <= 1:
                del self._faults[fault]
            else:
                self._faults[fault] = count - 1
        return True

    def _fail_if_told(self) -> None:
        for fault, number in _ERRORS.items():
            if self._told(fault):
                raise OSError(number, fault.value)

    def _seen_c(self, at_s: float) -> float:
        """Return what a perfect, settled sensor without noise would read at this second."""
        if self._play is None:
            scene = Scene(self._skin_c, self.fill)
        else:
            scene = self._play(at_s - self._play_from_s)
        if scene.skin_c is None and scene.rest_c is None:
            return self._room_c
        room = (self._room_c + ZERO_C_IN_K) ** 4
        rest = room if scene.rest_c is None else (scene.rest_c + ZERO_C_IN_K) ** 4
        if scene.skin_c is None:
            mixed = rest
        else:
            skin = (scene.skin_c + ZERO_C_IN_K) ** 4
            seen = self.emissivity * skin + (1 - self.emissivity) * room
            mixed = scene.fill * seen + (1 - scene.fill) * rest
        return float(mixed**0.25) - ZERO_C_IN_K

    def _gather(self, until_s: float) -> None:
        """Add what was seen since the last look to the update under way."""
        span_s = until_s - self._seen_s
        if span_s <= 0.0:
            return
        # Only a moving scene needs more than one look.
        count = 1 if self._play is None else max(1, round(GLANCES * span_s / self._period_s))
        part_s = span_s / count
        glances = (self._seen_c(self._seen_s + (i + 0.5) * part_s) for i in range(count))
        self._integral += part_s * sum(glances)
        self._seen_s = until_s

    def _catch_up(self) -> None:
        """Run the internal updates that are due; each is the mean of the scene since the last."""
        now_s = self._clock()
        behind = int((now_s - self._update_s) / self._period_s) - UPDATES_REPLAYED
        if behind > 0:  # a long rest: the filter has forgotten it anyway
            self._update_s += behind * self._period_s
            self._seen_s = self._update_s - self._period_s
            self._integral = 0.0
        while self._update_s <= now_s:
            self._gather(self._update_s)
            entering_c = self._integral / self._period_s
            if self.noise:
                entering_c += self._random.gauss(0.0, self._noise_c * self.noise)
            self._object_c += self._weight * (entering_c - self._object_c)
            self._integral = 0.0
            self._publish()
            self._update_s += self._period_s
        self._gather(now_s)

    def _publish(self) -> None:
        if Fault.FROZEN in self._faults:
            return
        shift_c = 0.6 * (self.supply_v - 3.0) if self._three_volt else 0.0
        heating_c, rising_c_per_s = self._heating()
        object_c = self._object_c + self.drift_c + shift_c - self.gradient_s * rising_c_per_s
        self._ram[0x06] = _code(self._room_c + heating_c + shift_c)
        self._ram[0x07] = _code(object_c)

    def _heating(self) -> tuple[float, float]:
        """Return how much warmer than the room the die is, and how fast that grows."""
        if self.warm_up_s <= 0.0:
            return self.self_heating_c, 0.0
        left = math.exp(-max(self._update_s - self._on_s, 0.0) / self.warm_up_s)
        return self.self_heating_c * (1.0 - left), self.self_heating_c * left / self.warm_up_s


def _passed(weight: float) -> float:
    """Return the share of white noise (rms) that a recursive filter of this weight lets pass."""
    return math.sqrt(weight / (2.0 - weight))


def _code(celsius: float) -> int:
    return min(max(round((celsius + ZERO_C_IN_K) * 50), 0x27AD), 0x7FFF)


class SimulatedBus(BusFace):
    """A bus in this process with one sensor on it."""

    def __init__(self, model: Mlx90614Model) -> None:
        super().__init__()
        self._model = model

    def carry(self, messages: Messages) -> list[bytes]:
        """Make one combined transfer with the model. Raises OSError."""
        return self._model.transfer(messages)
