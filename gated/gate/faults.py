"""Health becomes records: each fault once when it begins and once when it is over.

Two devices of one kind are one part of the gate: the worse of them is shown, and the part is whole
again only when all of them are. Engine thread only.
"""

import shutil
from pathlib import Path

from gated.core.model import ClockState, Moment
from gated.gate.events import DeviceChanged
from gated.gate.health import FAULT_CODES, SPACE_MIN_MB, Health, PartState, worst
from gated.gate.recorder import Recorder

SPACE_EVERY_MS = 60_000


class Faults:
    """What stands at the moment. Every method may commit a record."""

    def __init__(self, health: Health, recorder: Recorder, folder: Path) -> None:
        self._health = health
        self._recorder = recorder
        self._folder = folder
        self._standing: set[str] = set()
        self._devices: dict[str, dict[str, DeviceChanged]] = {}
        self._look_ms: int | None = None
        self._free_mb: int | None = None

    def note(self, code: str, part: str, at: Moment, *, failing: bool) -> None:
        """Record that this fault began or is over, if it is news."""
        if failing is (code in self._standing):
            return
        if failing:
            self._standing.add(code)
        else:
            self._standing.discard(code)
        self._recorder.device(code, "since" if failing else "cleared", part, at)

    def device(self, changed: DeviceChanged) -> PartState:
        """Take one device's change; return how its part is now, all its devices together."""
        part = changed.part
        known = self._devices.setdefault(part, {})
        known[changed.device or part] = changed
        shown = worst(known.values())
        self._health.set(part, shown.state, shown.detail, shown.remedy)
        if part in FAULT_CODES:
            self.note(FAULT_CODES[part], part, changed.at, failing=shown.state == "fail")
        return shown.state

    def storage(self, held: int, now: Moment, *, modes_stored: bool = True) -> None:
        """Note whether records reach the card (held: how many wait) and how much room it has.

        modes_stored: whether the special mode and the direction stand there as well.
        """
        free_mb = self._space(now)
        short = free_mb is not None and free_mb < SPACE_MIN_MB
        if held:
            detail = f"{held} records wait in memory"
            self._health.set("storage", "fail", detail, "check the card; free space")
        elif not modes_stored:
            detail = "mode or direction not stored: lost with a restart"
            self._health.set("storage", "fail", detail, "check the card; free space")
        elif short:
            self._health.set("storage", "warn", f"{free_mb} MB free", "free some space on the card")
        else:
            self._health.set("storage", "ok")
        self.note("DEV_STORE_FULL", "storage", now, failing=held > 0 or not modes_stored)
        self.note("DEV_STORE_90", "storage", now, failing=short)

    def clock(self, now: Moment) -> None:
        """Note how far the time can be believed."""
        if now.clock is ClockState.SYNCED:
            self._health.set("clock", "ok")
        elif now.clock is ClockState.HOLDOVER:
            self._health.set("clock", "warn", "running on the battery clock")
        else:
            remedy = "connect the network or fit a clock module"
            self._health.set("clock", "warn", "nobody vouches for the time", remedy)
        self.note("DEV_CLOCK_LOST", "clock", now, failing=now.clock is ClockState.UNSURE)

    def _space(self, now: Moment) -> int | None:
        """Return the free megabytes as of the last look, a minute old at most."""
        if self._look_ms is None or now.mono_ms >= self._look_ms:
            self._look_ms = now.mono_ms + SPACE_EVERY_MS
            try:
                self._free_mb = shutil.disk_usage(self._folder).free // 1_000_000
            except OSError:  # the journal's own writes tell what is wrong with the card
                self._free_mb = None
        return self._free_mb
