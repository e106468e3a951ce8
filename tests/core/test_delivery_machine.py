"""Delivery against a model hub while the network loses, doubles, reorders and everybody crashes.

The hub keeps what the real ledger tells it to keep, so gate and hub are judged together. Nothing
here knows time: a virtual clock moves when the machine says so.
"""

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from gated.contract.batch import Batch, Event, decode_batch, encode_batch
from gated.core import delivery
from gated.core.canonical import canonical, chain, digest, genesis
from gated.hub import ledger
from tests.support.effort import examples

EPOCH = "00ff"


class ModelHub:
    """Commits atomically, acknowledges what it committed, survives its own crashes."""

    def __init__(self) -> None:
        self.cursor = ledger.empty(EPOCH)
        self.events: dict[int, bytes] = {}
        self.stored_twice = 0

    def commit(self, batch: Batch) -> tuple[int, bytes, int | None]:
        verdict = ledger.judge(self.cursor, batch)
        assert not verdict.fork, "an honest gate was called a fork"
        for event in verdict.known:
            assert self.events[event.seq] == event.digest
        for event in verdict.fresh:
            self.stored_twice += event.seq in self.events
            self.events[event.seq] = event.digest
        ranges = ledger.add(self.cursor.ranges, batch.first, batch.end)
        upto = ledger.watermark(ranges)
        fresh = [self.events[seq] for seq in range(self.cursor.upto + 1, upto + 1)]
        self.cursor = ledger.Cursor(ranges, upto, ledger.extend(self.cursor.head, fresh))
        return self.cursor.upto, self.cursor.head, self.cursor.want


