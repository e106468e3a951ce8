"""A lane for session tests: feeds events at chosen times and collects what was ordered."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from gated.core import session
from gated.core.facts import Policy
from gated.core.model import (
    Category,
    ClockState,
    Credential,
    CredentialKind,
    CredentialState,
    Direction,
    GuardAction,
    GuardActionKind,
    Holder,
    Measurement,
    Moment,
    Person,
    Status,
    StatusCode,
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
    TemperatureTaken,
    View,
)

EPOCH = datetime(2026, 2, 7, 4, 0, tzinfo=UTC)


def holder(
    name: bytes,
    kind: CredentialKind = CredentialKind.ID_CARD,
    state: CredentialState = CredentialState.ACTIVE,
    category: Category | None = Category.RESIDENT,
    *statuses: StatusCode,
) -> Holder:
    ref = (kind.value.encode() + name).ljust(16, b".")
    person = None
    if category is not None:
        held = tuple(Status(code) for code in statuses)
        person = Person(name.ljust(16, b"."), category, None, held)
    return Holder(Credential(kind, state, ref), person)


def taken(mc: int = 36_400) -> Measurement:
    return Measurement(TemperatureState.NORMAL, mc - 3000, mc - 2500, 20_000, mc)


FAULT = Measurement(TemperatureState.FAULT, detail="bus_error")


@dataclass
class Lane:
    """One gate's session under a test's own clock."""

    thermometer: str = "ok"
    direction: Direction = Direction.OUT
    state: session.State = field(default_factory=session.Idle)
    now_ms: int = 1_000
    effects: list[Effect] = field(default_factory=list)

    def feed(self, event: Event) -> tuple[Effect, ...]:
        moment = Moment(self.now_ms, 1_770_000_000_000 + self.now_ms, ClockState.SYNCED)
        around = Surroundings(
            EPOCH, ClockState.SYNCED, self.direction, Policy(), thermometer=self.thermometer
        )
        self.state, effects = session.step(self.state, event, moment, around)
        self.effects += effects
        return effects

    def show(self, who: Holder) -> tuple[Effect, ...]:
        return self.feed(CredentialSeen(who))

    def measure(self, mc: int = 36_400) -> tuple[Effect, ...]:
        return self.feed(TemperatureTaken(taken(mc)))

    def act(
        self,
        kind: GuardActionKind,
        reason: str = "",
        mc: int | None = None,
        visit: int | None = None,
    ) -> tuple[Effect, ...]:
        number = self.state.memory.visits if visit is None else visit
        return self.feed(GuardActed(GuardAction(kind, number, reason, mc)))

    def wait(self, ms: int) -> None:
        """Let time pass, waking the session at every deadline it asked for."""
        until = self.now_ms + ms
        while True:
            due = session.next_deadline_ms(self.state)
            if due is None or due > until:
                break
            self.now_ms = max(self.now_ms, due)
            self.feed(Elapsed())
        self.now_ms = until

    @property
    def records(self) -> list[Record]:
        return [effect for effect in self.effects if isinstance(effect, Record)]

    @property
    def follow_ups(self) -> list[FollowUp]:
        return [effect for effect in self.effects if isinstance(effect, FollowUp)]

    @property
    def view(self) -> View:
        return [effect for effect in self.effects if isinstance(effect, Show)][-1].view

    @property
    def outcomes(self) -> list[tuple[str, str]]:
        return [(r.decision.verdict.value, r.decision.reason.value) for r in self.records]


def of_kind(who: Holder, kind: CredentialKind) -> Holder:
    """Return the same person holding another kind of credential."""
    ref = kind.value.encode().ljust(16, b"!")
    return replace(who, credential=replace(who.credential, kind=kind, ref=ref))
