"""How good the line to the sensor is: what was counted, and what follows from it. Pure."""

from collections import deque
from dataclasses import dataclass, field

# Checksum failures over this many transfers decide the health of the line.
LINE_HISTORY = 200
LINE_JUDGED_FROM = 50
LINE_WEAK_PERCENT = 1
LINE_BAD_PERCENT = 10
FROZEN_SAMPLES = 20  # noise alone moves a sensor that lives


@dataclass(slots=True)
class Counters:
    """What happened on the line since the device was opened."""

    samples: int = 0
    transfers: int = 0
    retries: int = 0
    pec_failures: int = 0
    bus_errors: int = 0
    rejected_codes: int = 0


@dataclass(slots=True)
class Line:
    """The recent checksums and readings of one opened sensor. One thread.

    fastest_s: the shortest transfer so far in seconds, 0.0 before the first. weak: so many
    checksums were wrong that somebody should look at the cable, and not all are right since.
    """

    counters: Counters = field(default_factory=Counters)
    fastest_s: float = 0.0
    weak: bool = False
    _recent: deque[bool] = field(default_factory=lambda: deque(maxlen=LINE_HISTORY))
    _last_code: int = -1
    _same: int = 0

    def transferred(self, took_s: float) -> None:
        """A transfer was answered."""
        self.counters.transfers += 1
        if took_s > 0.0 and (self.fastest_s == 0.0 or took_s < self.fastest_s):
            self.fastest_s = took_s

    def checked(self, *, good: bool) -> None:
        """A checksum was compared."""
        self._recent.append(good)
        if not good:
            self.counters.pec_failures += 1
        if self.failures_percent > LINE_WEAK_PERCENT:
            self.weak = True
        elif good and False not in self._recent:
            self.weak = False

    def sampled(self, object_code: int) -> None:
        """The sensor gave a reading."""
        self.counters.samples += 1
        self._same = self._same + 1 if object_code == self._last_code else 1
        self._last_code = object_code

    @property
    def judged(self) -> int:
        """Over how many checksums `failures_percent` is."""
        return len(self._recent)

    @property
    def failures_percent(self) -> float:
        """Share of wrong checksums lately; 0 while too few were seen to tell."""
        if len(self._recent) < LINE_JUDGED_FROM:
            return 0.0
        return 100.0 * self._recent.count(False) / len(self._recent)

    @property
    def bad(self) -> bool:
        """Whether so many are wrong that nothing read here counts."""
        return self.failures_percent > LINE_BAD_PERCENT

    @property
    def frozen(self) -> bool:
        """Whether the sensor repeats one reading, which its own noise forbids."""
        return self._same >= FROZEN_SAMPLES
