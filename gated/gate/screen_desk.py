"""Puts together all the guard sees besides the visit itself, and publishes it. Engine thread."""

from dataclasses import replace
from datetime import datetime

from gated.config import ScreenSection
from gated.core.model import Moment
from gated.core.text import Text
from gated.core.visit import Surroundings
from gated.errors import StoreError
from gated.gate.call_watch import Reach
from gated.gate.desks import Desks
from gated.gate.panel import panel_view
from gated.gate.policy_age import PolicyAge
from gated.gate.presenter import Presenter, Status
from gated.gate.shift_summary import SummaryBoard
from gated.screen.feed import Feed
from gated.screen.snapshot import LinkView, PanelView


class ScreenDesk:
    """Publishes a snapshot whenever the engine says that something changed."""

    def __init__(
        self,
        feed: Feed,
        presenter: Presenter,
        board: SummaryBoard,
        section: ScreenSection,
        rules: PolicyAge,
    ) -> None:
        self._feed = feed
        self.presenter = presenter
        self._board = board
        self._section = section
        self._rules = rules
        self._oldest = (0, 0)  # the oldest record the hub lacks: its seq, and when it was made

    def publish(self, desks: Desks, around: Surroundings, now: Moment) -> None:
        """The screens show how things are at this moment."""
        thermometer, modes = desks.thermometer, desks.modes
        status = Status(
            around.now,
            self._link(desks, now),
            direction=modes.direction,
            switches=modes.switches,
            too_cold=thermometer is not None and thermometer.too_cold,
            live="" if thermometer is None else thermometer.live(now.mono_ms),
            duty=desks.duty.duty,
            guard_name=desks.duty.name,
            log_in=desks.duty.guarded,
            message=desks.messages.text(now),
            standing=modes.standing,
            since=modes.clock(modes.standing.since_ms) if modes.standing else "",
            until=modes.clock(modes.standing.until_ms) if modes.standing else "",
            vehicle=desks.vehicles.view,
            card=desks.cards.view(self.presenter.visit, now),
            call=desks.watches.call(now, self._reach(desks)),
            round=desks.watches.round(now),
            tips=desks.messages.tips,
            panel=self._panel(around.now),
            roster=self._roster(desks, now),
            policy_days=self._rules.days(now),
            modes_stored=modes.stored,
        )
        self._feed.publish(self.presenter.snapshot(status, around, now.mono_ms))

    def post_summary(self, desks: Desks, now: Moment) -> None:
        """Whoever asks how the shift went is answered as of this moment."""
        on_duty = desks.duty.duty is not None
        backlog = desks.hub.link(now).backlog
        faults = self.presenter.failing()
        summary = desks.watches.summary(now, on_duty=on_duty, backlog=backlog, faults=faults)
        self._board.post(summary)

    def _panel(self, now: datetime) -> PanelView:
        return panel_view(self._section.diagonal_in, self._section.night, now)

    def _reach(self, desks: Desks) -> Reach:
        return Reach(desks.hub.acked, desks.hub.last_seq, desks.recorder.held)

    def _link(self, desks: Desks, now: Moment) -> LinkView:
        link = desks.hub.link(now)
        if not link.backlog:
            return link
        seq = desks.hub.acked + 1
        if self._oldest[0] != seq:
            self._oldest = (seq, _made_ms(desks, seq, now))
        return replace(link, oldest_s=max(0, now.utc_ms - self._oldest[1]) // 1000)

    def _roster(self, desks: Desks, now: Moment) -> Text:
        return self.presenter.roster_line(desks.hub.roster_rev, desks.hub.roster_made_h(now))


def _made_ms(desks: Desks, seq: int, now: Moment) -> int:
    """Return when this record was made, UTC; now when it cannot be read."""
    try:
        entry = next(desks.reader.entries(seq, seq + 1), None)
        return now.utc_ms if entry is None else int(entry.fields()["t"])
    except StoreError:  # told elsewhere
        return now.utc_ms
