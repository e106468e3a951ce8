"""script/bench measures what it is asked for and writes rows that a program can read."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from script.bench_row import Row, Run, Target, alternating_s, as_json, at_most, cells, percentile

ROOT = Path(__file__).parents[2]
FIELDS = {"name", "what", "measured", "unit", "targets", "ratio", "ratio_to", "verdict"}


def bench(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "script" / "bench.py"), *map(str, arguments)]
    found_by = os.environ | {"PYTHONPATH": str(ROOT)}  # as script/bench sets it
    return subprocess.run(
        command, env=found_by, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """What two cheap measurements printed, and the file they wrote."""
    out = tmp_path_factory.mktemp("bench") / "bench.json"
    done = bench("--quick", "--json", out, "decision", "durable")
    assert done.returncode == 0, done.stderr
    return done.stdout, out


def test_two_cheap_measurements_are_printed_and_written(measured: tuple[str, Path]) -> None:
    stdout, out = measured
    found = json.loads(out.read_text("utf-8"))
    assert found["quick"] is True
    names = [row["name"] for row in found["rows"]]
    assert names == ["decision", "durable_journal", "durable_engine"]
    for row in found["rows"]:
        assert set(row) == FIELDS
        assert row["measured"] > 0
        assert row["verdict"] in ("pass", "miss")
        assert row["name"] in stdout


def test_the_file_names_the_machine_class_but_neither_host_nor_folder(
    measured: tuple[str, Path],
) -> None:
    _, out = measured
    text = out.read_text("utf-8")
    assert {"cores", "python", "sqlite"} <= set(json.loads(text)["machine"])
    assert str(ROOT) not in text
    assert str(out.parent) not in text


def test_an_unknown_name_is_a_usage_error_that_lists_the_known_ones(tmp_path: Path) -> None:
    done = bench("--json", tmp_path / "bench.json", "lookups")
    assert done.returncode == 2
    assert "lookups" in done.stderr
    assert "lookup, switch, drain, start, gate" in done.stderr
    assert not (tmp_path / "bench.json").exists()


SMALL_HUB = """
import sys, tempfile
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import bench_hub
from bench_row import Run
bench_hub.PASSAGES, bench_hub.PEOPLE = 20_000, 1_000
folder = Path(sys.argv[2])
for row in bench_hub.hub(Run(folder, quick=True, say=lambda _: None)):
    print(row.name, row.measured)
"""


def test_the_hub_is_measured_from_end_to_end(tmp_path: Path) -> None:
    """With few passages: what the hub refuses or renames is noticed here, not in seven minutes."""
    command = [sys.executable, "-c", SMALL_HUB, str(ROOT / "script"), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    rows = dict(line.split() for line in done.stdout.splitlines())
    assert {"trace", "search_gate", "search_all", "records_page", "page"} <= rows.keys()
    assert all(float(measured) > 0 for measured in rows.values())


@pytest.mark.parametrize(
    ("targets", "measured", "ratio", "verdict"),
    [
        ((), 5, None, ""),
        ((Target("at most", 5),), 5, None, "pass"),
        ((Target("at most", 5),), 5.01, None, "miss"),
        ((Target("at least", 5),), 5, None, "pass"),
        ((Target("at least", 5),), 4.99, None, "miss"),
        ((Target("at most", 1.5, of_ratio=True),), 9, 1.5, "pass"),
        ((Target("at most", 1.5, of_ratio=True),), 1, 1.6, "miss"),
        ((Target("at least", 5), Target("at least", 2, of_ratio=True)), 6, 1.9, "miss"),
        ((Target("at least", 5), Target("at least", 2, of_ratio=True)), 6, 2.0, "pass"),
    ],
)
def test_a_row_passes_when_all_its_targets_hold(
    targets: tuple[Target, ...], measured: float, ratio: float | None, verdict: str
) -> None:
    assert Row("a", "b", measured, "ms", targets, ratio).verdict == verdict


def test_a_ratio_target_without_a_ratio_is_a_miss() -> None:
    row = Row("a", "b", 0, "ms", (Target("at most", 1.5, of_ratio=True),))
    assert row.verdict == "miss"


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ([7], 0.99, 7),
        ([1, 2], 0.5, 1),
        ([3, 1, 2], 0.5, 2),
        (list(range(1, 101)), 0.99, 99),
        (list(range(1, 101)), 1.0, 100),
        (list(range(1, 211)), 0.99, 208),
    ],
)
def test_a_percentile_is_a_measured_value_that_enough_others_do_not_exceed(
    values: list[float], share: float, expected: float
) -> None:
    assert percentile(values, share) == expected


def test_sides_take_turns_and_count_on() -> None:
    calls: list[tuple[str, int]] = []
    took = alternating_s([lambda i: calls.append(("a", i)), lambda i: calls.append(("b", i))], 2, 2)
    assert calls == [(side, n) for first in (0, 2) for side in "ab" for n in (first, first + 1)]
    assert len(took) == 2


def test_cells_show_unit_bound_ratio_and_verdict() -> None:
    row = Row("start", "until ready", 0.954, "s", at_most(2.5), 26.49, "python -c pass")
    assert cells(row) == (
        "start",
        "until ready",
        "0.954 s",
        "<= 2.5",
        "26.5 x python -c pass",
        "pass",
    )
    assert cells(Row("n", "w", 12345.6, "/s"))[2:] == ("12,346 /s", "", "", "")


def test_json_holds_the_rows_as_they_are() -> None:
    row = Row("start", "until ready", 0.5, "s", at_most(2.5))
    found = json.loads(as_json({"cores": 2}, [row], quick=False))
    assert found["machine"] == {"cores": 2}
    assert found["rows"][0]["targets"] == [{"sense": "at most", "value": 2.5, "of_ratio": False}]
    assert found["rows"][0]["verdict"] == "pass"


def test_quick_repeats_less_often(tmp_path: Path) -> None:
    assert Run(tmp_path, quick=True, say=print).count(200, 40) == 40
    assert Run(tmp_path, quick=False, say=print).count(200, 40) == 200
