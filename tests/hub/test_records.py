"""Records are found by every filter, page by page, masked, audited, and within their site."""

from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import delete, insert, text

from gated.core.model import Category
from gated.hub.records import PAGE, Filter, Found, Key, Records, SearchRefused, search_query
from gated.hub.roles import Role
from gated.hub.schema_records import PASSAGE
from tests.support.effort import examples
from tests.support.office import NOON_MS, Desk, open_desk
from tests.support.records import passage_values, plant, plant_gate
from tests.support.townsfolk import enter, home

MINUTE = 60_000


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return open_desk(tmp_path)


def search(
    desk: Desk, role: Role = Role.OFFICER, after: Key | None = None, **wanted: object
) -> Found:
    """Search at east; wanted: fields of a Filter."""
    filters = Filter(**wanted)  # type: ignore[arg-type] - as the test says
    return Records(desk.office).search(desk.actor(role), filters, "通行核查", after=after)


def seqs(found: Found) -> list[int]:
    return [line.record.key.seq for line in found.lines]


def test_records_come_newest_first_and_masked(desk: Desk) -> None:
    anna, bert = enter(desk.office, ("王小明", "3-2-101"), ("李华", "3-2-102"))
    plant(desk.office, gate="north", t_ms=NOON_MS, person=anna, seq=1, temp_mc=36_500)
    plant(desk.office, gate="north", t_ms=NOON_MS + MINUTE, person=bert, seq=2)
    plant(desk.office, gate="north", t_ms=NOON_MS + 2 * MINUTE, seq=3)
    stranger, second, first = search(desk).lines
    assert (stranger.shown, stranger.record.category) == (None, "unknown")
    assert second.shown is not None
    assert first.shown is not None
    assert (first.shown.name, first.shown.room, second.shown.name) == ("王*明", "3-2-1**", "李*")
    assert first.record.temp_mc == 36_500


def test_every_filter_finds_its_own(desk: Desk) -> None:
    anna, bert = enter(desk.office, ("王小明", "3-2-101"), ("李华", "3-2-102"))
    rooms = [home(desk.office, "3-2-101"), home(desk.office, "3-2-102")]
    base = {"person": anna, "household": rooms[0]}
    plant(desk.office, gate="north", t_ms=NOON_MS, seq=1, **base)
    plant(desk.office, gate="south", t_ms=NOON_MS + 1, seq=2, **base)
    plant(desk.office, gate="north", t_ms=NOON_MS + 2, person=bert, household=rooms[1], seq=3)
    plant(desk.office, gate="north", t_ms=NOON_MS + 3, seq=4, verdict="STOP", reason="TEMP_HIGH")
    for gate in ("north", "south"):
        plant_gate(desk.office, gate)
    assert seqs(search(desk)) == [4, 3, 2, 1]
    assert seqs(search(desk, people=(anna,))) == [2, 1]
    assert seqs(search(desk, people=(anna, bert))) == [3, 2, 1]
    assert seqs(search(desk, household=rooms[1])) == [3]
    assert seqs(search(desk, gate="south")) == [2]
    assert seqs(search(desk, verdict="STOP")) == [4]
    assert seqs(search(desk, reason="OK_RESIDENT")) == [3, 2, 1]
    assert seqs(search(desk, start_ms=NOON_MS + 1, end_ms=NOON_MS + 3)) == [3, 2]
    assert seqs(search(desk, people=(anna,), gate="north", verdict="ALLOW")) == [1]
    assert seqs(search(desk, people=(anna,), verdict="STOP")) == []


