"""What is looked after once a second, whoever stands at the gate. Engine thread only."""

from datetime import date
from zoneinfo import ZoneInfo

from gated.core.facts import Policy
from gated.core.model import ClockState, Moment
from gated.errors import StoreError
from gated.gate.desks import Desks
from gated.gate.faults import Faults
from gated.gate.health import Health, note_power
from gated.gate.presenter import Presenter
from gated.gate.resolver import local
from gated.gate.vehicle_desk import left_standing
from gated.log import logger

_log = logger("engine")


class Housekeeping:
    """Keeps the desks of one gate in step with the time, the card and each other."""

    def __init__(self, desks: Desks, health: Health, timezone: ZoneInfo) -> None:
        self._desks = desks
        self._health = health
        self._timezone = timezone
        self.faults = Faults(health, desks.recorder, desks.hub.folder)

    def begin(self, presenter: Presenter, now: Moment) -> None:
        """What was before the restart is known again, and whoever was on duty still is."""
        desks = self._desks
        try:
            presenter.passages.warm(desks.reader)
            desks.watches.warm(desks.reader)
            standing = left_standing(desks.reader)
            if standing is not None:
                desks.recorder.event("vehicle", standing, now)
        except StoreError as error:  # guards do without; a damaged journal is told elsewhere
            _log.warning("engine.no_look_back", problem=str(error))
        desks.duty.restore(now)
        self.take_over()
        if desks.hub.unclean_start:
            desks.recorder.device("DEV_UNCLEAN_START", "since", "storage", now)

    def tick(self, policy: Policy, now: Moment) -> None:
        """A second has passed: what is held is written, what is over ends, what failed is said."""
        desks, faults = self._desks, self.faults
        desks.recorder.retry()
        faults.clock(now)
        if desks.thermometer is not None:
            desks.thermometer.note_calibration(self._health, self.today(now), now)
            drifting = desks.thermometer.drifting
            faults.note("DEV_THERMO_DRIFT", "thermometer", now, failing=drifting)
        note_power(self._health)
        try:
            desks.retention.step(now)
        except StoreError as error:
            _log.error("retention.failed", problem=str(error))
        desks.resolver.roster = desks.hub.roster_of_the_moment(now)
        age_h = desks.hub.roster_age_h(now)
        stale = age_h is not None and age_h >= policy.roster_degrade_h
        faults.note("DEV_ROSTER_STALE", "roster", now, failing=stale)
        desks.duty.tick(now)
        desks.modes.tick(now)
        faults.storage(desks.recorder.held, now, modes_stored=desks.modes.stored)
        if desks.vehicles.forgotten(now):
            desks.recorder.event("vehicle", {"act": "abandon", "by": "time"}, now)
        self.take_over()
        desks.hub.tick(now)

    def take_over(self) -> None:
        """What a guard changed counts for the other desks as well."""
        desks = self._desks
        desks.hub.guard = desks.duty.guard
        desks.hub.mode = desks.modes.told
        desks.resolver.direction = desks.modes.direction

    def today(self, now: Moment) -> date | None:
        """Return the site's date, or None while nobody vouches for it."""
        return None if now.clock is ClockState.UNSURE else local(now, self._timezone).date()
