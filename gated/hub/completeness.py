"""Which gates' records are not all here yet: asked wherever people draw conclusions from records.

A gate is complete up to now when it is online, was heard of within FRESH_MS and everything it
spoke of is stored and searchable. An offline gate is complete up to its last sign of life if
everything it spoke of then is here, else up to its newest stored record. Records it took later
lie on its card and come when it returns. What an earlier journal of the gate still lacks is
missing too: everything before the last searchable record of that journal is here. A gate that was
retired took none after that: it lacks something only for questions that reach into the time
between its last record here and its end.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Protocol

from sqlalchemy import Connection, RowMapping, Subquery, Table, literal, null, select

from gated.hub import ledger
from gated.hub.database import HubDatabase
from gated.hub.schema import CURSOR, GATE
from gated.hub.schema_records import GATE_LOG, GATE_SITE, PAPER, PASSAGE, PROJECTED

FRESH_MS: Final = 180_000
"""Gates report every minute; three missed reports say that nobody knows how the gate is."""


class SiteFacts(Protocol):
    """What is asked of a site here: its id, its list, hours between two disinfection rounds."""

    @property
    def id(self) -> str:
        """The site's id."""

    @property
    def roster(self) -> str:
        """Id of its list on the wire."""

    @property
    def round_h(self) -> int:
        """Hours between two disinfection rounds."""


class GateDesk(Protocol):
    """What is asked of an Office here; gates can be listed without any key."""

    @property
    def database(self) -> HubDatabase:
        """Where the gates' rows are."""

    @property
    def sites(self) -> Mapping[str, SiteFacts]:
        """Every site of the hub."""

    @property
    def utc_ms(self) -> Callable[[], int]:
        """Tells the time."""


