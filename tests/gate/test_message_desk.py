"""The hub's text on the screen: believed once, shown for its minutes, across restarts."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from gated.contract.command import Command, sign_command
from gated.core.model import ClockState, Moment
from gated.core.trust import TrustTable
from gated.gate.message_desk import MessageDesk
from gated.gate.recorder import Recorder
from gated.gate.uplink_events import CommandArrived
from gated.screen.snapshot import Text
from tests.gate.gate_world import (
    GATE,
    MOMENT,
    FailingJournal,
    GateInAThread,
    journal_in,
    records,
)
from tests.support.passes import ISSUER, STRANGER

TRUST = TrustTable((replace(ISSUER.trusted(), uses=frozenset({"command"})),))
MINUTE_MS = 60_000
SHOWN = Text("请开南门", "Open the south gate")


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[FailingJournal]:
    with journal_in(tmp_path) as opened:
        yield opened


@pytest.fixture
def desk(tmp_path: Path, journal: FailingJournal) -> MessageDesk:
    return fresh(tmp_path, journal)


def fresh(folder: Path, journal: FailingJournal, boot: str = "boot-1") -> MessageDesk:
    return MessageDesk(GATE.id, boot, TRUST, Recorder(GATE, journal), folder)


def order(n: int = 1, gate: str = GATE.id, **changes: Any) -> CommandArrived:
    args = {"zh": SHOWN.zh, "en": SHOWN.en, "minutes": 30}
    values: dict[str, Any] = {
        "id": f"{n:032x}",
        "n": n,
        "cmd": "message",
        "args": args,
        "ttl_s": 1800,
        "iss": "east",
        "kid": ISSUER.kid.hex(),
    }
    command = Command.model_validate(values | changes)
    return CommandArrived(sign_command(command, gate, ISSUER.sign), MOMENT.mono_ms)


def text_order(n: int, zh: str = "", en: str = "", minutes: int = 30) -> CommandArrived:
    return order(n, args={"zh": zh, "en": en, "minutes": minutes})


def later(ms: int, clock: ClockState = ClockState.SYNCED) -> Moment:
    return Moment(MOMENT.mono_ms + ms, MOMENT.utc_ms + ms, clock)


def results(folder: Path) -> list[tuple[str, str]]:
    rows = records(folder, "command_result")
    return [(row["id"], row["result"]) for row in rows]


def test_a_message_is_shown_for_its_minutes_and_recorded(desk: MessageDesk, tmp_path: Path) -> None:
    assert desk.text(MOMENT) is None
    desk.arrived(order(), MOMENT)
    assert desk.text(MOMENT) == SHOWN
    assert desk.text(later(30 * MINUTE_MS - 1)) == SHOWN
    assert desk.text(later(30 * MINUTE_MS)) is None
    assert results(tmp_path) == [(f"{1:032x}", "shown")]


def test_a_text_in_one_language_serves_for_both(desk: MessageDesk) -> None:
    desk.arrived(text_order(1, zh="请戴口罩"), MOMENT)
    assert desk.text(MOMENT) == Text("请戴口罩", "请戴口罩")
    desk.arrived(text_order(2, en="Masks, please"), MOMENT)
    assert desk.text(MOMENT) == Text("Masks, please", "Masks, please")


def test_a_newer_message_replaces_and_an_empty_one_clears(
    desk: MessageDesk, tmp_path: Path
) -> None:
    desk.arrived(order(1), MOMENT)
    desk.arrived(text_order(2, "新的", "new", minutes=5), MOMENT)
    assert desk.text(MOMENT) == Text("新的", "new")
    desk.arrived(text_order(3), MOMENT)
    assert desk.text(MOMENT) is None
    assert [result for _, result in results(tmp_path)] == ["shown"] * 3


def test_a_repeated_order_is_done_once_even_after_a_restart(
    desk: MessageDesk, tmp_path: Path, journal: FailingJournal
) -> None:
    desk.arrived(order(5), MOMENT)
    desk.arrived(order(5), later(1000))
    desk.arrived(text_order(4, "旧的"), later(2000))
    again = fresh(tmp_path, journal)
    again.arrived(order(5), later(3000))
    assert again.text(MOMENT) == SHOWN
    assert len(results(tmp_path)) == 1


def test_a_message_survives_a_restart_of_the_program(
    desk: MessageDesk, tmp_path: Path, journal: FailingJournal
) -> None:
    desk.arrived(order(), MOMENT)
    again = fresh(tmp_path, journal)
    # In the same boot wall time has no say, whatever it does.
    jumped = replace(later(29 * MINUTE_MS, ClockState.UNSURE), utc_ms=0)
    assert again.text(jumped) == SHOWN
    assert again.text(later(30 * MINUTE_MS)) is None


def test_after_a_power_cut_wall_time_ends_it_if_somebody_vouches(
    desk: MessageDesk, tmp_path: Path, journal: FailingJournal
) -> None:
    desk.arrived(order(), MOMENT)
    again = fresh(tmp_path, journal, "boot-2")
    rebooted = Moment(1, MOMENT.utc_ms + 10 * MINUTE_MS, ClockState.SYNCED)
    assert again.text(rebooted) == SHOWN
    assert again.text(replace(rebooted, clock=ClockState.UNSURE)) is None
    assert again.text(replace(rebooted, utc_ms=MOMENT.utc_ms + 30 * MINUTE_MS)) is None


def test_a_message_from_an_unsure_hour_ends_with_its_boot(
    tmp_path: Path, journal: FailingJournal
) -> None:
    unsure = replace(MOMENT, clock=ClockState.UNSURE)
    desk = fresh(tmp_path, journal)
    desk.arrived(order(), unsure)
    assert desk.text(unsure) == SHOWN
    assert fresh(tmp_path, journal, "boot-2").text(MOMENT) is None


@pytest.mark.parametrize(
    "event",
    [
        order(gate="south-1"),
        order(kid=STRANGER.kid.hex()),
        CommandArrived(b"rubbish", MOMENT.mono_ms),
        CommandArrived(order().payload[:-2], MOMENT.mono_ms),
    ],
    ids=["another gate", "a stranger", "rubbish", "cut"],
)
def test_what_is_not_believed_leaves_no_trace_but_a_log_line(
    desk: MessageDesk, tmp_path: Path, event: CommandArrived
) -> None:
    with capture_logs() as logs:
        desk.arrived(event, MOMENT)
    assert desk.text(MOMENT) is None
    assert results(tmp_path) == []
    assert [line["event"] for line in logs] == ["order.ignored"]


@pytest.mark.parametrize(
    "changes",
    [
        {"cmd": "open"},
        {"cmd": "reboot", "args": {}},
        {"args": {"zh": "x", "en": "", "minutes": 0}},
        {"args": {"zh": "a\x07b", "en": "", "minutes": 1}},
    ],
)
def test_a_genuine_order_that_is_no_message_is_refused_and_said_so(
    desk: MessageDesk, tmp_path: Path, changes: dict[str, Any]
) -> None:
    desk.arrived(order(1), MOMENT)
    desk.arrived(order(2, **changes), MOMENT)
    assert results(tmp_path)[1] == (f"{2:032x}", "refused")
    assert desk.text(MOMENT) == SHOWN, "what was shown stays"
    desk.arrived(order(2, **changes), MOMENT)
    assert len(results(tmp_path)) == 2


def test_an_order_whose_life_ended_on_its_way_is_expired(desk: MessageDesk, tmp_path: Path) -> None:
    desk.arrived(order(ttl_s=60), later(60_000))
    assert results(tmp_path) == [(f"{1:032x}", "expired")]
    assert desk.text(later(60_000)) is None


def test_a_card_that_cannot_keep_it_shows_it_all_the_same(
    tmp_path: Path, journal: FailingJournal
) -> None:
    (tmp_path / "orders.new").mkdir()
    desk = fresh(tmp_path, journal)
    with capture_logs() as logs:
        desk.arrived(order(), MOMENT)
    assert desk.text(MOMENT) == SHOWN
    assert "order.unwritable" in [line["event"] for line in logs]


@pytest.mark.parametrize(
    "kept",
    ["", "[]", '{"last": 5, "shown": 6}', '{"last": {"x": true}, "shown": {"zh": 1, "boot": []}}'],
)
def test_a_strange_file_is_an_empty_one(tmp_path: Path, journal: FailingJournal, kept: str) -> None:
    (tmp_path / "orders").write_text(kept)
    desk = fresh(tmp_path, journal)
    assert desk.text(MOMENT) is None
    desk.arrived(order(), MOMENT)
    assert desk.text(MOMENT) == SHOWN


def test_the_text_never_reaches_the_log(desk: MessageDesk) -> None:
    with capture_logs() as logs:
        desk.arrived(order(1), MOMENT)
        desk.arrived(order(2, args={"zh": SHOWN.zh, "minutes": 0}), MOMENT)
    assert SHOWN.zh not in json.dumps(logs, ensure_ascii=False)


# Tips, and that a call was answered.


def tips_order(n: int, *tips: dict[str, str]) -> CommandArrived:
    return order(n, cmd="tips", args={"tips": list(tips)})


def test_tips_replace_the_former_ones_and_none_takes_them_away(
    desk: MessageDesk, tmp_path: Path
) -> None:
    assert desk.tips == ()
    desk.arrived(tips_order(1, {"zh": "勤洗手", "en": "Wash"}, {"zh": "通风"}, {"zh": " "}), MOMENT)
    assert desk.tips == (Text("勤洗手", "Wash"), Text("通风", "通风"))
    desk.arrived(tips_order(2, {"en": "Masks"}), MOMENT)
    assert desk.tips == (Text("Masks", "Masks"),)
    desk.arrived(tips_order(3), MOMENT)
    assert desk.tips == ()
    assert [result for _, result in results(tmp_path)] == ["shown"] * 3


def test_tips_are_kept_without_a_limit_beside_a_message(
    desk: MessageDesk, tmp_path: Path, journal: FailingJournal
) -> None:
    desk.arrived(tips_order(1, {"zh": "勤洗手", "en": "Wash"}), MOMENT)
    desk.arrived(order(2), MOMENT)
    again = fresh(tmp_path, journal, "boot-2")
    assert again.tips == (Text("勤洗手", "Wash"),)
    long_after = replace(MOMENT, mono_ms=1, utc_ms=MOMENT.utc_ms + 10**10)
    again.arrived(tips_order(2, {"zh": "旧的"}), long_after)
    assert again.tips == (Text("勤洗手", "Wash"),), "an order works once"
    assert again.text(MOMENT) == SHOWN


@pytest.mark.parametrize("args", [{"tips": [{"zh": "x" * 81}]}, {"tips": [{"zh": "a\x07"}]}, {}])
def test_bad_tips_are_refused_and_the_former_ones_stay(
    desk: MessageDesk, tmp_path: Path, args: dict[str, Any]
) -> None:
    desk.arrived(tips_order(1, {"zh": "勤洗手"}), MOMENT)
    desk.arrived(order(2, cmd="tips", args=args), MOMENT)
    assert desk.tips == (Text("勤洗手", "勤洗手"),)
    assert results(tmp_path)[1] == (f"{2:032x}", "refused")


@pytest.mark.parametrize("kept", ['{"tips": 5}', '{"tips": [5, {"zh": 1}, {"zh": "a", "en": []}]}'])
def test_strange_tips_in_the_file_are_none(
    tmp_path: Path, journal: FailingJournal, kept: str
) -> None:
    (tmp_path / "orders").write_text(kept)
    assert fresh(tmp_path, journal).tips == ()


def test_who_answered_a_call_is_handed_on_once_and_recorded(
    tmp_path: Path, journal: FailingJournal
) -> None:
    heard: list[tuple[str, int, str]] = []
    desk = MessageDesk(
        GATE.id,
        "boot-1",
        TRUST,
        Recorder(GATE, journal),
        tmp_path,
        lambda epoch, seq, by: heard.append((epoch, seq, by)),
    )
    event = order(1, cmd="answered", args={"epoch": "00ff", "seq": 5, "by": "王主任"})
    desk.arrived(event, MOMENT)
    desk.arrived(event, later(1000))
    late = order(2, cmd="answered", args={"epoch": "00ff", "seq": 6}, ttl_s=60)
    desk.arrived(late, later(60_000))
    assert heard == [("00ff", 5, "王主任")]
    assert [result for _, result in results(tmp_path)] == ["shown", "expired"]


def test_a_running_gate_puts_the_text_on_its_screen(tmp_path: Path) -> None:
    with GateInAThread(tmp_path, measures=False, trust=TRUST) as gate:
        event = order()
        gate.inbox.put(replace(event, at_mono_ms=gate._now().mono_ms))
        gate.until(lambda s: s.message == SHOWN, "the text")
    with GateInAThread(tmp_path, measures=False, trust=TRUST) as again:
        again.until(lambda s: s.message == SHOWN, "the text after a restart")
    assert len(results(tmp_path)) == 1
