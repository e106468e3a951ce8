"""A hub's list and a gate's copy of it without a broker: what one publishes, the other takes."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from gated.contract.messages import Block
from gated.core import replica
from gated.core.model import Status
from gated.core.replica import Ask
from gated.gate.fetch import Fetcher, HeldRoster
from gated.gate.uplink_events import RosterChanged, RosterFetched, RosterRefused, UplinkEvent
from gated.hub.published import newest_rev
from gated.hub.publisher import (
    Published,
    add_prepared,
    base_rev,
    next_rev,
    prepare_snapshot,
    publish_delta,
)
from gated.hub.store import HubStore
from gated.store.generation import Roster
from gated.store.roster import RosterStore
from gated.store.roster_build import MEMBERS, RosterRow, build, household, reference
from tests.support.rosters import KEYS, MADE_MS, signer, trust

Person = tuple[RosterRow, tuple[Status, ...]]


@dataclass
class Centre:
    """The list as the hub has it, and when each person changed; publishes what it is told."""

    folder: Path
    people: dict[bytes, RosterRow] = field(default_factory=dict)
    changed: dict[bytes, int] = field(default_factory=dict)
    made_ms: int = MADE_MS
    key: str = "hub"

    def __post_init__(self) -> None:
        self.store = HubStore(f"sqlite:///{self.folder / 'hub.db'}", lambda: MADE_MS)

    def close(self) -> None:
        self.store.close()

    @property
    def manifest(self) -> bytes:
        return self.store.newest_bundles()[0].manifest

    @property
    def rev(self) -> int:
        with self.store.database.reading() as connection:
            return newest_rev(connection, "main")

    def set(self, *rows: RosterRow, removed: Iterable[RosterRow] = ()) -> None:
        """These people stand so from now on; nothing is published yet."""
        rev = self.rev + 1
        refs = {reference(row, KEYS.site): row for row in rows}
        homes = {household(self.people[ref], KEYS.site) for ref in refs if ref in self.people}
        homes |= {household(row, KEYS.site) for row in (*rows, *removed)}
        self.people |= refs
        for row in removed:
            ref = reference(row, KEYS.site)
            del self.people[ref]
            self.changed[ref] = rev
        near = {ref for ref, row in self.people.items() if household(row, KEYS.site) in homes}
        self.changed |= dict.fromkeys({*refs, *near}, rev)

    def snapshot(self, *, bridged: bool = False) -> Published:
        """Publish the whole list; bridged: with what differs from the revision before."""
        with self.store.database.reading() as connection:
            rev = next_rev(connection, "main")
        prepared = prepare_snapshot(
            self.people.values(),
            KEYS,
            signer(self.key),
            roster="main",
            site="site",
            rev=rev,
            made_utc_ms=self.made_ms,
        )
        puts, removed = self.since(self.rev)
        with self.store.database.writing("publish") as connection:
            if not bridged:
                return add_prepared(connection, prepared)
            return add_prepared(connection, prepared, puts=puts, removed=removed)

    def delta(self) -> Published:
        """Publish everything that changed since the whole list below."""
        with self.store.database.writing("publish") as connection:
            puts, removed = self.since(base_rev(connection, "main"))
            return publish_delta(
                connection,
                puts,
                removed,
                KEYS,
                signer(self.key),
                roster="main",
                site="site",
                rev=next_rev(connection, "main"),
                made_utc_ms=self.made_ms,
            )

    def since(self, rev: int) -> tuple[list[Person], list[bytes]]:
        refs = sorted(ref for ref, changed in self.changed.items() if changed > rev)
        known = self._known()
        here = [self.people[ref] for ref in refs if ref in self.people]
        puts = [(row, tuple(known.get(household(row, KEYS.site), ()))) for row in here]
        return puts, [ref for ref in refs if ref not in self.people]

    def built(self) -> dict[bytes, int]:
        """Return the fingerprints of this list as a file of its own."""
        path = self.folder / "expected.db"
        build(self.people.values(), KEYS, path, 1, 1, "site")
        roster = Roster(path, KEYS)
        found = roster.fingerprints()
        roster.close()
        return found

    def _known(self) -> dict[bytes | None, list[Status]]:
        known: dict[bytes | None, list[Status]] = {}
        for row in self.people.values():
            home = household(row, KEYS.site)
            if home is not None and row.category in MEMBERS:
                known.setdefault(home, []).extend(row.statuses)
        return known


class GateCopy:
    """A gate's list and its fetcher, whose every question the centre's store answers."""

    def __init__(self, folder: Path, centre: Centre, *, keys: tuple[str, ...] = ("hub",)) -> None:
        folder.mkdir(exist_ok=True)
        self.rosters = RosterStore(folder, KEYS)
        self.centre = centre
        self.asked: list[Ask] = []
        self.events: list[UplinkEvent] = []
        self.fetcher = Fetcher(
            folder,
            "main",
            trust(*keys),
            ask=self.asked.append,
            emit=self.events.append,
            held=self.held,
            now_ms=lambda: None,
        )
        self.fetcher.feed(replica.Connected(), 0, 0.5)

    def close(self) -> None:
        self.rosters.close()

    @property
    def roster(self) -> Roster:
        roster = self.rosters.current()
        assert roster is not None, "no list serves"
        return roster

    def held(self) -> HeldRoster:
        """As the engine tells it."""
        roster = self.rosters.current()
        if roster is None:
            return HeldRoster()
        own = self.rosters.generations()[0]
        ratchet = {own.kid: self.rosters.ratchet(own.kid)}
        changed = len(roster.changes.people)
        return HeldRoster(roster.rev, own.kid, ratchet, own.line, own.rev, changed)

    def hear(self, manifest: bytes | None = None) -> list[UplinkEvent]:
        """The newest manifest arrives and is carried out; return what the uplink said."""
        self.events.clear()
        self.fetcher.offered(manifest or self.centre.manifest, 0, 0.5)
        self.fetcher.tick(0, 0.5, 8)
        while self.asked:
            self._answer(self.asked.pop(0))
        for event in self.events:
            self.engine(event)
        return list(self.events)

    def engine(self, event: UplinkEvent) -> None:
        """Do the engine's part."""
        match event:
            case RosterFetched():
                self.rosters.install(
                    event.path,
                    event.info,
                    event.kid,
                    event.rev,
                    event.info.sha256,
                    line=event.line,
                    patch=event.patch,
                )
            case RosterChanged(patch):
                self.rosters.apply(patch)
            case RosterRefused():
                pass

    def _answer(self, ask: Ask) -> None:
        for index in range(ask.start, ask.start + ask.count):
            data = self.centre.store.piece(ask.tag, index)
            assert data is not None, "asked for what is not there"
            self.fetcher.arrived(Block(ask.tag, index, data).encode(), 0, 0.5, 8)
