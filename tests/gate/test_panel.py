"""What the screen shows of its place: the night, the station, the privacy notice."""

from datetime import datetime

import pytest

from gated.config_screen import NoticeSection, StationSection
from gated.core.text import Text
from gated.gate.panel import notice_text, panel_view, station_view
from gated.screen.snapshot import PanelView, StationView
from gated.texts import shipped


def at(clock: str) -> datetime:
    return datetime.fromisoformat(f"2020-02-10T{clock}+08:00")


@pytest.mark.parametrize(
    ("clock", "over_midnight", "within_a_day"),
    [
        ("19:59:59", False, False),
        ("20:00:00", True, False),
        ("23:59:00", True, False),
        ("00:00:00", True, False),
        ("05:59:59", True, True),
        ("06:00:00", False, False),
        ("01:00:00", True, True),
        ("12:00:00", False, False),
    ],
)
def test_the_screen_is_dimmed_at_night(clock: str, over_midnight: bool, within_a_day: bool) -> None:
    assert panel_view(7.0, ("20:00", "06:00"), at(clock)) == PanelView(7.0, over_midnight)
    assert panel_view(7.0, ("01:00", "06:00"), at(clock)) == PanelView(7.0, within_a_day)
    assert panel_view(7.0, (), at(clock)) == PanelView(7.0, night=False)


def test_a_station_is_shown_once_it_can_be_rung() -> None:
    assert station_view(StationSection(name="东湖社区")) is None
    shown = station_view(StationSection(name="东湖社区", phone="027-8888 1234"))
    assert shown == StationView(Text("东湖社区", "东湖社区"), "027-8888 1234")
    both = station_view(StationSection(name="东湖社区", name_en="East Lake", phone="110"))
    assert both == StationView(Text("东湖社区", "East Lake"), "110")


def test_the_notice_says_what_the_configuration_says_and_leaves_out_the_rest() -> None:
    texts = shipped()
    assert notice_text(NoticeSection(), texts) is None
    whole = notice_text(
        NoticeSection(controller="东湖社区", basis="防控通知", contact="社区 110"), texts
    )
    assert whole is not None
    for said in ("东湖社区", "防控通知", "社区 110", "14"):
        assert said in whole.zh
        assert said in whole.en
    assert "{" not in whole.zh + whole.en
    short = notice_text(NoticeSection(controller="东湖社区"), texts)
    assert short is not None
    assert "依据" not in short.zh
    assert "Questions" not in short.en
    assert "14" in short.zh
