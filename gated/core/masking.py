"""What people may see of people: masked once, at the source, and never unmasked.

| field | shown | example |
| --- | --- | --- |
| name, 2 characters | first, star | 王* |
| name, 3 and more | first, stars, last | 王*明, 欧**娜 |
| name in Latin letters | first letter of each word, stars | J*** S**** |
| room | block-unit-floor, stars for the door | 3-2-1** |
| document | last four | ***********1234 |
| phone | 3 + 4 | 138****1234 |
| plate | first two, last two | 鄂A***45 |

Characters are code points, so a rare one outside the basic plane counts once.
"""

import re
import unicodedata

from gated.core import id_number, pseudonym

DOOR_DIGITS = 2  # the last two digits of a room number are the door on its floor
PHONE_HEAD = 3
PHONE_TAIL = 4
PHONE_MOBILE = 11  # digits of a mobile number; of shorter ones only the last two are shown
PHONE_SHORT_TAIL = 2
PHONE_COUNTRY = "86"
PLATE_ENDS = 2
SHORT_NAME = 2  # a name of two characters keeps only its first
UNSEEN = frozenset({"Cc", "Cf", "Cs"})  # Unicode's controls, formats and halves of characters
STARS_MAX = 8  # enough to say "more"; a long line would push the room off the screen


def mask_name(name: str) -> str:
    """Return the name a guard sees. Pure and total; empty stays empty."""
    clean = " ".join(without_unseen(name).split())
    if not clean:
        return ""
    if clean[0].isascii() or _is_latin(clean[0]):
        return " ".join(_keep_first(word) for word in clean.split(" "))
    joined = clean.replace(" ", "")
    if len(joined) <= SHORT_NAME:
        return f"{joined[0]}*"
    return joined[0] + "*" * min(len(joined) - 2, STARS_MAX) + joined[-1]


def without_unseen(text: str) -> str:
    """Return the text without what is never drawn, such as a mark that turns the line around.

    Characters for private use stay: rare names are written with them.
    """
    if text.isprintable():
        return text
    return "".join(c for c in text if c.isspace() or unicodedata.category(c) not in UNSEEN)


def _is_latin(character: str) -> bool:
    return unicodedata.name(character, "").startswith("LATIN")


def _keep_first(word: str) -> str:
    return word[0] + "*" * min(max(len(word) - 1, 1), STARS_MAX)


def mask_room(building: str, unit: str, room: str) -> str:
    """Return block-unit-floor with stars for the door: 3, 2, 101 is "3-2-1**".

    A room of one or two characters has no floor to show and is all stars. Missing parts are left
    out, so a house without units reads "3-1**".
    """
    digits = re.match(r"[0-9]*", pseudonym.room_part(room))
    floor = digits[0][:-DOOR_DIGITS] if digits else ""
    shown = floor + "*" * DOOR_DIGITS if room.strip() else ""
    parts = (pseudonym.room_part(building), pseudonym.room_part(unit), shown)
    return "-".join(part for part in parts if part)


def mask_document(number: str) -> str:
    """Return stars and the last four characters; a number of four or fewer is all stars."""
    clean = pseudonym.plain(number)
    shown = clean[-id_number.DOCUMENT_TAIL :] if len(clean) > id_number.DOCUMENT_TAIL else ""
    return "*" * (len(clean) - len(shown)) + shown


def mask_phone(phone: str) -> str:
    """Return 3 + 4 digits of a mobile number, "138****1234", or the last two of a shorter one."""
    digits = re.sub(r"[^0-9]", "", pseudonym.plain(phone))
    if len(digits) > PHONE_MOBILE:
        digits = digits.removeprefix(PHONE_COUNTRY)
    if len(digits) < PHONE_MOBILE:
        shown = digits[-PHONE_SHORT_TAIL:] if len(digits) > PHONE_HEAD + PHONE_TAIL else ""
        return "*" * (len(digits) - len(shown)) + shown
    hidden = len(digits) - PHONE_HEAD - PHONE_TAIL
    return f"{digits[:PHONE_HEAD]}{'*' * hidden}{digits[-PHONE_TAIL:]}"


def mask_plate(plate: str) -> str:
    """Return a number plate with its first two and last two places: 鄂A***45."""
    hidden = len(plate) - 2 * PLATE_ENDS
    if hidden <= 0:
        return "*" * len(plate)
    return plate[:PLATE_ENDS] + "*" * hidden + plate[-PLATE_ENDS:]
