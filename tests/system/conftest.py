"""One world for all system tests: starting it takes as long as most of them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.world import SystemWorld

HERE = Path(__file__).parent
LIMIT_S = 300.0  # most take seconds; on a machine with much else to do, the longest take minutes


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that start programs have more time than the others, unless they say how much."""
    for item in items:
        if item.path.is_relative_to(HERE) and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(LIMIT_S))


@pytest.fixture(scope="session")
def one_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SystemWorld]:
    world = SystemWorld(tmp_path_factory.mktemp("world"))
    try:
        world.start()
        yield world
    finally:
        world.close()


@pytest.fixture
def world(one_world: SystemWorld) -> SystemWorld:
    """The shared world, healed of whatever the test before did to it."""
    one_world.heal()
    return one_world
