"""A guard's order as JSON becomes a GuardAction, or is refused with the field that is wrong. Pure.

    {"kind": "manual_pass", "visit": 7, "reason": "medical"}
    {"kind": "refuse", "visit": 7, "reason": "behaviour"}
    {"kind": "clinical", "visit": 7, "value_mc": 36600}

No other keys; the role is not the page's to choose. Errors never repeat what was sent.
"""

import json

from gated.core.model import GuardAction, GuardActionKind

BODY_MAX = 1024  # a real order is under 100 bytes
CLINICAL_MC = range(34_000, 42_901, 100)  # what a hand thermometer shows, in tenths
VISIT_MAX = 2**53 - 1  # the largest integer a page can hold exactly
REASONS: dict[GuardActionKind, tuple[str, ...]] = {
    GuardActionKind.MANUAL_PASS: ("medical", "rescue", "known", "escort", "other"),
    GuardActionKind.REFUSE: ("unknown_person", "behaviour", "document", "other"),
    GuardActionKind.CLINICAL: (),
}


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


def _kind(value: object) -> GuardActionKind:
    try:
        return GuardActionKind(str(value))
    except ValueError as error:
        raise ActionRejected("kind", f"is none of {', '.join(GuardActionKind)}") from error


def integer(name: str, value: object) -> int:
    """Return value when it is a whole number. Raises ActionRejected naming the field."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise ActionRejected(name, "is not an integer")
    return value


def parse_action(body: bytes) -> GuardAction:
    """Return the order these bytes hold. Raises ActionRejected naming the field that is wrong."""
    fields = fields_of(body)
    kind = _kind(fields.get("kind"))
    own = "value_mc" if kind is GuardActionKind.CLINICAL else "reason"
    if not set(fields) <= {"kind", "visit", own}:
        raise ActionRejected("", f"{kind} takes kind, visit and {own}, and nothing else")
    visit = integer("visit", fields.get("visit"))
    if not 0 <= visit <= VISIT_MAX:
        raise ActionRejected("visit", "is not the number of a visit")
    if kind is GuardActionKind.CLINICAL:
        value_mc = integer("value_mc", fields.get("value_mc"))
        if value_mc not in CLINICAL_MC:
            raise ActionRejected("value_mc", "is not a tenth of a degree from 34.0 to 42.9 °C")
        return GuardAction(kind, visit, value_mc=value_mc)
    reason = fields.get("reason")
    if not isinstance(reason, str) or reason not in REASONS[kind]:
        raise ActionRejected("reason", f"is none of {', '.join(REASONS[kind])}")
    return GuardAction(kind, visit, reason=reason)
