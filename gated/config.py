"""Loads gated.toml: every problem at once, unknown keys with the nearest known one.

One table of keys (the models below) drives loading, `gated check` and config/README.md.
Frozen after loading; each part of the program receives only its own section.
"""

import os
import re
import tomllib
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Literal, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from gated.config_base import Section
from gated.config_screen import Lanes, Night, NoticeSection, RoundsSection, StationSection
from gated.config_words import HOST_NAME, NAME, VARIANT, sentences
from gated.errors import ConfigError

DEFAULT_PATH = Path("/etc/gated/gated.toml")
DEFAULT_HUB_PATH = Path("/etc/gated/hub.toml")

_HOST_LIMIT = 253  # RFC 1123, as are labels of 1 to 63
_LABEL = re.compile(r"(?!-)[A-Za-z0-9_-]{1,63}(?<!-)")

_Model = TypeVar("_Model", bound=BaseModel)


def _zone_name(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        text = f"{value!r} is not a time zone name, for example Asia/Shanghai"
        raise ValueError(text) from error
    return value


ZoneName = Annotated[str, AfterValidator(_zone_name)]


class GateSection(Section):
    """Which gate this is."""

    id: Annotated[str, Field(pattern=NAME)]
    site: Annotated[str, Field(pattern=NAME)]
    zone: Annotated[int, Field(ge=0, le=65535)] = 1
    lane: str = ""
    name: str = ""
    name_en: str = ""
    direction: Literal["in", "out", "both"] = "in"
    language: Literal["zh", "en"] = "zh"
    timezone: ZoneName = "Asia/Shanghai"
    shadow: bool = False
    clock: Literal["auto", "trusted"] = "auto"


class StoreSection(Section):
    """Where roster.db, journal.db and the roster generations live."""

    dir: Path = Path("/var/lib/gated")


class KeysSection(Section):
    """Files with this site's keys; docs/keys.md says what losing each one means."""

    site: Path = Path("/etc/gated/keys/site.key")
    rest: Path = Path("/etc/gated/keys/rest.key")
    trust: Path = Path("/etc/gated/keys/trust.json")
    hub: Path | None = None


class CardReaderSection(Section):
    """A serial credential reader."""

    kind: Literal["sam"] = "sam"
    port: str
    baud: Literal[9600, 19200, 38400, 57600, 115200] = 115200
    hold_off_s: Annotated[float, Field(ge=0.5, le=60)] = 5.0


class CameraSection(Section):
    """The camera that looks for pass codes."""

    source: str
    decoder: Literal["auto", "zxing", "pyzbar"] = "auto"
    width: Annotated[int, Field(ge=320, le=4096)] = 1280
    height: Annotated[int, Field(ge=240, le=2160)] = 720
    fps: Annotated[int, Field(ge=1, le=60)] = 10


class ThermometerSection(Section):
    """The infrared thermometer and this site's calibration file."""

    bus: str | int = 1
    address: Annotated[int, Field(ge=0x08, le=0x77)] = 0x5A
    variant: Annotated[str, Field(pattern=VARIANT)] = "DCC"
    supply_v: Annotated[float, Field(ge=2.6, le=5.5)] = 3.3
    iir_percent: Annotated[int, Field(ge=0, le=100)] = 0
    fir: Annotated[int, Field(ge=0, le=1024)] = 0
    site: Path | None = None
    warm_up_s: Annotated[int, Field(ge=0, le=3600)] = 60


def _broker_host(value: str) -> str:
    with suppress(ValueError):
        return str(ip_address(value))
    labels = value.removesuffix(".").split(".")
    named = all(_LABEL.fullmatch(label) for label in labels) and len(value) <= _HOST_LIMIT
    if not named or labels[-1].isdigit():  # four numbers that are no address are no name either
        raise ValueError(
            f'"{value}" is neither a host name, for example broker.lan, nor an address'
        )
    return value


class BrokerSection(Section):
    """The MQTT broker between gate and hub."""

    host: Annotated[str, AfterValidator(_broker_host)]
    port: Annotated[int, Field(ge=1, le=65535)] = 8883
    tls: bool = True
    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None
    username: str = ""
    password: str = ""
    roster: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,32}$")] = "main"
    reconnect_s: Annotated[float, Field(ge=0.05, le=60)] = 1.0


