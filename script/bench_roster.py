"""Look-ups in lists of 100 k and 1 M invented people, and the switch from one list to the next."""

import multiprocessing
import os
import random
import shutil
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

from bench_row import Row, Run, alternating_s, at_most

from gated.core.id_number import check_character
from gated.core.model import Category, Holder, Status, StatusCode
from gated.core.pseudonym import person_ref
from gated.store.generation import Roster
from gated.store.keys import SiteKeys
from gated.store.roster import LOCAL, RosterStore
from gated.store.roster_build import RosterInfo, RosterRow, build, file_digest

KEYS: Final = SiteKeys(b"\x01" * 32, b"\x02" * 32)
MADE_MS: Final = 1_760_000_000_000
LOOKUP_US, SWITCH_S = 20.0, 1.0
PER_ROOM = 3
QUARANTINED = 1500  # people, a whole number of rooms; the rest are well
MARKED = 30_000  # the person whose status tells one list from the next
SETTLE_S = 0.05  # between two switches: the readers take up the list
_DAYS = 20_000  # birthdays to spread invented numbers over
_SELECT = "SELECT * FROM person WHERE ref = ?"
_QUARANTINE = '[["home_quarantine",null,null]]'


@dataclass(frozen=True, slots=True)
class Town:
    """Invented people by number: the same index is always the same person."""

    size: int

    def number(self, index: int) -> str:
        """Return the identity number of a person; indexes from `size` on are not on the list."""
        day, sequence = index % _DAYS, index // _DAYS
        year, rest = 1940 + day // 336, day % 336
        body = f"110105{year}{1 + rest // 28:02d}{1 + rest % 28:02d}{1 + sequence:03d}"
        return body + check_character(body)

    def row(self, index: int) -> RosterRow:
        """Return the person's entry: three to a room, the first QUARANTINED confined to it."""
        room = index // PER_ROOM
        confined = (Status(StatusCode.HOME_QUARANTINE),) if index < QUARANTINED else ()
        return RosterRow(
            Category.RESIDENT,
            self.number(index),
            "王芳",
            phone="13800000000",
            building=str(1 + room // 2000),
            unit=str(1 + room % 4),
            room=str(room % 2000 + 101),
            statuses=confined,
        )

    def build(self, path: Path, rev: int) -> RosterInfo:
        """Write the generation file of this town."""
        rows = (self.row(index) for index in range(self.size))
        return build(rows, KEYS, path, rev, MADE_MS, "bench")


def listed(run: Run, size: int, store: Path) -> Town:
    """Install a list of this size in the store's folder; return its town."""
    town = Town(size)
    path = store / "fresh.db"
    shutil.copyfile(generation(run, size), path)
    rosters = RosterStore(store, KEYS)
    info = RosterInfo(1, size, 0, file_digest(path), path.stat().st_size)
    rosters.install(path, info, LOCAL, 1, info.sha256)
    rosters.close()
    return town


def generation(run: Run, size: int) -> Path:
    """Return a generation file of this size, made once per run."""
    path = run.folder / f"list-{size}.db"
    if not path.exists():
        run.say(f"building a list of {size:,} people")
        # In a process of its own, as an import is: the heap a build leaves behind costs every
        # look-up made after it half as much again, and a gate builds no lists.
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as builder:
            builder.submit(Town(size).build, path, 1).result()
    return path


def _sizes(run: Run) -> list[int]:
    return [100_000] if run.quick else [100_000, 1_000_000]


def lookup(run: Run) -> list[Row]:
    """Return microseconds per look-up, with ratios to bare sqlite3 and to sqlite-utils."""
    rows: list[Row] = []
    for size in _sizes(run):
        rows += _lookup_of(run, size)
    return rows


def _lookup_of(run: Run, size: int) -> list[Row]:
    path, town = generation(run, size), Town(size)
    picked = random.Random(1).choices(range(size), k=2000)  # noqa: S311 - the same every run
    numbers = [town.number(index) for index in picked]
    refs = [person_ref(KEYS.site, number) for number in numbers]
    with closing(Roster(path, KEYS)) as roster, closing(sqlite3.connect(path)) as bare:
        from sqlite_utils import Database

        table = Database(bare, execute_plugins=False).table("person")
        rounds = run.count(40, 10)
        own, plain, library, shown = alternating_s(
            [
                lambda index: roster.by_id_number(numbers[index % 2000]),
                lambda index: bare.execute(_SELECT, (refs[index % 2000],)).fetchone(),
                lambda index: table.get((refs[index % 2000],)),
                lambda index: roster.display(refs[index % 2000]),
            ],
            rounds,
            500,
            time.thread_time,
        )
    name = f"{size // 1000} k" if size < 10**6 else f"{size // 10**6} M"
    tag = name.replace(" ", "").lower()
    us, target = 1e6, at_most(LOOKUP_US)
    what = f"look-up by ID number among {name} people"
    bare_name = "bare sqlite3 SELECT by key, same file"
    library_name = "sqlite-utils .get(), same file"
    return [
        Row(f"lookup_{tag}", what, own * us, "us", target, own / plain, bare_name),
        Row(f"lookup_{tag}_utils", what, own * us, "us", target, own / library, library_name),
        Row(f"display_{tag}", "name and room for the screen, decrypted", shown * us, "us"),
    ]


def switch(run: Run) -> list[Row]:
    """Return how long a switch holds up the engine, and what it does to look-ups meanwhile."""
    size = _sizes(run)[-1]
    folder = run.fresh("switch")
    town = listed(run, size, folder)
    with closing(RosterStore(folder, KEYS)) as rosters:
        blocked = [_blocking_switch(run, rosters, town, rev) for rev in (2, 3, 4)]
    meanwhile, before, wrong = _lookups_meanwhile(run, folder, town)
    people = f"{size // 1000:,} k people"
    own = "the same look-ups with no switch going on"
    return [
        Row("switch", f"switch to a list of {people}: engine held up", median(blocked), "s",
            at_most(SWITCH_S)),
        Row("switch_lookup", f"look-up among {people} while lists are switched", meanwhile * 1e6,
            "us", at_most(LOOKUP_US), meanwhile / before, own),
        Row("switch_wrong", "wrong or missing answers meanwhile", wrong, "", at_most(0)),
    ]  # fmt: skip


def _blocking_switch(run: Run, rosters: RosterStore, town: Town, rev: int) -> float:
    path = _next_list(run, rosters.folder, town, rev)
    info = RosterInfo(rev, town.size, 0, file_digest(path), path.stat().st_size)
    began = time.perf_counter()
    rosters.install(path, info, LOCAL, rev, info.sha256)
    roster = rosters.current()
    assert roster is not None, "a list serves"
    assert roster.by_id_number(town.number(MARKED)).person is not None, "the person is on it"
    return time.perf_counter() - began


def _next_list(run: Run, folder: Path, town: Town, rev: int) -> Path:
    """Return the same list as another revision, MARKED quarantined when it is odd."""
    path = folder / f"next-{rev}.db"
    shutil.copyfile(generation(run, town.size), path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE meta SET value = ? WHERE key = 'rev'", (rev,))
        statuses = _QUARANTINE if rev % 2 else ""
        ref = person_ref(KEYS.site, town.number(MARKED))
        connection.execute("UPDATE person SET statuses = ? WHERE ref = ?", (statuses, ref))
    with path.open("rb+") as file:
        os.fsync(file.fileno())  # a list that was fetched or built lies on the card already
    return path


def _lookups_meanwhile(run: Run, folder: Path, town: Town) -> tuple[float, float, int]:
    """Return median seconds per look-up during switches and before, and how many were wrong."""
    lists = [(rev, _next_list(run, folder, town, rev)) for rev in range(5, 9)]
    known = [
        (rev, path, RosterInfo(rev, town.size, 0, file_digest(path), path.stat().st_size))
        for rev, path in lists
    ]
    with closing(RosterStore(folder, KEYS)) as rosters:
        quiet, wrong_quiet = _ask(rosters, town, lambda: False, least=200)
        spawned = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(1, mp_context=spawned) as pool:
            pool.submit(os.getpid).result()  # its start belongs to neither side
            over = pool.submit(install_all, folder, known)
            busy, wrong_busy = _ask(rosters, town, lambda: not over.done(), least=200)
            over.result()
        assert rosters.current() is not None, "a list serves"
    return busy, quiet, wrong_quiet + wrong_busy


def install_all(folder: Path, lists: list[tuple[int, Path, RosterInfo]]) -> None:
    """Install one list after the other, in a process of its own as `gated roster import` does."""
    pause = threading.Event()
    with closing(RosterStore(folder, KEYS)) as other:
        for rev, path, info in lists:
            other.install(path, info, LOCAL, rev, info.sha256)
            pause.wait(SETTLE_S)


def _ask(
    rosters: RosterStore, town: Town, going: Callable[[], bool], least: int
) -> tuple[float, int]:
    """Look people up in groups of 20 as the engine does; return median seconds and wrong ones."""
    took: list[float] = []
    wrong, group = 0, 0
    roster = rosters.current()
    while group < least or going():
        if rosters.changed():
            roster = rosters.current()
        assert roster is not None, "a list serves"
        first = group * 20 % (town.size - 20)
        numbers = [town.number(index) for index in range(first, first + 20)]
        began = time.perf_counter()
        found = [roster.by_id_number(number) for number in numbers]
        took.append((time.perf_counter() - began) / len(numbers))
        wrong += sum(holder.person is None for holder in found)
        wrong += roster.by_id_number(town.number(town.size + group % 1000)).person is not None
        expected = roster.rev > 1 and roster.rev % 2 == 1
        wrong += _quarantined(roster.by_id_number(town.number(MARKED))) != expected
        group += 1
    return median(took), wrong


def _quarantined(holder: Holder) -> bool:
    return holder.person is not None and bool(holder.person.statuses)
