"""Whom a command means: words that find one person of a site, or a list to choose from."""

from typing import TYPE_CHECKING

import typer

from gated.cli.hub_whom import found_by
from gated.cli.outcome import EXIT_NOT, complain, say

if TYPE_CHECKING:
    from gated.hub.office import Office
    from gated.hub.register import Entry, Register
    from gated.hub.roles import Actor


def chosen(office: "Office", actor: "Actor", words: str, reason: str = "") -> "Entry":
    """Return the one person on the list these words mean. Otherwise the command ends.

    Several are listed masked on stderr, each with a short pseudonym that is understood as well.
    """
    from gated.hub.register import Register

    register = Register(office)
    found = found_by(office, actor, words, reason)
    people = [entry for entry in found.values() if entry.removed_ms is None]
    if len(people) == 1:
        return people[0]
    if people:
        complain(f"{len(people)} people are meant by this; use the first word of a line instead")
        for entry in people:
            say(_masked(register, entry))
    else:
        complain(
            f"nobody on the list of {actor.site} is found by this; search by ID number, whole name,"
            " card, phone, the last four of phone or document, or a room such as 3-2-101"
        )
    raise typer.Exit(EXIT_NOT)


def _masked(register: "Register", entry: "Entry") -> str:
    shown = register.shown(entry)
    words = (shown.name, shown.room, shown.document, entry.row.category.value)
    return "  ".join([entry.short, *(word for word in words if word)])
