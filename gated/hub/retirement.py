"""A gate that was taken down for good is retired: its records stay, nobody waits for more.

Retired gates are not listed among the others, get no orders and count for no roll-out. A trace or
report names one as incomplete only when it asks about the time between the gate's last record
here and its end (completeness.py). A gate that joins again by a new code is back by itself.
"""

from sqlalchemy import Connection, Row, select, update

from gated.errors import GatedError
from gated.hub.audit import Action
from gated.hub.commands import OPEN
from gated.hub.completeness import FRESH_MS
from gated.hub.office import Office
from gated.hub.roles import Actor, Right
from gated.hub.schema import GATE
from gated.hub.schema_office import COMMAND
from gated.hub.schema_records import GATE_SITE


class RetirementRefused(GatedError, ValueError):
    """A gate was not retired, or not taken back. code: which sentence of the pages says why."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def usual_end_ms(office: Office, gate: str) -> int:
    """Return since when a gate probably records nothing: its last sign of life, now if it lives."""
    now_ms = office.utc_ms()
    query = select(GATE.c.seen_ms, GATE.c.online).where(GATE.c.gate == gate)
    with office.database.reading() as connection:
        row = connection.execute(query).first()
    if row is None or not row.seen_ms:
        return now_ms
    return now_ms if row.online and now_ms - row.seen_ms < FRESH_MS else min(row.seen_ms, now_ms)


def retire(office: Office, actor: Actor, gate: str, reason: str, at_ms: int | None = None) -> int:
    """The gate is out of use since at_ms, audited; return when. Raises RetirementRefused.

    at_ms: UTC, not after now; None: its last sign of life, or now when it is there. Orders that
    wait for it are expired.
    """
    _check(actor, reason)
    end_ms = usual_end_ms(office, gate) if at_ms is None else at_ms
    if end_ms > office.utc_ms():
        raise RetirementRefused("future", "a gate is not retired ahead of time; correct it")
    with office.database.writing("retire a gate") as connection:
        if _row(connection, actor.site, gate).retired_ms is not None:
            raise RetirementRefused("already", f"gate {gate} is retired already; nothing was done")
        _set(connection, gate, end_ms)
        columns = COMMAND.c
        waiting = update(COMMAND).where(columns.gate == gate, columns.state.in_(OPEN))
        connection.execute(waiting.values(state="expired"))
        _note(office, actor, gate, reason, "retired", connection)
    return end_ms


def take_back(office: Office, actor: Actor, gate: str, reason: str) -> None:
    """The gate is in use again, audited. Raises RetirementRefused."""
    _check(actor, reason, "taking a gate back")
    with office.database.writing("take a gate back") as connection:
        if _row(connection, actor.site, gate).retired_ms is None:
            raise RetirementRefused("in_use", f"gate {gate} is in use; nothing was done")
        _set(connection, gate, None)
        _note(office, actor, gate, reason, "taken back", connection)


def _check(actor: Actor, reason: str, doing: str = "retiring a gate") -> None:
    if not actor.may(Right.ENROL_GATE):
        raise RetirementRefused(
            "right", f"an account of role {actor.role.value} cannot retire gates or take them back"
        )
    if not reason.strip():
        raise RetirementRefused("reason", f"{doing} needs its reason; say what happened")


def _row(connection: Connection, site: str, gate: str) -> Row[tuple[int | None]]:
    """Return the gate's row, held until the transaction ends. Raises RetirementRefused."""
    columns = GATE_SITE.c
    query = select(columns.retired_ms).where(columns.gate == gate, columns.site == site)
    row = connection.execute(query.with_for_update()).first()
    if row is None:
        raise RetirementRefused(
            "missing", f"site {site} has no gate {gate}; gated hub gates lists them"
        )
    return row


def _set(connection: Connection, gate: str, at_ms: int | None) -> None:
    connection.execute(update(GATE_SITE).where(GATE_SITE.c.gate == gate).values(retired_ms=at_ms))


def _note(
    office: Office, actor: Actor, gate: str, reason: str, result: str, connection: Connection
) -> None:
    office.audit.note(
        actor,
        Action.CHANGE,
        target=gate,
        reason=reason.strip(),
        result=result,
        connection=connection,
    )
