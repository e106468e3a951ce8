"""A switch is seen whole or not at all, never goes back, and always leaves a list to serve."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from gated.errors import BundleRejected, StoreError
from gated.store.keys import SiteKeys
from gated.store.roster import LOCAL, Roster, RosterStore
from gated.store.roster_build import RosterInfo, RosterRow

Resident = Callable[..., RosterRow]
BuildRoster = Callable[..., RosterInfo]
Install = Callable[[list[RosterRow], int], None]


def serving(store: RosterStore) -> int | None:
    roster = store.current()
    return None if roster is None else roster.rev


def generations_in(folder: Path) -> set[str]:
    return {path.name for path in folder.glob("roster-*")}


def test_a_new_folder_serves_nobody(roster_store: RosterStore) -> None:
    assert roster_store.current() is None
    assert roster_store.problem == ""
    assert roster_store.next_rev() == 1


def test_an_installed_list_serves_and_the_one_before_is_kept(
    roster_store: RosterStore, install: Install, person: Resident, tmp_path: Path
) -> None:
    for rev in (1, 2, 3):
        install([person(rev)], rev)
        assert serving(roster_store) == rev
    assert generations_in(tmp_path) == {"roster-2-local.db", "roster-3-local.db"}
    assert [g.rev for g in roster_store.generations()] == [3, 2]
    assert not (tmp_path / "new.tmp").exists()


def test_the_same_list_is_not_opened_twice(
    roster_store: RosterStore, install: Install, person: Resident
) -> None:
    install([person(1)], 1)
    assert roster_store.current() is roster_store.current()


@pytest.mark.parametrize("rev", [1, 4, 5])
def test_a_revision_that_is_not_higher_is_refused(
    roster_store: RosterStore, install: Install, person: Resident, rev: int
) -> None:
    install([person(1)], 5)
    with pytest.raises(BundleRejected, match=f"revision {rev} is not above 5") as refused:
        install([person(2)], rev)
    assert refused.value.code == "old_revision"
    assert serving(roster_store) == 5


def test_each_key_has_its_own_ratchet(
    roster_store: RosterStore,
    build_roster: BuildRoster,
    install: Install,
    person: Resident,
    tmp_path: Path,
) -> None:
    """A hub that joins later starts at its own revision; a local list then goes above both."""
    install([person(1)], 9)
    info = build_roster([person(2)], 9)
    roster_store.install(tmp_path / "new.tmp", info, "0badcafe", 9, info.sha256)
    assert serving(roster_store) == 9
    assert roster_store.ratchet(LOCAL) == roster_store.ratchet("0badcafe") == 9
    assert generations_in(tmp_path) == {"roster-9-local.db", "roster-9-0badcafe.db"}
    assert roster_store.next_rev() == 10


def test_a_list_that_is_not_what_was_promised_is_refused(
    roster_store: RosterStore, build_roster: BuildRoster, person: Resident, tmp_path: Path
) -> None:
    path = tmp_path / "new.tmp"
    info = build_roster([person(1)], 1)
    with pytest.raises(BundleRejected, match="mismatch"):
        roster_store.install(path, info, LOCAL, 2, info.sha256)
    with pytest.raises(BundleRejected, match="mismatch"):
        roster_store.install(path, info, LOCAL, 1, bytes(32))
    renumbered = RosterInfo(2, 1, 1, info.sha256, info.size)
    with pytest.raises(BundleRejected, match="the file holds revision 1, not 2"):
        roster_store.install(path, renumbered, LOCAL, 2, info.sha256)
    with path.open("ab") as file:
        file.write(b"x")
    with pytest.raises(StoreError, match=rf"{info.size + 1} bytes, expected {info.size}"):
        roster_store.install(path, info, LOCAL, 1, info.sha256)
    assert roster_store.current() is None
    assert roster_store.ratchet(LOCAL) == 0


def test_a_switch_elsewhere_is_noticed(
    roster_store: RosterStore, install: Install, keys: SiteKeys, person: Resident, tmp_path: Path
) -> None:
    with closing(RosterStore(tmp_path, keys)) as daemon:
        assert daemon.current() is None
        assert not daemon.changed()
        install([person(1)], 1)
        assert daemon.changed()
        assert serving(daemon) == 1
        assert not daemon.changed()


def test_an_own_switch_is_noticed(
    roster_store: RosterStore, install: Install, person: Resident
) -> None:
    assert roster_store.changed(), "nothing was asked yet"
    roster_store.current()
    install([person(1)], 1)
    assert roster_store.changed()
    assert serving(roster_store) == 1
    assert not roster_store.changed()


def test_the_old_list_answers_until_the_new_one_is_asked_for(
    roster_store: RosterStore,
    install: Install,
    person: Resident,
    number_of: Callable[[int], str],
) -> None:
    install([person(1)], 1)
    old = roster_store.current()
    install([person(2)], 2)
    assert old is not None
    assert old.by_id_number(number_of(1)).person is not None
    new = roster_store.current()
    assert new is not None
    assert new.by_id_number(number_of(1)).person is None
    assert new.by_id_number(number_of(2)).person is not None


def test_before_the_row_is_committed_the_old_list_serves(
    roster_store: RosterStore,
    build_roster: BuildRoster,
    install: Install,
    keys: SiteKeys,
    person: Resident,
    tmp_path: Path,
) -> None:
    """The pointer cannot be written: the new file lies there whole, and is not served."""
    install([person(1)], 1)
    info = build_roster([person(2)], 2)
    roster_store._connection.execute("PRAGMA query_only=ON")
    with pytest.raises(StoreError, match=r"cannot write .*roster\.db"):
        roster_store.install(tmp_path / "new.tmp", info, LOCAL, 2, info.sha256)
    assert (tmp_path / "roster-2-local.db").exists()
    assert serving(roster_store) == 1
    with closing(RosterStore(tmp_path, keys)) as restarted:
        assert serving(restarted) == 1
        info = build_roster([person(3)], 2)
        restarted.install(tmp_path / "new.tmp", info, LOCAL, 2, info.sha256)
        assert serving(restarted) == 2


def test_a_missing_file_falls_back_to_the_one_before(
    install: Install, keys: SiteKeys, person: Resident, tmp_path: Path
) -> None:
    install([person(1)], 1)
    install([person(2)], 2)
    (tmp_path / "roster-2-local.db").unlink()
    with closing(RosterStore(tmp_path, keys)) as store:
        assert serving(store) == 1
        assert "roster-2-local.db" in store.problem
        assert "import the list again" in store.problem
        assert serving(store) == 1


def test_short_and_damaged_files_fall_back_to_none(
    install: Install, keys: SiteKeys, person: Resident, tmp_path: Path
) -> None:
    install([person(1)], 1)
    install([person(2)], 2)
    newest, before = tmp_path / "roster-2-local.db", tmp_path / "roster-1-local.db"
    newest.write_bytes(newest.read_bytes()[:-4096])
    before.write_bytes(b"x" * before.stat().st_size)
    with closing(RosterStore(tmp_path, keys)) as store:
        assert store.current() is None
        assert "bytes, expected" in store.problem


def test_a_list_that_is_mended_serves_again(
    roster_store: RosterStore, install: Install, person: Resident, tmp_path: Path
) -> None:
    install([person(1)], 1)
    path = tmp_path / "roster-1-local.db"
    path.rename(tmp_path / "elsewhere")
    assert roster_store.current() is None
    (tmp_path / "elsewhere").rename(path)
    assert serving(roster_store) == 1
    assert roster_store.problem == ""


def test_a_damaged_pointer_is_made_anew_from_the_files(
    roster_store: RosterStore,
    build_roster: BuildRoster,
    keys: SiteKeys,
    person: Resident,
    tmp_path: Path,
) -> None:
    for rev, kid, made in ((3, "0badcafe", 100), (9, LOCAL, 200)):
        info = build_roster([person(rev)], rev, made)
        roster_store.install(tmp_path / "new.tmp", info, kid, rev, info.sha256)
    roster_store.close()
    (tmp_path / "roster.db").write_bytes(b"noise" * 4000)
    (tmp_path / "roster-10-local.db").write_bytes(b"a half copied file")
    with closing(RosterStore(tmp_path, keys)) as store:
        assert serving(store) == 9, "the newest by the time it was made"
        assert [g.kid for g in store.generations()] == [LOCAL, "0badcafe"]
        assert store.ratchet("0badcafe") == 3
        info = build_roster([person(1)], 3)
        with pytest.raises(BundleRejected):
            store.install(tmp_path / "new.tmp", info, "0badcafe", 3, info.sha256)
    assert (tmp_path / "roster-damaged-1.db").exists()


def test_other_files_in_the_folder_are_left_alone(
    install: Install, person: Resident, tmp_path: Path
) -> None:
    for name in ("roster-notes.db", "roster-7-local.db.bak", "journal.db"):
        (tmp_path / name).write_text("mine")
    for rev in (1, 2, 3, 4):
        install([person(rev)], rev)
    assert (tmp_path / "roster-notes.db").read_text() == "mine"
    assert (tmp_path / "roster-7-local.db.bak").exists()
    assert (tmp_path / "journal.db").exists()


def test_closing_twice_is_fine(
    roster_store: RosterStore, install: Install, person: Resident
) -> None:
    install([person(1)], 1)
    roster = roster_store.current()
    roster_store.close()
    roster_store.close()
    assert roster is not None
    with pytest.raises(StoreError):
        roster.by_card("1")


def test_a_generation_is_never_written(
    install: Install, keys: SiteKeys, person: Resident, tmp_path: Path
) -> None:
    install([person(1)], 1)
    path = tmp_path / "roster-1-local.db"
    with closing(Roster(path, keys)) as roster, pytest.raises(sqlite3.Error):
        roster._connection.execute("DELETE FROM person")
    assert {p.name for p in tmp_path.glob("roster-1*")} == {path.name}
