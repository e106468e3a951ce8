"""A trace from the tables is what brute force over the same rows finds, and says what is missing."""

from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import event, insert, text

from gated.core.model import Category
from gated.hub.roles import Role
from gated.hub.schema_records import PASSAGE
from gated.hub.trace import MINUTE_MS
from gated.hub.trace_query import Question, Trace, Tracer, TraceRefused, own_query
from tests.support.effort import examples
from tests.support.office import NOON_MS, Desk, open_desk
from tests.support.records import passage_values, plant, plant_gate
from tests.support.townsfolk import enter, home

HOUR = 60 * MINUTE_MS


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return open_desk(tmp_path)


def trace(desk: Desk, person: bytes, minutes: int = 10, gate: str = "") -> Trace:
    """Trace from an hour before to an hour after noon."""
    question = Question(person, NOON_MS - HOUR, NOON_MS + HOUR, minutes * MINUTE_MS, gate)
    return Tracer(desk.office).trace(desk.actor(), question, "密接排查")


def pass_at(desk: Desk, person: bytes | None, minute: float, **more: object) -> None:
    """Somebody passes at the north gate so many minutes after noon; more: other columns."""
    values = {"gate": "north"} | more
    t_ms = NOON_MS + round(minute * MINUTE_MS)
    plant(desk.office, t_ms=t_ms, person=person, **values)  # type: ignore[arg-type] - as the test says


