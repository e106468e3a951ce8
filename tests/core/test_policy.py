"""Acceptance scenarios and properties of the decision. People and numbers are invented."""

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from gated.core.facts import Facts, GuardFacts, HouseholdFacts, LastPassage, Policy
from gated.core.facts import TemperatureFacts as Temperature
from gated.core.model import (
    Appointment,
    Category,
    ClockState,
    Credential,
    CredentialKind,
    CredentialState,
    Direction,
    GuardActionKind,
    Person,
    Status,
    StatusCode,
    TemperatureState,
    Verdict,
)
from gated.core.policy import Obligation, decide
from gated.core.reasons import REASONS, Code

SHANGHAI = timezone(timedelta(hours=8))
NOON = datetime(2026, 2, 7, 12, 0, tzinfo=SHANGHAI)
DAY = timedelta(days=1)
OUT, IN = Direction.OUT, Direction.IN
CARD = Credential(CredentialKind.ID_CARD, CredentialState.ACTIVE, b"c" * 16)
QR = Credential(CredentialKind.QR, CredentialState.ACTIVE, b"q" * 16)


def normal(mc: int = 36_400, tries: int = 0) -> Temperature:
    return Temperature(TemperatureState.NORMAL, mc, tries)


def person(category: Category = Category.RESIDENT, *codes: StatusCode, **more: object) -> Person:
    statuses = tuple(Status(code) for code in codes)
    return Person(b"p" * 16, category, b"h" * 16, statuses, **more)


def facts(direction: Direction = OUT, **changes: object) -> Facts:
    base = Facts(NOON, ClockState.SYNCED, direction, CARD, person(), normal(), HouseholdFacts())
    return replace(base, **changes)


def judged(*args: object, **kwargs: object) -> tuple[str, str]:
    decision = decide(facts(*args, **kwargs), Policy())
    return decision.verdict.value, decision.reason.value


def visitor(start_hour: int, end_hour: int) -> Person:
    slot = Appointment(
        NOON.replace(hour=start_hour, minute=0), NOON.replace(hour=end_hour, minute=0)
    )
    return person(Category.VISITOR, appointment=slot)


