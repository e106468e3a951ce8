"""What a decision is made from: facts in, nothing else.

None means unknown; an absent optional object means there is none. No clock of its own:
`now` is an argument, and `clock` says whether it can be believed.
"""

from dataclasses import dataclass
from datetime import datetime

from gated.core.model import (
    ClockState,
    Credential,
    Direction,
    GuardActionKind,
    Person,
    TemperatureState,
)


@dataclass(frozen=True, slots=True)
class TemperatureFacts:
    """The measurement of this person. tries: high results within 15 minutes, this one included.

    decision_mc: body estimate under a valid calibration, or a typed value; thousandths of °C.
    detail: why there is no plain value, for example `too_cold_skin`.
    """

    state: TemperatureState
    decision_mc: int | None = None
    tries: int = 0
    detail: str = ""


@dataclass(frozen=True, slots=True)
class HouseholdFacts:
    """What is known of the household. quarantine None means unknown.

    exits: charged exits in the quota period; exits_complete: other gates have reported.
    """

    quarantine: bool | None = False
    exits: int = 0
    exits_complete: bool = True
    last_exit: datetime | None = None
    persons_out: int | None = None


@dataclass(frozen=True, slots=True)
class LastPassage:
    """The latest known passage of this person."""

    direction: Direction
    at: datetime


@dataclass(frozen=True, slots=True)
class GuardFacts:
    """What the guard ordered. reason as in GuardAction; role: `guard` or `supervisor`."""

    action: GuardActionKind
    reason: str = ""
    role: str = "guard"


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything one decision may look at. now: aware, in the site's zone.

    also: a second credential of this visit that is not in order.
    mode: `normal`, `lockdown`, `evacuate` or `out_of_service`. temperature None: this gate
    measures nobody. mismatch: two credentials of different people in one visit.
    """

    now: datetime
    clock: ClockState
    direction: Direction
    credential: Credential | None = None
    person: Person | None = None
    temperature: TemperatureFacts | None = None
    household: HouseholdFacts | None = None
    last_passage: LastPassage | None = None
    guard: GuardFacts | None = None
    mismatch: bool = False
    also: Credential | None = None
    gate: str = ""
    mode: str = "normal"
    roster_age_h: int | None = None
    policy_age_h: int | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """The numbers the rules use; defaults are the shipped template. Temperatures in m°C."""

    revision: int = 0
    fever_mc: int = 37_300
    low_mc: int = 35_000
    tries_before_stop: int = 3
    slot_early_min: int = 15
    slot_late_min: int = 30
    qr_tolerance_s: int = 120
    roster_degrade_h: int = 24
