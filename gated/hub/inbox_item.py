"""Which events people at the centre must read, and as what: pure.

One item per visit and kind, however many rows the visit has: the item's `source` says so, and
an item that is there is never made twice. Sealed words stay sealed in it.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from gated.core.reasons import Code
from gated.hub.event_time import Stamp
from gated.hub.passage_row import SEALED, Said, reasons


class Kind(StrEnum):
    """What an item is about."""

    FEVER = "fever"
    CONTACT = "contact"
    DURESS = "duress"
    CALL = "call"
    ANOMALY = "anomaly"
    REGISTRATION = "registration"
    DATA = "data"
    GATE = "gate"
    NOTE = "note"
    PAPER = "paper"


ALERTS: Final = frozenset({Kind.FEVER, Kind.CONTACT, Kind.DURESS, Kind.DATA})
"""Kinds that are about health, duress or statuses: for those who may see alerts."""

CALLS_OF_HEALTH: Final = frozenset({"fever", "contact"})
"""Reasons of a call that only those who may see alerts read; it stays a call to everybody."""

UNSAID: Final = "unsaid"
"""Code of such a call, as everybody else sees it."""

UNKNOWN_SITE: Final = "UNKNOWN_SITE"
OTHER_SITE: Final = "OTHER_SITE"
UNREADABLE_PASSAGE: Final = "UNREADABLE_PASSAGE"

ORDER_TEXT: Final = "order_text"
"""Code of a note that holds a guard's own words about letting somebody through, or not."""

DURESS: Final = "GUARD_DURESS"
_OF_PASSAGE: Final[Mapping[Kind, tuple[str, ...]]] = {
    Kind.FEVER: (Code.TEMP_HIGH, Code.TEMP_CLINICAL_HIGH),
    Kind.CONTACT: (Code.STAT_CONFIRMED, Code.STAT_SUSPECTED, Code.STAT_CONTACT),
    Kind.DURESS: (DURESS,),
}
# Event kind -> item kind, field that becomes the code, fields that are kept.
_OF_EVENT: Final[Mapping[str, tuple[Kind, str, tuple[str, ...]]]] = {
    "call": (Kind.CALL, "reason", ("guard",)),
    "anomaly": (Kind.ANOMALY, "what", ("guard",)),
    "registration": (Kind.REGISTRATION, "form", ("direction", "guard")),
    "alert": (Kind.GATE, "code", ("guard",)),
    "note": (Kind.NOTE, "what", ("guard",)),
    "paper": (Kind.PAPER, "outcome", ("direction", "guard")),
    "mode": (Kind.GATE, "mode", ("guard", "approver", "former", "reason", "by")),
}
_MODES: Final = frozenset({"lockdown", "evacuate"})  # people at the centre must know of these
_OTHER: Final = "other"


@dataclass(frozen=True, slots=True)
class Draft:
    """An item that is about to lie in the inbox. seq: the event it came from, 0 for none."""

    source: str
    kind: Kind
    code: str
    person: bytes | None = None
    sealed: bytes | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    seq: int = 0

    def row(self, gate: str, epoch: str, site: str, stamp: Stamp) -> dict[str, Any]:
        """Return the item as the table has it."""
        return {
            "source": self.source,
            "site": site,
            "gate": gate,
            "epoch": epoch,
            "seq": self.seq,
            "kind": self.kind.value,
            "code": self.code,
            "t_ms": stamp.t_ms,
            "certain": stamp.certain,
            "person": self.person,
            "sealed": self.sealed,
            "fields": json.dumps(self.fields, separators=(",", ":"), sort_keys=True),
        }


def drafts(
    event: Said, gate: str, epoch: str, site: str, day: str, *, readable: bool = True
) -> Iterator[Draft]:
    """Yield what this event puts into the inbox of its site.

    day: local date on which the event came. readable: False for a bad passage.
    """
    if not readable:
        yield gate_problem(gate, UNREADABLE_PASSAGE, day)
    elif event.kind == "passage":
        yield from _of_passage(event, gate, epoch)
        claimed = event.word("site")
        if claimed and claimed != site:
            yield gate_problem(gate, OTHER_SITE, day, {"claimed": claimed})
    elif event.kind in _OF_EVENT and _is_told(event):
        yield _of_event(event, gate, epoch)


def gate_problem(gate: str, code: str, day: str, fields: Mapping[str, Any] | None = None) -> Draft:
    """Return the item that says what is wrong with a gate. day: local date, one item on each.

    One item for ever would hide, once it was answered, that the problem came back.
    """
    return Draft(f"gate/{gate}/{code}/{day}", Kind.GATE, code, fields=fields or {})


def status_alarm(site: str, person: bytes, code: str, day: str, since_day: str) -> Draft:
    """Return the item about a status nobody ended. day: local date, at most one item on each."""
    source = f"data/{site}/{person.hex()}/{day}"
    return Draft(source, Kind.DATA, code, person, fields={"since": since_day})


def _of_passage(event: Said, gate: str, epoch: str) -> Iterator[Draft]:
    listed = reasons(event)
    for kind, codes in _OF_PASSAGE.items():
        code = next((code for code in codes if code in listed), None)
        if code is None:
            continue
        fields: dict[str, Any] = {"direction": event.word("direction")}
        if event.fields.get("shadow") == 1:
            fields["shadow"] = 1
        source = f"{gate}/{epoch}/{event.visit}/{kind}"
        person = event.ref("person_ref")
        yield Draft(source, kind, str(code), person, fields=fields, seq=event.seq)
    if SEALED in event.fields:
        yield _words_of_order(event, gate, epoch)


def _words_of_order(event: Said, gate: str, epoch: str) -> Draft:
    """Return the note with what the guard wrote beside a manual pass or refusal."""
    said = {"direction": event.word("direction"), "guard_act": event.word("guard_act")}
    said["guard"] = event.word("guard_ref") or event.word("guard_role")
    return Draft(
        f"{gate}/{epoch}/{event.seq}/{Kind.NOTE}",
        Kind.NOTE,
        ORDER_TEXT,
        event.ref("person_ref"),
        _sealed(event.fields[SEALED]),
        {name: word for name, word in said.items() if word},
        event.seq,
    )


def _is_told(event: Said) -> bool:
    """Return whether this event is worth an item: of the modes only what stops or frees everybody.

    What follows such a mode names it as `former`.
    """
    return event.kind != "mode" or bool({event.word("mode"), event.word("former")} & _MODES)


def _of_event(event: Said, gate: str, epoch: str) -> Draft:
    kind, named, kept = _OF_EVENT[event.kind]
    code = event.word(named) or _OTHER
    if event.kind == "alert" and code == DURESS:
        kind = Kind.DURESS
    if event.kind == "mode":
        code = f"MODE_{code}".upper()
    return Draft(
        f"{gate}/{epoch}/{event.seq}/{kind}",
        kind,
        code,
        event.ref("person_ref"),
        _sealed(event.fields.get(SEALED)),
        {name: event.word(name) for name in kept if event.word(name)},
        event.seq,
    )


def _sealed(value: object) -> bytes | None:
    """Return the sealed bytes; b"" when something stands there that cannot be a box."""
    if value is None:
        return None
    try:
        return bytes.fromhex(value) if isinstance(value, str) else b""
    except ValueError:
        return b""
