"""One person changed at the hub: how long until every gate serves it, and what look-ups cost then.

The hub's office (register left out) here, broker and hub each a process of its own, the gate's
uplink with its engine's part here. The list is fetched by the gate as a gate fetches it.
"""

import queue
import random
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median

from bench_delivery import centre
from bench_roster import KEYS, LOOKUP_US, Town
from bench_row import Row, Run, alternating_s, at_most

from gated.core.model import Status, StatusCode
from gated.core.trust import TrustTable
from gated.gate.fetch import HeldRoster
from gated.gate.uplink import Uplink, UplinkSettings
from gated.gate.uplink_events import RosterChanged, RosterFetched, UplinkEvent
from gated.hub.database import HubDatabase
from gated.hub.publisher import add_prepared, next_rev, prepare_snapshot, publish_delta
from gated.process.supervisor import Supervisor
from gated.store.generation import Roster
from gated.store.journal import Journal
from gated.store.keys import SigningKey, write_signing_key
from gated.store.overlay import PEOPLE_MAX, Change, Patch
from gated.store.roster import RosterStore
from gated.store.roster_build import encoded
from gated.store.sealing import Sealer
from gated.transport.mqtt import BrokerSettings

CHANGE_S = 5.0
LIMIT_S = 120.0
QUARANTINE = (Status(StatusCode.HOME_QUARANTINE),)


def change(run: Run) -> list[Row]:
    """Return seconds from a published change to serving it, and look-ups among changed people."""
    town = Town(20_000 if run.quick else 100_000)
    size = f"{town.size // 1000} k"
    with centre(run.fresh("change")) as port, _gate(run, port) as gate:
        run.say(f"publishing a list of {town.size:,} people")
        gate.publish_whole(town)
        took = [gate.changed_s(town, index) for index in range(run.count(20, 5))]
        plain, over = _lookups(run, gate, town)
    what = f"single change, publish to serving, {size} list: median of {len(took)}"
    return [
        Row("change", what, median(took), "s", at_most(CHANGE_S)),
        Row("change_worst", "the slowest of them", max(took), "s", at_most(CHANGE_S)),
        Row(
            "lookup_changed",
            f"look-up among {size} people with {PEOPLE_MAX:,} of them changed",
            over * 1e6,
            "us",
            at_most(LOOKUP_US),
            over / plain,
            "the same list without changes",
        ),
    ]


class _Gate:
    """A gate whose uplink runs; this thread is its engine and the office of the hub."""

    def __init__(self, folder: Path, database: HubDatabase, signer: SigningKey) -> None:
        self.inbox: queue.SimpleQueue[UplinkEvent] = queue.SimpleQueue()
        self.held = HeldRoster()
        self.rosters = RosterStore(folder, KEYS)
        self._database = database
        self._signer = signer

    @property
    def roster(self) -> Roster:
        roster = self.rosters.current()
        assert roster is not None, "a list serves"
        return roster

    def publish_whole(self, town: Town) -> None:
        rows = (town.row(index) for index in range(town.size))
        prepared = prepare_snapshot(
            rows, KEYS, self._signer, roster="main", site="bench", rev=1, made_utc_ms=_utc_ms()
        )
        with self._database.writing("publish") as connection:
            add_prepared(connection, prepared)
        self._serve(1)

    def changed_s(self, town: Town, index: int) -> float:
        """Return the seconds from the first word to the database to the first right answer."""
        person = replace(town.row(town.size - 1 - index), statuses=QUARANTINE)
        began = time.monotonic()
        with self._database.writing("publish") as connection:
            rev = next_rev(connection, "main")
            publish_delta(
                connection,
                [(person, QUARANTINE)],
                [],
                KEYS,
                self._signer,
                roster="main",
                site="bench",
                rev=rev,
                made_utc_ms=_utc_ms(),
            )
        self._serve(rev)
        found = self.roster.by_id_number(person.id_number).person
        assert found is not None, "the person is on the list"
        assert found.statuses, "the change serves"
        return time.monotonic() - began

    def _serve(self, rev: int) -> None:
        """Do the engine's part until this revision serves."""
        while self.held.rev < rev:
            match self.inbox.get(timeout=LIMIT_S):
                case RosterFetched() as event:
                    info, line = event.info, event.line
                    self.rosters.install(
                        event.path, info, event.kid, event.rev, info.sha256, line=line,
                        patch=event.patch,
                    )  # fmt: skip
                case RosterChanged(patch):
                    self.rosters.apply(patch)
                case _:
                    continue
            own = self.rosters.generations()[0]
            self.held = HeldRoster(self.roster.rev, own.kid, {}, own.line, own.rev)


@contextmanager
def _gate(run: Run, port: int) -> Iterator[_Gate]:
    folder = run.fresh("changed-gate")
    signer = write_signing_key(folder / "signing.pem", "Ed25519")
    trust = TrustTable((signer.trusted(frozenset({"roster"})),))
    database = HubDatabase(f"sqlite:///{run.folder / 'change' / 'hub.db'}")
    gate = _Gate(folder, database, signer)
    with closing(Journal(folder / "journal.db", boot="bench", new_epoch=lambda: "00" * 8)) as own:
        settings = UplinkSettings(
            broker=BrokerSettings("127.0.0.1", port, tls=False),
            gate="bench-change",
            roster="main",
            boot="bench",
            software="bench",
            starts=own.starts,
            journal=folder / "journal.db",
            folder=folder,
            reconnect_base_ms=20,
            first_spread_ms=0,
            fetch_spread_ms=0,
        )
        supervisor = Supervisor()
        supervisor.start(Uplink(settings, trust, emit=gate.inbox.put, held=lambda: gate.held))
        try:
            yield gate
        finally:
            supervisor.stop()
            gate.rosters.close()
            database.close()


def _lookups(run: Run, gate: _Gate, town: Town) -> tuple[float, float]:
    """Return seconds per look-up in the file alone and with PEOPLE_MAX changed people over it."""
    file = gate.roster.path
    own = gate.rosters.generations()[0]
    sealer = Sealer(KEYS.rest)
    entries = [encoded(town.row(index), (), KEYS, sealer) for index in range(PEOPLE_MAX)]
    changes = tuple(Change(row[0], row, cards) for row, cards in entries)
    rev = gate.held.rev
    gate.rosters.apply(Patch(own.kid, own.line, own.rev, rev + 1, _utc_ms(), changes))
    picked = random.Random(1).choices(range(town.size), k=2000)  # noqa: S311 - the same every run
    numbers = [town.number(index) for index in picked]
    with closing(Roster(file, KEYS)) as plain:
        over = gate.roster
        asks: list[Callable[[int], object]] = [
            lambda index: plain.by_id_number(numbers[index % 2000]),
            lambda index: over.by_id_number(numbers[index % 2000]),
        ]
        alone, changed = alternating_s(asks, run.count(40, 10), 500, time.thread_time)
    return alone, changed


def _utc_ms() -> int:
    return time.time_ns() // 1_000_000
