"""Which gates are named as incomplete, over real rows of gate, cursor, projected and passage."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert

from gated.hub.completeness import FRESH_MS, IncompleteGate, incomplete
from gated.hub.office import Office
from gated.hub.schema import CURSOR, GATE
from gated.hub.schema_records import GATE_LOG, GATE_SITE, PASSAGE, PROJECTED
from tests.support.office import NOON_MS, open_desk

MINUTE_MS = 60_000


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    desk = open_desk(tmp_path)
    yield desk.office
    desk.office.database.close()


def plant(
    office: Office,
    gate: str = "east-1",
    *,
    site: str | None = "east",
    online: bool = True,
    seen_ms: int | None = NOON_MS,
    last: int = 10,
    upto: int = 10,
    searchable: int | None = None,
    beyond: int = 0,
) -> None:
    """A gate as the hub's worker and the projector leave it. seen_ms None: never connected."""
    with office.database.writing("plant a gate") as connection:
        if site is not None:
            row = {"gate": gate, "site": site, "name": f"门{gate}", "since_ms": 1}
            connection.execute(insert(GATE_SITE).values(**row))
        if seen_ms is None:
            return
        connection.execute(
            insert(GATE).values(gate=gate, online=online, seen_ms=seen_ms, epoch="e1", last=last)
        )
        ranges = [[1, upto + 1]] + ([[beyond, beyond + 1]] if beyond else [])
        connection.execute(
            insert(CURSOR).values(
                gate=gate, epoch="e1", ranges=json.dumps(ranges), upto=upto, head=bytes(32)
            )
        )
        done = upto if searchable is None else searchable
        connection.execute(insert(PROJECTED).values(gate=gate, epoch="e1", upto=done))


def plant_passage(
    office: Office, seq: int, t_ms: int, *, certain: bool = True, epoch: str = "e1"
) -> None:
    with office.database.writing("plant a passage") as connection:
        connection.execute(
            insert(PASSAGE).values(
                gate="east-1", epoch=epoch, seq=seq, site="east", t_ms=t_ms, lo_ms=t_ms, hi_ms=t_ms,
                certain=certain, direction="in", category="unknown", credential="none",
                verdict="ALLOW", reason="OK_RESIDENT", reasons="[]", temp_state="none",
                late=epoch == "paper", received_ms=t_ms,
            )
        )  # fmt: skip


def asked(
    office: Office, until_ms: int = NOON_MS, gate: str | None = None
) -> list[tuple[str, int | None, bool, int]]:
    found = incomplete(office, "east", until_ms, NOON_MS, gate)
    return [(one.gate, one.upto_ms, one.online, one.missing) for one in found]


def test_a_gate_that_is_here_with_everything_sent_is_complete_up_to_now(office: Office) -> None:
    plant(office)
    assert asked(office) == []


def test_an_offline_gate_is_complete_up_to_its_last_sign_of_life(office: Office) -> None:
    plant(office, online=False, seen_ms=NOON_MS - 5 * MINUTE_MS)
    assert asked(office) == [("east-1", NOON_MS - 5 * MINUTE_MS, False, 0)]
    assert asked(office, NOON_MS - 6 * MINUTE_MS) == []


def test_a_gate_that_fell_silent_counts_as_away(office: Office) -> None:
    plant(office, seen_ms=NOON_MS - FRESH_MS)
    assert asked(office) == [("east-1", NOON_MS - FRESH_MS, False, 0)]


def test_a_gate_heard_of_within_three_minutes_is_there(office: Office) -> None:
    plant(office, seen_ms=NOON_MS - FRESH_MS + 1)
    assert asked(office) == []


def test_a_backlog_makes_the_gate_incomplete_from_its_newest_stored_record(office: Office) -> None:
    plant(office, last=15, upto=10)
    plant_passage(office, 9, NOON_MS - 30 * MINUTE_MS)
    plant_passage(office, 10, NOON_MS - 20 * MINUTE_MS)
    assert asked(office) == [("east-1", NOON_MS - 20 * MINUTE_MS, True, 5)]
    assert asked(office, NOON_MS - 25 * MINUTE_MS) == []


