"""config/: the samples load, and the table lists every key with its bounds and default."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest
from annotated_types import Ge, Le
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from gated import config, config_screen
from gated.errors import ConfigError
from tests.docs.pages import ROOT, page, rows, section

GATE: dict[str, type[BaseModel]] = {
    "gate": config.GateSection,
    "store": config.StoreSection,
    "keys": config.KeysSection,
    "card_reader": config.CardReaderSection,
    "camera": config.CameraSection,
    "thermometer": config.ThermometerSection,
    "broker": config.BrokerSection,
    "screen": config.ScreenSection,
    "screen.network": config.NetworkSection,
    "visit": config.VisitSection,
    "guards": config.GuardsSection,
    "station": config_screen.StationSection,
    "rounds": config_screen.RoundsSection,
    "notice": config_screen.NoticeSection,
}
HUB: dict[str, type[BaseModel]] = {
    "hub": config.HubSection,
    "site": config.SiteSection,
    "store": config.HubStoreSection,
    "keys": config.HubKeysSection,
    "broker": config.BrokerSection,
    "web": config.WebSection,
    "authority": config.AuthoritySection,
}

# Further keys that stand below a comment for a whole group of them.
OBVIOUS = {
    "id",
    "signing",
    "people",
    "seal",
    "roster",
    "site_key",
    "rest_key",
    "name",
    "timezone",
} | {
    "reading_hours",
    "round_h",
    "broker_port",
}

SAMPLES = [("config/gated.toml", GATE), ("config/hub.toml", HUB)]
TABLES = [
    ("## gated.toml", GATE),
    ("## hub.toml", {name: model for name, model in HUB.items() if name != "broker"}),
]


def uncommented(text: str) -> str:
    """Return the sample with every key and section that it shows in use."""
    return re.sub(r"^#(?=[a-z_]+ = |\[)", "", text, flags=re.MULTILINE)


def first(table: Any) -> dict[str, Any]:
    """Return a table of the sample, or the first of several."""
    return table[0] if isinstance(table, list) else table


def tables(text: str, sections: dict[str, type[BaseModel]]) -> dict[str, dict[str, Any]]:
    """Return each section of the sample by its name, also one that stands in another."""
    whole = tomllib.loads(uncommented(text))
    found = {}
    for name in sections:
        table: Any = whole
        for part in name.split("."):
            table = first(table[part])
        found[name] = table
    assert set(whole) <= set(found)
    return found


def shown(value: object) -> object:
    if isinstance(value, tuple):
        return list(value)
    return str(value) if isinstance(value, Path) else value


def allowed(field: FieldInfo) -> str:
    """Return the words of the table for what a key may be."""
    if any(hasattr(part, "model_fields") for part in get_args(field.annotation)):
        return "table"
    if get_origin(field.annotation) is tuple:
        marked = get_args(get_args(field.annotation)[0])[1:]
        if not marked:
            return "list of text"
        marks = marked[0].metadata
        low = next((mark.ge for mark in marks if isinstance(mark, Ge)), None)
        high = next((mark.le for mark in marks if isinstance(mark, Le)), None)
        return f"list of `{marks[0].pattern}`" if low is None else f"list of {low} to {high}"
    if get_origin(field.annotation) is Literal:
        return ", ".join(f"`{json.dumps(choice)}`" for choice in get_args(field.annotation))
    low = next((mark.ge for mark in field.metadata if isinstance(mark, Ge)), None)
    high = next((mark.le for mark in field.metadata if isinstance(mark, Le)), None)
    if low is not None:
        return f"{low:g} to {high:g}"
    pattern = next((mark.pattern for mark in field.metadata if hasattr(mark, "pattern")), None)
    if pattern:
        return f"`{pattern}`"
    if field.annotation is bool:
        return "`true`, `false`"
    if field.annotation is str:
        return "text"
    return "number or text" if field.annotation == str | int else "path"


def default(field: FieldInfo) -> str:
    if field.is_required():
        return "**required**"
    return "none" if field.default is None else f"`{json.dumps(shown(field.default))}`"


def test_the_tables_cover_every_section_there_is() -> None:
    assert list(config.Config.model_fields) == [name for name in GATE if "." not in name]
    assert list(config.HubConfig.model_fields) == list(HUB)


def test_the_gates_sample_loads_as_it_is() -> None:
    loaded = config.load(ROOT / "config/gated.toml")
    assert loaded.screen is not None, "a new gate shows its screen"
    assert loaded.card_reader == ()
    assert (loaded.camera, loaded.thermometer, loaded.broker) == (None, None, None)


def test_the_hubs_sample_loads_as_it_is() -> None:
    assert config.load_hub(ROOT / "config/hub.toml").broker.tls


def test_the_gates_sample_loads_with_everything_uncommented(tmp_path: Path) -> None:
    path = tmp_path / "gated.toml"
    path.write_text(uncommented(page("config/gated.toml")), "utf-8")
    loaded = config.load(path)
    assert len(loaded.card_reader) == 1
    assert None not in (loaded.camera, loaded.thermometer, loaded.broker, loaded.screen)


def test_the_hubs_sample_loads_with_everything_uncommented(tmp_path: Path) -> None:
    path = tmp_path / "hub.toml"
    path.write_text(uncommented(page("config/hub.toml")), "utf-8")
    config.load_hub(path)


@pytest.mark.parametrize(("name", "sections"), SAMPLES)
def test_a_sample_shows_every_key_and_no_other(
    name: str, sections: dict[str, type[BaseModel]]
) -> None:
    keys = {section: list(model.model_fields) for section, model in sections.items()}
    found = tables(page(name), sections)
    assert {section: list(table) for section, table in found.items()} == keys


@pytest.mark.parametrize(("name", "sections"), SAMPLES)
def test_what_a_sample_shows_behind_a_mark_is_the_default(
    name: str, sections: dict[str, type[BaseModel]]
) -> None:
    found = tables(page(name), sections)
    for where, model in sections.items():
        for key, field in model.model_fields.items():
            if field.is_required() or field.default is None:
                continue
            assert found[where][key] == shown(field.default), f"[{where}] {key}"


@pytest.mark.parametrize(("name", "sections"), SAMPLES)
def test_every_key_of_a_sample_has_a_line_of_meaning(
    name: str, sections: dict[str, type[BaseModel]]
) -> None:
    lines = page(name).splitlines()
    pairs = {"height", "name_en", "cert", "key", "username", "password", "site", "rest", "trust"}
    for number, line in enumerate(lines):
        found = re.match(r"#?([a-z_]+) = ", line)
        if found and not lines[number - 1].startswith("# "):
            assert found[1] in pairs | OBVIOUS, f"{name}:{number + 1}: {line}"


@pytest.mark.parametrize(("heading", "sections"), TABLES)
def test_the_table_lists_every_key_with_bounds_and_default(
    heading: str, sections: dict[str, type[BaseModel]]
) -> None:
    part = section(page("config/README.md"), heading)
    for name, model in sections.items():
        listed = {row[0].strip("`"): row for row in rows(section(part, f"### [{name}]"))}
        assert list(listed) == list(model.model_fields), name
        for key, field in model.model_fields.items():
            assert listed[key][1] == allowed(field), f"[{name}] {key}"
            assert listed[key][2] == default(field), f"[{name}] {key}"
            assert len(listed[key][3]) > len("none"), f"[{name}] {key}: say what it means"


def test_the_reports_shown_on_the_page_are_the_real_ones(tmp_path: Path) -> None:
    path = tmp_path / "gated.toml"
    text = (
        '[gate]\nid = "East 1"\nsite = "b"\n[[card_reader]]\nport = "x"\n[[card_reader]]\n'
        '[camera]\nsource = "x"\nfsp = 1\n[visit]\nguard_s = 500\n'
    )
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigError) as problem:
        config.load(path)
    lines = str(problem.value).splitlines()[1:]
    assert len(lines) == 4
    for line in lines:
        assert line.strip() in page("config/README.md")
