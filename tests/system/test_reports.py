"""Guards report at a running gate and the centre hears it; the centre writes and guards read it."""

import json
from pathlib import Path
from typing import Any

from sqlalchemy import select

from gated.hub.database import HubDatabase
from gated.hub.schema_office import COMMAND
from gated.hub.store import HubStore
from gated.store.keys import read_secret
from gated.store.sealed_box import open_sealed, registration_context
from tests.support.waiting import promised_s, wait_until
from tests.support.world import SystemWorld

SOON_S = 5.0


def hub_events(world: SystemWorld, kind: str) -> list[dict[str, Any]]:
    """What the hub stored of this kind, gate by gate."""
    store = HubStore(world.demo.hub_url)
    try:
        found = []
        for gate in store.gates():
            rows = [json.loads(row[2]) for row in store.events(gate["gate"], gate["epoch"])]
            found += [row for row in rows if row["kind"] == kind]
    finally:
        store.close()
    return found


def gate_status(world: SystemWorld, gate: str) -> dict[str, Any]:
    store = HubStore(world.demo.hub_url)
    try:
        row = next(row for row in store.gates() if row["gate"] == gate)
    finally:
        store.close()
    status: dict[str, Any] = json.loads(row["status"] or "{}")
    return status


def state_of(world: SystemWorld, order: str) -> str:
    database = HubDatabase(world.demo.hub_url)
    try:
        with database.reading() as connection:
            query = select(COMMAND.c.state).where(COMMAND.c.id == order)
            return str(connection.execute(query).scalar_one())
    finally:
        database.close()


def test_a_registration_travels_sealed_and_opens_at_the_hub(world: SystemWorld) -> None:
    stranger = world.stranger()
    before = len(hub_events(world, "registration"))
    steps = "shift G017; card A; wrist 36.4; CHECK ID_NOT_IN_ROSTER; register visitor; call help"
    world.play("in", steps, A=stranger)
    world.wait_drained("in")
    rows = hub_events(world, "registration")[before:]
    assert [(row["form"], row["guard"]) for row in rows] == [("visitor", "G017")]
    private = read_secret(Path(world.folder) / "keys" / "seal.key")
    context = registration_context("east-in")
    plain = json.loads(open_sealed(private, bytes.fromhex(rows[0]["sealed"]), context))
    assert plain["document_number"] == stranger.id_number
    assert hub_events(world, "call")[-1]["reason"] == "help"
    wait_until(lambda: gate_status(world, "east-in").get("guard") == "G017", what="the shift")


def test_a_message_of_the_office_is_on_the_guards_screen_within_seconds(
    world: SystemWorld,
) -> None:
    config = ["--config", str(world.folder / "hub.toml")]
    text = ["--zh", "请走东门", "--en", "East gate, please", "--minutes", "5"]
    done = world.command("hub", "message", "east-in", *text, *config)
    assert done.returncode == 0, done.stderr
    order = done.stdout.strip()
    wait_until(
        lambda: world.snapshot("in")["message"] == {"zh": "请走东门", "en": "East gate, please"},
        what="the message on the screen",
        limit_s=promised_s(SOON_S),
    )
    assert world.snapshot("out")["message"] is None
    world.wait_drained("in")
    [result] = [row for row in hub_events(world, "command_result") if row["id"] == order]
    assert result["result"] == "shown"
    wait_until(lambda: state_of(world, order) == "shown", what="the office to see the result")
    assert world.command("hub", "message", "east-in", *config).returncode == 0
    wait_until(lambda: world.snapshot("in")["message"] is None, what="the message to go")
