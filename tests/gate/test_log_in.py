"""PINs are checked, counted and locked; duress works as usual and is told."""

from dataclasses import replace
from pathlib import Path

import pytest

from gated.core.duty import LOCK_MS, WRONG_MAX, DutyRole
from gated.core.model import GuardAction, GuardActionKind, Moment
from gated.core.reports import Shift
from gated.gate.events import GuardPressed, Inbox
from gated.gate.log_in import Checked, LogIn
from gated.gate.orders import OrderIntake
from gated.gate.report_desk import GuardReported
from gated.screen.actions import Credentials, Order
from gated.screen.reports import Answer
from gated.store.guard_book import Guard
from tests.gate.gate_world import MOMENT, guard_book

LI = Credentials("A12", "8642")
WANG = Credentials("S001", "97531")
WRONG = Credentials("A12", "0000")
PASS = GuardAction(GuardActionKind.MANUAL_PASS, 7, "known", duty=3)


class Clock:
    """The gate's clock, moved by the test."""

    def __init__(self) -> None:
        self.now = MOMENT

    def __call__(self) -> Moment:
        return self.now

    def wait(self, ms: int) -> None:
        self.now = replace(self.now, mono_ms=self.now.mono_ms + ms)


class Answering(Inbox):
    """An inbox whose engine answers at once."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[object] = []

    def offer(self, event: object) -> bool:
        self.seen.append(event)
        if isinstance(event, GuardReported):
            event.answer.put(Answer())
        if isinstance(event, GuardPressed):
            event.answer.put(None)
        return True

    def put(self, event: object) -> bool:
        return self.offer(event)


@pytest.fixture
def inbox() -> Answering:
    return Answering()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def log_in(tmp_path: Path, inbox: Answering, clock: Clock) -> LogIn:
    book = guard_book(tmp_path)
    book.put(Guard("A12", DutyRole.GUARD, "李*"), LI.pin)
    book.put(Guard("S001", DutyRole.SUPERVISOR, "王*"), WANG.pin)
    return LogIn(book, tmp_path, inbox, clock)


def reported(inbox: Answering) -> list[GuardReported]:
    return [event for event in inbox.seen if isinstance(event, GuardReported)]


def test_the_right_pin_begins_duty(log_in: LogIn, inbox: Answering) -> None:
    assert log_in.log_in(LI) == Answer()
    (told,) = reported(inbox)
    assert told.shift == Shift("begin", "A12", "guard")
    assert told.proven
    assert told.fields == {"act": "begin", "guard": "A12", "role": "guard"}


@pytest.mark.parametrize("who", [WRONG, Credentials("A99", "8642"), Credentials("S001", "8642")])
def test_a_wrong_pin_and_a_wrong_number_look_alike(
    log_in: LogIn, inbox: Answering, who: Credentials
) -> None:
    assert log_in.log_in(who) == Answer("wrong_pin")
    assert inbox.seen == []


def test_the_screen_lists_who_may_log_in_and_nothing_secret(log_in: LogIn) -> None:
    assert log_in.guards() == [
        {"number": "A12", "name": "李*", "role": "guard"},
        {"number": "S001", "name": "王*", "role": "supervisor"},
    ]


def fail(log_in: LogIn, times: int = WRONG_MAX) -> Answer:
    answers = [log_in.log_in(WRONG) for _ in range(times)]
    return answers[-1]


def test_five_wrong_pins_lock_even_the_right_one_and_the_centre_hears(
    log_in: LogIn, inbox: Answering, clock: Clock
) -> None:
    assert fail(log_in) == Answer("pin_locked", wait_s=LOCK_MS // 1000)
    (told,) = reported(inbox)
    assert (told.kind, told.fields["act"]) == ("shift", "locked")
    clock.wait(LOCK_MS - 1_500)
    assert log_in.log_in(LI) == Answer("pin_locked", wait_s=2)
    clock.wait(1_500)
    assert log_in.log_in(LI) == Answer()


def test_a_pulled_plug_does_not_end_a_lock(
    log_in: LogIn, tmp_path: Path, inbox: Answering, clock: Clock
) -> None:
    fail(log_in)
    again = LogIn(guard_book(tmp_path), tmp_path, inbox, clock)
    assert again.log_in(LI) == Answer("pin_locked", wait_s=LOCK_MS // 1000)
    clock.wait(LOCK_MS)
    assert fail(again) == Answer("pin_locked", wait_s=2 * LOCK_MS // 1000)


def test_a_right_pin_forgets_the_wrong_ones(
    log_in: LogIn, tmp_path: Path, inbox: Answering, clock: Clock
) -> None:
    fail(log_in, WRONG_MAX - 1)
    assert log_in.log_in(LI) == Answer()
    assert fail(log_in, WRONG_MAX - 1) == Answer("wrong_pin")
    assert LogIn(guard_book(tmp_path), tmp_path, inbox, clock).log_in(LI) == Answer()


@pytest.mark.parametrize("text", ["", '{"locks": "3"}', '{"locks": -1}'])
def test_a_strange_lock_file_locks_nobody(
    log_in: LogIn, tmp_path: Path, inbox: Answering, clock: Clock, text: str
) -> None:
    (tmp_path / "pin-lock").write_text(text)
    assert LogIn(guard_book(tmp_path), tmp_path, inbox, clock).log_in(LI) == Answer()


def test_a_pin_under_duress_works_as_usual_and_calls_for_help(
    log_in: LogIn, inbox: Answering
) -> None:
    assert log_in.log_in(Credentials("A12", "8643")) == Answer()
    kinds = [event.kind for event in reported(inbox)]
    assert kinds == ["alert", "shift"]
    assert reported(inbox)[0].fields == {"code": "GUARD_DURESS"}


def test_only_a_supervisor_is_a_second_person(log_in: LogIn) -> None:
    approved = log_in.second(WANG)
    assert approved.guard is not None
    assert approved.guard.number == "S001"
    assert log_in.second(LI) == Checked(refusal="not_a_second_person")
    assert log_in.second(WRONG) == Checked(refusal="wrong_pin")


def test_an_order_goes_to_the_engine_with_who_approved_it(
    log_in: LogIn, inbox: Answering, clock: Clock
) -> None:
    intake = OrderIntake(inbox, log_in, clock)
    assert intake(Order(PASS)) == Answer()
    assert intake(Order(PASS, WANG)) == Answer()
    pressed = [event.action for event in inbox.seen if isinstance(event, GuardPressed)]
    assert pressed == [PASS, replace(PASS, approver="S001")]


def test_an_order_with_a_wrong_second_pin_goes_nowhere(
    log_in: LogIn, inbox: Answering, clock: Clock
) -> None:
    intake = OrderIntake(inbox, log_in, clock)
    assert intake(Order(PASS, replace(WANG, pin="1111"))) == Answer("wrong_pin")
    assert inbox.seen == []
