"""Every reason code: the verdict it makes and how much it weighs. What it says is in gated.texts.

A passage lists all codes that apply; the *primary* one is the one with the highest severity
among those that made the verdict. Codes are stable: hubs, exports and ledgers rely on them.
`bacnet` is the nearest number of the BACnet access-event list, for building systems.
"""

from dataclasses import dataclass
from enum import StrEnum

from gated.core.model import Verdict


class Code(StrEnum):
    """The reason codes a decision can carry."""

    OK_RESIDENT = "OK_RESIDENT"
    OK_TENANT = "OK_TENANT"
    OK_STAFF = "OK_STAFF"
    OK_SERVICE = "OK_SERVICE"
    OK_WORKER = "OK_WORKER"
    OK_VISITOR_SLOT = "OK_VISITOR_SLOT"
    OK_HOME_RETURN = "OK_HOME_RETURN"
    OK_COURIER_DROP = "OK_COURIER_DROP"
    SYS_EVACUATE = "SYS_EVACUATE"
    SYS_LOCKDOWN = "SYS_LOCKDOWN"
    SYS_OUT_OF_SERVICE = "SYS_OUT_OF_SERVICE"
    SYS_NO_POLICY = "SYS_NO_POLICY"
    SYS_NO_RULE = "SYS_NO_RULE"
    SYS_RULE_ERROR = "SYS_RULE_ERROR"
    SYS_ROSTER_STALE = "SYS_ROSTER_STALE"
    SYS_BUSY = "SYS_BUSY"
    CRED_UNREADABLE = "CRED_UNREADABLE"
    CRED_UNKNOWN = "CRED_UNKNOWN"
    CRED_BAD_SIGNATURE = "CRED_BAD_SIGNATURE"
    CRED_UNKNOWN_KEY = "CRED_UNKNOWN_KEY"
    CRED_WRONG_SITE = "CRED_WRONG_SITE"
    CRED_NOT_YET = "CRED_NOT_YET"
    CRED_EXPIRED = "CRED_EXPIRED"
    CRED_REVOKED = "CRED_REVOKED"
    CRED_LOST = "CRED_LOST"
    CRED_USED = "CRED_USED"
    CRED_VOID_PHASE = "CRED_VOID_PHASE"
    CRED_MISMATCH = "CRED_MISMATCH"
    CRED_NEEDS_SECOND = "CRED_NEEDS_SECOND"
    CRED_LOCKOUT = "CRED_LOCKOUT"
    ID_NOT_IN_ROSTER = "ID_NOT_IN_ROSTER"
    ID_VISITOR_UNREGISTERED = "ID_VISITOR_UNREGISTERED"
    ID_ENTRY_UNREGISTERED = "ID_ENTRY_UNREGISTERED"
    ID_OWNER_ELSEWHERE = "ID_OWNER_ELSEWHERE"
    ID_MOVED_OUT = "ID_MOVED_OUT"
    ID_AMBIGUOUS = "ID_AMBIGUOUS"
    ID_MINOR_ALONE = "ID_MINOR_ALONE"
    ID_CARD_OUTDATED = "ID_CARD_OUTDATED"
    STAT_HOME_QUARANTINE = "STAT_HOME_QUARANTINE"
    STAT_CONTACT = "STAT_CONTACT"
    STAT_SUSPECTED = "STAT_SUSPECTED"
    STAT_CONFIRMED = "STAT_CONFIRMED"
    STAT_HOST_QUARANTINE = "STAT_HOST_QUARANTINE"
    STAT_OBSERVATION_DUE = "STAT_OBSERVATION_DUE"
    STAT_ARRIVAL_PENDING = "STAT_ARRIVAL_PENDING"
    STAT_FROM_PROVINCE = "STAT_FROM_PROVINCE"
    STAT_FROM_EPIDEMIC_AREA = "STAT_FROM_EPIDEMIC_AREA"
    STAT_ARRIVAL_FILED = "STAT_ARRIVAL_FILED"
    STAT_RELEASED = "STAT_RELEASED"
    STAT_MEDICINE_BUYER = "STAT_MEDICINE_BUYER"
    STAT_CHECKIN_MISSING = "STAT_CHECKIN_MISSING"
    STAT_TEST_DUE = "STAT_TEST_DUE"
    STAT_WATCH = "STAT_WATCH"
    TEMP_HIGH_RETRY = "TEMP_HIGH_RETRY"
    TEMP_HIGH = "TEMP_HIGH"
    TEMP_LOW = "TEMP_LOW"
    TEMP_UNCALIBRATED = "TEMP_UNCALIBRATED"
    TEMP_UNSTABLE = "TEMP_UNSTABLE"
    TEMP_MISSING = "TEMP_MISSING"
    TEMP_STALE = "TEMP_STALE"
    TEMP_SENSOR_FAULT = "TEMP_SENSOR_FAULT"
    TEMP_CLINICAL_OK = "TEMP_CLINICAL_OK"
    TEMP_CLINICAL_HIGH = "TEMP_CLINICAL_HIGH"
    TIME_CURFEW = "TIME_CURFEW"
    TIME_WINDOW = "TIME_WINDOW"
    TIME_SLOT_EARLY = "TIME_SLOT_EARLY"
    TIME_SLOT_LATE = "TIME_SLOT_LATE"
    TIME_UNKNOWN = "TIME_UNKNOWN"
    TIME_ABSENCE_LONG = "TIME_ABSENCE_LONG"
    QUOTA_HOUSEHOLD_USED = "QUOTA_HOUSEHOLD_USED"
    QUOTA_HOUSEHOLD_OUT = "QUOTA_HOUSEHOLD_OUT"
    QUOTA_VOUCHER_EMPTY = "QUOTA_VOUCHER_EMPTY"
    QUOTA_UNKNOWN = "QUOTA_UNKNOWN"
    PASS_BACK = "PASS_BACK"
    PASS_NOT_COMPLETED = "PASS_NOT_COMPLETED"
    GUARD_MANUAL_PASS = "GUARD_MANUAL_PASS"
    GUARD_MEDICAL = "GUARD_MEDICAL"
    GUARD_RESCUE = "GUARD_RESCUE"
    GUARD_REFUSED = "GUARD_REFUSED"
    GUARD_DURESS = "GUARD_DURESS"
    GUARD_TIMEOUT = "GUARD_TIMEOUT"


