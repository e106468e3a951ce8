"""One row of the bench: what was measured, against which target, and as a ratio to what.

Times on their own say little about another machine; a ratio taken in the same run to something
everybody has (bare SQLite, bare zxing-cpp, bare paho) says a lot. Targets are those of
docs/performance.md for the 2-core development machine.
"""

import json
import math
import os
import platform
import sqlite3
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

Sense = Literal["at most", "at least"]


@dataclass(frozen=True, slots=True)
class Target:
    """A bound. of_ratio: it binds the row's ratio, not its measured value."""

    sense: Sense
    value: float
    of_ratio: bool = False

    def holds(self, value: float) -> bool:
        """Return whether the value keeps within this bound."""
        return value <= self.value if self.sense == "at most" else value >= self.value


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. ratio: measured to `ratio_to`, in the same run, same unit."""

    name: str
    what: str
    measured: float
    unit: str
    targets: tuple[Target, ...] = ()
    ratio: float | None = None
    ratio_to: str = ""

    @property
    def verdict(self) -> str:
        """Return pass or miss, or nothing when no target is set."""
        if not self.targets:
            return ""
        return "pass" if all(self._meets(target) for target in self.targets) else "miss"

    def _meets(self, target: Target) -> bool:
        value = self.ratio if target.of_ratio else self.measured
        return value is not None and target.holds(value)

    def as_fields(self) -> dict[str, Any]:
        """Return the row as bench.json holds it."""
        return {**asdict(self), "verdict": self.verdict}


@dataclass(slots=True)
class Run:
    """What every measurement is given: a folder that disappears, and how hard to try.

    say: tells a person what is going on. kept: what one measurement made and others use.
    """

    folder: Path
    quick: bool
    say: Callable[[str], None]
    kept: dict[str, Any] = field(default_factory=dict)

    def count(self, full: int, quick: int) -> int:
        """Return how often to repeat."""
        return quick if self.quick else full

    def fresh(self, name: str) -> Path:
        """Return an empty folder of this name."""
        path = self.folder / name
        path.mkdir()
        return path


def at_most(value: float) -> tuple[Target, ...]:
    """Return the bound of something that should be small."""
    return (Target("at most", value),)


def at_least(value: float) -> tuple[Target, ...]:
    """Return the bound of something that should be large."""
    return (Target("at least", value),)


def each_s(calls: Iterable[Callable[[], object]]) -> list[float]:
    """Return how long each call took, in seconds."""
    took: list[float] = []
    for call in calls:
        began = time.perf_counter()
        call()
        took.append(time.perf_counter() - began)
    return took


def alternating_s(
    sides: Sequence[Callable[[int], object]],
    rounds: int,
    per_round: int,
    clock: Callable[[], float] = time.perf_counter,
) -> list[float]:
    """Return the median seconds per call of each side; sides take turns round by round.

    Each side is called with 0, 1, 2 ... Whatever else the machine does meets all of them alike.
    clock: time.thread_time for what only computes, so that a busy machine counts for less.
    """
    took: list[list[float]] = [[] for _ in sides]
    for number in range(rounds):
        numbers = range(number * per_round, (number + 1) * per_round)
        for side, times in zip(sides, took, strict=True):
            began = clock()
            for index in numbers:
                side(index)
            times.append((clock() - began) / per_round)
    return [statistics.median(times) for times in took]


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that at least this share of the values does not exceed."""
    return sorted(values)[max(0, math.ceil(len(values) * share) - 1)]


def machine() -> dict[str, Any]:
    """Return what a reader needs to know of this machine; neither its name nor its paths."""
    return {
        "architecture": platform.machine(),
        "cores": os.cpu_count(),
        "processor": _processor(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "system": sys.platform,
        "load_before": round(os.getloadavg()[0], 2),
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
        name, _, value = line.partition(":")
        if name.strip() in {"model name", "Model"}:
            return value.strip()
    return "unknown"


def as_json(facts: dict[str, Any], rows: Sequence[Row], *, quick: bool) -> str:
    """Return the content of bench.json."""
    body = {"machine": facts, "quick": quick, "rows": [row.as_fields() for row in rows]}
    return json.dumps(body, ensure_ascii=False, indent=2) + "\n"


def cells(row: Row) -> tuple[str, ...]:
    """Return the row as texts: name, what, measured, target, ratio, verdict."""
    ratio = "" if row.ratio is None else f"{row.ratio:.3g} x {row.ratio_to}"
    bounds = [
        f"{'<=' if bound.sense == 'at most' else '>='} {bound.value:g}"
        f"{' x' if bound.of_ratio else ''}"
        for bound in row.targets
    ]
    measured = f"{_shown(row.measured)} {row.unit}"
    return (row.name, row.what, measured, ", ".join(bounds), ratio, row.verdict)


def _shown(value: float) -> str:
    """Return three significant digits, and whole numbers whole."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"  # noqa: PLR2004 - a thousand
