"""What the screen says of this moment: prompts, special modes, who may decide."""

from dataclasses import replace

import pytest

from gated.core.gate_mode import Special, SpecialMode
from gated.core.model import (
    Category,
    Direction,
    Measurement,
    Person,
    TemperatureState,
    Verdict,
)
from gated.core.reasons import HEALTH_CODES, Code
from gated.core.thermometry_live import PROMPTED
from gated.core.visit import MeasuringView, Visit
from gated.gate.presenter import Status
from gated.texts import shipped
from tests.gate.shown import (
    ALLOW,
    HOLDER,
    SAY,
    STATUS,
    Screen,
    decision,
)


@pytest.mark.parametrize("reason", sorted(PROMPTED))
def test_every_reason_without_a_value_is_prompted_while_it_lasts(reason: str) -> None:
    screen = Screen()
    screen.presenter.show(MeasuringView(Visit(1, HOLDER, 0), 9_000, hold_still=True), 1_000)
    measuring = screen.snapshot(replace(STATUS, live=reason)).measuring
    assert measuring is not None
    assert measuring.prompt == SAY.prompt(reason)
    assert measuring.prompt.zh
    assert measuring.prompt.en


@pytest.mark.parametrize(
    ("code", "detail"),
    [
        (Code.TEMP_UNSTABLE, "moving"),
        (Code.TEMP_LOW, "too_cold_skin"),
        (Code.TEMP_MISSING, "no_target"),
    ],
)
def test_after_a_try_that_failed_the_advice_says_what_to_do_differently(
    code: Code, detail: str
) -> None:
    taken = Measurement(TemperatureState.UNSTABLE, detail=detail)
    shown = Screen().decided(decision(Verdict.CHECK, code), taken).verdict
    assert shown is not None
    assert shown.advice == SAY.prompt(detail)


def test_a_sensor_fault_keeps_the_advice_for_the_guard() -> None:
    broken = Measurement(TemperatureState.FAULT, detail="bus_error")
    shown = Screen().decided(decision(Verdict.CHECK, Code.TEMP_SENSOR_FAULT), broken).verdict
    assert shown is not None
    assert shown.advice == SAY.advice(Code.TEMP_SENSOR_FAULT)


def standing(mode: Special) -> Status:
    mode_now = SpecialMode(mode, 1, 2, 3, "boot-1", "A12", "station")
    return replace(STATUS, standing=mode_now, since="12:00", until="16:00")


@pytest.mark.parametrize("mode", ["lockdown", "evacuate", "out_of_service"])
def test_a_special_mode_fills_the_screen_while_nobody_is_there(mode: Special) -> None:
    shown = Screen().snapshot(standing(mode))
    assert shown.mode == "fault"
    assert shown.fault is not None
    assert (shown.fault.sign, bool(shown.fault.reason.zh)) == (mode, True)
    assert shown.special is not None
    assert (shown.special.since, shown.special.until) == ("12:00", "16:00")
    assert shown.special.word == shown.fault.word


def test_in_a_special_mode_a_verdict_is_drawn_as_ever() -> None:
    screen = Screen()
    screen.decided(decision(Verdict.STOP, Code.SYS_LOCKDOWN))
    shown = screen.snapshot(standing("lockdown"))
    assert shown.mode == "verdict"
    assert shown.special is not None


def test_a_gate_held_open_looks_as_ever_and_says_so() -> None:
    shown = Screen().snapshot(standing("open"))
    assert (shown.mode, shown.banner) == ("idle", SAY.banner("open"))


def test_the_direction_is_the_one_the_lane_is_passed_now() -> None:
    shown = Screen(direction="both").snapshot(
        replace(STATUS, direction=Direction.OUT, switches=True)
    )
    assert (shown.gate.direction, shown.gate.switches) == ("out", True)


def test_others_of_the_household_can_be_picked_while_its_member_is_there() -> None:
    home = replace(HOLDER, person=Person(b"p" * 16, Category.RESIDENT, b"h" * 16))
    screen = Screen()
    assert not screen.snapshot().members
    assert screen.decided(ALLOW, holder=home).members
    assert not screen.decided(ALLOW, visit=2).members


def test_the_person_in_front_is_told_nothing_of_health() -> None:
    for code in sorted(HEALTH_CODES):
        shown = Screen().decided(decision(Verdict.STOP, code)).verdict
        assert shown is not None
        assert shown.public == shipped().of("public", "STOP")


def test_a_check_nobody_may_decide_stays_a_check_and_says_who_can() -> None:
    screen = Screen()
    screen.decided(decision(Verdict.CHECK, Code.ID_NOT_IN_ROSTER), awaiting=True)
    shown = screen.snapshot(replace(STATUS, log_in=True)).verdict
    assert shown is not None
    assert (shown.band, shown.advice) == ("check", SAY.prompt("nobody"))
    screen.decided(decision(Verdict.STOP, Code.CRED_LOST))
    stopped = screen.snapshot(replace(STATUS, log_in=True)).verdict
    assert stopped is not None
    assert stopped.advice == SAY.advice(Code.CRED_LOST)


def test_who_is_picked_is_shown_with_their_own_last_passage() -> None:
    other = replace(HOLDER, person=Person(b"q" * 16, Category.RESIDENT))
    screen = Screen()
    screen.decided(ALLOW)
    screen.presenter.show(MeasuringView(Visit(2, HOLDER, 0), 9_000), 1_000)
    first = screen.snapshot().measuring
    assert first is not None
    assert first.person is not None
    assert first.person.last is not None
    screen.presenter.show(MeasuringView(Visit(2, other, 0), 9_000), 1_000)
    second = screen.snapshot().measuring
    assert second is not None
    assert second.person is not None
    assert second.person.last is None
