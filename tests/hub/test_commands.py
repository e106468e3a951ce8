"""Orders to gates: who may give them, what is signed, and how they get to their result."""

from pathlib import Path

import pytest
from click.testing import Result
from sqlalchemy import insert, update
from typer.testing import CliRunner

from gated.cli.main import app
from gated.contract.command import Command, MessageArgs, Standing, Tip, TipsArgs, verify_command
from gated.contract.messages import json_object, validated
from gated.core.text import Text
from gated.hub.audit import Action
from gated.hub.commands import CommandNotMade, CommandQueue, Commands
from gated.hub.roles import Role
from gated.hub.schema import GATE
from gated.hub.schema_office import COMMAND
from gated.hub.schema_records import GATE_SITE
from gated.store import keys
from tests.architecture.sources import ROOT
from tests.support.office import NOON_MS, Desk, open_desk

MINUTE_MS = 60_000


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    opened = open_desk(tmp_path)
    for gate, site in (("north-1", "east"), ("north-2", "east"), ("hill", "west")):
        add_gate(opened, gate, site)
    return opened


def add_gate(desk: Desk, gate: str, site: str) -> None:
    with desk.office.database.writing("add a gate") as connection:
        connection.execute(insert(GATE).values(gate=gate, online=True))
        connection.execute(insert(GATE_SITE).values(gate=gate, site=site, since_ms=NOON_MS))


def set_online(desk: Desk, gate: str, *, online: bool) -> None:
    with desk.office.database.writing("note a gate") as connection:
        connection.execute(update(GATE).where(GATE.c.gate == gate).values(online=online))


def result(desk: Desk, order: str, state: str) -> None:
    with desk.office.database.writing("note a result") as connection:
        connection.execute(
            update(COMMAND).where(COMMAND.c.id == order).values(state=state, result=state)
        )


def send(desk: Desk, gate: str = "north-1", zh: str = "请开南门", minutes: int = 30) -> str:
    return Commands(desk.office).send_message(desk.actor(), gate, zh, "", minutes)


def queue(desk: Desk) -> CommandQueue:
    return CommandQueue(desk.office.database)


def state_of(desk: Desk, order: str, gate: str = "north-1", site: str = "east") -> str:
    listed = Commands(desk.office).of_gate(site, gate)
    return next(sent.state for sent in listed if sent.id == order)


