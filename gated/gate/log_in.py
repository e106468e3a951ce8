"""A guard's PIN is checked here, on a thread of the screen's server: slow on purpose.

The engine only hears that somebody began duty. Wrong PINs are counted for the whole gate, and a
lock outlives a pulled plug. A PIN typed under duress works as always; the engine is told with it.
"""

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gated.core.duty import DutyRole, Task, Tries, after_wrong, duress_twin, locked_ms, may
from gated.core.model import Moment
from gated.core.reports import Alert, Shift
from gated.errors import StoreError
from gated.gate.duty_desk import NO_SECOND
from gated.gate.events import GUARD_ANSWER_S, Inbox
from gated.gate.report_desk import BUSY, GuardReported
from gated.log import logger
from gated.screen.actions import Credentials
from gated.screen.reports import Answer
from gated.store.guard_book import Guard, GuardBook
from gated.store.small_file import read_small, write_small

LOCK_FILE: Final = "pin-lock"
WRONG: Final = "wrong_pin"
LOCKED: Final = "pin_locked"
DURESS: Final = "GUARD_DURESS"

_log = logger("duty")


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of a staff number and a PIN. guard None: refused; wait_s: until the next try."""

    guard: Guard | None = None
    refusal: str = ""
    wait_s: int = 0
    duress: bool = False


class LogIn:
    """Checks PINs and begins duty. Any thread; one PIN at a time.

    folder: where a lock is remembered. now: the gate's clock.
    """

    def __init__(
        self, book: GuardBook, folder: Path, inbox: Inbox, now: Callable[[], Moment]
    ) -> None:
        self._book = book
        self._path = folder / LOCK_FILE
        self._inbox = inbox
        self._now = now
        self._one = threading.Lock()
        self._tries = self._remembered()

    def guards(self) -> list[dict[str, str]]:
        """Return whom the book names: number, masked name and role, in order of number."""
        return [
            {"number": guard.number, "name": guard.name, "role": guard.role.value}
            for guard in self._book.guards().values()
        ]

    def log_in(self, who: Credentials) -> Answer:
        """The guard is on duty if the PIN is theirs. Blocks for tenths of a second."""
        checked = self.check(who)
        if checked.guard is None:
            return Answer(checked.refusal, wait_s=checked.wait_s)
        return self.begin(checked.guard)

    def begin(self, guard: Guard) -> Answer:
        """The engine has been told that this guard begins duty; what became of it."""
        fields = {"act": "begin", "guard": guard.number, "role": guard.role.value}
        shift = Shift("begin", guard.number, guard.role.value)
        reported = GuardReported(self._now(), "shift", dict(fields), shift=shift, proven=True)
        if not self._inbox.offer(reported):
            return Answer(BUSY)
        try:
            return reported.answer.get(timeout=GUARD_ANSWER_S)
        except queue.Empty:
            return Answer(BUSY)

    def second(self, who: Credentials) -> Checked:
        """Return who approves an order: somebody who may; the engine sees that it is another."""
        checked = self.check(who)
        if checked.guard is not None and not may(checked.guard.role, Task.APPROVE):
            return Checked(refusal=NO_SECOND)
        return checked

    def check(self, who: Credentials) -> Checked:
        """Return whose PIN this is. A wrong number and a wrong PIN look alike."""
        with self._one:
            now_ms = self._now().mono_ms
            left_ms = locked_ms(self._tries, now_ms)
            if left_ms:
                return Checked(refusal=LOCKED, wait_s=-(-left_ms // 1000))
            guard, duress = self._whose(who.guard, who.pin)
            if guard is None:
                return self._wrong(now_ms)
            if self._tries != Tries():
                self._tries = Tries()
                self._remember()
        if duress:
            self._alarm()
        return Checked(guard, duress=duress)

    def _whose(self, number: str, pin: str) -> tuple[Guard | None, bool]:
        # Nobody's number takes as long as a wrong PIN: a clock tells nothing about who exists.
        nobody = Guard(number, DutyRole.GUARD, salt="00", hash="00")
        guard = self._book.guards().get(number, nobody)
        if self._book.is_pin(guard, pin):
            return guard, False
        if self._book.is_pin(guard, duress_twin(pin)):
            return guard, True
        return None, False

    def _wrong(self, now_ms: int) -> Checked:
        before = self._tries
        self._tries = after_wrong(before, now_ms)
        left_ms = locked_ms(self._tries, now_ms)
        if not left_ms:
            return Checked(refusal=WRONG)
        self._remember()
        _log.warning("duty.locked", seconds=left_ms // 1000, locks=self._tries.locks)
        self._inbox.offer(GuardReported(self._now(), "shift", {"act": "locked", "guard": ""}))
        return Checked(refusal=LOCKED, wait_s=left_ms // 1000)

    def _alarm(self) -> None:
        alert = Alert(DURESS)
        self._inbox.put(GuardReported(self._now(), "alert", {"code": alert.code}))

    def _remembered(self) -> Tries:
        """A gate that was locked when its plug was pulled is locked again for as long."""
        kept = read_small(self._path).get("locks")
        if not isinstance(kept, int) or kept <= 0:
            return Tries()
        return locked_again(kept, self._now().mono_ms)

    def _remember(self) -> None:
        try:
            write_small(self._path, {"locks": self._tries.locks})
        except StoreError as error:
            _log.error("duty.lock_unwritable", problem=str(error))


def locked_again(locks: int, now_ms: int) -> Tries:
    """Return the tries of a gate whose last lock was the given one, as if it began now."""
    tries = Tries(locks=locks - 1)
    while not locked_ms(tries, now_ms):
        tries = after_wrong(tries, now_ms)
    return tries
