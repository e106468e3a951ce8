"""What was published so far, and what the gates say they have: the next revision is above both."""

import json
from typing import Final

from sqlalchemy import Connection, func, insert, select

from gated.contract.bundle import Manifest
from gated.hub.schema import BUNDLE, GATE, SETTING

REV_LEAP_MAX: Final = 10_000_000
"""A gate that speaks of a revision further ahead is not believed: it would use them all up."""


def next_rev(connection: Connection, roster: str) -> int:
    """Return a revision above every one that was published or that any gate spoke of.

    So a hub that lost its database never goes back. Gates' revisions count from their status.
    """
    newest = newest_rev(connection, roster)
    return max([newest, *_heard(connection, roster, newest)]) + 1


def base_rev(connection: Connection, roster: str) -> int:
    """Return the revision of the newest published whole list, 0 for none."""
    newest = newest_manifest(connection, roster)
    return 0 if newest is None else newest.snap_rev


def newest_rev(connection: Connection, roster: str) -> int:
    """Return the highest revision published of a roster, 0 for none."""
    query = select(func.max(BUNDLE.c.rev)).where(BUNDLE.c.roster == roster)
    return connection.execute(query).scalar_one() or 0


def newest_manifest(connection: Connection, roster: str) -> Manifest | None:
    """Return the manifest published last, None before the first."""
    query = select(BUNDLE.c.manifest).where(BUNDLE.c.roster == roster)
    body = connection.execute(query.order_by(BUNDLE.c.rev.desc()).limit(1)).scalar_one_or_none()
    return None if body is None else Manifest.decode(body)


def _heard(connection: Connection, roster: str, newest: int) -> list[int]:
    """Return the believable revisions of this roster the gates speak of in their status."""
    statuses = connection.execute(select(GATE.c.status).where(GATE.c.status != "")).scalars()
    heard = [int(json.loads(text).get("roster", {}).get(roster, 0)) for text in statuses]
    return [rev for rev in heard if rev <= newest + REV_LEAP_MAX]


def goes_on(connection: Connection, roster: str, line: int) -> bool:
    """Return whether what is published next may lead on from what was published last.

    Not when that was another database, or a gate has more than this database ever published: a
    copy was put back, and one number may stand for two contents.
    """
    newest = newest_manifest(connection, roster)
    if newest is None or newest.line != line:
        return False
    return all(rev <= newest.rev for rev in _heard(connection, roster, newest.rev))


def line_of(connection: Connection, made_utc_ms: int) -> int:
    """Return the generation of this database; a new one is named here as the hub would."""
    query = select(SETTING.c.value).where(SETTING.c.name == "hubgen")
    known: int | None = connection.execute(query).scalar_one_or_none()
    if known is None:
        connection.execute(insert(SETTING).values(name="hubgen", value=made_utc_ms))
        return made_utc_ms
    return known
