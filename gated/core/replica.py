"""How a gate fetches a roster it was offered: pure, in chunks, resumable, cautious.

    IDLE -> LISTING (chunk hashes) -> FETCHING (chunks) -> VERIFYING -> IDLE

    step(state, event, now_ms, roll, ask_limit) -> (state, effects)

The offer was signed and judged before it comes here. Promises: a chunk is written only when its
hash is in the list the manifest commits to; the file is verified only when every chunk is
written; a newer offer of another object drops the old one; an object that failed verification is
not fetched again for an hour, then two, then four. Silence is answered by asking again with
rising patience.

now_ms: monotonic. roll: random in [0, 1). ask_limit: chunks to ask for at once.
"""

import hashlib
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import assert_never

HASH_BYTES = 32
LIST_INDEX = -1
ASK_MAX = 8
PATIENCE_MS = 5_000
PATIENCE_MAX_MS = 60_000
QUARANTINE_MS = 3_600_000
QUARANTINE_DOUBLINGS = 6
QUARANTINE_MAX = 8  # objects remembered; a hub that signs more bad ones has another problem


class Phase(StrEnum):
    """What the replica is doing."""

    IDLE = "idle"
    WAITING = "waiting"
    LISTING = "listing"
    FETCHING = "fetching"
    VERIFYING = "verifying"


@dataclass(frozen=True, slots=True)
class Offer:
    """What is to be fetched. tag: 16 bytes naming the object; chunks: how many there are."""

    rev: int
    tag: bytes
    chunks: int
    chunks_sha: bytes


@dataclass(frozen=True, slots=True)
class Quarantined:
    """An object that failed verification `times` times; not fetched before `until_ms`."""

    tag: bytes
    until_ms: int
    times: int


@dataclass(frozen=True, slots=True)
class State:
    """One replica. have: bitmap of written chunks. awaited: indexes asked and not arrived."""

    phase: Phase = Phase.IDLE
    offer: Offer | None = None
    hashes: bytes = b""
    have: int = 0
    awaited: frozenset[int] = frozenset()
    connected: bool = False
    silences: int = 0
    deadline_ms: int | None = None
    quarantine: tuple[Quarantined, ...] = ()


@dataclass(frozen=True, slots=True)
class Connected:
    """The hub can be asked."""


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The hub cannot be asked; what was written stays."""


@dataclass(frozen=True, slots=True)
class Offered:
    """A verified manifest offers this. spread_ms: start somewhere within this time."""

    offer: Offer
    spread_ms: int = 0


@dataclass(frozen=True, slots=True)
class Arrived:
    """A block came in."""

    tag: bytes
    index: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Verified:
    """VerifyFile was carried out. code: empty when everything holds, else why not."""

    code: str = ""


@dataclass(frozen=True, slots=True)
class Elapsed:
    """Time passed."""


Event = Connected | Disconnected | Offered | Arrived | Verified | Elapsed


@dataclass(frozen=True, slots=True)
class Begin:
    """Start an empty part file for this offer; whatever was there before is dropped."""

    offer: Offer


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask the hub for `count` chunks from `start` on; -1 is the list of hashes."""

    tag: bytes
    start: int
    count: int


@dataclass(frozen=True, slots=True)
class WriteChunk:
    """Write a chunk whose hash was checked."""

    index: int
    data: bytes


@dataclass(frozen=True, slots=True)
class VerifyFile:
    """All chunks are written: prove the file and answer with Verified."""

    offer: Offer


@dataclass(frozen=True, slots=True)
class Install:
    """The file holds: hand it on for switching."""

    offer: Offer


@dataclass(frozen=True, slots=True)
class Reject:
    """The object is bad: delete what was written, keep serving the old list, tell people."""

    offer: Offer
    code: str


Effect = Begin | Ask | WriteChunk | VerifyFile | Install | Reject
Step = tuple[State, tuple[Effect, ...]]


def step(
    state: State, event: Event, now_ms: int, roll: float = 0.5, ask_limit: int = ASK_MAX
) -> Step:
    """Return the state after one event, and what to do about it. Pure and total."""
    match event:
        case Connected():
            return _asking(replace(state, connected=True, silences=0), (), now_ms, roll, ask_limit)
        case Disconnected():
            return replace(state, connected=False, awaited=frozenset(), deadline_ms=None), ()
        case Offered(offer, spread_ms):
            return _offered(state, offer, now_ms + round(spread_ms * roll), now_ms)
        case Arrived():
            return _arrived(state, event, now_ms, roll, ask_limit)
        case Verified(code):
            return _verified(state, code, now_ms)
        case Elapsed():
            return _elapsed(state, now_ms, roll, ask_limit)
        case _:
            assert_never(event)


def wake_at_ms(state: State) -> int | None:
    """Return when Elapsed is due next, or None."""
    return state.deadline_ms


