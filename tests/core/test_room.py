"""A room, however somebody writes it."""

import pytest

from gated.core.room import room_parts


@pytest.mark.parametrize(
    ("written", "parts"),
    [
        ("3-2-101", ("3", "2", "101")),
        ("3-101", ("3", "", "101")),
        ("101", ("", "", "101")),
        (" 3 - 2 - 101 ", ("3", "2", "101")),
        ("3栋2单元101", ("3栋", "2单元", "101")),
        ("12号楼301室", ("12号楼", "", "301室")),
        ("\uff13\uff0d\uff12\uff0d\uff11\uff10\uff11", ("3", "2", "101")),
        ("a-b-12c", ("A", "B", "12C")),
    ],
)
def test_a_room_has_up_to_three_parts(written: str, parts: tuple[str, str, str]) -> None:
    assert room_parts(written) == parts


@pytest.mark.parametrize("written", ["", "  ", "王小明", "-", "1" * 31, "三栋二单元"])
def test_what_is_no_room_is_none(written: str) -> None:
    assert room_parts(written) is None
