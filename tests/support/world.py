"""The demo's world for system tests: real programs on real wires, people who come when called.

    world.play("in", "card A; wrist 36.4; ALLOW OK_HOME_RETURN", A=world.resident())

The steps are those of the demo's scenario. What the gate says is compared by the demo's own lane;
a visit cut short by a killed gate is played again, as in the demo.
"""

import csv
import json
import subprocess
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from gated.cli.demo import processes
from gated.cli.demo.lane import Lane, Tally
from gated.cli.demo.people import Arrival, Invented, Town, write_table
from gated.cli.demo.processes import Program
from gated.cli.demo.scenario import Role, read_scenario
from gated.cli.demo.world import LANES, TIMEZONE, World
from gated.core.model import Category, StatusCode
from gated.hub.store import HubStore
from gated.store.journal_reader import Entry, JournalReader
from gated.transport.mqtt import BrokerSettings
from tests.support.waiting import wait_until

RESIDENTS = 150  # more than the tests ever ask for
BACK_S = 60.0  # a device is tried again after 1, 2, 4 ... s, the broker likewise
COMMAND_S = 60.0


class SystemWorld:
    """A broker, a hub and two gates in one folder; `heal` makes everything well again."""

    def __init__(self, folder: Path, seed: int = 7) -> None:
        self.folder = folder
        self.town = Town(seed)
        self._spare = [self.town.person() for _ in range(RESIDENTS)]
        self.quarantined = self._someone(statuses=(StatusCode.HOME_QUARANTINE,))
        self.named = self._someone(name="王小明")
        self.listed = [*self._spare, self.quarantined, self.named]
        self.demo = World(folder, self.town)
        self._pushes = 0
        self._there: dict[str, set[str]] = {}  # who was at a lane last

    def start(self) -> None:
        self.demo.build(self.listed)

    def close(self) -> None:
        self.demo.close()

    def heal(self) -> None:
        """Everything runs, every device answers, everything recorded was acknowledged."""
        for program in self.demo.programs.values():
            if not program.alive:
                program.start()
        processes.wait_for_port(self.demo.port, self.program("broker"))
        for name in LANES:
            lane = self.lane(name)
            lane.wires.clear()
            lane.wires.reader.plug()
            lane.wires.camera.misbehave(None)
            lane.wires.sensor.heal()
            lane.ready()
            assert self.part_states(name)["roster"] == "ok"
            self.wait_drained(name)
            lane.tally = Tally()

    # -- people ---------------------------------------------------------------------------------

    def resident(self) -> Invented:
        """Somebody on the list who has not come yet."""
        return self._spare.pop()

    def stranger(self) -> Invented:
        """Somebody who is not on the list."""
        return self.town.person()

    def _someone(self, name: str = "", statuses: tuple[StatusCode, ...] = ()) -> Invented:
        person = self.town.person()
        role = Role("N", Category.RESIDENT, statuses, name=name)
        return replace(person, role=role, name=name or person.name)

    def play(self, lane: str, steps: str, **people: Invented) -> None:
        """Play steps of a scenario at a lane; what the gate says must be what they say.

        Who was there just now comes again when the screen is empty: STOP and CHECK stand before
        the same credential.
        """
        here = {person.id_number for person in people.values()}
        if here & self._there.get(lane, set()):
            wait_until(lambda: self.snapshot(lane)["mode"] == "idle", what=f"an idle lane {lane}")
        self._there[lane] = here
        roles = "; ".join(f"{letter}: resident" for letter in people or "Z")
        (scene,) = read_scenario(f"a test | {lane} | {roles} | {steps}")
        played = self.lane(lane)
        before = len(played.tally.wrong)
        played.play(Arrival(1, scene, people))
        assert played.tally.wrong[before:] == []

    def push(self, *more: Invented) -> dict[str, str]:
        """Push the list with these people added; everybody gets an invented phone number.

        Returns the phone numbers by ID number.
        """
        self.listed += more
        self._pushes += 1
        table = self.folder / f"people-{self._pushes}.csv"
        write_table(table, self.listed, datetime.now(ZoneInfo(TIMEZONE)))
        with table.open(encoding="utf-8-sig", newline="") as written:
            rows = list(csv.DictReader(written))
        for place, row in enumerate(rows):
            row["手机"] = f"1380011{place:04d}"
        with table.open("w", encoding="utf-8-sig", newline="") as out:
            writer = csv.DictWriter(out, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        self.demo.push(table)
        return {row["身份证号"]: row["手机"] for row in rows}

    # -- programs -------------------------------------------------------------------------------

    def program(self, name: str) -> Program:
        """`broker`, `hub`, `gate-in` or `gate-out`."""
        return self.demo.programs[name]

    def lane(self, name: str) -> Lane:
        return self.demo.lanes[name]

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run `gated` with these words to its end."""
        line = [sys.executable, "-m", "gated.cli.main", *words]
        return subprocess.run(line, capture_output=True, text=True, check=False, timeout=COMMAND_S)

    def gate_config(self, lane: str) -> Path:
        return self.folder / f"gate-{lane}" / "gated.toml"

    def log_lines(self, name: str) -> list[dict[str, Any]]:
        """Everything a program has logged so far, over all its starts."""
        text = self.program(name).log.read_text("utf-8")
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]

    def snapshot(self, lane: str) -> dict[str, Any]:
        return self.lane(lane).snapshot()

    def part_states(self, lane: str) -> dict[str, str]:
        """Health of the parts on the guard's screen."""
        return {part["part"]: part["state"] for part in self.snapshot(lane)["health"]}

    @property
    def broker_settings(self) -> BrokerSettings:
        return BrokerSettings("127.0.0.1", self.demo.port, tls=False)

    # -- books ----------------------------------------------------------------------------------

    def journal(self, lane: str) -> Path:
        return self.folder / f"gate-{lane}" / "store" / "journal.db"

    def entries(self, lane: str) -> list[Entry]:
        with JournalReader(self.journal(lane)) as reader:
            return list(reader.entries())

    def passages(self, lane: str) -> list[dict[str, Any]]:
        """The passages of a lane's journal, oldest first."""
        fields = (entry.fields() for entry in self.entries(lane))
        return [event for event in fields if event["kind"] == "passage"]

    def backlog(self, lane: str) -> int:
        with JournalReader(self.journal(lane)) as reader:
            state = reader.state()
        return state.last - state.acked

    def wait_drained(self, lane: str) -> None:
        wait_until(lambda: self.backlog(lane) == 0, what=f"{lane}: acknowledgement", limit_s=BACK_S)

    def at_hub(self, lane: str) -> list[tuple[int, bytes]]:
        """What the hub holds of a lane's journal: (seq, body)."""
        with JournalReader(self.journal(lane)) as reader:
            epoch = reader.state().epoch
        store = HubStore(self.demo.hub_url)
        try:
            return [(seq, body) for seq, _, body, _ in store.events(f"east-{lane}", epoch)]
        finally:
            store.close()

    def assert_books_agree(self, lane: str) -> None:
        """The journal holds, without a gap, and the hub has every event once, byte for byte."""
        self.wait_drained(lane)
        entries = self.entries(lane)
        assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
        with JournalReader(self.journal(lane)) as reader:
            assert reader.verify().ok
        assert self.at_hub(lane) == [(entry.seq, entry.body) for entry in entries]
