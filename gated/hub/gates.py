"""How every gate is, as the office sees it: link, backlog, list, faults, clock, duty, rounds.

A gate that said goodbye (or whose broker did) is offline; one that says nothing for three minutes
is unknown, whatever was said last. What an offline gate still holds is not known. Gates that were
retired are listed apart (retirement.py).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from sqlalchemy import Connection, ScalarSelect, select, update
from sqlalchemy.engine import RowMapping

from gated.contract.messages import Fetching, Status
from gated.errors import ContractError, GatedError
from gated.hub import ledger
from gated.hub.audit import Action
from gated.hub.completeness import FRESH_MS, GateDesk, members
from gated.hub.office import Office
from gated.hub.published import newest_rev
from gated.hub.roles import Actor, Right
from gated.hub.schema import CURSOR, GATE
from gated.hub.schema_records import GATE_LOG, GATE_SITE, PASSAGE

NAME_MAX: Final = 32
HOUR_MS: Final = 3_600_000
CERTIFICATE_WARN_MS: Final = 30 * 24 * HOUR_MS
"""How long before its end a gate's certificate is worth a word."""

Link = Literal["online", "offline", "unknown", "never"]
Clock = Literal["synced", "holdover", "unsure", ""]
Duty = Literal["on", "off", "unreported"]
NORMAL: Final = "normal"
"""The mode of a gate at which people pass as usual."""
HELD_OPEN: Final = "held_open"
_MODE_WORDS: Final = {"open": HELD_OPEN}  # `open` is what the pages call a gate in its normal mode
_CLOCKS: Final[tuple[Clock, ...]] = ("unsure", "holdover", "synced")


class RenameRefused(GatedError, ValueError):
    """A gate cannot be renamed so: too long, not printable, or no gate of the site."""


@dataclass(frozen=True, slots=True)
class GateView:
    """One gate. Times are UTC ms; None: never, or not known.

    stored: everything up to this seq is at the hub; waiting: events it spoke of that are not,
    None for a gate that left. oldest_s: age of the oldest waiting one. fetching: how far the next
    list is. owed: records it spoke of that are not here, also of a gate that left. faults: parts
    that fail. mode: as the gate said last, "" when it never did. guard: staff number on duty.
    place: shared with the other lanes of the same gate, "" for a gate of its own.
    certificate_until_ms: None for a gate that has none of ours. retired_ms: since when it is out
    of use.
    """

    gate: str
    site: str
    name: str
    name_en: str
    place: str
    link: Link
    seen_ms: int | None
    stored: int
    waiting: int | None
    oldest_s: int
    roster_rev: int
    newest_rev: int
    fetching: Fetching | None
    software: str
    faults: tuple[str, ...]
    clock: Clock
    mode: str
    duty: Duty
    guard: str
    last_passage_ms: int | None
    round_ms: int | None
    round_overdue: bool
    certificate_until_ms: int | None
    certificate_ends: bool
    owed: int = 0
    retired_ms: int | None = None

    @property
    def opening(self) -> str:
        """Return `open`, or the special mode the gate is in, or "" when nobody knows."""
        if self.mode not in {"", NORMAL}:
            return self.mode
        return "open" if self.mode == NORMAL and self.link == "online" else ""

    @property
    def behind(self) -> bool:
        """Return whether the newest list is not there yet."""
        return self.roster_rev < self.newest_rev

    @property
    def tone(self) -> Literal["ok", "warn", "stop"]:
        """Return how urgently somebody should look: colour, shape and word follow it."""
        if self.link != "online":
            return "stop"
        troubled = self.faults or self.clock == "unsure" or self.round_overdue
        late = bool(self.waiting) or self.behind or self.certificate_ends
        closed = self.opening not in {"", "open"}
        return "warn" if troubled or late or closed else "ok"


@dataclass(frozen=True, slots=True)
class RollOut:
    """How far the newest list of a site is. done: gates that have it."""

    rev: int
    done: int
    gates: int


