"""Measures what docs/performance.md promises: `script/bench [--quick] [--json FILE] [NAME ...]`.

Prints one table and writes bench.json. Exit 0 when measured (also when a target was missed: the
machine may be a slow one), 1 when something could not be measured, 2 for wrong arguments.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack, redirect_stderr
from pathlib import Path

import bench_camera
import bench_delivery
import bench_gate
import bench_hub
import bench_hub_change
import bench_passages
import bench_roster
import bench_screen
import bench_thermometer
from bench_row import Row, Run, as_json, cells, machine
from rich.console import Console
from rich.table import Table

from gated import log

MEASUREMENTS: dict[str, Callable[[Run], list[Row]]] = {
    "decision": bench_passages.decision,
    "durable": bench_passages.durable,
    "camera": bench_camera.camera,
    "lookup": bench_roster.lookup,
    "switch": bench_roster.switch,
    "drain": bench_delivery.drain,
    "start": bench_gate.start,
    "gate": bench_gate.gate,
    "screen": bench_screen.screen,
    "thermometer": bench_thermometer.thermometer,
    "hub": bench_hub.hub,
    "import": bench_hub.imports,
    "change": bench_hub_change.change,
}


def main() -> int:
    """Measure what was asked for, or everything; return the exit code."""
    parser = argparse.ArgumentParser(prog="script/bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer repetitions, no list of 1 M")
    parser.add_argument("--json", type=Path, default=Path("bench.json"), metavar="FILE")
    picture = "where to draw the errors of the thermometer (SVG)"
    parser.add_argument("--picture", type=Path, metavar="FILE", help=picture)
    parser.add_argument("name", nargs="*", metavar="NAME", help=", ".join(MEASUREMENTS))
    wanted = parser.parse_args()
    unknown = sorted(set(wanted.name) - set(MEASUREMENTS))
    if unknown:
        parser.error(f"no measurement {unknown[0]!r}; there are: {', '.join(MEASUREMENTS)}")
    notes = Console(stderr=True)
    facts = machine()
    rows: list[Row] = []
    with ExitStack() as closing:
        folder = Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="gated-bench-")))
        words = closing.enter_context((folder / "bench.log").open("w", encoding="utf-8"))
        with redirect_stderr(words):  # our own parts log as under systemd, and at its cost
            log.configure()
        run = Run(folder, wanted.quick, lambda text: notes.print(f"== {text}", style="dim"))
        run.kept["picture"] = wanted.picture
        for name, measure in MEASUREMENTS.items():
            if not wanted.name or name in wanted.name:
                run.say(name)
                rows += measure(run)
    wanted.json.write_text(as_json(facts, rows, quick=wanted.quick), "utf-8")
    _print(rows)
    return 0


def _print(rows: list[Row]) -> None:
    table = Table("row", "what", "measured", "target", "ratio", "", show_lines=False)
    for row in rows:
        style = {"miss": "red", "pass": "green"}.get(row.verdict, "")
        *texts, verdict = cells(row)
        table.add_row(*texts, f"[{style}]{verdict}[/]" if style else "")
    out = Console()
    out.width = max(out.width, 150)  # a file or a pipe has no width: keep every row on one line
    out.print(table)


if __name__ == "__main__":
    sys.exit(main())
