"""What stands on the card after orders, outages and recoveries."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gated.core.facts import Policy
from gated.core.model import (
    Category,
    ClockState,
    Credential,
    CredentialKind,
    CredentialState,
    Derivation,
    Direction,
    Display,
    GuardAction,
    GuardActionKind,
    Holder,
    Measurement,
    Person,
    TemperatureState,
    Verdict,
)
from gated.core.policy import Decision
from gated.core.reasons import Code
from gated.core.visit import FollowUp, Record, Surroundings, Visit
from gated.errors import StoreError
from gated.gate import recorder as recorder_module
from gated.gate.recorder import HELD_MAX, VISITS_MAX, Recorder
from gated.store.journal import Draft
from gated.store.journal_reader import Entry
from tests.gate.gate_world import GATE, MOMENT, FailingJournal, journal_in, records

AROUND = Surroundings(
    datetime(2026, 2, 7, 12, 0, tzinfo=UTC), ClockState.SYNCED, Direction.OUT, Policy()
)
PERSON = Person(b"p" * 16, Category.RESIDENT, b"h" * 16)
HOLDER = Holder(
    Credential(CredentialKind.ID_CARD, CredentialState.ACTIVE, b"c" * 16),
    PERSON,
    Display("王*明", "3-2-1**"),
)
DERIVED = Derivation(15_317, 14_766, 14_800, 32_820, 32_900, "north-2026-02")
TAKEN = Measurement(TemperatureState.NORMAL, 33_000, 33_400, 22_000, 36_500, derived=DERIVED)
ALLOW = Decision(Verdict.ALLOW, Code.OK_RESIDENT, (Code.OK_RESIDENT,))


def order(
    visit: int = 1,
    *codes: Code,
    taken: Measurement | None = TAKEN,
    guard: GuardAction | None = None,
) -> Record:
    decision = Decision(Verdict.CHECK, codes[0], codes) if codes else ALLOW
    return Record(Visit(visit, HOLDER, 0, taken), decision, 1, guard)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[FailingJournal]:
    with journal_in(tmp_path) as opened:
        yield opened


@pytest.fixture
def recorder(journal: FailingJournal) -> Recorder:
    return Recorder(GATE, journal)


def test_a_passage_is_on_the_card_when_its_key_is_known(recorder: Recorder, tmp_path: Path) -> None:
    done = recorder.passage(order(), MOMENT, AROUND, {"roster_rev": 4})
    [row] = records(tmp_path)
    assert done.entry is not None
    assert done.key == f"north-1.{1:016x}.{row['seq']}"
    assert row["roster_rev"] == 4
    assert (row["person_ref"], row["household_ref"]) == ("70" * 16, "68" * 16)
    assert (row["temp_state"], row["temp_tries"], row["credential_kind"]) == (
        "normal",
        1,
        "id_card",
    )
    assert (row["t"], row["m"], row["b"]) == (MOMENT.utc_ms, MOMENT.mono_ms, "boot-1")


def test_exact_temperatures_stand_beside_the_event_not_in_it(recorder: Recorder) -> None:
    entry = recorder.passage(order(), MOMENT, AROUND, {}).entry
    assert entry is not None
    assert entry.side is not None
    assert dict(entry.side.values) == {
        "temp_code": 15_317,
        "temp_around_code": 14_766,
        "temp_die_code": 14_800,
        "temp_raw_mC": 33_000,
        "temp_supply_mC": 32_820,
        "temp_offset_mC": 32_900,
        "temp_skin_mC": 33_400,
        "temp_mC": 36_500,
        "ambient_mC": 22_000,
    }
    for value in (b"15317", b"33000", b"32820", b"32900", b"33400", b"36500"):
        assert value not in entry.body


def test_the_calibration_in_force_is_named_in_the_event(recorder: Recorder, tmp_path: Path) -> None:
    """Values forgotten, one still knows by which calibration somebody was judged."""
    recorder.passage(order(), MOMENT, AROUND, {})
    without = replace(TAKEN, derived=replace(DERIVED, model_id=""))
    recorder.passage(order(taken=without), MOMENT, AROUND, {})
    first, second = records(tmp_path)
    assert first["temp_model"] == "north-2026-02"
    assert "temp_model" not in second


def test_masked_names_do_not_reach_the_journal(recorder: Recorder) -> None:
    entry = recorder.passage(order(), MOMENT, AROUND, {}).entry
    assert entry is not None
    assert "王".encode() not in entry.body
    assert b"3-2-1" not in entry.body


def test_a_guards_own_words_stand_sealed_in_the_row(recorder: Recorder, tmp_path: Path) -> None:
    action = GuardAction(GuardActionKind.REFUSE, 1, "other", note="5ea1ed")
    recorder.passage(order(guard=action), MOMENT, AROUND, {})
    recorder.passage(order(guard=replace(action, note="")), MOMENT, AROUND, {})
    first, second = records(tmp_path)
    assert first["sealed"] == "5ea1ed"
    assert "sealed" not in second
    assert "5ea1ed" not in repr(action)


def test_whoever_listens_hears_of_every_event_with_its_seq_or_without(
    journal: FailingJournal,
) -> None:
    heard: list[tuple[str, int | None]] = []
    recorder = Recorder(GATE, journal, None, lambda draft, seq: heard.append((draft.kind, seq)))
    done = recorder.event("round", {"place": "gate"}, MOMENT)
    assert done.entry is not None
    journal.broken = True
    recorder.event("call", {"reason": "help"}, MOMENT)
    journal.broken = False
    recorder.retry()
    assert heard == [("round", done.entry.seq), ("call", None)]


def test_later_rows_of_a_visit_answer_its_first(recorder: Recorder, tmp_path: Path) -> None:
    recorder.passage(order(1, Code.TEMP_MISSING, taken=None), MOMENT, AROUND, {})
    recorder.passage(order(2), MOMENT, AROUND, {})
    acted = GuardAction(GuardActionKind.MANUAL_PASS, 1, "known")
    recorder.passage(order(1, Code.GUARD_MANUAL_PASS, guard=acted), MOMENT, AROUND, {})
    recorder.follow_up(FollowUp(2, "guard_timeout"), MOMENT)
    again = GuardAction(GuardActionKind.REMEASURE, 2)
    recorder.follow_up(FollowUp(2, "remeasure", guard=again), MOMENT)
    first, second, third, fourth, fifth = records(tmp_path)
    assert "of" not in first
    assert "of" not in second
    assert (third["of"], third["guard_act"], third["override_reason"]) == (
        first["seq"],
        "manual_pass",
        "known",
    )
    assert (fourth["of"], fourth["what"]) == (second["seq"], "guard_timeout")
    assert (fifth["of"], fifth["what"], fifth["guard_act"]) == (
        second["seq"],
        "remeasure",
        "remeasure",
    )


def test_rows_held_in_an_outage_keep_order_links_and_their_own_times(
    recorder: Recorder, journal: FailingJournal, tmp_path: Path
) -> None:
    journal.broken = True
    first = recorder.passage(order(1), MOMENT, AROUND, {})
    recorder.passage(order(2), replace(MOMENT, mono_ms=6_000), AROUND, {})
    recorder.passage(order(1, Code.GUARD_MANUAL_PASS), MOMENT, AROUND, {})
    recorder.follow_up(FollowUp(1, "guard_timeout"), MOMENT)
    assert first.entry is None
    assert recorder.held == 4
    assert not recorder.retry()
    assert records(tmp_path) == []
    journal.broken = False
    assert recorder.retry()
    rows = records(tmp_path)
    assert [row["seq"] for row in rows] == [2, 3, 4, 5]
    assert [row.get("visit") for row in rows] == [1, 2, 1, None]
    assert [row.get("of") for row in rows] == [None, None, 2, 2]
    assert rows[1]["m"] == 6_000
    assert recorder.held == 0


def test_the_next_record_takes_what_was_held_along(
    recorder: Recorder, journal: FailingJournal, tmp_path: Path
) -> None:
    journal.broken = True
    recorder.device("DEV_THERMO_FAULT", "since", "thermometer", MOMENT)
    journal.broken = False
    done = recorder.passage(order(), MOMENT, AROUND, {})
    assert [row["kind"] for row in records(tmp_path)] == ["device", "passage"]
    assert done.key.endswith(".3")


def test_keys_of_unrecorded_passages_differ(recorder: Recorder, journal: FailingJournal) -> None:
    journal.broken = True
    keys = {recorder.passage(order(n), MOMENT, AROUND, {}).key for n in range(1, 9)}
    assert len(keys) == 8


class CountingJournal:
    """Refuses while broken; keeps what it took, by kind and count. Differs: memory, no file."""

    epoch = "e" * 16

    def __init__(self) -> None:
        self.broken = True
        self.taken: list[Draft] = []

    def append_all(self, drafts: list[Draft]) -> list[Entry]:
        if self.broken:
            raise StoreError("no")
        start = len(self.taken)
        self.taken += drafts
        return [Entry(start + n, b"", b"") for n in range(1, len(drafts) + 1)]


def test_a_thousand_are_held_then_the_oldest_go_and_their_number_is_recorded() -> None:
    journal = CountingJournal()
    recorder = Recorder(GATE, journal)
    for number in range(HELD_MAX + 3):
        recorder.event("tick", {"n": number}, MOMENT)
    assert (recorder.held, recorder.lost) == (HELD_MAX, 3)
    journal.broken = False
    assert recorder.retry()
    lost, *rest = journal.taken
    assert (lost.kind, lost.fields["count"]) == ("records_lost", 3)
    assert [draft.fields["n"] for draft in rest] == list(range(3, HELD_MAX + 3))
    recorder.event("tick", {"n": -1}, MOMENT)
    assert [draft.kind for draft in journal.taken].count("records_lost") == 1


def test_only_the_latest_visits_are_remembered(recorder: Recorder, tmp_path: Path) -> None:
    for number in range(1, VISITS_MAX + 2):
        recorder.passage(order(number), MOMENT, AROUND, {})
    recorder.follow_up(FollowUp(1, "guard_timeout"), MOMENT)
    recorder.follow_up(FollowUp(2, "guard_timeout"), MOMENT)
    *_, forgotten, known = records(tmp_path)
    assert "of" not in forgotten
    assert known["of"] == 3


@pytest.mark.parametrize(
    ("taken", "codes", "state", "kept"),
    [
        (TAKEN, (), "normal", False),
        (replace(TAKEN, decision_mc=38_000), (Code.TEMP_HIGH_RETRY,), "high", True),
        (replace(TAKEN, decision_mc=34_000), (Code.TEMP_LOW,), "low", True),
        (Measurement(TemperatureState.TYPED, decision_mc=38_000), (Code.TEMP_CLINICAL_HIGH,), "typed", True),
        (Measurement(TemperatureState.IN_LINE, 33_000, 33_000), (Code.TEMP_UNCALIBRATED,), "normal", False),
        (Measurement(TemperatureState.ELEVATED, 35_000, 35_000), (Code.TEMP_HIGH_RETRY,), "high", True),
        (Measurement(TemperatureState.FAULT, detail="bus_error"), (Code.TEMP_SENSOR_FAULT,), "fault", False),
        (None, (), "none", False),
    ],
)  # fmt: skip
def test_temperature_states_and_which_values_are_never_coarsened(
    recorder: Recorder,
    journal: FailingJournal,
    tmp_path: Path,
    taken: Measurement | None,
    codes: tuple[Code, ...],
    state: str,
    kept: bool,
) -> None:
    recorder.passage(order(1, *codes, taken=taken), MOMENT, AROUND, {})
    [row] = records(tmp_path)
    assert row["temp_state"] == state
    coarsened = journal.coarsen_before(99)
    has_values = taken is not None and taken.state is not TemperatureState.FAULT
    assert coarsened == int(has_values and not kept)


def test_a_reading_after_a_stop_is_a_follow_up_with_its_values(
    recorder: Recorder, tmp_path: Path
) -> None:
    recorder.passage(order(1, Code.CRED_REVOKED, taken=None), MOMENT, AROUND, {})
    entry = recorder.follow_up(FollowUp(1, "temperature", TAKEN), MOMENT).entry
    assert entry is not None
    assert entry.side is not None
    assert entry.side.values["temp_mC"] == 36_500


def test_whoever_sends_records_is_told_only_of_committed_ones(journal: FailingJournal) -> None:
    told: list[int] = []
    recorder = Recorder(GATE, journal, lambda: told.append(1))
    journal.broken = True
    recorder.passage(order(), MOMENT, AROUND, {})
    assert told == []
    journal.broken = False
    assert recorder.retry()
    assert told == [1]


ACTS = st.lists(
    st.tuples(st.sampled_from(["passage", "follow", "break", "heal", "retry"]), st.integers(1, 4)),
    max_size=40,
)


@settings(max_examples=60, deadline=None)
@given(acts=ACTS)
def test_whatever_fails_in_between_order_and_links_hold(acts: list[tuple[str, int]]) -> None:
    journal = CountingJournal()
    recorder = Recorder(GATE, journal)
    expected: list[tuple[str, int]] = []
    for act, visit in acts:
        match act:
            case "passage":
                recorder.passage(order(visit), MOMENT, AROUND, {"n": len(expected)})
                expected.append(("passage", visit))
            case "follow":
                recorder.follow_up(FollowUp(visit, f"w{len(expected)}"), MOMENT)
                expected.append(("follow_up", visit))
            case "retry":
                recorder.retry()
            case _:
                journal.broken = act == "break"
    journal.broken = False
    recorder.retry()
    firsts: dict[int, int] = {}
    assert [draft.kind for draft in journal.taken] == [kind for kind, _ in expected]
    for seq, (draft, (kind, visit)) in enumerate(zip(journal.taken, expected, strict=True), 1):
        fields: dict[str, Any] = dict(draft.fields)
        assert fields.get("of") == firsts.get(visit)
        if kind == "passage":
            firsts.setdefault(visit, seq)


def test_the_limits_are_the_designs() -> None:
    assert recorder_module.HELD_MAX == 1_000
