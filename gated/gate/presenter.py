"""Fills the screen's snapshot from what the session shows and how the gate is. Engine thread."""

from collections import deque
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from gated.config import GateSection
from gated.core.duty import Duty
from gated.core.model import Category, Direction, GuardActionKind, Holder, Verdict
from gated.core.reasons import DEVICE_REASONS, Code
from gated.core.visit import IdleView, MeasuringView, Surroundings, VerdictView, View, Visit
from gated.gate import wording
from gated.gate.health import FAULT_CODES, Health, Part
from gated.gate.last_passages import LastPassages
from gated.screen import snapshot as screen
from gated.screen.snapshot import Snapshot, Text

_SHOWN_PARTS = ("card_reader", "camera", "thermometer", "clock", "storage", "roster")

_ALWAYS = (GuardActionKind.MANUAL_PASS, GuardActionKind.REFUSE, GuardActionKind.CLINICAL)

_PASSED = (Verdict.ALLOW, Verdict.ALLOW_NOTE)

CUE_MS = 5_000  # a word such as "cannot read" leaves the screen by itself

_MEASURE = Text("请测温", "Wrist to the sensor")
_HOLD = Text("请保持手腕不动", "Hold still")
_NOW_CARD = Text("请刷证或扫码", "Card or code")
_SECOND = Text("需第二人授权", "A second person must approve")


@dataclass(frozen=True, slots=True)
class Status:
    """What the header shows besides the view."""

    now: datetime
    link: screen.LinkView
    too_cold: bool = False
    duty: Duty | None = None
    guard_name: str = ""
    log_in: bool = False
    message: Text | None = None


class Presenter:
    """Keeps what is on the screen: the view, the last passages, the banner."""

    def __init__(self, gate: GateSection, health: Health) -> None:
        self._gate = gate
        name = Text(gate.name or gate.id, gate.name_en or gate.id)
        self.passages = LastPassages(name, ZoneInfo(gate.timezone))
        self._identified = 0  # the visit whose person's last passage is held
        self._before: Text | None = None
        self._health = health
        self._last: deque[tuple[int, screen.LastView]] = deque(maxlen=screen.LAST_MAX)
        self._view: View = IdleView()
        self._key = ""
        self._recorded = True
        self._measuring_since_ms = 0
        self._shown_ms = 0

    def passed(self, view: VerdictView, key: str, now: datetime, *, recorded: bool) -> None:
        """Note a decided visit for the row of last passages and the verdict to come.

        A visit stands in the row once, with its newest outcome. Skin is no body temperature, so
        a value without its words stays out.
        """
        self._key, self._recorded = key, recorded
        decision = view.decision
        self._look_back(view.visit, now)
        if view.visit.holder.person is not None and decision.verdict in _PASSED:
            direction, utc_ms = Direction(self._gate.direction), round(now.timestamp() * 1000)
            self.passages.passed(view.visit.holder.person.ref, direction, utc_ms)
        taken = wording.temperature(view.visit.measurement, view.tries, decision)
        holder = view.visit.holder
        judged = view.visit.measurement is not None and view.visit.measurement.decision_mc
        category = wording.CATEGORIES[_category(holder)]
        row = screen.LastView(
            time=now.strftime("%H:%M"),
            verdict=decision.verdict,
            name=holder.display.name
            or (category.en if self._gate.language == "en" else category.zh),
            temperature=taken.text if taken is not None and judged else "",
            reason=wording.reason(decision.reason),
        )
        if self._last and self._last[0][0] == view.visit.number:
            self._last.popleft()
        self._last.appendleft((view.visit.number, row))

    def _look_back(self, visit: Visit, now: datetime) -> None:
        """What was known of the person before this visit stands for the whole of it."""
        if visit.number == self._identified:
            return
        person = visit.holder.person
        self._identified = visit.number
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

    def person(self, visit: int) -> bytes | None:
        """Return the pseudonym of whom this visit is about; None: over, or nobody known."""
        if isinstance(self._view, IdleView) or self._view.visit.number != visit:
            return None
        known = self._view.visit.holder.person
        return None if known is None else known.ref

    def snapshot(self, status: Status, around: Surroundings, mono_ms: int) -> Snapshot:
        """Return all the guard sees at this moment."""
        base = Snapshot(
            gate=screen.GateView(
                self._gate.name or self._gate.id,
                self._gate.name_en or self._gate.id,
                self._gate.direction,
            ),
            language=self._gate.language,
            clock=screen.ClockView(status.now.isoformat(timespec="seconds"), around.clock),
            duty=_duty(status),
            link=status.link,
            visit=self.visit,
            last=tuple(row for _, row in self._last),
            health=tuple(
                _part(self._health.part(name))
                for name in _SHOWN_PARTS
                if self._health.part(name).state != "off"
            ),
            banner=self._banner(status),
            message=status.message,
            enabled=_ALWAYS,
        )
        stale = mono_ms - self._shown_ms >= CUE_MS
        match self._view:
            case IdleView():
                return self._idle(base, replace(self._view, cue=None) if stale else self._view)
            case MeasuringView():
                self._look_back(self._view.visit, status.now)
                view = replace(self._view, cue=None) if stale else self._view
                return self._measuring(base, view, mono_ms)
            case VerdictView():
                return self._verdict(base, self._view, measures=around.thermometer == "ok")

    def _idle(self, base: Snapshot, view: IdleView) -> Snapshot:
        if not view.reading_waits:
            return base if view.cue is None else replace(base, banner=_cue(view.cue))
        waiting = screen.MeasuringView(None, "credential", _NOW_CARD, screen.PROGRESS_MAX, 0)
        banner = base.banner if view.cue is None else _cue(view.cue)
        return replace(base, mode="measuring", measuring=waiting, banner=banner)

    def _measuring(self, base: Snapshot, view: MeasuringView, mono_ms: int) -> Snapshot:
        span = max(1, view.deadline_ms - self._measuring_since_ms)
        done = min(max(0, mono_ms - self._measuring_since_ms), span)
        measuring = screen.MeasuringView(
            self._person(view.visit.holder),
            "temperature",
            _HOLD if view.hold_still else _MEASURE,
            screen.PROGRESS_MAX * done // span,
            max(0, view.deadline_ms - mono_ms),
        )
        banner = base.banner if view.cue is None else _cue(view.cue)
        return replace(base, mode="measuring", measuring=measuring, banner=banner)

    def _verdict(self, base: Snapshot, view: VerdictView, *, measures: bool) -> Snapshot:
        decision = view.decision
        taken = wording.temperature(view.visit.measurement, view.tries, decision)
        shown = wording.codes(decision)
        advice = _SECOND if view.refused_action else wording.advice(decision.reason)
        verdict = screen.VerdictView(
            key=self._key,
            verdict=decision.verdict,
            band=wording.band(decision),
            word=wording.word(decision),
            code=shown[0] if shown else "",
            reason=wording.reason(decision.reason),
            advice=advice,
            note=wording.note(decision),
            codes=shown,
            person=self._person(view.visit.holder),
            temperature=taken,
            recorded=self._recorded,
            awaiting_guard=view.awaiting_guard,
        )
        return replace(
            base,
            mode="verdict",
            verdict=verdict,
            suggested=_suggested(view, measures=measures),
            enabled=(*_ALWAYS, GuardActionKind.REMEASURE) if measures else _ALWAYS,
            needs_second=bool(view.refused_action),
        )

    def _person(self, holder: Holder) -> screen.PersonView | None:
        if holder.person is None:
            return None
        display, category = holder.display, wording.CATEGORIES[_category(holder)]
        return screen.PersonView(display.name, display.room, category, self._before)

    def _banner(self, status: Status) -> Text | None:
        if status.too_cold:
            return Text(
                "天冷:请用手持体温计测量并输入数值", "Too cold: type hand-thermometer values"
            )
        if self._gate.shadow:
            return Text("试运行:不开闸", "Shadow mode: the gate stays shut")
        roster = self._health.part("roster")
        if roster.state == "fail":
            return Text("没有名单:全部人工复核", "No roster: everyone is checked by hand")
        return None


