"""What came of an audited action is told in the reader's language and never lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gated.hub.audit_words import result_words


@pytest.mark.parametrize(
    ("stored", "shown"),
    [
        ("ok", "完成"),
        ("found 0", "查到 0 人"),
        ("174 lines", "174 条"),
        ("7 contacts, 1 gates incomplete", "7 名接触者，1 个卡口数据不全"),
        ("observation, rev 4", "留观，第 4 版"),
        ("moved_out ended, rev 15", "已搬离已结束，第 15 版"),
        ("filed: already so", "已登记，原本如此"),
        ("whole list, rev 12", "完整名单，第 12 版"),
        ("registration 20", "登记第 20 项"),
        ("reading", "测温"),
        ("added as officer", "新增为社区工作人员"),
        ("role none", "已取消身份"),
        ("taken back", "已恢复使用"),
        ("not written", "文件未写出"),
        ("something of a later version", "something of a later version"),
        ("", ""),
    ],
)
def test_a_result_is_told_in_chinese(stored: str, shown: str) -> None:
    assert result_words(stored, "zh") == shown


def test_in_english_it_is_told_as_it_is_stored() -> None:
    assert result_words("found 0", "en") == "found 0"
    assert result_words("ok", "en") == "done"


@given(st.text(max_size=60))
def test_numbers_are_kept_whatever_stands_there(stored: str) -> None:
    digits = [character for character in stored if character.isdecimal()]
    told = result_words(stored, "zh")
    assert [character for character in told if character.isdecimal()] == digits
    assert result_words(told, "en") == told or told == "ok"
