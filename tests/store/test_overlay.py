"""Single changes over a list: asked first, durable, and never mixed with another list's."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from gated.core.model import Category, CredentialState, Display, Status, StatusCode
from gated.core.pseudonym import room_ref
from gated.errors import BundleRejected, StoreError
from gated.store.database import connect
from gated.store.keys import SiteKeys
from gated.store.overlay import Change, Patch
from gated.store.roster import LOCAL, Roster, RosterStore
from gated.store.roster_build import (
    Card,
    RosterInfo,
    RosterRow,
    encoded,
    reference,
)
from gated.store.sealing import Sealer

KID, LINE = "00c0ffee", 7
ILL = (Status(StatusCode.HOME_QUARANTINE),)

Resident = Callable[..., RosterRow]
NumberOf = Callable[[int], str]
BuildRoster = Callable[..., RosterInfo]


class Site:
    """A folder with a hub's list of six people at revision 10, and what changes it."""

    def __init__(self, store: RosterStore, build: BuildRoster, person: Resident) -> None:
        self.store = store
        self.build = build
        self.person = person
        self.keys = SiteKeys(bytes(range(32)), bytes(range(32, 64)))

    def install(self, rows: list[RosterRow], file_rev: int, patch: Patch | None = None) -> None:
        info = self.build(rows, file_rev)
        rev = file_rev if patch is None else patch.rev
        path = self.store.folder / "new.tmp"
        self.store.install(path, info, KID, rev, info.sha256, line=LINE, patch=patch)

    def change(self, *rows: RosterRow, known: tuple[Status, ...] = ()) -> tuple[Change, ...]:
        sealer = Sealer(self.keys.rest)
        entries = [encoded(row, known, self.keys, sealer) for row in rows]
        return tuple(Change(row[0], row, cards) for row, cards in entries)

    def gone(self, *rows: RosterRow) -> tuple[Change, ...]:
        return tuple(Change(reference(row, self.keys.site), None) for row in rows)

    def apply(
        self, start: int, rev: int, *changes: Change, kid: str = KID, line: int = LINE
    ) -> None:
        self.store.apply(Patch(kid, line, start, rev, 99, changes))

    @property
    def roster(self) -> Roster:
        roster = self.store.current()
        assert roster is not None, "no list serves"
        return roster


@pytest.fixture
def site(roster_store: RosterStore, build_roster: BuildRoster, person: Resident) -> Site:
    made = Site(roster_store, build_roster, person)
    made.install([person(number) for number in range(6)], 10)
    assert made.roster.rev == 10
    return made


def test_a_changed_person_answers_in_every_way(site: Site, number_of: NumberOf) -> None:
    moved = site.person(
        2,
        name="李雷",
        category=Category.TENANT,
        room="900",
        statuses=ILL,
        cards=(Card("7002", CredentialState.LOST), Card("8002")),
    )
    site.apply(10, 11, *site.change(moved, known=ILL))
    roster = site.roster
    holder = roster.by_id_number(number_of(2))
    person = holder.person
    assert person is not None
    assert (person.category, person.statuses, holder.household_statuses) == (
        Category.TENANT,
        ILL,
        ILL,
    )
    assert person.household == room_ref(site.keys.site, "3", "2", "900")
    assert roster.by_id_number(number_of(99), [number_of(2)]).person == person
    assert roster.person(person.ref) == person
    assert roster.by_reference(person.ref[:8]).person == person
    assert roster.by_card("7002").credential.state is CredentialState.LOST
    assert roster.by_card("8002").person == person
    assert roster.display(person.ref).name == "李*"
    (shown,) = roster.by_room("3", "2", "900")
    assert (shown.person, shown.display.name) == (person, "李*")
    assert roster.by_household(room_ref(site.keys.site, "3", "2", "900")) == [shown]
    assert roster.by_room("3", "2", "103") == []
    assert roster.by_household(room_ref(site.keys.site, "3", "2", "103")) == []
    assert (roster.rev, roster.file_rev, roster.made_utc_ms) == (11, 10, 99)
    assert (roster.persons, roster.credentials) == (6, 7)
    categories, statuses = roster.counts()
    assert (categories, statuses) == ({"resident": 5, "tenant": 1}, {"home_quarantine": 1})


