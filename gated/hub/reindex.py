"""Makes everything searchable again from the events; answers in the inbox stay."""

from collections.abc import Callable

from sqlalchemy import func, select

from gated.hub.office import Office
from gated.hub.projection import Projection
from gated.hub.projector import Projector
from gated.hub.schema import CURSOR


def events_stored(office: Office) -> int:
    """Return how many events a reindex will read."""
    with office.database.reading() as connection:
        return int(connection.execute(select(func.sum(CURSOR.c.upto))).scalar_one() or 0)


def reindex(office: Office, each: Callable[[int], None] = lambda _events: None) -> int:
    """Every row is made again from its event; return how many events were read.

    Rows stay searchable until theirs is made again. Safe beside a running hub: both take turns.
    each: told how many after every group. Raises StoreError; start it again then.
    """
    Projection(office).forget()
    return Projector(office).catch_up(each)
