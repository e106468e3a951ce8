"""Lists that would end are published again: a gate believes a list for 30 days and no longer.

Nobody needs to touch a list that stays as it is. RENEW_MS before the newest one of a site ends it
goes out once more under a new revision: as an empty change when the gates can follow one, else
as the whole list from the register.
"""

from typing import Final

from sqlalchemy import Connection

from gated.hub.office import Office, Site
from gated.hub.published import newest_manifest, next_rev
from gated.hub.publisher import DeltaTooLarge, Published, publish_delta
from gated.hub.register import Register
from gated.hub.register_list import RegisterMoved, fold
from gated.log import logger

DAY_MS: Final = 24 * 3_600_000
RENEW_MS: Final = 10 * DAY_MS  # a gate may be away for a week and still find its list good

_log = logger("hub")


def renew_lists(office: Office) -> list[str]:
    """No site's list ends within RENEW_MS; return the sites whose list went out again.

    Several workers may do it at once: one of them publishes. Raises StoreError.
    """
    return [site.id for site in office.sites.values() if _renewed(office, site)]


def _renewed(office: Office, site: Site) -> bool:
    with office.database.reading() as connection:
        if not _ends_soon(connection, office, site):
            return False
    try:
        published = _as_empty_change(office, site)
    except DeltaTooLarge:
        published = _as_whole_list(office, site)
    if published is None:
        return False
    _log.info("hub.list_renewed", roster=site.roster, rev=published.rev)
    return True


def _ends_soon(connection: Connection, office: Office, site: Site) -> bool:
    """Return whether a list was published and is good for less than RENEW_MS."""
    newest = newest_manifest(connection, site.roster)
    return newest is not None and newest.not_after - office.utc_ms() < RENEW_MS


def _as_empty_change(office: Office, site: Site) -> Published | None:
    """Return what was published, None when somebody else was faster. Raises DeltaTooLarge."""
    with office.database.writing(f"renew list {site.roster}") as connection:
        if not _ends_soon(connection, office, site):
            return None
        return publish_delta(
            connection,
            (),
            (),
            site.keys,
            office.signer,
            roster=site.roster,
            site=site.id,
            rev=next_rev(connection, site.roster),
            made_utc_ms=office.utc_ms(),
        )


def _as_whole_list(office: Office, site: Site) -> Published | None:
    """Return the register as published anew, None when it is not this hub's to publish."""
    if Register(office).count(site.id) == 0:
        # The register does not know who is on the list: publishing it would empty the gates.
        _log.error("hub.list_ends", roster=site.roster, remedy="push the site's table again")
        return None
    try:
        return fold(office, site, lambda _connection, _rev: None)
    except RegisterMoved:
        return None  # somebody published meanwhile, and that is as good
