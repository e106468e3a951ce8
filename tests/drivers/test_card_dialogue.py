"""What is said next and what it comes to, on invented time and against all kinds of reader."""

import json
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.card_reader import protocol
from drivers.card_reader.protocol import Answer, RefusalKind
from drivers.card_reader.protocol_dialogue import (
    GAP_S,
    HOLD_OFF_S,
    Broken,
    CardRefused,
    Dialogue,
    Nothing,
    Outcome,
    step,
)
from drivers.card_reader.protocol_records import CardRead

ROWS = json.loads((Path(__file__).parents[1] / "vectors/id_card_records.json").read_text("utf-8"))
RECORD_R, RECORD_J = (bytes.fromhex(ROWS["records"][place]["hex"]) for place in (0, 1))
NUMBER_R, NUMBER_J = (ROWS["records"][place]["id_number"] for place in (0, 1))
FOUND, NONE = Answer(0x9F, data=bytes(4)), Answer(0x80)
SELECTED, GONE = Answer(0x90, data=bytes(8)), Answer(0x41)


def read_answer(record: bytes) -> Answer:
    return Answer(0x90, data=b"\x01\x00\x04\x00" + record + bytes(1024))


@dataclass
class Bench:
    """A reader of a chosen kind, and a clock that jumps to what is due next."""

    finds_lying: bool = False
    tells_presence: bool = True
    record: bytes | None = None
    status: int = 0x90
    was_read: bool = False
    now_s: float = 100.0
    talk: Dialogue = field(default_factory=lambda: Dialogue(poll_s=0.3))
    said: list[str] = field(default_factory=list)

    def present(self, record: bytes, status: int = 0x90) -> None:
        self.record, self.status, self.was_read = record, status, False

    def remove(self) -> None:
        self.record, self.was_read = None, False

    def answer(self) -> Answer:
        here = self.record is not None
        command = self.talk.command
        if command is protocol.FIND:
            return FOUND if here and (self.finds_lying or not self.was_read) else NONE
        if command is protocol.SELECT:
            return SELECTED if here else Answer(0x81)
        if command is protocol.READ:
            if self.record is None or self.status != 0x90:
                return Answer(self.status if here else 0x41)
            self.was_read = True
            return read_answer(self.record)
        if command is protocol.NEWEST_ADDRESS:
            return Answer(0x91 if self.was_read and self.tells_presence else 0x41)
        return Answer(0x90)

    def say(self, heard: Answer | Nothing | None = None) -> Outcome:
        """Let one exchange happen at its time."""
        self.now_s = max(self.now_s, self.talk.due_s) + 0.01
        self.said.append(self.talk.command.name)
        self.talk, outcome = step(self.talk, heard or self.answer(), self.now_s)
        return outcome

    def run(self, seconds: float) -> list[Outcome]:
        """Let exchanges happen for so long; return what they came to."""
        until_s = self.now_s + seconds
        outcomes: list[Outcome] = []
        while max(self.now_s, self.talk.due_s) < until_s:
            if (outcome := self.say()) is not None:
                outcomes.append(outcome)
        self.now_s = until_s
        return outcomes

    def until(self, name: str) -> None:
        """Go on until this command is the next one."""
        for _ in range(20):
            if self.talk.command.name == name:
                return
            self.say()
        raise AssertionError(name)


KINDS = {
    "80 while it lies there, 30 03 works": (False, True),
    "9F while it lies there, 30 03 works": (True, True),
    "80 while it lies there, no 30 03": (False, False),
    "9F while it lies there, no 30 03": (True, False),
}


@pytest.fixture(params=list(KINDS.values()), ids=list(KINDS))
def bench(request: pytest.FixtureRequest) -> Bench:
    finds_lying, tells_presence = request.param
    return Bench(finds_lying=finds_lying, tells_presence=tells_presence)


def numbers(outcomes: list[Outcome]) -> list[str]:
    assert all(isinstance(outcome, CardRead) for outcome in outcomes)
    return [outcome.id_number for outcome in outcomes if isinstance(outcome, CardRead)]


def kinds(outcomes: list[Outcome]) -> list[RefusalKind]:
    assert all(isinstance(outcome, CardRefused) for outcome in outcomes)
    return [outcome.kind for outcome in outcomes if isinstance(outcome, CardRefused)]


def test_presented_card_is_read_within_one_poll(bench: Bench) -> None:
    bench.run(1)
    bench.present(RECORD_R)
    assert numbers(bench.run(0.15)) == [NUMBER_R]


def test_card_left_lying_is_one_event(bench: Bench) -> None:
    bench.present(RECORD_R)
    assert numbers(bench.run(60)) == [NUMBER_R]


@pytest.mark.parametrize(("away_s", "seen"), [(1.5, []), (HOLD_OFF_S + 0.5, [NUMBER_R])])
def test_same_card_back_is_an_event_only_after_the_hold_off(
    bench: Bench, away_s: float, seen: list[str]
) -> None:
    bench.present(RECORD_R)
    assert numbers(bench.run(1)) == [NUMBER_R]
    bench.remove()
    assert bench.run(away_s) == []
    bench.present(RECORD_R)
    assert numbers(bench.run(1.5)) == seen


