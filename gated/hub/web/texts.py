"""Every sentence of the pages, in both languages: one TOML file per area, read once at start.

A table `[area.key]` holds `zh` and `en`; tables may lie deeper (`[inbox.kind.fever]`).
"""

import importlib.resources
import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final

from gated.hub.accounts import Language

Both = tuple[str, str]
TURNS: Final = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Characters nobody sees that turn the rest of a line around: 1-2-3 would read 3-2-1."""


class Texts:
    """All texts by their dotted key."""

    def __init__(self, texts: Mapping[str, Both]) -> None:
        self._texts = dict(texts)

    def __contains__(self, key: str) -> bool:
        return key in self._texts

    def __iter__(self) -> Iterator[str]:
        return iter(self._texts)

    def get(self, language: Language, key: str, **values: object) -> str:
        """Return the text with {name} filled in. LookupError for a key or a value we forgot."""
        zh, en = self._texts[key]
        text = en if language == "en" else zh
        return text.format_map(values) if values else text


def without_turns(value: object) -> object:
    """Return what a template is about to write, a text without its TURNS."""
    if isinstance(value, str) and TURNS.search(value):
        return type(value)(TURNS.sub("", value))  # markup stays markup
    return value


@cache
def load_texts() -> Texts:
    """Return the texts of every area. ValueError names a table that is not one of both."""
    found: dict[str, Both] = {}
    folder = importlib.resources.files("gated.hub.web").joinpath("texts")
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if not entry.name.endswith(".toml"):
            continue
        area = entry.name.removesuffix(".toml")
        tables = tomllib.loads(entry.read_text("utf-8"))
        if set(tables) != {area}:
            raise ValueError(f"texts/{entry.name}: its tables are [{area}.…], not {set(tables)}")
        _collect(tables[area], area, found)
    return Texts(found)


def _collect(table: Mapping[str, Any], key: str, found: dict[str, Both]) -> None:
    if set(table) == {"zh", "en"} and all(isinstance(text, str) for text in table.values()):
        found[key] = (table["zh"], table["en"])
        return
    for name, inner in table.items():
        if not isinstance(inner, dict):
            raise ValueError(f"texts: [{key}] has {name!r} where zh and en belong")  # noqa: TRY004 - a text, not a type, is wrong
        _collect(inner, f"{key}.{name}", found)
