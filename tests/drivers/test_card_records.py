"""Text records: what survives, what must not, and what is refused."""

import hashlib
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.card_reader.protocol import ReceiveBuffer, text_record
from drivers.card_reader.protocol_records import CardLayout, CardRead, decode_record
from drivers.errors import CorruptData

VECTORS = json.loads(
    (Path(__file__).parents[1] / "vectors/id_card_records.json").read_text("utf-8")
)
ROWS = {row["record"]: row for row in VECTORS["records"]}
PACKETS = {
    "check_30_01": ("0508", "01000400", 0),
    "check_30_10_plain": ("050A", "010004000000", 0),
    "check_30_10_finger": ("090A", "010004000400", 1024),
}


def record_of(name: str) -> bytearray:
    return bytearray.fromhex(ROWS[name]["hex"])


def with_text(record: bytearray, offset: int, text: str) -> bytes:
    encoded = text.encode("utf-16-le", errors="surrogatepass")
    record[offset : offset + len(encoded)] = encoded
    return bytes(record)


def packet_of(row: dict[str, Any], which: str) -> bytes:
    length, sizes, finger = PACKETS[which]
    body = bytes.fromhex(length + "000090" + sizes + row["hex"]) + bytes(1024 + finger)
    return bytes.fromhex("AAAAAA9669") + body + bytes.fromhex(row[which])


@pytest.mark.parametrize("name", "RJIY")
def test_vectors_are_decoded_to_what_may_be_kept(name: str) -> None:
    row = ROWS[name]
    card = decode_record(bytes(record_of(name)), 12.5)
    until = row["valid_until"]
    assert card == CardRead(
        layout=CardLayout(row["layout"]),
        name=row["name"],
        latin_name=row["latin_name"],
        id_number=row["id_number"],
        other_numbers=tuple(row["other_numbers"]),
        valid_until=None if until is None else date.fromisoformat(until),
        read_at_s=12.5,
    )


@pytest.mark.parametrize("name", "RJIY")
@pytest.mark.parametrize("which", PACKETS)
def test_whole_answers_have_the_computed_checks(name: str, which: str) -> None:
    buffer = ReceiveBuffer()
    buffer.feed(packet_of(ROWS[name], which))
    answer = buffer.next_answer()
    assert answer is not None
    assert answer.sw3 == 0x90
    assert buffer.bad_checksums == 0


@pytest.mark.parametrize("name", "RJIY")
def test_whole_answer_is_the_one_that_was_digested(name: str) -> None:
    packet = packet_of(ROWS[name], "check_30_01")
    assert len(packet) == 1295
    assert hashlib.sha256(packet).hexdigest() == ROWS[name]["sha256_30_01"]
    buffer = ReceiveBuffer()
    buffer.feed(packet)
    answer = buffer.next_answer()
    assert answer is not None
    assert text_record(answer) == bytes(record_of(name))


def test_address_issuer_birth_and_ethnic_group_do_not_survive() -> None:
    card = decode_record(bytes(record_of("R")), 0.0)
    kept = (card.name, card.latin_name, card.id_number, *card.other_numbers)
    assert set(CardRead.__slots__) == {
        "layout",
        "name",
        "latin_name",
        "id_number",
        "other_numbers",
        "valid_until",
        "read_at_s",
    }
    assert not any(part in text for text in kept for part in ("示例市", "公安局"))


@pytest.mark.parametrize("name", "RJIY")
def test_repr_names_nobody(name: str) -> None:
    row = ROWS[name]
    shown = repr(decode_record(bytes(record_of(name)), 0.0))
    for secret in (row["name"], row["id_number"], "ZHENGJIAN", *row["other_numbers"], "2033"):
        assert secret not in shown
    assert row["layout"] in shown


def test_unknown_marker_is_a_resident_card() -> None:
    assert decode_record(with_text(record_of("R"), 248, "Q"), 0.0).layout is CardLayout.RESIDENT


