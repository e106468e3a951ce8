"""Watermarks, the link badge, and which list serves."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from gated.core.model import Moment
from gated.gate.health import Health
from gated.gate.hub_contact import HOUR_MS
from gated.gate.hub_desk import HubDesk
from gated.gate.recorder import Recorder
from gated.gate.uplink_events import (
    EventsParked,
    LinkChanged,
    LinkState,
    RosterFetched,
    RosterRefused,
    SyncAlarm,
    WatermarkAcknowledged,
)
from gated.store.journal_reader import JournalReader
from gated.store.roster import RosterStore
from gated.store.roster_build import build
from tests.gate.gate_world import (
    GATE,
    KEYS,
    MOMENT,
    FailingJournal,
    install,
    journal_in,
    records,
    resident,
)

KID = "00c0ffee"
ONLINE, OFFLINE = LinkChanged(LinkState.ONLINE), LinkChanged(LinkState.OFFLINE)


@dataclass
class Reports:
    """The uplink as the desk sees it."""

    said: list[dict[str, object]] = field(default_factory=list)

    def journal_grew(self) -> None:
        """Not of interest here."""

    def roster_not_installed(self, rev: int) -> None:
        """See test_hub_desk_faults."""

    def report(self, status: dict[str, object]) -> None:
        self.said.append(status)


@dataclass
class World:
    folder: Path
    journal: FailingJournal
    desk: HubDesk
    health: Health
    reports: Reports | None


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with journal_in(tmp_path) as journal:
        store = RosterStore(tmp_path, KEYS)
        health, reports = Health(), Reports()
        recorder = Recorder(GATE, journal)
        made = World(
            tmp_path,
            journal,
            HubDesk(journal, store, recorder, health, lambda: made.reports),
            health,
            reports,
        )
        yield made
        store.close()


def test_no_list_is_a_failing_part_with_a_remedy(world: World) -> None:
    assert world.desk.roster_of_the_moment(MOMENT) is None
    part = world.health.part("roster")
    assert (part.state, world.desk.roster_rev) == ("fail", 0)
    assert "gated roster import" in part.remedy


def test_a_switch_by_another_process_is_seen_recorded_once_and_told(world: World) -> None:
    world.desk.roster_of_the_moment(MOMENT)
    install(world.folder, [resident(1)], 3)
    assert world.desk.roster_of_the_moment(MOMENT) is not None
    assert world.desk.roster_of_the_moment(MOMENT) is not None
    [row] = records(world.folder, "roster_switched")
    assert (row["rev"], row["persons"]) == (3, 1)
    assert world.health.part("roster").state == "ok"
    assert world.desk.held.rev == 3


def test_another_list_with_the_same_revision_is_a_switch_as_well(world: World) -> None:
    install(world.folder, [resident(1)], 3)
    world.desk.roster_of_the_moment(MOMENT)
    install(world.folder, [resident(1), resident(2)], 3, KID)
    world.desk.roster_of_the_moment(MOMENT)
    assert [row["persons"] for row in records(world.folder, "roster_switched")] == [1, 2]


def test_a_list_imported_at_the_gate_never_ages(world: World) -> None:
    install(world.folder, [resident(1)])
    world.desk.roster_of_the_moment(MOMENT)
    assert world.desk.roster_age_h(replace(MOMENT, utc_ms=MOMENT.utc_ms + 9_999 * HOUR_MS)) is None


def test_a_hubs_list_ages_while_the_hub_is_out_of_reach(world: World) -> None:
    install(world.folder, [resident(1)], 1, KID)
    world.desk.roster_of_the_moment(MOMENT)
    later = replace(MOMENT, utc_ms=MOMENT.utc_ms + 5 * HOUR_MS)
    assert world.desk.roster_age_h(later) == 5
    world.desk.handle(ONLINE, later)
    assert world.desk.roster_age_h(later) is None
    world.desk.handle(OFFLINE, later)
    assert world.desk.roster_age_h(later) == 0
    assert world.desk.roster_age_h(passed(later, 2)) == 2


def passed(moment: Moment, hours: int) -> Moment:
    """Return the moment so many hours later by both clocks."""
    span_ms = hours * HOUR_MS
    return replace(moment, mono_ms=moment.mono_ms + span_ms, utc_ms=moment.utc_ms + span_ms)


def fetched(world: World, rev: int, kid: str = KID) -> RosterFetched:
    path = world.folder / f"fetched-{rev}.part"
    info = build([resident(1), resident(2)], KEYS, path, rev, MOMENT.utc_ms, "park")
    return RosterFetched(path, info, kid, rev, MOMENT.utc_ms, 0)


def test_a_fetched_list_serves_next(world: World) -> None:
    assert world.desk.handle(fetched(world, 7), MOMENT)
    roster = world.desk.roster_of_the_moment(MOMENT)
    assert roster is not None
    assert (roster.rev, roster.persons) == (7, 2)
    assert world.desk.held.rev == 7


def test_an_old_revision_is_refused_recorded_and_the_newer_one_stays(world: World) -> None:
    world.desk.handle(fetched(world, 7), MOMENT)
    world.desk.roster_of_the_moment(MOMENT)
    world.desk.handle(fetched(world, 6), MOMENT)
    [row] = records(world.folder, "device")
    assert (row["code"], row["why"], row["rev"]) == ("DEV_BUNDLE_REJECTED", "old_revision", 6)
    found = world.desk.roster_of_the_moment(MOMENT)
    assert found is not None
    assert found.rev == 7


def test_a_refusal_of_the_uplink_is_recorded(world: World) -> None:
    assert world.desk.handle(RosterRefused(9, "bad_signature"), MOMENT)
    assert records(world.folder, "device")[0]["why"] == "bad_signature"


def test_the_watermark_is_kept(world: World) -> None:
    world.desk.handle(WatermarkAcknowledged(1, 4), MOMENT)
    with JournalReader(world.folder / "journal.db") as reader:
        assert (reader.state().acked, reader.state().hubgen) == (1, 4)
    assert world.desk.link(MOMENT).backlog == 0


def test_a_watermark_that_cannot_be_written_is_kept_later(world: World) -> None:
    world.journal.broken = True
    with capture_logs() as logs:
        world.desk.handle(WatermarkAcknowledged(1, 4), MOMENT)
        world.desk.report()
    assert [line["event"] for line in logs] == ["watermark.unwritable"], "said once"
    assert world.desk.link(MOMENT).backlog == 1
    world.journal.broken = False
    world.desk.report()
    assert world.desk.link(MOMENT).backlog == 0


def test_parked_events_are_marked_and_said(world: World) -> None:
    with capture_logs() as logs:
        world.desk.handle(EventsParked((1,), "bad_field"), MOMENT)
    assert logs[0]["event"] == "records.parked"


def test_the_badge_counts_from_the_change_not_from_the_boot(world: World) -> None:
    first = replace(MOMENT, mono_ms=99_000_000)
    assert (world.desk.link(first).state, world.desk.link(first).since_s) == ("offline", 0)
    world.desk.handle(ONLINE, replace(first, mono_ms=99_010_000))
    badge = world.desk.link(replace(first, mono_ms=99_013_500))
    assert (badge.state, badge.since_s, badge.backlog) == ("online", 3, 2)


def test_a_gate_without_a_hub_has_no_badge_and_is_not_online(world: World) -> None:
    world.reports = None
    assert world.desk.link(MOMENT).state == "none"
    assert not world.desk.online
    world.desk.report()


def test_link_up_and_down_are_recorded_once_each(world: World) -> None:
    for state in (
        LinkState.OFFLINE,
        LinkState.HUB_SILENT,
        LinkState.ONLINE,
        LinkState.ONLINE,
        LinkState.OFFLINE,
    ):
        world.desk.handle(LinkChanged(state), MOMENT)
    codes = [row["code"] for row in records(world.folder, "device")]
    assert codes == ["DEV_LINK_UP", "DEV_LINK_DOWN"]
    assert world.health.part("broker").state == "warn"
    assert world.health.faults() == [], "a lost link is no fault"


def test_a_sync_alarm_is_a_fault_a_person_must_see(world: World) -> None:
    world.desk.handle(SyncAlarm("fork_suspected"), MOMENT)
    assert world.health.part("hub").detail == "fork_suspected"
    assert world.health.faults() == ["hub"]


def test_only_a_changed_status_is_reported(world: World) -> None:
    assert world.reports is not None
    world.desk.report()
    world.desk.report()
    world.health.set("camera", "fail")
    world.desk.report()
    assert [said["faults"] for said in world.reports.said] == [[], ["camera"]]


def test_what_is_not_the_hubs_is_left_alone(world: World) -> None:
    assert not world.desk.handle(object(), MOMENT)
