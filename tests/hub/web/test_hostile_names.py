"""Whatever people are called: every page shows it as text, every table as plain cells.

The pages are made by the real application and parsed by a real browser, without the policy that
would also stop scripts: nothing may be there to be stopped.
"""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from openpyxl import load_workbook
from playwright.sync_api import Browser, Page

from gated.hub.roles import RIGHTS, Actor, Role
from gated.hub.web.app import PAGES
from gated.hub.web.pages import cookie_name
from gated.hub.web.texts import TURNS, without_turns
from tests.support.browser import DESKTOP, PHONE, chromium, overflow
from tests.support.enrol import open_enrol_desk
from tests.support.hub_pages import PASSWORD, PageClient, opened_login, pages, served
from tests.support.office import Desk
from tests.support.two_sites import SiteThings, Words, furnish

REASON = {"reason": "spot check"}
MARKUP = "\"'><img src=x onerror=evil=1><x-evil>{{7*7}}"
HOSTILE = f"{MARKUP}𠮷𡈽\ue863\u202e明小\u2066王\u200f"
LONG = "阿" * 40 + "Wolfeschlegelsteinhausenbergerdorff" * 3
FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "=cmd|' /C calc'!A0")
SIZES = (PHONE, DESKTOP)
NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")


def hostile(text: str) -> Words:
    """The text wherever somebody can type one; names of gates have 32 characters at most."""
    return Words(
        name=text,
        room=f"101{text}"[:40],
        phone=f"139{text}"[:60],
        note=f"{text}\n{text}",
        gate_zh=text[:32],
        gate_en=text[:32],
        message=text[:40],
        flag=text,
        file_name=f"{text}.csv",
    )


@dataclass
class Hub:
    """A furnished hub whose accounts are called as its people are."""

    desk: Desk
    client: PageClient
    here: SiteThings

    @classmethod
    def made(cls, folder: Path, text: str) -> "Hub":
        desk = open_enrol_desk(folder)
        words = hostile("".join(c for c in text if c.isprintable()))
        here = furnish(desk, replace(words, **_raw(text)))["east"]
        client = pages(desk)
        for role in Role:
            shown = words.name[:32]
            maker = Actor("cli:test", Role.OFFICER, "east")
            client.front.accounts.add(maker, f"{role.value}-east", shown, PASSWORD, role)
        return cls(desk, client, here)

    def answers(self, role: Role) -> Iterator[tuple[str, str]]:
        """Every page the role may open, and what its forms answer: where, and the HTML."""
        self.client.login(role)
        self.client.order("/s/east/reason", REASON)
        for page in PAGES:
            if "GET" in page.methods and (page.right is None or page.right in RIGHTS[role]):
                for path in self.paths(page.path):
                    answer = self.client.get(path)
                    assert answer.status_code == 200, path
                    if answer.headers["content-type"].startswith("text/html"):
                        yield path, answer.text
        if role is Role.OFFICER:
            yield from self.forms()

    def paths(self, path: str) -> list[str]:
        number = self.here.upload if "upload" in path else str(self.here.registration)
        filled = path.format(ref=self.here.person.hex(), number=number, gate=self.here.gate)
        more = (self.here.anomaly, self.here.paper)
        also = [path.format(ref="", number=number, gate="") for number in more]
        wanted = [filled, *also] if path == "/inbox/{number}" else [filled]
        return [f"/s/east{one}" for one in wanted]

    def where_names_stand(self) -> set[str]:
        """Pages that show what was typed in clear to who may see it."""
        person = f"person/{self.here.person.hex()}"
        items = (self.here.registration, self.here.anomaly, self.here.paper)
        inbox = tuple(f"inbox/{number}" for number in items)
        places = (person, f"{person}/identity", f"roster/{person}", f"roster/{person}/edit", *inbox)
        return {f"/s/east/{place}" for place in places}

    def forms(self) -> Iterator[tuple[str, str]]:
        person, who = self.here.person.hex(), {"who": self.here.person.hex(), **REASON}
        echo = dict.fromkeys(("name", "phone", "id_number", "note", "text", "zh", "value"), MARKUP)
        orders = {
            "/records": REASON,
            "/roster/search": {"who": "3-2-101", **REASON},
            "/person": {"who": "3-2-101", **REASON},
            "/trace": {**who, "within": "10"},
            f"/person/{person}/identity": REASON,
            f"/person/{person}/reading": echo,
            f"/inbox/{self.here.registration}": REASON,
            f"/inbox/{self.here.paper}": REASON,
            "/roster/add": echo,
            "/records/late": {**echo, "who": "3-2-101", "gate": self.here.gate},
            f"/gates/{self.here.gate}/message": echo,
            f"/gates/{self.here.gate}/tips": {"tips": "\n".join([MARKUP] * 11)},
            "/gates/enrol": {"gate": MARKUP, "name": MARKUP},
        }
        for place, form in orders.items():
            path = f"/s/east{place}"
            answer = self.client.order(path, form)
            assert answer.status_code < 500, path
            yield path, answer.text


