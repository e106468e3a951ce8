"""A visitor's card: in memory, masked, for one visit and three minutes."""

from dataclasses import replace

import pytest

from drivers.card_reader.protocol_records import CardLayout, CardRead
from gated.core.model import Moment
from gated.core.reports import DOCUMENT_KINDS
from gated.gate.card_memory import HELD_MS, CardMemory, KeptCard
from gated.gate.devices import card_seen
from gated.gate.events import CardSeen
from gated.screen.snapshot import CardView
from tests.gate.gate_world import MOMENT

NUMBER = "11010519491231002X"
CARD = CardSeen(MOMENT, NUMBER, name="王小明")


def later(ms: int) -> Moment:
    return replace(MOMENT, mono_ms=MOMENT.mono_ms + ms)


@pytest.fixture
def cards() -> CardMemory:
    memory = CardMemory()
    memory.keep(7, CARD, MOMENT)
    return memory


def test_the_screen_sees_it_masked(cards: CardMemory) -> None:
    assert cards.view(7, MOMENT) == CardView("王*明", "*" * 14 + "002X")
    assert cards.take(7, MOMENT) == KeptCard("王小明", NUMBER, "id_card")


def test_a_form_outlasts_its_visit_but_not_the_next(cards: CardMemory) -> None:
    assert cards.view(0, MOMENT) is not None
    assert cards.view(8, MOMENT) is None
    assert cards.view(7, MOMENT) is None
    assert cards.take(7, MOMENT) is None


def test_it_is_forgotten_after_three_minutes(cards: CardMemory) -> None:
    assert cards.take(7, later(HELD_MS - 1)) is not None
    assert cards.take(7, later(HELD_MS)) is None
    assert cards.view(7, later(HELD_MS)) is None


def test_it_belongs_to_its_own_visit(cards: CardMemory) -> None:
    assert cards.take(6, MOMENT) is None
    cards.forget()
    assert cards.take(7, MOMENT) is None


def test_a_card_without_a_visit_is_not_kept() -> None:
    cards = CardMemory()
    cards.keep(0, CARD, MOMENT)
    assert cards.view(0, MOMENT) is None


def test_no_repr_tells_whose_it_is(cards: CardMemory) -> None:
    kept = cards.take(7, MOMENT)
    shown = f"{cards!r} {kept!r} {CARD!r} {cards._held!r}"
    assert "王小明" not in shown
    assert NUMBER not in shown


@pytest.mark.parametrize("layout", CardLayout)
def test_name_number_kind_and_validity_leave_the_reader(layout: CardLayout) -> None:
    chinese = layout is not CardLayout.FOREIGNER_2017
    read = CardRead(layout, "王小明" if chinese else "", "WANG XIAO", NUMBER, ("A1",), None, 1.0)
    seen = card_seen(read, MOMENT)
    assert seen.document_kind in DOCUMENT_KINDS
    assert seen.name == ("王小明" if chinese else "WANG XIAO")
    assert (seen.at, seen.id_number, seen.other_numbers) == (MOMENT, NUMBER, ("A1",))
    assert seen.document_kind == {"resident": "id_card", "permit": "permit"}.get(layout, "other")