def test_everybody_else_answers_as_before(site: Site, number_of: NumberOf) -> None:
    before = {number: site.roster.by_id_number(number_of(number)) for number in range(6)}
    site.apply(10, 11, *site.change(site.person(2, statuses=ILL)), *site.gone(site.person(3)))
    for number in (0, 1, 4, 5):
        assert site.roster.by_id_number(number_of(number)) == before[number]
        assert site.roster.by_card(str(7000 + number)).person == before[number].person


def test_who_is_gone_is_nowhere(site: Site, number_of: NumberOf) -> None:
    ref = reference(site.person(3), site.keys.site)
    site.apply(10, 11, *site.gone(site.person(3)))
    roster = site.roster
    assert roster.by_id_number(number_of(3)).person is None
    assert roster.by_card("7003").person is None
    assert roster.by_card("7003").credential.state is CredentialState.UNKNOWN
    assert roster.by_reference(ref[:8]).person is None
    assert roster.by_room("3", "2", "104") == []
    assert roster.person(ref) is None
    assert roster.display(ref) == Display()
    assert (roster.persons, roster.credentials) == (5, 5)
    assert roster.counts()[0] == {"resident": 5}
    assert ref not in roster.fingerprints()


def test_a_newcomer_is_there_and_may_leave_again(site: Site, number_of: NumberOf) -> None:
    site.apply(10, 11, *site.change(site.person(50)))
    assert site.roster.by_card("7050").person is not None
    assert (site.roster.persons, site.roster.credentials) == (7, 7)
    site.apply(10, 12, *site.gone(site.person(50)))
    assert site.roster.by_id_number(number_of(50)).person is None
    assert site.roster.by_card("7050").person is None
    assert (site.roster.persons, site.roster.credentials) == (6, 6)


def test_a_card_without_an_owner_left_is_nobodys(site: Site, number_of: NumberOf) -> None:
    site.apply(10, 11, *site.change(site.person(2, cards=())))
    assert site.roster.by_card("7002").person is None
    assert site.roster.by_id_number(number_of(2)).person is not None


def test_a_card_moves_to_another_person_and_back(site: Site) -> None:
    two, four = site.person(2), site.person(4)
    refs = [reference(row, site.keys.site) for row in (two, four)]
    both = site.change(site.person(2, cards=()), site.person(4, cards=(Card("7002"),)))
    site.apply(10, 11, *both)
    assert owner(site.roster, "7002") == refs[1]
    assert owner(site.roster, "7004") is None
    site.apply(10, 12, *site.change(two, four))
    assert [owner(site.roster, card) for card in ("7002", "7004")] == refs
    assert site.roster.credentials == 6


def test_a_card_given_on_hides_the_one_in_the_file(site: Site) -> None:
    """Even when its former owner was forgotten among the changes."""
    site.apply(10, 11, *site.change(site.person(4, cards=(Card("7002"),))))
    assert owner(site.roster, "7002") == reference(site.person(4), site.keys.site)
    assert site.roster.credentials == 5
    assert len(site.roster.fingerprints()) == 6


def owner(roster: Roster, card: str) -> bytes | None:
    person = roster.by_card(card).person
    return None if person is None else person.ref


def test_people_of_one_room_are_found_together_whoever_changed(site: Site) -> None:
    site.apply(10, 11, *site.change(site.person(0, room="106"), site.person(7, room="106")))
    found = [holder.credential.ref for holder in site.roster.by_room("3", "2", "106")]
    expected = [reference(site.person(number), site.keys.site) for number in (0, 5, 7)]
    assert found == sorted(expected)


def test_two_people_with_one_beginning_are_nobody(site: Site) -> None:
    changes = site.change(site.person(60), site.person(61))
    site.apply(10, 11, *changes)
    assert site.roster.by_reference(b"").person is None
    for change in changes:
        found = site.roster.by_reference(change.ref[:8]).person
        assert found is not None
        assert found.ref == change.ref


