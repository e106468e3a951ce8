"""Every order of every page: carried out once by who may; else a sentence, and nothing changed.

The table ORDERS has a good order for each page that takes one; a page without a line fails the
first test. What is refused is compared by the contents of every table of the database.
"""

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from gated.config import HubStoreSection
from gated.core import pseudonym
from gated.hub.changes import Changes, Correction
from gated.hub.inbox import Inbox
from gated.hub.logins import new_mark
from gated.hub.office import open_office
from gated.hub.register import Register
from gated.hub.roles import RIGHTS, Role
from gated.hub.web.app import PAGES
from gated.hub.web.paging import Page
from tests.support.enrol import open_enrol_desk
from tests.support.hub_pages import PASSWORD, PageClient, pages, words
from tests.support.office import Clock, Desk
from tests.support.people import line, number, table
from tests.support.two_sites import PEOPLE, Rows, SiteThings, Words, contents, furnish

DAY = "2020-02-10"
BESIDES = ("audit", "login", "once")  # what a refused look-up may leave behind
OWN = ("login", "once")  # kept about whoever asks
MASKED = "欧**明"

Form = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Order:
    """A good order. changes: whether it changes more than what is kept about who asked."""

    form: Callable[[SiteThings], Form] = field(default=lambda _here: {})
    role: Role = Role.OFFICER
    changes: bool = True
    files: Mapping[str, tuple[str, bytes]] | None = None
    first: str = ""  # page whose good order makes this one possible


def card_ref(here: SiteThings, desk: Desk) -> str:
    return pseudonym.card_ref(desk.office.site(here.site).keys.site, here.card).hex()


TRACE = {"within": "10", "start": "", "end": "", "gate": "", "reason": "case 7"}
NEW = {"id_number": number(700), "name": "赵新来", "building": "3", "room": "707"}
TABLE = table(*(line(index) for index in range(PEOPLE)))

ORDERS: dict[str, Order] = {
    "/gates/enrol": Order(lambda here: {"gate": f"{here.site}-7", "direction": "in"}),
    "/gates/enrol/withdraw": Order(lambda here: {"number": here.code}),
    "/gates/{gate}/message": Order(lambda _: {"zh": "请排队", "minutes": "60"}),
    "/gates/_all/message": Order(lambda _: {"zh": "请排队", "minutes": "60"}),
    "/gates/{gate}/tips": Order(lambda _: {"tips": "勤洗手 | Wash hands"}),
    "/gates/_all/tips": Order(lambda _: {"tips": "勤洗手"}),
    "/gates/{gate}/retire": Order(lambda _: {"reason": "dismantled"}),
    "/gates/{gate}/back": Order(lambda _: {"reason": "mended"}, first="/gates/{gate}/retire"),
    "/gates/{gate}/rename": Order(lambda _: {"name": "新名字", "name_en": "New name"}),
    "/roster/search": Order(lambda here: {"who": here.card, "reason": "x"}, changes=False),
    "/roster/export": Order(lambda _: {"full": "yes", "reason": "x"}, changes=False),
    "/roster/upload": Order(files={"table": ("t.csv", TABLE)}),
    "/roster/upload/{number}": Order(lambda here: {"seen": here.seen}),
    "/roster/upload/{number}/discard": Order(),
    "/roster/add": Order(lambda _: {**NEW, "category": "tenant"}),
    "/roster/person/{ref}/change": Order(lambda _: {"change": "new-card", "card": "555"}),
    "/roster/person/{ref}/edit": Order(lambda _: {"phone": "13912340000", "version": "3"}),
    "/records": Order(lambda here: {"who": here.card, "reason": "x"}, changes=False),
    "/records/ledger": Order(lambda _: {"day": DAY, "reason": "x"}, changes=False),
    "/records/late": Order(
        lambda here: {
            "time": f"{DAY}T09:00",
            "gate": here.gate,
            "direction": "in",
            "verdict": "ALLOW",
            "paper_no": "9-9",
            "name": "某人",
        }
    ),
    "/trace": Order(lambda here: {**TRACE, "who": here.card}, changes=False),
    "/trace/csv": Order(lambda here: {**TRACE, "who": here.card}, changes=False),
    "/inbox/{number}": Order(lambda _: {"reason": "x"}, changes=False),
    "/inbox/{number}/ack": Order(lambda _: {"note": "已回电"}),
    "/inbox/{number}/enter": Order(),
    "/person": Order(lambda here: {"who": here.card, "reason": "x"}, changes=False),
    "/person/{ref}/identity": Order(lambda _: {"reason": "x"}, changes=False),
    "/person/{ref}/reading": Order(lambda _: {"value": "36.8"}),
    "/person/{ref}/note": Order(lambda _: {"text": "已随访"}),
    "/account/password": Order(
        lambda _: {"old": PASSWORD, "new": "another battery 9", "again": "another battery 9"}
    ),
    "/account/language": Order(lambda _: {"language": "en"}),
    "/account/others": Order(changes=False),
    "/reason": Order(lambda _: {"reason": "case 9"}, changes=False),
    "/audit": Order(lambda _: {"check": "yes"}, Role.AUDITOR, changes=False),
}

