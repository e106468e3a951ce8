"""What the bytes of an MLX90614 infrared thermometer mean. Pure.

One word is read in one transfer with a repeated start (SMBus Read Word with PEC):

    offset  size  direction  meaning
    0       1     to sensor  opcode: 0x00-0x1F RAM, 0x20-0x3F EEPROM cell + 0x20
    1       1     from       low byte of the word
    2       1     from       high byte of the word
    3       1     from       PEC: CRC-8, polynomial 0x07, start 0, most significant bit first

The PEC of a read covers address x 2, opcode, address x 2 + 1, low, high; that of a write covers
address x 2, opcode, low, high. A temperature word counts 0.02 K from absolute zero, so in
thousandths of a degree Celsius it is exactly 20 x code - 273150. Bit 15 is the error flag.

Source: MLX90614 family data sheet rev 13; Melexis application note 390119061402 rev 004.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from drivers.errors import CorruptData

ADDRESS_DEFAULT = 0x5A
READ_SIZE = 3

RAM_AMBIENT = 0x06
RAM_OBJECT = 0x07
CELL_EMISSIVITY = 0x24
CELL_CONFIGURATION = 0x25
CELL_ADDRESS = 0x2E
CELLS_SERIAL = (0x3C, 0x3D, 0x3E, 0x3F)
CELL_AMBIENT_RANGE = 0x23
CELLS = tuple(range(0x20, 0x40))

EMISSIVITY_FACTORY = 0xFFFF
WORD_ALL_ONES = 0xFFFF
WORD_ALL_ZERO = 0x0000
ERROR_FLAG = 0x8000

# What the die survives and what the sensor resolves. The outermost codes of the data sheet
# (-70.01 and 382.19) lie just outside on purpose: a sensor that answers them is saturated.
AMBIENT_MC = (-40_000, 85_000)
OBJECT_MC = (-70_000, 380_000)

IIR_PERCENT = (50, 25, 17, 13, 100, 80, 67, 57)
FIR_LENGTH = (8, 16, 32, 64, 128, 256, 512, 1024)
FIR_FACTORY = 1024
TWO_ZONES = 0x0040

FAST_PERIOD_S = 0.15
SLOW_PERIOD_S = 0.65
# What is left of a step when the family table calls it settled: 1.33 s at 50 % and 3.23 s at 25 %
# with an update every 0.14 s.
_LEFT_OF_STEP = 0.00135


@dataclass(frozen=True, slots=True)
class Filter:
    """The two filters inside the sensor, as its configuration cell or the gate's file says."""

    iir_percent: int
    fir: int = FIR_FACTORY

    def __str__(self) -> str:
        return f"IIR {self.iir_percent} %, FIR {self.fir}"


@dataclass(frozen=True, slots=True)
class Variant:
    """What the three letters on the can say, which no register tells.

    settle_s: time until a step is read in full; noise_mc: rms of one reading; period_s: how often
    a new reading is worth taking; supply_v: permitted supply, both ends included; three_volt:
    whether the reading rises with the supply (0.6 degrees per volt above 3.0 V); filters: those
    these figures hold for, as the part leaves the factory unless `filtered` made this.
    """

    letters: str
    settle_s: float
    noise_mc: int
    period_s: float
    supply_v: tuple[float, float]
    three_volt: bool
    filters: Filter

    @property
    def two_zones(self) -> bool:
        """Whether the part sees two zones, which its configuration cell tells as well."""
        return self.letters[1] == "B"


def _variants() -> Mapping[str, Variant]:
    rows = (
        ("AAA BAA DAA", 0.10, 50, 100),
        ("ABA BBA", 0.14, 70, 100),
        ("ACC BCC DCC", 0.14, 180, 100),
        ("BCH BCI DCH DCI", 0.65, 100, 80),
        ("ACF BCF", 1.33, 100, 50),
        ("ACK BCK", 3.23, 300, 25),
    )
    table: dict[str, Variant] = {}
    for names, settle_s, noise_mc, iir_percent in rows:
        for letters in names.split():
            three_volt = letters[0] in "BD"
            table[letters] = Variant(
                letters,
                settle_s,
                noise_mc,
                _period_s(settle_s),
                (2.6, 3.6) if three_volt else (4.5, 5.5),
                three_volt,
                Filter(iir_percent),
            )
    return MappingProxyType(table)


def _period_s(settle_s: float) -> float:
    return FAST_PERIOD_S if settle_s <= FAST_PERIOD_S else SLOW_PERIOD_S


VARIANTS = _variants()


def variant_of(letters: str) -> Variant:
    """Return the variant with these three letters. Raises ValueError naming the known ones."""
    found = VARIANTS.get(letters)
    if found is None:
        known = ", ".join(sorted(VARIANTS))
        raise ValueError(f"thermometer variant {letters!r} is unknown, known are {known}")
    return found


