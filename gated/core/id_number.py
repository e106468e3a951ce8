"""Identity numbers: one spelling, and a check that finds typing errors and nothing else.

| kind | form | check |
| --- | --- | --- |
| citizen (GB 11643-1999) | area 6, birth 8, sequence 3, check 1 | ISO 7064 MOD 11-2 |
| Hong Kong, Macao, Taiwan permit | area 810000, 820000, 830000, then the same | the same |
| foreigner, 2023 | 9, province 2, country 3, birth 8, sequence 3, check 1 | the same |
| foreigner, 2017 | country 3 letters, area 4, YYMMDD, sequence 1, check 1 | weights 7 3 1, mod 10 |
| citizen before 1999 | area 6, YYMMDD, sequence 3 | none; becomes 18 characters |

Beyond the check digit only the province and the birth date are looked at: counties are abolished
and renumbered, and old numbers stay valid. The roster decides who somebody is.
"""

import re
import unicodedata
from datetime import date
from enum import StrEnum
from operator import mul

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
_PROVINCES = re.compile(r"1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]")
_MODERN = re.compile(r"[0-9]{17}[0-9X]")
_OLD = re.compile(r"[0-9]{15}")
_FOREIGN_2017 = re.compile(r"[A-Z]{3}[0-9]{12}")
_NOISE = re.compile(r"[\s\-]")  # people group the digits with spaces and hyphens
_ALREADY_PLAIN = re.compile(r"[0-9]{17}[0-9X]|[A-Z]{3}[0-9]{12}")

DOCUMENT_TAIL = 4


def normalise(number: str) -> str:
    """Return the one spelling of an identity number: upper case, no spaces, 15 digits made 18.

    Pure and total: text that is no identity number comes back cleaned, nothing is refused here.
    """
    if _ALREADY_PLAIN.fullmatch(number):
        return number
    clean = _NOISE.sub("", unicodedata.normalize("NFKC", number)).upper()
    if _OLD.fullmatch(clean):
        modern = f"{clean[:6]}19{clean[6:]}"
        return modern + check_character(modern)
    return clean


def check_character(first17: str) -> str:
    """Return the last character that belongs to these 17 digits (ISO 7064 MOD 11-2)."""
    return _CHECKS[sum(map(mul, map(int, first17), _WEIGHTS)) % 11]


class Fault(StrEnum):
    """What is wrong with a number, as far as that can be told from it."""

    LETTERS = "number_letters"
    FORM = "number_form"
    CHECK = "number_check"
    PROVINCE = "number_province"
    BIRTH = "number_birth"


def fault(number: str) -> Fault | None:
    """Return what is wrong with this number, None if nothing is.

    Only typing errors are found: a number that passes may still belong to nobody.
    """
    clean = normalise(number)
    if not clean.isascii():
        return Fault.LETTERS
    if _FOREIGN_2017.fullmatch(clean):
        return None if _foreign_check(clean[:14]) == clean[14] else Fault.CHECK
    if not _MODERN.fullmatch(clean):
        return Fault.FORM
    if clean[-1] != check_character(clean[:17]):
        return Fault.CHECK
    if not _PROVINCES.fullmatch(clean[1:3] if clean[0] == "9" else clean[:2]):
        return Fault.PROVINCE
    return Fault.BIRTH if _date(clean[6:14]) is None else None


def problem(number: str) -> str:
    """Return what is wrong with this number, in words without the number, or "" if nothing is."""
    match fault(number):
        case None:
            return ""
        case Fault.LETTERS:
            return "has characters that are not digits or letters"
        case Fault.FORM:
            return f"has {len(normalise(number))} characters in a form no identity number has"
        case Fault.CHECK:
            return "check digit does not fit"
        case Fault.PROVINCE:
            return "starts with a province that does not exist"
        case Fault.BIRTH:
            return "has a birth date that does not exist"


def _foreign_check(first14: str) -> str:
    """Return the check digit of the 2017 form: weights 7 3 1 repeating, A=10 … Z=35."""
    values = (int(character, 36) for character in first14)
    return str(sum(value * (7, 3, 1)[index % 3] for index, value in enumerate(values)) % 10)


def _date(digits: str) -> date | None:
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        return None


def birth_date(number: str, today: date) -> date | None:
    """Return the birth date an identity number states, None for what states none before today.

    The check digit is not asked: a number with a typing error there still has a date. The 2017
    form has two digits of the year; they mean the latest year that is not after today.
    """
    clean = normalise(number)
    if _MODERN.fullmatch(clean):
        stated = [clean[6:14]]
    elif _FOREIGN_2017.fullmatch(clean):
        stated = [f"{century}{clean[7:13]}" for century in (today.year // 100, 19)]
    else:
        stated = []
    dates = (_date(digits) for digits in stated)
    return next((born for born in dates if born is not None and born <= today), None)


def tail(number: str) -> str:
    """Return the last four characters of a document number, the only ones people may see."""
    return normalise(number)[-DOCUMENT_TAIL:]
