"""A table is read whatever program saved it, or refused with what to do."""

import contextlib
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from openpyxl import Workbook

from gated.core.model import Category
from gated.errors import TableError
from gated.store.roster_table import BadTable, read_table
from gated.store.table_file import count_lines, read_rows

ZONE = ZoneInfo("Asia/Shanghai")
NumberOf = Callable[[int], str]
SaveBook = Callable[..., Path]

# A name with a four-byte GB18030 character, which GBK cannot write.
RARE = "王𠮷明"


def naive(text: str) -> datetime:
    """Return a moment without a zone, the only kind a workbook can hold."""
    return datetime.fromisoformat(text)


@pytest.fixture
def book(tmp_path: Path) -> SaveBook:
    def save(*rows: list[object]) -> Path:
        workbook = Workbook()
        assert workbook.active is not None
        for row in rows:
            workbook.active.append(row)
        path = tmp_path / "people.xlsx"
        workbook.save(path)
        return path

    return save


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16"])
@pytest.mark.parametrize("separator", [",", "\t", ";"])
def test_csv_in_every_encoding_and_with_every_separator(
    tmp_path: Path, number_of: NumberOf, encoding: str, separator: str
) -> None:
    name = "王小明" if encoding == "gbk" else RARE
    rows = [["身份证号", "姓名", "类别"], [number_of(1), name, "居民"]]
    path = tmp_path / "people.csv"
    path.write_bytes("\r\n".join(separator.join(row) for row in rows).encode(encoding))
    (row,) = read_table(path, ZONE).rows
    assert (row.name, row.category) == (name, Category.RESIDENT)


def test_a_quoted_cell_may_hold_anything(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text('a,b\n"1,\n2","say ""x"""\n\n3,4\n')
    assert list(read_rows(path)) == [(1, ["a", "b"]), (2, ["1,\n2", 'say "x"']), (5, ["3", "4"])]


def test_a_workbook_has_typed_cells(book: SaveBook, number_of: NumberOf) -> None:
    path = book(
        ["名单"],
        ["身份证号", "姓名", "手机", "楼栋", "单元", "房号", "类别", "卡号", "状态", "开始", "结束"],
        [
            number_of(1), RARE, 13800001234, 3, 2.0, 101, "居民", 7001, "居家隔离",
            naive("2020-02-10"), naive("2020-02-24"),
        ],
        [],
        [number_of(2), "李四", None, "A座", None, "5", "访客", None, None,
         naive("2020-02-10T14:00"), "2020-02-10 15:00"],
    )  # fmt: skip
    first, second = read_table(path, ZONE).rows
    assert (first.name, first.phone) == (RARE, "13800001234")
    assert (first.building, first.unit, first.room) == ("3", "2", "101")
    assert first.cards[0].number == "7001"
    assert first.statuses[0].start == datetime(2020, 2, 9, 16, tzinfo=UTC)
    assert first.statuses[0].end == datetime(2020, 2, 24, 16, tzinfo=UTC)
    assert second.appointment is not None
    assert second.appointment.start == datetime(2020, 2, 10, 6, tzinfo=UTC)
    assert second.appointment.end == datetime(2020, 2, 10, 7, tzinfo=UTC)


def test_an_old_number_typed_as_a_number_is_exact(book: SaveBook) -> None:
    path = book(["身份证号", "类别"], [110105491231002, "居民"])
    assert read_table(path, ZONE).rows[0].id_number == "11010519491231002X"


def test_numbers_the_workbook_rounded_or_turned_into_dates_are_named(
    book: SaveBook, number_of: NumberOf
) -> None:
    path = book(
        ["身份证号", "类别", "房号", "卡号"],
        [float(number_of(1).replace("X", "0")), "居民", "101", None],
        [int(number_of(1)[:15] + "000"), "居民", "101", None],
        [number_of(2), "居民", naive("2020-03-02"), None],
        [number_of(3), "居民", "101", 1234567890123456789],
    )
    with pytest.raises(BadTable) as refused:
        read_table(path, ZONE)
    found = [(bad.line, bad.column, bad.reason) for bad in refused.value.lines]
    assert [item[:2] for item in found] == [
        (2, "身份证号"),
        (3, "身份证号"),
        (4, "房号"),
        (5, "卡号"),
    ]
    for reason in (found[0][2], found[1][2], found[3][2]):
        assert "was rounded by the spreadsheet" in reason
    assert "was turned into a date" in found[2][2]


def test_a_workbook_under_another_name_is_still_a_workbook(
    book: SaveBook, number_of: NumberOf, tmp_path: Path
) -> None:
    path = book(["身份证号", "类别"], [number_of(1), "居民"])
    path = path.rename(tmp_path / "people.csv")
    assert len(read_table(path, ZONE).rows) == 1


def test_a_workbook_cut_at_any_place_is_refused(book: SaveBook, number_of: NumberOf) -> None:
    path = book(["身份证号", "类别"], [number_of(1), "居民"])
    content = path.read_bytes()
    for length in range(4, len(content), 97):
        path.write_bytes(content[:length])
        with pytest.raises(TableError, match=r"people\.xlsx"):
            read_table(path, ZONE)


def test_the_old_excel_format_is_named(tmp_path: Path) -> None:
    path = tmp_path / "people.xls"
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512))
    with pytest.raises(TableError, match=r"old Excel format; save it as \.xlsx or CSV"):
        list(read_rows(path))


