"""What guards report: sealed at once on the screen's thread, recorded by the engine.

    ReportIntake    the screen's thread: seals, queues, brings the answer back
    ReportDesk      the engine's thread: records what the guard on duty may report

What a guard writes about strangers is sealed to the hub before it enters the inbox; the clear
words live in the memory of one request and nowhere else.
"""

import queue
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from gated.core import reports
from gated.core.canonical import Json
from gated.core.duty import Task
from gated.core.model import Moment
from gated.core.reports import Alert, Anomaly, Call, Registration, Report, Round, Shift
from gated.gate.duty_desk import LOG_IN_FIRST, DutyDesk
from gated.gate.events import GUARD_ANSWER_S, Inbox
from gated.gate.recorder import Recorder
from gated.log import logger
from gated.screen.reports import Answer
from gated.store.sealed_box import anomaly_context, registration_context, seal_to

NO_HUB_KEY: Final = "no_hub_key"
BUSY: Final = "busy"

_FOR_EVERYBODY: Final = ("call", "alert")  # help is called without a log-in
_CONTEXTS: Final = {"registration": registration_context, "anomaly": anomaly_context}

_log = logger("reports")


@dataclass(frozen=True, slots=True)
class GuardReported:
    """A guard's report on its way to the engine; whatever names somebody is sealed.

    visit: the open visit it is about, 0 for none. shift: whether it changes who is on duty.
    duty: number of the spell it was given in. proven: a PIN or staff card stands behind it.
    """

    at: Moment
    kind: str
    fields: dict[str, Json]
    visit: int = 0
    shift: Shift | None = None
    duty: int = 0
    proven: bool = False
    answer: "queue.SimpleQueue[Answer]" = field(
        default_factory=queue.SimpleQueue, repr=False, compare=False
    )


class ReportIntake:
    """Takes reports on the screen's thread. hub_public: key of the hub, None when it has none."""

    def __init__(
        self,
        gate: str,
        direction: str,
        hub_public: bytes | None,
        inbox: Inbox,
        now: Callable[[], Moment],
    ) -> None:
        self._gate = gate
        self._direction = direction
        self._public = hub_public
        self._inbox = inbox
        self._now = now

    def __call__(self, report: Report, duty: int = 0) -> Answer:
        """Return what became of a report given in this spell. Blocks up to GUARD_ANSWER_S."""
        reported = self.sealed(report)
        if reported is None:
            return Answer(NO_HUB_KEY)
        reported = replace(reported, duty=duty)
        if not self._inbox.offer(reported):
            return Answer(BUSY)
        try:
            return reported.answer.get(timeout=GUARD_ANSWER_S)
        except queue.Empty:
            return Answer(BUSY)

    def sealed(self, report: Report) -> GuardReported | None:
        """Return the report as the engine takes it; None when there is no key to seal it with."""
        at, kind = self._now(), reports.KINDS[type(report)]
        match report:
            case Call(reason, visit):
                return GuardReported(at, kind, {"reason": reason}, visit)
            case Anomaly(what, text) if not text:
                return GuardReported(at, kind, {"what": what})
            case Anomaly(what):
                fields: dict[str, Json] = {"what": what}
                return self._closed(GuardReported(at, kind, fields), report.plain())
            case Registration(form, _, visit):
                fields = {"form": form, "direction": self._direction}
                return self._closed(GuardReported(at, kind, fields, visit), report.plain())
            case Round(place, agent):
                return GuardReported(at, kind, {"place": place, "agent": agent})
            case Shift(act, guard):
                return GuardReported(at, kind, {"act": act, "guard": guard}, shift=report)
            case Alert(code):
                return GuardReported(at, kind, {"code": code})

    def _closed(self, reported: GuardReported, plain: bytes) -> GuardReported | None:
        if self._public is None:
            return None
        sealed = seal_to(self._public, plain, _CONTEXTS[reported.kind](self._gate))
        return replace(reported, fields={**reported.fields, "sealed": sealed.hex()})


class ReportDesk:
    """Records reports. Engine thread only."""

    def __init__(self, recorder: Recorder, duty: DutyDesk) -> None:
        self._recorder = recorder
        self._duty = duty

    def take(self, reported: GuardReported, person: bytes | None, now: Moment) -> None:
        """Record the report and answer it, unless the guard was told meanwhile that it failed.

        person: pseudonym of whom the open visit is about, None for nobody known.
        """
        if now.mono_ms - reported.at.mono_ms > GUARD_ANSWER_S * 1000:
            reported.answer.put(Answer(BUSY))
            return
        refusal = self._refusal(reported)
        if refusal:
            reported.answer.put(Answer(refusal))
            return
        fields: dict[str, Json] = {"guard": self._duty.guard, **reported.fields}
        if reported.visit:
            fields["visit"] = reported.visit
            if person is not None and reported.kind == "call":
                fields["person_ref"] = person.hex()
        if reported.shift is not None:
            fields["guard"] = reported.shift.guard or self._duty.guard
        recorded = self._recorder.event(reported.kind, fields, now).entry is not None
        if reported.shift is not None:
            self._duty.change(reported.shift, now)
        _log.info("report.recorded", kind=reported.kind, recorded=recorded)
        reported.answer.put(Answer(recorded=recorded))

    def _refusal(self, reported: GuardReported) -> str:
        if reported.proven or reported.kind in _FOR_EVERYBODY:
            return ""
        shift = reported.shift
        if shift is not None and shift.act == "begin":
            return LOG_IN_FIRST if self._duty.guarded else ""
        return self._duty.refusal(reported.duty, Task.REPORT)
