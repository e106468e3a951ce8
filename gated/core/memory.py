"""What the session remembers between visits; every list is bounded, everything ages. Pure."""

from dataclasses import dataclass, replace

from gated.core.model import Measurement
from gated.core.repeat import Reading, Readings, elevated, repeated
from gated.core.visit import Surroundings, Timings, Visit

CREDENTIALS_MAX = 16  # more than the people who can pass within the dedupe time
TRIES_MAX = 64  # high readings within 15 minutes; the oldest is dropped
UNANSWERED_MAX = 8  # checks waiting for the guard besides the one on the screen


@dataclass(frozen=True, slots=True)
class EarlyReading:
    """A measurement that came before its person; until_ms excluded."""

    measurement: Measurement
    until_ms: int


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A CHECK that left the screen before the guard answered it."""

    visit: int
    deadline_ms: int


@dataclass(frozen=True, slots=True)
class Memory:
    """Counters and short lists: (reference, monotonic ms) pairs, oldest first."""

    visits: int = 0
    reading: EarlyReading | None = None
    unclaimed_ms: int | None = None
    credentials: tuple[tuple[bytes, int], ...] = ()
    highs: tuple[tuple[bytes, int], ...] = ()
    readings: Readings = ()
    unanswered: tuple[Unanswered, ...] = ()

    def forgotten(self, now_ms: int, timings: Timings) -> tuple["Memory", tuple[Unanswered, ...]]:
        """Return the memory without what is too old, and the checks whose time is up."""
        overdue = tuple(item for item in self.unanswered if item.deadline_ms <= now_ms)
        keep = tuple(item for item in self.unanswered if item.deadline_ms > now_ms)
        reading = self.reading
        if reading is not None and reading.until_ms <= now_ms:
            reading = None
        highs = tuple(pair for pair in self.highs if now_ms - pair[1] < timings.tries_ms)
        readings = tuple(one for one in self.readings if now_ms - one.at_ms < timings.tries_ms)
        credentials = tuple(
            pair for pair in self.credentials if now_ms - pair[1] < timings.dedupe_ms
        )
        memory = replace(
            self,
            unanswered=keep,
            reading=reading,
            highs=highs,
            readings=readings,
            credentials=credentials,
        )
        return memory, overdue

    def seen_within(self, ref: bytes, now_ms: int, span_ms: int) -> bool:
        """Return whether this credential made a record less than `span_ms` ago."""
        return any(known == ref and now_ms - at < span_ms for known, at in self.credentials)

    def unclaimed_within(self, now_ms: int, span_ms: int) -> bool:
        """Return whether a reading less than `span_ms` old was nobody's: it came too early."""
        return self.unclaimed_ms is not None and now_ms - self.unclaimed_ms < span_ms

    def without_reading(self) -> "Memory":
        """Return the memory after a person claimed the reading that waited."""
        return replace(self, reading=None, unclaimed_ms=None)

    def with_reading(self, measurement: Measurement, now_ms: int, pair_ms: int) -> "Memory":
        """Return the memory holding a reading for the person who shows a credential next."""
        early = EarlyReading(measurement, now_ms + pair_ms)
        return replace(self, reading=early, unclaimed_ms=now_ms)

    def with_credential(self, ref: bytes, now_ms: int) -> "Memory":
        """Return the memory after this credential made a record."""
        if not ref:
            return self
        others = tuple(pair for pair in self.credentials if pair[0] != ref)
        return replace(self, credentials=(*others, (ref, now_ms))[-CREDENTIALS_MAX:])

    def tries_of(self, visit: Visit, around: Surroundings) -> int:
        """Return how many high readings this person had, when the visit's own is one of them."""
        if not _is_high(visit.measurement, around):
            return 0
        return sum(ref == _person_key(visit) for ref, _ in self.highs)

    def measured(
        self, visit: Visit, taken: Measurement, now_ms: int, around: Surroundings
    ) -> tuple["Memory", Measurement]:
        """Return the memory after this visit's measurement, and what it comes to.

        A high reading closer than the try gap to the one before is the same try; one that others
        of this person contradict is repeated (`core.repeat`). Nobody is high without a policy.
        """
        if around.policy is None:
            return self, taken
        key, gap_ms = _person_key(visit), around.timings.try_gap_ms
        reading = Reading(key, now_ms, taken)
        readings, settled = repeated(self.readings, reading, around.policy.fever_mc, gap_ms)
        memory = replace(self, readings=readings)
        mine = [at for ref, at in self.highs if ref == key]
        if not _is_high(taken, around) or (mine and now_ms - mine[-1] < gap_ms):
            return memory, settled
        return replace(memory, highs=(*self.highs, (key, now_ms))[-TRIES_MAX:]), settled

    def waiting_for_guard(self, visit: int, deadline_ms: int) -> "Memory":
        """Return the memory of one more unanswered check."""
        waiting = (*self.unanswered, Unanswered(visit, deadline_ms))
        return replace(self, unanswered=waiting[-UNANSWERED_MAX:])

    def guard_answered(self, visit: int) -> "Memory":
        """Return the memory in which this visit waits no more."""
        left = tuple(item for item in self.unanswered if item.visit != visit)
        return replace(self, unanswered=left)


def _person_key(visit: Visit) -> bytes:
    person = visit.holder.person
    return person.ref if person is not None else visit.holder.credential.ref


def _is_high(measurement: Measurement | None, around: Surroundings) -> bool:
    """Tell whether the limit itself was reached: only that counts towards a STOP."""
    if measurement is None or around.policy is None or measurement.decision_mc is None:
        return False
    return elevated(measurement, around.policy.fever_mc)
