"""What somebody may do who is logged in on the network, beside whoever is on duty: pure.

Orders and most reports act in the name of who is on duty, so only that guard gives them. Everybody
else watches, calls for help, and approves what the guard on duty has asked a second person for:
that order, with that reason, and no other.
"""

from gated.core.reports import Alert, Call, Shift
from gated.screen.actions import Order
from gated.screen.refusals import (
    ASKED_OTHERWISE,
    LOG_IN_FIRST,
    LOGGED_OFF,
    NOBODY,
    NOT_HERE,
    NOT_YOUR_ROLE,
)
from gated.screen.reports import SentReport
from gated.screen.role_view import may_see_people
from gated.screen.snapshot import Snapshot


def order_refusal(guard: str, order: Order, now: Snapshot) -> str:
    """Return why the guard of this number may not give this order now, "" when they may."""
    action, asked = order.action, now.needs_second
    refusal = duty_refusal(guard, action.duty, now)
    if refusal != NOT_HERE or order.second is None or order.second.guard != guard:
        return refusal
    if asked is None or action.visit != now.visit:
        return NOT_HERE
    same = (action.kind, action.reason) == (asked.kind, asked.reason)
    return "" if same and not order.text else ASKED_OTHERWISE


def report_refusal(guard: str, sent: SentReport, now: Snapshot) -> str:
    """Return why the guard of this number may not report this now, "" when they may."""
    match sent.report:
        case Call() | Alert():
            return ""
        case Shift(act="begin"):
            return LOG_IN_FIRST
        case _:
            return duty_refusal(guard, sent.duty, now)


def look_up_refusal(guard: str, role: str, spell: int, now: Snapshot) -> str:
    """Return why this guard may not look people up in this spell, "" when they may."""
    return duty_refusal(guard, spell, now) if may_see_people(role) else NOT_YOUR_ROLE


def duty_refusal(guard: str, spell: int, now: Snapshot) -> str:
    """Return why the guard may not act in this spell of duty, "" when it is theirs."""
    if not now.duty.guard:
        return NOBODY
    if spell != now.duty.number:
        return LOGGED_OFF
    return "" if now.duty.guard == guard else NOT_HERE