def _duty(status: Status) -> screen.DutyView:
    spell = status.duty
    if spell is None:
        return screen.DutyView(log_in=status.log_in)
    return screen.DutyView(
        spell.number, spell.guard, status.guard_name, spell.role.value, status.log_in
    )


def _suggested(view: VerdictView, *, measures: bool) -> GuardActionKind | Literal[""]:
    if view.decision.verdict is Verdict.CHECK:
        if not view.decision.reason.value.startswith("TEMP_"):
            return GuardActionKind.MANUAL_PASS
        return GuardActionKind.REMEASURE if measures else GuardActionKind.CLINICAL
    if view.decision.reason is Code.STAT_HOME_QUARANTINE:
        return GuardActionKind.MANUAL_PASS
    if view.decision.reason is Code.TEMP_HIGH:
        return GuardActionKind.CLINICAL
    return ""


def _cue(code: Code) -> Text:
    reason, advice = wording.reason(code), wording.advice(code)
    return Text(
        " · ".join(part for part in (reason.zh, advice.zh) if part),
        " · ".join(part for part in (reason.en, advice.en) if part),
    )


def _category(holder: Holder) -> Category:
    return Category.UNKNOWN if holder.person is None else holder.person.category


def _part(part: Part) -> screen.PartView:
    remedy = Text(part.remedy, part.remedy)
    device = DEVICE_REASONS.get(FAULT_CODES.get(part.name, ""))
    if part.state == "fail" and device is not None:
        remedy = Text(device.advice_zh, device.advice_en)
    return screen.PartView(
        part.name,
        wording.LABELS.get(part.name, Text(part.name, part.name)),
        part.state,
        wording.STATES[part.state],
        remedy,
    )
