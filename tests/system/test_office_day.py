"""A day of the office in its browser, beside gates that run: what it changes holds at the gates.

The property office works in Chinese at a desk, the community officer in English on a phone.
"""

import csv
import io
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from openpyxl import Workbook, load_workbook
from playwright.sync_api import Browser, expect

from gated.cli.demo import processes
from gated.cli.demo.centre import GATES
from gated.cli.demo.people import Invented, write_table
from gated.cli.demo.scenario import Role as Part
from gated.cli.demo.world import ROSTER, TIMEZONE
from gated.core.masking import mask_name
from gated.core.model import Category, CredentialState, StatusCode
from gated.hub.database import HubDatabase
from gated.hub.published import newest_rev
from gated.hub.roles import Role
from gated.store.roster import RosterStore
from tests.support.browser import DESKTOP, PHONE, chromium
from tests.support.clerk import Clerk, clerk
from tests.support.waiting import promised_s, wait_until
from tests.support.world import SystemWorld

pytestmark = pytest.mark.browser

SECONDS = 5.0  # the promise: what the office sets holds at a gate this soon
LANES = ("in", "out")
ZONE = ZoneInfo(TIMEZONE)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def office(browser: Browser, world: SystemWorld) -> Iterator[Clerk]:
    """The property office at its desk."""
    processes.wait_for_port(world.demo.pages_port, world.program("hub"))
    with clerk(browser, world.demo.pages_url, Role.PROPERTY, "zh", DESKTOP) as one:
        yield one


@pytest.fixture
def officer(browser: Browser, world: SystemWorld) -> Iterator[Clerk]:
    """The community officer with a phone."""
    processes.wait_for_port(world.demo.pages_port, world.program("hub"))
    with clerk(browser, world.demo.pages_url, Role.OFFICER, "en", PHONE) as one:
        yield one


def newest(world: SystemWorld) -> int:
    with closing(HubDatabase(world.demo.hub_url)) as database, database.reading() as connection:
        return newest_rev(connection, ROSTER)


def serving(world: SystemWorld, lane: str) -> int:
    """Revision of the list that serves at a gate, 0 before it said so."""
    said = [line for line in world.log_lines(f"gate-{lane}") if line["event"] == "roster.switched"]
    return int(said[-1]["rev"]) if said else 0


def holds(world: SystemWorld, pressed_s: float, lanes: Sequence[str] = LANES) -> None:
    """What was done last holds at these gates, in the promised seconds after the press."""
    rev = newest(world)
    wait_until(
        lambda: all(serving(world, lane) >= rev for lane in lanes),
        what=f"revision {rev} at the gates",
        limit_s=max(0.1, promised_s(SECONDS) - (time.monotonic() - pressed_s)),
    )


def as_excel(world: SystemWorld, people: list[Invented], path: Path) -> Path:
    """The office's table as it would come out of Excel, phones and all."""
    table = path.with_suffix(".csv")
    write_table(table, people, datetime.now(ZONE))
    with table.open(encoding="utf-8-sig", newline="") as written:
        rows = list(csv.reader(written))
    book = Workbook()
    sheet = book.worksheets[0]
    for place, row in enumerate(rows):
        sheet.append([*row, "手机" if place == 0 else f"1380022{place:04d}"])
    book.save(path)
    table.unlink()
    return path


def at_gate(world: SystemWorld, lane: str, card: str) -> CredentialState:
    """What the gate's own list says of a card."""
    assert world.demo.site is not None
    with closing(RosterStore(world.folder / f"gate-{lane}" / "store", world.demo.site)) as store:
        roster = store.current()
        assert roster is not None
        return roster.by_card(card).credential.state


def in_room(world: SystemWorld, lane: str, room: str) -> list[str]:
    """Masked names of a room, as the gate's own command tells them."""
    config = str(world.gate_config(lane))
    told = world.command("roster", "show", "--room", room, "--json", "--config", config)
    return [one["name"] for one in json.loads(told.stdout or "[]")]


