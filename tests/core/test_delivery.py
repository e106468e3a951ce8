"""Delivery, one rule at a time."""

from dataclasses import replace
from typing import Any

import pytest

from gated.core import delivery
from gated.core.delivery import (
    Acknowledged,
    Alarm,
    Connected,
    Disconnected,
    Elapsed,
    Grew,
    HubLeft,
    HubReturned,
    Read,
    Refused,
    Sent,
    ShowParked,
    State,
    StoreWatermark,
    step,
)

H = b"h" * 32


def up(last: int = 0, acked: int = 0) -> State:
    state = delivery.resume("e", 1, last, acked, 1)
    return replace(state, connected=True)


def sending(last: int, *ends: int, acked: int = 0) -> State:
    """A connected gate with these batches in flight."""
    flight = {"flight": ends, "next_seq": (ends[-1] if ends else acked) + 1}
    return replace(up(last, acked), **flight, answer_by_ms=5_000 if ends else None)


def ack(upto: int, **fields: Any) -> Acknowledged:
    return replace(Acknowledged("e", upto, H, H, 1), **fields)


def test_nothing_is_sent_before_a_connection() -> None:
    state, effects = step(delivery.resume("e", 1, 0, 0, 1), Grew(5), 0)
    assert (state.last, effects) == (5, ())
    assert delivery.wake_at_ms(state) is None


def test_connecting_starts_after_the_watermark() -> None:
    state, effects = step(delivery.resume("e", 1, 500, 120, 1), Connected(), 0)
    assert effects == (Read(121, 100),)
    assert state.next_seq == 121


def test_an_idle_link_sends_a_single_event_at_once() -> None:
    assert step(up(), Grew(1), 0)[1] == (Read(1, 1),)


def test_a_busy_link_lingers_to_fill_a_batch_but_not_for_long() -> None:
    state, effects = step(sending(100, 100), Grew(101), 1_000)
    assert effects == ()
    assert delivery.wake_at_ms(state) == 1_000 + delivery.LINGER_MS
    state, effects = step(state, Grew(103), 1_020)
    assert effects == ()
    assert step(state, Elapsed(), 1_050)[1] == (Read(101, 3),)


def test_a_full_batch_does_not_linger() -> None:
    assert step(sending(100, 100), Grew(200), 0)[1] == (Read(101, 100),)


def test_at_most_four_batches_are_in_flight() -> None:
    state, effects = step(up(1_000), Connected(), 0)
    ends = []
    while effects:
        (order,) = effects
        assert isinstance(order, Read)
        ends.append(order.start + order.limit - 1)
        state, effects = step(state, Sent(ends[-1]), 0)
    assert ends == [100, 200, 300, 400]
    assert state.flight == (100, 200, 300, 400)


def test_a_read_that_sent_nothing_leaves_the_state() -> None:
    assert step(up(3), Sent(0), 0) == (up(3), ())
    gone = replace(up(3), connected=False)
    assert step(gone, Sent(3), 0) == (gone, ())


def test_a_proven_ack_moves_the_watermark_and_opens_the_window() -> None:
    state, effects = step(sending(1_000, 100, 200, 300, 400), ack(250), 10)
    assert effects == (StoreWatermark(250, 1), Read(401, 100))
    assert (state.acked, state.flight) == (250, (300, 400))


def test_an_ack_may_run_ahead_of_what_this_process_sent() -> None:
    state, effects = step(sending(500, 100), ack(300), 10)
    assert effects == (StoreWatermark(300, 1), Read(301, 100))
    assert state.flight == ()


@pytest.mark.parametrize(
    "contradiction",
    [ack(50, own_hash=b"x" * 32), ack(101), ack(50, fork=True), ack(0, own_hash=b"y" * 32)],
    ids=["hash", "beyond_the_end", "said_so", "hash_at_the_start"],
)
def test_a_contradiction_stops_the_sender_once_and_for_all(contradiction: Acknowledged) -> None:
    state, effects = step(sending(100, 100), contradiction, 0)
    assert effects == (Alarm("fork_suspected"),)
    assert (state.suspect, state.acked, state.flight) == (True, 0, ())
    assert step(state, contradiction, 0)[1] == ()
    assert step(state, ack(50), 0) == (state, ())
    assert step(state, Grew(300), 0)[1] == ()
    assert step(state, Connected(), 0)[1] == ()
    assert delivery.wake_at_ms(state) is None


@pytest.mark.parametrize(
    ("ignored", "effects"),
    [
        (ack(90, epoch="other"), ()),
        (ack(40), ()),
        (ack(90, own_hash=None), ()),
        (ack(90, hubgen=0), (Alarm("hub_generation_lower"),)),
    ],
    ids=["other_epoch", "old_news", "unproven", "lower_generation"],
)
def test_an_ack_that_proves_nothing_changes_nothing(
    ignored: Acknowledged, effects: tuple[object, ...]
) -> None:
    before = sending(100, 100, acked=50)
    assert step(before, ignored, 0) == (before, effects)


