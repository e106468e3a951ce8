"""Committed events become rows people can search: once, in order, and again when asked."""

import json
import threading
from typing import Any

import pytest
from sqlalchemy import Table, insert, select

from gated.hub.office import Office
from gated.hub.projection import GROUP_MAX
from gated.hub.projector import Projector
from gated.hub.reindex import events_stored, reindex
from gated.hub.schema import CURSOR
from gated.hub.schema_office import COMMAND
from gated.hub.schema_records import GATE_LOG, GATE_SITE, INBOX, PASSAGE, PROJECTED
from gated.hub.store import HubStore
from tests.support.gate_events import HOUSEHOLD, PERSON, SentEvents
from tests.support.office import NOON_MS, Desk
from tests.support.records import plant
from tests.support.sync import JOIN_S
from tests.support.waiting import wait_until


def table(office: Office, wanted: Table) -> list[dict[str, Any]]:
    with office.database.reading() as connection:
        order = list(wanted.primary_key.columns)
        rows = connection.execute(select(wanted).order_by(*order)).mappings()
        return [dict(row) for row in rows]


def projected(desk: Desk, wanted: Table = PASSAGE) -> list[dict[str, Any]]:
    Projector(desk.office).catch_up()
    return table(desk.office, wanted)


def test_a_passage_is_searchable_with_everything_people_ask_for(
    desk: Desk, store: HubStore
) -> None:
    sent = SentEvents()
    sent.passage(
        NOON_MS,
        verdict="STOP",
        reason="TEMP_HIGH",
        reasons=["TEMP_HIGH", "OK_RESIDENT"],
        temp_state="high",
        guard_ref="G017",
        guard_role="guard",
        guard_act="refuse",
        override_reason="behaviour",
        lane="2",
        direction="out",
        side={"temp_mC": 37_412, "temp_raw_mC": 35_100},
    )
    sent.send(store, NOON_MS + 900)
    (row,) = projected(desk)
    assert row == {
        "gate": "north-1",
        "epoch": "00ff",
        "seq": 1,
        "site": "east",
        "t_ms": NOON_MS,
        "lo_ms": NOON_MS,
        "hi_ms": NOON_MS,
        "certain": True,
        "boot": "boot-1",
        "mono_ms": NOON_MS % 86_400_000,
        "clock": 2,
        "direction": "out",
        "person": PERSON,
        "household": HOUSEHOLD,
        "category": "resident",
        "credential": "id_card",
        "verdict": "STOP",
        "reason": "TEMP_HIGH",
        "reasons": '["TEMP_HIGH","OK_RESIDENT"]',
        "temp_state": "high",
        "temp_mc": 37_412,
        "guard": "G017",
        "guard_act": "refuse",
        "override": "behaviour",
        "lane": "2",
        "visit": 1,
        "of_seq": None,
        "late": False,
        "shadow": False,
        "received_ms": NOON_MS + 900,
    }


def test_later_rows_of_a_visit_name_its_first_one(desk: Desk, store: HubStore) -> None:
    sent = SentEvents()
    first = sent.passage(NOON_MS, verdict="CHECK", reason="TEMP_MISSING")
    sent.passage(NOON_MS + 5, visit=1, of=first, guard_role="guard", guard_act="manual_pass")
    sent.passage(NOON_MS + 9, visit=1)  # the gate's program started anew and counts from 1
    sent.send(store, NOON_MS)
    rows = projected(desk)
    assert [(row["visit"], row["of_seq"]) for row in rows] == [(1, None), (1, 1), (3, None)]
    assert [row["guard"] for row in rows] == ["", "guard", ""]


def test_what_is_no_passage_is_in_the_gates_log(desk: Desk, store: HubStore) -> None:
    sent = SentEvents()
    sent.passage(NOON_MS)
    sent.add("device", NOON_MS, code="DEV_CAMERA_FAULT", state="since", part="camera")
    sent.add("follow_up", NOON_MS, what="temperature", of=1, side={"temp_mC": 36_500})
    sent.add("shift", NOON_MS, act="begin", guard="G017")
    sent.add("roster_switched", NOON_MS, rev=4, persons=10)
    sent.add("anomaly", NOON_MS, what="crowding", sealed="00ff", guard="G017")
    sent.send(store, NOON_MS)
    rows = projected(desk, GATE_LOG)
    assert [(row["kind"], row["code"], row["state"], row["of_seq"]) for row in rows] == [
        ("device", "DEV_CAMERA_FAULT", "since", None),
        ("follow_up", "temperature", "", 1),
        ("shift", "", "begin", None),
        ("roster_switched", "", "", None),
        ("anomaly", "crowding", "", None),
    ]
    fields = [json.loads(row["fields"]) for row in rows]
    assert fields[1] == {"what": "temperature", "of": 1, "temp_mc": 36_500}
    assert fields[3] == {"rev": 4, "persons": 10}
    assert "sealed" not in fields[4]


