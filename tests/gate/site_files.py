"""A gate's files in a folder, and the installed program run on them."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from gated.gate.control import ControlSilent, running_health
from gated.store.keys import write_secret
from tests.gate.gate_world import KEYS
from tests.support.waiting import wait_until

LIMIT_S = 40
NOBODY = 65_534  # the user that owns nothing
GATED = [sys.executable, "-m", "gated.cli.main"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def write_site(folder: Path, more: str = "", *, store: str = "store") -> Path:
    """Write keys and a configuration without devices; return the configuration's path."""
    for name, secret in (("site", KEYS.site), ("rest", KEYS.rest)):
        path = folder / f"{name}.key"
        if not path.exists():
            write_secret(path)
            path.write_text(secret.hex() + "\n")
    (folder / "trust.json").write_text('{"v": 1, "keys": []}')
    path = folder / "gated.toml"
    path.write_text(
        f"""[gate]
id = "north-1"
site = "park"
clock = "trusted"
[store]
dir = "{folder / store}"
[keys]
site = "{folder}/site.key"
rest = "{folder}/rest.key"
trust = "{folder}/trust.json"
{more}""",
        "utf-8",
    )
    return path


def command(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `gated` with these words to its end."""
    return subprocess.run(
        [*GATED, *words],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
        env=os.environ | environment,
    )


class RunningGate:
    """`gated run` with a screen, ready when entered, stopped and waited for when left."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        self.port = free_port()
        self._environment = environment
        self._config = write_site(folder, f"[screen]\nport = {self.port}\n")
        self.log = folder / "log"

    def __enter__(self) -> Self:
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*GATED, "run", "--config", str(self._config)],
                stderr=log,
                stdout=log,
                env=os.environ | self._environment,
            )
        wait_until(self._is_ready, what="the gate to be ready", limit_s=LIMIT_S)
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.stop()

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(how)
        return self.process.wait(LIMIT_S)

    def press(self, reason: str = "known") -> None:
        """Pass somebody unknown by hand; returns when the gate has answered."""
        url = f"http://127.0.0.1:{self.port}"
        order = {"kind": "manual_pass", "visit": self.snapshot()["visit"], "reason": reason}
        request = urllib.request.Request(
            f"{url}/act",
            json.dumps(order).encode(),
            self.headers(),
        )
        with urllib.request.urlopen(request, timeout=LIMIT_S) as answer:
            assert answer.status < 300

    def headers(self) -> dict[str, str]:
        """Return what an order of the page carries."""
        url = f"http://127.0.0.1:{self.port}"
        with urllib.request.urlopen(f"{url}/token", timeout=LIMIT_S) as answer:
            token = json.loads(answer.read())["token"]
        return {"Content-Type": "application/json", "Origin": url, "X-Gated-Token": token}

    def snapshot(self) -> dict[str, Any]:
        url = f"http://127.0.0.1:{self.port}/snapshot"
        with urllib.request.urlopen(url, timeout=LIMIT_S) as answer:
            found: dict[str, Any] = json.loads(answer.read())
        return found

    def _is_ready(self) -> bool:
        assert self.process.poll() is None, self.log.read_text()
        try:
            answers = running_health(self.folder / "store" / "gated.sock") is not None
        except ControlSilent:
            return False
        return answers and b"gate.ready" in self.log.read_bytes()


@contextmanager
def without_rights(folder: Path) -> Iterator[None]:
    """In this block we may not look into the folder; as root we are somebody else meanwhile."""
    mode = folder.stat().st_mode & 0o777
    folder.chmod(0o000)
    root = os.geteuid() == 0
    if root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)
        folder.chmod(mode)
