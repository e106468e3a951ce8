"""`gated hub …` as somebody types it, over the files of an office in a folder."""

import json
from pathlib import Path

from typer.testing import CliRunner, Result

from gated.cli.hub import app
from tests.support.office import hub_config


def write_config(folder: Path) -> Path:
    """Write hub.toml over the office that tests/support/office.py makes there."""
    made = hub_config(folder)
    place, west = made.hub, made.site[0]
    sections: dict[str, dict[str, object]] = {
        "hub": {"site": place.site, "roster": place.roster, "name": place.name, "name_en": place.name_en},
        "[site]": west.model_dump(include={"id", "roster", "name", "name_en", "site_key", "rest_key"}),
        "store": {"url": made.store.url},
        "keys": made.keys.model_dump(),
        "broker": {"host": made.broker.host, "port": made.broker.port, "tls": False},
    }  # fmt: skip
    lines = []
    for name, values in sections.items():
        lines.append(f"[{name}]")
        for key, value in values.items():
            shown = value if isinstance(value, bool | int) else str(value)
            lines.append(f"{key} = {json.dumps(shown, ensure_ascii=False)}")
    path = folder / "hub.toml"
    path.write_text("\n".join(lines), "utf-8")
    return path


def hub(folder: Path, *words: str) -> Result:
    """Run one command to its end."""
    return CliRunner().invoke(app, [*words, "--config", str(write_config(folder))])
