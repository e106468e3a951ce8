"""Tables that were sent, each a row that says how far it is; what names anybody lies sealed in it.

    reading -> staged <-> applying -> applied
            -> broken
    staged -> discarded

An order that was refused makes an applying table a staged one again.

A row that says `reading` or `applying` though nobody works on it was interrupted: the first must
be uploaded again, the second has changed nothing and may be confirmed again. Rows are forgotten
after a day.
"""

import hashlib
import json
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, delete, insert, select, update

from gated.errors import GatedError, TableError
from gated.hub.difference_shown import Example
from gated.hub.office import Office
from gated.hub.roles import Actor
from gated.hub.schema_register import UPLOAD
from gated.store.roster_table import BadLine, BadTable
from gated.store.table_problems import Problem, UnreadableTable

KEPT_MS: Final = 24 * 3_600_000
FILE_NAME_MAX: Final = 80


class State(StrEnum):
    """How far a table is."""

    READING = "reading"
    BROKEN = "broken"
    STAGED = "staged"
    APPLYING = "applying"
    APPLIED = "applied"
    DISCARDED = "discarded"


WAITING: Final = (State.STAGED, State.APPLYING)


class UploadRefused(GatedError):
    """The table was not taken. key: why, for the pages: stale, guard, gone, right."""

    def __init__(self, key: str, sentence: str) -> None:
        super().__init__(sentence)
        self.key = key


@dataclass(frozen=True, slots=True)
class Staged:
    """A table waiting for a yes. counts and shown: its difference, in numbers and masked."""

    id: str
    based_on_rev: int
    file_name: str
    by: str
    created_ms: int
    counts: dict[str, int]
    shown: dict[str, list[Example]]
    guarded: bool
    emptied: tuple[str, ...]

    @property
    def seen(self) -> str:
        """What a page that showed this comparison sends back; every other comparison has another.

        Made of what the page shows in clear: nothing of a person can be guessed from it.
        """
        numbers = json.dumps([self.created_ms, self.counts], sort_keys=True)
        return f"{self.based_on_rev}-{hashlib.sha256(numbers.encode()).hexdigest()[:16]}"


@dataclass(frozen=True, slots=True)
class Broken:
    """Why a table was not taken: the first of `count` bad lines, or why it is no table at all."""

    count: int
    lines: tuple[BadLine, ...]
    why: Problem | None