class NetworkSection(Section):
    """The guard's screen on a network: over TLS, for whoever logs in."""

    host: Annotated[str, Field(pattern=HOST_NAME)]
    port: Annotated[int, Field(ge=0, le=65535)] = 8443
    cert: Path
    key: Path
    names: Annotated[
        tuple[Annotated[str, Field(pattern=HOST_NAME)], ...], Field(validate_default=True)
    ] = ()
    session_h: Annotated[float, Field(ge=0.1, le=24)] = 12.0

    @field_validator("names")
    @classmethod
    def _a_name_for_every_address(
        cls, value: tuple[str, ...], info: ValidationInfo
    ) -> tuple[str, ...]:
        host = info.data.get("host", "")
        if not value and _is(host, "is_unspecified"):
            raise ValueError(
                f"missing: {host} is no address a browser can open; name those it is opened under, "
                'for example ["gate-1.lan"]'
            )
        return value


def _is(host: str, kind: Literal["is_loopback", "is_unspecified"]) -> bool:
    with suppress(ValueError):
        return bool(getattr(ip_address(host), kind))
    return False


def _this_machine(value: str) -> str:
    if value.lower() == "localhost" or _is(value, "is_loopback"):
        return value
    raise ValueError(
        f'"{value}" can be reached from other machines, where this screen asks nobody who they '
        "are; leave it out, and add [screen.network] with TLS and a log-in"
    )


class ScreenSection(Section):
    """The guard's status screen, a web page for the kiosk browser."""

    host: Annotated[str, Field(pattern=HOST_NAME), AfterValidator(_this_machine)] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8321
    names: tuple[Annotated[str, Field(pattern=HOST_NAME)], ...] = ()
    diagonal_in: Annotated[float, Field(ge=2, le=30)] = 5.0
    browser: Literal["auto", "cog", "chromium"] = "auto"
    rotation: Literal[0, 90, 180, 270] = 0
    blank_after_min: Annotated[int, Field(ge=0, le=1440)] = 0
    night: Night = ("20:00", "06:00")
    pair: Lanes = ()
    texts: Path | None = None
    network: NetworkSection | None = None  # the last key: a table of its own in the file


class VisitSection(Section):
    """How long the terminal waits for people and guards, in seconds."""

    pair_s: Annotated[float, Field(ge=3, le=60)] = 10.0
    measure_s: Annotated[float, Field(ge=1, le=60)] = 10.0
    dedupe_s: Annotated[float, Field(ge=0, le=1800)] = 5.0
    try_gap_s: Annotated[float, Field(ge=0.5, le=60)] = 5.0
    guard_s: Annotated[float, Field(ge=1, le=120)] = 30.0


class GuardsSection(Section):
    """Who stands at the gate: how long a shift lasts before the log-in ends by itself."""

    shift_h: Annotated[float, Field(ge=1, le=24)] = 12.0


class Config(Section):
    """The whole of gated.toml."""

    gate: GateSection
    store: StoreSection = StoreSection()
    keys: KeysSection = KeysSection()
    card_reader: tuple[CardReaderSection, ...] = ()
    camera: CameraSection | None = None
    thermometer: ThermometerSection | None = None
    broker: BrokerSection | None = None
    screen: ScreenSection | None = None
    visit: VisitSection = VisitSection()
    guards: GuardsSection = GuardsSection()
    station: StationSection = StationSection()
    rounds: RoundsSection = RoundsSection()
    notice: NoticeSection = NoticeSection()

    @field_validator("card_reader", mode="before")
    @classmethod
    def _one_table_is_a_list_of_one(cls, value: object) -> object:
        return [value] if isinstance(value, dict) else value


Hour = Annotated[int, Field(ge=0, le=23)]


class HubSection(Section):
    """Which site's hub this is, the first one when there are several."""

    site: Annotated[str, Field(pattern=NAME)]
    roster: Annotated[str, Field(pattern=NAME)] = "main"
    name: str = ""
    name_en: str = ""
    timezone: ZoneName = "Asia/Shanghai"
    reading_hours: tuple[Hour, ...] = (9, 16)
    round_h: Annotated[int, Field(ge=1, le=168)] = 12


