"""Who is on duty at a gate, what each role may do, and how often a wrong PIN may be tried: pure.

A gate has one guard on duty or none. Every spell of duty has a number that counts up; an order
names the spell it was given in, so one that arrives after a log-off is refused and not carried
out in somebody else's name.
"""

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

PIN: Final = re.compile(r"[0-9]{4,8}")
WRONG_MAX: Final = 5
WRONG_WITHIN_MS: Final = 15 * 60_000
LOCK_MS: Final = 5 * 60_000
LOCK_MAX_MS: Final = 60 * 60_000
LOCKS_KEPT_MS: Final = 24 * 60 * 60_000  # without a lock: the next one is a first one again
GRACE_MS: Final = 30 * 60_000  # a guard may stay this much longer than the shift


class DutyRole(StrEnum):
    """What somebody is at the gate."""

    GUARD = "guard"
    SUPERVISOR = "supervisor"
    TECHNICIAN = "technician"


class Task(StrEnum):
    """What a screen lets people do, as far as roles differ in it."""

    DECIDE = "decide"  # orders about the person at the lane, special modes, the direction
    REPORT = "report"  # calls, registrations, notes, rounds, paper entries
    APPROVE = "approve"  # be the second person of an order
    SERVICE = "service"  # tones, devices, calibration


_TASKS: Final = {
    DutyRole.GUARD: {Task.DECIDE, Task.REPORT, Task.SERVICE},
    DutyRole.SUPERVISOR: {Task.DECIDE, Task.REPORT, Task.APPROVE, Task.SERVICE},
    DutyRole.TECHNICIAN: {Task.REPORT, Task.SERVICE},
}


def may(role: DutyRole, task: Task) -> bool:
    """Return whether somebody in this role may do this."""
    return task in _TASKS[role]


@dataclass(frozen=True, slots=True)
class Duty:
    """One spell of duty. guard: staff number. since_ms: UTC; ends_ms: monotonic, by itself."""

    number: int
    guard: str
    role: DutyRole
    since_ms: int
    ends_ms: int


def spell(
    number: int, guard: str, role: DutyRole, *, utc_ms: int, mono_ms: int, shift_ms: int
) -> Duty:
    """Return the duty that begins now and ends by itself after the shift and its grace."""
    return Duty(number, guard, role, utc_ms, mono_ms + shift_ms + GRACE_MS)


@dataclass(frozen=True, slots=True)
class Tries:
    """Wrong PINs typed at one door of the gate, and for which number. Monotonic ms.

    All of them count together: nobody walks through the staff numbers with the favourite PIN.
    """

    wrong: tuple[tuple[int, str], ...] = ()
    locked_until_ms: int = 0
    locks: int = 0


def locked_ms(tries: Tries, now_ms: int) -> int:
    """Return for how long no PIN is looked at, 0 when one may be typed."""
    return max(0, tries.locked_until_ms - now_ms)


def after_wrong(tries: Tries, now_ms: int, number: str) -> Tries:
    """Return the tries after one more wrong PIN for this number; the fifth in 15 minutes locks.

    Each lock lasts twice as long as the one before it, from five minutes to an hour, and is
    forgotten a day after its end.
    """
    young = (one for one in tries.wrong if now_ms - one[0] < WRONG_WITHIN_MS)
    recent = (*young, (now_ms, number))
    if len(recent) < WRONG_MAX:
        return replace(tries, wrong=recent)
    locks = 0 if now_ms - tries.locked_until_ms >= LOCKS_KEPT_MS else tries.locks
    return Tries((), now_ms + lock_lasts_ms(locks + 1), locks + 1)


def after_right(tries: Tries, number: str) -> Tries:
    """Return the tries after the right PIN for this number: only its own wrong ones are forgotten.

    Who tries somebody else's number gains nothing by typing the own PIN in between.
    """
    return replace(tries, wrong=tuple(one for one in tries.wrong if one[1] != number))


def lock_lasts_ms(locks: int) -> int:
    """Return for how long the lock of this count lasts; the first is 1."""
    return min(LOCK_MS << min(locks - 1, 8), LOCK_MAX_MS)


def duress_twin(pin: str) -> str:
    """Return the PIN whose owner types `pin` under duress: its last digit one lower.

    PIN 1234 typed as 1235 works and calls for help without a sign; 9 is followed by 0.
    """
    return pin[:-1] + str((int(pin[-1]) - 1) % 10)
