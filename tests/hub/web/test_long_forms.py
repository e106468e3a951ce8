"""Nothing typed into the office's long forms is lost: browser closed, log-in ended, network gone."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import BrowserType, Page, expect, sync_playwright

from gated.hub.changes import Changes, Correction
from gated.hub.records import Filter, Records
from gated.hub.register import Register
from gated.hub.roles import Role
from gated.hub.web.server import PagesServer
from tests.support.browser import CHROMIUM, CHROMIUM_ARGS
from tests.support.hub_pages import PASSWORD, opened_login, served
from tests.support.office import Desk, open_desk
from tests.support.people import number, person, ref_of
from tests.support.records import plant_gate

pytestmark = pytest.mark.browser

ACCOUNT = "property-east"
PERSON = {
    "id_number": number(5),
    "name": "欧阳 <b>娜娜</b>",
    "phone": "13912345678",
    "building": "3",
    "unit": "2",
    "room": "1101",
    "category": "tenant",
    "card": "0012345678",
    "from": "2020-02-01",
    "to": "2020-08-31",
    "reason": "新租户，合同已看",
}
PAPER = {
    "paper_no": "12-7",
    "time": "2020-02-10T08:15",
    "gate": "south",
    "direction": "out",
    "name": "诸葛孔明",
    "document": "E12345678",
    "phone": "13700000000",
    "temperature": "36.4",
    "verdict": "CHECK",
    "guard": "G017",
}
FORMS = {"/roster/add": PERSON, "/records/late": PAPER}


@dataclass
class Home:
    """A served office, and the folder of a browser that is closed and opened again."""

    desk: Desk
    server: PagesServer
    kind: BrowserType
    profile: Path

    @contextmanager
    def browser(self) -> Iterator[Page]:
        """The office's browser is open; whatever it keeps on the disk stays when it is closed."""
        context = self.kind.launch_persistent_context(
            self.profile, executable_path=CHROMIUM, args=CHROMIUM_ARGS, locale="zh-CN"
        )
        yield context.pages[0]
        context.close()

    def open(self, page: Page, path: str, account: str = ACCOUNT) -> None:
        """The form is open, after a log-in when one is asked for."""
        page.goto(f"{self.server.url}s/east{path}")
        if page.locator("[name=password]").count():
            page.get_by_label("账号").fill(account)
            page.get_by_label("密码").fill(PASSWORD)
            page.get_by_role("button", name="登录").click()
            page.wait_for_url(f"**{path}")
        page.locator("html[data-drafts=ready]").wait_for()


@pytest.fixture(scope="module")
def kind() -> Iterator[BrowserType]:
    with sync_playwright() as playwright:
        yield playwright.chromium


@pytest.fixture
def home(tmp_path: Path, kind: BrowserType) -> Iterator[Home]:
    desk = open_desk(tmp_path)
    for gate in ("north", "south"):
        plant_gate(desk.office, gate)
    with served(desk) as server:
        opened_login(server.front, "property")
        yield Home(desk, server, kind, tmp_path / "profile")
    desk.office.database.close()


