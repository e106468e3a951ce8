"""Corrections against the reference's tables, and calibrations that hold or do not."""

import tomllib
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gated.core import calibration as corrections
from gated.core.calibration import RelativeReference, SiteCalibration, demo_calibration
from gated.errors import ConfigError

MADE = date(2026, 1, 10)
TABLE: dict[str, object] = {
    "k_milli": 270,
    "c_mc": 120,
    "offset_mc": -100,
    "offset_dated": date(2026, 1, 9),
    "made": MADE,
    "people": 34,
    "residual_mc": 260,
    "model_id": "north-2026-01",
}


@pytest.mark.parametrize(
    ("supply_v", "three_volt", "expected_mc"),
    [
        (3.3, True, 33_820),  # 0.18 °C on a 3.3 V rail
        (3.0, True, 34_000),
        (2.6, True, 34_240),
        (5.0, False, 34_000),
    ],
)
def test_supply_correction_is_0_6_per_volt(
    supply_v: float, three_volt: bool, expected_mc: int
) -> None:
    found = corrections.supply_corrected_mc(34_000, supply_v, three_volt=three_volt)
    assert found == pytest.approx(expected_mc)


# Reference table: what emissivity 0.98 adds, by surroundings and reading, in °C.
EMISSIVITY = {
    10: (0.37, 0.40, 0.43, 0.47),
    16: (0.27, 0.30, 0.34, 0.37),
    20: (0.19, 0.23, 0.27, 0.30),
    25: (0.10, 0.14, 0.18, 0.21),
    30: (0.00, 0.04, 0.08, 0.12),
}


@pytest.mark.parametrize(
    ("surround_c", "seen_c", "adds_c"),
    [
        (surround, seen, adds)
        for surround, row in EMISSIVITY.items()
        for seen, adds in zip((30, 32, 34, 36), row, strict=True)
    ],
)
def test_emissivity_correction_is_the_one_of_the_table(
    surround_c: int, seen_c: int, adds_c: float
) -> None:
    skin = corrections.skin_mc(1000 * seen_c, 1000 * surround_c)
    assert skin == pytest.approx(1000 * (seen_c + adds_c), abs=6)


@pytest.mark.parametrize(
    ("k_milli", "skin_mc", "surround_mc", "body_mc"),
    [
        (260, 34_000, 24_000, 36_600),  # 0.26 maps 34 °C at 24 °C to 36.6 °C
        (277, 33_000, 20_000, 36_601),  # and about 0.28 maps 33 °C at 20 °C there
        (0, 34_000, 24_000, 34_000),
        (1000, 34_000, 20_000, 40_000),  # 14 degrees would be added: held at 6
        (1000, 20_000, 34_000, 14_000),
    ],
)
def test_estimate_moves_skin_by_its_distance_from_the_room(
    k_milli: int, skin_mc: int, surround_mc: int, body_mc: int
) -> None:
    made = corrections.parse_calibration({**TABLE, "k_milli": k_milli, "c_mc": 0})
    assert corrections.body_mc(made, skin_mc, surround_mc) == pytest.approx(body_mc)


@given(st.integers(34_000, 41_000), st.integers(16_000, 30_000))
def test_skin_for_a_body_temperature_leads_back_to_it(body: int, surround: int) -> None:
    demo = demo_calibration(MADE)
    skin = corrections.skin_for_body_mc(demo, body, surround)
    assert corrections.body_mc(demo, skin, surround) == pytest.approx(body, abs=1)


def test_parsed_calibration_has_every_value_and_the_defaults() -> None:
    assert corrections.parse_calibration(TABLE) == SiteCalibration(
        k_milli=270,
        c_mc=120,
        offset_mc=-100,
        offset_dated=date(2026, 1, 9),
        made=MADE,
        people=34,
        residual_mc=260,
        model_id="north-2026-01",
        valid_days=90,
        body_site="wrist",
        sensor=None,
    )


