"""Guards' reports: recorded, sealed before anybody could read them, the shift remembered."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from gated.core.canonical import Json
from gated.core.model import StatusCode
from gated.core.reports import (
    KINDS,
    Alert,
    Anomaly,
    Call,
    ModeChange,
    Note,
    Person,
    Registration,
    Report,
    Round,
    Shift,
    SoundTest,
    VehicleAct,
)
from gated.gate.events import GUARD_ANSWER_S, INBOX_MAX, Inbox
from gated.gate.mode_desk import ModeDesk
from gated.gate.recorder import Recorder
from gated.gate.report_desk import GuardReported, ReportDesk
from gated.gate.report_intake import ReportIntake
from gated.gate.vehicle_desk import VehicleDesk
from gated.screen.reports import Answer
from gated.store.sealed_box import open_sealed, public_of
from tests.gate.gate_world import (
    GATE,
    KEYS,
    MOMENT,
    FailingJournal,
    GateInAThread,
    duty_desk,
    install,
    journal_in,
    records,
    resident,
)

PRIVATE = bytes(range(32))
STRANGER = Person("王小明", "id_card", "", "13800138000", "", "3-2-101", "探亲", "", 1)
VISITOR = Registration("visitor", STRANGER)
SECRETS = ("王小明", "13800138000", "3-2-101", "探亲", "门口有人")


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[FailingJournal]:
    with journal_in(tmp_path) as opened:
        yield opened


@pytest.fixture
def desk(tmp_path: Path, journal: FailingJournal) -> ReportDesk:
    recorder = Recorder(GATE, journal)
    modes = ModeDesk(GATE, recorder, tmp_path, "boot-1")
    return ReportDesk(recorder, duty_desk(recorder, tmp_path), modes, VehicleDesk(KEYS.site))


def intake(public: bytes | None = public_of(PRIVATE)) -> ReportIntake:
    return ReportIntake("north-1", public, Inbox(), lambda: MOMENT)


def made(report: Report) -> GuardReported:
    reported = intake().sealed(report)
    assert isinstance(reported, GuardReported)
    return reported


def take(desk: ReportDesk, report: Report, person: bytes | None = None) -> Answer:
    reported = made(report)
    desk.take(reported, person, MOMENT, newest=7)
    return reported.answer.get_nowait()


@pytest.mark.parametrize(
    ("report", "fields"),
    [
        (Call("fever"), {"reason": "fever"}),
        (Call("help", 7), {"reason": "help", "visit": 7}),
        (Anomaly("animal"), {"what": "animal"}),
        (Round("gate", "chlorine"), {"place": "gate", "agent": "chlorine"}),
        (Alert("GUARD_DURESS"), {"code": "GUARD_DURESS"}),
        (Note("parcel"), {"what": "parcel"}),
        (Note("key_left", visit=7), {"what": "key_left", "visit": 7}),
        (SoundTest(heard=True), {"heard": 1}),
        (Shift("end", checked=("keys",)), {"act": "end", "checked": ["keys"]}),
        (ModeChange("open", "rescue", 1), {"mode": "open", "reason": "rescue", "hours": 1}),
        (VehicleAct("begin", "鄂A12345", 2), {"act": "begin", "people": 2}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_report_becomes_an_event_of_its_kind(
    desk: ReportDesk, tmp_path: Path, report: Report, fields: dict[str, Any]
) -> None:
    assert take(desk, report) == Answer()
    [row] = records(tmp_path)
    assert row["kind"] == KINDS[type(report)]
    assert {key: row[key] for key in fields} == fields
    assert (row["gate"], row["guard"]) == ("north-1", "")


def test_a_call_names_whom_it_is_about_by_pseudonym(desk: ReportDesk, tmp_path: Path) -> None:
    take(desk, Call("contact", 7), b"\xaa" * 16)
    take(desk, Call("contact", 7))
    first, second = records(tmp_path, "call")
    assert first["person_ref"] == "aa" * 16
    assert "person_ref" not in second


def test_only_the_hub_reads_a_registration(desk: ReportDesk, tmp_path: Path) -> None:
    take(desk, VISITOR)
    [row] = records(tmp_path, "registration")
    assert (row["form"], row["direction"]) == ("visitor", "out")
    plain = open_sealed(PRIVATE, bytes.fromhex(row["sealed"]), b"gated registration" + b"north-1")
    assert json.loads(plain) == {
        "name": "王小明",
        "document_kind": "id_card",
        "document_number": "",
        "phone": "13800138000",
        "from": "",
        "to": "3-2-101",
        "reason": "探亲",
        "plate": "",
        "companions": 1,
    }


def test_only_the_hub_reads_a_guards_own_words(desk: ReportDesk, tmp_path: Path) -> None:
    take(desk, Anomaly("other", "门口有人"))
    [row] = records(tmp_path, "anomaly")
    assert row["what"] == "other"
    plain = open_sealed(PRIVATE, bytes.fromhex(row["sealed"]), b"gated anomaly" + b"north-1")
    assert json.loads(plain) == {"text": "门口有人"}


def test_nothing_readable_stays_at_the_gate(
    desk: ReportDesk, tmp_path: Path, journal: FailingJournal
) -> None:
    take(desk, VISITOR)
    take(desk, Anomaly("other", "门口有人"))
    journal.close()
    left = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    needles = [text.encode() for text in SECRETS] + [json.dumps(SECRETS[0])[1:-1].encode()]
    assert [needle for needle in needles if needle in left] == []
    assert not any(secret in repr(made(VISITOR)) for secret in SECRETS)


def test_what_waits_for_the_engine_is_sealed_already() -> None:
    reported = made(VISITOR)
    assert not any(secret in json.dumps(reported.fields) for secret in SECRETS)


@pytest.mark.parametrize(
    "report", [VISITOR, Anomaly("other", "门口有人"), Note("other", "门口有人")]
)
def test_without_the_hubs_key_nothing_secret_is_taken(report: Report) -> None:
    assert intake(None)(report) == Answer("no_hub_key")


def test_without_the_hubs_key_everything_else_is_taken() -> None:
    for report in (Call("fever"), Anomaly("animal"), Round("gate", "other"), Shift("end")):
        assert isinstance(intake(None).sealed(report), GuardReported)


def test_a_report_finds_the_inbox_full_and_says_busy() -> None:
    inbox = Inbox()
    for _ in range(INBOX_MAX):
        inbox.offer(None)
    assert ReportIntake("north-1", None, inbox, lambda: MOMENT)(Call("help")) == Answer("busy")


def test_a_report_the_guard_was_told_had_failed_is_not_recorded(
    desk: ReportDesk, tmp_path: Path
) -> None:
    reported = made(Call("help"))
    late_ms = int(GUARD_ANSWER_S * 1000) + 1
    desk.take(reported, None, replace(MOMENT, mono_ms=MOMENT.mono_ms + late_ms), newest=7)
    assert reported.answer.get_nowait() == Answer("busy")
    assert records(tmp_path) == []


def test_an_alarm_is_recorded_however_late(desk: ReportDesk, tmp_path: Path) -> None:
    reported = made(Alert("GUARD_DURESS"))
    late_ms = int(GUARD_ANSWER_S * 1000) + 1
    desk.take(reported, None, replace(MOMENT, mono_ms=MOMENT.mono_ms + late_ms), newest=7)
    assert reported.answer.get_nowait() == Answer()
    assert [row["code"] for row in records(tmp_path, "alert")] == ["GUARD_DURESS"]


def test_an_alarm_names_who_typed_the_pin_and_not_who_is_on_duty(
    desk: ReportDesk, tmp_path: Path
) -> None:
    take(desk, Shift("begin", "G017"))
    fields: dict[str, Json] = {"code": "GUARD_DURESS", "guard": "S001"}
    desk.take(GuardReported(MOMENT, "alert", fields), None, MOMENT, newest=7)
    take(desk, Alert("GUARD_DURESS"))
    assert [row["guard"] for row in records(tmp_path, "alert")] == ["S001", "G017"]


def test_an_alarm_waits_for_room_in_a_full_inbox() -> None:
    class Patient(Inbox):
        waited = False

        def put(self, event: object) -> bool:
            self.waited = isinstance(event, GuardReported)
            return False

    inbox = Patient()
    alarm = ReportIntake("north-1", None, inbox, lambda: MOMENT)(Alert("GUARD_DURESS"))
    assert (alarm, inbox.waited) == (Answer("busy"), True)


def test_who_is_relieved_has_an_end_of_their_duty(desk: ReportDesk, tmp_path: Path) -> None:
    take(desk, Shift("begin", "G017"))
    take(desk, Shift("begin", "G018"))
    rows = records(tmp_path, "shift")
    assert [(row["act"], row["guard"]) for row in rows] == [
        ("begin", "G017"),
        ("end", "G017"),
        ("begin", "G018"),
    ]
    assert [row.get("by") for row in rows] == [None, "next", None]


def test_of_two_who_find_nobody_on_duty_only_one_begins(desk: ReportDesk, tmp_path: Path) -> None:
    answers = []
    for number in ("G017", "G018"):
        reported = replace(made(Shift("begin", number)), proven=True, vacant=True)
        desk.take(reported, None, MOMENT, newest=7)
        answers.append(reported.answer.get_nowait())
    assert answers == [Answer(), Answer("somebody_on_duty")]
    assert [row["guard"] for row in records(tmp_path, "shift")] == ["G017"]


def test_reports_carry_who_was_on_duty(desk: ReportDesk, tmp_path: Path) -> None:
    take(desk, Shift("begin", "G017"))
    take(desk, Round("gate", "alcohol"))
    take(desk, VISITOR)
    assert records(tmp_path, "round")[0]["guard"] == "G017"
    assert records(tmp_path, "registration")[0]["guard"] == "G017"


def test_a_journal_that_cannot_be_written_is_said_so(
    desk: ReportDesk, journal: FailingJournal
) -> None:
    journal.broken = True
    assert take(desk, Call("fever")) == Answer(recorded=False)


# At a running gate.


@pytest.fixture
def gate(tmp_path: Path) -> GateInAThread:
    install(tmp_path, [resident(1), resident(2, StatusCode.CLOSE_CONTACT)])
    return GateInAThread(tmp_path, measures=False, hub_public=public_of(PRIVATE))


def test_a_shift_shows_on_the_screen_and_stands_in_later_passages(
    gate: GateInAThread, tmp_path: Path
) -> None:
    with gate:
        gate.card(1)
        gate.until(lambda s: s.last, "the first passage")
        assert gate.report(Shift("begin", "G017")) == Answer()
        gate.until(lambda s: s.duty.guard == "G017", "the guard on the screen")
        gate.card(2)
        gate.until(lambda s: len(s.last) > 1, "the second passage")
    first, second = records(tmp_path, "passage")
    assert "guard_ref" not in first
    assert second["guard_ref"] == "G017"
    with gate_again(tmp_path) as again:
        again.until(lambda s: s.duty.guard == "G017", "the guard after a restart")


def gate_again(folder: Path) -> GateInAThread:
    return GateInAThread(folder, measures=False)


def test_a_call_about_the_open_visit_names_its_person(gate: GateInAThread, tmp_path: Path) -> None:
    with gate:
        gate.card(2)
        visit = gate.until(lambda s: s.mode == "verdict", "the verdict").visit
        assert gate.report(Call("contact", visit)) == Answer()
        gate.card(1)
        gate.until(lambda s: s.visit > visit, "the next visit")
        assert gate.report(Call("contact", visit)) == Answer()
        assert gate.report(VISITOR) == Answer()
    passage, _ = records(tmp_path, "passage")
    about, other = records(tmp_path, "call")
    assert about["person_ref"] == passage["person_ref"]
    assert about["visit"] == other["visit"] == passage["visit"]
    assert "person_ref" not in other, "that visit is over"
    assert len(records(tmp_path, "registration")) == 1
