"""Counts what a database is asked: cost that does not depend on the machine."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import event
from sqlalchemy.engine import Engine


@contextmanager
def statements() -> Iterator[list[str]]:
    """Every statement any database executes inside the block, in order."""
    heard: list[str] = []

    def hear(_c: object, _k: object, statement: str, *_more: object) -> None:
        heard.append(statement)

    event.listen(Engine, "before_cursor_execute", hear)
    try:
        yield heard
    finally:
        event.remove(Engine, "before_cursor_execute", hear)
