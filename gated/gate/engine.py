"""The one thread that decides: inbox event -> pure session -> effects, in order.

Owns the session's state and everything that writes the journal. For each effect the order is
fixed: record first, then show. What is shown was committed before (design decision 14 is the one
exception, and then the screen says so).
"""

import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import date
from zoneinfo import ZoneInfo

from gated.config import GateSection, VisitSection
from gated.core import session
from gated.core.canonical import Json
from gated.core.facts import Policy
from gated.core.model import (
    ClockState,
    Direction,
    GuardAction,
    Holder,
    Moment,
    TemperatureState,
)
from gated.core.visit import (
    CredentialSeen,
    Effect,
    Elapsed,
    Event,
    FollowUp,
    GuardActed,
    Record,
    Show,
    Surroundings,
    VerdictView,
)
from gated.errors import StoreError
from gated.gate.decision_log import log_decision
from gated.gate.duty_desk import DutyDesk
from gated.gate.events import (
    GUARD_ANSWER_S,
    CardRejected,
    CardSeen,
    CodeSeen,
    DeviceChanged,
    GuardPressed,
    Inbox,
    LaneMark,
    SampleTaken,
)
from gated.gate.faults import Faults
from gated.gate.health import Health, note_power
from gated.gate.hub_desk import HubDesk
from gated.gate.message_desk import MessageDesk
from gated.gate.presenter import Presenter, Status
from gated.gate.recorder import Recorded, Recorder
from gated.gate.report_desk import GuardReported, ReportDesk
from gated.gate.resolver import Resolver, local
from gated.gate.retention import Retention
from gated.gate.thermometer_desk import ThermometerDesk
from gated.gate.timings import timings
from gated.gate.uplink_events import CommandArrived
from gated.log import logger
from gated.process.clock import SystemClock
from gated.screen.feed import Feed
from gated.store.journal_reader import JournalReader

TICK_MS = 1_000  # clock on the screen, retries of the journal, look for a new roster

_log = logger("engine")


@dataclass(slots=True)
class Desks:
    """The engine's helpers; made on the engine's own thread because they own databases."""

    recorder: Recorder
    resolver: Resolver
    hub: HubDesk
    thermometer: ThermometerDesk | None
    retention: Retention
    reader: JournalReader
    duty: DutyDesk
    reports: ReportDesk
    messages: MessageDesk
    closing: ExitStack = field(default_factory=ExitStack)


