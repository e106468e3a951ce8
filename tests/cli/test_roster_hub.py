"""`gated roster push`, `set` and `export`, and `gated hub rollout`, as people call them."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete, insert
from typer.testing import CliRunner, Result

from gated.cli import hub as hub_command
from gated.cli import roster as roster_command
from gated.core.model import CredentialState, StatusCode
from gated.hub.office import Office, open_office
from gated.hub.register import Entry, Register
from gated.hub.register_export import ExportRefused, export_list
from gated.hub.roles import Actor, Role
from gated.hub.schema_records import GATE_SITE
from gated.hub.store import HubStore
from gated.store.roster_table import read_table
from tests.support.hub_command import write_config
from tests.support.office import hub_config
from tests.support.people import line, person, ref_of, write_table

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("GATED_HUB_CONFIG", str(write_config(tmp_path)))

    def invoke(*words: str) -> Result:
        app = hub_command.app if words[0] == "rollout" else roster_command.app
        return CliRunner().invoke(app, words)

    return invoke


@pytest.fixture
def office(tmp_path: Path, run: Run) -> Iterator[Office]:
    opened = open_office(hub_config(tmp_path))
    yield opened
    opened.database.close()


@pytest.fixture
def table(tmp_path: Path, run: Run) -> Path:
    path = write_table(tmp_path / "people.csv", *map(line, range(12)))
    assert run("push", str(path), "--yes").exit_code == 0
    return path


def entry(office: Office, index: int = 3) -> Entry:
    found = Register(office).entry("east", ref_of(office, person(index)))
    assert found is not None
    return found


def test_the_difference_stands_before_the_push(run: Run, table: Path) -> None:
    write_table(table, *map(line, range(1, 12)), line(20), line(21))
    done = run("push", str(table), "--yes")
    assert done.stdout == (
        "adds 2, changes 0, removes 1, unchanged 11\n"
        "revision 2 of east is offered: 3 people changed since the last whole list\n"
    )


def test_without_a_terminal_nothing_is_pushed_unasked(
    run: Run, office: Office, table: Path
) -> None:
    write_table(table, line(1))
    done = run("push", str(table))
    assert (done.exit_code, "add --yes" in done.stderr) == (1, True)
    assert Register(office).count("east") == 12


def test_a_dry_run_only_shows(run: Run, office: Office, table: Path) -> None:
    write_table(table, *map(line, range(14)))
    assert run("push", str(table), "--dry-run").stdout.startswith("adds 2, changes 0")
    assert Register(office).count("east") == 12


def test_a_shrinking_list_wants_the_exact_number(run: Run, office: Office, table: Path) -> None:
    write_table(table, *map(line, range(4)))
    for words in ([], ["--removes", "7"]):
        done = run("push", str(table), "--yes", *words)
        assert (done.exit_code, "removes 8 of 12" in done.stderr) == (1, True)
    assert run("push", str(table), "--yes", "--removes", "8").exit_code == 0
    assert Register(office).count("east") == 4


def test_the_same_table_changes_nothing(run: Run, table: Path) -> None:
    done = run("push", str(table), "--yes")
    assert done.stdout.endswith("nothing to change: revision 1 of east has all of it\n")


def test_a_whole_list_can_be_published_again(run: Run, table: Path) -> None:
    assert "revision 2 of east is offered: 12 persons" in run("push", "--snapshot").stdout
    assert run("push").exit_code == 2
    assert run("push", str(table), "--snapshot").exit_code == 2


def test_a_broken_table_is_shown_cell_by_cell(run: Run, office: Office, table: Path) -> None:
    write_table(table, line(1, category="居明"), line(2, number="110105199001019999"))
    done = run("push", str(table), "--yes")
    assert done.exit_code == 1
    assert "居明" in done.stderr
    assert "110105199001019999" not in done.stderr
    assert Register(office).count("east") == 12


def test_another_site_has_its_own_list(run: Run, office: Office, table: Path) -> None:
    assert (
        "of west is offered: 12 persons"
        in run("push", str(table), "--yes", "--site", "west").stdout
    )
    assert Register(office).count("west") == 12
    done = run("push", str(table), "--yes", "--site", "north")
    assert done.exit_code == 2
    assert "no site 'north'; --site takes one of east, west" in done.stderr


@pytest.mark.parametrize(
    ("words", "holds"),
    [
        ("quarantine --to 2099-01-01", lambda e: _codes(e) == [StatusCode.HOME_QUARANTINE]),
        ("status 密接", lambda e: _codes(e) == [StatusCode.CLOSE_CONTACT]),
        ("arrival-province", lambda e: _codes(e) == [StatusCode.FROM_OTHER_PROVINCE]),
        ("arrival-epidemic", lambda e: _codes(e) == [StatusCode.FROM_EPIDEMIC_AREA]),
        ("medicine", lambda e: _codes(e) == [StatusCode.MEDICINE_BUYER]),
        ("moved-out", lambda e: _codes(e) == [StatusCode.MOVED_OUT]),
        ("released", lambda e: _codes(e) == [StatusCode.RELEASED]),
        ("lost-card", lambda e: e.row.cards[0].state is CredentialState.LOST),
        ("new-card 555", lambda e: e.row.cards[1].number == "555"),
        ("correct --phone 13912345678", lambda e: e.row.phone == "13912345678"),
        ("correct --room 5-1-909", lambda e: (e.row.building, e.row.room) == ("5", "909")),
    ],
)
def test_a_change_is_made_once_and_then_already_so(
    run: Run, office: Office, table: Path, words: str, holds: Callable[[Entry], bool]
) -> None:
    who = person(3).id_number
    done = run("set", who, *words.split())
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("revision 2 of east is offered: ")
    assert who not in done.output
    assert holds(entry(office))
    again = run("set", entry(office).short, *words.split())
    assert again.stdout.startswith("already so: ") or "no such card" in again.stderr


def _codes(found: Entry) -> list[StatusCode]:
    return [status.code for status in found.row.statuses]


def test_a_status_ends_and_an_arrival_is_filed(run: Run, office: Office, table: Path) -> None:
    who = person(3).name
    run("set", who, "arrival-province")
    assert run("set", who, "filed").exit_code == 0
    assert "registered" in entry(office).row.flags
    run("set", who, "status", "from_epidemic_area")
    assert run("set", who, "end", "外省来返").exit_code == 0
    assert _codes(entry(office)) == [StatusCode.FROM_EPIDEMIC_AREA]


def test_the_last_day_of_a_span_is_inside_it(run: Run, office: Office, table: Path) -> None:
    run("set", person(3).phone, "quarantine", "--from", "2099-01-01", "--to", "2099-01-14")
    (status,) = entry(office).row.statuses
    zone = office.site("east").zone
    assert status.start is not None
    assert status.end is not None
    assert str(status.start.astimezone(zone)) == "2099-01-01 00:00:00+08:00"
    assert str(status.end.astimezone(zone)) == "2099-01-15 00:00:00+08:00"


def test_several_people_are_listed_masked(run: Run, table: Path) -> None:
    done = run("set", "3-2-101", "lost-card")
    assert done.exit_code == 1
    assert "4 people are meant" in done.stderr
    assert person(1).name not in done.stderr
    assert person(1).id_number not in done.stderr
    short = done.stderr.splitlines()[1].split()[0]
    assert run("set", short, "lost-card").exit_code == 0


def test_nobody_found_is_one_sentence(run: Run, table: Path) -> None:
    done = run("set", "13800009999", "lost-card")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "nobody on the list of east" in done.stderr
    assert "13800009999" not in done.stderr


def test_somebody_new_is_added(run: Run, office: Office, table: Path) -> None:
    new = person(77)
    words = ["--id", new.id_number, "--name", new.name, "--room", "3-2-101", "--category", "租户"]
    done = run("set", "add", *words, "--card", "4711")
    assert done.stdout.startswith("revision 2 of east")
    found = Register(office).entry("east", ref_of(office, new))
    assert found is not None
    assert (found.row.unit, found.row.category.value, found.origin) == ("2", "tenant", "office")
    again = run("set", "add", *words)
    assert (again.exit_code, "is on the list already" in again.stderr) == (1, True)


@pytest.mark.parametrize(
    "words",
    [
        "3-2-101",
        "x fly",
        "x quarantine now",
        "x new-card",
        "x status",
        "x status ill",
        "x end",
        "x medicine --to yesterday",
        "add lost-card",
        "add --name x",
        "add --name x --category y",
        "add --name x --category resident --room lobby",
    ],
)
def test_what_cannot_be_meant_is_a_question_of_usage(run: Run, table: Path, words: str) -> None:
    done = run("set", *words.split())
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith("error: ")


def test_an_export_is_masked(run: Run, office: Office, table: Path) -> None:
    done = run("export", "--reason", "上墙")
    lines = list(csv.reader(io.StringIO(done.stdout.lstrip("\ufeff"))))
    assert (len(lines), lines[0][0]) == (13, "姓名")
    for index in range(12):
        assert person(index).name not in done.stdout
        assert person(index).id_number not in done.stdout
    row = office.audit.rows("east")[0]
    assert (row.target, row.reason) == ("list, masked", "上墙")


@pytest.mark.parametrize("extra", [(), ("--full",), ("--reason", " ")])
def test_no_list_leaves_without_a_reason_masked_or_not(
    run: Run, office: Office, table: Path, extra: tuple[str, ...]
) -> None:
    before = len(office.audit.rows("east"))
    refused = run("export", *extra)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "an export needs --reason" in refused.stderr
    assert len(office.audit.rows("east")) == before


def test_a_list_that_cannot_be_written_is_said_in_a_sentence(
    run: Run, office: Office, table: Path
) -> None:
    refused = run("export", "--reason", "上墙", "--output", "no/such/folder/list.csv")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "cannot write no/such/folder/list.csv" in refused.stderr
    newest = office.audit.rows("east")[0]
    assert (newest.action, newest.target, newest.result) == (
        "export",
        "list, masked",
        "not written",
    )


def test_a_full_export_can_be_read_again(
    run: Run, office: Office, table: Path, tmp_path: Path
) -> None:
    run("set", person(3).id_number, "quarantine", "--to", "2099-01-01")
    run("set", person(3).id_number, "lost-card")
    run("set", person(3).id_number, "new-card", "555")
    out = tmp_path / "full.csv"
    assert run("export", "--full", "--reason", "move", "--output", str(out)).exit_code == 0
    assert office.audit.rows("east")[0].reason == "move"
    rows = read_table(out, office.site("east").zone).rows
    by_number = {row.id_number: row for row in rows}
    held = Register(office).everyone("east").values()
    assert {e.row.id_number: (e.row.name, e.row.cards) for e in held} == {
        number: (row.name, row.cards) for number, row in by_number.items()
    }
    assert [s.code for s in by_number[person(3).id_number].statuses] == [StatusCode.HOME_QUARANTINE]


def test_an_export_holds_no_formula_and_keeps_to_the_role(
    run: Run, office: Office, table: Path
) -> None:
    run("set", person(3).id_number, "correct", "--name", "=HYPERLINK(1)")
    body, people = export_list(office, Actor("a", Role.OFFICER, "east"), full=True, reason="r")
    assert people == 12
    assert b",'=HYPERLINK(1)," in body
    run("set", person(3).id_number, "quarantine")
    masked, _ = export_list(office, Actor("a", Role.PROPERTY, "east"), full=False, reason="r")
    assert b"home_quarantine" not in masked
    with pytest.raises(ExportRefused):
        export_list(office, Actor("a", Role.PROPERTY, "east"), full=True, reason="r")
    with pytest.raises(ExportRefused):
        export_list(office, Actor("a", Role.AUDITOR, "east"), full=False, reason="r")
    with pytest.raises(ExportRefused, match="reason"):
        export_list(office, Actor("a", Role.PROPERTY, "east"), full=False, reason=" ")


def greet(office: Office, gate: str, **values: object) -> None:
    store = HubStore(office.config.store.url)
    store.greet(gate, {"online": True, "sid": 1, **values})
    store.close()
    with office.database.writing("place a gate") as connection:
        connection.execute(delete(GATE_SITE).where(GATE_SITE.c.gate == gate))
        connection.execute(insert(GATE_SITE).values(gate=gate, site="east", since_ms=1))


def test_the_rollout_says_who_has_what(run: Run, office: Office, table: Path) -> None:
    fetching = {"v": 1, "on": True, "sid": 1, "fetching": {"rev": 1, "have": 3, "n": 9}}
    greet(office, "a", roster_rev=1)
    greet(office, "b", roster_rev=0, status=json.dumps(fetching))
    done = run("rollout", "--json")
    assert done.exit_code == 1
    told = json.loads(done.stdout)
    assert (told["rev"], told["people"], told["arrived"]) == (1, 12, 1)
    a, b = told["gates"]
    assert (a["rev"], a["behind_s"]) == (1, None)
    assert (b["have"], b["of"], b["behind_s"] >= 0) == (3, 9, True)
    assert "1 of 2 gates have it" in run("rollout").stdout


def test_waiting_ends_when_every_gate_has_it(run: Run, office: Office, table: Path) -> None:
    greet(office, "a", roster_rev=0)
    assert run("rollout", "--wait", "0.3").exit_code == 1
    greet(office, "a", roster_rev=1)
    assert run("rollout", "--wait", "9").exit_code == 0
    assert run("rollout", "--site", "west", "--json").exit_code == 0
