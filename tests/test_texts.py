"""texts.toml: complete in both languages, safe for whoever stands in front, and well guarded."""

import re
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest

from gated import texts
from gated.core.model import Category, Direction, TemperatureState, Verdict
from gated.core.reasons import DEVICE_CODES, FAULT_CODES, HEALTH_CODES, REASONS, Code
from gated.core.text import Text, marks
from gated.errors import ConfigError
from gated.gate.health import PARTS

SHIPPED = texts.shipped()
SILENT = {Code.STAT_WATCH, Code.GUARD_DURESS}
Write = Callable[[str | bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(content: str | bytes) -> Path:
        path = tmp_path / "texts.toml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def test_every_shipped_text_passes_what_an_operators_must(write: Write) -> None:
    found = texts.examine(write(texts.shipped_file()))
    assert found.problems == ()
    assert found.left_out == ()
    assert found.entries == SHIPPED.entries
    assert len(found.entries) > 300


def test_every_code_has_a_text_or_is_silent() -> None:
    for code in Code:
        said = SHIPPED.reason(code)
        assert bool(said.text.zh) == bool(said.text.en) == (code not in SILENT), code
        assert bool(said.advice.zh) == bool(said.advice.en), code
    assert {key[1] for key in SHIPPED.entries if key[0] == "reason"} == set(Code) - SILENT


def test_every_device_event_has_a_text() -> None:
    assert {key[1] for key in SHIPPED.entries if key[0] == "device"} == set(DEVICE_CODES)
    assert all(SHIPPED.device(code).text.zh for code in DEVICE_CODES)
    assert SHIPPED.device("DEV_OF_A_LATER_VERSION") == texts.ReasonTexts(Text(), Text(), Text())


@pytest.mark.parametrize(
    ("heading", "said"),
    [
        ("[pgae]", "[pgae]: unknown section, did you mean page?"),
        ("[reason.TEMP_HIHG]", "[reason.TEMP_HIHG]: unknown key, did you mean TEMP_HIGH?"),
        ("[page]", ""),
        ("[reason.TEMP_HIGH]", ""),
        ("[reason.STAT_WATCH]", ""),
    ],
)
def test_a_heading_that_nothing_follows_is_known_or_told(
    write: Write, heading: str, said: str
) -> None:
    found = texts.examine(write(f"{heading}\n"))
    assert found.problems == ((said,) if said else ())
    assert found.entries == {}


SHOWN_STATES = ("normal", "in_line", "elevated", "implausible", "typed")


@pytest.mark.parametrize(
    ("section", "keys"),
    [
        ("word", {*Verdict, *FAULT_CODES}),
        ("category", set(Category)),
        ("part_state", {"ok", "warn", "fail", "off"}),
        ("temperature", {*SHOWN_STATES, "high", "low", "not_this_person"}),
        ("site", {"wrist", "wrist_skin", "clinical"}),
        ("passage", set(Direction)),
        ("public", {*Verdict, "none"}),
        ("notice", {"who", "basis", "fields", "kept", "contact"}),
    ],
)
def test_a_section_has_exactly_what_the_program_can_say(section: str, keys: set[str]) -> None:
    assert set(SHIPPED.section(section)) == keys


def test_every_shown_state_of_a_temperature_is_one() -> None:
    assert set(SHOWN_STATES) <= set(TemperatureState)


def test_every_part_with_a_short_name_is_a_part() -> None:
    assert set(SHIPPED.section("part")) <= set(PARTS)


def test_chinese_is_chinese_and_english_has_none() -> None:
    # labels of keys: the other language, the characters of number plates
    own = {("page", key) for key in ("language", "key_F9", "pad_province")}
    for key, text in SHIPPED.entries.items():
        if key in own or text == Text():
            continue
        assert not any("CJK" in unicodedata.name(sign, "") for sign in text.en), key
        assert re.search(r"[\u4e00-\u9fff]", text.zh) or not re.search("[A-Za-z]", text.zh), key


# What the person in front reads.


def test_everybody_in_front_is_told_something_in_both_languages() -> None:
    for code in Code:
        assert SHIPPED.public(code).zh, code
        assert SHIPPED.public(code).en, code


def test_nobody_in_front_learns_of_a_status_a_list_or_a_silent_alarm() -> None:
    """Every status and every question of identity looks alike from outside."""
    for code in Code:
        if code.value.startswith(("STAT_", "ID_")) or code in SILENT:
            verdict = REASONS[code].verdict
            default = SHIPPED.of("public", "none" if verdict is None else verdict.value)
            assert SHIPPED.public(code) == default, code
    assert SHIPPED.public(Code.GUARD_DURESS) == SHIPPED.public(Code.OK_RESIDENT)


def test_public_texts_name_no_illness_room_or_list() -> None:
    secret = re.compile(
        r"隔离|密接|确诊|疑似|发热|名单|房|户|社区|疫|fever|quarantine|list|room|case",
        re.IGNORECASE,
    )
    for code in Code:
        said = SHIPPED.public(code)
        assert not secret.search(said.zh + " " + said.en), code


def test_a_health_status_says_the_same_as_the_others() -> None:
    said = {SHIPPED.reason(code).text for code in HEALTH_CODES | {Code.STAT_HOST_QUARANTINE}}
    assert said == {Text("请联系社区", "Call the station")}


# An operator's file.


def test_without_a_file_the_shipped_texts_hold() -> None:
    assert texts.load(None) is SHIPPED


def test_a_file_may_hold_any_part_and_the_rest_stays(write: Write) -> None:
    path = write(
        '[page]\nrefuse = { zh = "不放行", en = "No" }\n'
        '[reason.STAT_TEST_DUE]\npublic = { zh = "请先检测", en = "Please test first" }\n'
        '[reason.TEMP_HIGH]\nadvice = { zh = "", en = "" }\n'
        "[reason.OK_RESIDENT]\n"
    )
    own = texts.load(path)
    assert own.of("page", "refuse") == Text("不放行", "No")
    assert own.of("page", "more") == SHIPPED.of("page", "more")
    assert own.public(Code.STAT_TEST_DUE).en == "Please test first"
    assert own.reason(Code.STAT_TEST_DUE).text == SHIPPED.reason(Code.STAT_TEST_DUE).text
    assert own.reason(Code.TEMP_HIGH).advice == Text()
    assert own.reason(Code.OK_RESIDENT) == SHIPPED.reason(Code.OK_RESIDENT)
    assert list(own.section("page")) == list(SHIPPED.section("page"))
    left_out = texts.examine(path).left_out
    assert ("page", "more") in left_out
    assert ("page", "refuse") not in left_out


def test_a_file_saved_by_an_office_program_is_read(write: Write) -> None:
    body = '[page]\r\nrefuse = { zh = "不放行", en = "No" }\r\n'.encode("utf-8-sig")
    assert texts.load(write(body)).of("page", "refuse").zh == "不放行"


BAD = [
    ('[pagee]\na = { zh = "一", en = "a" }', "[pagee] a: unknown section, did you mean page?"),
    ("page = 3", "[page]: is not a section; write [page] and the entries below it"),
    ('[page]\nrefus = { zh = "一", en = "a" }', "[page] refus: unknown key, did you mean refuse?"),
    ('[page]\nzzz = { zh = "一", en = "a" }', "[page] zzz: unknown key; gated texts export prints every one there is"),
    ('[page]\nrefuse = "一"', '[page] refuse: is not a pair of texts; write { zh = "…", en = "…" }'),
    ('[page]\nrefuse = { zh = "一" }', "[page] refuse: has no en; write both languages"),
    ('[page]\nrefuse = { en = "a" }', "[page] refuse: has no zh; write both languages"),
    ('[page]\nrefuse = { zh = "一", en = "a", fr = "b" }', '[page] refuse: fr is no language of the screen; write { zh = "…", en = "…" }'),
    ('[page]\nrefuse = { zh = 3, en = "a" }', "[page] refuse: zh is not a text; put it between quotes"),
    ('[page]\nrefuse = { zh = "一", en = " " }', "[page] refuse: en is empty; write a text, or leave the whole entry out"),
    ('[page]\nrefuse = { zh = "一\\n二", en = "a" }', "[page] refuse: zh holds a line break or an invisible character; write it anew on one line"),
    ('[page]\nrefuse = { zh = "一", en = "a\\u202eb" }', "[page] refuse: en holds a line break or an invisible character; write it anew on one line"),
    (f'[page]\nrefuse = {{ zh = "一", en = "{"a" * 201}" }}', "[page] refuse: en has 201 characters, more than 200; say it shorter"),
    ('[page]\nhours = { zh = "{n} 时", en = "hours" }', "[page] hours: en must hold {n} once; the gate fills it in there"),
    ('[page]\nhours = { zh = "{n} {n}", en = "{n} h" }', "[page] hours: zh must hold {n} once; the gate fills it in there"),
    ('[page]\nrefuse = { zh = "一", en = "{name}" }', "[page] refuse: en holds {name}, which nobody fills in here; take it out"),
    ('[reason.TEMP_HIHG]\ntext = { zh = "一", en = "a" }', "[reason.TEMP_HIHG] text: unknown key, did you mean TEMP_HIGH?"),
    ('[reason.TEMP_HIGH]\nwords = { zh = "一", en = "a" }', "[reason.TEMP_HIGH] words: unknown key; gated texts export prints every one there is"),
    ("[reason]\nTEMP_HIGH = 3", "[reason] TEMP_HIGH: is not a table; write [reason.TEMP_HIGH] and the entries below it"),
    ('[reason.TEMP_HIGH]\ntext = { zh = "", en = "" }', "[reason.TEMP_HIGH] text: zh is empty; write a text, or leave the whole entry out"),
    ('[reason.TEMP_HIGH]\nadvice = { zh = "", en = "a" }', "[reason.TEMP_HIGH] advice: zh is empty; write a text, or leave the whole entry out"),
    ('[reason.STAT_WATCH]\ntext = { zh = "布控", en = "watch" }', "[reason.STAT_WATCH] text: is silent on purpose; take it out"),
    ('[reason.GUARD_DURESS]\npublic = { zh = "救", en = "help" }', "[reason.GUARD_DURESS] public: is silent on purpose; take it out"),
    ('[device.DEV_FIRE]\npublic = { zh = "一", en = "a" }', "[device.DEV_FIRE] public: unknown key; gated texts export prints every one there is"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "sentence"), BAD)
def test_a_wrong_entry_is_refused_with_its_key_and_what_to_do(
    write: Write, content: str, sentence: str
) -> None:
    path = write(content)
    with pytest.raises(ConfigError) as problem:
        texts.load(path)
    assert str(problem.value) == f"texts {path}:\n  {sentence}"


def test_every_problem_is_said_at_once(write: Write) -> None:
    found = texts.examine(
        write('[page]\nrefuse = 3\nmore = 4\nlanguage = { zh = "A", en = "B" }\n')
    )
    assert len(found.problems) == 2
    assert list(found.entries) == [("page", "language")]


def test_a_file_that_cannot_be_read_at_all_is_named_with_the_remedy(
    tmp_path: Path, write: Write
) -> None:
    for content, remedy in (
        (b"[page", "mend that line"),
        ("[page]\nrefuse = { zh = '拒绝', en = 'a' }".encode("gbk"), "save it as UTF-8"),
        (b"#" * (texts.FILE_MAX + 1), "keep only what you change"),
    ):
        path = write(content)
        with pytest.raises(ConfigError, match=remedy) as problem:
            texts.load(path)
        assert str(path) in str(problem.value)
    gone = tmp_path / "none.toml"
    with pytest.raises(ConfigError, match=r"name another file in \[screen\] texts") as missing:
        texts.load(gone)
    assert str(gone) in str(missing.value)


# The pair itself.


def test_what_is_filled_in_is_not_looked_through_again() -> None:
    said = Text("{a}{b}{c}", "{a}").filled({"a": Text("{b}", "A"), "b": Text("乙", "B")})
    assert said == Text("{b}乙{c}", "A")


def test_marks_are_told_with_their_number() -> None:
    assert marks("{n} of {m}, {n}") == ["m", "n", "n"]
    assert marks("{} { n}") == []
