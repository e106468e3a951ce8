"""The words of the session: its events, its effects, and one visit.

Events are what happened (past tense), effects are orders for the engine, carried out in order.
"""

from dataclasses import dataclass, field
from datetime import datetime

from gated.core.facts import Policy
from gated.core.model import (
    ClockState,
    Credential,
    Direction,
    GuardAction,
    Holder,
    Measurement,
    Verdict,
)
from gated.core.policy import Decision
from gated.core.reasons import Code


@dataclass(frozen=True, slots=True)
class Timings:
    """How long the session waits, in milliseconds."""

    pair_ms: int = 10_000  # a reading belongs to a person if this close, either order
    measure_ms: int = 10_000  # credential shown -> verdict without a reading
    target_ms: int = 7_000  # a wrist that has arrived is given this long to be measured
    stale_ms: int = 60_000  # a missing reading is stale if an unclaimed one is this young
    dedupe_ms: int = 5_000  # the same credential again is silent
    try_gap_ms: int = 5_000  # high readings closer together are one try
    tries_ms: int = 900_000  # tries count per person over this span
    guard_ms: int = 30_000  # a CHECK waits this long for the guard
    allow_ms: int = 3_000
    note_ms: int = 5_000
    stop_ms: int = 10_000

    def stays_ms(self, verdict: Verdict) -> int:
        """Return for how long a verdict stays on the screen by itself."""
        return {
            Verdict.ALLOW: self.allow_ms,
            Verdict.ALLOW_NOTE: self.note_ms,
            Verdict.CHECK: self.guard_ms,
            Verdict.STOP: self.stop_ms,
        }[verdict]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the engine knows besides the event: policy, place, clock, the thermometer's health.

    thermometer: `ok`, `fault`, or `none` for a gate that measures nobody.
    """

    now: datetime
    clock: ClockState
    direction: Direction
    policy: Policy | None
    timings: Timings = field(default_factory=Timings)
    thermometer: str = "ok"
    mode: str = "normal"
    gate: str = ""
    roster_age_h: int | None = None


@dataclass(frozen=True, slots=True)
class CredentialSeen:
    """A credential was presented and looked up."""

    holder: Holder


@dataclass(frozen=True, slots=True)
class PersonPicked:
    """The guard vouches for who it is: found by room, or among the household."""

    holder: Holder


@dataclass(frozen=True, slots=True)
class TargetSeen:
    """Something warm arrived before the thermometer."""


@dataclass(frozen=True, slots=True)
class TemperatureTaken:
    """A measurement ended, with a value or with the reason why there is none."""

    measurement: Measurement


@dataclass(frozen=True, slots=True)
class GuardActed:
    """The guard pressed something."""

    action: GuardAction


@dataclass(frozen=True, slots=True)
class Elapsed:
    """The deadline the state asked for has come."""


Event = CredentialSeen | PersonPicked | TargetSeen | TemperatureTaken | GuardActed | Elapsed


@dataclass(frozen=True, slots=True)
class Visit:
    """One person's stay at the lane: what was presented and measured so far.

    number: counts up from 1 since the process started; 0 is "nobody identified". also: a second
    credential that is not in order. wrist_followed: a reading came after the verdict.
    """

    number: int
    holder: Holder
    opened_ms: int
    measurement: Measurement | None = None
    mismatch: bool = False
    also: Credential | None = None
    wrist_followed: bool = False


@dataclass(frozen=True, slots=True)
class Record:
    """Commit this decision as a passage. Later records of one visit answer the first."""

    visit: Visit
    decision: Decision
    tries: int = 0
    guard: GuardAction | None = None


@dataclass(frozen=True, slots=True)
class FollowUp:
    """Commit a later fact about a visit: `guard_timeout`, `temperature` or `remeasure`.

    guard: the order behind it, if there is one.
    """

    visit: int
    what: str
    measurement: Measurement | None = None
    guard: GuardAction | None = None


@dataclass(frozen=True, slots=True)
class IdleView:
    """Nobody at the lane. reading_waits: someone was measured and must show a credential."""

    reading_waits: bool = False
    cue: Code | None = None


@dataclass(frozen=True, slots=True)
class MeasuringView:
    """A person is known and must be measured. hold_still: the wrist has arrived."""

    visit: Visit
    deadline_ms: int
    hold_still: bool = False
    cue: Code | None = None


@dataclass(frozen=True, slots=True)
class VerdictView:
    """The verdict stands. awaiting_guard: nothing happens until the guard acts or time is up.

    asked: the guard's order that waits for a second person.
    """

    visit: Visit
    decision: Decision
    until_ms: int
    tries: int = 0
    awaiting_guard: bool = False
    asked: GuardAction | None = None


View = IdleView | MeasuringView | VerdictView


@dataclass(frozen=True, slots=True)
class Show:
    """Put this before the guard; after the record it belongs to."""

    view: View


Effect = Record | FollowUp | Show
