"""`gated hub inbox`, `ack` and `reindex`: what gates sent to be read."""

import json
import sys
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from gated.cli.hub_office import HubConfigOption, SiteOption, command_actor, opened_office
from gated.cli.outcome import configured, say
from gated.hub.local_time import minute

if TYPE_CHECKING:
    from gated.hub.inbox import Item
    from gated.hub.office import Office, Site

LISTED: Final = 1000  # open and answered ones each


def inbox(
    config: HubConfigOption = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One object per item.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="Answered ones too.")] = False,
    site: SiteOption = "",
) -> None:
    """What the gates of a site sent to be read and nobody answered, newest first."""
    from gated.hub.inbox import Inbox

    with configured(), opened_office(config) as office:
        actor = command_actor(office, site)
        found = Inbox(office).items(actor, limit=LISTED)
        if everything:
            found = sorted(
                [*found, *Inbox(office).items(actor, state="done", limit=LISTED)],
                key=lambda item: item.id,
                reverse=True,
            )
        people = _people(office, actor.site, found)
        rows = [_row(item, people, office.site(actor.site)) for item in found]
        lines = Inbox(office).masked(actor, found)
    for row in rows:
        row["registration"] = lines.get(row["id"], "")
        print(json.dumps(row, ensure_ascii=False) if as_json else _line(row))
    if not rows:
        say("Nothing is waiting." if not everything else "Nothing was ever sent.")


def ack(
    number: Annotated[int, typer.Argument(metavar="ID", help="Number of the item.")],
    config: HubConfigOption = None,
    note: Annotated[str, typer.Option(help="What was done, one line.")] = "",
    site: SiteOption = "",
) -> None:
    """Answer an item of the inbox by your name. Exit 1 when somebody had already."""
    from gated.hub.inbox import Inbox

    with configured(), opened_office(config) as office:
        actor = command_actor(office, site)
        answer = Inbox(office).acknowledge(actor, number, note)
        at = minute(answer.at_ms, office.site(actor.site).zone)
    if answer.is_new:
        print(f"{number} answered by {answer.by} at {at}")
        return
    say(f"{number} was already answered by {answer.by} at {at}; nothing was changed")
    raise typer.Exit(1)


def reindex(config: HubConfigOption = None) -> None:
    """Make records, gates' logs and inbox again from the events; answers stay. The hub may run."""
    from rich.console import Console
    from rich.progress import Progress

    from gated.hub.reindex import events_stored
    from gated.hub.reindex import reindex as make_again

    with configured(), opened_office(config) as office:
        console = Console(stderr=True)
        with Progress(console=console, disable=not sys.stderr.isatty()) as progress:
            task = progress.add_task("events", total=events_stored(office))
            done = make_again(office, lambda events: progress.advance(task, events))
    print(f"{done} events are searchable again")


def _people(office: "Office", site: str, items: "list[Item]") -> dict[bytes, str]:
    from gated.hub.register import Register

    register = Register(office)
    entries = register.entries(site, {item.person for item in items if item.person})
    shown = {ref: register.shown(entry) for ref, entry in entries.items()}
    return {ref: f"{person.name} {person.room}".strip() for ref, person in shown.items()}


def _row(item: "Item", people: dict[bytes, str], site: "Site") -> dict[str, Any]:
    return {
        "id": item.id,
        "kind": item.kind.value,
        "code": item.code,
        "gate": item.gate,
        "at": minute(item.t_ms, site.zone),
        "certain": item.certain,
        "person": item.person.hex()[:8] if item.person else "",
        "shown": people.get(item.person, "") if item.person else "",
        "fields": item.fields,
        "answered_by": item.acked_by,
        "answered_at": minute(item.acked_ms, site.zone) if item.acked_ms else "",
        "note": item.ack_note,
    }


def _line(row: dict[str, Any]) -> str:
    sure = "" if row["certain"] else " ?"
    said = " ".join(f"{name}={value}" for name, value in row["fields"].items())
    about = (row["person"], row["shown"], row["registration"], said)
    answered = (
        f"answered by {row['answered_by']} {row['answered_at']}" if row["answered_by"] else ""
    )
    words = [f"{row['at']}{sure}", row["kind"], row["code"], row["gate"] or "-"]
    extra = (*about, answered, row["note"])
    return "  ".join([str(row["id"]), *words, *(word for word in extra if word)])