def test_another_card_right_after_is_an_event(bench: Bench) -> None:
    for record, number in ((RECORD_R, NUMBER_R), (RECORD_J, NUMBER_J), (RECORD_R, NUMBER_R)):
        bench.present(record)
        assert numbers(bench.run(1.5)) == [number]
        bench.remove()
        assert bench.run(0.4) == []


def test_presence_is_tested_every_poll_while_the_card_lies() -> None:
    bench = Bench(record=RECORD_R)
    bench.run(3.2)
    assert bench.said[3:] == ["read newest address"] * 10


def test_one_missed_presence_test_is_forgiven_and_two_lead_back_to_find() -> None:
    bench = Bench(record=RECORD_R)
    bench.run(1)
    bench.say(GONE)
    assert bench.run(1) == []
    assert bench.said[-1] == "read newest address"
    assert bench.talk.presence.misses == 0
    bench.say(GONE)
    bench.say(GONE)
    assert bench.talk.command is protocol.FIND


def test_newest_address_in_the_answer_counts_as_present() -> None:
    bench = Bench(record=RECORD_R)
    bench.run(0.1)
    bench.say(Answer(0x90, data=bytes(70)))
    assert bench.talk.presence.works
    assert bench.talk.visit.seen_s == bench.now_s


def test_reader_that_never_tells_presence_is_no_longer_asked() -> None:
    bench = Bench(finds_lying=True, tells_presence=False, record=RECORD_R)
    bench.run(5)
    bench.said.clear()
    bench.run(5)
    assert "read newest address" not in bench.said
    assert bench.said.count("read card") <= 17


def test_reader_that_once_told_presence_is_always_asked() -> None:
    bench = Bench()
    for record in (RECORD_R, None) * 8:
        bench.record, bench.was_read = record, False
        bench.run(1)
    assert bench.talk.presence.worth_asking


REFUSED = {0x41: "hold_still", 0x32: "not_genuine", 0x40: "unsupported", 0x23: "fault"}
GIVEN_UP = {0x47: "fault", 0x24: "fault", 0x05: "fault"}


@pytest.mark.parametrize(("status", "kind"), (REFUSED | GIVEN_UP).items())
def test_refused_card_is_told_once_per_presentation(bench: Bench, status: int, kind: str) -> None:
    for _ in range(2):
        bench.present(RECORD_R, status)
        outcomes = bench.run(5)
        assert outcomes == [CardRefused(RefusalKind(kind), status)]
        bench.remove()
        assert bench.run(1) == []


def test_card_that_is_read_after_a_refusal_is_an_event(bench: Bench) -> None:
    bench.present(RECORD_R, 0x41)
    assert kinds(bench.run(1)) == [RefusalKind.HOLD_STILL]
    bench.present(RECORD_R)
    assert numbers(bench.run(1)) == [NUMBER_R]


def test_trembling_hand_is_one_presentation(bench: Bench) -> None:
    outcomes: list[Outcome] = []
    for _ in range(6):
        bench.present(RECORD_R, 0x41)
        outcomes += bench.run(0.3)
        bench.remove()
        outcomes += bench.run(GAP_S / 2)
    assert kinds(outcomes) == [RefusalKind.HOLD_STILL]


def test_not_genuine_after_hold_still_is_told_too(bench: Bench) -> None:
    bench.present(RECORD_R, 0x41)
    assert kinds(bench.run(1)) == [RefusalKind.HOLD_STILL]
    bench.present(RECORD_R, 0x32)
    assert kinds(bench.run(1)) == [RefusalKind.NOT_GENUINE]


def test_card_taken_away_after_its_read_is_not_told_to_hold_still() -> None:
    bench = Bench(finds_lying=True, tells_presence=False, record=RECORD_R)
    assert numbers(bench.run(5)) == [NUMBER_R]
    bench.until("read card")
    assert bench.say(GONE) is None
    bench.remove()
    assert bench.run(3) == []


def test_card_gone_before_it_could_be_selected_is_told_to_hold_still() -> None:
    bench = Bench(record=RECORD_R)
    bench.until("select card")
    bench.remove()
    assert kinds(bench.run(2)) == [RefusalKind.HOLD_STILL]


@pytest.mark.parametrize("status", [0x21, 0x47, 0x81, 0x24, 0x80])
def test_trouble_with_select_restarts_at_find(status: int) -> None:
    bench = Bench(record=RECORD_R)
    bench.until("select card")
    assert bench.say(Answer(status)) is None
    assert bench.talk.command is protocol.FIND
    assert numbers(bench.run(1)) == [NUMBER_R]


def test_three_unknown_errors_reset_the_module() -> None:
    bench = Bench(record=RECORD_R, status=0x24)
    assert kinds(bench.run(0.2)) == [RefusalKind.FAULT]
    assert "reset" in bench.said
    assert bench.said.index("reset") == 9