def test_stored_but_not_yet_searchable_records_are_missing_too(office: Office) -> None:
    plant(office, searchable=4)
    assert asked(office) == [("east-1", None, True, 6)]


def plant_earlier(
    office: Office, ranges: list[list[int]], upto: int, searchable: int | None = None
) -> None:
    """The gate had another journal before, of which the hub holds so much."""
    row = {"gate": "east-1", "epoch": "e0", "upto": upto}
    with office.database.writing("plant an earlier epoch") as connection:
        connection.execute(insert(CURSOR).values(ranges=json.dumps(ranges), head=bytes(32), **row))
        if searchable is not None:
            connection.execute(insert(PROJECTED).values(row | {"upto": searchable}))


def test_an_earlier_journal_of_the_gate_that_is_all_here_says_nothing(office: Office) -> None:
    plant(office)
    plant_earlier(office, [[1, 101]], 100, 100)
    assert asked(office) == []


@pytest.mark.parametrize(
    ("ranges", "upto", "searchable", "missing"),
    [
        ([[1, 51], [61, 101]], 50, 50, 50),
        ([[1, 101]], 100, 40, 60),
        ([[1, 101]], 100, None, 100),
        ([[5, 8]], 0, 0, 7),
    ],
    ids=["a hole", "not all searchable", "never projected", "its beginning never came"],
)
def test_what_an_earlier_journal_of_the_gate_lacks_is_missing(
    office: Office, ranges: list[list[int]], upto: int, searchable: int | None, missing: int
) -> None:
    plant(office)
    plant_earlier(office, ranges, upto, searchable)
    assert asked(office) == [("east-1", None, True, missing)]


def test_an_earlier_journal_with_a_hole_is_good_up_to_its_last_searchable_record(
    office: Office,
) -> None:
    plant(office)
    plant_earlier(office, [[1, 4], [6, 7]], 3, 3)
    plant_passage(office, 3, NOON_MS - 30 * MINUTE_MS, epoch="e0")
    plant_passage(office, 1, NOON_MS - 20 * MINUTE_MS)
    assert asked(office) == [("east-1", NOON_MS - 30 * MINUTE_MS, True, 3)]
    assert asked(office, NOON_MS - 30 * MINUTE_MS) == []


@pytest.mark.parametrize(("minutes", "complete"), [(20, True), (21, False)])
def test_an_earlier_journal_lacks_nothing_for_times_after_the_present_one_began(
    office: Office, minutes: int, complete: bool
) -> None:
    plant(office)
    plant_earlier(office, [[1, 4], [6, 7]], 3, 3)
    plant_passage(office, 3, NOON_MS - 30 * MINUTE_MS, epoch="e0")
    plant_passage(office, 1, NOON_MS - 20 * MINUTE_MS)
    start_ms = NOON_MS - minutes * MINUTE_MS
    found = incomplete(office, "east", NOON_MS, NOON_MS, start_ms=start_ms)
    assert (found == []) is complete


def test_an_older_card_put_back_does_not_hide_what_the_newer_one_lacks(office: Office) -> None:
    plant(office)
    plant_earlier(office, [[1, 4], [6, 7]], 3, 3)
    plant_passage(office, 3, NOON_MS - 5 * MINUTE_MS, epoch="e0")
    plant_passage(office, 1, NOON_MS - 60 * MINUTE_MS)
    found = incomplete(office, "east", NOON_MS, NOON_MS, start_ms=NOON_MS - 30 * MINUTE_MS)
    assert [one.upto_ms for one in found] == [NOON_MS - 5 * MINUTE_MS]


def test_a_record_that_overtook_others_tells_of_the_gap(office: Office) -> None:
    plant(office, last=0, upto=10, beyond=13)
    assert asked(office) == [("east-1", None, True, 3)]


