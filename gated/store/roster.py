"""Which list serves is one row: before it is committed the old file serves, after it the new one.

`RosterStore` keeps, in roster.db, which generation serves, which served before, the single
changes over the serving one (see overlay), and the highest revision ever installed under each
signing key (the ratchet). Nothing in between can be seen: each step is one transaction. The
generations themselves are finished files (see roster_build) read through `Roster`.
"""

import os
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gated.errors import BundleRejected, StoreError
from gated.store import database, overlay
from gated.store.database import DamagedDatabase, reported, transaction
from gated.store.generation import Roster
from gated.store.overlay import Patch
from gated.store.roster_build import RosterInfo
from gated.store.sealing import RosterKeys

if TYPE_CHECKING:
    from sqlite_utils import Database

__all__ = ["LOCAL", "Generation", "Roster", "RosterStore"]

LOCAL = "local"  # stands for the key of a list that was imported at the gate itself

_GENERATION_NAME = re.compile(r"roster-([0-9]+)-([0-9a-z]+)(-[bc])?\.db")


@dataclass(frozen=True, slots=True)
class Generation:
    """One row of the pointer: which file, and what was promised about it.

    rev: of the list in the file. line: which of the hub's databases numbered it, 0 unknown.
    """

    file: str
    rev: int
    kid: str
    sha256: bytes
    size: int
    line: int = 0


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
        self._overlay = overlay.NONE
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
        short or damaged the one before serves, without changes, and `problem` tells.
        """
        self._seen_version = self._data_version()
        self.problem = ""
        with self._one_state():
            generations = self.generations()
            if overlay.stamp(self._connection)[0] != self._overlay.stamp:
                self._overlay = overlay.load(self._connection)
        for generation in generations:
            path = self.folder / generation.file
            changes = self._overlay if self._overlay.file == generation.file else overlay.NONE
            former = self._roster
            if former is not None and former.path == path and former.changes is changes:
                return former
            try:
                _check_size(path, generation.size)
                self._replace(Roster(path, self._keys, changes))
            except StoreError as error:
                self.problem = self.problem or str(error)
                continue
            return self._roster
        self._replace(None)
        return None

    def generations(self) -> list[Generation]:
        """Return the serving generation and the one before it, as far as they exist."""
        rows = self._fetch(
            "SELECT file, rev, kid, sha256, size, line FROM generation ORDER BY slot"
        )
        return [Generation(*row) for row in rows]

    def next_rev(self) -> int:
        """Return a revision above every one that was ever installed here."""
        return int(self._fetch("SELECT coalesce(max(rev), 0) + 1 FROM ratchet")[0][0])

    def ratchet(self, kid: str) -> int:
        """Return the highest revision ever installed under this key, 0 for none."""
        return int(
            self._fetch("SELECT coalesce(max(rev), 0) FROM ratchet WHERE kid = ?", kid)[0][0]
        )

    def install(
        self,
        path: Path,
        info: RosterInfo,
        kid: str,
        rev: int,
        sha: bytes,
        *,
        line: int = 0,
        patch: Patch | None = None,
    ) -> None:
        """The list in `path` serves from the next `current` on; `path` itself is moved away.

        path: a finished generation on the same file system, whose bytes were already verified
        (size, schema and revision are checked again here). kid: who signed it, or LOCAL; line:
        who numbered it. rev: what serves then; with a patch that leads there from the file's own
        revision, both come in the same step. Blocks for the flush of the file. Raises
        BundleRejected when rev is not above the ratchet of this key or file and info disagree,
        StoreError when the card refuses; either way the old list keeps serving.
        """
        file_rev = rev if patch is None else info.rev
        if patch is not None and not patch.start <= file_rev < patch.rev == rev:
            raise BundleRejected("mismatch", f"no changes lead from {file_rev} to {rev}")
        self._refuse_old(kid, rev, file_rev)
        if (info.rev, info.sha256) != (file_rev, sha):
            raise BundleRejected("mismatch", f"the list says revision {info.rev}, not {file_rev}")
        _check_size(path, info.size)
        candidate = Roster(path, self._keys)
        candidate.close()
        if candidate.rev != file_rev:
            found = candidate.rev
            raise BundleRejected("mismatch", f"the file holds revision {found}, not {file_rev}")
        target = self.folder / self._free_name(rev, kid)
        _move(path, target)
        with reported(self.path, "write"), transaction(self._connection):
            self._refuse_old(kid, rev, file_rev)  # another process may have been faster
            self._point_to(Generation(target.name, file_rev, kid, sha, info.size, line))
            if patch is not None:
                overlay.merge(self._connection, target.name, patch)
            self._raise_ratchet(kid, rev)
        self._seen_version = -1
        self._delete_unused()

    def apply(self, patch: Patch) -> None:
        """The list that serves has these changes from the next `current` on.

        A patch that is in already changes nothing. Raises BundleRejected: other_base when the
        serving list is not of the patch's signer and line or not between its revisions,
        old_revision when the ratchet is beyond it; StoreError when the card refuses. Then the
        list serves as it was.
        """
        with reported(self.path, "write"), transaction(self._connection):
            serving = next(iter(self.generations()), None)
            if serving is None or (serving.kid, serving.line) != (patch.kid, patch.line):
                raise BundleRejected("other_base", "another list serves than these changes are for")
            held = self._content_rev(serving)
            if held == patch.rev:
                return
            if not patch.start <= held < patch.rev:
                raise BundleRejected(
                    "other_base", f"from {patch.start} to {patch.rev}, revision {held} serves"
                )
            if patch.rev <= (ratchet := self.ratchet(patch.kid)):
                raise BundleRejected("old_revision", f"{patch.rev} is not above {ratchet}")
            overlay.merge(self._connection, serving.file, patch)
            self._raise_ratchet(patch.kid, patch.rev)
        self._seen_version = -1

    def _content_rev(self, serving: Generation) -> int:
        (file, rev), _made = overlay.stamp(self._connection)
        return rev if file == serving.file else serving.rev

    def _refuse_old(self, kid: str, rev: int, file_rev: int) -> None:
        """Refuse what is not newer, unless a newer file takes over changes that serve already."""
        held = self.ratchet(kid)
        serving = next(iter(self.generations()), None)
        taken_over = (
            serving is not None
            and serving.kid == kid
            and serving.rev < file_rev <= rev == held == self._content_rev(serving)
        )
        if rev <= held and not taken_over:
            raise BundleRejected("old_revision", f"revision {rev} is not above {held}")

    def _point_to(self, new: Generation) -> None:
        execute = self._connection.execute
        execute("DELETE FROM generation WHERE slot = 2")
        execute("UPDATE generation SET slot = 2 WHERE slot = 1")
        execute(
            "INSERT INTO generation (slot, file, rev, kid, sha256, size, line)"
            " VALUES (1, ?, ?, ?, ?, ?, ?)",
            (new.file, new.rev, new.kid, new.sha256, new.size, new.line),
        )
        overlay.clear(self._connection)

    def _free_name(self, rev: int, kid: str) -> str:
        """Return a name that no generation of the pointer has: those two may be needed yet."""
        used = {generation.file for generation in self.generations()}
        names = (f"roster-{rev}-{kid}{mark}.db" for mark in ("", "-b", "-c"))
        return next(name for name in names if name not in used)

    def _raise_ratchet(self, kid: str, rev: int) -> None:
        self._connection.execute(
            "INSERT OR REPLACE INTO ratchet (kid, rev) VALUES (?, ?)", (kid, rev)
        )

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
                self._raise_ratchet(generation.kid, generation.rev)

    def _replace(self, roster: Roster | None) -> None:
        if self._roster is not None:
            self._roster.close()
        self._roster = roster

    @contextmanager
    def _one_state(self) -> Iterator[None]:
        """What is read in the block is of one moment, whatever other processes commit."""
        with reported(self.path, "read"):
            self._connection.execute("BEGIN")
            try:
                yield
            finally:
                self._connection.execute("ROLLBACK")  # nothing was written

    def _data_version(self) -> int:
        return int(self._fetch("PRAGMA data_version")[0][0])

    def _fetch(self, sql: str, *parameters: str) -> list[tuple[Any, ...]]:
        with reported(self.path, "read"):
            return self._connection.execute(sql, parameters).fetchall()


def _move(path: Path, target: Path) -> None:
    """The file lies at target, flushed. Raises StoreError."""
    try:
        with path.open("rb+") as file:
            os.fsync(file.fileno())
        path.replace(target)
        database.sync_folder(target.parent)
    except OSError as error:
        raise StoreError(
            f"cannot move the new list to {target}: {error.strerror}; check free space and"
            " that both folders are on the same card"
        ) from error


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


def step_002_overlay(db: "Database") -> None:
    """Single changes over the serving generation, and which hub's database numbered it."""
    db.table("generation").add_column("line", int, not_null_default=0)
    db.table("overlay").create({"file": str, "rev": int, "made_utc_ms": int}, pk="file")
    spans = ("appointment_start", "appointment_end", "appointment_uses", "valid_start", "valid_end")
    texts = ("category", "statuses", "household_statuses", "flags")
    db.table("overlay_person").create(
        {
            "ref": bytes,
            "household": bytes,
            **dict.fromkeys(texts, str),
            **dict.fromkeys(spans, int),
            "sealed": bytes,
            "gone": int,
        },
        pk="ref",
    )
    db.table("overlay_card").create(
        {"ref": bytes, "person": bytes, "state": str, "start": int, "end": int}, pk="ref"
    )
    db.table("overlay_card").create_index(["person"])


MIGRATIONS: tuple[Callable[["Database"], None], ...] = (step_001_generations, step_002_overlay)
