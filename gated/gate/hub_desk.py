"""The engine's side of the hub: watermarks kept, rosters switched, the link known.

Engine thread only; the uplink runs on its own thread and speaks through the inbox.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from gated.core.canonical import Json
from gated.core.facts import Policy
from gated.core.model import ClockState, Moment
from gated.errors import BundleRejected, StoreError
from gated.gate.fetch import HeldRoster
from gated.gate.health import Health, PartState
from gated.gate.hub_contact import FILE_NAME, HubContact
from gated.gate.recorder import Recorder
from gated.gate.uplink_events import (
    EventsParked,
    LinkChanged,
    LinkState,
    RosterChanged,
    RosterFetched,
    RosterRefused,
    SyncAlarm,
    WatermarkAcknowledged,
)
from gated.log import logger
from gated.screen.snapshot import LinkView
from gated.store.journal import Journal
from gated.store.overlay import Patch
from gated.store.roster import LOCAL, Roster, RosterStore

# Nobody can tell how old the list is: then it counts as too old.
UNKNOWN_AGE_H = Policy().roster_degrade_h

_HEALED_BY_THE_LINK = frozenset({"not_authorised", "taken_over"})

HOUR_MS = 3_600_000

_log = logger("hub_desk")


class Reporter(Protocol):
    """What the desk tells the uplink; any thread."""

    def journal_grew(self) -> None:
        """There are new records to send."""

    def report(self, status: dict[str, object]) -> None:
        """Send this as the gate's status message."""

    def roster_not_installed(self, rev: int) -> None:
        """A fetched list could not be switched to: fetch it again later."""


@dataclass(slots=True)
class _Link:
    """since_ms None: not asked yet. alarm: what the uplink found that a person must know."""

    state: LinkState = LinkState.OFFLINE
    since_ms: int | None = None
    alarm: str = ""


