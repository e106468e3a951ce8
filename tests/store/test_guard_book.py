"""The book of guards: what it keeps, what it refuses, what it gives away."""

from dataclasses import replace
from pathlib import Path

import pytest

from gated.core.duty import DutyRole
from gated.store.guard_book import GUARDS_MAX, Guard, GuardBook, GuardRefused

KEY = b"\x22" * 32
LI = Guard("A12", DutyRole.GUARD, "李*")


@pytest.fixture
def book(tmp_path: Path) -> GuardBook:
    return GuardBook(tmp_path, KEY, cost=2)


def test_a_guard_is_found_again_and_only_the_pin_opens(book: GuardBook, tmp_path: Path) -> None:
    book.put(LI, "8642")
    found = GuardBook(tmp_path, KEY, cost=2).guards()["A12"]
    assert (found.role, found.name, found.card) == (DutyRole.GUARD, "李*", "")
    assert [book.is_pin(found, pin) for pin in ("8642", "8643", "", "abcd", "864２")] == [
        True,
        False,
        False,
        False,
        False,
    ]


def test_the_full_cost_of_the_hash_works_too(tmp_path: Path) -> None:
    book = GuardBook(tmp_path, KEY)
    book.put(LI, "8642")
    assert book.is_pin(book.guards()["A12"], "8642")


def test_without_the_gates_key_the_book_knows_no_pin(book: GuardBook, tmp_path: Path) -> None:
    book.put(LI, "8642")
    stolen = GuardBook(tmp_path, b"\x23" * 32, cost=2)
    assert not stolen.is_pin(stolen.guards()["A12"], "8642")
    assert b"8642" not in (tmp_path / "guards").read_bytes()


def test_two_guards_with_one_pin_have_different_hashes(book: GuardBook) -> None:
    book.put(LI, "8642")
    book.put(replace(LI, number="A13"), "8642")
    one, other = book.guards().values()
    assert one.hash != other.hash


def test_another_role_or_card_keeps_the_pin(book: GuardBook) -> None:
    book.put(LI, "8642")
    book.put(replace(book.guards()["A12"], role=DutyRole.SUPERVISOR, card="ab" * 16))
    changed = book.guards()["A12"]
    assert (changed.role, changed.card) == (DutyRole.SUPERVISOR, "ab" * 16)
    assert book.is_pin(changed, "8642")


@pytest.mark.parametrize(
    "pin", ["", "123", "123456789", "12a4", "1111", "1234", "98765", "１３５７"]
)
def test_a_pin_that_is_none_or_everybodys_first_try_is_refused(book: GuardBook, pin: str) -> None:
    with pytest.raises(GuardRefused) as refused:
        book.put(LI, pin)
    assert not pin or pin not in str(refused.value)
    assert book.guards() == {}


def test_a_number_that_is_none_and_a_full_book_are_refused(book: GuardBook) -> None:
    with pytest.raises(GuardRefused, match="capital letters"):
        book.put(replace(LI, number="a-1"))
    for number in range(GUARDS_MAX):
        book.put(replace(LI, number=f"G{number}"))
    with pytest.raises(GuardRefused, match="full"):
        book.put(LI)
    book.put(replace(LI, number="G0", name="张*"))  # who is in it may change


def test_who_leaves_is_gone(book: GuardBook) -> None:
    book.put(LI, "8642")
    book.remove("A12")
    assert book.guards() == {}
    with pytest.raises(GuardRefused, match="guard list"):
        book.remove("A12")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"guards": 5}',
        '{"guards": [5, {"number": "A12"}, {"number": "a", "role": "guard"}]}',
        '{"guards": [{"number": "A12", "role": "king"}]}',
        '{"guards": [{"number": "A12", "role": "guard", "rank": "1"}]}',
        '{"guards": [{"number": "A12", "role": 1}]}',
    ],
)
def test_a_strange_book_names_nobody(book: GuardBook, tmp_path: Path, text: str) -> None:
    (tmp_path / "guards").write_text(text)
    assert book.guards() == {}
