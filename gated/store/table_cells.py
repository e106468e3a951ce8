"""One cell of a roster table: text, identity number or day, or why it makes no sense.

Spreadsheets change what people type: they round long numbers, drop leading zeros and turn "3-2"
into a date. What can be told is named here, with the remedy; no message carries more of an
identity number than its last four characters.
"""

import re
from datetime import date, datetime, time, timedelta, tzinfo

from gated.core import id_number as numbers
from gated.store.table_file import Cell
from gated.store.table_problems import Problem, problem

EXACT_DIGITS = 15  # a spreadsheet keeps this many digits of a number and makes the rest zeros
PHONE_DIGITS_MIN = 7  # a number of the town itself, without its area code
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
    """A cell cannot be understood. column: our name of it; problem: why, in both languages."""

    def __init__(self, column: str, code: str | Problem, **values: str | int | Problem) -> None:
        self.column = column
        self.problem = problem(code, **values) if isinstance(code, str) else code
        super().__init__(str(self.problem))


def text_of(found: dict[str, Cell], column: str) -> str:
    """Return a cell as people see it; numbers lose the fraction a spreadsheet added."""
    cell = found.get(column)
    if cell is None or isinstance(cell, str):
        return cell or ""
    if isinstance(cell, date | time):
        raise BadCell(column, "made_date")
    if isinstance(cell, float) and not cell.is_integer():
        return str(cell)
    if column in {"card", "phone"} and abs(cell) >= 10**EXACT_DIGITS:
        raise BadCell(column, _rounding())
    return str(int(cell))


def _rounding() -> Problem:
    return problem("rounded", digits=EXACT_DIGITS)


def id_number_of(cell: Cell) -> str:
    """Return the number in its one spelling, or "" for none."""
    if isinstance(cell, int | float) and abs(cell) >= 10**EXACT_DIGITS:
        raise BadCell("id_number", "number", tail=str(int(cell))[-4:], what=_rounding())
    text = text_of({"id_number": cell}, "id_number")
    if not text:
        return ""
    if _POWER_OF_TEN.fullmatch(text):
        raise BadCell("id_number", "power", head=text[:3], tail=text[-4:], what=_rounding())
    number = numbers.normalise(text)
    fault = numbers.fault(number)
    if fault is None:
        return number
    what = _rounding() if _ROUNDED.fullmatch(number) else problem(fault, n=len(number))
    raise BadCell("id_number", "number", tail=number[-4:], what=what)


def phone_of(text: str) -> str:
    """Return the text of a phone number. Raises BadCell when it is too short to be one.

    The one check for a table, the pages and the command line. Several numbers in a cell are
    one text; nothing is said of their form, which differs between countries and exchanges.
    """
    digits = sum(char.isdecimal() for char in text)
    if text and digits < PHONE_DIGITS_MIN:
        raise BadCell("phone", "short_phone", n=digits)
    return text


def instant_of(cell: Cell, column: str, zone: tzinfo, *, day_after: bool) -> datetime | None:
    """Return an aware instant; a day without a time is its beginning, or its end if day_after."""
    if cell is None or cell == "" or cell in OPEN_ENDED:
        return None
    try:
        day, clock = _day_and_time(cell)
    except ValueError as error:
        raise BadCell(column, "no_date") from error
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
