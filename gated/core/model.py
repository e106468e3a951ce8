"""The nouns of the gate: people, credentials, moments, verdicts.

Frozen values only; everything here can be compared, hashed and printed without a secret:
names and ID numbers never appear, people are 16-byte keyed pseudonyms.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Direction(StrEnum):
    """Which way a lane is passed."""

    IN = "in"
    OUT = "out"


class Verdict(StrEnum):
    """What the guard is told, from free passage to none."""

    ALLOW = "ALLOW"
    ALLOW_NOTE = "ALLOW_NOTE"
    CHECK = "CHECK"
    STOP = "STOP"


class ClockState(StrEnum):
    """How far wall time can be believed."""

    SYNCED = "synced"
    HOLDOVER = "holdover"
    UNSURE = "unsure"


class Category(StrEnum):
    """Who comes: one category per person and site."""

    RESIDENT = "resident"
    TENANT = "tenant"
    HOUSEHOLD_MINOR = "household_minor"
    OWNER_ELSEWHERE = "owner_elsewhere"
    VISITOR = "visitor"
    VISITOR_WALKIN = "visitor_walkin"
    COURIER = "courier"
    UTILITY = "utility"
    MEDICAL = "medical"
    RESCUE = "rescue"
    STAFF = "staff"
    CARER = "carer"
    WORKER_PASS = "worker_pass"
    RETURNEE = "returnee"
    UNKNOWN = "unknown"


class StatusCode(StrEnum):
    """What is known about a person for a span of time; zero or more per person."""

    HOME_QUARANTINE = "home_quarantine"
    CLOSE_CONTACT = "close_contact"
    SECOND_CONTACT = "second_contact"
    SUSPECTED = "suspected"
    CONFIRMED = "confirmed"
    OBSERVATION = "observation"
    ARRIVAL_PENDING = "arrival_pending"
    RELEASED = "released"
    FROM_OTHER_PROVINCE = "from_other_province"
    FROM_EPIDEMIC_AREA = "from_epidemic_area"
    MEDICINE_BUYER = "medicine_buyer"
    CHECKIN_MISSING = "checkin_missing"
    TEST_DUE = "test_due"
    PASS_VOID = "pass_void"
    WATCH = "watch"
    MOVED_OUT = "moved_out"


class CredentialKind(StrEnum):
    """What a person presented."""

    ID_CARD = "id_card"
    QR = "qr"
    CARD = "card"
    PAPER = "paper"
    NONE = "none"


class CredentialState(StrEnum):
    """What the roster, the pass's own bytes or the reader say about a credential."""

    ACTIVE = "active"
    LOST = "lost"
    REVOKED = "revoked"
    USED = "used"
    VOID_PHASE = "void_phase"
    UNREADABLE = "unreadable"
    UNKNOWN = "unknown"
    BAD_SIGNATURE = "bad_signature"
    UNKNOWN_KEY = "unknown_key"
    WRONG_SITE = "wrong_site"


class TemperatureState(StrEnum):
    """What the measurement of this person came to."""

    NORMAL = "normal"  # a value under a valid calibration; the limits judge it
    IN_LINE = "in_line"  # uncalibrated, within the relative rule
    ELEVATED = "elevated"  # uncalibrated, above the relative rule
    IMPLAUSIBLE = "implausible"  # skin outside 30-42 °C
    UNSTABLE = "unstable"
    MISSING = "missing"
    STALE = "stale"
    FAULT = "fault"
    TYPED = "typed"  # a guard's clinical thermometer


