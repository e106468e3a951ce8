"""Fetching a roster: chunk by chunk, whatever the network does."""

import hashlib
from dataclasses import replace

import hypothesis.strategies as st
import pytest
from hypothesis import given

from gated.core import replica
from gated.core.replica import (
    Arrived,
    Ask,
    Begin,
    Connected,
    Disconnected,
    Effect,
    Elapsed,
    Install,
    Offer,
    Offered,
    Phase,
    Reject,
    State,
    Verified,
    VerifyFile,
    WriteChunk,
    step,
)


class Source:
    """An object of n one-byte chunks and its offer."""

    def __init__(self, chunks: int, rev: int = 1) -> None:
        self.chunks = [bytes([rev, number]) for number in range(chunks)]
        self.list = b"".join(hashlib.sha256(chunk).digest() for chunk in self.chunks)
        self.tag = bytes([rev]) * 16
        self.offer = Offer(rev, self.tag, chunks, hashlib.sha256(self.list).digest())

    def answer(self, ask: Ask) -> list[Arrived]:
        if ask.start == replica.LIST_INDEX:
            return [Arrived(ask.tag, ask.start, self.list)]
        indexes = range(ask.start, ask.start + ask.count)
        return [Arrived(ask.tag, index, self.chunks[index]) for index in indexes]


def offered(source: Source) -> State:
    """A connected gate that asked for the list of hashes."""
    state = step(State(), Connected(), 0)[0]
    state, effects = step(state, Offered(source.offer), 0)
    assert effects == (Begin(source.offer),)
    return step(state, Elapsed(), 0)[0]


def fetching(source: Source) -> State:
    return step(offered(source), Arrived(source.tag, -1, source.list), 0)[0]


def test_a_roster_is_listed_fetched_verified_and_handed_on() -> None:
    source = Source(20)
    state, asks, written = step(State(), Connected(), 0)[0], [], []
    state, effects = step(state, Offered(source.offer), 0)
    state, effects = step(state, Elapsed(), 0)
    pending: list[Effect] = list(effects)
    while pending:
        effect = pending.pop(0)
        match effect:
            case Ask():
                asks.append((effect.start, effect.count))
                for block in source.answer(effect):
                    state, effects = step(state, block, 0)
                    pending.extend(effects)
            case WriteChunk(index, data):
                assert data == source.chunks[index]
                written.append(index)
            case VerifyFile(offer):
                assert (offer, state.phase) == (source.offer, Phase.VERIFYING)
                state, effects = step(state, Verified(), 0)
                assert effects == (Install(source.offer),)
    assert asks == [(-1, 1), (0, 8), (8, 8), (16, 4)]
    assert written == list(range(20))
    assert state == State(connected=True)


def test_a_fetch_starts_somewhere_within_its_spread() -> None:
    state = step(State(), Connected(), 0)[0]
    state, _ = step(state, Offered(Source(1).offer, 60_000), 1_000, 0.5)
    assert replica.wake_at_ms(state) == 31_000
    assert step(state, Elapsed(), 30_999)[1] == ()
    assert step(state, Elapsed(), 31_000)[1] == (Ask(b"\x01" * 16, -1, 1),)


def test_events_that_wait_make_requests_small() -> None:
    source = Source(20)
    _, effects = step(offered(source), Arrived(source.tag, -1, source.list), 0, ask_limit=2)
    assert effects == (Ask(source.tag, 0, 2),)


@pytest.mark.parametrize(
    "block",
    [
        Arrived(b"\x02" * 16, 0, b"\x01\x00"),
        Arrived(b"\x01" * 16, 0, b"other"),
        Arrived(b"\x01" * 16, 20, b"\x01\x00"),
        Arrived(b"\x01" * 16, -7, b"\x01\x00"),
        Arrived(b"\x01" * 16, -1, b"list again"),
    ],
    ids=["other_object", "bad_hash", "beyond_the_end", "negative", "list_again"],
)
def test_a_block_that_is_not_wanted_is_not_written(block: Arrived) -> None:
    state = fetching(Source(20))
    assert step(state, block, 5) == (state, ())


@pytest.mark.parametrize("data", [b"", b"x" * 32 * 20, b"x" * 31])
def test_a_list_that_is_not_the_signed_one_is_not_believed(data: bytes) -> None:
    state = offered(Source(20))
    assert step(state, Arrived(b"\x01" * 16, -1, data), 5) == (state, ())


def test_a_chunk_is_written_once() -> None:
    source = Source(20)
    state, effects = step(fetching(source), Arrived(source.tag, 3, source.chunks[3]), 0)
    assert effects == (WriteChunk(3, source.chunks[3]),)
    assert step(state, Arrived(source.tag, 3, source.chunks[3]), 0) == (state, ())


