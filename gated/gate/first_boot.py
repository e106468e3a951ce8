"""The first start of a gate: what an installer answers, and the configuration that comes of it.

Answers in, a configuration or problems out; no clock, no files, no devices. The wizard asks in
the order of the fields; what the hub said when the gate joined wins over what was typed before.
"""

import json
import re
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import ValidationError

from gated.config import Config
from gated.config_words import NAME
from gated.errors import GatedError

NAME_MAX: Final = 24  # characters; a screen's header has room for no more
SOURCE_MAX: Final = 300
NONE: Final = "none"
"""An answer: this gate has no such device, or no hub."""

KINDS: Final = ("card", "camera", "wrist")
SAMPLE_GATE: Final = {"id": "east-1", "site": "example"}

SUGGESTIONS: Final = (
    ("东门", "East gate", "east"),
    ("南门", "South gate", "south"),
    ("西门", "West gate", "west"),
    ("北门", "North gate", "north"),
    ("正门", "Main gate", "main"),
    ("侧门", "Side gate", "side"),
    ("车行门", "Vehicle gate", "vehicle"),
)
"""Names a compound's gates usually have: in Chinese, in English, and the beginning of an id."""


class AnswerRefused(GatedError, ValueError):
    """An answer cannot be. field: which one; code: why, a key of the texts of the wizard."""

    def __init__(self, field: str, code: str) -> None:
        super().__init__(f"{field}: {code}")
        self.field = field
        self.code = code


@dataclass(frozen=True, slots=True)
class Answers:
    """What was answered so far; "" is not answered yet.

    hub: none or joined. card, camera: a port or source, or none. wrist: a bus, or none; variant:
    the letters on the sensor. shadow: on or off.
    """

    language: str = "zh"
    hub: str = ""
    name: str = ""
    name_en: str = ""
    id: str = ""
    site: str = ""
    direction: str = ""
    shadow: str = ""
    card: str = ""
    camera: str = ""
    wrist: str = ""
    variant: str = "DCC"


@dataclass(frozen=True, slots=True)
class Offered:
    """What may be chosen on this machine: ports, sources and buses by kind, sensor variants."""

    devices: Mapping[str, tuple[str, ...]]
    variants: tuple[str, ...]


_CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "language": ("zh", "en"),
    "hub": ("", NONE),
    "direction": ("in", "out"),
    "shadow": ("on", "off"),
}
_FIELDS: Final = frozenset(field.name for field in fields(Answers))


def changed(answers: Answers, given: Mapping[str, object], offered: Offered) -> Answers:
    """Return the answers with the given ones in their place. Raises AnswerRefused; then none is."""
    taken: dict[str, str] = {}
    for name, value in given.items():
        if name not in _FIELDS or not isinstance(value, str):
            raise AnswerRefused(name if name in _FIELDS else "", "not_offered")
        taken[name] = _accepted(name, value.strip(), offered)
    return replace(answers, **taken)


def _accepted(name: str, value: str, offered: Offered) -> str:
    if name in _CHOICES:
        good, code = value in _CHOICES[name], "not_offered"
    elif name in ("name", "name_en"):
        good, code = _is_shown_well(value), "bad_name"
    elif name in ("id", "site"):
        good, code = re.fullmatch(NAME, value) is not None, "bad_id"
    elif name == "variant":
        good, code = value in offered.variants, "not_offered"
    else:
        good = value in ("", NONE, *offered.devices.get(name, ()))
        good, code = good or (name == "camera" and _is_address(value)), "not_there"
    if not good:
        raise AnswerRefused(name, code)
    return value


def _is_shown_well(text: str) -> bool:
    """Markup is a text like any other; what nobody sees, or what turns a line around, is not."""
    strange = any(unicodedata.category(sign)[0] in "CZ" and sign != " " for sign in text)
    return len(text) <= NAME_MAX and not strange


def _is_address(text: str) -> bool:
    plain = text.isascii() and text.isprintable() and " " not in text
    long = len(text) > SOURCE_MAX
    return plain and not long and re.match(r"https?://[^/]", text) is not None


def missing(answers: Answers, *, joined: bool) -> tuple[str, ...]:
    """Return the fields that still need an answer, in the order they are asked."""
    wanted = ["shadow", *KINDS]
    if not joined:
        wanted = ["hub", "name", "id", "site", "direction", *wanted]
    return tuple(name for name in wanted if not getattr(answers, name))


