"""Which list serves is one row: before it is committed the old file serves, after it the new one.

`RosterStore` keeps, in roster.db, which generation serves, which served before, and the highest
revision ever installed under each signing key (the ratchet). Nothing in between can be seen.
The generations themselves are finished files (see roster_build) read through `Roster`.
"""

import os
import re
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gated.errors import BundleRejected, StoreError
from gated.store import database
from gated.store.database import DamagedDatabase, reported, transaction
from gated.store.generation import Roster
from gated.store.roster_build import RosterInfo
from gated.store.sealing import RosterKeys

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["LOCAL", "Generation", "Roster", "RosterStore"]

LOCAL = "local"  # stands for the key of a list that was imported at the gate itself

_GENERATION_NAME = re.compile(r"roster-([0-9]+)-([0-9a-z]+)\.db")


@dataclass(frozen=True, slots=True)
class Generation:
    """One row of the pointer: which file, and what was promised about it."""

    file: str
    rev: int
    kid: str
    sha256: bytes
    size: int


class RosterStore:
    """The generations in one folder and the pointer among them; used on the thread that made it.

    Several processes may have one each: `install` in one, then `changed` is true in the others.
    A damaged roster.db is moved aside and made anew from the generations that lie beside it.
    `problem` says in a sentence why not the newest list serves, and is empty otherwise.
    """

    def __init__(self, folder: Path, keys: RosterKeys) -> None:
        self.folder = folder
        self.path = folder / "roster.db"
        self.problem = ""
        self._keys = keys
        self._roster: Roster | None = None
        self._seen_version = -1
        try:
            self._connection = _connect(self.path)
        except DamagedDatabase:
            database.set_aside(self.path)
            self._connection = _connect(self.path)
            self._rebuild()

    def close(self) -> None:
        """Pointer and generation are closed; closing twice does nothing."""
        if self._roster is not None:
            self._roster.close()
            self._roster = None
        self._connection.close()

    def changed(self) -> bool:
        """True when a list was installed, here or elsewhere, since `current` was asked. Cheap."""
        return self._data_version() != self._seen_version

    def current(self) -> Roster | None:
        """Return the list that serves now, or None when there is none.

        Closes the one it returned before if another serves now. When the newest file is missing,
        short or damaged the one before serves, and `problem` tells.
        """
        self._seen_version = self._data_version()
        self.problem = ""
        for generation in self.generations():
            path = self.folder / generation.file
            if self._roster is not None and self._roster.path == path:
                return self._roster
            try:
                _check_size(path, generation.size)
                self._replace(Roster(path, self._keys))
            except StoreError as error:
                self.problem = self.problem or str(error)
                continue
            return self._roster
        self._replace(None)
        return None

    def generations(self) -> list[Generation]:
        """Return the serving generation and the one before it, as far as they exist."""
        rows = self._fetch("SELECT file, rev, kid, sha256, size FROM generation ORDER BY slot")
        return [Generation(*row) for row in rows]

    def next_rev(self) -> int:
        """Return a revision above every one that was ever installed here."""
        return int(self._fetch("SELECT coalesce(max(rev), 0) + 1 FROM ratchet")[0][0])

    def ratchet(self, kid: str) -> int:
        """Return the highest revision ever installed under this key, 0 for none."""
        return int(
            self._fetch("SELECT coalesce(max(rev), 0) FROM ratchet WHERE kid = ?", kid)[0][0]
        )

    def install(self, path: Path, info: RosterInfo, kid: str, rev: int, sha: bytes) -> None:
        """The list in `path` serves from the next `current` on; `path` itself is moved away.

        path: a finished generation on the same file system, whose bytes were already verified
        (size, schema and revision are checked again here). kid: who signed it, or LOCAL. Blocks
        for the flush of the file. Raises BundleRejected when rev is not above the ratchet of
        this key or file and info disagree, StoreError when the card refuses; either way the old
        list keeps serving.
        """
        self._refuse_old(kid, rev)
        if (info.rev, info.sha256) != (rev, sha):
            raise BundleRejected("mismatch", f"the list says revision {info.rev}, not {rev}")
        _check_size(path, info.size)
        candidate = Roster(path, self._keys)
        candidate.close()
        if candidate.rev != rev:
            raise BundleRejected("mismatch", f"the file holds revision {candidate.rev}, not {rev}")
        target = self.folder / f"roster-{rev}-{kid}.db"
        try:
            with path.open("rb+") as file:
                os.fsync(file.fileno())
            path.replace(target)
            database.sync_folder(self.folder)
        except OSError as error:
            raise StoreError(
                f"cannot move the new list to {target}: {error.strerror}; check free space and"
                " that both folders are on the same card"
            ) from error
        with reported(self.path, "write"), transaction(self._connection):
            self._refuse_old(kid, rev)  # another process may have been faster
            self._point_to(Generation(target.name, rev, kid, sha, info.size))
        self._seen_version = -1
        self._delete_unused()

    def _refuse_old(self, kid: str, rev: int) -> None:
        held = self.ratchet(kid)
        if rev <= held:
            raise BundleRejected("old_revision", f"revision {rev} is not above {held}")

    def _point_to(self, new: Generation) -> None:
        execute = self._connection.execute
        execute("DELETE FROM generation WHERE slot = 2")
        execute("UPDATE generation SET slot = 2 WHERE slot = 1")
        execute(
            "INSERT INTO generation (slot, file, rev, kid, sha256, size) VALUES (1, ?, ?, ?, ?, ?)",
            (new.file, new.rev, new.kid, new.sha256, new.size),
        )
        execute("INSERT OR REPLACE INTO ratchet (kid, rev) VALUES (?, ?)", (new.kid, new.rev))

    def _delete_unused(self) -> None:
        """Only the two generations of the pointer lie in the folder, as far as it can be had."""
        used = {generation.file for generation in self.generations()}
        for path in self.folder.glob("roster-*.db"):
            if _GENERATION_NAME.fullmatch(path.name) and path.name not in used:
                with suppress(OSError):  # a full or failing card: tried again at the next switch
                    path.unlink()

    def _rebuild(self) -> None:
        """Pointer and ratchet are made anew from the generations in the folder."""
        found: list[tuple[int, Generation]] = []
        for path in self.folder.glob("roster-*.db"):
            name = _GENERATION_NAME.fullmatch(path.name)
            with suppress(StoreError):
                roster = Roster(path, self._keys)
                roster.close()
                if name is not None:
                    size = path.stat().st_size
                    generation = Generation(path.name, roster.rev, name[2], b"", size)
                    found.append((roster.made_utc_ms, generation))
        with reported(self.path, "write"), transaction(self._connection):
            for _, generation in sorted(found, key=lambda item: (item[0], item[1].rev)):
                self._point_to(generation)

    def _replace(self, roster: Roster | None) -> None:
        if self._roster is not None:
            self._roster.close()
        self._roster = roster

    def _data_version(self) -> int:
        return int(self._fetch("PRAGMA data_version")[0][0])

    def _fetch(self, sql: str, *parameters: str) -> list[tuple[Any, ...]]:
        with reported(self.path, "read"):
            return self._connection.execute(sql, parameters).fetchall()


def _check_size(path: Path, size: int) -> None:
    try:
        found = path.stat().st_size
    except OSError as error:
        raise StoreError(
            f"cannot read {path}: {error.strerror}; import the list again or wait for the hub"
        ) from error
    if found != size:
        raise StoreError(
            f"cannot use {path}: {found} bytes, expected {size}; import the list again"
            " or wait for the hub"
        )


def _connect(path: Path) -> sqlite3.Connection:
    connection = database.connect(path)
    try:
        database.migrate(connection, path, MIGRATIONS)
        database.quick_check(connection, path)  # a few kilobytes: checked at every start
    except BaseException:
        connection.close()
        raise
    return connection


def step_001_generations(db: "Database") -> None:
    """Which generation serves (slot 1), which served before (2), and the ratchet per key."""
    db.table("generation").create(
        {"slot": int, "file": str, "rev": int, "kid": str, "sha256": bytes, "size": int},
        pk="slot",
    )
    db.table("ratchet").create({"kid": str, "rev": int}, pk="kid")


MIGRATIONS: tuple[Callable[["Database"], None], ...] = (step_001_generations,)
