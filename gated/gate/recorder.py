"""Commits what the session orders: passages, follow-ups, device events. Engine thread only.

When the journal cannot be written (design decision 14) records are held in memory, without a
seq, and committed in order as soon as it can be; the verdict is then shown as not recorded. What
had to be given up because too many were held is counted, and the count is recorded.
"""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from gated.config import GateSection
from gated.core.canonical import Json
from gated.core.model import GuardAction, Measurement, Moment, TemperatureState
from gated.core.reasons import Code
from gated.core.visit import FollowUp, Record, Surroundings
from gated.errors import StoreError
from gated.log import logger
from gated.store.journal import Draft
from gated.store.journal_reader import Entry

HELD_MAX = 1_000  # records in memory while the journal cannot be written
VISITS_MAX = 64  # visits whose first row is remembered for later rows about them

_log = logger("recorder")

_HIGH = frozenset({Code.TEMP_HIGH, Code.TEMP_HIGH_RETRY, Code.TEMP_CLINICAL_HIGH})
_ABNORMAL = _HIGH | {Code.TEMP_LOW}  # exact values of these are never coarsened to "normal"

_STATES = {
    TemperatureState.IN_LINE: "normal",
    TemperatureState.ELEVATED: "high",
    TemperatureState.IMPLAUSIBLE: "low",
}


class Appender(Protocol):
    """What the recorder needs of the journal."""

    epoch: str

    def append_all(self, drafts: list[Draft]) -> list[Entry]:
        """Commit all of them in one transaction. Raises StoreError."""


@dataclass(frozen=True, slots=True)
class _Held:
    """A draft on its way to the journal. visit: whose first row it is or answers; 0 for none."""

    draft: Draft
    visit: int = 0


@dataclass(frozen=True, slots=True)
class Recorded:
    """Where an event stands; entry None while it is only held in memory."""

    entry: Entry | None
    key: str


Noted = Callable[[Draft, int | None], None]
"""Hears of every event once it stands in the journal, with its seq, or is held without one."""


