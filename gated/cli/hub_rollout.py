"""`gated hub rollout`: which gate has which list, how far the others are."""

import json
import threading
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from gated.cli.hub_office import HubConfigOption, SiteOption, command_actor, opened_office
from gated.cli.outcome import EXIT_NOT, shown_age

if TYPE_CHECKING:
    from gated.hub.rollout import State

LOOK_S: Final = 0.2


def rollout(
    *,
    site: SiteOption = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    wait: Annotated[
        float, typer.Option("--wait", min=0, help="Wait so many seconds for every gate.")
    ] = 0.0,
    config: HubConfigOption = None,
) -> None:
    """Which gate has which list; exit 1 when not every gate has the newest one."""
    with opened_office(config) as office:
        from gated.hub.rollout import Rollout

        here, reader = office.site(command_actor(office, site).site), Rollout(office)
        deadline_s, pause = time.monotonic() + wait, threading.Event()
        state = reader.of(here)
        while not state.complete and time.monotonic() < deadline_s:
            pause.wait(LOOK_S)
            state = reader.of(here)
        found = rows(state, office.utc_ms())
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
    else:
        _print(found)
    if not state.complete:
        raise typer.Exit(EXIT_NOT)


def rows(state: "State", now_ms: int) -> dict[str, Any]:
    """Return the state as the command prints it; times as seconds ago."""

    def ago(ms: int | None) -> int | None:
        return None if not ms else max(0, now_ms - ms) // 1000

    gates = []
    for gate in state.gates:
        values = asdict(gate)
        values["behind_s"] = ago(values.pop("behind_ms"))
        values["seen_s_ago"] = ago(values.pop("seen_ms"))
        gates.append(values)
    return {
        "rev": state.rev,
        "people": state.people,
        "arrived": state.arrived,
        "complete": state.complete,
        "gates": gates,
    }


def _print(found: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("gate", "online", "revision", "behind for", "fetching", "seen")
    for gate in found["gates"]:
        behind, seen = gate["behind_s"], gate["seen_s_ago"]
        table.add_row(
            gate["gate"],
            "yes" if gate["online"] else "no",
            str(gate["rev"]),
            "" if behind is None else shown_age(behind),
            f"{gate['have']} of {gate['of']}" if gate["of"] else "",
            "never" if seen is None else f"{shown_age(seen)} ago",
        )
    arrived = f"{found['arrived']} of {len(found['gates'])} gates have it"
    print(f"revision {found['rev']}, {found['people']} people: {arrived}")
    Console().print(table)