def test_changes_lie_above_changes_until_a_newer_file_takes_over(site: Site) -> None:
    site.apply(10, 11, *site.change(site.person(1, statuses=ILL)))
    site.apply(11, 12, *site.change(site.person(2, statuses=ILL)))
    assert site.roster.counts()[1] == {"home_quarantine": 2}
    site.install([site.person(1), site.person(2)], 13)
    assert (site.roster.rev, site.roster.changes.people) == (13, {})
    assert site.roster.counts() == ({"resident": 2}, {})


def test_a_file_comes_with_what_changed_since(site: Site, tmp_path: Path, keys: SiteKeys) -> None:
    patch = Patch(KID, LINE, 15, 18, 99, site.change(site.person(1, statuses=ILL)))
    site.install([site.person(1), site.person(2)], 15, patch)
    assert (site.roster.rev, site.roster.file_rev) == (18, 15)
    assert site.roster.counts()[1] == {"home_quarantine": 1}
    assert (tmp_path / f"roster-18-{KID}.db").exists()
    with closing(RosterStore(tmp_path, keys)) as restarted:
        roster = restarted.current()
        assert roster is not None
        assert (roster.rev, roster.fingerprints()) == (18, site.roster.fingerprints())


def test_a_file_takes_over_what_already_serves(site: Site) -> None:
    """The same revision again, with fewer changes above it: nothing is older, so it may."""
    site.apply(10, 12, *site.change(site.person(1, statuses=ILL)), *site.gone(site.person(2)))
    patch = Patch(KID, LINE, 11, 12, 99, site.gone(site.person(2)))
    people = [site.person(n, statuses=ILL if n == 1 else ()) for n in range(6)]
    before = site.roster.counts()
    site.install(people, 11, patch)
    assert (site.roster.rev, site.roster.file_rev) == (12, 11)
    assert site.roster.counts() == before
    with pytest.raises(BundleRejected, match="12 is not above 12"):
        site.install(people, 11, patch)


@pytest.mark.parametrize(
    ("start", "rev", "kid", "line", "code"),
    [
        (11, 12, KID, LINE, "other_base"),
        (9, 10, KID, LINE + 1, "other_base"),
        (8, 9, KID, LINE, "other_base"),
        (10, 12, "0badcafe", LINE, "other_base"),
        (10, 12, KID, LINE + 1, "other_base"),
        (10, 12, LOCAL, LINE, "other_base"),
    ],
)
def test_changes_for_another_list_are_refused(
    site: Site, start: int, rev: int, kid: str, line: int, code: str
) -> None:
    with pytest.raises(BundleRejected) as refused:
        site.apply(start, rev, *site.gone(site.person(1)), kid=kid, line=line)
    assert refused.value.code == code
    assert (site.roster.rev, site.roster.persons) == (10, 6)


def test_changes_below_the_ratchet_are_refused(site: Site) -> None:
    site.store._connection.execute("UPDATE ratchet SET rev = 20")
    with pytest.raises(BundleRejected) as refused:
        site.apply(10, 12, *site.gone(site.person(1)))
    assert refused.value.code == "old_revision"


def test_without_a_list_there_is_nothing_to_change(roster_store: RosterStore) -> None:
    with pytest.raises(BundleRejected, match="other_base"):
        roster_store.apply(Patch(KID, LINE, 1, 2, 99, ()))


def test_the_same_changes_again_change_nothing(site: Site) -> None:
    changes = site.change(site.person(1, statuses=ILL))
    site.apply(10, 11, *changes)
    roster = site.roster
    site.apply(10, 11, *changes)
    assert site.roster is roster


def test_a_list_imported_here_is_never_changed_from_the_hub(
    site: Site, build_roster: BuildRoster, tmp_path: Path
) -> None:
    site.apply(10, 11, *site.gone(site.person(1)))
    info = build_roster([site.person(1)], 12)
    site.store.install(tmp_path / "new.tmp", info, LOCAL, 12, info.sha256)
    assert (site.roster.rev, site.roster.persons) == (12, 1)
    with pytest.raises(BundleRejected, match="other_base"):
        site.apply(10, 13, *site.gone(site.person(1)))


