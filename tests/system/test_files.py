"""The `sqlite-utils` command line opens every file of a running world."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.world import SystemWorld


def sqlite_utils(*words: str | Path) -> list[dict[str, object]]:
    done = subprocess.run(
        [sys.executable, "-m", "sqlite_utils", *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    rows: list[dict[str, object]] = json.loads(done.stdout)
    return rows


def tables(path: Path) -> set[str]:
    return {str(row["table"]) for row in sqlite_utils("tables", path)}


def test_the_journal_of_a_running_gate_opens(world: SystemWorld) -> None:
    world.play("in", "card A; wrist 36.4; ALLOW OK_HOME_RETURN", A=world.resident())
    journal = world.journal("in")
    assert {"event", "side", "parked", "state"} <= tables(journal)
    newest = sqlite_utils("rows", journal, "event", "-c", "seq", "-o", "seq desc", "--limit", "1")
    assert newest == [{"seq": world.entries("in")[-1].seq}]


@pytest.mark.parametrize("pattern", ["roster.db", "roster-*.db"])
def test_the_lists_of_a_running_gate_open(world: SystemWorld, pattern: str) -> None:
    found = sorted(world.journal("in").parent.glob(pattern))
    assert found
    for path in found:
        for table in tables(path):
            assert isinstance(sqlite_utils("rows", path, table, "--limit", "1"), list)


def test_the_database_of_a_running_hub_opens(world: SystemWorld) -> None:
    database = world.folder / "hub.db"
    assert {"event", "side", "cursor", "gate", "bundle", "chunk"} <= tables(database)
    gates = sqlite_utils("rows", database, "gate", "-c", "gate")
    assert sorted(str(row["gate"]) for row in gates) == ["east-in", "east-out"]