class Engine:
    """A Worker. open_desks is called on the engine's thread before the first event."""

    name = "engine"

    def __init__(
        self,
        gate: GateSection,
        visit: VisitSection,
        inbox: Inbox,
        feed: Feed,
        health: Health,
        open_desks: Callable[[], Desks],
        mark: LaneMark,
    ) -> None:
        self._gate = gate
        self._mark = mark
        self._inbox = inbox
        self._feed = feed
        self._health = health
        self._open_desks = open_desks
        self._timings = timings(visit)
        self._timezone = ZoneInfo(gate.timezone)
        self._clock = SystemClock(trusted=gate.clock == "trusted")
        self._presenter = Presenter(gate, health)
        self._policy: Policy | None = Policy()
        self._state: session.State = session.Idle()
        self._desks: Desks | None = None
        self._faults: Faults | None = None
        self._carried: GuardAction | None = None  # the order behind the newest record, if any
        self._next_tick_ms = 0
        self._decided: list[tuple[Record, Recorded]] = []
        self.ready = threading.Event()
        self.start_error: StoreError | None = None
        self.beat_ms = 0

    def run(self, stop: threading.Event) -> None:
        """Take events until `stop`; then give the databases back.

        Returns at once, with `start_error` set, when a database cannot be opened.
        """
        try:
            desks = self._open_desks()
        except StoreError as error:
            self.start_error = error
            return
        self._desks = desks
        self._faults = Faults(self._health, desks.recorder, desks.hub.folder)
        with desks.closing:
            self._look_back(desks)
            self._begin(self._clock.now())
            self.ready.set()
            while not stop.is_set():
                now = self._clock.now()
                self.beat_ms = now.mono_ms
                event = self._inbox.take(self._pause_s(now))
                now = self._clock.now()
                if event is not None:
                    self._handle(event, now)
                self._expire(now)
            desks.hub.stop()

    def interrupt(self) -> None:
        """Wake the engine so that it sees the stop flag."""
        self._inbox.offer(None)

    # -- time -----------------------------------------------------------------------------------

    def _pause_s(self, now: Moment) -> float:
        deadlines = [self._next_tick_ms]
        due = session.next_deadline_ms(self._state)
        if due is not None:
            deadlines.append(due)
        return max(0, min(deadlines) - now.mono_ms) / 1000

    def _expire(self, now: Moment) -> None:
        due = session.next_deadline_ms(self._state)
        if due is not None and due <= now.mono_ms:
            self._feed_session(Elapsed(), now, now)
        if now.mono_ms >= self._next_tick_ms:
            self._tick(now)

    def _tick(self, now: Moment) -> None:
        self._next_tick_ms = now.mono_ms + TICK_MS
        desks = self._at_work()
        desks.recorder.retry()
        faults = self._watched()
        faults.storage(desks.recorder.held, now)
        faults.clock(now)
        if desks.thermometer is not None:
            desks.thermometer.note_calibration(self._health, self._today(now))
        note_power(self._health)
        self._forget(desks.retention, now)
        desks.resolver.roster = desks.hub.roster_of_the_moment(now)
        faults.note("DEV_ROSTER_STALE", "roster", now, failing=self._roster_stale(now))
        desks.duty.tick(now)
        desks.hub.guard = desks.duty.guard
        desks.hub.tick(now)
        self._publish(now)

    def _begin(self, now: Moment) -> None:
        self._at_work().duty.restore(now)
        self._at_work().hub.guard = self._at_work().duty.guard
        if self._at_work().hub.unclean_start:
            self._at_work().recorder.device("DEV_UNCLEAN_START", "since", "storage", now)
        self._tick(now)

    def _look_back(self, desks: Desks) -> None:
        try:
            self._presenter.passages.warm(desks.reader)
        except StoreError as error:  # guards do without; a damaged journal is told elsewhere
            _log.warning("engine.no_look_back", problem=str(error))

    def _roster_stale(self, now: Moment) -> bool:
        age_h = self._at_work().hub.roster_age_h(now)
        return age_h is not None and age_h >= (self._policy or Policy()).roster_degrade_h

    # -- events ---------------------------------------------------------------------------------

    def _handle(self, event: object, now: Moment) -> None:
        desks = self._at_work()
        match event:
            case CardSeen():
                self._card(desks.resolver.card(event), event.at, now)
            case CodeSeen():
                self._credential(CredentialSeen(desks.resolver.code(event)), event.at, now)
            case CardRejected():
                self._credential(CredentialSeen(desks.resolver.rejected(event)), event.at, now)
            case SampleTaken() if desks.thermometer is not None:
                today = self._today(now)
                for outcome in desks.thermometer.sampled(event.sample, today):
                    self._feed_session(outcome, event.at, now)
            case GuardPressed():
                self._guard(event, now)
            case DeviceChanged():
                self._device(event, now)
            case _:
                self._told(event, now)

    def _told(self, event: object, now: Moment) -> None:
        """Take what is about no visit: a guard's report, an order, a word of the uplink."""
        desks = self._at_work()
        match event:
            case GuardReported(visit=visit):
                desks.reports.take(event, self._presenter.person(visit), now)
                desks.hub.guard = desks.duty.guard
            case CommandArrived():
                desks.messages.arrived(event, now)
            case _ if desks.hub.handle(event, now):
                desks.resolver.roster = desks.hub.roster_of_the_moment(now)
            case _:
                return
        self._publish(now)

    def _card(self, holder: Holder, at: Moment, now: Moment) -> None:
        if self._at_work().duty.logs_in(holder.credential.ref, now):
            self._publish(now)
        else:
            self._credential(CredentialSeen(holder), at, now)

    def _credential(self, seen: CredentialSeen, at: Moment, now: Moment) -> None:
        self._feed_session(seen, at, now)
        self._measure(at, now)

    def _measure(self, at: Moment, now: Moment) -> None:
        """Tell the thermometer that somebody's wrist is awaited, if one is."""
        thermometer = self._at_work().thermometer
        if thermometer is not None and isinstance(self._state, session.Measuring):
            for outcome in thermometer.presented(at):
                self._feed_session(outcome, at, now)

    def _guard(self, pressed: GuardPressed, now: Moment) -> None:
        """Carry out an order, unless the guard was told meanwhile that it was not."""
        if now.mono_ms - pressed.at.mono_ms > GUARD_ANSWER_S * 1000:
            pressed.answer.put("busy")
            return
        if _same(pressed.action, self._carried):
            pressed.answer.put(None)  # pressed again: the record is there already
            return
        action = self._at_work().duty.signed(pressed.action)
        if isinstance(action, str):
            pressed.answer.put(action)
            return
        if action.visit != self._presenter.visit:
            pressed.answer.put("visit_over")
            return
        taken = self._feed_session(GuardActed(action), pressed.at, now)
        pressed.answer.put(None if taken else "not_offered")
        if taken:
            self._measure(pressed.at, now)

    def _device(self, changed: DeviceChanged, now: Moment) -> None:
        desks = self._at_work()
        self._watched().device(changed)
        if changed.part == "thermometer" and desks.thermometer is not None:
            if changed.state == "fail":
                for outcome in desks.thermometer.lost(changed.at):
                    self._feed_session(outcome, changed.at, now)
            else:
                desks.thermometer.healthy = True
                desks.thermometer.serial = changed.serial or None
        self._publish(now)

    # -- session --------------------------------------------------------------------------------

    def _feed_session(self, event: Event, at: Moment, now: Moment) -> bool:
        """Let the session take one event; return whether anything came of it."""
        around = self._surroundings(now)
        self._state, effects = session.step(self._state, event, at, around)
        for effect in effects:
            self._carry_out(effect, now, around)
        if effects:
            self._publish(now)
        for order, recorded in self._decided:
            log_decision(order, recorded, event, at)
        self._decided.clear()
        return bool(effects)

    def _carry_out(self, effect: Effect, now: Moment, around: Surroundings) -> None:
        desks = self._at_work()
        match effect:
            case Record():
                recorded = desks.recorder.passage(effect, now, around, self._more(desks))
                self._passed(effect, recorded, now)
            case FollowUp():
                desks.recorder.follow_up(effect, now)
            case Show(view):
                self._presenter.show(view, now.mono_ms)

    def _passed(self, order: Record, recorded: Recorded, now: Moment) -> None:
        """The passage is committed: let the screen and the thermometer's reference know."""
        desks = self._at_work()
        self._carried = order.guard
        view = VerdictView(order.visit, order.decision, now.mono_ms, order.tries)
        kept = recorded.entry is not None
        stamp = local(now, self._timezone)
        self._presenter.passed(view, recorded.key, stamp, recorded=kept)
        taken = order.visit.measurement
        if desks.thermometer is not None and taken is not None:
            if taken.state is TemperatureState.MISSING:
                desks.thermometer.missed(now)
            elif order.guard is None and order.decision.verdict.value.startswith("ALLOW"):
                desks.thermometer.accepted(taken, now)
        self._decided.append((order, recorded))
        self._mark.decided_s = now.mono_ms / 1000

    def _more(self, desks: Desks) -> dict[str, Json]:
        return {
            "roster_rev": desks.hub.roster_rev,
            "offline": int(not desks.hub.online),
            "degraded": list(self._health.faults()),
            **({"guard_ref": desks.duty.guard} if desks.duty.guard else {}),
        }

    def _surroundings(self, now: Moment) -> Surroundings:
        desks = self._at_work()
        state = "none"
        if desks.thermometer is not None:
            failed = self._health.part("thermometer").state == "fail"
            state = "fault" if failed else "ok"
        return Surroundings(
            now=local(now, self._timezone),
            clock=now.clock,
            direction=Direction(self._gate.direction),
            policy=self._policy,
            timings=self._timings,
            thermometer=state,
            gate=self._gate.id,
            roster_age_h=desks.hub.roster_age_h(now),
        )

    # -- screen and health ----------------------------------------------------------------------

    def _publish(self, now: Moment) -> None:
        desks = self._at_work()
        thermometer = desks.thermometer
        status = Status(
            local(now, self._timezone),
            desks.hub.link(now),
            too_cold=thermometer is not None and thermometer.too_cold,
            duty=desks.duty.duty,
            guard_name=desks.duty.name,
            log_in=desks.duty.guarded,
            message=desks.messages.text(now),
        )
        self._feed.publish(self._presenter.snapshot(status, self._surroundings(now), now.mono_ms))

    def _forget(self, retention: Retention, now: Moment) -> None:
        try:
            retention.step(now)
        except StoreError as error:
            _log.error("retention.failed", problem=str(error))

    def _today(self, now: Moment) -> date | None:
        """Return the site's date, or None while nobody vouches for it."""
        return None if now.clock is ClockState.UNSURE else local(now, self._timezone).date()

    def _at_work(self) -> Desks:
        assert self._desks is not None, "the engine runs"
        return self._desks

    def _watched(self) -> Faults:
        assert self._faults is not None, "the engine runs"
        return self._faults


def _same(pressed: GuardAction, carried: GuardAction | None) -> bool:
    """Return whether this order was carried out already; the role was filled in meanwhile."""
    return carried is not None and replace(pressed, role=carried.role) == carried
