"""Reads one value of a guard's JSON, or says which key is wrong. Pure.

Errors name the key and never repeat what was sent: it may be somebody's name.
"""

import json
import re
import unicodedata
from collections.abc import Collection
from typing import Final

from gated.core import reports

VISIT_MAX: Final = 2**53 - 1  # the largest integer a page can hold exactly
PRIVATE_USE: Final = "Co"  # category of Unicode
WIDE_SPACE: Final = "\u3000"  # what a Chinese keyboard types between words


class ActionRejected(ValueError):
    """The order is not one a guard can give. field: which key is wrong, or ""."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(f"{field}: {detail}" if field else detail)
        self.field = field


def fields_of(body: bytes) -> dict[str, object]:
    """Return the JSON object these bytes hold. Raises ActionRejected."""
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ActionRejected("", "the body is not JSON in UTF-8") from error
    if not isinstance(parsed, dict):
        raise ActionRejected("", "the body is not a JSON object")
    return parsed


def integer(name: str, value: object) -> int:
    """Return value when it is a whole number. Raises ActionRejected naming the field."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise ActionRejected(name, "is not an integer")
    return value


def duty_of(fields: dict[str, object]) -> int:
    """Return the number of the spell of duty, 0 when none is named. Raises ActionRejected."""
    number = integer("duty", fields.get("duty", 0))
    if not 0 <= number <= VISIT_MAX:
        raise ActionRejected("duty", "is not the number of a spell of duty")
    return number


def visit(fields: dict[str, object]) -> int:
    """Return the number of the visit it is about, 0 for none. Raises ActionRejected."""
    visit = integer("visit", fields.get("visit", 0))
    if not 0 <= visit <= VISIT_MAX:
        raise ActionRejected("visit", "is not the number of a visit")
    return visit


def word(
    fields: dict[str, object], name: str, words: Collection[str], default: str | None = None
) -> str:
    """Return one of `words`; `default` when the key is missing. Raises ActionRejected."""
    value = fields.get(name, default)
    if not isinstance(value, str) or value not in words:
        raise ActionRejected(name, f"is none of {', '.join(words)}")
    return value


def text(fields: dict[str, object], name: str, length: int) -> str:
    """Return a text of at most `length` characters, without outer spaces. Raises ActionRejected."""
    value = fields.get(name, "")
    if not isinstance(value, str) or len(value) > length:
        raise ActionRejected(name, f"is no text of at most {length} characters")
    value = value.replace(WIDE_SPACE, " ").strip()
    # Rare names are written with characters for private use.
    if not all(c.isprintable() or unicodedata.category(c) == PRIVATE_USE for c in value):
        raise ActionRejected(name, "holds characters that cannot be shown")
    return value


def shaped(fields: dict[str, object], name: str, shape: re.Pattern[str]) -> str:
    """Return a text of this shape, in one width of letters. Raises ActionRejected."""
    value = unicodedata.normalize("NFKC", text(fields, name, reports.NAME_MAX))
    if shape.fullmatch(value) is None:
        raise ActionRejected(name, "is not written as expected")
    return value


def within(fields: dict[str, object], name: str, span: range, default: int | None = None) -> int:
    """Return a whole number of this span. Raises ActionRejected."""
    value = integer(name, fields.get(name, default))
    if value not in span:
        raise ActionRejected(name, f"is not {span.start} to {span.stop - 1}")
    return value


def truth(fields: dict[str, object], name: str) -> bool:
    """Return true or false; a missing key is false. Raises ActionRejected."""
    value = fields.get(name, False)
    if not isinstance(value, bool):
        raise ActionRejected(name, "is not true or false")
    return value
