"""Rounds, the newest call and the counts of a shift, while the gate runs and after a restart."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from gated.core.model import ClockState, Moment
from gated.core.text import Text
from gated.gate import watches as module
from gated.gate.call_watch import SHOWN_MS, Reach
from gated.gate.recorder import Recorder
from gated.gate.shift_summary import VISITS_MAX, ShiftSummary, SummaryBoard
from gated.gate.watches import Watches
from gated.screen.look_up import Summary
from gated.screen.snapshot import CallView, RoundView
from gated.store.journal import Draft
from gated.store.journal_reader import JournalReader
from tests.gate.gate_world import GATE, MOMENT, FailingJournal, journal_in

HOUR_MS = 3_600_000
MINUTE_MS = 60_000
ZONE = "Asia/Shanghai"  # MOMENT is 2026-02-02 10:40 there
ALL_THERE = Reach(acked=10_000, last=10_000, held=0)
NOTHING_SENT = Reach(acked=0, last=10_000, held=0)


def later(ms: int, clock: ClockState = ClockState.SYNCED) -> Moment:
    return Moment(MOMENT.mono_ms + ms, MOMENT.utc_ms + ms, clock)


def rebooted(after_ms: int, clock: ClockState = ClockState.SYNCED) -> Moment:
    """Return the first moment of another boot, so long after MOMENT."""
    return Moment(1_000, MOMENT.utc_ms + after_ms, clock)


def watches(now: Moment = MOMENT, *, every_h: int = 4, boot: str = "boot-1") -> Watches:
    return Watches(ZONE, every_h=every_h, boot=boot, now=now)


class Lane:
    """A recorder that tells its watches, over a real journal."""

    def __init__(self, journal: FailingJournal, every_h: int = 4) -> None:
        self.journal = journal
        self.watches = watches(every_h=every_h)
        self._firsts: dict[int, int] = {}
        self.recorder = Recorder(GATE, journal, None, self.watches.noted)

    def event(self, kind: str, at: Moment = MOMENT, **fields: Any) -> None:
        self.recorder.event(kind, fields, at)

    def passage(self, visit: int, verdict: str, at: Moment = MOMENT, **more: Any) -> None:
        """Commit a row as the recorder does: later ones of a visit answer the first."""
        fields = {"visit": visit, "verdict": verdict, **more}
        of = {"of": self._firsts[visit]} if visit in self._firsts else {}
        [entry] = self.journal.append_all([Draft("passage", at, fields | of)])
        self._firsts.setdefault(visit, entry.seq)
        self.watches.noted(Draft("passage", at, fields), entry.seq)

    def again(self, now: Moment, *, boot: str = "boot-1") -> Watches:
        """Return the watches of the next start."""
        new = watches(now, boot=boot)
        with JournalReader(self.journal.path) as reader:
            new.warm(reader)
        return new


@pytest.fixture
def lane(tmp_path: Path) -> Iterator[Lane]:
    with journal_in(tmp_path) as journal:
        yield Lane(journal)


def test_a_round_is_due_again_after_its_hours(lane: Lane) -> None:
    lane.event("round", place="gate")
    assert lane.watches.round(later(125 * MINUTE_MS)) == RoundView(125, overdue=False)
    assert lane.watches.round(later(4 * HOUR_MS)) == RoundView(240, overdue=True)


def test_a_new_gate_is_not_late_before_its_hours_are_over() -> None:
    assert watches().round(MOMENT) == RoundView(None, overdue=False)
    assert watches().round(later(4 * HOUR_MS)) == RoundView(None, overdue=True)


def test_a_gate_without_rounds_shows_none() -> None:
    assert watches(every_h=0).round(MOMENT) is None


@pytest.mark.parametrize(
    ("now", "boot", "ago_min"),
    [
        (later(HOUR_MS), "boot-1", 60),
        (later(HOUR_MS, ClockState.UNSURE), "boot-1", 60),
        (rebooted(HOUR_MS), "boot-2", 60),
        (rebooted(HOUR_MS, ClockState.UNSURE), "boot-2", None),
        (rebooted(-HOUR_MS), "boot-2", 0),
    ],
)
def test_a_round_is_remembered_over_a_restart_as_far_as_anybody_can_tell(
    lane: Lane, now: Moment, boot: str, ago_min: int | None
) -> None:
    lane.event("round", place="gate")
    assert lane.again(now, boot=boot).round(now) == RoundView(ago_min, overdue=False)


def test_a_round_of_an_unsure_clock_has_no_age_after_a_reboot(lane: Lane) -> None:
    lane.event("round", later(0, ClockState.UNSURE), place="gate")
    now = rebooted(HOUR_MS)
    assert lane.again(now, boot="boot-2").round(now) == RoundView(None, overdue=False)


def test_a_call_waits_until_the_centre_has_its_record(lane: Lane) -> None:
    lane.event("call", reason="fever")
    now = later(5_000)
    waiting = CallView("fever", "waiting", 5)
    assert lane.watches.call(now, NOTHING_SENT) == waiting
    seq = lane.journal.last_seq
    assert lane.watches.call(now, Reach(seq - 1, seq, 0)) == waiting
    delivered = replace(waiting, state="delivered")
    assert lane.watches.call(now, Reach(seq, seq, 0)) == delivered
    lane.watches.answered(seq - 1, "王")  # somebody else's
    assert lane.watches.call(now, Reach(seq, seq, 0)) == delivered
    lane.watches.answered(seq, "王")
    assert lane.watches.call(now, ALL_THERE) == CallView("fever", "answered", 5, "王")


def test_a_newer_call_takes_the_place_of_an_answered_one(lane: Lane) -> None:
    lane.watches.answered(1, "nobody asked")
    assert lane.watches.call(MOMENT, ALL_THERE) is None
    lane.event("call", reason="fever")
    lane.watches.answered(lane.journal.last_seq, "王")
    lane.event("call", reason="help")
    assert lane.watches.call(MOMENT, NOTHING_SENT) == CallView("help", "waiting", 0)


def test_an_old_call_leaves_the_screen(lane: Lane) -> None:
    lane.event("call", reason="fever")
    assert lane.watches.call(later(SHOWN_MS - 1), ALL_THERE) is not None
    assert lane.watches.call(later(SHOWN_MS), ALL_THERE) is None


def test_a_call_the_journal_could_not_take_waits_for_the_records_before_it(lane: Lane) -> None:
    lane.journal.broken = True
    lane.event("call", reason="fever")
    held = Reach(acked=7, last=7, held=1)
    assert lane.watches.call(MOMENT, held) == CallView("fever", "waiting", 0)
    lane.journal.broken = False
    lane.recorder.retry()
    last = lane.journal.last_seq
    assert lane.watches.call(MOMENT, Reach(last - 1, last, 0)) == CallView("fever", "waiting", 0)
    assert lane.watches.call(MOMENT, Reach(last, last + 5, 0)) == CallView("fever", "delivered", 0)


@pytest.mark.parametrize(
    ("now", "boot", "since_s"),
    [
        (later(60_000), "boot-1", 60),
        (rebooted(60_000), "boot-2", 60),
        (rebooted(60_000, ClockState.UNSURE), "boot-2", None),
        (rebooted(SHOWN_MS), "boot-2", None),
    ],
)
def test_a_call_is_remembered_over_a_restart(
    lane: Lane, now: Moment, boot: str, since_s: int | None
) -> None:
    lane.event("call", reason="fever")
    seen = lane.again(now, boot=boot).call(now, NOTHING_SENT)
    assert (None if seen is None else seen.since_s) == since_s


def test_a_shift_is_counted_from_its_log_in(lane: Lane) -> None:
    lane.event("call", reason="help")
    lane.event("shift", later(MINUTE_MS), act="begin", guard="A12")
    lane.passage(1, "ALLOW")
    lane.passage(2, "CHECK")
    lane.passage(2, "ALLOW_NOTE", guard_act="manual_pass")
    lane.passage(3, "STOP", guard_act="refuse")
    for kind in ("call", "registration", "anomaly", "note", "round", "paper"):
        lane.event(kind)
    lane.event("follow_up", what="guard_timeout")
    lane.event("follow_up", what="temperature")
    faults = (Text("证件", "CARD"),)
    seen = lane.watches.summary(later(HOUR_MS), on_duty=True, backlog=4, faults=faults)
    expected = Summary(
        since="10:41",
        passages={"ALLOW": 1, "ALLOW_NOTE": 1, "CHECK": 0, "STOP": 1},
        manual=1,
        refused=1,
        calls=1,
        registrations=1,
        anomalies=1,
        notes=1,
        rounds=1,
        unanswered=1,
        backlog=4,
        faults=faults,
    )
    assert seen == expected
    of_day = lane.watches.summary(later(HOUR_MS), on_duty=False)
    assert (of_day.since, of_day.calls) == ("00:00", 2)
    restarted = lane.again(later(HOUR_MS))
    seen = restarted.summary(later(HOUR_MS), on_duty=True, backlog=4, faults=faults)
    assert seen == expected


def test_what_the_journal_cannot_take_counts_all_the_same(lane: Lane) -> None:
    lane.journal.broken = True
    lane.event("anomaly", what="animal")
    assert lane.watches.summary(MOMENT, on_duty=False).anomalies == 1


def test_the_day_begins_anew_at_midnight_of_the_site(lane: Lane) -> None:
    lane.event("call", reason="help")
    to_midnight = (13 * 60 + 20) * MINUTE_MS
    assert lane.watches.summary(later(to_midnight - 1), on_duty=False).calls == 1
    tomorrow = lane.watches.summary(later(to_midnight), on_duty=False)
    assert (tomorrow.since, tomorrow.calls) == ("00:00", 0)
    assert lane.watches.summary(later(to_midnight), on_duty=True).calls == 1


def test_a_clock_nobody_vouches_for_turns_no_day(lane: Lane) -> None:
    lane.event("call", reason="help")
    unsure = later(48 * HOUR_MS, ClockState.UNSURE)
    assert lane.watches.summary(unsure, on_duty=False).calls == 1


def test_counts_never_claim_to_know_what_was_not_read(
    lane: Lane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WARM_ROWS", 2)
    lane.event("shift", act="begin", guard="A12")
    for minute in (1, 2, 3):
        lane.event("call", later(minute * MINUTE_MS), reason="help")
    now = later(HOUR_MS)
    for on_duty in (True, False):
        seen = lane.again(now).summary(now, on_duty=on_duty)
        assert (seen.since, seen.calls) == ("10:42", 2)


def test_a_visit_counts_once_however_many_rows_it_has() -> None:
    shift = ShiftSummary(ZoneInfo(ZONE), MOMENT)
    for visit in range(VISITS_MAX + 5):
        shift.noted("passage", {"verdict": "CHECK"}, MOMENT, ("visit", visit))
    shift.noted("passage", {"verdict": "STOP"}, MOMENT, ("visit", VISITS_MAX))
    passages = shift.view(MOMENT, on_duty=False).passages
    assert (passages["CHECK"], passages["STOP"]) == (VISITS_MAX + 4, 1)


def test_the_board_shows_the_newest_summary() -> None:
    board = SummaryBoard()
    assert board.latest() == Summary()
    board.post(Summary("08:00"))
    assert board.latest().since == "08:00"
