"""Takes guards' reports on threads of the screen's server: seals, queues, brings the answer back.

What a guard writes about strangers is sealed to the hub before it enters the inbox; the clear
words live in the memory of one request and nowhere else. A second person's PIN is checked here
too: the engine never waits for a slow hash.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final, Protocol

from gated.core import reports
from gated.core.canonical import Json
from gated.core.model import Moment
from gated.core.reports import (
    Alert,
    Anomaly,
    Call,
    DirectionSwitch,
    ModeChange,
    Note,
    Paper,
    Registration,
    Report,
    Round,
    Shift,
    SoundTest,
    VehicleAct,
)
from gated.gate.card_memory import CardMemory
from gated.gate.events import Inbox, answer_of
from gated.gate.log_in import Checked
from gated.gate.report_desk import ALERT, GuardReported
from gated.screen.actions import Credentials
from gated.screen.refusals import BUSY, NO_CARD, NO_HUB_KEY
from gated.screen.reports import Answer
from gated.store.sealed_box import (
    anomaly_context,
    note_context,
    paper_context,
    registration_context,
    seal_to,
)

_CONTEXTS: Final = {
    "registration": registration_context,
    "anomaly": anomaly_context,
    "note": note_context,
    "paper": paper_context,
}

_Secret = Anomaly | Note | Paper | Registration


class SecondDesk(Protocol):
    """Knows whose PIN approves something."""

    def second(self, who: Credentials) -> Checked:
        """Return who it is, if they may approve. Blocks for tenths of a second."""


class ReportIntake:
    """Any thread. hub_public: key of the hub, None when the gate has none.

    seconds: checks the PIN of whoever approves a change of mode. cards: the card of the visitor
    whose registration says `from_card`.
    """

    def __init__(
        self,
        gate: str,
        hub_public: bytes | None,
        inbox: Inbox,
        now: Callable[[], Moment],
        seconds: SecondDesk | None = None,
        cards: CardMemory | None = None,
    ) -> None:
        self._gate = gate
        self._public = hub_public
        self._inbox = inbox
        self._now = now
        self._seconds = seconds
        self._cards = CardMemory() if cards is None else cards

    def __call__(
        self, report: Report, duty: int = 0, by: str = "", second: Credentials | None = None
    ) -> Answer:
        """Return what became of a report given in this spell.

        by: the guard who reports, when that is somebody logged in on the network. second: who
        approves it. Blocks up to GUARD_ANSWER_S and a PIN.
        """
        approver = ""
        if second is not None and self._seconds is not None:
            checked = self._seconds.second(second)
            if checked.guard is None:
                return Answer(checked.refusal, wait_s=checked.wait_s)
            approver = checked.guard.number
        reported = self.sealed(report)
        if isinstance(reported, str):
            return Answer(reported)
        if by:
            reported = replace(reported, fields={"guard": by, **reported.fields})
        reported = replace(reported, duty=duty, approver=approver)
        insist = reported.kind == ALERT
        return answer_of(self._inbox, reported, reported.answer, Answer(BUSY), insist=insist)

    def sealed(self, report: Report) -> GuardReported | str:
        """Return the report as the engine takes it, or the word why it cannot be taken."""
        at, kind = self._now(), reports.KINDS[type(report)]
        match report:
            case Anomaly(text="", what=what) | Note(text="", what=what, visit=0):
                return GuardReported(at, kind, {"what": what})
            case Note(text="", what=what, visit=visit):
                return GuardReported(at, kind, {"what": what}, visit)
            case Registration():
                return self._registration(report)
            case Anomaly(what):
                return self._closed(GuardReported(at, kind, {"what": what}), report)
            case Note(what, visit=visit):
                return self._closed(GuardReported(at, kind, {"what": what}, visit), report)
            case Paper(line):
                # Number, day and time stay sealed: beside the journal they would tell who it was.
                said: dict[str, Json] = {"direction": line.direction, "outcome": line.outcome}
                return self._closed(GuardReported(at, kind, {**said, "entered_late": 1}), report)
            case _:
                return _open(report, at, kind)

    def _registration(self, form: Registration) -> GuardReported | str:
        if form.from_card:
            card = self._cards.take(form.visit, self._now())
            if card is None:
                return NO_CARD
            person = replace(
                form.person,
                name=card.name,
                document_kind=card.document_kind,
                document_number=card.number,
            )
            form = replace(form, person=person)
        fields: dict[str, Json] = {"form": form.form}
        reported = GuardReported(self._now(), "registration", fields, form.visit)
        return self._closed(reported, form)

    def _closed(self, reported: GuardReported, report: _Secret) -> GuardReported | str:
        if self._public is None:
            return NO_HUB_KEY
        sealed = seal_to(self._public, report.plain(), _CONTEXTS[reported.kind](self._gate))
        return replace(reported, fields={**reported.fields, "sealed": sealed.hex()})


def _open(
    report: Call | Round | Shift | Alert | SoundTest | VehicleAct | ModeChange | DirectionSwitch,
    at: Moment,
    kind: str,
) -> GuardReported:
    """Return a report that names nobody and is about no stranger."""
    match report:
        case Call(reason, visit):
            return GuardReported(at, kind, {"reason": reason}, visit)
        case Round(place, agent):
            return GuardReported(at, kind, {"place": place, "agent": agent})
        case Shift():
            return GuardReported(at, kind, _shift_fields(report), shift=report)
        case Alert(code):
            return GuardReported(at, kind, {"code": code})
        case SoundTest(heard):
            return GuardReported(at, kind, {"heard": int(heard)})
        case VehicleAct() | ModeChange() | DirectionSwitch():
            return GuardReported(at, kind, {}, order=report)


def _shift_fields(shift: Shift) -> dict[str, Json]:
    fields: dict[str, Json] = {"act": shift.act, "guard": shift.guard}
    if shift.checked is None:
        return fields
    checked: list[Json] = [*shift.checked]
    left: list[Json] = [point for point in reports.CHECKLIST if point not in shift.checked]
    return {**fields, "checked": checked, "open": left}
