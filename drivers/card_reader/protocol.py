"""The wire between a terminal and the security module (SAM) of an ID-card reader.

Source: GA/T 467-2019 as public protocol documents print it. 8 data bits, no parity, 1 stop bit.
Strict command and answer: the reader never speaks first. Numbers are high byte first.

    offset  size  request               answer
    0       5     AA AA AA 96 69        AA AA AA 96 69      preamble
    5       2     LEN                   LEN                 bytes that follow, CHK included
    7       1     CMD                   SW1                 SW1 SW2: what the card said
    8       1     PARA                  SW2
    9       1     -                     SW3                 what the reader says: decide on it alone
    9/10    n     DATA                  DATA                LEN - 3 / LEN - 4 bytes
    last    1     CHK                   CHK                 XOR of LEN ... DATA

Pure. ReceiveBuffer keeps at most BUFFER_MAX bytes and counts all it throws away.
"""

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from functools import reduce
from operator import xor

PREAMBLE = b"\xaa\xaa\xaa\x96\x69"
HEADER_SIZE = 7  # preamble and LEN
LENGTH_MIN = 4  # a bare status
LENGTH_MAX = 2314  # text, photo and two fingerprints; longer is noise
BUFFER_MAX = 4096  # one largest answer and as much noise again
ERROR_DATA_MAX = 8  # a refusal carries no data; one maker pads it
LENGTHS_SIZE = 4  # two lengths lead the answer to a read: text, photo
TEXT_SIZE = 256
MODULE_NUMBER_SIZE = 16
NEWEST_ADDRESS_SIZE = 70


class Status(IntEnum):
    """SW3: the reader's verdict on a command."""

    BAD_CHECKSUM = 0x10
    BAD_LENGTH = 0x11
    BAD_COMMAND = 0x21
    NOT_PERMITTED = 0x23
    UNKNOWN_ERROR = 0x24
    MODULE_REFUSED_BY_CARD = 0x31
    CARD_REFUSED_BY_MODULE = 0x32
    INFORMATION_CHECK_FAILED = 0x33
    FINGERPRINT_CHECK_FAILED = 0x37
    INFORMATION_LENGTH_WRONG = 0x3F
    UNKNOWN_CARD = 0x40
    READ_FAILED = 0x41
    RANDOM_FAILED = 0x47
    SELF_TEST_FAILED = 0x60
    NOT_AUTHORISED = 0x66
    NO_CARD = 0x80
    SELECT_FAILED = 0x81
    DONE = 0x90
    NOTHING_STORED = 0x91
    FOUND = 0x9F


class RefusalKind(StrEnum):
    """Why a presented card gave no record, sorted by what to tell its holder."""

    HOLD_STILL = "hold_still"  # moved away too soon: present again and hold it
    NOT_GENUINE = "not_genuine"  # card and module do not trust each other: never admit on it
    UNSUPPORTED = "unsupported"  # not an ID card this module can read
    FAULT = "fault"  # the reading failed for a reason that is not the holder's


_REFUSALS = {
    Status.READ_FAILED: RefusalKind.HOLD_STILL,
    Status.MODULE_REFUSED_BY_CARD: RefusalKind.NOT_GENUINE,
    Status.CARD_REFUSED_BY_MODULE: RefusalKind.NOT_GENUINE,
    Status.INFORMATION_CHECK_FAILED: RefusalKind.NOT_GENUINE,
    Status.UNKNOWN_CARD: RefusalKind.UNSUPPORTED,
    Status.NOT_PERMITTED: RefusalKind.FAULT,
}
_MODULE_FAULTS = {
    Status.SELF_TEST_FAILED: "security module reports that its self-test failed (status 60); "
    "switch the reader off for ten seconds, replace it if this stays",
    Status.NOT_AUTHORISED: "security module is not authorised (status 66); "
    "ask the supplier to authorise or replace the reader",
}
_CARD_STATUSES = frozenset({0x31, 0x32, 0x33, 0x37, 0x3F, 0x41, 0x47, 0x81})
_CARD_COMMANDS = (0x20, 0x30)
_SUCCESSES = frozenset({Status.DONE, Status.NOTHING_STORED, Status.FOUND})


@dataclass(frozen=True, slots=True)
class Command:
    """One order to the reader. timeout_s: how long working programs wait for its answer."""

    name: str
    code: int
    parameter: int
    timeout_s: float
    good: frozenset[int]
    sizes: frozenset[int] = frozenset({0})

    def packet(self) -> bytes:
        """Return the whole request as it goes over the wire."""
        return request_packet(self.code, self.parameter)


_DONE: frozenset[int] = frozenset({Status.DONE})
RESET = Command("reset", 0x10, 0xFF, 1.0, _DONE)
MODULE_STATUS = Command("module status", 0x11, 0xFF, 0.6, _DONE)
MODULE_NUMBER = Command("module number", 0x12, 0xFF, 0.6, _DONE, frozenset({MODULE_NUMBER_SIZE}))
FIND = Command("find card", 0x20, 0x01, 0.6, frozenset({Status.FOUND}), frozenset({4}))
SELECT = Command("select card", 0x20, 0x02, 0.6, _DONE, frozenset({8}))
READ = Command("read card", 0x30, 0x01, 3.0, _DONE, frozenset())  # sizes stand in the answer
NEWEST_ADDRESS = Command(
    "read newest address",
    0x30,
    0x03,
    1.0,
    frozenset({Status.DONE, Status.NOTHING_STORED}),
    frozenset({0, NEWEST_ADDRESS_SIZE, 4 * NEWEST_ADDRESS_SIZE}),
)