POSTS = [page for page in PAGES if "POST" in page.methods]
PROGRESS = "application/json"  # how far a work of this site is; of none it says so


def by_path(page: Page) -> str:
    return page.path


class Hub:
    """A furnished hub and a client of it. east, west: what the sites have."""

    def __init__(self, desk: Desk, things: Mapping[str, SiteThings]) -> None:
        self.desk = desk
        self.east, self.west = things["east"], things["west"]
        self.client: PageClient = pages(desk)

    def path(self, page: Page, here: SiteThings, at: str = "") -> str:
        """Address of a page about what `here` has, at its own site or another one."""
        number_ = here.upload if "upload" in page.path else str(here.registration)
        if page.path.endswith("/enter"):
            number_ = str(here.paper)
        filled = page.path.format(ref=here.person.hex(), number=number_, gate=here.gate)
        return f"/s/{at or here.site}{filled}"

    def give(self, page: Page, here: SiteThings, at: str = "", **more: Any) -> httpx.Response:
        """Give the page's good order about what `here` has. more: other form fields."""
        order = ORDERS[page.path]
        form = {**order.form(here), **more}
        return self.client.order(self.path(page, here, at), form, files=order.files)

    def held(self, *without: str) -> Rows:
        return contents(self.desk.office.database, *without)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """A hub in which nothing may change."""
    desk = open_enrol_desk(tmp_path_factory.mktemp("model"))
    hub = Hub(desk, furnish(desk))
    for role in Role:
        hub.client.login(role)
        hub.client.login(role, "west")
    yield hub
    desk.office.database.close()


@pytest.fixture
def hub(model: Hub, tmp_path: Path) -> Iterator[Hub]:
    """A copy of the model in which things may change."""
    config = model.desk.office.config
    with (
        closing(sqlite3.connect(config.store.url.removeprefix("sqlite:///"))) as held,
        closing(sqlite3.connect(tmp_path / "hub.db")) as copy,
    ):
        held.backup(copy)
    store = HubStoreSection(url=f"sqlite:///{tmp_path / 'hub.db'}")
    clock = Clock()
    desk = Desk(open_office(config.model_copy(update={"store": store}), clock), clock)
    yield Hub(desk, {"east": model.east, "west": model.west})
    desk.office.database.close()


def says_so(answer: httpx.Response, *statuses: int) -> str:
    """The page is refused with a sentence that people can read; return it."""
    assert answer.status_code in statuses, (answer.status_code, answer.headers.get("location"))
    said = words(answer)
    assert len(said) > len("未能办理 返回") + 8, said
    assert "程序出错" not in said
    return said


# What is to be tested.


def test_every_page_that_takes_orders_has_a_good_one() -> None:
    assert {page.path for page in POSTS} == set(ORDERS)


@pytest.mark.parametrize("page", POSTS, ids=by_path)
def test_a_good_order_is_carried_out_once(hub: Hub, page: Page) -> None:
    order, mark = ORDERS[page.path], new_mark()
    hub.client.login(order.role)
    for earlier in POSTS:
        if earlier.path == order.first:
            assert hub.give(earlier, hub.east).status_code == 303
    before = hub.held(*BESIDES)
    first = hub.give(page, hub.east, once=mark)
    assert first.status_code in {200, 303}, words(first)
    after = hub.held(*BESIDES)
    assert (after != before) is order.changes
    if page.path == "/account/password":
        hub.client.login(order.role)  # under the same mark, as if nothing had ended
    now = hub.held(*BESIDES, *(() if order.changes else ("audit",)))
    again = hub.give(page, hub.east, once=mark)
    if order.changes or first.status_code == 303:
        assert "办理过" in says_so(again, 409) or "already done" in words(again)
    assert hub.held(*BESIDES, *(() if order.changes else ("audit",))) == now