def test_nothing_beyond_the_watermark_is_shown(desk: Desk, store: HubStore) -> None:
    sent = SentEvents()
    for number in range(6):
        sent.passage(NOON_MS + number)
    first, second, third = sent.batches(2)
    sent.deliver(store, [first, third], NOON_MS)
    assert [row["seq"] for row in projected(desk)] == [1, 2]
    sent.deliver(store, [second], NOON_MS)
    assert [row["seq"] for row in projected(desk)] == [1, 2, 3, 4, 5, 6]


def test_events_nobody_can_use_are_passed_over(desk: Desk, store: HubStore) -> None:
    sent = SentEvents()
    sent.passage(NOON_MS)
    sent.passage(NOON_MS + 1)
    sent.passage(NOON_MS + 2)
    sent.deliver(store, [sent.batch(1, 2), sent.faulty(2), sent.batch(3, 4)], NOON_MS)
    assert [row["seq"] for row in projected(desk)] == [1, 3]


def test_a_passage_without_a_verdict_is_reported_and_not_invented(
    desk: Desk, store: HubStore
) -> None:
    sent = SentEvents()
    sent.add("passage", NOON_MS, site="east", verdict="PERHAPS", reason="X", direction="in")
    sent.add("passage", NOON_MS, n=1)
    sent.send(store, NOON_MS)
    assert projected(desk) == []
    assert [row["code"] for row in table(desk.office, GATE_LOG)] == ["UNREADABLE"] * 2
    (item,) = table(desk.office, INBOX)
    assert (item["kind"], item["code"]) == ("gate", "UNREADABLE_PASSAGE")


def test_more_than_one_group_arrives_whole_and_once(desk: Desk, store: HubStore) -> None:
    sent = SentEvents()
    for number in range(GROUP_MAX + 20):
        sent.passage(NOON_MS + number)
    sent.send(store, NOON_MS)
    ticks = iter([*[0] * 6, 30, *[1_000] * 12])
    projector = Projector(desk.office, lambda: next(ticks))
    assert projector.turn() == pytest.approx(0.06)  # more waits, but the gate is still sending
    assert len(table(desk.office, PASSAGE)) == GROUP_MAX
    desk.clock.now_ms += 5_000
    assert projector.turn() == pytest.approx(0.2)
    assert projector.catch_up() == 0
    assert len(table(desk.office, PASSAGE)) == GROUP_MAX + 20


def test_a_restart_goes_on_where_it_was(desk: Desk, store: HubStore) -> None:
    sent = SentEvents()
    sent.passage(NOON_MS)
    sent.send(store, NOON_MS)
    assert Projector(desk.office).catch_up() == 1
    sent.passage(NOON_MS + 1)
    sent.send(store, NOON_MS)
    assert Projector(desk.office).catch_up() == 1
    assert table(desk.office, PROJECTED) == [{"gate": "north-1", "epoch": "00ff", "upto": 2}]


def test_two_projectors_share_the_work_without_doing_it_twice(desk: Desk, store: HubStore) -> None:
    sent = SentEvents()
    for number in range(3 * GROUP_MAX):
        sent.passage(NOON_MS + number)
    sent.send(store, NOON_MS)
    one, other = Projector(desk.office), Projector(desk.office)
    waits = [one.turn(), other.turn(), one.turn(), other.turn()]
    assert len(table(desk.office, PASSAGE)) == 3 * GROUP_MAX
    assert waits[-1] == pytest.approx(0.2)


def test_the_running_projector_notices_new_events_and_ends_when_told(
    desk: Desk, store: HubStore
) -> None:
    projector, stop = Projector(desk.office), threading.Event()
    thread = threading.Thread(target=projector.run, args=(stop,))
    thread.start()
    try:
        sent = SentEvents()
        sent.passage(NOON_MS)
        sent.send(store, NOON_MS)
        wait_until(lambda: len(table(desk.office, PASSAGE)) == 1, what="the passage")
    finally:
        stop.set()
        projector.interrupt()
        thread.join(JOIN_S)
    assert not thread.is_alive()


def test_while_a_gate_drains_it_rests_but_for_one_group_every_few_seconds(desk: Desk) -> None:
    now, busy = [0], [True]
    projector = Projector(desk.office, lambda: now[0], lambda: busy[0])
    rested = []
    for now[0] in range(0, 7_000, 500):
        rested.append(projector.resting())
    assert [at * 500 for at, rest in enumerate(rested) if not rest] == [3_000, 6_000]
    busy[0] = False
    assert not projector.resting()


