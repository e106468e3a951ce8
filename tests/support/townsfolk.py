"""Invented people put straight into a site's register, as an upload would have."""

from typing import Any

from gated.core.id_number import check_character
from gated.core.model import Category
from gated.hub.office import Office
from gated.hub.register_entry import Entry
from gated.hub.register_rows import store
from gated.store.roster_build import RosterRow, household, reference


def id_number(number: int) -> str:
    """Return an identity number nobody has: born far in the future."""
    body = f"11010521{number % 80 + 10:02d}0101{number % 1000:03d}"
    return body + check_character(body)


def enter(
    office: Office,
    *people: tuple[str, str],
    site: str = "east",
    category: Category = Category.RESIDENT,
    first: int = 0,
    **more: Any,
) -> list[bytes]:
    """The people, (name, room such as 3-2-101), are in the register; return their pseudonyms.

    first: number of the first one's document and phone. more: other columns of all of them.
    """
    keys = office.site(site).keys
    refs, changes = [], []
    for number, (name, place) in enumerate(people, first):
        building, unit, room = place.split("-") if place else ("", "", "")
        row = RosterRow(
            category,
            id_number(number),
            name,
            f"1380000{number:04d}",
            building,
            unit,
            room,
            **more,
        )
        ref = reference(row, keys.site)
        refs.append(ref)
        changes.append((None, Entry(ref, row, household(row, keys.site))))
    with office.database.writing("enter people") as connection:
        store(connection, office, site, changes, 1)
    return refs


def home(office: Office, place: str, site: str = "east") -> bytes:
    """Return the pseudonym of a room such as 3-2-101."""
    building, unit, room = place.split("-")
    row = RosterRow(Category.RESIDENT, building=building, unit=unit, room=room)
    found = household(row, office.site(site).keys.site)
    assert found is not None, "a room has a household"
    return found
