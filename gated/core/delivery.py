"""What a gate sends next, and when it may forget: pure, without clock, link or journal.

    step(state, event, now_ms, roll) -> (state, effects)

States of the link as delivery sees it: connected or not. While connected, at most WINDOW batches
are in flight; each is known by its last seq. Everything up to `acked` is committed at the hub.

Promises
- Only the hub's acknowledgement moves `acked`, and only when our own chain hash at that seq is
  the hub's: that proves the whole prefix. A hash that differs stops the sender (`fork_suspected`).
- After a disconnect nothing is in flight; after a connect sending starts at `acked + 1`.
- A batch nobody answers is sent again; three silences in a row shrink batches to one event.
- Events are sent in order of seq. Nothing is skipped, nothing is dropped for age or number of
  attempts.

now_ms: monotonic milliseconds. roll: a random number in [0, 1) that spreads the timers.
"""

from dataclasses import dataclass, replace
from typing import assert_never

WINDOW = 4  # batches in flight; more only fills the broker
BATCH_EVENTS = 100
BATCH_BYTES = 64 * 1024
LINGER_MS = 50  # a busy link waits this long to fill a batch; an idle one never waits
RTO_MIN_MS = 5_000
RTO_MAX_MS = 120_000
JITTER = 0.2
SILENCES_TO_SHRINK = 3


@dataclass(frozen=True, slots=True)
class State:
    """Delivery of one epoch. Seqs are inclusive; deadlines are monotonic ms or None.

    silences: timeouts in a row. suspect: the hub's content differs from ours, sending stopped.
    hub_absent: the broker had nobody to give our batch to; one batch at a time until it has.
    """

    epoch: str
    last: int
    acked: int
    hubgen: int
    first: int = 1
    next_seq: int = 1
    flight: tuple[int, ...] = ()
    connected: bool = False
    suspect: bool = False
    hub_absent: bool = False
    size: int = BATCH_EVENTS
    silences: int = 0
    rto_ms: int = RTO_MIN_MS
    answer_by_ms: int | None = None
    linger_until_ms: int | None = None
    paused_until_ms: int | None = None
    wanted_at_ms: int | None = None


def resume(epoch: str, first: int, last: int, acked: int, hubgen: int) -> State:
    """Return the state a process starts with, from what the journal stored."""
    return State(epoch, last, acked, hubgen, first=first, next_seq=acked + 1)


# Events: what happened.


@dataclass(frozen=True, slots=True)
class Connected:
    """The link may be used: subscriptions are granted."""


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The link is gone; what was in flight is unknown."""


@dataclass(frozen=True, slots=True)
class Grew:
    """The journal holds events up to `last`."""

    last: int


@dataclass(frozen=True, slots=True)
class Sent:
    """A Read was carried out: events up to `end` were handed to the link.

    end below the asked start means nothing went out.
    """

    end: int


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The hub committed everything up to `upto`; own_hash: our chain hash there, None unknown."""

    epoch: str
    upto: int
    hub_hash: bytes
    own_hash: bytes | None
    hubgen: int
    fork: bool = False
    want: int | None = None
    retry_ms: int | None = None
    parked: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class HubReturned:
    """The hub says it is there again; what was in flight died with it."""


@dataclass(frozen=True, slots=True)
class HubLeft:
    """The hub is gone, by its own word or the broker's: nobody reads what is sent."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The broker refused a batch. reason: MQTT 5 reason code (0x87, 0x97, 0x99 ...)."""

    reason: int


@dataclass(frozen=True, slots=True)
class Elapsed:
    """Time passed; deadlines are looked at."""


Event = (
    Connected
    | Disconnected
    | Grew
    | Sent
    | Acknowledged
    | HubReturned
    | HubLeft
    | Refused
    | Elapsed
)


# Effects: what is to be done, in order.


@dataclass(frozen=True, slots=True)
class Read:
    """Read up to `limit` events from `start`, publish them, and answer with Sent."""

    start: int
    limit: int


@dataclass(frozen=True, slots=True)
class StoreWatermark:
    """The hub has everything up to `upto`: store it."""

    upto: int
    hubgen: int


