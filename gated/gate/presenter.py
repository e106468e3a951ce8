"""Fills the screen's snapshot from what the session shows and how the gate is. Engine thread."""

from collections import deque
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from gated.config import GateSection
from gated.core.duty import Duty
from gated.core.gate_mode import OPEN, SpecialMode
from gated.core.model import Direction, GuardAction, GuardActionKind, Holder, Person, Verdict
from gated.core.reasons import Code
from gated.core.text import Text
from gated.core.thermometry_live import PROMPTED
from gated.core.visit import IdleView, MeasuringView, Surroundings, VerdictView, View, Visit
from gated.gate import wording
from gated.gate.health import Health
from gated.gate.last_passages import LastPassages
from gated.screen import snapshot as screen
from gated.screen.snapshot import Snapshot
from gated.texts import Texts

_SHOWN_PARTS = (
    *("card_reader", "camera", "thermometer", "clock", "storage", "roster", "policy", "power"),
)

_ALWAYS = (GuardActionKind.MANUAL_PASS, GuardActionKind.REFUSE, GuardActionKind.CLINICAL)

_PASSED = (Verdict.ALLOW, Verdict.ALLOW_NOTE)

# Readings that are taken again: the prompt for their detail says what to do differently.
_ASKED_AGAIN = frozenset({Code.TEMP_UNSTABLE, Code.TEMP_LOW, Code.TEMP_MISSING})

CUE_MS = 5_000  # a word such as "cannot read" leaves the screen by itself


@dataclass(frozen=True, slots=True)
class Place:
    """What the screen says of the place it stands at, as long as the program runs."""

    station: screen.StationView | None = None
    notice: Text | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """What there is to show besides the view.

    live: why somebody who is being measured has no value yet. standing: the special mode, since
    and until when, local "14:31". roster: which list serves, and how old it is. policy_days: for
    how long the rules have served. modes_stored: whether a restart finds mode and direction again.
    """

    now: datetime
    link: screen.LinkView
    direction: Direction = Direction.IN
    switches: bool = False
    too_cold: bool = False
    live: str = ""
    duty: Duty | None = None
    guard_name: str = ""
    log_in: bool = False
    message: Text | None = None
    standing: SpecialMode | None = None
    since: str = ""
    until: str = ""
    vehicle: screen.VehicleView | None = None
    card: screen.CardView | None = None
    call: screen.CallView | None = None
    round: screen.RoundView | None = None
    tips: tuple[Text, ...] = ()
    panel: screen.PanelView = field(default_factory=screen.PanelView)
    roster: Text = field(default_factory=Text)
    policy_days: int | None = None
    modes_stored: bool = True


