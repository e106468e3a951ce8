"""What the guard's screen says of its place: whom to ring, what is kept, when it dims."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field

from gated.config_base import Section
from gated.config_words import DAY_TIME, PHONE

_ENDS = 2  # a night has a beginning and an end
_MIDNIGHT = "24:00"


def _both_ends(value: tuple[str, ...]) -> tuple[str, ...]:
    ends = len(value) == _ENDS and value[0] != value[1] and max(value) < _MIDNIGHT
    if value and not ends:
        raise ValueError('takes two times of the day, for example ["20:00", "06:00"], or none')
    return value


Night = Annotated[tuple[Annotated[str, Field(pattern=DAY_TIME)], ...], AfterValidator(_both_ends)]
"""From when to when the screen is dimmed, local; empty: never."""


_LANES = 2
_LANE = re.compile(r"http://(127\.0\.0\.1|localhost)(:[0-9]{1,5})?")


def _two_lanes(value: tuple[str, ...]) -> tuple[str, ...]:
    good = len(set(value)) == _LANES == len(value) and all(map(_LANE.fullmatch, value))
    if value and not good:
        raise ValueError(
            "takes the addresses of two screens on this machine, for example "
            '["http://127.0.0.1:8321", "http://127.0.0.1:8322"], or none'
        )
    return value


Lanes = Annotated[tuple[str, ...], AfterValidator(_two_lanes)]
"""Addresses of two screens that are shown side by side; empty: this gate stands alone."""


class StationSection(Section):
    """The community station: whom a guard rings when the screen is not enough."""

    name: str = ""
    name_en: str = ""
    phone: Annotated[str, Field(pattern=PHONE)] = ""


class RoundsSection(Section):
    """How often the gate is disinfected."""

    every_h: Annotated[int, Field(ge=0, le=168)] = 4


class NoticeSection(Section):
    """The privacy notice: who answers for the data, on which basis, whom to ask."""

    controller: str = ""
    basis: str = ""
    contact: str = ""
