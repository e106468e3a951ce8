"""The whole course of one person: everything known, merged into one time line. Pure.

It is read in spans of time, so that long ones come page by page and nothing falls between them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from gated.hub.observation import DueReading, DueState
from gated.hub.person_rows import READING, InboxRow, PassageLine, Span, StatusRow

ALL_TIME: Final = Span()


class StepKind(StrEnum):
    """What happened."""

    STATUS_SET = "status_set"
    STATUS_BEGAN = "status_began"
    STATUS_OVER = "status_over"
    STATUS_ENDED = "status_ended"
    READING = "reading"
    NOTE = "note"
    PASSAGE = "passage"
    INBOX = "inbox"
    ACKNOWLEDGED = "acknowledged"
    MISSED = "missed"


@dataclass(frozen=True, slots=True)
class Note:
    """A note or reading with its text opened."""

    id: int
    kind: str
    t_ms: int
    value_mc: int | None
    text: str
    entered_by: str
    entered_ms: int


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the course. code: status, reason or inbox kind; by: account or gate.

    certain: false when a gate was not sure of the time.
    """

    t_ms: int
    kind: StepKind
    code: str = ""
    by: str = ""
    text: str = ""
    value_mc: int | None = None
    certain: bool = True
    passage: PassageLine | None = None


def course(
    statuses: Iterable[StatusRow],
    notes: Iterable[Note],
    passages: Iterable[PassageLine],
    inbox: Iterable[InboxRow],
    due: Sequence[DueReading],
    now_ms: int,
    span: Span = ALL_TIME,
) -> list[Step]:
    """Return what has happened up to now, newest first; of it what lies in the span."""
    steps = [step for status in statuses for step in _of_status(status, now_ms)]
    for note in notes:
        kind = StepKind.READING if note.kind == READING else StepKind.NOTE
        steps.append(
            Step(note.t_ms, kind, by=note.entered_by, text=note.text, value_mc=note.value_mc)
        )
    steps += [
        Step(
            line.key.t_ms,
            StepKind.PASSAGE,
            code=line.reason,
            by=line.key.gate,
            value_mc=line.temp_mc,
            certain=line.certain,
            passage=line,
        )
        for line in passages
    ]
    for item in inbox:
        steps.append(Step(item.t_ms, StepKind.INBOX, item.kind, by=item.gate, certain=item.certain))
        if item.acked_ms is not None:
            steps.append(Step(item.acked_ms, StepKind.ACKNOWLEDGED, item.kind, by=item.acked_by))
    steps += [Step(item.at_ms, StepKind.MISSED) for item in due if item.state is DueState.OVERDUE]
    steps.sort(key=lambda step: step.t_ms, reverse=True)
    return [step for step in steps if span.has(step.t_ms)]


def _of_status(status: StatusRow, now_ms: int) -> Iterable[Step]:
    yield Step(status.set_ms, StepKind.STATUS_SET, status.code, by=status.set_by)
    begins_apart = status.start is not None and status.start != status.set_ms
    if begins_apart and status.start is not None and status.start <= now_ms:
        yield Step(status.start, StepKind.STATUS_BEGAN, status.code)
    if status.ended_ms is not None:
        yield Step(status.ended_ms, StepKind.STATUS_ENDED, status.code, by=status.ended_by)
    elif status.end is not None and status.end <= now_ms:
        yield Step(status.end, StepKind.STATUS_OVER, status.code)