def test_foreigner_without_link_has_no_other_number() -> None:
    assert decode_record(with_text(record_of("Y"), 250, "   "), 0.0).other_numbers == ()


def test_foreigner_without_chinese_name_has_only_the_latin_one() -> None:
    card = decode_record(with_text(record_of("Y"), 0, " " * 15), 0.0)
    assert (card.name, card.latin_name) == ("", "ZHENGJIAN, YANGBEN")


def test_long_latin_name_is_joined_from_its_two_fields() -> None:
    name = "MAXIMILIANUS, BARTHOLOMAEUS ALEXAND ERASMUS AUG"
    record = bytearray(with_text(record_of("Y"), 52, name[:35]))
    assert decode_record(with_text(record, 220, name[35:46]), 0.0).latin_name == name[:46]


def test_padding_may_be_blanks_zeros_or_wide_blanks() -> None:
    record = with_text(record_of("R"), 0, "样本甲\x00\x00\u3000\u3000")
    assert decode_record(record, 0.0).name == "样本甲"


def test_half_a_surrogate_pair_does_not_crash() -> None:
    record = with_text(record_of("R"), 0, "样\ud840甲")
    assert decode_record(record, 0.0).name.startswith("样\ufffd")


def test_rare_characters_beyond_the_basic_plane_are_read() -> None:
    record = with_text(record_of("R"), 0, "样\U00020000 ")
    assert decode_record(record, 0.0).name == "样\U00020000"


@pytest.mark.parametrize(
    ("text", "until"),
    [
        ("20250102", date(2025, 1, 2)),
        ("20230229", date(2023, 2, 28)),
        ("20240431", date(2024, 4, 30)),
        ("20240229", date(2024, 2, 29)),
        ("长期    ", None),
    ],
)
def test_end_of_validity_is_read(text: str, until: date | None) -> None:
    assert decode_record(with_text(record_of("R"), 204, text), 0.0).valid_until == until


@pytest.mark.parametrize(
    "text",
    [
        "        ",
        "2025010 ",
        "20251301",
        "20250100",
        "20250132",
        "00000101",
        "2025-1-2",
        "٢٠٢٥٠١٠٢",
    ],
)
def test_end_of_validity_that_cannot_be_is_corrupt(text: str) -> None:
    with pytest.raises(CorruptData, match="end of validity"):
        decode_record(with_text(record_of("R"), 204, text), 0.0)


@pytest.mark.parametrize("number", [" " * 18, "1101051949123100", "11010519491231002x", "样" * 18])
def test_record_without_a_number_is_corrupt(number: str) -> None:
    with pytest.raises(CorruptData, match="no ID number"):
        decode_record(with_text(record_of("R"), 122, number.ljust(18)), 0.0)


@pytest.mark.parametrize("size", [0, 1, 255, 257, 1280])
def test_record_of_another_size_is_corrupt(size: int) -> None:
    with pytest.raises(CorruptData, match=f"{size} bytes"):
        decode_record(bytes(size), 0.0)


def test_wrong_check_digit_is_not_the_readers_business() -> None:
    record = with_text(record_of("R"), 122, "110105194912310029")
    assert decode_record(record, 0.0).id_number == "110105194912310029"


@given(st.binary(min_size=256, max_size=256))
def test_garbage_never_gives_a_card(record: bytes) -> None:
    with pytest.raises(CorruptData):
        decode_record(record, 0.0)


@given(st.sampled_from("RJIY"), st.integers(0, 255), st.binary(min_size=1, max_size=8))
def test_damaged_record_gives_a_card_or_corrupt_data(name: str, at: int, junk: bytes) -> None:
    record = record_of(name)
    record[at : at + len(junk)] = junk
    try:
        card = decode_record(bytes(record[:256]), 0.0)
    except CorruptData as error:
        message = str(error)
    else:
        message = ""
        assert len(card.id_number) in (15, 18)
    assert ROWS[name]["id_number"] not in message
