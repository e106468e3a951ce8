"""Two thousand simulated wrists: how near the reported skin comes, and who is called normal.

Register model, driver and step machine as at a gate, under a virtual clock (tests/support/wrists).
Beside it, from the same samples and with the same corrections, three naive methods. One more row
is real time: what a sample costs the processor.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench_row import Row, Run, at_least, at_most, percentile
from smbus2 import i2c_msg

from drivers.thermometer import simulator_approaches as library
from drivers.thermometer.device import Mlx90614
from drivers.thermometer.simulator import Mlx90614Model, SimulatedBus, VirtualClock
from drivers.thermometer.simulator_approaches import Group
from gated.core import thermometry
from gated.core.calibration import RelativeReference
from gated.core.model import Measurement
from gated.core.thermometry import SensorSample
from tests.support.wrists import (
    FAMILIES,
    NAIVE,
    SITE,
    Came,
    approaches,
    called_normal,
    config_of,
    just_above_the_limit,
)

COUNT, QUICK = 2_000, 400
LIMIT_MC = {"AA": 100, "CC": 200}
WITHIN, NORMAL_PERCENT, WAIT_S, CORE_PERCENT = 99.0, 0.5, 1.5, 1.0
AT_THE_LIMIT = (library.steady, library.late, library.fidgeting)
FAIR_C = (16.5, 34.5)  # the room, clear of the bounds beyond which values are refused
WARMER_C = 4.0  # than the room; skin that hardly differs cannot be told from half a field
BIN_MC, SPAN_MC = 20, 500


@dataclass(frozen=True, slots=True)
class Runs:
    """The same people four times, and those whose body is 0.3 °C above the limit."""

    known: list[Came]
    unknown: list[Came]
    any_weather: list[Came]
    limit: list[Came]
    resting: list[Came]


def thermometer(run: Run) -> list[Row]:
    """Return the promises as rows; print the table per variant and draw the errors."""
    count = run.count(COUNT, QUICK)
    runs = Runs(
        list(approaches(count)),
        list(approaches(count, unknown=True)),
        list(approaches(count, any_weather=True)),
        list(just_above_the_limit(count, AT_THE_LIMIT)),
        list(approaches(count // 4, makers=(library.half_covered_at_rest,))),
    )
    print("\n".join((*_variant_table(runs), "", *_naive_table(runs), "", *_reasons(runs))))
    picture = run.kept.get("picture")
    if isinstance(picture, Path):
        picture.write_text(_drawing(runs), "utf-8")
    return [*_promises(runs), _cost(run)]


def _promises(runs: Runs) -> Iterator[Row]:
    for family, limit_mc in LIMIT_MC.items():
        errors = _errors(_of(runs.known, family))
        inside = 100 * sum(abs(error) <= limit_mc for error in errors) / len(errors)
        what = f"x{family}, field filled, {len(errors)} values: within {limit_mc / 1000} °C"
        yield Row(f"skin_{family.lower()}", what, inside, "%", at_least(WITHIN))
        waits = _waits(_of(runs.known, family))
        what = f"x{family}, steady wrist: from the credential to the value, median"
        yield Row(f"wait_{family.lower()}", what, median(waits), "s", at_most(WAIT_S))
    for name, came, what in (
        ("missed", runs.limit, "body 0.3 °C above the limit, called normal"),
        ("missed_ck", _of(runs.limit, "CK"), "the same, xCK alone"),
        ("partial", _partial(runs.known), "partial or moving approaches called normal"),
        ("partial_ck", _of(_partial(runs.known), "CK"), "the same, xCK alone"),
        ("no_skin", _no_skin(runs.known), "cups called normal"),
    ):
        bound = at_most(NORMAL_PERCENT)
        yield Row(f"normal_{name}", f"{what}, of {len(came)}", _normal(came), "%", bound)


def _cost(run: Run) -> Row:
    """Return what the thermometer's thread and the engine's share of it cost, without the wire."""
    config = config_of("DCC")
    clock = VirtualClock()
    bus = _Recorded(SimulatedBus(Mlx90614Model(clock.monotonic, variant="DCC")))
    driver = Mlx90614(bus, variant="DCC", clock=clock)
    state = thermometry.initial(config, 0)
    samples = run.count(4_000, 1_000)
    began = time.thread_time()
    for _ in range(samples):
        reading = driver.read(1.0)
        if reading is not None:
            at_ms = round(1000 * reading.taken_s)
            sample = SensorSample(at_ms, reading.object_mc, reading.ambient_mc)
            state, _ = thermometry.step(config, SITE, RelativeReference(), state, sample)
    each_s = (time.thread_time() - began - bus.spent_s) / samples
    share = 100 * each_s * 1000 / config.period_ms
    what = f"driver and step machine, {1e6 * each_s:.0f} µs a sample, 6.7 samples/s"
    return Row("thermometer_core", what, share, "% of a core", at_most(CORE_PERCENT))


class _Recorded:
    """The simulated bus, which knows what it cost itself."""

    def __init__(self, bus: SimulatedBus) -> None:
        self._bus = bus
        self.spent_s = 0.0

    def i2c_rdwr(self, *i2c_msgs: i2c_msg) -> None:
        """Make one transfer; its processor time is the simulator's."""
        began = time.thread_time()
        self._bus.i2c_rdwr(*i2c_msgs)
        self.spent_s += time.thread_time() - began

    def close(self) -> None:
        """Nothing is open."""


