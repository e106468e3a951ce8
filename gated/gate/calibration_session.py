"""The pairs of a calibration that is not finished: kept beside the journal, only numbers.

People come over days, because the rooms have to differ; so every pair is on the card before the
next person is called, and a session is taken up where it was left.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from gated.core.calibration_fit import PAIRS_MAX, Pair
from gated.core.canonical import Json
from gated.errors import GatedError, StoreError
from gated.store.database import lock
from gated.store.small_file import read_small, write_small

FILE = "thermometer-pairs.json"
VALUES = 3
DAYS_MAX = 90


class SessionRefused(GatedError, ValueError):
    """Pairs cannot be gone on with.

    code: too_old, other_conditions (another sensor, another offset), changed (the sensor, while
    one looked), full.
    """

    def __init__(self, text: str, code: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True, slots=True)
class Conditions:
    """What all pairs of a session have in common; pairs of two sensors make no line.

    supply_mv: as configured. offset_mc, dated: what readings are corrected by, and its day.
    """

    sensor: str
    variant: str
    supply_mv: int
    offset_mc: int
    dated: date


@dataclass(slots=True)
class CalibrationSession:
    """The pairs so far. sure: places of pairs that a person has looked at again and kept."""

    path: Path
    conditions: Conditions
    begun: date
    pairs: list[Pair] = field(default_factory=list)
    sure: set[int] = field(default_factory=set)

    def add(self, pair: Pair) -> None:
        """One more person is on the card. Raises StoreError, or SessionRefused when full."""
        if len(self.pairs) >= PAIRS_MAX:
            raise SessionRefused(f"{PAIRS_MAX} people are enough; fit them", "full")
        self._become([*self.pairs, pair], self.sure)

    def drop(self, place: int) -> None:
        """The pair is out; those behind it move up. Raises StoreError."""
        pairs = [pair for at, pair in enumerate(self.pairs) if at != place]
        self._become(pairs, {one - (one > place) for one in self.sure if one != place})

    def correct(self, place: int, pair: Pair) -> None:
        """The pair has other values now, which nobody has looked at again. Raises StoreError."""
        pairs = [*self.pairs[:place], pair, *self.pairs[place + 1 :]]
        self._become(pairs, self.sure - {place})

    def believe(self, place: int) -> None:
        """A person says that this pair is right. Raises StoreError."""
        self._become(self.pairs, self.sure | {place})

    def _become(self, pairs: list[Pair], sure: set[int]) -> None:
        """These are the pairs, on the card and here. Raises StoreError; then nothing changed."""
        before = self.pairs, self.sure
        self.pairs, self.sure = pairs, sure
        try:
            self.keep()
        except StoreError:
            self.pairs, self.sure = before
            raise

    def keep(self) -> None:
        """Everything is on the card. Raises StoreError."""
        own = self.conditions
        pairs: list[Json] = [[p.skin_mc, p.surroundings_mc, p.contact_mc] for p in self.pairs]
        write_small(
            self.path,
            {
                "sensor": own.sensor,
                "variant": own.variant,
                "supply_mv": own.supply_mv,
                "offset_mc": own.offset_mc,
                "dated": own.dated.isoformat(),
                "begun": self.begun.isoformat(),
                "pairs": pairs,
                "sure": sorted(self.sure),
            },
        )

    def finish(self) -> None:
        """The pairs have become a calibration and are kept no longer."""
        self.path.unlink(missing_ok=True)


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """No other command or page adds to the pairs in this file meanwhile. Raises StoreError."""
    descriptor = lock(path)
    try:
        yield
    finally:
        os.close(descriptor)


def taken_up(path: Path, conditions: Conditions, today: date) -> CalibrationSession:
    """Return the session kept in the file, a new one when there is none.

    Raises SessionRefused when what is kept was measured under other conditions or is too old.
    """
    found = _read(path)
    if found is None or not found.pairs:
        return CalibrationSession(path, conditions, today)
    if (today - found.begun).days > DAYS_MAX:
        raise SessionRefused(
            f"the {len(found.pairs)} pairs in {path} were begun on {found.begun}, too long ago for "
            "one calibration; begin anew with --fresh",
            "too_old",
        )
    if found.conditions != conditions:
        raise SessionRefused(
            f"the {len(found.pairs)} pairs in {path} were measured with {_told(found.conditions)}, "
            f"and now it is {_told(conditions)}; go on with those, or begin anew with --fresh",
            "other_conditions",
        )
    return found


def kept_conditions(path: Path) -> Conditions | None:
    """Return what an unfinished session was begun with, None when there is none."""
    found = _read(path)
    return None if found is None or not found.pairs else found.conditions


def _told(own: Conditions) -> str:
    return (
        f"sensor {own.sensor or 'unknown'} ({own.variant}, {own.supply_mv / 1000} V, offset "
        f"{own.offset_mc / 1000:+.2f} °C of {own.dated})"
    )


def _read(path: Path) -> CalibrationSession | None:
    """Return what the file keeps, None when there is none or it is strange."""
    found = read_small(path)
    try:
        conditions = Conditions(
            str(found["sensor"]),
            str(found["variant"]),
            _whole(found["supply_mv"]),
            _whole(found["offset_mc"]),
            date.fromisoformat(str(found["dated"])),
        )
        pairs = [Pair(*map(_whole, _listed(pair, VALUES))) for pair in _listed(found["pairs"])]
        sure = {_whole(place) for place in _listed(found["sure"])}
        begun = date.fromisoformat(str(found["begun"]))
    except (KeyError, ValueError):
        return None
    return CalibrationSession(path, conditions, begun, pairs[:PAIRS_MAX], sure)


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError("not a whole number")  # noqa: TRY004 - the file is wrong, not a caller
    return value


def _listed(value: object, count: int | None = None) -> list[object]:
    if not isinstance(value, list) or (count is not None and len(value) != count):
        raise ValueError("not a list of that length")
    return value
