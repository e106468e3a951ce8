"""`gated journal`: what this gate has recorded, read beside the running daemon.

Only `tail` and `export` print events, and events name people by pseudonym alone.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from gated.cli.outcome import EXIT_NOT, complain, configured, say
from gated.store.journal_reader import Entry, JournalReader

app = typer.Typer(
    name="journal", help="What this gate has recorded.", no_args_is_help=True, add_completion=False
)

JOURNAL_FILE = "journal.db"
POLL_S = 0.5
PAGE = 500
PAGE_BYTES = PAGE * 8192
WORD_SHOWN = 32  # longer ones are pseudonyms and hashes: their beginning tells them apart
CLOCKS = ("unsure", "holdover", "synced")  # by the number in an event's `q`

_STAMPS = frozenset({"seq", "kind", "t", "m", "b", "q"})
# What a line begins with, in this order; everything else follows by name.
_FIRST = ("verdict", "reason", "code", "state", "what", "why", "direction", "credential_kind")
_NOT_SHOWN = frozenset({"side", "site", "gate", "offset_min", "clock_state", "reasons", "unknown"})

ConfigOption = Annotated[Path | None, typer.Option("--config", help="Configuration file.")]


def exported(entry: Entry, previous: bytes, gate: str, epoch: str) -> dict[str, Any]:
    """Return an event with the keys other programs rely on (docs/store.md).

    previous: chain hash before it. Exact values that stand beside the event come as fields of
    their own, as long as they are kept.
    """
    fields = entry.fields()
    row: dict[str, Any] = {
        "event_id": f"{gate}.{epoch}.{entry.seq}",
        "seq": entry.seq,
        "kind": fields["kind"],
        "time_utc": iso(fields["t"]),
        "monotonic_ms": fields["m"],
        "boot_id": fields["b"],
        "clock_state": CLOCKS[fields["q"]],
    }
    row |= {name: value for name, value in fields.items() if name not in _STAMPS}
    if entry.side is not None:
        row |= entry.side.values
    return row | {"prev_hash": previous.hex(), "hash": entry.hash.hex()}


def export_rows(
    reader: JournalReader, gate: str, start_ms: int | None = None, end_ms: int | None = None
) -> Iterator[dict[str, Any]]:
    """Yield events with start <= time < end (UTC ms, None open) in the order of recording."""
    state = reader.state()
    previous = reader.hash_at(state.first - 1) or b""
    for entry in reader.entries(state.first, state.last + 1):
        at = entry.fields()["t"]
        if (start_ms is None or at >= start_ms) and (end_ms is None or at < end_ms):
            yield exported(entry, previous, gate, state.epoch)
        previous = entry.hash


def line(entry: Entry, zone: ZoneInfo) -> str:
    """Return an event as one line for people, in local time; "?" marks an unsure clock."""
    fields = entry.fields()
    at = datetime.fromtimestamp(fields["t"] / 1000, zone)
    doubt = "" if CLOCKS[fields["q"]] == "synced" else "?"
    head = f"{at:%Y-%m-%d %H:%M:%S}{doubt} {entry.seq} {fields['kind']}"
    shown = [_word(fields[name]) for name in _FIRST if name in fields]
    shown += [
        f"{name}={_word(value)}"
        for name, value in fields.items()
        if name not in _FIRST and name not in _STAMPS and name not in _NOT_SHOWN
    ]
    return " ".join([head, *shown])


def _word(value: object) -> str:
    if isinstance(value, list):
        return ",".join(str(item) for item in value)
    text = " ".join(str(value).split())
    return text if len(text) < WORD_SHOWN else f"{text[:8]}…"


def iso(utc_ms: int) -> str:
    """Return UTC ms as ISO 8601 with milliseconds and Z."""
    return f"{datetime.fromtimestamp(utc_ms / 1000, UTC):%Y-%m-%dT%H:%M:%S}.{utc_ms % 1000:03d}Z"


def newest(reader: JournalReader, count: int) -> list[Entry]:
    """Return the last `count` events, oldest first."""
    state = reader.state()
    return list(reader.entries(max(state.first, state.last - count + 1)))


def follow(reader: JournalReader, after: int, show: Callable[[Entry], None], stop: Event) -> None:
    """Every event after seq `after` is shown as it is recorded, until `stop` is set."""
    while True:
        page = reader.read(after + 1, PAGE, PAGE_BYTES)
        for entry in page:
            show(entry)
            after = entry.seq
        if not page and stop.wait(POLL_S):
            return


def _as_json(fields: Mapping[str, Any]) -> str:
    return json.dumps(fields, ensure_ascii=False)


def _open(config: Path | None) -> tuple[JournalReader, str, ZoneInfo]:
    from gated.config import load

    settings = load(config)
    reader = JournalReader(settings.store.dir / JOURNAL_FILE)
    return reader, settings.gate.id, ZoneInfo(settings.gate.timezone)


@app.command()
@configured()
def tail(
    count: Annotated[int, typer.Option("-n", "--lines", min=0, help="How many events.")] = 10,
    *,
    keep_on: Annotated[bool, typer.Option("--follow", "-f", help="Wait for more.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    config: ConfigOption = None,
) -> None:
    """The newest events, one line each, in the site's local time."""
    reader, gate, zone = _open(config)
    with reader:
        epoch = reader.state().epoch

        def show(entry: Entry) -> None:
            if as_json:
                before = reader.hash_at(entry.seq - 1) or b""
                print(_as_json(exported(entry, before, gate, epoch)), flush=True)
            else:
                print(line(entry, zone), flush=True)

        last = reader.state().last
        for entry in newest(reader, count) if count else ():
            show(entry)
            last = entry.seq
        if keep_on:
            follow(reader, last, show, Event())


@app.command()
@configured()
def verify(config: ConfigOption = None) -> None:
    """Recompute the chain: prints the head hash, or exits 1 naming the first bad event."""
    reader, _gate, _zone = _open(config)
    with reader:
        result = reader.verify()
    if not result.ok:
        complain(
            f"journal broken at seq {result.first_bad_seq}: {result.count} events before it hold;"
            " keep the file, compare with the hub"
        )
        raise typer.Exit(EXIT_NOT)
    print(result.head.hex())
    say(f"{result.count} events verified")


@app.command()
@configured()
def export(
    start: Annotated[str, typer.Option("--from", help="ISO time or day, included.")] = "",
    end: Annotated[str, typer.Option("--to", help="ISO time or day, excluded.")] = "",
    config: ConfigOption = None,
) -> None:
    """All events as JSON lines; days and times without a zone are the site's."""
    reader, gate, zone = _open(config)
    with reader:
        for row in export_rows(reader, gate, instant_ms(start, zone), instant_ms(end, zone)):
            print(_as_json(row))


def instant_ms(text: str, zone: ZoneInfo) -> int | None:
    """Return an ISO time as UTC ms, None for "". Raises typer.BadParameter (exit 2)."""
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text} is no ISO time, for example 2020-02-10T14:00") from error
    at = at if at.tzinfo else at.replace(tzinfo=zone)
    return round(at.timestamp() * 1000)
