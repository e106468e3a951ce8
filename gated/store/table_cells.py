"""One cell of a roster table: text, identity number or day, or why it makes no sense.

Spreadsheets change what people type: they round long numbers, drop leading zeros and turn "3-2"
into a date. What can be told is named here, with the remedy; no message carries more of an
identity number than its last four characters.
"""

import re
from datetime import date, datetime, time, timedelta, tzinfo

from gated.core import id_number as numbers
from gated.store.table_file import Cell

EXACT_DIGITS = 15  # a spreadsheet keeps this many digits of a number and makes the rest zeros
YEARS = range(1900, 2200)  # outside is a slip of the finger
OPEN_ENDED = frozenset({"长期", "永久", "long-term"})

_POWER_OF_TEN = re.compile(r"[0-9](\.[0-9]+)?[eE]\+?[0-9]+")
_ROUNDED = re.compile(r"[0-9]{15}000")
_DATE = re.compile(
    r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?"
    r"(?:[ T]+([0-9]{1,2})[:\uff1a]([0-9]{2})(?:[:\uff1a]([0-9]{2}))?)?"
)
_DATE_DIGITS = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})()()()")


class BadCell(ValueError):
    """A cell cannot be understood. column: our name of it."""

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(reason)
        self.column = column


def text_of(found: dict[str, Cell], column: str) -> str:
    """Return a cell as people see it; numbers lose the fraction a spreadsheet added."""
    cell = found.get(column)
    if cell is None or isinstance(cell, str):
        return cell or ""
    if isinstance(cell, date | time):
        raise BadCell(column, "was turned into a date; format the column as text, type it again")
    if isinstance(cell, float) and not cell.is_integer():
        return str(cell)
    if column in {"card", "phone"} and abs(cell) >= 10**EXACT_DIGITS:
        raise BadCell(column, _rounding())
    return str(int(cell))


def _rounding() -> str:
    return (
        f"was rounded by the spreadsheet, which keeps {EXACT_DIGITS} digits of a number;"
        " format the column as text and type the number again"
    )


def id_number_of(cell: Cell) -> str:
    """Return the number in its one spelling, or "" for none."""
    if isinstance(cell, int | float) and abs(cell) >= 10**EXACT_DIGITS:
        raise BadCell("id_number", f"…{str(int(cell))[-4:]} {_rounding()}")
    text = text_of({"id_number": cell}, "id_number")
    if not text:
        return ""
    if _POWER_OF_TEN.fullmatch(text):
        raise BadCell("id_number", f"{text[:3]}…{text[-4:]} {_rounding()}")
    number = numbers.normalise(text)
    problem = numbers.problem(number)
    if problem and _ROUNDED.fullmatch(number):
        problem = _rounding()
    if problem:
        raise BadCell("id_number", f"…{number[-4:]} {problem}")
    return number


def instant_of(cell: Cell, column: str, zone: tzinfo, *, day_after: bool) -> datetime | None:
    """Return an aware instant; a day without a time is its beginning, or its end if day_after."""
    if cell is None or cell == "" or cell in OPEN_ENDED:
        return None
    try:
        day, clock = _day_and_time(cell)
    except ValueError as error:
        raise BadCell(column, "is no date; write it as 2020-02-10 or 2020-02-10 14:00") from error
    if clock is None:
        day += timedelta(days=int(day_after))
    return datetime.combine(day, clock or time.min, zone)


def _day_and_time(cell: Cell) -> tuple[date, time | None]:
    """Return day and time of day (None if not given). Raises ValueError when it is no date."""
    if isinstance(cell, datetime):  # a spreadsheet writes a day as its midnight
        moment = cell.time().replace(microsecond=0)
        day, clock = cell.date(), None if moment == time.min else moment
    elif isinstance(cell, date):
        day, clock = cell, None
    else:
        day, clock = _written(str(cell))
    if day.year not in YEARS:
        raise ValueError("year")
    return day, clock


def _written(text: str) -> tuple[date, time | None]:
    parts = _DATE.fullmatch(text) or _DATE_DIGITS.fullmatch(text)
    if parts is None:
        raise ValueError("form")
    year, month, day, hour, minute, second = parts.groups()
    clock = time(int(hour), int(minute), int(second or 0)) if hour else None
    return date(int(year), int(month), int(day)), clock
