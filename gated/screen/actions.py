"""A guard's order as JSON becomes a GuardAction, or is refused with the field that is wrong. Pure.

    {"kind": "manual_pass", "visit": 7, "reason": "medical"}
    {"kind": "refuse", "visit": 7, "reason": "behaviour"}
    {"kind": "clinical", "visit": 7, "value_mc": 36600}
    {"kind": "remeasure", "visit": 7}

Each may carry `duty`, the number of the spell of duty, and a manual pass `second`, who approves it:
{"guard": "S001", "pin": "…"}. No other keys; the role is not the page's to choose. Errors never
repeat what was sent.
"""

import json
from dataclasses import dataclass, field, replace

from gated.core.duty import PIN
from gated.core.model import GuardAction, GuardActionKind
from gated.core.reports import STAFF_NUMBER

BODY_MAX = 1024  # a real order is under 100 bytes
CLINICAL_MC = range(34_000, 42_901, 100)  # what a hand thermometer shows, in tenths
VISIT_MAX = 2**53 - 1  # the largest integer a page can hold exactly
REASONS: dict[GuardActionKind, tuple[str, ...]] = {
    GuardActionKind.MANUAL_PASS: (
        *("medical", "rescue", "caring", "clinical_normal", "equipment_fault"),
        *("station", "known", "escort", "other"),
    ),
    GuardActionKind.REFUSE: ("unknown_person", "behaviour", "document", "other"),
    GuardActionKind.CLINICAL: (),
    GuardActionKind.REMEASURE: (),
}


_OWN: dict[GuardActionKind, tuple[str, ...]] = {
    GuardActionKind.MANUAL_PASS: ("reason",),
    GuardActionKind.REFUSE: ("reason",),
    GuardActionKind.CLINICAL: ("value_mc",),
    GuardActionKind.REMEASURE: (),
}


@dataclass(frozen=True, slots=True)
class Credentials:
    """A staff number and a PIN as typed; the PIN stays out of every repr."""

    guard: str
    pin: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Order:
    """A guard's order as it came from a page. second: who approves it, if somebody does."""

    action: GuardAction
    second: Credentials | None = None


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


def duty_of(fields: dict[str, object]) -> int:
    """Return the number of the spell of duty, 0 when none is named. Raises ActionRejected."""
    number = integer("duty", fields.get("duty", 0))
    if not 0 <= number <= VISIT_MAX:
        raise ActionRejected("duty", "is not the number of a spell of duty")
    return number


def parse_credentials(fields: dict[str, object]) -> Credentials:
    """Return who proves to be there. Raises ActionRejected naming the field that is wrong."""
    if not set(fields) <= {"guard", "pin"}:
        raise ActionRejected("", "a log-in takes guard and pin, and nothing else")
    guard, pin = fields.get("guard"), fields.get("pin")
    if not isinstance(guard, str) or STAFF_NUMBER.fullmatch(guard) is None:
        raise ActionRejected("guard", "is no staff number: 1 to 12 capital letters and digits")
    if not isinstance(pin, str) or PIN.fullmatch(pin) is None:
        raise ActionRejected("pin", "is not 4 to 8 digits")
    return Credentials(guard, pin)


def parse_order(body: bytes) -> Order:
    """Return the order these bytes hold. Raises ActionRejected naming the field that is wrong."""
    fields = fields_of(body)
    duty, second = duty_of(fields), fields.pop("second", None)
    fields.pop("duty", None)
    action = replace(_action(fields), duty=duty)
    if second is None:
        return Order(action)
    if action.kind is not GuardActionKind.MANUAL_PASS or not isinstance(second, dict):
        raise ActionRejected("second", "only a manual pass has somebody who approves it")
    return Order(action, parse_credentials(second))


def _action(fields: dict[str, object]) -> GuardAction:
    kind = _kind(fields.get("kind"))
    own = _OWN[kind]
    if not set(fields) <= {"kind", "visit", *own}:
        raise ActionRejected("", f"{kind} takes {', '.join(('kind', 'visit', *own))}, nothing else")
    visit = integer("visit", fields.get("visit"))
    if not 0 <= visit <= VISIT_MAX:
        raise ActionRejected("visit", "is not the number of a visit")
    if kind is GuardActionKind.CLINICAL:
        value_mc = integer("value_mc", fields.get("value_mc"))
        if value_mc not in CLINICAL_MC:
            raise ActionRejected("value_mc", "is not a tenth of a degree from 34.0 to 42.9 °C")
        return GuardAction(kind, visit, value_mc=value_mc)
    if kind is GuardActionKind.REMEASURE:
        return GuardAction(kind, visit)
    reason = fields.get("reason")
    if not isinstance(reason, str) or reason not in REASONS[kind]:
        raise ActionRejected("reason", f"is none of {', '.join(REASONS[kind])}")
    return GuardAction(kind, visit, reason=reason)
