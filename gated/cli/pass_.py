"""`gated pass`: make a key that signs passes, sign them, judge them, show them.

Results on stdout, messages on stderr; exit 0 done or valid, 1 not, 2 usage (and, for `verify`,
a trust table that cannot be read: then nothing was judged), 78 when the configuration is needed
and cannot be used. ID numbers are read from standard
input only: an argument would stay in the shell's history and the process list.
"""

import json
import secrets
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from gated.cli.outcome import EXIT_NOT, EXIT_USAGE, complain, configured, reported, say
from gated.cli.pass_sentences import SENTENCES
from gated.core.cose import Algorithm
from gated.core.model import Direction
from gated.core.passes import (
    DIRECTION_BIT,
    LIFE_MAX_S,
    PassClaims,
    PassDetail,
    PassRefused,
    claimed,
    mint,
    verify,
)
from gated.core.trust import ZONE_MAX, trust_row
from gated.errors import ConfigError
from gated.store import keys

app = typer.Typer(
    name="pass", help="Passes: keys, minting, checking.", no_args_is_help=True, add_completion=False
)

_DIRECTIONS: Final = {"in": 1, "out": 2, "both": 3}
_ALGORITHMS: Final[dict[str, Algorithm]] = {"Ed25519": "Ed25519", "ES256": "ES256"}
_HELP_TIME: Final = "ISO time, for example 2026-12-01T08:00+08:00; no zone: this computer's."
_HELP_TIME_OR_NOW: Final = _HELP_TIME + " Left out: now."
_REF_HEX: Final = (16, 32)


@app.command()
def keygen(
    out: Annotated[Path, typer.Option(help="New private key file.")] = Path("pass-signing.pem"),
    trust: Annotated[Path | None, typer.Option(help="Trust table to add the key to.")] = None,
    alg: Annotated[str, typer.Option(help="Ed25519 or ES256.")] = "Ed25519",
    issuer: Annotated[str, typer.Option(help="Who signs: a name for the trust table.")] = "",
    zones: Annotated[str, typer.Option(help="Zones it may open: 1,2; empty: all.")] = "",
    start: Annotated[str | None, typer.Option("--from", help=_HELP_TIME)] = None,
    end: Annotated[str | None, typer.Option("--to", help=_HELP_TIME)] = None,
) -> None:
    """Make a key that signs passes; its row for the trust table is printed."""
    if alg not in _ALGORITHMS:
        raise typer.BadParameter("neither Ed25519 nor ES256", param_hint="--alg")
    limits: dict[str, Any] = {
        "issuer": issuer,
        "zones": frozenset(parse_zones(zones)),
        "valid_from": _optional_time(start, "--from"),
        "valid_to": _optional_time(end, "--to"),
    }
    with reported():
        key = keys.write_signing_key(out, _ALGORITHMS[alg])
        row = key.trusted(frozenset({"pass"}), **limits)
        if trust is not None:
            keys.append_trust(trust, row)
    print(json.dumps(trust_row(row), ensure_ascii=False))
    say(f"{out}: private key {key.kid.hex()}. Keep it where passes are issued, never on a gate.")
    if trust is None:
        say('Add the printed row to "keys" in trust.json on every gate before the first pass.')
    else:
        say(f"{trust}: key added. Copy this file to every gate before the first pass.")


