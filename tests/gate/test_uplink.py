"""The uplink against a peer that plays the hub over a real broker and says what a test wants."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gated.contract import messages
from gated.contract.batch import Batch, decode_batch
from gated.contract.messages import Ack, Hello, HubStatus, Rejected, Status
from gated.core.canonical import genesis
from gated.gate.uplink_events import EventsParked, LinkChanged, LinkState, SyncAlarm
from gated.store.journal_reader import JournalReader
from gated.transport.mqtt import BrokerSettings
from tests.support.broker import Broker
from tests.support.peer import Peer
from tests.support.sync import Gate
from tests.support.waiting import wait_until

pytestmark = pytest.mark.broker
MINE = "cp/1/g/north-1"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with Broker(tmp_path_factory.mktemp("broker")) as broker:
        yield broker


class FakeHub(Peer):
    """Hears everything of one gate and answers only when told to."""

    def __init__(self, settings: BrokerSettings) -> None:
        super().__init__(settings, f"{MINE}/u/#", f"{MINE}/st", client_id="hub")

    def __exit__(self, *args: object) -> None:
        self.publish("cp/1/hub/st", b"", retain=True)
        self.publish(f"{MINE}/st", b"", retain=True)
        super().__exit__(*args)

    def heard(self, leaf: str) -> bytes:
        """Return the next body on this leaf; others are passed over."""
        while True:
            message = self.next()
            if message.topic == f"{MINE}/{leaf}" and message.payload:
                return message.payload

    def batch(self) -> Batch:
        return decode_batch(self.heard("u/ev"))

    def acknowledge(self, gate: Gate, seq: int, **fields: Any) -> None:
        with JournalReader(gate.path) as reader:
            own = reader.hash_at(seq) or b""
        values = {"epoch": gate.journal.epoch, "upto": seq, "h": own.hex(), "hubgen": 0}
        self.publish(f"{MINE}/d/ack", Ack(**{**values, **fields}).encode())

    def state(self, *, on: bool, start: int) -> None:
        status = HubStatus(on=on, hubgen=1, start=start)
        self.publish("cp/1/hub/st", status.encode(), retain=True)


@pytest.fixture
def hub(running: Broker) -> Iterator[FakeHub]:
    with FakeHub(running.settings) as fake:
        yield fake


@pytest.fixture
def gate(tmp_path: Path, running: Broker, hub: FakeHub) -> Iterator[Gate]:
    del hub  # subscribed before the gate speaks
    with Gate(tmp_path / "g", running.settings) as started:
        yield started


def test_a_gate_says_who_it_is_before_it_sends(hub: FakeHub, gate: Gate) -> None:
    status = Status.decode(hub.heard("st"))
    hello = Hello.decode(hub.heard("u/hello"))
    batch = hub.batch()
    assert (status.on, status.boot, status.sw, status.backlog) == (True, "boot-1", "test", 1)
    assert status.last == 1
    assert hello == Hello(
        epoch=gate.journal.epoch,
        boot="boot-1",
        sid=status.sid,
        first=1,
        last=1,
        acked=0,
        hubgen=0,
        roster={"main": 0},
        sw="test",
        why="boot",
    )
    assert status.sid == (gate.journal.starts << 20) + 1
    assert (batch.epoch, batch.first, batch.end, batch.sid) == (hello.epoch, 1, 2, hello.sid)
    assert batch.previous == genesis(gate.journal.epoch)


def test_only_a_proven_acknowledgement_moves_the_watermark(hub: FakeHub, gate: Gate) -> None:
    assert hub.batch().end == 2
    gate.record(4)
    hub.acknowledge(gate, 1)
    wait_until(lambda: gate.saw(LinkChanged(LinkState.ONLINE)), what="the link")
    assert hub.batch().first == 2
    hub.acknowledge(gate, 3, epoch="00")
    hub.acknowledge(gate, 2)
    wait_until(lambda: (gate.pump(), gate.journal.acked)[1] == 2, what="the watermark")
    hub.acknowledge(gate, 5)
    wait_until(gate.drained, what="everything")


@pytest.mark.parametrize("lie", [{"h": "00" * 32}, {"fork": True}, {"upto": 99, "h": "00" * 32}])
def test_a_contradiction_is_an_alarm_and_sending_stops(
    hub: FakeHub, gate: Gate, lie: dict[str, Any]
) -> None:
    assert hub.batch().end == 2
    hub.acknowledge(gate, 1, **lie)
    wait_until(lambda: gate.saw(SyncAlarm("fork_suspected")), what="the alarm")
    gate.record(1)
    hub.acknowledge(gate, 1)
    hub.state(on=True, start=1)
    hub.state(on=True, start=2)
    hub.heard("u/hello")  # said again to a hub that started anew, after all of the above
    assert not [message for message in hub.received if message.topic.endswith("/ev")]
    gate.pump()
    assert gate.journal.acked == 0


def test_parked_events_are_told_by_their_code(hub: FakeHub, gate: Gate) -> None:
    gate.record(2)
    rejected = (Rejected(seq=1, code="schema"), Rejected(seq=2, code="too_big"))
    hub.batch()
    hub.acknowledge(gate, 3, rej=rejected)
    wait_until(lambda: gate.saw(EventsParked((2,), "too_big")), what="the parked event")
    assert gate.saw(EventsParked((1,), "schema"))
    assert gate.drained()


def test_a_hub_that_comes_back_gets_what_died_with_it(hub: FakeHub, gate: Gate) -> None:
    hub.state(on=True, start=1)
    assert hub.batch().first == 1
    hub.state(on=False, start=1)
    wait_until(lambda: gate.saw(LinkChanged(LinkState.HUB_SILENT)), what="silence to show")
    hub.state(on=True, start=2)
    assert hub.batch().first == 1
    hub.acknowledge(gate, 1)
    wait_until(lambda: gate.saw(LinkChanged(LinkState.ONLINE)), what="the link")


def test_a_restarted_hub_is_noticed_without_a_farewell(hub: FakeHub, gate: Gate) -> None:
    hub.state(on=True, start=1)
    hub.batch()
    hub.acknowledge(gate, 1)
    wait_until(gate.drained, what="the first event")
    hub.state(on=True, start=2)
    assert Hello.decode(hub.heard("u/hello")).acked == 1


def test_what_breaks_the_contract_is_passed_over(hub: FakeHub, gate: Gate) -> None:
    hub.batch()
    for leaf, payload in (
        ("d/ack", b"rubbish"),
        ("d/ack", json.dumps({"v": 9}).encode()),
        ("d/blk", b"short"),
        ("d/other", b"x"),
    ):
        hub.publish(f"{MINE}/{leaf}", payload)
    hub.publish("cp/1/hub/st", b"{}", retain=True)
    hub.acknowledge(gate, 1)
    wait_until(gate.drained, what="the honest answer")


def test_a_connection_that_is_taken_away_comes_back_with_a_new_number(
    hub: FakeHub, gate: Gate, running: Broker
) -> None:
    first = Hello.decode(hub.heard("u/hello"))
    thief = Peer(running.settings, client_id="north-1")
    with thief:
        pass
    second = Hello.decode(hub.heard("u/hello"))
    assert (second.sid, second.why) == (first.sid + 1, "reconnect")


def test_an_orderly_end_is_told_and_kept(hub: FakeHub, tmp_path: Path, running: Broker) -> None:
    with Gate(tmp_path / "g", running.settings) as gate:
        sid = Hello.decode(hub.heard("u/hello")).sid
        del gate
    status = Status.decode(hub.heard("st"))
    while status.on:
        status = Status.decode(hub.heard("st"))
    assert status == Status(on=False, sid=sid)
    with Peer(running.settings, f"{MINE}/st", client_id="later") as later:
        assert Status.decode(later.next().payload) == status


def test_a_gate_without_a_broker_waits_and_can_be_stopped(tmp_path: Path) -> None:
    settings = BrokerSettings("127.0.0.1", 9, tls=False)  # discard: nobody listens
    with Gate(tmp_path / "g", settings) as gate:
        gate.record(3)
        wait_until(lambda: gate.saw(LinkChanged(LinkState.OFFLINE)), what="offline to show")
        gate.uplink.journal_grew()
    assert gate.events.count(LinkChanged(LinkState.OFFLINE)) == 1


def test_bodies_carry_no_more_than_they_must(hub: FakeHub, gate: Gate) -> None:
    """A small batch is plain JSON a person can read on the wire; a large one is compressed."""
    assert hub.heard("u/ev").startswith(b'{"epoch":"')
    hub.acknowledge(gate, 1)
    gate.record(100)
    body = hub.heard("u/ev")
    assert body.startswith(b"z")
    assert len(messages.unpack(body)) > 5 * len(body)
