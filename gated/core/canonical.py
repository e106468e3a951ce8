"""One value has one spelling: the bytes that are stored, sent, hashed and signed.

Canonical JSON here means: integers, strings, lists and string-keyed maps of them, nothing else;
keys sorted by code point, UTF-8 written out, no spaces. No float, bool or null, because two
programs would spell or read them differently. The chain is SHA-256(previous hash + digest) and
starts at SHA-256(epoch), so one hash proves every byte before it.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import TypeAlias

Json: TypeAlias = "int | str | Sequence[Json] | Mapping[str, Json]"

CUT_MARK = "…[cut]"
CUT_STEPS = (2048, 1024, 512, 256, 128, 64)  # characters kept of a string; hashes have 64

_LEAVES = frozenset({str, int})

_ENCODER = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), check_circular=False
)


def canonical(value: object) -> bytes:
    """Return the one spelling of this value.

    Pure. Raises TypeError for floats, booleans, None and any other type at any depth, and
    ValueError for text that is not Unicode (a lone surrogate).
    """
    _check(value)
    return _ENCODER.encode(value).encode()


def _check(value: object) -> None:
    """Refuse what has no single spelling. bool is an int to Python, so it is named first."""
    kind = type(value)
    if kind in _LEAVES:
        return
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise TypeError(f"canonical JSON takes text keys only, not {type(key).__name__}")
            if type(item) not in _LEAVES:  # asked here: most items are leaves, calls are dear
                _check(item)
    elif isinstance(value, list | tuple):
        for item in value:
            if type(item) not in _LEAVES:
                _check(item)
    elif isinstance(value, bool) or not isinstance(value, int | str):
        raise TypeError(f"canonical JSON takes integers and text only, not {kind.__name__}")


def canonical_within(value: Mapping[str, Json], limit: int) -> bytes:
    """Return the canonical bytes of this map, at most `limit` of them.

    When they are too many, every string is cut to the longest step that fits and ends in
    CUT_MARK; keys are never cut. Raises ValueError when even the shortest strings do not fit:
    that is our own mistake, since no event has that many fields.
    """
    body = canonical(value)
    for step in CUT_STEPS:
        if len(body) <= limit:
            return body
        body = canonical(_cut(value, step))
    if len(body) > limit:
        raise ValueError(f"{len(body)} bytes are left after cutting every text, limit {limit}")
    return body


def _cut(value: Json, length: int) -> Json:
    """Return the same value with no string longer than `length` characters and the mark."""
    if isinstance(value, str):
        return value if len(value) <= length else value[:length] + CUT_MARK
    if isinstance(value, Mapping):
        return {key: _cut(item, length) for key, item in value.items()}
    if isinstance(value, Sequence):
        return [_cut(item, length) for item in value]
    return value


def digest(body: bytes) -> bytes:
    """Return the SHA-256 of an event's bytes: 32 bytes."""
    return hashlib.sha256(body).digest()


def chain(previous: bytes, body_digest: bytes) -> bytes:
    """Return the chain hash after an event: SHA-256(hash before it + its digest), 32 bytes."""
    return hashlib.sha256(previous + body_digest).digest()


def genesis(epoch: str) -> bytes:
    """Return the chain hash before the first event of an epoch: SHA-256 of its ASCII name."""
    return hashlib.sha256(epoch.encode("ascii")).digest()


def commitment(salt: bytes, values: Mapping[str, Json]) -> str:
    """Return the hex promise that an event makes about values kept beside it.

    SHA-256(16-byte salt + canonical values). Without the salt nobody can try out temperatures
    until one fits, so forgetting the salt and the values keeps the chain and loses the person.
    """
    return hashlib.sha256(salt + canonical(dict(values))).hexdigest()