@app.command("mint")
def mint_command(
    *,
    key: Annotated[Path, typer.Option(help="Private key file of the issuer.")],
    end: Annotated[str, typer.Option("--to", help=_HELP_TIME)],
    start: Annotated[str | None, typer.Option("--from", help=_HELP_TIME_OR_NOW)] = None,
    person: Annotated[str | None, typer.Option(help="Person reference, 16 or 32 hex.")] = None,
    id_number_stdin: Annotated[
        bool, typer.Option("--id-number-stdin", help="Read the ID number from stdin.")
    ] = False,
    site_key: Annotated[Path | None, typer.Option(help="Site key, for the ID number.")] = None,
    zones: Annotated[str, typer.Option(help="Zones it opens: 1,2; empty: all.")] = "",
    direction: Annotated[str, typer.Option(help="in, out or both.")] = "both",
    trip_from: Annotated[str | None, typer.Option(help="One trip: from. " + _HELP_TIME)] = None,
    trip_to: Annotated[str | None, typer.Option(help="One trip: to. " + _HELP_TIME)] = None,
    qr: Annotated[Path | None, typer.Option(help="Also write the code: .png or .svg.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print text and claims.")] = False,
) -> None:
    """Sign a pass and print its text."""
    now_s = int(time.time())
    if direction not in _DIRECTIONS:
        raise typer.BadParameter("one of in, out, both", param_hint="--direction")
    if qr is not None and qr.suffix.lower() not in {".png", ".svg"}:
        raise typer.BadParameter("must end in .png or .svg", param_hint="--qr")
    if (trip_from is None) != (trip_to is None):
        raise typer.BadParameter("needs both --trip-from and --trip-to", param_hint="--trip-to")
    trip = None
    if trip_from is not None and trip_to is not None:
        trip = (parse_time(trip_from, "--trip-from"), parse_time(trip_to, "--trip-to"))
    claims = PassClaims(
        pass_id=secrets.token_bytes(8),
        person=_person(person, site_key, from_stdin=id_number_stdin),
        issued_at=now_s,
        not_before=now_s if start is None else parse_time(start, "--from"),
        expires=parse_time(end, "--to"),
        zones=parse_zones(zones),
        directions=_DIRECTIONS[direction],
        trip=trip,
    )
    text = _sign(claims, key)
    if qr is not None:
        _draw(text, qr)
    shown = {"text": text, "claims": claims_json(claimed(text))}
    print(json.dumps(shown, ensure_ascii=False) if as_json else text)


@app.command("verify")
def verify_command(
    *,
    text: Annotated[str, typer.Argument(help="The text of the code, GP1:…")],
    trust: Annotated[Path | None, typer.Option(help="Trust table; else the configured.")] = None,
    config: Annotated[Path | None, typer.Option(help="Configuration naming the table.")] = None,
    at: Annotated[str | None, typer.Option(help=_HELP_TIME_OR_NOW)] = None,
    zone: Annotated[int | None, typer.Option(help="Judge for this zone.")] = None,
    direction: Annotated[str | None, typer.Option(help="Judge for in or out.")] = None,
    issuer: Annotated[str | None, typer.Option(help="Believe only this issuer.")] = None,
    clock_unsure: Annotated[
        bool, typer.Option("--clock-unsure", help="Judge as a gate without a clock does.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the verdict as JSON.")] = False,
) -> None:
    """Judge a pass: exit 0 valid, 1 not. Revocation and the roster are not asked."""
    if direction not in {None, "in", "out"}:
        raise typer.BadParameter("in or out", param_hint="--direction")
    now_s = int(time.time()) if at is None else parse_time(at, "--at")
    path = _trust_path(trust, config)
    with reported(EXIT_USAGE):
        table = keys.read_trust(path)
    found: dict[str, Any] = {}
    try:
        verified = verify(
            text,
            table,
            now_s=None if clock_unsure else now_s,
            zone=zone,
            direction=None if direction is None else Direction(direction),
            site_issuer=issuer,
        )
    except PassRefused as refused:
        detail, code = refused.detail, refused.code
    else:
        detail, code = verified.state, verified.code
        found = claims_json(verified.claims) | {"issuer": verified.issuer}
    valid = detail is PassDetail.VALID
    if as_json:
        verdict = {"valid": valid, "reason": code, "detail": detail, "claims": found}
        print(json.dumps(verdict, ensure_ascii=False))
    else:
        print(f"{'valid' if valid else 'not valid'}: {code} ({detail}): {SENTENCES[detail]}")
        _print_claims(found)
    raise typer.Exit(0 if valid else EXIT_NOT)


