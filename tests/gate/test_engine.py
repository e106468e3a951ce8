"""The engine on its thread: events in, records on the card, snapshots on the feed."""

from pathlib import Path

import pytest

from gated.core.model import GuardActionKind, StatusCode, Verdict
from gated.gate.recorder import HELD_MAX
from gated.screen.role_view import seen_by
from tests.gate.gate_world import (
    GateInAThread,
    id_number,
    install,
    records,
    resident,
    write_calibration,
)

WRIST_MC = 33_400  # 36.5 of body under the demo calibration at 22 °C


@pytest.fixture
def gate(tmp_path: Path) -> GateInAThread:
    install(tmp_path, [resident(1), resident(2), resident(3, StatusCode.CLOSE_CONTACT)])
    write_calibration(tmp_path / "site.toml")
    return GateInAThread(tmp_path)


def test_card_then_wrist_is_a_recorded_pass_on_the_feed(
    gate: GateInAThread, tmp_path: Path
) -> None:
    with gate:
        gate.card(1)
        assert gate.measuring().measuring is not None
        gate.hold(WRIST_MC)
        shown = gate.verdict("OK_RESIDENT").verdict
        assert shown is not None
        assert (shown.verdict, shown.band, shown.recorded) == (Verdict.ALLOW, "allow", True)
        assert shown.person is not None
        assert shown.person.name == "王*明"
        row = records(tmp_path, "passage")[-1]
        assert shown.key.endswith(f".{row['seq']}"), "what is shown names the row on the card"
        assert (row["verdict"], row["reason"], row["temp_state"]) == (
            "ALLOW",
            "OK_RESIDENT",
            "normal",
        )
        assert row["roster_rev"] == 1


def test_wrist_before_card_belongs_to_the_next_card(gate: GateInAThread) -> None:
    with gate:
        gate.hold(WRIST_MC)
        waiting = gate.measuring()
        assert waiting.measuring is not None
        assert waiting.measuring.missing == "credential"
        gate.card(1)
        gate.verdict("OK_RESIDENT")


def test_sensor_lost_in_mid_measurement_is_nobodys_fault(
    gate: GateInAThread, tmp_path: Path
) -> None:
    with gate:
        gate.card(1)
        gate.measuring()
        gate.device("thermometer", "fail", "does not answer", "check the cable")
        shown = gate.verdict("TEMP_SENSOR_FAULT")
        assert shown.verdict is not None
        assert shown.verdict.band == "fault"
        gate.until(
            lambda s: any(p.part == "thermometer" and p.state == "fail" for p in s.health),
            "the sensor's fault in the health row",
        )
        [since] = records(tmp_path, "device")
        assert (since["code"], since["state"]) == ("DEV_THERMO_FAULT", "since")
        gate.device("thermometer", "ok")
        gate.until(
            lambda s: any(p.part == "thermometer" and p.state != "fail" for p in s.health),
            "the sensor back",
        )
        assert [row["state"] for row in records(tmp_path, "device")] == ["since", "cleared"]


def test_a_sensor_known_to_fail_is_told_at_once(gate: GateInAThread) -> None:
    with gate:
        gate.device("thermometer", "fail", "does not answer")
        gate.card(1)
        gate.verdict("TEMP_SENSOR_FAULT")


def test_the_guards_order_is_answered_after_it_was_recorded(
    gate: GateInAThread, tmp_path: Path
) -> None:
    with gate:
        gate.device("thermometer", "fail", "does not answer")
        gate.card(1)
        visit = gate.verdict("TEMP_SENSOR_FAULT").visit
        assert gate.press(GuardActionKind.CLINICAL, visit, mc=36_600) is None
        first, second = records(tmp_path, "passage")
        assert second["reason"] == "TEMP_CLINICAL_OK"
        assert second["of"] == first["seq"]
        shown = gate.verdict("TEMP_CLINICAL_OK")
        assert len(shown.last) == 1, "one visit stands once among the last"


def test_an_order_about_a_visit_that_is_over_is_refused(
    gate: GateInAThread, tmp_path: Path
) -> None:
    with gate:
        assert gate.press(GuardActionKind.MANUAL_PASS, 7, "known") == "visit_over"
        assert records(tmp_path, "passage") == []


