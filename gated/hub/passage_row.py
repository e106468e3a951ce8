"""What a gate's event says, read into rows that people can search: pure.

Gates of every age and state send events, so nothing here trusts a field's type. A passage whose
verdict or direction cannot be read is no passage: it goes to the gate's log as UNREADABLE. Text
is one line, without control characters, and short; anything else counts as missing.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from gated.core.model import Category, CredentialKind, Direction, Verdict
from gated.hub.event_time import MONOTONIC_LIMIT_MS, SYNCED, Reference, Stamp, clock_of
from gated.hub.trace import root_of

WORD_MAX: Final = 64
REASONS_MAX: Final = 40  # there are fewer codes than that in any decision
REF_BYTES: Final = 16
SEALED: Final = "sealed"
UNREADABLE: Final = "UNREADABLE"

_TEMPERATURES: Final = ("temp_mC", "clinical_mC")  # the judged value; the typed one of old gates
_PLAUSIBLE_MC: Final = range(-100_000, 200_000)
_CODE_FIELDS: Final = {
    "device": "code",
    "alert": "code",
    "call": "reason",
    "anomaly": "what",
    "registration": "form",
    "follow_up": "what",
    "round": "place",
    "command_result": "id",
    "note": "what",
    "paper": "outcome",
    "mode": "mode",
    "vehicle": "act",
    "direction": "direction",
}
_STATE_FIELDS: Final = {"device": "state", "shift": "act", "command_result": "result"}
# Of the envelope; they have columns of their own or are of no use to people.
_NOT_SHOWN: Final = frozenset({"seq", "kind", "t", "m", "b", "q", "side", "gate", SEALED})


@dataclass(frozen=True, slots=True)
class Said:
    """One stored event: its fields, and the envelope as far as it can be used.

    of_seq: the first row of the visit this one is about. received_ms: when the hub stored it.
    """

    seq: int
    kind: str
    claim_ms: int
    received_ms: int
    fields: Mapping[str, Any]
    boot: str
    mono_ms: int
    clock: int
    of_seq: int | None
    temp_mc: int | None

    @property
    def reference(self) -> Reference | None:
        """The difference of the gate's two clocks, when this event knows it."""
        if self.clock != SYNCED:
            return None
        return Reference(self.mono_ms, self.claim_ms - self.mono_ms)

    @property
    def visit(self) -> int:
        """The seq of the row the visit is known by."""
        return root_of(self.seq, self.of_seq)

    def word(self, name: str) -> str:
        """Return a field as one short line, "" when it is none."""
        return word(self.fields.get(name))

    def ref(self, name: str) -> bytes | None:
        """Return a field as a pseudonym, None when it is none."""
        return reference_bytes(self.fields.get(name))


def said(
    seq: int, kind: str, claim_ms: int, received_ms: int, body: bytes, side: bytes | None
) -> Said | None:
    """Return what an event says; None when its envelope cannot be used."""
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(fields, dict):
        return None
    mono, quality = fields.get("m"), fields.get("q")
    if not isinstance(mono, int) or abs(mono) >= MONOTONIC_LIMIT_MS:
        return None
    if not isinstance(quality, int) or quality not in (0, 1, 2):
        return None
    of_seq = fields.get("of")
    answers = isinstance(of_seq, int) and 0 < of_seq < seq
    return Said(
        seq,
        kind,
        claim_ms,
        received_ms,
        fields,
        word(fields.get("b")),
        mono,
        clock_of(quality, claim_ms),
        of_seq if answers else None,
        temperature(side),
    )


def word(value: object) -> str:
    """Return value when it is one short line of text, else ""."""
    if not isinstance(value, str) or len(value) > WORD_MAX or not value.isprintable():
        return ""
    return value


def reference_bytes(value: object) -> bytes | None:
    """Return the 16 bytes a hexadecimal pseudonym stands for, else None."""
    if not isinstance(value, str):
        return None
    try:
        found = bytes.fromhex(value)
    except ValueError:
        return None
    return found if len(found) == REF_BYTES else None


def temperature(side: bytes | None) -> int | None:
    """Return the judged temperature of a side row in thousandths of a degree, None for none."""
    values: dict[str, int] = json.loads(side) if side is not None else {}
    found = (values[name] for name in _TEMPERATURES if name in values)
    return next((value for value in found if value in _PLAUSIBLE_MC), None)


def passage(event: Said) -> dict[str, Any] | None:
    """Return what a passage row says of a visit; None when the event is no readable passage."""
    verdict = _one_of(Verdict, event.fields.get("verdict"))
    direction = _one_of(Direction, event.fields.get("direction"))
    reason = event.word("reason")
    if event.kind != "passage" or not (verdict and direction and reason):
        return None
    return {
        "direction": direction,
        "person": event.ref("person_ref"),
        "household": event.ref("household_ref"),
        "category": _one_of(Category, event.fields.get("category")) or Category.UNKNOWN.value,
        "credential": _one_of(CredentialKind, event.fields.get("credential_kind")) or "none",
        "verdict": verdict,
        "reason": reason,
        "reasons": json.dumps(reasons(event), separators=(",", ":")),
        "temp_state": event.word("temp_state") or "none",
        "temp_mc": event.temp_mc,
        "guard": event.word("guard_ref") or event.word("guard_role"),
        "guard_act": event.word("guard_act"),
        "override": event.word("override_reason"),
        "lane": event.word("lane"),
        "visit": event.visit,
        "of_seq": event.of_seq,
        "late": False,
        "shadow": event.fields.get("shadow") == 1,
    }


def reasons(event: Said) -> list[str]:
    """Return every reason code of a decision, the primary one at least."""
    listed = event.fields.get("reasons")
    found = [word(item) for item in listed[:REASONS_MAX]] if isinstance(listed, list) else []
    return [code for code in found if code] or [event.word("reason")]


def log_row(event: Said) -> dict[str, Any]:
    """Return what a row of the gate's log says; sealed words stay out of it."""
    fields = {name: value for name, value in event.fields.items() if name not in _NOT_SHOWN}
    if event.temp_mc is not None:
        fields["temp_mc"] = event.temp_mc
    code = UNREADABLE if event.kind == "passage" else event.word(_CODE_FIELDS.get(event.kind, ""))
    return {
        "kind": event.kind,
        "code": code,
        "state": event.word(_STATE_FIELDS.get(event.kind, "")),
        "of_seq": event.of_seq,
        "fields": json.dumps(fields, separators=(",", ":"), sort_keys=True),
    }


def envelope(event: Said, gate: str, epoch: str, site: str, stamp: Stamp) -> dict[str, Any]:
    """Return the columns both kinds of rows share."""
    return {
        "gate": gate,
        "epoch": epoch,
        "seq": event.seq,
        "site": site,
        "t_ms": stamp.t_ms,
        "certain": stamp.certain,
        "boot": event.boot,
        "mono_ms": event.mono_ms,
        "clock": event.clock,
    }


def _one_of(kind: type[StrEnum], value: object) -> str:
    try:
        return kind(value).value if isinstance(value, str) else ""
    except ValueError:
        return ""
