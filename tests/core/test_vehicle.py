"""People in one vehicle pass together, or not at all."""

from hypothesis import given
from hypothesis import strategies as st

from gated.core.model import Verdict
from gated.core.vehicle import OCCUPANTS_MAX, Occupant, Vehicle

EMPTY = Vehicle(b"plate".ljust(16, b"."), "鄂A***45", 2)
PASSES = (Verdict.ALLOW, Verdict.ALLOW_NOTE)


def occupant(who: bytes, visit: int, verdict: Verdict = Verdict.ALLOW) -> Occupant:
    return Occupant(who, visit, "王*明", verdict)


def test_a_vehicle_waits_until_everybody_in_it_was_decided() -> None:
    one = EMPTY.decided(occupant(b"anna", 1))
    assert not one.ready
    assert one.decided(occupant(b"bao", 2)).ready


def test_one_person_who_may_not_pass_holds_the_vehicle() -> None:
    held = EMPTY.decided(occupant(b"anna", 1)).decided(occupant(b"bao", 2, Verdict.CHECK))
    assert not held.ready
    assert held.decided(occupant(b"bao", 2, Verdict.ALLOW_NOTE)).ready


def test_who_is_measured_again_holds_the_vehicle_meanwhile() -> None:
    full = EMPTY.decided(occupant(b"anna", 1)).decided(occupant(b"bao", 2))
    assert full.ready
    assert not full.reopened(2).ready
    assert full.reopened(9) == full


def test_the_same_person_shown_twice_is_one_occupant() -> None:
    twice = EMPTY.decided(occupant(b"anna", 1)).decided(occupant(b"anna", 2))
    assert len(twice.occupants) == 1
    assert not twice.ready


def test_two_people_without_a_credential_are_two() -> None:
    both = EMPTY.decided(occupant(b"", 1)).decided(occupant(b"", 2))
    assert both.ready


@given(
    st.lists(
        st.tuples(st.binary(max_size=1), st.integers(1, 90), st.sampled_from(Verdict)), max_size=90
    ),
    st.integers(1, 60),
)
def test_ready_means_as_many_as_said_and_none_who_may_not(
    seen: list[tuple[bytes, int, Verdict]], people: int
) -> None:
    vehicle = Vehicle(b"", "", people)
    for who, visit, verdict in seen:
        vehicle = vehicle.decided(Occupant(who, visit, "", verdict))
    assert len(vehicle.occupants) <= OCCUPANTS_MAX
    assert len({one.visit for one in vehicle.occupants}) == len(vehicle.occupants)
    if vehicle.ready:
        assert len(vehicle.occupants) >= people
        assert all(one.verdict in PASSES for one in vehicle.occupants)


def test_whoever_left_does_not_come_back_with_a_newer_verdict() -> None:
    vehicle = Vehicle(b"p" * 16, "鄂A***45", 3)
    for visit in (1, 2, 3):
        vehicle = vehicle.decided(Occupant(bytes([visit]), visit, "", Verdict.ALLOW))
    left = vehicle.without(2)
    assert (left.people, [one.visit for one in left.occupants]) == (2, [1, 3])
    assert left.decided(Occupant(bytes([2]), 9, "", Verdict.ALLOW)) == left
    assert left.ready
