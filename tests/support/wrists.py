"""Wrists by the hundred: simulated approaches through the real driver to a measurement.

One site is one sensor in one room under a virtual clock; people come to it one after the other,
each showing a credential. Every sample goes over the register model, the driver and the step
machine; nothing is shortened but the time. Beside it, from the same samples and with the same
corrections, stand the naive methods.
"""

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from drivers.thermometer import protocol
from drivers.thermometer.device import Mlx90614
from drivers.thermometer.simulator import Mlx90614Model, SimulatedBus, VirtualClock
from drivers.thermometer.simulator_approaches import (
    LIBRARY,
    STAY_S,
    STAY_SLOW_S,
    Approach,
    Given,
    Group,
    Maker,
    scene_at,
)
from gated.core import thermometry
from gated.core.calibration import RelativeReference, demo_calibration, skin_for_body_mc
from gated.core.facts import Policy
from gated.core.model import Measurement, TemperatureState
from gated.core.thermometry import Measured, SensorSample, TargetSeen, ThermometryConfig
from gated.core.thermometry_judge import judged
from gated.core.thermometry_search import SLOW_PERIOD_MS

SITE = demo_calibration(date(2026, 1, 1))
POLICY = Policy()
ROOM_C, SKIN_C = (0.0, 38.0), (30.0, 40.0)
ABOVE_LIMIT_MC = 300
PEOPLE_PER_SITE = 4
EMPTY_S = 12.0  # what a site has seen of its empty lane before the first person
BETWEEN_S = (1.5, 2.5)
NAIVE_SAMPLES = 10
FAMILIES = ("AA", "BA", "CC", "CH", "CI", "CF", "CK")
NAIVE: dict[str, Callable[[Sequence[int]], int]] = {
    "single reading": lambda values: values[0],
    "mean of 10": lambda values: round(sum(values) / len(values)),
    "maximum of 10": max,
}


def config_of(variant: str) -> ThermometryConfig:
    """Return the constants of a measurement with this variant at its nominal supply."""
    kind = protocol.variant_of(variant)
    return ThermometryConfig(
        sigma_mc=kind.noise_mc,
        settle_ms=round(1000 * kind.settle_s),
        period_ms=round(1000 * kind.period_s),
        three_volt=kind.three_volt,
        supply_v=nominal_v(variant),
        warm_up_ms=0,
    )


def nominal_v(variant: str) -> float:
    """Return the supply this variant is made for."""
    return 3.3 if protocol.variant_of(variant).three_volt else 5.0


def called_normal(found: Measurement) -> bool:
    """Tell whether the gate lets this person pass without a word, by the shipped limits."""
    if found.state is not TemperatureState.NORMAL or found.decision_mc is None:
        return False
    return POLICY.low_mc <= found.decision_mc < POLICY.fever_mc


@dataclass(frozen=True, slots=True)
class Came:
    """What one approach came to.

    found: the first measurement. true_mc: the skin when the value came. normal: whether the gate
    called this person normal at any moment. waited_ms: from the credential, here_ms: from the
    moment both credential and wrist were there, None without a value. naive: what each naive
    method would have reported, nothing when nobody was seen.
    """

    variant: str
    room_c: float
    approach: Approach
    found: Measurement
    true_mc: float | None
    normal: bool
    waited_ms: int | None
    here_ms: int | None
    naive: dict[str, Measurement]

    @property
    def family(self) -> str:
        """The last two letters of the variant: its optics and its noise."""
        return self.variant[1:]

    @property
    def reason(self) -> str:
        """Why there is no value to judge, or nothing."""
        return "" if self.found.state is TemperatureState.NORMAL else self.found.detail

    @property
    def has_value(self) -> bool:
        """Whether the gate reports this skin: judged, or refused for the skin alone."""
        return self.reason in ("", "too_cold_skin", "too_hot_object")

    @property
    def error_mc(self) -> float | None:
        """Reported skin minus the truth, of approaches that fill the field and have a value."""
        return self.error_of(self.found)

    def error_of(self, found: Measurement) -> float | None:
        """Return reported skin minus the truth, None where nothing is to be compared."""
        if self.true_mc is None or found.skin_mc is None:
            return None
        return found.skin_mc - self.true_mc


@dataclass(frozen=True, slots=True)
class Setup:
    """A sensor at a site. unknown: emissivity and supply are off by 0.01 and 0.1 V, either way.

    any_weather: values are judged outside 16 to 35 °C too, as no gate does.
    """

    variant: str
    room_c: float
    seed: int
    unknown: bool = False
    any_weather: bool = False