def test_a_record_of_uncertain_time_promises_nothing(office: Office) -> None:
    plant(office, last=11, upto=10)
    plant_passage(office, 9, NOON_MS - 20 * MINUTE_MS)
    plant_passage(office, 10, NOON_MS, certain=False)
    assert asked(office) == [("east-1", NOON_MS - 20 * MINUTE_MS, True, 1)]


def test_device_events_promise_as_passages_do(office: Office) -> None:
    plant(office, last=11, upto=10)
    with office.database.writing("plant a device event") as connection:
        row = {"gate": "east-1", "epoch": "e1", "seq": 10, "site": "east", "certain": True}
        more = {"t_ms": NOON_MS - MINUTE_MS, "kind": "device", "fields": "{}"}
        connection.execute(insert(GATE_LOG).values(**row, **more))
    assert asked(office) == [("east-1", NOON_MS - MINUTE_MS, True, 1)]


def test_a_new_card_that_sent_nothing_yet_is_judged_by_the_old_ones_records(office: Office) -> None:
    plant(office, last=3, upto=0, searchable=0)
    plant_passage(office, 50, NOON_MS - 60 * MINUTE_MS, epoch="old")
    plant_passage(office, 1, NOON_MS, epoch="paper")
    assert asked(office) == [("east-1", NOON_MS - 60 * MINUTE_MS, True, 3)]


def test_a_gate_that_never_connected_is_named_with_no_time_at_all(office: Office) -> None:
    plant(office, seen_ms=None)
    assert asked(office) == [("east-1", None, False, 0)]
    assert asked(office, 5) == [("east-1", None, False, 0)]


def test_an_instant_to_come_means_now(office: Office) -> None:
    plant(office)
    assert asked(office, NOON_MS + 60 * MINUTE_MS) == []


def test_only_gates_of_the_site_and_only_the_one_asked_for(office: Office) -> None:
    for name, site in (("east-1", "east"), ("east-2", "east"), ("west-1", "west")):
        plant(office, name, site=site, online=False, seen_ms=1)
    assert [row[0] for row in asked(office)] == ["east-1", "east-2"]
    assert [row[0] for row in asked(office, gate="east-2")] == ["east-2"]
    assert asked(office, gate="west-1") == []


def test_a_gate_nobody_assigned_belongs_to_no_site_of_several(office: Office) -> None:
    plant(office, "new", site=None, online=False, seen_ms=1)
    assert asked(office) == []


def test_a_gate_nobody_assigned_belongs_to_the_only_site(office: Office) -> None:
    plant(office, "new", site=None, online=False, seen_ms=1)
    alone = replace(office, sites={"east": office.sites["east"]})
    assert incomplete(alone, "east", NOON_MS, NOON_MS) == [
        IncompleteGate("new", "new", 1, online=False, missing=0)
    ]


def test_the_name_is_what_people_call_the_gate(office: Office) -> None:
    plant(office, online=False, seen_ms=1)
    assert incomplete(office, "east", NOON_MS, NOON_MS)[0].name == "门east-1"


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    online=st.booleans(),
    age_ms=st.integers(0, 2 * FRESH_MS),
    last=st.integers(0, 5),
    upto=st.integers(0, 5),
    searchable=st.integers(0, 5),
    back_ms=st.integers(0, 3 * FRESH_MS),
)
def test_a_gate_is_never_called_complete_beyond_what_it_told(
    office: Office,
    *,
    online: bool,
    age_ms: int,
    last: int,
    upto: int,
    searchable: int,
    back_ms: int,
) -> None:
    """Nothing missing and either there now, or seen at or after the instant asked for."""
    with office.database.writing("begin again") as connection:
        for table in (GATE, CURSOR, PROJECTED, GATE_SITE):
            connection.execute(delete(table))
    plant(office, online=online, seen_ms=NOON_MS - age_ms, last=last, upto=upto,
          searchable=searchable)  # fmt: skip
    told = max(last, upto) <= min(upto, searchable)
    there = online and age_ms < FRESH_MS
    assert (asked(office, NOON_MS - back_ms) == []) is (told and (there or age_ms <= back_ms))
