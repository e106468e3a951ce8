"""Tables open in a spreadsheet as they are: Chinese readable, nothing runs, the heading stays."""

import csv
import io

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings
from openpyxl import load_workbook

from gated.hub.sheet import Column, csv_text, harmless, xlsx_bytes
from tests.support.effort import examples

COLUMNS = [Column("姓名", 12), Column("体温", 8)]


def test_csv_has_a_byte_order_mark_and_windows_line_ends() -> None:
    assert csv_text(COLUMNS, [["王*明", 36.5]]) == "\ufeff姓名,体温\r\n王*明,36.5\r\n"


@pytest.mark.parametrize(
    "start",
    [
        *("=", "+", "-", "@", "\t", "\r", "\n"),
        *("＝", "＋", "－", "＠"),
        *(" =", "　=", "\u200b=", "\ufeff＝", "\u2060 @", "\u00a0-", "\x00+"),
    ],
)
def test_what_a_spreadsheet_would_run_gets_an_apostrophe(start: str) -> None:
    assert harmless(f"{start}cmd()") == f"'{start}cmd()"


def test_numbers_and_plain_texts_stay_as_they_are() -> None:
    assert [harmless(cell) for cell in (-5, 36.5, "3-2-1**", "", "'x")] == [
        -5, 36.5, "3-2-1**", "", "'x",
    ]  # fmt: skip


@given(
    st.lists(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=2, max_size=2))
)
@settings(max_examples=examples(50))
def test_no_cell_of_a_csv_begins_like_a_formula(rows: list[list[str]]) -> None:
    text = csv_text(COLUMNS, rows)
    found = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
    assert len(found) == len(rows) + 1
    signs = set("=+-@＝＋－＠\t\r\n")
    assert not [c for row in found for c in row if c[:1] in signs and c]


def test_a_workbook_has_text_not_formulas_and_a_frozen_heading() -> None:
    body = xlsx_bytes("2020-02-10", COLUMNS, [["=1+1", 36.5], ["a\x00\x0bb", ""]])
    sheet = load_workbook(io.BytesIO(body)).worksheets[0]
    assert (sheet.title, sheet.freeze_panes) == ("2020-02-10", "A2")
    assert [cell.value for cell in sheet[1]] == ["姓名", "体温"]
    assert (sheet["A2"].value, sheet["A2"].data_type, sheet["B2"].value) == ("=1+1", "s", 36.5)
    assert sheet["A3"].value == "ab"
    assert sheet.column_dimensions["A"].width == 12