# Stale and foreign forms.


@pytest.mark.parametrize("page", POSTS, ids=by_path)
def test_a_form_without_its_marks_or_of_another_log_in_does_nothing(model: Hub, page: Page) -> None:
    role = ORDERS[page.path].role
    model.client.login(role)
    foreign = model.client.csrf
    model.client.login(role)
    before = model.held("login")
    marks: tuple[Form, ...] = (
        {"csrf": ""},
        {"csrf": foreign},
        {"csrf": "x" * 43},
        {"once": ""},
        {"once": "x" * 65},
    )
    for more in marks:
        assert "过期" in says_so(model.give(page, model.east, **more), 409)
    assert model.held("login") == before


@pytest.mark.parametrize("page", POSTS, ids=by_path)
def test_an_order_from_a_foreign_page_or_without_a_log_in_does_nothing(
    model: Hub, page: Page
) -> None:
    model.client.login(ORDERS[page.path].role)
    before = model.held()
    path = model.path(page, model.east)
    form = {**ORDERS[page.path].form(model.east), "csrf": model.client.csrf, "once": new_mark()}
    for origin in ("https://evil.test", "null", ""):
        assert model.client.post(path, data=form, headers={"Origin": origin}).status_code == 403
    model.client.cookies.clear()
    answer = model.client.post(path, data=form)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/login")
    assert model.held() == before


# Roles and sites.


@pytest.mark.parametrize("page", PAGES, ids=by_path)
def test_a_role_without_the_right_is_refused_with_a_sentence(model: Hub, page: Page) -> None:
    lacking = [role for role in Role if page.right is not None and page.right not in RIGHTS[role]]
    for role in lacking:
        model.client.login(role)
        before = model.held("login")
        for answer in answers(model, page, model.east):
            assert "权限" in says_so(answer, 403)
        assert model.held("login") == before
    assert lacking or page.right is None


@pytest.mark.parametrize("page", PAGES, ids=by_path)
def test_a_site_without_a_role_there_is_refused_with_a_sentence(model: Hub, page: Page) -> None:
    role = next(r for r in Role if page.right is None or page.right in RIGHTS[r])
    model.client.login(role, "west")
    before = model.held("login")
    for site in ("east", "nowhere"):
        for answer in answers(model, page, model.east, site):
            assert "没有这个小区" in says_so(answer, 403)
    assert model.held("login") == before


def answers(hub: Hub, page: Page, here: SiteThings, at: str = "") -> Iterator[httpx.Response]:
    """What the page says to each method it takes."""
    if "GET" in page.methods:
        yield hub.client.get(hub.path(page, here, at), headers={"Referer": "http://hub.test/s/x"})
    if "POST" in page.methods:
        yield hub.give(page, here, at)


@pytest.mark.parametrize("page", [page for page in PAGES if "{" in page.path], ids=by_path)
def test_what_another_site_has_is_not_there(model: Hub, page: Page) -> None:
    """Somebody with every right at their own site names what is the neighbour's."""
    model.client.login(Role.OFFICER, "west")
    state_why(model.client, "west")
    before = model.held(*BESIDES)
    for answer in answers(model, page, model.east, "west"):
        if answer.headers["content-type"].startswith(PROGRESS):
            assert answer.json() == {"done": True}
            continue
        said = says_so(answer, 404, 409)
        assert MASKED not in said
        assert Words().name not in said
    assert model.held(*BESIDES) == before


def state_why(client: PageClient, site: str) -> None:
    assert client.order(f"/s/{site}/reason", {"reason": "spot check"}).status_code == 303


FOREIGN: dict[str, tuple[str, Callable[[SiteThings], str], tuple[int, ...]]] = {
    "a person searched on the list": ("/roster/search", lambda t: t.person.hex(), (200,)),
    "a person searched in records": ("/records", lambda t: t.person.hex(), (409,)),
    "a person traced": ("/trace", lambda t: t.person.hex(), (409,)),
    "a person traced to a table": ("/trace/csv", lambda t: t.person.hex(), (409,)),
    "a person's file searched": ("/person", lambda t: t.person.hex(), (200,)),
    "a person on paper": ("/records/late", lambda t: t.person.hex(), (409,)),
}


