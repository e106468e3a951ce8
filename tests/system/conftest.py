"""One world for all system tests: starting it takes as long as most of them.

It ends with the last of them: an empty lane costs a tenth of a core, for as long as it stands.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.support.browser import chromium
from tests.support.guard_screen import LANE, Cast, GuardPost, guarded, open_page
from tests.support.world import SystemWorld

HERE = Path(__file__).parent
LIMIT_S = 300.0  # most take seconds; on a machine with much else to do, the longest take minutes


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that start programs have more time than the others, unless they say how much."""
    for item in items:
        if item.path.is_relative_to(HERE) and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(LIMIT_S))


@pytest.fixture(scope="package")
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


@pytest.fixture(scope="module")
def cast(one_world: SystemWorld) -> Iterator[Cast]:
    """The gates of the shared world are guards' posts for the tests of one module."""
    with guarded(one_world) as people:
        yield people


@pytest.fixture(scope="module")
def screen(cast: Cast, one_world: SystemWorld) -> Iterator[Page]:
    """The guard's screen of the lane with a book of guards."""
    assert cast.contacts, "the gates are posts by now"
    with chromium() as browser:
        yield open_page(browser, one_world.lane(LANE).screen_url)


@pytest.fixture
def post(world: SystemWorld, cast: Cast, screen: Page) -> GuardPost:
    """That lane is empty; whoever is on duty still is."""
    made = GuardPost(world, cast, screen)
    made.begin()
    return made


@pytest.fixture
def off_duty(post: GuardPost) -> Iterator[GuardPost]:
    """Nobody is on duty there, before and after."""
    post.log_off()
    post.begin()
    yield post
    post.begin()
    post.log_off()
