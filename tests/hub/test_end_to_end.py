"""Gate and hub over a real Mosquitto, with real files."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gated.gate.uplink_events import LinkChanged, LinkState
from gated.hub.store import HubStore
from gated.store.journal_reader import JournalReader
from tests.support.broker import Broker
from tests.support.sync import Gate, Worker, hub
from tests.support.waiting import wait_until

pytestmark = pytest.mark.broker


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    with Broker(tmp_path) as running:
        yield running


def stored(folder: Path, gate: Gate) -> list[tuple[int, bytes]]:
    store = HubStore(f"sqlite:///{folder / 'hub.db'}")
    try:
        return [(row[0], row[2]) for row in store.events("north-1", gate.journal.epoch)]
    finally:
        store.close()


def held(gate: Gate) -> list[tuple[int, bytes]]:
    with JournalReader(gate.path) as reader:
        return [(entry.seq, entry.body) for entry in reader.entries()]


def test_events_reach_the_hub_byte_for_byte(tmp_path: Path, broker: Broker) -> None:
    with Worker(hub(tmp_path, broker.settings)), Gate(tmp_path / "g", broker.settings) as gate:
        gate.record(250, side=True)
        wait_until(gate.drained, what="the backlog to drain")
        gate.record(1)
        wait_until(gate.drained, what="a live event to arrive")
        assert stored(tmp_path, gate) == held(gate)
        assert gate.saw(LinkChanged(LinkState.ONLINE))


def test_a_killed_broker_loses_and_doubles_nothing(tmp_path: Path, broker: Broker) -> None:
    with Worker(hub(tmp_path, broker.settings)), Gate(tmp_path / "g", broker.settings) as gate:
        for _ in range(3):
            gate.record(150)
            broker.kill()
            gate.record(150)
            wait_until(lambda: gate.saw(LinkChanged(LinkState.OFFLINE)), what="the loss to show")
            broker.start()
            wait_until(gate.drained, what="the backlog to drain")
            gate.events.clear()
        assert stored(tmp_path, gate) == held(gate)


def test_a_restarted_hub_loses_and_doubles_nothing(tmp_path: Path, broker: Broker) -> None:
    with Gate(tmp_path / "g", broker.settings) as gate:
        for _ in range(3):
            with Worker(hub(tmp_path, broker.settings)):
                gate.record(300)
            gate.record(50)
            wait_until(lambda: gate.saw(LinkChanged(LinkState.HUB_SILENT)), what="silence to show")
            gate.events.clear()
        with Worker(hub(tmp_path, broker.settings)):
            wait_until(gate.drained, what="the backlog to drain")
        assert stored(tmp_path, gate) == held(gate)


def test_a_hub_that_lost_its_database_gets_everything_again(tmp_path: Path, broker: Broker) -> None:
    with Gate(tmp_path / "g", broker.settings) as gate:
        with Worker(hub(tmp_path, broker.settings)):
            gate.record(250)
            wait_until(gate.drained, what="the backlog to drain")
        for file in tmp_path.glob("hub.db*"):
            file.unlink()
        with Worker(hub(tmp_path, broker.settings)):
            wait_until(lambda: len(stored(tmp_path, gate)) == 251, what="everything again")
            gate.record(5)
            wait_until(gate.drained, what="the next events")
        assert stored(tmp_path, gate) == held(gate)


def test_a_frozen_broker_is_survived(tmp_path: Path, broker: Broker) -> None:
    with Worker(hub(tmp_path, broker.settings)), Gate(tmp_path / "g", broker.settings) as gate:
        gate.record(100)
        broker.freeze()
        gate.record(300)
        broker.thaw()
        wait_until(gate.drained, what="the backlog to drain")
        assert stored(tmp_path, gate) == held(gate)


def test_two_gates_do_not_mix(tmp_path: Path, broker: Broker) -> None:
    with (
        Worker(hub(tmp_path, broker.settings)),
        Gate(tmp_path / "a", broker.settings) as one,
        Gate(tmp_path / "b", broker.settings, gate="south-1") as other,
    ):
        one.record(120)
        other.record(70)
        wait_until(lambda: one.drained() and other.drained(), what="both to drain")
        assert stored(tmp_path, one) == held(one)
