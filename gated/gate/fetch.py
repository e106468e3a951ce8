"""Carries out what core/replica.py orders: writes chunks, proves the file, hands it to the engine.

Changes that lead from what is served to what is offered come inside the manifest and are handed on
at once; only a gate they do not reach fetches the whole list, some time within a minute.

Lives on the uplink's thread. Part files lie in one folder of the store, on the same card as the
roster, so that the switch is a rename. Nothing is served from here: a list that fails any check
is deleted and the old one keeps serving. A card that takes no list ends nothing either: what was
written is deleted and the list is fetched again later, with rising patience.
"""

import contextlib
import errno
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from gated.contract.bundle import CHUNK_BYTES, Holding, Manifest, leads_on, verify_manifest
from gated.contract.messages import Block, Fetching
from gated.core import replica
from gated.core.replica import Ask, Begin, Install, Offer, Reject, VerifyFile, WriteChunk
from gated.core.trust import TrustTable
from gated.errors import BundleRejected
from gated.gate.proof import patch_of, prove
from gated.gate.uplink_events import RosterChanged, RosterFetched, RosterRefused, UplinkEvent
from gated.log import logger
from gated.store.overlay import PEOPLE_MAX

RETRY_MS: Final = 60_000
RETRY_MAX_MS: Final = 3_600_000
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
_log = logger("uplink")


@dataclass(frozen=True, slots=True)
class HeldRoster:
    """What a gate serves now. kid: who signed it; ratchet: highest revision under each key.

    line: who numbered it, 0 when no changes may lead on from it. file_rev: of the file below the
    changes; changed: how many people those concern.
    """

    rev: int = 0
    kid: str = ""
    ratchet: dict[str, int] = field(default_factory=dict)
    line: int = 0
    file_rev: int = 0
    changed: int = 0


@dataclass(slots=True)
class _Retry:
    """A list the card or the engine could not take. due_ms: monotonic; None: nothing is due."""

    rev: int = 0
    failures: int = 0
    due_ms: int | None = None


