"""What a technician sees on the network: the gate, and nothing of the people at it."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gated.core.model import GuardActionKind, Verdict
from gated.core.text import Text
from gated.screen.role_view import seen_by
from gated.screen.snapshot import (
    CallView,
    CardView,
    LastView,
    MeasuringView,
    OccupantView,
    PersonView,
    Snapshot,
    StatusView,
    TemperatureView,
    VehicleView,
    VerdictView,
)
from tests.screen.states import STATES

CANARY = "zq-canary"
WORDS = st.text(max_size=5).map(lambda text: f"{CANARY}{text}")
TEXTS = st.builds(Text, WORDS, WORDS)
PEOPLE = st.builds(PersonView, WORDS, WORDS, TEXTS, st.none() | TEXTS)
VERDICTS = st.builds(
    VerdictView,
    key=WORDS,
    verdict=st.sampled_from(Verdict),
    band=st.just("stop"),
    word=TEXTS,
    code=WORDS,
    reason=TEXTS,
    advice=TEXTS,
    note=TEXTS,
    codes=st.tuples(WORDS),
    person=PEOPLE,
    temperature=st.builds(TemperatureView, WORDS, TEXTS, TEXTS),
    public=TEXTS,
    status=st.tuples(st.builds(StatusView, WORDS, TEXTS)),
)
MEASURING = st.builds(
    MeasuringView, PEOPLE, st.just("credential"), TEXTS, st.just(3), st.just(2000)
)
VISITS = st.fixed_dictionaries(
    {
        "visit": st.integers(1, 99),
        "mode": st.sampled_from(["measuring", "verdict"]),
        "measuring": MEASURING,
        "verdict": VERDICTS,
        "last": st.tuples(
            st.builds(LastView, WORDS, st.sampled_from(Verdict), WORDS, WORDS, TEXTS)
        ),
        "card": st.builds(CardView, WORDS, WORDS),
        "vehicle": st.builds(
            VehicleView,
            WORDS,
            st.just(2),
            st.tuples(st.builds(OccupantView, WORDS, st.sampled_from(Verdict))),
        ),
        "call": st.builds(CallView, WORDS, st.just("waiting"), st.just(4), WORDS),
        "members": st.booleans(),
    }
)


@given(visit=VISITS)
def test_nothing_of_anybody_is_left(visit: dict[str, Any]) -> None:
    full = replace(STATES["idle"], **visit, enabled=tuple(GuardActionKind))
    assert CANARY in full.to_json().decode()
    seen = seen_by("technician", full)
    assert CANARY not in seen.to_json().decode()
    assert (seen.mode, seen.visit, seen.enabled, seen.members) == ("idle", 0, (), False)
    assert (seen.health, seen.link) == (full.health, full.link)


@pytest.mark.parametrize("role", ["", "guard", "supervisor"])
def test_who_decides_sees_all_of_it(role: str) -> None:
    for snapshot in STATES.values():
        assert seen_by(role, snapshot) is snapshot


@pytest.mark.parametrize(
    ("role", "on_duty", "told"),
    [
        ("supervisor", "guard", True),  # on a phone, beside the guard on duty
        ("guard", "supervisor", False),  # a guard's phone, while the supervisor has the gate
        ("", "supervisor", True),  # the gate's own screen
        ("", "guard", False),
        ("", "technician", False),
        ("", "", False),  # nobody is on duty
    ],
)
def test_what_a_health_status_says_is_for_supervisors(role: str, on_duty: str, told: bool) -> None:
    secret = StatusView("STAT_CONTACT", Text(f"{CANARY}密接", f"{CANARY} contact"))
    stop = STATES["stop"]
    assert stop.verdict is not None
    duty = replace(stop.duty, role=on_duty)
    full = replace(stop, duty=duty, verdict=replace(stop.verdict, status=(secret,)))
    seen = seen_by(role, full)
    assert (CANARY in seen.to_json().decode()) is told
    assert ("STAT_CONTACT" in seen.to_json().decode()) is told
    assert seen.verdict is not None
    assert replace(seen.verdict, status=(secret,)) == full.verdict, "nothing else is missing"


def test_a_technician_sees_what_is_broken() -> None:
    faults: list[Snapshot] = [one for one in STATES.values() if one.mode == "fault"]
    assert faults
    for snapshot in faults:
        seen = seen_by("technician", snapshot)
        assert (seen.mode, seen.fault) == ("fault", snapshot.fault)
