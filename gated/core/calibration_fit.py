"""From people measured twice to a calibration: k and c by least squares, and what to doubt. Pure.

    contact - skin = k x (skin - surroundings) + c

A pair is one person: skin and surroundings as the sensor sees them, corrected, and what a contact
thermometer in the armpit says. Both coefficients need people in rooms of different temperature:
in one room skin differs from person to person alone, and a line through that has nothing to do
with k. There is no way out with c alone, because a fixed offset is wrong in every other room.
Nothing is left out silently: a pair far off the line is named, and a person decides about it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from gated.core.calibration import (
    C_LIMIT_MC,
    COLD_SKIN_MC,
    ESTIMATE_CLAMP_MC,
    K_LIMIT_MILLI,
    PEOPLE_MIN,
    RESIDUAL_LIMIT_MC,
    SiteCalibration,
    middle,
)

PAIRS_MAX = 500
# Between the tenth and the ninetieth percentile, so that one cold morning is no spread.
SPREAD_MIN_MC = 4_000
SUSPECT_RMS = 3
# Contact thermometers are read to 0.1 and people differ: nearer than this is never suspicious.
SUSPECT_FLOOR_MC = 300
MAD_TO_RMS = 1.4826
TRIM_ROUNDS = 10
FITTED = 2  # k and c
CONTACT_MC = (34_000, 42_000)
SKIN_MC = (COLD_SKIN_MC, 42_000)


@dataclass(frozen=True, slots=True)
class Pair:
    """One person, in thousandths of °C; nothing else is known of them."""

    skin_mc: int
    surroundings_mc: int
    contact_mc: int

    @property
    def above_mc(self) -> int:
        """How far the skin is above its surroundings."""
        return self.skin_mc - self.surroundings_mc

    @property
    def lacks_mc(self) -> int:
        """How far the skin is below the body."""
        return self.contact_mc - self.skin_mc


@dataclass(frozen=True, slots=True)
class Fit:
    """The line through the pairs. error_*: standard errors of k and c.

    residual_mc: root mean square of what each pair misses. suspects: places of the pairs that
    look mistyped.
    """

    k_milli: int
    c_mc: int
    k_error_milli: int
    c_error_mc: int
    residual_mc: int
    people: int
    spread_mc: int
    suspects: tuple[int, ...]

    def residual_of(self, pair: Pair) -> int:
        """Return by how much this person's contact value exceeds the estimate."""
        return round(pair.lacks_mc - self.k_milli * pair.above_mc / 1000 - self.c_mc)


@dataclass(frozen=True, slots=True)
class Objection:
    """Why something cannot be. code: for a face with words of its own; text: a sentence."""

    code: str
    text: str


def pair_problem(pair: Pair) -> Objection | None:
    """Return why these three values cannot be one person's, None when they can."""
    low, high = CONTACT_MC
    if not low <= pair.contact_mc <= high:
        text = f"{_c(pair.contact_mc)} is outside {low // 1000} to {high // 1000} °C"
        return Objection("contact_range", text)
    low, high = SKIN_MC
    if not low <= pair.skin_mc <= high:
        text = f"skin of {_c(pair.skin_mc)} is outside {low // 1000} to {high // 1000} °C"
        return Objection("skin_range", text)
    if abs(pair.lacks_mc) > ESTIMATE_CLAMP_MC:
        text = f"{_c(pair.contact_mc)} is more than 6 °C from the skin, {_c(pair.skin_mc)}"
        return Objection("far_from_skin", text)
    return None


def spread_mc(pairs: Sequence[Pair]) -> int:
    """Return over what range of surroundings the middle eight tenths of the pairs lie."""
    ordered = sorted(pair.surroundings_mc for pair in pairs)
    cut = len(ordered) // 10
    return ordered[-1 - cut] - ordered[cut] if ordered else 0


def missing(pairs: Sequence[Pair]) -> tuple[Objection, ...]:
    """Return what a fit still needs; empty when it can be made."""
    wanted = []
    if len(pairs) < PEOPLE_MIN:
        text = f"{PEOPLE_MIN - len(pairs)} more people ({len(pairs)} of {PEOPLE_MIN})"
        wanted.append(Objection("people", text))
    if (found := spread_mc(pairs)) < SPREAD_MIN_MC:
        text = (
            f"people at other surroundings: these spread over {found / 1000:.1f} °C, and k shows "
            f"only over {SPREAD_MIN_MC / 1000:.0f} °C or more"
        )
        wanted.append(Objection("spread", text))
    return tuple(wanted)


def fitted(pairs: Sequence[Pair]) -> Fit:
    """Return the least-squares line through all these pairs, suspects included.

    Suspects are judged by a line that they do not pull: pairs more than 3 times the rest's rms
    from it, and at least 0.3 °C. At least three pairs over some spread; see `missing`.
    """
    k, c = _line(pairs)
    rms = _rms(pairs, k, c)
    mean = sum(pair.above_mc for pair in pairs) / len(pairs)
    around = sum((pair.above_mc - mean) ** 2 for pair in pairs)
    # Two numbers were fitted, so n - 2 pairs say how far a new one will be off.
    scatter = rms * (len(pairs) / (len(pairs) - FITTED)) ** 0.5
    return Fit(
        round(1000 * k),
        round(c),
        round(1000 * scatter / around**0.5),
        round(scatter * (1 / len(pairs) + mean * mean / around) ** 0.5),
        round(rms),
        len(pairs),
        spread_mc(pairs),
        _suspects(pairs),
    )


