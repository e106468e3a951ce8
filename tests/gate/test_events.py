"""The inbox is bounded; what is lost is counted; nothing personal is printed."""

import queue
import threading

from structlog.testing import capture_logs

from gated.core.thermometry_window import SensorSample
from gated.gate.events import (
    INBOX_MAX,
    CardSeen,
    CodeSeen,
    Inbox,
    LaneMark,
    SampleTaken,
    answer_of,
)
from tests.gate.gate_world import MOMENT, id_number

SAMPLE = SampleTaken(MOMENT, SensorSample(0, 22_000, 22_000))
CARD = CardSeen(MOMENT, id_number(1))


def full() -> Inbox:
    inbox = Inbox()
    while inbox.offer(SAMPLE):
        pass
    return inbox


def test_events_come_out_in_order() -> None:
    inbox = Inbox()
    assert inbox.put(CARD)
    assert inbox.offer(SAMPLE)
    assert inbox.take(0) is CARD
    assert inbox.take(0) is SAMPLE
    assert inbox.take(0) is None


def test_samples_are_dropped_and_counted_when_full() -> None:
    inbox = full()
    assert not inbox.offer(SAMPLE)
    assert inbox.dropped == {"SampleTaken": 2}
    taken = 0
    while inbox.take(0) is not None:
        taken += 1
    assert taken == INBOX_MAX


def test_a_credential_waits_for_room() -> None:
    inbox = full()
    answers: list[bool] = []
    waiting = threading.Thread(target=lambda: answers.append(inbox.put(CARD)))
    waiting.start()
    inbox.take(1)
    waiting.join(20)
    assert answers == [True]
    assert "CardSeen" not in inbox.dropped


def test_a_credential_without_room_is_dropped_counted_and_an_error() -> None:
    inbox = full()
    with capture_logs() as logs:
        assert not inbox.put(CARD)
    assert inbox.dropped["CardSeen"] == 1
    assert [(line["log_level"], line["lost"]) for line in logs] == [("error", "CardSeen")]


def test_numbers_and_texts_are_not_printed() -> None:
    card = CardSeen(MOMENT, id_number(1), ("H12345678",))
    assert id_number(1) not in repr(card)
    assert "H12345678" not in repr(card)
    assert "GP1:SECRET" not in repr(CodeSeen(MOMENT, "GP1:SECRET"))


def test_before_the_first_verdict_every_code_is_fresh() -> None:
    assert LaneMark().decided_s < 0


def test_an_answer_that_does_not_come_is_busy_and_an_alarm_waits_for_room() -> None:
    answer: queue.SimpleQueue[str] = queue.SimpleQueue()
    inbox = Inbox()
    assert answer_of(inbox, CARD, answer, "busy") == "busy"
    assert inbox.take(0) is CARD
    answer.put("done")
    assert answer_of(inbox, CARD, answer, "busy") == "done"
    answer.put("too late")
    assert answer_of(full(), CARD, answer, "busy") == "busy"
    crowded = full()
    guard = threading.Thread(target=lambda: answer_of(crowded, CARD, answer, "busy", insist=True))
    guard.start()
    crowded.take(1)
    guard.join(20)
    assert crowded.dropped == {"SampleTaken": 1}
