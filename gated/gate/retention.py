"""Forgets in time: exact normal temperatures after a day, delivered records after two weeks.

Ages are told by records whose clock was synchronised, and only while ours is: a clock that jumps
deletes nothing. What the hub has not acknowledged is never deleted; a gate that is configured
without a hub forgets by age alone. The work is done in small steps, so that no passage waits.
"""

from gated.core.model import ClockState, Moment
from gated.store.journal import Journal
from gated.store.journal_reader import JournalReader

DAY_MS = 86_400_000
EXACT_MS = DAY_MS  # then a normal temperature is only "normal"
DELIVERED_MS = 14 * DAY_MS
LONELY_MS = 30 * DAY_MS  # how long a gate without a hub keeps records: nobody else has them
STEP_EVERY_MS = 60_000  # at most 200 rows a minute: far more than people can pass
PROBES = 8  # neighbours looked at for one with a synchronised clock

_SYNCED = 2


class Retention:
    """Owns the clean-up of one journal. Engine thread only.

    hubless: the configuration names no broker, so no record will ever be acknowledged.
    """

    def __init__(self, journal: Journal, reader: JournalReader, *, hubless: bool = False) -> None:
        self._journal = journal
        self._reader = reader
        self._hubless = hubless
        self._next_ms = 0

    def step(self, now: Moment) -> None:
        """Forget a little of what is due. Raises StoreError when the card refuses."""
        if now.clock is not ClockState.SYNCED or now.mono_ms < self._next_ms:
            return
        self._next_ms = now.mono_ms + STEP_EVERY_MS
        self._journal.coarsen_before(self.first_since(now.utc_ms - EXACT_MS))
        kept_ms = LONELY_MS if self._hubless else DELIVERED_MS
        oldest = self.first_since(now.utc_ms - kept_ms)
        self._journal.retire_before(oldest, unacknowledged=self._hubless)

    def first_since(self, cutoff_ms: int) -> int:
        """Return the first seq at or after this UTC instant, one past the last if there is none.

        Halves the journal; wall time of synchronised records rises with seq.
        """
        state = self._reader.state()
        low, high = state.first, state.last + 1
        while low < high:
            middle = (low + high) // 2
            made_ms = self._made_ms(middle, high)
            if made_ms is None or made_ms >= cutoff_ms:
                high = middle
            else:
                low = middle + 1
        return low

    def _made_ms(self, seq: int, end: int) -> int | None:
        """Return when the record at seq, or the next trusted one near it, was made.

        None: nobody knows, and then it counts as young.
        """
        for entry in self._reader.read(seq, min(PROBES, end - seq), 1 << 20):
            fields = entry.fields()
            if fields["q"] == _SYNCED:
                return int(fields["t"])
        return None
