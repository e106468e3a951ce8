"""A card that takes no list, and an engine that cannot switch: put off, never a crash."""

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gated.contract.bundle import (
    CHUNK_BYTES,
    Manifest,
    Snapshot,
    chunk_count,
    hash_list,
    sign_manifest,
)
from gated.contract.messages import LIST_INDEX, Block
from gated.core import replica
from gated.core.canonical import digest
from gated.core.replica import Ask
from gated.gate.fetch import RETRY_MAX_MS, RETRY_MS, Fetcher, HeldRoster
from gated.gate.uplink_events import RosterFetched, RosterRefused, UplinkEvent
from gated.store.roster_build import build
from tests.support.rosters import KEYS, MADE_MS, people, signer, trust

REV = 3
FULL = Path("/dev/full")  # the kernel's own card without space


class Gate:
    """A fetcher whose every question is answered by an honest hub."""

    def __init__(self, folder: Path) -> None:
        build(people(2_000), KEYS, folder / "list.db", REV, MADE_MS, "site")
        raw = (folder / "list.db").read_bytes()
        self.blob = zlib.compress(raw)
        self.manifest = signed(raw, self.blob)
        self.folder = folder / "store"
        self.folder.mkdir()
        self.events: list[UplinkEvent] = []
        self.asked: list[Ask] = []
        self.now_ms = 0
        self.fetcher = self.start()

    def start(self) -> Fetcher:
        self.fetcher = Fetcher(
            self.folder,
            "main",
            trust("hub"),
            ask=self.asked.append,
            emit=self.events.append,
            held=HeldRoster,
            now_ms=lambda: None,
        )
        self.fetcher.feed(replica.Connected(), self.now_ms, 0.5)
        return self.fetcher

    def offer(self) -> None:
        self.fetcher.offered(self.manifest.encode(), self.now_ms, 0.5)
        self.work()

    def work(self) -> None:
        """Let the time that is due come, and answer until nothing more is asked."""
        self.fetcher.tick(self.now_ms, 0.5, 8)
        while self.asked:
            ask = self.asked.pop(0)
            for index in range(ask.start, ask.start + ask.count):
                data = self.blob[index * CHUNK_BYTES : (index + 1) * CHUNK_BYTES]
                if index == LIST_INDEX:
                    data = hash_list(self.blob)
                block = Block(ask.tag, index, data).encode()
                self.fetcher.arrived(block, self.now_ms, 0.5, 8)

    def wait_for_retry(self) -> int:
        """Sleep until the fetcher wants to wake; return how long that was."""
        at_ms = self.fetcher.wake_at_ms
        assert at_ms is not None, "nothing will ever be tried again"
        waited_ms, self.now_ms = at_ms - self.now_ms, at_ms
        self.work()
        return waited_ms

    @property
    def fetched(self) -> list[RosterFetched]:
        return [event for event in self.events if isinstance(event, RosterFetched)]

    def left(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())


def signed(raw: bytes, blob: bytes) -> Manifest:
    hashes = hash_list(blob)
    snap = Snapshot(
        sha=digest(blob).hex(),
        size=len(blob),
        raw_sha=digest(raw).hex(),
        raw_size=len(raw),
        n=chunk_count(len(blob)),
        chunks_sha=digest(hashes).hex(),
        rows=2_000,
    )
    plain = Manifest(roster="main", rev=REV, made=1, not_after=2, kid=signer().kid.hex(), snap=snap)
    return sign_manifest(plain, signer().sign)


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    made = Gate(tmp_path)
    assert len(made.blob) > CHUNK_BYTES, "the test wants more chunks than one"
    return made


def full_part(gate: Gate) -> None:
    (gate.folder / "incoming.part").symlink_to(FULL)


def full_target(gate: Gate) -> None:
    (gate.folder / f"incoming-{REV}-1.db").symlink_to(FULL)


def folder_in_the_way(gate: Gate) -> None:
    (gate.folder / "incoming.part").mkdir()


@pytest.mark.parametrize(
    ("fail", "code"),
    [(full_part, "no_space"), (full_target, "no_space"), (folder_in_the_way, "unwritable")],
)
def test_a_card_that_takes_no_list_puts_it_off_and_says_so_once(
    gate: Gate, fail: Callable[[Gate], Any], code: str
) -> None:
    fail(gate)
    gate.offer()
    assert gate.events == [RosterRefused(REV, code)]
    for path in gate.folder.iterdir():
        assert fail is folder_in_the_way, f"{path.name} was left on a full card"
        path.rmdir()
    assert gate.wait_for_retry() == RETRY_MS
    (fetched,) = gate.fetched
    assert (fetched.rev, gate.left()) == (REV, [fetched.path.name])


def test_a_card_that_stays_full_is_tried_ever_more_rarely(gate: Gate) -> None:
    folder_in_the_way(gate)
    gate.offer()
    waits = [gate.wait_for_retry() for _ in range(9)]
    assert waits == [min(RETRY_MS << times, RETRY_MAX_MS) for times in range(9)]
    assert gate.events == [RosterRefused(REV, "unwritable")]


def test_an_offer_that_comes_again_meanwhile_waits_as_well(gate: Gate) -> None:
    full_part(gate)
    gate.offer()
    gate.fetcher.disconnected(gate.now_ms, 0.5)
    gate.fetcher.feed(replica.Connected(), gate.now_ms, 0.5)
    gate.offer()
    assert gate.fetched == []
    gate.wait_for_retry()
    assert len(gate.fetched) == 1


def test_a_list_the_engine_could_not_install_is_deleted_and_fetched_again(gate: Gate) -> None:
    gate.offer()
    (first,) = gate.fetched
    gate.fetcher.not_installed(REV - 1, gate.now_ms)
    assert gate.left() == [first.path.name], "another list's failure is not this one's"
    gate.fetcher.not_installed(REV, gate.now_ms)
    assert gate.left() == []
    assert gate.wait_for_retry() == RETRY_MS
    again = gate.fetched[1]
    assert again.path != first.path
    assert again.path.read_bytes()[:6] == b"SQLite"


def test_a_handed_list_is_not_fetched_twice_within_one_connection(gate: Gate) -> None:
    gate.offer()
    gate.offer()
    assert len(gate.fetched) == 1
    gate.fetcher.disconnected(gate.now_ms, 0.5)
    gate.fetcher.feed(replica.Connected(), gate.now_ms, 0.5)
    gate.offer()
    first, second = gate.fetched
    assert first.path != second.path, "the first may be being switched to at this moment"


def test_what_an_earlier_program_left_is_deleted_at_start(gate: Gate) -> None:
    for name in ("incoming.part", "incoming-1-1.db", "incoming-2.db", "incoming-2.db-journal"):
        (gate.folder / name).write_bytes(b"half")
    (gate.folder / "roster-1-local.db").write_bytes(b"served")
    gate.start()
    assert gate.left() == ["roster-1-local.db"]
