"""The hub against a peer that plays a gate, well and badly, over a real broker."""

import json
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert

from gated.contract.batch import decode_batch, encode_batch
from gated.contract.messages import Ack, Block, Get, Hello, HubStatus, Rejected, Status
from gated.core.canonical import canonical, chain, digest, genesis
from gated.hub import service
from gated.hub.database import HubDatabase
from gated.hub.schema_records import GATE_SITE
from gated.hub.store import HubStore
from tests.support.broker import Broker
from tests.support.bundles import plant_bundle
from tests.support.peer import Peer
from tests.support.sync import Worker, hub
from tests.support.waiting import wait_until

pytestmark = pytest.mark.broker
EPOCH = "00ff"
MINE = "cp/1/g/north-1"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    with Broker(tmp_path_factory.mktemp("broker")) as broker:
        yield broker


@pytest.fixture
def gate(tmp_path: Path, running: Broker) -> Iterator[Peer]:
    """A peer in the gate's place, with a hub at the other end that says it is there."""
    with (
        Peer(running.settings, f"{MINE}/d/#", "cp/1/hub/st", client_id="north-1") as peer,
        Worker(hub(tmp_path, running.settings)),
    ):
        status = HubStatus.decode(peer.next().payload)
        while not status.on:  # the farewell of the hub before, retained
            status = HubStatus.decode(peer.next().payload)
        yield peer


@pytest.fixture
def store(tmp_path: Path, gate: Peer) -> Iterator[HubStore]:
    del gate  # its hub makes the tables
    opened = HubStore(f"sqlite:///{tmp_path / 'hub.db'}")
    yield opened
    opened.close()


class Listening:
    """A log that keeps the names of warnings and raises a flag for the first."""

    def __init__(self, said: list[str], flag: threading.Event) -> None:
        self._said = said
        self._flag = flag

    def warning(self, event: str, **_: object) -> None:
        self._said.append(event)
        self._flag.set()

    def info(self, event: str, **_: object) -> None:
        if event == "hub.online":
            self._said.append(event)


def bodies(first: int, end: int) -> list[bytes]:
    return [
        canonical({"seq": seq, "kind": "k", "t": 5, "m": 6, "b": "boot", "q": 2})
        for seq in range(first, end)
    ]


def head_at(seq: int) -> bytes:
    head = genesis(EPOCH)
    for body in bodies(1, seq + 1):
        head = chain(head, digest(body))
    return head


def batch(first: int, end: int) -> bytes:
    return encode_batch(EPOCH, first, 1, head_at(first - 1), bodies(first, end))


def batch_at(first: int) -> bytes:
    return encode_batch(EPOCH, first, 1, genesis(EPOCH), [b'{"kind":"k"}'])


def answer(gate: Peer) -> Ack:
    message = gate.next()
    assert message.topic == f"{MINE}/d/ack"
    return Ack.decode(message.payload)


def answered(gate: Peer, upto: int) -> Ack:
    """Return the first answer that reaches this watermark."""
    while (ack := answer(gate)).upto < upto:
        pass
    return ack


def test_a_hello_is_answered_with_what_the_hub_has(gate: Peer, store: HubStore) -> None:
    hello = Hello(
        epoch=EPOCH, boot="b", sid=7, first=1, last=9, acked=0, hubgen=0, roster={"main": 4}, sw="x"
    )
    gate.publish(f"{MINE}/u/hello", hello.encode())
    ack = answer(gate)
    assert (ack.epoch, ack.upto, ack.h, ack.hubgen) == (
        EPOCH,
        0,
        genesis(EPOCH).hex(),
        store.hubgen,
    )
    (row,) = store.gates()
    assert (row["online"], row["sid"], row["last"], row["roster_rev"]) == (True, 7, 9, 4)


