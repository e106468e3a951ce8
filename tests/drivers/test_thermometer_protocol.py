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
    ("letters", "settle_s", "noise_mc", "period_s", "supply_v", "iir_percent"),
    [
        ("DCC", 0.14, 180, 0.15, (2.6, 3.6), 100),
        ("AAA", 0.10, 50, 0.15, (4.5, 5.5), 100),
        ("BBA", 0.14, 70, 0.15, (2.6, 3.6), 100),
        ("DCI", 0.65, 100, 0.65, (2.6, 3.6), 80),
        ("ACF", 1.33, 100, 0.65, (4.5, 5.5), 50),
        ("BCK", 3.23, 300, 0.65, (2.6, 3.6), 25),
    ],
)
def test_variants_follow_the_data_sheet(
    letters: str,
    settle_s: float,
    noise_mc: int,
    period_s: float,
    supply_v: tuple[float, float],
    iir_percent: int,
) -> None:
    three_volt = letters[0] != "A"
    filters = protocol.Filter(iir_percent, 1024)
    assert protocol.variant_of(letters) == protocol.Variant(
        letters, settle_s, noise_mc, period_s, supply_v, three_volt, filters
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
    assert str(protocol.filter_of(configuration)) == text


@pytest.mark.parametrize(
    ("iir_percent", "sold", "table_s"), [(80, "DCI", 0.65), (50, "BCF", 1.33), (25, "BCK", 3.23)]
)
def test_settling_under_other_filters_agrees_with_parts_sold_with_them(
    iir_percent: int, sold: str, table_s: float
) -> None:
    """Data sheet rev 13: the family's own figures, which a DCC set like them must reach."""
    made = protocol.filtered(protocol.variant_of("DCC"), protocol.Filter(iir_percent))
    assert protocol.variant_of(sold).settle_s == table_s
    assert 0.99 * table_s <= made.settle_s <= 1.10 * table_s
    assert made.period_s == 0.65


@pytest.mark.parametrize(
    ("iir_percent", "fir", "noise_mc"),
    [
        (100, 1024, 180),
        (50, 1024, 104),  # 180 x sqrt(0.5 / 1.5)
        (25, 1024, 69),  # 180 x sqrt(0.25 / 1.75)
        (100, 256, 360),  # a quarter of the taps: twice the noise
    ],
)
def test_noise_under_other_filters(iir_percent: int, fir: int, noise_mc: int) -> None:
    made = protocol.filtered(protocol.variant_of("DCC"), protocol.Filter(iir_percent, fir))
    assert made.noise_mc == noise_mc
    assert str(made.filters) == f"IIR {iir_percent} %, FIR {fir}"


def test_back_to_no_averaging_is_quick_again() -> None:
    made = protocol.filtered(protocol.variant_of("BCK"), protocol.Filter(100))
    assert (made.settle_s, made.period_s) == (0.14, 0.15)
    assert made.noise_mc == pytest.approx(300 / (0.25 / 1.75) ** 0.5, abs=1)


@given(st.sampled_from(sorted(protocol.VARIANTS)), st.sampled_from(protocol.IIR_PERCENT))
def test_more_averaging_is_slower_and_calmer(letters: str, iir_percent: int) -> None:
    sold = protocol.variant_of(letters)
    made = protocol.filtered(sold, protocol.Filter(iir_percent))
    if iir_percent < sold.filters.iir_percent:
        assert made.settle_s > sold.settle_s
        assert made.noise_mc < sold.noise_mc
    elif iir_percent > sold.filters.iir_percent:
        assert made.settle_s < sold.settle_s
        assert made.noise_mc > sold.noise_mc
    else:
        assert made is sold


@pytest.mark.parametrize("filters", [protocol.Filter(90), protocol.Filter(100, 100)])
def test_filters_the_sensor_does_not_have_are_refused(filters: protocol.Filter) -> None:
    with pytest.raises(ValueError, match="no such filter"):
        protocol.filtered(protocol.variant_of("DCC"), filters)


def test_die_range_of_the_factory_image() -> None:
    """Code = (T + 38.2) x 100 / 64; 0xF71C reads -20.28 to 119.88."""
    assert protocol.ambient_range_mc(0xF71C) == (-20_280, 119_880)
