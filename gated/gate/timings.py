"""The waiting times of the configuration, as the session counts them."""

from dataclasses import replace

from gated.config import VisitSection
from gated.core.visit import Timings


def timings(visit: VisitSection) -> Timings:
    """Return the session's waiting times from the [visit] section."""
    return replace(
        Timings(),
        pair_ms=int(visit.pair_s * 1000),
        measure_ms=int(visit.measure_s * 1000),
        dedupe_ms=int(visit.dedupe_s * 1000),
        try_gap_ms=int(visit.try_gap_s * 1000),
        guard_ms=int(visit.guard_s * 1000),
    )