@app.command()
def show(
    *,
    text: Annotated[str, typer.Argument(help="The text of the code, GP1:…")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the claims as JSON.")] = False,
) -> None:
    """Print what a pass claims and draw its code. Nothing is believed: no key is asked."""
    try:
        found = claims_json(claimed(text))
    except PassRefused as refused:
        complain(f"cannot show this text as a pass: {SENTENCES[refused.detail]} ({refused.detail})")
        raise typer.Exit(EXIT_NOT) from refused
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
        return
    say("What the pass says of itself; nobody has checked its signature:")
    _print_claims(found)
    _code_of(text).terminal(out=sys.stdout, compact=True)


def parse_time(text: str, option: str) -> int:
    """Return Unix seconds; a time without a zone is this computer's. Exits 2 for anything else."""
    try:
        return int(datetime.fromisoformat(text).astimezone(UTC).timestamp())
    except (ValueError, OverflowError) as error:
        message = f"{text!r} is no ISO time, for example 2026-12-01T08:00+08:00"
        raise typer.BadParameter(message, param_hint=option) from error


def parse_zones(text: str) -> tuple[int, ...]:
    """Return the numbers of "1,2", sorted, each once. Exits 2 for anything else."""
    try:
        zones = {int(part) for part in text.split(",")} if text.strip() else set()
    except ValueError as error:
        raise typer.BadParameter("numbers with commas: 1,2", param_hint="--zones") from error
    if any(not 0 <= zone <= ZONE_MAX for zone in zones):
        raise typer.BadParameter(f"zones are numbers 0 to {ZONE_MAX}", param_hint="--zones")
    return tuple(sorted(zones))


def claims_json(claims: PassClaims) -> dict[str, Any]:
    """Return the claims as JSON takes them: hex, ISO times in UTC, names for directions."""
    holder = claims.holder_key
    return {
        "pass_id": claims.pass_id.hex(),
        "person": claims.person.hex(),
        "kid": claims.kid.hex(),
        "issued_at": _iso(claims.issued_at),
        "not_before": _iso(claims.not_before),
        "expires": _iso(claims.expires),
        "zones": list(claims.zones),
        "directions": [way.value for way, bit in DIRECTION_BIT.items() if claims.directions & bit],
        "trip": None if claims.trip is None else [_iso(instant) for instant in claims.trip],
        "holder_key": None if holder is None else {holder.algorithm: holder.public.hex()},
        "status_index": claims.status_index,
    }


def _iso(instant_s: int) -> str:
    return datetime.fromtimestamp(instant_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _optional_time(text: str | None, option: str) -> int | None:
    return None if text is None else parse_time(text, option)


def _trust_path(trust: Path | None, config: Path | None) -> Path:
    if trust is not None:
        return trust
    from gated.config import load

    with configured():
        try:
            return load(config).keys.trust
        except ConfigError as error:
            message = f"{error}\nor name the trust table itself with --trust FILE"
            raise ConfigError(message) from error


def _person(person: str | None, site_key: Path | None, *, from_stdin: bool) -> bytes:
    if (person is None) != from_stdin:
        raise typer.BadParameter("give --person, or --id-number-stdin with --site-key")
    if person is not None:
        try:
            reference = bytes.fromhex(person)
        except ValueError:
            reference = b""
        if len(reference) * 2 not in _REF_HEX:
            raise typer.BadParameter("16 or 32 hex digits", param_hint="--person")
        return reference[:8]
    if site_key is None:
        raise typer.BadParameter("needed for --id-number-stdin", param_hint="--site-key")
    from gated.core import id_number, pseudonym

    if sys.stdin.isatty():
        number = str(typer.prompt("ID number", hide_input=True, err=True))
    else:
        number = sys.stdin.readline().strip()
    if problem := id_number.problem(number):
        complain(f"cannot mint a pass for the ID number read from standard input: {problem}")
        raise typer.Exit(EXIT_NOT)
    with reported():
        return pseudonym.person_ref(keys.read_secret(site_key), number)[:8]


def _sign(claims: PassClaims, key: Path) -> str:
    if claims.expires - claims.not_before > LIFE_MAX_S:
        raise typer.BadParameter(
            f"longer than {LIFE_MAX_S // 86_400} days; gates refuse it", param_hint="--to"
        )
    with reported():
        signing = keys.read_signing_key(key)
    try:
        return mint(claims, signing.sign, signing.kid, signing.algorithm)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def _code_of(text: str) -> Any:
    import segno

    return segno.make(text, error="m", mode="alphanumeric", micro=False, boost_error=False)


def _draw(text: str, path: Path) -> None:
    try:
        _code_of(text).save(str(path), kind=path.suffix[1:].lower(), scale=8, border=4)
    except OSError as error:
        complain(f"cannot write the code to {path}: {error.strerror}; choose another folder")
        raise typer.Exit(EXIT_NOT) from error


def _print_claims(found: dict[str, Any]) -> None:
    for name, value in found.items():
        if value not in (None, ""):
            shown = ", ".join(map(str, value)) if isinstance(value, list) else value
            print(f"  {name:<12} {shown if shown != '' else 'all'}")
