"""k and c from pairs: exact lines, noisy crowds, mistyped values, rooms that are all alike."""

import random
import re
import tomllib
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gated.core.calibration import SiteCalibration, demo_calibration, parse_calibration
from gated.core.calibration_fit import (
    SPREAD_MIN_MC,
    Fit,
    Pair,
    calibration_of,
    calibration_toml,
    fitted,
    missing,
    pair_problem,
    refusal,
    spread_mc,
)
from gated.core.calibration_plot import svg_plot, text_plot

TODAY = date(2026, 2, 7)
K, C_MC = 0.27, 150


def crowd(
    count: int = 40, *, low_mc: int = 17_000, high_mc: int = 27_000, seed: int = 1, noise: int = 200
) -> list[Pair]:
    """People whose bodies follow K and C_MC, each a little off, contact values in tenths."""
    chance = random.Random(seed)
    pairs = []
    for number in range(count):
        around = round(low_mc + (high_mc - low_mc) * number / max(count - 1, 1))
        body = chance.gauss(36_600, 350)
        skin = round((body - C_MC + K * around) / (1 + K) + chance.gauss(0, noise / 1.27))
        pairs.append(Pair(skin, around, round(body / 100) * 100))
    return pairs


def test_pairs_on_a_line_give_its_numbers_and_no_residual() -> None:
    pairs = [Pair(30_000 + 100 * n, 16_000 + 300 * n, 0) for n in range(40)]
    exact = [replace(p, contact_mc=round(p.skin_mc + 0.25 * p.above_mc - 120)) for p in pairs]
    fit = fitted(exact)
    assert (fit.k_milli, fit.c_mc, fit.residual_mc, fit.suspects) == (250, -120, 0, ())
    assert all(fit.residual_of(pair) == 0 for pair in exact)


@pytest.mark.parametrize("seed", range(5))
def test_a_noisy_crowd_gives_k_and_c_within_their_errors(seed: int) -> None:
    fit = fitted(crowd(seed=seed))
    assert abs(fit.k_milli - 270) <= 4 * fit.k_error_milli
    assert abs(fit.c_mc - C_MC) <= 4 * fit.c_error_mc
    assert 100 <= fit.residual_mc <= 400
    assert refusal(replace(fit, suspects=())) is None


def test_more_people_make_the_errors_smaller() -> None:
    few, many = fitted(crowd(30)), fitted(crowd(300))
    assert many.k_error_milli < few.k_error_milli / 2
    assert many.c_error_mc < few.c_error_mc / 2


@pytest.mark.parametrize("wrong", [(7,), (3, 20), (0, 12, 25, 39)])
def test_mistyped_values_are_named_and_nobody_else_is(wrong: tuple[int, ...]) -> None:
    pairs = crowd(noise=120)
    for place in wrong:  # 36.5 typed as 39.5
        pairs[place] = replace(pairs[place], contact_mc=pairs[place].contact_mc + 3_000)
    fit = fitted(pairs)
    assert fit.suspects == wrong
    found = refusal(fit)
    assert found is not None
    assert (found.code, "look mistyped" in found.text) == ("suspects", True)


def test_people_who_differ_by_a_little_are_never_suspects() -> None:
    pairs = [
        Pair(33_000 + 10 * n, 16_000 + 300 * n, 0) for n in range(40)
    ]  # all but exact, so that three times the rms is nothing
    made = [replace(p, contact_mc=round(p.skin_mc + 0.25 * p.above_mc)) for p in pairs]
    made[5] = replace(made[5], contact_mc=made[5].contact_mc + 250)
    assert fitted(made).suspects == ()


def test_too_few_people_are_counted() -> None:
    (wanted,) = missing(crowd(29))
    assert (wanted.code, wanted.text) == ("people", "1 more people (29 of 30)")
    assert missing(crowd(30)) == ()


def test_rooms_that_are_all_alike_cannot_tell_k() -> None:
    alike = crowd(low_mc=21_000, high_mc=23_000)
    (wanted,) = missing(alike)
    assert wanted.code == "spread"
    assert "k shows only over 4 °C" in wanted.text
    one_morning = [*alike, Pair(31_000, 16_000, 36_500)]
    assert missing(one_morning), "one cold morning is no spread"
    assert spread_mc(crowd()) >= SPREAD_MIN_MC
    assert missing([]) != ()


