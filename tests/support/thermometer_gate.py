"""A thermometer at a gate: sensor, driver and step machine under a virtual clock."""

from collections.abc import Callable
from datetime import date
from typing import Any

from drivers.errors import DriverError
from drivers.thermometer.device import Mlx90614
from drivers.thermometer.simulator import Mlx90614Model, SimulatedBus, VirtualClock
from gated.core.calibration import RelativeReference, SiteCalibration, demo_calibration
from gated.core.model import ClockState, Measurement, Moment
from gated.core.thermometry import (
    Measured,
    Output,
    SensorSample,
    State,
    ThermometryConfig,
    initial,
    lost,
    presented,
    step,
)

DEMO = demo_calibration(date(2026, 1, 1))
ROOM_C = 24.0


class Gate:
    """A sensor, its driver and the step machine, warmed up on an empty room."""

    def __init__(
        self,
        variant: str = "DCC",
        *,
        room_c: float = ROOM_C,
        calibration: SiteCalibration | None = DEMO,
        reference: RelativeReference | None = None,
        warm_up_ms: int = 0,
        seed: int = 1,
    ) -> None:
        self.clock = VirtualClock()
        self.model = Mlx90614Model(self.clock.monotonic, variant=variant, seed=seed)
        self.model.set_scene(None, room_c)
        self.driver = Mlx90614(SimulatedBus(self.model), variant=variant, clock=self.clock)
        kind = self.driver.variant
        self.config = ThermometryConfig(
            sigma_mc=kind.noise_mc,
            settle_ms=round(1000 * kind.settle_s),
            period_ms=round(1000 * kind.period_s),
            warm_up_ms=warm_up_ms,
        )
        self.calibration = calibration
        self.reference = reference or RelativeReference()
        self.state = initial(self.config, self.now_ms)
        self.outputs: list[Output] = []

    @property
    def now_ms(self) -> int:
        return round(1000 * self.clock.now_s)

    def wait(self, seconds: float, each: Callable[[], None] = lambda: None) -> list[Output]:
        """Let this time pass; return what came out of it."""
        end_s, before = self.clock.now_s + seconds, len(self.outputs)
        while self.clock.now_s < end_s:
            each()
            try:
                reading = self.driver.read(min(1.0, end_s - self.clock.now_s))
            except DriverError:
                self._take(lost(self.state, Moment(self.now_ms, 0, ClockState.SYNCED)))
                continue
            if reading is not None:
                at_ms = round(1000 * reading.taken_s)
                sample = SensorSample(at_ms, reading.object_mc, reading.ambient_mc)
                self._take(step(self.config, self.calibration, self.reference, self.state, sample))
        return self.outputs[before:]

    def _take(self, result: tuple[State, tuple[Output, ...]]) -> None:
        self.state = result[0]
        self.outputs += result[1]

    def wrist(self, skin_c: float, seconds: float = 4.0) -> Measurement:
        """A wrist comes and stays this long; it must be measured once."""
        self.model.set_scene(skin_c)
        return only(self.wait(seconds))

    def show_card(self) -> list[Output]:
        self.state, outputs = presented(self.config, self.state, self.now_ms)
        return list(outputs)


def only(outputs: list[Output]) -> Measurement:
    (measured,) = [output for output in outputs if isinstance(output, Measured)]
    return measured.measurement


def kinds(outputs: list[Output]) -> list[type[Output]]:
    return [type(output) for output in outputs]


def warmed(variant: str = "DCC", **options: Any) -> Gate:
    gate = Gate(variant, **options)
    assert gate.wait(10.0) == []
    return gate
