"""Rules about statuses of a person and of the household visited (gate-domain: statuses).

A status counts from its start until its end. `released` overrides quarantine-like statuses that
began before it. With an unsure clock a dated status is unknown; in a roster past the degrade age
every status is unknown: CHECK, never a certain STOP and never a silent pass.
"""

from collections.abc import Iterator

from gated.core.facts import Facts, Policy
from gated.core.finding import Effect, Finding, forbid, note, review
from gated.core.model import Category, ClockState, Direction, Person, Status, StatusCode
from gated.core.reasons import Code

_OVERRIDDEN = frozenset(
    {
        StatusCode.HOME_QUARANTINE,
        StatusCode.CLOSE_CONTACT,
        StatusCode.SECOND_CONTACT,
        StatusCode.SUSPECTED,
        StatusCode.CONFIRMED,
        StatusCode.OBSERVATION,
    }
)

_SPREADING = frozenset({StatusCode.HOME_QUARANTINE, StatusCode.SUSPECTED, StatusCode.CONFIRMED})

# Asked about at every entry until the community office has filed them.
_ARRIVALS = frozenset({StatusCode.FROM_OTHER_PROVINCE, StatusCode.FROM_EPIDEMIC_AREA})

# (effect going out, effect coming in, code); None: nothing to say in that direction.
_EFFECTS: dict[StatusCode, tuple[Effect | None, Effect | None, Code]] = {
    StatusCode.HOME_QUARANTINE: (Effect.FORBID, Effect.NOTE, Code.STAT_HOME_QUARANTINE),
    StatusCode.CLOSE_CONTACT: (Effect.FORBID, Effect.FORBID, Code.STAT_CONTACT),
    StatusCode.SECOND_CONTACT: (Effect.REVIEW, Effect.NOTE, Code.STAT_CONTACT),
    StatusCode.SUSPECTED: (Effect.FORBID, Effect.FORBID, Code.STAT_SUSPECTED),
    StatusCode.CONFIRMED: (Effect.FORBID, Effect.FORBID, Code.STAT_CONFIRMED),
    StatusCode.ARRIVAL_PENDING: (Effect.REVIEW, Effect.REVIEW, Code.STAT_ARRIVAL_PENDING),
    StatusCode.RELEASED: (Effect.NOTE, Effect.NOTE, Code.STAT_RELEASED),
    StatusCode.FROM_OTHER_PROVINCE: (Effect.NOTE, Effect.REVIEW, Code.STAT_FROM_PROVINCE),
    StatusCode.FROM_EPIDEMIC_AREA: (Effect.NOTE, Effect.REVIEW, Code.STAT_FROM_EPIDEMIC_AREA),
    StatusCode.MEDICINE_BUYER: (None, Effect.NOTE, Code.STAT_MEDICINE_BUYER),
    StatusCode.CHECKIN_MISSING: (Effect.NOTE, Effect.NOTE, Code.STAT_CHECKIN_MISSING),
    StatusCode.TEST_DUE: (Effect.NOTE, Effect.NOTE, Code.STAT_TEST_DUE),
    StatusCode.PASS_VOID: (Effect.REVIEW, None, Code.CRED_VOID_PHASE),
    StatusCode.WATCH: (Effect.SILENT, Effect.SILENT, Code.STAT_WATCH),
    StatusCode.MOVED_OUT: (Effect.NOTE, Effect.FORBID, Code.ID_MOVED_OUT),
}


def status(facts: Facts, policy: Policy) -> Iterator[Finding]:
    """Yield what this person's statuses say in this direction, now."""
    person = facts.person
    if person is None:
        return
    stale = _roster_is_stale(facts, policy)
    for held in _standing(person.statuses, facts):
        finding = _finding(held.code, facts, person)
        if finding is None:
            continue
        if _datable(held) and facts.clock is ClockState.UNSURE:
            finding = _unsure(finding, Code.TIME_UNKNOWN)
        elif stale:
            finding = _unsure(finding, Code.SYS_ROSTER_STALE)
        yield finding


def host_household(facts: Facts, policy: Policy) -> Iterator[Finding]:
    """Yield a stop for a visitor whose host household is in quarantine."""
    visiting = facts.person is not None and facts.person.category is Category.VISITOR
    if not visiting or facts.direction is Direction.OUT or facts.household is None:
        return
    if facts.household.quarantine is None or (
        facts.household.quarantine and _roster_is_stale(facts, policy)
    ):
        yield forbid(Code.SYS_ROSTER_STALE, known=False)
    elif facts.household.quarantine:
        yield forbid(Code.STAT_HOST_QUARANTINE)


def roster_age(facts: Facts, policy: Policy) -> Iterator[Finding]:
    """Yield a check for exits when the roster is past its degrade age."""
    leaving = facts.direction is Direction.OUT and facts.person is not None
    if leaving and _roster_is_stale(facts, policy):
        yield review(Code.SYS_ROSTER_STALE)


def household_in_quarantine(statuses: tuple[Status, ...], facts: Facts) -> bool | None:
    """Return whether any of a household's statuses closes it to visitors; None if unsure."""
    closing = [held for held in _standing(statuses, facts) if held.code in _SPREADING]
    if closing and all(_datable(held) for held in closing) and facts.clock is ClockState.UNSURE:
        return None
    return bool(closing)


def _standing(statuses: tuple[Status, ...], facts: Facts) -> list[Status]:
    """Return the statuses that count now, or might count when the clock is unsure."""
    unsure = facts.clock is ClockState.UNSURE
    current = [held for held in statuses if unsure or _covers(held, facts)]
    # Nobody knows whether a dated release has begun while the clock is unsure.
    releases = [
        held
        for held in current
        if held.code is StatusCode.RELEASED and not (unsure and _datable(held))
    ]
    return [held for held in current if not _is_overridden(held, releases)]


def _covers(held: Status, facts: Facts) -> bool:
    began = held.start is None or held.start <= facts.now
    return began and (held.end is None or facts.now < held.end)


def _is_overridden(held: Status, releases: list[Status]) -> bool:
    if held.code not in _OVERRIDDEN:
        return False
    return any(
        release.start is None or held.start is None or held.start <= release.start
        for release in releases
    )


def _datable(held: Status) -> bool:
    return held.start is not None or held.end is not None


def _finding(code: StatusCode, facts: Facts, person: Person) -> Finding | None:
    leaving = facts.direction is Direction.OUT
    if code is StatusCode.OBSERVATION:
        due = Code.STAT_OBSERVATION_DUE
        if not leaving:
            return note(due)
        return review(due) if "reading_due" in person.flags else None
    if code in _ARRIVALS and "registered" in person.flags:
        return note(Code.STAT_ARRIVAL_FILED)
    out, entering, reason = _EFFECTS[code]
    effect = out if leaving else entering
    return None if effect is None else Finding(effect, reason)


def _unsure(finding: Finding, unknown_code: Code) -> Finding:
    """Return the same finding when it cannot be certain: forbids weaken to a check."""
    if finding.effect is Effect.FORBID:
        return forbid(unknown_code, known=False)
    return finding


def _roster_is_stale(facts: Facts, policy: Policy) -> bool:
    return facts.roster_age_h is not None and facts.roster_age_h >= policy.roster_degrade_h
