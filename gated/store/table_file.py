"""A table a person made in a spreadsheet comes back as numbered rows of typed cells.

Accepted by content: CSV in UTF-8, UTF-8 with BOM, UTF-16 with BOM or GB18030, cells parted by
comma, semicolon or tab; and .xlsx, whose first sheet is read. A name counts only where it promises
a workbook that is none. Nothing is interpreted here beyond the cell's own type.
"""

import csv
import io
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import IO, TypeAlias
from xml.etree.ElementTree import ParseError

from gated.store.table_problems import Problem, UnreadableTable, problem

Cell: TypeAlias = "str | int | float | datetime | date | time | None"
NumberedRow: TypeAlias = "tuple[int, list[Cell]]"

FILE_LIMIT_BYTES = 256 * 1024 * 1024  # a million people are about 100 MB
_XLSX_START = b"PK\x03\x04"
_BOOK_NAMES = frozenset({".xlsx", ".xlsm", ".xltx"})
_FIRST_SHEET = "xl/worksheets/sheet1.xml"
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
            raise _unread(path, problem("too_big", size=size, most=FILE_LIMIT_BYTES))
        content = path.read_bytes()
    except OSError as error:
        cause = error.strerror or type(error).__name__
        why = problem("system", cause=cause, remedy=_remedy(error))
        raise _unread(path, why) from error
    is_book = content.startswith(_XLSX_START)
    if not is_book and (no_book := _no_book(content, path.suffix.lower())):
        raise _unread(path, no_book)
    rows = _workbook(content, path) if is_book else _text(content, path)
    return (row for row in rows if any(cell not in {None, ""} for cell in row[1]))


def count_lines(path: Path) -> int | None:
    """Return about how many lines `read_rows` will number, None when it cannot be told.

    Reads the file once; for a progress bar.
    """
    try:
        if not zipfile.is_zipfile(path):
            with path.open("rb") as file:
                return _count(file, b"\n")
        with zipfile.ZipFile(path) as book, book.open(_FIRST_SHEET) as sheet:
            return _count(sheet, b"<row ")
    except (OSError, NotImplementedError, RuntimeError, *_BROKEN_BOOK):
        return None  # read_rows says what is wrong


def _count(file: IO[bytes], mark: bytes) -> int:
    return sum(piece.count(mark) for piece in iter(lambda: file.read(1 << 20), b""))


def _unread(path: Path, why: Problem) -> UnreadableTable:
    return UnreadableTable("read", path.name, why)


def _no_book(content: bytes, suffix: str) -> Problem | None:
    """Return why a file that does not begin like a workbook cannot be read, None if it may be."""
    if content.startswith(_OLD_XLS_START):
        return problem("protected_book" if suffix in _BOOK_NAMES else "old_book")
    return problem("no_book", suffix=suffix) if suffix in _BOOK_NAMES else None


def _remedy(error: OSError) -> Problem | str:
    if isinstance(error, PermissionError):
        return problem("ask_access")
    return problem("folder") if isinstance(error, IsADirectoryError) else ""


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
        raise _unread(path, problem("csv", line=first_line, cause=str(error))) from error


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
    raise _unread(path, problem("encoding"))


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
        except (InvalidFileException, *_BROKEN_BOOK) as error:
            raise _unread(path, problem("broken_book")) from error


def _cell(value: object) -> Cell:
    if isinstance(value, str):
        return value.strip()
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    return value if isinstance(value, datetime | date | time) else str(value)
