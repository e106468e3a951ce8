"""Why a mode ends, a lane is turned round, a vehicle is given up or left: as a page sends it."""

from typing import Any

import pytest

from gated.core import reports
from gated.core.reports import DirectionSwitch, ModeChange, VehicleAct
from tests.screen.test_reports import field_refused, parse


def test_an_end_a_switch_and_a_vehicle_given_up_say_why_the_first_reason_counts_without_one() -> (
    None
):
    for reason in reports.MODE_END_REASONS:
        assert parse(kind="mode", mode="normal", reason=reason) == ModeChange("normal", reason)
    for reason in reports.DIRECTION_REASONS:
        way = parse(kind="direction", direction="out", reason=reason)
        assert way == DirectionSwitch("out", reason)
    for reason in reports.ABANDON_REASONS:
        given_up = parse(kind="vehicle", act="abandon", reason=reason)
        assert given_up == VehicleAct("abandon", reason=reason)
    for reason in reports.DROP_REASONS:
        left = parse(kind="vehicle", act="drop", visit=7, reason=reason)
        assert left == VehicleAct("drop", visit=7, reason=reason)
    assert parse(kind="mode", mode="normal") == ModeChange("normal", "over")
    assert parse(kind="direction", direction="in") == DirectionSwitch("in", "rush")
    assert parse(kind="vehicle", act="abandon") == VehicleAct("abandon", reason="turned_back")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"kind": "mode", "mode": "normal", "reason": "fire"}, "reason"),
        ({"kind": "mode", "mode": "normal", "reason": 3}, "reason"),
        ({"kind": "direction", "direction": "in", "reason": "on_foot"}, "reason"),
        ({"kind": "vehicle", "act": "abandon", "reason": "rush"}, "reason"),
        ({"kind": "vehicle", "act": "abandon", "visit": 7}, ""),
        ({"kind": "vehicle", "act": "pass", "reason": "station"}, ""),
        ({"kind": "vehicle", "act": "drop"}, "visit"),
        ({"kind": "vehicle", "act": "drop", "visit": 0}, "visit"),
        ({"kind": "vehicle", "act": "drop", "visit": 7, "people": 1}, ""),
        ({"kind": "vehicle", "act": "begin", "plate": "鄂A12345", "people": 2, "visit": 7}, ""),
    ],
)
def test_a_wrong_reason_or_a_visit_out_of_place_is_named(
    fields: dict[str, Any], field: str
) -> None:
    assert field_refused(**fields) == field
