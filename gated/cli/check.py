"""`gated check`: every part of this gate, its state, and what to do about it.

A running daemon is asked; without one the devices are opened and asked here.
"""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from gated.cli.outcome import EXIT_CONFIG, EXIT_NOT, say
from gated.config import Config, load
from gated.errors import ConfigError
from gated.gate.health import Health, Part

_MARKS = {"ok": "ok  ", "warn": "warn", "fail": "FAIL", "off": "-   "}


def check(
    config_file: Annotated[
        Path | None,
        typer.Option("--config", help="Default: GATED_CONFIG, else /etc/gated/gated.toml."),
    ] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
    walk: Annotated[
        bool, typer.Option("--walk", help="Ask for a card, a code and a wrist, one by one.")
    ] = False,
) -> None:
    """Test this gate. Exit 1 when a part fails, 78 when the configuration does."""
    try:
        config = load(config_file)
    except ConfigError as error:
        parts, failed = _without_config(str(error)), EXIT_CONFIG
    else:
        parts, failed = _parts(config, walk=walk), EXIT_NOT
    ok = all(part.state != "fail" for part in parts)
    if as_json:
        rows = [asdict(part) for part in parts]
        print(json.dumps({"ok": ok, "parts": rows}, ensure_ascii=False))
    elif failed == EXIT_CONFIG:
        _print_table(parts[:1])
        say("nothing else was tested")
    else:
        _print_table(parts)
    sys.exit(0 if ok else failed)


def _without_config(problem: str) -> list[Part]:
    """Return the parts when only one of them can be spoken of."""
    detail, remedy = problem, "mend the file; config/README.md lists every key"
    if "\n" not in problem and "; " in problem:  # the sentence says itself what to do
        detail, _, remedy = problem.rpartition("; ")
    health = Health()
    health.set("config", "fail", detail, remedy)
    return list(health.parts())


def _parts(config: Config, *, walk: bool) -> list[Part]:
    running = _running(config)
    if running is None:
        return _opened_here(config, walk=walk)
    if walk:
        say("--walk was left out: the gate is running and owns the devices; stop it first")
    return running


def _running(config: Config) -> list[Part] | None:
    from gated.gate.control import running_health

    return running_health(config.store.dir / "gated.sock")


def _opened_here(config: Config, *, walk: bool) -> list[Part]:
    from gated.gate.self_test import self_test

    tell = say if walk else None
    return list(self_test(config, tell).parts())


def _print_table(parts: list[Part]) -> None:
    for part in parts:
        line = f"{_MARKS[part.state]}  {part.name:<12} {part.detail}".rstrip()
        print(line)
        if part.remedy and part.state in ("warn", "fail"):
            print(f"      {'':<12} -> {part.remedy}")
