"""How the hub's database is opened and filled: the same calls for SQLite and PostgreSQL.

On SQLite every connection runs a write-ahead log with `synchronous=FULL`; a write transaction
takes its lock at the start, so that two writers wait for each other instead of failing half-way.
"""

import sqlite3
import threading
import time
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from sqlalchemy import Connection, Dialect, Engine, Table, create_engine, event, insert

BUSY_TIMEOUT_S: Final = 5.0
WAL_RETRY_S: Final = 0.02
READING: Final = "gated_reading"
"""Execution option of a connection that only reads."""


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
    reading = connection.get_execution_options().get(READING, False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


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
