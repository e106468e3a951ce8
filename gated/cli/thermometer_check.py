"""`gated thermometer check`: a black body before the sensor, and what the sensor says of it."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from gated.cli.outcome import EXIT_NOT, configured, say
from gated.cli.thermometer_line import looking, next_readings, the_day
from gated.config import Config, ThermometerSection, load
from gated.core.black_body import Comparison, Source, compared, with_offset
from gated.core.calibration import OFFSET_LIMIT_MC
from gated.core.thermometry_judge import ThermometryConfig
from gated.core.thermometry_reading import Reading
from gated.core.thermometry_window import WINDOW, SensorSample, stable_value_mc, stillness
from gated.errors import GatedError
from gated.gate.calibration_writing import refuse_unwritable, written
from gated.gate.devices import thermometry_config
from gated.gate.thermometer_desk import CalibrationFile

NEAR_MC = 3_000  # further off, it is something else that stands there
WAIT_MS = 90_000
SETTLE_MIN_MS = 2_000
SETTLE_FACTOR = 3


class NoSource(GatedError, TimeoutError):
    """No stable source near the temperature it should have was seen."""


def check(
    black_body: Annotated[float, typer.Option("--black-body", min=0, max=60, help="Its °C.")],
    *,
    emissivity: Annotated[
        float, typer.Option("--emissivity", min=0.9, max=1.0, help="Of the black body.")
    ] = 0.98,
    surroundings: Annotated[
        float | None,
        typer.Option("--surroundings", help="°C it reflects. Default: the empty lane before it."),
    ] = None,
    uncertainty: Annotated[
        float, typer.Option("--uncertainty", min=0, max=1, help="Of the black body, ± °C.")
    ] = 0.1,
    readings: Annotated[
        int, typer.Option("--readings", min=8, max=300, help="How many are averaged.")
    ] = 40,
    write_offset: Annotated[
        bool, typer.Option("--write-offset", help="Write the offset into the calibration.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    config: Annotated[Path | None, typer.Option("--config", help="Configuration file.")] = None,
) -> None:
    """Compare the sensor with a black body before it. Exit 0 within its data sheet, 1 not."""
    with configured():
        settings = load(config)
        around_mc = None if surroundings is None else round(surroundings * 1000)
        if around_mc is not None and abs(around_mc - round(black_body * 1000)) <= NEAR_MC:
            raise NoSource(
                f"a black body within {NEAR_MC // 1000} °C of its surroundings cannot be told "
                "from an empty lane; warm it"
            )
        wanted = _Wanted(round(black_body * 1000), emissivity, round(uncertainty * 1000), around_mc)
        if write_offset and settings.thermometer is not None and settings.thermometer.site:
            refuse_unwritable(settings.thermometer.site)
        with looking(settings) as line:
            assert settings.thermometer is not None, "there is nothing to look at without one"
            kind = thermometry_config(settings.thermometer)
            say(f"Hold the black body at {black_body:.1f} °C before the sensor, filling its view.")
            held, source = _gathered(next_readings(line), wanted, kind, readings)
        found = _judged(held, source, settings.thermometer, kind)
        today = the_day(settings)
        _show(found, source, held, settings.thermometer, as_json=as_json)
        if write_offset:
            _write_offset(settings, found, held[-1].serial, today)
    raise typer.Exit(0 if found.within else EXIT_NOT)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What the technician says of the source; thousandths of °C."""

    body_mc: int
    emissivity: float
    doubt_mc: int
    around_mc: int | None

    def source(self, around_mc: int | None) -> Source | None:
        """Return the source before these surroundings, None while they are not known."""
        if around_mc is None:
            return None
        return Source(self.body_mc, self.emissivity, around_mc, self.doubt_mc)

    def apart(self, mc: int) -> bool:
        """Return whether this is not the temperature of the source."""
        return abs(mc - self.body_mc) > NEAR_MC


@dataclass(slots=True)
class _Hold:
    """Readings in a row in front of a source that stands still."""

    kind: ThermometryConfig
    since_ms: int | None = None
    samples: list[SensorSample] = field(default_factory=list)
    held: list[Reading] = field(default_factory=list)

    def take(self, reading: Reading, *, near: bool) -> None:
        """Add a reading; one that is far or unsteady begins anew."""
        if not near:
            self._begin_anew()
            self.since_ms = None
            return
        self.since_ms = reading.mono_ms if self.since_ms is None else self.since_ms
        wait_ms = max(SETTLE_MIN_MS, SETTLE_FACTOR * self.kind.settle_ms)
        if reading.mono_ms - self.since_ms < wait_ms:
            return
        self.samples.append(SensorSample(reading.mono_ms, reading.object_mc, reading.ambient_mc))
        limits = stillness(self.kind.sigma_mc, self.kind.period_ms)
        self.held.append(reading)
        if len(self.samples) >= WINDOW and stable_value_mc(self.samples, limits) is None:
            self._begin_anew()

    def _begin_anew(self) -> None:
        self.samples.clear()
        self.held.clear()