@dataclass(frozen=True, slots=True)
class ShowParked:
    """The hub could not use these events; they are kept here and shown. (seq, code) each."""

    events: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class Alarm:
    """A person must know.

    code: fork_suspected, hub_generation_lower, not_authorised, batch_refused or gap.
    """

    code: str


Effect = Read | StoreWatermark | ShowParked | Alarm
Step = tuple[State, tuple[Effect, ...]]

NOT_AUTHORISED = 0x87
QUOTA = 0x97
PACKET_TOO_LARGE = 0x95
_BAD_PAYLOAD = frozenset({0x80, 0x83, PACKET_TOO_LARGE, 0x99})


def step(state: State, event: Event, now_ms: int, roll: float = 0.5) -> Step:
    """Return the state after one event, and what to do about it. Pure and total."""
    match event:
        case Connected():
            return _pump(_connected(state), (), now_ms)
        case Disconnected():
            return replace(_grounded(state), connected=False), ()
        case Grew(last):
            return _pump(replace(state, last=max(last, state.last)), (), now_ms)
        case Sent(end):
            return _sent(state, end, now_ms, roll)
        case Acknowledged():
            return _acknowledged(state, event, now_ms, roll)
        case HubReturned():
            grounded = replace(_grounded(state), hub_absent=False, silences=0, rto_ms=RTO_MIN_MS)
            return _pump(grounded, (), now_ms)
        case HubLeft():
            return replace(state, hub_absent=True), ()
        case Refused(reason):
            return _refused(state, reason, now_ms, roll)
        case Elapsed():
            return _elapsed(state, now_ms)
        case _:
            assert_never(event)


def wake_at_ms(state: State) -> int | None:
    """Return when Elapsed is due next, or None when only an event can change anything."""
    if not state.connected or state.suspect:
        return None
    deadlines = (state.answer_by_ms, state.linger_until_ms, state.paused_until_ms)
    return min((deadline for deadline in deadlines if deadline is not None), default=None)


def backlog(state: State) -> int:
    """Return how many events the hub has not acknowledged."""
    return state.last - state.acked


def _connected(state: State) -> State:
    return replace(_grounded(state), connected=True, hub_absent=False)


def _grounded(state: State) -> State:
    """Return the state with nothing in flight and the sender back at the watermark."""
    return replace(
        state,
        flight=(),
        next_seq=state.acked + 1,
        answer_by_ms=None,
        linger_until_ms=None,
        paused_until_ms=None,
    )


def _pump(state: State, effects: tuple[Effect, ...], now_ms: int) -> Step:
    """Return an order to read when the window is open and there is something worth a batch."""
    if not _may_send(state, now_ms):
        return replace(state, linger_until_ms=None), effects
    pending = state.last - state.next_seq + 1
    if state.flight and pending < state.size:
        until = state.linger_until_ms
        if until is None:
            return replace(state, linger_until_ms=now_ms + LINGER_MS), effects
        if until > now_ms:
            return state, effects
    order = Read(state.next_seq, min(state.size, pending))
    return replace(state, linger_until_ms=None), (*effects, order)


def _may_send(state: State, now_ms: int) -> bool:
    paused = state.paused_until_ms is not None and state.paused_until_ms > now_ms
    window = 1 if state.hub_absent else WINDOW
    return (
        state.connected
        and not state.suspect
        and not paused
        and len(state.flight) < window
        and state.next_seq <= state.last
    )


def _sent(state: State, end: int, now_ms: int, roll: float) -> Step:
    if not state.connected or end < state.next_seq:
        return state, ()
    answer_by = state.answer_by_ms
    if answer_by is None:
        answer_by = now_ms + _spread(state.rto_ms, roll)
    sent = replace(state, flight=(*state.flight, end), next_seq=end + 1, answer_by_ms=answer_by)
    return _pump(sent, (), now_ms)


