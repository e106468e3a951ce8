"""The report of one day to the subdistrict: read from the tables, counted by pure parts.

    passages   daily_figures.py      who came, verdicts, fevers, refusals, guards
    gates      daily_gates.py        duty, disinfection rounds, faults
    people     daily_cases.py        open cases, arrivals, readings due

People are counted; nobody is named, masked or otherwise. Records that are not all here yet are
said to be missing, with the gates that still have them.
"""

import json
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

from sqlalchemy import Connection, and_, func, select

from gated.errors import GatedError
from gated.hub import daily_cases, daily_figures, daily_gates, person_rows
from gated.hub.audit import Action, Head
from gated.hub.completeness import IncompleteGate, Standing, incomplete, standings
from gated.hub.daily_cases import CaseCount, DueCount, History
from gated.hub.daily_figures import Row, Traffic, VisitRows
from gated.hub.daily_gates import Duty, FaultTime, LogRow, Rounds
from gated.hub.gates import Gates
from gated.hub.inbox_item import Kind
from gated.hub.local_time import day_bounds, local, local_day
from gated.hub.observation import LEAD_MS, WATCHED
from gated.hub.office import Office, Site
from gated.hub.person_file import FEVER_MC
from gated.hub.roles import Actor, Right
from gated.hub.schema_records import GATE_LOG, INBOX, LATE_ENTRY, PASSAGE
from gated.hub.schema_register import NOTE, PERSON, STATUS

HOUR_MS: Final = 3_600_000
EARLIEST: Final = date(2020, 1, 1)
MARGIN_MS: Final = HOUR_MS  # a visit's last row comes minutes after its first
LOOK_BACK_MS: Final = 31 * 24 * HOUR_MS  # a shift, round or fault told of longer ago tells nothing


class ReportRefused(GatedError, ValueError):
    """A report was not made. code: which sentence of the pages says why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Who came from elsewhere. registrations: sent by gates, by form; statuses: noted that day."""

    registrations: dict[str, int]
    statuses: dict[str, int]


@dataclass(frozen=True, slots=True)
class Report:
    """One local day of a site in figures. until_ms: its end, or when it was made. UTC ms.

    fever_readings: fevers that were written into files; typed_in: paper lines typed in that day;
    names: what people call each gate, zh and en; incomplete: gates whose records of the day are
    not all here; not_open: gates in a special mode and which, as they are when it is made. audit:
    the hub's audit before this report.
    """

    site: str
    day: date
    start_ms: int
    until_ms: int
    made_ms: int
    traffic: Traffic
    fever_readings: int
    arrivals: Arrivals
    cases: tuple[CaseCount, ...]
    released: int
    due: DueCount
    duty: tuple[Duty, ...]
    rounds: tuple[Rounds, ...]
    round_h: int
    faults: tuple[FaultTime, ...]
    typed_in: int
    names: dict[str, tuple[str, str]]
    incomplete: tuple[IncompleteGate, ...]
    not_open: tuple[tuple[str, str], ...]
    audit: Head

    @property
    def unstaffed(self) -> tuple[Duty, ...]:
        """Gates with a time at which nobody was on duty, whether people passed or not."""
        return tuple(one for one in self.duty if one.gaps)

    @property
    def over(self) -> bool:
        """Whether the day had ended when the report was made."""
        return self.until_ms < self.made_ms

    def as_json(self) -> dict[str, Any]:
        """Return the report as plain values; instants as ISO 8601 in UTC."""
        values: dict[str, Any] = _plain(asdict(self))
        audit = {"rows": self.audit.rows, "head": self.audit.hash.hex()}
        return values | {"day": self.day.isoformat(), "over": self.over, "audit": audit}


PURPOSE = "日报 daily report"  # why it is made; it names nobody, so nobody is asked for more


