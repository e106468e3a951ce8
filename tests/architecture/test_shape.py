"""Sizes, docstrings, suppressions and calls that are banned, each with what to use instead."""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from functools import cache

import pytest

from tests.architecture.sources import Source, dotted, imports, sources

MODULE_LINES_MAX = 400
FUNCTION_LINES_MAX = 60
LINE_MAX = 100

# Call -> (paths where it may stand, what to use instead elsewhere).
BANNED: dict[str, tuple[tuple[str, ...], str]] = {
    "time.sleep": ((r"drivers/\w+/simulator\w*\.py",), "stop.wait(seconds) or a queue's timeout"),
    "print": ((r"gated/cli/.*",), "the log, or return the text to the command"),
    "input": ((), "typer.prompt in a command"),
    "datetime.utcnow": ((), "datetime.now(UTC)"),
    "datetime.datetime.utcnow": ((), "datetime.now(UTC)"),
    "date.today": ((r"gated/cli/demo/.*",), "datetime.now(zone).date()"),
    "signal.signal": ((r"gated/cli/demo/command\.py",), "Supervisor.wait: signals are data"),
    "threading.Thread": (
        (
            r"gated/process/supervisor\.py",
            r"gated/cli/demo/.*",
            r"drivers/\w+/simulator\w*\.py",
            r"drivers/qr_camera/device\.py",
        ),  # a hung capture is left alone, so it needs its own
        "Supervisor.start",
    ),
    "sqlite3.connect": ((r"gated/store/.*", r"gated/cli/demo/.*"), "gated/store/database.py"),
    "os._exit": ((), "return an exit code"),
    "os.system": ((), "subprocess.run with a list"),
    "eval": ((), "a parser"),
    "exec": ((), "a function"),
    "pickle.loads": ((), "canonical JSON"),
}

NAMED_ZONE = ("datetime.now", "datetime.datetime.now", "datetime.fromtimestamp")


def calls(source: Source) -> Iterator[tuple[str, ast.Call]]:
    for node in source.nodes:
        if isinstance(node, ast.Call) and (name := dotted(node.func)):
            yield name, node


def code() -> tuple[Source, ...]:
    return sources("gated", "drivers")


def test_no_module_is_longer_than_a_file_one_can_know() -> None:
    long = [
        f"{source.path}: {len(source.text.splitlines())} lines"
        for source in sources("gated", "drivers", "tests", "script")
        if len(source.text.splitlines()) > MODULE_LINES_MAX
    ]
    assert long == [], f"more than {MODULE_LINES_MAX} lines: split by reason to change"


def test_no_function_is_longer_than_a_screen() -> None:
    long = [
        f"{source.path}:{node.lineno}: {node.name}"
        for source in sources("gated", "drivers", "tests", "script")
        for node in source.nodes
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or node.lineno) - node.lineno + 1 > FUNCTION_LINES_MAX
    ]
    assert long == [], f"more than {FUNCTION_LINES_MAX} lines: push arithmetic down into leaves"


def test_no_line_is_longer_than_a_hundred_columns() -> None:
    long = [
        f"{source.path}:{number}"
        for source in code()
        for number, line in enumerate(source.text.splitlines(), 1)
        # a suppression with its reason may stand beyond the margin
        if len(line.partition("  # noqa")[0]) > LINE_MAX
    ]
    assert long == []


def test_every_module_says_what_it_is() -> None:
    silent = [source.path for source in code() if not ast.get_docstring(source.tree)]
    assert silent == []


def test_every_public_class_and_function_says_what_is_true_afterwards() -> None:
    silent = [
        f"{source.path}:{node.lineno}: {node.name}"
        for source in code()
        for node in source.tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
    ]
    assert silent == []


@pytest.mark.parametrize("name", sorted(BANNED))
def test_a_banned_call_stands_only_where_it_has_a_reason(name: str) -> None:
    places, instead = BANNED[name]
    wrong = [
        f"{source.path}:{call.lineno}: {name}; use {instead}"
        for source in code()
        for called, call in calls(source)
        if called == name and not any(re.fullmatch(place, source.path) for place in places)
    ]
    assert wrong == []


