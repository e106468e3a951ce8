"""What a gate recorded besides passages, newest first, as far as a role may read it.

Alarms about duress and the reasons of calls about somebody's health are for who may see alerts.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import and_, not_, select

from gated.core.reports import CHECKLIST
from gated.hub.inbox_item import CALLS_OF_HEALTH, DURESS, UNSAID
from gated.hub.office import Office
from gated.hub.roles import Actor, Right
from gated.hub.schema_records import GATE_LOG

LISTED: Final = 30
_QUIET: Final = frozenset({"command_result", "follow_up"})  # told beside the order or the passage


@dataclass(frozen=True, slots=True)
class LogRow:
    """One line of a gate's log. t_ms: when, certain or not; code: what `kind` is about.

    state: of a device `since` or `cleared`, of a shift `begin` or `end`.
    """

    t_ms: int
    certain: bool
    kind: str
    code: str
    state: str
    fields: Mapping[str, Any]

    def word(self, name: str) -> str:
        """Return a field as text, "" when it is none."""
        value = self.fields.get(name)
        return value if isinstance(value, str) else ""

    def number(self, name: str) -> int | None:
        """Return a field as a number, None when it is none."""
        value = self.fields.get(name)
        return value if type(value) is int else None

    @property
    def not_in_order(self) -> tuple[str, ...]:
        """Points of the hand-over's checklist that were not ticked; none when nobody looked."""
        checked = self.fields.get("checked")
        if not isinstance(checked, list):
            return ()
        return tuple(point for point in CHECKLIST if point not in checked)


class GateLog:
    """Reads the logs of gates; any thread."""

    def __init__(self, office: Office) -> None:
        self._office = office

    def newest(self, actor: Actor, gate: str, limit: int = LISTED) -> list[LogRow]:
        """Return the newest lines of a gate of the actor's site, newest first."""
        columns = GATE_LOG.c
        query = select(
            columns.t_ms, columns.certain, columns.kind, columns.code, columns.state, columns.fields
        ).where(
            columns.site == actor.site, columns.gate == gate, columns.kind.not_in(sorted(_QUIET))
        )
        sees_all = actor.may(Right.SEE_ALERTS)
        if not sees_all:
            query = query.where(not_(and_(columns.kind == "alert", columns.code == DURESS)))
        newest = query.order_by(columns.t_ms.desc(), columns.epoch.desc(), columns.seq.desc())
        with self._office.database.reading() as connection:
            rows = connection.execute(newest.limit(limit)).all()
        return [
            LogRow(
                row.t_ms,
                row.certain,
                row.kind,
                row.code if sees_all else _seen(row.kind, row.code),
                row.state,
                json.loads(row.fields),
            )
            for row in rows
        ]


def _seen(kind: str, code: str) -> str:
    return UNSAID if kind == "call" and code in CALLS_OF_HEALTH else code
