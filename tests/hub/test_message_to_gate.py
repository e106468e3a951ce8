"""A message from an office to a gate's screen: over a real broker, a real hub and a real uplink."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import insert

from gated.config import GateSection
from gated.contract.topics import Leaf, gate_topic
from gated.gate.message_desk import MessageDesk
from gated.gate.recorder import Recorder
from gated.gate.uplink_events import CommandArrived, LinkChanged, LinkState
from gated.hub.commands import Commands
from gated.hub.schema_records import GATE_SITE
from gated.hub.service import Hub, HubSettings
from gated.hub.store import HubStore
from gated.screen.snapshot import Text
from gated.store import keys
from tests.support.broker import Broker
from tests.support.office import NOON_MS, Desk, open_desk
from tests.support.peer import Peer
from tests.support.sync import Gate, Worker, moment
from tests.support.waiting import wait_until

pytestmark = pytest.mark.broker
SECTION = GateSection(id="north-1", site="east")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with Broker(tmp_path_factory.mktemp("broker")) as broker:
        yield broker


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    opened = open_desk(tmp_path)
    with opened.office.database.writing("add a gate") as connection:
        connection.execute(insert(GATE_SITE).values(gate="north-1", site="east", since_ms=NOON_MS))
    return opened


class Screened:
    """A gate with its uplink, and the engine's part that believes and shows orders."""

    def __init__(self, folder: Path, broker: Broker, desk: Desk, seen: int = 0) -> None:
        self.gate = Gate(folder, broker.settings)
        trust = keys.read_trust(desk.office.config.keys.trust)
        recorder = Recorder(SECTION, self.gate.journal, self.gate.uplink.journal_grew)
        self.desk = MessageDesk("north-1", "boot-1", trust, recorder, folder)
        self.arrived = seen

    def text(self) -> Text | None:
        self.gate.pump()
        orders = [event for event in self.gate.events if isinstance(event, CommandArrived)]
        for event in orders[self.arrived :]:
            self.desk.arrived(replace(event, at_mono_ms=moment().mono_ms), moment())
        self.arrived = len(orders)
        return self.desk.text(moment())


def hub(desk: Desk, broker: Broker) -> Worker:
    settings = HubSettings(broker.settings, desk.office.config.store.url, reconnect_base_ms=20)
    return Worker(Hub(settings, utc_ms=desk.clock))


def state(desk: Desk) -> str:
    return Commands(desk.office).of_gate("east", "north-1")[0].state


def command_results(desk: Desk, gate: Gate) -> list[str]:
    store = HubStore(desk.office.config.store.url)
    try:
        rows = store.events("north-1", gate.journal.epoch)
    finally:
        store.close()
    return [row[2].decode() for row in rows if b"command_result" in row[2]]


def test_a_message_reaches_the_screen_and_its_result_the_hub(
    tmp_path: Path, running: Broker, desk: Desk
) -> None:
    screened = Screened(tmp_path / "g", running, desk)
    with hub(desk, running), screened.gate as gate:
        wait_until(lambda: gate.saw(LinkChanged(LinkState.ONLINE)), what="the link")
        order = Commands(desk.office).send_message(desk.actor(), "north-1", "请开南门", "Open", 30)
        wait_until(lambda: screened.text() == Text("请开南门", "Open"), what="the text")
        wait_until(gate.drained, what="the result to be stored")
        [result] = command_results(desk, gate)
        assert f'"id":"{order}"' in result
        assert '"result":"shown"' in result
        assert state(desk) == "sent"


def test_a_gate_that_was_away_gets_its_message_when_it_returns_and_only_once(
    tmp_path: Path, running: Broker, desk: Desk
) -> None:
    with hub(desk, running):
        Commands(desk.office).send_message(desk.actor(), "north-1", "等你回来", "", 30)
        screened = Screened(tmp_path / "g", running, desk)
        with screened.gate:
            wait_until(lambda: screened.text() == Text("等你回来", "等你回来"), what="the text")
            wait_until(screened.gate.drained, what="the result to be stored")
        # It says hello again; the hub's reader of events has not set a result yet.
        again = Screened(tmp_path / "g", running, desk)
        with again.gate as gate:
            wait_until(
                lambda: (again.text(), again.arrived)[1] == 1, what="the order to be repeated"
            )
            wait_until(gate.drained, what="everything")
            assert again.text() == Text("等你回来", "等你回来")
            assert len(command_results(desk, gate)) == 1


def test_an_order_that_somebody_else_publishes_is_not_shown(
    tmp_path: Path, running: Broker, desk: Desk
) -> None:
    screened = Screened(tmp_path / "g", running, desk)
    with hub(desk, running), screened.gate as gate, Peer(running.settings) as stranger:
        wait_until(lambda: gate.saw(LinkChanged(LinkState.ONLINE)), what="the link")
        stranger.publish(gate_topic("north-1", Leaf.COMMAND), b'{"v":1,"cmd":"message"}')
        wait_until(lambda: (screened.text(), screened.arrived)[1] == 1, what="the order")
        assert screened.text() is None
        assert command_results(desk, gate) == []
