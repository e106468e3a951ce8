"""The same person, card or room has one pseudonym however it is written."""

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gated.core.pseudonym import (
    card_ref,
    card_text,
    holder_ref,
    person_ref,
    plain,
    room_part,
    room_ref,
)

KEY = bytes(range(32))
OTHER_KEY = bytes(32)
NUMBER = "11010519491231002X"


def test_person_ref_is_the_documented_hmac() -> None:
    made = hmac.new(KEY, b"person\0" + NUMBER.encode(), hashlib.sha256).digest()[:16]
    assert person_ref(KEY, NUMBER) == made


@pytest.mark.parametrize(
    "typed",
    ["11010519491231002x", " 11010519491231002X ", "110105 19491231 002X", "110105491231002"],
)
def test_one_person_however_the_number_is_typed(typed: str) -> None:
    """The 15-digit form is the same number without century and check (GB 11643-1999)."""
    assert person_ref(KEY, typed) == person_ref(KEY, NUMBER)


def test_another_site_has_other_pseudonyms() -> None:
    assert person_ref(KEY, NUMBER) != person_ref(OTHER_KEY, NUMBER)


def test_the_same_text_as_card_person_and_holder_never_meets() -> None:
    text = "110105194912310021"
    refs = {person_ref(KEY, text), card_ref(KEY, text), holder_ref(KEY, text)}
    assert len(refs) == 3
    assert {len(ref) for ref in refs} == {16}


@pytest.mark.parametrize("typed", ["62e3086ced", "62E3086CED", " 62E3 086C ED", "0062E3086CED"])
def test_one_card_however_it_is_printed(typed: str) -> None:
    assert card_ref(KEY, typed) == card_ref(KEY, "62E3086CED")


def test_a_card_of_zeros_is_still_a_card() -> None:
    assert card_text("0000") == card_text("0") == "0"
    assert card_text("") == "0"


@pytest.mark.parametrize(
    "parts",
    [("3", "2", "101"), ("3栋", "2单元", "101室"), ("3号楼", "02", "0101"), ("3", " 2 ", "101号")],
)
def test_one_room_however_it_is_written(parts: tuple[str, str, str]) -> None:
    assert room_ref(KEY, *parts) == room_ref(KEY, "3", "2", "101")


def test_rooms_do_not_run_into_each_other() -> None:
    refs = {
        room_ref(KEY, "1", "11", "1"),
        room_ref(KEY, "11", "1", "1"),
        room_ref(KEY, "1", "1", "11"),
    }
    assert len(refs) == 3


def test_room_parts_keep_letters_and_a_single_zero() -> None:
    assert [room_part(text) for text in ("A座", "b", "0", "", "10栋")] == ["A", "B", "0", "", "10"]


def test_a_key_of_the_wrong_length_is_refused() -> None:
    with pytest.raises(ValueError, match="31 bytes, it must have 32"):
        person_ref(KEY[:31], NUMBER)


@given(st.text())
def test_plain_is_stable(text: str) -> None:
    assert plain(plain(text)) == plain(text) or plain(text) != text


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_has_a_pseudonym(text: str) -> None:
    assert len(person_ref(KEY, text)) == 16
    assert len(room_ref(KEY, text, text, text)) == 16
