"""Tables that people open in a spreadsheet program: CSV and .xlsx from the same rows. Pure.

CSV begins with a byte order mark, so that Excel reads Chinese, and ends lines with CR LF. A text
that a spreadsheet would run as a formula gets a leading apostrophe in CSV and is typed as text in
.xlsx: names come from outside. What counts is the first character that is seen, full-width signs
as well, and any control character in front.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

Cell: TypeAlias = "str | int | float"

FORMULA_SIGNS: Final = frozenset("=+-@")
FORMULA_CONTROLS: Final = ("\t", "\r", "\n")
_UNSEEN: Final = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})  # blanks, controls, zero-width
TEXT_FORMAT: Final = "@"
WIDTH_MIN, WIDTH_MAX = 6, 40  # characters
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")  # not allowed in XML


@dataclass(frozen=True, slots=True)
class Column:
    """A heading and how wide its column is, in characters."""

    heading: str
    width: int = 12


def csv_text(columns: Sequence[Column], rows: Iterable[Sequence[Cell]]) -> str:
    """Return the table as CSV text with its byte order mark."""
    out = io.StringIO(newline="")
    out.write("\ufeff")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([harmless(column.heading) for column in columns])
    writer.writerows([harmless(cell) for cell in row] for row in rows)
    return out.getvalue()


def xlsx_bytes(
    title: str,
    columns: Sequence[Column],
    rows: Iterable[Sequence[Cell]],
    *,
    as_text: bool = False,
) -> bytes:
    """Return the table as a workbook of one sheet whose heading stays in view.

    as_text: what people type into the columns stays as they typed it: a spreadsheet rounds long
    numbers and makes dates of rooms.
    """
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    book = Workbook(write_only=True)
    sheet = book.create_sheet(title)
    sheet.freeze_panes = "A2"
    for number, column in enumerate(columns, 1):
        width = min(max(column.width, WIDTH_MIN), WIDTH_MAX)
        dimension = sheet.column_dimensions[get_column_letter(number)]
        dimension.width = width
        if as_text:
            dimension.number_format = TEXT_FORMAT

    def typed(value: Cell, *, bold: bool = False) -> object:
        if not isinstance(value, str):
            return value
        cell = WriteOnlyCell(sheet, _CONTROL.sub("", value))
        cell.data_type = "s"  # whatever it begins with, it is text
        if as_text:
            cell.number_format = TEXT_FORMAT
        if bold:
            cell.font = Font(bold=True)
        return cell

    sheet.append([typed(column.heading, bold=True) for column in columns])
    for row in rows:
        sheet.append([typed(cell) for cell in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def harmless(cell: Cell) -> Cell:
    """Return a cell that no spreadsheet program takes for a formula."""
    return harmless_text(cell) if isinstance(cell, str) else cell


def harmless_text(text: str) -> str:
    """Return the text, behind an apostrophe when a spreadsheet program might run it."""
    first = next((char for char in text if unicodedata.category(char) not in _UNSEEN), "")
    sign = unicodedata.normalize("NFKC", first)[:1] in FORMULA_SIGNS if first else False
    return f"'{text}" if sign or text.startswith(FORMULA_CONTROLS) else text
