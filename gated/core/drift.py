"""Whether the sensor has drifted: the skin of this day beside that of the days before. Pure.

Nobody's own temperature matters here: of every day only counts are kept, by how warm the
surroundings were (bands of 4 °C, because skin follows them) and by tenths of a degree. The median
of a day is compared with the middle one of the medians of up to 14 days before it, in the band
that most people of the day fell into. More than 0.4 °C apart is worth a look; more than 0.8 °C
ends automatic verdicts, because then the sensor, its window or its place has changed. A day counts
from 20 people in a band, and needs 3 such days before it; until today has as many, the day before
speaks for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from statistics import median
from typing import Literal

BAND_MC = 4_000
BIN_MC = 100
PEOPLE_MIN = 20
DAYS_BEFORE = 14
DAYS_MIN = 3
SPEAKS_DAYS = 3  # so long a day speaks for those after it that had too few people
WARN_MC = 400
STOP_MC = 800

Band = dict[int, int]  # tenths of a degree of skin: people
Level = Literal["ok", "warn", "stop"]


@dataclass(frozen=True, slots=True)
class Drift:
    """How far a day's median is from the days before, in thousandths of °C. people: of that day."""

    day: date
    by_mc: int
    people: int
    days: int

    @property
    def level(self) -> Level:
        """How bad it is."""
        apart = abs(self.by_mc)
        return "stop" if apart > STOP_MC else "warn" if apart > WARN_MC else "ok"


@dataclass(slots=True)
class SkinDays:
    """Counts of skin temperatures of the last days. Bounded; holds nothing about anybody."""

    days: dict[date, dict[int, Band]] = field(default_factory=dict)

    def add(self, day: date, ambient_mc: int, skin_mc: int) -> None:
        """One more person was measured on this day; days too old to matter are gone."""
        band = self.days.setdefault(day, {}).setdefault(ambient_mc // BAND_MC, {})
        tenth = skin_mc // BIN_MC
        band[tenth] = band.get(tenth, 0) + 1
        oldest = max(self.days) - timedelta(days=DAYS_BEFORE + SPEAKS_DAYS)
        for old in [one for one in self.days if one < oldest]:
            del self.days[old]

    def drift(self, today: date) -> Drift | None:
        """Return the drift of today, or of the latest day that can speak for it, else None."""
        for back in range(SPEAKS_DAYS + 1):
            found = self._of(today - timedelta(days=back))
            if found is not None:
                return found
        return None

    def _of(self, day: date) -> Drift | None:
        bands = self.days.get(day, {})
        for number in sorted(bands, key=lambda one: (-_people(bands[one]), one)):
            band = bands[number]
            before = self._medians_before(day, number)
            if _people(band) >= PEOPLE_MIN and len(before) >= DAYS_MIN:
                by_mc = round(_median_mc(band) - median(before))
                return Drift(day, by_mc, _people(band), len(before))
        return None

    def _medians_before(self, day: date, number: int) -> list[float]:
        earliest = day - timedelta(days=DAYS_BEFORE)
        return [
            _median_mc(bands[number])
            for one, bands in self.days.items()
            if earliest <= one < day and _people(bands.get(number, {})) >= PEOPLE_MIN
        ]

    def stored(self) -> dict[str, dict[str, dict[str, int]]]:
        """Return the counts as JSON can hold them; `restored` takes them back."""
        return {
            day.isoformat(): {
                str(number): {str(tenth): count for tenth, count in band.items()}
                for number, band in bands.items()
            }
            for day, bands in self.days.items()
        }


def restored(values: Mapping[str, object]) -> SkinDays:
    """Return the days that were stored; an entry that is none is left out."""
    days = SkinDays()
    for name, bands in values.items():
        try:
            day = date.fromisoformat(name)
        except ValueError:
            continue
        if isinstance(bands, dict):
            good = {int(key): _band(band) for key, band in bands.items() if _whole(key)}
            days.days[day] = {number: band for number, band in good.items() if band}
    return days


def _band(found: object) -> Band:
    if not isinstance(found, dict):
        return {}
    return {
        int(tenth): count
        for tenth, count in found.items()
        if _whole(tenth) and type(count) is int and count > 0
    }


def _whole(text: object) -> bool:
    return isinstance(text, str) and text.removeprefix("-").isdecimal() and text.isascii()


def _people(band: Band) -> int:
    return sum(band.values())


def _median_mc(band: Band) -> float:
    """Return the median with the people of one tenth spread evenly over it."""
    half, below = _people(band) / 2, 0
    for tenth in sorted(band):
        if below + band[tenth] >= half:
            return BIN_MC * (tenth + (half - below) / band[tenth])
        below += band[tenth]
    raise ValueError("a band without people has no median")
