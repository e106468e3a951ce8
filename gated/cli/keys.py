"""`gated keys`: the first set of keys of a site, and what each of them is for."""

from pathlib import Path
from typing import Annotated, Final

import typer

from gated.cli.outcome import EXIT_NOT, complain, reported, say
from gated.store import keys

app = typer.Typer(
    name="keys", help="The keys of a site.", no_args_is_help=True, add_completion=False
)

SITE, REST = "site.key", "rest.key"
ROSTER_SIGNING, PASS_SIGNING = "roster-signing.pem", "pass-signing.pem"
TRUST: Final = "trust.json"

_NOTES: Final = {
    SITE: (
        "makes the pseudonyms of people, cards and rooms",
        "hub and every gate",
        "lost: every roster and pass must be made again, old records no longer name anyone",
    ),
    REST: (
        "seals names and rooms in the gate's roster",
        "hub and every gate",
        "lost: push the roster again under a new key",
    ),
    ROSTER_SIGNING: (
        "signs what the hub pushes to the gates",
        "hub only",
        "lost: no push until the trust table of every gate names a new key",
    ),
    PASS_SIGNING: (
        "signs passes",
        "the issuer's computer only, never a gate",
        "lost: passes stay valid, new ones need a new key in every trust table",
    ),
    TRUST: (
        "whose signatures are believed (public)",
        "every gate",
        "lost: copy it again; a gate without it believes nobody",
    ),
}


@app.callback()
def about() -> None:
    """The keys of a site; docs/keys.md says more."""


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="New or empty folder, only yours.")],
    issuer: Annotated[str, typer.Option(help="Name of the site in the trust table.")] = "",
) -> None:
    """Make a complete set of keys for one site; nothing that exists is overwritten."""
    present = [name for name in _NOTES if (folder / name).exists()]
    if present:
        complain(
            f"cannot make keys in {folder}: {', '.join(present)} exist and are never overwritten; "
            "name an empty folder"
        )
        raise typer.Exit(EXIT_NOT)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        complain(f"cannot make folder {folder}: {error.strerror}; choose another place")
        raise typer.Exit(EXIT_NOT) from error
    with reported():
        keys.write_secret(folder / SITE)
        keys.write_secret(folder / REST)
        for name, use in ((ROSTER_SIGNING, "roster"), (PASS_SIGNING, "pass")):
            key = keys.write_signing_key(folder / name, "Ed25519")
            keys.append_trust(folder / TRUST, key.trusted(frozenset({use}), issuer=issuer))
    for name, (purpose, place, loss) in _NOTES.items():
        print(f"{folder / name}\n  {purpose}\n  belongs on: {place}\n  {loss}")
    say("Back these files up offline now, then move each where it belongs and delete it here.")