class Gates:
    """Shows the gates; any thread. An Office is a GateDesk."""

    def __init__(self, desk: GateDesk) -> None:
        self._desk = desk

    def of(self, site: str) -> list[GateView]:
        """Return every gate of a site that is in use, by id."""
        return self._views(site, retired=False)

    def retired(self, site: str) -> list[GateView]:
        """Return the gates of a site that were taken out of use, by id."""
        return self._views(site, retired=True)

    def one(self, site: str, gate: str) -> GateView | None:
        """Return a gate of the site, retired or not, None when it has none of this name."""
        views = self._views(site, retired=None)
        return next((view for view in views if view.gate == gate), None)

    def everywhere(self, *, retired: bool = False) -> list[GateView]:
        """Return every gate the hub ever heard of; site "" for one that nobody assigned yet.

        retired: those that were taken out of use instead.
        """
        alone = next(iter(self._desk.sites)) if len(self._desk.sites) == 1 else None
        return self._views(alone, retired=retired)

    def _views(self, site: str | None, *, retired: bool | None) -> list[GateView]:
        now_ms = self._desk.utc_ms()
        with self._desk.database.reading() as connection:
            newest = {
                one.id: newest_rev(connection, one.roster) for one in self._desk.sites.values()
            }
            rows = _rows(connection, site, alone=len(self._desk.sites) == 1)
        return [
            self._view(row, newest, now_ms)
            for row in rows
            if retired in {None, row["retired_ms"] is not None}
        ]

    def _view(self, row: RowMapping, newest: Mapping[str, int], now_ms: int) -> GateView:
        facts = self._desk.sites.get(row["site"])
        status = status_of(row["status"] or "")
        link = _link(row, now_ms)
        ranges = ledger.read(row["ranges"] or "[]")
        last = max([row["last"] or 0, *(end - 1 for _, end in ranges)])
        stored = row["upto"] or 0
        reported = row["roster_rev"] or 0
        duty, guard = _duty(row, status if link == "online" else None)
        round_h = 0 if facts is None else facts.round_h
        until_ms = row["cert_until_ms"]
        return GateView(
            gate=row["gate"],
            site=row["site"],
            name=row["name"] or row["gate"],
            name_en=row["name_en"] or row["name"] or row["gate"],
            place=row["place"],
            link=link,
            seen_ms=row["seen_ms"] or None,
            stored=stored,
            waiting=max(last - stored, 0) if link in {"online", "unknown"} else None,
            oldest_s=0 if status is None or link != "online" else status.oldest_s,
            roster_rev=reported if facts is None else list_rev(status, reported, facts.roster),
            newest_rev=newest.get(row["site"], 0),
            fetching=None if status is None or link != "online" else status.fetching,
            software=row["software"] or "",
            faults=() if status is None else status.faults,
            clock="" if status is None else _CLOCKS[status.q],
            mode="" if status is None else _MODE_WORDS.get(status.mode, status.mode),
            duty=duty,
            guard=guard,
            last_passage_ms=row["last_passage_ms"],
            round_ms=row["round_ms"],
            round_overdue=bool(row["round_ms"] and row["round_ms"] + round_h * HOUR_MS < now_ms),
            certificate_until_ms=until_ms,
            certificate_ends=until_ms is not None and until_ms - now_ms < CERTIFICATE_WARN_MS,
            owed=max(last - stored, 0),
            retired_ms=row["retired_ms"],
        )


def roll_out(views: list[GateView]) -> RollOut:
    """Return how many of these gates (of one site) have the newest list."""
    newest = max((view.newest_rev for view in views), default=0)
    return RollOut(newest, sum(not view.behind for view in views), len(views))