def test_no_banned_call_hides_behind_a_from_import() -> None:
    parts = {tuple(name.rsplit(".", 1)) for name in BANNED if "." in name}
    wrong = [
        f"{source.path}:{node.lineno}: from {node.module} import {alias.name}"
        for source in code()
        for node in source.nodes
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if (node.module, alias.name) in parts
    ]
    assert wrong == []


def test_no_time_is_without_a_zone() -> None:
    wrong = [
        f"{source.path}:{call.lineno}: {name} without a zone; use {name}(…, UTC)"
        for source in code()
        for name, call in calls(source)
        if name in NAMED_ZONE
        and len(call.args) + len(call.keywords) < (2 if name.endswith("timestamp") else 1)
    ]
    assert wrong == []


def test_no_error_is_swallowed_unseen() -> None:
    wrong = [
        f"{source.path}:{node.lineno}: name the error, or let it end the process"
        for source in code()
        for node in source.nodes
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or dotted(node.type) in ("Exception", "BaseException"))
        and all(isinstance(line, ast.Pass | ast.Continue) for line in node.body)
    ]
    assert wrong == []


def test_no_magic_that_style_refuses() -> None:
    wrong = []
    for source in code():
        for node in source.nodes:
            if isinstance(node, ast.FunctionDef) and node.name == "__del__":
                wrong.append(f"{source.path}:{node.lineno}: __del__; close() or an ExitStack")
            if isinstance(node, ast.ClassDef) and any(k.arg == "metaclass" for k in node.keywords):
                wrong.append(f"{source.path}:{node.lineno}: metaclass; a plain class")
            if isinstance(node, ast.Global):
                wrong.append(f"{source.path}:{node.lineno}: global; an argument")
    assert wrong == []


def test_no_module_is_called_after_nothing() -> None:
    vague = {"utils", "util", "helpers", "helper", "manager", "common", "misc", "base"}
    assert [s.path for s in code() if s.module.rsplit(".", 1)[-1] in vague] == []


@cache
def comments(source: Source) -> tuple[tuple[int, str], ...]:
    """Return (line, text) of every comment; files without the sign are not read token by token."""
    if "#" not in source.text:
        return ()
    tokens = tokenize.generate_tokens(io.StringIO(source.text).readline)
    return tuple((t.start[0], t.string) for t in tokens if t.type == tokenize.COMMENT)


def test_every_suppression_has_its_code_and_its_reason() -> None:
    good = re.compile(r"# (noqa: [A-Z]+\d+(, [A-Z]+\d+)*|type: ignore\[[a-z-]+\]) - \S.*")
    wrong = [
        f"{source.path}:{line}: {text}; write `# noqa: CODE - reason`"
        for source in sources("gated", "drivers", "tests", "script")
        for line, text in comments(source)
        if re.search(r"#\s*(noqa|type:\s*ignore)", text) and not good.search(text)
    ]
    assert wrong == []


def test_nothing_is_left_to_do_later() -> None:
    words = re.compile(r"\b(TODO|FIXME|XXX|HACK|for now)\b")
    wrong = [
        f"{source.path}:{line}: {text}"
        for source in sources("gated", "drivers", "tests", "script")
        for line, text in comments(source)
        if words.search(text)
    ]
    assert wrong == []


def test_no_test_is_skipped_or_expected_to_fail() -> None:
    # A server of PostgreSQL is no part of what the scripts install.
    excused = {"tests/support/postgres.py"}
    names = {"pytest.mark.skip", "pytest.mark.skipif", "pytest.mark.xfail", "pytest.skip"}
    wrong = [
        f"{source.path}:{node.lineno}"
        for source in sources("tests")
        for node in source.nodes
        if isinstance(node, ast.Attribute) and dotted(node) in names and source.path not in excused
    ]
    assert wrong == []


def test_no_test_waits_by_sleeping() -> None:
    wrong = [
        f"{source.path}:{call.lineno}: wait for a condition with a limit"
        for source in sources("tests")
        for name, call in calls(source)
        if name == "time.sleep"
    ]
    assert wrong == []


def test_core_reads_no_environment_and_prints_nothing() -> None:
    wrong = [
        f"{source.path}:{line}: {module}"
        for source in sources("gated")
        if source.path.startswith(("gated/core/", "gated/contract/"))
        for module, line in imports(source)
        if module.split(".")[0] in ("sys", "pathlib", "io", "shutil", "tempfile")
    ]
    assert wrong == []
