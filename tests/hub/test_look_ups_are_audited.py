"""Whoever finds people by words is in the audit, with the reason, and the words are not."""

from pathlib import Path

import httpx
import pytest

from gated.core.pseudonym import card_ref
from gated.hub.changes import Changes
from gated.hub.register import Register
from gated.hub.register_export import export_list
from gated.hub.roles import Actor, Role
from gated.store.roster_build import Card
from tests.support.hub_command import hub
from tests.support.hub_pages import PageClient, pages
from tests.support.office import Desk, open_desk
from tests.support.people import person, ref_of
from tests.support.records import plant_gate
from tests.support.townsfolk import enter

NAME = "王小明"
CARD = "0087654321"
LINE = {
    "time": "2020-02-10T11:30", "gate": "north", "direction": "in", "verdict": "ALLOW",
    "paper_no": "12-7", "who": NAME,
}  # fmt: skip


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = open_desk(tmp_path)
    enter(desk.office, (NAME, "3-2-101"), (NAME, "3-2-102"))
    plant_gate(desk.office, "north")
    return desk


@pytest.fixture
def client(desk: Desk) -> PageClient:
    client = pages(desk)
    client.login(Role.OFFICER)
    return client


def noted(desk: Desk) -> list[tuple[str, str, str, str]]:
    rows = desk.office.audit.rows("east")
    assert NAME not in repr(rows)
    rows = [r for r in rows if r.action not in {"login", "account"}]
    return [(r.action, r.target, r.reason, r.result) for r in rows]


@pytest.mark.parametrize(
    ("path", "form", "where"),
    [
        ("/s/east/records/late", LINE, "paper"),
        ("/s/east/trace", {"who": NAME}, "trace"),
        ("/s/east/trace/csv", {"who": NAME}, "trace"),
        ("/s/east/records", {"who": NAME}, "records"),
        ("/s/east/trace", {"who": "张无忌"}, "trace"),
    ],
)
def test_a_page_that_lists_people_says_why_first(
    desk: Desk, client: PageClient, path: str, form: dict[str, str], where: str
) -> None:
    asked = client.order(path, form)
    assert "3-2-1" not in asked.text, "nobody is shown before a reason is given"
    assert noted(desk) == []
    client.order(path, form | {"reason": "密接排查"})
    found = "found 2" if form["who"] == NAME else "found 0"
    assert ("search", where, "密接排查", found) in noted(desk)


def test_the_masked_list_is_not_downloaded_without_a_reason(desk: Desk, client: PageClient) -> None:
    assert "text/csv" not in client.order("/s/east/roster/export").headers["content-type"]
    answer = client.order("/s/east/roster/export", {"reason": "打印台账"})
    assert "text/csv" in answer.headers["content-type"]
    assert noted(desk) == [("export", "list, masked", "打印台账", "2")]


def card_of(desk: Desk, number: int = 1) -> str:
    return f"/s/east/roster/person/{ref_of(desk.office, person(number)).hex()}"


def add(desk: Desk) -> str:
    """Somebody is on the list; the path of their card."""
    Changes(desk.office).add(Actor("cli:test", Role.OFFICER, "east"), person(1), "搬入")
    return card_of(desk)


def shown(answer: httpx.Response) -> bool:
    """Whether the page shows person 1, masked."""
    return "138****0001" in answer.text


@pytest.mark.parametrize("role", [Role.PROPERTY, Role.OFFICER])
@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/change", {"change": "bogus"}),
        ("/change", {"change": "status", "status": "medicine_buyer", "to": "soon"}),
        ("/edit", {"phone": "139", "reason": ""}),
        ("/edit", {"phone": "139", "from": "soon"}),
    ],
)
def test_a_refused_change_shows_nobody_without_a_reason(
    desk: Desk, client: PageClient, role: Role, path: str, form: dict[str, str]
) -> None:
    client.login(role)
    person_path = add(desk)
    before = noted(desk)
    if path == "/edit":
        form = form | {"version": "1"}
    asked = client.order(f"{person_path}{path}", form)
    assert (asked.status_code, shown(asked), noted(desk)) == (200, False, before)
    answer = client.order(f"{person_path}{path}", form | {"reason": "来电"})
    assert (answer.status_code, shown(answer)) == (409, True)
    row = ("look_up", person_path.rpartition("/")[2], "来电", "list")
    assert noted(desk) == [row, *before]
    again = client.order(f"{person_path}{path}", form)
    assert (again.status_code, shown(again)) == (409, True)
    assert noted(desk) == [row, row, *before], "the purpose that was stated last"