def test_a_higher_generation_is_adopted_even_backwards() -> None:
    state, effects = step(sending(100, 100, acked=50), ack(20, hubgen=2), 0)
    assert effects == (StoreWatermark(20, 2), Read(21, 80))
    assert (state.acked, state.hubgen) == (20, 2)


def test_a_higher_generation_that_lacks_retired_events_is_an_alarm() -> None:
    before = replace(sending(100, acked=100), first=51)
    state, effects = step(before, ack(10, hubgen=2, own_hash=None), 0)
    assert effects[:2] == (StoreWatermark(10, 2), Alarm("gap"))
    assert state.acked == 10


def test_parked_events_are_shown_and_do_not_block() -> None:
    _, effects = step(sending(100, 100), ack(100, parked=((7, "schema"),)), 0)
    assert effects == (StoreWatermark(100, 1), ShowParked(((7, "schema"),)))


def test_want_rewinds_once_per_patience() -> None:
    state, effects = step(sending(500, 100, 200, 300, 400), ack(0, want=101), 100)
    assert effects == (Read(101, 100),)
    state, _ = step(state, Sent(200), 100)
    assert step(state, ack(0, want=101), 200)[1] == (Read(201, 100),)
    assert step(sending(500, 100), ack(0, want=900), 0)[0].next_seq == 101


def test_a_busy_hub_pauses_the_sender() -> None:
    state, effects = step(sending(500, 100), ack(100, retry_ms=700), 1_000)
    assert effects == (StoreWatermark(100, 1),)
    assert delivery.wake_at_ms(state) == 1_700
    assert step(state, Elapsed(), 1_700)[1] == (Read(101, 100),)


def test_silence_sends_again_with_rising_patience_and_then_singly() -> None:
    state, now = sending(1_000, 100), 0
    rtos, limits = [], []
    for _ in range(6):
        now = state.answer_by_ms or now
        state, effects = step(state, Elapsed(), now)
        (order,) = effects
        assert isinstance(order, Read)
        limits.append(order.limit)
        rtos.append(state.rto_ms)
        state, _ = step(state, Sent(order.start + order.limit - 1), now)
    assert limits == [100, 100, 1, 1, 1, 1]
    assert rtos == [10_000, 20_000, 40_000, 80_000, 120_000, 120_000]


def test_two_answers_after_silence_bring_back_full_batches() -> None:
    silent = replace(sending(1_000, 1), size=1, silences=3, rto_ms=40_000)
    state, effects = step(silent, ack(1), 0)
    assert effects == (StoreWatermark(1, 1), Read(2, 1))
    state, _ = step(state, Sent(2), 0)
    assert step(state, ack(2), 0)[1][-1] == Read(3, 100)
    assert (state.rto_ms, state.silences) == (delivery.RTO_MIN_MS, 0)


@pytest.mark.parametrize(("roll", "answer_by"), [(0.0, 4_000), (0.5, 5_000), (1.0, 6_000)])
def test_timers_are_spread_by_a_fifth(roll: float, answer_by: int) -> None:
    assert step(up(1), Sent(1), 0, roll)[0].answer_by_ms == answer_by


def test_a_lost_connection_forgets_the_flight_and_nothing_else() -> None:
    state, effects = step(sending(500, 200, 300, acked=100), Disconnected(), 0)
    assert (state.flight, state.next_seq, state.acked, effects) == ((), 101, 100, ())


def test_an_absent_hub_gets_one_batch_at_a_time_until_it_answers() -> None:
    state, _ = step(sending(500), HubLeft(), 0)
    state, effects = step(state, Elapsed(), 0)
    assert effects == (Read(1, 100),)
    state, effects = step(state, Sent(100), 0)
    assert effects == ()
    assert step(state, ack(100), 0)[1] == (StoreWatermark(100, 1), Read(101, 100))
    assert step(state, HubReturned(), 0)[1] == (Read(1, 100),)


@pytest.mark.parametrize(
    ("reason", "size", "alarms"),
    [
        (0x87, 100, (Alarm("not_authorised"),)),
        (0x97, 100, ()),
        (0x95, 50, (Alarm("batch_refused"),)),
        (0x99, 50, (Alarm("batch_refused"),)),
    ],
)
def test_a_refused_batch_waits_before_it_is_tried_again(
    reason: int, size: int, alarms: tuple[Alarm, ...]
) -> None:
    state, effects = step(sending(500, 100, 200), Refused(reason), 0)
    assert (effects, state.flight, state.size) == (alarms, (), size)
    wake = delivery.wake_at_ms(state)
    assert wake is not None
    assert wake > 0
    assert step(state, Elapsed(), wake - 1)[1] == ()
    assert step(state, Elapsed(), wake)[1] == (Read(1, size),)


def test_backlog_counts_what_the_hub_lacks() -> None:
    assert delivery.backlog(sending(500, acked=120)) == 380
