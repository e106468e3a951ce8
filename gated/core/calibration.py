"""What turns a sensor's reading into skin, and skin into a body estimate. Pure.

The steps, in this order, each in °C (kelvin inside the third):

    supply      T1 = T - 0.6 x (supply - 3.0 V), sensors of the 3 V classes only
    offset      T2 = T1 + offset, from the site calibration
    emissivity  T3 = ((T2^4 - (1 - e) x Tr^4) / e)^(1/4), e = 0.98, Tr the surroundings
    estimate    body = T3 + k x (T3 - Tenv) + c, only under a valid site calibration

Skin (T3) and body estimate are two different values and never share a field. Without a valid
calibration the relative rule compares skin with the skin of recent passers-by.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from difflib import get_close_matches
from typing import Any

from gated.errors import ConfigError

SKIN_EMISSIVITY = 0.98
ZERO_C_IN_K = 273.15
SUPPLY_RISE_PER_V = 0.6
SUPPLY_REFERENCE_V = 3.0
# An estimate further from the skin than this says the calibration is wrong, not the person.
ESTIMATE_CLAMP_MC = 6_000

OFFSET_LIMIT_MC = 1_000
K_LIMIT_MILLI = 1_000
C_LIMIT_MC = 6_000
PEOPLE_MIN = 30
VALID_DAYS_MAX = 365
RESIDUAL_LIMIT_MC = 1_000
BODY_SITES = ("wrist", "forehead")

REFERENCE_COUNT = 20
REFERENCE_MIN = 10
REFERENCE_SPAN_MS = 2 * 60 * 60 * 1000
ELEVATED_BY_MC = 1_000

COLD_SKIN_MC = 30_000
COLD_DAY_MIN = 6


@dataclass(frozen=True, slots=True)
class SiteCalibration:
    """How skin relates to body temperature at this site, found by measuring people here.

    k_milli: thousandths per degree of skin above its surroundings; c_mc: constant; offset_mc:
    against a reference source, dated. people, residual_mc: how many were measured and how far
    the estimate was off (root mean square). model_id names this calibration in records. sensor:
    serial of the only sensor it holds for, or None for any.
    """

    k_milli: int
    c_mc: int
    offset_mc: int
    offset_dated: date
    made: date
    people: int
    residual_mc: int
    model_id: str
    valid_days: int = 90
    body_site: str = "wrist"
    sensor: str | None = None

    def valid_on(self, day: date) -> bool:
        """Tell whether both the calibration and its offset hold on this day.

        A day before they were made is not valid: then the clock is wrong.
        """
        span = timedelta(days=self.valid_days)
        return max(self.made, self.offset_dated) <= day < min(self.made, self.offset_dated) + span

    def fits(self, serial: str | None) -> bool:
        """Tell whether it holds for the sensor with this serial (16 hex digits)."""
        return self.sensor is None or self.sensor == serial


# Key: permitted integers, both ends included.
_INTEGERS = {
    "k_milli": (0, K_LIMIT_MILLI),
    "c_mc": (-C_LIMIT_MC, C_LIMIT_MC),
    "offset_mc": (-OFFSET_LIMIT_MC, OFFSET_LIMIT_MC),
    "people": (PEOPLE_MIN, 100_000),
    "residual_mc": (0, RESIDUAL_LIMIT_MC),
    "valid_days": (1, VALID_DAYS_MAX),
}
_OPTIONAL = frozenset({"valid_days", "body_site", "sensor"})


def parse_calibration(table: Mapping[str, object]) -> SiteCalibration:
    """Return the calibration in a loaded TOML table. Raises ConfigError with every problem."""
    known = [field.name for field in fields(SiteCalibration)]
    problems = [_unknown_key(key, known) for key in table if key not in known]
    problems += [f"{key}: missing" for key in known if key not in table and key not in _OPTIONAL]
    values: dict[str, Any] = {key: table[key] for key in known if key in table}
    for key, value in values.items():
        problem = _problem(key, value)
        if problem:
            problems.append(f"{key}: {problem}")
    if problems:
        raise ConfigError("\n".join(f"[calibration] {problem}" for problem in problems))
    return SiteCalibration(**values)


def _unknown_key(key: str, known: Sequence[str]) -> str:
    close = get_close_matches(key, known, 1)
    return f"{key}: unknown key" + (f", did you mean {close[0]}?" if close else "")


def _problem(key: str, value: object) -> str:
    """Return what is wrong with this value, or nothing."""
    if key in _INTEGERS:
        low, high = _INTEGERS[key]
        if not isinstance(value, int) or isinstance(value, bool):
            return f"{value!r} is not a whole number"
        return "" if low <= value <= high else f"{value} is outside {low} to {high}"
    if key in ("made", "offset_dated"):
        dated = isinstance(value, date) and not isinstance(value, datetime)
        shown = value.isoformat() if isinstance(value, datetime) else value
        return "" if dated else f"{shown} is not a date such as 2026-01-31"
    if key == "body_site":
        return "" if value in BODY_SITES else f"{value!r} is not one of {', '.join(BODY_SITES)}"
    return "" if isinstance(value, str) and value else f"{value!r} is not a text"


def demo_calibration(made: date) -> SiteCalibration:
    """Return a plausible wrist calibration made on this day, for the demo and for tests."""
    return SiteCalibration(
        k_milli=270,
        c_mc=0,
        offset_mc=0,
        offset_dated=made,
        made=made,
        people=30,
        residual_mc=250,
        model_id="demo-wrist-1",
    )


def supply_corrected_mc(read_mc: float, supply_v: float, *, three_volt: bool) -> float:
    """Return a reading as it would be at 3.0 V."""
    rise_v = supply_v - SUPPLY_REFERENCE_V if three_volt else 0.0
    return read_mc - 1000 * SUPPLY_RISE_PER_V * rise_v


def skin_mc(seen_mc: float, surroundings_mc: float) -> float:
    """Return the skin behind a corrected reading; what it reflects comes from the surroundings."""
    seen_k = seen_mc / 1000 + ZERO_C_IN_K
    reflected_k = surroundings_mc / 1000 + ZERO_C_IN_K
    emitted = seen_k**4 - (1 - SKIN_EMISSIVITY) * reflected_k**4
    skin_k = math.sqrt(math.sqrt(max(emitted / SKIN_EMISSIVITY, 0.0)))
    return 1000 * (skin_k - ZERO_C_IN_K)


def body_mc(calibration: SiteCalibration, skin: float, surroundings: float) -> float:
    """Return the body estimate for this skin; all in thousandths of a degree.

    Never further than 6 degrees from the skin.
    """
    shift = calibration.k_milli / 1000 * (skin - surroundings) + calibration.c_mc
    return skin + min(max(shift, -ESTIMATE_CLAMP_MC), ESTIMATE_CLAMP_MC)


def skin_for_body_mc(calibration: SiteCalibration, body: float, surroundings: float) -> float:
    """Return the skin whose estimate is this body temperature: how the demo dresses people."""
    slope = calibration.k_milli / 1000
    skin = (body - calibration.c_mc + slope * surroundings) / (1 + slope)
    return min(max(skin, body - ESTIMATE_CLAMP_MC), body + ESTIMATE_CLAMP_MC)


def middle(values: Sequence[int]) -> int:
    """Return the median; of an even number the mean of the two middle ones, rounded down."""
    ordered = sorted(values)
    half = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[half]
    return (ordered[half - 1] + ordered[half]) // 2


@dataclass(frozen=True, slots=True)
class RelativeReference:
    """The skin of the last 20 accepted passers-by, each with the monotonic ms it was read."""

    entries: tuple[tuple[int, int], ...] = ()

    def with_person(self, mono_ms: int, skin: int) -> "RelativeReference":
        """Return the reference with one more accepted person, skin in thousandths."""
        return RelativeReference((*self.entries, (mono_ms, skin))[-REFERENCE_COUNT:])

    def value_mc(self, mono_ms: int) -> int | None:
        """Return the median over the last 2 h, or None while fewer than 10 passed."""
        oldest = mono_ms - REFERENCE_SPAN_MS
        recent = [skin for at, skin in self.entries if oldest < at <= mono_ms]
        return middle(recent) if len(recent) >= REFERENCE_MIN else None


def too_cold_today(recent_skin_mc: Sequence[int]) -> bool:
    """Tell whether most of the latest readings fall below 30 °C, so that typing is better.

    Give every latest skin value, the implausible ones too; fewer than 6 say nothing.
    """
    cold = sum(skin < COLD_SKIN_MC for skin in recent_skin_mc)
    return len(recent_skin_mc) >= COLD_DAY_MIN and 2 * cold > len(recent_skin_mc)
