"""Records what the guard on duty may report, then lets it count. Engine thread only.

A change of mode, of the direction or of the vehicle at the gate is asked of its own desk first,
recorded, and only then carried out. Reports come from report_intake.py, sealed already.
"""

import queue
from dataclasses import dataclass, field
from typing import Final

from gated.core.canonical import Json
from gated.core.duty import Task
from gated.core.gate_mode import BY_TECHNICIANS, EVACUATE, NORMAL
from gated.core.model import Moment
from gated.core.reports import DirectionSwitch, ModeChange, Shift, VehicleAct
from gated.gate.card_memory import CardMemory
from gated.gate.duty_desk import DutyDesk
from gated.gate.events import GUARD_ANSWER_S
from gated.gate.mode_desk import ModeDesk
from gated.gate.recorder import Recorder
from gated.gate.vehicle_desk import VehicleDesk
from gated.log import logger
from gated.screen.refusals import BUSY, LOG_IN_FIRST, NO_SUCH_VISIT, SOMEBODY_ON_DUTY
from gated.screen.reports import Answer

ALERT: Final = "alert"

_FOR_EVERYBODY: Final = ("call", ALERT)  # help is called without a log-in

_log = logger("reports")


@dataclass(frozen=True, slots=True)
class GuardReported:
    """A guard's report on its way to the engine; whatever names somebody is sealed.

    visit: the visit it is about, over or not, 0 for none. shift: whether it changes who is on duty.
    order: what it asks of the gate. duty: number of the spell it was given in. proven: a PIN or
    staff card stands behind it. approver: a second person who typed a PIN for it. vacant: it
    begins duty only while nobody is on duty.
    """

    at: Moment
    kind: str
    fields: dict[str, Json]
    visit: int = 0
    shift: Shift | None = None
    duty: int = 0
    proven: bool = False
    order: ModeChange | DirectionSwitch | VehicleAct | None = None
    approver: str = ""
    vacant: bool = False
    answer: "queue.SimpleQueue[Answer]" = field(
        default_factory=queue.SimpleQueue, repr=False, compare=False
    )


class ReportDesk:
    """cards: holds a visitor's card until they are registered."""

    def __init__(
        self,
        recorder: Recorder,
        duty: DutyDesk,
        modes: ModeDesk,
        vehicles: VehicleDesk,
        cards: CardMemory | None = None,
    ) -> None:
        self._recorder = recorder
        self._duty = duty
        self._modes = modes
        self._vehicles = vehicles
        self._cards = cards

    def take(
        self, reported: GuardReported, person: bytes | None, now: Moment, *, newest: int
    ) -> None:
        """Record the report and answer it, unless the guard was told meanwhile that it failed.

        An alarm is recorded however late: nobody repeats one that was to be silent.
        person: pseudonym of whom the open visit is about, None for nobody known. newest: number of
        the newest visit; about an earlier one there may still be something to report.
        """
        late = now.mono_ms - reported.at.mono_ms > GUARD_ANSWER_S * 1000
        if late and reported.kind != ALERT:
            reported.answer.put(Answer(BUSY))
            return
        refusal = self._refusal(reported) or self._order_refusal(reported)
        if reported.visit > newest:
            refusal = refusal or NO_SUCH_VISIT
        if refusal:
            reported.answer.put(Answer(refusal))
            return
        fields = self._fields(reported, person)
        self._end_former(reported.shift, now)
        recorded = self._recorder.event(reported.kind, fields, now).entry is not None
        self._carry_out(reported, now)
        _log.info("report.recorded", kind=reported.kind, recorded=recorded)
        reported.answer.put(Answer(recorded=recorded))

    def _end_former(self, shift: Shift | None, now: Moment) -> None:
        """Whoever is relieved without a log-off has an end of their duty too."""
        if shift is not None and shift.act == "begin" and self._duty.duty is not None:
            ended: dict[str, Json] = {"act": "end", "guard": self._duty.guard, "by": "next"}
            self._recorder.event("shift", ended, now)

    def _fields(self, reported: GuardReported, person: bytes | None) -> dict[str, Json]:
        fields: dict[str, Json] = {"guard": self._duty.guard, **reported.fields}
        if reported.visit:
            fields["visit"] = reported.visit
            if person is not None and reported.kind == "call":
                fields["person_ref"] = person.hex()
        if reported.shift is not None:
            fields["guard"] = reported.shift.guard or self._duty.guard
        if reported.kind == "registration":
            fields["direction"] = self._modes.direction.value
        if reported.approver:
            fields["approver"] = reported.approver
        match reported.order:
            case VehicleAct() as act:
                return fields | self._vehicles.fields(act)
            case ModeChange() | DirectionSwitch() as order:
                return fields | self._modes.fields(order)
            case None:
                return fields

    def _carry_out(self, reported: GuardReported, now: Moment) -> None:
        """What was recorded counts from now on."""
        if reported.shift is not None:
            self._duty.change(reported.shift, now)
        if reported.kind == "registration" and self._cards is not None:
            self._cards.forget()
        match reported.order:
            case VehicleAct() as act:
                self._vehicles.apply(act, now)
            case ModeChange() | DirectionSwitch() as order:
                self._modes.apply(order, self._duty.guard, now)
            case None:
                pass

    def _refusal(self, reported: GuardReported) -> str:
        """Return why whoever reports this may not, "" when they may."""
        if reported.vacant and self._duty.duty is not None:
            return SOMEBODY_ON_DUTY
        if reported.proven or reported.kind in _FOR_EVERYBODY:
            return ""
        shift = reported.shift
        if shift is not None and shift.act == "begin":
            return LOG_IN_FIRST if self._duty.guarded else ""
        order = reported.order
        if isinstance(order, ModeChange) and order.mode == EVACUATE:
            return ""  # whoever sees the fire
        return self._duty.refusal(reported.duty, self._task(order))

    def _task(self, order: ModeChange | DirectionSwitch | VehicleAct | None) -> Task:
        """Return what it takes to give this order; a technician may only stop and restart.

        Whoever may not end what stands may not put another mode in its place either.
        """
        if order is None:
            return Task.REPORT
        if isinstance(order, ModeChange):
            touched = {self._modes.told, order.mode} - {NORMAL}
            return Task.SERVICE if touched and touched <= BY_TECHNICIANS else Task.DECIDE
        return Task.DECIDE

    def _order_refusal(self, reported: GuardReported) -> str:
        """Return why the gate cannot do this now, "" when it can."""
        match reported.order:
            case VehicleAct() as act:
                return self._vehicles.refusal(act)
            case ModeChange() | DirectionSwitch() as order:
                return self._modes.refusal(
                    order,
                    guard=self._duty.guard,
                    approver=reported.approver,
                    guarded=self._duty.guarded,
                )
            case None:
                return ""