@dataclass(frozen=True, slots=True)
class Answer:
    """One checked answer. data stays out of the repr: it may hold a person's record."""

    sw3: int
    sw1: int = 0
    sw2: int = 0
    data: bytes = field(default=b"", repr=False)


def request_packet(code: int, parameter: int, data: bytes = b"") -> bytes:
    """Return the request with its preamble, length and checksum."""
    counted = (len(data) + 3).to_bytes(2, "big") + bytes((code, parameter)) + data
    return PREAMBLE + counted + bytes((checksum(counted),))


def checksum(counted: bytes) -> int:
    """Return the XOR of all bytes from LEN to the last byte of data."""
    return reduce(xor, counted, 0)


def fits(command: Command, answer: Answer) -> bool:
    """Tell whether this answer can be meant for this command.

    A late answer to an abandoned command has another shape: 9F belongs to find, 91 to the newest
    address, a success has its own size of data, a refusal has next to none.
    """
    if answer.sw3 in command.good:
        return _read_fits(answer) if command is READ else len(answer.data) in command.sizes
    if answer.sw3 in _SUCCESSES or len(answer.data) > ERROR_DATA_MAX:
        return False
    of_card = answer.sw3 in _CARD_STATUSES
    if command.code in _CARD_COMMANDS:
        return command is not FIND or not of_card
    return not of_card and answer.sw3 != Status.NO_CARD


def _read_fits(answer: Answer) -> bool:
    data = answer.data
    if len(data) < LENGTHS_SIZE:
        return False
    text_size, photo_size = int.from_bytes(data[:2], "big"), int.from_bytes(data[2:4], "big")
    return len(data) == LENGTHS_SIZE + text_size + photo_size


def text_record(answer: Answer) -> bytes | None:
    """Return the text record of a good read, or None if it has not the one size there is.

    The photo is left behind here; nothing above this function ever sees it.
    """
    if int.from_bytes(answer.data[:2], "big") != TEXT_SIZE:
        return None
    return answer.data[LENGTHS_SIZE : LENGTHS_SIZE + TEXT_SIZE]


def refusal(sw3: int) -> RefusalKind | None:
    """Return what this status says of the card itself, or None if another try may help."""
    return _REFUSALS.get(Status(sw3)) if sw3 in _REFUSALS else None


def module_fault(sw3: int) -> str | None:
    """Return what is wrong with the module and what to do, or None if nothing is."""
    return _MODULE_FAULTS[Status(sw3)] if sw3 in _MODULE_FAULTS else None


def module_number_text(data: bytes) -> str:
    """Return the module's number as its label prints it: five decimal numbers.

    data: 16 bytes, little-endian u16 u16 u32 u32 u32.
    """
    places = ((0, 2), (2, 4), (4, 8), (8, 12), (12, 16))
    first, second, third, fourth, fifth = (
        int.from_bytes(data[start:end], "little") for start, end in places
    )
    return f"{first:02d}.{second:02d}-{third}-{fourth:010d}-{fifth}"


class ReceiveBuffer:
    """Bytes from the line, taken out again as whole checked answers.

    Consumes an answer, or throws away what cannot begin one, or says "not yet" and waits.
    """

    def __init__(self) -> None:
        self._bytes = bytearray()
        self.answers = 0
        self.bad_checksums = 0
        self.thrown_bytes = 0

    def __len__(self) -> int:
        return len(self._bytes)

    @property
    def missing(self) -> int:
        """How many bytes to read next: the rest of the header, then the rest of the packet."""
        if len(self._bytes) < HEADER_SIZE:
            return HEADER_SIZE - len(self._bytes)
        return max(1, HEADER_SIZE + self._length() - len(self._bytes))

    @property
    def begun(self) -> bool:
        """Whether a packet has begun that is not complete yet, once next_answer said so."""
        return len(self._bytes) >= len(PREAMBLE)

    def feed(self, chunk: bytes) -> None:
        """Append what the line gave; the oldest bytes above BUFFER_MAX are thrown away."""
        self._bytes += chunk
        self._throw(max(0, len(self._bytes) - BUFFER_MAX))

    def next_answer(self) -> Answer | None:
        """Return the next whole answer with a right checksum, or None for "not yet"."""
        while self._at_packet():
            end = HEADER_SIZE + self._length()
            if len(self._bytes) < end:
                return None
            packet = bytes(self._bytes[:end])
            if checksum(packet[5:-1]) == packet[-1]:
                del self._bytes[:end]
                self.answers += 1
                return Answer(packet[9], packet[7], packet[8], packet[10:-1])
            self.bad_checksums += 1
            self._throw(1)
        return None

    def skip(self) -> None:
        """Give up the unfinished packet at the head, so that one hidden behind it is found."""
        self._throw(min(1, len(self._bytes)))

    def clear(self) -> None:
        """Throw away everything: it belongs to a command that is over."""
        self._throw(len(self._bytes))

    def _at_packet(self) -> bool:
        """Slide to the next header with a length that can be; False for "not yet"."""
        while True:
            start = self._bytes.find(PREAMBLE)
            if start < 0:
                self._throw(len(self._bytes) - self._tail())
                return False
            self._throw(start)
            if len(self._bytes) < HEADER_SIZE:
                return False
            if LENGTH_MIN <= self._length() <= LENGTH_MAX:
                return True
            self._throw(1)

    def _length(self) -> int:
        return int.from_bytes(self._bytes[5:7], "big")

    def _tail(self) -> int:
        """Return how many bytes at the end may be the beginning of a preamble."""
        sizes = range(len(PREAMBLE) - 1, 0, -1)
        return next((size for size in sizes if self._bytes.endswith(PREAMBLE[:size])), 0)

    def _throw(self, count: int) -> None:
        del self._bytes[:count]
        self.thrown_bytes += count
