"""Base45 (RFC 9285): bytes as text that a QR code stores in its alphanumeric mode.

    two bytes, n = 256·a + b      three characters, least significant first: n = c + 45·d + 2025·e
    one last byte, n = a          two characters: n = c + 45·d

Strict: every text decodes to exactly one byte string or is refused, and no two texts decode to
the same one. Lower case, white space at the end and values past the range are refused.
"""

from typing import Final

ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
"""The 45 characters of the QR alphanumeric mode, in order of their value."""

_VALUE: Final = {character: value for value, character in enumerate(ALPHABET)}
_BASE: Final = 45
_PAIR_CHARACTERS: Final = 3


def encode(data: bytes) -> str:
    """Return data as base45 text: three characters for two bytes, two for a last single one."""
    parts: list[str] = []
    for at in range(0, len(data), 2):
        chunk = data[at : at + 2]
        value = int.from_bytes(chunk, "big")
        for _ in range(len(chunk) + 1):
            value, digit = divmod(value, _BASE)
            parts.append(ALPHABET[digit])
    return "".join(parts)


def decode(text: str) -> bytes:
    """Return the bytes text stands for. Raises ValueError, naming the offset, for anything else."""
    if len(text) % _PAIR_CHARACTERS == 1:
        raise ValueError(f"base45: {len(text)} characters cannot be whole bytes")
    out = bytearray()
    for at in range(0, len(text), _PAIR_CHARACTERS):
        chunk = text[at : at + _PAIR_CHARACTERS]
        value = 0
        for character in reversed(chunk):
            digit = _VALUE.get(character)
            if digit is None:
                raise ValueError(f"base45: a foreign character in the group at offset {at}")
            value = value * _BASE + digit
        size = len(chunk) - 1
        if value >> (8 * size):
            raise ValueError(f"base45: the group at offset {at} is past {size} byte(s)")
        out += value.to_bytes(size, "big")
    return bytes(out)