def test_all_problems_are_reported_at_once() -> None:
    bad = {
        **TABLE,
        "k_mili": 1,
        "k_milli": 2.5,
        "c_mc": 9_000,
        "people": 3,
        "made": "yesterday",
        "offset_dated": datetime(2026, 1, 9, tzinfo=UTC),
        "body_site": "ear",
        "sensor": "",
        "colour": "red",
        "valid_days": True,
    }
    del bad["model_id"]
    with pytest.raises(ConfigError) as caught:
        corrections.parse_calibration(bad)
    assert str(caught.value).splitlines() == [
        "[calibration] k_mili: unknown key, did you mean k_milli?",
        "[calibration] colour: unknown key",
        "[calibration] model_id: missing",
        "[calibration] k_milli: 2.5 is not a whole number",
        "[calibration] c_mc: 9000 is outside -6000 to 6000",
        "[calibration] offset_dated: 2026-01-09T00:00:00+00:00 is not a date such as 2026-01-31",
        "[calibration] made: yesterday is not a date such as 2026-01-31",
        "[calibration] people: 3 is outside 30 to 100000",
        "[calibration] valid_days: True is not a whole number",
        "[calibration] body_site: 'ear' is not one of wrist, forehead",
        "[calibration] sensor: '' is not a text",
    ]


@given(st.dictionaries(st.sampled_from([*TABLE, "sensor", "x"]), st.none() | st.integers()))
def test_rubbish_is_refused_by_name(table: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=r"^\[calibration\] "):
        corrections.parse_calibration(table)  # integers alone never make a calibration


@pytest.mark.parametrize(
    ("days", "valid"), [(-1, False), (0, True), (88, True), (89, False), (90, False), (400, False)]
)
def test_calibration_holds_from_its_day_until_its_older_part_expires(
    days: int, valid: bool
) -> None:
    """The offset is a day older than the calibration, so the pair ends after 89 days."""
    assert corrections.parse_calibration(TABLE).valid_on(MADE + timedelta(days=days)) is valid


def test_calibration_tied_to_a_sensor_fits_no_other() -> None:
    tied = corrections.parse_calibration({**TABLE, "sensor": "1d7b8e020c175a41"})
    assert tied.fits("1d7b8e020c175a41")
    assert not tied.fits("1d7b8e020c175a42")
    assert not tied.fits(None)
    assert corrections.parse_calibration(TABLE).fits(None)


def test_reference_needs_ten_people() -> None:
    reference = RelativeReference()
    for person in range(9):
        reference = reference.with_person(person, 33_000)
    assert reference.value_mc(100) is None
    assert reference.with_person(9, 33_000).value_mc(100) == 33_000


def test_reference_is_the_median_of_the_last_twenty() -> None:
    reference = RelativeReference()
    for person in range(30):
        reference = reference.with_person(person, 30_000 + 100 * person)
    assert len(reference.entries) == 20
    assert reference.value_mc(100) == 31_950


def test_reference_forgets_after_two_hours() -> None:
    reference = RelativeReference(tuple((person, 33_000) for person in range(10)))
    two_hours_ms = 7_200_000
    assert reference.value_mc(two_hours_ms - 1) == 33_000
    assert reference.value_mc(two_hours_ms) is None
    assert reference.value_mc(5) is None  # people from the future say nothing either


@pytest.mark.parametrize(
    ("recent", "expected"),
    [
        ([], False),
        ([29_000] * 5, False),
        ([29_999] * 6, True),
        ([30_000] * 6, False),
        ([29_000] * 3 + [33_000] * 3, False),
        ([29_000] * 4 + [33_000] * 3, True),
    ],
)
def test_too_cold_today_is_when_most_readings_are_below_30(
    recent: list[int], expected: bool
) -> None:
    assert corrections.too_cold_today(recent) is expected


@pytest.mark.parametrize(
    ("values", "expected"), [([5], 5), ([3, 1, 2], 2), ([4, 1], 2), ([-3, -4], -4)]
)
def test_middle_of_an_even_number_is_rounded_down(values: list[int], expected: int) -> None:
    assert corrections.middle(values) == expected


@given(st.lists(st.integers(-80_000, 400_000), min_size=1, max_size=30))
def test_middle_lies_within(values: list[int]) -> None:
    assert min(values) <= corrections.middle(values) <= max(values)


@given(st.integers(-70_000, 380_000), st.integers(-70_000, 380_000))
def test_skin_is_a_number_for_whatever_a_sensor_can_read(seen: int, surround: int) -> None:
    assert -273_150 <= corrections.skin_mc(seen, surround) <= 400_000


def test_sample_file_parses_and_counts_as_expired() -> None:
    path = Path(__file__).parents[2] / "config" / "thermometer-site.toml"
    sample = corrections.parse_calibration(tomllib.loads(path.read_text("utf-8"))["calibration"])
    assert sample.model_id == "sample-wrist-1"
    assert not sample.valid_on(MADE)
