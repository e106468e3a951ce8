"""Nobody's name, number or phone leaves the list: a canary looks through everything left behind.

Looked through: every file of the world (logs, journals, lists, the hub's database, their
write-ahead logs), every file name, and every topic and payload on the broker. Left out are only
the tables of people themselves, which the office wrote.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gated.cli.demo.people import Invented
from gated.transport.mqtt import LinkEvent, MqttLink, Received, Subscribed, Welcomed
from tests.support.waiting import wait_until
from tests.support.world import SystemWorld

TABLE = ".csv"
BIRTHDAY_END = 14  # area and birthday alone would tell who it is


def canaries(people: list[Invented], phones: dict[str, str]) -> Iterator[bytes]:
    for person in people:
        yield person.id_number.encode()
        yield person.id_number[:BIRTHDAY_END].encode()
        yield person.name.encode()
        yield json.dumps(person.name).strip('"').encode()
        if person.id_number in phones:
            yield phones[person.id_number].encode()


def found(needles: list[bytes], hay: bytes) -> bool:
    return any(needle in hay for needle in needles)


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and path.suffix != TABLE]


@contextmanager
def listening(world: SystemWorld) -> Iterator[list[LinkEvent]]:
    """Everything the broker passes on, in the list that this yields."""
    events: list[LinkEvent] = []
    link = MqttLink(world.broker_settings, "canary", events.append)
    link.open()
    try:
        wait_until(lambda: any(isinstance(e, Welcomed) for e in events), what="the broker")
        link.subscribe([("#", 0)])
        wait_until(lambda: Subscribed(granted=True) in events, what="the subscription")
        yield events
    finally:
        link.close()


def messages(events: list[LinkEvent]) -> list[Received]:
    return [event for event in list(events) if isinstance(event, Received)]


def test_nobody_can_be_found_in_what_a_run_leaves_behind(world: SystemWorld) -> None:
    stranger = world.stranger()
    with listening(world) as events:
        phones = world.push()
        wait_until(
            lambda: any(message.topic.endswith("/mf") for message in messages(events)),
            what="the manifest to pass by",
        )
        world.play("in", "card A; wrist 36.4; ALLOW OK_HOME_RETURN", A=world.resident())
        world.play("in", "code A; wrist 36.4; ALLOW OK_HOME_RETURN", A=world.resident())
        world.play("in", "card A; wrist 36.4; CHECK ID_NOT_IN_ROSTER", A=stranger)
        world.wait_drained("in")
        said = messages(events)
    needles = list(canaries([*world.listed, stranger], phones))
    assert sum(message.topic.endswith("u/ev") for message in said) >= 3
    # Only counts and file names may show in a failure, never the needle itself.
    assert sum(found(needles, message.topic.encode()) for message in said) == 0
    assert sum(found(needles, message.payload) for message in said) == 0
    left = files(world.folder)
    assert {"hub.db", "journal.db", "hub.log", "gate-in.log"} <= {path.name for path in left}
    assert any(path.match("roster-*.db") for path in left)
    assert [path.name for path in left if found(needles, path.read_bytes())] == []
    assert sum(found(needles, str(path).encode()) for path in left) == 0


def test_the_canary_sings_when_a_name_is_left_behind(world: SystemWorld, tmp_path: Path) -> None:
    person = world.named
    needles = list(canaries([person], {person.id_number: "13800110000"}))
    leaks = (person.name, json.dumps({"name": person.name}), person.id_number, "13800110000")
    assert [found(needles, leak.encode()) for leak in leaks] == [True] * len(leaks)
    assert not found(needles, b"nobody")
