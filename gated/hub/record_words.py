"""Words for what a record says: category, verdict, direction, reason; Chinese and English. Pure.

What a reason tells of somebody's health, a watch or an alert is named only to those who may know
it; everybody else reads "call the station".
"""

from typing import Final, Literal

from gated.core.model import Category, Direction, Verdict
from gated.core.reasons import REASONS, Code
from gated.hub.roles import Role
from gated.texts import shipped

Language = Literal["zh", "en"]

CATEGORIES: Final = {
    Category.RESIDENT: ("居民", "resident"),
    Category.TENANT: ("租户", "tenant"),
    Category.HOUSEHOLD_MINOR: ("未成年人", "minor"),
    Category.OWNER_ELSEWHERE: ("业主(不在此住)", "owner living elsewhere"),
    Category.VISITOR: ("访客", "visitor"),
    Category.VISITOR_WALKIN: ("临时访客", "visitor without appointment"),
    Category.COURIER: ("快递/外卖", "courier"),
    Category.UTILITY: ("维修", "utility worker"),
    Category.MEDICAL: ("医护", "medical"),
    Category.RESCUE: ("救援", "rescue"),
    Category.STAFF: ("工作人员", "staff"),
    Category.CARER: ("家政/护工", "carer"),
    Category.WORKER_PASS: ("复工人员", "worker with a pass"),
    Category.RETURNEE: ("返程人员", "returnee"),
    Category.UNKNOWN: ("身份不明", "unknown person"),
}

VERDICTS: Final = {
    Verdict.ALLOW: ("放行", "passed"),
    Verdict.ALLOW_NOTE: ("放行(有提示)", "passed with a note"),
    Verdict.CHECK: ("复核", "check"),
    Verdict.STOP: ("禁止通行", "stopped"),
}

DIRECTIONS: Final = {Direction.IN: ("进", "in"), Direction.OUT: ("出", "out")}

ROLES: Final = {Role.OFFICER: "社区工作人员", Role.PROPERTY: "物业", Role.AUDITOR: "审计员"}
"""What a gate's screen calls somebody at the centre who has no account."""

# What officers read where the guard reads "call the station", or nothing.
_HEALTH: Final = {
    Code.STAT_CONTACT: ("密切接触者", "Close contact"),
    Code.STAT_SUSPECTED: ("疑似", "Suspected case"),
    Code.STAT_CONFIRMED: ("确诊", "Confirmed case"),
    Code.STAT_HOST_QUARANTINE: ("所访家庭正在隔离", "Host household in quarantine"),
    Code.STAT_WATCH: ("布控", "On a watch list"),
    Code.GUARD_DURESS: ("胁迫报警", "Duress"),
}

# Reasons behind statuses that a property office sets itself. Every other status is of health.
_OPEN: Final = frozenset(
    {
        Code.STAT_ARRIVAL_PENDING,
        Code.STAT_ARRIVAL_FILED,
        Code.STAT_FROM_PROVINCE,
        Code.STAT_FROM_EPIDEMIC_AREA,
        Code.STAT_MEDICINE_BUYER,
        Code.STAT_CHECKIN_MISSING,
    }
)
# A normal clinical value says that the first one was high.
FEVER: Final = frozenset(
    {Code.TEMP_HIGH_RETRY, Code.TEMP_HIGH, Code.TEMP_CLINICAL_OK, Code.TEMP_CLINICAL_HIGH}
)
_OF_STATUS: Final = "STAT_"

GUARDED: Final = frozenset(
    code.value
    for code in Code
    if (code.startswith(_OF_STATUS) and code not in _OPEN)
    or code in FEVER
    or code is Code.GUARD_DURESS
)
"""Codes that would tell of health, a watch or an alert to somebody who may not know it."""

ANY_GUARDED: Final = "STAT_*"
"""Stands for any of them where a code is shown to such a reader."""

_KNOWN: Final = frozenset(code.value for code in Code)
_CALL: Final = ("请联系社区", "Call the station")


def category(value: str, language: Language) -> str:
    """Return the word for a category; one this version does not know is shown as it is."""
    return _pick(CATEGORIES, value, language)


def verdict(value: str, language: Language) -> str:
    """Return the word for a verdict."""
    return _pick(VERDICTS, value, language)


def direction(value: str, language: Language) -> str:
    """Return the word for a direction."""
    return _pick(DIRECTIONS, value, language)


def reason(value: str, language: Language, *, health: bool) -> str:
    """Return the words for a reason. health: the reader may know a health status."""
    if value == ANY_GUARDED or (not health and is_guarded(value)):
        return _CALL[language == "en"]
    if value in _HEALTH:
        return _HEALTH[Code(value)][language == "en"]
    try:
        said = shipped().reason(Code(value)).text
    except ValueError:  # a gate of a later version
        return value
    return said.shown(language)


def is_guarded(value: str) -> bool:
    """Return whether a code is kept from who may not know of health; so is an unknown status."""
    return value in GUARDED or (value.startswith(_OF_STATUS) and value not in _KNOWN)


def reason_code(value: str, *, health: bool) -> str:
    """Return the code as this reader may see it."""
    return value if health or not is_guarded(value) else ANY_GUARDED


def reason_codes(*, health: bool) -> tuple[str, ...]:
    """Return the codes this reader may search for, in the order of the table."""
    return tuple(code.value for code in REASONS if health or code.value not in GUARDED)


def temperature(value_mc: int | None) -> str:
    """Return thousandths of a degree as degrees with one digit, "" for none; never rounded up."""
    if value_mc is None:
        return ""
    tenths = value_mc // 100
    return f"{tenths // 10}.{tenths % 10}"


def _pick(
    table: dict[Category, tuple[str, str]]
    | dict[Verdict, tuple[str, str]]
    | dict[Direction, tuple[str, str]],
    value: str,
    language: Language,
) -> str:
    pair = {str(key): words for key, words in table.items()}.get(value)
    return value if pair is None else pair[language == "en"]
