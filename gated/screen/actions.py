"""A guard's order as JSON becomes a GuardAction, or is refused with the field that is wrong. Pure.

    {"kind": "manual_pass", "visit": 7, "reason": "medical"}
    {"kind": "refuse", "visit": 7, "reason": "behaviour"}
    {"kind": "clinical", "visit": 7, "value_mc": 36600}
    {"kind": "remeasure", "visit": 7}

Each may carry `duty`, the number of the spell of duty, a manual pass `second`, who approves it:
{"guard": "S001", "pin": "…"}, and a manual pass or refusal for the reason `other` `text`, the
guard's own words for the centre. No other keys; the role is not the page's to choose. Errors never
repeat what was sent.

    {"room": "3-2-101"} or {"visit": 7}      who lives there, or with the person of this visit
    {"visit": 7, "pick": "…"}                one of those is who stands at the gate
"""

import re
from dataclasses import dataclass, field, replace
from typing import Final

from gated.core.duty import PIN
from gated.core.model import GuardAction, GuardActionKind
from gated.core.reports import NAME_MAX, STAFF_NUMBER, TEXT_MAX
from gated.core.room import room_parts
from gated.screen.report_fields import (
    VISIT_MAX,
    ActionRejected,
    duty_of,
    fields_of,
    integer,
    text,
    visit,
)

__all__ = [
    "BODY_MAX",
    "CLINICAL_MC",
    "REASONS",
    "VISIT_MAX",
    "ActionRejected",
    "Credentials",
    "Order",
    "Pick",
    "Search",
    "duty_of",
    "fields_of",
    "integer",
    "parse_attended",
    "parse_credentials",
    "parse_order",
    "parse_pick",
    "parse_search",
]

OTHER: Final = "other"
PICK: Final = re.compile(r"[0-9a-z]{4,32}")

BODY_MAX = 8192  # the longest words beside an order, every character written as \uXXXX
CLINICAL_MC = range(34_000, 42_901, 100)  # what a hand thermometer shows, in tenths
REASONS: dict[GuardActionKind, tuple[str, ...]] = {
    GuardActionKind.MANUAL_PASS: (
        *("medical", "rescue", "caring", "clinical_normal", "equipment_fault"),
        *("station", "known", "escort", "registered", "other"),
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
    """A guard's order as it came from a page. second: who approves it, if somebody does.

    text: the guard's own words, for the centre only. by: who sends it, when that is somebody
    logged in on the network.
    """

    action: GuardAction
    second: Credentials | None = None
    text: str = field(default="", repr=False)
    by: str = ""


@dataclass(frozen=True, slots=True)
class Search:
    """Whom a guard looks for: who lives in a room, or with the person of a visit.

    room: building, unit and room as typed, empty when a visit is named.
    """

    room: tuple[str, str, str] | tuple[()] = field(default=(), repr=False)
    visit: int = 0
    duty: int = 0


@dataclass(frozen=True, slots=True)
class Pick:
    """Somebody found stands at the gate. pick: the handle `Search` was answered with.

    visit: number of the visit the guard saw, 0 for none.
    """

    pick: str
    visit: int = 0
    duty: int = 0


def _kind(value: object) -> GuardActionKind:
    try:
        return GuardActionKind(str(value))
    except ValueError as error:
        raise ActionRejected("kind", f"is none of {', '.join(GuardActionKind)}") from error


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
    words = text(fields, "text", TEXT_MAX)
    for name in ("duty", "text"):
        fields.pop(name, None)
    action = replace(_action(fields), duty=duty)
    if words and action.reason != OTHER:
        raise ActionRejected("text", "goes with the reason other only")
    if second is None:
        return Order(action, text=words)
    if action.kind is not GuardActionKind.MANUAL_PASS or not isinstance(second, dict):
        raise ActionRejected("second", "only a manual pass has somebody who approves it")
    return Order(action, parse_credentials(second), words)


def parse_search(body: bytes) -> Search:
    """Return whom these bytes ask for. Raises ActionRejected naming the field that is wrong."""
    fields = _own_fields(body, {"room", "visit", "duty"})
    duty, number = duty_of(fields), visit(fields)
    if "room" not in fields:
        if not number:
            raise ActionRejected(
                "room", "is missing: a room, or the visit of somebody who lives there"
            )
        return Search(visit=number, duty=duty)
    if "visit" in fields:
        raise ActionRejected("visit", "is not named together with a room")
    room = room_parts(text(fields, "room", NAME_MAX))
    if room is None:
        raise ActionRejected("room", "is not written as a room, such as 3-2-101")
    return Search(room, duty=duty)


def parse_attended(body: bytes) -> tuple[int, int]:
    """Return which visit a dialog is open for, and the spell of duty. Raises ActionRejected."""
    fields = _own_fields(body, {"visit", "duty"})
    return visit(fields), duty_of(fields)


def parse_pick(body: bytes) -> Pick:
    """Return who was picked. Raises ActionRejected naming the field that is wrong."""
    fields = _own_fields(body, {"pick", "visit", "duty"})
    pick = text(fields, "pick", NAME_MAX)
    if PICK.fullmatch(pick) is None:
        raise ActionRejected("pick", "is no answer to a search")
    return Pick(pick, visit(fields), duty_of(fields))


def _own_fields(body: bytes, names: set[str]) -> dict[str, object]:
    fields = fields_of(body)
    if not set(fields) <= names:
        raise ActionRejected("", f"takes {', '.join(sorted(names))}, nothing else")
    return fields


def _action(fields: dict[str, object]) -> GuardAction:
    kind = _kind(fields.get("kind"))
    own = _OWN[kind]
    if not set(fields) <= {"kind", "visit", *own}:
        raise ActionRejected("", f"{kind} takes {', '.join(('kind', 'visit', *own))}, nothing else")
    if "visit" not in fields:
        raise ActionRejected("visit", "is missing")
    number = visit(fields)
    if kind is GuardActionKind.CLINICAL:
        value_mc = integer("value_mc", fields.get("value_mc"))
        if value_mc not in CLINICAL_MC:
            raise ActionRejected("value_mc", "is not a tenth of a degree from 34.0 to 42.9 °C")
        return GuardAction(kind, number, value_mc=value_mc)
    if kind is GuardActionKind.REMEASURE:
        return GuardAction(kind, number)
    reason = fields.get("reason")
    if not isinstance(reason, str) or reason not in REASONS[kind]:
        raise ActionRejected("reason", f"is none of {', '.join(REASONS[kind])}")
    return GuardAction(kind, number, reason=reason)
