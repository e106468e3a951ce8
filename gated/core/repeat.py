"""One high reading is no fever yet, and one lower reading after it no all-clear. Pure.

A person whose reading was elevated is measured again, at least `try_gap_ms` after the reading
before. Two elevated readings confirm each other. One elevated and one that is not contradict each
other: a third decides, and the middle of the three holds. Whoever is found in order that way
begins anew. Readings age as tries do.
"""

from dataclasses import dataclass, replace

from gated.core.model import Measurement, TemperatureState

READINGS_MAX = 64  # of all people together; the oldest is dropped
DECIDING = 3
DISAGREE = "disagree"

_COMPARED = frozenset(
    {TemperatureState.NORMAL, TemperatureState.IN_LINE, TemperatureState.ELEVATED}
)


@dataclass(frozen=True, slots=True)
class Reading:
    """One usable reading of the person behind this reference, at monotonic ms."""

    ref: bytes
    at_ms: int
    measurement: Measurement

    def high(self, fever_mc: int) -> bool:
        """Tell whether it is elevated: by the limit when calibrated, else beside the others."""
        return elevated(self.measurement, fever_mc)


Readings = tuple[Reading, ...]


def elevated(measurement: Measurement, fever_mc: int) -> bool:
    """Tell whether this one reading is above the limit, or above the others' without one."""
    if measurement.state is TemperatureState.NORMAL:
        value_mc = measurement.decision_mc
        return value_mc is not None and value_mc >= fever_mc
    return measurement.state is TemperatureState.ELEVATED


def repeated(
    readings: Readings, reading: Reading, fever_mc: int, gap_ms: int
) -> tuple[Readings, Measurement]:
    """Return the readings to remember, and what this one comes to beside those before it.

    A measurement that is contradicted comes back UNSTABLE with the detail `disagree`, its numbers
    kept; so does one that follows too soon to say anything new.
    """
    measurement = reading.measurement
    if measurement.state not in _COMPARED:
        return readings, measurement
    mine = tuple(one for one in readings if one.ref == reading.ref)
    if not mine:
        known = (*readings, reading) if reading.high(fever_mc) else readings
        return known[-READINGS_MAX:], measurement
    if reading.at_ms - mine[-1].at_ms < gap_ms:
        settled = measurement if reading.high(fever_mc) else _contradicted(measurement)
        return readings, settled
    readings, mine = (*readings, reading)[-READINGS_MAX:], (*mine, reading)[-DECIDING:]
    if len(mine) < DECIDING:
        return readings, measurement if reading.high(fever_mc) else _contradicted(measurement)
    middle = sorted(mine, key=_height)[DECIDING // 2]
    if not middle.high(fever_mc):
        readings = tuple(one for one in readings if one.ref != reading.ref)
    return readings, middle.measurement


def _height(reading: Reading) -> tuple[bool, int]:
    """Order readings whose kinds differ too: a calibration may have come between them."""
    taken = reading.measurement
    value_mc = taken.decision_mc if taken.decision_mc is not None else taken.skin_mc
    return taken.state is TemperatureState.ELEVATED, value_mc or 0


def _contradicted(measurement: Measurement) -> Measurement:
    return replace(measurement, state=TemperatureState.UNSTABLE, detail=DISAGREE)
