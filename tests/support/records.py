"""Passages and gates planted straight into the hub's tables, as the projector would have."""

import itertools
import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, insert

from gated.hub import schema as tables
from gated.hub.office import Office
from gated.hub.schema_records import GATE_LOG, GATE_SITE, PASSAGE, PROJECTED

EPOCH = "00ff00ff00ff00ff"
BOOT = "boot-1"
_numbers = itertools.count(1)

Key = tuple[str, str, int]


def passage_values(
    *,
    gate: str,
    t_ms: int,
    person: bytes | None = None,
    household: bytes | None = None,
    direction: str = "in",
    verdict: str = "ALLOW",
    reason: str = "OK_RESIDENT",
    site: str = "east",
    certain: bool = True,
    lo_ms: int | None = None,
    hi_ms: int | None = None,
    temp_mc: int | None = None,
    reasons: Sequence[str] = (),
    epoch: str = EPOCH,
    seq: int | None = None,
    **more: Any,
) -> dict[str, Any]:
    """Return the columns of one passage row. more: any other column of it.

    seq left out: a number nobody else has. A visit of its own unless `of_seq` is given.
    """
    number = next(_numbers) if seq is None else seq
    return {
        "gate": gate,
        "epoch": epoch,
        "seq": number,
        "site": site,
        "t_ms": t_ms,
        "lo_ms": t_ms if lo_ms is None else lo_ms,
        "hi_ms": t_ms if hi_ms is None else hi_ms,
        "certain": certain,
        "boot": BOOT,
        "mono_ms": t_ms % 1_000_000_000,
        "clock": 2 if certain else 0,
        "direction": direction,
        "person": person,
        "household": household,
        "category": "unknown" if person is None else "resident",
        "credential": "none" if person is None else "id_card",
        "verdict": verdict,
        "reason": reason,
        "reasons": json.dumps(list(reasons) or [reason]),
        "temp_state": "none" if temp_mc is None else "normal",
        "temp_mc": temp_mc,
        "visit": more.get("of_seq") or number,
        "of_seq": None,
        "guard": "",
        "guard_act": "",
        "override": "",
        "lane": "",
        "late": False,
        "shadow": False,
        "received_ms": t_ms + 1_000,
    } | more


def plant(office: Office, *, gate: str, t_ms: int, **values: Any) -> Key:
    """One passage is in the hub's table; return its key. values: as of passage_values."""
    row = passage_values(gate=gate, t_ms=t_ms, **values)
    with office.database.writing("plant a passage") as connection:
        connection.execute(insert(PASSAGE).values(**row))
    return row["gate"], row["epoch"], row["seq"]


def plant_log(
    office: Office,
    *,
    gate: str,
    t_ms: int,
    kind: str,
    site: str = "east",
    epoch: str = EPOCH,
    **values: Any,
) -> Key:
    """One event that is no passage is in the hub's table; return its key.

    values: other columns; `fields` as a dictionary.
    """
    row = {"seq": next(_numbers), "certain": True} | values
    row["fields"] = json.dumps(row.get("fields", {}))
    row |= {"gate": gate, "epoch": epoch, "site": site, "t_ms": t_ms, "kind": kind}
    with office.database.writing("plant an event") as connection:
        connection.execute(insert(GATE_LOG).values(**row))
    return gate, epoch, int(row["seq"])


def plant_gate(
    office: Office,
    gate: str,
    site: str = "east",
    *,
    online: bool = True,
    seen_ms: int = 0,
    last: int = 0,
    upto: int = 0,
    epoch: str = EPOCH,
    **more: Any,
) -> None:
    """The hub knows the gate, its site and how far its events came; repeated: as said last.

    last: highest seq the gate spoke of; upto: what the hub holds without a gap. more: other
    columns of table gate; `name`, `name_en` and `place` are those of the gate's site row.
    """
    names = {key: more.pop(key) for key in ("name", "name_en", "place") if key in more}
    values = {"online": online, "seen_ms": seen_ms, "last": last, "epoch": epoch} | more
    ranges = json.dumps([[1, upto + 1]] if upto else [])
    with office.database.writing("plant a gate") as connection:
        for table in (tables.GATE, tables.CURSOR, PROJECTED, GATE_SITE):
            connection.execute(delete(table).where(table.c.gate == gate))
        connection.execute(insert(tables.GATE).values(gate=gate, **values))
        connection.execute(
            insert(tables.CURSOR).values(
                gate=gate, epoch=epoch, ranges=ranges, upto=upto, head=bytes(32)
            )
        )
        connection.execute(insert(PROJECTED).values(gate=gate, epoch=epoch, upto=upto))
        connection.execute(
            insert(GATE_SITE).values(gate=gate, site=site, since_ms=seen_ms, **names)
        )
