"""docs/policy.md: every fact, number, category, status and code, as the program has them."""

import re
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from enum import StrEnum

import pytest

from gated.core import facts as core_facts
from gated.core.facts import Facts, Policy, TemperatureFacts
from gated.core.model import (
    Appointment,
    Category,
    ClockState,
    Credential,
    CredentialKind,
    CredentialState,
    Direction,
    Person,
    Status,
    StatusCode,
    TemperatureState,
    Verdict,
)
from gated.core.policy import Decision, Obligation, decide
from gated.core.reasons import DEVICE_CODES, REASONS, Code
from gated.texts import shipped
from tests.architecture.sources import sources
from tests.docs.pages import page, quoted, rows, section

PAGE = page("docs/policy.md")
NOW = datetime(2020, 2, 10, 12, tzinfo=UTC)
SHOWN = Credential(CredentialKind.ID_CARD, CredentialState.ACTIVE)


def table(heading: str) -> dict[str, list[str]]:
    return {name: row for row in rows(section(PAGE, heading)) for name in quoted(row[0])}


def test_every_reason_code_is_listed_as_it_is() -> None:
    listed = table("## Reason codes")
    assert list(listed) == [code.value for code in REASONS]
    for code, reason in REASONS.items():
        said = shipped().reason(code)
        texts = (said.text.zh, said.text.en, said.advice.zh, said.advice.en)
        verdict = "–" if reason.verdict is None else reason.verdict.value
        expected = [f"`{code}`", verdict, str(reason.severity)]
        expected += [text or "–" for text in texts] + [str(reason.bacnet)]
        assert listed[code.value] == expected


def test_every_code_has_a_row_in_the_program() -> None:
    assert set(REASONS) == set(Code)


def test_every_device_code_is_listed_as_it_is() -> None:
    listed = table("## Device codes")
    assert list(listed) == list(DEVICE_CODES)
    for code in DEVICE_CODES:
        said = shipped().device(code)
        texts = (said.text.zh, said.text.en, said.advice.zh, said.advice.en)
        assert listed[code] == [f"`{code}`", *(text or "–" for text in texts)]


def never_given(codes: list[str]) -> set[str]:
    """Return the codes that no module names but tables, and the hub, which only reads."""
    tables = ("gated/core/reasons.py", "gated/gate/wording.py")
    givers = (source for source in sources("gated") if not source.path.startswith("gated/hub/"))
    text = "".join(source.text for source in givers if source.path not in tables)
    return set(codes) - set(re.findall(r"\b[A-Z][A-Z0-9_]+\b", text))


def test_codes_that_no_rule_gives_are_said_to_be_so() -> None:
    before = section(PAGE, "## Reason codes").partition("\n|")[0]
    # GUARD_TIMEOUT is a follow-up event, written in small letters by the session.
    assert set(quoted(before)) == never_given([code.value for code in Code]) - {"GUARD_TIMEOUT"}


def test_device_codes_that_are_never_given_are_said_to_be_so() -> None:
    before = section(PAGE, "## Device codes").partition("\n|")[0]
    assert set(quoted(before)) == never_given(list(DEVICE_CODES))


def test_every_fact_is_listed() -> None:
    text = section(PAGE, "## Facts")
    top = [name for row in rows(text) if "`" in row[0] for name in quoted(row[0])]
    assert set(top) == {field.name for field in fields(Facts)}
    inner: dict[str, set[str]] = {}
    for row in rows(text):
        if "`" not in row[0]:
            inner.setdefault(row[0], set()).update(quoted(row[1]))
    models = {
        "credential": Credential,
        "person": Person,
        "temperature": TemperatureFacts,
        "household": core_facts.HouseholdFacts,
        "last_passage": core_facts.LastPassage,
        "guard": core_facts.GuardFacts,
    }
    assert inner == {name: {f.name for f in fields(model)} for name, model in models.items()}


@pytest.mark.parametrize("kind", [CredentialKind, CredentialState, TemperatureState, ClockState])
def test_every_word_of_a_fact_is_listed(kind: type[StrEnum]) -> None:
    text = section(PAGE, "## Facts")
    assert [word.value for word in kind if not re.search(rf"\b{word.value}\b", text)] == []


def test_every_number_is_listed_with_its_value() -> None:
    listed = {name: int(row[2]) for name, row in table("## Numbers").items()}
    policy = Policy()
    assert listed == {field.name: getattr(policy, field.name) for field in fields(policy)}


def test_every_obligation_is_listed() -> None:
    text = PAGE[: PAGE.index("## Facts")]
    assert {word for row in rows(text) for word in quoted(row[0])} >= {o.value for o in Obligation}


def test_every_verdict_is_listed() -> None:
    assert {word for row in rows(PAGE[: PAGE.index("## How")]) for word in quoted(row[0])} == set(
        Verdict
    )


