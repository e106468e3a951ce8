"""`gated hub run` makes what it collects searchable, also when it is killed in between."""

import signal
from pathlib import Path

import pytest
from sqlalchemy import func, select

from gated.hub.office import open_office
from gated.hub.schema_records import GATE_LOG, PASSAGE
from tests.hub.test_kill import process
from tests.support.broker import Broker
from tests.support.office import hub_config
from tests.support.sync import Gate
from tests.support.waiting import wait_until

pytestmark = pytest.mark.broker
CONFIG = """
[hub]
site = "east"
[store]
url = "sqlite:///{folder}/hub.db"
[keys]
site = "{folder}/east/site.key"
rest = "{folder}/east/rest.key"
signing = "{folder}/signing.pem"
people = "{folder}/people.key"
seal = "{folder}/seal.key"
trust = "{folder}/trust.json"
[broker]
host = "127.0.0.1"
port = {port}
tls = false
reconnect_s = 0.05
"""


def test_a_killed_hub_leaves_nothing_out_and_nothing_twice(tmp_path: Path) -> None:
    config = tmp_path / "hub.toml"
    office = open_office(hub_config(tmp_path))

    def searchable() -> int:
        with office.database.reading() as connection:
            return sum(
                connection.execute(select(func.count()).select_from(table)).scalar_one()
                for table in (PASSAGE, GATE_LOG)
            )

    with Broker(tmp_path) as broker, Gate(tmp_path / "g", broker.settings) as gate:
        config.write_text(CONFIG.format(folder=tmp_path, port=broker.port))
        with process(config):
            gate.record(150)
            wait_until(lambda: searchable() > 0, what="the first rows")
        gate.record(150)
        with process(config) as hub:
            wait_until(gate.drained, what="the backlog to drain")
            wait_until(lambda: searchable() == gate.journal.last_seq, what="every row")
            hub.send_signal(signal.SIGTERM)
            assert hub.wait(30) == 0
    office.database.close()


def test_without_the_keys_of_people_and_pages_it_collects_all_the_same(tmp_path: Path) -> None:
    config = tmp_path / "hub.toml"
    hub_config(tmp_path)
    (tmp_path / "people.key").unlink()
    with Broker(tmp_path) as broker, Gate(tmp_path / "g", broker.settings) as gate:
        config.write_text(CONFIG.format(folder=tmp_path, port=broker.port))
        with (tmp_path / "log").open("wb") as log, process(config, stderr=log) as hub:
            gate.record(5)
            wait_until(gate.drained, what="the backlog to drain")
            hub.send_signal(signal.SIGTERM)
            assert hub.wait(30) == 0
    said = (tmp_path / "log").read_text()
    (problem,) = [line for line in said.splitlines() if "hub.index_off" in line]
    assert "people.key" in problem
