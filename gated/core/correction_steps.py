"""The corrections of one sensor in their order, and what a value was after each of them. Pure.

Order and formulae stand in calibration.py. Whoever looks at a value later, with other corrections
at hand, needs the words of the sensor and the name of what was applied to them.
"""

from dataclasses import dataclass

from gated.core.calibration import skin_mc, supply_corrected_mc
from gated.core.model import Derivation

CODES_PER_K = 50
ZERO_C_MC = 273_150


@dataclass(frozen=True, slots=True)
class Corrections:
    """What turns raw into skin: supply as configured, offset in thousandths."""

    three_volt: bool
    supply_v: float
    offset_mc: int = 0

    def at_supply(self, read_mc: float) -> float:
        """Return a reading as it would be at 3.0 V."""
        return supply_corrected_mc(read_mc, self.supply_v, three_volt=self.three_volt)

    def at_offset(self, read_mc: float) -> float:
        """Return a reading after supply and offset."""
        return self.at_supply(read_mc) + self.offset_mc

    def skin(self, read_mc: float, background_mc: float) -> tuple[int, int]:
        """Return skin and surroundings behind two readings."""
        around = self.at_offset(background_mc)
        return round(skin_mc(self.at_offset(read_mc), around)), round(around)


def derivation(
    steps: Corrections, raw_mc: int, background_mc: int, die_mc: int, model_id: str
) -> Derivation:
    """Return what is worth keeping of how a value came about.

    All three as the sensor reads them, in thousandths of °C. model_id: the site calibration in
    force, "" without one.
    """
    return Derivation(
        object_code=code_of(raw_mc),
        around_code=code_of(background_mc),
        die_code=code_of(die_mc),
        supply_mc=round(steps.at_supply(raw_mc)),
        offset_mc=round(steps.at_offset(raw_mc)),
        model_id=model_id,
    )


def code_of(mc: int) -> int:
    """Return the sensor's word: 0.02 K from absolute zero."""
    return (mc + ZERO_C_MC) * CODES_PER_K // 1000
