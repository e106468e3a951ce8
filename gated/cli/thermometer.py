"""`gated thermometer`: the sensor itself, for a technician: calibrate, watch, check.

A running gate is asked for its readings; without one the sensor is opened here.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Annotated

import typer

from gated.cli.outcome import configured
from gated.cli.thermometer_calibrate import calibrate
from gated.cli.thermometer_check import check
from gated.cli.thermometer_line import looking, next_readings
from gated.cli.thermometer_page import page
from gated.config import load
from gated.core.model import Measurement
from gated.core.thermometry_reading import Reading, as_fields

if TYPE_CHECKING:
    from rich.table import Table

app = typer.Typer(
    name="thermometer",
    help="The infrared thermometer: calibrate, page, watch, check.",
    no_args_is_help=True,
    add_completion=False,
)
app.command(name="calibrate")(calibrate)
app.command(name="page")(page)
app.command(name="check")(check)


@app.command()
def watch(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per sample.")] = False,
    seconds: Annotated[
        float, typer.Option("--seconds", min=0, help="So long; 0, the default, until Ctrl-C.")
    ] = 0,
    config: Annotated[Path | None, typer.Option("--config", help="Configuration file.")] = None,
) -> None:
    """Raw, corrected, background and state of every sample as it comes.

    In place on a terminal, one line each elsewhere.
    """
    with configured(), suppress(KeyboardInterrupt), looking(load(config)) as source:
        readings = _until(next_readings(source), seconds)
        if as_json:
            for reading in readings:
                print(json.dumps(as_fields(reading)), flush=True)
        elif sys.stdout.isatty():
            _in_place(readings)
        else:
            for reading in readings:
                print(line(reading), flush=True)


def _until(readings: Iterator[Reading], seconds: float) -> Iterator[Reading]:
    end_s = monotonic() + seconds
    for reading in readings:
        yield reading
        if seconds and monotonic() >= end_s:
            return


def line(reading: Reading) -> str:
    """Return a sample as one line: °C after each step, then state, reason and value."""
    shown = [f"{name} {value}" for name, value in cells(reading)]
    return "  ".join(shown)


def cells(reading: Reading) -> list[tuple[str, str]]:
    """Return what a sample says, as names and texts."""
    found = [
        ("raw", f"{shown(reading.object_mc)} (0x{reading.object_code:04x})"),
        ("die", f"{shown(reading.ambient_mc)} (0x{reading.ambient_code:04x})"),
        ("supply", shown(reading.supply_mc)),
        ("offset", shown(reading.offset_mc)),
        ("skin", shown(reading.skin_mc)),
        ("background", shown(reading.background_mc)),
        ("surroundings", shown(reading.surroundings_mc)),
        ("state", reading.phase),
    ]
    if reading.reason:
        found.append(("reason", reading.reason))
    if reading.taken is not None:
        found.append(("taken", taken(reading.taken)))
    if not reading.calibrated:
        found.append(("calibration", "none in force"))
    return found


def shown(mc: int | None) -> str:
    """Return thousandths of °C for people, to a hundredth; a dash for what is not known."""
    return "-" if mc is None else f"{mc / 1000:.2f}"


def taken(measurement: Measurement) -> str:
    """Return what a target came to, in a few words."""
    words = [measurement.state.value]
    if measurement.skin_mc is not None:
        words.append(f"skin {shown(measurement.skin_mc)}")
    if measurement.decision_mc is not None:
        words.append(f"body estimate {shown(measurement.decision_mc)}")
    if measurement.detail:
        words.append(measurement.detail)
    return ", ".join(words)


def _in_place(readings: Iterator[Reading]) -> None:
    from rich.console import Console
    from rich.live import Live

    last = ""
    with Live(console=Console(), auto_refresh=False) as live:
        for reading in readings:
            last = last if reading.taken is None else taken(reading.taken)
            live.update(_table(reading, last), refresh=True)


def _table(reading: Reading, last: str) -> "Table":
    from rich.table import Table

    table = Table(show_header=False, box=None, title="surface temperature, °C")
    for name, value in cells(reading):
        if name != "taken":
            table.add_row(name, value)
    table.add_row("last value", last or "-")
    return table
