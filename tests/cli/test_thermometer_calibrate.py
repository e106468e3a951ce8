"""`gated thermometer calibrate`: a technician's hour with 30 people."""

import json
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gated.cli import thermometer_line
from gated.core.calibration import SiteCalibration, parse_calibration
from gated.core.model import Measurement, TemperatureState
from gated.core.thermometry_reading import Reading
from tests.gate.gate_world import write_calibration
from tests.support.technician import (
    C_MC,
    SERIAL,
    TODAY,
    Play,
    Script,
    person,
    reading,
    run,
    sensor_site,
    wrist,
)

PEOPLE = 32


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch) -> Play:
    def use(readings: Iterator[Reading]) -> None:
        monkeypatch.setattr(thermometer_line, "open_source", lambda _: Script(readings))

    return use


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return sensor_site(tmp_path)


def people(count: int = PEOPLE, first: int = 0) -> Iterator[Reading]:
    """Yield what a gate tells while people come one by one; one more reading at the start."""
    yield reading(0)
    for number in range(first, first + count):
        skin, around, _ = person(number)
        yield reading(10 * number + 1, reason="hold_still", phase="measuring")
        yield wrist(10 * number + 2, skin, around)


def answers(count: int = PEOPLE, first: int = 0, **mistyped: float) -> list[str]:
    """Return what the technician types for these people: Enter, then the contact value."""
    typed = []
    for number in range(first, first + count):
        value = mistyped.get(f"p{number}", person(number)[2])
        typed += ["", f"{value:.1f}"]
    return typed


def written(folder: Path) -> SiteCalibration:
    table = tomllib.loads((folder / "site.toml").read_text("utf-8"))
    return parse_calibration(table["calibration"])


def test_thirty_people_make_a_calibration_with_its_plot(
    site: Path, tmp_path: Path, play: Play
) -> None:
    play(people())
    done = run(site, "calibrate", typed="\n".join([*answers(), "f", ""]))
    assert done.exit_code == 0, done.output
    made = written(tmp_path)
    assert made.k_milli == pytest.approx(250, abs=5)
    assert made.c_mc == pytest.approx(C_MC, abs=60)
    assert (made.people, made.sensor, made.model_id) == (PEOPLE, SERIAL, f"park-wrist-{TODAY}")
    assert made.residual_mc < 60
    assert made.valid_on(TODAY)
    assert (made.offset_mc, made.offset_dated) == (0, TODAY)
    assert (tmp_path / "site.svg").read_text("utf-8").count("<circle") == PEOPLE
    assert "body - skin, degrees C" in done.stdout
    assert "a running gate takes it up by itself" in done.stderr
    assert not (tmp_path / "store" / "thermometer-pairs.json").exists()
    assert not list(tmp_path.glob("*.new"))


def test_each_pair_is_shown_and_the_last_one_can_be_dropped(
    site: Path, tmp_path: Path, play: Play
) -> None:
    play(people(2))
    done = run(site, "calibrate", typed="\n36.5\n\n36,6\nu\nu\nu\nq\n")
    assert done.exit_code == 1
    skin, around, _ = person(0)
    assert (
        f"1  skin {skin / 1000:.2f}  surroundings {around / 1000:.2f}  contact 36.5" in done.stdout
    )
    assert done.stdout.count("contact 36.6") == 1
    assert done.stderr.count("dropped: ") == 2
    assert "there is no pair to drop" in done.stderr
    assert not (tmp_path / "site.toml").exists()


def test_an_interrupted_session_is_gone_on_with(site: Path, tmp_path: Path, play: Play) -> None:
    play(people(20))
    done = run(site, "calibrate", typed="\n".join(answers(20)) + "\n")
    assert done.exit_code == 1, "the terminal went away"
    kept = json.loads((tmp_path / "store" / "thermometer-pairs.json").read_text("utf-8"))
    assert len(kept["pairs"]) == 20
    assert set(kept) == {"sensor", "variant", "supply_mv", "offset_mc", "dated"} | {
        "begun",
        "pairs",
        "sure",
    }
    play(people(12, first=20))
    done = run(site, "calibrate", typed="\n".join([*answers(12, first=20), "f", ""]))
    assert done.exit_code == 0, done.output
    assert "Going on with 20 pairs" in done.stderr
    assert written(tmp_path).people == 32


def test_too_few_people_or_rooms_all_alike_are_told_and_nothing_is_written(
    site: Path, tmp_path: Path, play: Play
) -> None:
    play(people(5))
    done = run(site, "calibrate", typed="\n".join([*answers(5), "f", "q", ""]))
    assert done.exit_code == 1
    assert "still needed: 25 more people (5 of 30)" in done.stderr
    assert "k shows only over 4 °C or more" in done.stderr
    assert not (tmp_path / "site.toml").exists()


def test_a_mistyped_value_is_asked_about_and_can_be_put_right(
    site: Path, tmp_path: Path, play: Play
) -> None:
    play(people())
    typed = [*answers(p9=38.9), "f", "what", "36.9", ""]
    done = run(site, "calibrate", typed="\n".join(typed))
    assert done.exit_code == 0, done.output
    assert "was that typed right?" in done.stderr
    assert "what is none of these" in done.stderr
    assert written(tmp_path).people == PEOPLE
    assert written(tmp_path).residual_mc < 60


