"""A presenter under the test's own clock, and what is decided before it."""

from dataclasses import replace
from datetime import UTC, datetime

from gated.core.facts import Policy
from gated.core.model import (
    Category,
    ClockState,
    Credential,
    CredentialKind,
    CredentialState,
    Direction,
    Display,
    GuardAction,
    Holder,
    Measurement,
    Person,
    TemperatureState,
    Verdict,
)
from gated.core.policy import Decision
from gated.core.reasons import Code
from gated.core.visit import Surroundings, VerdictView, Visit
from gated.gate import wording
from gated.gate.health import Health
from gated.gate.presenter import Presenter, Status
from gated.screen.snapshot import LinkView, Snapshot
from gated.texts import Texts, shipped
from tests.gate.gate_world import GATE

NOON = datetime(2026, 2, 7, 12, 0, tzinfo=UTC)
AROUND = Surroundings(NOON, ClockState.SYNCED, Direction.OUT, Policy())
STATUS = Status(NOON, LinkView("none"))
HOLDER = Holder(
    Credential(CredentialKind.ID_CARD, CredentialState.ACTIVE, b"c" * 16),
    Person(b"p" * 16, Category.RESIDENT),
    Display("王*明", "3-2-1**"),
)
SKIN_ONLY = Measurement(TemperatureState.IN_LINE, 33_000, 33_400, 22_000)
BODY = Measurement(TemperatureState.NORMAL, 33_000, 33_400, 22_000, 36_480)


def decision(verdict: Verdict, *codes: Code) -> Decision:
    return Decision(verdict, codes[0], codes)


ALLOW = decision(Verdict.ALLOW, Code.OK_RESIDENT)
SAY = wording.Wording(shipped())


class Screen:
    """A presenter under the test's own clock."""

    def __init__(self, texts: Texts | None = None, **gate: object) -> None:
        self.health = Health()
        section = GATE.model_copy(update=gate)
        self.presenter = Presenter(section, self.health, texts or shipped())
        self.now_ms = 1_000

    def decided(
        self,
        said: Decision,
        taken: Measurement | None = BODY,
        *,
        visit: int = 1,
        holder: Holder = HOLDER,
        recorded: bool = True,
        awaiting: bool = False,
        asked: GuardAction | None = None,
        thermometer: str = "ok",
    ) -> Snapshot:
        view = VerdictView(Visit(visit, holder, 0, taken), said, 9_000, 1, awaiting, asked)
        self.presenter.passed(view, f"key-{visit}", NOON, Direction.OUT, recorded=recorded)
        self.presenter.show(view, self.now_ms)
        return self.snapshot(thermometer=thermometer)

    def snapshot(self, status: Status = STATUS, *, thermometer: str = "ok") -> Snapshot:
        around = replace(AROUND, thermometer=thermometer)
        return self.presenter.snapshot(status, around, self.now_ms)