def test_a_message_is_signed_for_its_gate_and_waits(desk: Desk, tmp_path: Path) -> None:
    order = send(desk)
    [due] = queue(desk).due(NOON_MS)
    assert (due.id, due.gate, due.left_s) == (order, "north-1", 1800)
    trust = keys.read_trust(tmp_path / "trust.json")
    believed = verify_command(due.body, trust, Standing("north-1", now_s=NOON_MS // 1000))
    assert believed.order() == MessageArgs(zh="请开南门", minutes=30)
    assert (believed.id, believed.iss, believed.ttl_s) == (order, "east", 1800)


def test_an_order_is_listed_with_what_became_of_it(desk: Desk) -> None:
    first = send(desk, zh="一")
    desk.clock.now_ms += 1
    second = Commands(desk.office).send_message(
        desk.actor(Role.PROPERTY), "north-1", " 二\n二 ", "two", 5
    )
    newest, oldest = Commands(desk.office).of_gate("east", "north-1")
    assert (newest.id, oldest.id) == (second, first)
    assert (newest.zh, newest.en, newest.minutes) == ("二 二", "two", 5)
    assert (newest.by, newest.state, newest.result) == ("property-east", "pending", "")
    assert newest.expires_ms - newest.created_ms == 5 * MINUTE_MS
    assert Commands(desk.office).of_gate("west", "north-1") == []


def test_numbers_rise_for_each_gate_whatever_the_clock_does(desk: Desk) -> None:
    numbers = []
    for step_ms in (0, 0, -60_000, 10_000):
        desk.clock.now_ms += step_ms
        send(desk)
        with desk.office.database.reading() as connection:
            found = connection.execute(COMMAND.select().order_by(COMMAND.c.n.desc())).first()
        assert found is not None
        signed = validated(Command, json_object(found.body))
        assert signed.n == found.n
        numbers.append(signed.n)
    assert numbers == sorted(set(numbers))
    assert numbers[0] == NOON_MS, "so a restored backup does not fall behind the gates"


@pytest.mark.parametrize("gate", ["hill", "nowhere", ""])
def test_a_gate_of_another_site_is_unknown_here(desk: Desk, gate: str) -> None:
    with pytest.raises(CommandNotMade, match="site east has none"):
        send(desk, gate)
    assert queue(desk).due(NOON_MS) == []


def test_an_auditor_sends_nothing(desk: Desk) -> None:
    with pytest.raises(CommandNotMade, match="auditor"):
        Commands(desk.office).send_message(desk.actor(Role.AUDITOR), "north-1", "x", "", 5)


@pytest.mark.parametrize(
    ("zh", "minutes", "said"),
    [
        ("x", 0, "0 minutes"),
        ("x", 1441, "1441 minutes"),
        ("x" * 81, 5, "80 Chinese"),
        ("a\x07b", 5, "cannot be shown"),
        ("请拦下11010519491231002X", 5, "ID number"),
        ("110105194912310021 来访", 5, "ID number"),
    ],
)
def test_a_message_nobody_should_send_is_refused(
    desk: Desk, zh: str, minutes: int, said: str
) -> None:
    with pytest.raises(CommandNotMade, match=said) as refused:
        send(desk, zh=zh, minutes=minutes)
    assert "11010519491231002" not in str(refused.value)
    assert Commands(desk.office).of_gate("east", "north-1") == []


def test_sending_is_audited_by_gate_and_not_by_text(desk: Desk) -> None:
    send(desk)
    [row] = desk.office.audit.rows("east")
    assert (row.action, row.target, row.actor) == (Action.MESSAGE, "north-1", "officer-east")
    assert "南门" not in repr(row)


def test_only_gates_that_are_online_are_given_orders(desk: Desk) -> None:
    set_online(desk, "north-1", online=False)
    order = send(desk)
    other = send(desk, "north-2")
    assert [due.id for due in queue(desk).due(NOON_MS)] == [other]
    set_online(desk, "north-1", online=True)
    assert {due.id for due in queue(desk).due(NOON_MS)} == {order, other}


def test_what_was_sent_is_not_sent_again_until_the_gate_returns(desk: Desk) -> None:
    order = send(desk)
    worker = queue(desk)
    worker.sent(worker.due(NOON_MS))
    assert state_of(desk, order) == "sent"
    assert worker.due(NOON_MS) == []
    worker.again("north-2")
    assert worker.due(NOON_MS) == []
    worker.again("north-1")
    assert [due.id for due in worker.due(NOON_MS + 1000)] == [order]


@pytest.mark.parametrize("state", ["shown", "refused"])
def test_an_order_with_a_result_is_done_with(desk: Desk, state: str) -> None:
    order = send(desk)
    worker = queue(desk)
    due = worker.due(NOON_MS)
    result(desk, order, state)
    worker.sent(due)
    worker.again("north-1")
    assert worker.due(NOON_MS + 60 * MINUTE_MS) == []
    assert state_of(desk, order) == state


def test_an_order_without_a_result_expires_with_its_minutes(desk: Desk) -> None:
    waiting = send(desk)
    desk.clock.now_ms += MINUTE_MS
    sent = send(desk)
    worker = queue(desk)
    worker.sent([due for due in worker.due(NOON_MS + MINUTE_MS) if due.id == sent])
    assert [due.id for due in worker.due(NOON_MS + 30 * MINUTE_MS - 1)] == [waiting]
    assert worker.due(NOON_MS + 30 * MINUTE_MS) == []
    assert (state_of(desk, waiting), state_of(desk, sent)) == ("expired", "sent")
    assert worker.due(NOON_MS + 31 * MINUTE_MS) == []
    assert state_of(desk, sent) == "expired"


# gated hub message


@pytest.fixture
def config(tmp_path: Path, desk: Desk) -> Path:
    path = tmp_path / "hub.toml"
    path.write_text(
        f"""[hub]
site = "east"
roster = "east"
[store]
url = "sqlite:///{tmp_path / "hub.db"}"
[keys]
site = "{tmp_path}/east/site.key"
rest = "{tmp_path}/east/rest.key"
signing = "{tmp_path}/signing.pem"
people = "{tmp_path}/people.key"
seal = "{tmp_path}/seal.key"
trust = "{tmp_path}/trust.json"
[broker]
host = "127.0.0.1"
tls = false
"""
    )
    return path


def test_the_command_prints_the_id_of_what_waits(desk: Desk, config: Path) -> None:
    words = ["north-1", "--zh", "请开南门", "--en", "Open", "--minutes", "5"]
    done = CliRunner().invoke(app, ["hub", "message", *words, "--config", str(config)])
    assert done.exit_code == 0, done.output
    [sent] = Commands(desk.office).of_gate("east", "north-1")
    assert done.stdout == sent.id + "\n"
    assert (sent.zh, sent.en, sent.minutes) == ("请开南门", "Open", 5)
    assert sent.by.startswith("cli:")
    assert "north-1" in done.stderr


def test_the_command_refuses_a_gate_of_another_site_in_a_sentence(config: Path) -> None:
    done = CliRunner().invoke(app, ["hub", "message", "hill", "--zh", "x", "--config", str(config)])
    assert (done.exit_code, done.stdout) == (1, "")
    assert "hill" in done.stderr


# To all gates at once.


def test_one_text_goes_to_every_gate_of_the_site_and_to_no_other(desk: Desk) -> None:
    sent = Commands(desk.office).send_to_all(desk.actor(), "请戴口罩", "masks, please", 30)
    assert sorted(sent) == ["north-1", "north-2"]
    for gate, order in sent.items():
        (listed,) = Commands(desk.office).of_gate("east", gate)
        assert (listed.id, listed.zh, listed.en, listed.state) == (
            order,
            "请戴口罩",
            "masks, please",
            "pending",
        )
    assert Commands(desk.office).of_gate("west", "hill") == []
    rows = desk.office.audit.rows("east")
    assert sorted(row.target for row in rows if row.action == Action.MESSAGE) == sorted(sent)


def test_what_no_gate_may_show_reaches_none(desk: Desk) -> None:
    for zh, minutes in (("长" * 200, 30), ("11010519491231002X", 30), ("好", 0)):
        with pytest.raises(CommandNotMade):
            Commands(desk.office).send_to_all(desk.actor(), zh, "", minutes)
    with pytest.raises(CommandNotMade, match="may not"):
        Commands(desk.office).send_to_all(desk.actor(Role.AUDITOR), "好", "", 30)
    assert Commands(desk.office).of_gate("east", "north-1") == []


def test_a_site_without_gates_says_so(tmp_path: Path) -> None:
    (tmp_path / "bare").mkdir()
    bare = open_desk(tmp_path / "bare")
    with pytest.raises(CommandNotMade, match="has no gates yet"):
        Commands(bare.office).send_to_all(bare.actor(), "好", "", 30)


# Prevention tips.

TIPS = (Text("勤洗手", "Wash your hands"), Text("通风"))


def test_tips_are_signed_for_their_gate_and_live_a_week(desk: Desk, tmp_path: Path) -> None:
    order = Commands(desk.office).send_tips(desk.actor(Role.PROPERTY), "north-1", TIPS)
    [due] = queue(desk).due(NOON_MS)
    assert (due.id, due.left_s) == (order, 7 * 86_400)
    trust = keys.read_trust(tmp_path / "trust.json")
    believed = verify_command(due.body, trust, Standing("north-1"))
    assert believed.order() == TipsArgs(
        tips=[Tip(zh="勤洗手", en="Wash your hands"), Tip(zh="通风")]
    )
    (listed,) = Commands(desk.office).of_gate("east", "north-1")
    assert (listed.cmd, listed.tips, listed.by) == ("tips", TIPS, "property-east")
    (row,) = desk.office.audit.rows("east")
    assert (row.action, row.target) == (Action.MESSAGE, "north-1")


def test_tips_go_to_every_gate_and_the_last_ones_are_known(desk: Desk) -> None:
    commands = Commands(desk.office)
    assert commands.tips("east") == ()
    commands.send_tips_to_all(desk.actor(), TIPS)
    desk.clock.now_ms += 1
    commands.send_tips(desk.actor(), "north-2", TIPS[:1])
    assert commands.tips("east", "north-1") == TIPS
    assert commands.tips("east", "north-2") == commands.tips("east") == TIPS[:1]
    assert commands.tips("west") == ()
    desk.clock.now_ms += 1
    commands.send_tips(desk.actor(), "north-2", ())
    assert commands.tips("east", "north-2") == ()


@pytest.mark.parametrize(
    ("tips", "said"),
    [
        ([Text("x")] * 11, "11 tips"),
        ([Text("x" * 81)], "80 Chinese"),
        ([Text("好"), Text("a\x07b")], "cannot be shown"),
        ([Text("请拦下11010519491231002X")], "ID number"),
        ([Text("\U00020000" * 80, "\U00020000" * 160)] * 10, "so much text"),
    ],
)
def test_tips_nobody_should_send_reach_no_gate(desk: Desk, tips: list[Text], said: str) -> None:
    with pytest.raises(CommandNotMade, match=said):
        Commands(desk.office).send_tips_to_all(desk.actor(), tips)
    with pytest.raises(CommandNotMade, match=said):
        Commands(desk.office).send_tips(desk.actor(), "north-1", tips)
    assert queue(desk).due(NOON_MS) == []


def test_an_auditor_takes_no_tips_away(desk: Desk) -> None:
    with pytest.raises(CommandNotMade, match="may not"):
        Commands(desk.office).send_tips(desk.actor(Role.AUDITOR), "north-1", ())


# gated hub tips


def given(config: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["hub", "tips", *words, "--config", str(config)])


def test_the_shipped_tips_go_to_every_gate(desk: Desk, config: Path) -> None:
    done = given(config, str(ROOT / "config/tips.toml"), "--all")
    assert done.exit_code == 0, done.output
    assert len(done.stdout.split()) == 2
    tips = Commands(desk.office).tips("east", "north-1")
    assert len(tips) == 8
    assert all(tip.zh and tip.en for tip in tips)


def test_a_table_of_tips_goes_to_one_gate_and_is_taken_away_again(
    desk: Desk, config: Path, tmp_path: Path
) -> None:
    table = tmp_path / "tips.csv"
    table.write_text("EN,zh\nWash your hands,勤洗手\n,通风\n", "utf-8-sig")
    assert given(config, str(table), "--gate", "north-1").exit_code == 0
    assert Commands(desk.office).tips("east", "north-1") == TIPS
    assert Commands(desk.office).tips("east", "north-2") == ()
    assert given(config, "--clear", "--gate", "north-1").exit_code == 0
    assert Commands(desk.office).tips("east", "north-1") == ()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("tips.toml", "tips = 5"),
        ("tips.toml", "[[tips]]\nzh = 5"),
        ("tips.toml", "[[tips]]\nzh = 'x'\nsound = 'loud'"),
        ("tips.toml", "[[tip]]\nzh = 'x'"),
        ("tips.toml", "not toml"),
        ("tips.csv", "一,二\n三,四\n"),
        ("tips.toml", None),
    ],
)
def test_a_file_that_holds_no_tips_is_refused_in_a_sentence(
    desk: Desk, config: Path, tmp_path: Path, name: str, content: str | None
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_text(content)
    done = given(config, str(path), "--all")
    assert done.exit_code == 1
    assert str(path) in done.stderr
    assert queue(desk).due(NOON_MS) == []


def test_an_empty_file_does_not_take_tips_away(desk: Desk, config: Path, tmp_path: Path) -> None:
    for name in ("tips.toml", "tips.csv"):
        (tmp_path / name).write_text("")
        assert given(config, str(tmp_path / name), "--all").exit_code == 2
    assert given(config, "--all").exit_code == 2
    assert given(config, "--clear").exit_code == 2
    assert queue(desk).due(NOON_MS) == []