@pytest.mark.parametrize(
    ("role", "action", "result"),
    [(Role.PROPERTY, "look_up", "list"), (Role.OFFICER, "identity", "ok")],
)
def test_the_form_that_corrects_somebody_says_why_first(
    desk: Desk, client: PageClient, role: Role, action: str, result: str
) -> None:
    client.login(role)
    path, before = f"{add(desk)}/edit", noted(desk)
    asked = client.get(path)
    assert (shown(asked), noted(desk)) == (False, before)
    answer = client.look(path, "来电")
    assert (answer.status_code, shown(answer)) == (200, True)
    assert noted(desk) == [(action, path.split("/")[-2], "来电", result), *before]


def test_a_correction_of_an_earlier_state_shows_nobody(desk: Desk, client: PageClient) -> None:
    client.login(Role.PROPERTY)
    path = f"{add(desk)}/edit"
    before = noted(desk)
    answer = client.order(path, {"room": "909", "version": "7"})
    assert (answer.status_code, shown(answer), noted(desk)) == (409, False, before)
    assert f'href="{path}"' in answer.text


@pytest.mark.parametrize(
    "form",
    [
        {"change": "lost-card", "card": "", "reason": ""},
        {"change": "status", "status": "medicine_buyer"},
        {"change": "status", "status": "moved_out"},
    ],
    ids=["card", "status", "moved"],
)
def test_who_changed_somebody_sees_them_once_without_a_reason(
    desk: Desk, client: PageClient, form: dict[str, str]
) -> None:
    client.login(Role.PROPERTY)
    path = add(desk)
    (card,) = person(1).cards
    if "card" in form:
        form = form | {"card": card_ref(desk.office.site("east").keys.site, card.number).hex()}
    changed = client.order(f"{path}/change", form)
    done = changed.headers["set-cookie"].partition("gated_done=")[2].partition(";")[0]
    assert shown(client.get(path))
    client.cookies.set("gated_done", done)  # a browser may keep what it was told to forget
    assert not shown(client.get(path))
    assert noted(desk)[0][:3] == ("look_up", path.rpartition("/")[2], "查看刚办理的变更")


def test_who_corrected_a_number_sees_the_person_once_without_a_reason(
    desk: Desk, client: PageClient
) -> None:
    client.login(Role.PROPERTY)
    path = add(desk)
    version = Register(desk.office).entry("east", ref_of(desk.office, person(1))).version
    form = {"id_number": person(2).id_number, "version": str(version)}
    answer = client.order(f"{path}/edit", form, follow=True)
    assert answer.url.path == card_of(desk, 2) != path
    assert shown(answer)
    assert noted(desk)[0][:2] == ("look_up", card_of(desk, 2).rpartition("/")[2])
    assert not shown(client.get(card_of(desk, 2)))


@pytest.mark.parametrize("where", ["roster/search", "records", "trace", "person"])
def test_a_card_number_that_was_looked_up_stands_in_no_row(
    desk: Desk, client: PageClient, where: str
) -> None:
    row = person(1, cards=(Card(CARD),))
    Changes(desk.office).add(desk.actor(), row, "搬入")
    before = len(desk.office.audit.rows("east"))
    client.order(f"/s/east/{where}", {"who": CARD, "reason": "捡到门禁卡"})
    rows = desk.office.audit.rows("east")
    made = [row for row in rows[: len(rows) - before] if row.action == "search"]
    assert [(row.reason, row.result) for row in made] == [("捡到门禁卡", "found 1")]
    for kept in (CARD, CARD.lstrip("0"), row.name, row.id_number, row.phone):
        assert kept not in repr(rows)


@pytest.mark.parametrize("words", [("trace",), ("person",)])
def test_a_card_number_typed_in_a_command_stands_in_no_row(
    desk: Desk, tmp_path: Path, words: tuple[str, ...]
) -> None:
    Changes(desk.office).add(desk.actor(), person(1, cards=(Card(CARD),)), "搬入")
    done = hub(tmp_path, *words, CARD, "--reason", "捡到门禁卡")
    assert done.exit_code == 0, done.output
    rows = desk.office.audit.rows("east")
    assert ("search", "捡到门禁卡", "found 1") in [(r.action, r.reason, r.result) for r in rows]
    assert CARD not in repr(rows)
    assert CARD.lstrip("0") not in repr(rows)


@pytest.mark.parametrize("words", [("trace",), ("person",)])
def test_a_command_that_lists_people_is_in_the_audit(
    desk: Desk, tmp_path: Path, words: tuple[str, ...]
) -> None:
    done = hub(tmp_path, *words, NAME, "--reason", "密接排查")
    assert done.exit_code == 1
    assert noted(desk) == [("search", "command", "密接排查", "found 2")]


def test_the_list_is_written_so_that_no_cell_runs(tmp_path: Path) -> None:
    desk = open_desk(tmp_path)
    enter(desk.office, ("　＝HYPERLINK()", "3-2-103"))
    body, _ = export_list(desk.office, desk.actor(), full=True, reason="备份")
    assert ",'　＝HYPERLINK()," in body.decode("utf-8-sig")