def filtered(variant: Variant, filters: Filter) -> Variant:
    """Return the variant with the figures that these filters give it. Raises ValueError.

    Noise: averaging weight a leaves sqrt(a / (2 - a)) of white noise, and half as long a FIR
    sqrt(2) times as much. Settling: so many updates as leave of a step what the data sheet's own
    figures leave; a shorter FIR is taken to be no quicker than the factory's.
    """
    if filters.iir_percent not in IIR_PERCENT or filters.fir not in FIR_LENGTH:
        raise ValueError(f"{filters}: the sensor has no such filter")
    if filters == variant.filters:
        return variant
    update_s = 0.10 if variant.letters.endswith("AA") else 0.14
    settle_s = update_s
    if filters.iir_percent < 100:  # noqa: PLR2004 - per cent
        left = 1.0 - filters.iir_percent / 100
        settle_s = update_s * math.ceil(math.log(_LEFT_OF_STEP) / math.log(left))
    gain = noise_gain(filters.iir_percent) / noise_gain(variant.filters.iir_percent)
    gain *= math.sqrt(variant.filters.fir / filters.fir)
    return replace(
        variant,
        settle_s=round(settle_s, 2),
        noise_mc=math.ceil(variant.noise_mc * gain),
        period_s=_period_s(settle_s),
        filters=filters,
    )


def noise_gain(iir_percent: int) -> float:
    """Return what share of white noise passes an average that gives the newest this weight."""
    weight = iir_percent / 100
    return math.sqrt(weight / (2.0 - weight))


def crc8(data: bytes) -> int:
    """Return the SMBus packet error code of these bytes."""
    register = 0
    for byte in data:
        register ^= byte
        for _ in range(8):
            shifted = register << 1
            register = (shifted ^ 0x107) if register & 0x80 else shifted
    return register


def read_word_pec(address: int, opcode: int, word: int) -> int:
    """Return the PEC that a sensor sends after this word was read."""
    read = address << 1
    return crc8(bytes((read, opcode, read | 1, word & 0xFF, word >> 8)))


def write_word_pec(address: int, opcode: int, word: int) -> int:
    """Return the PEC that a sensor expects after this word is written."""
    return crc8(bytes((address << 1, opcode, word & 0xFF, word >> 8)))


def command_pec(address: int, opcode: int) -> int:
    """Return the PEC that a sensor expects after an opcode without data."""
    return crc8(bytes((address << 1, opcode)))


def word_of(data: bytes) -> int:
    """Return the word in an answer of three bytes, its PEC unseen. Raises CorruptData."""
    if len(data) != READ_SIZE:
        raise CorruptData(f"answer of {len(data)} bytes, expected {READ_SIZE}")
    return data[0] | data[1] << 8


def checked_word(address: int, opcode: int, data: bytes) -> int:
    """Return the word in an answer whose PEC is right. Raises CorruptData."""
    word = word_of(data)
    expected = read_word_pec(address, opcode, word)
    if data[2] != expected:
        raise CorruptData(f"checksum 0x{data[2]:02x}, expected 0x{expected:02x}")
    return word


def millidegrees(code: int) -> int:
    """Return a temperature word in thousandths of a degree Celsius, exactly."""
    return 20 * code - 273_150


def dead_word(code: int) -> bool:
    """Tell whether this word is what a bus without a sensor reads as."""
    return code in (WORD_ALL_ZERO, WORD_ALL_ONES)


def ambient_mc(code: int) -> int:
    """Return the die temperature in thousandths. Raises CorruptData when it cannot be one."""
    return _plausible(code, AMBIENT_MC, "die temperature")


def object_mc(code: int) -> int:
    """Return the object temperature in thousandths. Raises CorruptData when it cannot be one."""
    return _plausible(code, OBJECT_MC, "object temperature")


def _plausible(code: int, bounds_mc: tuple[int, int], what: str) -> int:
    if dead_word(code):
        raise CorruptData(f"{what} code 0x{code:04x} is a dead bus, not a reading")
    if code & ERROR_FLAG:
        raise CorruptData(f"{what} code 0x{code:04x} carries the sensor's error flag")
    value_mc = millidegrees(code)
    low_mc, high_mc = bounds_mc
    if not low_mc <= value_mc <= high_mc:
        raise CorruptData(
            f"{what} {value_mc / 1000:.2f} °C is outside {low_mc // 1000} to {high_mc // 1000} °C"
        )
    return value_mc


def serial_text(words: tuple[int, int, int, int]) -> str:
    """Return the 64-bit serial from its four cells, lowest cell first, as 16 hex digits."""
    return "".join(f"{word:04x}" for word in reversed(words))


def filter_of(configuration: int) -> Filter:
    """Return the filters that the configuration cell selects."""
    return Filter(IIR_PERCENT[configuration & 0x7], FIR_LENGTH[configuration >> 8 & 0x7])


def ambient_range_mc(word: int) -> tuple[int, int]:
    """Return the lowest and highest die temperature that cell 0x23 is set to, in thousandths."""
    low, high = word & 0xFF, word >> 8
    return low * 640 - 38_200, high * 640 - 38_200
