"""What the person in front sees: neutral, and nothing of the guard's snapshot that is not listed."""

import json
from dataclasses import fields, is_dataclass, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gated.core.reasons import Code
from gated.core.text import Text
from gated.screen.public_view import public_view
from gated.screen.snapshot import GateView, MeasuringView, Snapshot
from gated.texts import shipped
from tests.screen.states import STATES

CANARY = "zq-canary"
PUBLIC = {
    "gate",
    "language",
    "clock",
    "panel",
    "notice",
    "tips",
    "mode",
    "band",
    "verdict",
    "sign",
    "public",
}
ENUMS = {"state", "missing", "code", "suggested", "enabled", "role", "part"}
DIGITS_OF_PEOPLE = ("36.4", "37.4", "3-2-1", "王", "A12", "居民", "resident", "1101", "粤B")


def marked(value: Any, name: str = "") -> Any:
    """The same value with every text that is not for everybody replaced by the canary."""
    if name in PUBLIC | ENUMS and name != "verdict":
        return value
    if isinstance(value, MeasuringView):  # its prompt is what the person has to do
        return replace(value, person=marked(value.person))
    if is_dataclass(value) and not isinstance(value, type):
        changed = {
            field.name: marked(getattr(value, field.name), field.name) for field in fields(value)
        }
        return replace(value, **changed)
    if isinstance(value, tuple):
        return tuple(marked(part) for part in value)
    if type(value) is str:
        return CANARY
    return value


@pytest.mark.parametrize("name", STATES)
def test_nothing_but_what_is_listed_gets_through(name: str) -> None:
    snapshot = STATES[name]
    canaries = marked(snapshot)
    assert CANARY in canaries.to_json().decode()
    said = public_view(canaries, shipped()).to_json().decode()
    assert CANARY not in said
    assert said == public_view(snapshot, shipped()).to_json().decode()


@pytest.mark.parametrize("name", STATES)
def test_no_name_room_status_or_temperature(name: str) -> None:
    said = public_view(STATES[name], shipped()).to_json().decode()
    assert [word for word in DIGITS_OF_PEOPLE if word in said] == []


@given(
    name=st.sampled_from(sorted(STATES)),
    person=st.text(min_size=3).map(lambda text: f"{CANARY}{text}"),
    code=st.sampled_from([*(code.value for code in Code), "NEWER_THAN_THIS_GATE"]),
)
def test_whoever_it_is_and_whatever_the_reason(name: str, person: str, code: str) -> None:
    """Property: a view depends on nothing about the person, and the reason gives public words."""
    snapshot = STATES[name]
    if snapshot.verdict is None:
        return
    secret = Text(person, person)
    said = replace(
        snapshot.verdict, key=person, code=code, reason=secret, advice=secret, note=secret
    )
    view = public_view(replace(snapshot, verdict=said), shipped())
    assert CANARY not in view.to_json().decode()
    assert view.text.zh
    assert view.text.en


def test_a_stop_asks_to_wait_in_its_own_shape() -> None:
    view = public_view(STATES["stop"], shipped())
    assert (view.shown, view.sign) == ("stop", "stop")
    assert view.text.en == "Please wait for the guard"


def test_the_words_of_the_gate_itself_come_first() -> None:
    own = Text("请到南门", "Please use the south gate")
    said = STATES["stop"].verdict
    fault = STATES["lockdown"].fault
    assert said is not None
    assert fault is not None
    stopped = replace(STATES["stop"], verdict=replace(said, public=own))
    closed = replace(STATES["lockdown"], fault=replace(fault, public=own))
    assert public_view(stopped, shipped()).text == own
    assert public_view(closed, shipped()).text == own


def test_a_note_is_for_the_guard_alone() -> None:
    allowed, noted = (public_view(STATES[name], shipped()) for name in ("allow", "note"))
    assert noted == allowed


@pytest.mark.parametrize("mode", ["lockdown", "evacuate", "out_of_service"])
def test_a_special_mode_has_its_sign_and_says_what_to_do(mode: str) -> None:
    view = public_view(STATES[mode], shipped())
    assert (view.shown, view.sign) == ("fault", mode)
    assert view.text == shipped().public(Code[f"SYS_{mode.upper()}"])


def test_a_locked_reader_sends_people_to_the_guard() -> None:
    view = public_view(STATES["reader_locked"], shipped())
    assert (view.shown, view.sign) == ("fault", "out_of_service")


def test_measuring_says_what_to_do_now() -> None:
    view = public_view(STATES["measuring"], shipped())
    assert (view.shown, view.sign, view.missing) == ("measuring", "wrist", "temperature")
    assert (view.text.zh, view.progress_pct) == ("请测温", 62)
    asked = public_view(STATES["credential"], shipped())
    assert (asked.sign, asked.missing) == ("card", "credential")


def test_a_view_names_exactly_these_things() -> None:
    said = json.loads(public_view(STATES["idle"], shipped()).to_json())
    assert set(said) == {
        *("gate", "language", "clock", "shown", "sign", "text", "missing", "progress_pct"),
        *("notice", "tips", "panel"),
    }
    assert set(said["gate"]) == {field.name for field in fields(GateView)}


def test_a_fault_without_a_sign_is_a_fault() -> None:
    bare: Snapshot = replace(STATES["lockdown"], fault=None)
    assert public_view(bare, shipped()).sign == "fault"