def rename(
    office: Office, actor: Actor, gate: str, name: str, name_en: str, place: str = ""
) -> None:
    """The pages call the gate so from now on; audited. Raises RenameRefused.

    place: where it stands; gates of one place are lanes of one gate, and who passes one of them
    has been near whoever passes another. "" when it shares its place with none.
    """
    names = [" ".join(text.split()) for text in (name, name_en, place)]
    if any(len(text) > NAME_MAX or not (text == "" or text.isprintable()) for text in names):
        raise RenameRefused(f"a gate's name has at most {NAME_MAX} characters; shorten it")
    if not actor.may(Right.NAME_GATE):
        raise RenameRefused(f"an account of role {actor.role.value} cannot rename gates")
    columns = GATE_SITE.c
    with office.database.writing("rename a gate") as connection:
        query = update(GATE_SITE).where(columns.gate == gate, columns.site == actor.site)
        done = connection.execute(query.values(name=names[0], name_en=names[1], place=names[2]))
        if done.rowcount == 0:
            raise RenameRefused(f"site {actor.site} has no gate {gate}; gated hub gates lists them")
        office.audit.note(
            actor, Action.CHANGE, target=gate, result="renamed", connection=connection
        )


def _rows(connection: Connection, site: str | None, *, alone: bool) -> list[RowMapping]:
    """Return everything about the gates in one look, however many there are."""
    member = members(site, alone=alone)
    of_epoch = (CURSOR.c.gate == GATE.c.gate) & (CURSOR.c.epoch == GATE.c.epoch)
    passed = (
        select(PASSAGE.c.t_ms)
        .where(PASSAGE.c.gate == member.c.gate, PASSAGE.c.late.is_(False))
        .order_by(PASSAGE.c.t_ms.desc())
        .limit(1)
        .scalar_subquery()
    )

    def newest(kind: str, column: str) -> ScalarSelect[object]:
        log = GATE_LOG.c
        query = select(log[column]).where(log.gate == member.c.gate, log.kind == kind)
        return query.order_by(log.t_ms.desc()).limit(1).scalar_subquery()

    query = (
        select(
            member,
            GATE.c.online,
            GATE.c.seen_ms,
            GATE.c.last,
            GATE.c.roster_rev,
            GATE.c.software,
            GATE.c.status,
            CURSOR.c.upto,
            CURSOR.c.ranges,
            passed.label("last_passage_ms"),
            newest("round", "t_ms").label("round_ms"),
            newest("shift", "state").label("shift_act"),
            newest("shift", "fields").label("shift_fields"),
        )
        .select_from(
            member.outerjoin(GATE, GATE.c.gate == member.c.gate).outerjoin(CURSOR, of_epoch)
        )
        .order_by(member.c.gate)
    )
    return list(connection.execute(query).mappings())


def _link(row: RowMapping, now_ms: int) -> Link:
    if not row["seen_ms"]:
        return "never"
    if not row["online"]:
        return "offline"
    return "online" if now_ms - row["seen_ms"] < FRESH_MS else "unknown"


def status_of(text: str) -> Status | None:
    """Return the status a gate said last, as it is stored; None when there is none to be read."""
    try:
        return Status.decode(text.encode()) if text else None
    except ContractError:
        return None  # an older hub stored it; the gate tells a new one within a minute


def list_rev(status: Status | None, reported: int, roster: str) -> int:
    """Return which revision of this list a gate has; 0 when it has other lists only.

    reported: the highest revision it spoke of, of whichever list.
    """
    return reported if status is None or not status.roster else status.roster.get(roster, 0)


def _duty(row: RowMapping, status: Status | None) -> tuple[Duty, str]:
    """Return who is on duty: what the gate says now, else what it recorded last."""
    if status is not None and status.guard:
        return "on", status.guard
    if row["shift_act"] != "begin":
        return ("off" if row["shift_act"] == "end" else "unreported"), ""
    guard = json.loads(row["shift_fields"]).get("guard", "")
    return "on", guard if isinstance(guard, str) else ""
