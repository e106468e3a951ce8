"""Whom a command's PERSON means: one person of a site, or the list of those it may mean."""

from typing import TYPE_CHECKING

import typer

from gated.cli.outcome import EXIT_NOT, complain, say

if TYPE_CHECKING:
    from gated.hub.office import Office
    from gated.hub.register import Entry
    from gated.hub.roles import Actor

UNSTATED = "command line"  # the reason of a search that nobody gave one for
PERSON_HELP = "ID number, whole name, card, phone, last four of phone or document, or room 3-2-101."


def found_by(office: "Office", actor: "Actor", words: str, reason: str) -> "dict[bytes, Entry]":
    """Return everybody the words may mean, on the list or not any more; audited with the reason."""
    from gated.hub.audit import Action
    from gated.hub.register import Register

    register = Register(office)
    refs = register.find(actor.site, words)
    office.audit.note(
        actor,
        Action.SEARCH,
        target="command",
        reason=reason.strip() or UNSTATED,
        result=f"found {len(refs)}",
    )
    entries = register.entries(actor.site, refs)
    return {ref: entries[ref] for ref in refs if ref in entries}


def one_person(office: "Office", actor: "Actor", words: str, reason: str = "") -> bytes:
    """Return the pseudonym of the one person meant; else say what to type and end with exit 1."""
    from gated.hub.register import Register

    register = Register(office)
    found = found_by(office, actor, words, reason)
    if not found:
        complain("nobody of this site is found by these words; try the ID number or the room")
        raise typer.Exit(EXIT_NOT)
    if len(found) > 1:
        complain(f"{len(found)} people are found; take the number in front of the one you mean")
        for ref, entry in found.items():
            shown = register.shown(entry)
            say(f"  {ref.hex()[:8]}  {shown.name}  {shown.room}  {shown.document[-4:]}")
        raise typer.Exit(EXIT_NOT)
    return next(iter(found))