def test_pages_follow_each_other_although_records_arrive_in_between(desk: Desk) -> None:
    for seq in range(1, PAGE * 2 + 11):
        plant(desk.office, gate="north", t_ms=NOON_MS + seq // 7, seq=seq)
    first = search(desk)
    plant(desk.office, gate="north", t_ms=NOON_MS + 99_999, seq=999)
    second = search(desk, after=first.after)
    third = search(desk, after=second.after)
    assert [len(one.lines) for one in (first, second, third)] == [PAGE, PAGE, 10]
    assert third.after is None
    assert seqs(first) + seqs(second) + seqs(third) == list(range(PAGE * 2 + 10, 0, -1))


def test_a_full_last_page_says_that_it_is_the_last(desk: Desk) -> None:
    for seq in range(1, PAGE + 1):
        plant(desk.office, gate="north", t_ms=NOON_MS, seq=seq)
    assert search(desk).after is None


@given(
    st.lists(st.tuples(st.integers(0, 3), st.sampled_from("ns")), min_size=1, max_size=8),
    st.integers(0, 7),
)
@settings(
    max_examples=examples(15),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_a_page_begins_right_behind_any_record(
    desk: Desk, rows: list[tuple[int, str]], cut: int
) -> None:
    with desk.office.database.writing("forget") as connection:
        connection.execute(text("DELETE FROM passage"))
    keys = [
        plant(desk.office, gate=gate, t_ms=NOON_MS + t, seq=seq)
        for seq, (t, gate) in enumerate(rows, 1)
    ]
    times = {key: NOON_MS + t for key, (t, _) in zip(keys, rows, strict=True)}
    ordered = sorted((Key(times[k], *k) for k in keys), key=lambda k: (k.t_ms, k.gate, k.seq))
    ordered.reverse()
    found = [line.record.key for line in search(desk, after=ordered[cut % len(ordered)]).lines]
    assert found == ordered[cut % len(ordered) + 1 :]


def test_a_person_of_no_room_is_in_no_room(desk: Desk) -> None:
    anna = enter(desk.office, ("王小明", "3-2-101"))[0]
    room = home(desk.office, "3-2-102")
    plant(desk.office, gate="north", t_ms=NOON_MS, person=anna, household=None, seq=1)
    plant(desk.office, gate="north", t_ms=NOON_MS, person=anna, household=room, seq=2)
    assert seqs(search(desk, people=(anna,), household=room)) == [2]


def test_a_record_whose_time_is_not_sure_is_found_wherever_it_may_lie(desk: Desk) -> None:
    unsure = {"gate": "north", "certain": False, "lo_ms": NOON_MS, "hi_ms": NOON_MS + 10}
    plant(desk.office, t_ms=NOON_MS + 50, seq=1, **unsure)  # type: ignore[arg-type] - as planted
    plant(desk.office, gate="north", t_ms=NOON_MS + 7, seq=2)
    plant(desk.office, gate="north", t_ms=NOON_MS + 50, seq=3)
    assert seqs(search(desk, start_ms=NOON_MS + 10, end_ms=NOON_MS + 20)) == [1]
    assert seqs(search(desk, start_ms=NOON_MS + 5, end_ms=NOON_MS + 8)) == [1, 2]
    assert seqs(search(desk, start_ms=NOON_MS + 11, end_ms=NOON_MS + 50)) == []
    assert seqs(search(desk, end_ms=NOON_MS)) == []
    assert seqs(search(desk, end_ms=NOON_MS + 1)) == [1]
    assert seqs(search(desk, start_ms=NOON_MS + 11)) == [3, 1], "where it is believed to lie, too"


MOMENTS = st.integers(0, 12)


@given(
    rows=st.lists(st.tuples(MOMENTS, MOMENTS, MOMENTS, st.booleans()), max_size=12),
    span=st.tuples(st.none() | MOMENTS, st.none() | MOMENTS),
    verdict=st.sampled_from(["", "ALLOW"]),
    people=st.sampled_from([(), (b"a" * 16,), (b"a" * 16, b"b" * 16)]),
    size=st.integers(1, 4),
)
@settings(
    max_examples=examples(60),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_pages_of_a_span_are_what_the_definition_says(
    desk: Desk,
    rows: list[tuple[int, int, int, bool]],
    span: tuple[int | None, int | None],
    verdict: str,
    people: tuple[bytes, ...],
    size: int,
) -> None:
    """Whatever overlaps the span comes once, newest first, across pages of any size."""
    start, end = span
    values = [
        passage_values(
            gate="ns"[seq % 2], t_ms=t, lo_ms=min(a, b), hi_ms=max(a, b), certain=False, seq=seq,
            person=b"ab"[seq % 2 : seq % 2 + 1] * 16,
        ) if unsure else passage_values(gate="n", t_ms=t, seq=seq, person=b"a" * 16)
        for seq, (t, a, b, unsure) in enumerate(rows, 1)
    ]  # fmt: skip
    with desk.office.database.writing("plant") as connection:
        connection.execute(delete(PASSAGE))
        if values:
            connection.execute(insert(PASSAGE), values)

    def lies(row: dict[str, Any]) -> bool:
        late, soon = (start is None or row["hi_ms"] >= start), (end is None or row["lo_ms"] < end)
        believed = (start is None or row["t_ms"] >= start) and (end is None or row["t_ms"] < end)
        return believed or (not row["certain"] and late and soon)

    wanted = [row for row in values if lies(row) and (not people or row["person"] in people)]
    keys = sorted((row["t_ms"], row["gate"], row["epoch"], row["seq"]) for row in wanted)
    filters = Filter(people=people, verdict=verdict, start_ms=start, end_ms=end)
    found: list[tuple[int, str, str, int]] = []
    after = None
    with desk.office.database.reading() as connection:
        while True:
            query = search_query("east", filters, after, size)
            page = [tuple(row[:4]) for row in connection.execute(query)]
            found += page  # type: ignore[arg-type] - a key
            if len(page) < size:
                break
            after = Key(*page[-1])
    assert found == keys[::-1]


def test_another_sites_records_are_not_there(desk: Desk) -> None:
    anna = enter(desk.office, ("王小明", "3-2-101"))[0]
    plant(desk.office, gate="far", t_ms=NOON_MS, site="west", person=anna, seq=1)
    assert search(desk).lines == ()
    with pytest.raises(SearchRefused, match="no such gate"):
        search(desk, gate="far")
    assert search(desk, people=(anna,)).lines == ()
    found = Records(desk.office).search(desk.actor(site="west"), Filter(), "核查")
    assert [line.shown for line in found.lines] == [None], "nor are its people known there"


def test_every_search_is_audited_by_pseudonym_with_its_reason(desk: Desk) -> None:
    anna, bert = enter(desk.office, ("王小明", "3-2-101"), ("李华", "3-2-102"))
    room = home(desk.office, "3-2-101")
    plant(desk.office, gate="north", t_ms=NOON_MS, person=anna)
    plant_gate(desk.office, "north")
    search(desk)
    search(desk, gate="north")
    search(desk, people=(anna, bert))
    search(desk, household=room)
    rows = [(r.action, r.target, r.reason, r.result) for r in desk.office.audit.rows("east")]
    assert rows[::-1] == [
        ("search", "", "通行核查", "1 records"),
        ("search", "north", "通行核查", "1 records"),
        ("look_up", anna.hex(), "通行核查", "1 records"),
        ("look_up", bert.hex(), "通行核查", "1 records"),
        ("look_up", room.hex(), "通行核查", "0 records"),
    ]


@pytest.mark.parametrize(
    ("wanted", "role", "reason", "code"),
    [
        (Filter(), Role.AUDITOR, "核查", "no_right"),
        (Filter(), Role.PROPERTY, "  ", "no_reason"),
        (Filter(people=(b"x" * 16,) * 51), Role.OFFICER, "核查", "too_many"),
        (Filter(start_ms=5, end_ms=5), Role.OFFICER, "核查", "no_span"),
        (Filter(reason="STAT_CONFIRMED"), Role.PROPERTY, "核查", "bad_reason"),
        (Filter(reason="TEMP_HIGH"), Role.PROPERTY, "核查", "bad_reason"),
        (Filter(reason="nonsense"), Role.OFFICER, "核查", "bad_reason"),
        (Filter(gate="王小明 13800138000"), Role.OFFICER, "核查", "no_gate"),
    ],
)
def test_a_search_that_may_not_be_is_refused_and_looks_at_nothing(
    desk: Desk, wanted: Filter, role: Role, reason: str, code: str
) -> None:
    with pytest.raises(SearchRefused) as caught:
        Records(desk.office).search(desk.actor(role), wanted, reason)
    assert caught.value.code == code
    assert desk.office.audit.rows("east") == []


def test_a_property_office_is_not_told_a_health_status(desk: Desk) -> None:
    plant(desk.office, gate="north", t_ms=NOON_MS, verdict="STOP", reason="STAT_CONFIRMED")
    assert [line.record.reason for line in search(desk, Role.PROPERTY).lines] == ["STAT_*"]
    assert [line.record.reason for line in search(desk, Role.OFFICER).lines] == ["STAT_CONFIRMED"]
    assert len(search(desk, reason="STAT_CONFIRMED").lines) == 1


def test_marks_of_a_record_are_kept(desk: Desk) -> None:
    visitor = enter(desk.office, ("赵四", "3-2-101"), category=Category.VISITOR)[0]
    more = {"category": "visitor", "of_seq": 1, "late": True, "shadow": True, "guard": "G7"}
    plant(desk.office, gate="north", t_ms=NOON_MS, person=visitor, certain=False, seq=2, **more)
    (record,) = [line.record for line in search(desk).lines]
    assert (record.follow_up, record.late, record.shadow, record.certain) == (
        True,
        True,
        True,
        False,
    )
    assert (record.guard, record.category) == ("G7", "visitor")


FILTERS = {
    "everything": Filter(),
    "person": Filter(people=(b"x" * 16,)),
    "people": Filter(people=(b"x" * 16, b"y" * 16)),
    "room": Filter(household=b"x" * 16),
    "gate": Filter(gate="north"),
    "time": Filter(start_ms=1, end_ms=2),
    "verdict": Filter(verdict="STOP"),
    "reason": Filter(reason="TEMP_HIGH"),
    "verdict and reason": Filter(verdict="STOP", reason="OK_RESIDENT"),
    "gate and verdict": Filter(gate="north", verdict="STOP"),
    "gate, time and reason": Filter(gate="north", reason="TEMP_HIGH", start_ms=1, end_ms=9),
    "person and time": Filter(people=(b"x" * 16,), start_ms=1, end_ms=9),
    "people and time": Filter(people=(b"x" * 16, b"y" * 16), start_ms=1),
    "room and time": Filter(household=b"x" * 16, end_ms=9),
    "gate and time": Filter(gate="north", start_ms=1),
    "person and gate": Filter(people=(b"x" * 16,), gate="north"),
}


INDICES = {
    "person": "passage_person",
    "people": "passage_person",
    "person and time": "passage_person",
    "people and time": "passage_person",
    "room and time": "passage_household",
    "gate and time": "passage_gate",
    "person and gate": "passage_person",
    "room": "passage_household",
    "gate": "passage_gate",
    "verdict": "COVERING INDEX passage_verdict",
    "reason": "COVERING INDEX passage_reason",
    "gate and verdict": "COVERING INDEX passage_verdict",
    "gate, time and reason": "COVERING INDEX passage_reason",
    "verdict and reason": "COVERING INDEX passage_reason",
}


@pytest.mark.parametrize("name", sorted(FILTERS))
@pytest.mark.parametrize("after", [None, Key(5, "north", "e", 7)])
def test_every_search_is_served_by_the_index_of_its_best_filter(
    desk: Desk, name: str, after: Key | None
) -> None:
    query = search_query("east", FILTERS[name], after)
    with desk.office.database.reading() as connection:
        spoken = query.compile(connection, compile_kwargs={"literal_binds": True})
        plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {spoken}")]
    assert not [step for step in plan if step.startswith("SCAN passage")], plan
    unsure = "passage_person" if "pe" in name else INDICES.get(name, "passage_span")
    if name in {"time", "gate and time", "gate, time and reason"}:
        unsure = "passage_span"
    assert any(unsure in step for step in plan) or "time" not in name, plan
    assert any("PRIMARY KEY (gate=? AND epoch=? AND seq=?)" in step for step in plan), plan
    assert any(INDICES.get(name, "passage_site") in step for step in plan), plan