def test_another_process_sees_the_changes(site: Site, keys: SiteKeys, tmp_path: Path) -> None:
    with closing(RosterStore(tmp_path, keys)) as daemon:
        assert daemon.current() is not None
        site.apply(10, 11, *site.gone(site.person(1)))
        assert daemon.changed()
        roster = daemon.current()
        assert roster is not None
        assert (roster.rev, roster.persons) == (11, 5)


def test_the_list_before_serves_without_the_newer_ones_changes(
    site: Site, keys: SiteKeys, tmp_path: Path
) -> None:
    site.install([site.person(1), site.person(2)], 11)
    site.apply(11, 12, *site.gone(site.person(1)))
    (tmp_path / f"roster-11-{KID}.db").unlink()
    with closing(RosterStore(tmp_path, keys)) as store:
        roster = store.current()
        assert roster is not None
        assert (roster.rev, roster.persons) == (10, 6)
        assert "roster-11" in store.problem


def test_changes_that_cannot_be_written_leave_the_list_as_it_was(site: Site) -> None:
    site.store._connection.execute("PRAGMA query_only=ON")
    with pytest.raises(StoreError, match=r"cannot write .*roster\.db"):
        site.apply(10, 11, *site.gone(site.person(1)))
    site.store._connection.execute("PRAGMA query_only=OFF")
    assert (site.roster.rev, site.roster.persons) == (10, 6)
    assert site.store.ratchet(KID) == 10


def test_an_entry_nobody_understands_is_one_persons_trouble(
    site: Site, number_of: NumberOf
) -> None:
    """A later hub's new status: that person is checked by hand, everybody else goes on."""
    (change,) = site.change(site.person(1))
    assert change.row is not None
    row = (*change.row[:3], '[["from_the_moon",null,null]]', *change.row[4:])
    site.apply(10, 11, Change(change.ref, row))
    with pytest.raises(StoreError, match="cannot be understood"):
        site.roster.by_id_number(number_of(1))
    assert site.roster.by_id_number(number_of(2)).person is not None


def test_a_damaged_pointer_forgets_changes_and_the_same_revision_comes_again(
    site: Site, keys: SiteKeys, tmp_path: Path
) -> None:
    """The file that serves keeps its name until the pointer names another one."""
    patch = Patch(KID, LINE, 15, 18, 99, site.change(site.person(1, statuses=ILL)))
    site.install([site.person(1), site.person(2)], 15, patch)
    site.store.close()
    (tmp_path / "roster.db").write_bytes(b"noise" * 4000)
    with closing(RosterStore(tmp_path, keys)) as store:
        again = Site(store, site.build, site.person)
        assert (again.roster.rev, store.ratchet(KID)) == (15, 15)
        again.install([site.person(1), site.person(2)], 15, patch)
        assert (again.roster.rev, again.roster.path.name) == (18, f"roster-18-{KID}-b.db")
        again.install([site.person(1)], 19)
        assert {g.file for g in store.generations()} == {p.name for p in tmp_path.glob("roster-1*")}


def test_the_pointer_of_an_older_program_is_taken_over(
    site: Site, keys: SiteKeys, tmp_path: Path
) -> None:
    """roster.db as the program before wrote it: no changes, and nobody knows whose line."""
    site.store.close()
    with closing(connect(tmp_path / "roster.db")) as old:
        for table in ("overlay", "overlay_person", "overlay_card"):
            old.execute(f"DROP TABLE {table}")
        old.execute("ALTER TABLE generation DROP COLUMN line")
        old.execute("DELETE FROM _sqlite_migrations WHERE name = 'step_002_overlay'")
    with closing(RosterStore(tmp_path, keys)) as store:
        roster = store.current()
        assert roster is not None
        assert roster.rev == 10
        assert store.generations()[0].line == 0


def test_the_tables_open_with_other_tools(site: Site, tmp_path: Path) -> None:
    site.apply(10, 11, *site.change(site.person(1)), *site.gone(site.person(2)))
    with closing(sqlite3.connect(tmp_path / "roster.db")) as other:
        rows = other.execute("SELECT gone, category FROM overlay_person ORDER BY gone").fetchall()
        assert rows == [(0, "resident"), (1, "")]
        assert other.execute("SELECT state FROM overlay_card").fetchall() == [("active",)]
