"""What people may see is masked, whatever the name or number looks like."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gated.core.masking import STARS_MAX, mask_document, mask_name, mask_phone, mask_room

HAN = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), min_size=1, max_size=12)
EXT_B = st.characters(min_codepoint=0x20000, max_codepoint=0x2A6DF)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("王小明", "王*明"),
        ("王明", "王*"),
        ("王", "王*"),
        ("欧阳娜娜", "欧**娜"),
        ("王 小明", "王*明"),
        ("买买提·艾合买提", "买******提"),
        ("𠮷野𡈽", "𠮷*𡈽"),
        ("𠮷𡈽", "𠮷*"),
        ("John Smith", "J*** S****"),
        ("Émile Ō", "É**** Ō*"),
        ("\u202e王小明", "王*明"),
        ("王小\u2066\u200f明\ud800", "王*明"),
        ("\ue863小\ue864", "\ue863*\ue864"),
        ("", ""),
        ("  ", ""),
    ],
)
def test_names_show_their_ends_only(name: str, shown: str) -> None:
    assert mask_name(name) == shown


@given(HAN)
def test_the_middle_of_a_name_is_never_shown(name: str) -> None:
    shown = mask_name(name)
    assert shown[0] == name[0]
    assert "*" in shown
    assert set(shown[1:-1]) <= {"*"}
    assert len(shown) <= STARS_MAX + 2


@given(st.lists(EXT_B, min_size=3, max_size=6))
def test_rare_characters_count_once(characters: list[str]) -> None:
    shown = mask_name("".join(characters))
    assert list(shown) == [characters[0], *"*" * (len(characters) - 2), characters[-1]]


@given(st.text())
def test_any_text_is_masked_without_failing(text: str) -> None:
    shown = mask_name(text)
    assert shown == "" or "*" in shown
    assert mask_phone(text).count("*") >= 0
    assert mask_document(text) is not None
    assert mask_room(text, text, text) is not None


@pytest.mark.parametrize(
    ("parts", "shown"),
    [
        (("3", "2", "101"), "3-2-1**"),
        (("3栋", "2单元", "101室"), "3-2-1**"),
        (("12", "1", "1503"), "12-1-15**"),
        (("3", "", "101"), "3-1**"),
        (("", "", "101"), "1**"),
        (("3", "2", "1501A"), "3-2-15**"),
        (("3", "2", "A101"), "3-2-**"),
        (("3", "2", "12"), "3-2-**"),
        (("3", "2", "5"), "3-2-**"),
        (("3", "2", ""), "3-2"),
        (("", "", ""), ""),
    ],
)
def test_rooms_show_block_unit_and_floor(parts: tuple[str, str, str], shown: str) -> None:
    assert mask_room(*parts) == shown


@given(st.integers(100, 9999))
def test_the_door_is_never_shown(room: int) -> None:
    assert mask_room("1", "1", str(room)).endswith(f"-{room // 100}**")


@pytest.mark.parametrize(
    ("phone", "shown"),
    [
        ("13800001234", "138****1234"),
        ("138 0000 1234", "138****1234"),
        ("+86 138-0000-1234", "138****1234"),
        ("１３８００００１２３４", "138****1234"),
        ("053187654321", "053*****4321"),
        ("87654321", "******21"),
        ("12345", "*****"),
        ("", ""),
    ],
)
def test_phones_show_three_and_four(phone: str, shown: str) -> None:
    assert mask_phone(phone) == shown


@pytest.mark.parametrize(
    ("number", "shown"),
    [("11010519491231002X", "**************002X"), ("1234", "****"), ("12345", "*2345"), ("", "")],
)
def test_documents_show_their_last_four(number: str, shown: str) -> None:
    assert mask_document(number) == shown
