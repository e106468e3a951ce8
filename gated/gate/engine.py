"""The one thread that decides: inbox event -> pure session -> effects, in order.

Owns the session's state and everything that writes the journal. For each effect the order is
fixed: record first, then show. What is shown was committed before (design decision 14 is the one
exception, and then the screen says so).
"""

import threading
from collections.abc import Callable
from dataclasses import replace
from zoneinfo import ZoneInfo

from gated.config import GateSection, VisitSection
from gated.core import session
from gated.core.attending import attended
from gated.core.canonical import Json
from gated.core.duty import Task
from gated.core.facts import Policy
from gated.core.model import (
    GuardAction,
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
    PersonPicked,
    Record,
    Show,
    Surroundings,
    VerdictView,
)
from gated.errors import StoreError
from gated.gate.decision_log import log_decision
from gated.gate.desks import Desks
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
    VisitAttended,
)
from gated.gate.finder import PickOrdered, SearchAsked
from gated.gate.health import Health
from gated.gate.housekeeping import Housekeeping
from gated.gate.recorder import Recorded
from gated.gate.report_desk import GuardReported
from gated.gate.resolver import local
from gated.gate.screen_desk import ScreenDesk
from gated.gate.thermometer_desk import ThermometerDesk
from gated.gate.timings import timings
from gated.gate.uplink_events import CommandArrived
from gated.process.clock import SystemClock
from gated.screen.refusals import ASKED_OTHERWISE, BUSY, NOT_OFFERED, VISIT_OVER
from gated.screen.reports import Answer

TICK_MS = 1_000  # clock on the screen, retries of the journal, look for a new roster