class Recorder:
    """Turns orders into drafts and drafts into journal entries."""

    def __init__(
        self,
        gate: GateSection,
        journal: Appender,
        grew: Callable[[], None] | None = None,
        noted: Noted | None = None,
    ) -> None:
        self._gate = gate
        self._journal = journal
        self._grew = grew
        self._noted = noted
        self._held: deque[_Held] = deque()
        self._first_rows: dict[int, int] = {}
        self._unreported = 0
        self.lost = 0

    @property
    def held(self) -> int:
        """How many records wait in memory because the journal cannot be written."""
        return len(self._held)

    def passage(
        self,
        order: Record,
        at: Moment,
        around: Surroundings,
        more: dict[str, Json],
    ) -> Recorded:
        """Commit one decision. more: revisions, degraded parts and the like, as event fields."""
        fields = self._passage_fields(order, around) | more
        abnormal = bool(_ABNORMAL & set(order.decision.reasons))
        draft = Draft("passage", at, fields, _side(order.visit.measurement), abnormal)
        return self._commit(draft, order.visit.number)

    def follow_up(self, order: FollowUp, at: Moment) -> Recorded:
        """Commit a later fact about a visit that was recorded before.

        A measurement in it was judged by nobody, so its exact values stay.
        """
        fields: dict[str, Json] = {"gate": self._gate.id, "what": order.what}
        fields |= _guard_fields(order.guard)
        side = _side(order.measurement)
        return self._commit(Draft("follow_up", at, fields, side, side is not None), order.visit)

    def device(self, code: str, state: str, part: str, at: Moment) -> Recorded:
        """Commit that a part failed (`state` since) or came back (cleared)."""
        fields: dict[str, Json] = {"gate": self._gate.id, "code": code, "state": state}
        return self._commit(Draft("device", at, fields | {"part": part}))

    def event(self, kind: str, fields: Mapping[str, Json], at: Moment) -> Recorded:
        """Commit any other event, for example `roster_switched`."""
        return self._commit(Draft(kind, at, {"gate": self._gate.id, **fields}))

    def retry(self) -> bool:
        """Try to commit what is held; return whether nothing is held any more."""
        waited = len(self._held)
        if not waited:
            return True
        try:
            self._flush()
        except StoreError:
            return False
        _log.info("journal.recovered", committed=waited, lost=self.lost)
        self._tell()
        return True

    def _commit(self, draft: Draft, visit: int = 0) -> Recorded:
        recorded = self._committed(draft, visit)
        if self._noted is not None:
            self._noted(draft, None if recorded.entry is None else recorded.entry.seq)
        return recorded

    def _committed(self, draft: Draft, visit: int) -> Recorded:
        waited = len(self._held)
        self._held.append(_Held(draft, visit))
        try:
            entry = self._flush()
        except StoreError as error:
            self._give_up_oldest()
            held = len(self._held)
            _log.error("journal.unwritable", held=held, lost=self.lost, problem=str(error))
            return Recorded(None, f"{self._gate.id}.unrecorded.{self.lost + held}")
        if waited:
            _log.info("journal.recovered", committed=waited, lost=self.lost)
        self._tell()
        return Recorded(entry, f"{self._gate.id}.{self._journal.epoch}.{entry.seq}")

    def _flush(self) -> Entry:
        """Commit everything held, in order; return the last entry. Raises StoreError.

        A row that answers another one of the same batch waits for that one's seq, so one outage
        takes as many commits as its busiest visit has rows. What is committed is held no more.
        """
        if self._unreported:
            fields: dict[str, Json] = {"gate": self._gate.id, "count": self._unreported}
            self._journal.append_all([Draft("records_lost", self._held[0].draft.moment, fields)])
            self._unreported = 0
        entry: Entry | None = None
        while self._held:
            batch = self._next_batch()
            entries = self._journal.append_all([self._linked(held) for held in batch])
            for held, entry in zip(batch, entries, strict=True):
                self._held.popleft()
                if self._opens(held):
                    self._remember(held.visit, entry.seq)
        assert entry is not None, "flushed only when something is held"
        return entry

    def _next_batch(self) -> list[_Held]:
        batch: list[_Held] = []
        opened: set[int] = set()
        for held in self._held:
            if held.visit in opened:
                break
            if self._opens(held):
                opened.add(held.visit)
            batch.append(held)
        return batch

    def _opens(self, held: _Held) -> bool:
        return held.draft.kind == "passage" and held.visit not in self._first_rows

    def _linked(self, held: _Held) -> Draft:
        first = self._first_rows.get(held.visit)
        if first is None:
            return held.draft
        return replace(held.draft, fields={**held.draft.fields, "of": first})

    def _give_up_oldest(self) -> None:
        while len(self._held) > HELD_MAX:
            self._held.popleft()
            self.lost += 1
            self._unreported += 1

    def _tell(self) -> None:
        if self._grew is not None:
            self._grew()

    def _remember(self, visit: int, seq: int) -> None:
        self._first_rows[visit] = seq
        while len(self._first_rows) > VISITS_MAX:
            del self._first_rows[next(iter(self._first_rows))]

    def _passage_fields(self, order: Record, around: Surroundings) -> dict[str, Json]:
        visit, decision = order.visit, order.decision
        holder, person = visit.holder, visit.holder.person
        offset = around.now.utcoffset()
        fields: dict[str, Json] = {
            "site": self._gate.site,
            "gate": self._gate.id,
            "direction": around.direction.value,
            "visit": visit.number,
            "offset_min": 0 if offset is None else int(offset.total_seconds()) // 60,
            "clock_state": around.clock.value,
            "credential_kind": holder.credential.kind.value,
            "category": "unknown" if person is None else person.category.value,
            "verdict": decision.verdict.value,
            "reason": decision.reason.value,
            "reasons": [code.value for code in decision.reasons],
            "unknown": [code.value for code in decision.unknown],
            "policy_rev": 0 if around.policy is None else around.policy.revision,
            "shadow": int(self._gate.shadow),
        }
        if self._gate.lane:
            fields["lane"] = self._gate.lane
        if holder.credential.ref:
            fields["credential_ref"] = holder.credential.ref.hex()
        if person is not None:
            fields["person_ref"] = person.ref.hex()
            if person.household is not None:
                fields["household_ref"] = person.household.hex()
        return fields | _temperature_fields(order) | _guard_fields(order.guard)


def _temperature_fields(order: Record) -> dict[str, Json]:
    taken = order.visit.measurement
    if taken is None:
        return {"temp_state": "none"}
    state = _STATES.get(taken.state, taken.state.value)
    if taken.state is TemperatureState.NORMAL and _HIGH & set(order.decision.reasons):
        state = "high"
    if Code.TEMP_LOW in order.decision.reasons:
        state = "low"
    fields: dict[str, Json] = {"temp_state": state, "temp_tries": order.tries}
    if taken.detail:
        fields["temp_detail"] = taken.detail
    if taken.derived is not None and taken.derived.model_id:
        fields["temp_model"] = taken.derived.model_id
    return fields


def _guard_fields(order: GuardAction | None) -> dict[str, Json]:
    if order is None:
        return {}
    fields: dict[str, Json] = {"guard_role": order.role, "guard_act": order.kind.value}
    if order.reason:
        fields["override_reason"] = order.reason
    if order.approver:
        fields["approver"] = order.approver
    if order.note:
        fields["sealed"] = order.note
    return fields


def _side(taken: Measurement | None) -> dict[str, int] | None:
    """Exact values stay beside the event, so that they can be coarsened (design decision 21)."""
    if taken is None:
        return None
    values = {
        "temp_raw_mC": taken.raw_mc,
        "temp_skin_mC": taken.skin_mc,
        "temp_mC": taken.decision_mc,
        "ambient_mC": taken.ambient_mc,
    }
    if taken.derived is not None:
        values |= {
            "temp_code": taken.derived.object_code,
            "temp_around_code": taken.derived.around_code,
            "temp_die_code": taken.derived.die_code,
            "temp_supply_mC": taken.derived.supply_mc,
            "temp_offset_mC": taken.derived.offset_mc,
        }
    return {name: value for name, value in values.items() if value is not None} or None