def test_a_doubted_pair_that_is_right_stays_and_widens_the_residual(
    site: Path, tmp_path: Path, play: Play
) -> None:
    play(people())
    done = run(site, "calibrate", typed="\n".join([*answers(p9=38.4), "f", "k", ""]))
    assert done.exit_code == 0, done.output
    assert written(tmp_path).people == PEOPLE
    assert written(tmp_path).residual_mc > 200


def test_a_dropped_pair_leaves_the_fit(site: Path, tmp_path: Path, play: Play) -> None:
    play(people())
    done = run(site, "calibrate", typed="\n".join([*answers(p9=38.4), "f", "d", ""]))
    assert done.exit_code == 0, done.output
    assert written(tmp_path).people == PEOPLE - 1


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("365\n36.5", "type it as the thermometer shows it"),
        ("36.55\n36.5", "type it as the thermometer shows it"),
        ("33.5\n36.5", "33.5 °C is outside 34 to 42 °C"),
    ],
)
def test_a_contact_value_that_cannot_be_one_is_asked_for_again(
    site: Path, play: Play, typed: str, said: str
) -> None:
    play(people(1))
    done = run(site, "calibrate", typed=f"\n{typed}\nq\n")
    assert said in done.stderr
    assert "1 pairs are kept" in done.stderr


def test_a_value_of_a_visit_and_one_that_is_none_are_not_used(site: Path, play: Play) -> None:
    skin, around, _ = person(0)
    moving = Measurement(TemperatureState.UNSTABLE, detail="moving")
    play(
        iter(
            [
                reading(0),
                reading(1, phase="holding"),
                wrist(1, skin, around, awaited=True),
                reading(2, taken=moving),
                wrist(3, skin, around),
            ]
        )
    )
    done = run(site, "calibrate", typed="\n\n36.5\nq\n")
    assert "somebody is still there" in done.stderr
    assert "belongs to a visit at the gate" in done.stderr
    assert "no value: moving; again" in done.stderr
    assert done.stdout.count("contact 36.5") == 1


def test_nobody_before_the_sensor_ends_the_wait_and_not_the_session(site: Path, play: Play) -> None:
    play(reading(number) for number in range(1_000))
    done = run(site, "calibrate", typed="\nq\n")
    assert "no wrist was measured for a minute" in done.stderr
    assert "0 pairs are kept" in done.stderr


def test_the_former_calibration_is_kept_under_its_date(
    site: Path, tmp_path: Path, play: Play
) -> None:
    made = TODAY - timedelta(days=30)
    write_calibration(tmp_path / "site.toml", made=made)
    former = (tmp_path / "site.toml").read_bytes()
    for attempt in range(2):
        play(people())
        done = run(site, "calibrate", typed="\n".join([*answers(), "f", ""]))
        assert done.exit_code == 0, attempt
    assert (tmp_path / f"site-{made}.toml").read_bytes() == former
    assert (tmp_path / f"site-{TODAY}.toml").exists()


def test_a_measured_offset_goes_into_the_pairs_and_the_file(
    site: Path, tmp_path: Path, play: Play
) -> None:
    play(people())
    done = run(site, "calibrate", "--sensor-offset", "-0.2", typed="\n".join([*answers(), "f", ""]))
    assert done.exit_code == 0, done.output
    made = written(tmp_path)
    assert made.offset_mc == -200
    assert made.c_mc == pytest.approx(C_MC + 200, abs=60)
    assert run(site, "calibrate", "--sensor-offset", "1.5").exit_code == 1, "the script is over"
    play(people())
    assert run(site, "calibrate", "--sensor-offset", "1.5").exit_code == 2
    play(people())
    assert "offset -0.20 °C of" in run(site, "calibrate", typed="q\n").stderr, "known by now"


def test_pairs_of_another_sensor_are_not_mixed(site: Path, play: Play) -> None:
    play(people(2))
    run(site, "calibrate", typed="\n".join([*answers(2), "q", ""]))
    play(replace(one, serial="0000000000000001") for one in people(2))
    done = run(site, "calibrate", typed="q\n")
    assert done.exit_code == 1
    assert "begin anew with --fresh" in done.stderr
    play(replace(one, serial="0000000000000001") for one in people(2))
    done = run(site, "calibrate", "--fresh", typed="q\n")
    assert "0 pairs are kept" in done.stderr


def test_a_folder_nobody_can_write_to_is_named_before_anybody_is_measured(
    site: Path, tmp_path: Path, play: Play
) -> None:
    play(people())
    out = tmp_path / "no-such-folder" / "site.toml"
    done = run(site, "calibrate", "--out", str(out), typed="\n")
    assert (done.exit_code, done.stdout) == (1, "")
    assert f"cannot write {out}" in done.stderr
    assert "Person 1" not in done.stderr


def test_a_file_that_cannot_be_written_after_all_leaves_the_pairs(
    site: Path, tmp_path: Path, play: Play
) -> None:
    play(people())
    out = tmp_path / "folder.toml"
    out.mkdir()
    done = run(site, "calibrate", "--out", str(out), typed="\n".join([*answers(), "f", ""]))
    assert done.exit_code == 1
    assert f"cannot write {out}: Is a directory" in done.stderr
    assert (tmp_path / "store" / "thermometer-pairs.json").exists()


def test_another_file_is_named_in_how_to_take_it_into_use(
    site: Path, tmp_path: Path, play: Play
) -> None:
    play(people())
    out = tmp_path / "other.toml"
    done = run(site, "calibrate", "--out", str(out), typed="\n".join([*answers(), "f", ""]))
    assert done.exit_code == 0
    assert f'[thermometer] site = "{out}"' in done.stderr
