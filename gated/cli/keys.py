"""`gated keys`: the first set of keys of a site, what an older set lacks, what each one is for."""

from pathlib import Path
from typing import Annotated, Final

import typer

from gated.cli.outcome import EXIT_NOT, complain, reported, say
from gated.store import keys
from gated.store.sealed_box import public_of

app = typer.Typer(
    name="keys", help="The keys of a site.", no_args_is_help=True, add_completion=False
)

SITE, REST, PEOPLE = "site.key", "rest.key", "people.key"
SEAL, SEAL_PUBLIC = "seal.key", "seal.pub"
ROSTER_SIGNING, PASS_SIGNING = "roster-signing.pem", "pass-signing.pem"
TRUST: Final = "trust.json"

_USES: Final = {ROSTER_SIGNING: frozenset({"roster", "command"}), PASS_SIGNING: frozenset({"pass"})}

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
    PEOPLE: (
        "seals who is who in the hub's register",
        "hub only",
        "lost: the register must be filled again from the office's tables",
    ),
    SEAL: (
        "opens what the gates sealed to the hub",
        "hub only",
        "lost: registrations that wait stay closed; every gate needs a new seal.pub",
    ),
    SEAL_PUBLIC: (
        "seals registrations of strangers to the hub (public)",
        "every gate",
        "lost: made again from seal.key; a gate without it registers nobody",
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
        "every gate; the hub hands it to new ones",
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
            "name an empty folder, or complete an older set with: gated keys complete DIR"
        )
        raise typer.Exit(EXIT_NOT)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        complain(f"cannot make folder {folder}: {error.strerror}; choose another place")
        raise typer.Exit(EXIT_NOT) from error
    with reported():
        for name in (SITE, REST, PEOPLE):
            keys.write_secret(folder / name)
        _add_seal(folder)
        for name, uses in _USES.items():
            key = keys.write_signing_key(folder / name, "Ed25519")
            keys.append_trust(folder / TRUST, key.trusted(uses, issuer=issuer))
    _explain(folder, list(_NOTES))
    say("Back these files up offline now, then move each where it belongs and delete it here.")


@app.command()
def complete(
    folder: Annotated[Path, typer.Argument(help="Folder with the hub's keys of an older set.")],
) -> None:
    """Add to an older set the keys of the hub that it lacks; what is there stays as it is."""
    missing = [name for name in (ROSTER_SIGNING, TRUST) if not (folder / name).exists()]
    if missing:
        complain(
            f"cannot complete the keys in {folder}: it has no {', '.join(missing)}; "
            "name the folder with the hub's keys, or make a first set with: gated keys init DIR"
        )
        raise typer.Exit(EXIT_NOT)
    added = [name for name in (PEOPLE, SEAL, SEAL_PUBLIC) if not (folder / name).exists()]
    with reported():
        if PEOPLE in added:
            keys.write_secret(folder / PEOPLE)
        _add_seal(folder)
        if _trust_commands(folder):
            added.append(TRUST)
    _explain(folder, added)
    say(
        "Back the new files up offline, then move each where it belongs; copy trust.json again."
        if added
        else "Nothing was missing."
    )


def _add_seal(folder: Path) -> None:
    """The folder has both halves of the seal key; an existing private half is used."""
    path = folder / SEAL
    private = keys.read_secret(path) if path.exists() else keys.write_secret(path)
    if not (folder / SEAL_PUBLIC).exists():
        keys.write_public(folder / SEAL_PUBLIC, public_of(private))


def _trust_commands(folder: Path) -> bool:
    """The hub's signing key is trusted for commands; return whether that is new."""
    key = keys.read_signing_key(folder / ROSTER_SIGNING)
    table = keys.read_trust(folder / TRUST)
    if table.find(key.kid, "command") is not None:
        return False
    known = table.find(key.kid, "roster")
    issuer = "" if known is None else known.issuer
    keys.append_trust(folder / TRUST, key.trusted(frozenset({"command"}), issuer=issuer))
    return True


def _explain(folder: Path, names: list[str]) -> None:
    for name in names:
        purpose, place, loss = _NOTES[name]
        print(f"{folder / name}\n  {purpose}\n  belongs on: {place}\n  {loss}")
