"""A guard's report as JSON becomes a Report, or is refused with the field that is wrong. Pure.

    {"kind": "call", "reason": "fever", "visit": 7}
    {"kind": "anomaly", "what": "crowding", "text": "..."}
    {"kind": "registration", "form": "visitor", "name": "...", "to": "3-2-101", ...}
    {"kind": "round", "place": "gate", "agent": "chlorine"}
    {"kind": "shift", "act": "begin", "guard": "G017"}   {"kind": "shift", "act": "end"}
    {"kind": "alert", "code": "GUARD_DURESS"}

Each may carry `duty`, the number of the spell of duty. No other keys. Errors name the key and never
repeat what was sent: it may be somebody's name.
"""

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from gated.core import reports
from gated.core.reports import Alert, Anomaly, Call, Person, Registration, Report, Round, Shift
from gated.screen.actions import VISIT_MAX, ActionRejected, duty_of, fields_of, integer

REPORT_BODY_MAX: Final = 8192  # a registration whose every character is written as \uXXXX
PRIVATE_USE: Final = "Co"  # category of Unicode
WIDE_SPACE: Final = "\u3000"  # what a Chinese keyboard types between words

_KEYS: Final[dict[str, frozenset[str]]] = {
    "call": frozenset({"reason", "visit"}),
    "anomaly": frozenset({"what", "text"}),
    "registration": frozenset(
        {"form", "visit", "name", "document_kind", "document_number", "phone"}
        | {"from", "to", "reason", "plate", "companions"}
    ),
    "round": frozenset({"place", "agent"}),
    "shift": frozenset({"act", "guard"}),
    "alert": frozenset({"code"}),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What the guard is told. refusal: a word why not, "" when it was taken.

    recorded: False while it waits in memory because the journal cannot be written. wait_s: when
    a refused PIN may be tried again.
    """

    refusal: str = ""
    recorded: bool = True
    wait_s: int = 0


@dataclass(frozen=True, slots=True)
class SentReport:
    """A report as it came from a page. duty: number of the spell it was given in, 0 for none."""

    report: Report
    duty: int = 0


def parse_report(body: bytes) -> SentReport:
    """Return the report these bytes hold. Raises ActionRejected naming the field that is wrong."""
    fields = fields_of(body)
    duty = duty_of(fields)
    fields.pop("duty", None)
    return SentReport(_report(fields), duty)


def _report(fields: dict[str, object]) -> Report:
    kind = _word(fields, "kind", _KEYS)
    if not set(fields) <= _KEYS[kind] | {"kind"}:
        raise ActionRejected("", f"{kind} takes {', '.join(sorted(_KEYS[kind]))}, nothing else")
    match kind:
        case "call":
            return Call(_word(fields, "reason", reports.CALL_REASONS), _visit(fields))
        case "anomaly":
            text = _text(fields, "text", reports.TEXT_MAX)
            return Anomaly(_word(fields, "what", reports.ANOMALIES), text)
        case "registration":
            form = _word(fields, "form", reports.FORMS)
            return Registration(form, _person(fields), _visit(fields))
        case "round":
            place = _word(fields, "place", reports.PLACES)
            return Round(place, _word(fields, "agent", reports.AGENTS))
        case "shift":
            return _shift(fields)
        case _:
            return Alert(_word(fields, "code", reports.ALERTS))


def _shift(fields: dict[str, object]) -> Shift:
    if _word(fields, "act", ("begin", "end")) == "end":
        if fields.get("guard", "") != "":
            raise ActionRejected("guard", "is not named at the end of a shift")
        return Shift("end")
    guard = fields.get("guard")
    if not isinstance(guard, str) or reports.STAFF_NUMBER.fullmatch(guard) is None:
        raise ActionRejected("guard", "is no staff number: 1 to 12 capital letters and digits")
    return Shift("begin", guard)


def _person(fields: dict[str, object]) -> Person:
    name = _text(fields, "name", reports.NAME_MAX)
    if not name:
        raise ActionRejected("name", "is missing")
    companions = integer("companions", fields.get("companions", 0))
    if not 0 <= companions <= reports.COMPANIONS_MAX:
        raise ActionRejected("companions", f"is not 0 to {reports.COMPANIONS_MAX}")
    kind = _word(fields, "document_kind", reports.DOCUMENT_KINDS, default="none")
    return Person(
        name=name,
        document_kind=kind,
        document_number=_shaped(fields, "document_number", reports.DOCUMENT_NUMBER),
        phone=_shaped(fields, "phone", reports.PHONE),
        came_from=_text(fields, "from", reports.NAME_MAX),
        to=_shaped(fields, "to", reports.ROOM),
        reason=_text(fields, "reason", reports.TEXT_MAX),
        plate=_text(fields, "plate", reports.PLATE_MAX),
        companions=companions,
    )


def _visit(fields: dict[str, object]) -> int:
    visit = integer("visit", fields.get("visit", 0))
    if not 0 <= visit <= VISIT_MAX:
        raise ActionRejected("visit", "is not the number of a visit")
    return visit


def _word(
    fields: dict[str, object], name: str, words: Collection[str], default: str | None = None
) -> str:
    value = fields.get(name, default)
    if not isinstance(value, str) or value not in words:
        raise ActionRejected(name, f"is none of {', '.join(words)}")
    return value


def _text(fields: dict[str, object], name: str, length: int) -> str:
    value = fields.get(name, "")
    if not isinstance(value, str) or len(value) > length:
        raise ActionRejected(name, f"is no text of at most {length} characters")
    value = value.replace(WIDE_SPACE, " ").strip()
    # Rare names are written with characters for private use.
    if not all(c.isprintable() or unicodedata.category(c) == PRIVATE_USE for c in value):
        raise ActionRejected(name, "holds characters that cannot be shown")
    return value


def _shaped(fields: dict[str, object], name: str, shape: re.Pattern[str]) -> str:
    value = unicodedata.normalize("NFKC", _text(fields, name, reports.NAME_MAX))
    if shape.fullmatch(value) is None:
        raise ActionRejected(name, "is not written as expected")
    return value
