"""A gate that was taken down: its records stay, nobody waits for more, and it can come back."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select

from gated.contract.messages import Status
from gated.hub.commands import CommandNotMade, Commands
from gated.hub.completeness import incomplete
from gated.hub.daily_report import DailyReport, Report
from gated.hub.daily_table import sections
from gated.hub.enrolment import Enrolments, NewGate
from gated.hub.gates import Gates, roll_out
from gated.hub.redemption import Redemption
from gated.hub.retirement import RetirementRefused, retire, take_back, usual_end_ms
from gated.hub.roles import Role
from gated.hub.rollout import Rollout
from gated.hub.schema import BUNDLE
from gated.hub.schema_records import GATE_SITE
from gated.hub.trace_query import Question, Tracer
from gated.hub.trace_table import trace_csv, trace_fields
from tests.support.enrol import Asking, open_enrol_desk
from tests.support.hub_command import hub
from tests.support.office import NOON_MS, Desk, open_desk
from tests.support.records import plant, plant_gate, plant_log
from tests.support.townsfolk import enter

HOUR = 3_600_000
DAY = 24 * HOUR
GONE_MS = NOON_MS - 2 * DAY


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    opened = open_desk(tmp_path)
    plant_gate(opened.office, "north", seen_ms=NOON_MS, last=3, upto=3)
    yield opened
    opened.office.database.close()


def gone(desk: Desk, *, last: int = 5, upto: int = 5, gate: str = "south") -> None:
    """A gate that was heard of two days ago for the last time."""
    plant_gate(desk.office, gate, online=False, seen_ms=GONE_MS, last=last, upto=upto)
    for seq in range(1, upto + 1):
        t_ms = GONE_MS - HOUR + seq
        plant(desk.office, gate=gate, t_ms=t_ms, seq=seq)


def missing(desk: Desk, start_ms: int, until_ms: int) -> list[tuple[str, int, int | None]]:
    found = incomplete(desk.office, "east", until_ms, desk.clock(), start_ms=start_ms)
    return [(one.gate, one.missing, one.retired_ms) for one in found]


def refused(desk: Desk, *args: object, role: Role = Role.OFFICER, site: str = "east") -> str:
    with pytest.raises(RetirementRefused) as caught:
        retire(desk.office, desk.actor(role, site), *args)  # type: ignore[arg-type] - of a table of cases
    return caught.value.code


def names(desk: Desk) -> tuple[list[str], list[str]]:
    gates = Gates(desk.office)
    return [view.gate for view in gates.of("east")], [view.gate for view in gates.retired("east")]


# What is listed and counted.


def test_it_is_listed_apart_and_counts_for_no_roll_out(desk: Desk) -> None:
    gone(desk)
    with desk.office.database.writing("publish") as connection:
        row = {"roster": "east", "rev": 9, "sha": bytes(32), "manifest": b""}
        connection.execute(insert(BUNDLE).values(**row))
    assert names(desk) == (["north", "south"], [])
    assert retire(desk.office, desk.actor(), "south", "拆除") == GONE_MS
    assert names(desk) == (["north"], ["south"])
    assert roll_out(Gates(desk.office).of("east")).gates == 1
    assert [view.gate for view in Gates(desk.office).everywhere()] == ["north"]
    assert [view.gate for view in Gates(desk.office).everywhere(retired=True)] == ["south"]
    one = Gates(desk.office).one("east", "south")
    assert one is not None
    assert one.retired_ms == GONE_MS


def test_the_roll_out_of_a_list_waits_for_nobody_who_is_gone(desk: Desk) -> None:
    gone(desk)
    site = desk.office.site("east")
    assert len(Rollout(desk.office).of(site).gates) == 2
    retire(desk.office, desk.actor(), "south", "拆除")
    assert [gate.gate for gate in Rollout(desk.office).of(site).gates] == ["north"]


def test_it_gets_no_orders_and_those_that_wait_are_expired(desk: Desk) -> None:
    gone(desk)
    commands, actor = Commands(desk.office), desk.actor()
    commands.send_message(actor, "south", "请关门", "", 30)
    retire(desk.office, actor, "south", "拆除")
    assert [sent.state for sent in commands.of_gate("east", "south")] == ["expired"]
    with pytest.raises(CommandNotMade, match="none of this name in use"):
        commands.send_message(actor, "south", "请关门", "", 30)
    assert list(commands.send_to_all(actor, "请戴口罩", "", 30)) == ["north"]


def test_both_ways_are_audited_with_the_reason(desk: Desk) -> None:
    gone(desk)
    actor = desk.actor()
    retire(desk.office, actor, "south", " 南门拆除 ")
    take_back(desk.office, actor, "south", "重新启用")
    assert names(desk) == (["north", "south"], [])
    back, away = desk.office.audit.rows("east", 2)
    assert (away.action, away.target, away.reason, away.result) == (
        "change",
        "south",
        "南门拆除",
        "retired",
    )
    assert (back.target, back.reason, back.result) == ("south", "重新启用", "taken back")


def test_what_cannot_be_done_says_why_and_changes_nothing(desk: Desk) -> None:
    gone(desk)
    assert refused(desk, "south", "x", role=Role.AUDITOR) == "right"
    assert refused(desk, "south", "  ") == "reason"
    assert refused(desk, "nowhere", "x") == "missing"
    assert refused(desk, "south", "x", site="west") == "missing"
    assert refused(desk, "south", "x", NOON_MS + 1) == "future"
    with pytest.raises(RetirementRefused, match="is in use"):
        take_back(desk.office, desk.actor(), "south", "x")
    assert names(desk) == (["north", "south"], [])
    assert desk.office.audit.rows("east") == []
    retire(desk.office, desk.actor(), "south", "x")
    assert refused(desk, "south", "x") == "already"


@pytest.mark.parametrize(
    ("online", "seen_ms", "end_ms"),
    [(True, NOON_MS - 60_000, NOON_MS), (True, GONE_MS, GONE_MS), (False, GONE_MS, GONE_MS)],
)
def test_it_usually_ended_with_its_last_sign_of_life(
    desk: Desk, *, online: bool, seen_ms: int, end_ms: int
) -> None:
    plant_gate(desk.office, "south", online=online, seen_ms=seen_ms)
    assert usual_end_ms(desk.office, "south") == end_ms
    assert usual_end_ms(desk.office, "never came") == NOON_MS


def test_a_new_code_brings_it_back(tmp_path: Path) -> None:
    desk = open_enrol_desk(tmp_path)
    asking, actor = Asking.new(), desk.actor()

    def join() -> None:
        ticket = Enrolments(desk.office).make(actor, NewGate("east-1"))
        Redemption(desk.office).redeem(asking.request(ticket.code.token))

    join()
    retire(desk.office, actor, "east-1", "拆除")
    join()
    with desk.office.database.reading() as connection:
        assert connection.execute(select(GATE_SITE.c.retired_ms)).scalars().all() == [None]
    desk.office.database.close()


# What traces and reports say.


def test_a_gate_that_had_sent_everything_is_never_incomplete_again(desk: Desk) -> None:
    gone(desk)
    assert missing(desk, 0, NOON_MS) == [("south", 0, None)]
    retire(desk.office, desk.actor(), "south", "拆除")
    assert missing(desk, 0, NOON_MS) == []


def test_a_backlog_that_was_lost_is_named_for_the_time_it_is_about(desk: Desk) -> None:
    gone(desk, last=9, upto=5)
    retire(desk.office, desk.actor(), "south", "被盗")
    assert missing(desk, 0, NOON_MS) == [("south", 4, GONE_MS)]
    assert missing(desk, GONE_MS - HOUR, GONE_MS) == [("south", 4, GONE_MS)]
    assert missing(desk, GONE_MS, NOON_MS) == [], "it recorded nothing after its end"
    assert missing(desk, 0, GONE_MS - HOUR) == [], "what it sent is here"


def test_what_it_took_between_its_last_word_and_its_end_may_be_missing(desk: Desk) -> None:
    gone(desk)
    retire(desk.office, desk.actor(), "south", "被盗", NOON_MS - DAY)
    assert missing(desk, 0, NOON_MS) == [("south", 0, NOON_MS - DAY)]
    assert missing(desk, NOON_MS - DAY, NOON_MS) == []


def test_one_that_never_came_has_nothing_to_send(desk: Desk) -> None:
    with desk.office.database.writing("join") as connection:
        connection.execute(insert(GATE_SITE).values(gate="south", site="east", since_ms=1))
    assert missing(desk, 0, NOON_MS) == [("south", 0, None)]
    retire(desk.office, desk.actor(), "south", "没有安装")
    assert missing(desk, 0, NOON_MS) == []


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    last=st.integers(5, 9),
    end_h=st.integers(0, 48),
    start_h=st.integers(0, 96),
    length_h=st.integers(1, 96),
)
def test_retiring_never_hides_a_time_in_which_records_may_be_missing(
    tmp_path_factory: pytest.TempPathFactory, last: int, end_h: int, start_h: int, length_h: int
) -> None:
    """Named exactly when the question overlaps what is unknown: newest record to its end."""
    desk = open_desk(tmp_path_factory.mktemp("retired"))
    gone(desk, last=last)
    end_ms = GONE_MS + end_h * HOUR
    retire(desk.office, desk.actor(), "south", "x", end_ms)
    start_ms = NOON_MS - 4 * DAY + start_h * HOUR
    until_ms = min(start_ms + length_h * HOUR, NOON_MS)
    known_ms = GONE_MS if last == 5 else GONE_MS - HOUR + 5
    overlaps = max(start_ms, known_ms) < min(until_ms, end_ms) and until_ms > known_ms
    assert bool(missing(desk, start_ms, until_ms)) == (
        overlaps or (start_ms < end_ms and known_ms < min(until_ms, end_ms))
    )
    desk.office.database.close()


def test_a_trace_says_that_records_were_lost(desk: Desk) -> None:
    gone(desk, last=9, upto=5)
    (anna,) = enter(desk.office, ("王小明", "1-1-101"))
    retire(desk.office, desk.actor(), "south", "被盗")
    tracer, actor = Tracer(desk.office), desk.actor()
    found = tracer.trace(actor, Question(anna, NOON_MS - 3 * DAY, NOON_MS, 0), "密接排查")
    (lost,) = found.incomplete
    assert (lost.gate, lost.missing, lost.retired_ms) == ("south", 4, GONE_MS)
    known, zone = tracer.names(actor, found, "密接排查"), desk.office.site("east").zone
    assert "已于 2020-02-08 12:00:00 停用" in trace_csv(found, known, {}, zone, "zh")
    assert "4 records never received" in trace_csv(found, known, {}, zone, "en")
    (fields,) = trace_fields(found, known)["incomplete"]
    assert fields["retired"].startswith("2020-02-08T04:00")
    later = tracer.trace(actor, Question(anna, NOON_MS - DAY, NOON_MS, 0), "密接排查")
    assert later.incomplete == ()


def made(desk: Desk) -> Report:
    return DailyReport(desk.office).of(desk.actor(), DailyReport(desk.office).today("east"))


def test_a_report_expects_no_rounds_shifts_or_repairs_of_it(desk: Desk) -> None:
    gone(desk)
    plant_log(desk.office, gate="south", t_ms=GONE_MS - HOUR, kind="round")
    plant_log(
        desk.office, gate="south", t_ms=GONE_MS - HOUR, kind="device", code="DEV_CAM", state="since"
    )
    before = made(desk)
    assert [one.gate for one in before.rounds] == ["north", "south"]
    assert [one.gate for one in before.faults] == ["south"]
    retire(desk.office, desk.actor(), "south", "拆除")
    after = made(desk)
    assert [one.gate for one in after.rounds] == ["north"]
    assert [one.gate for one in after.duty] == ["north"]
    assert (after.faults, after.incomplete) == ((), ())


def test_a_report_of_today_names_the_gates_that_are_not_open(desk: Desk) -> None:
    status = Status(on=True, sid=1, mode="lockdown").model_dump_json()
    plant_gate(desk.office, "south", seen_ms=NOON_MS, status=status, name="南门", name_en="South")
    report = made(desk)
    assert report.not_open == (("south", "lockdown"),)
    (table,) = [one for one in sections(report, "zh", str) if one.key == "not_open"]
    assert (table.rows, table.alarm) == ((("南门", "封闭"),), True)
    (table,) = [one for one in sections(report, "en", str) if one.key == "not_open"]
    assert table.rows == (("South", "lockdown"),)
    over = replace(report, until_ms=report.made_ms - 1)
    assert not [one for one in sections(over, "en", str) if one.key == "not_open"]


# From a terminal.


def test_the_command_retires_and_takes_back(tmp_path: Path) -> None:
    desk = open_desk(tmp_path)
    gone(desk)
    desk.office.database.close()
    done = hub(tmp_path, "retire", "south", "--reason", "拆除", "--since", "2020-02-09T08:00")
    assert done.exit_code == 0, done.output
    assert "Gate south is retired since 2020-02-09 08:00" in done.stderr
    assert "south" not in hub(tmp_path, "gates").stdout
    assert "south" in hub(tmp_path, "gates", "--retired").stdout
    done = hub(tmp_path, "retire", "south", "--back")
    assert (done.exit_code, "taking a gate back needs its reason" in done.stderr) == (1, True)
    done = hub(tmp_path, "retire", "south", "--back", "--reason", "重新启用")
    assert (done.exit_code, "in use again" in done.stderr) == (0, True)
    done = hub(tmp_path, "retire", "south", "--back", "--reason", "重新启用")
    assert done.exit_code == 1
    assert "is in use; nothing was done" in done.stderr
    assert hub(tmp_path, "retire", "south", "--since", "soon").exit_code == 2
    assert hub(tmp_path, "retire", "nowhere", "--reason", "x").exit_code == 1
