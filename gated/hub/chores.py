"""What the hub does by itself once an hour or once a day, beside making events searchable.

| when | what |
|---|---|
| hourly | statuses nobody ended lie in the inbox: status_alarm.py |
| hourly | lists that would end go out again: renewal.py |
| daily, and at each start | the log names the audit's head, so that rows cut off later are missed |

Several workers may do the same: each chore finds what is done already.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Final

from gated.hub.office import Office
from gated.hub.renewal import renew_lists
from gated.hub.status_alarm import raise_status_alarms
from gated.log import logger

EVERY_MS: Final = 3_600_000

_log = logger("hub")


class Chores:
    """Does them when they are due; one thread. clock_ms: monotonic."""

    def __init__(self, office: Office, clock_ms: Callable[[], int]) -> None:
        self._office = office
        self._clock_ms = clock_ms
        self._due_ms = clock_ms()
        self._told: date | None = None

    def turn(self) -> None:
        """What is due is done. Raises StoreError; it is then due again at once."""
        if self._clock_ms() < self._due_ms:
            return
        raise_status_alarms(self._office)
        renew_lists(self._office)
        self._tell_head()
        self._due_ms = self._clock_ms() + EVERY_MS

    def _tell_head(self) -> None:
        today = datetime.fromtimestamp(self._office.utc_ms() / 1000, UTC).date()
        if today != self._told:
            head = self._office.audit.head()
            _log.info("audit.head", rows=head.rows, head=head.hash.hex())
            self._told = today
