"""What an unsure clock claimed is corrected as soon as anybody can know better."""

from typing import Any

import hypothesis.strategies as st
from hypothesis import HealthCheck, given, settings
from sqlalchemy import Table, delete, insert, select

from gated.hub.office import Office
from gated.hub.projector import Projector
from gated.hub.reindex import reindex
from gated.hub.schema import CURSOR, EVENT, SIDE
from gated.hub.schema_records import BOOT_CLOCK, GATE_LOG, GATE_SITE, INBOX, PASSAGE, PROJECTED
from gated.hub.store import HubStore
from tests.support.effort import examples
from tests.support.gate_events import HOLDOVER, SYNCED, UNSURE, SentEvents
from tests.support.office import NOON_MS, Desk

RECEIVED_MS = NOON_MS + 60_000
YEAR_2000_MS = 946_684_800_000


def rows(office: Office, table: Table) -> list[dict[str, Any]]:
    with office.database.reading() as connection:
        found = connection.execute(select(table).order_by(*table.primary_key.columns)).mappings()
        return [dict(row) for row in found]


def times(desk: Desk) -> list[tuple[int, int, int, bool]]:
    Projector(desk.office).catch_up()
    shown = rows(desk.office, PASSAGE)
    return [(row["t_ms"], row["lo_ms"], row["hi_ms"], row["certain"]) for row in shown]


def exact(t_ms: int) -> tuple[int, int, int, bool]:
    return t_ms, t_ms, t_ms, True


def test_a_synchronised_event_corrects_earlier_ones_of_its_boot(
    desk: Desk, store: HubStore
) -> None:
    sent = SentEvents()
    sent.passage(YEAR_2000_MS, mono_ms=1_000, clock=UNSURE)
    sent.send(store, RECEIVED_MS)
    assert times(desk) == [(YEAR_2000_MS, 0, RECEIVED_MS, False)]
    sent.passage(NOON_MS, mono_ms=31_000)
    sent.passage(YEAR_2000_MS, mono_ms=40_000, clock=UNSURE)
    sent.send(store, RECEIVED_MS)
    assert times(desk) == [exact(NOON_MS - 30_000), exact(NOON_MS), exact(NOON_MS + 9_000)]


def test_holdover_is_believed_but_corrects_nobody(desk: Desk, store: HubStore) -> None:
    sent = SentEvents()
    sent.passage(YEAR_2000_MS, mono_ms=1_000, clock=UNSURE)
    sent.passage(NOON_MS, mono_ms=31_000, clock=HOLDOVER)
    sent.send(store, RECEIVED_MS)
    assert times(desk) == [(YEAR_2000_MS, 0, NOON_MS, False), exact(NOON_MS)]


def test_a_boot_that_never_knew_the_time_is_bounded_by_its_neighbours(
    desk: Desk, store: HubStore
) -> None:
    sent = SentEvents()
    sent.passage(NOON_MS, mono_ms=1_000)
    sent.boot = "boot-2"
    sent.passage(YEAR_2000_MS, mono_ms=5, clock=UNSURE)
    sent.passage(NOON_MS + 5_000, mono_ms=900, clock=UNSURE)
    sent.send(store, RECEIVED_MS)
    assert times(desk)[1:] == [
        (NOON_MS, NOON_MS, RECEIVED_MS, False),
        (NOON_MS + 5_000, NOON_MS, RECEIVED_MS, False),
    ]
    sent.boot = "boot-3"
    sent.passage(NOON_MS + 3_000, mono_ms=10)
    sent.send(store, RECEIVED_MS)
    assert times(desk)[1:3] == [
        (NOON_MS, NOON_MS, NOON_MS + 3_000, False),
        (NOON_MS + 3_000, NOON_MS, NOON_MS + 3_000, False),
    ]


def test_a_corrected_row_bounds_the_boot_before_it(desk: Desk, store: HubStore) -> None:
    sent = SentEvents()
    sent.boot = "boot-1"
    sent.passage(NOON_MS + 50_000, mono_ms=5, clock=UNSURE)
    sent.boot = "boot-2"
    sent.passage(YEAR_2000_MS, mono_ms=1_000, clock=UNSURE)
    sent.send(store, RECEIVED_MS)
    assert times(desk)[0][2] == RECEIVED_MS
    sent.passage(NOON_MS, mono_ms=11_000)
    sent.send(store, RECEIVED_MS)
    assert times(desk) == [
        (NOON_MS - 10_000, 0, NOON_MS - 10_000, False),
        exact(NOON_MS - 10_000),
        exact(NOON_MS),
    ]


