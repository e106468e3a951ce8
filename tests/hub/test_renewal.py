"""A list nobody touches goes on: it is published again in time, once, and gates take it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete, insert
from structlog.testing import capture_logs

from gated.contract.bundle import Manifest
from gated.contract.messages import Status
from gated.gate.uplink_events import RosterChanged
from gated.hub.chores import EVERY_MS, Chores
from gated.hub.published import newest_manifest
from gated.hub.publisher import GOOD_FOR_MS
from gated.hub.renewal import DAY_MS, RENEW_MS, renew_lists
from gated.hub.schema import GATE
from gated.hub.schema_register import PERSON
from tests.hub.test_roster_changes import person as listed
from tests.support.centre import Centre, GateCopy
from tests.support.office import NOON_MS, Desk, open_desk
from tests.support.people import people, take

LAST_MS = GOOD_FOR_MS - RENEW_MS  # how long after it was made a list needs nothing


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    opened = open_desk(tmp_path)
    take(opened.office, opened.actor(), people(12))
    yield opened
    opened.office.database.close()


def offered(desk: Desk) -> Manifest:
    with desk.office.database.reading() as connection:
        found = newest_manifest(connection, "east")
    assert found is not None
    return found


def test_a_list_with_ten_days_left_is_left_alone(desk: Desk) -> None:
    desk.clock.now_ms += LAST_MS
    assert renew_lists(desk.office) == []
    assert offered(desk).rev == 1


def test_a_list_that_would_end_goes_out_again_once(desk: Desk) -> None:
    before = offered(desk)
    desk.clock.now_ms += LAST_MS + 1
    assert renew_lists(desk.office) == ["east"], "the west has published nothing"
    after = offered(desk)
    assert (after.rev, after.not_after) == (2, desk.clock.now_ms + GOOD_FOR_MS)
    assert (after.snap.sha, after.snap_rev) == (before.snap.sha, 1), "nothing is fetched"
    assert after.delta is not None
    assert after.delta.ops == 0
    assert renew_lists(desk.office) == []


def test_a_list_that_ended_while_the_hub_was_off_is_good_again(desk: Desk) -> None:
    desk.clock.now_ms += 2 * GOOD_FOR_MS
    assert renew_lists(desk.office) == ["east"]
    assert offered(desk).not_after > desk.clock.now_ms


def test_a_hub_that_was_put_back_publishes_the_whole_register(desk: Desk) -> None:
    """A gate has more than this database ever published: no change can lead there."""
    status = Status(on=True, sid=1, roster={"east": 7}).model_dump_json()
    with desk.office.database.writing("plant") as connection:
        connection.execute(insert(GATE).values(gate="north", status=status))
    desk.clock.now_ms += LAST_MS + 1
    assert renew_lists(desk.office) == ["east"]
    after = offered(desk)
    assert (after.rev, after.snap_rev, after.snap.rows) == (8, 8, 12)


def test_a_list_that_the_register_does_not_know_is_not_emptied(desk: Desk) -> None:
    status = Status(on=True, sid=1, roster={"east": 7}).model_dump_json()
    with desk.office.database.writing("plant") as connection:
        connection.execute(insert(GATE).values(gate="north", status=status))
        connection.execute(delete(PERSON))
    desk.clock.now_ms += LAST_MS + 1
    with capture_logs() as logs:
        assert renew_lists(desk.office) == []
    assert [line["event"] for line in logs] == ["hub.list_ends"]
    assert offered(desk).rev == 1


def test_through_a_quiet_season_the_list_never_comes_near_its_end(desk: Desk) -> None:
    now = [0]
    chores = Chores(desk.office, lambda: now[0])
    for _ in range(100):
        now[0] += DAY_MS
        desk.clock.now_ms += DAY_MS
        chores.turn()
        assert offered(desk).not_after - desk.clock.now_ms >= RENEW_MS
    assert offered(desk).rev <= 1 + 100 * DAY_MS // LAST_MS


def test_a_gate_takes_a_renewed_list_without_a_fetch(tmp_path: Path) -> None:
    centre = Centre(tmp_path)
    centre.set(*(listed(number) for number in range(6)))
    centre.snapshot()
    gate = GateCopy(tmp_path / "gate", centre)
    gate.hear()
    gate.asked.clear()
    centre.made_ms += LAST_MS
    centre.delta()  # nothing changed
    assert [type(event) for event in gate.hear()] == [RosterChanged]
    assert (gate.roster.rev, gate.asked) == (2, [])
    assert gate.roster.fingerprints() == centre.built()
    gate.close()
    centre.close()


# When the hub does it, and what else it does by itself.


def test_chores_are_done_at_the_start_and_then_hourly(desk: Desk) -> None:
    now = [0]
    chores = Chores(desk.office, lambda: now[0])
    chores.turn()
    desk.clock.now_ms += LAST_MS + 1
    now[0] = EVERY_MS - 1
    chores.turn()
    assert offered(desk).rev == 1
    now[0] = EVERY_MS
    chores.turn()
    assert offered(desk).rev == 2


def test_the_log_names_the_head_of_the_audit_once_a_day(desk: Desk) -> None:
    now = [0]
    chores = Chores(desk.office, lambda: now[0])
    head = desk.office.audit.head()
    with capture_logs() as logs:
        for hour in range(36):
            now[0] = hour * EVERY_MS
            desk.clock.now_ms = NOON_MS + now[0]
            chores.turn()
    told = [line for line in logs if line["event"] == "audit.head"]
    assert [(line["rows"], line["head"]) for line in told] == [(head.rows, head.hash.hex())] * 2