class Fetcher:
    """The roster replica of one gate. What an earlier program left half-fetched is deleted.

    ask: sends Get(tag, start, count). held: what is served now, called on this thread.
    now_ms: UTC for signatures' validity, None while the clock is unsure. busy: events wait, so
    fewer chunks are asked for at once. spread_ms: a new offer is fetched some time within this.
    """

    def __init__(
        self,
        folder: Path,
        roster: str,
        trust: TrustTable,
        *,
        ask: Callable[[Ask], None],
        emit: Callable[[UplinkEvent], None],
        held: Callable[[], HeldRoster],
        now_ms: Callable[[], int | None],
        spread_ms: int = 0,
    ) -> None:
        self._part = folder / "incoming.part"
        self._folder = folder
        self._roster = roster
        self._trust = trust
        self._ask = ask
        self._emit = emit
        self._held = held
        self._now_ms = now_ms
        self._spread_ms = spread_ms
        self._state = replica.State()
        self._manifest: Manifest | None = None
        self._handed_rev = 0
        self._payload = b""  # the manifest that was believed last
        self._targets = 0
        self._retry = _Retry()
        self._told: tuple[int, str] | None = None
        for left in folder.glob("incoming[.-]*"):
            _delete(left)

    @property
    def wake_at_ms(self) -> int | None:
        """When tick() is due, monotonic ms."""
        due = (replica.wake_at_ms(self._state), self._retry.due_ms)
        return min((at for at in due if at is not None), default=None)

    def tick(self, now_ms: int, roll: float, ask_limit: int) -> None:
        """Deadlines were looked at; a list that is to be tried again is."""
        if self._retry.due_ms is not None and self._retry.due_ms <= now_ms:
            self._retry.due_ms = None
            self.offered(self._payload, now_ms, roll)
        self.feed(replica.Elapsed(), now_ms, roll, ask_limit)

    def disconnected(self, now_ms: int, roll: float) -> None:
        """Nothing can be asked; what the next connection offers is judged afresh."""
        self._handed_rev = 0
        self.feed(replica.Disconnected(), now_ms, roll)

    def not_installed(self, rev: int, now_ms: int) -> None:
        """The engine could not switch to the list it was handed: it is fetched again later."""
        if rev == self._handed_rev:
            self._handed_rev = 0
            for left in self._folder.glob(f"incoming-{rev}-*.db"):
                _delete(left)
            self._try_later(rev, now_ms)

    def offered(self, payload: bytes, now_ms: int, roll: float) -> None:
        """A manifest arrived: refused with its code, or its roster is on its way."""
        held = self._held()
        utc_ms = self._now_ms()
        holding = Holding(self._roster, held.rev, held.kid, held.ratchet, utc_ms, held.line)
        try:
            manifest = verify_manifest(payload, self._trust, holding)
        except BundleRejected as error:
            self._refuse(payload, held, error)
            return
        if manifest.rev <= self._handed_rev:
            return  # handed to the engine already; it will serve soon
        if self._retry.due_ms is not None and manifest.rev <= self._retry.rev:
            return  # tried again when its time has come
        self._payload = payload
        if leads_on(manifest, holding):
            self._hand_changes(manifest)
            if held.changed <= PEOPLE_MAX or manifest.snap_rev <= held.file_rev:
                return
        snap = manifest.snap
        offer = Offer(manifest.rev, snap.tag, snap.n, bytes.fromhex(snap.chunks_sha))
        former = self._state.offer
        if former is None or former.rev < manifest.rev:
            self._manifest = manifest
            self.feed(replica.Offered(offer, self._spread_ms), now_ms, roll)

    @property
    def fetching(self) -> Fetching | None:
        """How far the list is that comes in now, for people; None when none does."""
        offer = self._state.offer
        if offer is None:
            return None
        return Fetching(rev=offer.rev, have=self._state.have.bit_count(), n=offer.chunks)

    def arrived(self, payload: bytes, now_ms: int, roll: float, ask_limit: int) -> None:
        """A block came in. Raises ContractError when it is none."""
        block = Block.decode(payload)
        self.feed(replica.Arrived(block.tag, block.index, block.data), now_ms, roll, ask_limit)

    def feed(
        self, event: replica.Event, now_ms: int, roll: float, ask_limit: int = replica.ASK_MAX
    ) -> None:
        """The machine saw this event and its orders were carried out. Verifying blocks."""
        pending = [event]
        while pending:
            self._state, effects = replica.step(self._state, pending.pop(), now_ms, roll, ask_limit)
            try:
                for effect in effects:
                    answer = self._perform(effect)
                    if answer is not None:
                        pending.append(answer)
            except OSError as error:
                self._put_off("no_space" if error.errno in _FULL else "unwritable", now_ms)

    def _put_off(self, code: str, now_ms: int) -> None:
        """The card took no list: what was written is gone, people hear of it once."""
        assert self._manifest is not None, "only a list that was offered is written"
        rev = self._manifest.rev
        former = self._state
        self._state = replica.State(connected=former.connected, quarantine=former.quarantine)
        _delete(self._part)
        self._try_later(rev, now_ms)
        _log.error("uplink.roster_put_off", rev=rev, code=code, failures=self._retry.failures)
        if self._told != (rev, code):
            self._told = (rev, code)
            self._emit(RosterRefused(rev, code))

    def _try_later(self, rev: int, now_ms: int) -> None:
        failures = self._retry.failures if self._retry.rev == rev else 0
        wait_ms = min(RETRY_MS << min(failures, 8), RETRY_MAX_MS)
        self._retry = _Retry(rev, failures + 1, now_ms + wait_ms)

    def _refuse(self, payload: bytes, held: HeldRoster, error: BundleRejected) -> None:
        """Tell people, unless it is only the list this gate serves, offered again."""
        rev = _claimed_rev(payload)
        if error.code == "not_newer" and rev in (held.rev, self._handed_rev):
            return
        _log.warning("uplink.roster_refused", rev=rev, code=error.code)
        self._emit(RosterRefused(rev, error.code))

    def _hand_changes(self, manifest: Manifest) -> None:
        """Nothing is fetched: the manifest says all that is different from what is served."""
        patch = patch_of(manifest)
        assert patch is not None, "only a delta leads on"
        self._handed_rev = manifest.rev
        _log.info("uplink.roster_changes", rev=patch.rev, people=len(patch.changes))
        self._emit(RosterChanged(patch))

    def _perform(self, effect: replica.Effect) -> replica.Event | None:
        match effect:
            case Begin(offer):
                _log.info("uplink.roster_fetching", rev=offer.rev, chunks=offer.chunks)
                self._part.write_bytes(b"")
            case Ask():
                self._ask(effect)
            case WriteChunk(index, data):
                with self._part.open("r+b") as part:
                    part.seek(index * CHUNK_BYTES)
                    part.write(data)
            case VerifyFile():
                return replica.Verified(self._verify())
            case Install():
                pass  # _verify handed the file over: it alone knows its digest
            case Reject(offer, code):
                _log.error("uplink.roster_rejected", rev=offer.rev, code=code)
                self._emit(RosterRefused(offer.rev, code))
        return None

    def _verify(self) -> str:
        """Hand the finished file to the engine and return "", or delete it and return why."""
        manifest = self._manifest
        assert manifest is not None, "a file is verified only for a manifest"
        self._targets += 1  # one handed over before may be being switched to at this moment
        target = self._folder / f"incoming-{manifest.rev}-{self._targets}.db"
        try:
            info = prove(self._part, target, manifest)
        except BundleRejected as error:
            _delete(target)
            return error.code
        except OSError:
            _delete(target)
            raise
        finally:
            _delete(self._part)
        self._handed_rev = manifest.rev
        self._told = None
        self._emit(
            RosterFetched(
                path=target,
                info=info,
                kid=manifest.kid,
                rev=manifest.rev,
                made_utc_ms=manifest.made,
                not_after_utc_ms=manifest.not_after,
                line=manifest.line or 0,
                patch=patch_of(manifest) if manifest.snap_rev < manifest.rev else None,
            )
        )
        return ""


def _delete(path: Path) -> None:
    """The file is gone, unless the card refuses even that; the next start tries again."""
    with contextlib.suppress(OSError):
        path.unlink()


def _claimed_rev(payload: bytes) -> int:
    """Return the revision an untrusted manifest claims, for the notice only; 0 when unreadable."""
    with contextlib.suppress(ValueError):
        return Manifest.decode(payload).rev
    return 0