def _variant_table(runs: Runs) -> Iterator[str]:
    yield (
        "| variant | approaches | values | error p50 / p99 °C | within 0.10 / 0.20 "
        "| p99 with ±0.01, ±0.1 V | p99 at 0–38 °C "
        "| normal at limit + 0.3 | partial called normal "
        "| still, 4 °C above the room: value | median s |"
    )
    yield "| --- |" + " --- |" * 10
    for family in FAMILIES:
        known = _of(runs.known, family)
        errors = _errors(known)
        partial, limit = _partial(known), _of(runs.limit, family)
        inside = " / ".join(
            f"{100 * sum(abs(error) <= reach for error in errors) / len(errors):.1f} %"
            for reach in (100, 200)
        )
        yield (
            f"| x{family} | {len(known)} | {len(errors)} | {_spread(errors)} | {inside} "
            f"| {_p99(_errors(_of(runs.unknown, family)))} "
            f"| {_p99(_every_error(_of(runs.any_weather, family)))} "
            f"| {_normals(limit)} | {_normals(partial)} | {_given(known)} "
            f"| {median(_waits(known)):.2f} |"
        )
    resting = runs.resting
    yield f"| half covered, at rest | {len(resting)} | | | | | | | {_normals(resting)} | | |"


def _naive_table(runs: Runs) -> Iterator[str]:
    yield (
        "| method | variant | error p50 / p99 °C | normal at limit + 0.3 | partial called normal |"
    )
    yield "| --- | --- | --- | --- | --- |"
    methods: list[tuple[str, Callable[[Came], Measurement | None]]] = [("gated", _found)]
    methods += [(name, lambda came, name=name: came.naive.get(name)) for name in NAIVE]
    for family in LIMIT_MC:
        for name, method in methods:
            ours = name == "gated"
            errors = [
                error
                for came in _of(runs.known, family)
                if (found := method(came)) is not None
                and (came.has_value or not ours)
                and (error := came.error_of(found)) is not None
            ]
            shares = []
            for group in (_of(runs.limit, family), _partial(_of(runs.known, family))):
                normal = sum(
                    came.normal
                    if ours
                    else (found := method(came)) is not None and called_normal(found)
                    for came in group
                )
                shares.append(f"{100 * normal / len(group):.1f} % of {len(group)}")
            yield f"| {name} | x{family} | {_spread(errors)} | {shares[0]} | {shares[1]} |"


def _reasons(runs: Runs) -> Iterator[str]:
    words = sorted({came.reason for came in runs.known if came.reason})
    shown = " | ".join(f"`{word}`" for word in words)
    yield f"| variant | a verdict | {shown} |"
    yield "| --- |" + " --- |" * (len(words) + 1)
    for family in FAMILIES:
        came = _of(runs.known, family)
        counts = Counter(one.reason for one in came)
        shares = " | ".join(f"{100 * counts[word] / len(came):.1f} %" for word in ("", *words))
        yield f"| x{family} | {shares} |"


def _of(came: Sequence[Came], family: str) -> list[Came]:
    return [one for one in came if one.family == family]


def _partial(came: Sequence[Came]) -> list[Came]:
    return [one for one in came if one.approach.group is Group.PARTIAL]