class DailyReport:
    """Makes reports; any thread."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def of(self, actor: Actor, day: date) -> Report:
        """Return the report of a local day of the actor's site; audited.

        Raises ReportRefused for who may not see it and for days without records.
        """
        if not actor.may(Right.SEE_REPORT):
            raise ReportRefused(
                "role",
                f"the role {actor.role.value} sees no report; ask the community officer",
            )
        site, now_ms = self._office.site(actor.site), self._office.utc_ms()
        if day > local_day(now_ms, site.zone):
            raise ReportRefused("future", f"{day} has not begun yet; choose today or a day before")
        if day < EARLIEST:
            raise ReportRefused("early", f"there are no records of {day}; choose a later day")
        report = self._made(site, day, day_bounds(site.zone, day), now_ms)
        self._office.audit.note(actor, Action.REPORT, target=f"report:{day}", reason=PURPOSE)
        return report

    def today(self, site: str) -> date:
        """Return the local day at a site."""
        return local_day(self._office.utc_ms(), self._office.site(site).zone)

    def _made(self, site: Site, day: date, bounds: tuple[int, int], now_ms: int) -> Report:
        start_ms, end_ms = bounds
        until_ms = min(end_ms, now_ms)
        missing = incomplete(self._office, site.id, until_ms, now_ms, start_ms=start_ms)
        with self._office.database.reading() as connection:
            known = standings(connection, self._office, site.id)
            used = {one.gate for one in known if (one.retired_ms or until_ms) > start_ms}
            gone = {one.gate for one in known} - used
            whole = _visits(connection, site.id, start_ms, until_ms)
            shifts, rounds, devices = (
                [row for row in _log(connection, site.id, kind, until_ms) if row.gate not in gone]
                for kind in ("shift", "round", "device")
            )
            history = _history(connection, site.id)
            due = _due(connection, site, history, bounds, now_ms)
            registrations = _registrations(connection, site.id, start_ms, until_ms)
            fevers, typed_in = _written(connection, site.id, start_ms, until_ms)
        at_gates = [one for one in whole if not one.first.late]
        return Report(
            site=site.id,
            day=day,
            start_ms=start_ms,
            until_ms=until_ms,
            made_ms=now_ms,
            traffic=daily_figures.traffic(whole, lambda ms: local(ms, site.zone).hour),
            fever_readings=fevers,
            arrivals=Arrivals(registrations, daily_cases.newly_set(history, start_ms, until_ms)),
            cases=daily_cases.cases(history, start_ms, until_ms),
            released=daily_cases.released(history, start_ms, until_ms),
            due=due,
            duty=daily_gates.duties(
                shifts,
                [(one.first.gate, one.first.t_ms) for one in at_gates],
                used,
                start_ms,
                until_ms,
                {one.gate: one.retired_ms for one in known if one.retired_ms is not None},
            ),
            rounds=daily_gates.rounds(rounds, used, site.round_h, start_ms, until_ms),
            round_h=site.round_h,
            faults=daily_gates.faults(devices, start_ms, until_ms),
            typed_in=typed_in,
            names={one.gate: _names(one) for one in known},
            incomplete=tuple(missing),
            not_open=tuple(
                (view.gate, view.mode)
                for view in Gates(self._office).of(site.id)
                if view.opening not in {"", "open"}
            ),
            audit=self._office.audit.head(),
        )


def _names(gate: Standing) -> tuple[str, str]:
    return gate.name or gate.gate, gate.name_en or gate.name or gate.gate


class _Reasons(dict[str, tuple[str, ...]]):
    """Lists of reasons by their stored text: the same few come again and again."""

    def __missing__(self, text: str) -> tuple[str, ...]:
        return self.setdefault(text, tuple(json.loads(text)))


def _visits(connection: Connection, site: str, start_ms: int, end_ms: int) -> list[VisitRows]:
    table = PASSAGE.c
    query = select(
        table.gate,
        table.epoch,
        table.seq,
        func.coalesce(table.of_seq, table.seq),  # root_of() as SQL; paper lines name no visit
        table.t_ms,
        table.certain,
        table.direction,
        table.person,
        table.verdict,
        table.reason,
        table.reasons,
        table.guard,
        table.guard_act,
        table.override,
        table.late,
        table.shadow,
    ).where(table.site == site, table.t_ms >= start_ms - MARGIN_MS, table.t_ms < end_ms + MARGIN_MS)
    known = _Reasons()
    rows = [
        Row._make((*found[:10], known[found[10]], *found[11:]))
        for found in connection.execute(query)
    ]
    return daily_figures.visits(rows, start_ms, end_ms)


def _log(connection: Connection, site: str, kind: str, end_ms: int) -> list[LogRow]:
    columns = GATE_LOG.c
    query = select(
        columns.gate,
        columns.epoch,
        columns.seq,
        columns.t_ms,
        columns.kind,
        columns.code,
        columns.state,
    ).where(
        columns.site == site,
        columns.kind == kind,
        columns.t_ms >= end_ms - LOOK_BACK_MS,
        columns.t_ms < end_ms,
    )
    return [LogRow(*found) for found in connection.execute(query)]


def _history(connection: Connection, site: str) -> History:
    """Return the statuses of everybody on the list who has one that the report is about."""
    columns = STATUS.c
    wanted = {*daily_cases.CASES, *daily_cases.ARRIVALS}
    here = and_(PERSON.c.site == columns.site, PERSON.c.ref == columns.ref)
    query = (
        select(columns.ref)
        .join(PERSON, here)
        .where(columns.site == site, columns.code.in_(sorted(wanted)))
        .where(PERSON.c.removed_ms.is_(None))
        .distinct()
    )
    refs = [ref for (ref,) in connection.execute(query)]
    return person_rows.statuses(connection, site, refs)


def _due(
    connection: Connection, site: Site, history: History, day: tuple[int, int], now_ms: int
) -> DueCount:
    start_ms, end_ms = day
    watched = [ref for ref, held in history.items() if any(item.code in WATCHED for item in held)]
    # a late reading counts until the next due time, which may be a day away
    latest = min(now_ms, end_ms + 24 * HOUR_MS)
    taken = person_rows.readings(connection, site.id, watched, start_ms - LEAD_MS, latest + 1)
    followed = {ref: history[ref] for ref in watched}
    return daily_cases.due(followed, taken, site.zone, site.reading_hours, day, now_ms)


def _registrations(connection: Connection, site: str, start_ms: int, end_ms: int) -> dict[str, int]:
    columns = INBOX.c
    query = (
        select(columns.code, func.count())
        .where(columns.site == site, columns.kind == Kind.REGISTRATION.value)
        .where(columns.t_ms >= start_ms, columns.t_ms < end_ms)
        .group_by(columns.code)
        .order_by(columns.code)
    )
    return {row[0]: row[1] for row in connection.execute(query)}


def _written(connection: Connection, site: str, start_ms: int, end_ms: int) -> tuple[int, int]:
    """Return how many fevers stand in files, and how many paper lines were typed in, that day."""
    fevers = select(func.count()).where(
        NOTE.c.site == site,
        NOTE.c.kind == person_rows.READING,
        NOTE.c.value_mc >= FEVER_MC,
        NOTE.c.t_ms >= start_ms,
        NOTE.c.t_ms < end_ms,
    )
    typed = select(func.count()).where(
        LATE_ENTRY.c.site == site,
        LATE_ENTRY.c.entered_ms >= start_ms,
        LATE_ENTRY.c.entered_ms < end_ms,
    )
    return connection.execute(fevers).scalar_one(), connection.execute(typed).scalar_one()


def _plain(value: Any) -> Any:
    """Return values that JSON knows; what ends in _ms and is an instant becomes ISO 8601."""
    if isinstance(value, dict):
        return {
            _named(key): _iso(inner) if _is_instant(key, inner) else _plain(inner)
            for key, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value


INSTANTS: Final = frozenset(
    {"start_ms", "end_ms", "until_ms", "made_ms", "t_ms", "last_ms", "upto_ms", "retired_ms"}
)


def _is_instant(key: str, value: Any) -> bool:
    return key in INSTANTS and isinstance(value, int)


def _named(key: str) -> str:
    return key.removesuffix("_ms") if key in INSTANTS else key


def _iso(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="seconds")