@dataclass(frozen=True, slots=True)
class Reason:
    """What one code does. verdict None: the code changes no verdict (event or cue).

    severity: 0-100, orders the reasons of one verdict; equal severities keep rule order.
    """

    code: Code
    verdict: Verdict | None
    severity: int
    bacnet: int = 0


_A, _N, _C, _S = Verdict.ALLOW, Verdict.ALLOW_NOTE, Verdict.CHECK, Verdict.STOP

_TABLE = (
    Reason(Code.OK_RESIDENT, _A, 10, 1),
    Reason(Code.OK_TENANT, _A, 10, 1),
    Reason(Code.OK_STAFF, _A, 10, 1),
    Reason(Code.OK_SERVICE, _A, 10, 1),
    Reason(Code.OK_WORKER, _A, 10, 1),
    Reason(Code.OK_VISITOR_SLOT, _A, 10, 1),
    Reason(Code.OK_HOME_RETURN, _A, 10, 1),
    Reason(Code.OK_COURIER_DROP, _N, 30, 1),
    Reason(Code.SYS_EVACUATE, _A, 100, 9),
    Reason(Code.SYS_LOCKDOWN, _S, 99, 137),
    Reason(Code.SYS_OUT_OF_SERVICE, None, 98, 10),
    Reason(Code.SYS_NO_POLICY, _C, 90, 130),
    Reason(Code.SYS_NO_RULE, _S, 20, 135),
    Reason(Code.SYS_RULE_ERROR, _C, 85, 164),
    Reason(Code.SYS_ROSTER_STALE, _C, 30, 130),
    Reason(Code.SYS_BUSY, None, 10, 164),
    Reason(Code.CRED_UNREADABLE, _C, 40, 148),
    Reason(Code.CRED_UNKNOWN, _S, 50, 129),
    Reason(Code.CRED_BAD_SIGNATURE, _S, 60, 162),
    Reason(Code.CRED_UNKNOWN_KEY, _C, 45, 130),
    Reason(Code.CRED_WRONG_SITE, _S, 50, 134),
    Reason(Code.CRED_NOT_YET, _S, 45, 151),
    Reason(Code.CRED_EXPIRED, _S, 45, 152),
    Reason(Code.CRED_REVOKED, _S, 55, 153),
    Reason(Code.CRED_LOST, _S, 58, 143),
    Reason(Code.CRED_USED, _S, 44, 156),
    Reason(Code.CRED_VOID_PHASE, _S, 44, 158),
    Reason(Code.CRED_MISMATCH, _S, 62, 132),
    Reason(Code.CRED_NEEDS_SECOND, _C, 40, 15),
    Reason(Code.CRED_LOCKOUT, _S, 43, 161),
    Reason(Code.ID_NOT_IN_ROSTER, _C, 48, 149),
    Reason(Code.ID_VISITOR_UNREGISTERED, _S, 46, 150),
    Reason(Code.ID_ENTRY_UNREGISTERED, _C, 46, 150),
    Reason(Code.ID_OWNER_ELSEWHERE, _C, 42, 15),
    Reason(Code.ID_MOVED_OUT, _S, 52, 158),
    Reason(Code.ID_AMBIGUOUS, _C, 41, 15),
    Reason(Code.ID_MINOR_ALONE, _C, 47, 159),
    Reason(Code.ID_CARD_OUTDATED, _N, 15, 1),
    Reason(Code.STAT_HOME_QUARANTINE, _S, 80, 135),
    Reason(Code.STAT_CONTACT, _S, 88, 135),
    Reason(Code.STAT_SUSPECTED, _S, 90, 135),
    Reason(Code.STAT_CONFIRMED, _S, 92, 135),
    Reason(Code.STAT_HOST_QUARANTINE, _S, 64, 135),
    Reason(Code.STAT_OBSERVATION_DUE, _C, 50, 15),
    Reason(Code.STAT_ARRIVAL_PENDING, _C, 52, 15),
    Reason(Code.STAT_FROM_PROVINCE, _C, 51, 15),
    Reason(Code.STAT_FROM_EPIDEMIC_AREA, _C, 54, 15),
    Reason(Code.STAT_ARRIVAL_FILED, _N, 24, 1),
    Reason(Code.STAT_RELEASED, _N, 28, 1),
    Reason(Code.STAT_MEDICINE_BUYER, _N, 26, 1),
    Reason(Code.STAT_CHECKIN_MISSING, _N, 25, 1),
    Reason(Code.STAT_TEST_DUE, _N, 27, 135),
    Reason(Code.STAT_WATCH, None, 0, 5),
    Reason(Code.TEMP_HIGH_RETRY, _C, 70, 15),
    Reason(Code.TEMP_HIGH, _S, 85, 162),
    Reason(Code.TEMP_LOW, _C, 60, 15),
    Reason(Code.TEMP_UNCALIBRATED, _N, 20, 130),
    Reason(Code.TEMP_UNSTABLE, _C, 58, 15),
    Reason(Code.TEMP_MISSING, _C, 56, 131),
    Reason(Code.TEMP_STALE, _C, 55, 131),
    Reason(Code.TEMP_SENSOR_FAULT, _C, 57, 130),
    Reason(Code.TEMP_CLINICAL_OK, _N, 35, 1),
    Reason(Code.TEMP_CLINICAL_HIGH, _S, 86, 162),
    Reason(Code.TIME_CURFEW, _S, 40, 136),
    Reason(Code.TIME_WINDOW, _S, 40, 136),
    Reason(Code.TIME_SLOT_EARLY, _C, 42, 151),
    Reason(Code.TIME_SLOT_LATE, _C, 42, 152),
    Reason(Code.TIME_UNKNOWN, _C, 38, 130),
    Reason(Code.TIME_ABSENCE_LONG, _N, 22, 1),
    Reason(Code.QUOTA_HOUSEHOLD_USED, _S, 40, 156),
    Reason(Code.QUOTA_HOUSEHOLD_OUT, _S, 39, 142),
    Reason(Code.QUOTA_VOUCHER_EMPTY, _S, 38, 156),
    Reason(Code.QUOTA_UNKNOWN, _C, 36, 130),
    Reason(Code.PASS_BACK, _N, 21, 3),
    Reason(Code.PASS_NOT_COMPLETED, None, 5, 16),
    Reason(Code.GUARD_MANUAL_PASS, _N, 95, 1),
    Reason(Code.GUARD_MEDICAL, _N, 96, 1),
    Reason(Code.GUARD_RESCUE, _N, 97, 1),
    Reason(Code.GUARD_REFUSED, _S, 95, 164),
    Reason(Code.GUARD_DURESS, _A, 0, 4),
    Reason(Code.GUARD_TIMEOUT, None, 5, 163),
)

