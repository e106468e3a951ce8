"""A vehicle at the gate: stopped, filled with decided people, let through or given up."""

from dataclasses import replace

import pytest

from gated.core.model import (
    Category,
    Credential,
    CredentialKind,
    CredentialState,
    Display,
    Holder,
    Person,
    Verdict,
)
from gated.core.policy import Decision
from gated.core.reasons import Code
from gated.core.reports import VehicleAct
from gated.core.visit import Record, Visit
from gated.gate.vehicle_desk import FORGOTTEN_MS, VehicleDesk
from tests.gate.gate_world import KEYS, MOMENT

STOPS = VehicleAct("begin", "鄂a 12345", 2)
GOES, GIVEN_UP = VehicleAct("pass"), VehicleAct("abandon")


def decided(visit: int, verdict: Verdict = Verdict.ALLOW) -> Record:
    person = Person(bytes([visit]) * 16, Category.RESIDENT)
    credential = Credential(CredentialKind.ID_CARD, CredentialState.ACTIVE, bytes([visit]) * 16)
    holder = Holder(credential, person, Display("王*明", "3-2-1**"))
    code = Code.OK_RESIDENT if verdict is Verdict.ALLOW else Code.STAT_HOME_QUARANTINE
    return Record(Visit(visit, holder, 0), Decision(verdict, code, (code,)))


@pytest.fixture
def desk() -> VehicleDesk:
    desk = VehicleDesk(KEYS.site)
    desk.apply(STOPS, MOMENT)
    return desk


def test_the_plate_is_masked_on_the_screen_and_a_pseudonym_in_the_record(
    desk: VehicleDesk,
) -> None:
    assert desk.view is not None
    assert desk.view.plate == "鄂A***45"
    told = desk.more(decided(1))
    assert "12345" not in str(told) + str(desk.view)
    same = VehicleDesk(KEYS.site)
    same.apply(VehicleAct("begin", "鄂A12345", 1), MOMENT)
    assert same.more(decided(1)) == told


def test_it_goes_when_everybody_in_it_may_pass(desk: VehicleDesk) -> None:
    desk.decided(decided(1), MOMENT)
    assert desk.refusal(GOES) == "vehicle_waits"
    desk.decided(decided(2), MOMENT)
    assert desk.refusal(GOES) == ""
    assert desk.fields(GOES)["visits"] == [1, 2]
    desk.apply(GOES, MOMENT)
    assert desk.view is None
    assert desk.more(decided(3)) == {}


def test_somebody_who_is_stopped_holds_it_and_it_can_be_given_up(desk: VehicleDesk) -> None:
    desk.decided(decided(1), MOMENT)
    desk.decided(decided(2, Verdict.STOP), MOMENT)
    assert desk.refusal(GOES) == "vehicle_waits"
    assert desk.refusal(GIVEN_UP) == ""
    desk.apply(GIVEN_UP, MOMENT)
    assert desk.view is None


def test_one_vehicle_at_a_time(desk: VehicleDesk) -> None:
    assert desk.refusal(STOPS) == "vehicle_there"
    assert VehicleDesk(KEYS.site).refusal(GOES) == "no_vehicle"
    assert VehicleDesk(KEYS.site).refusal(GIVEN_UP) == "no_vehicle"


def test_people_on_foot_are_in_no_vehicle() -> None:
    desk = VehicleDesk(KEYS.site)
    desk.decided(decided(1), MOMENT)
    assert desk.view is None


def test_who_is_let_through_without_showing_who_they_are_fills_no_seat(
    desk: VehicleDesk,
) -> None:
    nobody = Holder(Credential(CredentialKind.NONE, CredentialState.ACTIVE))
    by_hand = Decision(Verdict.ALLOW_NOTE, Code.GUARD_MEDICAL, (Code.GUARD_MEDICAL,))
    for visit in (1, 2):
        desk.decided(Record(Visit(visit, nobody, 0), by_hand), MOMENT)
    assert desk.refusal(GOES) == "vehicle_waits"


def test_it_waits_while_somebody_is_measured_again(desk: VehicleDesk) -> None:
    desk.decided(decided(1), MOMENT)
    desk.decided(decided(2), MOMENT)
    desk.measured_again(2)
    assert desk.refusal(GOES) == "vehicle_waits"
    desk.decided(decided(2), MOMENT)
    assert desk.refusal(GOES) == ""


def test_a_vehicle_nobody_asks_about_is_forgotten_after_half_an_hour(desk: VehicleDesk) -> None:
    late = replace(MOMENT, mono_ms=MOMENT.mono_ms + FORGOTTEN_MS)
    assert not desk.forgotten(replace(late, mono_ms=late.mono_ms - 1))
    assert desk.forgotten(late)
    assert desk.view is None
    assert not desk.forgotten(late)


def on_foot(visit: int) -> VehicleAct:
    return VehicleAct("drop", visit=visit, reason="on_foot")


def test_who_gets_out_holds_the_others_no_longer(desk: VehicleDesk) -> None:
    desk.decided(decided(1), MOMENT)
    desk.decided(decided(2, Verdict.STOP), MOMENT)
    assert desk.refusal(on_foot(2)) == ""
    told = desk.fields(on_foot(2))
    assert (told["visit"], told["reason"], told["people"]) == (2, "on_foot", 1)
    assert told["visits"] == [1]
    desk.apply(on_foot(2), MOMENT)
    assert desk.refusal(GOES) == ""
    assert desk.fields(GOES)["visits"] == [1]


def test_what_is_decided_about_them_later_is_not_the_vehicles(desk: VehicleDesk) -> None:
    desk.decided(decided(1), MOMENT)
    desk.decided(decided(2, Verdict.STOP), MOMENT)
    desk.apply(on_foot(2), MOMENT)
    again = replace(decided(2), visit=replace(decided(2).visit, number=5))
    for later in (decided(2), again):
        assert desk.more(later) == {}
        desk.decided(later, MOMENT)
    assert "plate_ref" in desk.more(decided(1))
    assert desk.view is not None
    assert [one.visit for one in desk.view.occupants] == [1]


def test_only_somebody_in_it_gets_out_and_not_the_only_one(desk: VehicleDesk) -> None:
    desk.decided(decided(1), MOMENT)
    assert desk.refusal(on_foot(7)) == "not_in_vehicle"
    desk.decided(decided(2), MOMENT)
    desk.apply(on_foot(1), MOMENT)
    assert desk.refusal(on_foot(2)) == "last_in_vehicle"
    assert VehicleDesk(KEYS.site).refusal(on_foot(1)) == "no_vehicle"


def test_who_holds_a_bus_is_shown_however_long_ago() -> None:
    bus = VehicleDesk(KEYS.site)
    bus.apply(VehicleAct("begin", "鄂A12345", 40), MOMENT)
    bus.decided(decided(1, Verdict.STOP), MOMENT)
    for visit in range(2, 31):
        bus.decided(decided(visit), MOMENT)
    assert bus.view is not None
    assert [one.visit for one in bus.view.occupants] == [1, *range(24, 31)]


def test_a_vehicle_given_up_says_why(desk: VehicleDesk) -> None:
    told = desk.fields(VehicleAct("abandon", reason="turned_back"))
    assert (told["act"], told["reason"]) == ("abandon", "turned_back")
