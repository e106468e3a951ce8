"""What each role may do at its site: one table, pure.

An account has at most one role per site; nothing crosses sites without the role there.
Full identity, health statuses and tracing are the community officer's, and so is enrolling gates:
whoever enrols one can read the site's keys. The property office works with masked names; the
auditor sees who looked at what, and nobody's data.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from gated.core.model import StatusCode


class Role(StrEnum):
    """What an account is at one site."""

    OFFICER = "officer"
    PROPERTY = "property"
    AUDITOR = "auditor"


class Right(StrEnum):
    """One thing that may be done."""

    SEE_GATES = "see_gates"
    MESSAGE_GATE = "message_gate"
    NAME_GATE = "name_gate"
    ENROL_GATE = "enrol_gate"
    SEE_ROSTER = "see_roster"
    EDIT_ROSTER = "edit_roster"
    SET_HEALTH_STATUS = "set_health_status"
    SEE_RECORDS = "see_records"
    SEE_IDENTITY = "see_identity"
    ENTER_LATE = "enter_late"
    TRACE = "trace"
    SEE_PERSON = "see_person"
    WRITE_PERSON = "write_person"
    SEE_INBOX = "see_inbox"
    SEE_ALERTS = "see_alerts"
    OPEN_REGISTRATION = "open_registration"
    SEE_REPORT = "see_report"
    SEE_AUDIT = "see_audit"


_PROPERTY = frozenset(
    {
        Right.SEE_GATES,
        Right.MESSAGE_GATE,
        Right.NAME_GATE,
        Right.SEE_ROSTER,
        Right.EDIT_ROSTER,
        Right.SEE_RECORDS,
        Right.ENTER_LATE,
        Right.SEE_INBOX,
    }
)

RIGHTS: dict[Role, frozenset[Right]] = {
    Role.OFFICER: frozenset(Right) - {Right.SEE_AUDIT},
    Role.PROPERTY: _PROPERTY,
    Role.AUDITOR: frozenset({Right.SEE_AUDIT}),
}

AT_THE_HUB: Final = "cli:"
"""Begins the name of who types a command at the hub: its administrator, a system's user."""

# What a property office may set about somebody; every other status is a matter of health.
PROPERTY_STATUSES = frozenset(
    {
        StatusCode.ARRIVAL_PENDING,
        StatusCode.FROM_OTHER_PROVINCE,
        StatusCode.FROM_EPIDEMIC_AREA,
        StatusCode.MEDICINE_BUYER,
        StatusCode.CHECKIN_MISSING,
        StatusCode.PASS_VOID,
        StatusCode.MOVED_OUT,
    }
)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something, as the audit names them. name: account, or `cli:` and a system user."""

    name: str
    role: Role
    site: str

    def may(self, right: Right) -> bool:
        """Return whether this role has the right at its site."""
        return right in RIGHTS[self.role]

    def may_set(self, status: StatusCode) -> bool:
        """Return whether this role may set or end a status of this code."""
        if self.may(Right.SET_HEALTH_STATUS):
            return True
        return self.may(Right.EDIT_ROSTER) and status in PROPERTY_STATUSES
