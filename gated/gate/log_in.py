"""A guard's PIN is checked here, on a thread of the screen's server: slow on purpose.

The engine only hears that somebody began duty. Each door, the kiosk and the network, counts its
own wrong PINs, and a lock outlives a pulled plug. A PIN typed under duress works as always; the
engine is told with it.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Final

from gated.core.canonical import Json
from gated.core.duty import (
    DutyRole,
    Task,
    Tries,
    after_right,
    after_wrong,
    duress_twin,
    lock_lasts_ms,
    locked_ms,
    may,
)
from gated.core.model import ClockState, Moment
from gated.core.reports import Alert, Shift
from gated.errors import StoreError
from gated.gate.events import Inbox, answer_of
from gated.gate.report_desk import ALERT, GuardReported
from gated.log import logger
from gated.screen.actions import Credentials
from gated.screen.desks import KnownGuard, Proof
from gated.screen.refusals import BUSY, NO_BOOK, NO_SECOND, PIN_LOCKED, WRONG_PIN
from gated.screen.reports import Answer
from gated.store.guard_book import Guard, GuardBook
from gated.store.small_file import read_small, write_small

DURESS: Final = "GUARD_DURESS"

_log = logger("duty")


class Door(Enum):
    """Where PINs are typed: the file that remembers its lock, and what the centre is told."""

    KIOSK = ("pin-lock", "LOG_IN_LOCKED")
    NETWORK = ("pin-lock-network", "LOG_IN_LOCKED_NETWORK")


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of a staff number and a PIN. guard None: refused; wait_s: until the next try."""

    guard: Guard | None = None
    refusal: str = ""
    wait_s: int = 0
    duress: bool = False


class LogIn:
    """Checks PINs and begins duty. Any thread; one PIN at a time.

    folder: where a lock is remembered. now: the gate's clock. door: whose wrong PINs these are.
    """

    def __init__(
        self,
        book: GuardBook,
        folder: Path,
        inbox: Inbox,
        now: Callable[[], Moment],
        door: Door = Door.KIOSK,
    ) -> None:
        self._book = book
        lock_file, self._locked_code = door.value
        self._path = folder / lock_file
        self._inbox = inbox
        self._now = now
        self._one = threading.Lock()
        kept = read_small(self._path)
        self._tries = restored(kept, now())
        # Whether the card knows that the last lock is over.
        self._over = not self._tries.locks or kept.get("over") == 1

    def guards(self) -> list[dict[str, str]]:
        """Return whom the book names: number, masked name and role, in order of number."""
        return [
            {"number": guard.number, "name": guard.name, "role": guard.role.value}
            for guard in self._book.guards().values()
        ]

    def known(self, number: str) -> KnownGuard | None:
        """Return the guard of this number as the book has them now, None for nobody."""
        guard = self._book.guards().get(number)
        return None if guard is None else _known(guard)

    def prove(self, who: Credentials) -> Proof:
        """Return whose PIN this is; nobody begins duty. Blocks for tenths of a second."""
        if not self._book.guards():
            return Proof(refusal=NO_BOOK)
        checked = self.check(who)
        if checked.guard is None:
            return Proof(refusal=checked.refusal, wait_s=checked.wait_s)
        return Proof(_known(checked.guard))

    def begin_duty(self, number: str) -> Answer:
        """Return whether the guard of this number, who has proven to be there, is on duty now.

        They relieve nobody: the engine refuses while somebody is on duty.
        """
        guard = self._book.guards().get(number)
        return Answer(WRONG_PIN) if guard is None else self.begin(guard, vacant=True)

    def log_in(self, who: Credentials) -> Answer:
        """The guard is on duty if the PIN is theirs. Blocks for tenths of a second."""
        checked = self.check(who)
        if checked.guard is None:
            return Answer(checked.refusal, wait_s=checked.wait_s)
        return self.begin(checked.guard)

    def begin(self, guard: Guard, *, vacant: bool = False) -> Answer:
        """The engine has been told that this guard begins duty; what became of it.

        vacant: only while nobody is on duty.
        """
        fields = {"act": "begin", "guard": guard.number, "role": guard.role.value}
        shift = Shift("begin", guard.number, guard.role.value)
        reported = GuardReported(
            self._now(), "shift", dict(fields), shift=shift, proven=True, vacant=vacant
        )
        return answer_of(self._inbox, reported, reported.answer, Answer(BUSY))

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
                return Checked(refusal=PIN_LOCKED, wait_s=-(-left_ms // 1000))
            if not self._over:
                self._over = True
                self._remember()
            guard, duress = self._whose(who.guard, who.pin)
            if guard is None:
                return self._wrong(who.guard, now_ms)
            self._tries = after_right(self._tries, guard.number)
        if duress:
            self._tell(DURESS, guard.number)
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

    def _wrong(self, number: str, now_ms: int) -> Checked:
        self._tries = after_wrong(self._tries, now_ms, number)
        left_ms = locked_ms(self._tries, now_ms)
        if not left_ms:
            return Checked(refusal=WRONG_PIN)
        self._over = False
        self._remember()
        _log.warning("duty.locked", seconds=left_ms // 1000, locks=self._tries.locks)
        self._tell(self._locked_code, "")
        return Checked(refusal=PIN_LOCKED, wait_s=left_ms // 1000)

    def _tell(self, code: str, number: str) -> None:
        """The centre hears of it. number: whose PIN it was, "" for nobody's."""
        alert = Alert(code)
        self._inbox.put(GuardReported(self._now(), ALERT, {"code": alert.code, "guard": number}))

    def _remember(self) -> None:
        now, tries = self._now(), self._tries
        until_ms = now.utc_ms + tries.locked_until_ms - now.mono_ms
        kept: dict[str, Json] = {
            "locks": tries.locks,
            "until_ms": until_ms,
            "over": int(self._over),
        }
        try:
            write_small(self._path, kept)
        except StoreError as error:
            _log.error("duty.lock_unwritable", problem=str(error))


def _known(guard: Guard) -> KnownGuard:
    return KnownGuard(guard.number, guard.name, guard.role.value, mark=guard.hash)


def restored(kept: dict[str, object], now: Moment) -> Tries:
    """Return the tries of a gate that comes back from a pulled plug with this lock file.

    A lock goes on until its end; with an unsure clock it begins again, unless it is known to be
    over. A file without an end, or a strange one, is none.
    """
    locks, until_ms = kept.get("locks"), kept.get("until_ms")
    if type(locks) is not int or locks <= 0 or type(until_ms) is not int:
        return Tries()
    lasts_ms = lock_lasts_ms(locks)
    left_ms = lasts_ms if now.clock is ClockState.UNSURE else min(until_ms - now.utc_ms, lasts_ms)
    if kept.get("over") == 1:
        left_ms = min(left_ms, 0)
    return Tries((), now.mono_ms + left_ms, locks)
