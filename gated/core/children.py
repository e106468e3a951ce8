"""Children have no movement file of their own: who is one, and when one is needed all the same.

Somebody under 14 is known as a member of the household only. While a status stands for which
movements must be known, quarantine, contact, illness or arrival, they are as anybody's.
"""

from collections.abc import Iterable
from datetime import date
from typing import Final

from gated.core.id_number import birth_date
from gated.core.model import Category, StatusCode

OWN_FILE_YEARS: Final = 14

_NEEDED: Final = frozenset(
    {
        StatusCode.HOME_QUARANTINE,
        StatusCode.CLOSE_CONTACT,
        StatusCode.SECOND_CONTACT,
        StatusCode.SUSPECTED,
        StatusCode.CONFIRMED,
        StatusCode.OBSERVATION,
        StatusCode.ARRIVAL_PENDING,
        StatusCode.FROM_OTHER_PROVINCE,
        StatusCode.FROM_EPIDEMIC_AREA,
    }
)


def is_child(id_number: str, category: Category, today: date) -> bool:
    """Return whether somebody is under 14 on this local day, by the birth date of the number.

    Without one, or when it has not come yet, the category decides.
    """
    born = birth_date(id_number, today)
    if born is None:
        return category is Category.HOUSEHOLD_MINOR
    had_birthday = (today.month, today.day) >= (born.month, born.day)
    return today.year - born.year - (not had_birthday) < OWN_FILE_YEARS


def movements_withheld(
    id_number: str, category: Category, standing: Iterable[str], today: date
) -> bool:
    """Return whether nobody may see where this person was. standing: statuses that count now."""
    return is_child(id_number, category, today) and _NEEDED.isdisjoint(standing)
