"""What holds for every test: the order in which workers take files, and the log as it was."""

import gc
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
import structlog

from tests.support.effort import LONG

SYSTEM = Path(__file__).parent / "system"


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Modules and tests stay to the end: no search for garbage goes through them again."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Long files come first: one that is begun last keeps one worker, and the others idle.

    They are those of the system, then those with a browser; else the order stays as drawn. What
    takes minutes of real time runs with --long only.
    """
    if not LONG:
        late = [item for item in items if item.get_closest_marker("long") is not None]
        config.hook.pytest_deselected(items=late)
        items[:] = [item for item in items if item.get_closest_marker("long") is None]
    seen = {item.path for item in items if item.get_closest_marker("browser") is not None}
    items.sort(key=lambda item: (not item.path.is_relative_to(SYSTEM), item.path not in seen))


@pytest.fixture(autouse=True)
def log_as_before() -> Iterator[None]:
    """A program run inside a test sets up the log with a stream that ends with that test."""
    before = structlog.get_config()
    yield
    structlog.configure(**before)
