"""Who is a child, and for whom movements may be seen all the same."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gated.core.children import is_child, movements_withheld
from gated.core.id_number import birth_date
from gated.core.model import Category, StatusCode

TODAY = date(2020, 2, 10)
NEEDED = {
    StatusCode.HOME_QUARANTINE,
    StatusCode.CLOSE_CONTACT,
    StatusCode.SECOND_CONTACT,
    StatusCode.SUSPECTED,
    StatusCode.CONFIRMED,
    StatusCode.OBSERVATION,
    StatusCode.ARRIVAL_PENDING,
    StatusCode.FROM_OTHER_PROVINCE,
    StatusCode.FROM_EPIDEMIC_AREA,
}


def born(day: str) -> str:
    return f"110101{day}0010"


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("110101200602110010", date(2006, 2, 11)),
        ("110101 20060211 001x", date(2006, 2, 11)),
        ("110101900101001", date(1990, 1, 1)),  # 15 digits
        ("911156200602110010", date(2006, 2, 11)),  # foreigner, 2023
        ("FRA110006021101", date(2006, 2, 11)),  # foreigner, 2017
        ("FRA110021021101", date(1921, 2, 11)),  # 2021 has not come yet
        ("110101200613110010", None),
        ("110101202002110010", None),  # tomorrow
        ("FRA110006130101", None),
        ("G12345678", None),
        ("", None),
    ],
)
def test_a_number_states_its_birth_date_or_none(number: str, expected: date | None) -> None:
    assert birth_date(number, TODAY) == expected


@given(st.text(max_size=24))
def test_any_text_has_a_birth_date_or_none(text: str) -> None:
    assert birth_date(text, TODAY) is None or isinstance(birth_date(text, TODAY), date)


@pytest.mark.parametrize(
    ("day", "child"),
    [("20060211", True), ("20060210", False), ("20200210", True), ("19500101", False)],
)
def test_on_the_fourteenth_birthday_one_is_no_child_any_more(day: str, child: bool) -> None:
    assert is_child(born(day), Category.RESIDENT, TODAY) is child


def test_who_was_born_on_a_leap_day_turns_fourteen_on_the_first_of_march() -> None:
    assert is_child(born("20080229"), Category.RESIDENT, date(2022, 2, 28))
    assert not is_child(born("20080229"), Category.RESIDENT, date(2022, 3, 1))


@pytest.mark.parametrize("number", ["", "G12345678", "110101200613110010"])
def test_without_a_birth_date_the_category_decides(number: str) -> None:
    assert is_child(number, Category.HOUSEHOLD_MINOR, TODAY)
    assert not is_child(number, Category.RESIDENT, TODAY)


def test_a_birth_date_counts_more_than_the_category() -> None:
    assert not is_child(born("20050101"), Category.HOUSEHOLD_MINOR, TODAY)


@pytest.mark.parametrize("code", list(StatusCode))
def test_only_a_status_about_infection_or_arrival_opens_a_childs_movements(
    code: StatusCode,
) -> None:
    number = born("20120101")
    assert movements_withheld(number, Category.RESIDENT, [code], TODAY) is (code not in NEEDED)


@given(st.sets(st.sampled_from(list(StatusCode))))
def test_nothing_is_withheld_of_a_grown_up(standing: set[StatusCode]) -> None:
    assert not movements_withheld(born("19900101"), Category.RESIDENT, standing, TODAY)
