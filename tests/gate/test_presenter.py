"""What the guard sees: bands, words, masks, and what must never be on the screen."""

from dataclasses import replace
from pathlib import Path

import pytest

from gated.core.model import (
    Category,
    Credential,
    CredentialKind,
    CredentialState,
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
from gated.core.reasons import FAULT_CODES, HEALTH_CODES, Code
from gated.core.visit import IdleView, MeasuringView, Visit
from gated.gate import wording
from gated.gate.presenter import CUE_MS
from gated.screen.role_view import seen_by
from gated.screen.snapshot import AskedView
from gated.texts import load, shipped
from tests.gate.shown import (
    ALLOW,
    BODY,
    HOLDER,
    SAY,
    SKIN_ONLY,
    STATUS,
    Screen,
    decision,
)


@pytest.mark.parametrize(
    ("said", "band", "word"),
    [
        (ALLOW, "allow", "PASS"),
        (decision(Verdict.ALLOW_NOTE, Code.STAT_RELEASED), "note", "PASS"),
        (decision(Verdict.CHECK, Code.TEMP_MISSING), "check", "CHECK"),
        (decision(Verdict.STOP, Code.CRED_REVOKED), "stop", "STOP"),
        (decision(Verdict.CHECK, Code.TEMP_SENSOR_FAULT), "fault", "SENSOR"),
        (decision(Verdict.CHECK, Code.SYS_NO_POLICY), "fault", "NO POLICY"),
        (decision(Verdict.CHECK, Code.SYS_RULE_ERROR), "fault", "RULES"),
        (decision(Verdict.CHECK, Code.SYS_OUT_OF_SERVICE), "fault", "OUT"),
    ],
)
def test_each_verdict_has_its_band_and_word(said: Decision, band: str, word: str) -> None:
    shown = Screen().decided(said).verdict
    assert shown is not None
    assert (shown.band, shown.word.en) == (band, word)
    assert shown.word.zh


def test_every_fault_is_blue_and_nothing_else_is() -> None:
    for code in Code:
        said = decision(Verdict.CHECK, code)
        assert (wording.band(said) == "fault") == (code in FAULT_CODES)


@pytest.mark.parametrize("code", sorted(HEALTH_CODES | {Code.STAT_HOST_QUARANTINE}))
def test_a_health_status_is_not_told_to_the_guard(code: Code) -> None:
    said = decision(Verdict.STOP, code, Code.TEMP_MISSING)
    snapshot = seen_by("guard", Screen().decided(said))
    assert code.value.encode() not in snapshot.to_json()
    assert snapshot.verdict is not None
    assert snapshot.verdict.code == "TEMP_MISSING"
    assert snapshot.verdict.reason.en == "Call the station"


def test_skin_is_never_shown_as_a_body_temperature() -> None:
    snapshot = Screen().decided(decision(Verdict.ALLOW_NOTE, Code.TEMP_UNCALIBRATED), SKIN_ONLY)
    assert snapshot.verdict is not None
    shown = snapshot.verdict.temperature
    assert shown is not None
    assert (shown.text, shown.site.en, shown.state.zh) == ("33.4", "wrist skin", "未标定")
    assert snapshot.last[0].temperature == "", "without its words the value would mislead"


def test_a_body_estimate_is_shown_cut_not_rounded() -> None:
    snapshot = Screen().decided(ALLOW, replace(BODY, decision_mc=37_299))
    assert snapshot.verdict is not None
    shown = snapshot.verdict.temperature
    assert shown is not None
    assert (shown.text, shown.site.en, shown.state.en) == ("37.2", "wrist", "normal")
    assert snapshot.last[0].temperature == "37.2"


@pytest.mark.parametrize(
    ("taken", "code", "text", "state"),
    [
        (replace(BODY, decision_mc=37_800), Code.TEMP_HIGH_RETRY, "37.8", "high, try 1"),
        (replace(BODY, decision_mc=34_100), Code.TEMP_LOW, "34.1", "low"),
        (Measurement(TemperatureState.TYPED, decision_mc=36_600), Code.TEMP_CLINICAL_OK, "36.6", "typed"),
    ],
)  # fmt: skip
def test_a_reading_says_what_it_came_to(
    taken: Measurement, code: Code, text: str, state: str
) -> None:
    shown = SAY.temperature(taken, 1, decision(Verdict.CHECK, code))
    assert shown is not None
    assert (shown.text, shown.state.en) == (text, state)


@pytest.mark.parametrize(
    "state", [TemperatureState.FAULT, TemperatureState.MISSING, TemperatureState.STALE]
)
def test_a_failed_sensor_shows_no_number(state: TemperatureState) -> None:
    assert SAY.temperature(Measurement(state, skin_mc=33_000), 1, ALLOW) is None


@pytest.mark.parametrize(
    ("said", "action"),
    [
        (ALLOW, ""),
        (decision(Verdict.CHECK, Code.TEMP_HIGH_RETRY), GuardActionKind.REMEASURE),
        (decision(Verdict.CHECK, Code.ID_NOT_IN_ROSTER), GuardActionKind.MANUAL_PASS),
        (decision(Verdict.STOP, Code.TEMP_HIGH), GuardActionKind.CLINICAL),
        (decision(Verdict.STOP, Code.STAT_HOME_QUARANTINE), GuardActionKind.MANUAL_PASS),
        (decision(Verdict.STOP, Code.CRED_REVOKED), ""),
    ],
)
def test_the_likely_next_action_is_suggested(said: Decision, action: str) -> None:
    snapshot = Screen().decided(said)
    assert snapshot.suggested == action
    assert set(snapshot.enabled) == set(GuardActionKind)


def test_without_a_working_thermometer_a_typed_value_is_suggested() -> None:
    said = decision(Verdict.CHECK, Code.TEMP_SENSOR_FAULT)
    snapshot = Screen().decided(said, thermometer="fault")
    assert snapshot.suggested == GuardActionKind.CLINICAL
    assert GuardActionKind.REMEASURE not in snapshot.enabled


def test_a_refused_order_says_that_a_second_person_must_approve() -> None:
    asked = GuardAction(GuardActionKind.MANUAL_PASS, 1, "other", note="00")
    snapshot = Screen().decided(decision(Verdict.STOP, Code.STAT_CONTACT), asked=asked)
    assert snapshot.verdict is not None
    assert snapshot.verdict.advice.en == "A second person must approve"
    assert snapshot.needs_second == AskedView(GuardActionKind.MANUAL_PASS, "other", words=True)


def test_a_clinical_fever_suggests_the_call() -> None:
    snapshot = Screen().decided(decision(Verdict.STOP, Code.TEMP_CLINICAL_HIGH))
    assert snapshot.suggested == "call"
    assert snapshot.verdict is not None
    assert "呼叫" in snapshot.verdict.advice.zh


@pytest.mark.parametrize("code", sorted(HEALTH_CODES | {Code.STAT_HOST_QUARANTINE}))
def test_what_a_status_says_stands_apart_from_what_guards_read(code: Code) -> None:
    shown = Screen().decided(decision(Verdict.STOP, code, Code.TIME_CURFEW)).verdict
    assert shown is not None
    assert shown.codes == ("TIME_CURFEW",)
    [status] = shown.status
    assert (status.code, status.word) == (code.value, shipped().of("status", code.value))
    guards = (shown.reason, shown.advice, shown.public, shown.word)
    assert status.word.zh not in " ".join(text.zh for text in guards)


def test_what_was_not_recorded_is_marked() -> None:
    screen = Screen()
    first = screen.decided(ALLOW, recorded=False)
    second = screen.decided(ALLOW, visit=2)
    assert first.verdict is not None
    assert second.verdict is not None
    assert (first.verdict.recorded, second.verdict.recorded) == (False, True)


def test_the_last_three_visits_newest_first_each_once() -> None:
    screen = Screen()
    for visit in (1, 2, 3, 4):
        screen.decided(decision(Verdict.CHECK, Code.TEMP_MISSING), visit=visit)
    snapshot = screen.decided(ALLOW, visit=4)
    assert [row.verdict for row in snapshot.last] == [Verdict.ALLOW, Verdict.CHECK, Verdict.CHECK]
    assert snapshot.last[0].time == "12:00"


def test_about_somebody_unknown_the_row_says_why() -> None:
    nobody = Holder(Credential(CredentialKind.ID_CARD, CredentialState.UNKNOWN, b"c" * 16))
    snapshot = Screen().decided(decision(Verdict.CHECK, Code.ID_NOT_IN_ROSTER), holder=nobody)
    assert snapshot.verdict is not None
    assert snapshot.verdict.person is None
    assert (snapshot.last[0].name, snapshot.last[0].reason.zh) == ("", "名单无此人")


def test_measuring_shows_progress_time_left_and_the_prompt() -> None:
    screen = Screen()
    visit = Visit(3, HOLDER, 1_000)
    screen.presenter.show(MeasuringView(visit, 11_000), 1_000)
    screen.now_ms = 6_000
    half = screen.snapshot()
    assert (half.mode, half.visit) == ("measuring", 3)
    assert half.measuring is not None
    assert (half.measuring.progress_pct, half.measuring.deadline_ms) == (50, 5_000)
    assert half.measuring.prompt.en == "Wrist to the sensor"
    screen.presenter.show(MeasuringView(visit, 12_000, hold_still=True), 6_000)
    screen.now_ms = 99_000
    late = screen.snapshot().measuring
    assert late is not None
    assert (late.progress_pct, late.deadline_ms, late.prompt.en) == (100, 0, "Hold still")


def test_a_reading_that_waits_asks_for_the_credential() -> None:
    screen = Screen()
    screen.presenter.show(IdleView(reading_waits=True), 1_000)
    waiting = screen.snapshot().measuring
    assert waiting is not None
    assert (waiting.missing, waiting.person) == ("credential", None)


@pytest.mark.parametrize("reading_waits", [False, True])
def test_a_cue_leaves_the_screen_by_itself(reading_waits: bool) -> None:
    screen = Screen()
    screen.presenter.show(IdleView(reading_waits, Code.CRED_UNREADABLE), 1_000)
    told = screen.snapshot().banner
    assert told is not None
    assert told.en.startswith("Cannot read")
    screen.now_ms += CUE_MS
    assert screen.snapshot().banner is None


def test_a_cue_while_measuring_leaves_too() -> None:
    screen = Screen()
    screen.presenter.show(MeasuringView(Visit(1, HOLDER, 0), 60_000, cue=Code.SYS_BUSY), 1_000)
    told = screen.snapshot().banner
    assert told is not None
    assert told.en == shipped().reason(Code.SYS_BUSY).text.en
    screen.now_ms += CUE_MS
    assert screen.snapshot().banner is None


def test_banners_most_urgent_first() -> None:
    screen = Screen(shadow=True)
    screen.health.set("roster", "fail")
    shadow = screen.snapshot().banner
    cold = screen.snapshot(replace(STATUS, too_cold=True)).banner
    assert shadow is not None
    assert "Shadow" in shadow.en
    assert cold is not None
    assert "Too cold" in cold.en
    plain = Screen()
    assert plain.snapshot().banner is None
    plain.health.set("roster", "fail")
    empty = plain.snapshot().banner
    assert empty is not None
    assert "No roster" in empty.en


def test_a_failed_part_names_its_remedy_in_both_languages() -> None:
    screen = Screen()
    screen.health.set("card_reader", "fail", "no answer on /dev/ttyS0", "check the cable")
    screen.health.set("camera", "warn", "dark", "more light")
    rows = {row.part: row for row in screen.snapshot().health}
    assert rows["card_reader"].remedy.zh
    assert rows["card_reader"].label.en == "CARD"
    assert rows["camera"].remedy == shipped().of("remedy", "camera")
    assert "thermometer" not in rows, "a part the gate has not is not drawn"
    assert b"/dev/ttyS0" not in screen.snapshot().to_json()


def test_a_note_stripe_carries_the_notes() -> None:
    said = decision(Verdict.ALLOW_NOTE, Code.STAT_RELEASED, Code.OK_RESIDENT)
    assert SAY.note(said) == shipped().reason(Code.STAT_RELEASED).text
    assert SAY.note(ALLOW) is None


def test_every_category_has_words() -> None:
    for category in Category:
        person = replace(HOLDER.person or Person(b""), category=category)
        said = SAY.category(replace(HOLDER, person=person))
        assert said.zh
        assert said.en


def test_the_texts_of_an_operator_are_in_the_snapshot(tmp_path: Path) -> None:
    """One of each kind: nothing the presenter says is written in the program."""
    path = tmp_path / "texts.toml"
    path.write_text(
        '[word]\nCHECK = { zh = "请看", en = "LOOK" }\n'
        '[category]\nresident = { zh = "业主", en = "neighbour" }\n'
        '[part]\nclock = { zh = "钟", en = "CLOCK" }\n'
        '[part_state]\nfail = { zh = "坏", en = "broken" }\n'
        '[banner]\nshadow = { zh = "演练", en = "Drill" }\n'
        '[prompt]\nhold_still = { zh = "别动", en = "Stay" }\n'
        '[temperature]\nhigh = { zh = "高({n})", en = "high ({n})" }\n'
        '[site]\nwrist = { zh = "手", en = "hand" }\n'
        '[reason.TEMP_HIGH_RETRY]\ntext = { zh = "再来", en = "Once more" }\n'
        'advice = { zh = "歇一下", en = "Rest" }\n'
        '[device.DEV_CLOCK_LOST]\nadvice = { zh = "找张工", en = "Ask Zhang" }\n',
        "utf-8",
    )
    screen = Screen(load(path), shadow=True)
    screen.health.set("clock", "fail", "lost")
    said = decision(Verdict.CHECK, Code.TEMP_HIGH_RETRY)
    decided = screen.decided(said, replace(BODY, decision_mc=37_800))
    verdict = decided.verdict
    assert verdict is not None
    assert verdict.person is not None
    assert verdict.temperature is not None
    assert (verdict.word.en, verdict.reason.zh, verdict.advice.en) == ("LOOK", "再来", "Rest")
    assert (verdict.person.category.zh, verdict.temperature.site.en) == ("业主", "hand")
    assert verdict.temperature.state.zh == "高(1)"
    assert decided.banner is not None
    assert decided.banner.en == "Drill"
    (clock,) = [row for row in decided.health if row.part == "clock"]
    assert (clock.label.zh, clock.word.en, clock.remedy.zh) == ("钟", "broken", "找张工")
    screen.presenter.show(MeasuringView(Visit(2, HOLDER, 0), 60_000, hold_still=True), 1_000)
    measuring = screen.snapshot().measuring
    assert measuring is not None
    assert measuring.prompt.zh == "别动"


def test_a_row_without_a_name_speaks_the_language_of_the_screen() -> None:
    holder = replace(HOLDER, display=Display())
    for language, word in (("zh", "居民"), ("en", "resident")):
        assert Screen(language=language).decided(ALLOW, holder=holder).last[0].name == word
