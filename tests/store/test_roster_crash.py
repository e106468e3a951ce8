"""Whatever is cut off during a switch, a whole list serves, and never an older one."""

import json
import random
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from gated.errors import BundleRejected, StoreError
from gated.store.keys import SiteKeys
from gated.store.roster import LOCAL, RosterStore
from gated.store.roster_build import RosterInfo, RosterRow, build

Resident = Callable[..., RosterRow]
NumberOf = Callable[[int], str]

# Installs list after list and says each revision once `install` returned; killed from outside.
INSTALLER = """
import sys
from pathlib import Path
from gated.core.model import Category
from gated.store.keys import SiteKeys
from gated.store.roster import LOCAL, RosterStore
from gated.store.roster_build import RosterRow, build

folder = Path(sys.argv[1])
keys = SiteKeys(bytes(range(32)), bytes(range(32, 64)))
store = RosterStore(folder, keys)
while True:
    rev = store.next_rev()
    rows = [RosterRow(Category.VISITOR, name=f"n{rev}", room=str(n)) for n in range(20)]
    info = build(rows, keys, folder / "new.tmp", rev, rev, "park")
    store.install(folder / "new.tmp", info, LOCAL, rev, info.sha256)
    print(rev, flush=True)
"""


def test_a_killed_installer_leaves_a_whole_list(tmp_path: Path, keys: SiteKeys) -> None:
    """kill -9 after a random number of switches, over and over in the same folder."""
    schedule = random.Random(20200210)
    promised = 0
    for _ in range(5):
        with subprocess.Popen(
            [sys.executable, "-c", INSTALLER, str(tmp_path)], stdout=subprocess.PIPE, text=True
        ) as installer:
            assert installer.stdout is not None
            for _ in range(schedule.randrange(1, 12)):
                said = installer.stdout.readline()
                assert said, "the installer ended by itself"
                assert int(said) > promised
                promised = int(said)
            installer.kill()
        with closing(RosterStore(tmp_path, keys)) as store:
            roster = store.current()
            assert roster is not None
            assert store.problem == ""
            assert roster.rev >= promised
            assert roster.rev == store.ratchet(LOCAL)
            assert len(roster.fingerprints()) == roster.persons == 20


def test_two_processes_cannot_install_the_same_revision(
    tmp_path: Path, keys: SiteKeys, person: Resident, number_of: NumberOf
) -> None:
    """Both built revision 1; the slower one is refused and the faster one's list serves."""
    with closing(RosterStore(tmp_path, keys)) as one, closing(RosterStore(tmp_path, keys)) as two:
        infos: list[RosterInfo] = [
            build([person(n)], keys, tmp_path / f"{n}.tmp", 1, 5, "park") for n in (1, 2)
        ]
        one.install(tmp_path / "1.tmp", infos[0], LOCAL, 1, infos[0].sha256)
        with pytest.raises(BundleRejected, match="not above 1"):
            two.install(tmp_path / "2.tmp", infos[1], LOCAL, 1, infos[1].sha256)
        serving = two.current()
        assert serving is not None
        assert serving.by_id_number(number_of(1)).person is not None


def test_a_list_on_another_card_is_refused(
    roster_store: RosterStore, tmp_path: Path, keys: SiteKeys, person: Resident
) -> None:
    """Its folder is gone when the rename is tried, as when a stick is pulled."""
    info = build([person(1)], keys, tmp_path / "new.tmp", 1, 5, "park")
    roster_store.folder = tmp_path / "gone"
    with pytest.raises(StoreError, match=r"cannot move the new list to .*same card"):
        roster_store.install(tmp_path / "new.tmp", info, LOCAL, 1, info.sha256)
    roster_store.folder = tmp_path
    assert roster_store.current() is None
    assert (tmp_path / "new.tmp").exists()


def test_building_where_nobody_may_write_is_one_sentence(
    tmp_path: Path, keys: SiteKeys, person: Resident
) -> None:
    with pytest.raises(StoreError, match=r"cannot build .*none/new\.tmp"):
        build([person(1)], keys, tmp_path / "none" / "new.tmp", 1, 5, "park")


def test_an_older_file_at_the_same_place_is_replaced(
    tmp_path: Path, keys: SiteKeys, person: Resident
) -> None:
    path = tmp_path / "new.tmp"
    path.write_bytes(b"left over from a crash")
    assert build([person(1)], keys, path, 1, 5, "park").persons == 1


def test_the_sqlite_utils_command_opens_pointer_and_list(
    roster_store: RosterStore, tmp_path: Path, keys: SiteKeys, person: Resident
) -> None:
    info = build([person(1)], keys, tmp_path / "new.tmp", 1, 5, "park")
    roster_store.install(tmp_path / "new.tmp", info, LOCAL, 1, info.sha256)
    tool = Path(sys.executable).with_name("sqlite-utils")
    for name, expected in (
        ("roster.db", {"generation", "ratchet"}),
        ("roster-1-local.db", {"person", "credential", "room", "meta"}),
    ):
        answer = subprocess.run([tool, "tables", tmp_path / name], capture_output=True, check=True)
        assert expected <= {row["table"] for row in json.loads(answer.stdout)}
