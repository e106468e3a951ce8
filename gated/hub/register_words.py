"""What people search by, as keyed hashes: a stolen database cannot be searched by guessing.

word = HMAC-SHA256(word key, kind + 00 + site + 00 + spelling)[:16]. The same person has other
words at another site, so two sites' rows cannot be matched.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from gated.core import id_number, pseudonym
from gated.core.keyed_hash import keyed_hash
from gated.core.room import room_parts
from gated.store.roster_build import RosterRow

WORD_LENGTH: Final = 16
TAIL: Final = 4
SEARCH_MAX: Final = 100  # characters; nobody's name or number is longer
REF_DIGITS: Final = (8, 32)
MOBILE_DIGITS: Final = 11

_NOT_DIGITS = re.compile(r"[^0-9]")
_COUNTRY = re.compile(r"^(?:00)?86(?=1[0-9]{10}$)")
_HEX = re.compile(r"[0-9a-f]+")


def phone_text(phone: str) -> str:
    """Return the digits of a phone number without the country's code."""
    plain = phone.isascii() and phone.isdecimal()
    digits = phone if plain else _NOT_DIGITS.sub("", unicodedata.normalize("NFKC", phone))
    return _COUNTRY.sub("", digits) if len(digits) > MOBILE_DIGITS else digits


def of_row(key: bytes, site: str, row: RosterRow) -> set[bytes]:
    """Return every word by which this person is found."""
    return {_word(key, site, kind, text) for kind, text in _spellings(row)}


def asked(key: bytes, site: str, text: str) -> list[bytes]:
    """Return the words a search may mean."""
    clean = text.strip()[:SEARCH_MAX]
    plain = pseudonym.plain(clean)
    if not plain:
        return []
    meant = [("id", id_number.normalise(clean)), ("card", pseudonym.card_text(clean))]
    meant.append(("name", plain))
    if digits := phone_text(clean):
        meant.append(("phone", digits))
    if len(plain) == TAIL:
        meant += [("phone-tail", plain), ("document-tail", plain)]
    return [_word(key, site, kind, spelled) for kind, spelled in meant]


def of_card(key: bytes, site: str, number: str) -> bytes:
    """Return the word by which whoever has this card is found."""
    return _word(key, site, "card", pseudonym.card_text(number))


def room_of(site_key: bytes, text: str) -> bytes | None:
    """Return the household that a text such as 3-2-101 means, None when it is no room."""
    parts = room_parts(text)
    return None if parts is None else pseudonym.room_ref(site_key, *parts)


def pseudonym_span(text: str) -> tuple[bytes, bytes] | None:
    """Return the first and last pseudonym that begin with these hex digits, None for no such."""
    clean = text.strip().lower()
    if not REF_DIGITS[0] <= len(clean) <= REF_DIGITS[1] or not _HEX.fullmatch(clean):
        return None
    return bytes.fromhex(clean.ljust(32, "0")), bytes.fromhex(clean.ljust(32, "f"))


def _spellings(row: RosterRow) -> Iterator[tuple[str, str]]:
    number = id_number.normalise(row.id_number) if row.id_number else ""
    if number:
        yield "id", number
        yield "document-tail", number[-TAIL:]
    if name := pseudonym.plain(row.name):
        yield "name", name
    if phone := phone_text(row.phone):
        yield "phone", phone
        yield "phone-tail", phone[-TAIL:]
    for card in row.cards:
        yield "card", pseudonym.card_text(card.number)


def _word(key: bytes, site: str, kind: str, text: str) -> bytes:
    message = f"{kind}\0{site}\0{text}".encode()
    return keyed_hash(key, message)[:WORD_LENGTH]