class SiteSection(Section):
    """A further site of this hub, with its own list and its own keys."""

    id: Annotated[str, Field(pattern=NAME)]
    roster: Annotated[str, Field(pattern=NAME)]
    site_key: Path
    rest_key: Path
    name: str = ""
    name_en: str = ""
    timezone: ZoneName = "Asia/Shanghai"
    reading_hours: tuple[Hour, ...] = (9, 16)
    round_h: Annotated[int, Field(ge=1, le=168)] = 12


class HubStoreSection(Section):
    """The hub's database, an SQLAlchemy URL."""

    url: str = "sqlite:////var/lib/gated-hub/hub.db"


class HubKeysSection(Section):
    """The hub's keys; docs/keys.md says what losing each one means."""

    site: Path = Path("/etc/gated/keys/site.key")
    rest: Path = Path("/etc/gated/keys/rest.key")
    signing: Path = Path("/etc/gated/keys/roster-signing.pem")
    people: Path = Path("/etc/gated/keys/people.key")
    seal: Path = Path("/etc/gated/keys/seal.key")
    trust: Path = Path("/etc/gated/keys/trust.json")


class WebSection(Section):
    """The hub's pages for property offices and community officers."""

    host: Annotated[str, Field(pattern=HOST_NAME)] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8420
    names: tuple[Annotated[str, Field(pattern=HOST_NAME)], ...] = ()
    cert: Path | None = None
    key: Path | None = None
    session_h: Annotated[float, Field(ge=0.1, le=24)] = 8.0


class AuthoritySection(Section):
    """Who signs the certificates of newly enrolled gates, and where these find the broker."""

    cert: Path
    key: Path
    broker_host: Annotated[str, AfterValidator(_broker_host)]
    broker_port: Annotated[int, Field(ge=1, le=65535)] = 8883
    days: Annotated[int, Field(ge=1, le=3650)] = 730


class HubConfig(Section):
    """The whole of hub.toml."""

    hub: HubSection
    site: tuple[SiteSection, ...] = ()
    store: HubStoreSection = HubStoreSection()
    keys: HubKeysSection = HubKeysSection()
    broker: BrokerSection
    web: WebSection | None = None
    authority: AuthoritySection | None = None

    @property
    def sites(self) -> tuple[SiteSection, ...]:
        """Every site of this hub; the first is the one of [hub] and [keys]."""
        shared = self.hub.model_dump(exclude={"site"})
        first = SiteSection(
            id=self.hub.site, site_key=self.keys.site, rest_key=self.keys.rest, **shared
        )
        return (first, *self.site)

    @field_validator("site", mode="before")
    @classmethod
    def _one_table_is_a_list_of_one(cls, value: object) -> object:
        return [value] if isinstance(value, dict) else value

    @model_validator(mode="after")
    def _sites_differ(self) -> "HubConfig":
        for what in ("id", "roster"):
            names = [getattr(section, what) for section in self.sites]
            if len(set(names)) < len(names):
                raise ValueError(f"two sites have the same {what}; each needs its own")
        return self


def load(path: Path | None = None) -> Config:
    """Return the gate's configuration. Raises ConfigError with every problem, one per line.

    path: None means GATED_CONFIG, else /etc/gated/gated.toml.
    """
    return _load(path or Path(os.environ.get("GATED_CONFIG", DEFAULT_PATH)), Config)


def load_hub(path: Path | None = None) -> HubConfig:
    """Return the hub's configuration. Raises ConfigError with every problem, one per line.

    path: None means GATED_HUB_CONFIG, else /etc/gated/hub.toml.
    """
    return _load(path or Path(os.environ.get("GATED_HUB_CONFIG", DEFAULT_HUB_PATH)), HubConfig)


def _load(path: Path, model: type[_Model]) -> _Model:
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        message = f"cannot read configuration {path}: {error.strerror}; {_remedy(error, model)}"
        raise ConfigError(message) from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"configuration {path} is not UTF-8 text; save it as UTF-8") from error
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"configuration {path} is not TOML: {error}") from error
    try:
        return model.model_validate(data)
    except ValidationError as error:
        lines = sentences(model, error.errors(), data)
        raise ConfigError("\n".join([f"configuration {path}:", *lines])) from error


def _remedy(error: OSError, model: type[BaseModel]) -> str:
    """Return what to do about a file that cannot be read."""
    if isinstance(error, PermissionError):
        return "run it as the user of the service: sudo -u gated gated …"
    sample = "hub.toml" if model is HubConfig else "gated.toml"
    return f"copy config/{sample} there, or name another file with --config"
