"""What a line of a gate's log says, in the visitor's language.

A word of a later gate that we do not know stays as the gate sent it.
"""

from collections.abc import Callable
from typing import Final

from gated.hub.gate_log import LogRow
from gated.hub.inbox_item import DURESS
from gated.hub.web.visit import Visit
from gated.texts import shipped

NORMAL: Final = "normal"
_ENDED: Final = frozenset({"time", "removed", "next"})  # what else than a log-off ends a shift
_NAMED: Final = frozenset({"anomaly", "note"})  # whose words alone do not say what they are


def line(v: Visit, row: LogRow) -> str:
    """Return one line of the log as a sentence."""
    said = _SAID.get(row.kind)
    return row.kind if said is None else said(v, row)


def _device(v: Visit, row: LogRow) -> str:
    named = shipped().device(row.code).text.shown(v.language) or row.code
    known = row.state in {"since", "cleared"}
    return v.t(f"log.device.{row.state}", what=named) if known else named


def _shift(v: Visit, row: LogRow) -> str:
    begins = row.state == "begin"
    ended = row.word("by") if row.word("by") in _ENDED else ""
    parts = [v.t("log.shift.begin" if begins else "log.shift.end", guard=_guard(v, row))]
    if ended:
        parts.append(v.t(f"log.ended.{ended}"))
    if row.not_in_order:
        points = [v.t(f"log.point.{point}") for point in row.not_in_order]
        parts.append(v.t("log.not_in_order", points=v.t("log.comma").join(points)))
    return _joined(v, parts)


def _reported(v: Visit, row: LogRow) -> str:
    """A report whose code has words in the inbox: a call, an anomaly, a note and the like."""
    said = _word(v, f"inbox.code.{row.kind}.", row.code)
    if row.kind in _NAMED:
        said = f"{v.t(f'inbox.kinds.{row.kind}')}{v.t('gates.colon')}{said}"
    return _joined(v, [said, *_by(v, row)])


def _alert(v: Visit, row: LogRow) -> str:
    area = "inbox.code.duress." if row.code == DURESS else "inbox.code.gate."
    return _word(v, area, row.code)


def _round(v: Visit, row: LogRow) -> str:
    place, agent = (_word(v, f"log.{name}.", row.word(name)) for name in ("place", "agent"))
    return _joined(v, [v.t("log.round", place=place, agent=agent), *_by(v, row)])


def _vehicle(v: Visit, row: LogRow) -> str:
    parts = [_word(v, "log.vehicle.", row.code)]
    people = row.number("people")
    if people:
        parts.append(v.t("log.people", n=people))
    visits = row.fields.get("visits")
    if isinstance(visits, list):
        parts.append(v.t("log.decided", n=len(visits)))
    if row.word("by"):
        parts.append(_word(v, "log.ended.", row.word("by")))  # nobody gave it up by hand
    return _joined(v, [*parts, *_why(v, row), *_by(v, row)])


def _why(v: Visit, row: LogRow) -> list[str]:
    """Return the reason a guard gave, nothing for none."""
    reason = row.word("reason")
    return [_word(v, "log.reason.", reason)] if reason else []


def _mode(v: Visit, row: LogRow) -> str:
    former = row.word("former")
    if row.code == NORMAL:
        ended = _word(v, "log.mode.", former) if former else ""
        parts = [v.t("log.mode_ended", mode=ended) if ended else v.t("log.mode.normal")]
    else:
        parts = [v.t("log.mode_begun", mode=_word(v, "log.mode.", row.code))]
    parts += mode_particulars(v, row)
    return _joined(v, [*parts, *_by(v, row)])


def mode_particulars(v: Visit, row: LogRow) -> list[str]:
    """Return why, for how long and with whose approval a gate changed its mode."""
    parts = _why(v, row)
    hours = row.number("hours")
    if hours:
        parts.append(v.t("log.hours", n=hours))
    if row.word("approver"):
        parts.append(v.t("log.approved", guard=row.word("approver")))
    if row.word("by") == "time":
        parts.append(v.t("log.ended.time"))
    return parts


def _direction(v: Visit, row: LogRow) -> str:
    return _joined(v, [_word(v, "log.direction.", row.code), *_why(v, row), *_by(v, row)])


def _sound_test(v: Visit, row: LogRow) -> str:
    heard = v.t("log.heard") if row.number("heard") else v.t("log.not_heard")
    return _joined(v, [heard, *_by(v, row)])


def _look_up(v: Visit, row: LogRow) -> str:
    asked = v.t("log.look_up.visit") if row.word("by") == "visit" else v.t("log.look_up.room")
    found = v.t("log.found", n=row.number("found") or 0)
    return _joined(v, [asked, found, *_by(v, row)])


def _list(v: Visit, row: LogRow) -> str:
    return v.t("log.list", rev=row.number("rev") or 0)


def _lost(v: Visit, row: LogRow) -> str:
    return v.t("log.lost", n=row.number("count") or 0)


def _unreadable(v: Visit, _row: LogRow) -> str:
    return v.t("inbox.code.gate.UNREADABLE_PASSAGE")


_SAID: Final[dict[str, Callable[[Visit, LogRow], str]]] = {
    "alert": _alert,
    "anomaly": _reported,
    "call": _reported,
    "device": _device,
    "direction": _direction,
    "look_up": _look_up,
    "mode": _mode,
    "note": _reported,
    "paper": _reported,
    "passage": _unreadable,
    "records_lost": _lost,
    "registration": _reported,
    "roster_switched": _list,
    "round": _round,
    "shift": _shift,
    "sound_test": _sound_test,
    "vehicle": _vehicle,
}


def _by(v: Visit, row: LogRow) -> list[str]:
    """Return who did it, nothing when the gate names nobody."""
    guard = row.word("guard")
    return [v.t("inbox.guard", guard=guard)] if guard else []


def _guard(v: Visit, row: LogRow) -> str:
    return row.word("guard") or v.t("log.nobody")


def _word(v: Visit, area: str, code: str) -> str:
    key = f"{area}{code}"
    return v.t(key) if key in v.front.texts else code


def _joined(v: Visit, parts: list[str]) -> str:
    return v.t("log.comma").join(part for part in parts if part)