def test_in_one_room_the_line_through_the_people_is_not_k() -> None:
    """Why it is refused: there skin alone varies, and the slope turns the other way."""
    fit = fitted(crowd(200, low_mc=22_000, high_mc=22_000, noise=600))
    assert fit.k_milli < 100


@pytest.mark.parametrize(
    ("fit", "why"),
    [
        (Fit(-1, 0, 10, 10, 200, 30, 5_000, ()), "k = -0.001 is outside"),
        (Fit(1_001, 0, 10, 10, 200, 30, 5_000, ()), "outside 0 to 1"),
        (Fit(270, 6_001, 10, 10, 200, 30, 5_000, ()), "is beyond 6 °C"),
        (Fit(270, 0, 10, 10, 1_001, 30, 5_000, ()), "more than 1.00"),
        (Fit(270, 0, 10, 10, 200, 30, 5_000, (4,)), "mistyped"),
    ],
)
def test_a_line_that_is_no_calibration_is_refused_with_its_reason(fit: Fit, why: str) -> None:
    found = refusal(fit)
    assert found is not None
    assert why in found.text
    with pytest.raises(AssertionError):
        calibration_of(fit, TODAY, offset=(0, TODAY), model_id="m", sensor=None)


@pytest.mark.parametrize(
    ("pair", "why"),
    [
        (Pair(33_000, 22_000, 33_900), "outside 34 to 42"),
        (Pair(33_000, 22_000, 42_100), "outside 34 to 42"),
        (Pair(29_900, 22_000, 36_500), "skin of 29.9"),
        (Pair(30_100, 22_000, 36_200), "more than 6 °C from the skin"),
        (Pair(33_000, 22_000, 36_500), ""),
    ],
)
def test_values_that_cannot_be_one_persons_are_refused(pair: Pair, why: str) -> None:
    found = pair_problem(pair)
    assert (found is not None and why in found.text) if why else found is None


def read_back(made: SiteCalibration) -> SiteCalibration:
    return parse_calibration(tomllib.loads(calibration_toml(made))["calibration"])


@pytest.mark.parametrize("sensor", [None, "1d7b8e020c175a41"])
def test_the_file_is_read_back_as_what_was_found(sensor: str | None) -> None:
    fit = replace(fitted(crowd()), suspects=())
    made = calibration_of(
        fit, TODAY, offset=(-140, date(2026, 2, 1)), model_id='park "1"', sensor=sensor
    )
    assert read_back(made) == made
    assert (made.people, made.offset_mc, made.sensor) == (40, -140, sensor)
    assert made.valid_on(TODAY)


@given(
    st.integers(0, 1_000),
    st.integers(-6_000, 6_000),
    st.integers(-1_000, 1_000),
    st.text(st.characters(min_codepoint=32, exclude_characters="\x7f", codec="utf-8"), min_size=1),
)
def test_any_calibration_is_written_so_that_it_is_read_back(
    k_milli: int, c_mc: int, offset_mc: int, model_id: str
) -> None:
    made = replace(
        demo_calibration(TODAY), k_milli=k_milli, c_mc=c_mc, offset_mc=offset_mc, model_id=model_id
    )
    assert read_back(made) == made


def test_the_text_plot_has_every_person_once_or_hidden_and_its_suspects() -> None:
    pairs = crowd(noise=120)
    pairs[7] = replace(pairs[7], contact_mc=pairs[7].contact_mc + 3_000)
    fit = fitted(pairs)
    plot = "\n".join(text_plot(pairs, fit))
    assert plot.isascii()
    assert plot.count("x") == 1
    assert 20 <= sum(row.count("o") for row in text_plot(pairs, fit)[1:17]) <= 39
    assert all(len(row) <= 79 for row in text_plot(pairs, fit))


def test_the_picture_has_a_dot_per_person_and_says_the_numbers() -> None:
    pairs = crowd()
    fit = fitted(pairs)
    picture = svg_plot(pairs, fit, "park <north>")
    assert picture.count("<circle") == 40
    assert f"k = {fit.k_milli / 1000:.3f}" in picture
    assert "park &lt;north&gt;" in picture
    places = [float(x) for x in re.findall(r'cx="([\d.]+)"', picture)]
    assert 64 <= min(places) <= max(places) <= 620
