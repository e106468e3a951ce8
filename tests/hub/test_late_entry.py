"""Lines from paper keep their own time, are found like any record, and are entered once."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from gated.hub.late_entry import AGE_MAX_MS, LateEntries, LateEntryRefused, PaperLine, refusal
from gated.hub.records import Filter, Records
from gated.hub.roles import Role
from gated.hub.schema_records import LATE_ENTRY, PASSAGE
from tests.support.office import NOON_MS, Desk, open_desk
from tests.support.records import plant_gate
from tests.support.townsfolk import enter, home

HOUR = 3_600_000
LINE = PaperLine("north", NOON_MS - HOUR, "in", "ALLOW", "12-7", name="李大伟", temp_mc=36_600)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = open_desk(tmp_path)
    plant_gate(desk.office, "north")
    plant_gate(desk.office, "far", "west")
    return desk


def refused(desk: Desk, line: PaperLine, role: Role = Role.PROPERTY) -> LateEntryRefused:
    with pytest.raises(LateEntryRefused) as caught:
        LateEntries(desk.office).add(desk.actor(role), line)
    with desk.office.database.reading() as connection:
        stored = connection.execute(select(func.count()).select_from(LATE_ENTRY)).scalar_one()
        passages = connection.execute(select(func.count()).select_from(PASSAGE)).scalar_one()
    assert stored == passages, "both or none"
    return caught.value


def test_a_line_from_paper_is_a_record_under_its_own_time(desk: Desk) -> None:
    anna = enter(desk.office, ("王小明", "3-2-101"))[0]
    line = replace(LINE, person=anna, name="", guard="G7", verdict="CHECK")
    number = LateEntries(desk.office).add(desk.actor(Role.PROPERTY), line)
    (found,) = Records(desk.office).search(desk.actor(), Filter(people=(anna,)), "核查").lines
    record = found.record
    assert (record.key.t_ms, record.key.epoch, record.key.seq) == (line.t_ms, "paper", number)
    assert (record.late, record.certain, record.credential) == (True, True, "paper")
    assert (record.household, record.category) == (home(desk.office, "3-2-101"), "resident")
    assert (record.temp_mc, record.temp_state, record.guard) == (36_600, "typed", "G7")


def test_a_line_is_audited_without_a_name(desk: Desk) -> None:
    anna = enter(desk.office, ("王小明", "3-2-101"))[0]
    entries, actor = LateEntries(desk.office), desk.actor(Role.PROPERTY)
    entries.add(actor, replace(LINE, person=anna))
    entries.add(actor, replace(LINE, paper_no="12-8"))
    rows = [(row.action, row.target, row.result) for row in desk.office.audit.rows("east")]
    assert rows == [
        ("late_entry", "north", "paper line 2"),
        ("late_entry", anna.hex(), "paper line 1"),
    ]


def test_who_is_not_in_the_register_is_kept_sealed(desk: Desk, tmp_path: Path) -> None:
    entries = LateEntries(desk.office)
    line = replace(LINE, document="E12345678", phone="13800001234")
    number = entries.add(desk.actor(Role.PROPERTY), line)
    (person,) = entries.people("east", [number]).values()
    assert (person.name, person.document, person.phone) == ("李大伟", "E12345678", "13800001234")
    assert entries.people("west", [number]) == {}
    desk.office.database.close()
    everything = b"".join(path.read_bytes() for path in tmp_path.glob("hub.db*"))
    assert "李大伟".encode() not in everything
    assert b"E12345678" not in everything
    assert "李大伟" not in repr(line)


def test_the_same_line_of_the_same_sheet_is_taken_once(desk: Desk) -> None:
    entries, actor = LateEntries(desk.office), desk.actor(Role.PROPERTY)
    entries.add(actor, LINE)
    again = refused(desk, replace(LINE, name="王小明"))
    assert (again.code, again.field) == ("twice", "paper_no")
    assert "entry 1" in str(again)
    entries.add(actor, replace(LINE, t_ms=LINE.t_ms + 60_000))
    plant_gate(desk.office, "far", "west")
    entries.add(desk.actor(Role.PROPERTY, "west"), replace(LINE, gate="far"))


@pytest.mark.parametrize("gate", ["far", "nowhere", ""])
def test_a_gate_of_another_site_is_refused(desk: Desk, gate: str) -> None:
    assert refused(desk, replace(LINE, gate=gate)).code == "no_gate"


def test_a_person_of_another_site_is_refused(desk: Desk) -> None:
    stranger = enter(desk.office, ("王小明", "3-2-101"), site="west")[0]
    assert refused(desk, replace(LINE, person=stranger)).code == "no_person"


@pytest.mark.parametrize("role", [Role.AUDITOR])
def test_who_may_not_enter_lines_is_refused(desk: Desk, role: Role) -> None:
    assert refused(desk, LINE, role).code == "no_right"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"t_ms": NOON_MS + 1}, "future"),
        ({"t_ms": NOON_MS - AGE_MAX_MS - 1}, "too_old"),
        ({"direction": "up"}, "direction"),
        ({"verdict": "MAYBE"}, "verdict"),
        ({"temp_mc": 29_999}, "temperature"),
        ({"temp_mc": 45_001}, "temperature"),
        ({"paper_no": ""}, "paper_no"),
        ({"paper_no": "第三页"}, "paper_no"),
        ({"paper_no": "1" * 33}, "paper_no"),
        ({"guard": "老张"}, "guard"),
        ({"name": " "}, "nobody"),
        ({"name": "王" * 65}, "too_long"),
    ],
)
def test_a_wrong_line_is_refused_with_what_to_correct(
    desk: Desk, change: dict[str, object], code: str
) -> None:
    problem = refused(desk, replace(LINE, **change))  # type: ignore[arg-type] - wrong on purpose
    assert problem.code == code
    assert len(str(problem)) > 10
    assert desk.office.audit.rows("east") == []


def test_the_edges_of_time_and_temperature_are_taken(desk: Desk) -> None:
    for t_ms in (NOON_MS, NOON_MS - AGE_MAX_MS):
        assert refusal(replace(LINE, t_ms=t_ms), NOON_MS) is None
    for temp_mc in (30_000, 45_000, None):
        assert refusal(replace(LINE, temp_mc=temp_mc), NOON_MS) is None


@given(st.text(max_size=40), st.text(max_size=20), st.text(max_size=70), st.integers(-5, 5))
def test_any_line_is_taken_or_refused_without_repeating_who_it_was(
    paper_no: str, guard: str, name: str, minutes: int
) -> None:
    line = replace(
        LINE, paper_no=paper_no, guard=guard, name=f"{name}\u7532\u4e59", t_ms=NOON_MS + minutes
    )
    problem = refusal(line, NOON_MS)
    assert problem is None or "\u7532\u4e59" not in str(problem)
    assert (problem is None) <= (minutes <= 0)