def _acknowledged(state: State, ack: Acknowledged, now_ms: int, roll: float) -> Step:
    if ack.epoch != state.epoch or state.suspect:
        return state, ()  # of a history that differs once, nothing more is believed
    if ack.hubgen < state.hubgen:
        return state, (Alarm("hub_generation_lower"),)
    if ack.hubgen == state.hubgen and ack.upto < state.acked:
        return state, ()
    if _contradicts(state, ack):
        return _suspected(state)
    if ack.own_hash is None and ack.upto >= state.acked:
        return state, ()  # nothing proves it, and a later one can
    state, effects = _believed(state, ack)
    answered = replace(state, hub_absent=False, silences=0)
    if ack.parked:
        effects = (*effects, ShowParked(ack.parked))
    if ack.retry_ms is not None:
        answered = replace(answered, paused_until_ms=now_ms + ack.retry_ms)
    if ack.want is not None:
        answered = _rewound(answered, ack.want, now_ms)
    return _pump(_timed(answered, now_ms, roll), effects, now_ms)


def _contradicts(state: State, ack: Acknowledged) -> bool:
    """True when the hub holds other content than we do: the prefix is not proven."""
    differs = ack.own_hash is not None and ack.own_hash != ack.hub_hash
    return ack.fork or ack.upto > state.last or differs


def _suspected(state: State) -> Step:
    return replace(_grounded(state), suspect=True), (Alarm("fork_suspected"),)


def _believed(state: State, ack: Acknowledged) -> Step:
    """Return the state with the watermark of a proven acknowledgement."""
    if ack.hubgen > state.hubgen:
        adopted = replace(
            _grounded(replace(state, acked=ack.upto, hubgen=ack.hubgen)), rto_ms=RTO_MIN_MS
        )
        lost = (Alarm("gap"),) if state.first > ack.upto + 1 else ()
        return adopted, (StoreWatermark(ack.upto, ack.hubgen), *lost)
    if ack.upto == state.acked:
        return state, ()
    moved = replace(
        state,
        acked=ack.upto,
        flight=tuple(end for end in state.flight if end > ack.upto),
        next_seq=max(state.next_seq, ack.upto + 1),
        rto_ms=RTO_MIN_MS,
        answer_by_ms=None,
        size=BATCH_EVENTS if state.silences == 0 else state.size,
    )
    return moved, (StoreWatermark(ack.upto, ack.hubgen),)


def _rewound(state: State, want: int, now_ms: int) -> State:
    """Return the state sending from `want`, at most once per rto: an answer needs its time."""
    recent = state.wanted_at_ms is not None and now_ms - state.wanted_at_ms < state.rto_ms
    if recent or not state.acked < want <= state.last:
        return state
    return replace(_grounded(state), next_seq=want, wanted_at_ms=now_ms)


def _timed(state: State, now_ms: int, roll: float) -> State:
    """Return the state with an answer timer exactly when something is in flight."""
    if not state.flight:
        return replace(state, answer_by_ms=None)
    if state.answer_by_ms is None:
        return replace(state, answer_by_ms=now_ms + _spread(state.rto_ms, roll))
    return state


def _refused(state: State, reason: int, now_ms: int, roll: float) -> Step:
    grounded = _grounded(state)
    if reason == NOT_AUTHORISED:
        paused = replace(grounded, paused_until_ms=now_ms + _spread(RTO_MAX_MS, roll))
        return paused, (Alarm("not_authorised"),)
    wait = min(state.rto_ms * 2, RTO_MAX_MS)
    paused = replace(grounded, rto_ms=wait, paused_until_ms=now_ms + _spread(wait, roll))
    if reason in _BAD_PAYLOAD:
        return replace(paused, size=max(1, state.size // 2)), (Alarm("batch_refused"),)
    return paused, ()


def _elapsed(state: State, now_ms: int) -> Step:
    if state.paused_until_ms is not None and state.paused_until_ms <= now_ms:
        state = replace(state, paused_until_ms=None)
    if state.flight and state.answer_by_ms is not None and state.answer_by_ms <= now_ms:
        state = _silent(state)
    return _pump(state, (), now_ms)


def _silent(state: State) -> State:
    """Return the state after nobody answered in time: everything unanswered goes out again."""
    silences = state.silences + 1
    return replace(
        _grounded(state),
        silences=silences,
        size=1 if silences >= SILENCES_TO_SHRINK else state.size,
        rto_ms=min(state.rto_ms * 2, RTO_MAX_MS),
    )


def _spread(duration_ms: int, roll: float) -> int:
    return round(duration_ms * (1 - JITTER + 2 * JITTER * roll))
