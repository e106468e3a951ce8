"""The guards of one gate: staff number, role, masked name, PIN and staff card.

A small file beside the journal. A PIN stands there as scrypt over a salt that needs the gate's
own key: without the key files the book gives no PIN away, however short it is. Of the name only
the masked form is kept; a staff card is its keyed pseudonym.

`gated guard` writes the book while the gate runs; the gate reads it at every log-in.
"""

import hashlib
import hmac
import secrets
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

from gated.core.canonical import Json
from gated.core.duty import PIN, DutyRole
from gated.core.reports import STAFF_NUMBER
from gated.errors import GatedError
from gated.store.small_file import read_small, write_small

FILE_NAME: Final = "guards"
GUARDS_MAX: Final = 100
COST: Final = 2**14  # 16 MB and some 50 ms on a desktop
_BLOCK, _LANES = 8, 1
_SALT_BYTES: Final = 16
_WEAK: Final = ("0123456789", "9876543210")


class GuardRefused(GatedError, ValueError):
    """The book takes no such guard or PIN; the message names the remedy."""


@dataclass(frozen=True, slots=True)
class Guard:
    """One guard. name: masked. card: pseudonym of the staff card in hex, "" for none."""

    number: str
    role: DutyRole
    name: str = ""
    salt: str = ""
    hash: str = ""
    card: str = ""


class GuardBook:
    """The book in a folder. Every call reads or writes the whole file; any thread.

    cost: of scrypt, a power of two; a book is read with the cost it was written with.
    """

    def __init__(self, folder: Path, rest_key: bytes, cost: int = COST) -> None:
        self._cost = cost
        self._path = folder / FILE_NAME
        self._pepper = hmac.digest(rest_key, b"gated guard pin v1", "sha256")

    def guards(self) -> dict[str, Guard]:
        """Return every guard by number; entries that make no sense are left out."""
        listed = read_small(self._path).get("guards", [])
        found = [_guard(item) for item in listed] if isinstance(listed, list) else []
        return {guard.number: guard for guard in found if guard is not None}

    def put(self, guard: Guard, pin: str | None = None) -> None:
        """The guard stands in the book, with this PIN if one is given, else with the old one.

        Raises GuardRefused for a number or PIN that cannot be, StoreError when the card refuses.
        """
        guards = self.guards()
        if STAFF_NUMBER.fullmatch(guard.number) is None:
            raise GuardRefused("a staff number is 1 to 12 capital letters and digits")
        if guard.number not in guards and len(guards) >= GUARDS_MAX:
            raise GuardRefused(f"the book is full with {GUARDS_MAX} guards; remove one first")
        if pin is not None:
            guard = self._with_pin(guard, pin)
        guards[guard.number] = guard
        self._write(guards)

    def remove(self, number: str) -> None:
        """The guard is not in the book. Raises GuardRefused for one who never was, StoreError."""
        guards = self.guards()
        if number not in guards:
            raise GuardRefused(f"there is no guard {number}; see `gated guard list`")
        del guards[number]
        self._write(guards)

    def is_pin(self, guard: Guard, pin: str) -> bool:
        """Return whether this is the guard's PIN. Slow on purpose: tenths of a second."""
        if not guard.hash or PIN.fullmatch(pin) is None:
            return False
        return hmac.compare_digest(self._digest(pin, guard.salt), guard.hash)

    def _with_pin(self, guard: Guard, pin: str) -> Guard:
        if PIN.fullmatch(pin) is None:
            raise GuardRefused("a PIN is 4 to 8 digits")
        if len(set(pin)) == 1 or any(pin in row for row in _WEAK):
            raise GuardRefused("this PIN is the first that others try; choose another")
        salt = secrets.token_hex(_SALT_BYTES)
        return replace(guard, salt=salt, hash=self._digest(pin, salt))

    def _digest(self, pin: str, salt: str) -> str:
        seasoned = hmac.digest(self._pepper, salt.encode(), "sha256")
        made = hashlib.scrypt(
            pin.encode(), salt=seasoned, n=self._cost, r=_BLOCK, p=_LANES, dklen=32
        )
        return made.hex()

    def _write(self, guards: dict[str, Guard]) -> None:
        rows: list[Json] = [dict(asdict(guard)) for _, guard in sorted(guards.items())]
        write_small(self._path, {"guards": rows})


def _guard(item: object) -> Guard | None:
    if not isinstance(item, dict) or not all(isinstance(value, str) for value in item.values()):
        return None
    try:
        guard = Guard(**{**item, "role": DutyRole(item["role"])})
    except (KeyError, TypeError, ValueError):
        return None
    return guard if STAFF_NUMBER.fullmatch(guard.number) else None
