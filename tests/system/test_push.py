"""A person added on the hub is admitted at a gate that runs; one set apart is stopped."""

import time
from dataclasses import replace
from zoneinfo import ZoneInfo

from gated.cli.demo.world import ROSTER, TIMEZONE
from gated.core.model import Category, Status, StatusCode
from gated.hub.database import HubDatabase
from gated.hub.publisher import add_prepared, next_rev, prepare_snapshot, publish_delta
from gated.store.keys import read_signing_key
from gated.store.roster_build import RosterRow
from gated.store.roster_table import read_table
from tests.support.waiting import promised_s, wait_until
from tests.support.world import SystemWorld

SWITCH_S = 5.0


def switches(world: SystemWorld, lane: str) -> int:
    return sum(line["event"] == "roster.switched" for line in world.log_lines(f"gate-{lane}"))


def test_a_person_added_on_the_hub_is_admitted_at_the_running_gate(world: SystemWorld) -> None:
    newcomer = world.stranger()
    world.play("out", "card A; wrist 36.4; CHECK ID_NOT_IN_ROSTER", A=newcomer)
    process = world.program("gate-out").process
    before = switches(world, "out")
    revision = world.passages("out")[-1]["roster_rev"]
    world.push(newcomer)
    wait_until(
        lambda: switches(world, "out") > before,
        what="the pushed list to serve",
        limit_s=promised_s(SWITCH_S),
    )
    world.play("out", "card A; wrist 36.4; ALLOW OK_RESIDENT", A=newcomer)
    assert world.passages("out")[-1]["roster_rev"] == revision + 1
    assert world.program("gate-out").process is process
    assert process is not None
    assert process.poll() is None
    world.assert_books_agree("out")


def test_a_list_pushed_while_the_gate_was_off_serves_when_it_is_back(world: SystemWorld) -> None:
    newcomer = world.stranger()
    gate = world.program("gate-in")
    before = switches(world, "in")
    gate.kill()
    world.push(newcomer)
    gate.start()
    wait_until(lambda: switches(world, "in") > before + 1, what="the list pushed meanwhile")
    world.play("in", "card A; wrist 36.4; ALLOW OK_HOME_RETURN", A=newcomer)


CROWD = 20_000
QUARANTINE = (Status(StatusCode.HOME_QUARANTINE),)


def listed(world: SystemWorld) -> list[RosterRow]:
    """Return everybody on the list pushed last."""
    tables = sorted(world.folder.glob("people*.csv"), key=lambda path: path.stat().st_mtime_ns)
    return list(read_table(tables[-1], ZoneInfo(TIMEZONE)).rows)


def crowd() -> list[RosterRow]:
    """Return many people nobody meets."""
    return [
        RosterRow(Category.RESIDENT, name=f"甲{number}", building="9", room=str(number))
        for number in range(CROWD)
    ]


def test_a_status_set_at_the_hub_stops_its_person_within_seconds(world: SystemWorld) -> None:
    """In a list of 20,000 people, without fetching anything."""
    resident = world.resident()
    rows = listed(world)
    (row,) = [row for row in rows if row.id_number == resident.id_number]
    assert world.demo.site is not None
    keys = world.demo.site
    signer = read_signing_key(world.folder / "keys" / "roster-signing.pem")
    database = HubDatabase(world.demo.hub_url)
    with database.reading() as connection:
        rev = next_rev(connection, ROSTER)
    made_ms = time.time_ns() // 1_000_000
    prepared = prepare_snapshot(
        [*rows, *crowd()], keys, signer, roster=ROSTER, site="demo", rev=rev, made_utc_ms=made_ms
    )
    before = switches(world, "out")
    with database.writing("publish") as connection:
        add_prepared(connection, prepared)
    wait_until(lambda: switches(world, "out") > before, what="the long list to serve")
    fetches = started_fetches(world)
    with database.writing("publish") as connection:
        publish_delta(
            connection,
            [(replace(row, statuses=QUARANTINE), QUARANTINE)],
            [],
            keys,
            signer,
            roster=ROSTER,
            site="demo",
            rev=rev + 1,
            made_utc_ms=made_ms + 1,
        )
    wait_until(
        lambda: switches(world, "out") > before + 1,
        what="the status to serve",
        limit_s=promised_s(SWITCH_S),
    )
    world.play("out", "card A; STOP STAT_HOME_QUARANTINE", A=resident)
    assert world.passages("out")[-1]["roster_rev"] == rev + 1
    assert started_fetches(world) == fetches
    database.close()


def started_fetches(world: SystemWorld) -> int:
    return sum(line["event"] == "uplink.roster_fetching" for line in world.log_lines("gate-out"))