def is_sample(table: Mapping[str, Any]) -> bool:
    """Tell whether a parsed configuration is the shipped sample, of which nobody changed a key."""
    own = {name: section for name, section in table.items() if section}
    return own == {"gate": SAMPLE_GATE}


def joined_tables(text: str) -> Mapping[str, Mapping[str, Any]]:
    """Return what joining the hub brought, by table. Raises ValueError when it is something else.

    text: the configuration that `join` wrote: gate, keys, broker and an empty screen.
    """
    try:
        table = tomllib.loads(text)
        Config.model_validate(table)
    except (ValidationError, tomllib.TOMLDecodeError) as error:
        raise ValueError("not what joining writes") from error
    if not {"gate", "keys", "broker"} <= set(table):
        raise ValueError("not what joining writes")
    return table


def configuration(
    answers: Answers, joined: Mapping[str, Mapping[str, Any]] | None, keys: Path, supply_v: float
) -> str:
    """Return gated.toml for these answers, comments included.

    joined: what the hub said, None for a gate that works alone. keys: the folder of its keys.
    supply_v: of the thermometer.
    """
    parts = [
        _HEAD,
        _gate(answers, (joined or {}).get("gate", {})),
        _keys(keys) if joined is None else _table("keys", _KEYS_NOTE, joined["keys"]),
        *_devices(answers, supply_v),
        _NO_HUB if joined is None else _table("broker", _BROKER_NOTE, joined["broker"]),
        _table("screen", "The guard's screen, for the browser of this machine.", {}),
    ]
    return "\n\n".join(parts) + "\n"


_HEAD: Final = (
    "# The gate's configuration, written by gated setup. config/README.md lists every key.\n"
    "# After a change: sudo -u gated gated check, then sudo systemctl restart gated."
)
_KEYS_NOTE: Final = "docs/keys.md: what each file is and what losing it means."
_BROKER_NOTE: Final = "The MQTT broker between gate and hub, as the hub said when this gate joined."
_NO_HUB: Final = "# No [broker]: this gate works alone. To join a hub later: sudo gated join."


def _gate(answers: Answers, said: Mapping[str, Any]) -> str:
    rows: dict[str, str | bool | int] = {
        "id": answers.id,
        "site": answers.site,
        "name": answers.name,
        "name_en": answers.name_en,
        "direction": answers.direction,
    }
    rows.update(said)
    rows["language"] = answers.language
    rows["shadow"] = answers.shadow == "on"
    note = "Which gate this is. shadow: verdicts are shown and recorded and do not count yet."
    return _table("gate", note, rows)


def _keys(folder: Path) -> str:
    rows = {"site": "site.key", "rest": "rest.key", "trust": "trust.json"}
    return _table("keys", _KEYS_NOTE, {name: str(folder / file) for name, file in rows.items()})


def _devices(answers: Answers, supply_v: float) -> list[str]:
    """Return a table for each device, and a comment for each one this gate has not."""
    found = []
    for kind, table, row in (
        ("card", "card_reader", {"port": answers.card}),
        ("camera", "camera", {"source": answers.camera}),
        ("wrist", "thermometer", {"bus": answers.wrist}),
    ):
        if getattr(answers, kind) == NONE:
            found.append(f"# No [{table}]: this gate has none.")
            continue
        rows: dict[str, Any] = dict(row)
        if kind == "wrist":
            rows |= {"variant": answers.variant, "supply_v": supply_v}
        found.append(_table(table, _DEVICE_NOTES[kind], rows))
    return found


_DEVICE_NOTES: Final = {
    "card": "The ID-card reader.",
    "camera": "The camera that sees pass codes.",
    "wrist": "The MLX90614 infrared thermometer. Measure its supply once and correct supply_v.",
}


def _table(name: str, note: str, rows: Mapping[str, Any]) -> str:
    # JSON writes texts, numbers and booleans as TOML does, save for one sign no answer may hold.
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in rows.items()]
    return "\n".join([f"# {note}", f"[{name}]", *lines])


def sections(answers: Answers, supply_v: float) -> Mapping[Literal["card", "camera", "wrist"], Any]:
    """Return the settings of each chosen device, as the configuration will hold them."""
    text = "\n".join(['[gate]\nid = "a"\nsite = "a"', *_devices(answers, supply_v)])
    config = Config.model_validate(tomllib.loads(text))
    return {
        "card": config.card_reader[0] if config.card_reader else None,
        "camera": config.camera,
        "wrist": config.thermometer,
    }
