"""Every category, verdict, direction and reason has its words; health stays with who may know."""

import pytest

from gated.core.model import Category, Direction, Verdict
from gated.core.reasons import REASONS, Code
from gated.hub import record_words as words


@pytest.mark.parametrize("language", ["zh", "en"])
def test_everything_has_a_word_of_its_own(language: words.Language) -> None:
    for kind, say in (
        (Category, words.category),
        (Verdict, words.verdict),
        (Direction, words.direction),
    ):
        said = [say(item.value, language) for item in kind]  # type: ignore[operator] - each kind with its own
        assert len(set(said)) == len(said)
        assert all(said)
        assert not set(said) & {item.value for item in kind} or language == "en"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_reason_has_words(language: words.Language) -> None:
    silent = [code for code in REASONS if not words.reason(code.value, language, health=True)]
    assert silent == []


def test_a_health_status_is_named_to_officers_alone() -> None:
    assert words.reason("STAT_CONFIRMED", "zh", health=True) == "确诊"
    for code in ("STAT_CONTACT", "STAT_SUSPECTED", "STAT_CONFIRMED", "STAT_HOST_QUARANTINE"):
        assert words.reason(code, "zh", health=False) == "请联系社区"
        assert words.reason_code(code, health=False) == "STAT_*"
        assert words.reason_code(code, health=True) == code
        assert code not in words.reason_codes(health=False)
        assert code in words.reason_codes(health=True)


def test_what_tells_nothing_of_health_is_the_same_to_all() -> None:
    assert words.reason_code("TEMP_MISSING", health=False) == "TEMP_MISSING"
    for code in set(Code) - {Code(value) for value in words.GUARDED}:
        assert words.reason(code, "zh", health=False) == words.reason(code, "zh", health=True)


def test_words_of_a_later_version_are_shown_as_they_are() -> None:
    assert words.reason("NEW_CODE", "en", health=True) == "NEW_CODE"
    assert words.category("robot", "zh") == "robot"
    assert words.reason("", "zh", health=False) == ""


@pytest.mark.parametrize(
    ("value", "shown"), [(None, ""), (36_549, "36.5"), (37_299, "37.2"), (37_300, "37.3")]
)
def test_a_temperature_is_never_rounded_up(value: int | None, shown: str) -> None:
    assert words.temperature(value) == shown