def _gathered(
    readings: Iterator[Reading], wanted: _Wanted, kind: ThermometryConfig, count: int
) -> tuple[list[Reading], Source]:
    """Return so many settled readings and the source they are of. Raises NoSource."""
    hold, source = _Hold(kind), wanted.source(wanted.around_mc)
    first_ms = seen_mc = None
    for reading in readings:
        first_ms, seen_mc = first_ms or reading.mono_ms, reading.offset_mc
        around_mc = reading.surroundings_mc
        if wanted.around_mc is None and around_mc is not None and wanted.apart(around_mc):
            source = wanted.source(around_mc)
        hold.take(reading, near=source is not None and not wanted.apart(reading.offset_mc))
        if source is not None and len(hold.held) >= count:
            return hold.held, source
        if reading.mono_ms - first_ms > WAIT_MS:
            break
    if source is None:
        raise NoSource(
            "what the black body reflects is not known: take it away until the lane was empty for "
            "5 s and hold it there again, or say --surroundings"
        )
    seen = "nothing" if seen_mc is None else f"{seen_mc / 1000:.1f} °C"
    raise NoSource(
        f"no source near {wanted.body_mc / 1000:.1f} °C stood still before the sensor for "
        f"{WAIT_MS // 1000} s; it sees {seen} now; let it fill the field of view"
    )


def _judged(
    held: list[Reading], source: Source, section: ThermometerSection, kind: ThermometryConfig
) -> Comparison:
    last = held[-1]
    return compared(
        source,
        [reading.offset_mc for reading in held],
        offset_mc=last.offset_mc - last.supply_mc,
        variant=section.variant,
        die_mc=last.ambient_mc,
        sigma_mc=kind.sigma_mc,
        three_volt=kind.three_volt,
    )


def _show(
    found: Comparison,
    source: Source,
    held: list[Reading],
    section: ThermometerSection,
    *,
    as_json: bool,
) -> None:
    if as_json:
        row = asdict(found) | {
            "pass": found.within,
            "readings": len(held),
            "source": asdict(source),
        }
        print(json.dumps(row))
        return
    offset_mc = held[-1].offset_mc - held[-1].supply_mc
    print(
        f"black body {source.body_mc / 1000:.2f} °C, emissivity {source.emissivity:.3f}, "
        f"surroundings {source.surroundings_mc / 1000:.1f} °C: "
        f"a perfect sensor reads {found.expected_mc / 1000:.2f} °C"
    )
    print(
        f"this one reads {found.read_mc / 1000:.2f} °C, mean of {len(held)} readings at "
        f"{section.supply_v} V with an offset of {offset_mc / 1000:+.2f} °C"
    )
    print(f"difference {found.difference_mc / 1000:+.2f} ± {found.uncertainty_mc / 1000:.2f} °C")
    if found.limit_mc is None:
        print(f"FAIL: the data sheet says nothing of a {section.variant} at these temperatures")
        return
    limit = f"±{found.limit_mc / 1000:.1f} °C of a {section.variant} at these temperatures"
    print(f"PASS: within {limit}" if found.within else f"FAIL: beyond {limit}")
    if abs(abs(found.difference_mc) - found.limit_mc) < found.uncertainty_mc:
        print("the uncertainty reaches over the limit: more readings, or a better source")
    if not found.offset_permitted:
        print(
            f"an offset of {found.offset_mc / 1000:+.2f} °C would be needed, more than "
            f"{OFFSET_LIMIT_MC / 1000:.1f}: clean the window, look at the supply, else replace it"
        )
    elif abs(found.difference_mc) <= found.uncertainty_mc:
        print("no other offset is called for: the difference is within its uncertainty")
    else:
        print(f"an offset of {found.offset_mc / 1000:+.2f} °C would make it nothing")


def _write_offset(settings: Config, found: Comparison, serial: str, today: date) -> None:
    """Put the offset into the calibration in use. Raises ConfigError, OffsetRefused."""
    path = settings.thermometer.site if settings.thermometer else None
    given = f"gated thermometer calibrate --sensor-offset {found.offset_mc / 1000:.2f}"
    if path is None or not path.exists():
        raise OffsetRefused(
            f"there is no calibration to write the offset into; make one with it: {given}"
        )
    file = CalibrationFile(path)
    file.reread()
    assert file.value is not None, "it was read, or there was an error"
    if not file.value.fits(serial or None):
        raise OffsetRefused(
            f"{path} is for sensor {file.value.sensor}, and this is {serial or 'unknown'}; "
            f"calibrate this one: {given}"
        )
    fresh = with_offset(file.value, found.offset_mc, today)
    if fresh is None:
        raise OffsetRefused(
            f"an offset of {found.offset_mc / 1000:+.2f} °C is more than an offset may be; "
            "clean the window, look at the supply, else replace the sensor"
        )
    kept = written(path, fresh)
    say(f"offset {found.offset_mc / 1000:+.2f} °C of {today} is in {path}, the former one: {kept}")
    if fresh.c_mc != file.value.c_mc:
        say(
            f"the calibration was made without a black body, so c already made up for the sensor: "
            f"c is {fresh.c_mc / 1000:+.2f} °C now and the estimates stay as they were"
        )
    if not fresh.valid_on(today):
        say(f"the calibration of {fresh.made} has expired all the same; calibrate the site anew")


class OffsetRefused(GatedError, ValueError):
    """The offset was found and belongs into no calibration there is."""
