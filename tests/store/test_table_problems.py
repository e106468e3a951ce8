"""Every problem of a table has its sentence in both languages, and a code that somebody uses."""

import ast
import re
from pathlib import Path

import pytest

import gated.store
from gated.core.id_number import Fault
from gated.core.id_number import problem as number_problem
from gated.store.table_problems import SENTENCES, Problem, UnreadableTable, problem

SOURCES = Path(gated.store.__file__).parent
FIELD = re.compile(r"\{(\w+)\}")
CHINESE = re.compile("[\u4e00-\u9fff]")
ONLY_VALUES = {"number", "power"}  # their words are in a value


def words_in_code() -> set[str]:
    """Every string constant of the modules that read tables."""
    found: set[str] = set()
    for name in ("roster_table.py", "table_cells.py", "table_file.py"):
        tree = ast.parse((SOURCES / name).read_text("utf-8"))
        found |= {
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
    return found


@pytest.mark.parametrize("code", SENTENCES)
def test_both_languages_say_the_same_values(code: str) -> None:
    zh, en = SENTENCES[code]
    assert set(FIELD.findall(zh)) <= set(FIELD.findall(en))
    assert code in ONLY_VALUES or CHINESE.search(zh) or code == "word"
    assert not CHINESE.search(en)


@pytest.mark.parametrize("code", sorted(set(SENTENCES) - set(Fault)))
def test_every_code_is_used_where_tables_are_read(code: str) -> None:
    assert code in words_in_code()


def test_every_fault_of_an_identity_number_has_a_sentence() -> None:
    assert set(Fault) <= set(SENTENCES)


@pytest.mark.parametrize(
    ("number", "fault"),
    [
        ("1101051990\u03b111234", Fault.LETTERS),
        ("12345", Fault.FORM),
        ("110105199001011235", Fault.CHECK),
        ("990105199001011237", Fault.PROVINCE),
        ("110105199013011238", Fault.BIRTH),
    ],
)
def test_the_english_sentence_is_the_one_of_the_number_itself(number: str, fault: Fault) -> None:
    del fault
    said = number_problem(number)
    assert said in {problem(code, n=len(number)).said("en") for code in Fault}


def test_a_problem_within_a_problem_speaks_the_same_language() -> None:
    told = problem(
        "unknown", word=problem("word", text="居明"), guess=problem("guess", word="居民")
    )
    assert told.said("zh") == "不认识“居明”，是不是“居民”？"
    assert told.said("en") == str(told) == '"居明" is unknown, did you mean 居民?'


def test_markup_and_braces_in_a_value_are_text() -> None:
    told = Problem("word", {"text": "{line} <b>"})
    assert told.said("zh") == "“{line} <b>”"


def test_an_unreadable_table_says_what_was_tried() -> None:
    error = UnreadableTable("read", "t.csv", problem("encoding"))
    assert str(error).startswith("cannot read t.csv: it is neither UTF-8 nor GB18030 text")
    assert error.problem.said("zh").startswith("既不是 UTF-8")
