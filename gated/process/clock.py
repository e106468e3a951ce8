"""What time it is and how far it can be believed, on this machine."""

import ctypes
import os
import time
from pathlib import Path

from gated.core.model import ClockState, Moment

_STA_UNSYNC = 0x0040  # linux/timex.h: the kernel's own word that nobody disciplines the clock
_RTC = Path("/sys/class/rtc/rtc0")


class _Timex(ctypes.Structure):
    """The head of struct timex (linux/timex.h); the tail is padding for the kernel to fill."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 256),
    )


class SystemClock:
    """The machine's clocks. trusted: somebody else vouches for wall time (GPS, PTP, a host)."""

    def __init__(self, *, trusted: bool = False) -> None:
        self._trusted = trusted
        self._asked_at_s = float("-inf")
        self._state = ClockState.UNSURE

    def now(self) -> Moment:
        """Return this instant; the clock's state is asked of the kernel once a second."""
        mono_s = time.monotonic()
        if mono_s - self._asked_at_s >= 1.0:
            self._asked_at_s = mono_s
            self._state = ClockState.SYNCED if self._trusted else _kernel_state()
        return Moment(int(mono_s * 1000), time.time_ns() // 1_000_000, self._state)


def _kernel_state() -> ClockState:
    """Synced if the kernel says so; holdover with a battery clock; else unsure."""
    libc = ctypes.CDLL(None, use_errno=True)
    timex = _Timex()
    answer = libc.adjtimex(ctypes.byref(timex))
    return judged(answer, timex.status, battery=_RTC.exists())


def judged(answer: int, status: int, *, battery: bool) -> ClockState:
    """Return what adjtimex(2)'s answer and status bits mean on a machine with or without RTC."""
    if answer >= 0 and not status & _STA_UNSYNC:
        return ClockState.SYNCED
    return ClockState.HOLDOVER if battery else ClockState.UNSURE


def boot_id() -> str:
    """Return the kernel's boot id: monotonic times of one boot belong together."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return f"pid-{os.getpid()}"
