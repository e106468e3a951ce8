"""A hub's tools over a new database in a folder: two sites with their own keys, a clock of ours."""

import tempfile
from contextlib import closing
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from gated.config import HubConfig
from gated.hub.database import HubDatabase
from gated.hub.office import Office, open_office
from gated.hub.register_entry import moment
from gated.hub.roles import Actor, Role
from gated.store import keys

NOON_MS = 1_581_307_200_000  # 2020-02-10 12:00 in Shanghai
NOW = moment(NOON_MS)


@dataclass
class Clock:
    """Tells what it was set to."""

    now_ms: int = NOON_MS

    def __call__(self) -> int:
        return self.now_ms


@dataclass
class Desk:
    """An office and who works in it. Sites: `east` and `west`."""

    office: Office
    clock: Clock = field(default_factory=Clock)

    def actor(self, role: Role = Role.OFFICER, site: str = "east", name: str = "") -> Actor:
        return Actor(name or f"{role.value}-{site}", role, site)


def hub_config(folder: Path, *, web: bool = False, broker_port: int = 1) -> HubConfig:
    """Make the keys of two sites in the folder and return a hub's configuration over them."""
    for site in ("east", "west"):
        (folder / site).mkdir(exist_ok=True)
        for name in ("site.key", "rest.key"):
            if not (folder / site / name).exists():
                keys.write_secret(folder / site / name)
    for name in ("people.key", "seal.key"):
        if not (folder / name).exists():
            keys.write_secret(folder / name)
    if not (folder / "signing.pem").exists():
        signing = keys.write_signing_key(folder / "signing.pem", "Ed25519")
        keys.append_trust(folder / "trust.json", signing.trusted(frozenset({"roster", "command"})))
    return HubConfig.model_validate(
        {
            "hub": {"site": "east", "roster": "east", "name": "东园", "name_en": "East Garden"},
            "site": [
                {
                    "id": "west",
                    "roster": "west",
                    "name": "西园",
                    "name_en": "West Garden",
                    "site_key": folder / "west/site.key",
                    "rest_key": folder / "west/rest.key",
                }
            ],
            "store": {"url": f"sqlite:///{folder / 'hub.db'}"},
            "keys": {
                "site": folder / "east/site.key",
                "rest": folder / "east/rest.key",
                "signing": folder / "signing.pem",
                "people": folder / "people.key",
                "seal": folder / "seal.key",
                "trust": folder / "trust.json",
            },
            "broker": {"host": "127.0.0.1", "port": broker_port, "tls": False},
            **({"web": {"port": 0}} if web else {}),
        }
    )


@cache
def _empty_database() -> bytes:
    """A hub's database as it is after its first start: making its tables costs more than a copy."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "hub.db"
        with closing(HubDatabase(f"sqlite:///{path}")):
            pass
        return path.read_bytes()


def with_tables(config: HubConfig) -> HubConfig:
    """The configuration, whose database has its tables and nothing in them, unless it was there."""
    path = Path(config.store.url.removeprefix("sqlite:///"))
    if not path.exists():
        path.write_bytes(_empty_database())
    return config


def open_desk(folder: Path) -> Desk:
    clock = Clock()
    return Desk(open_office(with_tables(hub_config(folder)), clock), clock)
