"""What a reference source says about the sensor: difference, uncertainty, offset. Pure.

A black body does not shine like skin: it has an emissivity of its own, and reflects the rest from
its surroundings. So the reading is compared before the emissivity of skin is taken out, with what
a perfect sensor would read in front of this source.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from gated.core.calibration import C_LIMIT_MC, OFFSET_LIMIT_MC, ZERO_C_IN_K, SiteCalibration

# Half widths taken as certain: a regulator's voltage, and what a maker says of a black surface.
SUPPLY_DOUBT_V = 0.05
EMISSIVITY_DOUBT = 0.005
RISE_MC_PER_V = 600
COVERAGE = 2
# Data sheet, settled and with a full field of view: (die °C, object °C, ± thousandths).
_STANDARD = ((0, 50), (0, 60), 500)
_PRECISE = (
    ((16, 40), (36, 38), 200),
    ((16, 40), (22, 40), 300),
)
PRECISE_CLASS = "D"


@dataclass(frozen=True, slots=True)
class Source:
    """A reference source, temperatures in thousandths of °C. doubt_mc: its own uncertainty."""

    body_mc: int
    emissivity: float
    surroundings_mc: int
    doubt_mc: int

    def seen_mc(self, emissivity: float | None = None) -> float:
        """Return what a perfect sensor reads in front of it."""
        own = self.emissivity if emissivity is None else emissivity
        body_k = self.body_mc / 1000 + ZERO_C_IN_K
        around_k = self.surroundings_mc / 1000 + ZERO_C_IN_K
        mixed = own * body_k**4 + (1 - own) * around_k**4
        return float(1000 * (mixed**0.25 - ZERO_C_IN_K))


@dataclass(frozen=True, slots=True)
class Comparison:
    """How far the sensor is off, in thousandths of °C.

    read_mc: mean reading after supply and offset; expected_mc: what it should have been.
    difference_mc: read - expected, uncertain by ± uncertainty_mc (twice the standard one).
    limit_mc: what the data sheet allows this variant here, None where it says nothing.
    offset_mc: the whole offset under which the difference were nothing.
    """

    read_mc: int
    expected_mc: int
    difference_mc: int
    uncertainty_mc: int
    limit_mc: int | None
    offset_mc: int

    @property
    def within(self) -> bool:
        """Whether the sensor is as good as its data sheet says."""
        return self.limit_mc is not None and abs(self.difference_mc) <= self.limit_mc

    @property
    def offset_permitted(self) -> bool:
        """Whether the offset is small enough to be one and not a fault."""
        return abs(self.offset_mc) <= OFFSET_LIMIT_MC


def accuracy_mc(variant: str, die_mc: int, object_mc: int) -> int | None:
    """Return the data sheet's limit for these temperatures, None outside its tables."""
    rows = (*_PRECISE, _STANDARD) if variant.startswith(PRECISE_CLASS) else (_STANDARD,)
    for die_c, object_c, limit_mc in rows:
        if _inside(die_mc, die_c) and _inside(object_mc, object_c):
            return limit_mc
    return None


def compared(
    source: Source,
    readings_mc: Sequence[int],
    *,
    offset_mc: int,
    variant: str,
    die_mc: int,
    sigma_mc: int,
    three_volt: bool,
) -> Comparison:
    """Return what readings in front of the source come to.

    readings_mc: settled, corrected for supply and offset. offset_mc: the offset they have.
    """
    read = sum(readings_mc) / len(readings_mc)
    expected = source.seen_mc()
    slope = source.seen_mc(min(source.emissivity + EMISSIVITY_DOUBT, 1.0)) - source.seen_mc(
        source.emissivity - EMISSIVITY_DOUBT
    )
    certain = 3**0.5  # standard uncertainty of something that lies anywhere within a half width
    parts = (
        source.doubt_mc / COVERAGE,
        sigma_mc / len(readings_mc) ** 0.5,
        abs(slope) / 2 / certain,
        RISE_MC_PER_V * SUPPLY_DOUBT_V / certain if three_volt else 0.0,
    )
    uncertainty = COVERAGE * sum(part * part for part in parts) ** 0.5
    difference = read - expected
    return Comparison(
        round(read),
        round(expected),
        round(difference),
        round(uncertainty),
        accuracy_mc(variant, die_mc, source.body_mc),
        round(offset_mc - difference),
    )


def with_offset(former: SiteCalibration, offset_mc: int, today: date) -> SiteCalibration | None:
    """Return the calibration with an offset found today, None when no such one is permitted.

    An offset that was measured before has moved since: only it changes. A calibration made
    without one has had the sensor's error in c from the start: c moves the other way, and the
    estimates that were fitted to people stay.
    """
    moved_mc = offset_mc - former.offset_mc
    never_measured = former.offset_mc == 0 and former.offset_dated == former.made
    c_mc = former.c_mc - moved_mc if never_measured else former.c_mc
    if abs(offset_mc) > OFFSET_LIMIT_MC or abs(c_mc) > C_LIMIT_MC:
        return None
    return replace(former, offset_mc=offset_mc, offset_dated=today, c_mc=c_mc)


def _inside(value_mc: int, bounds_c: tuple[int, int]) -> bool:
    low, high = bounds_c
    return 1000 * low <= value_mc <= 1000 * high