def judged(
    person: Person, direction: Direction, temperature: TemperatureFacts | None = None
) -> Decision:
    """Return what the shipped rules say of a person with a valid card, at noon."""
    facts = Facts(
        NOW, ClockState.SYNCED, direction, credential=SHOWN, person=person, temperature=temperature
    )
    return decide(facts, Policy())


def test_every_category_is_listed_and_decided_as_the_table_says() -> None:
    listed = table("## Categories")
    assert set(listed) == {category.value for category in Category}
    slot = Appointment(NOW - timedelta(minutes=1), NOW + timedelta(hours=1))
    for category in Category:
        appointment = slot if category is Category.VISITOR else None
        person = Person(b"p" * 16, category, appointment=appointment)
        for direction, cell in zip(
            (Direction.OUT, Direction.IN), listed[category][1:], strict=True
        ):
            decision = judged(person, direction)
            assert f"{decision.verdict} `{decision.reason}`" in cell, (category, direction)


WORDS = {"STOP": Verdict.STOP, "CHECK": Verdict.CHECK, "note": Verdict.ALLOW_NOTE}


def test_every_status_is_listed_and_decided_as_the_table_says() -> None:
    listed = table("## Statuses")
    assert list(listed) == [code.value for code in StatusCode]
    for code in StatusCode:
        flags = frozenset({"reading_due"})
        person = Person(b"p" * 16, Category.RESIDENT, statuses=(Status(code),), flags=flags)
        _, out, entering, reason = listed[code]
        for direction, cell in ((Direction.OUT, out), (Direction.IN, entering)):
            decision = judged(person, direction)
            word = cell.split(" ")[0]
            assert decision.verdict is WORDS.get(word, Verdict.ALLOW), (code, direction)
            assert (f"`{decision.reason}`" == reason) is (word in WORDS), (code, direction)


TEMPERATURES = [
    (TemperatureState.NORMAL, 34_999, 0, "", Verdict.CHECK, "TEMP_LOW"),
    (TemperatureState.NORMAL, 35_000, 0, "", Verdict.ALLOW, "OK_RESIDENT"),
    (TemperatureState.NORMAL, 37_299, 0, "", Verdict.ALLOW, "OK_RESIDENT"),
    (TemperatureState.NORMAL, 37_300, 1, "", Verdict.CHECK, "TEMP_HIGH_RETRY"),
    (TemperatureState.NORMAL, 37_300, 3, "", Verdict.STOP, "TEMP_HIGH"),
    (TemperatureState.TYPED, 34_900, 0, "", Verdict.CHECK, "TEMP_LOW"),
    (TemperatureState.TYPED, 36_800, 0, "", Verdict.ALLOW_NOTE, "TEMP_CLINICAL_OK"),
    (TemperatureState.TYPED, 37_300, 0, "", Verdict.STOP, "TEMP_CLINICAL_HIGH"),
    (TemperatureState.IN_LINE, None, 0, "", Verdict.ALLOW_NOTE, "TEMP_UNCALIBRATED"),
    (TemperatureState.ELEVATED, None, 9, "", Verdict.CHECK, "TEMP_HIGH_RETRY"),
    (TemperatureState.IMPLAUSIBLE, None, 0, "too_cold_skin", Verdict.CHECK, "TEMP_LOW"),
    (TemperatureState.IMPLAUSIBLE, None, 0, "", Verdict.CHECK, "TEMP_UNSTABLE"),
    (TemperatureState.UNSTABLE, None, 0, "", Verdict.CHECK, "TEMP_UNSTABLE"),
    (TemperatureState.MISSING, None, 0, "", Verdict.CHECK, "TEMP_MISSING"),
    (TemperatureState.STALE, None, 0, "", Verdict.CHECK, "TEMP_STALE"),
    (TemperatureState.FAULT, None, 0, "", Verdict.CHECK, "TEMP_SENSOR_FAULT"),
]


@pytest.mark.parametrize(("state", "value", "tries", "detail", "verdict", "reason"), TEMPERATURES)
def test_every_temperature_is_judged_as_the_table_says(
    state: TemperatureState,
    value: int | None,
    tries: int,
    detail: str,
    verdict: Verdict,
    reason: str,
) -> None:
    taken = TemperatureFacts(state, value, tries, detail)
    decision = judged(Person(b"p" * 16, Category.RESIDENT), Direction.OUT, temperature=taken)
    assert (decision.verdict, decision.reason.value) == (verdict, reason)
    if reason.startswith("TEMP"):
        assert f"`{reason}`" in table("## Temperature")[state][1]


def test_every_temperature_state_is_listed() -> None:
    assert set(table("## Temperature")) == set(TemperatureState)