@dataclass(slots=True)
class Site:
    """One sensor, its driver and the step machine, in front of an empty room at first."""

    setup: Setup
    chance: random.Random = field(init=False)
    clock: VirtualClock = field(init=False)
    model: Mlx90614Model = field(init=False)
    driver: Mlx90614 = field(init=False)
    config: ThermometryConfig = field(init=False)
    state: thermometry.State = field(init=False)

    def __post_init__(self) -> None:
        setup = self.setup
        self.chance = random.Random(setup.seed)
        self.clock = VirtualClock(1000.0 + self.chance.random())
        supply_v = nominal_v(setup.variant)
        sign = self.chance.choice((-1, 1)), self.chance.choice((-1, 1))
        self.model = Mlx90614Model(
            self.clock.monotonic,
            variant=setup.variant,
            seed=setup.seed,
            supply_v=supply_v + (0.1 * sign[0] if setup.unknown else 0.0),
        )
        self.model.emissivity += 0.01 * sign[1] if setup.unknown else 0.0
        self.model.set_scene(None, setup.room_c)
        self.driver = Mlx90614(
            SimulatedBus(self.model), variant=setup.variant, supply_v=supply_v, clock=self.clock
        )
        self.config = config_of(setup.variant)
        if setup.any_weather:
            self.config = replace(self.config, ambient_low_mc=-90_000, ambient_high_mc=90_000)
        self.state = thermometry.initial(self.config, round(1000 * self.clock.now_s))
        for _ in self.samples(EMPTY_S if self.config.period_ms < SLOW_PERIOD_MS else 4 * EMPTY_S):
            pass

    def samples(
        self, seconds: float
    ) -> Iterator[tuple[SensorSample, tuple[thermometry.Output, ...]]]:
        """Let this time pass; give each sample with what came of it."""
        end_s = self.clock.now_s + seconds
        while self.clock.now_s < end_s:
            reading = self.driver.read(end_s - self.clock.now_s)
            if reading is not None:
                at_ms = round(1000 * reading.taken_s)
                sample = SensorSample(at_ms, reading.object_mc, reading.ambient_mc)
                self.state, outputs = thermometry.step(
                    self.config, SITE, RelativeReference(), self.state, sample
                )
                yield sample, outputs

    def comes(self, approach: Approach) -> Came:
        """Let one person come, be measured and go."""
        for _ in self.samples(self.chance.uniform(*BETWEEN_S)):
            pass
        from_ms = round(1000 * self.clock.now_s)
        background_mc = self.state.background_mc
        self.state, _ = thermometry.presented(self.config, self.state, from_ms)
        self.model.play(lambda at_s: scene_at(approach, at_s))
        came: list[Measured] = []
        seen: list[int] | None = None
        for sample, outputs in self.samples(approach.gone_s + 1.0):
            came += [output for output in outputs if isinstance(output, Measured)]
            if seen is None and any(isinstance(output, TargetSeen) for output in outputs):
                seen = []
            if seen is not None and len(seen) < NAIVE_SAMPLES:
                seen.append(sample.object_mc)
            naive_done = seen is not None and len(seen) == NAIVE_SAMPLES
            # Nobody who was measured stays; who was not right tries on until the end.
            if came and naive_done and approach.group is Group.FILLS:
                break
        self.model.set_scene(None)
        return self._came(approach, from_ms, came, self._naive(seen or [], background_mc))

    def _naive(self, seen: Sequence[int], background_mc: int) -> dict[str, Measurement]:
        if not seen:
            return {}
        return {
            name: judged(self.config, SITE, None, method(seen), background_mc, drifting=False)
            for name, method in NAIVE.items()
        }

    def _came(
        self,
        approach: Approach,
        from_ms: int,
        came: Sequence[Measured],
        naive: dict[str, Measurement],
    ) -> Came:
        now_ms = round(1000 * self.clock.now_s)
        if came:
            found, at_ms = came[0].measurement, came[0].at_ms
        else:
            self.state, found = thermometry.missed(self.config, self.state, now_ms)
            at_ms = now_ms
        waited_ms = at_ms - from_ms if found.skin_mc is not None else None
        return Came(
            self.setup.variant,
            self.setup.room_c,
            approach,
            found,
            None if approach.skin_c is None else 1000 * approach.skin_c((at_ms - from_ms) / 1000),
            any(called_normal(one.measurement) for one in came),
            waited_ms,
            None if waited_ms is None else waited_ms - round(1000 * approach.there_s),
            naive,
        )


def variants(families: Iterable[str] = FAMILIES) -> list[str]:
    """Return the variants of these families, sorted."""
    wanted = set(families)
    return sorted(letters for letters in protocol.VARIANTS if letters[1:] in wanted)


def approaches(
    count: int,
    *,
    seed: int = 1,
    families: Iterable[str] = FAMILIES,
    makers: Sequence[Maker] = LIBRARY,
    unknown: bool = False,
    any_weather: bool = False,
) -> Iterator[Came]:
    """Let so many people come: every variant in turn, room 0 to 38 °C, skin 30 to 40 °C."""
    chance = random.Random(seed)
    kinds = variants(families)
    for number in range(-(-count // PEOPLE_PER_SITE)):
        variant = kinds[number % len(kinds)]
        setup = Setup(
            variant, chance.uniform(*ROOM_C), chance.getrandbits(32), unknown, any_weather
        )
        people = random.Random(chance.getrandbits(32))
        site = Site(setup)
        for person in range(min(PEOPLE_PER_SITE, count - number * PEOPLE_PER_SITE)):
            maker = makers[(number * PEOPLE_PER_SITE + person) % len(makers)]
            given = Given(people.uniform(*SKIN_C), setup.room_c, _stay_s(site))
            yield site.comes(maker(people, given))


def just_above_the_limit(
    count: int, makers: Sequence[Maker], *, seed: int = 2, families: Iterable[str] = FAMILIES
) -> Iterator[Came]:
    """Let so many people come whose body is 0.3 °C above the limit, at 16 to 35 °C."""
    chance = random.Random(seed)
    kinds = variants(families)
    for number in range(-(-count // PEOPLE_PER_SITE)):
        room_c = chance.uniform(16.0, 35.0)
        setup = Setup(kinds[number % len(kinds)], room_c, chance.getrandbits(32))
        skin_mc = skin_for_body_mc(SITE, POLICY.fever_mc + ABOVE_LIMIT_MC, 1000 * room_c)
        people = random.Random(chance.getrandbits(32))
        site = Site(setup)
        for person in range(min(PEOPLE_PER_SITE, count - number * PEOPLE_PER_SITE)):
            maker = makers[person % len(makers)]
            yield site.comes(maker(people, Given(skin_mc / 1000, room_c, _stay_s(site))))


def _stay_s(site: Site) -> float:
    slow = site.config.period_ms > SLOW_PERIOD_MS
    return STAY_SLOW_S if slow else STAY_S
