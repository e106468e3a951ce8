"""Random days at a lane: whatever happens, the session keeps its promises."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from gated.core import session
from gated.core.memory import CREDENTIALS_MAX, TRIES_MAX, UNANSWERED_MAX
from gated.core.model import (
    Category,
    CredentialKind,
    CredentialState,
    GuardActionKind,
    Holder,
    Measurement,
    StatusCode,
    TemperatureState,
)
from gated.core.repeat import READINGS_MAX
from gated.core.visit import (
    PersonPicked,
    Record,
    Show,
    TargetSeen,
    TemperatureTaken,
    VerdictView,
)
from tests.core.session_lane import FAULT, Lane, holder
from tests.support.effort import examples

PEOPLE = [
    holder(b"anna"),
    holder(b"anna", CredentialKind.QR),
    holder(b"bao"),
    holder(b"bao", CredentialKind.QR),
    holder(b"stranger", CredentialKind.ID_CARD, CredentialState.UNKNOWN, None),
    holder(b"forged", CredentialKind.QR, CredentialState.BAD_SIGNATURE, None),
    holder(b"noise", CredentialKind.ID_CARD, CredentialState.UNREADABLE, None),
    holder(b"home", CredentialKind.ID_CARD, CredentialState.ACTIVE, Category.RESIDENT,
           StatusCode.HOME_QUARANTINE),
]  # fmt: skip
READINGS = [
    Measurement(TemperatureState.NORMAL, decision_mc=36_400),
    Measurement(TemperatureState.NORMAL, decision_mc=38_200),
    Measurement(TemperatureState.NORMAL, decision_mc=34_000),
    Measurement(TemperatureState.UNSTABLE, detail="moving"),
    Measurement(TemperatureState.IMPLAUSIBLE, detail="too_cold_skin"),
    FAULT,
]


class Day(RuleBasedStateMachine):
    """One lane, fed with anything in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.lane = Lane()
        self.opened: set[int] = set()

    def _watch(self) -> None:
        if isinstance(self.lane.state, session.Measuring):
            self.opened.add(self.lane.state.visit.number)

    @rule(who=st.sampled_from(PEOPLE))
    def credential(self, who: object) -> None:
        self.lane.show(who)
        self._watch()

    @rule(who=st.sampled_from(PEOPLE))
    def picked_by_the_guard(self, who: Holder) -> None:
        self.lane.feed(PersonPicked(who))
        self._watch()

    @rule(reading=st.sampled_from(READINGS))
    def temperature(self, reading: Measurement) -> None:
        self.lane.feed(TemperatureTaken(reading))

    @rule()
    def wrist_arrives(self) -> None:
        self.lane.feed(TargetSeen())

    @rule(
        kind=st.sampled_from(GuardActionKind),
        reason=st.sampled_from(["medical", "known"]),
        mc=st.integers(34_000, 42_000),
        back=st.integers(0, 2),
    )
    def guard(self, kind: GuardActionKind, reason: str, mc: int, back: int) -> None:
        visit = max(0, self.lane.state.memory.visits - back)
        self.lane.act(kind, reason, mc, visit)

    @rule(ms=st.sampled_from([1, 500, 5_000, 10_000, 31_000]))
    def time_passes(self, ms: int) -> None:
        self.lane.wait(ms)

    @rule(health=st.sampled_from(["ok", "fault", "none"]))
    def thermometer_changes(self, health: str) -> None:
        self.lane.thermometer = health

    @invariant()
    def every_shown_verdict_was_ordered_to_be_recorded_just_before(self) -> None:
        for index, effect in enumerate(self.lane.effects):
            if isinstance(effect, Show) and isinstance(effect.view, VerdictView):
                before = self.lane.effects[index - 1]
                assert isinstance(before, Record)
                assert before.decision == effect.view.decision

    @invariant()
    def a_visit_times_out_at_most_once(self) -> None:
        late = [f.visit for f in self.lane.follow_ups if f.what == "guard_timeout"]
        assert len(late) == len(set(late))

    @invariant()
    def a_fault_is_never_a_stop(self) -> None:
        for record in self.lane.records:
            if record.decision.reason.value == "TEMP_SENSOR_FAULT":
                assert record.decision.verdict.value == "CHECK"

    @invariant()
    def memory_is_bounded(self) -> None:
        memory = self.lane.state.memory
        assert len(memory.credentials) <= CREDENTIALS_MAX
        assert len(memory.highs) <= TRIES_MAX
        assert len(memory.readings) <= READINGS_MAX
        assert len(memory.unanswered) <= UNANSWERED_MAX

    @invariant()
    def silence_always_leads_back_to_idle_with_every_visit_recorded(self) -> None:
        rest = Lane(self.lane.thermometer, state=self.lane.state, now_ms=self.lane.now_ms)
        rest.wait(200_000)
        assert isinstance(rest.state, session.Idle)
        assert session.next_deadline_ms(rest.state) is None
        recorded = {record.visit.number for record in self.lane.records + rest.records}
        assert self.opened <= recorded

    def teardown(self) -> None:
        """Numbers of visits rise by one and each Measuring ended in a record."""
        numbers = [record.visit.number for record in self.lane.records]
        assert numbers == sorted(numbers)


TestDay = Day.TestCase
TestDay.settings = settings(max_examples=examples(60), stateful_step_count=40, deadline=None)
