"""At a running gate: a stranger registered from the card, somebody found and measured, counts."""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest
from structlog.testing import capture_logs

from gated.core.model import StatusCode
from gated.core.reports import Person, Registration, Shift
from gated.gate.events import CardSeen
from gated.gate.finder import FinderIntake
from gated.gate.report_intake import ReportIntake
from gated.screen.actions import Pick, Search
from gated.screen.look_up import Found
from gated.screen.reports import Answer
from gated.screen.snapshot import CardView
from gated.store.sealed_box import open_sealed, public_of, registration_context
from tests.gate.gate_world import LIMIT_S, GateInAThread, id_number, install, records, resident

PRIVATE = bytes(range(32))
STRANGER = id_number(77)
FORM = Person("", "none", "", "", "", "3-2-101", "", "", 0)

_Said = TypeVar("_Said", Found, Answer)


@pytest.fixture
def gate(tmp_path: Path) -> GateInAThread:
    same_room = replace(resident(2, StatusCode.CLOSE_CONTACT), room="102", name="欧阳娜娜")
    install(tmp_path, [resident(1), same_room])
    return GateInAThread(tmp_path, measures=False, hub_public=public_of(PRIVATE))


def calm(ask: Callable[[], _Said]) -> _Said:
    """Ask until the engine is not too busy to say; return what it said."""
    end = time.monotonic() + LIMIT_S
    while (said := ask()).refusal == "busy":
        assert time.monotonic() < end, "the engine was always busy"
    return said


def now(gate: GateInAThread) -> FinderIntake:
    return FinderIntake(gate.inbox, gate._now)


def test_a_stranger_is_registered_from_the_card_that_nobody_can_read_back(
    gate: GateInAThread, tmp_path: Path
) -> None:
    shown: list[bytes] = []
    intake = ReportIntake("north-1", gate.hub_public, gate.inbox, gate._now, cards=gate.cards)
    with capture_logs() as logs, gate:
        gate.inbox.put(CardSeen(gate._now(), STRANGER, name="司马相如"))
        seen = gate.until(lambda s: s.card, "the card, masked")
        assert seen.card == CardView("司**如", "*" * 14 + STRANGER[-4:])
        shown.append(seen.to_json())
        form = Registration("visitor", FORM, seen.visit, from_card=True)
        assert calm(lambda: intake(form)) == Answer()
        shown.append(gate.until(lambda s: s.card is None, "no card any more").to_json())
        assert calm(lambda: intake(form)) == Answer("no_card")
    [row] = records(tmp_path, "registration")
    plain = open_sealed(PRIVATE, bytes.fromhex(row["sealed"]), registration_context("north-1"))
    assert json.loads(plain)["document_number"] == STRANGER
    left = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
    for secret in (STRANGER, "司马相如"):
        assert secret.encode() not in left
        assert secret not in repr(logs)
        assert not any(secret.encode() in one for one in shown)


def test_the_next_person_makes_the_gate_forget_the_card(gate: GateInAThread) -> None:
    with gate:
        gate.inbox.put(CardSeen(gate._now(), STRANGER, name="司马相如"))
        first = gate.until(lambda s: s.card, "the card, masked").visit
        gate.card(1)
        seen = gate.until(lambda s: s.visit not in (0, first), "the next person")
        assert seen.card is None
        assert gate.cards.take(first, gate._now()) is None


def test_somebody_found_by_room_is_decided_as_the_list_says(
    gate: GateInAThread, tmp_path: Path
) -> None:
    with gate:
        finder = now(gate)
        people = calm(lambda: finder.find(Search(("3", "2", "102")))).people
        assert sorted(one.name for one in people) == ["欧**娜", "王*明"]
        pick = next(one.pick for one in people if one.name == "欧**娜")
        assert calm(lambda: finder.identify(Pick(pick))) == Answer()
        seen = gate.until(lambda s: s.mode == "verdict", "the verdict")
        assert seen.verdict is not None
        assert seen.verdict.person is not None
        assert seen.verdict.person.name == "欧**娜"
        assert calm(lambda: finder.identify(Pick(pick, seen.visit))) == Answer("pick_over")
    [row] = records(tmp_path, "passage")
    assert (row["credential_kind"], row["reason"]) == ("none", "STAT_CONTACT")
    assert [one["found"] for one in records(tmp_path, "look_up")] == [2]


def test_the_other_of_a_household_is_found_by_the_visit(gate: GateInAThread) -> None:
    with gate:
        finder = now(gate)
        gate.card(1)
        visit = gate.until(lambda s: s.mode == "verdict", "the verdict").visit
        [other] = calm(lambda: finder.find(Search(visit=visit))).people
        assert other.name == "欧**娜"
        assert calm(lambda: finder.find(Search(visit=visit + 9))) == Found(refusal="visit_over")


def test_the_summary_follows_the_shift(gate: GateInAThread) -> None:
    with gate:
        assert gate.report(Shift("begin", "G017")) == Answer()
        gate.card(1)
        gate.until(lambda s: s.last, "the passage")
        gate.until(lambda _: sum(gate.board.latest().passages.values()) == 1, "the count")
