"""Every page of the hub in a real browser, over an invented week: languages, roles, sizes, axe."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from gated.cli.demo.centre import invent_week, name_gates
from gated.cli.demo.people import Invented, Town, write_table
from gated.cli.demo.scenario import read_scenario
from gated.core.pseudonym import person_ref
from gated.hub.projector import Projector
from gated.hub.roles import RIGHTS, Role
from gated.hub.upload import Uploads
from gated.hub.web.pages import cookie_name
from gated.hub.web.server import PagesServer
from tests.support.browser import DESKTOP, PHONE, chromium, overflow, violations
from tests.support.hub_pages import opened_login, served
from tests.support.office import Desk, open_desk

pytestmark = pytest.mark.browser

REASON = "spot check"
WAIT_MS = 20_000


@dataclass
class Hub:
    """A served office with a week behind it. person: hex pseudonym of somebody who was there."""

    desk: Desk
    server: PagesServer
    browser: Browser
    person: str
    complaints: list[str] = field(default_factory=list)

    def visitor(self, role: Role, language: str, size: dict[str, int]) -> Page:
        """A page of somebody who is logged in."""
        name, token = opened_login(self.server.front, role, language=language)
        locale = "zh-CN" if language == "zh" else "en-GB"
        context = self.browser.new_context(
            viewport={"width": size["width"], "height": size["height"]}, locale=locale
        )
        context.add_cookies(
            [{"name": cookie_name(secure=False), "value": token, "url": self.server.url}]
        )
        page = context.new_page()
        page.set_default_timeout(WAIT_MS)
        page.on("pageerror", lambda error: self.complaints.append(f"{name}: {error}"))
        page.on(
            "console",
            lambda line: (
                self.complaints.append(f"{name}: {line.text}") if line.type == "error" else None
            ),
        )
        return page

    def url(self, path: str) -> str:
        return f"{self.server.url}s/east{path}"

    def paths(self, role: Role) -> list[str]:
        """What this role can open."""
        pages = {
            "/gates": "see_gates",
            "/gates/west": "see_gates",
            "/gates/enrol": "enrol_gate",
            "/roster": "see_roster",
            "/roster/search": "see_roster",
            "/roster/upload": "edit_roster",
            "/roster/add": "edit_roster",
            f"/roster/person/{self.person}": "see_roster",
            f"/roster/person/{self.person}/edit": "edit_roster",
            "/records": "see_records",
            "/records/late": "enter_late",
            "/trace": "trace",
            "/inbox": "see_inbox",
            "/inbox?state=done": "see_inbox",
            f"/person/{self.person}": "see_person",
            "/person": "see_person",
            "/person/observation": "see_person",
            "/report": "see_report",
            "/audit": "see_audit",
        }
        return ["/account", *(p for p, right in pages.items() if right in RIGHTS[role])]


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    folder = tmp_path_factory.mktemp("pages")
    desk = open_desk(folder)
    town = Town(11)
    listed = [
        person
        for arrival in town.arrivals(read_scenario(), 6)
        for person in arrival.people.values()
        if not person.role.absent
    ] + town.filler()[:40]
    _fill(desk, folder, listed)
    resident = listed[-5]
    ref = person_ref(desk.office.sites["east"].keys.site, resident.id_number).hex()
    with chromium() as browser, served(desk) as server:
        yield Hub(desk, server, browser, ref)
    desk.office.database.close()


def _fill(desk: Desk, folder: Path, listed: list[Invented]) -> None:
    site = desk.office.sites["east"]
    table = folder / "people.csv"
    write_table(
        table, listed, datetime.fromtimestamp(desk.clock() / 1000, UTC).astimezone(site.zone)
    )
    uploads, actor = Uploads(desk.office), desk.actor()
    uploads.confirm(actor, uploads.stage(actor, table.name, table.read_bytes()).id)
    name_gates(desk.office)
    invent_week(desk.office, listed, folder, seed=5)
    Projector(desk.office).catch_up()


def say_why(page: Page) -> None:
    """Answer the question for the reason, if it is asked."""
    if page.locator("main input[name=following]").count():
        with page.expect_navigation():
            page.fill("main [name=reason]", REASON)
            page.press("main [name=reason]", "Enter")


SHOWN = [("zh", DESKTOP), ("en", PHONE)]  # how every page is gone through


@pytest.mark.parametrize(("language", "size"), SHOWN)
@pytest.mark.parametrize("role", list(Role))
def test_every_page_opens_fits_and_can_be_used_by_everybody(
    hub: Hub, role: Role, language: str, size: dict[str, int]
) -> None:
    page = hub.visitor(role, language, size)
    before = len(hub.complaints)
    page.goto(hub.server.url)
    for path in hub.paths(role):
        answer = page.goto(hub.url(path))
        assert answer is not None
        assert answer.status == 200, path
        say_why(page)
        assert page.locator("html").get_attribute("lang") in (
            {"zh", "zh-CN"} if language == "zh" else {"en"}
        )
        assert overflow(page) == 0, f"{path} is wider than its window"
        assert violations(page) == [], path
    assert hub.complaints[before:] == []
    page.context.close()


# Of every table, the drawing of a trace excepted: how far its cells go beyond what is seen of it.
HIDDEN_CELLS = """[...document.querySelectorAll("table")].flatMap((table) => {
  const seen = (table.closest(".scroll") ?? table.parentElement).getBoundingClientRect();
  const beyond = [...table.querySelectorAll("tbody td, tbody th")]
    .map((cell) => cell.getBoundingClientRect().right - seen.right);
  return Math.max(0, ...beyond) > 1 ? [`${table.rows[0].innerText}: ${Math.max(...beyond)}`] : [];
})"""


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
@pytest.mark.parametrize("language", ["en", "zh"])
def test_no_table_hides_a_column(hub: Hub, language: str, size: dict[str, int]) -> None:
    tables = {
        Role.AUDITOR: ["/audit"],
        Role.OFFICER: [
            "/records",
            f"/trace?person={hub.person}",
            "/person/observation",
            "/report",
            f"/person/{hub.person}",
        ],
    }
    for role, paths in tables.items():
        page = hub.visitor(role, language, size)
        for path in paths:
            page.goto(hub.url(path))
            say_why(page)
            if path.startswith(("/records", "/trace")):
                if path.startswith("/trace"):
                    page.fill("main [name=within]", "240")
                page.locator("main [name=reason]").first.fill(REASON)
                with page.expect_navigation():
                    page.locator("main [name=reason]").first.press("Enter")
            assert page.locator("main table.list").count() > 0 or "person/" in path, path
            assert page.evaluate(HIDDEN_CELLS) == [], path
            # Axe has seen the rest of them by the test that opens every page.
            if (language, size) not in SHOWN or path.startswith(("/records", "/trace")):
                assert violations(page) == [], path
        page.context.close()


@pytest.mark.parametrize("role", list(Role))
def test_a_page_that_the_role_may_not_see_is_refused_with_a_sentence(hub: Hub, role: Role) -> None:
    page = hub.visitor(role, "en", DESKTOP)
    allowed = set(hub.paths(role))
    everything = {path for each in Role for path in hub.paths(each)}
    for path in sorted(everything - allowed):
        answer = page.goto(hub.url(path))
        assert answer is not None
        assert answer.status == 403, path
        assert len(page.locator("main").inner_text()) > 30, path
    hub.complaints.clear()
    page.context.close()


def test_no_page_of_another_site_opens(hub: Hub) -> None:
    page = hub.visitor(Role.OFFICER, "en", DESKTOP)
    for path in hub.paths(Role.OFFICER):
        answer = page.goto(hub.url(path).replace("/s/east/", "/s/west/"))
        assert answer is not None
        assert answer.status == 403, path
    hub.complaints.clear()
    page.context.close()
