"""What the hub's side must not hide, crash on, or forget: alarms, ages, lists that fail."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from gated.core.facts import Policy
from gated.core.model import ClockState, Moment
from gated.errors import StoreError
from gated.gate.health import Health
from gated.gate.hub_contact import FILE_NAME, HOUR_MS, WRITE_EVERY_MS, HubContact
from gated.gate.hub_desk import HubDesk
from gated.gate.recorder import Recorder
from gated.gate.uplink_events import (
    EventsParked,
    LinkChanged,
    LinkState,
    RosterFetched,
    SyncAlarm,
    WatermarkAcknowledged,
)
from gated.store.journal_reader import JournalReader
from gated.store.roster import RosterStore
from gated.store.roster_build import build
from tests.gate.gate_world import GATE, KEYS, MOMENT, install, journal_in, resident

KID = "00c0ffee"
ONLINE, OFFLINE = LinkChanged(LinkState.ONLINE), LinkChanged(LinkState.OFFLINE)
DEGRADE_H = Policy().roster_degrade_h


def later(hours: float, *, boot_ms: int | None = None, unsure: bool = False) -> Moment:
    """Return the moment so long after MOMENT. boot_ms: monotonic ms of a boot since then."""
    span_ms = int(hours * HOUR_MS)
    mono_ms = MOMENT.mono_ms + span_ms if boot_ms is None else boot_ms
    clock = ClockState.UNSURE if unsure else ClockState.SYNCED
    return Moment(mono_ms, MOMENT.utc_ms + span_ms, clock)


@dataclass
class Uplink:
    """What the desk told the uplink."""

    not_installed: list[int] = field(default_factory=list)

    def journal_grew(self) -> None:
        """Not of interest here."""

    def report(self, status: dict[str, object]) -> None:
        """Not of interest here."""

    def roster_not_installed(self, rev: int) -> None:
        self.not_installed.append(rev)


class FailingRosters(RosterStore):
    """Real lists on a card that refuses new ones."""

    def install(self, *_: object, **__: object) -> None:
        raise StoreError("cannot write roster.db: the card is full; free some space")


@dataclass
class World:
    folder: Path
    desk: HubDesk
    health: Health
    uplink: Uplink


@contextmanager
def started(folder: Path, rosters: type[RosterStore] = RosterStore) -> Iterator[World]:
    """One run of the gate's program in this folder, with the list that lies there in use."""
    with journal_in(folder) as journal:
        store = rosters(folder, KEYS)
        health, uplink = Health(), Uplink()
        desk = HubDesk(journal, store, Recorder(GATE, journal), health, lambda: uplink)
        desk.roster_of_the_moment(MOMENT)
        yield World(folder, desk, health, uplink)
        desk.stop()
        store.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    install(tmp_path, [resident(1)], 1, KID)
    with started(tmp_path) as made:
        yield made


# -- alarms ---------------------------------------------------------------------------------------


def test_a_suspected_fork_outlasts_every_change_of_the_link(world: World) -> None:
    world.desk.handle(SyncAlarm("fork_suspected"), MOMENT)
    for change in (OFFLINE, ONLINE, LinkChanged(LinkState.HUB_SILENT), ONLINE):
        world.desk.handle(change, MOMENT)
        assert world.health.part("hub").detail == "fork_suspected"
    assert "hub" in world.health.faults()


def test_an_alarm_is_over_when_records_move_on(world: World) -> None:
    world.desk.handle(ONLINE, MOMENT)
    world.desk.handle(SyncAlarm("gap"), MOMENT)
    world.desk.handle(WatermarkAcknowledged(1, 1), MOMENT)
    assert (world.health.part("hub").state, world.health.part("hub").detail) == ("ok", "online")


def test_refused_credentials_are_settled_by_a_link_that_comes_up(world: World) -> None:
    world.desk.handle(SyncAlarm("not_authorised"), MOMENT)
    assert world.health.part("hub").state == "fail"
    world.desk.handle(ONLINE, MOMENT)
    assert world.health.part("hub").state == "ok"


# -- age of the list ------------------------------------------------------------------------------


