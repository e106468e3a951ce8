"""The demo's centre: accounts to log in with, and on request a week that never was."""

from collections.abc import Sequence
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from sqlalchemy import insert

from gated.cli.demo.history import SILENT_HOURS, Week, write_week
from gated.cli.demo.people import Invented
from gated.config import load_hub
from gated.core.model import Category, StatusCode
from gated.core.pseudonym import person_ref
from gated.hub.accounts import Accounts
from gated.hub.changes import Changes
from gated.hub.office import Office, Site, open_office
from gated.hub.person_file import PersonFile
from gated.hub.roles import Actor, Role
from gated.hub.schema_records import GATE_SITE
from gated.store.sealed_box import public_of

PASSWORD: Final = "gate-demo-2020"
NAMES: Final = {Role.OFFICER: "王社区", Role.PROPERTY: "李物业", Role.AUDITOR: "周审计"}
GATES: Final = {
    "east-in": ("东门进", "East in", "east"),
    "east-out": ("东门出", "East out", "east"),
    "west": ("西门", "West", ""),
}
REMEMBERED: Final = "west"  # stood only in the invented week
WATCHED: Final = 3  # people under observation in the invented week
WATCHED_DAYS: Final = 3


def furnish(config: Path) -> None:
    """The hub has one account for each role, named like the role, and its gates have names."""
    office = open_office(load_hub(config))
    with closing(office.database):
        accounts = Accounts(office)
        for role, shown in NAMES.items():
            actor = Actor("cli:demo", Role.OFFICER, office.config.hub.site)
            accounts.add(actor, role.value, shown, PASSWORD, role)
        name_gates(office, *(gate for gate in GATES if gate != REMEMBERED))


def remember(config: Path, people: Sequence[Invented], folder: Path, seed: int) -> int:
    """The hub holds a week of three gates; returns its events. To be called before it runs."""
    office = open_office(load_hub(config))
    with closing(office.database):
        name_gates(office, REMEMBERED)
        return invent_week(office, people, folder, seed)


def name_gates(office: Office, *gates: str) -> None:
    """The first site has these gates of the demo, all when none are given, each with its name."""
    site = next(iter(office.sites))
    with office.database.writing("name the demo's gates") as connection:
        for gate in gates or GATES:
            zh, en, place = GATES[gate]
            values = {"gate": gate, "site": site, "name": zh, "name_en": en, "place": place}
            connection.execute(insert(GATE_SITE).values(since_ms=office.utc_ms(), **values))


def invent_week(office: Office, people: Sequence[Invented], folder: Path, seed: int) -> int:
    """The office's first site has had a week, with people under observation; returns its events.

    people: those on the list already.
    """
    site = next(iter(office.sites.values()))
    until = datetime.fromtimestamp(office.utc_ms() // 1000, site.zone)
    _observe(office, site, people, until)
    week = Week(
        people=people,
        site=site.id,
        site_key=site.keys.site,
        hub_public=public_of(office.seal_key),
        until=until,
        seed=seed,
    )
    silent_ms = round((until - timedelta(hours=SILENT_HOURS)).timestamp() * 1000)
    return write_week(week, folder, office.config.store.url, silent_ms)


def _observe(office: Office, site: Site, people: Sequence[Invented], until: datetime) -> None:
    """Some residents are under observation; the last of them has missed a reading."""
    actor = Actor("officer", Role.OFFICER, site.id)
    files, changes = PersonFile(office), Changes(office)
    homes = [person for person in people if person.role.category is Category.RESIDENT]
    quiet = [person for person in homes if not person.role.statuses][-WATCHED:]
    start = until - timedelta(days=WATCHED_DAYS)
    for place, person in enumerate(quiet):
        ref = person_ref(site.keys.site, person.id_number)
        changes.set_status(actor, ref, StatusCode.OBSERVATION, start=start)
        for at in _due(start, until, site.reading_hours, site.zone)[: -1 if place else None]:
            files.add_reading(actor, ref, round(at.timestamp() * 1000), 36_500 + 100 * place, "")


def _due(
    start: datetime, until: datetime, hours: tuple[int, ...], zone: ZoneInfo
) -> list[datetime]:
    """Return when readings were due from start to until, local times."""
    days = [start.date() + timedelta(days=number) for number in range((until - start).days + 2)]
    due = [
        datetime(day.year, day.month, day.day, hour, 5, tzinfo=zone)
        for day in days
        for hour in hours
    ]
    return [at for at in due if start < at < until]
