"""Facts in, verdict with all reasons out: one pure, total, deterministic function.

Every rule looks at the facts and yields findings; the order of rules never matters for the
verdict. Combining, after the special modes and the guard's own orders:

1. a forbid that is certainly true                                   -> STOP
2. nothing that could admit (no permit, no review, known or not)      -> STOP SYS_NO_RULE
3. an unknown forbid, a true review, or no permit certain but one
   unknown                                                            -> CHECK
4. otherwise ALLOW, or ALLOW_NOTE if a note fired.

Unknown is never skipped and never admits: it is CHECK, a guard's decision.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from gated.core import rules_identity, rules_status, rules_temperature
from gated.core.facts import Facts, GuardFacts, Policy
from gated.core.finding import Effect, Finding
from gated.core.model import Category, GuardActionKind, Verdict
from gated.core.reasons import REASONS, Code

_EMERGENCIES = {"medical": Code.GUARD_MEDICAL, "rescue": Code.GUARD_RESCUE}

_EXEMPT = frozenset({Category.MEDICAL, Category.RESCUE})

# A status that keeps people in: passing it by hand takes a medical reason or a second person.
_NEEDS_SECOND = frozenset(
    {
        Code.STAT_HOME_QUARANTINE,
        Code.STAT_CONTACT,
        Code.STAT_SUSPECTED,
        Code.STAT_CONFIRMED,
        Code.STAT_HOST_QUARANTINE,
    }
)

_ALERTING = frozenset(
    {Code.STAT_CONTACT, Code.STAT_SUSPECTED, Code.STAT_CONFIRMED, Code.TEMP_HIGH}
    | {Code.TEMP_CLINICAL_HIGH, Code.GUARD_MEDICAL, Code.GUARD_RESCUE}
)

_REGISTERING = frozenset(
    {Code.ID_NOT_IN_ROSTER, Code.STAT_ARRIVAL_PENDING, Code.CRED_UNKNOWN}
    | {Code.ID_VISITOR_UNREGISTERED, Code.ID_ENTRY_UNREGISTERED}
    | {Code.STAT_FROM_PROVINCE, Code.STAT_FROM_EPIDEMIC_AREA}
)

_RULES: tuple[Callable[[Facts, Policy], Iterator[Finding]], ...] = (
    rules_identity.credential,
    rules_identity.category,
    rules_status.status,
    rules_status.host_household,
    rules_status.roster_age,
    rules_temperature.temperature,
)


class Obligation(StrEnum):
    """What the verdict makes the gate or the guard do besides."""

    ALERT = "alert"
    ALERT_SILENT = "alert_silent"
    REGISTER = "register"
    ASIDE = "aside"
    SECOND_PERSON = "second_person"


@dataclass(frozen=True, slots=True)
class Decision:
    """The verdict, its primary reason, all reasons (most severe first) and what is unknown."""

    verdict: Verdict
    reason: Code
    reasons: tuple[Code, ...]
    unknown: tuple[Code, ...] = ()
    obligations: tuple[Obligation, ...] = ()


def decide(facts: Facts, policy: Policy | None) -> Decision:
    """Return what the guard is told about these facts. Pure and total.

    policy: None means no policy is loaded, which is CHECK and nobody's fault.
    """
    special = _outside_policy(facts)
    if special is not None:
        return special
    if policy is None:
        return Decision(Verdict.CHECK, Code.SYS_NO_POLICY, (Code.SYS_NO_POLICY,))
    findings = [finding for rule in _RULES for finding in rule(facts, policy)]
    decision = _with_obligations(_combined(findings))
    if any(finding.effect is Effect.SILENT for finding in findings):
        decision = replace(decision, obligations=(*decision.obligations, Obligation.ALERT_SILENT))
    return decision if facts.guard is None else _guarded(facts.guard, decision)


def _outside_policy(facts: Facts) -> Decision | None:
    if facts.mode == "evacuate":
        return Decision(Verdict.ALLOW, Code.SYS_EVACUATE, (Code.SYS_EVACUATE,))
    emergency = facts.guard is not None and facts.guard.reason in _EMERGENCIES
    category = facts.person.category if facts.person else None
    if facts.mode == "lockdown" and category not in _EXEMPT and not emergency:
        return Decision(Verdict.STOP, Code.SYS_LOCKDOWN, (Code.SYS_LOCKDOWN,))
    if facts.mode == "out_of_service" and facts.guard is None:
        return Decision(Verdict.CHECK, Code.SYS_OUT_OF_SERVICE, (Code.SYS_OUT_OF_SERVICE,))
    return None


def _combined(findings: list[Finding]) -> Decision:
    forbids = [f for f in findings if f.effect is Effect.FORBID]
    reviews = [f for f in findings if f.effect is Effect.REVIEW]
    permits = [f for f in findings if f.effect is Effect.PERMIT]
    notes = [f for f in findings if f.effect is Effect.NOTE]
    unknown = tuple(dict.fromkeys(f.code for f in findings if not f.known))
    certain = [f for f in permits if f.known]
    stopping = [f for f in forbids if f.known]
    checking = [f for f in forbids if not f.known] + reviews
    if not certain:
        checking += [f for f in permits if not f.known]
    if stopping:
        return _decision(Verdict.STOP, stopping, checking + notes + certain, unknown)
    if not permits and not reviews:
        no_rule = [Finding(Effect.FORBID, Code.SYS_NO_RULE)]
        return _decision(Verdict.STOP, no_rule, checking + notes, unknown)
    if checking:
        return _decision(Verdict.CHECK, checking, notes + certain, unknown)
    if notes:
        return _decision(Verdict.ALLOW_NOTE, notes, certain, unknown)
    return _decision(Verdict.ALLOW, certain, [], unknown)


def _decision(
    verdict: Verdict, deciding: list[Finding], others: list[Finding], unknown: tuple[Code, ...]
) -> Decision:
    first = _by_severity(deciding)
    codes = tuple(dict.fromkeys(first + _by_severity(others)))
    return Decision(verdict, first[0], codes, unknown)


def _by_severity(findings: list[Finding]) -> list[Code]:
    return sorted((f.code for f in findings), key=lambda code: -REASONS[code].severity)


def _guarded(guard: GuardFacts, before: Decision) -> Decision:
    """Return the decision after the guard's order, which stands outside the policy."""
    if guard.action in {GuardActionKind.CLINICAL, GuardActionKind.REMEASURE}:
        return before
    if guard.action is GuardActionKind.REFUSE:
        return _overruled(Verdict.STOP, Code.GUARD_REFUSED, before)
    held = before.verdict is Verdict.STOP and any(c in _NEEDS_SECOND for c in before.reasons)
    if held and guard.reason not in _EMERGENCIES and guard.role != "supervisor":
        return replace(before, obligations=(*before.obligations, Obligation.SECOND_PERSON))
    code = _EMERGENCIES.get(guard.reason, Code.GUARD_MANUAL_PASS)
    return _overruled(Verdict.ALLOW_NOTE, code, before)


def _overruled(verdict: Verdict, code: Code, before: Decision) -> Decision:
    alert = (Obligation.ALERT,) if code in _ALERTING else ()
    return Decision(verdict, code, (code, *before.reasons), before.unknown, alert)


def _with_obligations(decision: Decision) -> Decision:
    codes = set(decision.reasons)
    obligations: list[Obligation] = []
    if codes & _ALERTING:
        obligations += [Obligation.ALERT, Obligation.ASIDE]
    if codes & _REGISTERING:
        obligations.append(Obligation.REGISTER)
    return replace(decision, obligations=tuple(obligations))