@pytest.mark.parametrize("status", [0x10, 0x11])
def test_command_that_reached_the_reader_garbled_is_repeated_twice(status: int) -> None:
    bench = Bench(record=RECORD_R)
    bench.until("read card")
    assert bench.say(Answer(status)) is None
    assert bench.say(Answer(status)) is None
    assert bench.talk.command is protocol.READ
    assert bench.say(Answer(status)) is None
    assert bench.talk.command is protocol.FIND


def test_garbled_record_is_asked_for_once_more() -> None:
    bench = Bench(record=RECORD_R)
    bench.until("read card")
    assert bench.say(Nothing.NOISE) is None
    assert numbers(bench.run(0.2)) == [NUMBER_R]
    assert bench.said[-3:] == ["read card", "module number", "read card"]


def test_record_garbled_twice_is_a_fault() -> None:
    bench = Bench(record=RECORD_R)
    for outcome in (None, CardRefused(RefusalKind.FAULT, 0)):
        bench.until("read card")
        assert bench.say(Nothing.NOISE) == outcome


def test_record_that_makes_no_sense_is_a_fault() -> None:
    bench = Bench(record=bytes(256))
    assert bench.run(1) == [CardRefused(RefusalKind.FAULT, 0x90)]


@pytest.mark.parametrize(
    "command", ["find card", "select card", "read card", "read newest address"]
)
def test_after_silence_the_module_number_is_asked_for(command: str) -> None:
    bench = Bench(record=RECORD_R)
    bench.until(command)
    bench.say(Nothing.SILENCE)
    assert bench.talk.command is protocol.MODULE_NUMBER


def test_nothing_else_is_said_until_the_module_number_comes() -> None:
    bench = Bench(record=RECORD_R)
    bench.say(Nothing.SILENCE)
    bench.say(Nothing.SILENCE)
    assert bench.talk.command is protocol.MODULE_NUMBER
    assert numbers(bench.run(1)) == [NUMBER_R]


def test_module_number_never_answered_means_a_broken_reader() -> None:
    bench = Bench(record=RECORD_R)
    bench.until("read card")
    assert bench.say(Nothing.SILENCE) == CardRefused(RefusalKind.FAULT, 0)
    assert [bench.say(Nothing.SILENCE) for _ in range(2)] == [None, None]
    assert isinstance(bench.say(Nothing.SILENCE), Broken)


@pytest.mark.parametrize(("nothing", "noise"), [(Nothing.SILENCE, False), (Nothing.NOISE, True)])
def test_three_finds_without_answer_mean_a_broken_reader(nothing: Nothing, noise: bool) -> None:
    bench = Bench()
    for _ in range(2):
        bench.until("find card")
        assert bench.say(nothing) is None
    bench.until("find card")
    broken = bench.say(nothing)
    assert isinstance(broken, Broken)
    assert broken.noise is noise


def test_an_answer_in_between_starts_the_count_anew() -> None:
    bench = Bench()
    for _ in range(10):
        bench.until("find card")
        assert bench.say(Nothing.SILENCE) is None
        bench.until("find card")
        assert bench.say(NONE) is None


def test_find_that_only_gives_errors_resets_then_breaks() -> None:
    bench = Bench()
    assert [bench.say(Answer(0x24)) for _ in range(3)] == [None] * 3
    assert bench.talk.command is protocol.RESET
    bench.say()
    broken = bench.say(Answer(0x24))
    assert isinstance(broken, Broken)
    assert "24" in broken.what


@pytest.mark.parametrize(
    "command", ["find card", "select card", "read card", "read newest address"]
)
@pytest.mark.parametrize("status", [0x60, 0x66])
def test_module_that_refuses_to_work_is_broken(command: str, status: int) -> None:
    bench = Bench(record=RECORD_R)
    bench.until(command)
    assert isinstance(bench.say(Answer(status)), Broken)


@given(
    st.lists(
        st.one_of(
            st.sampled_from(Nothing),
            st.integers(0, 255).map(Answer),
            st.sampled_from([FOUND, SELECTED, read_answer(bytes(256)), read_answer(b"\x20" * 256)]),
        ),
        max_size=60,
    )
)
def test_no_talk_without_a_record_yields_a_card(heard: list[Answer | Nothing]) -> None:
    bench = Bench()
    for answer in heard:
        outcome = bench.say(answer)
        assert outcome is None or isinstance(outcome, CardRefused | Broken)
        assert bench.talk.due_s <= bench.now_s + 0.3
        if isinstance(outcome, Broken):
            return


@given(
    st.sampled_from(sorted(KINDS.values())),
    st.lists(st.tuples(st.booleans(), st.floats(0.05, 8.0)), min_size=1, max_size=12),
)
def test_no_presentation_gives_two_events(
    kind: tuple[bool, bool], moves: list[tuple[bool, float]]
) -> None:
    bench = Bench(finds_lying=kind[0], tells_presence=kind[1])
    for here, seconds in moves:
        if here and bench.record is None:
            bench.present(RECORD_R)
        elif not here:
            bench.remove()
        assert len(bench.run(seconds)) <= 1
    bench.remove()
    bench.run(HOLD_OFF_S + 1)
    bench.present(RECORD_J)
    assert numbers(bench.run(2)) == [NUMBER_J]