def test_the_answer_comes_after_the_commit_and_proves_the_chain(tmp_path: Path, gate: Peer) -> None:
    gate.publish(f"{MINE}/u/ev", batch(1, 51))
    ack = answered(gate, 50)
    connection = sqlite3.connect(tmp_path / "hub.db")
    assert connection.execute("SELECT count(*) FROM event").fetchone() == (50,)
    connection.close()
    assert ack.h == head_at(50).hex()


def test_what_comes_while_somebody_holds_the_store_is_kept_and_the_connection_too(
    tmp_path: Path, gate: Peer, store: HubStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    hello = Hello(epoch=EPOCH, boot="b", sid=7, first=1, last=20, acked=0, hubgen=0, sw="x")
    busy = threading.Event()
    monkeypatch.setattr(service, "_log", Listening(said, busy))
    other = HubDatabase(f"sqlite:///{tmp_path / 'hub.db'}")
    with other.writing("push a great list"):
        gate.publish(f"{MINE}/u/ev", batch(1, 11))
        gate.publish(f"{MINE}/u/hello", hello.encode())
        gate.publish(f"{MINE}/u/ev", batch(11, 21))
        assert busy.wait(20)
    other.close()
    assert answered(gate, 20).want is None
    assert store.gates()[0]["sid"] == 7
    assert said == ["hub.store_busy"], "and the hub greeted nobody anew"


def test_a_missing_batch_is_wanted(gate: Peer) -> None:
    gate.publish(f"{MINE}/u/ev", batch(11, 21))
    assert (answer(gate).want) == 1
    gate.publish(f"{MINE}/u/ev", batch(1, 11))
    assert answered(gate, 20).want is None


def test_a_fork_is_answered_as_one(gate: Peer) -> None:
    gate.publish(f"{MINE}/u/ev", batch(1, 11))
    answered(gate, 10)
    other = encode_batch(EPOCH, 11, 1, b"\x00" * 32, bodies(11, 12))
    gate.publish(f"{MINE}/u/ev", other)
    ack = answer(gate)
    assert (ack.fork, ack.upto) == (True, 10)


def test_a_bad_event_is_named_and_passed(gate: Peer) -> None:
    bad = [bodies(1, 2)[0], b'{"no":"event"}', bodies(3, 4)[0]]
    gate.publish(f"{MINE}/u/ev", encode_batch(EPOCH, 1, 1, genesis(EPOCH), bad))
    assert answered(gate, 3).rej == (Rejected(seq=2, code="schema"),)


@pytest.mark.parametrize(
    ("leaf", "payload"),
    [
        ("u/ev", b"rubbish"),
        ("u/ev", json.dumps({"v": 2, "ev": []}).encode()),
        ("u/ev", b"z\x00\x01"),
        ("u/ev", batch_at(2**63 - 1)),
        ("u/hello", b"{}"),
        ("st", rb'{"v":1,"on":true,"sid":1,"faults":["\ud800"]}'),
        ("st", b'{"v":1}'),
        ("u/get", b'{"v":1,"id":1}'),
    ],
)
def test_what_nobody_can_use_is_parked_and_stops_nothing(
    gate: Peer, store: HubStore, leaf: str, payload: bytes
) -> None:
    gate.publish(f"{MINE}/{leaf}", payload)
    gate.publish(f"{MINE}/u/ev", batch(1, 2))
    answered(gate, 1)
    assert store.parked() == 1


def test_more_bad_messages_than_the_receive_maximum_stop_nothing(gate: Peer) -> None:
    for number in range(30):
        gate.publish(f"{MINE}/u/ev", b"rubbish %d" % number)
        gate.publish(f"{MINE}/u/unknown", b"x")
    gate.publish(f"{MINE}/u/ev", batch(1, 2))
    answered(gate, 1)


def test_a_late_will_of_an_older_connection_changes_nothing(gate: Peer, store: HubStore) -> None:
    for status in (
        Status(on=True, sid=9, epoch=EPOCH, backlog=3, roster={"main": 2}),
        Status(on=False, sid=8),
    ):
        gate.publish(f"{MINE}/st", status.encode())
    gate.publish(f"{MINE}/u/ev", batch(1, 2))
    answered(gate, 1)
    (row,) = store.gates()
    assert (row["online"], row["sid"], row["backlog"], row["roster_rev"]) == (True, 9, 3, 2)
    gate.publish(f"{MINE}/st", Status(on=False, sid=9).encode())
    wait_until(lambda: not store.gates()[0]["online"], what="the gate to show as offline")


def test_what_waits_is_what_was_last_spoken_of(gate: Peer, store: HubStore) -> None:
    gate.publish(f"{MINE}/st", Status(on=True, sid=9, epoch=EPOCH, backlog=99, last=12).encode())
    gate.publish(f"{MINE}/u/ev", batch(1, 11))
    answered(gate, 10)
    (row,) = store.gates()
    assert (row["upto"], row["last"]) == (10, 12)
    gate.publish(f"{MINE}/u/ev", batch(11, 15))
    answered(gate, 14)
    (row,) = store.gates()
    assert (row["upto"], row["last"]) == (14, 14)


def test_a_new_epoch_forgets_how_far_the_former_one_went(gate: Peer, store: HubStore) -> None:
    for epoch, last in (("former", 900), (EPOCH, 12)):
        status = Status(on=True, sid=9, epoch=epoch, last=last)
        gate.publish(f"{MINE}/st", status.encode())
    gate.publish(f"{MINE}/u/ev", batch(1, 11))
    answered(gate, 10)
    assert store.gates()[0]["last"] == 12


def test_chunks_are_served_by_tag_and_unknown_ones_are_not(gate: Peer, store: HubStore) -> None:
    pieces = {-1: b"list", 0: b"first", 1: b"second"}
    tag = plant_bundle(store.database, "other", 1, pieces)
    for index, count in ((7, 1), (-1, 8), (0, 8)):
        gate.publish(f"{MINE}/u/get", Get(id=1, sha=tag.hex(), i=index, n=count).encode())
    blocks = [Block.decode(gate.next().payload) for _ in range(3)]
    assert [(block.index, block.data) for block in blocks] == list(pieces.items())
    assert {block.tag for block in blocks} == {tag}


def test_pieces_of_another_sites_list_are_not_served(tmp_path: Path) -> None:
    store = HubStore(f"sqlite:///{tmp_path / 'hub.db'}")
    tags = {}
    for number, roster in enumerate(("a", "b")):
        sha = bytes([number]) * 32
        tags[roster] = plant_bundle(store.database, roster, 1, {-1: b"list"}, sha=sha)
    both, alone = {"east": "a", "west": "b"}, {"east": "a"}
    with store.database.writing("assign a gate") as connection:
        connection.execute(insert(GATE_SITE).values(gate="west-1", site="west", since_ms=1))
    wanted = [
        ("west-1", "b", both, True),
        ("west-1", "a", both, False),
        ("stray", "a", both, False),
        ("stray", "a", alone, True),
        ("stray", "b", alone, False),
        ("west-1", "b", alone, False),
    ]
    for gate, roster, rosters, served in wanted:
        assert store.may_fetch(gate, tags[roster], rosters) is served, (gate, roster)
    store.close()


def test_an_orderly_end_is_told(tmp_path: Path, running: Broker) -> None:
    with Peer(running.settings, "cp/1/hub/st") as peer:
        with Worker(hub(tmp_path, running.settings)):
            while not HubStatus.decode(peer.next().payload).on:
                pass
        assert not HubStatus.decode(peer.next().payload).on


def test_a_store_that_is_held_heals_and_nothing_is_promised_meanwhile(
    tmp_path: Path, gate: Peer
) -> None:
    holder = sqlite3.connect(tmp_path / "hub.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    gate.publish(f"{MINE}/u/ev", batch(1, 11))
    holder.execute("ROLLBACK")
    holder.close()
    assert answered(gate, 10).h == head_at(10).hex()


def test_our_own_batches_are_what_the_hub_reads() -> None:
    assert decode_batch(batch(5, 8)).end == 8
