"""A guard's screen with nothing on it but the idle picture, for tests that only need it to run."""

from gated.core.model import ClockState
from gated.screen.snapshot import ClockView, GateView, Snapshot


def idle_snapshot() -> Snapshot:
    """Return the least a screen can show: a gate that waits for somebody."""
    clock = ClockView("2020-02-10T14:32:07+08:00", ClockState.SYNCED)
    return Snapshot(gate=GateView("东门", "East", "out"), language="zh", clock=clock)