CASES = [
    ("resident out", facts(OUT), "ALLOW", "OK_RESIDENT"),
    ("resident in", facts(IN), "ALLOW", "OK_HOME_RETURN"),
    ("tenant out", facts(OUT, person=person(Category.TENANT)), "ALLOW", "OK_TENANT"),
    ("staff in", facts(IN, person=person(Category.STAFF)), "ALLOW", "OK_STAFF"),
    ("worker out", facts(OUT, person=person(Category.WORKER_PASS)), "ALLOW", "OK_WORKER"),
    ("fever, first", facts(OUT, temperature=normal(37_300, 1)), "CHECK", "TEMP_HIGH_RETRY"),
    ("fever, third", facts(OUT, temperature=normal(37_300, 3)), "STOP", "TEMP_HIGH"),
    ("fever, third, in", facts(IN, temperature=normal(38_000, 3)), "STOP", "TEMP_HIGH"),
    ("just below the limit", facts(OUT, temperature=normal(37_299)), "ALLOW", "OK_RESIDENT"),
    ("too low", facts(OUT, temperature=normal(34_100)), "CHECK", "TEMP_LOW"),
    ("lowest allowed", facts(OUT, temperature=normal(35_000)), "ALLOW", "OK_RESIDENT"),
    (
        "sensor fault",
        facts(OUT, temperature=Temperature(TemperatureState.FAULT)),
        "CHECK",
        "TEMP_SENSOR_FAULT",
    ),
    (
        "stale",
        facts(OUT, temperature=Temperature(TemperatureState.STALE)),
        "CHECK",
        "TEMP_STALE",
    ),
    (
        "not calibrated",
        facts(OUT, temperature=Temperature(TemperatureState.IN_LINE)),
        "ALLOW_NOTE",
        "TEMP_UNCALIBRATED",
    ),
    (
        "not calibrated, above the others",
        facts(OUT, temperature=Temperature(TemperatureState.ELEVATED, tries=5)),
        "CHECK",
        "TEMP_HIGH_RETRY",
    ),
    (
        "cold skin",
        facts(OUT, temperature=Temperature(TemperatureState.IMPLAUSIBLE, detail="too_cold_skin")),
        "CHECK",
        "TEMP_LOW",
    ),
    (
        "hot object",
        facts(OUT, temperature=Temperature(TemperatureState.IMPLAUSIBLE, detail="too_hot_object")),
        "CHECK",
        "TEMP_UNSTABLE",
    ),
    (
        "clinical value normal",
        facts(OUT, temperature=Temperature(TemperatureState.TYPED, 36_800, 3)),
        "ALLOW_NOTE",
        "TEMP_CLINICAL_OK",
    ),
    (
        "clinical value high",
        facts(IN, temperature=Temperature(TemperatureState.TYPED, 37_300)),
        "STOP",
        "TEMP_CLINICAL_HIGH",
    ),
    (
        "home quarantine out",
        facts(OUT, person=person(Category.RESIDENT, StatusCode.HOME_QUARANTINE)),
        "STOP",
        "STAT_HOME_QUARANTINE",
    ),
    (
        "home quarantine in",
        facts(IN, person=person(Category.RESIDENT, StatusCode.HOME_QUARANTINE)),
        "ALLOW_NOTE",
        "STAT_HOME_QUARANTINE",
    ),
    (
        "released overrides quarantine",
        facts(
            OUT,
            person=person(Category.RESIDENT, StatusCode.HOME_QUARANTINE, StatusCode.RELEASED),
        ),
        "ALLOW_NOTE",
        "STAT_RELEASED",
    ),
    (
        "close contact in",
        facts(IN, person=person(Category.RESIDENT, StatusCode.CLOSE_CONTACT)),
        "STOP",
        "STAT_CONTACT",
    ),
    ("walk-in visitor", facts(IN, person=person(Category.VISITOR_WALKIN)), "STOP",
     "ID_VISITOR_UNREGISTERED"),
    ("visitor without slot", facts(IN, person=person(Category.VISITOR)), "STOP",
     "ID_VISITOR_UNREGISTERED"),
    ("visitor leaving", facts(OUT, person=visitor(8, 9)), "ALLOW", "OK_VISITOR_SLOT"),
    (
        "host household in quarantine",
        facts(IN, person=visitor(11, 13), household=HouseholdFacts(quarantine=True)),
        "STOP",
        "STAT_HOST_QUARANTINE",
    ),
    ("courier in", facts(IN, person=person(Category.COURIER)), "ALLOW_NOTE", "OK_COURIER_DROP"),
    ("courier out", facts(OUT, person=person(Category.COURIER)), "ALLOW", "OK_SERVICE"),
    ("minor alone", facts(OUT, person=person(Category.HOUSEHOLD_MINOR)), "CHECK",
     "ID_MINOR_ALONE"),
    ("returnee in", facts(IN, person=person(Category.RETURNEE)), "CHECK", "STAT_ARRIVAL_PENDING"),
    ("returnee out", facts(OUT, person=person(Category.RETURNEE)), "STOP",
     "STAT_ARRIVAL_PENDING"),
    (
        "genuine card, not on the list",
        facts(OUT, person=None, credential=replace(CARD, state=CredentialState.UNKNOWN)),
        "CHECK",
        "ID_NOT_IN_ROSTER",
    ),
    (
        "bare number nobody knows",
        facts(
            OUT,
            person=None,
            credential=Credential(CredentialKind.CARD, CredentialState.UNKNOWN),
        ),
        "STOP",
        "CRED_UNKNOWN",
    ),
    (
        "genuine pass, person not on the list",
        facts(OUT, person=None, credential=QR),
        "CHECK",
        "ID_NOT_IN_ROSTER",
    ),
    (
        "forged pass",
        facts(OUT, person=None, credential=replace(QR, state=CredentialState.BAD_SIGNATURE)),
        "STOP",
        "CRED_BAD_SIGNATURE",
    ),
    (
        "pass signed by a key not known here",
        facts(OUT, person=None, credential=replace(QR, state=CredentialState.UNKNOWN_KEY)),
        "CHECK",
        "CRED_UNKNOWN_KEY",
    ),
    (
        "pass of another compound",
        facts(IN, person=None, credential=replace(QR, state=CredentialState.WRONG_SITE)),
        "STOP",
        "CRED_WRONG_SITE",
    ),
    ("lost card", facts(IN, credential=replace(CARD, state=CredentialState.LOST)), "STOP",
     "CRED_LOST"),
    ("pass of tomorrow", facts(OUT, credential=replace(QR, start=NOON + DAY, end=NOON + 2 * DAY)),
     "STOP", "CRED_NOT_YET"),
    ("expired pass, out", facts(OUT, credential=replace(QR, end=NOON - DAY)), "STOP",
     "CRED_EXPIRED"),
    ("expired pass, resident in", facts(IN, credential=replace(QR, end=NOON - DAY)), "CHECK",
     "CRED_EXPIRED"),
    ("ID card past its date", facts(OUT, credential=replace(CARD, end=NOON - DAY)), "ALLOW_NOTE",
     "ID_CARD_OUTDATED"),
    (
        "pass of today, clock unsure",
        facts(
            OUT,
            clock=ClockState.UNSURE,
            credential=replace(QR, start=NOON - DAY, end=NOON + DAY),
        ),
        "CHECK",
        "TIME_UNKNOWN",
    ),
    ("card, clock unsure", facts(OUT, clock=ClockState.UNSURE), "ALLOW", "OK_RESIDENT"),
    ("two people's credentials", facts(OUT, mismatch=True), "STOP", "CRED_MISMATCH"),
    ("roster 25 h old, in", facts(IN, roster_age_h=25), "ALLOW", "OK_HOME_RETURN"),
    ("roster 25 h old, out", facts(OUT, roster_age_h=25), "CHECK", "SYS_ROSTER_STALE"),
    ("lockdown", facts(OUT, mode="lockdown"), "STOP", "SYS_LOCKDOWN"),
    (
        "lockdown, ambulance",
        facts(OUT, mode="lockdown", person=person(Category.MEDICAL)),
        "ALLOW",
        "OK_SERVICE",
    ),
    ("evacuation", facts(OUT, mode="evacuate", temperature=normal(39_000, 3)), "ALLOW",
     "SYS_EVACUATE"),
    (
        "fire brigade with a hot wrist",
        facts(IN, person=person(Category.RESCUE), temperature=normal(38_000, 3)),
        "ALLOW_NOTE",
        "TEMP_HIGH",
    ),
    ("owner living elsewhere", facts(IN, person=person(Category.OWNER_ELSEWHERE)), "CHECK",
     "ID_OWNER_ELSEWHERE"),
    (
        "owner leaving who came in here",
        facts(
            OUT,
            person=person(Category.OWNER_ELSEWHERE),
            last_passage=LastPassage(IN, NOON - DAY),
        ),
        "ALLOW",
        "OK_RESIDENT",
    ),
    ("moved out", facts(IN, person=person(Category.TENANT, StatusCode.MOVED_OUT)), "STOP",
     "ID_MOVED_OUT"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "given_facts", "verdict", "reason"), CASES)