def test_silence_asks_again_with_rising_patience() -> None:
    state, waits, now = fetching(Source(20)), [], 0
    for _ in range(6):
        wake = replica.wake_at_ms(state)
        assert wake is not None
        waits.append(wake - now)
        now = wake
        state, effects = step(state, Elapsed(), now)
        assert effects == (Ask(b"\x01" * 16, 0, 8),)
    assert waits == [5_000, 5_000 * 2, 20_000, 40_000, 60_000, 60_000]


def test_only_missing_chunks_are_asked_for_after_a_break() -> None:
    source = Source(20)
    state = fetching(source)
    for index in (0, 1, 4):
        state, _ = step(state, Arrived(source.tag, index, source.chunks[index]), 0)
    state, effects = step(state, Disconnected(), 0)
    assert (effects, replica.wake_at_ms(state)) == ((), None)
    state, effects = step(state, Connected(), 0)
    assert effects == (Ask(source.tag, 2, 2),)


def test_nobody_is_asked_without_a_connection() -> None:
    state, effects = step(State(), Offered(Source(1).offer), 0)
    state, effects = step(state, Elapsed(), 0)
    assert effects == ()
    assert step(state, Connected(), 0)[1] == (Ask(b"\x01" * 16, -1, 1),)


def test_a_newer_offer_drops_the_one_being_fetched() -> None:
    newer = Source(3, rev=2)
    state, effects = step(fetching(Source(20)), Offered(newer.offer), 9)
    assert effects == (Begin(newer.offer),)
    assert (state.offer, state.have) == (newer.offer, 0)


def test_the_same_offer_again_changes_nothing() -> None:
    source = Source(20)
    state = fetching(source)
    assert step(state, Offered(source.offer), 9) == (state, ())


def test_the_same_object_under_a_later_revision_is_fetched_on() -> None:
    source = Source(20)
    state = fetching(source)
    later, effects = step(state, Offered(replace(source.offer, rev=source.offer.rev + 1)), 0)
    assert effects == ()
    assert later.offer is not None
    assert later == replace(state, offer=later.offer)
    assert later.offer.rev == source.offer.rev + 1


def test_a_bad_object_is_left_alone_for_longer_each_time() -> None:
    source = Source(1)
    state, now = step(State(), Connected(), 0)[0], 0
    for times in (1, 2, 4):
        state, effects = step(state, Offered(source.offer), now)
        assert effects == (Begin(source.offer),)
        state = replace(state, phase=Phase.VERIFYING)
        state, effects = step(state, Verified("bad_sha"), now)
        assert effects == (Reject(source.offer, "bad_sha"),)
        end = now + times * replica.QUARANTINE_MS
        assert step(state, Offered(source.offer), end - 1) == (state, ())
        now = end
    assert step(state, Offered(Source(1, rev=2).offer), 0)[1] != ()


def test_a_verdict_nobody_asked_for_changes_nothing() -> None:
    assert step(State(), Verified("bad_sha"), 0) == (State(), ())
    assert step(State(), Elapsed(), 10**9) == (State(), ())


class Fetch:
    """A gate fetching over a network that holds every block on its way."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.state = offered(source)
        self.network = [Arrived(source.tag, -1, source.list)]
        self.file: dict[int, bytes] = {}
        self.now_ms = 0
        self.verified = False

    def feed(self, event: replica.Event) -> None:
        self.state, effects = step(self.state, event, self.now_ms)
        for effect in effects:
            match effect:
                case Ask():
                    self.network.extend(self.source.answer(effect))
                case WriteChunk(index, data):
                    assert index not in self.file
                    self.file[index] = data
                case VerifyFile():
                    assert [self.file[i] for i in sorted(self.file)] == self.source.chunks
                    self.verified = True

    def suffer(self, action: str, choice: int) -> None:
        if action == "break":
            self.feed(Disconnected())
            self.feed(Connected())
        elif self.network:
            index = choice % len(self.network)
            block = self.network[index] if action == "double" else self.network.pop(index)
            if action == "garble":
                block = replace(block, data=block.data + b"?")
            if action != "lose":
                self.feed(block)

    def heal(self) -> None:
        if self.network:
            self.feed(self.network.pop(0))
        else:
            self.now_ms = replica.wake_at_ms(self.state) or self.now_ms
            self.feed(Elapsed())


ACTIONS = st.sampled_from(["deliver", "lose", "double", "garble", "break"])


@given(chunks=st.integers(1, 40), story=st.lists(st.tuples(ACTIONS, st.integers(0)), max_size=60))
def test_whatever_the_network_does_the_file_becomes_whole(
    chunks: int, story: list[tuple[str, int]]
) -> None:
    """Only right chunks are written, verification comes when all are, and healing completes it."""
    fetch = Fetch(Source(chunks))
    for action, choice in story:
        if not fetch.verified:
            fetch.suffer(action, choice)
    for _ in range(1_000):
        if not fetch.verified:
            fetch.heal()
    assert fetch.verified