def test_a_boot_that_spans_two_journals_is_corrected_in_both(desk: Desk, store: HubStore) -> None:
    before, after = SentEvents(epoch="00aa"), SentEvents(epoch="00bb")
    before.passage(YEAR_2000_MS, mono_ms=1_000, clock=UNSURE)
    before.send(store, RECEIVED_MS)
    times(desk)
    after.passage(NOON_MS, mono_ms=2_000)
    after.send(store, RECEIVED_MS)
    assert times(desk) == [exact(NOON_MS - 1_000), exact(NOON_MS)]


def test_log_and_inbox_are_corrected_as_well(desk: Desk, store: HubStore) -> None:
    sent = SentEvents()
    sent.passage(NOON_MS - 90_000, mono_ms=500)
    sent.boot = "boot-2"
    sent.add("call", YEAR_2000_MS, mono_ms=1_000, clock=UNSURE, reason="help")
    sent.send(store, RECEIVED_MS)
    times(desk)
    (item,) = rows(desk.office, INBOX)
    assert (item["t_ms"], item["certain"]) == (NOON_MS - 90_000, False)
    sent.passage(NOON_MS, mono_ms=2_000)
    sent.send(store, RECEIVED_MS)
    times(desk)
    for table in (GATE_LOG, INBOX):
        (row,) = rows(desk.office, table)
        assert (row["t_ms"], row["certain"]) == (NOON_MS - 1_000, True)


def test_a_clock_far_in_the_future_is_not_believed(desk: Desk, store: HubStore) -> None:
    sent = SentEvents()
    sent.passage(9_000_000_000_000_000, mono_ms=1)
    sent.passage(NOON_MS, mono_ms=500)
    sent.send(store, RECEIVED_MS)
    assert times(desk) == [exact(NOON_MS - 499), exact(NOON_MS)]


# The order in which things arrive.

MOMENTS = st.tuples(
    st.sampled_from(["boot-1", "boot-2", "boot-3"]),
    st.sampled_from([SYNCED, HOLDOVER, UNSURE, UNSURE]),
    st.integers(0, 50_000),
    st.sampled_from([0, 0, 0, -7_000, 400, YEAR_2000_MS - NOON_MS]),
    st.sampled_from(["passage", "passage", "call", "device"]),
)


def journal(epoch: str, moments: list[tuple[str, int, int, int, str]]) -> SentEvents:
    sent = SentEvents(epoch=epoch)
    for boot, clock, mono_ms, step_ms, kind in moments:
        sent.boot = boot
        t_ms = NOON_MS + mono_ms + step_ms
        if kind == "passage":
            sent.passage(t_ms, mono_ms=mono_ms, clock=clock, reason="TEMP_HIGH")
        else:
            sent.add(kind, t_ms, mono_ms=mono_ms, clock=clock)
    return sent


def emptied(office: Office) -> None:
    tables = (EVENT, SIDE, CURSOR, PASSAGE, GATE_LOG, INBOX, PROJECTED, BOOT_CLOCK)
    with office.database.writing("empty it") as connection:
        for table in tables:
            connection.execute(delete(table))


def enrolled(office: Office) -> None:
    """Where the gate stands is known, whatever it sends first."""
    with office.database.writing("enrol it") as connection:
        connection.execute(delete(GATE_SITE))
        connection.execute(insert(GATE_SITE).values(gate="north-1", site="east", since_ms=1))


def everything(office: Office) -> list[list[dict[str, Any]]]:
    found = [rows(office, table) for table in (PASSAGE, GATE_LOG, PROJECTED, BOOT_CLOCK, INBOX)]
    for row in found[-1]:
        del row["id"]
    found[-1].sort(key=lambda row: str(row["source"]))
    return found


@settings(
    max_examples=examples(12, 34),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_any_order_of_arrival_ends_in_the_same_tables(
    desk: Desk, store: HubStore, data: st.DataObject
) -> None:
    """Boots, clock steps, two journals, batches in any order, searched in between or at the end."""
    emptied(desk.office)
    enrolled(desk.office)
    sent = [journal(name, data.draw(st.lists(MOMENTS, max_size=14))) for name in ("00aa", "00bb")]
    size = data.draw(st.integers(1, 5))
    parts = [(one, batch) for one in sent for batch in one.batches(size)]
    for one, batch in data.draw(st.permutations(parts)):
        one.deliver(store, [batch], RECEIVED_MS)
        if data.draw(st.booleans()):
            Projector(desk.office).catch_up()
    Projector(desk.office).catch_up()
    piecemeal = everything(desk.office)
    reindex(desk.office)
    assert everything(desk.office) == piecemeal
    emptied(desk.office)
    for one, batch in parts:
        one.deliver(store, [batch], RECEIVED_MS)
    Projector(desk.office).catch_up()
    assert everything(desk.office) == piecemeal
