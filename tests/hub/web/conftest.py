"""Clients with and without a log-in, a full list and both languages, for the tests of the pages."""

import pytest

from tests.support.hub_pages import PageClient, pages
from tests.support.office import Desk
from tests.support.people import people, take


@pytest.fixture
def client(desk: Desk) -> PageClient:
    return pages(desk)


@pytest.fixture
def officer(client: PageClient) -> PageClient:
    client.login("officer")
    return client


@pytest.fixture
def property_(client: PageClient) -> PageClient:
    client.login("property")
    return client


@pytest.fixture
def full(desk: Desk) -> Desk:
    take(desk.office, desk.actor(), people(12))
    return desk


@pytest.fixture(params=["zh", "en"])
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)