def test_scenario(name: str, given_facts: Facts, verdict: str, reason: str) -> None:
    decision = decide(given_facts, Policy())
    assert (decision.verdict.value, decision.reason.value) == (verdict, reason), name
    assert decision.reasons[0] is decision.reason


@pytest.mark.parametrize(
    ("minute_of_day", "expected"),
    [
        (13 * 60 + 44, ("CHECK", "TIME_SLOT_EARLY")),
        (13 * 60 + 45, ("ALLOW", "OK_VISITOR_SLOT")),
        (15 * 60 + 30, ("ALLOW", "OK_VISITOR_SLOT")),
        (15 * 60 + 31, ("CHECK", "TIME_SLOT_LATE")),
    ],
)
def test_a_visitor_has_fifteen_minutes_before_and_thirty_after_the_slot(
    minute_of_day: int, expected: tuple[str, str]
) -> None:
    now = NOON.replace(hour=minute_of_day // 60, minute=minute_of_day % 60)
    assert judged(IN, now=now, person=visitor(14, 15)) == expected


def test_a_status_does_not_count_past_its_end_or_before_its_start() -> None:
    held = Status(StatusCode.HOME_QUARANTINE, NOON - 3 * DAY, NOON)
    assert judged(OUT, person=replace(person(), statuses=(held,)))[0] == "ALLOW"
    just_before = NOON - timedelta(milliseconds=1)
    assert judged(OUT, now=just_before, person=replace(person(), statuses=(held,)))[0] == "STOP"
    later = Status(StatusCode.HOME_QUARANTINE, NOON + DAY)
    assert judged(OUT, person=replace(person(), statuses=(later,)))[0] == "ALLOW"


def test_quarantine_that_began_after_the_release_stands() -> None:
    released = Status(StatusCode.RELEASED, NOON - 5 * DAY)
    again = Status(StatusCode.HOME_QUARANTINE, NOON - DAY)
    held = replace(person(), statuses=(released, again))
    assert judged(OUT, person=held) == ("STOP", "STAT_HOME_QUARANTINE")


def test_a_dated_status_under_an_unsure_clock_is_a_check_and_never_a_stop() -> None:
    held = Status(StatusCode.HOME_QUARANTINE, NOON - DAY, NOON + DAY)
    got = judged(OUT, clock=ClockState.UNSURE, person=replace(person(), statuses=(held,)))
    assert got == ("CHECK", "TIME_UNKNOWN")


def test_watch_changes_no_verdict_and_shows_nothing_but_alerts() -> None:
    watched = decide(facts(OUT, person=person(Category.RESIDENT, StatusCode.WATCH)), Policy())
    assert watched.verdict is Verdict.ALLOW
    assert Code.STAT_WATCH not in watched.reasons
    assert watched.obligations == (Obligation.ALERT_SILENT,)


def test_no_policy_is_a_check() -> None:
    assert decide(facts(OUT), None).reason is Code.SYS_NO_POLICY


def test_all_reasons_are_listed_with_the_most_severe_first() -> None:
    decision = decide(
        facts(
            OUT,
            person=person(Category.RESIDENT, StatusCode.HOME_QUARANTINE),
            temperature=normal(38_000, 3),
            credential=replace(CARD, end=NOON - DAY),
        ),
        Policy(),
    )
    assert decision.reasons == (
        Code.TEMP_HIGH,
        Code.STAT_HOME_QUARANTINE,
        Code.ID_CARD_OUTDATED,
        Code.OK_RESIDENT,
    )


def guard(reason: str, role: str = "guard") -> GuardFacts:
    return GuardFacts(GuardActionKind.MANUAL_PASS, reason, role)


def test_a_guard_may_pass_anyone_for_medical_reasons_and_that_alerts() -> None:
    held = person(Category.RESIDENT, StatusCode.HOME_QUARANTINE)
    decision = decide(facts(OUT, person=held, guard=guard("medical")), Policy())
    assert (decision.verdict, decision.reason) == (Verdict.ALLOW_NOTE, Code.GUARD_MEDICAL)
    assert Obligation.ALERT in decision.obligations
    assert Code.STAT_HOME_QUARANTINE in decision.reasons


def test_a_stop_status_needs_a_second_person_for_any_other_reason() -> None:
    held = person(Category.RESIDENT, StatusCode.HOME_QUARANTINE)
    alone = decide(facts(OUT, person=held, guard=guard("known")), Policy())
    assert alone.verdict is Verdict.STOP
    assert Obligation.SECOND_PERSON in alone.obligations
    together = decide(facts(OUT, person=held, guard=guard("known", "supervisor")), Policy())
    assert together.reason is Code.GUARD_MANUAL_PASS


def test_a_refusal_stops_whoever_would_have_passed() -> None:
    order = GuardFacts(GuardActionKind.REFUSE, "behaviour")
    assert judged(OUT, guard=order) == ("STOP", "GUARD_REFUSED")


def test_every_code_has_its_row() -> None:
    assert set(REASONS) == set(Code)
    assert all(code is reason.code for code, reason in REASONS.items())


@pytest.mark.parametrize(
    ("category", "direction", "expected"),
    [
        (Category.CARER, IN, ("STOP", "CRED_EXPIRED")),
        (Category.TENANT, IN, ("CHECK", "CRED_EXPIRED")),
        (Category.TENANT, OUT, ("STOP", "CRED_EXPIRED")),
    ],
)
def test_the_dates_of_the_list_bind_even_an_id_card(
    category: Category, direction: Direction, expected: tuple[str, str]
) -> None:
    over = replace(CARD, listed_until=NOON)
    assert judged(direction, person=person(category), credential=over) == expected
    running = replace(CARD, listed_until=NOON + DAY)
    assert judged(direction, person=person(category), credential=running)[0] == "ALLOW"


@pytest.mark.parametrize("begins", [-1, 9])
def test_a_dated_release_under_an_unsure_clock_frees_nobody(begins: int) -> None:
    held = Status(StatusCode.HOME_QUARANTINE, NOON - 3 * DAY)
    release = Status(StatusCode.RELEASED, NOON + begins * DAY)
    who = replace(person(), statuses=(held, release))
    assert judged(OUT, clock=ClockState.UNSURE, person=who) == ("CHECK", "TIME_UNKNOWN")
