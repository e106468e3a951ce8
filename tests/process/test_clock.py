"""What time it is, and how far it can be believed."""

import os
from pathlib import Path

import pytest

from gated.core.model import ClockState
from gated.process.clock import SystemClock, boot_id, judged


def test_a_trusted_clock_is_synced_without_asking_the_kernel() -> None:
    assert SystemClock(trusted=True).now().clock is ClockState.SYNCED


@pytest.mark.parametrize(
    ("answer", "status", "battery", "state"),
    [
        (0, 0, False, ClockState.SYNCED),
        (0, 0x2001, True, ClockState.SYNCED),
        (5, 0x0040, True, ClockState.HOLDOVER),
        (5, 0x0040, False, ClockState.UNSURE),
        (-1, 0, False, ClockState.UNSURE),
        (-1, 0, True, ClockState.HOLDOVER),
    ],
)
def test_the_kernel_and_the_battery_clock_decide(
    answer: int, status: int, battery: bool, state: ClockState
) -> None:
    assert judged(answer, status, battery=battery) is state


def test_the_real_kernel_answers() -> None:
    assert SystemClock().now().clock in ClockState


def test_monotonic_time_does_not_go_back() -> None:
    clock = SystemClock(trusted=True)
    first, second = clock.now(), clock.now()
    assert second.mono_ms >= first.mono_ms


def test_the_boot_has_a_name_that_stays() -> None:
    assert boot_id() == boot_id()
    assert boot_id() == Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    assert str(os.getpid()) != boot_id()
