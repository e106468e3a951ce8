"""Rules about the credential and about who a person is (gate-domain: categories)."""

from collections.abc import Iterator
from datetime import timedelta

from gated.core.facts import Facts, Policy
from gated.core.finding import Finding, forbid, note, permit, review
from gated.core.model import (
    Category,
    ClockState,
    Credential,
    CredentialKind,
    CredentialState,
    Direction,
    Person,
)
from gated.core.reasons import Code

_HOME = frozenset({Category.RESIDENT, Category.TENANT, Category.HOUSEHOLD_MINOR})

# Certain permits: (going out, coming in).
_PERMITTED = {
    Category.RESIDENT: (Code.OK_RESIDENT, Code.OK_HOME_RETURN),
    Category.TENANT: (Code.OK_TENANT, Code.OK_HOME_RETURN),
    Category.MEDICAL: (Code.OK_SERVICE, Code.OK_SERVICE),
    Category.RESCUE: (Code.OK_SERVICE, Code.OK_SERVICE),
    Category.STAFF: (Code.OK_STAFF, Code.OK_STAFF),
    Category.WORKER_PASS: (Code.OK_WORKER, Code.OK_WORKER),
    Category.COURIER: (Code.OK_SERVICE, Code.OK_SERVICE),
}

_FORBIDDEN_STATES = {
    CredentialState.LOST: Code.CRED_LOST,
    CredentialState.REVOKED: Code.CRED_REVOKED,
    CredentialState.USED: Code.CRED_USED,
    CredentialState.VOID_PHASE: Code.CRED_VOID_PHASE,
    CredentialState.BAD_SIGNATURE: Code.CRED_BAD_SIGNATURE,
    CredentialState.WRONG_SITE: Code.CRED_WRONG_SITE,
}

_REVIEWED_STATES = {
    CredentialState.UNREADABLE: Code.CRED_UNREADABLE,
    CredentialState.UNKNOWN_KEY: Code.CRED_UNKNOWN_KEY,
}


def credential(facts: Facts, policy: Policy) -> Iterator[Finding]:
    """Yield what the presented credential itself says, whoever it belongs to."""
    if facts.mismatch:
        yield forbid(Code.CRED_MISMATCH)
    for shown in (facts.credential, facts.also):
        if shown is not None:
            yield from _presented(facts, policy, shown)


def _presented(facts: Facts, policy: Policy, shown: Credential) -> Iterator[Finding]:
    if shown.state in _FORBIDDEN_STATES:
        yield forbid(_FORBIDDEN_STATES[shown.state])
    elif shown.state in _REVIEWED_STATES:
        yield review(_REVIEWED_STATES[shown.state])
    elif shown.state is CredentialState.UNKNOWN:
        # A genuine ID card names a person we do not know; a bare number names nobody.
        if shown.kind is CredentialKind.ID_CARD:
            yield review(Code.ID_NOT_IN_ROSTER)
        else:
            yield forbid(Code.CRED_UNKNOWN)
    else:
        yield from _validity(facts, policy, shown)
        yield from _listed(facts, shown)


def _validity(facts: Facts, policy: Policy, shown: Credential) -> Iterator[Finding]:
    if shown.start is None and shown.end is None:
        return
    is_qr = shown.kind is CredentialKind.QR
    if facts.clock is ClockState.UNSURE:
        # A paper date a clock cannot judge is no reason to hold an ID card's owner.
        if shown.kind is not CredentialKind.ID_CARD:
            yield forbid(Code.TIME_UNKNOWN, known=False)
        return
    tolerance = timedelta(seconds=policy.qr_tolerance_s if is_qr else 0)
    if shown.start is not None and facts.now + tolerance < shown.start:
        yield forbid(Code.CRED_NOT_YET)
    if shown.end is not None and facts.now - tolerance >= shown.end:
        yield _expired(facts, shown)


def _listed(facts: Facts, shown: Credential) -> Iterator[Finding]:
    """Yield what the list's own dates say about this credential."""
    if shown.listed_from is None and shown.listed_until is None:
        return
    if facts.clock is ClockState.UNSURE:
        yield forbid(Code.TIME_UNKNOWN, known=False)
        return
    if shown.listed_from is not None and facts.now < shown.listed_from:
        yield forbid(Code.CRED_NOT_YET)
    if shown.listed_until is not None and facts.now >= shown.listed_until:
        yield _over(facts)