class Presenter:
    """Keeps what is on the screen: the view, the last passages, the banner."""

    def __init__(
        self, gate: GateSection, health: Health, texts: Texts, place: Place | None = None
    ) -> None:
        self._gate = gate
        self._place = place or Place()
        self._say = wording.Wording(texts)
        name = Text(gate.name or gate.id, gate.name_en or gate.id)
        self.passages = LastPassages(name, ZoneInfo(gate.timezone), texts)
        # The visit and the person in it whose last passage is held: a guard may pick another.
        self._identified: tuple[int, bytes | None] = (0, None)
        self._before: Text | None = None
        self._health = health
        self._last: deque[tuple[int, screen.LastView]] = deque(maxlen=screen.LAST_MAX)
        self._view: View = IdleView()
        self._key = ""
        self._recorded = True
        self._measuring_since_ms = 0
        self._shown_ms = 0

    def passed(
        self, view: VerdictView, key: str, now: datetime, way: Direction, *, recorded: bool
    ) -> None:
        """Note a decided visit for the row of last passages and the verdict to come.

        A visit stands in the row once, with its newest outcome. Skin is no body temperature, so
        a value without its words stays out.
        """
        self._key, self._recorded = key, recorded
        decision = view.decision
        self._look_back(view.visit, now)
        if view.visit.holder.person is not None and decision.verdict in _PASSED:
            utc_ms = round(now.timestamp() * 1000)
            self.passages.passed(view.visit.holder.person.ref, way, utc_ms)
        taken = self._say.temperature(view.visit.measurement, view.tries, decision)
        holder = view.visit.holder
        judged = view.visit.measurement is not None and view.visit.measurement.decision_mc
        row = screen.LastView(
            time=now.strftime("%H:%M"),
            verdict=decision.verdict,
            name=holder.display.name or self._known_as(holder),
            temperature=taken.text if taken is not None and judged else "",
            reason=self._say.reason(decision.reason),
        )
        if self._last and self._last[0][0] == view.visit.number:
            self._last.popleft()
        self._last.appendleft((view.visit.number, row))

    def _known_as(self, holder: Holder) -> str:
        """Who somebody is without a name; nothing about nobody known: then the reason says why."""
        if holder.person is None:
            return ""
        return self._say.category(holder).shown(self._gate.language)

    def _look_back(self, visit: Visit, now: datetime) -> None:
        """What was known of the person before this visit stands for the whole of it."""
        person = visit.holder.person
        known = (visit.number, None if person is None else person.ref)
        if known == self._identified:
            return
        self._identified = known
        self._before = None if person is None else self.passages.text(person.ref, now)

    def show(self, view: View, mono_ms: int) -> None:
        """Make this the view; drawn with the next snapshot."""
        if isinstance(view, MeasuringView) and not isinstance(self._view, MeasuringView):
            self._measuring_since_ms = mono_ms
        self._view, self._shown_ms = view, mono_ms

    @property
    def visit(self) -> int:
        """Number of the visit the guard's actions refer to; 0 while nobody is identified."""
        return 0 if isinstance(self._view, IdleView) else self._view.visit.number

    @property
    def asked(self) -> GuardAction | None:
        """The order on the screen that waits for a second person, None for none."""
        return self._view.asked if isinstance(self._view, VerdictView) else None

    def whom(self, visit: int) -> Person | None:
        """Return whom this visit is about; None: over, or nobody known."""
        if isinstance(self._view, IdleView) or self._view.visit.number != visit:
            return None
        return self._view.visit.holder.person

    def snapshot(self, status: Status, around: Surroundings, mono_ms: int) -> Snapshot:
        """Return all the guard sees at this moment."""
        base = Snapshot(
            gate=screen.GateView(
                self._gate.name or self._gate.id,
                self._gate.name_en or self._gate.id,
                status.direction.value,
                status.switches,
            ),
            language=self._gate.language,
            clock=screen.ClockView(status.now.isoformat(timespec="seconds"), around.clock),
            duty=_duty(status),
            link=status.link,
            visit=self.visit,
            last=tuple(row for _, row in self._last),
            health=tuple(
                self._part(name, status)
                for name in _SHOWN_PARTS
                if self._health.part(name).state != "off"
            ),
            banner=self._banner(status),
            message=status.message,
            enabled=_ALWAYS,
            members=self._members,
            special=self._special(status),
            vehicle=status.vehicle,
            card=status.card,
            call=status.call,
            round=status.round,
            station=self._place.station,
            notice=self._place.notice,
            tips=status.tips,
            panel=status.panel,
        )
        stale = mono_ms - self._shown_ms >= CUE_MS
        match self._view:
            case IdleView():
                view = replace(self._view, cue=None) if stale else self._view
                return self._idle(base, view, status.standing)
            case MeasuringView():
                self._look_back(self._view.visit, status.now)
                waits = replace(self._view, cue=None) if stale else self._view
                return self._measuring(base, waits, status.live, mono_ms)
            case VerdictView():
                alone = status.log_in and status.duty is None
                measures = around.thermometer == "ok"
                return self._verdict(base, self._view, measures=measures, alone=alone)

    def failing(self) -> tuple[Text, ...]:
        """Return the names of the parts that fail, as the guard calls them."""
        parts = (self._health.part(name) for name in _SHOWN_PARTS)
        return tuple(self._say.part(part).label for part in parts if part.state == "fail")

    def roster_line(self, revision: int, made_h: int | None) -> Text:
        """Return which list serves and how old it is."""
        return self._say.roster(revision, made_h)

    def _part(self, name: str, status: Status) -> screen.PartView:
        shown = self._say.part(self._health.part(name))
        details = {"roster": status.roster, "policy": self._say.policy(status.policy_days)}
        if not status.modes_stored:
            details["storage"] = self._say.unstored
        return replace(shown, detail=details.get(name, shown.detail))

    def _idle(self, base: Snapshot, view: IdleView, standing: SpecialMode | None) -> Snapshot:
        banner = base.banner if view.cue is None else self._say.cue(view.cue)
        if standing is not None and standing.mode != OPEN:
            fault = self._say.special(standing.mode)
            return replace(base, mode="fault", fault=fault, banner=banner)
        if not view.reading_waits:
            return replace(base, banner=banner)
        prompt = self._say.prompt("credential")
        waiting = screen.MeasuringView(None, "credential", prompt, screen.PROGRESS_MAX, 0)
        return replace(base, mode="measuring", measuring=waiting, banner=banner)

    def _measuring(self, base: Snapshot, view: MeasuringView, live: str, mono_ms: int) -> Snapshot:
        span = max(1, view.deadline_ms - self._measuring_since_ms)
        done = min(max(0, mono_ms - self._measuring_since_ms), span)
        measuring = screen.MeasuringView(
            self._person(view.visit.holder),
            "temperature",
            self._say.prompt(live or ("hold_still" if view.hold_still else "measure")),
            screen.PROGRESS_MAX * done // span,
            max(0, view.deadline_ms - mono_ms),
        )
        banner = base.banner if view.cue is None else self._say.cue(view.cue)
        return replace(base, mode="measuring", measuring=measuring, banner=banner)

    def _verdict(
        self, base: Snapshot, view: VerdictView, *, measures: bool, alone: bool
    ) -> Snapshot:
        decision = view.decision
        taken = self._say.temperature(view.visit.measurement, view.tries, decision)
        shown = wording.codes(decision)
        verdict = screen.VerdictView(
            key=self._key,
            verdict=decision.verdict,
            band=wording.band(decision),
            word=self._say.word(decision),
            code=shown[0] if shown else "",
            reason=self._say.reason(decision.reason),
            advice=self._advice(view, alone=alone),
            note=self._say.note(decision),
            codes=shown,
            person=self._person(view.visit.holder),
            temperature=taken,
            recorded=self._recorded,
            awaiting_guard=view.awaiting_guard,
            public=self._say.public(decision.reason),
            status=self._say.status(decision),
        )
        return replace(
            base,
            mode="verdict",
            verdict=verdict,
            suggested=_suggested(view, measures=measures),
            enabled=(*_ALWAYS, GuardActionKind.REMEASURE) if measures else _ALWAYS,
            needs_second=_asked(view.asked),
        )

    def _advice(self, view: VerdictView, *, alone: bool) -> Text:
        """What to do now; about a reading that failed, what the person does differently.

        A CHECK that nobody may decide stays a CHECK: unknown is no STOP. But it says who can.
        """
        if view.asked is not None:
            return self._say.prompt("second")
        if alone and view.decision.verdict is Verdict.CHECK:
            return self._say.prompt("nobody")
        reason, taken = view.decision.reason, view.visit.measurement
        if taken is not None and taken.detail in PROMPTED and reason in _ASKED_AGAIN:
            return self._say.prompt(taken.detail)
        return self._say.advice(reason)

    @property
    def _members(self) -> bool:
        if isinstance(self._view, IdleView):
            return False
        person = self._view.visit.holder.person
        return person is not None and person.household is not None

    def _special(self, status: Status) -> screen.SpecialView | None:
        standing = status.standing
        if standing is None:
            return None
        word = self._say.special(standing.mode).word
        return screen.SpecialView(standing.mode, word, status.since, status.until, standing.guard)

    def _person(self, holder: Holder) -> screen.PersonView | None:
        if holder.person is None:
            return None
        display = holder.display
        category = self._say.category(holder)
        return screen.PersonView(display.name, display.room, category, self._before)

    def _banner(self, status: Status) -> Text | None:
        if status.too_cold:
            return self._say.banner("too_cold")
        if status.standing is not None and status.standing.mode == OPEN:
            return self._say.banner("open")
        if self._gate.shadow:
            return self._say.banner("shadow")
        roster = self._health.part("roster")
        if roster.state == "fail":
            return self._say.banner("no_roster")
        return None


def _duty(status: Status) -> screen.DutyView:
    spell = status.duty
    if spell is None:
        return screen.DutyView(log_in=status.log_in)
    return screen.DutyView(
        spell.number, spell.guard, status.guard_name, spell.role.value, status.log_in
    )


def _asked(order: GuardAction | None) -> screen.AskedView | None:
    if order is None:
        return None
    return screen.AskedView(order.kind, order.reason, bool(order.note))


def _suggested(view: VerdictView, *, measures: bool) -> GuardActionKind | Literal["call", ""]:
    if view.decision.verdict is Verdict.CHECK:
        if not view.decision.reason.value.startswith("TEMP_"):
            return GuardActionKind.MANUAL_PASS
        return GuardActionKind.REMEASURE if measures else GuardActionKind.CLINICAL
    if view.decision.reason is Code.STAT_HOME_QUARANTINE:
        return GuardActionKind.MANUAL_PASS
    if view.decision.reason is Code.TEMP_HIGH:
        return GuardActionKind.CLINICAL
    if view.decision.reason is Code.TEMP_CLINICAL_HIGH:
        return "call"
    return ""