# Device events carry no verdict.
DEVICE_CODES = (
    "DEV_TAMPER",
    "DEV_FORCED_OPEN",
    "DEV_HELD_OPEN",
    "DEV_FIRE",
    "DEV_READER_FAULT",
    "DEV_CAMERA_FAULT",
    "DEV_THERMO_FAULT",
    "DEV_THERMO_DRIFT",
    "DEV_RELAY_FAULT",
    "DEV_POWER_LOW",
    "DEV_OVERHEAT",
    "DEV_STORE_90",
    "DEV_STORE_FULL",
    "DEV_DB_REPAIRED",
    "DEV_CLOCK_STEP",
    "DEV_CLOCK_LOST",
    "DEV_LINK_DOWN",
    "DEV_LINK_UP",
    "DEV_ROSTER_STALE",
    "DEV_POLICY_REVIEW_DUE",
    "DEV_CERT_EXPIRING",
    "DEV_BUNDLE_REJECTED",
    "DEV_UNCLEAN_START",
    "DEV_CLONE_SUSPECTED",
)

REASONS: dict[Code, Reason] = {row.code: row for row in _TABLE}

# Where no person is at fault: the band is blue although the verdict is CHECK.
FAULT_CODES = frozenset(
    {Code.TEMP_SENSOR_FAULT, Code.SYS_NO_POLICY, Code.SYS_RULE_ERROR, Code.SYS_OUT_OF_SERVICE}
)

# Health words stay off the public side and off a guard's reason line (role supervisor sees them).
HEALTH_CODES = frozenset({Code.STAT_CONTACT, Code.STAT_SUSPECTED, Code.STAT_CONFIRMED})
