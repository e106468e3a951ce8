"""A guard's report as JSON becomes a Report, or is refused with the field that is wrong. Pure.

    {"kind": "call", "reason": "fever", "visit": 7}
    {"kind": "anomaly", "what": "crowding", "text": "..."}
    {"kind": "registration", "form": "visitor", "name": "...", "to": "3-2-101", ...}
    {"kind": "round", "place": "gate", "agent": "chlorine"}
    {"kind": "shift", "act": "begin", "guard": "G017"}
    {"kind": "shift", "act": "end", "checked": ["thermometer", "keys"]}
    {"kind": "alert", "code": "GUARD_DURESS"}
    {"kind": "note", "what": "parcel", "text": "...", "visit": 7}
    {"kind": "paper", "number": "3/12", "day": "2020-02-07", "time": "09:12", "direction": "out",
     "outcome": "passed", "name": "...", "room": "3-2-101", "temp_mc": 36500}
    {"kind": "vehicle", "act": "begin", "plate": "...", "people": 2}
    {"kind": "vehicle", "act": "pass"}   {"kind": "vehicle", "act": "abandon", "reason": "station"}
    {"kind": "vehicle", "act": "drop", "visit": 7, "reason": "on_foot"}
    {"kind": "mode", "mode": "lockdown", "reason": "station", "hours": 2, "second": {...}}
    {"kind": "mode", "mode": "normal", "reason": "over"}
    {"kind": "direction", "direction": "in", "reason": "rush"}
    {"kind": "sound_test", "heard": true}

Of a reason that is left out for an end, a switch or a vehicle, the first one counts.

Each may carry `duty`, the number of the spell of duty, and a change of mode `second`, who approves
it. No other keys. Errors name the key and never repeat what was sent: it may be somebody's name.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Final

from gated.core import reports
from gated.core.reports import (
    Alert,
    Anomaly,
    Call,
    DirectionSwitch,
    ModeChange,
    Note,
    Paper,
    PaperLine,
    Person,
    Registration,
    Report,
    Round,
    Shift,
    SoundTest,
    VehicleAct,
)
from gated.screen.actions import (
    CLINICAL_MC,
    ActionRejected,
    Credentials,
    duty_of,
    fields_of,
    parse_credentials,
)
from gated.screen.report_fields import shaped, text, truth, visit, within, word

REPORT_BODY_MAX: Final = 8192  # a registration whose every character is written as \uXXXX
_TIME: Final = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")

_KEYS: Final[dict[str, frozenset[str]]] = {
    "call": frozenset({"reason", "visit"}),
    "anomaly": frozenset({"what", "text"}),
    "registration": frozenset(
        {"form", "visit", "name", "document_kind", "document_number", "phone"}
        | {"from", "to", "reason", "plate", "companions", "from_card"}
    ),
    "round": frozenset({"place", "agent"}),
    "shift": frozenset({"act", "guard", "checked"}),
    "alert": frozenset({"code"}),
    "note": frozenset({"what", "text", "visit"}),
    "paper": frozenset(
        {"number", "day", "time", "direction", "outcome", "name", "document_number"}
        | {"phone", "room", "temp_mc"}
    ),
    "vehicle": frozenset({"act", "plate", "people", "visit", "reason"}),
    "mode": frozenset({"mode", "reason", "hours"}),
    "direction": frozenset({"direction", "reason"}),
    "sound_test": frozenset({"heard"}),
}


_VEHICLE_KEYS: Final = {
    "begin": {"plate", "people"},
    "pass": set[str](),
    "abandon": {"reason"},
    "drop": {"visit", "reason"},
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
    """A report as it came from a page. duty: number of the spell it was given in, 0 for none.

    second: who approves it, if somebody does.
    """

    report: Report
    duty: int = 0
    second: Credentials | None = None


def parse_report(body: bytes) -> SentReport:
    """Return the report these bytes hold. Raises ActionRejected naming the field that is wrong."""
    fields = fields_of(body)
    duty, second = duty_of(fields), fields.pop("second", None)
    fields.pop("duty", None)
    report = _report(fields)
    if second is None:
        return SentReport(report, duty)
    if not isinstance(report, ModeChange) or not isinstance(second, dict):
        raise ActionRejected("second", "only a change of mode has somebody who approves it")
    return SentReport(report, duty, parse_credentials(second))


def _report(fields: dict[str, object]) -> Report:
    kind = word(fields, "kind", _KEYS)
    if not set(fields) <= _KEYS[kind] | {"kind"}:
        raise ActionRejected("", f"{kind} takes {', '.join(sorted(_KEYS[kind]))}, nothing else")
    return _PARSERS[kind](fields)


def _call(fields: dict[str, object]) -> Call:
    return Call(word(fields, "reason", reports.CALL_REASONS), visit(fields))


def _anomaly(fields: dict[str, object]) -> Anomaly:
    said = text(fields, "text", reports.TEXT_MAX)
    return Anomaly(word(fields, "what", reports.ANOMALIES), said)


def _note(fields: dict[str, object]) -> Note:
    said = text(fields, "text", reports.TEXT_MAX)
    return Note(word(fields, "what", reports.NOTES), said, visit(fields))


def _registration(fields: dict[str, object]) -> Registration:
    from_card = truth(fields, "from_card")
    form, number = word(fields, "form", reports.FORMS), visit(fields)
    if from_card and not number:
        raise ActionRejected("visit", "a card was read in a visit: name it")
    return Registration(form, _person(fields, from_card=from_card), number, from_card)


def _round(fields: dict[str, object]) -> Round:
    place = word(fields, "place", reports.PLACES)
    return Round(place, word(fields, "agent", reports.AGENTS))


def _alert(fields: dict[str, object]) -> Alert:
    return Alert(word(fields, "code", reports.ALERTS))


def _vehicle(fields: dict[str, object]) -> VehicleAct:
    act = word(fields, "act", reports.VEHICLE_ACTS)
    if not set(fields) <= {"kind", "act"} | _VEHICLE_KEYS[act]:
        raise ActionRejected("", f"{act} takes {', '.join(sorted(_VEHICLE_KEYS[act]))} besides")
    match act:
        case "begin":
            plate = shaped(fields, "plate", reports.PLATE)
            people = within(fields, "people", range(1, reports.PEOPLE_MAX + 1))
            return VehicleAct("begin", plate, people)
        case "abandon":
            return VehicleAct("abandon", reason=_why(fields, reports.ABANDON_REASONS))
        case "drop":
            number = visit(fields)
            if not number:
                raise ActionRejected("visit", "is missing: the visit of whoever leaves the vehicle")
            return VehicleAct("drop", visit=number, reason=_why(fields, reports.DROP_REASONS))
    return VehicleAct("pass")


def _why(fields: dict[str, object], reasons: tuple[str, ...]) -> str:
    return word(fields, "reason", reasons, default=reasons[0])


def _mode(fields: dict[str, object]) -> ModeChange:
    mode = word(fields, "mode", reports.MODES)
    if mode == "normal":
        return ModeChange(mode, _why(fields, reports.MODE_END_REASONS))
    hours = within(fields, "hours", range(1, reports.MODE_HOURS_MAX + 1), default=1)
    return ModeChange(mode, word(fields, "reason", reports.MODE_REASONS), hours)


def _direction(fields: dict[str, object]) -> DirectionSwitch:
    inward = word(fields, "direction", ("in", "out")) == "in"
    why = _why(fields, reports.DIRECTION_REASONS)
    return DirectionSwitch("in" if inward else "out", why)


def _sound_test(fields: dict[str, object]) -> SoundTest:
    if "heard" not in fields:
        raise ActionRejected("heard", "is missing")
    return SoundTest(truth(fields, "heard"))


def _paper(fields: dict[str, object]) -> Paper:
    name = text(fields, "name", reports.NAME_MAX)
    document = shaped(fields, "document_number", reports.DOCUMENT_NUMBER)
    room = shaped(fields, "room", reports.ROOM)
    if not (name or document or room):
        raise ActionRejected("name", "is missing: a name, a document number or a room")
    temp_mc = fields.get("temp_mc")
    if temp_mc is not None and temp_mc not in CLINICAL_MC:
        raise ActionRejected("temp_mc", "is not a tenth of a degree from 34.0 to 42.9 °C")
    line = PaperLine(
        number=shaped(fields, "number", reports.PAPER_NUMBER),
        day=_day(fields),
        time=shaped(fields, "time", _TIME),
        direction=word(fields, "direction", ("in", "out")),
        outcome=word(fields, "outcome", reports.OUTCOMES),
        name=name,
        document_number=document,
        phone=shaped(fields, "phone", reports.PHONE),
        room=room,
        temp_mc=temp_mc if isinstance(temp_mc, int) else None,
    )
    return Paper(line)


def _day(fields: dict[str, object]) -> str:
    value = fields.get("day")
    try:
        return date.fromisoformat(value if isinstance(value, str) else "").isoformat()
    except ValueError as error:
        raise ActionRejected("day", "is no date such as 2020-02-07") from error


def _shift(fields: dict[str, object]) -> Shift:
    if word(fields, "act", ("begin", "end")) == "end":
        if fields.get("guard", "") != "":
            raise ActionRejected("guard", "is not named at the end of a shift")
        return Shift("end", checked=_checked(fields))
    if "checked" in fields:
        raise ActionRejected("checked", "belongs to the end of a shift")
    guard = fields.get("guard")
    if not isinstance(guard, str) or reports.STAFF_NUMBER.fullmatch(guard) is None:
        raise ActionRejected("guard", "is no staff number: 1 to 12 capital letters and digits")
    return Shift("begin", guard)


def _checked(fields: dict[str, object]) -> tuple[str, ...] | None:
    points = fields.get("checked")
    if points is None:
        return None
    if not isinstance(points, list) or not all(point in reports.CHECKLIST for point in points):
        raise ActionRejected("checked", f"is no list of {', '.join(reports.CHECKLIST)}")
    return tuple(point for point in reports.CHECKLIST if point in points)


def _person(fields: dict[str, object], *, from_card: bool) -> Person:
    name = text(fields, "name", reports.NAME_MAX)
    document = shaped(fields, "document_number", reports.DOCUMENT_NUMBER)
    phone = shaped(fields, "phone", reports.PHONE)
    if not (name or document or phone or from_card):
        raise ActionRejected("name", "is missing: a name, a document number or a phone")
    if from_card and (name or document):
        raise ActionRejected("from_card", "name and number are the card's own, or typed, not both")
    kind = word(fields, "document_kind", reports.DOCUMENT_KINDS, default="none")
    return Person(
        name=name,
        document_kind=kind,
        document_number=document,
        phone=phone,
        came_from=text(fields, "from", reports.NAME_MAX),
        to=shaped(fields, "to", reports.ROOM),
        reason=text(fields, "reason", reports.TEXT_MAX),
        plate=text(fields, "plate", reports.PLATE_MAX),
        companions=within(fields, "companions", range(reports.COMPANIONS_MAX + 1), default=0),
    )


_PARSERS: Final[dict[str, Callable[[dict[str, object]], Report]]] = {
    "call": _call,
    "anomaly": _anomaly,
    "registration": _registration,
    "round": _round,
    "shift": _shift,
    "alert": _alert,
    "note": _note,
    "paper": _paper,
    "vehicle": _vehicle,
    "mode": _mode,
    "direction": _direction,
    "sound_test": _sound_test,
}
