"""Who is on duty at this gate: begun by a log-in, ended by a log-off or by the clock.

Engine thread only. The spell survives a restart in a small file beside the journal. A gate whose
book names no guards believes whoever types a staff number, as one guard with a paper list does;
as soon as the book has one, nobody acts without a log-in.
"""

from dataclasses import replace
from pathlib import Path
from typing import Final

from gated.core import duty
from gated.core.canonical import Json
from gated.core.duty import GRACE_MS, Duty, DutyRole, Task, may
from gated.core.model import ClockState, GuardAction, Moment
from gated.core.reports import STAFF_NUMBER, Shift
from gated.errors import StoreError
from gated.gate.recorder import Recorder
from gated.log import logger
from gated.screen.refusals import LOGGED_OFF, NO_SECOND, NOBODY, NOT_YOUR_ROLE
from gated.store.guard_book import Guard, GuardBook
from gated.store.small_file import read_small, write_small

FILE_NAME: Final = "shift"

_log = logger("duty")


class DutyDesk:
    """Keeps the spell of duty. boot: id of this boot. shift_ms: how long a shift lasts."""

    def __init__(
        self, recorder: Recorder, folder: Path, book: GuardBook, *, boot: str, shift_ms: int
    ) -> None:
        self._recorder = recorder
        self._path = folder / FILE_NAME
        self._book = book
        self._boot = boot
        self._shift_ms = shift_ms
        self._guards: dict[str, Guard] = {}
        self._number = 0
        self.duty: Duty | None = None

    def restore(self, now: Moment) -> None:
        """Whoever was on duty before the restart still is, for what is left of the shift.

        After a reboot with an unsure clock that is the grace time only.
        """
        self._guards = self._book.guards()
        kept = read_small(self._path)
        guard, number = kept.get("guard"), kept.get("number")
        self._number = number if isinstance(number, int) else 0
        if not isinstance(guard, str) or STAFF_NUMBER.fullmatch(guard) is None:
            return
        try:
            role = DutyRole(str(kept.get("role", DutyRole.GUARD.value)))
        except ValueError:
            return
        since = kept.get("since_ms")
        since_ms = since if isinstance(since, int) else now.utc_ms
        ends_ms = now.mono_ms + self._left_ms(kept, since_ms, now)
        if ends_ms > now.mono_ms:
            self.duty = Duty(self._number, guard, role, since_ms, ends_ms)

    def _left_ms(self, kept: dict[str, object], since_ms: int, now: Moment) -> int:
        ends, whole = kept.get("ends_ms"), self._shift_ms + GRACE_MS
        if kept.get("boot") == self._boot and isinstance(ends, int):
            return min(ends - now.mono_ms, whole)
        if now.clock is ClockState.UNSURE:
            return GRACE_MS
        return min(max(0, since_ms + whole - now.utc_ms), whole)

    @property
    def guard(self) -> str:
        """Staff number of who is on duty, "" for nobody."""
        return "" if self.duty is None else self.duty.guard

    @property
    def name(self) -> str:
        """Masked name of who is on duty, "" when the book has none."""
        known = self._guards.get(self.guard)
        return "" if known is None else known.name

    @property
    def guarded(self) -> bool:
        """Whether a log-in is asked for: the book names somebody."""
        return bool(self._guards)

    def refusal(self, number: int, task: Task) -> str:
        """Return why an order given in spell `number` is not carried out, "" when it is."""
        if not self.guarded:
            return ""
        if self.duty is None:
            return NOBODY
        if number != self.duty.number:
            return LOGGED_OFF
        return "" if may(self.duty.role, task) else NOT_YOUR_ROLE

    def signed(self, action: GuardAction) -> GuardAction | str:
        """Return the order with the role that counts, or why it is not carried out.

        An order has a supervisor's weight only when a second person typed a PIN for it.
        """
        refusal = self.refusal(action.duty, Task.DECIDE)
        if refusal:
            return refusal
        if not action.approver:
            return replace(action, role=DutyRole.GUARD.value)
        if action.approver == self.guard:
            return NO_SECOND
        return replace(action, role=DutyRole.SUPERVISOR.value)

    def logs_in(self, card: bytes, now: Moment) -> bool:
        """Return whether this card was a guard's log-in: nobody was on duty, and now they are."""
        if self.duty is not None or not self.guarded:
            return False
        wanted = card.hex()
        guard = next((one for one in self._guards.values() if one.card == wanted), None)
        if guard is None:
            return False
        fields: dict[str, Json] = {"act": "begin", "guard": guard.number}
        self._recorder.event("shift", {**fields, "role": guard.role.value, "by": "card"}, now)
        self.change(Shift("begin", guard.number, guard.role.value), now)
        return True

    def change(self, shift: Shift, now: Moment) -> None:
        """A guard is on duty from now on, or nobody is."""
        if shift.act == "end":
            self.duty = None
        else:
            self._number += 1
            role = DutyRole(shift.role)
            self.duty = duty.spell(
                self._number,
                shift.guard,
                role,
                utc_ms=now.utc_ms,
                mono_ms=now.mono_ms,
                shift_ms=self._shift_ms,
            )
        self._keep()

    def tick(self, now: Moment) -> None:
        """The book is read again; a spell that is over ends, and that is recorded."""
        self._guards = self._book.guards()
        spell = self.duty
        if spell is None:
            return
        gone = self.guarded and spell.guard not in self._guards
        if not gone and now.mono_ms < spell.ends_ms:
            return
        by = "removed" if gone else "time"
        fields: dict[str, Json] = {"act": "end", "guard": spell.guard, "by": by}
        self._recorder.event("shift", fields, now)
        _log.info("duty.ended", by=by)
        self.duty = None
        self._keep()

    def _keep(self) -> None:
        spell = self.duty
        values: dict[str, Json] = {"number": self._number, "guard": ""}
        if spell is not None:
            values |= {
                "guard": spell.guard,
                "role": spell.role.value,
                "since_ms": spell.since_ms,
                "ends_ms": spell.ends_ms,
                "boot": self._boot,
            }
        try:
            write_small(self._path, values)
        except StoreError as error:
            _log.error("shift.unwritable", problem=str(error))
