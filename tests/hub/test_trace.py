"""What a trace finds is what brute force finds; gaps, unsure clocks and visits of several rows."""

import itertools
from dataclasses import replace

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from gated.hub.trace import (
    MINUTE_MS,
    Passage,
    Sighting,
    clipped,
    contacts,
    gap_ms,
    passages,
    touch,
    windows,
)
from tests.support.effort import examples

ANNA, BERT, CARL = b"a" * 16, b"b" * 16, b"c" * 16
T0 = 1_581_300_000_000


def sighting(seq: int, minute: float, person: bytes | None = ANNA, **more: object) -> Sighting:
    t_ms = T0 + round(minute * MINUTE_MS)
    values = {"gate": "north", "epoch": "e", "lo_ms": t_ms, "hi_ms": t_ms, "certain": True}
    values |= {"direction": "in", "verdict": "ALLOW"} | more
    return Sighting(seq=seq, t_ms=t_ms, person=person, **values)  # type: ignore[arg-type] - as given


def passage(seq: int, minute: float, person: bytes | None = ANNA, **more: object) -> Passage:
    (one,) = passages([sighting(seq, minute, person, **more)])
    return one


def unsure(seq: int, minute: float, lo: float, hi: float, person: bytes | None = ANNA) -> Passage:
    span = {"lo_ms": T0 + round(lo * MINUTE_MS), "hi_ms": T0 + round(hi * MINUTE_MS)}
    return passage(seq, minute, person, certain=False, **span)


def test_rows_of_one_visit_are_one_passage_with_the_last_word() -> None:
    rows = [
        sighting(1, 0, verdict="CHECK"),
        sighting(2, 0.5, verdict="CHECK", of_seq=1),
        sighting(3, 1, verdict="ALLOW_NOTE", of_seq=1),
        sighting(4, 9, verdict="ALLOW"),
    ]
    first, second = passages([rows[2], rows[0], rows[3], rows[1], rows[0]])
    assert (first.seq, first.start_ms, first.end_ms) == (1, T0, T0 + MINUTE_MS)
    assert (first.verdict, second.verdict) == ("ALLOW_NOTE", "ALLOW")


def test_a_chain_of_rows_is_one_passage_also_when_its_beginning_is_missing() -> None:
    chained = [sighting(2, 1, of_seq=1), sighting(3, 2, of_seq=2), sighting(5, 3, of_seq=1)]
    (one,) = passages(chained)
    assert (one.seq, one.start_ms) == (1, T0 + MINUTE_MS)


def test_the_same_number_of_another_epoch_or_gate_is_another_passage() -> None:
    rows = [sighting(1, 0), sighting(1, 1, epoch="f"), sighting(1, 2, gate="south")]
    assert len(passages(rows)) == 3


def test_a_row_that_names_itself_or_a_later_one_does_not_loop() -> None:
    assert len(passages([sighting(1, 0, of_seq=1), sighting(2, 1, of_seq=7)])) == 2


def test_a_visit_belongs_to_whoever_it_turned_out_to_be() -> None:
    (one,) = passages([sighting(1, 0, None), sighting(2, 1, BERT, of_seq=1)])
    assert one.person == BERT


@pytest.mark.parametrize(
    ("minute", "gap"), [(10, 10), (-10, -10), (0, 0), (10.001, None), (-10.001, None)]
)
def test_the_window_includes_its_ends_and_the_gap_has_a_sign(
    minute: float, gap: int | None
) -> None:
    found, _ = contacts([passage(1, 0)], [passage(2, minute, BERT)], 10 * MINUTE_MS)
    if gap is None:
        assert found == []
    else:
        assert [one.nearest.gap_ms for one in found] == [gap * MINUTE_MS]


def test_another_gate_is_no_meeting() -> None:
    found, unknown = contacts([passage(1, 0)], [passage(2, 0, BERT, gate="south")], MINUTE_MS)
    assert (found, unknown) == ([], [])


def test_the_lanes_of_one_gate_are_one_place() -> None:
    own, other = passage(1, 0), passage(9, 3, BERT, gate="north-out")
    lanes = {"north": "place north", "north-out": "place north"}
    assert contacts([own], [other], 5 * MINUTE_MS) == ([], [])
    ((contact,), unknown) = contacts([own], [other], 5 * MINUTE_MS, places=lanes)
    assert (contact.person, contact.nearest.gap_ms, unknown) == (BERT, 3 * MINUTE_MS, [])


def test_the_traced_person_is_nobodys_contact() -> None:
    assert contacts([passage(1, 0)], [passage(2, 1)], 10 * MINUTE_MS) == ([], [])


