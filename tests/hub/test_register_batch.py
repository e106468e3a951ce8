"""Many people at once: laid beside the register, switched in whole or not at all."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select

from gated.hub import register_batch
from gated.hub.register import Entry, Register
from gated.hub.register_batch import clear, lay, switch
from gated.hub.register_rows import Rows, load, rows_of
from gated.hub.schema_register import PERSON, PERSON_NEXT
from gated.hub.upload import Uploads
from gated.store.roster_build import household
from tests.support.office import Desk, open_desk
from tests.support.people import people, person, ref_of, take


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    opened = open_desk(tmp_path)
    take(opened.office, opened.actor(), people(6))
    yield opened
    opened.office.database.close()


def changed(desk: Desk, count: int = 8) -> Rows:
    """Everybody of the list under a new name, and two who are new."""
    office = desk.office
    with office.database.reading() as connection:
        known = load(connection, office, "east", None)
    changes = []
    for index in range(count):
        row = person(index, name="新名")
        ref = ref_of(office, row)
        before = known.get(ref)
        home = household(row, office.site("east").keys.site)
        after = Entry(ref, row, home) if before is None else replace(before, row=row)
        changes.append((before, after))
    return rows_of(office, "east", changes, 2)


def laid(desk: Desk) -> int:
    with desk.office.database.reading() as connection:
        query = select(func.count()).select_from(PERSON_NEXT)
        return int(connection.execute(query).scalar_one())


def names(desk: Desk) -> set[str]:
    return {entry.row.name for entry in Register(desk.office).everyone("east").values()}


def test_what_is_laid_aside_is_not_in_the_register(desk: Desk) -> None:
    lay(desk.office.database, "batch", changed(desk))
    assert (laid(desk), "新名" in names(desk)) == (8, False)
    assert Register(desk.office).count("east") == 6


def test_the_switch_takes_old_rows_away_and_brings_the_new(desk: Desk) -> None:
    rows = changed(desk)
    lay(desk.office.database, "batch", rows)
    with desk.office.database.writing("switch") as connection:
        assert switch(connection, "batch", rows)
    clear(desk.office.database, "east")
    assert (names(desk), laid(desk)) == ({"新名"}, 0)
    everyone = Register(desk.office).everyone("east").values()
    assert sorted(entry.version for entry in everyone) == [1, 1, 2, 2, 2, 2, 2, 2]


def test_a_batch_that_does_not_lie_there_whole_is_not_switched_in(desk: Desk) -> None:
    rows = changed(desk)
    lay(desk.office.database, "batch", rows)
    clear(desk.office.database, "east")
    with desk.office.database.writing("switch") as connection:
        assert not switch(connection, "batch", rows)
        assert not switch(connection, "another", rows)
    assert Register(desk.office).count("east") == 6


def test_other_sites_keep_what_they_laid_aside(desk: Desk) -> None:
    lay(desk.office.database, "batch", changed(desk))
    clear(desk.office.database, "west")
    assert laid(desk) == 8


def test_the_side_table_has_every_column_of_the_register() -> None:
    mine = [(c.name, str(c.type), c.nullable) for c in PERSON_NEXT.columns][1:]
    assert mine == [(c.name, str(c.type), c.nullable) for c in PERSON.columns]


def test_a_large_table_goes_the_same_way_as_a_small_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same tables, once written directly and once laid aside: the same register."""
    found = []
    for few in (1000, 0):
        monkeypatch.setattr("gated.hub.upload_large.FEW", few)
        folder = tmp_path / str(few)
        folder.mkdir()
        opened = open_desk(folder)
        office, actor = opened.office, opened.actor()
        take(office, actor, people(150))
        take(office, actor, [replace(r, phone="1", name="改") for r in people(140)], 10)
        refs = Register(office).find("east", "改")
        old = Register(office).find("east", person(3).name)
        with office.database.reading() as connection:
            left = connection.execute(select(func.count()).select_from(PERSON_NEXT)).scalar_one()
            gone = PERSON.c.removed_ms.is_not(None)
            removed = connection.execute(select(func.count()).where(gone)).scalar_one()
        everyone = Register(office).everyone("east").values()
        rows = sorted((e.row.id_number, e.row.name, e.row.phone, e.version) for e in everyone)
        found.append((rows, len(refs), old, left, removed))
        office.database.close()
    assert found[0] == found[1]
    rows, hits, old, left, removed = found[0]
    assert (len(rows), hits, old, left, removed) == (140, 50, [], 0, 10)


def test_nothing_stays_aside_when_another_change_came_between(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gated.hub.upload_large.FEW", 0)
    uploads, actor = Uploads(desk.office), desk.actor()
    compared = uploads.compared(actor, people(200))
    take(desk.office, actor, people(7))
    with pytest.raises(Exception, match="the list changed since"):
        uploads.push(actor, compared)
    assert (laid(desk), Register(desk.office).count("east")) == (0, 7)


def test_few_people_are_not_worth_it() -> None:
    assert register_batch.FEW < register_batch.LAID_AT_ONCE
