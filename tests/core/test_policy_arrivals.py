"""Arrivals from elsewhere are asked at every entry until they are filed, then only noted."""

from datetime import UTC, datetime, timedelta

import pytest

from gated.core.facts import Facts, Policy
from gated.core.model import (
    Category,
    ClockState,
    Credential,
    CredentialKind,
    CredentialState,
    Direction,
    Person,
    Status,
    StatusCode,
)
from gated.core.policy import Decision, Obligation, decide

NOW = datetime(2020, 2, 10, 12, tzinfo=UTC)
FILED = frozenset({"registered"})
ARRIVALS = [
    (StatusCode.FROM_OTHER_PROVINCE, "STAT_FROM_PROVINCE"),
    (StatusCode.FROM_EPIDEMIC_AREA, "STAT_FROM_EPIDEMIC_AREA"),
]


def judged(
    direction: Direction,
    *statuses: Status,
    flags: frozenset[str] = frozenset(),
    category: Category = Category.RESIDENT,
    clock: ClockState = ClockState.SYNCED,
) -> Decision:
    person = Person(b"p" * 16, category, statuses=statuses, flags=flags)
    shown = Credential(CredentialKind.ID_CARD, CredentialState.ACTIVE)
    return decide(Facts(NOW, clock, direction, credential=shown, person=person), Policy())


@pytest.mark.parametrize(("code", "reason"), ARRIVALS)
def test_an_arrival_is_asked_at_every_entry_until_filed(code: StatusCode, reason: str) -> None:
    asked = judged(Direction.IN, Status(code))
    assert (asked.verdict, asked.reason) == ("CHECK", reason)
    assert Obligation.REGISTER in asked.obligations
    noted = judged(Direction.IN, Status(code), flags=FILED)
    assert (noted.verdict, noted.reason) == ("ALLOW_NOTE", "STAT_ARRIVAL_FILED")
    assert noted.obligations == ()


@pytest.mark.parametrize(("code", "reason"), ARRIVALS)
def test_an_arrival_leaves_with_a_note(code: StatusCode, reason: str) -> None:
    leaving = judged(Direction.OUT, Status(code))
    assert (leaving.verdict, leaving.reason) == ("ALLOW_NOTE", reason)


@pytest.mark.parametrize("code", [code for code, _ in ARRIVALS])
def test_an_arrival_is_over_after_its_span(code: StatusCode) -> None:
    past = Status(code, None, NOW - timedelta(days=1))
    assert judged(Direction.IN, past).verdict == "ALLOW"


def test_filing_frees_nobody_from_anything_else() -> None:
    held = (Status(StatusCode.FROM_EPIDEMIC_AREA), Status(StatusCode.HOME_QUARANTINE))
    assert judged(Direction.OUT, *held, flags=FILED).verdict == "STOP"
    pending = judged(Direction.IN, Status(StatusCode.ARRIVAL_PENDING), flags=FILED)
    assert pending.verdict == "CHECK"


@pytest.mark.parametrize("direction", list(Direction))
def test_a_returnee_comes_and_goes_once_filed(direction: Direction) -> None:
    asked = judged(direction, category=Category.RETURNEE)
    assert asked.reason == "STAT_ARRIVAL_PENDING"
    assert judged(direction, category=Category.RETURNEE, flags=FILED).verdict == "ALLOW"
