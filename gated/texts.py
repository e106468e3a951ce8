"""The texts people read at the gate: texts.toml, and what an operator's own file says otherwise.

The shipped file decides which entries there are; an operator's file may hold any of them. Every
problem of such a file is found at once and named with its key and what to do about it.
"""

import importlib.resources
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from gated.core.reasons import REASONS, Code
from gated.core.text import Language, Text, marks
from gated.errors import ConfigError

FILE_MAX: Final = 262_144  # bytes; nine times the shipped file
TEXT_MAX: Final = 200  # characters; the longest shipped one has 62
LANGUAGES: Final[tuple[Language, ...]] = ("zh", "en")

# Sections of tables, one per code: what such a table may hold.
_TABLES: Final = {"reason": ("text", "advice", "public"), "device": ("text", "advice")}
_ADVICE: Final = "advice"  # may be two empty texts: nothing is drawn
_IN_SECTION: Final = 2  # length of a key below [section]; below [reason.CODE] it is one more
_LIST: Final = "gated texts export prints every one there is"
_PAIR: Final = 'write { zh = "…", en = "…" }'

Key: TypeAlias = tuple[str, ...]
"""Where an entry stands: ("page", "refuse"), ("reason", "TEMP_HIGH", "advice")."""


@dataclass(frozen=True, slots=True)
class ReasonTexts:
    """What a reason or a device event says. public: to the person in front; empty: the default."""

    text: Text
    advice: Text
    public: Text


@dataclass(frozen=True, slots=True)
class Texts:
    """Every text of one gate, by section and key as in texts.toml. Every known key is there."""

    entries: Mapping[Key, Text]

    def section(self, name: str) -> dict[str, Text]:
        """Return the entries of a plain section by key, in the order of the shipped file."""
        return {key[1]: text for key, text in self.entries.items() if key[0] == name}

    def of(self, section: str, key: str) -> Text:
        """Return one entry of a plain section. KeyError: our own mistake."""
        return self.entries[section, key]

    def reason(self, code: Code) -> ReasonTexts:
        """Return what a reason says; a silent one says nothing."""
        return self._table("reason", code.value)

    def device(self, code: str) -> ReasonTexts:
        """Return what a device event says; nothing for an event unknown here."""
        return self._table("device", code)

    def public(self, code: Code) -> Text:
        """Return what the person in front of the gate reads about a decision for this reason."""
        verdict = REASONS[code].verdict
        default = self.of("public", "none" if verdict is None else verdict.value)
        own = self.reason(code).public
        return own if own.zh else default

    def _table(self, section: str, code: str) -> ReasonTexts:
        entries = self.entries
        said = (entries.get((section, code, part), Text()) for part in ("text", "advice", "public"))
        return ReasonTexts(*said)


@dataclass(frozen=True, slots=True)
class Examined:
    """What is in an operator's file. problems: sentences; left_out: shipped entries it lacks."""

    entries: Mapping[Key, Text]
    problems: tuple[str, ...]
    left_out: tuple[Key, ...]


def shipped_file() -> str:
    """Return the shipped texts.toml, comments included."""
    return importlib.resources.files("gated").joinpath("texts.toml").read_text("utf-8")


@cache
def shipped() -> Texts:
    """Return the shipped texts."""
    table = tomllib.loads(shipped_file())
    return Texts(MappingProxyType({key: Text(**pair) for key, pair in _leaves(table)}))


def load(path: Path | None) -> Texts:
    """Return the shipped texts with an operator's in their place; None: the shipped ones.

    Raises ConfigError with every problem of the file, one per line.
    """
    if path is None:
        return shipped()
    found = examine(path)
    if found.problems:
        raise ConfigError("\n".join([f"texts {path}:", *(f"  {line}" for line in found.problems)]))
    return Texts(MappingProxyType(dict(shipped().entries) | dict(found.entries)))


def examine(path: Path) -> Examined:
    """Return what an operator's file holds and what is wrong with it.

    Raises ConfigError when there is no such file or it is no TOML.
    """
    entries: dict[Key, Text] = {}
    problems: list[str] = []
    table = _table_of(path)
    problems += (f"[{'.'.join(key)}]: {wrong}" for key in _empty(table) if (wrong := _nothing(key)))
    for key, value in _leaves(table):
        problem = _unknown(key) or _pair_problem(key, value)
        if problem:
            problems.append(f"{named(key)}: {problem}")
        else:
            entries[key] = Text(**value)
    left_out = tuple(key for key in shipped().entries if key not in entries)
    return Examined(entries, tuple(problems), left_out)


def named(key: Key) -> str:
    """Return an entry as people find it in the file: `[page] refuse`, `[reason.TEMP_HIGH] text`."""
    table = key[:-1] if len(key) > 1 else key
    return f"[{'.'.join(table)}]" + (f" {key[-1]}" if len(key) > 1 else "")


