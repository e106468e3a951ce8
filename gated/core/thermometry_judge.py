"""What a measured value means: skin, body estimate, in line with others, or not to be believed.

Pure. A value that cannot be judged keeps its numbers and says why in `detail`; a sensor that
cannot be relied on keeps none. No value is called normal without a valid site calibration.
"""

from dataclasses import dataclass, replace

from gated.core import calibration as corrections
from gated.core.calibration import SiteCalibration
from gated.core.correction_steps import Corrections
from gated.core.model import Measurement, TemperatureState

WARM_SKIN_MC = 35_000  # a healthy wrist is hardly warmer
_UNREMARKABLE = frozenset({TemperatureState.NORMAL, TemperatureState.IN_LINE})


@dataclass(frozen=True, slots=True)
class ThermometryConfig:
    """Every constant of a measurement. _mc: thousandths of °C. Defaults: DCC at 3.3 V, wrist.

    The first four come from the sensor's variant. warm_up_ms counts from the sensor's power-up.
    timeout_ms doubles for variants that are read slower than every 0.3 s. search_ms: how long
    after the first stable window a hotter one is looked for. armed_mc: trigger for 4 s after a
    credential in a hot room. adopt_ms: a target that stays longer has become the background.
    hot_skin_mc: skin this warm is asked again even with nobody to compare it with, because a body
    is never colder than its skin.
    occupied_mc: warmer than the sensor itself by this is no empty lane to start from.
    """

    sigma_mc: int = 180
    settle_ms: int = 140
    period_ms: int = 150
    three_volt: bool = True
    supply_v: float = 3.3
    body_site: str = "wrist"
    warm_up_ms: int = 60_000
    settle_floor_ms: int = 150
    timeout_ms: int = 6_000
    search_ms: int = 300
    step_mc: int = 1_000
    trigger_mc: int = 2_000
    end_mc: int = 1_500
    armed_mc: int = 500
    armed_ms: int = 4_000
    hot_room_mc: int = 31_000
    ambient_low_mc: int = 16_000
    ambient_high_mc: int = 35_000
    ambient_drift_mc_per_min: int = 300
    wrist_cold_mc: int = corrections.COLD_SKIN_MC
    forehead_cold_mc: int = 31_000
    hot_object_mc: int = 42_000
    frozen_samples: int = 20
    lens_blocked_mc: int = 500
    adopt_ms: int = 60_000
    occupied_mc: int = 4_000
    hot_skin_mc: int = 37_300


def fault(reason: str) -> Measurement:
    """Return the measurement of a sensor that cannot be relied on: no value, only why."""
    return Measurement(TemperatureState.FAULT, detail=reason)


def may_be_a_wrist(config: ThermometryConfig, object_mc: int, die_mc: int) -> bool:
    """Tell whether a first sight of the lane is too warm to be called empty."""
    return object_mc - die_mc > config.occupied_mc


def judged(
    config: ThermometryConfig,
    calibration: SiteCalibration | None,
    reference_mc: int | None,
    raw_mc: int,
    background_mc: int,
    *,
    drifting: bool,
) -> Measurement:
    """Return what a stable reading comes to.

    raw_mc, background_mc: as the sensor reads them, in thousandths of °C. reference_mc: median
    skin of recent passers-by, None while too few passed. ambient_mc of the result is the
    corrected background, not the sensor's die.
    """
    steps = steps_of(config, calibration)
    ambient = steps.at_offset(background_mc)
    skin = corrections.skin_mc(steps.at_offset(raw_mc), ambient)
    values = Measurement(
        TemperatureState.UNSTABLE, raw_mc, skin_mc=round(skin), ambient_mc=round(ambient)
    )
    reason = "ta_drifting" if drifting else ambient_reason(config, ambient)
    if reason:
        return replace(values, detail=reason)
    reason = _skin_reason(config, round(skin))
    if reason:
        return replace(values, state=TemperatureState.IMPLAUSIBLE, detail=reason)
    if calibration is not None:
        estimate = round(corrections.body_mc(calibration, skin, ambient))
        return replace(values, state=TemperatureState.NORMAL, decision_mc=estimate)
    if round(skin) >= config.hot_skin_mc:
        return replace(values, state=TemperatureState.ELEVATED, detail="hot_skin")
    if reference_mc is None:
        return replace(values, state=TemperatureState.IN_LINE, detail="no_reference")
    elevated = round(skin) > reference_mc + corrections.ELEVATED_BY_MC
    return replace(
        values, state=TemperatureState.ELEVATED if elevated else TemperatureState.IN_LINE
    )


def doubted(found: Measurement, step_mc: int, smallest_mc: float) -> Measurement:
    """Return what a value comes to that hardly differs from the background.

    step_mc: reading minus background; below smallest_mc a half covered wrist looks like a whole
    one, so the value is not called normal. Where even a whole wrist could not differ more it is
    too hot here, else the field is not covered.
    """
    if abs(step_mc) >= smallest_mc or found.state not in _UNREMARKABLE:
        return found
    hot = found.ambient_mc is not None and found.ambient_mc + smallest_mc > WARM_SKIN_MC
    detail = "ambient_high" if hot else "partial_target"
    return replace(found, state=TemperatureState.UNSTABLE, decision_mc=None, detail=detail)


def steps_of(config: ThermometryConfig, calibration: SiteCalibration | None) -> Corrections:
    """Return the corrections of this sensor under this calibration."""
    offset_mc = 0 if calibration is None else calibration.offset_mc
    return Corrections(config.three_volt, config.supply_v, offset_mc)


def ambient_reason(config: ThermometryConfig, ambient: float) -> str:
    """Return `ambient_low` or `ambient_high` outside the sensor's fair weather, else ""."""
    if ambient < config.ambient_low_mc:
        return "ambient_low"
    return "ambient_high" if ambient > config.ambient_high_mc else ""


def _skin_reason(config: ThermometryConfig, skin: int) -> str:
    forehead = config.body_site == "forehead"
    if skin < (config.forehead_cold_mc if forehead else config.wrist_cold_mc):
        return "too_cold_skin"
    return "too_hot_object" if skin > config.hot_object_mc else ""