def test_the_guard_may_pass_somebody_unknown(gate: GateInAThread, tmp_path: Path) -> None:
    with gate:
        assert gate.press(GuardActionKind.MANUAL_PASS, 0, "rescue") is None
        [row] = records(tmp_path, "passage")
        assert (row["reason"], row["credential_kind"], row["override_reason"]) == (
            "GUARD_RESCUE",
            "none",
            "rescue",
        )


def test_a_health_status_stops_and_stays_unsaid(gate: GateInAThread, tmp_path: Path) -> None:
    with gate:
        gate.card(3)
        shown = gate.until(
            lambda s: s.verdict is not None and s.verdict.verdict is Verdict.STOP, "the stop"
        )
        for role in ("", "guard"):
            assert b"STAT_CONTACT" not in seen_by(role, shown).to_json()
        assert b"STAT_CONTACT" in seen_by("supervisor", shown).to_json()
        assert shown.verdict is not None
        assert shown.verdict.reason.en == "Call the station"
        assert records(tmp_path, "passage")[0]["reason"] == "STAT_CONTACT", "the record knows"


def test_a_list_imported_by_another_process_serves_within_a_tick(
    gate: GateInAThread, tmp_path: Path
) -> None:
    with gate:
        gate.card(8)
        gate.measuring()
        gate.hold(WRIST_MC)
        gate.verdict("ID_NOT_IN_ROSTER")
        install(tmp_path, [resident(1), resident(9)], rev=2)
        gate.until(lambda _: gate.health.part("roster").detail.startswith("revision 2"), "rev 2")
        gate.hold(None)
        gate.card(9)
        gate.measuring()
        gate.hold(WRIST_MC)
        gate.verdict("OK_RESIDENT")
        assert [row["rev"] for row in records(tmp_path, "roster_switched")] == [1, 2]


def test_without_a_list_everyone_is_checked_and_a_banner_says_why(tmp_path: Path) -> None:
    with GateInAThread(tmp_path, measures=False) as gate:
        banner = gate.until(lambda s: s.banner is not None, "a banner").banner
        assert banner is not None
        assert "No roster" in banner.en
        gate.card(1)
        gate.verdict("ID_NOT_IN_ROSTER")


def test_an_unwritable_journal_shows_not_recorded_and_catches_up_in_order(
    gate: GateInAThread, tmp_path: Path
) -> None:
    with gate:
        assert gate.journal is not None
        gate.journal.broken = True
        for number in (1, 2):
            gate.card(number)
            gate.measuring(number)
            gate.hold(WRIST_MC)
            shown = gate.verdict("OK_RESIDENT").verdict
            assert shown is not None
            assert not shown.recorded
            gate.hold(None)
        gate.until(
            lambda s: any(p.part == "storage" and p.state == "fail" for p in s.health), "STORE"
        )
        assert records(tmp_path, "passage") == []
        gate.journal.broken = False
        gate.until(
            lambda s: any(p.part == "storage" and p.state == "ok" for p in s.health), "STORE ok"
        )
        assert [row["visit"] for row in records(tmp_path, "passage")] == [1, 2]
        storage = [row["state"] for row in records(tmp_path, "device")]
        assert storage == ["since", "cleared"]
        assert HELD_MAX == 1_000


def test_a_passage_holds_no_name_and_no_number(gate: GateInAThread, tmp_path: Path) -> None:
    with gate:
        gate.card(1)
        gate.measuring()
        gate.hold(WRIST_MC)
        gate.verdict("OK_RESIDENT")
    whole = b"".join(path.read_bytes() for path in tmp_path.glob("journal.db*"))
    for canary in ("王小明", "王*明", id_number(1), "3-2-102"):
        assert canary.encode() not in whole


def test_a_gate_without_thermometer_decides_at_once(tmp_path: Path) -> None:
    install(tmp_path, [resident(1)])
    with GateInAThread(tmp_path, measures=False) as gate:
        gate.card(1)
        gate.verdict("OK_RESIDENT")
        assert records(tmp_path, "passage")[0]["temp_state"] == "none"