def test_who_passed_the_same_gate_within_the_window_is_found(desk: Desk) -> None:
    anna, bert, carl, dora = enter(
        desk.office,
        ("王小明", "1-1-101"),
        ("李华", "1-1-102"),
        ("张三", "1-1-103"),
        ("赵四", "1-1-104"),
    )
    pass_at(desk, anna, 0)
    pass_at(desk, anna, 30, direction="out", gate="south")
    pass_at(desk, bert, -4)
    pass_at(desk, carl, 37, gate="south", direction="out")
    pass_at(desk, dora, 37)
    pass_at(desk, dora, 11)
    pass_at(desk, None, 2)
    found = trace(desk, anna)
    assert [(one.gate, one.direction) for one in found.own] == [("north", "in"), ("south", "out")]
    assert [(c.person, c.nearest.gap_ms // MINUTE_MS) for c in found.contacts] == [
        (bert, -4),
        (carl, 7),
    ]
    assert [(one.gate, one.start_ms) for one in found.unknown] == [
        ("north", NOON_MS + 2 * MINUTE_MS)
    ]
    assert found.people() == {anna, bert, carl}
    plant_gate(desk.office, "south")
    at_south = trace(desk, anna, gate="south")
    assert [c.person for c in at_south.contacts] == [carl]


def test_a_gate_of_another_site_is_refused_like_one_that_does_not_exist(desk: Desk) -> None:
    (anna,) = enter(desk.office, ("王小明", "1-1-101"))
    plant_gate(desk.office, "north")
    plant_gate(desk.office, "west-1", site="west")
    said = []
    for gate in ("west-1", "nowhere"):
        with pytest.raises(TraceRefused) as refused:
            trace(desk, anna, gate=gate)
        assert refused.value.code == "bad_gate"
        said.append(str(refused.value).replace(gate, "GATE"))
    assert said == ["site east has no gate 'GATE'; its gates are north"] * 2
    assert desk.office.audit.rows("east") == []


def test_one_visit_of_several_rows_is_one_meeting(desk: Desk) -> None:
    anna, bert = enter(desk.office, ("王小明", "1-1-101"), ("李华", "1-1-102"))
    pass_at(desk, anna, 0, seq=1, verdict="CHECK")
    pass_at(desk, anna, 1, seq=2, of_seq=1)
    pass_at(desk, bert, 10.5, seq=3, verdict="CHECK")
    pass_at(desk, bert, 11.5, seq=4, of_seq=3, verdict="STOP")
    (contact,) = trace(desk, anna).contacts
    (meeting,) = contact.meetings
    assert (meeting.own.verdict, meeting.other.verdict) == ("ALLOW", "STOP")
    assert meeting.gap_ms == 9.5 * MINUTE_MS


def test_a_visit_is_whoever_it_turned_out_to_be(desk: Desk) -> None:
    anna, bert = enter(desk.office, ("王小明", "1-1-101"), ("李华", "1-1-102"))
    pass_at(desk, None, 0, seq=1)
    pass_at(desk, anna, 1, seq=2, of_seq=1)
    pass_at(desk, None, 5, seq=3)
    pass_at(desk, bert, 6, seq=4, of_seq=3)
    found = trace(desk, anna)
    assert [c.person for c in found.contacts] == [bert]
    assert found.unknown == ()


def test_the_time_before_the_credential_was_read_belongs_to_the_visit(desk: Desk) -> None:
    anna, bert, carl = enter(
        desk.office, ("王小明", "1-1-101"), ("李华", "1-1-102"), ("张三", "1-1-103")
    )
    pass_at(desk, None, 0, seq=1, verdict="CHECK")
    pass_at(desk, anna, 2, seq=2, of_seq=1)
    pass_at(desk, bert, -10, seq=3)
    pass_at(desk, carl, -10.1, seq=4)
    found = trace(desk, anna)
    assert [(one.start_ms, one.person) for one in found.own] == [(NOON_MS, anna)]
    assert [(c.person, c.nearest.gap_ms) for c in found.contacts] == [(bert, -10 * MINUTE_MS)]
    assert found.unknown == ()


def test_a_visit_that_began_before_the_end_and_was_known_after_it_counts(desk: Desk) -> None:
    anna, bert = enter(desk.office, ("王小明", "1-1-101"), ("李华", "1-1-102"))
    pass_at(desk, None, 59.9, seq=1)
    pass_at(desk, anna, 60.5, seq=2, of_seq=1)
    pass_at(desk, anna, 61, seq=3)
    pass_at(desk, bert, 58, seq=4)
    found = trace(desk, anna)
    assert [one.seq for one in found.own] == [1]
    assert [c.person for c in found.contacts] == [bert]


def test_whoever_else_is_named_in_a_visit_does_not_take_it_from_the_traced_person(
    desk: Desk,
) -> None:
    anna, bert = enter(desk.office, ("王小明", "1-1-101"), ("李华", "1-1-102"))
    pass_at(desk, anna, 0, seq=1)
    pass_at(desk, bert, 1, seq=2, of_seq=1)
    pass_at(desk, bert, 5, seq=3)
    found = trace(desk, anna)
    assert [(one.person, one.end_ms) for one in found.own] == [(anna, NOON_MS + MINUTE_MS)]
    assert [c.person for c in found.contacts] == [bert]


def test_household_visitors_and_hosts_are_listed_with_their_times(desk: Desk) -> None:
    anna, wife, son = enter(
        desk.office, ("王小明", "1-1-101"), ("刘芳", "1-1-101"), ("王小", "1-1-101")
    )
    guest = enter(desk.office, ("赵四", "1-1-101"), category=Category.VISITOR, first=10)[0]
    host = enter(desk.office, ("孙六", "2-1-301"), first=20)[0]
    room, other = home(desk.office, "1-1-101"), home(desk.office, "2-1-301")
    pass_at(desk, anna, 0, household=room)
    pass_at(desk, anna, 5, household=other, category="visitor")
    pass_at(desk, wife, 3, household=room)
    pass_at(desk, wife, 45, household=room, direction="out")
    pass_at(desk, wife, 61, household=room)
    pass_at(desk, guest, -50, household=room, category="visitor")
    found = trace(desk, anna)
    assert {one.person: len(one.passages) for one in found.household} == {wife: 2, son: 0}
    assert [(one.person, len(one.passages)) for one in found.visitors] == [(guest, 1)]
    (visit,) = found.hosts
    assert (visit.household, visit.members) == (other, (host,))
    assert [one.start_ms for one in visit.visits] == [NOON_MS + 5 * MINUTE_MS]
    assert [(c.person, c.household) for c in found.contacts] == [(wife, True)]


def test_a_visitors_host_is_known_from_the_register(desk: Desk) -> None:
    guest = enter(desk.office, ("赵四", "1-1-101"), category=Category.VISITOR)[0]
    host = enter(desk.office, ("孙六", "1-1-101"), first=20)[0]
    found = trace(desk, guest)
    assert [one.members for one in found.hosts] == [(host,)]
    assert found.household == ()


def test_an_unsure_clock_is_searched_by_its_span_and_marked(desk: Desk) -> None:
    anna, bert, carl = enter(
        desk.office, ("王小明", "1-1-101"), ("李华", "1-1-102"), ("张三", "1-1-103")
    )
    pass_at(desk, anna, 0)
    day = 24 * HOUR
    pass_at(desk, bert, 9_999, certain=False, lo_ms=NOON_MS - day, hi_ms=NOON_MS + day)
    pass_at(desk, carl, 5, certain=False, lo_ms=NOON_MS + HOUR, hi_ms=NOON_MS + day)
    (contact,) = trace(desk, anna).contacts
    assert (contact.person, contact.certain) == (bert, False)


def test_of_a_passage_at_an_unsure_time_only_the_part_that_was_asked_counts(desk: Desk) -> None:
    anna, bert, carl = enter(
        desk.office, ("王小明", "1-1-101"), ("李华", "1-1-102"), ("张三", "1-1-103")
    )
    day = 24 * HOUR
    pass_at(desk, anna, 0, certain=False, lo_ms=NOON_MS - day, hi_ms=NOON_MS + day)
    pass_at(desk, bert, 55)
    pass_at(desk, carl, 75)
    assert [c.person for c in trace(desk, anna).contacts] == [bert]


def test_who_passes_the_other_lane_of_the_same_gate_is_met(desk: Desk) -> None:
    anna, bert = enter(desk.office, ("王小明", "1-1-101"), ("李华", "1-1-102"))
    for gate in ("north", "north-out"):
        plant_gate(desk.office, gate, place="north", seen_ms=desk.clock.now_ms)
    plant_gate(desk.office, "south", online=False, seen_ms=NOON_MS - HOUR, last=9)
    pass_at(desk, anna, -9)
    pass_at(desk, bert, -6, gate="north-out", direction="out")
    found = trace(desk, anna, gate="north")
    assert [(c.person, c.nearest.other.gate) for c in found.contacts] == [(bert, "north-out")]
    assert found.incomplete == ()
    plant_gate(desk.office, "north-out", place="north", online=False, last=3)
    assert [one.gate for one in trace(desk, anna, gate="north").incomplete] == ["north-out"]


def test_another_site_is_not_looked_at(desk: Desk) -> None:
    anna = enter(desk.office, ("王小明", "1-1-101"))[0]
    bert = enter(desk.office, ("李华", "1-1-102"), site="west")[0]
    pass_at(desk, anna, 0)
    pass_at(desk, bert, 1, site="west")
    pass_at(desk, anna, 5, site="west")
    plant_gate(desk.office, "far", "west", last=5)
    found = trace(desk, anna)
    assert (len(found.own), found.contacts, found.incomplete) == (1, (), ())


def test_gates_that_owe_records_are_named(desk: Desk) -> None:
    anna = enter(desk.office, ("王小明", "1-1-101"))[0]
    plant_gate(desk.office, "north", online=True, seen_ms=desk.clock.now_ms)
    plant_gate(desk.office, "south", online=False, seen_ms=NOON_MS - HOUR, last=9)
    assert [(one.gate, one.missing) for one in trace(desk, anna).incomplete] == [("south", 9)]
    assert trace(desk, anna, gate="north").incomplete == ()


def test_a_trace_is_audited_with_its_reason_and_what_came_of_it(desk: Desk) -> None:
    anna = enter(desk.office, ("王小明", "1-1-101"))[0]
    plant_gate(desk.office, "south", online=False, seen_ms=1, last=9)
    trace(desk, anna)
    (row,) = desk.office.audit.rows("east")
    assert (row.action, row.target, row.reason) == ("trace", anna.hex(), "密接排查")
    assert row.result == "0 contacts, 1 gates incomplete"


@pytest.mark.parametrize(
    ("change", "role", "reason", "code"),
    [
        ({}, Role.PROPERTY, "排查", "no_right"),
        ({}, Role.OFFICER, " ", "no_reason"),
        ({"end_ms": NOON_MS}, Role.OFFICER, "排查", "no_span"),
        ({"end_ms": NOON_MS + 191 * 24 * HOUR}, Role.OFFICER, "排查", "too_long"),
        ({"within_ms": -1}, Role.OFFICER, "排查", "bad_window"),
        ({"within_ms": 241 * MINUTE_MS}, Role.OFFICER, "排查", "bad_window"),
    ],
)
def test_what_may_not_be_traced_is_refused_and_not_audited(
    desk: Desk, change: dict[str, int], role: Role, reason: str, code: str
) -> None:
    values = {"start_ms": NOON_MS, "end_ms": NOON_MS + 1, "within_ms": 1} | change
    with pytest.raises(TraceRefused) as caught:
        Tracer(desk.office).trace(desk.actor(role), Question(b"x" * 16, **values), reason)
    assert caught.value.code == code
    assert desk.office.audit.rows("east") == []


people = st.sampled_from([b"a" * 16, b"b" * 16, b"c" * 16, None])
rows = st.lists(
    st.tuples(people, st.sampled_from("ns"), st.integers(-75, 75), st.integers(0, 3)), max_size=12
)


@given(rows, st.integers(0, 20))
@settings(
    max_examples=examples(40),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_the_tables_give_what_brute_force_gives(
    desk: Desk, planted: list[tuple[bytes | None, str, int, int]], minutes: int
) -> None:
    """Spans of 0, or when unsure of 20 to 60 minutes to both sides."""
    values = []
    for person, gate, minute, unsure in planted:
        t_ms, reach = NOON_MS + minute * MINUTE_MS, unsure * 20 * MINUTE_MS
        span = {"certain": unsure == 0, "lo_ms": t_ms - reach, "hi_ms": t_ms + reach}
        values.append(passage_values(gate=gate, t_ms=t_ms, person=person, **span))
    with desk.office.database.writing("plant") as connection:
        connection.execute(text("DELETE FROM passage"))
        if values:
            connection.execute(insert(PASSAGE), values)
    found = trace(desk, b"a" * 16, minutes)
    expected = set()
    for mine in values:
        lo = max(mine["lo_ms"], NOON_MS - HOUR)
        hi = min(mine["hi_ms"], NOON_MS + HOUR - 1)
        for other in values:
            if mine["person"] != b"a" * 16 or other["person"] == b"a" * 16 or lo > hi:
                continue
            apart = max(other["lo_ms"] - hi, lo - other["hi_ms"])
            if mine["gate"] == other["gate"] and apart <= minutes * MINUTE_MS:
                expected.add((other["person"], mine["seq"], other["seq"]))
    met = [(c.person, m.own.seq, m.other.seq) for c in found.contacts for m in c.meetings]
    assert len(met) == len(set(met))
    assert set(met) == {one for one in expected if one[0] is not None}
    assert {one.seq for one in found.unknown} == {o for p, _, o in expected if p is None}


def test_somebodys_passages_are_found_by_an_index(desk: Desk) -> None:
    query = own_query("east", Question(b"x" * 16, 1, 2, 3))
    with desk.office.database.reading() as connection:
        spoken = query.compile(connection, compile_kwargs={"literal_binds": True})
        plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {spoken}")]
    assert all("SCAN" not in step for step in plan), plan
    assert any("passage_person" in step for step in plan), plan


def test_the_other_rows_of_somebodys_visits_are_found_by_the_key(desk: Desk) -> None:
    anna = enter(desk.office, ("王小明", "1-1-101"))[0]
    for number in range(1, 300, 2):
        pass_at(desk, None, number / 10, seq=number)
        pass_at(desk, anna, number / 10, seq=number + 1, of_seq=number)
    spoken: list[str] = []

    def note(_: object, __: object, statement: str, parameters: object, *rest: object) -> None:
        if "BETWEEN" in statement:
            spoken.append(statement)
            cursor.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
            spoken.extend(row[3] for row in cursor.fetchall())

    with desk.office.database.reading() as connection:
        engine = connection.engine
    cursor = engine.raw_connection().cursor()
    event.listen(engine, "before_cursor_execute", note)
    assert len(trace(desk, anna).own) == 150
    steps = [step for step in spoken if "passage" in step and "SELECT" not in step]
    assert len(steps) >= 150
    assert all("PRIMARY KEY" in step for step in steps), steps