def _no_skin(came: Sequence[Came]) -> list[Came]:
    return [one for one in came if one.approach.group is Group.NO_SKIN]


def _found(came: Came) -> Measurement:
    return came.found


def _errors(came: Sequence[Came]) -> list[float]:
    return [one.error_mc for one in came if one.has_value and one.error_mc is not None]


def _every_error(came: Sequence[Came]) -> list[float]:
    return [one.error_mc for one in came if one.error_mc is not None]


def _waits(came: Sequence[Came]) -> list[float]:
    """Return seconds from the credential, of wrists that come with it."""
    steady = (one for one in came if one.approach.kind == "steady" and one.has_value)
    return [one.waited_ms / 1000 for one in steady if one.waited_ms is not None]


def _given(came: Sequence[Came]) -> str:
    """Return how many who did everything right had a value at once, where values are due."""
    right = [
        one
        for one in came
        if one.approach.kind in ("steady", "late")
        and FAIR_C[0] <= one.room_c <= FAIR_C[1]
        and one.true_mc is not None
        and one.true_mc >= 1000 * (one.room_c + WARMER_C)
    ]
    return f"{sum(one.has_value for one in right)} of {len(right)}"


def _normal(came: Sequence[Came]) -> float:
    return 100 * sum(one.normal for one in came) / len(came)


def _normals(came: Sequence[Came]) -> str:
    return f"{sum(one.normal for one in came)} of {len(came)} ({_normal(came):.1f} %)"


def _spread(errors: Sequence[float]) -> str:
    sizes = [abs(error) for error in errors]
    return f"{percentile(sizes, 0.5) / 1000:.2f} / {percentile(sizes, 0.99) / 1000:.2f}"


def _p99(errors: Sequence[float]) -> str:
    return f"{percentile([abs(error) for error in errors], 0.99) / 1000:.2f}"


def _drawing(runs: Runs) -> str:
    """Return a picture of the errors: ours as bars, the maximum of 10 as an outline."""
    parts = []
    for row, family in enumerate(LIMIT_MC):
        came = _of(runs.known, family)
        worst = "maximum of 10"
        others = [
            error
            for one in came
            if worst in one.naive and (error := one.error_of(one.naive[worst])) is not None
        ]
        parts += _histogram(row, family, _errors(came), others)
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 440" '
        'font-family="sans-serif" font-size="13">\n<rect width="640" height="440" fill="#fff"/>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def _histogram(row: int, family: str, ours: list[float], others: list[float]) -> list[str]:
    base, height, left, wide = 180 + 210 * row, 140, 40, 560
    bins = range(-SPAN_MC, SPAN_MC, BIN_MC)
    step = wide / len(bins)
    shares = [
        [sum(low <= error < low + BIN_MC for error in errors) / len(errors) for low in bins]
        for errors in (ours, others)
    ]
    most = max(*shares[0], *shares[1])
    tops = [[base - height * share / most for share in side] for side in shares]
    parts = [
        f'<text x="{left}" y="{base - height - 14}">x{family}: reported minus true skin</text>'
    ]
    for index, top in enumerate(tops[0]):
        x = left + index * step
        parts.append(
            f'<rect x="{x:.1f}" y="{top:.1f}" width="{step - 1:.1f}" height="{base - top:.1f}" '
            'fill="#1a7f5a"/>'
        )
    line = " ".join(
        f"{left + index * step:.1f},{top:.1f} {left + (index + 1) * step:.1f},{top:.1f}"
        for index, top in enumerate(tops[1])
    )
    parts.append(f'<polyline points="{line}" fill="none" stroke="#b3261e" stroke-width="1.5"/>')
    parts.append(f'<path d="M{left} {base}h{wide}" stroke="#333"/>')
    for tick_mc in range(-SPAN_MC, SPAN_MC + 1, 100):
        x = left + wide * (tick_mc + SPAN_MC) / (2 * SPAN_MC)
        parts.append(f'<text x="{x:.0f}" y="{base + 16}" text-anchor="middle">')
        parts.append(f"{tick_mc / 1000:+.1f}</text>")
    parts.append(f'<text x="{left + wide}" y="{base - height - 14}" text-anchor="end">')
    parts.append("°C; bars: gated, line: maximum of 10</text>")
    return parts
