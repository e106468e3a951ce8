"""A reference source before the sensor: what it should read, the data sheet's limits, offsets."""

from dataclasses import replace
from datetime import date

import pytest

from gated.core.black_body import Comparison, Source, accuracy_mc, compared, with_offset
from gated.core.calibration import demo_calibration, skin_mc

TODAY, MADE = date(2026, 2, 7), date(2026, 1, 1)
SOURCE = Source(body_mc=36_000, emissivity=0.98, surroundings_mc=22_000, doubt_mc=100)


def comparison(read_mc: int, *, count: int = 40, variant: str = "DCC") -> Comparison:
    return compared(
        SOURCE,
        [read_mc] * count,
        offset_mc=100,
        variant=variant,
        die_mc=23_000,
        sigma_mc=180,
        three_volt=True,
    )


def test_a_source_reads_lower_than_it_is_by_what_it_reflects() -> None:
    assert SOURCE.seen_mc() == pytest.approx(35_737, abs=5)
    assert replace(SOURCE, emissivity=1.0).seen_mc() == pytest.approx(36_000)
    assert skin_mc(SOURCE.seen_mc(), 22_000) == pytest.approx(36_000), "0.98 is that of skin"


def test_difference_and_offset_are_what_the_sensor_misses() -> None:
    found = comparison(35_600)
    assert found.difference_mc == pytest.approx(-137, abs=3)
    assert found.offset_mc == 100 - found.difference_mc
    assert found.within


def test_more_readings_make_it_more_certain_down_to_what_the_source_is() -> None:
    few, many = comparison(35_700, count=8), comparison(35_700, count=300)
    assert few.uncertainty_mc > many.uncertainty_mc > SOURCE.doubt_mc
    assert few.uncertainty_mc == pytest.approx(2 * (50**2 + 64**2 + 17**2 + 40**2) ** 0.5, abs=15)


@pytest.mark.parametrize(
    ("variant", "die_mc", "object_mc", "limit_mc"),
    [
        ("DCC", 23_000, 36_000, 200),
        ("DCC", 23_000, 38_000, 200),
        ("DCC", 23_000, 35_900, 300),
        ("DCC", 23_000, 39_000, 300),
        ("DCC", 15_000, 36_000, 500),
        ("DCC", 23_000, 41_000, 500),
        ("BCC", 23_000, 36_000, 500),
        ("BCC", 51_000, 36_000, None),
        ("BCC", 23_000, 60_100, None),
    ],
)
def test_the_limit_is_the_data_sheets(
    variant: str, die_mc: int, object_mc: int, limit_mc: int | None
) -> None:
    assert accuracy_mc(variant, die_mc, object_mc) == limit_mc


def test_a_sensor_beyond_its_limit_fails_and_one_the_sheet_is_silent_about_too() -> None:
    assert not comparison(35_500).within
    assert comparison(35_500, variant="BCC").within
    assert not replace(comparison(35_737), limit_mc=None).within


def test_an_offset_is_one_up_to_a_degree() -> None:
    assert comparison(34_900).offset_permitted
    assert not comparison(34_700).offset_permitted


def test_an_offset_measured_before_only_moves() -> None:
    former = replace(demo_calibration(MADE), offset_mc=-50, c_mc=120)
    fresh = with_offset(former, 150, TODAY)
    assert fresh == replace(former, offset_mc=150, offset_dated=TODAY)


def test_a_calibration_made_without_one_keeps_its_estimates() -> None:
    fresh = with_offset(demo_calibration(MADE), 300, TODAY)
    assert fresh is not None
    assert (fresh.offset_mc, fresh.c_mc, fresh.offset_dated) == (300, -300, TODAY)


def test_an_offset_or_constant_that_would_be_too_large_is_none() -> None:
    assert with_offset(demo_calibration(MADE), 1_001, TODAY) is None
    assert with_offset(replace(demo_calibration(MADE), c_mc=-5_900), 300, TODAY) is None
