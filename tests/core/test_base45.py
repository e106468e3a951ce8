"""base45 against RFC 9285's own examples, and strictness."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gated.core import base45

# RFC 9285 §4.3 and §4.4
RFC_VECTORS = [
    (b"AB", "BB8"),
    (b"Hello!!", "%69 VD92EX0"),
    (b"base-45", "UJCLQE7W581"),
    (b"ietf!", "QED8WEX0"),
    (b"", ""),
    (b"\x00", "00"),
    (b"\xff\xff", "FGW"),
    (b"\xff", "U5"),
]


@pytest.mark.parametrize(("data", "text"), RFC_VECTORS)
def test_the_rfc_examples_hold_both_ways(data: bytes, text: str) -> None:
    assert base45.encode(data) == text
    assert base45.decode(text) == data


@pytest.mark.parametrize(
    "text",
    [
        "B",  # one character is no byte
        "BB8B",
        "GGW",  # 65,536, RFC 9285 §6
        ":::",
        "V5",  # 256 in one byte
        "::",
        "bb8",
        "BB8\n",
        "BB8\n00",
        "BB_",
        "BBÄ",
        "BB\x00",
        "ＢＢ８",  # full width
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="base45"):
        base45.decode(text)


def test_the_error_names_the_offset_of_the_bad_group() -> None:
    with pytest.raises(ValueError, match="offset 3"):
        base45.decode("BB8GGW")


def test_the_alphabet_is_the_qr_alphanumeric_set() -> None:
    assert len(base45.ALPHABET) == len(set(base45.ALPHABET)) == 45
    assert [base45.encode(bytes([value]))[0] for value in range(45)] == list(base45.ALPHABET)


@given(st.binary(max_size=200))
def test_every_byte_string_comes_back(data: bytes) -> None:
    assert base45.decode(base45.encode(data)) == data


@given(st.text(alphabet=base45.ALPHABET, max_size=60))
def test_a_text_decodes_to_bytes_that_encode_to_it_or_is_refused(text: str) -> None:
    try:
        data = base45.decode(text)
    except ValueError:
        return
    assert base45.encode(data) == text


@given(st.text(max_size=30))
def test_garbage_gives_bytes_or_a_value_error(text: str) -> None:
    with suppress(ValueError):
        assert isinstance(base45.decode(text), bytes)
