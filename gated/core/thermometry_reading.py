"""One sample with everything that is made of it, for people who look at the sensor itself. Pure.

No credential and no person stands in it. As JSON it is one flat object per sample; `reading_of`
reads back what `as_fields` made.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from gated.core.calibration import SiteCalibration
from gated.core.correction_steps import code_of
from gated.core.model import Derivation, Measurement, TemperatureState
from gated.core.thermometry import BACKGROUND_MIN, Holding, Idle, State
from gated.core.thermometry_judge import ThermometryConfig, steps_of
from gated.core.thermometry_live import live_reason
from gated.core.thermometry_search import Measuring
from gated.core.thermometry_window import SensorSample

_PHASES: tuple[tuple[type, str], ...] = (
    (Idle, "idle"),
    (Measuring, "measuring"),
    (Holding, "holding"),
)


@dataclass(frozen=True, slots=True)
class Reading:
    """One sample. Temperatures in thousandths of °C, mono_ms monotonic.

    object_code, ambient_code: the sensor's words. supply_mc, offset_mc, skin_mc: the object after
    each step of correction, the last without meaning while nothing is there. background_mc: what
    an empty lane reads, None until that is known; surroundings_mc: the same corrected. phase:
    idle, measuring or holding. reason: why there is no value now. awaited: somebody showed a
    credential and waits, so a value now belongs to a visit. calibrated: a site calibration is in
    force. taken: what the target came to, with this sample.
    """

    mono_ms: int
    object_code: int
    ambient_code: int
    object_mc: int
    ambient_mc: int
    supply_mc: int
    offset_mc: int
    skin_mc: int | None
    background_mc: int | None
    surroundings_mc: int | None
    phase: str
    reason: str
    awaited: bool
    calibrated: bool
    serial: str
    taken: Measurement | None = None


def read(
    config: ThermometryConfig,
    calibration: SiteCalibration | None,
    state: State,
    sample: SensorSample,
    *,
    awaited: bool,
    serial: str,
    taken: Measurement | None,
) -> Reading:
    """Return this sample as people see it. state: after the sample. taken: what came of it."""
    steps = steps_of(config, calibration)
    known = len(state.background) >= BACKGROUND_MIN
    background_mc = state.background_mc if known else None
    skin = around = None
    if background_mc is not None:
        skin, around = steps.skin(sample.object_mc, background_mc)
    return Reading(
        mono_ms=sample.mono_ms,
        object_code=code_of(sample.object_mc),
        ambient_code=code_of(sample.ambient_mc),
        object_mc=sample.object_mc,
        ambient_mc=sample.ambient_mc,
        supply_mc=round(steps.at_supply(sample.object_mc)),
        offset_mc=round(steps.at_offset(sample.object_mc)),
        skin_mc=skin,
        background_mc=background_mc,
        surroundings_mc=around,
        phase=next(name for kind, name in _PHASES if isinstance(state.phase, kind)),
        reason=live_reason(config, state, sample.mono_ms),
        awaited=awaited,
        calibrated=calibration is not None,
        serial=serial,
        taken=taken,
    )


def as_fields(reading: Reading) -> dict[str, Any]:
    """Return the reading as a JSON object."""
    found = asdict(reading)
    if reading.taken is not None:
        found["taken"] |= {"state": reading.taken.state.value}
    return found


def reading_of(found: Mapping[str, Any]) -> Reading:
    """Return the reading in a JSON object. Raises ValueError when it is none.

    Fields a newer gate adds are left out.
    """
    try:
        taken = found["taken"]
        known = {field.name: found[field.name] for field in fields(Reading)}
        known["taken"] = None if taken is None else _taken(taken)
        return Reading(**known)
    except (KeyError, TypeError) as error:
        raise ValueError(f"no reading of a thermometer: {error}") from error


def _taken(found: Mapping[str, Any]) -> Measurement:
    known = {field.name: found[field.name] for field in fields(Measurement)}
    derived = found["derived"] and Derivation(**found["derived"])
    return Measurement(**known | {"state": TemperatureState(found["state"]), "derived": derived})
