"""Identity numbers: their written forms, and the check digits that find typing errors.

    18 characters   area 6, birth 8, sequence 3, check   GB 11643-1999, check ISO 7064 MOD 11-2
    15 digits       area 6, birth YYMMDD, sequence 3     before 1999, no check
    18, first is 9  9, province 2, country 3, birth 8, sequence 3, check      foreigner's card 2023
    15, 3 letters   country 3, area 4, birth YYMMDD, sequence 1, check        foreigner's card 2017

Residents of Hong Kong, Macao and Taiwan have 18 characters with area 810000, 820000, 830000.
The roster decides who may pass; a wrong check digit only says that somebody mistyped. Pure.
"""

import re
import unicodedata

_WEIGHTS_11_2 = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS_11_2 = "10X98765432"
_WEIGHTS_7_3_1 = (7, 3, 1)
_FORM_18 = re.compile(r"[0-9]{17}[0-9X]")
_FORM_15 = re.compile(r"[0-9]{15}")
_FORM_OLD_FOREIGNER = re.compile(r"[A-Z]{3}[0-9]{12}")
_NATIONALITY = re.compile(r"[A-Z]{3}")
_LINK = re.compile(r"[0-9]{3}")


def normalise(text: str) -> str:
    """Return the number as cards carry it: upper case, no blanks, 15 digits made 18.

    Full-width characters become plain ones. What holds other characters still is no number and
    comes back as it is, so that it can be shown to whoever typed it.
    """
    plain = "".join(unicodedata.normalize("NFKC", text).split())
    if not plain.isascii():
        return text
    number = plain.upper()
    return lengthened(number) if _FORM_15.fullmatch(number) else number


def lengthened(number: str) -> str:
    """Return the 18-character form of 15 digits issued before 1999, all born in the 1900s."""
    stem = number[:6] + "19" + number[6:]
    return stem + check_mod_11_2(stem)


def has_form(number: str) -> bool:
    """Tell whether a normalised number has one of the forms that cards carry."""
    return bool(_FORM_18.fullmatch(number) or _FORM_OLD_FOREIGNER.fullmatch(number))


def has_right_check(number: str) -> bool:
    """Tell whether a normalised number has a known form and the check character it must have."""
    if _FORM_18.fullmatch(number):
        return number[-1] == check_mod_11_2(number[:-1])
    if _FORM_OLD_FOREIGNER.fullmatch(number):
        return number[-1] == check_7_3_1(number[:-1])
    return False


def check_mod_11_2(stem: str) -> str:
    """Return the check character of 17 digits (ISO 7064 MOD 11-2)."""
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS_11_2, stem, strict=True))
    return _CHECKS_11_2[total % 11]


def check_7_3_1(stem: str) -> str:
    """Return the check digit of 14 digits and capital letters, A counting as 10."""
    total = sum(_WEIGHTS_7_3_1[place % 3] * int(mark, 36) for place, mark in enumerate(stem))
    return str(total % 10)


def old_foreigner_number(number: str, nationality: str, link: str) -> str | None:
    """Return the number the holder of a 2023 card had before, or None if there was none.

    number: 18 characters of the 2023 card; nationality: 3 letters; link: 3 digits that the card
    carries when it replaces an older one, blank otherwise. A roster may know either number.
    """
    if not (_NATIONALITY.fullmatch(nationality) and _LINK.fullmatch(link)):
        return None
    stem = nationality + number[1:3] + link[:2] + number[8:14] + link[2]
    return stem + check_7_3_1(stem)
