"""How the hub's database is opened and filled: the same calls for SQLite and PostgreSQL.

On SQLite every connection runs a write-ahead log with `synchronous=FULL`; a write transaction
takes its lock at the start, so that two writers wait for each other instead of failing half-way.

On PostgreSQL a write transaction takes named locks at the start, all at once and always in the
same order, so that nobody waits in a circle:

| names | who | what they change |
|---|---|---|
| OFFICE | everybody who names nothing else | register, lists, audit, accounts, index, orders |
| the gates' | the hub's worker | events, cursors and the row of exactly these gates |
| PARKED | the hub's worker | messages nobody can use |

What belongs to one of them is written by nobody who holds another. A reader sees one state.
"""

import hashlib
import sqlite3
import threading
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Final

from sqlalchemy import (
    Connection,
    Dialect,
    Engine,
    Table,
    create_engine,
    event,
    insert,
    inspect,
    text,
)
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from gated.errors import StoreBusy, StoreError
from gated.hub import schema, schema_office, schema_records, schema_register

BUSY_TIMEOUT_S: Final = 30.0
"""Longer than the switch to a list of 100,000 people holds up everybody who writes."""

WAL_RETRY_S: Final = 0.02
READING: Final = "gated_reading"
"""Execution option of a connection that only reads."""

PATIENCE: Final = "gated_patience_ms"
"""Execution option of a connection that writes: how long it waits for others."""

OFFICE: Final = "office"
PARKED: Final = "parked"
_SCHEMA: Final = "schema"
_BUSY_CODES: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_BUSY_STATES: Final = frozenset({"55P03", "40P01", "40001"})
"""PostgreSQL: waited too long for a lock, waited in a circle, saw another state."""


# Every table the hub has; a missing one is made when the database is opened.
TABLES: Final = (schema, schema_office, schema_records, schema_register)