def _offered(state: State, offer: Offer, start_ms: int, now_ms: int) -> Step:
    if state.offer is not None and state.offer.tag == offer.tag:
        return replace(state, offer=offer), ()  # the same object, under a later revision
    if any(bad.tag == offer.tag and bad.until_ms > now_ms for bad in state.quarantine):
        return state, ()
    waiting = State(
        phase=Phase.WAITING,
        offer=offer,
        connected=state.connected,
        deadline_ms=start_ms,
        quarantine=state.quarantine,
    )
    return waiting, (Begin(offer),)


def _elapsed(state: State, now_ms: int, roll: float, ask_limit: int) -> Step:
    if state.deadline_ms is None or state.deadline_ms > now_ms:
        return state, ()
    if state.phase is Phase.WAITING:
        started = replace(state, phase=Phase.LISTING, deadline_ms=None)
        return _asking(started, (), now_ms, roll, ask_limit)
    silent = replace(state, awaited=frozenset(), silences=state.silences + 1)
    return _asking(silent, (), now_ms, roll, ask_limit)


def _arrived(state: State, block: Arrived, now_ms: int, roll: float, ask_limit: int) -> Step:
    offer = state.offer
    if offer is None or block.tag != offer.tag:
        return state, ()
    if block.index == LIST_INDEX:
        return _listed(state, offer, block.data, now_ms, roll, ask_limit)
    if not _wanted(state, offer, block):
        return state, ()
    taken = replace(
        state,
        have=state.have | 1 << block.index,
        awaited=state.awaited - {block.index},
        silences=0,
        deadline_ms=now_ms + _patience_ms(0, roll),
    )
    write = WriteChunk(block.index, block.data)
    if taken.have == (1 << offer.chunks) - 1:
        verifying = replace(taken, phase=Phase.VERIFYING, deadline_ms=None)
        return verifying, (write, VerifyFile(offer))
    return (
        _asking(taken, (write,), now_ms, roll, ask_limit)
        if not taken.awaited
        else (
            taken,
            (write,),
        )
    )


def _wanted(state: State, offer: Offer, block: Arrived) -> bool:
    if state.phase is not Phase.FETCHING or not 0 <= block.index < offer.chunks:
        return False
    if state.have >> block.index & 1:
        return False
    start = block.index * HASH_BYTES
    return hashlib.sha256(block.data).digest() == state.hashes[start : start + HASH_BYTES]


def _listed(
    state: State, offer: Offer, data: bytes, now_ms: int, roll: float, ask_limit: int
) -> Step:
    complete = len(data) == offer.chunks * HASH_BYTES
    proven = hashlib.sha256(data).digest() == offer.chunks_sha
    if state.phase is not Phase.LISTING or not complete or not proven:
        return state, ()
    fetching = replace(
        state, phase=Phase.FETCHING, hashes=data, awaited=frozenset(), silences=0, deadline_ms=None
    )
    return _asking(fetching, (), now_ms, roll, ask_limit)


def _verified(state: State, code: str, now_ms: int) -> Step:
    offer = state.offer
    if state.phase is not Phase.VERIFYING or offer is None:
        return state, ()
    idle = State(connected=state.connected, quarantine=state.quarantine)
    if not code:
        return idle, (Install(offer),)
    former = next((bad.times for bad in state.quarantine if bad.tag == offer.tag), 0)
    wait_ms = QUARANTINE_MS << min(former, QUARANTINE_DOUBLINGS)
    others = tuple(bad for bad in state.quarantine if bad.tag != offer.tag)
    mark = Quarantined(offer.tag, now_ms + wait_ms, former + 1)
    return replace(idle, quarantine=(*others, mark)[-QUARANTINE_MAX:]), (Reject(offer, code),)


def _asking(
    state: State, effects: tuple[Effect, ...], now_ms: int, roll: float, ask_limit: int
) -> Step:
    """Return an order for the next missing chunks, when there is anybody to ask."""
    offer = state.offer
    if offer is None or not state.connected or state.awaited:
        return state, effects
    deadline = now_ms + _patience_ms(state.silences, roll)
    if state.phase is Phase.LISTING:
        asked = replace(state, awaited=frozenset({LIST_INDEX}), deadline_ms=deadline)
        return asked, (*effects, Ask(offer.tag, LIST_INDEX, 1))
    if state.phase is not Phase.FETCHING:
        return state, effects
    start, count = _missing(state.have, offer.chunks, max(1, min(ask_limit, ASK_MAX)))
    asked = replace(state, awaited=frozenset(range(start, start + count)), deadline_ms=deadline)
    return asked, (*effects, Ask(offer.tag, start, count))


def _missing(have: int, chunks: int, limit: int) -> tuple[int, int]:
    """Return the first run of missing chunks as (start, count), count at most limit."""
    start = 0
    while have >> start & 1:
        start += 1
    count = 1
    while count < limit and start + count < chunks and not have >> (start + count) & 1:
        count += 1
    return start, count


def _patience_ms(silences: int, roll: float) -> int:
    longest = min(PATIENCE_MS << min(silences, 8), PATIENCE_MAX_MS)
    return round(longest * (0.8 + 0.4 * roll))