class HubDesk:
    """Keeps the journal's watermark and the roster pointer. reporter None: a gate without hub."""

    def __init__(
        self,
        journal: Journal,
        rosters: RosterStore,
        recorder: Recorder,
        health: Health,
        reporter: Callable[[], Reporter | None],
    ) -> None:
        self._journal = journal
        self._rosters = rosters
        self._recorder = recorder
        self._health = health
        self._reporter = reporter
        self._link = _Link()
        self._roster: Roster | None = None
        self._kid = ""
        self._unstored: WatermarkAcknowledged | None = None
        self._reported: dict[str, object] = {}
        self._held = HeldRoster()
        self._contact = HubContact(rosters.folder / FILE_NAME, journal.boot)
        self.guard = ""  # staff number of who is on duty, told with the status
        self.mode = "normal"  # likewise

    @property
    def folder(self) -> Path:
        """Where journal and lists lie."""
        return self._rosters.folder

    @property
    def unclean_start(self) -> bool:
        """Whether the journal was not closed in order before this start."""
        return self._journal.unclean

    @property
    def online(self) -> bool:
        """Whether records reach the hub now; a gate without hub is never online."""
        return self._link.state is LinkState.ONLINE

    @property
    def held(self) -> HeldRoster:
        """What is served now, for the uplink's thread: replaced whole, never changed."""
        return self._held

    @property
    def roster_rev(self) -> int:
        """Revision of the list that serves, 0 for none."""
        return 0 if self._roster is None else self._roster.rev

    @property
    def acked(self) -> int:
        """Number of the newest record the hub has acknowledged, with every one before it."""
        return self._journal.acked

    @property
    def last_seq(self) -> int:
        """Number of the newest record."""
        return self._journal.last_seq

    def roster_made_h(self, now: Moment) -> int | None:
        """Return hours since the list that serves was made; None: no list, or no clock."""
        if self._roster is None or now.clock is ClockState.UNSURE:
            return None
        return max(0, now.utc_ms - self._roster.made_utc_ms) // HOUR_MS

    def roster_age_h(self, now: Moment) -> int | None:
        """Return hours since the hub last stood behind the list; None when that means nothing.

        A list imported at the gate itself does not age. While nobody vouches for the time, the
        hours since the hub was last seen in this boot count; if it was not, the list is too old.
        """
        if self._roster is None or self._kid == LOCAL or self.online:
            return None
        age_h = self._contact.age_h(now, self._roster.made_utc_ms)
        return UNKNOWN_AGE_H if age_h is None else age_h

    def roster_of_the_moment(self, now: Moment) -> Roster | None:
        """Return the list that serves; another process may have installed a newer one."""
        before = self._roster
        try:
            if before is not None and not self._rosters.changed():
                return before
            self._roster = self._rosters.current()
            self._note_held()
        except StoreError as error:
            self._health.set("roster", "fail", str(error))
            return self._roster
        if self._roster is None:
            detail = self._rosters.problem or "no list has been imported"
            remedy = "gated roster import FILE, or push one from the hub"
            self._health.set("roster", "fail", detail, remedy)
        else:
            state: PartState = "warn" if self._rosters.problem else "ok"
            self._health.set("roster", state, self._rosters.problem or self._summary())
        if self._roster is not None and self._roster is not before:
            fields: dict[str, Json] = {"rev": self.roster_rev, "persons": self._roster.persons}
            self._recorder.event("roster_switched", fields, now)
            _log.info("roster.switched", rev=self.roster_rev, persons=self._roster.persons)
            self._reported = {}  # the uplink wakes and tells the hub which list serves
        self.report()
        return self._roster

    def link(self, now: Moment) -> LinkView:
        """Return the header's badge."""
        backlog = max(0, self._journal.last_seq - self._journal.acked)
        if self._reporter() is None:
            return LinkView("none", 0, backlog)
        if self._link.since_ms is None:
            self._link.since_ms = now.mono_ms
        since_s = max(0, now.mono_ms - self._link.since_ms) // 1000
        return LinkView(self._link.state.value, since_s, backlog)

    def tick(self, now: Moment) -> None:
        """Once a second: note that the hub is there; tell the uplink how the gate is."""
        if self.online:
            self._contact.confirm(now)
        self.report()

    def stop(self) -> None:
        """When the hub was last seen is on the card, for the next start."""
        self._contact.write()

    def report(self) -> None:
        """Tell the uplink how the gate is, if that changed."""
        if self._unstored is not None:
            self._store(self._unstored)
        reporter = self._reporter()
        if reporter is None:
            return
        status: dict[str, object] = {
            "mode": self.mode,
            "faults": sorted(self._health.faults()),
            "guard": self.guard,
        }
        if status != self._reported:
            self._reported = status
            reporter.report(status)

    def handle(self, event: object, now: Moment) -> bool:
        """Carry out one word of the uplink; return whether the screen may have changed."""
        match event:
            case WatermarkAcknowledged():
                self._store(event)
            case LinkChanged():
                self._changed(event, now)
            case RosterFetched():
                self._switch(event, now)
            case RosterChanged():
                self._change(event.patch, now)
            case RosterRefused():
                _log.warning("roster.refused", rev=event.rev, code=event.code)
                fields: dict[str, Json] = {"code": "DEV_BUNDLE_REJECTED", "state": "since"}
                more: dict[str, Json] = {"part": "roster", "rev": event.rev, "why": event.code}
                self._recorder.event("device", fields | more, now)
            case EventsParked():
                self._park(event)
            case SyncAlarm():
                self._link.alarm = event.code
                self._show_hub()
                _log.error("sync.alarm", code=event.code)
            case _:
                return False
        return True

    def _store(self, acknowledged: WatermarkAcknowledged) -> None:
        """Keep the watermark; one that cannot be written is tried again with the next report.

        Nothing is lost meanwhile: after a restart the hub says again how far it has come.
        """
        try:
            self._journal.store_watermark(acknowledged.upto, acknowledged.hubgen)
        except StoreError as error:
            if self._unstored is None:
                _log.error("watermark.unwritable", problem=str(error))
            self._unstored = acknowledged
            return
        self._unstored = None
        if self._link.alarm:  # records move on again, so it was settled
            self._link.alarm = ""
            self._show_hub()

    def _park(self, parked: EventsParked) -> None:
        _log.error("records.parked", count=len(parked.seqs), code=parked.code)
        try:
            self._journal.park_all(parked.seqs, parked.code)
        except StoreError as error:
            _log.error("parked.not_stored", problem=str(error))

    def _changed(self, event: LinkChanged, now: Moment) -> None:
        before = self._link.state
        if event.state is before:
            return
        if LinkState.ONLINE in (before, event.state):
            self._contact.confirm(now)
            self._contact.write()
        self._link.state, self._link.since_ms = event.state, now.mono_ms
        reached = event.state is not LinkState.OFFLINE
        remedy = "nothing to do, records wait"
        self._health.set(
            "broker",
            "ok" if reached else "warn",
            "" if reached else "no link",
            "" if reached else remedy,
        )
        if self.online and self._link.alarm in _HEALED_BY_THE_LINK:
            self._link.alarm = ""
        self._show_hub()
        _log.info("link.changed", state=event.state.value)
        code = "DEV_LINK_UP" if self.online else "DEV_LINK_DOWN"
        if self.online or before is LinkState.ONLINE:
            self._recorder.device(code, "since", "hub", now)

    def _show_hub(self) -> None:
        """An alarm stays until it is settled; the state of the link does not hide it."""
        if self._link.alarm:
            self._health.set("hub", "fail", self._link.alarm, "ask the technician")
        else:
            self._health.set("hub", "ok" if self.online else "warn", self._link.state.value)

    def _switch(self, event: RosterFetched, now: Moment) -> None:
        try:
            self._rosters.install(
                event.path,
                event.info,
                event.kid,
                event.rev,
                event.info.sha256,
                line=event.line,
                patch=event.patch,
            )
        except BundleRejected as rejected:
            self._discard(event.path)
            self.handle(RosterRefused(event.rev, rejected.code), now)
        except StoreError as error:
            self._discard(event.path)
            self._not_installed(event.rev, error)

    def _change(self, patch: Patch, now: Moment) -> None:
        try:
            self._rosters.apply(patch)
        except BundleRejected as rejected:
            self.handle(RosterRefused(patch.rev, rejected.code), now)
            self._try_again(patch.rev)
        except StoreError as error:
            self._not_installed(patch.rev, error)

    def _not_installed(self, rev: int, error: StoreError) -> None:
        """The old list keeps serving; people hear why."""
        serving: PartState = "fail" if self._roster is None else "warn"
        remedy = "tried again by itself; free space or change the card if it stays"
        self._health.set("roster", serving, f"new list not installed: {error}", remedy)
        _log.error("roster.not_installed", rev=rev, problem=str(error))
        self._try_again(rev)

    def _try_again(self, rev: int) -> None:
        reporter = self._reporter()
        if reporter is not None:
            reporter.roster_not_installed(rev)

    def _discard(self, path: Path) -> None:
        with suppress(OSError):  # the uplink clears what is left at its next start
            path.unlink(missing_ok=True)

    def _note_held(self) -> None:
        serving = self._rosters.generations()
        kids = {generation.kid for generation in serving}
        ratchet = {kid: self._rosters.ratchet(kid) for kid in kids}
        roster = self._roster
        own = next((g for g in serving if roster and g.file == roster.path.name), None)
        self._kid = "" if own is None else own.kid
        if roster is None or own is None:
            self._held = HeldRoster(0, "", ratchet)
            return
        # Only the newest file may be changed: while the one before serves, a whole list is needed.
        line = own.line if own is serving[0] else 0
        changed = len(roster.changes.people)
        self._held = HeldRoster(roster.rev, own.kid, ratchet, line, own.rev, changed)

    def _summary(self) -> str:
        assert self._roster is not None, "asked only with a list"
        return f"revision {self._roster.rev}, {self._roster.persons} persons"
