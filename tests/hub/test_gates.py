"""What the office sees of its gates, over rows as the hub's worker and the projector leave them."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, update

from gated.contract.bundle import Manifest, Snapshot
from gated.contract.messages import Status
from gated.hub.completeness import FRESH_MS
from gated.hub.gates import CERTIFICATE_WARN_MS, Gates, GateView, RenameRefused, rename, roll_out
from gated.hub.roles import Role
from gated.hub.rollout import Rollout
from gated.hub.schema import BUNDLE, GATE
from gated.hub.schema_records import GATE_SITE
from tests.support.office import NOON_MS, Desk, open_desk
from tests.support.records import plant, plant_gate, plant_log
from tests.support.statements import statements

HOUR_MS = 3_600_000


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = open_desk(tmp_path)
    yield desk
    desk.office.database.close()


def told(**fields: Any) -> str:
    return Status.model_validate({"on": True, "sid": 1, **fields}).model_dump_json()


def there(desk: Desk, gate: str = "east-1", **values: Any) -> None:
    """A gate that is online, synchronised and well, but for what `values` say."""
    known = {"seen_ms": NOON_MS, "last": 5, "upto": 5, "status": told(q=2, mode="normal")}
    plant_gate(desk.office, gate, **(known | values))


def only(desk: Desk) -> GateView:
    (view,) = Gates(desk.office).of("east")
    return view


def publish(desk: Desk, rev: int, roster: str = "east") -> None:
    with desk.office.database.writing("publish") as connection:
        row = {"roster": roster, "rev": rev, "sha": bytes([rev] * 32), "manifest": b""}
        connection.execute(insert(BUNDLE).values(**row))


def publish_signed(desk: Desk, rev: int) -> None:
    """The list of the east is on offer with a manifest that can be read."""
    sha = "00" * 32
    snap = Snapshot(sha=sha, size=1, raw_sha=sha, raw_size=1, n=1, chunks_sha=sha, rows=1)
    offer = Manifest(roster="east", rev=rev, made=1, not_after=2, snap=snap, kid="00" * 4)
    with desk.office.database.writing("publish") as connection:
        row = {"roster": "east", "rev": rev, "sha": bytes(32), "manifest": offer.encode()}
        connection.execute(insert(BUNDLE).values(**row))


def test_a_gate_that_is_well_is_green(desk: Desk) -> None:
    there(desk, name="东门", name_en="East gate", software="0.3")
    view = only(desk)
    assert (view.link, view.tone, view.waiting, view.clock) == ("online", "ok", 0, "synced")
    assert (view.name, view.name_en, view.software) == ("东门", "East gate", "0.3")
    assert (view.faults, view.fetching, view.duty) == ((), None, "unreported")


def test_a_gate_without_a_name_goes_by_its_id(desk: Desk) -> None:
    there(desk)
    assert (only(desk).name, only(desk).name_en) == ("east-1", "east-1")


@pytest.mark.parametrize(
    ("online", "seen_ms", "link"),
    [
        (True, NOON_MS - FRESH_MS + 1, "online"),
        (True, NOON_MS - FRESH_MS, "unknown"),
        (False, NOON_MS, "offline"),
        (False, NOON_MS - 10 * HOUR_MS, "offline"),
        (True, 0, "never"),
    ],
)
def test_the_link_is_what_the_last_sign_of_life_says(
    desk: Desk, *, online: bool, seen_ms: int, link: str
) -> None:
    there(desk, online=online, seen_ms=seen_ms)
    assert only(desk).link == link
    assert (only(desk).tone == "ok") is (link == "online")


def test_what_a_gate_that_is_away_still_holds_is_unknown(desk: Desk) -> None:
    there(desk, last=9, upto=7, status=told(oldest_s=90))
    assert (only(desk).waiting, only(desk).oldest_s, only(desk).tone) == (2, 90, "warn")
    there(desk, last=9, upto=7, online=False, status=told(oldest_s=90))
    assert (only(desk).waiting, only(desk).stored) == (None, 7)


def test_a_gate_that_joined_but_never_came_is_listed(desk: Desk) -> None:
    with desk.office.database.writing("join") as connection:
        connection.execute(insert(GATE_SITE).values(gate="east-1", site="east", since_ms=1))
    view = only(desk)
    assert (view.link, view.seen_ms, view.stored, view.waiting) == ("never", None, 0, None)


def test_a_fault_and_a_lost_clock_are_named(desk: Desk) -> None:
    there(desk, status=told(q=0, faults=("camera", "thermometer")))
    view = only(desk)
    assert (view.faults, view.clock, view.tone) == (("camera", "thermometer"), "unsure", "warn")


def test_a_gate_that_lets_nobody_pass_is_no_gate_that_is_well(desk: Desk) -> None:
    there(desk, status=told(q=2, mode="lockdown"))
    assert (only(desk).mode, only(desk).tone) == ("lockdown", "warn")


def test_how_far_a_list_is_on_its_way_is_shown(desk: Desk) -> None:
    publish(desk, 4)
    publish(desk, 9, "west")
    there(
        desk, roster_rev=3, status=told(roster={"east": 3}, fetching={"rev": 4, "have": 2, "n": 8})
    )
    view = only(desk)
    assert (view.roster_rev, view.newest_rev, view.behind) == (3, 4, True)
    assert view.fetching is not None
    assert (view.fetching.rev, view.fetching.have, view.fetching.n) == (4, 2, 8)
    there(desk, "east-2", roster_rev=4, status=told(roster={"east": 4, "other": 7}))
    out = roll_out(Gates(desk.office).of("east"))
    assert (out.rev, out.done, out.gates) == (4, 1, 2)


@pytest.mark.parametrize(
    ("status", "has"),
    [
        ({"roster": {"east": 4, "west": 9}}, 4),
        ({"roster": {"east": 3, "west": 9}}, 3),
        ({"roster": {"west": 9}}, 0),
        ({}, 9),
    ],
)
def test_a_gate_with_several_lists_has_each_as_far_as_it_says(
    desk: Desk, status: dict[str, Any], has: int
) -> None:
    publish_signed(desk, 4)
    there(desk, roster_rev=9, status=told(**status))
    site = desk.office.site("east")
    (rolled,) = Rollout(desk.office).of(site).gates
    assert (only(desk).roster_rev, rolled.rev) == (has, has)
    assert only(desk).behind is (rolled.behind_ms is not None) is (has < 4)


def test_every_lane_of_a_place_counts_for_itself(desk: Desk) -> None:
    publish_signed(desk, 4)
    for gate, rev in (("north-in", 4), ("north-out", 3)):
        there(desk, gate, place="北门", roster_rev=rev, status=told(roster={"east": rev}))
    there(desk, "west-1", site="west", place="北门", roster_rev=4, status=told(roster={"west": 4}))
    out = roll_out(Gates(desk.office).of("east"))
    state = Rollout(desk.office).of(desk.office.site("east"))
    assert (out.rev, out.done, out.gates) == (state.rev, state.arrived, len(state.gates))
    assert [(gate.gate, gate.behind_ms is None) for gate in state.gates] == [
        ("north-in", True),
        ("north-out", False),
    ]
    assert not state.complete


def test_without_gates_nothing_is_rolled_out() -> None:
    assert roll_out([]).gates == 0


def test_an_unreadable_status_hides_only_what_it_said(desk: Desk) -> None:
    there(desk, status="{", roster_rev=3)
    assert (only(desk).link, only(desk).clock, only(desk).roster_rev) == ("online", "", 3)


def test_who_is_on_duty_is_what_the_gate_says_now_else_what_it_recorded(desk: Desk) -> None:
    there(desk)
    assert (only(desk).duty, only(desk).guard) == ("unreported", "")
    shift = {"gate": "east-1", "kind": "shift"}
    plant_log(desk.office, **shift, t_ms=NOON_MS - 10, state="begin", fields={"guard": "G017"})
    assert (only(desk).duty, only(desk).guard) == ("on", "G017")
    there(desk, status=told(guard="G018"))
    assert (only(desk).duty, only(desk).guard) == ("on", "G018")
    there(desk)
    plant_log(desk.office, **shift, t_ms=NOON_MS - 5, state="end", fields={"guard": "G017"})
    assert (only(desk).duty, only(desk).guard) == ("off", "")


def test_a_disinfection_round_is_overdue_after_the_sites_hours(desk: Desk) -> None:
    there(desk)
    assert (only(desk).round_ms, only(desk).round_overdue) == (None, False)
    done_ms = NOON_MS - 12 * HOUR_MS
    plant_log(desk.office, gate="east-1", kind="round", t_ms=done_ms - HOUR_MS, code="gate")
    plant_log(desk.office, gate="east-1", kind="round", t_ms=done_ms, code="gate")
    assert (only(desk).round_ms, only(desk).round_overdue) == (done_ms, False)
    desk.clock.now_ms += 1
    assert (only(desk).round_overdue, only(desk).tone) == (True, "warn")


def test_the_last_passage_is_the_gates_own_and_none_from_paper(desk: Desk) -> None:
    there(desk)
    assert only(desk).last_passage_ms is None
    plant(desk.office, gate="east-1", t_ms=NOON_MS - 500)
    plant(desk.office, gate="east-1", t_ms=NOON_MS - 900)
    plant(desk.office, gate="east-1", t_ms=NOON_MS - 100, epoch="paper", late=True)
    plant(desk.office, gate="east-2", t_ms=NOON_MS - 50)
    assert only(desk).last_passage_ms == NOON_MS - 500


def test_a_certificate_that_ends_within_a_month_is_told(desk: Desk) -> None:
    there(desk)
    for left_ms, ends in ((CERTIFICATE_WARN_MS, False), (CERTIFICATE_WARN_MS - 1, True)):
        with desk.office.database.writing("date a certificate") as connection:
            connection.execute(update(GATE_SITE).values(cert_until_ms=NOON_MS + left_ms))
        assert only(desk).certificate_ends is ends
        assert (only(desk).tone == "warn") is ends


def test_sites_see_their_own_gates_and_the_administrator_all(desk: Desk) -> None:
    there(desk, "east-2")
    there(desk, "east-1")
    there(desk, "west-1", site="west")
    with desk.office.database.writing("greet") as connection:
        connection.execute(insert(GATE).values(gate="new", online=True, seen_ms=NOON_MS))
    assert [view.gate for view in Gates(desk.office).of("east")] == ["east-1", "east-2"]
    assert [view.gate for view in Gates(desk.office).of("west")] == ["west-1"]
    everywhere = {view.gate: view.site for view in Gates(desk.office).everywhere()}
    assert everywhere == {"east-1": "east", "east-2": "east", "new": "", "west-1": "west"}


def test_a_gate_nobody_assigned_belongs_to_the_only_site(desk: Desk) -> None:
    with desk.office.database.writing("greet") as connection:
        connection.execute(insert(GATE).values(gate="new", online=True, seen_ms=NOON_MS))
    alone = replace(desk.office, sites={"east": desk.office.sites["east"]})
    assert [view.gate for view in Gates(alone).of("east")] == ["new"]
    assert [view.site for view in Gates(alone).everywhere()] == ["east"]


def test_a_renamed_gate_is_called_so_and_the_change_is_audited(desk: Desk) -> None:
    there(desk)
    rename(desk.office, desk.actor(Role.PROPERTY), "east-1", " 东 门 ", "East gate", "东门")
    assert (only(desk).name, only(desk).name_en, only(desk).place) == ("东 门", "East gate", "东门")
    (row,) = desk.office.audit.rows("east")
    assert (row.action, row.target, row.result) == ("change", "east-1", "renamed")


@pytest.mark.parametrize(
    ("role", "site", "name"),
    [
        (Role.AUDITOR, "east", "门"),
        (Role.OFFICER, "west", "门"),
        (Role.OFFICER, "east", "门" * 33),
        (Role.OFFICER, "east", "a\u202e"),
    ],
)
def test_a_foreign_site_a_wrong_role_or_an_odd_name_renames_nothing(
    desk: Desk, role: Role, site: str, name: str
) -> None:
    there(desk)
    with pytest.raises(RenameRefused):
        rename(desk.office, desk.actor(role, site), "east-1", name, "")
    assert only(desk).name == "east-1"
    assert desk.office.audit.rows("east") == []


def test_fifty_gates_cost_no_more_statements_than_one(desk: Desk) -> None:
    asked = []
    for number in range(50):
        there(desk, f"gate-{number}")
        plant_log(desk.office, gate=f"gate-{number}", kind="round", t_ms=NOON_MS)
        plant(desk.office, gate=f"gate-{number}", t_ms=NOON_MS)
        if number in {0, 49}:
            with statements() as heard:
                assert len(Gates(desk.office).of("east")) == number + 1
            asked.append(len(heard))
    assert asked[0] == asked[1]


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(status=st.text(max_size=40) | st.from_type(bool).map(str) | st.just('{"v":1,"on":true}'))
def test_no_stored_status_breaks_the_list(desk: Desk, status: str) -> None:
    there(desk, status=status.replace("\x00", ""))
    assert only(desk).link == "online"


@pytest.mark.parametrize(
    ("mode", "online", "opening", "tone"),
    [
        ("normal", True, "open", "ok"),
        ("normal", False, "", "stop"),
        ("", True, "", "ok"),
        ("closed", True, "closed", "warn"),
        ("lockdown", False, "lockdown", "stop"),
    ],
)
def test_whether_a_gate_is_open_is_said_when_it_is_known(
    desk: Desk, *, mode: str, online: bool, opening: str, tone: str
) -> None:
    there(desk, status=told(q=2, mode=mode), online=online)
    assert (only(desk).opening, only(desk).tone) == (opening, tone)


def test_what_a_gate_that_left_still_owes_is_known_as_far_as_it_spoke_of_it(desk: Desk) -> None:
    there(desk, last=9, upto=7, online=False)
    assert (only(desk).waiting, only(desk).owed) == (None, 2)