def _raw(text: str) -> dict[str, str]:
    """What may hold characters that are not printable: nobody checks them on their way in."""
    return {"name": text, "note": f"{text}\n{text}", "flag": text, "file_name": f"{text}.csv"}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def parser(browser: Browser) -> Iterator[Page]:
    """A page without any policy."""
    page = browser.new_page()
    yield page
    page.close()


INJECTED = """() => [
  document.querySelectorAll("x-evil, img[src=x], [onerror], [onclick], main script").length,
  typeof window.evil,
]"""
# Text of the page and of its fields, as a person reads it.
READ = """() => document.documentElement.textContent + " " +
  [...document.querySelectorAll("input, textarea")].map((field) => field.value).join(" ") +
  [...document.querySelectorAll("[aria-label]")].map((one) => one.ariaLabel).join(" ")"""


@pytest.mark.browser
def test_every_page_shows_names_as_text(tmp_path: Path, parser: Page) -> None:
    hub = Hub.made(tmp_path, HOSTILE)
    plain = str(without_turns(HOSTILE))
    wrong, seen = [], set()
    for role in Role:
        for path, html in hub.answers(role):
            parser.set_content(html, wait_until="domcontentloaded")
            if parser.evaluate(INJECTED) != [0, "undefined"]:
                wrong.append(f"{role}: {path}: an element came out of a name")
            if TURNS.search(html):
                wrong.append(f"{role}: {path}: a mark that turns the line")
            if plain in parser.evaluate(READ):
                seen.add(path)
    assert wrong == []
    assert hub.where_names_stand() <= seen, "the pages were not those that show it"
    hub.desk.office.database.close()


@pytest.mark.browser
def test_a_long_name_does_not_push_a_page_out_of_its_window(
    tmp_path: Path, browser: Browser
) -> None:
    hub = Hub.made(tmp_path, LONG)
    with served(hub.desk) as server:
        _, token = opened_login(server.front, Role.OFFICER)
        login = server.front.logins.peek(token)
        assert login is not None
        server.front.logins.remember_purpose(login, "x")
        context = browser.new_context()
        name = cookie_name(secure=False)
        context.add_cookies([{"name": name, "value": token, "url": server.url}])
        page = context.new_page()
        wide = []
        for one in PAGES:
            shown = "GET" in one.methods and not one.path.endswith(
                ("/csv", "/progress", "/template")
            )
            if shown and one.right in {None, *RIGHTS[Role.OFFICER]}:
                for path in hub.paths(one.path):
                    page.goto(f"{server.url.rstrip('/')}{path}")
                    wide += [(path, size["width"]) for size in SIZES if too_wide(page, size)]
        assert wide == []
        context.close()
    hub.desk.office.database.close()


def too_wide(page: Page, size: dict[str, int]) -> bool:
    page.set_viewport_size({"width": size["width"], "height": size["height"]})
    return overflow(page) > 0


@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_of_a_table_is_a_formula(tmp_path: Path, text: str) -> None:
    hub = Hub.made(tmp_path, text)
    client = hub.client
    client.login(Role.OFFICER)
    client.order("/s/east/reason", REASON)
    day = {"day": "2020-02-10", "full": "yes", **REASON}
    tables = {
        "ledger": client.order("/s/east/records/ledger", {**day, "format": "csv"}),
        "roster": client.order("/s/east/roster/export", {"full": "yes", **REASON}),
        "masked": client.order("/s/east/roster/export"),
        "trace": client.order("/s/east/trace/csv", {"who": hub.here.person.hex(), **REASON}),
        "report": client.get("/s/east/report/csv?day=2020-02-10"),
    }
    for name, answer in tables.items():
        assert answer.headers["content-type"].startswith("text/csv"), name
        rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))
        assert len(rows) > 1, name
        cells = [cell for row in rows for cell in row if not NUMBER.fullmatch(cell)]
        assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))] == []
    assert text.strip() in tables["ledger"].text
    book = load_workbook(
        io.BytesIO(client.order("/s/east/records/ledger", {**day, "format": "xlsx"}).content)
    )
    kinds = {cell.data_type for row in book.worksheets[0].iter_rows() for cell in row}
    assert "f" not in kinds
    hub.desk.office.database.close()


@pytest.mark.parametrize(
    ("value", "written"),
    [("王\u202e明", "王明"), ("1\u2066-2\u2069", "1-2"), ("𠮷\ue863", "𠮷\ue863"), (7, 7)],
)
def test_a_mark_that_turns_a_line_is_not_written(value: object, written: object) -> None:
    assert without_turns(value) == written
