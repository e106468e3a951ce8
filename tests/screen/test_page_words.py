"""The words of the page: every one it says is in texts.toml, and none is there for nothing."""

import json
import re
from dataclasses import asdict
from pathlib import Path

import gated.gate
import gated.screen
from gated.core import reports
from gated.core.reasons import Code
from gated.screen import refusals
from gated.screen.actions import REASONS
from gated.screen.page_files import WORDS, edition_of, load_page
from gated.texts import Texts, load, shipped

PAGE = Path(gated.screen.__file__).parent / "page"
WORD = r"[a-z][a-z0-9_]*"
PYTHON = [
    path.read_text("utf-8")
    for package in (gated.screen, gated.gate)
    for path in sorted(Path(package.__file__ or "").parent.glob("*.py"))
]
SOURCES = {
    path.name: path.read_text("utf-8") for path in PAGE.iterdir() if path.suffix in (".js", ".html")
}
KNOWN = set(shipped().section("page"))

# Words that come as values: a link's and a clock's state, a role, a direction, an order.
FROM_SNAPSHOT = {"online", "offline", "hub_silent", "clock_holdover", "clock_unsure"} | {
    *("guard", "supervisor", "technician", "in", "out", "both"),
    *("manual_pass", "refuse", "clinical", "remeasure"),
}


def said() -> set[str]:
    """Return every word the page asks for by name."""
    found: set[str] = set()
    for source in SOURCES.values():
        for inner in re.findall(r"\b(?:say|worded)\(([^()]*)", source):
            found |= set(re.findall(rf'(?<!=== )"({WORD})"', inner))
        found |= set(re.findall(rf"\bTEXTS\.({WORD})\b", source))
        found |= set(re.findall(rf'data-(?:text|say|kind)="({WORD})"', source))
        for listed in re.findall(r"^  \w+: \[([^\]]*)\],$", source, re.MULTILINE):
            found |= set(re.findall(rf'"({WORD})"', listed))
    return found


def prefixes() -> set[str]:
    """Return the fixed beginnings of words that are put together: `pick_` of `pick_${kind}`."""
    whole = "\n".join(SOURCES.values())
    return set(re.findall(rf"[`(]({WORD}_)\$\{{", whole))


def served(texts: Texts | None = None) -> dict[str, dict[str, str]]:
    """Return what the module holds for a browser."""
    body = load_page("zh", texts)[WORDS].body.decode()
    return modules(body)["TEXTS"]


def modules(body: str) -> dict[str, dict[str, dict[str, str]]]:
    """Return what the lines of the module hold, by name."""
    lines = re.fullmatch(r"export const TEXTS = (.*);\nexport const CODES = (.*);\n", body)
    assert lines is not None
    return {"TEXTS": json.loads(lines[1]), "CODES": json.loads(lines[2])}


def test_every_word_the_page_says_is_there() -> None:
    assert len(said()) > 60
    assert said() - KNOWN == set()


def test_every_word_that_is_put_together_is_there() -> None:
    assert "clock_" in prefixes()
    lonely = [start for start in prefixes() if not any(key.startswith(start) for key in KNOWN)]
    assert lonely == []


def test_every_word_that_comes_from_the_gate_is_there() -> None:
    assert set() == FROM_SNAPSHOT - KNOWN
    for kind, words in REASONS.items():
        assert {kind.value, *words} - KNOWN == set(), kind
    for listed in (reports.CALL_REASONS, reports.ANOMALIES, reports.FORMS, reports.DOCUMENT_KINDS):
        assert set(listed) - KNOWN == set()
    assert {*reports.PLACES, *reports.AGENTS} - KNOWN == set()
    assert {*reports.MODE_END_REASONS, *reports.DIRECTION_REASONS} - KNOWN == set()
    assert {*reports.ABANDON_REASONS, *reports.DROP_REASONS} - KNOWN == set()


def test_every_refusal_the_page_can_be_sent_is_there() -> None:
    named = {
        word
        for source in PYTHON
        for word in re.findall(rf'(?:Answer\(|refusal=|refusal: )"({WORD})"', source)
    }
    named |= {value for name, value in vars(refusals).items() if name.isupper()}
    assert {"not_offered", "asked_otherwise"} <= named
    assert named - KNOWN == set()


def test_no_word_is_there_for_nothing() -> None:
    """A word is used by its name, as a field's key, or as a refusal or state of the gate."""
    by_id = re.compile(r'\b(?:at|getElementById|querySelector)\("[^"]*"\)')
    sources = [by_id.sub("", source) for source in SOURCES.values()]
    quoted = {word for text in (*sources, *PYTHON) for word in re.findall(rf'"({WORD})"', text)}
    keys = {word for text in sources for word in re.findall(rf"\b({WORD}):", text)}
    used = said() | quoted | keys | FROM_SNAPSHOT
    unused = {key for key in KNOWN - used if not key.startswith(tuple(prefixes()))}
    assert unused == set()


def test_the_page_is_served_every_word_in_both_languages() -> None:
    assert served() == {key: asdict(text) for key, text in shipped().section("page").items()}
    assert all(text["zh"] and text["en"] for text in served().values())


def test_an_operators_word_is_served_and_makes_another_edition(tmp_path: Path) -> None:
    path = tmp_path / "texts.toml"
    path.write_text('[page]\nrefuse = { zh = "不放行", en = "No" }\n', "utf-8")
    assert served(load(path))["refuse"] == {"zh": "不放行", "en": "No"}
    assert served(load(path))["more"] == served()["more"]
    assert edition_of(load_page("zh", load(path))) != edition_of(load_page("zh"))
    assert edition_of(load_page("zh", shipped())) == edition_of(load_page("zh"))


def test_a_code_has_the_words_that_stand_beside_it() -> None:
    codes = modules(load_page("zh")[WORDS].body.decode())["CODES"]
    assert codes["TEMP_HIGH"] == asdict(shipped().reason(Code.TEMP_HIGH).text)
    assert set(codes) == {code.value for code in Code if shipped().reason(code).text.zh}


def test_a_word_cannot_become_code(tmp_path: Path) -> None:
    path = tmp_path / "texts.toml"
    path.write_text("""[page]\nrefuse = { zh = '"}};alert(1)//', en = '</script>\\' }\n""", "utf-8")
    assert served(load(path))["refuse"] == {"zh": '"}};alert(1)//', "en": "</script>\\"}
