"""What a guard may see of a person lies encrypted in the roster, each sealed to its person.

sealed = nonce (12 bytes, random) + ChaCha20-Poly1305(rest key, canonical text list) with the
person's 16-byte pseudonym as associated data, so a sealed field moved to another person does not
open. ChaCha20 because the smaller boards have no AES instructions.

Only masked texts go in: even the rest key and the file together give no full name or door.
"""

import os
from json import loads
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from gated.core.canonical import canonical
from gated.errors import StoreError

NONCE_LENGTH = 12


class RosterKeys(Protocol):
    """The two 32-byte keys of a site: `site` makes pseudonyms, `rest` seals what is shown."""

    @property
    def site(self) -> bytes:
        """Key of the pseudonyms."""

    @property
    def rest(self) -> bytes:
        """Key of the sealed fields."""


class Sealer:
    """Seals and opens short texts under one rest key; safe to use from any thread.

    Raises ValueError for a key that is not 32 bytes.
    """

    def __init__(self, rest_key: bytes) -> None:
        self._cipher = ChaCha20Poly1305(rest_key)

    def seal(self, texts: list[str], person: bytes) -> bytes:
        """Return the texts encrypted for this person; different every time."""
        nonce = os.urandom(NONCE_LENGTH)
        return nonce + self._cipher.encrypt(nonce, canonical(texts), person)

    def open(self, sealed: bytes, person: bytes) -> list[str]:
        """Return the texts. StoreError when key, person or bytes are not those of `seal`."""
        try:
            clear = self._cipher.decrypt(sealed[:NONCE_LENGTH], sealed[NONCE_LENGTH:], person)
        except (InvalidTag, ValueError) as error:
            raise StoreError(
                "cannot decrypt what the list shows of a person: the list was made with another"
                " rest key; install the rest key of this site, or import the list again"
            ) from error
        texts: list[str] = loads(clear)
        return texts