class Engine:
    """A Worker. open_desks is called on the engine's thread before the first event."""

    name = "engine"

    def __init__(
        self,
        gate: GateSection,
        visit: VisitSection,
        inbox: Inbox,
        health: Health,
        open_desks: Callable[[], Desks],
        mark: LaneMark,
        screen: ScreenDesk,
    ) -> None:
        self._gate = gate
        self._mark = mark
        self._inbox = inbox
        self._screen = screen
        self._health = health
        self._open_desks = open_desks
        self._timings = timings(visit)
        self._timezone = ZoneInfo(gate.timezone)
        self._clock = SystemClock(trusted=gate.clock == "trusted")
        self._presenter = screen.presenter
        self._policy: Policy | None = Policy()
        self._state: session.State = session.Idle()
        self._desks: Desks | None = None
        self._housekeeping: Housekeeping | None = None
        self._carried: GuardAction | None = None  # the newest order, until somebody else is decided
        self._live = ""
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
        self._housekeeping = Housekeeping(desks, self._health, self._timezone)
        with desks.closing:
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
        self._keeping().tick(self._policy or Policy(), now)
        self._publish(now)
        self._screen.post_summary(self._at_work(), now)

    def _begin(self, now: Moment) -> None:
        self._keeping().begin(self._presenter, now)
        self._tick(now)

    # -- events ---------------------------------------------------------------------------------

    def _handle(self, event: object, now: Moment) -> None:
        desks = self._at_work()
        match event:
            case CardSeen():
                self._card(event, now)
            case CodeSeen() | CardRejected() if not desks.modes.reads:
                return  # the screen says so as long as the reader is locked
            case CodeSeen():
                self._credential(CredentialSeen(desks.resolver.code(event)), event.at, now)
            case CardRejected():
                self._credential(CredentialSeen(desks.resolver.rejected(event)), event.at, now)
            case SampleTaken() if desks.thermometer is not None:
                today = self._keeping().today(now)
                desks.thermometer.awaited = isinstance(self._state, session.Measuring)
                for outcome in desks.thermometer.sampled(event.sample, today):
                    self._feed_session(outcome, event.at, now)
                self._prompt(desks.thermometer, now)
            case GuardPressed():
                self._guard(event, now)
            case DeviceChanged():
                self._device(event, now)
            case VisitAttended() if not desks.duty.refusal(event.duty, Task.DECIDE):
                self._state = attended(self._state, event.visit, now.mono_ms)
            case _:
                self._told(event, now)

    def _told(self, event: object, now: Moment) -> None:
        """Take what is about no visit: a guard's report, an order, a word of the uplink."""
        desks = self._at_work()
        match event:
            case GuardReported(visit=visit):
                whom = self._presenter.whom(visit)
                person, newest = None if whom is None else whom.ref, self._state.memory.visits
                desks.reports.take(event, person, now, newest=newest)
                self._keeping().take_over()
            case SearchAsked(search=search):
                desks.finder.search(event, self._presenter.whom(search.visit), now)
            case PickOrdered():
                self._picked(event, now)
            case CommandArrived():
                desks.messages.arrived(event, now)
            case _ if desks.hub.handle(event, now):
                desks.resolver.roster = desks.hub.roster_of_the_moment(now)
            case _:
                return
        self._publish(now)

    def _card(self, card: CardSeen, now: Moment) -> None:
        desks = self._at_work()
        holder = desks.resolver.card(card)
        if desks.duty.logs_in(holder.credential.ref, now):
            self._publish(now)
            return
        if not desks.modes.reads:
            return
        before = self._presenter.visit
        self._credential(CredentialSeen(holder), card.at, now)
        if holder.person is None and self._presenter.visit != before:
            desks.cards.keep(self._presenter.visit, card, now)
            self._publish(now)

    def _picked(self, ordered: PickOrdered, now: Moment) -> None:
        visit = self._presenter.visit
        holder = self._at_work().finder.picked(ordered, visit, self._presenter.whom(visit), now)
        if holder is not None:
            self._credential(PersonPicked(holder), ordered.at, now)
            ordered.answer.put(Answer())

    def _credential(self, seen: CredentialSeen | PersonPicked, at: Moment, now: Moment) -> None:
        self._feed_session(seen, at, now)
        self._measure(at, now)

    def _measure(self, at: Moment, now: Moment) -> None:
        """Tell the thermometer that somebody's wrist is awaited, if one is."""
        thermometer = self._at_work().thermometer
        if thermometer is not None and isinstance(self._state, session.Measuring):
            for outcome in thermometer.presented(at):
                self._feed_session(outcome, at, now)

    def _prompt(self, thermometer: ThermometerDesk, now: Moment) -> None:
        """Who is being measured is told at once what to do differently."""
        waits = isinstance(self._state, session.Measuring)
        live = thermometer.live(now.mono_ms) if waits else ""
        if live != self._live:
            self._live = live
            self._publish(now)

    def _guard(self, pressed: GuardPressed, now: Moment) -> None:
        """Carry out an order, unless the guard was told meanwhile that it was not."""
        if now.mono_ms - pressed.at.mono_ms > GUARD_ANSWER_S * 1000:
            pressed.answer.put(BUSY)
            return
        if _same(pressed.action, self._carried):
            pressed.answer.put(None)  # pressed again: the record is there already
            return
        action = self._at_work().duty.signed(pressed.action)
        if isinstance(action, str):
            pressed.answer.put(action)
            return
        if action.visit != self._presenter.visit:
            pressed.answer.put(VISIT_OVER)
            return
        asked = self._presenter.asked
        waiting = asked is not None and _one_order(action, asked)
        if pressed.by not in ("", self._at_work().duty.guard) and not waiting:
            pressed.answer.put(ASKED_OTHERWISE)  # approved is what was asked for, nothing else
            return
        if asked is not None and waiting and not action.note:
            action = replace(action, note=asked.note)
        taken = self._feed_session(GuardActed(action), pressed.at, now)
        pressed.answer.put(None if taken else NOT_OFFERED)
        if taken:
            self._carried = action
            self._measure(pressed.at, now)

    def _device(self, changed: DeviceChanged, now: Moment) -> None:
        desks = self._at_work()
        self._keeping().faults.device(changed)
        if changed.part == "thermometer" and desks.thermometer is not None:
            if changed.state == "fail":
                for outcome in desks.thermometer.lost(changed.at):
                    self._feed_session(outcome, changed.at, now)
            else:
                desks.thermometer.found(changed)
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
                recorded = desks.recorder.passage(effect, now, around, self._more(desks, effect))
                self._passed(effect, recorded, now)
            case FollowUp():
                desks.recorder.follow_up(effect, now)
                if effect.what == "remeasure":
                    desks.vehicles.measured_again(effect.visit)
            case Show(view):
                self._presenter.show(view, now.mono_ms)

    def _passed(self, order: Record, recorded: Recorded, now: Moment) -> None:
        """The passage is committed: let the screen and the thermometer's reference know."""
        desks = self._at_work()
        self._carried = order.guard
        view = VerdictView(order.visit, order.decision, now.mono_ms, order.tries)
        kept = recorded.entry is not None
        stamp = local(now, self._timezone)
        way = desks.modes.direction
        self._presenter.passed(view, recorded.key, stamp, way, recorded=kept)
        taken = order.visit.measurement
        if desks.thermometer is not None and taken is not None:
            if taken.state is TemperatureState.MISSING:
                desks.thermometer.missed(now)
            elif order.guard is None and order.decision.verdict.value.startswith("ALLOW"):
                desks.thermometer.accepted(taken, now)
        desks.vehicles.decided(order, now)
        self._decided.append((order, recorded))
        self._mark.decided_s = now.mono_ms / 1000

    def _more(self, desks: Desks, order: Record) -> dict[str, Json]:
        return {
            "roster_rev": desks.hub.roster_rev,
            "offline": int(not desks.hub.online),
            "degraded": list(self._health.faults()),
            **({"guard_ref": desks.duty.guard} if desks.duty.guard else {}),
            **({"mode": desks.modes.told} if desks.modes.standing else {}),
            **desks.vehicles.more(order),
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
            direction=desks.modes.direction,
            policy=self._policy,
            timings=self._timings,
            thermometer=state,
            mode=desks.modes.mode,
            gate=self._gate.id,
            roster_age_h=desks.hub.roster_age_h(now),
        )

    # -- screen and health ----------------------------------------------------------------------

    def _publish(self, now: Moment) -> None:
        self._screen.publish(self._at_work(), self._surroundings(now), now)

    def _at_work(self) -> Desks:
        assert self._desks is not None, "the engine runs"
        return self._desks

    def _keeping(self) -> Housekeeping:
        assert self._housekeeping is not None, "the engine runs"
        return self._housekeeping


def _one_order(approved: GuardAction, asked: GuardAction) -> bool:
    """Return whether somebody approves just this order."""
    of_asked = (asked.visit, asked.kind, asked.reason)
    return (approved.visit, approved.kind, approved.reason) == of_asked


def _same(pressed: GuardAction, carried: GuardAction | None) -> bool:
    """Return whether this order was carried out already; the role was filled in meanwhile."""
    return carried is not None and replace(pressed, role=carried.role) == carried
