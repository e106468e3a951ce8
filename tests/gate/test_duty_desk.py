"""Who is on duty: believed, refused, ended by the clock, remembered over restarts."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gated.core.duty import GRACE_MS, DutyRole, Task
from gated.core.model import ClockState, GuardAction, GuardActionKind, Moment
from gated.core.reports import Shift
from gated.gate.duty_desk import DutyDesk
from gated.gate.recorder import Recorder
from gated.store.guard_book import Guard
from tests.gate.gate_world import (
    GATE,
    MOMENT,
    SHIFT_MS,
    FailingJournal,
    duty_desk,
    guard_book,
    journal_in,
    records,
)

LI = Guard("A12", DutyRole.GUARD, "李*", card="ab" * 16)
WANG = Guard("S001", DutyRole.SUPERVISOR, "王*")
BEGIN = Shift("begin", "A12", "guard")
REBOOT = Moment(1_000, MOMENT.utc_ms, ClockState.SYNCED)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[FailingJournal]:
    with journal_in(tmp_path) as opened:
        yield opened


@pytest.fixture
def recorder(journal: FailingJournal) -> Recorder:
    return Recorder(GATE, journal)


@pytest.fixture
def desk(recorder: Recorder, tmp_path: Path) -> DutyDesk:
    """The desk of a gate whose book names two."""
    book = guard_book(tmp_path)
    book.put(LI)
    book.put(WANG)
    return duty_desk(recorder, tmp_path)


def later(ms: int) -> Moment:
    return replace(MOMENT, mono_ms=MOMENT.mono_ms + ms, utc_ms=MOMENT.utc_ms + ms)


def restarted(recorder: Recorder, folder: Path, now: Moment, *, boot: str = "boot-1") -> DutyDesk:
    desk = duty_desk(recorder, folder, boot=boot)
    desk.duty = None
    desk.restore(now)
    return desk


def test_a_gate_without_a_book_believes_every_number(recorder: Recorder, tmp_path: Path) -> None:
    desk = duty_desk(recorder, tmp_path)
    assert not desk.guarded
    assert desk.refusal(0, Task.APPROVE) == ""
    desk.change(Shift("begin", "G017"), MOMENT)
    assert (desk.guard, desk.name) == ("G017", "")


def test_with_a_book_nobody_acts_without_a_log_in(desk: DutyDesk) -> None:
    assert desk.guarded
    assert desk.refusal(0, Task.DECIDE) == "nobody_on_duty"
    desk.change(BEGIN, MOMENT)
    assert desk.duty is not None
    assert (desk.guard, desk.name) == ("A12", "李*")
    assert desk.refusal(desk.duty.number, Task.DECIDE) == ""
    assert desk.refusal(desk.duty.number, Task.APPROVE) == "not_your_role"


def test_an_order_of_the_guard_before_is_refused(desk: DutyDesk) -> None:
    desk.change(BEGIN, MOMENT)
    assert desk.duty is not None
    before = desk.duty.number
    desk.change(Shift("end"), MOMENT)
    desk.change(Shift("begin", "S001", "supervisor"), MOMENT)
    assert desk.refusal(before, Task.DECIDE) == "logged_off"


@pytest.mark.parametrize(
    ("approver", "role"), [("", "guard"), ("S001", "supervisor"), ("A12", None)]
)
def test_only_another_persons_pin_gives_an_order_more_weight(
    desk: DutyDesk, approver: str, role: str | None
) -> None:
    desk.change(BEGIN, MOMENT)
    assert desk.duty is not None
    action = GuardAction(
        GuardActionKind.MANUAL_PASS, 7, "known", duty=desk.duty.number, approver=approver
    )
    signed = desk.signed(replace(action, role="supervisor"))
    if role is None:
        assert signed == "not_a_second_person"
    else:
        assert signed == replace(action, role=role)


def test_a_supervisor_alone_is_no_second_person(desk: DutyDesk) -> None:
    desk.change(Shift("begin", "S001", "supervisor"), MOMENT)
    assert desk.duty is not None
    action = GuardAction(GuardActionKind.MANUAL_PASS, 7, "known", duty=desk.duty.number)
    signed = desk.signed(action)
    assert isinstance(signed, GuardAction)
    assert signed.role == "guard"


def test_a_staff_card_begins_duty_only_when_nobody_has_it(
    desk: DutyDesk, recorder: Recorder, tmp_path: Path
) -> None:
    assert not desk.logs_in(b"\x01" * 16, MOMENT)
    assert desk.logs_in(b"\xab" * 16, MOMENT)
    assert desk.guard == "A12"
    assert not desk.logs_in(b"\xab" * 16, MOMENT)  # now it is a card like any other
    (row,) = records(tmp_path, "shift")
    assert (row["act"], row["guard"], row["by"]) == ("begin", "A12", "card")


def test_duty_ends_by_itself_half_an_hour_after_the_shift(desk: DutyDesk, tmp_path: Path) -> None:
    desk.change(BEGIN, MOMENT)
    desk.tick(later(SHIFT_MS + GRACE_MS - 1))
    assert desk.guard == "A12"
    desk.tick(later(SHIFT_MS + GRACE_MS))
    assert desk.guard == ""
    (row,) = records(tmp_path, "shift")
    assert (row["act"], row["guard"], row["by"]) == ("end", "A12", "time")


def test_duty_of_who_was_taken_out_of_the_book_ends(desk: DutyDesk, tmp_path: Path) -> None:
    desk.change(BEGIN, MOMENT)
    guard_book(tmp_path).remove("A12")
    desk.tick(later(1_000))
    assert desk.guard == ""
    assert records(tmp_path, "shift")[0]["by"] == "removed"


def test_a_restart_of_the_program_changes_nothing(
    desk: DutyDesk, recorder: Recorder, tmp_path: Path
) -> None:
    desk.change(BEGIN, MOMENT)
    again = restarted(recorder, tmp_path, later(60_000))
    assert again.duty == desk.duty


def test_after_a_reboot_the_wall_clock_says_what_is_left(
    desk: DutyDesk, recorder: Recorder, tmp_path: Path
) -> None:
    desk.change(BEGIN, MOMENT)
    hour_ms = 3_600_000
    back = replace(REBOOT, utc_ms=MOMENT.utc_ms + hour_ms)
    again = restarted(recorder, tmp_path, back, boot="boot-2")
    assert again.duty is not None
    assert again.duty.ends_ms == back.mono_ms + SHIFT_MS + GRACE_MS - hour_ms
    unsure = restarted(recorder, tmp_path, replace(back, clock=ClockState.UNSURE), boot="boot-2")
    assert unsure.duty is not None
    assert unsure.duty.ends_ms == back.mono_ms + GRACE_MS
    gone = replace(back, utc_ms=MOMENT.utc_ms + SHIFT_MS + GRACE_MS)
    assert restarted(recorder, tmp_path, gone, boot="boot-2").duty is None


def test_numbers_of_spells_go_on_counting_after_a_restart(
    desk: DutyDesk, recorder: Recorder, tmp_path: Path
) -> None:
    desk.change(BEGIN, MOMENT)
    desk.change(Shift("end"), MOMENT)
    again = restarted(recorder, tmp_path, MOMENT)
    again.change(BEGIN, MOMENT)
    assert again.duty is not None
    assert again.duty.number == 2


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"guard": 5}',
        '{"guard": "王小明"}',
        '{"guard": "A12", "role": "king"}',
    ],
)
def test_a_strange_file_means_nobody(recorder: Recorder, tmp_path: Path, text: str) -> None:
    (tmp_path / "shift").write_text(text)
    assert duty_desk(recorder, tmp_path).guard == ""


def test_a_card_that_keeps_no_shift_still_knows_it_now(recorder: Recorder, tmp_path: Path) -> None:
    (tmp_path / "shift.new").mkdir()
    desk = duty_desk(recorder, tmp_path)
    desk.change(BEGIN, MOMENT)
    assert desk.guard == "A12"
