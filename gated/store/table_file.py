"""A table a person made in a spreadsheet comes back as numbered rows of typed cells.

Accepted by content, not by name: CSV in UTF-8, UTF-8 with BOM, UTF-16 with BOM or GB18030, cells
parted by comma, semicolon or tab; and .xlsx, whose first sheet is read. Nothing is interpreted
here beyond the cell's own type.
"""

import csv
import io
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import TypeAlias
from xml.etree.ElementTree import ParseError

from gated.errors import TableError

Cell: TypeAlias = "str | int | float | datetime | date | time | None"
NumberedRow: TypeAlias = "tuple[int, list[Cell]]"

FILE_LIMIT_BYTES = 256 * 1024 * 1024  # a million people are about 100 MB
_XLSX_START = b"PK\x03\x04"
_OLD_XLS_START = b"\xd0\xcf\x11\xe0"
_BROKEN_BOOK = (zipfile.BadZipFile, zlib.error, ParseError, EOFError, LookupError, ValueError)
_SEPARATORS = ",\t;"
_BOMS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))


def read_rows(path: Path) -> Iterator[NumberedRow]:
    """Yield (line number from 1, cells) of every row with content. Raises TableError.

    A quoted cell may hold line breaks; its row has the number of its first line.
    """
    try:
        size = path.stat().st_size
        if size > FILE_LIMIT_BYTES:
            raise TableError(
                f"cannot read {path.name}: {size} bytes, at most {FILE_LIMIT_BYTES}; split it"
            )
        content = path.read_bytes()
    except OSError as error:
        raise TableError(f"cannot read {path.name}: {error.strerror}") from error
    if content.startswith(_OLD_XLS_START):
        raise TableError(
            f"cannot read {path.name}: it is in the old Excel format; save it as .xlsx or CSV"
        )
    rows = _workbook(content, path) if content.startswith(_XLSX_START) else _text(content, path)
    return (row for row in rows if any(cell not in {None, ""} for cell in row[1]))


def _text(content: bytes, path: Path) -> Iterator[NumberedRow]:
    text = _decode(content, path)
    heading = text.lstrip().split("\n", 1)[0]
    separator = max(_SEPARATORS, key=heading.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    first_line = 1
    try:
        for cells in reader:
            yield first_line, [cell.strip() for cell in cells]
            first_line = reader.line_num + 1
    except csv.Error as error:
        raise TableError(f"cannot read {path.name}, line {first_line}: {error}") from error


def _decode(content: bytes, path: Path) -> str:
    """Return the text: by its BOM, else as UTF-8, else as GB18030, in which Excel saves CSV."""
    for bom, encoding in _BOMS:
        if content.startswith(bom):
            candidates = [encoding]
            break
    else:
        candidates = ["utf-8", "gb18030"]
    for encoding in candidates:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise TableError(
        f"cannot read {path.name}: it is neither UTF-8 nor GB18030 text; save it as .xlsx"
    )


def _workbook(content: bytes, path: Path) -> Iterator[NumberedRow]:
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # styles and validations we do not read
        try:
            book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
            sheet = book.worksheets[0]
            sheet.reset_dimensions()  # some programs write a wrong size into the file
            for number, cells in enumerate(sheet.iter_rows(values_only=True), start=1):
                yield number, [_cell(cell) for cell in cells]
        except (
            InvalidFileException,
            zipfile.BadZipFile,
            KeyError,
            IndexError,
            ValueError,
        ) as error:
            raise TableError(
                f"cannot read {path.name}: it is not a whole .xlsx file ({error}); save it again"
            ) from error


def _cell(value: object) -> Cell:
    if isinstance(value, str):
        return value.strip()
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    return value if isinstance(value, datetime | date | time) else str(value)