def test_contacts_come_nearest_first_with_every_meeting_and_the_household_marked() -> None:
    own = [passage(1, 0), passage(2, 60, direction="out")]
    others = [passage(3, 3, BERT), passage(4, 61, CARL), passage(5, -5, CARL)]
    (carl, bert), _ = contacts(own, others, 10 * MINUTE_MS, {CARL})
    assert (carl.person, carl.household, bert.household) == (CARL, True, False)
    assert [met.gap_ms // MINUTE_MS for met in carl.meetings] == [-5, 1]
    assert carl.nearest.own.direction == "out"


def test_people_nobody_identified_are_listed_apart() -> None:
    stranger = passage(2, 1, None)
    assert contacts([passage(1, 0)], [stranger, passage(3, 30, None)], 10 * MINUTE_MS) == (
        [],
        [stranger],
    )


def test_an_unsure_clock_meets_everybody_in_its_span_and_says_so() -> None:
    found, _ = contacts([passage(1, 0)], [unsure(2, 300, -400, 500, BERT)], 10 * MINUTE_MS)
    assert [(one.certain, one.nearest.gap_ms // MINUTE_MS) for one in found] == [(False, 300)]
    missed, _ = contacts([passage(1, 0)], [unsure(2, 300, 11, 500, BERT)], 10 * MINUTE_MS)
    assert missed == []


def test_a_sure_meeting_counts_before_a_nearer_unsure_one() -> None:
    others = [unsure(2, 1, -60, 60, BERT), passage(3, 8, BERT)]
    (one,), _ = contacts([passage(1, 0)], others, 10 * MINUTE_MS)
    assert one.certain
    assert one.nearest.gap_ms == 8 * MINUTE_MS


def test_who_is_there_at_once_has_no_gap() -> None:
    long = passages([sighting(1, 0), sighting(2, 2, of_seq=1)])[0]
    assert gap_ms(long, passage(3, 1, BERT)) == 0
    assert gap_ms(long, passage(3, 5, BERT)) == 3 * MINUTE_MS
    assert gap_ms(long, passage(3, -5, BERT)) == -5 * MINUTE_MS


def test_a_span_is_cut_to_what_was_asked_with_its_end_excluded() -> None:
    one = unsure(1, 5, 0, 10)
    minute = MINUTE_MS
    assert clipped(one, T0 + 5 * minute, T0 + 99 * minute) == (T0 + 5 * minute, T0 + 10 * minute)
    assert clipped(one, T0 + 11 * minute, T0 + 99 * minute) is None
    assert clipped(passage(1, 5), T0, T0 + 5 * minute) is None
    assert clipped(passage(1, 5), T0 + 5 * minute, T0 + 6 * minute) is not None


times = st.integers(0, 120)


@st.composite
def sightings(draw: st.DrawFn) -> list[Sighting]:
    """Rows of three gates, some unsure, some following up an earlier row within minutes."""
    rows: list[Sighting] = []
    for seq in range(1, draw(st.integers(1, 14)) + 1):
        person = draw(st.sampled_from([ANNA, ANNA, BERT, CARL, None]))
        row = sighting(seq, draw(times), person, gate=draw(st.sampled_from("ns")))
        if draw(st.booleans()) and draw(st.booleans()):
            reach = draw(st.integers(0, 90)) * MINUTE_MS
            row = replace(row, certain=False, lo_ms=row.t_ms - reach, hi_ms=row.t_ms + reach)
        same = [one for one in rows if (one.person, one.gate) == (person, row.gate)]
        if same and draw(st.booleans()):
            first = same[0]
            later = first.t_ms + draw(st.integers(0, 5)) * MINUTE_MS
            row = replace(first, seq=seq, t_ms=later, of_seq=first.of_seq or first.seq)
            if first.certain:
                row = replace(row, lo_ms=later, hi_ms=later)
        rows.append(row)
    return rows


def brute_force(
    rows: list[Sighting], within_ms: int
) -> dict[bytes | None, set[tuple[str, int, int]]]:
    """Return who met ANNA: (gate, first seq of hers, first seq of theirs), by instants alone."""
    visits: dict[tuple[str, int], list[Sighting]] = {}
    for row in rows:
        visits.setdefault((row.gate, row.of_seq or row.seq), []).append(row)
    met: dict[bytes | None, set[tuple[str, int, int]]] = {}
    for (gate, seq), hers in visits.items():
        for (other_gate, other), theirs in visits.items():
            if hers[0].person != ANNA or theirs[0].person == ANNA or gate != other_gate:
                continue
            early, late = min(r.lo_ms for r in hers), max(r.hi_ms for r in hers)
            begin, end = min(r.lo_ms for r in theirs), max(r.hi_ms for r in theirs)
            distance = max(begin - late, early - end, 0)
            if distance <= within_ms:
                met.setdefault(theirs[0].person, set()).add((gate, seq, other))
    return met


@given(sightings(), st.integers(0, 40))
@settings(max_examples=examples(150), deadline=None)
def test_a_trace_finds_exactly_what_brute_force_finds(rows: list[Sighting], minutes: int) -> None:
    within_ms = minutes * MINUTE_MS
    everything = passages(rows)
    own = [one for one in everything if one.person == ANNA]
    found, unknown = contacts(own, everything, within_ms)
    met = {
        one.person: {(m.own.gate, m.own.seq, m.other.seq) for m in one.meetings} for one in found
    }
    expected = brute_force(rows, within_ms)
    strangers = {(gate, other) for gate, _, other in expected.pop(None, set())}
    assert met == expected
    assert {(one.gate, one.seq) for one in unknown} == strangers
    assert sum(len(one.meetings) for one in found) == sum(map(len, met.values())), "no duplicates"
    gaps = [abs(one.nearest.gap_ms) for one in found]
    assert gaps == sorted(gaps)


@given(st.lists(st.tuples(times, times).map(sorted).map(tuple), max_size=8), st.integers(0, 9))
def test_windows_cover_every_widened_span_once_and_in_order(
    spans: list[tuple[int, int]], within: int
) -> None:
    merged = windows(spans, within)
    inside = {t for lo, hi in spans for t in range(lo - within, hi + within + 1)}
    assert [t for lo, hi in merged for t in range(lo, hi + 1)] == sorted(inside)
    assert all(before[1] + 1 < after[0] for before, after in itertools.pairwise(merged))


@given(times, times, times, st.integers(0, 60))
def test_touching_is_mutual(one: int, other: int, reach: int, minutes: int) -> None:
    first, second = passage(1, one), unsure(2, other, other - reach, other + reach, BERT)
    within_ms = minutes * MINUTE_MS
    assert touch(first, second, within_ms) == touch(second, first, within_ms)
    assert gap_ms(first, second) == -gap_ms(second, first)
