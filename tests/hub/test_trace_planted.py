"""A planted person, seven contacts, two gates, one of them offline: incomplete, then exact.

Events go the real way: batches, the hub's store, the projector. The offline gate was restarted
without network, so part of what it holds has no sure time until its clock was set.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from gated.hub import trace_query
from gated.hub.projector import Projector
from gated.hub.store import HubStore
from gated.hub.trace import MINUTE_MS, Contact, Passage, contacts
from gated.hub.trace_query import Question, Trace, Tracer
from tests.support.gate_events import SYNCED, UNSURE, SentEvents
from tests.support.office import NOON_MS, Desk, open_desk
from tests.support.townsfolk import enter, home

HOUR = 60 * MINUTE_MS
PEOPLE = [
    ("王小明", "1-1-101"),
    ("刘芳", "1-1-101"),
    *((f"邻居{n}", f"2-1-{n}01") for n in range(1, 41)),
]


@dataclass
class Town:
    """Two gates and a hub. Person 0 is traced, person 1 lives with them."""

    desk: Desk
    store: HubStore
    refs: list[bytes]
    north: SentEvents = field(default_factory=lambda: SentEvents("north", "0aaa"))
    south: SentEvents = field(default_factory=lambda: SentEvents("south", "0bbb"))

    def passes(self, gate: SentEvents, who: int | None, minute: float, **fields: object) -> int:
        """Somebody is decided at a gate so many minutes after noon; None: nobody known."""
        values = {"category": "unknown", "person_ref": "", "household_ref": ""}
        if who is not None:
            place = home(self.desk.office, PEOPLE[who][1])
            values = {"person_ref": self.refs[who].hex(), "household_ref": place.hex()}
        t_ms = NOON_MS + round(minute * MINUTE_MS)
        return gate.passage(t_ms, **{**values, **fields})  # type: ignore[arg-type] - event fields

    def restarted_passes(self, who: int, minute: float) -> None:
        """The same at the restarted south gate: it believes to be in 1970."""
        mono_ms = round((minute + 60) * MINUTE_MS)
        values = {
            "person_ref": self.refs[who].hex(),
            "household_ref": home(self.desk.office, PEOPLE[who][1]).hex(),
        }
        self.south.passage(mono_ms, mono_ms=mono_ms, clock=UNSURE, **values)

    def hear(self, gate: SentEvents, *, online: bool, seen: float, last: int) -> None:
        """The hub has heard of a gate at this minute."""
        seen_ms = NOON_MS + round(seen * MINUTE_MS)
        values = {"online": online, "sid": 1, "epoch": gate.epoch, "last": last, "seen_ms": seen_ms}
        self.store.greet(gate.gate, values)

    def synchronise(self, gate: SentEvents) -> None:
        """Everything the gate recorded is at the hub and searchable."""
        gate.send(self.store, self.desk.clock.now_ms, size=7)
        Projector(self.desk.office).catch_up()

    def trace(self) -> Trace:
        question = Question(self.refs[0], NOON_MS - HOUR, NOON_MS + HOUR, 10 * MINUTE_MS)
        return Tracer(self.desk.office).trace(self.desk.actor(), question, "密接排查")


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    desk = open_desk(tmp_path)
    desk.clock.now_ms = NOON_MS + 3 * HOUR
    store = HubStore(desk.office.config.store.url)
    yield Town(desk, store, enter(desk.office, *PEOPLE))
    store.close()


def a_day(town: Town) -> int:
    """Plant the day; return up to which seq the south gate got it sent before it went away."""
    chance = random.Random(7)
    for who in range(10, 40):  # everybody else comes at other times
        for gate in (town.north, town.south):
            town.passes(gate, who, -61 - chance.random() * 300)
    # North: in at noon, after a second look; four contacts and one that is a minute too late.
    first = town.passes(town.north, 0, 0, verdict="CHECK", reason="TEMP_MISSING")
    town.passes(town.north, 0, 0.5, of=first)
    town.passes(town.north, 2, -10)
    held = town.passes(town.north, 3, 4, verdict="CHECK", reason="TEMP_HIGH_RETRY")
    town.passes(town.north, 3, 5, of=held, verdict="STOP", reason="TEMP_HIGH")
    town.passes(town.north, 4, 10.5)
    town.passes(town.north, 1, 1)
    town.passes(town.north, None, 3)
    town.passes(town.north, 5, 11.6)
    # South: out at 12:30 while the link works, in again at 12:50 after it went and came back.
    town.passes(town.south, 0, 30, direction="out")
    town.passes(town.south, 6, 28)
    sent = town.passes(town.south, 2, 39, direction="out")
    town.south.boot = "boot-2"
    town.restarted_passes(0, 50)
    town.restarted_passes(7, 57)
    town.restarted_passes(8, 41)
    town.restarted_passes(9, 61)
    mono_ms = 125 * MINUTE_MS
    town.south.add(
        "device",
        NOON_MS + 65 * MINUTE_MS,
        mono_ms=mono_ms,
        clock=SYNCED,
        code="DEV_LINK_UP",
        state="cleared",
        part="link",
    )
    return sent


SEVEN = {1: [0.5], 2: [-10, 9], 3: [3.5], 4: [10], 6: [-2], 7: [7], 8: [-9]}
"""Who met person 0, and the gaps of every meeting in minutes."""


def met(town: Town, found: Trace) -> dict[int, list[float]]:
    return {
        town.refs.index(one.person): [m.gap_ms / MINUTE_MS for m in one.meetings]
        for one in found.contacts
    }


def test_seven_contacts_are_traced_exactly_once_the_offline_gate_is_back(town: Town) -> None:
    sent = a_day(town)
    last = sent + 5
    # The south gate sends until 12:40, says what it holds, and is gone.
    town.hear(town.north, online=True, seen=180, last=0)
    town.synchronise(town.north)
    town.south.deliver(town.store, [town.south.batch(1, sent + 1)], NOON_MS + 40 * MINUTE_MS)
    Projector(town.desk.office).catch_up()
    town.hear(town.south, online=False, seen=40, last=sent)
    before = town.trace()
    (missing,) = before.incomplete
    assert (missing.gate, missing.online, missing.missing) == ("south", False, 0)
    assert missing.upto_ms == NOON_MS + 40 * MINUTE_MS
    assert set(met(town, before)) == {1, 2, 3, 4, 6}
    # It is back, and has told how much it holds: still incomplete.
    town.hear(town.south, online=True, seen=180, last=last)
    (missing,) = town.trace().incomplete
    assert (missing.gate, missing.online, missing.missing) == ("south", True, 5)
    town.synchronise(town.south)
    after = town.trace()
    assert after.incomplete == ()
    assert met(town, after) == SEVEN
    assert all(one.certain for one in after.contacts)
    assert [one.gate for one in after.own] == ["north", "south", "south"]
    assert [(one.gate, one.start_ms - NOON_MS) for one in after.unknown] == [
        ("north", 3 * MINUTE_MS)
    ]
    assert {town.refs.index(one.person) for one in after.contacts if one.household} == {1}


def test_a_trace_during_which_a_gate_catches_up_is_not_called_complete(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    last = a_day(town) + 5
    town.hear(town.north, online=True, seen=180, last=0)
    town.synchronise(town.north)
    town.south.deliver(town.store, [town.south.batch(1, last - 4)], NOON_MS + 40 * MINUTE_MS)
    Projector(town.desk.office).catch_up()
    town.hear(town.south, online=True, seen=180, last=last)

    def compared(*values: Any) -> tuple[list[Contact], list[Passage]]:
        monkeypatch.undo()
        town.synchronise(town.south)  # the passages are read, the answer is not made yet
        return contacts(*values)

    monkeypatch.setattr(trace_query, "contacts", compared)
    meanwhile = town.trace()
    assert set(met(town, meanwhile)) == {1, 2, 3, 4, 6}
    assert [(one.gate, one.missing) for one in meanwhile.incomplete] == [("south", 5)]
    whole = town.trace()
    assert (whole.incomplete, met(town, whole)) == ((), SEVEN)


def test_events_that_come_twice_or_out_of_order_change_nothing(town: Town) -> None:
    a_day(town)
    for gate in (town.north, town.south):
        batches = list(gate.batches(5))
        random.Random(3).shuffle(batches)
        gate.deliver(town.store, [*batches, *batches[:4]], NOON_MS + HOUR)
        Projector(town.desk.office).catch_up()
        town.hear(gate, online=True, seen=180, last=0)
    assert met(town, town.trace()) == SEVEN


def test_a_gate_whose_clock_was_never_set_marks_what_it_holds(town: Town) -> None:
    a_day(town)
    town.synchronise(town.north)
    body_count = sum(batch.end - batch.first for batch in town.south.batches())
    town.south.deliver(town.store, [town.south.batch(1, body_count)], town.desk.clock.now_ms)
    Projector(town.desk.office).catch_up()
    found = town.trace()
    sure = {town.refs.index(one.person) for one in found.contacts if one.certain}
    unsure = {town.refs.index(one.person) for one in found.contacts if not one.certain}
    assert sure == {1, 2, 3, 4, 6}
    assert {7, 8} <= unsure
