"""Statuses that nobody ended: a data alarm, never a lock-out.

What began more than OPEN_DAYS ago and has no end lies in the inbox, once per person and local
day, and not again while the last such item of that person is unanswered.
"""

from datetime import timedelta
from typing import Final

from sqlalchemy import and_, func, select

from gated.core.model import StatusCode
from gated.hub.event_time import exactly
from gated.hub.inbox_item import Kind, status_alarm
from gated.hub.local_time import local, local_day
from gated.hub.office import Office, Site
from gated.hub.projection import put
from gated.hub.schema_records import INBOX
from gated.hub.schema_register import PERSON, STATUS

OPEN_DAYS: Final = 30
ALARMS_MAX: Final = 500  # of a site at once: more of them are one mistake, not many people

LASTING: Final = frozenset({StatusCode.MOVED_OUT, StatusCode.RELEASED, StatusCode.PASS_VOID})
"""Statuses that stand until something else happens; they need no end."""


def raise_status_alarms(office: Office) -> None:
    """Every site's inbox names the people whose status nobody ended. Raises StoreError."""
    now_ms = office.utc_ms()
    for site in office.sites.values():
        _of_site(office, site, now_ms)


def _of_site(office: Office, site: Site, now_ms: int) -> None:
    now = local(now_ms, site.zone)
    oldest_ms = int((now - timedelta(days=OPEN_DAYS)).timestamp() * 1000)
    columns = STATUS.c
    since = func.coalesce(columns.start_ms, columns.set_ms)
    listed = and_(PERSON.c.site == columns.site, PERSON.c.ref == columns.ref)
    query = (
        select(columns.ref, columns.code, since)
        .join_from(STATUS, PERSON, listed)
        .where(columns.site == site.id, PERSON.c.removed_ms.is_(None))
        .where(columns.end_ms.is_(None), columns.ended_ms.is_(None), since < oldest_ms)
        .where(columns.code.not_in([code.value for code in LASTING]))
        .order_by(since, columns.id)
        .limit(ALARMS_MAX)
    )
    unanswered = select(INBOX.c.person).where(
        INBOX.c.site == site.id, INBOX.c.kind == Kind.DATA.value, INBOX.c.acked_ms.is_(None)
    )
    with office.database.reading() as connection:
        found = connection.execute(query).all()
        waiting = set(connection.execute(unanswered).scalars()) if found else set()
    rows = []
    for ref, code, since_ms in found:
        if ref not in waiting:
            began = local_day(since_ms, site.zone)
            draft = status_alarm(site.id, ref, code, now.date().isoformat(), began.isoformat())
            rows.append(draft.row("", "", site.id, exactly(now_ms)))
    if rows:
        with office.database.writing("put data alarms into the inbox") as connection:
            put(connection, rows)