@pytest.mark.parametrize(
    "content", [b"\xff", b"id_number,category\n\x81\x20\xff", b"\xef\xbb\xbf\xff"]
)
def test_a_file_that_is_no_text_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(content)
    with pytest.raises(TableError, match="neither UTF-8 nor GB18030"):
        list(read_rows(path))


def test_a_cell_without_end_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("a,b\n1,2\n" + "x" * 200_000 + "\n")
    with pytest.raises(TableError, match="line 3"):
        list(read_rows(path))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(TableError, match=r"cannot read none\.csv: No such file"):
        read_rows(tmp_path / "none.csv")


@pytest.mark.parametrize(
    "content", [b"garbage\n", b"\x81\x20\xff\x00", "身份证号,类别\n".encode(), b""]
)
def test_a_file_that_is_only_named_like_a_workbook_says_so(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "r.xlsx"
    path.write_bytes(content)
    with pytest.raises(TableError) as refused:
        read_rows(path)
    assert str(refused.value) == (
        "cannot read r.xlsx: it is no .xlsx workbook, although it is named like one; open it in a"
        " spreadsheet program and save it as .xlsx, or name it .csv if it is CSV"
    )


def test_a_workbook_with_a_password_says_so(tmp_path: Path) -> None:
    path = tmp_path / "people.xlsx"
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512))
    with pytest.raises(TableError, match="has a password or is in the old Excel format; save it"):
        read_rows(path)


def test_another_archive_is_no_workbook(tmp_path: Path) -> None:
    path = tmp_path / "people.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("notes.txt", "nothing")
    with pytest.raises(TableError, match=r"not a whole \.xlsx workbook; open it in a spreadsheet"):
        list(read_rows(path))


def test_a_workbook_with_a_damaged_sheet_is_refused_wherever_the_damage_is(
    book: SaveBook, number_of: NumberOf
) -> None:
    path = book(["身份证号", "类别"], [number_of(1), "居民"])
    content = path.read_bytes()
    for place in range(40, len(content) - 40, 211):
        path.write_bytes(content[:place] + bytes(8) + content[place + 8 :])
        with contextlib.suppress(TableError):
            read_table(path, ZONE)


def test_a_table_this_user_may_not_read_says_who_must(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "people.csv"
    path.write_text("a,b\n")

    def refuse(_: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(TableError, match=r"people\.csv: Permission denied; the user who runs"):
        read_rows(path)


def test_lines_are_counted_for_a_bar_before_they_are_read(book: SaveBook, tmp_path: Path) -> None:
    assert count_lines(book(["a", "b"], ["1", "2"], ["3", "4"])) == 3
    path = tmp_path / "people.csv"
    path.write_text("a,b\n1,2\n")
    assert count_lines(path) == 2
    assert count_lines(tmp_path / "none.csv") is None
