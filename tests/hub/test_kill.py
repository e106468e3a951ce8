"""The hub as a process of its own, killed without warning while a gate sends."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest

from gated.hub.store import HubStore
from gated.store.journal_reader import JournalReader
from tests.support.broker import Broker
from tests.support.sync import Gate
from tests.support.waiting import wait_until

pytestmark = pytest.mark.broker
CONFIG = """
[hub]
site = "site"
[store]
url = "sqlite:///{folder}/hub.db"
[broker]
host = "127.0.0.1"
port = {port}
tls = false
reconnect_s = 0.05
"""


@contextmanager
def process(
    config: Path, stderr: int | IO[bytes] = subprocess.DEVNULL
) -> Iterator[subprocess.Popen[bytes]]:
    code = "from gated.cli.hub import app; app()"
    command = [sys.executable, "-c", code, "run", "--config", str(config)]
    child = subprocess.Popen(command, stderr=stderr)
    try:
        yield child
    finally:
        child.kill()
        child.wait(30)


def test_a_hub_that_is_killed_loses_and_doubles_nothing(tmp_path: Path) -> None:
    config = tmp_path / "hub.toml"
    with Broker(tmp_path) as broker, Gate(tmp_path / "g", broker.settings) as gate:
        config.write_text(CONFIG.format(folder=tmp_path, port=broker.port))
        for _ in range(2):
            with process(config):
                seen = gate.journal.acked
                wait_until(lambda before=seen: busy(gate) > before, what="some events to arrive")
        with process(config) as hub:
            gate.record(25)  # only this hub can acknowledge these
            wait_until(gate.drained, what="the backlog to drain")
            hub.send_signal(signal.SIGTERM)
            assert hub.wait(30) == 0, "told to stop, it stops"
        store = HubStore(f"sqlite:///{tmp_path}/hub.db")
        stored = [(row[0], row[2]) for row in store.events("north-1", gate.journal.epoch)]
        store.close()
        with JournalReader(gate.path) as reader:
            assert stored == [(entry.seq, entry.body) for entry in reader.entries()]


def busy(gate: Gate) -> int:
    """Record a little more and return the watermark."""
    gate.record(25)
    gate.pump()
    return gate.journal.acked