def type_in(page: Page, fields: dict[str, str]) -> None:
    """Field after field, as somebody types; the last key is down when this returns."""
    for name, value in fields.items():
        field = page.locator(f"form[data-draft] [name={name}]")
        if field.evaluate("field => field.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)
    page.locator("form[data-draft][data-draft-state=kept]").wait_for()


def stands(page: Page, fields: dict[str, str]) -> dict[str, str]:
    """What these fields hold now."""
    form = page.locator("form[data-draft]")
    return {name: form.locator(f"[name={name}]").input_value() for name in fields}


def save(page: Page) -> None:
    page.locator("form[data-draft] button.primary").click()


def expect_done(page: Page) -> None:
    """The page that says so stands, and its script ran: that is what takes the draft away."""
    expect(page.locator("main > p.done")).to_be_visible()
    page.locator("html[data-drafts=ready]").wait_for()


def stored(desk: Desk, path: str) -> int:
    """How many people or lines the office holds."""
    if path == "/roster/add":
        return Register(desk.office).count("east")
    found = Records(desk.office).search(desk.actor(), Filter(gate="south"), "look")
    return len(found.lines)


@pytest.mark.parametrize("path", FORMS)
def test_a_form_is_as_it_was_after_the_browser_was_closed(home: Home, path: str) -> None:
    fields = FORMS[path]
    with home.browser() as page:
        home.open(page, path)
        type_in(page, fields)
    home.desk.clock.now_ms += 9 * 3_600_000  # the log-in has ended meanwhile
    with home.browser() as page:
        home.open(page, path)
        assert stands(page, fields) == fields
        expect(page.get_by_text("已恢复您上次没有提交的内容")).to_be_visible()
        save(page)
        expect_done(page)
        home.open(page, path)
        assert stands(page, fields) != fields, "the draft is gone with its work done"
    assert stored(home.desk, path) == 1


@pytest.mark.parametrize("path", FORMS)
def test_a_form_waits_for_the_network(home: Home, path: str) -> None:
    fields = FORMS[path]
    with home.browser() as page:
        home.open(page, path)
        type_in(page, fields)
        page.context.set_offline(offline=True)
        save(page)
        expect(page.get_by_text("网络不通，没有提交")).to_be_visible()
        assert stands(page, fields) == fields
        assert stored(home.desk, path) == 0
        page.context.set_offline(offline=False)
        save(page)
        expect_done(page)
    assert stored(home.desk, path) == 1


def test_a_log_in_that_ended_while_typing_costs_nothing(home: Home) -> None:
    with home.browser() as page:
        home.open(page, "/roster/add")
        type_in(page, PERSON)
        home.desk.clock.now_ms += 9 * 3_600_000
        save(page)
        page.get_by_label("账号").fill(ACCOUNT)
        page.get_by_label("密码").fill(PASSWORD)
        page.get_by_role("button", name="登录").click()
        page.locator("html[data-drafts=ready]").wait_for()
        assert stands(page, PERSON) == PERSON
        save(page)
        expect_done(page)
    assert stored(home.desk, "/roster/add") == 1


def listed(home: Home) -> str:
    """Somebody is on the list, an officer has an account; the path of the form that corrects."""
    Changes(home.desk.office).add(home.desk.actor(), person(1))
    opened_login(home.server.front, Role.OFFICER)
    return f"/roster/person/{ref_of(home.desk.office, person(1)).hex()}/edit"


def corrected(home: Home, **fields: str) -> None:
    """A colleague has corrected the person meanwhile."""
    ref = ref_of(home.desk.office, person(1))
    found = Register(home.desk.office).entry("east", ref)
    assert found is not None
    changes = Changes(home.desk.office)
    changes.correct(home.desk.actor(), ref, Correction(**fields), version=found.version)


def now(home: Home) -> tuple[str, str, str]:
    """Phone, unit and room of the person as the register has them."""
    found = Register(home.desk.office).entry("east", ref_of(home.desk.office, person(1)))
    assert found is not None
    return found.row.phone, found.row.unit, found.row.room


def open_correction(home: Home, page: Page, path: str) -> None:
    home.open(page, path, "officer-east")
    if page.locator("form[data-draft]").count() == 0:
        page.locator("[name=reason]").fill("来电更正")
        page.locator("main button.primary").click()
        page.locator("html[data-drafts=ready]").wait_for()


def test_a_form_opened_again_shows_what_a_colleague_corrected_meanwhile(home: Home) -> None:
    path = listed(home)
    with home.browser() as page:
        open_correction(home, page, path)
        type_in(page, {"room": "909", "category": "tenant", "unit": "7"})
        type_in(page, {"unit": "2"})  # as it was
        corrected(home, phone="13911112222", unit="5")
        home.open(page, path)
        mine = {"room": "909", "category": "tenant"}
        theirs = {"phone": "13911112222", "unit": "5", "name": person(1).name}
        assert stands(page, mine | theirs) == mine | theirs
        save(page)
        expect_done(page)
    assert now(home) == ("13911112222", "5", "909")


def test_a_form_of_an_earlier_state_is_refused_and_opened_anew(home: Home) -> None:
    path = listed(home)
    with home.browser() as page:
        open_correction(home, page, path)
        type_in(page, {"room": "909"})
        corrected(home, phone="13911112222")
        save(page)
        expect(page.locator("main .error")).to_contain_text("他人刚刚更改了此人的信息")
        assert now(home)[2] == person(1).room
        page.get_by_role("link", name="重新打开表单").click()
        page.locator("html[data-drafts=ready]").wait_for()
        assert stands(page, {"phone": "", "room": ""}) == {"phone": "13911112222", "room": "909"}
        save(page)
        expect_done(page)
    assert now(home) == ("13911112222", "2", "909")


def test_what_was_typed_before_a_refusal_outlives_it(home: Home) -> None:
    fields = PERSON | {"phone": "139"}
    with home.browser() as page:
        home.open(page, "/roster/add")
        type_in(page, fields)
        save(page)
        expect(page.locator("main > p.error")).to_contain_text("手机号位数太少")
        page.locator("html[data-drafts=ready]").wait_for()
        type_in(page, {"phone": PERSON["phone"]})
        home.open(page, "/roster/add")
        assert stands(page, PERSON) == PERSON


def test_a_form_put_back_as_it_was_keeps_nothing(home: Home) -> None:
    path = listed(home)
    with home.browser() as page:
        open_correction(home, page, path)
        kept = "Object.keys(localStorage).filter(name => name.startsWith('gated-draft:')).length"
        type_in(page, {"room": "909"})
        assert page.evaluate(kept) == 1
        type_in(page, {"room": person(1).room})
        assert page.evaluate(kept) == 0
