"""PINs are checked, counted and locked; duress works as usual and is told."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from gated.core.duty import LOCK_MS, WRONG_MAX, DutyRole
from gated.core.model import ClockState, GuardAction, GuardActionKind, Moment
from gated.core.reports import Call, Shift
from gated.gate.events import GuardPressed, Inbox
from gated.gate.log_in import Checked, Door, LogIn
from gated.gate.orders import OrderIntake
from gated.gate.report_desk import GuardReported
from gated.screen.actions import Credentials, Order
from gated.screen.reports import Answer
from gated.store.guard_book import Guard
from gated.store.sealed_box import open_sealed, order_context, public_of
from tests.gate.gate_world import MOMENT, GateInAThread, guard_book, records

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
        now = self.now
        self.now = replace(now, mono_ms=now.mono_ms + ms, utc_ms=now.utc_ms + ms)


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
    assert (told.kind, told.fields) == ("alert", {"code": "LOG_IN_LOCKED", "guard": ""})
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


@pytest.mark.parametrize("unsure", [False, True])
def test_a_lock_that_is_over_does_not_come_back_with_the_power(
    log_in: LogIn, tmp_path: Path, inbox: Answering, clock: Clock, unsure: bool
) -> None:
    fail(log_in)
    clock.wait(LOCK_MS)
    if unsure:
        assert log_in.log_in(LI) == Answer()  # which is how the card knows that it is over
        clock.now = replace(clock.now, utc_ms=0, clock=ClockState.UNSURE)
    again = LogIn(guard_book(tmp_path), tmp_path, inbox, clock)
    assert again.log_in(LI) == Answer()
    assert fail(again) == Answer("pin_locked", wait_s=2 * LOCK_MS // 1000)


def test_a_lock_begins_again_when_the_clock_cannot_tell_its_end(
    log_in: LogIn, tmp_path: Path, inbox: Answering, clock: Clock
) -> None:
    fail(log_in)
    clock.wait(LOCK_MS)
    clock.now = replace(clock.now, clock=ClockState.UNSURE)
    again = LogIn(guard_book(tmp_path), tmp_path, inbox, clock)
    assert again.log_in(LI) == Answer("pin_locked", wait_s=LOCK_MS // 1000)


def test_a_right_pin_forgets_its_own_wrong_ones(log_in: LogIn) -> None:
    fail(log_in, WRONG_MAX - 1)
    assert log_in.log_in(LI) == Answer()
    assert fail(log_in, WRONG_MAX - 1) == Answer("wrong_pin")


def test_a_guards_own_pin_in_between_buys_no_more_tries_of_a_supervisors(log_in: LogIn) -> None:
    guess = replace(WANG, pin="1111")
    for _ in range(WRONG_MAX - 1):
        assert log_in.second(guess) == Checked(refusal="wrong_pin")
    assert log_in.log_in(LI) == Answer()
    assert log_in.second(guess).refusal == "pin_locked"


def test_a_right_pin_makes_the_next_lock_no_shorter(log_in: LogIn, clock: Clock) -> None:
    fail(log_in)
    clock.wait(LOCK_MS)
    assert log_in.log_in(LI) == Answer()
    assert fail(log_in) == Answer("pin_locked", wait_s=2 * LOCK_MS // 1000)


def test_wrong_pins_from_the_network_never_lock_the_kiosk(
    log_in: LogIn, tmp_path: Path, inbox: Answering, clock: Clock
) -> None:
    far = LogIn(guard_book(tmp_path), tmp_path, inbox, clock, Door.NETWORK)
    assert fail(far).refusal == "pin_locked"
    assert log_in.log_in(LI) == Answer()
    told = reported(inbox)[0]
    assert told.fields["code"] == "LOG_IN_LOCKED_NETWORK"
    kiosk, network = (LogIn(guard_book(tmp_path), tmp_path, inbox, clock, door) for door in Door)
    assert kiosk.log_in(LI) == Answer()
    assert network.log_in(LI).refusal == "pin_locked"


@pytest.mark.parametrize(
    "text",
    [
        *("", '{"locks": "3"}', '{"locks": -1}', '{"locks": 3}'),
        *('{"locks": 3, "until_ms": "x"}', '{"locks": true, "until_ms": 9999999999999}'),
    ],
)
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
    assert reported(inbox)[0].fields == {"code": "GUARD_DURESS", "guard": "A12"}


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


def test_a_guards_own_words_travel_sealed(log_in: LogIn, inbox: Answering, clock: Clock) -> None:
    private = bytes(range(32))
    order = Order(PASS, text="送药")
    assert OrderIntake(inbox, log_in, clock, "north-1", public_of(private))(order) == Answer()
    [pressed] = [event.action for event in inbox.seen if isinstance(event, GuardPressed)]
    assert pressed == PASS
    assert "送药" not in repr(pressed)
    plain = open_sealed(private, bytes.fromhex(pressed.note), order_context("north-1"))
    assert json.loads(plain) == {"text": "送药"}


def test_words_nobody_could_read_are_not_taken(
    log_in: LogIn, inbox: Answering, clock: Clock
) -> None:
    assert OrderIntake(inbox, log_in, clock)(Order(PASS, text="送药")) == Answer("no_hub_key")
    assert inbox.seen == []


def test_an_order_with_a_wrong_second_pin_goes_nowhere(
    log_in: LogIn, inbox: Answering, clock: Clock
) -> None:
    intake = OrderIntake(inbox, log_in, clock)
    assert intake(Order(PASS, replace(WANG, pin="1111"))) == Answer("wrong_pin")
    assert inbox.seen == []


# At a running gate.


def now_log_in(gate: GateInAThread, tmp_path: Path) -> LogIn:
    book = guard_book(tmp_path)
    book.put(Guard("A12", DutyRole.GUARD, "李*"), LI.pin)
    book.put(Guard("S001", DutyRole.SUPERVISOR, "王*"), WANG.pin)
    return LogIn(book, tmp_path, gate.inbox, Clock())


def test_a_lock_and_a_duress_stand_in_the_journal(tmp_path: Path) -> None:
    gate = GateInAThread(tmp_path, measures=False)
    log_in = now_log_in(gate, tmp_path)  # its clock stands still: long ago for the engine
    with gate:
        assert log_in.check(Credentials("S001", "97532")).guard is not None
        assert fail(log_in).refusal == "pin_locked"
        gate.report(Call("help"))
    duress, locked = records(tmp_path, "alert")
    assert (duress["code"], duress["guard"]) == ("GUARD_DURESS", "S001")
    assert (locked["code"], locked["guard"]) == ("LOG_IN_LOCKED", "")
    assert records(tmp_path, "shift") == []
