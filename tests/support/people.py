"""Invented people for tests of the register: valid numbers, rooms, cards."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from gated.core.id_number import check_character
from gated.core.model import Category, StatusCode
from gated.hub.office import Office
from gated.hub.register import Entry, Register
from gated.hub.roles import Actor
from gated.hub.upload import Pushed, Uploads
from gated.store.roster_build import Card, RosterRow, reference
from tests.support.office import Desk

QUARANTINE = StatusCode.HOME_QUARANTINE
HEADING = "身份证号,姓名,手机,楼栋,单元,房号,类别,卡号,状态,开始,结束,备注"


def number(index: int) -> str:
    """A valid identity number, another one for every index below a hundred thousand."""
    first17 = f"110105199{index // 1000 % 10}01{index // 10000 % 28 + 1:02d}{index % 1000:03d}"
    return first17 + check_character(first17)


def person(index: int, **changes: Any) -> RosterRow:
    """A resident; every four share a room of building 3, and each has a card."""
    row = RosterRow(
        Category.RESIDENT,
        id_number=number(index),
        name=f"王{chr(0x4E00 + index % 5000)}明",
        phone=f"138{index:08d}",
        building=str(3 + index // 1000),
        unit="2",
        room=str(101 + index // 4),
        cards=(Card(f"{70_000_000 + index}"),),
    )
    return replace(row, **changes)


def people(count: int) -> list[RosterRow]:
    return [person(index) for index in range(count)]


def ref_of(office: Office, row: RosterRow, site: str = "east") -> bytes:
    return reference(row, office.site(site).keys.site)


def entry(desk: Desk, index: int = 3) -> Entry:
    """What the register holds of a person."""
    found = Register(desk.office).entry("east", ref_of(desk.office, person(index)))
    assert found is not None
    return found


def take(office: Office, actor: Actor, rows: list[RosterRow], removes: int | None = None) -> Pushed:
    """Push a table that has been read already."""
    uploads = Uploads(office)
    return uploads.push(actor, uploads.compared(actor, rows), removes)


def line(index: int, **words: str) -> str:
    """One line of a table below HEADING."""
    row = person(index)
    cells = {
        "number": row.id_number,
        "name": row.name,
        "phone": row.phone,
        "building": row.building,
        "unit": row.unit,
        "room": row.room,
        "category": "居民",
        "card": row.cards[0].number,
        "status": "",
        "start": "",
        "end": "",
        "flags": "",
    }
    return ",".join((cells | words).values())


def table(*lines: str) -> bytes:
    return "\n".join([HEADING, *lines]).encode()


def write_table(path: Path, *lines: str) -> Path:
    path.write_bytes(table(*lines))
    return path