class GuardActionKind(StrEnum):
    """What a guard can press."""

    MANUAL_PASS = "manual_pass"
    REFUSE = "refuse"
    CLINICAL = "clinical"
    REMEASURE = "remeasure"


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant as this machine knows it: monotonic ms for intervals, UTC ms for the record."""

    mono_ms: int
    utc_ms: int
    clock: ClockState


@dataclass(frozen=True, slots=True)
class Status:
    """A status with its span. Aware datetimes; start included, end excluded; None is open."""

    code: StatusCode
    start: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True, slots=True)
class Appointment:
    """A visitor's slot, aware datetimes. uses_left None means it is not counted."""

    start: datetime
    end: datetime
    uses_left: int | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """A roster person without anything that names them.

    ref, household: 16-byte keyed pseudonyms. flags: free words from the roster, for example
    `shared_flat`, `elder`, `needs_help`, `registered`.
    """

    ref: bytes
    category: Category
    household: bytes | None = None
    statuses: tuple[Status, ...] = ()
    flags: frozenset[str] = frozenset()
    appointment: Appointment | None = None


@dataclass(frozen=True, slots=True)
class Credential:
    """One presented credential after resolution. start, end: its own validity, aware or None.

    ref: 16-byte keyed pseudonym of the credential itself (for records and the dedupe).
    listed_from, listed_until: from when to when the list lets it count (a tenant's contract, a
    carer's post); they bind even where the credential's own dates do not.
    """

    kind: CredentialKind
    state: CredentialState
    ref: bytes = b""
    start: datetime | None = None
    end: datetime | None = None
    listed_from: datetime | None = None
    listed_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Display:
    """What a guard may see of a person: already masked at the source."""

    name: str = ""
    room: str = ""


@dataclass(frozen=True, slots=True)
class Holder:
    """A credential and, when the roster knows one, the person it belongs to.

    household_statuses: statuses of everyone in the household the person belongs to or visits.
    """

    credential: Credential
    person: Person | None = None
    display: Display = field(default_factory=Display)
    household_statuses: tuple[Status, ...] = ()


@dataclass(frozen=True, slots=True)
class Derivation:
    """What a measured value was made of.

    object_code, around_code, die_code: the sensor's words (0.02 K from absolute zero) for what
    stood still before it, for the empty lane and for itself. supply_mc, offset_mc: the object
    after these corrections, in thousandths of °C; skin and estimate stand in the measurement.
    model_id: the site calibration that was in force, "" without one.
    """

    object_code: int
    around_code: int
    die_code: int
    supply_mc: int
    offset_mc: int
    model_id: str = ""


@dataclass(frozen=True, slots=True)
class Measurement:
    """What one wrist came to. All temperatures in thousandths of a degree Celsius.

    raw_mc: sensor value as read; skin_mc: after supply, offset and emissivity correction;
    decision_mc: the body estimate under a valid calibration or a typed clinical value, the only
    value the limits apply to (design decision 17). detail: a thermometry reason such as
    `moving`, `too_cold_skin`, `warming_up`, or empty. derived: the steps in between, of values
    that a sensor gave.
    """

    state: TemperatureState
    raw_mc: int | None = None
    skin_mc: int | None = None
    ambient_mc: int | None = None
    decision_mc: int | None = None
    detail: str = ""
    derived: Derivation | None = None


@dataclass(frozen=True, slots=True)
class GuardAction:
    """A guard's order about the visit on the screen.

    reason: `medical`, `rescue`, `caring`, `clinical_normal`, `equipment_fault`, `station`, `known`,
    `escort`, `other` for a manual pass; `unknown_person`, `behaviour`, `document`, `other` for a
    refusal; empty for the rest. value_mc: the clinical value in thousandths.
    visit: number of the visit the guard saw; an action for another visit is refused. duty: number
    of the spell of duty it was given in. role, approver: filled in by the gate: the role that
    counts, and the staff number of a second person who typed a PIN. note: the guard's own words,
    sealed to the hub, as hex; sealed anew whenever an order is sent, so no part of what it is.
    """

    kind: GuardActionKind
    visit: int
    reason: str = ""
    value_mc: int | None = None
    role: str = "guard"
    duty: int = 0
    approver: str = ""
    note: str = field(default="", repr=False, compare=False)
