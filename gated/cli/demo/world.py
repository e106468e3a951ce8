"""Builds the demo's little world in one folder: keys, list, configurations, programs, wires."""

import subprocess
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from gated.cli.demo import centre, processes
from gated.cli.demo.lane import BACKGROUND_S, VARIANT, Lane, Wires
from gated.cli.demo.people import Invented, PassOffice, Town, write_table
from gated.cli.demo.processes import DemoFailed, Program
from gated.core.calibration import demo_calibration
from gated.store import keys
from gated.store.keys import SigningKey, SiteKeys, append_trust
from gated.store.sealed_box import public_of

TIMEZONE = "Asia/Shanghai"
LANES = ("in", "out")
ROSTER = "demo"


@dataclass(slots=True)
class World:
    """Everything the demo started; close() ends it all."""

    folder: Path
    town: Town
    decoder: str = "auto"
    port: int = 0
    site: SiteKeys | None = None
    issuer: SigningKey | None = None
    programs: dict[str, Program] = field(default_factory=dict)
    lanes: dict[str, Lane] = field(default_factory=dict)
    ready_s: dict[str, float] = field(default_factory=dict)
    closing: ExitStack = field(default_factory=ExitStack)
    history_seed: int | None = None  # invents a week before today
    pages_port: int = 0
    guard_s: float = 2.0  # how long a CHECK waits: short, so that a run ends soon

    @property
    def pages_url(self) -> str:
        """Where the hub's pages are."""
        return f"http://127.0.0.1:{self.pages_port}/"

    @property
    def hub_url(self) -> str:
        """The hub's database."""
        return f"sqlite:///{self.folder / 'hub.db'}"

    def build(self, people: list[Invented]) -> None:
        """Start broker, hub and gates with this list. Raises DemoFailed."""
        self._make_keys()
        table = self.folder / "people.csv"
        write_table(table, people, datetime.now(ZoneInfo(TIMEZONE)))
        self.port = processes.free_port()
        self._start("broker", processes.broker(self.folder, self.port))
        processes.wait_for_port(self.port, self.programs["broker"])
        self.pages_port = processes.free_port()
        hub_config = self._hub_config()
        self.push(table)
        centre.furnish(hub_config)
        if self.history_seed is not None:
            centre.remember(hub_config, people, self.folder, self.history_seed)
        self._start("hub", processes.hub(self.folder, hub_config))
        self.programs["hub"].wait_for("hub.online")
        for lane in LANES:
            self._open_lane(lane)
        for lane in LANES:
            program = self.programs[f"gate-{lane}"]
            program.wait_for("gate.ready")
            self.ready_s[lane] = time.monotonic() - program.started_s
        for opened in self.lanes.values():
            opened.ready()
        processes.PAUSE.wait(BACKGROUND_S)

    def push(self, table: Path) -> None:
        """Sign the table as the next revision of the list; the hub sends it to the gates."""
        config = self.folder / "hub.toml"
        command = [sys.executable, "-m", "gated.cli.main", "roster", "push", str(table), "--yes"]
        done = subprocess.run(
            [*command, "--config", str(config)], capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise DemoFailed(f"gated roster push ended with {done.returncode}: {done.stderr}")

    def close(self) -> None:
        """Stop every program and close every wire."""
        for name in reversed(list(self.programs)):
            self.programs[name].stop()
        for lane in self.lanes.values():
            lane.wires.close()
        self.closing.close()

    def _start(self, name: str, program: Program) -> None:
        self.programs[name] = program
        program.start()

    def _make_keys(self) -> None:
        folder = self.folder / "keys"
        folder.mkdir()
        self.site = SiteKeys(
            keys.write_secret(folder / "site.key"), keys.write_secret(folder / "rest.key")
        )
        self.issuer = keys.write_signing_key(folder / "pass-signing.pem", "Ed25519")
        hub = keys.write_signing_key(folder / "roster-signing.pem", "Ed25519")
        append_trust(folder / "trust.json", self.issuer.trusted(frozenset({"pass"})))
        append_trust(folder / "trust.json", hub.trusted(frozenset({"roster", "command"})))
        keys.write_secret(folder / "people.key")
        keys.write_public(folder / "seal.pub", public_of(keys.write_secret(folder / "seal.key")))

    def _hub_config(self) -> Path:
        path = self.folder / "hub.toml"
        path.write_text(
            f"""[hub]
site = "demo"
roster = "{ROSTER}"
name = "示例小区"
name_en = "Demo Garden"
timezone = "{TIMEZONE}"
[store]
url = "{self.hub_url}"
[keys]
site = "{self.folder}/keys/site.key"
rest = "{self.folder}/keys/rest.key"
signing = "{self.folder}/keys/roster-signing.pem"
people = "{self.folder}/keys/people.key"
seal = "{self.folder}/keys/seal.key"
trust = "{self.folder}/keys/trust.json"
[web]
port = {self.pages_port}
[broker]
{self._broker_keys()}
""",
            "utf-8",
        )
        return path

    def _broker_keys(self) -> str:
        return (
            f'host = "127.0.0.1"\nport = {self.port}\ntls = false\n'
            f'roster = "{ROSTER}"\nreconnect_s = 0.1'
        )

    def _open_lane(self, lane: str) -> None:
        assert self.site is not None, "keys come first"
        assert self.issuer is not None, "keys come first"
        folder = self.folder / f"gate-{lane}"
        folder.mkdir()
        wires = Wires(folder)
        screen_port = processes.free_port()
        site_file = folder / "site.toml"
        forger = keys.write_signing_key(folder / "forger.pem", "Ed25519")
        program = processes.gate(
            self.folder, f"gate-{lane}", self._gate_config(lane, folder, wires, screen_port)
        )
        now = datetime.now(ZoneInfo(TIMEZONE)).date()
        made = Lane(
            wires,
            program,
            PassOffice(self.site.site, self.issuer, forger),
            demo_calibration(now),
            site_file,
            f"http://127.0.0.1:{screen_port}/",
        )
        made.write_calibration(valid=True)
        self.lanes[lane] = made
        self._start(f"gate-{lane}", program)

    def _gate_config(self, lane: str, folder: Path, wires: Wires, screen_port: int) -> Path:
        path = folder / "gated.toml"
        words = {"in": ("东门进", "East in"), "out": ("东门出", "East out")}[lane]
        path.write_text(
            f"""[gate]
id = "east-{lane}"
site = "demo"
name = "{words[0]}"
name_en = "{words[1]}"
direction = "{lane}"
timezone = "{TIMEZONE}"
clock = "trusted"
[store]
dir = "{folder}/store"
[keys]
site = "{self.folder}/keys/site.key"
rest = "{self.folder}/keys/rest.key"
trust = "{self.folder}/keys/trust.json"
hub = "{self.folder}/keys/seal.pub"
[card_reader]
port = "{wires.reader.port}"
hold_off_s = 1.0
[camera]
source = "{wires.camera.url}"
decoder = "{self.decoder}"
[thermometer]
bus = "{wires.bus.address}"
variant = "{VARIANT}"
supply_v = 3.3
site = "{folder}/site.toml"
warm_up_s = 0
[broker]
{self._broker_keys()}
[screen]
port = {screen_port}
[visit]
pair_s = 3.0
measure_s = 2.5
dedupe_s = 1.0
try_gap_s = 1.0
guard_s = {self.guard_s}
""",
            "utf-8",
        )
        return path
