"""The 256-byte text record of a card: UTF-16LE, fields padded on the right with blanks.

Source: GA/T 490-2019 and the data-item notice of the 2023 foreigner's card. The two bytes at 248
tell the layout. Only the fields drawn here are ever decoded; the others (sex, ethnic group, birth,
address, issuer, reserved) are dropped with the record and reach nobody.

    layout          at 248   name      Latin name        number    valid until   nationality  link
    resident        other    0, 30     -                 122, 36   204, 16       -            -
    permit          J        0, 30     -                 122, 36   204, 16       -            -
    foreigner 2017  I        158, 30   0, 120            122, 30   204, 16       152, 6       -
    foreigner 2023  Y        0, 30     52, 70 + 220, 22  122, 36   204, 16       242, 6       250, 6

offset and size in bytes; valid until is YYYYMMDD or the word for "no end". Pure.
"""

import calendar
import re
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from drivers.card_reader.protocol import TEXT_SIZE
from drivers.card_reader.protocol_numbers import has_form, old_foreigner_number
from drivers.errors import CorruptData

_PADDING = " \x00\u3000"
_NO_END = "长期"
_DATE = re.compile(r"[0-9]{8}")
_DAY_MAX = 31
_NO_DATE = "card record: the end of validity is not a date"
_MARKER = (248, 2)
_VALID_UNTIL = (204, 16)
_NATIONALITY = (242, 6)
_LINK = (250, 6)


class CardLayout(StrEnum):
    """Which kind of card it is, which is which way its record is laid out."""

    RESIDENT = "resident"
    PERMIT = "permit"  # Hong Kong, Macao and Taiwan residents, since 2018
    FOREIGNER_2017 = "foreigner_2017"
    FOREIGNER_2023 = "foreigner_2023"


@dataclass(frozen=True, slots=True)
class CardRead:
    """All that survives of a card; what names its holder stays out of the repr.

    name: in Chinese, empty on a foreigner's card without one; latin_name: empty on Chinese cards.
    id_number: as the card carries it. other_numbers: numbers the same person had before.
    valid_until: last day of validity, None if it has no end. read_at_s: monotonic seconds.
    """

    layout: CardLayout
    name: str = field(repr=False)
    latin_name: str = field(repr=False)
    id_number: str = field(repr=False)
    other_numbers: tuple[str, ...] = field(repr=False)
    valid_until: date | None = field(repr=False)
    read_at_s: float


_MARKERS = {
    "J": CardLayout.PERMIT,
    "I": CardLayout.FOREIGNER_2017,
    "Y": CardLayout.FOREIGNER_2023,
}
_NAMES = {CardLayout.FOREIGNER_2017: (158, 30)}
_LATIN_NAMES = {
    CardLayout.FOREIGNER_2017: ((0, 120),),
    CardLayout.FOREIGNER_2023: ((52, 70), (220, 22)),
}
_NUMBERS = {CardLayout.FOREIGNER_2017: (122, 30)}
_NAME_ELSEWHERE = (0, 30)
_NUMBER_ELSEWHERE = (122, 36)


def decode_record(record: bytes, read_at_s: float) -> CardRead:
    """Return what may be kept of a text record.

    record: 256 bytes. Raises CorruptData, which never quotes the card, if the size, the form of
    the number or the end of validity cannot be. The check digit is not judged: the module has
    vouched for the record.
    """
    if len(record) != TEXT_SIZE:
        raise CorruptData(f"card record: {len(record)} bytes, expected {TEXT_SIZE}")
    layout = _MARKERS.get(_text(record, _MARKER), CardLayout.RESIDENT)
    number = _text(record, _NUMBERS.get(layout, _NUMBER_ELSEWHERE))
    if not has_form(number):
        raise CorruptData(f"card record: no ID number where layout {layout} has it")
    latin = "".join(_raw(record, place) for place in _LATIN_NAMES.get(layout, ()))
    return CardRead(
        layout=layout,
        name=_text(record, _NAMES.get(layout, _NAME_ELSEWHERE)),
        latin_name=latin.strip(_PADDING),
        id_number=number,
        other_numbers=_other_numbers(record, layout, number),
        valid_until=_valid_until(_text(record, _VALID_UNTIL)),
        read_at_s=read_at_s,
    )


def _other_numbers(record: bytes, layout: CardLayout, number: str) -> tuple[str, ...]:
    if layout is not CardLayout.FOREIGNER_2023:
        return ()
    old = old_foreigner_number(number, _text(record, _NATIONALITY), _text(record, _LINK))
    return () if old is None else (old,)


def _valid_until(text: str) -> date | None:
    """Return the last day; a day that its month lacks becomes the month's last, as 29 February."""
    if text == _NO_END:
        return None
    if not _DATE.fullmatch(text):
        raise CorruptData(_NO_DATE)
    year, month, day = int(text[:4]), int(text[4:6]), int(text[6:])
    try:
        last = calendar.monthrange(year, month)[1] if year else 0
        return date(year, month, last if last < day <= _DAY_MAX else day)
    except ValueError as error:
        raise CorruptData(_NO_DATE) from error


def _raw(record: bytes, place: tuple[int, int]) -> str:
    """Return a field with its padding; half a surrogate pair becomes the replacement mark."""
    offset, size = place
    return record[offset : offset + size].decode("utf-16-le", errors="replace")


def _text(record: bytes, place: tuple[int, int]) -> str:
    return _raw(record, place).strip(_PADDING)
