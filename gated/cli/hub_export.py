"""`gated hub export`: the ledger of one day as a table."""

import sys
from datetime import date
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import typer

from gated.cli.hub_office import HubConfigOption, SiteOption, command_actor, opened_office
from gated.cli.hub_trace import stated
from gated.cli.outcome import EXIT_USAGE, complain, configured, say
from gated.cli.private_file import refuse_unwritable, write_result
from gated.hub.local_time import local_day

Format = Literal["csv", "xlsx"]


def export(
    file: Annotated[
        Path | None, typer.Argument(help="Where to write; left out: stdout, CSV only.")
    ] = None,
    day: Annotated[str, typer.Option(help="Local day such as 2020-02-10; left out: today.")] = "",
    kind: Annotated[
        Format | None, typer.Option("--format", help="Left out: as FILE is named, else csv.")
    ] = None,
    language: Annotated[Literal["zh", "en"], typer.Option(help="Of headings and words.")] = "zh",
    reason: Annotated[str, typer.Option(help="What it is for; goes into the audit.")] = "",
    config: HubConfigOption = None,
    site: SiteOption = "",
    *,
    full: Annotated[bool, typer.Option("--full", help="Whole names, numbers and rooms.")] = False,
) -> None:
    """Every passage of a day: time, direction, masked name, temperature, verdict, gate, guard."""
    from gated.hub.day_ledger import DayLedger, Order

    chosen = _format(kind, file)
    with configured(), opened_office(config) as office:
        actor = command_actor(office, site)
        today = local_day(office.utc_ms(), office.site(actor.site).zone)
        order = Order(_day(day, today), chosen, language, full)
        why, ledger = export_reason(reason), DayLedger(office)
        not_written = partial(ledger.not_written, actor, order, why)
        if file is not None:
            refuse_unwritable(file, not_written)
        made = ledger.export(actor, order, why)
        if file is not None:
            write_result(file, made.body, not_written)
    if file is None:
        sys.stdout.flush()
        sys.stdout.buffer.write(made.body)
        sys.stdout.buffer.flush()
    say(f"{made.lines} lines of {order.day.isoformat()}")


def export_reason(reason: str) -> str:
    """Return what an export is for, asked for at a terminal; without one exit with 2."""
    why = stated(reason)
    if not why.strip():
        complain("an export needs --reason: who asked for it and what for")
        raise typer.Exit(EXIT_USAGE)
    return why


def _format(kind: Format | None, file: Path | None) -> Format:
    if kind == "xlsx" and file is None:
        raise typer.BadParameter("a workbook needs a file to be written to: name one")
    return kind or ("xlsx" if file is not None and file.suffix.lower() == ".xlsx" else "csv")


def _day(text: str, today: date) -> date:
    if not text:
        return today
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text} is no day, for example 2020-02-10") from error