def test_a_property_offices_day(office: Clerk, world: SystemWorld, tmp_path: Path) -> None:
    newcomer, moving, leaving = world.stranger(), world.resident(), world.resident()
    returnee = replace(world.stranger(), role=Part("R", Category.RETURNEE))
    began = datetime.now(ZONE)

    # A table, its difference, its push.
    moved = replace(moving, building=9, unit=1, room=1901)
    world.listed = [moved if one is moving else one for one in [*world.listed, newcomer]]
    adds, _, removes, _ = office.push(as_excel(world, world.listed, tmp_path / "名单.xlsx"))
    assert (adds, removes) == (1, 0)
    office.has_arrived()
    holds(world, office.pressed_s)
    assert mask_name(moving.name) in in_room(world, "in", "9-1-1901")
    world.play("in", "card A; wrist 36.4; ALLOW OK_HOME_RETURN", A=newcomer)

    # One line corrected.
    office.look_up(newcomer.id_number)
    office.page.get_by_role("link", name=office.t("roster.correct")).click()
    fields = {"building": "9", "unit": "2", "room": "1902", "phone": "13700001902"}
    office.save("roster", fields, "roster.changed")
    expect(office.page.locator("main")).to_contain_text("137****1902")
    holds(world, office.pressed_s)
    assert in_room(world, "out", "9-2-1902") == [mask_name(newcomer.name)]

    # A card given, and reported lost.
    office.change("new-card", card="0071901902")
    holds(world, office.pressed_s)
    assert {at_gate(world, lane, "0071901902") for lane in LANES} == {CredentialState.ACTIVE}
    office.change("lost-card")
    holds(world, office.pressed_s)
    assert {at_gate(world, lane, "0071901902") for lane in LANES} == {CredentialState.LOST}

    # A returnee, asked at the gate until filed.
    office.open("/roster/add")
    office.save("roster", added(returnee, "returnee"), "roster.added")
    office.set_status(StatusCode.FROM_OTHER_PROVINCE)
    holds(world, office.pressed_s)
    world.play("in", "card A; wrist 36.4; CHECK STAT_ARRIVAL_PENDING", A=returnee)
    office.change("filed")
    holds(world, office.pressed_s)
    office.has_arrived()
    world.play("in", "card A; wrist 36.4; ALLOW_NOTE STAT_ARRIVAL_FILED", A=returnee)
    world.listed.append(returnee)

    # Somebody moved out.
    office.look_up(leaving.id_number)
    office.set_status(StatusCode.MOVED_OUT)
    holds(world, office.pressed_s)
    world.play("in", "card A; STOP ID_MOVED_OUT", A=leaving)

    ledger_tells(office, began, [newcomer, returnee, returnee, leaving])


def ledger_tells(office: Clerk, began: datetime, came: list[Invented]) -> None:
    """The ledger, of both kinds, has who came in since then as the day was played, masked."""
    names = [mask_name(one.name) for one in came]
    wait_until(
        lambda: [row[3] for row in came_in(office, "csv", began)] == names,
        what="the ledger to have the passages",
    )
    for rows in (came_in(office, "csv", began), came_in(office, "xlsx", began)):
        assert [row[3] for row in rows] == names
        assert [row[9] for row in rows] == ["放行", "复核", "放行(有提示)", "禁止通行"]
        said = " ".join(cell for row in rows for cell in row)
        assert not any(one.name in said or one.id_number in said for one in came)


def added(person: Invented, category: str) -> dict[str, str]:
    """What is typed into the form for somebody new."""
    return {
        "id_number": person.id_number,
        "name": person.name,
        "building": str(person.building),
        "unit": str(person.unit),
        "room": str(person.room),
        "category": category,
    }


def came_in(office: Clerk, kind: str, since: datetime) -> list[list[str]]:
    """Lines of the ledger about who came in since then, oldest first, one for each visit."""
    days = sorted({f"{since:%Y-%m-%d}", f"{datetime.now(ZONE):%Y-%m-%d}"})  # over midnight
    read = read_csv if kind == "csv" else read_xlsx
    rows = [row for day in days for row in read(office.ledger(day, kind))]
    return [
        row
        for row in rows
        if row[11] == GATES["east-in"][0]
        and f"{row[0]} {row[1]}" >= f"{since:%Y-%m-%d %H:%M:%S}"
        and "后续" not in row[14]
    ]


def read_csv(body: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline="")))


def read_xlsx(body: bytes) -> list[list[str]]:
    rows = load_workbook(io.BytesIO(body)).worksheets[0].iter_rows(values_only=True)
    return [[str(cell or "") for cell in row] for row in rows]


def test_an_officer_sets_and_lifts_quarantine_on_a_phone(
    officer: Clerk, world: SystemWorld
) -> None:
    resident = world.resident()
    officer.look_up(resident.id_number)
    officer.set_status(StatusCode.HOME_QUARANTINE, reason="contact of case 7")
    holds(world, officer.pressed_s)
    world.play("out", "card A; STOP STAT_HOME_QUARANTINE", A=resident)
    officer.change("released")
    holds(world, officer.pressed_s)
    world.play("out", "card A; wrist 36.4; ALLOW_NOTE STAT_RELEASED", A=resident)
    world.assert_books_agree("out")


def test_a_gate_that_was_off_has_the_change_when_it_returns(
    office: Clerk, world: SystemWorld
) -> None:
    """The change is made by the command; the page says which gate waits for it."""
    resident = world.resident()
    gate = world.program("gate-in")
    gate.kill()
    set_at_hub(world, resident, "arrival-province")
    office.open("/roster")
    rollout = office.page.locator("#rollout")
    expect(rollout).to_contain_text(office.t("roster.arrived", all=2, n=1))
    gate.start()
    wait_until(lambda: serving(world, "in") == newest(world), what="the change made meanwhile")
    expect(rollout).to_contain_text(office.t("roster.arrived", all=2, n=2))
    world.play("in", "card A; wrist 36.4; CHECK STAT_FROM_PROVINCE", A=resident)
    set_at_hub(world, resident, "filed")
    holds(world, time.monotonic())
    world.play("in", "card A; wrist 36.4; ALLOW_NOTE STAT_ARRIVAL_FILED", A=resident)


def set_at_hub(world: SystemWorld, person: Invented, word: str) -> None:
    config = str(world.folder / "hub.toml")
    done = world.command("roster", "set", person.id_number, word, "--config", config)
    assert done.returncode == 0, done.stderr
    assert person.id_number not in done.stdout + done.stderr
