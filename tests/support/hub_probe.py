"""Pages that note what they were asked and answer as told, to test what every page is owed."""

from collections.abc import Callable

from starlette.responses import Response

from gated.hub.roles import Right
from gated.hub.web.app import PAGES, make_front
from gated.hub.web.paging import Page
from gated.hub.web.visit import Visit
from tests.support.hub_pages import PageClient, cheap
from tests.support.office import Desk


class Probe:
    """Use `client` to ask; `seen` holds every visit; `answer` makes the next answers."""

    def __init__(self, desk: Desk) -> None:
        self.seen: list[Visit] = []
        self.answer: Callable[[Visit], Response] = lambda v: v.refused("base.no_site", status=200)
        self.client = PageClient(
            make_front(desk.office, secure=False, hasher=cheap()),
            (
                Page("/probe", self.handle, Right.SEE_ROSTER, ("GET", "POST")),
                Page("/probe/{ref}", self.handle, Right.SEE_PERSON),
                Page("/made", self.handle, Right.SEE_ROSTER, ("POST",), once=True),
                Page("/mine", self.handle, None),
                *PAGES,
            ),
        )

    def handle(self, visit: Visit) -> Response:
        self.seen.append(visit)
        return self.answer(visit)


def done(visit: Visit) -> Response:
    return visit.redirect("/probe", done="account.password_changed")
