"""What the screen shows of its place: dimmed at night, whom to ring, the privacy notice. Pure."""

from datetime import datetime

from gated.config_screen import NoticeSection, StationSection
from gated.core.text import Text
from gated.screen.snapshot import PanelView, StationView
from gated.texts import Texts


def panel_view(diagonal_in: float, night: tuple[str, ...], now: datetime) -> PanelView:
    """Return how the page is drawn. night: from when to when, "20:00"; empty: never. now: local."""
    return PanelView(diagonal_in, _is_night(night, now.strftime("%H:%M")))


def _is_night(night: tuple[str, ...], clock: str) -> bool:
    if not night:
        return False
    begin, end = night
    if begin < end:
        return begin <= clock < end
    return clock >= begin or clock < end


def station_view(section: StationSection) -> StationView | None:
    """Return whom a guard rings, None when the configuration names nobody's telephone."""
    if not section.phone:
        return None
    return StationView(Text(section.name, section.name_en or section.name), section.phone)


def notice_text(section: NoticeSection, texts: Texts) -> Text | None:
    """Return the privacy notice, None when the configuration says nothing of its own."""
    said = {"who": section.controller, "basis": section.basis, "contact": section.contact}
    if not any(said.values()):
        return None
    lines = []
    for key, line in texts.section("notice").items():
        value = said.get(key, key)  # the other lines hold nothing to fill in
        if value:
            lines.append(line.filled({"n": Text(value, value)}))
    return Text("".join(line.zh for line in lines), " ".join(line.en for line in lines))
