"""What everything at the centre works with: one database, the sites and their keys, the audit.

Services (register, records, trace, inbox ...) are made from an Office wherever they are needed;
they keep no state of their own, so any thread may use them.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from gated.config import HubConfig, SiteSection
from gated.errors import ConfigError
from gated.hub.audit import Audit
from gated.hub.database import HubDatabase
from gated.store.keys import SigningKey, SiteKeys, read_secret, read_signing_key, read_site_keys
from gated.store.sealing import Sealer


@dataclass(frozen=True, slots=True)
class Site:
    """One compound. roster: id of its list on the wire; keys: pseudonyms and sealed display.

    reading_hours: local hours at which people under observation are measured. round_h: hours
    between two disinfection rounds.
    """

    id: str
    roster: str
    name: str
    name_en: str
    zone: ZoneInfo
    keys: SiteKeys = field(repr=False)
    reading_hours: tuple[int, ...] = (9, 16)
    round_h: int = 12


@dataclass(frozen=True, slots=True)
class Office:
    """The centre's tools. sealer: seals what the register and its notes say of people.

    seal_key: private X25519 key that opens what gates seal to the hub, 32 bytes.
    """

    config: HubConfig
    database: HubDatabase
    sites: Mapping[str, Site]
    signer: SigningKey
    sealer: Sealer = field(repr=False)
    word_key: bytes = field(repr=False)
    seal_key: bytes = field(repr=False)
    audit: Audit
    utc_ms: Callable[[], int]

    def site(self, name: str) -> Site:
        """Return a site. Raises ConfigError when the hub has none of this name."""
        try:
            return self.sites[name]
        except KeyError:
            known = ", ".join(self.sites)
            raise ConfigError(f"this hub has no site {name!r}; it has {known}") from None


def open_office(
    config: HubConfig, utc_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000
) -> Office:
    """Return the tools of the configured hub. Raises ConfigError or StoreError with the remedy."""
    sites = {section.id: _site(section) for section in config.sites}
    people_key = read_secret(config.keys.people)
    database = HubDatabase(config.store.url)
    return Office(
        config=config,
        database=database,
        sites=sites,
        signer=read_signing_key(config.keys.signing),
        sealer=Sealer(people_key),
        word_key=people_key,
        seal_key=read_secret(config.keys.seal),
        audit=Audit(database, utc_ms),
        utc_ms=utc_ms,
    )


def _site(section: SiteSection) -> Site:
    return Site(
        id=section.id,
        roster=section.roster,
        name=section.name or section.id,
        name_en=section.name_en or section.name or section.id,
        zone=ZoneInfo(section.timezone),
        keys=read_site_keys(section.site_key, section.rest_key),
        reading_hours=section.reading_hours,
        round_h=section.round_h,
    )
