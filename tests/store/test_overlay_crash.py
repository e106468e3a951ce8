"""Wherever a gate is cut off between two commits, it serves one revision whole."""

import random
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from gated.store.keys import SiteKeys
from gated.store.roster import RosterStore

# Revision r marks exactly one of 20 people and takes one away, by turns of a change (3 of 4) and
# of a whole file with a change above it; says each revision once it is told to serve.
CHANGER = """
import sys
from pathlib import Path
from gated.core.model import Category, Status, StatusCode
from gated.store.keys import SiteKeys
from gated.store.overlay import Change, Patch
from gated.store.roster import RosterStore
from gated.store.roster_build import RosterRow, build, encoded
from gated.store.sealing import Sealer

folder = Path(sys.argv[1])
keys = SiteKeys(bytes(range(32)), bytes(range(32, 64)))
sealer = Sealer(keys.rest)
store = RosterStore(folder, keys)
ILL = (Status(StatusCode.HOME_QUARANTINE),)

def row(number, rev):
    ill = ILL if rev % 20 == number else ()
    return RosterRow(Category.VISITOR, name=str(number), room=str(number), statuses=ill)

def rows(rev):
    return [row(n, rev) for n in range(20) if n != (rev + 5) % 20]

def changes(rev):
    entries = [encoded(one, (), keys, sealer)[0] for one in rows(rev)]
    (gone, _) = encoded(row((rev + 5) % 20, rev), (), keys, sealer)
    return (*(Change(entry[0], entry) for entry in entries), Change(gone[0], None))

while True:
    rev = store.ratchet("00c0ffee") + 1
    patch = Patch("00c0ffee", 7, max(1, rev - 1), rev, rev, changes(rev))
    if rev % 4 == 1:
        info = build(rows(rev), keys, folder / "new.tmp", rev, rev, "park")
        store.install(folder / "new.tmp", info, "00c0ffee", rev, info.sha256, line=7)
    elif rev % 4 == 0:
        info = build(rows(rev - 1), keys, folder / "new.tmp", rev - 1, rev, "park")
        store.install(
            folder / "new.tmp", info, "00c0ffee", rev, info.sha256, line=7, patch=patch
        )
    else:
        store.apply(patch)
    print(rev, flush=True)
"""


def test_a_killed_gate_serves_the_old_list_or_the_new_one(tmp_path: Path, keys: SiteKeys) -> None:
    """kill -9 after a random number of changes, over and over in the same folder."""
    schedule = random.Random(20200211)
    promised = 0
    for _ in range(4):
        with subprocess.Popen(
            [sys.executable, "-c", CHANGER, str(tmp_path)], stdout=subprocess.PIPE, text=True
        ) as changer:
            assert changer.stdout is not None
            for _ in range(schedule.randrange(1, 25)):
                said = changer.stdout.readline()
                assert said, "the changer ended by itself"
                promised = int(said)
            changer.kill()
        with closing(RosterStore(tmp_path, keys)) as store:
            assert_whole(store, promised)


def assert_whole(store: RosterStore, promised: int) -> None:
    roster = store.current()
    assert roster is not None
    assert store.problem == ""
    assert roster.rev >= promised
    assert roster.rev == store.ratchet("00c0ffee")
    assert len(roster.fingerprints()) == roster.persons == 19
    ill = [
        number
        for number in range(20)
        for holder in roster.by_room("", "", str(number))
        if holder.person is not None and holder.person.statuses
    ]
    assert ill == [roster.rev % 20], "what revision it says it is and what it holds agree"
    assert roster.by_room("", "", str((roster.rev + 5) % 20)) == []