@dataclass(frozen=True, slots=True)
class IncompleteGate:
    """A gate whose records may lack something.

    upto_ms: everything before this instant is here, UTC ms; None: nothing ever came. online: heard
    of lately. missing: records it spoke of that are not here or not searchable yet; 0 for a gate
    that is away and had sent everything when it left. retired_ms: when it was taken down; what is
    missing of such a gate will hardly come.
    """

    gate: str
    name: str
    upto_ms: int | None
    online: bool
    missing: int
    retired_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier epoch of a gate of which something is missing. missing: how many records."""

    epoch: str
    missing: int


@dataclass(frozen=True, slots=True)
class Standing:
    """How far the records of one gate are here. done: the last searchable seq of its epoch.

    retired_ms: since when it records nothing any more, None for a gate in use. earlier: its
    other epochs that are not all here.
    """

    gate: str
    name: str
    name_en: str
    epoch: str
    online: bool
    seen_ms: int
    last: int
    done: int
    retired_ms: int | None = None
    earlier: tuple[Earlier, ...] = ()

    @property
    def missing(self) -> int:
        """How many records of its present epoch the gate spoke of are not searchable here."""
        return max(self.last - self.done, 0)

    def fresh(self, now_ms: int) -> bool:
        """Return whether the gate is there: online, and heard of lately."""
        return self.online and now_ms - self.seen_ms < FRESH_MS


def incomplete(
    office: GateDesk,
    site: str,
    until_ms: int,
    now_ms: int,
    gate: str | None = None,
    *,
    start_ms: int = 0,
) -> list[IncompleteGate]:
    """Return the gates of a site whose records before until_ms are not all here, by id.

    until_ms: UTC, an instant after now means now. start_ms: nobody asks about the time before;
    gates that were retired by then are left out. gate: ask about this one only.
    """
    until_ms = min(until_ms, now_ms)
    with office.database.reading() as connection:
        found = [
            _judged(connection, standing, start_ms, until_ms, now_ms)
            for standing in standings(connection, office, site, gate)
            if standing.retired_ms is None or standing.retired_ms > start_ms
        ]
    return [one for one in found if one is not None]


def standings(
    connection: Connection, office: GateDesk, site: str, gate: str | None = None
) -> list[Standing]:
    """Return how far the records of every gate of the site are here, by id."""
    member = members(site, alone=len(office.sites) == 1)
    epoch = (CURSOR.c.gate == GATE.c.gate) & (CURSOR.c.epoch == GATE.c.epoch)
    projected = (PROJECTED.c.gate == GATE.c.gate) & (PROJECTED.c.epoch == GATE.c.epoch)
    query = (
        select(
            member.c.gate,
            member.c.name,
            member.c.name_en,
            member.c.retired_ms,
            GATE.c.epoch,
            GATE.c.online,
            GATE.c.seen_ms,
            GATE.c.last,
            CURSOR.c.upto,
            CURSOR.c.ranges,
            PROJECTED.c.upto.label("searchable"),
        )
        .select_from(
            member.outerjoin(GATE, GATE.c.gate == member.c.gate)
            .outerjoin(CURSOR, epoch)
            .outerjoin(PROJECTED, projected)
        )
        .order_by(member.c.gate)
    )
    if gate is not None:
        query = query.where(member.c.gate == gate)
    found = [_standing(row) for row in connection.execute(query).mappings()]
    behind = _earlier(connection, {one.gate: one.epoch for one in found})
    return [replace(one, earlier=tuple(behind.get(one.gate, ()))) for one in found]


def _earlier(connection: Connection, present: Mapping[str, str]) -> dict[str, list[Earlier]]:
    """Return the epochs other than the present one, by gate, of which something is missing."""
    same = (PROJECTED.c.gate == CURSOR.c.gate) & (PROJECTED.c.epoch == CURSOR.c.epoch)
    query = (
        select(CURSOR.c.gate, CURSOR.c.epoch, CURSOR.c.ranges, CURSOR.c.upto, PROJECTED.c.upto)
        .join_from(CURSOR, PROJECTED, same, isouter=True)
        .where(CURSOR.c.gate.in_(list(present)), CURSOR.c.epoch != PAPER)
        .order_by(CURSOR.c.gate, CURSOR.c.epoch)
    )
    found: dict[str, list[Earlier]] = {}
    for gate, epoch, ranges, upto, searchable in connection.execute(query):
        missing = _stored(ranges) - min(upto, searchable or 0)
        if epoch != present[gate] and missing > 0:
            found.setdefault(gate, []).append(Earlier(epoch, missing))
    return found


def gate_names(desk: GateDesk, site: str, *, english: bool = False) -> dict[str, str]:
    """Return what people call each gate of a site, retired ones too; the id when it has no name."""
    member = members(site, alone=len(desk.sites) == 1)
    query = select(member.c.gate, member.c.name, member.c.name_en).order_by(member.c.gate)
    with desk.database.reading() as connection:
        found = connection.execute(query).all()
    return {row.gate: (english and row.name_en) or row.name or row.gate for row in found}


def members(site: str | None, *, alone: bool = False) -> Subquery:
    """Return the gates of a site, retired ones too, as a query of columns of GATE_SITE.

    alone: the hub has this site only, so a gate that nobody assigned yet belongs to it. site
    None: the gates of every site, and those of none under the site "".
    """
    columns = GATE_SITE.c
    named = select(
        columns.gate,
        columns.site,
        columns.name,
        columns.name_en,
        columns.place,
        columns.cert_until_ms,
        columns.retired_ms,
    )
    if site is not None:
        named = named.where(columns.site == site)
        if not alone:
            return named.subquery("member")
    unnamed = select(
        GATE.c.gate,
        literal(site or "").label("site"),
        literal("").label("name"),
        literal("").label("name_en"),
        literal("").label("place"),
        null().label("cert_until_ms"),
        null().label("retired_ms"),
    ).where(GATE.c.gate.not_in(select(columns.gate)))
    return named.union_all(unnamed).subquery("member")


def _stored(ranges: str) -> int:
    """Return the highest seq that is stored."""
    return max((end - 1 for _, end in ledger.read(ranges)), default=0)


def _standing(row: RowMapping) -> Standing:
    return Standing(
        gate=row["gate"],
        name=row["name"],
        name_en=row["name_en"],
        epoch=row["epoch"] or "",
        online=bool(row["online"]),
        seen_ms=row["seen_ms"] or 0,
        last=max(row["last"] or 0, _stored(row["ranges"] or "[]")),
        done=min(row["upto"] or 0, row["searchable"] or 0),
        retired_ms=row["retired_ms"],
    )


def _judged(
    connection: Connection, standing: Standing, start_ms: int, until_ms: int, now_ms: int
) -> IncompleteGate | None:
    """Return what may be missing in start_ms <= t < until_ms, or None when nothing is."""
    fresh, retired_ms = standing.fresh(now_ms), standing.retired_ms
    if retired_ms is not None:
        until_ms = min(until_ms, retired_ms)
        if standing.seen_ms == 0:
            return None  # it never came, so there was nothing to send
    if standing.missing == 0 and standing.seen_ms > 0:
        upto_ms = now_ms if fresh else standing.seen_ms
    else:
        upto_ms = newest_stored(connection, standing) or 0
    missing = standing.missing
    for earlier in standing.earlier:
        newest_ms = _newest_of(connection, standing.gate, earlier.epoch)
        if not _ended_before(connection, standing, newest_ms, start_ms):
            upto_ms = min(upto_ms, newest_ms or 0)
            missing += earlier.missing
    if upto_ms >= until_ms and standing.seen_ms > 0:
        return None
    name = standing.name or standing.gate
    return IncompleteGate(standing.gate, name, upto_ms or None, fresh, missing, retired_ms)


def _ended_before(
    connection: Connection, standing: Standing, newest_ms: int | None, start_ms: int
) -> bool:
    """Return whether an earlier epoch, whose newest record is given, was over by start_ms.

    It was over when the present one began; unless a card was put back, and the present one is
    the older of the two.
    """
    began_ms = _newest_of(connection, standing.gate, standing.epoch, first=True)
    return began_ms is not None and (newest_ms or 0) < began_ms <= start_ms


def newest_stored(connection: Connection, standing: Standing) -> int | None:
    """Return when the newest searchable record of the gate was made, or None.

    Records come in order, so everything before it is here too. Only instants that are certain
    count; a gate whose current epoch has none yet is judged by its earlier ones.
    """
    newest_ms = _newest_of(connection, standing.gate, standing.epoch)
    return newest_ms if newest_ms is not None else _newest_of(connection, standing.gate, None)


def _newest_of(
    connection: Connection, gate: str, epoch: str | None, *, first: bool = False
) -> int | None:
    """Return the instant of the last (or first) certain record of an epoch, None: of any."""
    found = [_end_of(connection, table, gate, epoch, first=first) for table in (PASSAGE, GATE_LOG)]
    known = [t_ms for t_ms in found if t_ms is not None]
    if not known:
        return None
    return min(known) if first else max(known)


def _end_of(
    connection: Connection, table: Table, gate: str, epoch: str | None, *, first: bool
) -> int | None:
    columns = table.c
    query = select(columns.t_ms).where(columns.gate == gate, columns.certain)
    if epoch is not None:
        query = query.where(columns.epoch == epoch)
        query = query.order_by(columns.seq if first else columns.seq.desc())
    else:
        query = query.where(columns.epoch != PAPER).order_by(columns.t_ms.desc())
    return connection.execute(query.limit(1)).scalar_one_or_none()