@pytest.mark.parametrize("what", FOREIGN)
def test_nobody_of_another_site_is_found(model: Hub, what: str) -> None:
    path, words_of, statuses = FOREIGN[what]
    (page,) = [page for page in POSTS if page.path == path]
    model.client.login(Role.OFFICER, "west")
    before = model.held(*BESIDES)
    asked = {"who": words_of(model.east), "reason": "spot check"}
    said = says_so(model.give(page, model.west, **asked), *statuses)
    assert "没有找到" in said
    assert MASKED not in said
    assert model.held(*BESIDES) == before


@pytest.mark.parametrize(
    ("path", "wrong", "statuses"),
    [
        ("/records/late", lambda t: {"gate": t.gate}, (409,)),
        ("/gates/enrol", lambda t: {"gate": t.gate}, (400,)),
        ("/gates/enrol/withdraw", lambda t: {"number": t.code}, (409,)),
        ("/roster/person/{ref}/change", lambda _: {"change": "fly", "reason": "x"}, (409,)),
    ],
)
def test_a_form_that_names_what_another_site_has_is_refused(
    model: Hub, path: str, wrong: Callable[[SiteThings], Form], statuses: tuple[int, ...]
) -> None:
    (page,) = [page for page in POSTS if page.path == path]
    model.client.login(Role.OFFICER, "west")
    before = model.held(*BESIDES)
    says_so(model.give(page, model.west, **wrong(model.east)), *statuses)
    assert model.held(*BESIDES) == before


def test_a_gate_of_another_site_filters_nothing_into_view(model: Hub) -> None:
    model.client.login(Role.OFFICER, "west")
    form = {"gate": model.east.gate, "reason": "x"}
    said = words(model.client.order("/s/west/records", form))
    assert "没有这个卡口" in said
    traced = model.client.order(
        "/s/west/trace", {**TRACE, "who": model.west.card, "gate": model.east.gate}
    )
    assert model.east.gate not in words(traced)


def test_the_audit_of_another_site_cannot_be_asked_for(model: Hub) -> None:
    model.client.login(Role.AUDITOR, "west")
    said = words(model.client.order("/s/west/audit", {"actor": "officer-east"}))
    assert "officer-east" not in said.replace('value="officer-east"', "")
    assert model.east.person.hex() not in said


# What changed since the form was opened.


def test_a_line_that_somebody_else_corrected_meanwhile_is_refused(hub: Hub) -> None:
    entry = Register(hub.desk.office).entry("east", hub.east.person)
    assert entry is not None
    stale = str(entry.version)
    other = Correction(phone="13900000000")
    Changes(hub.desk.office).correct(
        hub.desk.actor(), hub.east.person, other, version=entry.version
    )
    (page,) = [page for page in POSTS if page.path == "/roster/person/{ref}/edit"]
    hub.client.login()
    before = hub.held(*BESIDES)
    assert "他人刚刚更改" in says_so(hub.give(page, hub.east, version=stale), 409)
    for odd in ("", "x", "-1", "9" * 40):
        says_so(hub.give(page, hub.east, version=odd), 409)
    assert hub.held(*BESIDES) == before


def test_an_item_that_somebody_else_answered_stays_theirs(hub: Hub) -> None:
    Inbox(hub.desk.office).acknowledge(hub.desk.actor(name="first"), hub.east.registration, "a")
    (page,) = [page for page in POSTS if page.path == "/inbox/{number}/ack"]
    hub.client.login()
    before = hub.held(*BESIDES)
    assert "first" in says_so(hub.give(page, hub.east), 409)
    assert hub.held(*BESIDES) == before


@pytest.mark.parametrize("page", [page for page in POSTS if "{" in page.path], ids=by_path)
@pytest.mark.parametrize("odd", ["0" * 32, "x", "..", "9" * 40, "%00", "é"])
def test_an_id_of_nothing_is_a_sentence(model: Hub, page: Page, odd: str) -> None:
    model.client.login(Role.OFFICER)
    state_why(model.client, "east")
    before = model.held(*BESIDES)
    path = f"/s/east{page.path.format(ref=odd, number=odd, gate=odd)}"
    says_so(model.client.order(path, ORDERS[page.path].form(model.east)), 404, 405, 409)
    assert model.held(*BESIDES) == before
