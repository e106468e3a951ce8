"""The bytes of the MLX90614: vectors of the data sheet and the maker's application note."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.errors import CorruptData
from drivers.thermometer import protocol
from drivers.thermometer.simulator_bus import pec

# Data sheet rev 13: temperature codes and what they mean, in thousandths, before its rounding.
CODES = [
    (0x27AD, -70_010),
    (0x2DE4, -38_190),
    (0x3AD2, 28_010),
    (0x3AF7, 28_750),
    (0x3AF8, 28_770),
    (0x4DC4, 125_010),
    (0x7FFF, 382_190),
    (0xFFFF, 1_037_550),
    (0x0000, -273_150),
]


@pytest.mark.parametrize(("code", "expected_mc"), CODES)
def test_codes_of_the_data_sheet_convert_exactly(code: int, expected_mc: int) -> None:
    assert protocol.millidegrees(code) == expected_mc


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (protocol.read_word_pec(0x5A, 0x07, 0x3AD2), 0x30),  # application note, read object
        (protocol.write_word_pec(0x5A, 0x22, 0xC807), 0x48),  # data sheet, write PWM control
        (protocol.command_pec(0x5A, 0xFF), 0xE8),  # data sheet, sleep
        (protocol.write_word_pec(0x00, 0x2E, 0x0000), 0x6F),  # application note, erase address
        (protocol.write_word_pec(0x00, 0x2E, 0x005A), 0xE1),  # application note, write address
        (protocol.crc8(b"123456789"), 0xF4),  # check value of CRC-8/SMBUS in the CRC catalogue
        (protocol.crc8(b""), 0x00),
    ],
)
def test_checksums_of_the_maker(found: int, expected: int) -> None:
    assert found == expected


@given(st.binary(max_size=16))
def test_checksum_agrees_with_a_table_written_separately(data: bytes) -> None:
    assert protocol.crc8(data) == pec(*data)


def test_answer_with_right_checksum_is_a_word() -> None:
    assert protocol.checked_word(0x5A, 0x07, bytes((0xD2, 0x3A, 0x30))) == 0x3AD2


@pytest.mark.parametrize("bit", range(24))
def test_any_flipped_bit_is_refused(bit: int) -> None:
    answer = bytearray((0xD2, 0x3A, 0x30))
    answer[bit // 8] ^= 1 << bit % 8
    with pytest.raises(CorruptData, match="checksum"):
        protocol.checked_word(0x5A, 0x07, bytes(answer))


def test_checksum_error_names_what_came_and_what_was_expected() -> None:
    with pytest.raises(CorruptData, match=r"^checksum 0x31, expected 0x30$"):
        protocol.checked_word(0x5A, 0x07, bytes((0xD2, 0x3A, 0x31)))


@pytest.mark.parametrize("size", [0, 1, 2, 4])
def test_answer_of_another_length_is_refused(size: int) -> None:
    with pytest.raises(CorruptData, match="expected 3"):
        protocol.word_of(bytes(size))


@given(st.binary(max_size=6), st.integers(0, 0x7F), st.integers(0, 0x3F))
def test_rubbish_gives_a_word_or_the_named_error(data: bytes, address: int, opcode: int) -> None:
    try:
        word = protocol.checked_word(address, opcode, data)
    except CorruptData:
        return
    assert 0 <= word <= 0xFFFF


@pytest.mark.parametrize(
    ("code", "why"),
    [
        (0x0000, "dead bus"),
        (0xFFFF, "dead bus"),
        (0x8000 | 0x3AD2, "error flag"),
        (0x27AD, "outside -70 to 380"),
        (0x7FFF, "outside -70 to 380"),
        (0x0001, "outside"),
    ],
)
def test_object_codes_that_are_no_reading_are_refused(code: int, why: str) -> None:
    with pytest.raises(CorruptData, match=why):
        protocol.object_mc(code)


@pytest.mark.parametrize(
    ("code", "why"),
    [
        (0x0000, "dead bus"),
        (0xFFFF, "dead bus"),
        (0xBAD2, "error flag"),
        (0x4DC4, "outside -40 to 85"),
        (0x2D00, "outside -40 to 85"),
    ],
)
def test_die_codes_that_are_no_reading_are_refused(code: int, why: str) -> None:
    with pytest.raises(CorruptData, match=why):
        protocol.ambient_mc(code)


@given(st.integers(0, 0xFFFF))
def test_accepted_codes_are_in_range_and_exact(code: int) -> None:
    for convert, (low_mc, high_mc) in (
        (protocol.object_mc, protocol.OBJECT_MC),
        (protocol.ambient_mc, protocol.AMBIENT_MC),
    ):
        try:
            value_mc = convert(code)
        except CorruptData:
            continue
        assert low_mc <= value_mc <= high_mc
        assert value_mc == 20 * code - 273_150


@pytest.mark.parametrize(
    ("letters", "settle_s", "noise_mc", "period_s", "supply_v", "three_volt"),
    [
        ("DCC", 0.14, 180, 0.15, (2.6, 3.6), True),
        ("AAA", 0.10, 50, 0.15, (4.5, 5.5), False),
        ("BBA", 0.14, 70, 0.15, (2.6, 3.6), True),
        ("DCI", 0.65, 100, 0.65, (2.6, 3.6), True),
        ("ACF", 1.33, 100, 0.65, (4.5, 5.5), False),
        ("BCK", 3.23, 300, 0.65, (2.6, 3.6), True),
    ],
)
def test_variants_follow_the_data_sheet(
    letters: str,
    settle_s: float,
    noise_mc: int,
    period_s: float,
    supply_v: tuple[float, float],
    three_volt: bool,
) -> None:
    assert protocol.variant_of(letters) == protocol.Variant(
        letters, settle_s, noise_mc, period_s, supply_v, three_volt
    )


def test_there_are_sixteen_variants_and_an_unknown_one_names_them() -> None:
    assert len(protocol.VARIANTS) == 16
    with pytest.raises(ValueError, match="'DCX' is unknown, known are AAA, ABA"):
        protocol.variant_of("DCX")


def test_serial_reads_highest_cell_first() -> None:
    assert protocol.serial_text((0x5A41, 0x0C17, 0x8E02, 0x001B)) == "001b8e020c175a41"


@pytest.mark.parametrize(
    ("configuration", "text"),
    [
        (0x9FB4, "IIR 100 %, FIR 1024"),  # factory image of the BAA
        (0x9FB5, "IIR 80 %, FIR 1024"),
        (0x9CB1, "IIR 25 %, FIR 128"),
        (0x9FB0, "IIR 50 %, FIR 1024"),
    ],
)
def test_configuration_reads_as_filters(configuration: int, text: str) -> None:
    assert protocol.filter_text(configuration) == text