class Shelf:
    """Keeps the tables of every site; any thread."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def begin(self, actor: Actor, number: str) -> None:
        """A table of this number is being read."""
        with self._office.database.writing("note that a table is read") as connection:
            self._lay(connection, actor, number, State.READING, [])

    def lay_staged(self, connection: Connection, actor: Actor, staged: Staged, rows: str) -> None:
        """The table waits for a yes; one that lay there under its number is gone."""
        told = json.dumps([staged.file_name, staged.shown, staged.emptied])
        counts = staged.counts | {"guarded": int(staged.guarded)}
        texts = [rows, told]
        self._lay(
            connection, actor, staged.id, State.STAGED, texts, counts, rev=staged.based_on_rev
        )

    def lay_broken(self, actor: Actor, number: str, error: TableError) -> None:
        """The row says what is wrong with the table."""
        told: dict[str, Any] = {"count": 0, "lines": [], "why": None}
        if isinstance(error, BadTable):
            lines = [[bad.line, bad.column, _plain(bad.problem)] for bad in error.lines]
            told |= {"count": error.count, "lines": lines}
        elif isinstance(error, UnreadableTable):
            told["why"] = _plain(error.problem)
        with self._office.database.writing("note what is wrong with a table") as connection:
            self._lay(connection, actor, number, State.BROKEN, [json.dumps(told)])

    def state(self, actor: Actor, number: str) -> State:
        """Return how far a table is. Raises UploadRefused when there is none of this number."""
        return State(self._row(actor, number, tuple(State)).state)

    def staged(self, actor: Actor, number: str) -> tuple[str, Staged]:
        """Return the packed rows of a table that waits, and its difference."""
        row = self._row(actor, number, WAITING)
        packed, told = self._office.sealer.open(row.sealed, number.encode())
        file_name, shown, emptied = json.loads(told)
        counts = json.loads(row.summary)
        guarded = bool(counts.pop("guarded"))
        staged = Staged(
            id=row.id,
            based_on_rev=row.based_on_rev,
            file_name=file_name,
            by=row.by,
            created_ms=row.created_ms,
            counts=counts,
            shown=shown,
            guarded=guarded,
            emptied=tuple(emptied),
        )
        return packed, staged

    def broken(self, actor: Actor, number: str) -> Broken:
        """Return what is wrong with a broken table."""
        row = self._row(actor, number, (State.BROKEN,))
        (text,) = self._office.sealer.open(row.sealed, number.encode())
        told = json.loads(text)
        lines = tuple(BadLine(line, column, _problem(why)) for line, column, why in told["lines"])
        return Broken(told["count"], lines, None if told["why"] is None else _problem(told["why"]))

    def mark(self, actor: Actor, number: str, state: State) -> None:
        """A table that waits is being applied, or waits again."""
        with self._office.database.writing("mark a table") as connection:
            waiting = (*_its(actor.site, number), UPLOAD.c.state.in_(WAITING))
            connection.execute(update(UPLOAD).where(*waiting).values(state=state))

    def settle(self, connection: Connection, site: str, number: str, state: State) -> None:
        """The table was applied or discarded; nobody of it is kept.

        Raises UploadRefused when it waits no more: the transaction must then be given up.
        """
        waiting = (*_its(site, number), UPLOAD.c.state.in_(WAITING))
        if not connection.execute(
            update(UPLOAD).where(*waiting).values(state=state, sealed=b"")
        ).rowcount:
            raise _gone()

    def _lay(
        self,
        connection: Connection,
        actor: Actor,
        number: str,
        state: State,
        texts: list[str],
        counts: dict[str, int] | None = None,
        *,
        rev: int = 0,
    ) -> None:
        now_ms = self._office.utc_ms()
        same = (UPLOAD.c.site == actor.site) & (UPLOAD.c.id == number)
        connection.execute(delete(UPLOAD).where((UPLOAD.c.created_ms < now_ms - KEPT_MS) | same))
        values = {
            "id": number,
            "site": actor.site,
            "by": actor.name,
            "created_ms": now_ms,
            "file_name": "",
            "based_on_rev": rev,
            "sealed": self._office.sealer.seal(texts, number.encode()),
            "summary": json.dumps(counts or {}),
            "state": state,
        }
        connection.execute(insert(UPLOAD).values(**values))

    def _row(self, actor: Actor, number: str, states: tuple[State, ...]) -> Any:
        query = select(UPLOAD).where(*_its(actor.site, number), UPLOAD.c.state.in_(states))
        with self._office.database.reading() as connection:
            row = connection.execute(query).first()
        if row is None:
            raise _gone()
        return row


def shown_name(file_name: str) -> str:
    """Return the part of a file's name that people see."""
    return Path(file_name).name[-FILE_NAME_MAX:]


def _gone() -> UploadRefused:
    return UploadRefused(
        "gone",
        "this table no longer waits: it was taken, discarded or is older than a day;"
        " upload it again",
    )


def _its(site: str, number: str) -> tuple[Any, ...]:
    return (UPLOAD.c.id == number, UPLOAD.c.site == site)


def _plain(problem: Problem) -> list[Any]:
    values = {
        name: _plain(value) if isinstance(value, Problem) else value
        for name, value in problem.values.items()
    }
    return [problem.code, values]


def _problem(plain: list[Any]) -> Problem:
    code, values = plain
    return Problem(
        code,
        {name: _problem(v) if isinstance(v, list) else v for name, v in values.items()},
    )