class Journal:
    """What the gate has on its card."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        self.hashes = [genesis(EPOCH)]

    def append(self) -> None:
        seq = len(self.bodies) + 1
        fields = {"seq": seq, "kind": "k", "t": seq, "m": seq, "b": "boot", "q": 2}
        self.bodies.append(canonical(fields))
        self.hashes.append(chain(self.hashes[-1], digest(self.bodies[-1])))

    @property
    def last(self) -> int:
        return len(self.bodies)


class DeliveryMachine(RuleBasedStateMachine):
    """One gate, one hub, one bad network."""

    def __init__(self) -> None:
        super().__init__()
        self.now_ms = 0
        self.hub = ModelHub()
        self.journal = Journal()
        self.stored_acked = 0
        self.told: list[int] = []
        self.up: list[bytes] = []
        self.down: list[tuple[int, bytes, int | None]] = []
        self.state = delivery.resume(EPOCH, 1, 0, 0, 1)

    def feed(self, event: delivery.Event) -> None:
        pending = [event]
        while pending:
            self.state, effects = delivery.step(self.state, pending.pop(), self.now_ms)
            for effect in effects:
                match effect:
                    case delivery.Read(start, limit):
                        pending.append(self.send(start, limit))
                    case delivery.StoreWatermark(upto):
                        assert upto <= self.hub.cursor.upto
                        self.told.append(upto)
                    case delivery.Alarm(code):
                        raise AssertionError(code)
                    case delivery.ShowParked():
                        raise AssertionError("nothing was parked")

    def send(self, start: int, limit: int) -> delivery.Sent:
        assert self.state.connected
        assert start == self.state.next_seq, "events leave in order"
        bodies = self.journal.bodies[start - 1 : start - 1 + limit]
        assert bodies, "a read always finds something"
        self.up.append(encode_batch(EPOCH, start, 1, self.journal.hashes[start - 1], bodies))
        return delivery.Sent(start + len(bodies) - 1)

    @rule(count=st.integers(1, 250))
    def grow(self, count: int) -> None:
        for _ in range(count):
            self.journal.append()
        self.feed(delivery.Grew(self.journal.last))

    @rule()
    def connect(self) -> None:
        self.feed(delivery.Connected())

    @rule()
    def disconnect(self) -> None:
        self.feed(delivery.Disconnected())

    @rule(data=st.data(), keep=st.booleans())
    @precondition(lambda self: self.up)
    def batch_reaches_the_hub(self, data: st.DataObject, keep: bool) -> None:
        index = data.draw(st.integers(0, len(self.up) - 1))
        payload = self.up[index] if keep else self.up.pop(index)
        self.down.append(self.hub.commit(decode_batch(payload)))

    @rule(data=st.data(), keep=st.booleans())
    @precondition(lambda self: self.down)
    def ack_reaches_the_gate(self, data: st.DataObject, keep: bool) -> None:
        index = data.draw(st.integers(0, len(self.down) - 1))
        upto, head, want = self.down[index] if keep else self.down.pop(index)
        self.feed(delivery.Acknowledged(EPOCH, upto, head, self.journal.hashes[upto], 1, want=want))

    @rule()
    def network_forgets_everything(self) -> None:
        self.up.clear()
        self.down.clear()

    @rule()
    def time_passes(self) -> None:
        self.now_ms = delivery.wake_at_ms(self.state) or self.now_ms + 1_000
        self.feed(delivery.Elapsed())

    @rule()
    def engine_stores_the_watermark(self) -> None:
        self.stored_acked = max([self.stored_acked, *self.told])
        self.told.clear()

    @rule()
    def gate_crashes(self) -> None:
        self.told.clear()
        self.state = delivery.resume(EPOCH, 1, self.journal.last, self.stored_acked, 1)

    @rule()
    def hub_crashes_and_returns(self) -> None:
        self.up.clear()
        self.feed(delivery.HubReturned())

    @rule()
    def hub_is_away(self) -> None:
        self.feed(delivery.HubLeft())

    @rule(reason=st.sampled_from([0x80, 0x87, 0x95, 0x97, 0x99]))
    def broker_refuses(self, reason: int) -> None:
        self.state, _ = delivery.step(self.state, delivery.Refused(reason), self.now_ms)

    @invariant()
    def nothing_is_acknowledged_that_the_hub_lacks(self) -> None:
        assert self.state.acked <= self.hub.cursor.upto
        assert self.stored_acked <= self.hub.cursor.upto

    @invariant()
    def no_key_is_stored_twice_or_differently(self) -> None:
        assert not self.hub.stored_twice
        for seq, found in self.hub.events.items():
            assert found == digest(self.journal.bodies[seq - 1])

    @invariant()
    def the_window_holds(self) -> None:
        assert len(self.state.flight) <= delivery.WINDOW
        assert list(self.state.flight) == sorted(self.state.flight)
        assert bool(self.state.flight) == (self.state.answer_by_ms is not None)

    def teardown(self) -> None:
        """Once everything is healed, everything arrives, within a bound."""
        self.up.clear()
        self.down.clear()
        self.feed(delivery.Grew(self.journal.last))
        self.feed(delivery.Connected())
        for _ in range(20 + 3 * self.journal.last):
            while self.up:
                self.down.append(self.hub.commit(decode_batch(self.up.pop(0))))
            while self.down:
                upto, head, want = self.down.pop(0)
                own = self.journal.hashes[upto]
                self.feed(delivery.Acknowledged(EPOCH, upto, head, own, 1, want=want))
            if self.state.acked == self.journal.last:
                break
            self.now_ms = delivery.wake_at_ms(self.state) or self.now_ms
            self.feed(delivery.Elapsed())
        assert self.state.acked == self.journal.last == self.hub.cursor.upto
        assert self.hub.cursor.head == self.journal.hashes[-1]


DeliveryMachine.TestCase.settings = settings(
    max_examples=examples(60), stateful_step_count=40, deadline=None
)
TestDelivery = DeliveryMachine.TestCase


def test_the_model_event_is_one_the_contract_takes() -> None:
    journal = Journal()
    journal.append()
    batch = decode_batch(encode_batch(EPOCH, 1, 1, genesis(EPOCH), journal.bodies))
    assert batch.events == (Event(1, journal.bodies[0], digest(journal.bodies[0]), "k", 1),)
