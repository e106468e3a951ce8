"""A desk and its store of events, shared by the tests of the hub."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gated.hub.store import HubStore
from tests.support.office import Desk, open_desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    opened = open_desk(tmp_path)
    yield opened
    opened.office.database.close()


@pytest.fixture
def store(desk: Desk) -> Iterator[HubStore]:
    opened = HubStore(desk.office.config.store.url)
    yield opened
    opened.close()
