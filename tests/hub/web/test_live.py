"""What an open page hears: counts when they change, beats in between, an end with the log-in."""

import asyncio
import json
from collections.abc import Callable

import pytest
from sqlalchemy import insert, update

from gated.hub.roles import Role
from gated.hub.schema import GATE
from gated.hub.schema_records import GATE_SITE
from gated.hub.web import live as live_module
from gated.hub.web.live import FULL, SILENT_MS, WATCHERS_MAX, Live, State, gate_state, state
from tests.support.hub_pages import PageClient
from tests.support.office import Desk


def heard(looks: list[State | None], live: Live | None = None) -> list[tuple[str, object]]:
    """Named events while `look` answers these one after the other, then the log-in ends."""

    def look() -> State | None:
        return looks.pop(0) if looks else None

    class Eager(Live):
        async def _pause(self) -> None:
            await asyncio.sleep(0)

    async def listen() -> list[bytes]:
        return [event async for event in (live or Eager()).events(look)]

    found = []
    for event in asyncio.run(listen()):
        name, _, data = event.decode().partition("\n")
        if name.startswith("event: "):
            found.append((name[7:], json.loads(data.strip().removeprefix("data: "))))
    return found


def test_the_first_look_is_told_whole_and_then_only_what_changed() -> None:
    gates = {"online": 1, "n": 2, "rev": 3, "mark": "a"}
    assert heard(
        [
            {"inbox": {"open": 1}, "gates": gates},
            {"inbox": {"open": 1}, "gates": gates},
            {"inbox": {"open": 2}, "gates": gates},
            {"inbox": {"open": 2}, "gates": {**gates, "mark": "b"}},
        ]
    ) == [
        ("inbox", {"open": 1}),
        ("gates", gates),
        ("inbox", {"open": 2}),
        ("gates", {**gates, "mark": "b"}),
    ]


def test_a_quiet_stream_beats() -> None:
    names = [name for name, _ in heard([{"inbox": {"open": 0}}] * 16)]
    assert names == ["inbox", "beat", "beat"]
    assert live_module.CHECK_S * (live_module.CHECKS_PER_BEAT + 1) <= 16


def test_the_stream_ends_with_its_log_in() -> None:
    assert heard([{"inbox": {"open": 1}}, None, {"inbox": {"open": 9}}]) == [("inbox", {"open": 1})]


def test_closing_ends_a_stream_at_once() -> None:
    live = Live()

    async def listen() -> list[bytes]:
        found = []
        async for event in live.events(dict):
            found.append(event)
            live.close()
        return found

    assert len(asyncio.run(listen())) == 1


def test_only_so_many_pages_listen() -> None:
    live = Live()
    assert all(live.enter() for _ in range(WATCHERS_MAX))
    assert not live.enter()
    live.leave()
    assert live.enter()
    assert live.watching == WATCHERS_MAX


@pytest.fixture
def gates(desk: Desk) -> Callable[..., None]:
    def plant(gate: str, site: str = "east", **values: object) -> None:
        with desk.office.database.writing("plant") as connection:
            row = {"online": True, "seen_ms": desk.clock.now_ms, **values}
            connection.execute(insert(GATE).values(gate=gate, **row))
            connection.execute(insert(GATE_SITE).values(gate=gate, site=site, since_ms=0))

    return plant


def test_gates_are_counted_per_site_and_silence_is_not_online(
    desk: Desk, gates: Callable[..., None]
) -> None:
    gates("north")
    gates("south", online=False)
    gates("quiet", seen_ms=desk.clock.now_ms - SILENT_MS - 1)
    gates("far", "west")
    east = gate_state(desk.office, "east")
    assert (east["online"], east["n"], east["rev"]) == (1, 3, 0)
    assert gate_state(desk.office, "west")["n"] == 1


def test_a_gate_that_joined_and_never_came_counts_and_a_retired_one_does_not(
    desk: Desk, gates: Callable[..., None]
) -> None:
    gates("north")
    gates("south")
    with desk.office.database.writing("join") as connection:
        connection.execute(insert(GATE_SITE).values(gate="new", site="east", since_ms=0))
        gone = update(GATE_SITE).where(GATE_SITE.c.gate == "south")
        before = gate_state(desk.office, "east")
        connection.execute(gone.values(retired_ms=1))
    after = gate_state(desk.office, "east")
    assert (before["online"], before["n"]) == (2, 2), "read before the join was committed"
    assert (after["online"], after["n"]) == (1, 2)
    assert before["mark"] != after["mark"]


def test_the_mark_changes_when_a_gate_does_and_not_with_every_sign_of_life(
    desk: Desk, gates: Callable[..., None]
) -> None:
    gates("north")

    def after(**values: object) -> object:
        with desk.office.database.writing("change") as connection:
            connection.execute(update(GATE).values(**values))
        return gate_state(desk.office, "east")["mark"]

    marks = [after(seen_ms=desk.clock.now_ms)]
    assert after(seen_ms=desk.clock.now_ms + 1) == marks[0]
    changes = ({"backlog": 7}, {"status": "{}"}, {"roster_rev": 2}, {"online": False})
    marks += [after(**change) for change in changes]
    assert len(set(marks)) == 5
    desk.clock.now_ms += SILENT_MS + 2
    assert gate_state(desk.office, "east")["mark"] not in marks


@pytest.mark.parametrize(
    ("role", "names"),
    [
        (Role.OFFICER, {"inbox", "gates"}),
        (Role.PROPERTY, {"inbox", "gates"}),
        (Role.AUDITOR, set()),
    ],
)
def test_a_role_hears_what_it_may_see(desk: Desk, role: Role, names: set[str]) -> None:
    assert set(state(desk.office, desk.actor(role))) == names


def test_a_stranger_hears_nothing_and_is_told_not_to_ask_again(client: PageClient) -> None:
    assert client.get("/s/east/live").status_code == 204
    client.login("officer")
    assert client.get("/s/west/live").status_code == 204


def test_one_too_many_asks_again_in_a_while(client: PageClient) -> None:
    client.login("officer")
    for _ in range(WATCHERS_MAX):
        client.front.live.enter()
    answer = client.get("/s/east/live")
    assert (answer.status_code, answer.text) == (200, FULL), "no other status is asked again"
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert client.front.live.watching == WATCHERS_MAX