def refusal(fit: Fit) -> Objection | None:
    """Return why this line is no calibration, None when it is one."""
    if fit.suspects:
        text = f"{len(fit.suspects)} pairs look mistyped; correct or drop them first"
        return Objection("suspects", text)
    if not 0 <= fit.k_milli <= K_LIMIT_MILLI:
        text = (
            f"k = {fit.k_milli / 1000:.3f} is outside 0 to {K_LIMIT_MILLI // 1000}: skin that "
            "moves so against its surroundings was not at rest; look for draught, sleeves, haste"
        )
        return Objection("k_range", text)
    if abs(fit.c_mc) > C_LIMIT_MC:
        text = (
            f"c = {_signed(fit.c_mc)} °C is beyond {C_LIMIT_MC // 1000} °C; check the sensor "
            "against a black body: gated thermometer check"
        )
        return Objection("c_range", text)
    if fit.residual_mc > RESIDUAL_LIMIT_MC:
        text = (
            f"the estimate is off by {fit.residual_mc / 1000:.2f} °C (rms), more than "
            f"{RESIDUAL_LIMIT_MC / 1000:.2f}: it would judge nobody rightly"
        )
        return Objection("rms", text)
    return None


def calibration_of(
    fit: Fit, made: date, *, offset: tuple[int, date], model_id: str, sensor: str | None
) -> SiteCalibration:
    """Return the calibration of a line that `refusal` lets through.

    offset: thousandths of °C the pairs were corrected by, and when that was found.
    """
    assert not refusal(fit), refusal(fit)
    return SiteCalibration(
        k_milli=fit.k_milli,
        c_mc=fit.c_mc,
        offset_mc=offset[0],
        offset_dated=offset[1],
        made=made,
        people=fit.people,
        residual_mc=fit.residual_mc,
        model_id=model_id,
        sensor=sensor,
    )


def calibration_toml(made: SiteCalibration) -> str:
    """Return the file that `parse_calibration` reads as this calibration."""
    lines = [
        "# Site calibration of the thermometer: surface temperature screening.",
        "# Written by `gated thermometer`; docs/thermometer.md says what each number means.",
        "",
        "[calibration]",
        f"k_milli = {made.k_milli}",
        f"c_mc = {made.c_mc}",
        f"offset_mc = {made.offset_mc}",
        f"offset_dated = {made.offset_dated.isoformat()}",
        f"made = {made.made.isoformat()}",
        f"valid_days = {made.valid_days}",
        f"body_site = {_quoted(made.body_site)}",
        f"people = {made.people}",
        f"residual_mc = {made.residual_mc}",
        f"model_id = {_quoted(made.model_id)}",
    ]
    if made.sensor is not None:
        lines.append(f"sensor = {_quoted(made.sensor)}")
    return "\n".join(lines) + "\n"


def _line(pairs: Sequence[Pair]) -> tuple[float, float]:
    """Return k and c of the least-squares line; a heap of equal places has slope 0."""
    count = len(pairs)
    mean_x = sum(pair.above_mc for pair in pairs) / count
    mean_y = sum(pair.lacks_mc for pair in pairs) / count
    across = sum((pair.above_mc - mean_x) * (pair.lacks_mc - mean_y) for pair in pairs)
    around = sum((pair.above_mc - mean_x) ** 2 for pair in pairs)
    k = across / around if around else 0.0
    return k, mean_y - k * mean_x


def _residuals(pairs: Sequence[Pair], k: float, c: float) -> Iterator[float]:
    return (pair.lacks_mc - k * pair.above_mc - c for pair in pairs)


def _rms(pairs: Sequence[Pair], k: float, c: float) -> float:
    return float((sum(off * off for off in _residuals(pairs, k, c)) / len(pairs)) ** 0.5)


def _suspects(pairs: Sequence[Pair]) -> tuple[int, ...]:
    """Return the places of the pairs far off the line through the others.

    One wrong pair pulls the line and widens the rms it is measured by, and a few hide each other;
    so the line is drawn again through what is near its own middle until that stays the same.
    """
    kept = list(pairs)
    for _ in range(TRIM_ROUNDS):
        k, c = _line(kept)
        off = [abs(value) for value in _residuals(pairs, k, c)]
        reach = max(SUSPECT_RMS * MAD_TO_RMS * middle([round(o) for o in off]), SUSPECT_FLOOR_MC)
        again = [pair for pair, far in zip(pairs, off, strict=True) if far <= reach]
        if again == kept or len(again) <= FITTED:
            break
        kept = again
    k, c = _line(kept)
    reach = max(SUSPECT_RMS * _rms(kept, k, c), SUSPECT_FLOOR_MC)
    return tuple(at for at, off in enumerate(_residuals(pairs, k, c)) if abs(off) > reach)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _c(mc: int) -> str:
    return f"{mc / 1000:.1f} °C"


def _signed(mc: int) -> str:
    return f"{mc / 1000:+.2f}"