def test_a_restart_remembers_when_the_hub_was_last_there(tmp_path: Path) -> None:
    install(tmp_path, [resident(1)], 1, KID)
    with started(tmp_path) as first:
        first.desk.handle(ONLINE, later(30))
        first.desk.tick(later(40))
    with started(tmp_path) as again:
        assert again.desk.roster_age_h(later(41)) == 1


def test_a_crash_costs_at_most_ten_minutes_of_that(tmp_path: Path) -> None:
    install(tmp_path, [resident(1)], 1, KID)
    with started(tmp_path) as first:
        first.desk.handle(ONLINE, later(30))
        first.desk.tick(later(40))
        first.desk.tick(later(40 + 0.9 * WRITE_EVERY_MS / HOUR_MS))
        written = (tmp_path / FILE_NAME).read_text()
    assert written.split()[2] == str(later(40).utc_ms)


def test_an_unsure_clock_counts_the_hours_since_the_hub_was_seen_in_this_boot(
    world: World,
) -> None:
    world.desk.handle(ONLINE, later(0, unsure=True))
    world.desk.handle(OFFLINE, later(0, unsure=True))
    wrong = replace(later(5, unsure=True), utc_ms=0)
    assert world.desk.roster_age_h(wrong) == 5


def test_an_unsure_clock_and_a_hub_not_seen_in_this_boot_make_the_list_too_old(
    tmp_path: Path,
) -> None:
    install(tmp_path, [resident(1)], 1, KID)
    (tmp_path / FILE_NAME).write_text(f"another-boot 5000 {MOMENT.utc_ms}\n")
    with started(tmp_path) as world:
        assert world.desk.roster_age_h(later(0, unsure=True)) == DEGRADE_H
        assert world.desk.roster_age_h(later(3, boot_ms=7)) == 3, "a clock to believe tells"


def test_wall_time_of_an_unsure_clock_is_not_remembered(tmp_path: Path) -> None:
    contact = HubContact(tmp_path / FILE_NAME, "boot-1")
    contact.confirm(later(9_000, unsure=True))
    contact.write()
    again = HubContact(tmp_path / FILE_NAME, "boot-2")
    assert again.age_h(later(4, boot_ms=1), MOMENT.utc_ms) == 4


@pytest.mark.parametrize("text", ["", "boot-1", "boot-1 x 5\n", "\xff", "boot-1 5"])
def test_a_file_cut_off_by_a_lost_plug_tells_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE_NAME).write_text(text, "latin-1")
    contact = HubContact(tmp_path / FILE_NAME, "boot-1")
    assert contact.age_h(later(1, unsure=True), 0) is None


def test_a_card_that_refuses_costs_only_the_memory(tmp_path: Path) -> None:
    contact = HubContact(tmp_path / "no-such-folder" / FILE_NAME, "boot-1")
    contact.confirm(MOMENT)
    assert contact.age_h(later(2), 0) == 2


# -- lists that cannot be installed ---------------------------------------------------------------


def fetched(folder: Path, rev: int) -> RosterFetched:
    path = folder / f"fetched-{rev}.part"
    info = build([resident(1), resident(2)], KEYS, path, rev, MOMENT.utc_ms, "park")
    return RosterFetched(path, info, KID, rev, MOMENT.utc_ms, 0)


def test_a_list_that_cannot_be_installed_is_the_lists_trouble_and_the_uplink_hears(
    tmp_path: Path,
) -> None:
    install(tmp_path, [resident(1)], 1, KID)
    with started(tmp_path, FailingRosters) as world:
        new = fetched(tmp_path, 7)
        world.desk.handle(new, MOMENT)
        assert world.health.part("roster").state == "warn"
        assert "the card is full" in world.health.part("roster").detail
        assert world.health.part("storage").state == "off", "records are written all the same"
        assert world.uplink.not_installed == [7]
        assert not new.path.exists()


def test_a_refused_list_leaves_no_file(world: World) -> None:
    old = fetched(world.folder, 1)
    world.desk.handle(old, MOMENT)
    assert not old.path.exists()
    assert world.uplink.not_installed == [], "the same revision would be refused again"


def test_parked_events_are_all_noted(world: World) -> None:
    world.desk.handle(EventsParked((1, 2), "bad_field"), MOMENT)
    with JournalReader(world.folder / "journal.db") as reader:
        assert reader.parked() == [(1, "bad_field"), (2, "bad_field")]
