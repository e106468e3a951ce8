"""For how long the rules have served here: remembered, and only with a clock to believe."""

from dataclasses import replace
from pathlib import Path

from structlog.testing import capture_logs

from gated.core.model import ClockState, Moment
from gated.gate.policy_age import DAY_MS, PolicyAge
from tests.gate.gate_world import MOMENT


def later(days: int) -> Moment:
    return replace(MOMENT, utc_ms=MOMENT.utc_ms + days * DAY_MS)


def test_it_counts_from_the_first_day_and_over_restarts(tmp_path: Path) -> None:
    assert PolicyAge(tmp_path, "1.0").days(MOMENT) == 0
    assert PolicyAge(tmp_path, "1.0").days(later(40)) == 40


def test_another_version_brings_rules_of_its_own(tmp_path: Path) -> None:
    PolicyAge(tmp_path, "1.0").days(MOMENT)
    assert PolicyAge(tmp_path, "1.1").days(later(40)) == 0
    assert PolicyAge(tmp_path, "1.1").days(later(41)) == 1


def test_a_clock_nobody_vouches_for_says_nothing(tmp_path: Path) -> None:
    age = PolicyAge(tmp_path, "1.0")
    assert age.days(replace(MOMENT, clock=ClockState.UNSURE)) is None
    assert age.days(later(3)) == 0
    assert age.days(replace(later(5), clock=ClockState.UNSURE)) is None


def test_a_clock_that_was_set_back_begins_anew(tmp_path: Path) -> None:
    age = PolicyAge(tmp_path, "1.0")
    assert age.days(later(9)) == 0
    assert age.days(MOMENT) == 0
    assert age.days(later(9)) == 9


def test_a_strange_file_is_none_and_a_card_that_refuses_is_said_once(tmp_path: Path) -> None:
    (tmp_path / "policy").write_text('{"version": "1.0", "since_ms": "x"}')
    (tmp_path / "policy.new").mkdir()
    age = PolicyAge(tmp_path, "1.0")
    with capture_logs() as logs:
        assert age.days(MOMENT) == 0
        assert age.days(later(2)) == 2
    assert [line["event"] for line in logs] == ["policy.age_unwritable"]
