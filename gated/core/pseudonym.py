"""People, cards and rooms have names only the site can make: keyed, 16 bytes, one way.

ref = HMAC-SHA256(site key, b"<domain>" + 00 + canonical text)[:16]. The domain keeps a card
number from meeting an ID number with the same digits. A bare hash would fall to trying all
10^11 ID numbers; without the key these do not.
"""

import re
import unicodedata
from functools import lru_cache

from gated.core import id_number as numbers
from gated.core.keyed_hash import keyed_hash

REF_LENGTH = 16
KEY_LENGTH = 32

_BUILDING_WORDS = re.compile(r"(号楼|栋|幢|座|楼|单元|门|号|室|房)$")
_ROOMS_KEPT = 4096  # a large compound has fewer buildings, units and doors


def person_ref(site_key: bytes, id_number: str) -> bytes:
    """Return the pseudonym of the person with this identity number, however it was typed.

    15-digit numbers meet their 18-character form. Pure. ValueError for a key that is not 32 bytes.
    """
    return _ref(site_key, b"person", numbers.normalise(id_number))


def card_ref(site_key: bytes, card_number: str) -> bytes:
    """Return the pseudonym of a card; case, spaces and leading zeros do not matter.

    Leading zeros go because spreadsheets drop them from card numbers.
    """
    return _ref(site_key, b"card", card_text(card_number))


def room_ref(site_key: bytes, building: str, unit: str, room: str) -> bytes:
    """Return the pseudonym of a room, which is also that of its household.

    "3栋", "2单元", "101室" and "3", "2", "101" are the same room.
    """
    parts = (room_part(building), room_part(unit), room_part(room))
    return _ref(site_key, b"room", "\x1f".join(parts))


def plate_ref(site_key: bytes, plate: str) -> bytes:
    """Return the pseudonym of a vehicle; width, case and spaces of its plate do not matter."""
    return _ref(site_key, b"plate", plain(plate))


def holder_ref(site_key: bytes, description: str) -> bytes:
    """Return the pseudonym of somebody who has no identity number on the list.

    description: what tells them apart, such as their card, or their room and name.
    """
    return _ref(site_key, b"holder", plain(description))


def plain(text: str) -> str:
    """Return text with one width of letters, upper case and without any spaces."""
    if text.isascii() and text.isalnum():
        return text.upper()
    return "".join(unicodedata.normalize("NFKC", text).split()).upper()


def card_text(card_number: str) -> str:
    """Return the one spelling of a card number; "0" stays when there is nothing else."""
    return plain(card_number).lstrip("0") or "0"


@lru_cache(maxsize=_ROOMS_KEPT)
def room_part(text: str) -> str:
    """Return a building, unit or room as bare number or letter: "03栋" is "3"."""
    bare = _BUILDING_WORDS.sub("", plain(text))
    return bare.lstrip("0") or bare[:1]


def _ref(site_key: bytes, domain: bytes, text: str) -> bytes:
    if len(site_key) != KEY_LENGTH:
        raise ValueError(f"the site key has {len(site_key)} bytes, it must have {KEY_LENGTH}")
    message = b"%s\0%s" % (domain, text.encode())
    return keyed_hash(site_key, message)[:REF_LENGTH]