class HubDatabase:
    """The hub's database, open; any thread. Raises StoreError when it cannot be opened.

    patience_s: how long a writer waits for others, BUSY_TIMEOUT_S if None.
    """

    def __init__(self, url: str, patience_s: float | None = None) -> None:
        self._url = url
        self._patience_s = BUSY_TIMEOUT_S if patience_s is None else patience_s
        try:
            self._engine = open_engine(url)
            self._reader = self._engine.execution_options(**_reading_options(self._engine))
            with self._engine.begin() as connection:
                _take(connection, (_SCHEMA,), BUSY_TIMEOUT_S)
                schema.METADATA.create_all(connection)
                lacking = _lacking(connection)
        except ImportError as error:
            raise StoreError(
                f"cannot open the hub's store {self.shown}: its driver cannot be loaded"
                f" ({_first_line(error)}); for PostgreSQL: pip install"
                " 'psycopg[binary]' and [store] url = \"postgresql+psycopg://...\""
            ) from error
        except SQLAlchemyError as error:
            cause = _first_line(getattr(error, "orig", None) or error)
            raise StoreError(
                f"cannot open the hub's store {self.shown}: {cause}; check [store] url, that its"
                " folder exists and that the hub may write there"
            ) from error
        if lacking:
            self.close()
            raise StoreError(
                f"cannot open the hub's store {self.shown}: {lacking}; it was made by another"
                " version of gated: use that one, or begin with a new store; see CHANGELOG"
            )

    def close(self) -> None:
        """Every connection is closed; may be called twice."""
        self._engine.dispose()

    @contextmanager
    def writing(
        self,
        attempt: str,
        *,
        alone: Collection[str] = (OFFICE,),
        patience_s: float | None = None,
    ) -> Iterator[Connection]:
        """Yield a connection in one transaction, committed at the end. Raises StoreError.

        attempt: what is being done, for the error's sentence. Keep it short: on SQLite nobody
        else writes meanwhile, on PostgreSQL nobody who names one of the same `alone`. Raises
        StoreBusy, having written nothing, when others did not end within patience_s.
        """
        patience_s = self._patience_s if patience_s is None else patience_s
        options = {PATIENCE: round(patience_s * 1000)}
        try:
            opened = self._engine.connect().execution_options(**options)
            with opened as connection, connection.begin():
                _take(connection, alone, patience_s)
                yield connection
        except SQLAlchemyError as error:
            kind = type(error).__name__
            raise _failure(error)(
                f"cannot {attempt} in the hub's store {self.shown}: {kind}; "
                "check its disk and that nothing else holds it"
            ) from error

    @contextmanager
    def writing_within(self, within: Connection | None, attempt: str) -> Iterator[Connection]:
        """Yield `within`, whose transaction goes on, or `writing` if it is None."""
        if within is not None:
            yield within
            return
        with self.writing(attempt) as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Yield a connection that sees one state of everything. Raises StoreError."""
        try:
            with self._reader.connect() as connection:
                yield connection
        except SQLAlchemyError as error:
            kind = type(error).__name__
            raise _failure(error)(
                f"cannot read the hub's store {self.shown}: {kind}; check that its disk or server"
                " is there and that the hub may read it"
            ) from error

    @property
    def shown(self) -> str:
        """The URL without what stands before an @ or behind a ?: a password may."""
        return self._url.partition("?")[0].rsplit("@", 1)[-1]


def _lacking(connection: Connection) -> str:
    """Return which column a table does not have that this version needs, "" for none."""
    tables = schema.METADATA.tables
    found = inspect(connection).get_multi_columns(filter_names=list(tables))
    for (_, name), columns in sorted(found.items()):
        here = {column["name"] for column in columns}
        for column in tables[name].columns:
            if column.name not in here:
                return f"its table {name} lacks the column {column.name}"
    return ""


def open_engine(url: str) -> Engine:
    """Return the engine of a database under the rules above; opens nothing yet."""
    if not url.startswith("sqlite"):
        return create_engine(url)
    engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_S})
    event.listen(engine, "connect", _apply_rules)
    event.listen(engine, "begin", _begin)
    return engine


def _apply_rules(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # the library would begin too late; _begin does it
    _switch_to_wal(connection)
    for rule in ("synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {rule}")


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    """The file has a write-ahead log; two programs that open a new one at once take turns.

    SQLite's own patience for locks does not cover this switch. Blocks up to BUSY_TIMEOUT_S.
    """
    deadline_s = time.monotonic() + BUSY_TIMEOUT_S
    pause = threading.Event()
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if time.monotonic() >= deadline_s:
                raise
            pause.wait(WAL_RETRY_S)
        else:
            return


def _begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get(READING, False):
        connection.exec_driver_sql("BEGIN")
        return
    patience_ms = options.get(PATIENCE, round(BUSY_TIMEOUT_S * 1000))
    connection.exec_driver_sql(f"PRAGMA busy_timeout={patience_ms}")
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _reading_options(engine: Engine) -> dict[str, object]:
    """Return how a connection of this engine is told that it only reads, and one state only."""
    if engine.dialect.name == "sqlite":
        return {READING: True}
    return {READING: True, "isolation_level": "REPEATABLE READ", "postgresql_readonly": True}


def _take(connection: Connection, names: Collection[str], patience_s: float) -> None:
    """Nobody else holds these names before this transaction ends; SQLite has one writer anyway."""
    if connection.dialect.name == "sqlite":
        return
    patience = text("SELECT set_config('lock_timeout', :patience, true)")
    connection.execute(patience, {"patience": f"{round(patience_s * 1000)}ms"})
    for number in sorted({_number(name) for name in names}):
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": number})


@lru_cache(maxsize=1024)
def _number(name: str) -> int:
    """Return the number a name has as a lock. Two names with one number only wait more often."""
    return int.from_bytes(hashlib.sha256(f"gated {name}".encode()).digest()[:8], signed=True)


def _failure(error: SQLAlchemyError) -> type[StoreError]:
    """Return what this failure is to the caller: StoreBusy when later it will go well."""
    cause = getattr(error, "orig", None)
    code = getattr(cause, "sqlite_errorcode", None)
    busy = code is not None and code & 0xFF in _BUSY_CODES
    busy = busy or getattr(cause, "sqlstate", None) in _BUSY_STATES
    return StoreBusy if busy or isinstance(error, NoConnectionFree) else StoreError


def insert_many(connection: Connection, table: Table, rows: Sequence[tuple[object, ...]]) -> None:
    """Insert rows whose values stand in the order of the table's columns.

    Straight to the driver: the library's own way costs a third of the hub's time per event.
    """
    if not rows:
        return
    statement = _insert_text(table, connection.dialect)
    if connection.dialect.positional:
        connection.exec_driver_sql(statement, list(rows))
    else:
        names = [column.name for column in table.columns]
        named = [dict(zip(names, row, strict=True)) for row in rows]
        connection.exec_driver_sql(statement, named)


@lru_cache(maxsize=8)
def _insert_text(table: Table, dialect: Dialect) -> str:
    return str(insert(table).compile(dialect=dialect))


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0]
