"""Identity numbers against printed examples, and what one wrong key does to a check."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.card_reader import protocol_numbers as numbers

VECTORS = json.loads(
    (Path(__file__).parents[1] / "vectors/id_card_numbers.json").read_text("utf-8")
)
RIGHT = VECTORS["mod_11_2"] + VECTORS["check_7_3_1"]
DIGITS = "0123456789"


@pytest.mark.parametrize("number", RIGHT)
def test_printed_numbers_have_a_right_check(number: str) -> None:
    assert numbers.has_form(number)
    assert numbers.has_right_check(number)


@pytest.mark.parametrize("number", RIGHT)
def test_any_single_wrong_digit_of_18_is_found(number: str) -> None:
    """MOD 11-2 finds every single error; 7-3-1 is only asked about its check digit."""
    places = range(len(number)) if len(number) == 18 else [len(number) - 1]
    for place in places:
        for digit in DIGITS:
            wrong = number[:place] + digit + number[place + 1 :]
            assert numbers.has_right_check(wrong) == (wrong == number)


@pytest.mark.parametrize("number", VECTORS["mod_11_2"])
def test_swapped_neighbours_are_found(number: str) -> None:
    for place in range(16):
        swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
        assert numbers.has_right_check(swapped) == (swapped == number)


@pytest.mark.parametrize(("short", "long"), VECTORS["fifteen_to_eighteen"].items())
def test_fifteen_digits_become_eighteen(short: str, long: str) -> None:
    assert numbers.normalise(short) == long
    assert numbers.lengthened(short) == long


@pytest.mark.parametrize("row", VECTORS["renumbered"], ids=lambda row: row["old"])
def test_old_foreigner_number_follows_from_the_new_card(row: dict[str, str]) -> None:
    old = numbers.old_foreigner_number(row["number"], row["nationality"], row["link"])
    assert old == row["old"]


@pytest.mark.parametrize(
    ("nationality", "link"),
    [("PAK", ""), ("PAK", "00"), ("PAK", "0A0"), ("P1K", "000"), ("", "000")],
)
def test_without_link_or_nationality_there_is_no_old_number(nationality: str, link: str) -> None:
    assert numbers.old_foreigner_number("931586198001010028", nationality, link) is None


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("11010519491231002x", "11010519491231002X"),
        (" 110105 19491231 002X\n", "11010519491231002X"),
        ("１１０１０５１９４９１２３１００２Ｘ", "11010519491231002X"),
        ("110105\u3000491231002", "11010519491231002X"),
        ("pak310080010103", "PAK310080010103"),
        ("not a number", "NOTANUMBER"),
        ("", ""),
        ("样本 1", "样本 1"),
    ],
)
def test_typed_numbers_become_what_cards_carry(typed: str, number: str) -> None:
    assert numbers.normalise(typed) == number


@pytest.mark.parametrize(
    "number",
    [
        "",
        "1",
        "X" * 18,
        "1101051949123100X2",
        "11010519491231002x",
        "110105491231002",
        "PA1310080010103",
    ],
)
def test_other_forms_have_no_right_check(number: str) -> None:
    assert not numbers.has_form(number)
    assert not numbers.has_right_check(number)


def test_digits_of_other_scripts_are_no_digits() -> None:
    assert not numbers.has_form("١" * 18)


@given(st.text(max_size=30))
def test_normalising_is_total_and_does_nothing_twice(text: str) -> None:
    once = numbers.normalise(text)
    assert numbers.normalise(once) == once
    assert numbers.has_right_check(once) in (True, False)


@given(st.text(DIGITS, min_size=17, max_size=17))
def test_a_computed_check_is_right(stem: str) -> None:
    assert numbers.has_right_check(stem + numbers.check_mod_11_2(stem))


@given(st.text(DIGITS, min_size=15, max_size=15))
def test_every_lengthened_number_has_a_right_check(short: str) -> None:
    assert numbers.has_right_check(numbers.normalise(short))