# Where a gate stands.


def test_a_gate_that_was_enrolled_stands_where_it_was_enrolled(desk: Desk, store: HubStore) -> None:
    with desk.office.database.writing("enrol") as connection:
        connection.execute(insert(GATE_SITE).values(gate="north-1", site="west", since_ms=1))
    sent = SentEvents()
    sent.passage(NOON_MS, site="east")
    sent.passage(NOON_MS, site="east")
    sent.send(store, NOON_MS)
    assert {row["site"] for row in projected(desk)} == {"west"}
    (item,) = table(desk.office, INBOX)
    assert (item["site"], item["kind"], item["code"]) == ("west", "gate", "OTHER_SITE")
    assert json.loads(item["fields"]) == {"claimed": "east"}


def test_an_unknown_gate_stands_where_its_passages_say(desk: Desk, store: HubStore) -> None:
    sent = SentEvents()
    sent.add("device", NOON_MS, code="DEV_LINK_UP", state="since")
    sent.passage(NOON_MS, site="west")
    sent.send(store, NOON_MS)
    assert [row["site"] for row in projected(desk)] == ["west"]
    assert [row["site"] for row in table(desk.office, GATE_LOG)] == ["west"]
    assert [row["site"] for row in table(desk.office, GATE_SITE)] == ["west"]
    assert table(desk.office, INBOX) == []


def test_a_gate_of_nowhere_waits_and_is_reported_once(desk: Desk, store: HubStore) -> None:
    sent = SentEvents()
    sent.passage(NOON_MS, site="north")
    sent.send(store, NOON_MS)
    assert projected(desk) == []
    assert projected(desk) == []
    (item,) = table(desk.office, INBOX)
    assert (item["site"], item["kind"], item["code"]) == ("east", "gate", "UNKNOWN_SITE")
    with desk.office.database.writing("enrol") as connection:
        connection.execute(insert(GATE_SITE).values(gate="north-1", site="west", since_ms=1))
    assert [row["site"] for row in projected(desk)] == ["west"]


# Making everything again.


def test_reindex_makes_the_same_rows_again_and_keeps_answers_and_paper(
    desk: Desk, store: HubStore
) -> None:
    sent = SentEvents()
    sent.passage(NOON_MS, reason="TEMP_HIGH", verdict="STOP")
    sent.add("call", NOON_MS, reason="help")
    sent.send(store, NOON_MS)
    plant(desk.office, gate="north-1", t_ms=NOON_MS, epoch="paper", late=True)
    rows = projected(desk)
    with desk.office.database.writing("spoil it") as connection:
        connection.execute(PASSAGE.update().where(PASSAGE.c.late.is_(False)).values(reason="X"))
        connection.execute(INBOX.update().values(acked_by="officer", acked_ms=5))
    log, items = table(desk.office, GATE_LOG), table(desk.office, INBOX)
    told: list[int] = []
    assert events_stored(desk.office) == reindex(desk.office, told.append) == sum(told) == 2
    assert table(desk.office, PASSAGE) == rows
    assert table(desk.office, GATE_LOG) == log
    assert table(desk.office, INBOX) == items


def test_a_gate_cannot_write_into_the_paper_entries(desk: Desk, store: HubStore) -> None:
    sent = SentEvents(epoch="paper")
    sent.passage(NOON_MS)
    sent.send(store, NOON_MS)
    assert projected(desk) == []
    assert len(table(desk.office, CURSOR)) == 1


# Orders to gates.


def test_an_order_has_the_result_its_gate_reports(desk: Desk, store: HubStore) -> None:
    orders = (("c1", "north-1"), ("c2", "north-1"), ("c3", "south-1"))
    with desk.office.database.writing("order") as connection:
        for number, (name, gate) in enumerate(orders):
            values = {"cmd": "message", "body": b"", "created_ms": 1, "expires_ms": 2, "by": "o"}
            connection.execute(
                insert(COMMAND).values(
                    id=name, gate=gate, site="east", n=number, state="sent", **values
                )
            )
    sent = SentEvents()
    sent.passage(NOON_MS)
    for name, result in (("c1", "shown"), ("c2", "nonsense"), ("c3", "shown")):
        sent.add("command_result", NOON_MS, id=name, result=result)
    sent.send(store, NOON_MS)
    projected(desk)
    states = {row["id"]: (row["state"], row["result"]) for row in table(desk.office, COMMAND)}
    assert states == {"c1": ("shown", "shown"), "c2": ("sent", ""), "c3": ("sent", "")}
