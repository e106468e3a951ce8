"""`gated texts`: the shipped file to edit, and whether an edited one is good."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from gated import texts
from gated.cli.main import app


def run(*words: str) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["texts", *words])
    return done.exit_code, done.stdout, done.stderr


def test_what_is_exported_can_be_used_as_it_is(tmp_path: Path) -> None:
    code, printed, _ = run("export")
    assert (code, printed) == (0, texts.shipped_file())
    path = tmp_path / "texts.toml"
    path.write_text(printed, "utf-8")
    code, said, _ = run("check", str(path))
    assert code == 0
    assert said == f"ok: {len(texts.shipped().entries)} texts of its own, 0 stay as shipped\n"


def test_what_a_good_file_leaves_out_is_listed(tmp_path: Path) -> None:
    path = tmp_path / "texts.toml"
    path.write_text('[page]\nrefuse = { zh = "不放行", en = "No" }\n', "utf-8")
    assert len(run("check", str(path))[1].splitlines()) == 1
    code, said, _ = run("check", str(path), "--rest")
    lines = said.splitlines()
    others = len(texts.shipped().entries) - 1
    assert (code, lines[0]) == (0, f"ok: 1 texts of its own, {others} stay as shipped")
    assert len(lines) == 1 + others
    assert "as shipped: [page] more" in lines
    assert "as shipped: [reason.TEMP_HIGH] advice" in lines


def test_every_problem_of_a_bad_file_is_named_and_it_ends_with_1(tmp_path: Path) -> None:
    path = tmp_path / "texts.toml"
    path.write_text('[page]\nrefuse = 3\nhours = { zh = "时", en = "h" }\n', "utf-8")
    code, said, problems = run("check", str(path))
    assert (code, said) == (1, "")
    assert [line.partition(": ")[2][: len("[page] hours")] for line in problems.splitlines()] == [
        "[page] refus",
        "[page] hours",
    ]


@pytest.mark.parametrize("content", [None, b"[page", b"\xff"])
def test_a_file_that_cannot_be_read_ends_with_1(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "texts.toml"
    if content is not None:
        path.write_bytes(content)
    code, said, problem = run("check", str(path))
    assert (code, said) == (1, "")
    assert problem.startswith("error: ")
    assert str(path) in problem
