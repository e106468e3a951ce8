"""People planted straight into the hub's register, with statuses as somebody set them."""

from sqlalchemy import insert

from gated.core.model import Category
from gated.hub.office import Office
from gated.hub.register_entry import Entry
from gated.hub.register_rows import store
from gated.hub.schema_register import STATUS
from gated.store.roster_build import RosterRow, household, reference


def plant_person(
    office: Office,
    name: str = "王小明",
    *,
    number: int = 1,
    room: str = "101",
    site: str = "east",
    category: Category = Category.RESIDENT,
    removed_ms: int | None = None,
    born: str = "19900101",
) -> bytes:
    """The register knows this person; return the pseudonym. number: makes the person unique.

    born: year, month, day of the ID number; "" for somebody without one.
    """
    row = RosterRow(
        category=category,
        id_number=f"110101{born}{number:03}X" if born else "",
        name=name,
        phone=f"1380000{number:04}",
        building="3",
        unit="2",
        room=room,
    )
    key = office.site(site).keys.site
    entry = Entry(reference(row, key), row, household(row, key), removed_ms=removed_ms)
    with office.database.writing("plant a person") as connection:
        store(connection, office, site, [(None, entry)], rev=1)
    return entry.ref


def plant_status(
    office: Office,
    ref: bytes,
    code: str,
    *,
    start: int | None = None,
    end: int | None = None,
    set_ms: int | None = None,
    ended_ms: int | None = None,
    site: str = "east",
    set_by: str = "officer-east",
) -> None:
    """The status stands in the person's history; UTC ms. set_ms left out: when it began."""
    noted = set_ms if set_ms is not None else start
    values = {
        "site": site,
        "ref": ref,
        "code": code,
        "start_ms": start,
        "end_ms": end,
        "origin": "office",
        "set_by": set_by,
        "set_ms": office.utc_ms() if noted is None else noted,
        "ended_by": "" if ended_ms is None else set_by,
        "ended_ms": ended_ms,
    }
    with office.database.writing("plant a status") as connection:
        connection.execute(insert(STATUS).values(**values))
