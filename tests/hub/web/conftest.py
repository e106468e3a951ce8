"""A desk and a client, shared by the tests of the pages."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.hub_pages import PageClient, pages
from tests.support.office import Desk, open_desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    opened = open_desk(tmp_path)
    yield opened
    opened.office.database.close()


@pytest.fixture
def client(desk: Desk) -> PageClient:
    return pages(desk)
