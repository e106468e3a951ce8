"""Roles, spells of duty and the lock after wrong PINs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gated.core.duty import (
    GRACE_MS,
    LOCK_MAX_MS,
    LOCK_MS,
    LOCKS_KEPT_MS,
    WRONG_MAX,
    WRONG_WITHIN_MS,
    DutyRole,
    Task,
    Tries,
    after_right,
    after_wrong,
    duress_twin,
    locked_ms,
    may,
    spell,
)


@pytest.mark.parametrize(
    ("role", "tasks"),
    [
        (DutyRole.GUARD, {Task.DECIDE, Task.REPORT, Task.SERVICE}),
        (DutyRole.SUPERVISOR, set(Task)),
        (DutyRole.TECHNICIAN, {Task.REPORT, Task.SERVICE}),
    ],
)
def test_a_role_may_do_its_tasks_and_no_others(role: DutyRole, tasks: set[Task]) -> None:
    assert {task for task in Task if may(role, task)} == tasks


def test_a_spell_ends_half_an_hour_after_the_shift() -> None:
    duty = spell(3, "A12", DutyRole.GUARD, utc_ms=7, mono_ms=1_000, shift_ms=60_000)
    assert (duty.number, duty.since_ms, duty.ends_ms) == (3, 7, 61_000 + GRACE_MS)


def wrong(tries: Tries, *moments_ms: int) -> Tries:
    for now_ms in moments_ms:
        tries = after_wrong(tries, now_ms, "A12")
    return tries


def test_the_fifth_wrong_pin_locks_for_five_minutes() -> None:
    four = wrong(Tries(), 1, 2, 3, 4)
    assert locked_ms(four, 4) == 0
    five = after_wrong(four, 5, "S001")
    assert locked_ms(five, 5) == LOCK_MS
    assert locked_ms(five, 5 + LOCK_MS) == 0


def test_wrong_pins_far_apart_lock_nothing() -> None:
    tries = Tries()
    for number in range(50):
        tries = after_wrong(tries, number * WRONG_WITHIN_MS // (WRONG_MAX - 1), "A12")
        assert locked_ms(tries, number * WRONG_WITHIN_MS // (WRONG_MAX - 1)) == 0


def test_each_lock_lasts_twice_as_long_up_to_an_hour() -> None:
    tries, now_ms, lasted = Tries(), 0, []
    for _ in range(20):
        tries = wrong(tries, *[now_ms] * WRONG_MAX)
        lasted.append(locked_ms(tries, now_ms))
        now_ms += lasted[-1]
    assert lasted[:4] == [LOCK_MS, 2 * LOCK_MS, 4 * LOCK_MS, 8 * LOCK_MS]
    assert set(lasted[4:]) == {LOCK_MAX_MS}


def test_a_day_after_its_end_a_lock_is_forgotten() -> None:
    once = wrong(Tries(), *[0] * WRONG_MAX)
    soon, later = LOCK_MS + LOCKS_KEPT_MS - 1, LOCK_MS + LOCKS_KEPT_MS
    assert locked_ms(wrong(once, *[soon] * WRONG_MAX), soon) == 2 * LOCK_MS
    assert locked_ms(wrong(once, *[later] * WRONG_MAX), later) == LOCK_MS


def test_a_right_pin_forgets_the_wrong_ones_of_its_own_number_only() -> None:
    tries = wrong(Tries(), 1, 2, 3, 4)
    assert after_right(tries, "A12") == Tries()
    assert after_right(tries, "S001") == tries
    assert after_right(wrong(tries, 5), "A12").locks == 1


@given(gaps_ms=st.lists(st.integers(0, 20 * 60_000), max_size=60))
def test_nobody_tries_more_than_five_pins_in_fifteen_minutes(gaps_ms: list[int]) -> None:
    tries, now_ms, looked_at = Tries(), 0, []
    for gap_ms in gaps_ms:
        now_ms += gap_ms
        if not locked_ms(tries, now_ms):
            looked_at.append(now_ms)
            tries = after_wrong(tries, now_ms, "A12")
    for first, fifth in zip(looked_at, looked_at[WRONG_MAX:], strict=False):
        assert fifth - first >= LOCK_MS


@pytest.mark.parametrize(("typed", "pin"), [("1235", "1234"), ("1230", "1239"), ("00001", "00000")])
def test_the_pin_of_duress_is_one_digit_higher(typed: str, pin: str) -> None:
    assert duress_twin(typed) == pin
