"""A table is understood however it was saved, and taken whole or not at all."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gated.core.model import Appointment, Category, CredentialState, Status, StatusCode
from gated.errors import TableError
from gated.store import table_words
from gated.store.roster_build import Card, RosterRow
from gated.store.roster_table import BadTable, Table, read_table

ZONE = ZoneInfo("Asia/Shanghai")
NumberOf = Callable[[int], str]
ReadText = Callable[[str], Table]

CHINESE = "身份证号,姓名,手机,楼栋,单元,房号,类别,卡号,状态,开始,结束,备注"
ENGLISH = "id_number,name,phone,building,unit,room,category,card,status,from,to,flags"


@pytest.fixture
def read(tmp_path: Path) -> ReadText:
    def read_text(text: str) -> Table:
        path = tmp_path / "people.csv"
        path.write_text(text, encoding="utf-8")
        return read_table(path, ZONE)

    return read_text


def bad_lines(read: ReadText, text: str) -> list[str]:
    with pytest.raises(BadTable) as refused:
        read(text)
    return [str(line) for line in refused.value.lines]


@pytest.mark.parametrize("heading", [CHINESE, ENGLISH])
def test_headings_in_either_language(read: ReadText, number_of: NumberOf, heading: str) -> None:
    number = number_of(1)
    table = read(
        f"{heading}\n{number},王小明,13800001234,3栋,2,101,居民,7001,,,,老人 shared_flat\n"
    )
    expected = RosterRow(
        Category.RESIDENT,
        number,
        "王小明",
        "13800001234",
        "3栋",
        "2",
        "101",
        (Card("7001"),),
        flags=frozenset({"elder", "shared_flat"}),
    )
    assert table == Table([expected], 1)


def test_columns_in_any_order_with_a_title_above_and_a_running_number(
    read: ReadText, number_of: NumberOf
) -> None:
    table = read(
        f"阳光小区居民名单\n\n序号,类别,身份证号\n1,租户,{number_of(1)}\n\n2,居民,{number_of(2)}\n"
    )
    assert [row.category for row in table.rows] == [Category.TENANT, Category.RESIDENT]
    assert table.lines == 2


@pytest.mark.parametrize("category", list(Category))
def test_every_category_has_its_code_and_chinese_words(
    read: ReadText, number_of: NumberOf, category: Category
) -> None:
    written = [category.value, *table_words.CATEGORIES[category].split()]
    for word in written:
        rows = read(f"id_number,category\n{number_of(1)},{word}\n").rows
        assert rows[0].category is category


@pytest.mark.parametrize("status", list(StatusCode))
def test_every_status_has_its_code_and_chinese_words(
    read: ReadText, number_of: NumberOf, status: StatusCode
) -> None:
    for word in [status.value, *table_words.STATUSES[status].split()]:
        rows = read(f"id_number,category,status,to\n{number_of(1)},居民,{word},2020-02-24\n").rows
        assert [s.code for s in rows[0].statuses] == [status]


def test_no_word_means_two_things() -> None:
    for table in (table_words.CATEGORIES, table_words.STATUSES, table_words.HEADINGS):
        words = [
            w for text in table.values() for w in {table_words.spelled(x) for x in text.split()}
        ]
        assert len(words) == len(set(words))


@pytest.mark.parametrize("separator", [";", "；", "、", " ", "，", " ; "])
def test_several_statuses_in_one_cell(read: ReadText, number_of: NumberOf, separator: str) -> None:
    text = f"居家隔离{separator}密接"
    rows = read(f"id_number,category,status\n{number_of(1)},居民,{text}\n").rows
    assert [s.code for s in rows[0].statuses] == [
        StatusCode.HOME_QUARANTINE,
        StatusCode.CLOSE_CONTACT,
    ]


@pytest.mark.parametrize(
    "written", ["2020-02-24", "2020/2/24", "2020.2.24", "2020年2月24日", "20200224"]
)
def test_the_last_day_of_a_status_belongs_to_it(
    read: ReadText, number_of: NumberOf, written: str
) -> None:
    """Local days: the 10th begins at 16:00 UTC of the 9th; the 24th ends at 16:00 UTC."""
    text = f"id_number,category,status,from,to\n{number_of(1)},居民,居家隔离,2020-02-10,{written}\n"
    (status,) = read(text).rows[0].statuses
    assert status.start == datetime(2020, 2, 9, 16, tzinfo=UTC)
    assert status.end == datetime(2020, 2, 24, 16, tzinfo=UTC)


@pytest.mark.parametrize(
    "written", ["2020-02-10 14:00", "2020-2-10T14:00:00", "2020年2月10日 14：00"]
)
def test_a_time_ends_exactly_there(read: ReadText, number_of: NumberOf, written: str) -> None:
    (row,) = read(f"id_number,category,to\n{number_of(1)},工作人员,{written}\n").rows
    assert row.end == datetime(2020, 2, 10, 6, tzinfo=UTC)


def test_a_visitor_without_status_has_an_appointment(read: ReadText, number_of: NumberOf) -> None:
    text = f"id_number,category,from,to\n{number_of(1)},访客,2020-02-10 14:00,2020-02-10 15:00\n"
    (row,) = read(text).rows
    start = datetime(2020, 2, 10, 6, tzinfo=UTC)
    assert row.appointment == Appointment(start, start + timedelta(hours=1))
    assert (row.start, row.end) == (None, None)


def test_anybody_else_without_status_has_a_validity(read: ReadText, number_of: NumberOf) -> None:
    (row,) = read(f"id_number,category,from,to\n{number_of(1)},护工,2020-02-10,长期\n").rows
    assert row.start == datetime(2020, 2, 9, 16, tzinfo=UTC)
    assert row.end is None
    assert row.appointment is None


@pytest.mark.parametrize(
    ("word", "state"), [("挂失", "lost"), ("注销", "revoked"), ("正常", "active")]
)
def test_the_state_of_a_card_stands_in_the_status(
    read: ReadText, number_of: NumberOf, word: str, state: str
) -> None:
    (row,) = read(f"id_number,category,card,status\n{number_of(1)},居民,77,{word}\n").rows
    assert row.cards == (Card("77", CredentialState(state)),)
    assert row.statuses == ()


def test_rows_of_one_person_are_joined(read: ReadText, number_of: NumberOf) -> None:
    number = number_of(1)
    table = read(
        f"{CHINESE}\n"
        f"{number},王小明,,3,2,101,居民,77,居家隔离,2020-02-10,2020-02-24,\n"
        f"{number.lower()},王 小明,13800001234,3栋,2单元,101室,居民,078,购药,,,老人\n"
        f"{number},王小明,,3,2,101,居民,77,挂失,,,\n"
    )
    (row,) = table.rows
    assert table.lines == 3
    assert row.cards == (Card("77", CredentialState.LOST), Card("078"))
    assert [s.code for s in row.statuses] == [StatusCode.HOME_QUARANTINE, StatusCode.MEDICINE_BUYER]
    assert row.statuses[1] == Status(StatusCode.MEDICINE_BUYER)
    assert row.phone == "13800001234"
    assert row.flags == {"elder"}


@pytest.mark.parametrize(
    ("second", "reason"),
    [
        ("李四,3,2,101,居民,,", "another name"),
        ("王小明,3,2,102,居民,,", "another room"),
        ("王小明,3,2,101,租户,,", "another category"),
        ("王小明,3,2,101,居民,2020-02-01,", "another validity"),
    ],
)
def test_rows_of_one_person_that_disagree_are_both_bad(
    read: ReadText, number_of: NumberOf, second: str, reason: str
) -> None:
    number = number_of(1)
    lines = bad_lines(
        read,
        "id_number,name,building,unit,room,category,from,to\n"
        f"{number},王小明,3,2,101,居民,2020-01-01,\n{number},{second}\n",
    )
    assert lines == [
        f"line 2, id_number: same person as line 3, but {reason}",
        f"line 3, id_number: same person as line 2, but {reason}",
    ]


def test_two_appointments_of_one_visitor_disagree(read: ReadText, number_of: NumberOf) -> None:
    row = f"{number_of(1)},访客,2020-02-1%d,2020-02-1%d\n"
    text = "id_number,category,from,to\n" + row % (0, 1) + row % (2, 3)
    assert "another appointment" in bad_lines(read, text)[0]


def test_one_card_for_two_people_is_bad_on_both_lines(read: ReadText, number_of: NumberOf) -> None:
    text = f"id_number,category,card\n{number_of(1)},居民,0077\n{number_of(2)},居民,77\n"
    assert bad_lines(read, text) == [
        "line 2, card: same card as line 3",
        "line 3, card: same card as line 2",
    ]


def test_couriers_and_visitors_need_no_number(read: ReadText) -> None:
    text = "id_number,name,building,unit,room,category,card\n,,,,,快递,77\n,王小明,3,2,101,访客,\n"
    courier, visitor = read(text).rows
    assert courier.cards == (Card("77"),)
    assert visitor.room == "101"


def test_rows_without_a_number_that_share_a_card_are_one_person(read: ReadText) -> None:
    table = read(
        "id_number,name,category,card,status,flags\n"
        ",王五,工作人员,77；078、0077,,\n,李四,工作人员,79,,\n"
        ",王五,工作人员,78,挂失,\n,王五,工作人员,077,购药,老人\n"
    )
    first, second = table.rows
    assert first.cards == (Card("0077"), Card("78", CredentialState.LOST))
    assert [status.code for status in first.statuses] == [StatusCode.MEDICINE_BUYER]
    assert first.flags == {"elder"}
    assert second.cards == (Card("79"),)


def test_two_of_one_name_with_cards_of_their_own_stay_two(read: ReadText) -> None:
    text = "id_number,name,room,category,card\n,王五,101,工作人员,77\n,王五,101,工作人员,78\n"
    assert len(read(text).rows) == 2


@pytest.mark.parametrize(
    ("third", "reason"),
    [
        (",李四,工作人员,78", "line 2, id_number: same person as line 4, but another name"),
        (",王五,工作人员,78;79", "line 2, card: same card as line 3"),
    ],
)
def test_a_card_of_somebody_else_is_bad_on_both_lines(
    read: ReadText, third: str, reason: str
) -> None:
    text = f"id_number,name,category,card\n,王五,工作人员,77;78\n,王五,工作人员,79\n{third}\n"
    assert bad_lines(read, text)[0] == reason


def test_a_cell_of_separators_names_no_card(read: ReadText, number_of: NumberOf) -> None:
    lines = bad_lines(read, f"id_number,category,card,status\n{number_of(1)},居民,； ;,挂失\n")
    assert "card: is empty although" in lines[0]


def test_a_resident_needs_a_number_whatever_else_is_known(read: ReadText) -> None:
    text = "id_number,name,room,category,card\n,王小明,101,居民,77\n"
    assert bad_lines(read, text) == ["line 2, id_number: is empty"]


@pytest.mark.parametrize("row", [",王小明,,访客,", ",,101,访客,", ",,,快递,"])
def test_nobody_in_particular_is_bad_and_what_would_do_is_said(read: ReadText, row: str) -> None:
    text = f"id_number,name,room,category,card\n{row}\n"
    assert bad_lines(read, text) == [
        "line 2, id_number: is empty: then name and room, or a card, are needed"
    ]


@pytest.mark.parametrize(
    ("heading", "cells", "problem"),
    [
        ("status", "居家隔里", '"居家隔里" is unknown, did you mean 居家隔离?'),
        ("status", "home_quarantin", "a text of 14 characters is unknown, did you mean home_q"),
        ("status", "挂失", "card: is empty although"),
        ("status", "13800001234", "a text of 11 characters is unknown"),
        ("status", "布控", "to: is empty, but a watch must end"),
        ("from", "next week", "is no date; write it as 2020-02-10"),
        ("from", "2020-02-30", "is no date"),
        ("from", "20-02-10", "is no date"),
        ("from", "43871", "is no date"),
        ("from", "0001-01-01", "is no date"),
        ("from,to", "2020-02-10,2020-02-09", "to: is not after the beginning"),
    ],
)
def test_cells_that_make_no_sense_are_named(
    read: ReadText, number_of: NumberOf, heading: str, cells: str, problem: str
) -> None:
    card = ",card" if "card:" in problem else ""
    text = f"id_number,category,{heading}{card}\n{number_of(1)},居民,{cells}{',' if card else ''}\n"
    (line,) = bad_lines(read, text)
    assert line.startswith("line 2, ")
    assert problem in line


def test_categories_that_are_missing_or_wrong_are_named(
    read: ReadText, number_of: NumberOf
) -> None:
    lines = bad_lines(read, f"id_number,category\n{number_of(1)},\n{number_of(2)},居明\n")
    assert lines == [
        "line 2, category: is empty",
        'line 3, category: "居明" is unknown, did you mean 居民?',
    ]


@pytest.mark.parametrize("heading", ["from", "to"])
def test_an_appointment_has_a_beginning_and_an_end(
    read: ReadText, number_of: NumberOf, heading: str
) -> None:
    (line,) = bad_lines(read, f"id_number,category,{heading}\n{number_of(1)},访客,2020-02-10\n")
    assert "is empty, an appointment has both" in line


def test_numbers_excel_has_rounded_are_named_as_such(read: ReadText) -> None:
    text = "id_number,category\n110105194912310000,居民\n1.10105E+17,居民\n1.1e17,居民\n"
    lines = bad_lines(read, text)
    assert len(lines) == 3
    assert all("was rounded by the spreadsheet" in line for line in lines)


def test_no_message_holds_a_whole_number(read: ReadText, number_of: NumberOf) -> None:
    wrong = number_of(1)[:-2] + "17"
    lines = bad_lines(read, f"id_number,category\n{wrong},居民\n{number_of(2)},{number_of(3)}\n")
    assert lines[0] == f"line 2, id_number: …{wrong[-4:]} check digit does not fit"
    for number in (wrong, number_of(2), number_of(3)):
        assert not any(number[:8] in line for line in lines)


def test_every_bad_line_is_counted_and_a_hundred_are_named(read: ReadText) -> None:
    with pytest.raises(BadTable, match="130 problems, nothing was imported") as refused:
        read("id_number,category\n" + "123,居民\n" * 130)
    assert refused.value.count == 130
    assert len(refused.value.lines) == 100
    assert refused.value.lines[99].line == 101
    assert str(refused.value).endswith("and 30 more")


def test_headings_that_are_unknown_missing_or_doubled_are_named(read: ReadText) -> None:
    assert bad_lines(read, "姓名,身份证号,壮态,姓 名\n王,1,2,3\n") == [
        "line 1, 壮态: unknown heading, did you mean 状态?; rename or remove it",
        "line 1, 姓 名: stands twice, also as 姓名",
        "line 1, category 类别: this column is missing",
    ]


@pytest.mark.parametrize("text", ["", "\n\n", "hello,world\n1,2\n", "x\n" * 30])
def test_a_table_without_headings_is_refused(read: ReadText, text: str) -> None:
    with pytest.raises(TableError, match="no headings found"):
        read(text)


def test_a_table_without_people_is_refused(read: ReadText) -> None:
    with pytest.raises(TableError, match="no people below the headings"):
        read("id_number,category\n")


def test_short_rows_have_empty_cells(read: ReadText, number_of: NumberOf) -> None:
    assert read(f"id_number,category,card\n{number_of(1)},居民\n").rows[0].cards == ()


def test_remarks_that_are_not_flags_stay_at_the_office(read: ReadText, number_of: NumberOf) -> None:
    text = f"id_number,category,flags\n{number_of(1)},居民,老人;张三的母亲;needs_help;13800001234\n"
    assert read(text).rows[0].flags == {"elder", "needs_help"}


def test_progress_is_told_now_and_then(tmp_path: Path, number_of: NumberOf) -> None:
    path = tmp_path / "people.csv"
    rows = "".join(f"{number_of(n)},居民\n" for n in range(2500))
    path.write_text("id_number,category\n" + rows)
    told: list[int] = []
    assert len(read_table(path, ZONE, told.append).rows) == 2500
    assert told == [1001, 2001]


CELL = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    ["居民", "110105194912310021", "2020-02-10", "挂失", "1e5", "访客", '"']
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(CELL, max_size=12), max_size=6))
def test_any_table_is_taken_or_refused_by_name(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]
) -> None:
    path = tmp_path_factory.mktemp("any") / "people.csv"
    text = "\n".join([ENGLISH, *(",".join(cells) for cells in rows)])
    path.write_text(text, encoding="utf-8")
    try:
        people = read_table(path, ZONE).rows
    except TableError as refused:
        assert_named(str(refused))
    else:
        assert people


def assert_named(sentence: str) -> None:
    assert "people.csv" in sentence
