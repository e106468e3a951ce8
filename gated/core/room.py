"""What people write for a room becomes building, unit and room. Pure."""

import re
from typing import Final

from gated.core import pseudonym

ROOM_MAX: Final = 30  # characters; nobody's room is longer

_ROOM_WORDS: Final = re.compile(
    r"(?:(?P<building>[^栋幢座楼单]{1,8}(?:号楼|栋|幢|座|楼)))?(?:(?P<unit>[^单]{1,8}单元))?(?P<room>.{1,10})"
)
_HAS_DIGIT: Final = re.compile(r"[0-9]")


def room_parts(text: str) -> tuple[str, str, str] | None:
    """Return building, unit and room of 3-2-101, 3-101, 101 or 3栋2单元101, None for no room."""
    clean = pseudonym.plain(text)
    if not clean or len(clean) > ROOM_MAX or not _HAS_DIGIT.search(clean):
        return None
    if "-" in clean:
        *place, door = clean.split("-", 2)
        building, unit = (*place, "", "")[:2]
        return building, unit, door
    parts = _ROOM_WORDS.fullmatch(clean)
    if parts is None:
        return None
    return parts["building"] or "", parts["unit"] or "", parts["room"]
