"""What clock and calendar at a site say of an instant: pure. Instants are UTC ms."""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo


def local(ms: int, zone: ZoneInfo) -> datetime:
    """Return the local time of an instant, aware."""
    return datetime.fromtimestamp(ms / 1000, zone)


def local_day(ms: int, zone: ZoneInfo) -> date:
    """Return the local day of an instant."""
    return local(ms, zone).date()


def minute(ms: int, zone: ZoneInfo) -> str:
    """Return an instant as people read it: 2020-02-10 09:05."""
    return f"{local(ms, zone):%Y-%m-%d %H:%M}"


def form_time(ms: int, zone: ZoneInfo) -> str:
    """Return an instant as a form's field of local time holds it: 2020-02-10T09:05."""
    return f"{local(ms, zone):%Y-%m-%dT%H:%M}"


def instant(day: date, hour: int, zone: ZoneInfo) -> int:
    """Return when this local hour begins.

    One that the clocks jump over is read as if they had not: the first such is the jump itself.
    """
    return round(datetime.combine(day, time(hour), zone).timestamp() * 1000)


def day_bounds(zone: ZoneInfo, day: date) -> tuple[int, int]:
    """Return when a local day begins and when the next one does."""
    return instant(day, 0, zone), instant(day + timedelta(days=1), 0, zone)