def _table_of(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            body = file.read(FILE_MAX + 1)
    except OSError as error:
        remedy = "name another file in [screen] texts, or leave that out"
        raise ConfigError(f"cannot read texts {path}: {error.strerror}; {remedy}") from error
    if len(body) > FILE_MAX:
        raise ConfigError(f"texts {path} has more than {FILE_MAX} bytes; keep only what you change")
    try:
        return tomllib.loads(body.decode("utf-8-sig").replace("\r\n", "\n"))
    except UnicodeDecodeError as error:
        raise ConfigError(f"texts {path} is not UTF-8 text; save it as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"texts {path} is not TOML: {error}; mend that line") from error


def _leaves(table: Mapping[str, Any]) -> Iterator[tuple[Key, Any]]:
    """Yield every entry, and whatever stands where a table should."""
    for section, rows in table.items():
        if not isinstance(rows, dict):
            yield (section,), rows
            continue
        for name, value in rows.items():
            if section in _TABLES and isinstance(value, dict):
                yield from (((section, name, part), pair) for part, pair in value.items())
            else:
                yield (section, name), value


def _empty(table: Mapping[str, Any]) -> Iterator[Key]:
    """Yield every section, and every table of a section of tables, that holds nothing."""
    for section, rows in table.items():
        if rows == {}:
            yield (section,)
        elif section in _TABLES and isinstance(rows, dict):
            yield from ((section, name) for name, parts in rows.items() if parts == {})


def _nothing(key: Key) -> str:
    """Return what is wrong with a heading that nothing follows, "" for nothing."""
    if any(known[: len(key)] == key for known in _known()):
        return ""
    return _unknown(key) if not _silent(key) else ""


def _silent(key: Key) -> bool:
    return len(key) > 1 and key[0] == "reason" and key[1] in Code.__members__


@cache
def _known() -> frozenset[Key]:
    """Return every entry an operator's file may hold; a silent reason stays silent."""
    entries = shipped().entries
    told = [key[:2] for key in entries if key[0] in _TABLES]
    return frozenset(entries) | {(*key, part) for key in told for part in _TABLES[key[0]]}


def _unknown(key: Key) -> str:
    """Return why there is no such entry, "" when there is."""
    if key in _known():
        return ""
    sections = {known[0] for known in _known()}
    if key[0] not in sections:
        return _nearest("unknown section", key[0], sections)
    if len(key) == 1:
        return f"is not a section; write [{key[0]}] and the entries below it"
    names = {known[1] for known in _known() if known[0] == key[0]}
    if key[1] not in names:
        return (
            "is silent on purpose; take it out"
            if _silent(key)
            else _nearest("unknown key", key[1], names)
        )
    if len(key) == _IN_SECTION:
        return f"is not a table; write [{key[0]}.{key[1]}] and the entries below it"
    return _nearest("unknown key", key[2], set(_TABLES[key[0]]))


def _nearest(what: str, word: str, known: set[str]) -> str:
    near = get_close_matches(word, sorted(known), 1)
    return f"{what}, did you mean {near[0]}?" if near else f"{what}; {_LIST}"


def _pair_problem(key: Key, value: object) -> str:
    """Return what is wrong with the texts of a known entry, "" for nothing."""
    if not isinstance(value, dict):
        return f"is not a pair of texts; {_PAIR}"
    for language in LANGUAGES:
        if language not in value:
            return f"has no {language}; write both languages"
    for language in value:
        if language not in LANGUAGES:
            return f"{language} is no language of the screen; {_PAIR}"
    if key[0] in _TABLES and key[-1] == _ADVICE and list(value.values()) == ["", ""]:
        return ""
    before = shipped().entries.get(key, Text())
    for language in LANGUAGES:
        problem = _sentence_problem(value[language], marks(before.shown(language)))
        if problem:
            return f"{language} {problem}"
    return ""


def _sentence_problem(sentence: object, wanted: list[str]) -> str:
    """Return what is wrong with one sentence. wanted: the marks it must hold."""
    if not isinstance(sentence, str):
        return "is not a text; put it between quotes"
    if not sentence.strip():
        return "is empty; write a text, or leave the whole entry out"
    if len(sentence) > TEXT_MAX:
        return f"has {len(sentence)} characters, more than {TEXT_MAX}; say it shorter"
    if any(unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Zl", "Zp") for sign in sentence):
        return "holds a line break or an invisible character; write it anew on one line"
    found = marks(sentence)
    for mark in wanted:
        if found.count(mark) != wanted.count(mark):
            return f"must hold {{{mark}}} once; the gate fills it in there"
    for mark in found:
        if mark not in wanted:
            return f"holds {{{mark}}}, which nobody fills in here; take it out"
    return ""
