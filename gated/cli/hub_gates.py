"""`gated hub gates`: every gate ever heard of and how it is. Needs no keys, only the database."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gated.cli.hub_office import HubConfigOption, known_site
from gated.cli.outcome import configured, shown_age

if TYPE_CHECKING:
    from gated.config import SiteSection
    from gated.hub.database import HubDatabase
    from gated.hub.gates import GateView


@dataclass(frozen=True, slots=True)
class _Desk:
    """An office without keys."""

    database: "HubDatabase"
    sites: "Mapping[str, SiteSection]"
    utc_ms: Callable[[], int]


def gates(
    config: HubConfigOption = None,
    site: Annotated[str, typer.Option("--site", help="Only this site's; left out: all.")] = "",
    *,
    retired: Annotated[
        bool, typer.Option("--retired", help="The gates that were taken out of use instead.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Every gate in use: online, open, backlog, list, faults, clock, duty, last seen."""
    import time
    from contextlib import closing

    from gated.config import load_hub
    from gated.hub.database import HubDatabase
    from gated.hub.gates import Gates

    with configured():
        settings = load_hub(config)
        sites = {section.id: section for section in settings.sites}
        if site:
            known_site(site, sites)
        with closing(HubDatabase(settings.store.url)) as database:
            now_ms = time.time_ns() // 1_000_000
            found = Gates(_Desk(database, sites, lambda: now_ms))
            if site:
                views = found.retired(site) if retired else found.of(site)
            else:
                views = found.everywhere(retired=retired)
    rows = [gate_row(view, now_ms) for view in views]
    if as_json:
        print(json.dumps(rows, ensure_ascii=False))
    elif rows or retired:
        _print_table(rows)
    else:
        print("no gate yet: `gated hub enrol` makes a code for one")


def gate_row(view: "GateView", now_ms: int) -> dict[str, Any]:
    """Return what programs are told of a gate; times as seconds ago, null for never."""

    def ago(ms: int | None) -> int | None:
        return None if ms is None else max(0, now_ms - ms) // 1000

    fetching = view.fetching
    return {
        "gate": view.gate,
        "site": view.site,
        "name": view.name,
        "online": view.link in {"online", "unknown"},  # what it said last; `link` knows its age
        "link": view.link,
        "last_seq": view.stored,
        "backlog": view.waiting,
        "oldest_s": view.oldest_s,
        "roster_rev": view.roster_rev,
        "newest_rev": view.newest_rev,
        "fetching": None if fetching is None else fetching.model_dump(),
        "seen_s_ago": ago(view.seen_ms),
        "software": view.software,
        "faults": list(view.faults),
        "clock": view.clock,
        "mode": view.mode,
        "opening": view.opening,
        "duty": view.duty,
        "guard": view.guard,
        "last_passage_s_ago": ago(view.last_passage_ms),
        "last_round_s_ago": ago(view.round_ms),
        "round_overdue": view.round_overdue,
        "certificate_s_left": None
        if view.certificate_until_ms is None
        else (view.certificate_until_ms - now_ms) // 1000,
        "retired_s_ago": ago(view.retired_ms),
    }


def _print_table(rows: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table

    several = len({row["site"] for row in rows}) > 1
    table = Table("gate", "link", "state", "seen", "stored", "waiting", "list", "duty", "trouble")
    table.columns[0].no_wrap = True
    for row in rows:
        table.add_row(
            f"{row['site'] or '?'}/{row['gate']}" if several else row["gate"],
            row["link"],
            _state(row),
            shown_age(row["seen_s_ago"]),
            str(row["last_seq"]),
            "?" if row["backlog"] is None else str(row["backlog"]),
            _list(row),
            row["guard"] or {"off": "nobody", "unreported": "?"}.get(row["duty"], "on"),
            _trouble(row),
        )
    Console().print(table)


def _list(row: dict[str, Any]) -> str:
    fetching = row["fetching"]
    if fetching is not None:
        return f"{row['roster_rev']}, fetching {fetching['have']}/{fetching['n']}"
    behind = row["roster_rev"] < row["newest_rev"]
    return f"{row['roster_rev']} of {row['newest_rev']}" if behind else str(row["roster_rev"])


def _state(row: dict[str, Any]) -> str:
    """Return whether people pass there: open, a special mode, retired, or unknown."""
    if row["retired_s_ago"] is not None:
        return f"retired {shown_age(row['retired_s_ago'])}"
    return row["opening"].replace("_", " ") or "?"


def _trouble(row: dict[str, Any]) -> str:
    found = list(row["faults"])
    if row["clock"] == "unsure":
        found.append("clock unsure")
    if row["round_overdue"]:
        found.append("round overdue")
    return ", ".join(found)
