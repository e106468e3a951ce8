"""`gated demo`: what it promises to print, with one decoder, and with everything being killed."""

import json
import signal
import sys
import urllib.request
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gated.cli.demo.people import Arrival, Town
from gated.cli.demo.scenario import read_scenario
from tests.support.effort import LONG
from tests.support.programs import Ended, Running, demo_report
from tests.support.waiting import wait_until

SEED = 11
PLAIN_PEOPLE = 6  # the scenes 2, 4 and 6 show codes
CHAOS_PEOPLE = 24 if LONG else 7
LIMIT_S = 400.0 if LONG else 200.0  # chaos makes people come again
pytestmark = pytest.mark.timeout(2 * LIMIT_S)
VERDICTS = {"ALLOW", "ALLOW_NOTE", "CHECK", "STOP"}


@dataclass
class Played:
    """Two demos that ran side by side: with pyzbar alone, and with chaos."""

    plain: Ended
    chaos: Ended
    report_file: Path


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    folder = tmp_path_factory.mktemp("demo")
    report_file = folder / "report.json"
    command = [sys.executable, "-m", "gated.cli.main", "demo", "--headless", "--seed", str(SEED)]
    plain = ["--people", str(PLAIN_PEOPLE), "--decoder", "pyzbar", "--report", str(report_file)]
    chaos = ["--people", str(CHAOS_PEOPLE), "--chaos"]
    with Running(command + plain, folder) as first, Running(command + chaos, folder) as second:
        return Played(first.end(), second.end(LIMIT_S), report_file)


def assert_clean(report: dict[str, Any]) -> None:
    """Nothing was wrong, lost or doubled, and the chain holds."""
    assert report["wrong_verdicts"] == 0
    assert report["hub"]["missing"] == 0
    assert report["hub"]["duplicates_stored"] == 0
    assert report["chain_verified"] is True


def test_the_report_has_every_promised_field(played: Played) -> None:
    report = demo_report(played.plain)
    assert (report["people"], report["seed"]) == (PLAIN_PEOPLE, SEED)
    assert set(report) == {
        "people",
        "seed",
        "passages",
        "interrupted",
        "verdicts",
        "reasons",
        "wrong_verdicts",
        "hub",
        "chain_verified",
        "last_input_to_verdict_ms",
        "rss_mb",
        "ready_s",
        "wall_s",
    }
    assert set(report["verdicts"]) == VERDICTS
    assert set(report["hub"]) == {"stored", "missing", "duplicates_stored"}
    assert set(report["last_input_to_verdict_ms"]) == {"p50", "p99"}
    assert sum(report["verdicts"].values()) == report["passages"]
    assert sum(report["reasons"].values()) == report["passages"]
    assert report["hub"]["stored"] >= report["passages"] >= PLAIN_PEOPLE
    assert report["interrupted"] == 0


def test_the_report_file_holds_the_last_line(played: Played) -> None:
    assert played.report_file.read_text("utf-8") == played.plain.stdout.splitlines()[-1] + "\n"
    json.loads(played.report_file.read_text("utf-8"))


def test_pyzbar_alone_passes_the_demo(played: Played) -> None:
    report = demo_report(played.plain)
    assert_clean(report)
    codes = [scene for scene in read_scenario()[:PLAIN_PEOPLE] if shows_code(scene.steps)]
    assert len(codes) == 3
    assert report["reasons"]["OK_VISITOR_SLOT"] == 1


def test_chaos_costs_visits_but_no_record(played: Played) -> None:
    report = demo_report(played.chaos)
    assert_clean(report)
    assert report["people"] == CHAOS_PEOPLE
    assert report["passages"] >= CHAOS_PEOPLE


def test_the_demo_opens_the_guards_screens_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = tmp_path / "seen"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" >> {seen}\n')
    browser.chmod(0o700)
    monkeypatch.setenv("BROWSER", f"{browser} %s")
    monkeypatch.setenv("DISPLAY", ":9")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    command = [sys.executable, "-m", "gated.cli.main", "demo", "--people", "1", "--pace", "0"]
    with Running(command, tmp_path) as demo:
        told = [line.split()[-1] for line in demo.told("screen of the lane out")[-2:]]
        wait_until(lambda: seen.exists() and seen.read_text().split() == told, what="the browser")
        with urllib.request.urlopen(told[0]) as page:
            assert 'id="band"' in page.read().decode()
        assert programs_of(tmp_path) >= 4  # broker, hub and two gates
        demo.interrupt(signal.SIGTERM)
        demo.end()
    assert programs_of(tmp_path) == 0
    assert list(tmp_path.glob("gated-demo-*")) == []


def programs_of(folder: Path) -> int:
    """How many programs name something in the folder."""
    count = 0
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it ended meanwhile
            count += bytes(folder) in process.read_bytes()
    return count


def test_the_demo_names_nobody(played: Played) -> None:
    people = [person for arrival in arrivals(SEED) for person in arrival.people.values()]
    said = played.plain.stderr + played.plain.stdout
    told = [person for person in people if person.id_number in said or person.name in said]
    assert len(told) == 0


def test_the_same_seed_invents_the_same_people() -> None:
    assert arrivals(SEED) == arrivals(SEED)
    assert arrivals(SEED) != arrivals(SEED + 1)


def test_stand_ins_leave_the_first_cast_as_it_was() -> None:
    scenes = read_scenario()
    alone = Town(SEED).arrivals(scenes, PLAIN_PEOPLE)
    doubled = Town(SEED).arrivals(scenes, PLAIN_PEOPLE, stand_ins=2)
    assert [arrival.people for arrival in doubled] == [arrival.people for arrival in alone]
    first = doubled[0]
    casts = [first.people, first.again().people, first.again().again().people]
    assert len({cast["A"].id_number for cast in casts}) == 3
    assert first.again().again().again() == first


def test_more_people_than_scenes_are_fresh_people_in_the_same_scenes() -> None:
    scenes = read_scenario()
    twice = Town(SEED).arrivals(scenes, 2 * len(scenes))
    assert len(scenes) >= 24
    assert twice[len(scenes)].scene == twice[0].scene
    numbers = [person.id_number for arrival in twice for person in arrival.people.values()]
    assert len(set(numbers)) == len(numbers)


def arrivals(seed: int) -> list[Arrival]:
    return Town(seed).arrivals(read_scenario(), PLAIN_PEOPLE)


def shows_code(steps: tuple[Any, ...]) -> bool:
    return any(step.verb == "code" for step in steps)
