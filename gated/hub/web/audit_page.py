"""The audit as the auditor reads it: newest first, by account and kind, and whether it is whole."""

from contextlib import suppress

from starlette.responses import Response

from gated.hub.audit import Action, AuditRow
from gated.hub.audit_words import result_words
from gated.hub.roles import AT_THE_HUB, Right
from gated.hub.web.paging import Page
from gated.hub.web.visit import Visit

ROWS = 100


def audit(v: Visit) -> Response:
    """The rows that fit the form, and when asked for, what checking the whole chain found."""
    action = None
    with suppress(ValueError):
        action = Action(v.form.get("action", ""))
    before = v.form.get("before", "")
    rows = v.office.audit.rows(
        v.site.id,
        ROWS + 1,
        int(before) if before.isdecimal() and len(before) < len(str(2**63)) else None,
        actor=v.form.get("actor", "").strip(),
        action=action,
    )
    checked = "check" in v.form
    return v.page(
        "audit.html",
        rows=rows[:ROWS],
        older=rows[ROWS - 1].number if len(rows) > ROWS else None,
        actor=v.form.get("actor", "").strip(),
        action=action,
        actions=list(Action),
        role_words=lambda row: _role_words(v, row),
        result_words=result_words,
        checked=checked,
        broken=v.office.audit.first_broken() if checked else None,
        cut_off=v.office.audit.cut_off() if checked else 0,
        head=v.office.audit.head() if checked else None,
    )


def _role_words(v: Visit, row: AuditRow) -> str:
    """Return what the role of a row is called; who types at the hub is no account."""
    if row.actor.startswith(AT_THE_HUB):
        return v.t("base.role_at_the_hub")
    return v.t(f"base.role.{row.role}") if row.role else ""


PAGES = (Page("/audit", audit, Right.SEE_AUDIT, ("GET", "POST")),)