def _expired(facts: Facts, shown: Credential) -> Finding:
    if shown.kind is CredentialKind.ID_CARD:
        return note(Code.ID_CARD_OUTDATED)
    return _over(facts)


def _over(facts: Facts) -> Finding:
    coming_home = facts.direction is Direction.IN and facts.person is not None
    if coming_home and facts.person is not None and facts.person.category in _HOME:
        return review(Code.CRED_EXPIRED)  # people belong at home: never sent away for a date
    return forbid(Code.CRED_EXPIRED)


def category(facts: Facts, policy: Policy) -> Iterator[Finding]:
    """Yield what a person of this category may do in this direction."""
    person = facts.person
    if person is None:
        shown = facts.credential
        if shown is None or shown.state is CredentialState.ACTIVE:
            yield review(Code.ID_NOT_IN_ROSTER)
        return
    entering = facts.direction is Direction.IN
    if person.category in _PERMITTED:
        out_code, in_code = _PERMITTED[person.category]
        yield permit(in_code if entering else out_code)
        if person.category is Category.COURIER and entering:
            yield note(Code.OK_COURIER_DROP)
    elif person.category is Category.HOUSEHOLD_MINOR:
        yield review(Code.ID_MINOR_ALONE)
    elif person.category is Category.UNKNOWN:
        yield review(Code.ID_NOT_IN_ROSTER)
    elif person.category is Category.RETURNEE and "registered" in person.flags:
        yield permit(Code.OK_HOME_RETURN if entering else Code.OK_RESIDENT)
    elif person.category is Category.RETURNEE:
        code = Code.STAT_ARRIVAL_PENDING
        yield review(code) if entering else forbid(code)
    else:
        yield from _entering(facts, policy, person) if entering else _leaving(facts, person)


def _entering(facts: Facts, policy: Policy, person: Person) -> Iterator[Finding]:
    if person.category is Category.VISITOR:
        yield from _appointment(facts, policy, person)
    elif person.category is Category.VISITOR_WALKIN:
        yield forbid(Code.ID_VISITOR_UNREGISTERED)
    elif person.category is Category.OWNER_ELSEWHERE:
        yield review(Code.ID_OWNER_ELSEWHERE)
    elif "registered" in person.flags or (
        person.category is Category.CARER and person.household is not None
    ):
        yield permit(Code.OK_SERVICE)
    else:
        yield review(Code.ID_ENTRY_UNREGISTERED)


def _leaving(facts: Facts, person: Person) -> Iterator[Finding]:
    """Yield permits for those who may leave if they are inside; unknown whereabouts is asked."""
    if person.category is Category.VISITOR:
        yield permit(Code.OK_VISITOR_SLOT)
        return
    if person.category in (Category.UTILITY, Category.CARER):
        yield permit(Code.OK_SERVICE)
        return
    inside = facts.last_passage is not None and facts.last_passage.direction is Direction.IN
    owner = person.category is Category.OWNER_ELSEWHERE
    known, unknown = (
        (Code.OK_RESIDENT, Code.ID_OWNER_ELSEWHERE)
        if owner
        else (Code.OK_VISITOR_SLOT, Code.ID_VISITOR_UNREGISTERED)
    )
    yield permit(known) if inside else permit(unknown, known=False)


def _appointment(facts: Facts, policy: Policy, person: Person) -> Iterator[Finding]:
    slot = person.appointment
    if slot is None:
        yield forbid(Code.ID_VISITOR_UNREGISTERED)
    elif facts.clock is ClockState.UNSURE:
        yield permit(Code.TIME_UNKNOWN, known=False)
    elif facts.now < slot.start - timedelta(minutes=policy.slot_early_min):
        yield review(Code.TIME_SLOT_EARLY)
    elif facts.now > slot.end + timedelta(minutes=policy.slot_late_min):
        yield review(Code.TIME_SLOT_LATE)
    elif slot.uses_left == 0:
        yield forbid(Code.CRED_USED)
    else:
        yield permit(Code.OK_VISITOR_SLOT)
