"""How this gate works now: its special mode, and the way it is passed. Engine thread only.

Both are ordered by guards, survive a restart in a small file beside the journal, and are recorded
before they count. A mode that ran out is recorded as ended by the time. While the card refuses the
file, what was ordered counts all the same, the gate says that a restart loses it, and tries again.
"""

from datetime import datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from gated.config import GateSection
from gated.core import gate_mode
from gated.core.canonical import Json
from gated.core.gate_mode import DECIDING, NORMAL, READER_LOCKED, SPECIALS, SpecialMode
from gated.core.model import Direction, Moment
from gated.core.reports import DirectionSwitch, ModeChange
from gated.errors import StoreError
from gated.gate.recorder import Recorder
from gated.log import logger
from gated.screen.refusals import NEEDS_GUARDS, NEEDS_SUPERVISOR, NO_SECOND, NOT_SWITCHABLE
from gated.store.small_file import read_small, write_small

FILE_NAME: Final = "mode"

_log = logger("mode")


class ModeDesk:
    """Keeps mode and direction. boot: id of this boot.

    stored: whether a restart would find both as they are.
    """

    def __init__(self, gate: GateSection, recorder: Recorder, folder: Path, boot: str) -> None:
        self._recorder = recorder
        self._path = folder / FILE_NAME
        self._boot = boot
        self._timezone = ZoneInfo(gate.timezone)
        self.stored = True
        self.switches = gate.direction == "both"
        kept = read_small(self._path)
        self.standing = _standing(kept.get("mode"))
        turned = kept.get("direction") == "out"
        self.direction = Direction.IN if self.switches else Direction(gate.direction)
        if self.switches and turned:
            self.direction = Direction.OUT

    @property
    def mode(self) -> str:
        """The mode as decisions know it; held open or with its reader locked it decides as ever."""
        standing = self.standing
        return NORMAL if standing is None or standing.mode in DECIDING else standing.mode

    @property
    def reads(self) -> bool:
        """Whether cards and codes are taken."""
        return self.told != READER_LOCKED

    @property
    def told(self) -> str:
        """The mode as people and the centre are told it."""
        return NORMAL if self.standing is None else self.standing.mode

    def refusal(
        self,
        report: ModeChange | DirectionSwitch,
        *,
        guard: str,
        approver: str,
        guarded: bool,
    ) -> str:
        """Return why this order is not carried out, "" when it is.

        guard: who is on duty; approver: who typed a PIN for it; guarded: the book names guards.
        """
        if isinstance(report, DirectionSwitch):
            return "" if self.switches else NOT_SWITCHABLE
        if not gate_mode.needs_second(report, self.standing):
            return ""
        if not guarded:
            return NEEDS_GUARDS
        if not approver:
            return NEEDS_SUPERVISOR
        return NO_SECOND if approver == guard else ""

    def fields(self, report: ModeChange | DirectionSwitch) -> dict[str, Json]:
        """Return what the record says of the order."""
        if isinstance(report, DirectionSwitch):
            return {"direction": report.direction, **_why(report.reason)}
        if report.mode == NORMAL:
            below = None if self.standing is None else self.standing.under
            after = NORMAL if below is None else below.mode
            return {"mode": after, "former": self.told, **_why(report.reason)}
        former: dict[str, Json] = {} if self.standing is None else {"former": self.told}
        return {"mode": report.mode, "reason": report.reason, "hours": report.hours, **former}

    def apply(self, report: ModeChange | DirectionSwitch, guard: str, now: Moment) -> None:
        """The gate works so from now on."""
        if isinstance(report, DirectionSwitch):
            self.direction = Direction(report.direction)
        else:
            self.standing = gate_mode.begun(report, self.standing, guard, self._boot, now)
        self._keep()

    def tick(self, now: Moment) -> None:
        """A mode whose time is over ends, and that is recorded; what is not stored yet may be."""
        if not self.stored:
            self._keep()
        if self.standing is None or not gate_mode.is_over(self.standing, self._boot, now):
            return
        former, below = self.standing.mode, self.standing.under
        after = NORMAL if below is None else below.mode
        fields: dict[str, Json] = {"mode": after, "former": former, "by": "time"}
        self._recorder.event("mode", fields, now)
        _log.info("mode.ended", mode=former)
        self.standing = below
        self._keep()

    def clock(self, utc_ms: int) -> str:
        """Return a moment as the site's time of day, "14:31"; "" for 0."""
        if not utc_ms:
            return ""
        return datetime.fromtimestamp(utc_ms / 1000, self._timezone).strftime("%H:%M")

    def _keep(self) -> None:
        values: dict[str, Json] = {"direction": self.direction.value}
        if self.standing is not None:
            values["mode"] = _kept(self.standing)
        try:
            write_small(self._path, values)
        except StoreError as error:
            if self.stored:
                _log.error("mode.unwritable", problem=str(error))
            self.stored = False
            return
        if not self.stored:
            _log.info("mode.stored")
        self.stored = True


def _why(reason: str) -> dict[str, Json]:
    return {"reason": reason} if reason else {}


def _kept(standing: SpecialMode) -> dict[str, Json]:
    return {
        "mode": standing.mode,
        "since_ms": standing.since_ms,
        "until_ms": standing.until_ms,
        "until_mono_ms": standing.until_mono_ms,
        "boot": standing.boot,
        "guard": standing.guard,
        "reason": standing.reason,
        **({} if standing.under is None else {"under": _kept(standing.under)}),
    }


def _standing(value: object) -> SpecialMode | None:
    """Return the mode a file tells of; a strange one is none."""
    if not isinstance(value, dict):
        return None
    mode = next((one for one in SPECIALS if one == value.get("mode")), None)
    times = [value.get(name) for name in ("since_ms", "until_ms", "until_mono_ms")]
    since_ms, until_ms, until_mono_ms = (time if type(time) is int else 0 for time in times)
    words = [value.get(name) for name in ("boot", "guard", "reason")]
    boot, guard, reason = (word if isinstance(word, str) else "" for word in words)
    if mode is None:
        return None
    under = _standing(value.get("under")) if mode == gate_mode.EVACUATE else None
    if under is not None and under.mode != gate_mode.LOCKDOWN:
        under = None
    return SpecialMode(mode, since_ms, until_ms, until_mono_ms, boot, guard, reason, under)
