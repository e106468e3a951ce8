"""Which gate has which revision of the list, how far a gate is with fetching, since when behind."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, func, select

from gated.hub.completeness import members
from gated.hub.gates import list_rev, status_of
from gated.hub.office import Office, Site
from gated.hub.published import newest_manifest
from gated.hub.schema import GATE
from gated.hub.schema_register import PERSON


@dataclass(frozen=True, slots=True)
class GateState:
    """One gate. have, of: chunks fetched of how many, of 0 when nothing is being fetched.

    behind_ms: since when there has been something newer than it has, None when there is nothing.
    """

    gate: str
    name: str
    name_en: str
    online: bool
    rev: int
    have: int
    of: int
    behind_ms: int | None
    seen_ms: int


@dataclass(frozen=True, slots=True)
class State:
    """A site's list: the newest revision, people in it, when it was made, and its gates."""

    rev: int
    people: int
    made_ms: int
    gates: tuple[GateState, ...]

    @property
    def arrived(self) -> int:
        """How many gates have the newest revision."""
        return sum(gate.behind_ms is None for gate in self.gates)

    @property
    def complete(self) -> bool:
        """Whether every gate has it."""
        return self.arrived == len(self.gates)


class Rollout:
    """Reads what the gates say of their lists; any thread."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def of(self, site: Site) -> State:
        """Return where the site's list has arrived."""
        standing = (PERSON.c.site == site.id, PERSON.c.removed_ms.is_(None))
        count = select(func.count()).select_from(PERSON).where(*standing)
        with self._office.database.reading() as connection:
            newest = newest_manifest(connection, site.roster)
            rev, made_ms = (newest.rev, newest.made) if newest else (0, 0)
            gates = [
                self._gate(connection, site, row, rev, made_ms)
                for row in connection.execute(self._gates(site)).mappings()
            ]
            return State(rev, connection.execute(count).scalar_one(), made_ms, tuple(gates))

    def _gates(self, site: Site) -> Select[tuple[Any, ...]]:
        """Return the query of the site's gates, also of those that joined and never came.

        Retired gates are left out: nothing is rolled out to them.
        """
        member = members(site.id, alone=len(self._office.sites) == 1)
        told = (GATE.c.online, GATE.c.roster_rev, GATE.c.seen_ms, GATE.c.status)
        return (
            select(member.c.gate, member.c.name, member.c.name_en, *told)
            .join_from(member, GATE, GATE.c.gate == member.c.gate, isouter=True)
            .where(member.c.retired_ms.is_(None))
            .order_by(member.c.gate)
        )

    def _gate(
        self, connection: Connection, site: Site, row: RowMapping, newest: int, made_ms: int
    ) -> GateState:
        online, status = bool(row["online"]), status_of(row["status"] or "")
        rev = list_rev(status, row["roster_rev"] or 0, site.roster)
        fetching = status.fetching if online and status is not None else None
        have, of = (0, 0) if fetching is None else (fetching.have, fetching.n)
        behind_ms = None
        if rev < newest:
            changed = select(func.min(PERSON.c.changed_ms)).where(
                PERSON.c.site == site.id, PERSON.c.changed_rev > rev
            )
            behind_ms = connection.execute(changed).scalar_one_or_none() or made_ms
        return GateState(
            gate=row["gate"],
            name=row["name"] or row["gate"],
            name_en=row["name_en"] or row["name"] or row["gate"],
            online=online,
            rev=rev,
            have=have,
            of=of,
            behind_ms=behind_ms,
            seen_ms=row["seen_ms"] or 0,
        )
