"""The check finds typing errors in every kind of number, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gated.core.id_number import check_character, normalise, problem, tail

# GB 11643-1999 prints 11010519491231002X and 440524188001010014 as its two examples.
STANDARD = ("11010519491231002X", "440524188001010014")


# Numbers with a right check from the sample pictures of the 2023 card for foreigners, from permits
# of Hong Kong, Macao and Taiwan, and from old cards for foreigners.
SAMPLES = (
    "810000199001010035",
    "830000199112310042",
    "932682198501010017",
    "911124198108030024",
    "931586198001010028",
    "PAK310080010103",
    "KAZ110090123105",
)


def numbered(first17: str) -> str:
    return first17 + check_character(first17)


@pytest.mark.parametrize("number", STANDARD + SAMPLES)
def test_printed_examples_pass(number: str) -> None:
    assert problem(number) == ""


@pytest.mark.parametrize("number", STANDARD)
def test_the_last_character_follows_from_the_others(number: str) -> None:
    assert check_character(number[:17]) == number[17]


@pytest.mark.parametrize("number", STANDARD)
def test_every_single_wrong_digit_is_found(number: str) -> None:
    for position in range(17):
        for digit in "0123456789":
            if digit != number[position]:
                wrong = number[:position] + digit + number[position + 1 :]
                assert problem(wrong) == "check digit does not fit"


def test_neighbours_swapped_are_found() -> None:
    number = STANDARD[1]
    swapped = number[:3] + number[4] + number[3] + number[5:]
    assert problem(swapped) == "check digit does not fit"


@pytest.mark.parametrize("area", ["810000", "820000", "830000", "710000"])
def test_permits_of_hong_kong_macao_and_taiwan_pass(area: str) -> None:
    assert problem(numbered(f"{area}19900101001")) == ""


def test_foreigners_of_2023_have_their_province_after_a_nine() -> None:
    assert problem(numbered("91184019900101001")) == ""
    assert problem(numbered("99984019900101001")) == "starts with a province that does not exist"


def test_foreigners_of_2017_have_their_own_check() -> None:
    """Worked out on paper: 7*12+3*10+23 + 7*1+3*1+0 + 0+3*9+1 + 0+3*2+0 + 7*3+0 = 202, check 2."""
    assert problem("CAN110091020302") == ""
    assert problem("can110091020302") == ""
    assert problem("CAN110091020303") == "check digit does not fit"
    assert problem("CAN110091020312") == "check digit does not fit"


@pytest.mark.parametrize(
    ("typed", "spelled"),
    [
        ("11010519491231002x", "11010519491231002X"),
        ("110105 1949-1231 002x", "11010519491231002X"),
        ("１１０１０５１９４９１２３１００２Ｘ", "11010519491231002X"),
        ("110105491231002", "11010519491231002X"),
        ("hello", "HELLO"),
        ("", ""),
    ],
)
def test_one_spelling_for_every_way_of_typing(typed: str, spelled: str) -> None:
    assert normalise(typed) == spelled


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (numbered("00010519491231002"), "starts with a province that does not exist"),
        (numbered("11010519491331002"), "has a birth date that does not exist"),
        (numbered("11010519490229002"), "has a birth date that does not exist"),
        ("1101051949123100", "has 16 characters in a form no identity number has"),
        ("", "has 0 characters in a form no identity number has"),
        ("11010519491231002Y", "has 18 characters in a form no identity number has"),
        ("王小明", "has characters that are not digits or letters"),
    ],
)
def test_reasons_name_what_is_wrong(number: str, reason: str) -> None:
    assert problem(number) == reason


@given(st.text())
def test_any_text_has_an_answer_that_does_not_repeat_it(text: str) -> None:
    answer = problem(text)
    clean = normalise(text)
    assert len(clean) < 5 or clean not in answer


@given(st.from_regex(r"[0-9]{15}", fullmatch=True))
def test_old_numbers_become_modern_ones_with_a_fitting_check(old: str) -> None:
    modern = normalise(old)
    assert len(modern) == 18
    assert modern[17] == check_character(modern[:17])
    assert normalise(modern) == modern


def test_only_the_tail_may_be_seen() -> None:
    assert tail("11010519491231002x") == "002X"
