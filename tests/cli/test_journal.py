"""`gated journal` tells what was recorded, in lines for people and in JSON for programs."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from threading import Event
from zoneinfo import ZoneInfo

import pytest
import typer
from typer.testing import CliRunner

from gated.cli import journal as command
from gated.core.model import ClockState, Moment
from gated.store.journal import Journal
from gated.store.journal_reader import Entry, JournalReader

ZONE = ZoneInfo("Asia/Shanghai")
EPOCH = "00000000000000aa"
T0 = 1_581_300_000_000  # 2020-02-10 10:00:00 in Shanghai


def at(seconds: int, clock: ClockState = ClockState.SYNCED) -> Moment:
    return Moment(seconds * 1000, T0 + seconds * 1000 + 7, clock)


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    """Three events: the epoch's own, a passage with exact values, a fault under a doubtful clock."""
    path = tmp_path / "journal.db"
    made = Journal(path, boot="b0075", new_epoch=lambda: EPOCH, now=lambda: at(0))
    passage = {
        "gate": "north-1",
        "verdict": "ALLOW",
        "reason": "OK_RESIDENT",
        "person_ref": "ab" * 16,
    }
    made.append("passage", at(60), {**passage, "reasons": ["OK_RESIDENT"]}, {"temp_mC": 36400})
    made.append(
        "device", at(120, ClockState.UNSURE), {"code": "DEV_LINK_DOWN", "parts": ["a", "b"]}
    )
    made.close()
    return path


@pytest.fixture
def config(tmp_path: Path, journal: Path) -> str:
    path = tmp_path / "gated.toml"
    path.write_text(
        f'[gate]\nid = "north-1"\nsite = "park"\ntimezone = "Asia/Shanghai"\n\n[store]\ndir = "{tmp_path}"\n'
    )
    return str(path)


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(command.app, list(arguments))
    return result.exit_code, result.stdout, result.stderr


def test_tail_prints_one_line_an_event_in_local_time(config: str) -> None:
    code, out, _ = run("tail", "--config", config)
    assert code == 0
    assert out.splitlines() == [
        "2020-02-10 10:00:00 1 epoch_opened first",
        "2020-02-10 10:01:00 2 passage ALLOW OK_RESIDENT person_ref=abababab…",
        "2020-02-10 10:02:00? 3 device DEV_LINK_DOWN parts=a,b",
    ]


@pytest.mark.parametrize(
    ("count", "seqs"), [("0", []), ("1", [3]), ("2", [2, 3]), ("99", [1, 2, 3])]
)
def test_tail_takes_the_newest(config: str, count: str, seqs: list[int]) -> None:
    code, out, _ = run("tail", "-n", count, "--json", "--config", config)
    assert code == 0
    assert [json.loads(line)["seq"] for line in out.splitlines()] == seqs


def test_export_has_the_documented_keys(config: str, journal: Path) -> None:
    code, out, _ = run("export", "--config", config)
    rows = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    with JournalReader(journal) as reader:
        hashes = [(reader.hash_at(seq) or b"").hex() for seq in range(4)]
    promise = rows[1].pop("side")
    assert len(promise) == 64
    assert rows[1] == {
        "event_id": f"north-1.{EPOCH}.2",
        "seq": 2,
        "kind": "passage",
        "time_utc": "2020-02-10T02:01:00.007Z",
        "monotonic_ms": 60_000,
        "boot_id": "b0075",
        "clock_state": "synced",
        "gate": "north-1",
        "verdict": "ALLOW",
        "reason": "OK_RESIDENT",
        "reasons": ["OK_RESIDENT"],
        "person_ref": "ab" * 16,
        "temp_mC": 36400,
        "prev_hash": hashes[1],
        "hash": hashes[2],
    }
    assert rows[2]["clock_state"] == "unsure"
    assert [row["prev_hash"] for row in rows] == hashes[:3]


@pytest.mark.parametrize(
    ("span", "seqs"),
    [
        (["--from", "2020-02-10T10:01"], [2, 3]),
        (["--from", "2020-02-10T02:02Z"], [3]),
        (["--to", "2020-02-10T10:01"], [1]),
        (["--from", "2020-02-10T10:01", "--to", "2020-02-10T10:02"], [2]),
        (["--from", "2020-02-10", "--to", "2020-02-11"], [1, 2, 3]),
        (["--from", "2020-02-11"], []),
    ],
)
def test_export_takes_a_span_of_local_time(config: str, span: list[str], seqs: list[int]) -> None:
    code, out, _ = run("export", *span, "--config", config)
    assert code == 0
    assert [json.loads(line)["seq"] for line in out.splitlines()] == seqs


def test_a_time_that_is_none_is_a_usage_error(config: str) -> None:
    code, _, err = run("export", "--from", "yesterday", "--config", config)
    assert code == 2
    assert "no ISO time" in err
    with pytest.raises(typer.BadParameter):
        command.instant_ms("25:00", ZONE)


def test_verify_prints_the_head(config: str, journal: Path) -> None:
    code, out, err = run("verify", "--config", config)
    with JournalReader(journal) as reader:
        assert out == f"{(reader.hash_at(3) or b'').hex()}\n"
    assert (code, err) == (0, "3 events verified\n")


def test_verify_names_the_first_bad_event(config: str, journal: Path) -> None:
    with closing(sqlite3.connect(journal)) as connection, connection:
        connection.execute("UPDATE event SET body = replace(body, 'ALLOW', 'BLOCK') WHERE seq = 2")
    code, out, err = run("verify", "--config", config)
    assert (code, out) == (1, "")
    assert "journal broken at seq 2" in err


def test_a_missing_journal_is_one_sentence(config: str, journal: Path) -> None:
    journal.unlink()
    code, out, err = run("tail", "--config", config)
    assert (code, out) == (1, "")
    assert err.startswith("error: cannot read ")
    assert "Traceback" not in err


def test_follow_shows_every_event_once_until_told_to_stop(journal: Path) -> None:
    """The second page is empty only after the stop is set, so no time passes."""
    shown: list[int] = []
    stop = Event()

    def show(entry: Entry) -> None:
        shown.append(entry.seq)
        if entry.seq == 3:
            stop.set()

    with JournalReader(journal) as reader:
        command.follow(reader, 1, show, stop)
    assert shown == [2, 3]


def test_coarsened_values_are_gone_from_the_export(journal: Path) -> None:
    again = Journal(journal, boot="b", new_epoch=lambda: "f" * 16)
    again.coarsen_before(99)
    again.close()
    with JournalReader(journal) as reader:
        rows = list(command.export_rows(reader, "north-1"))
    assert "temp_mC" not in rows[1]
    assert rows[1]["side"]
