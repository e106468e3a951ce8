"""One world for all system tests: starting it takes as long as most of them."""

from collections.abc import Iterator

import pytest

from tests.support.world import SystemWorld


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
