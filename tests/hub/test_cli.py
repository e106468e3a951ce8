"""`gated hub gates` and `gated roster push`, as people call them."""

import json
import socket
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from gated.cli import hub as hub_command
from gated.cli.roster_push import push
from gated.contract.bundle import Holding, verify_manifest
from gated.core.trust import TrustTable
from gated.errors import ConfigError
from gated.hub.store import HubStore
from gated.store import keys
from tests.gate.site_files import command

CONFIG = """
[hub]
site = "site"
roster = "main"
[store]
url = "sqlite:///{folder}/hub.db"
[keys]
site = "{folder}/site.key"
rest = "{folder}/rest.key"
signing = "{folder}/roster.pem"
people = "{folder}/people.key"
seal = "{folder}/seal.key"
trust = "{folder}/trust.json"
[broker]
host = "127.0.0.1"
tls = false
"""
TABLE = """\
身份证号,姓名,楼栋,单元,房号,类别,卡号
11010519491231002X,王小明,3,2,101,居民,0012345678
110105194912310046,李华,3,2,102,居民,
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "hub.toml"
    path.write_text(CONFIG.format(folder=tmp_path))
    return path


def run(*arguments: str) -> str:
    app = typer.Typer()
    app.add_typer(hub_command.app, name="hub")
    app.command("push")(push)
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_a_pushed_table_is_signed_for_the_gates(tmp_path: Path, config: Path) -> None:
    for name in ("site", "rest", "people", "seal"):
        keys.write_secret(tmp_path / f"{name}.key")
    signer = keys.write_signing_key(tmp_path / "roster.pem", "Ed25519")
    table = tmp_path / "people.csv"
    table.write_text(TABLE)
    assert "revision 1 of main is offered: 2 persons, 1 cards" in run(
        "push", str(table), "--yes", "--config", str(config)
    )
    store = HubStore(f"sqlite:///{tmp_path}/hub.db")
    (bundle,) = store.newest_bundles()
    store.close()
    trust = TrustTable((signer.trusted(frozenset({"roster"})),))
    assert verify_manifest(bundle.manifest, trust, Holding("main")).snap.rows == 2
    everything = (tmp_path / "hub.db").read_bytes() + bundle.manifest
    assert "王小明".encode() not in everything


def test_a_bad_table_or_a_missing_key_publishes_nothing(tmp_path: Path, config: Path) -> None:
    table = tmp_path / "people.csv"
    app = typer.Typer()
    app.command("push")(push)
    arguments = [str(table), "--yes", "--config", str(config)]
    table.write_text("姓名,楼栋\n")
    broken = CliRunner().invoke(app, arguments)
    assert (broken.exit_code, "nothing was imported" in broken.stderr) == (1, True)
    table.write_text(TABLE)
    with pytest.raises(ConfigError):
        CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert not (tmp_path / "hub.db").exists()


def test_gates_are_listed_for_people_and_for_programs(tmp_path: Path, config: Path) -> None:
    assert "no gate yet: `gated hub enrol`" in run("hub", "gates", "--config", str(config))
    store = HubStore(f"sqlite:///{tmp_path}/hub.db")
    store.greet("north-1", {"online": True, "sid": 1, "last": 12, "roster_rev": 3, "seen_ms": 1})
    store.close()
    assert "north-1" in run("hub", "gates", "--config", str(config))
    (row,) = json.loads(run("hub", "gates", "--json", "--config", str(config)))
    assert (row["gate"], row["online"], row["last_seq"], row["backlog"]) == ("north-1", True, 0, 12)


@pytest.mark.parametrize("url", ["sqlite:////nowhere/at/all/hub.db", "postgresql+nothing://h/db"])
def test_a_store_that_cannot_be_opened_ends_the_hub_before_it_is_ready(
    tmp_path: Path, config: Path, url: str
) -> None:
    config.write_text(config.read_text().replace(f"sqlite:///{tmp_path}/hub.db", url))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as manager:
        manager.bind(str(tmp_path / "notify"))
        done = command(
            "hub", "run", "--config", str(config), NOTIFY_SOCKET=str(tmp_path / "notify")
        )
        with pytest.raises(BlockingIOError):
            manager.recv(100)
    assert done.returncode == 1
    assert "error: cannot open the hub's store" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_gates_are_listed_for_one_site_only(tmp_path: Path, config: Path) -> None:
    store = HubStore(f"sqlite:///{tmp_path}/hub.db")
    store.greet("north-1", {"online": False, "sid": 1, "seen_ms": 1})
    store.close()
    (row,) = json.loads(run("hub", "gates", "--site", "site", "--json", "--config", str(config)))
    assert (row["link"], row["backlog"], row["online"]) == ("offline", None, False)
    arguments = ["gates", "--site", "elsewhere", "--config", str(config)]
    refused = CliRunner().invoke(hub_command.app, arguments)
    assert refused.exit_code == 2
    assert "no site 'elsewhere'; --site takes one of site" in refused.stderr
