"""`gated hub report`: one day of a site in figures, for the subdistrict."""

import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from gated.cli.hub_office import HubConfigOption, SiteOption, command_actor, opened_office
from gated.cli.outcome import EXIT_USAGE, complain, configured, say
from gated.cli.private_file import write_result
from gated.hub.local_time import minute

if TYPE_CHECKING:
    from gated.hub.daily_report import Report
    from gated.hub.daily_table import Section
    from gated.hub.office import Site


@configured()
def report(
    *,
    day: Annotated[
        str, typer.Option("--day", help="A local day, 2020-02-10; default: today.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    csv: Annotated[
        Path | None, typer.Option("--csv", help="Write the tables into this file as CSV.")
    ] = None,
    language: Annotated[
        Literal["zh", "en"], typer.Option("--language", help="Of headings and words.")
    ] = "zh",
    site: SiteOption = "",
    config: HubConfigOption = None,
) -> None:
    """Passages, fevers, refusals, guards, arrivals, cases, duty, rounds and faults of a day."""
    from gated.hub.daily_report import DailyReport
    from gated.hub.daily_table import csv_of, sections

    with opened_office(config) as office:
        actor = command_actor(office, site)
        maker = DailyReport(office)
        made = maker.of(actor, _day(day) if day else maker.today(actor.site))
        place = office.site(actor.site)
    tables = sections(made, language, lambda ms: _when(place, ms))
    name = place.name if language == "zh" else place.name_en
    title = f"{name} {made.day}"
    if csv is not None:
        write_result(csv, csv_of(title, tables).encode())
        say(f"written: {csv}")
    if as_json:
        print(json.dumps(made.as_json(), ensure_ascii=False))
    elif csv is None:
        _print(title, made, tables)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        complain(f"--day {text}: not a day; write it as 2020-02-10")
        raise typer.Exit(EXIT_USAGE) from error


def _when(place: "Site", ms: int | None) -> str:
    if ms is None:
        return ""
    return minute(ms, place.zone)


def _print(title: str, made: "Report", tables: "list[Section]") -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    console.print(title, markup=False)
    if not made.over:
        say("the day is not over: figures up to now")
    for section in tables:
        table = Table(title=section.title, title_justify="left")
        for place, heading in enumerate(section.columns):
            table.add_column(heading, justify="right" if section.is_number(place) else "left")
        for row in section.rows:
            table.add_row(*(str(cell) for cell in row))
        console.print(table)
    console.print(f"audit {made.audit.short}", markup=False)
