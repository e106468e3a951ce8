"""The engine's side of single changes: applied, recorded, told at once, or tried again."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gated.core.model import StatusCode
from gated.errors import StoreError
from gated.gate.health import Health
from gated.gate.hub_desk import HubDesk
from gated.gate.recorder import Recorder
from gated.gate.uplink_events import RosterChanged, RosterFetched
from gated.store.overlay import Change, Patch
from gated.store.roster import RosterStore
from gated.store.roster_build import build, encoded
from gated.store.sealing import Sealer
from tests.gate.gate_world import (
    GATE,
    KEYS,
    MOMENT,
    id_number,
    install,
    journal_in,
    records,
    resident,
)

KID, LINE = "00c0ffee", 7


@dataclass
class Uplink:
    """What the desk told the uplink."""

    told: list[dict[str, object]] = field(default_factory=list)
    not_installed: list[int] = field(default_factory=list)

    def journal_grew(self) -> None:
        """Not of interest here."""

    def report(self, status: dict[str, object]) -> None:
        self.told.append(status)

    def roster_not_installed(self, rev: int) -> None:
        self.not_installed.append(rev)


class Rosters(RosterStore):
    """Real lists on a card that takes no changes while `full`."""

    full = False

    def apply(self, patch: Patch) -> None:
        if self.full:
            raise StoreError("cannot write roster.db: the card is full; free some space")
        super().apply(patch)


@dataclass
class World:
    folder: Path
    desk: HubDesk
    rosters: Rosters
    health: Health
    uplink: Uplink

    def hear(self, rev: int, *, line: int = LINE) -> None:
        """A believed manifest says that resident 1 is quarantined from this revision on."""
        ill = resident(1, StatusCode.HOME_QUARANTINE)
        row, cards = encoded(ill, ill.statuses, KEYS, Sealer(KEYS.rest))
        patch = Patch(KID, line, 1, rev, MOMENT.utc_ms, (Change(row[0], row, cards),))
        assert self.desk.handle(RosterChanged(patch), MOMENT)

    def statuses(self) -> list[str]:
        roster = self.desk.roster_of_the_moment(MOMENT)
        assert roster is not None
        person = roster.by_id_number(id_number(1)).person
        assert person is not None
        return [status.code.value for status in person.statuses]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    path = tmp_path / "incoming-1-1.db"
    info = build([resident(1), resident(2)], KEYS, path, 1, MOMENT.utc_ms, GATE.site)
    with journal_in(tmp_path) as journal:
        store = Rosters(tmp_path, KEYS)
        health, uplink = Health(), Uplink()
        desk = HubDesk(journal, store, Recorder(GATE, journal), health, lambda: uplink)
        desk.handle(RosterFetched(path, info, KID, 1, MOMENT.utc_ms, 0, LINE), MOMENT)
        desk.roster_of_the_moment(MOMENT)
        yield World(tmp_path, desk, store, health, uplink)
        store.close()


def test_a_change_serves_is_recorded_and_told(world: World) -> None:
    told = len(world.uplink.told)
    world.hear(2)
    assert world.statuses() == ["home_quarantine"]
    assert [row["rev"] for row in records(world.folder, "roster_switched")] == [1, 2]
    assert world.desk.roster_rev == world.desk.held.rev == 2
    assert len(world.uplink.told) == told + 1, "the uplink wakes although nothing else changed"


def test_the_uplink_knows_what_may_lead_on(world: World) -> None:
    held = world.desk.held
    assert (held.rev, held.kid, held.line, held.file_rev, held.changed) == (1, KID, LINE, 1, 0)
    world.hear(2)
    world.desk.roster_of_the_moment(MOMENT)
    held = world.desk.held
    assert (held.rev, held.file_rev, held.changed, held.ratchet) == (2, 1, 1, {KID: 2})


def test_over_a_fallen_back_list_nothing_leads_on(world: World, tmp_path: Path) -> None:
    install(tmp_path, [resident(1)], 2, KID)
    (tmp_path / f"roster-2-{KID}.db").unlink()
    world.desk.roster_of_the_moment(MOMENT)
    assert (world.desk.held.rev, world.desk.held.line) == (1, 0)


def test_a_change_for_another_list_is_recorded_and_the_whole_asked_for(world: World) -> None:
    world.hear(2, line=LINE + 1)
    assert world.statuses() == []
    (row,) = records(world.folder, "device")
    assert (row["code"], row["why"], row["rev"]) == ("DEV_BUNDLE_REJECTED", "other_base", 2)
    assert world.uplink.not_installed == [2]


def test_a_card_that_takes_no_change_is_named_and_it_is_tried_again(world: World) -> None:
    world.rosters.full = True
    world.hear(2)
    assert world.statuses() == []
    assert world.uplink.not_installed == [2]
    part = world.health.part("roster")
    assert (part.state, "the card is full" in part.detail) == ("warn", True)
    world.rosters.full = False
    world.hear(2)
    assert world.statuses() == ["home_quarantine"]
    assert world.health.part("roster").state == "ok"
