"""`gated scan` prints every code of every picture, and says which pictures are none."""

import json
import sys
from pathlib import Path

import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from gated.cli.scan import scan

VECTORS = Path(__file__).parents[1] / "vectors" / "qr"
PASS = (VECTORS / "pass.txt").read_text()


def run(*arguments: str | Path) -> Result:
    app = typer.Typer()
    app.command()(scan)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def rows(result: Result) -> list[dict[str, object]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_json_gives_one_object_per_picture_in_input_order() -> None:
    names = ["two.png", "nothing.png", "pass.png", "two.png"]
    result = run("--json", *(VECTORS / name for name in names))
    assert result.exit_code == 0
    assert [row["file"] for row in rows(result)] == [str(VECTORS / name) for name in names]
    assert all(set(row) == {"file", "codes", "ms"} for row in rows(result))


def test_json_gives_text_engine_and_four_corners() -> None:
    (row,) = rows(run("--json", VECTORS / "pass.png"))
    (code,) = row["codes"]
    assert (code["text"], code["engine"]) == (PASS, "zxing")
    assert len(code["corners"]) == 4
    assert all(isinstance(number, int) for corner in code["corners"] for number in corner)
    assert isinstance(row["ms"], int)


@pytest.mark.parametrize(
    ("name", "texts"),
    [
        ("two.png", ["LEFT", "RIGHT"]),
        ("twice.png", ["LEFT"]),
        ("inverted.png", [PASS]),
        ("transparent.png", [PASS]),
        ("depth16.png", [PASS]),
        ("utf8.png", ["居民通行证 张三"]),
        ("control.png", ["a\x1db\r\n"]),
        ("micro.png", []),
        ("nothing.png", []),
    ],
)
def test_each_text_comes_once_and_as_encoded(name: str, texts: list[str]) -> None:
    (row,) = rows(run("--json", VECTORS / name))
    assert sorted(code["text"] for code in row["codes"]) == texts


def test_a_person_reads_one_line_per_code() -> None:
    result = run(VECTORS / "two.png", VECTORS / "nothing.png")
    lines = result.stdout.splitlines()
    assert result.exit_code == 0
    assert len(lines) == 3
    assert any("LEFT  (zxing, " in line for line in lines)
    assert lines[2].endswith("nothing.png: no code")


def test_a_code_cannot_drive_the_terminal() -> None:
    assert r"a\x1db\r\n  (zxing" in run(VECTORS / "control.png").stdout


class TestUnopened:
    @pytest.fixture
    def broken(self, tmp_path: Path) -> dict[str, Path]:
        (tmp_path / "notes.txt").write_text("not a picture")
        (tmp_path / "empty.png").write_bytes(b"")
        (tmp_path / "cut.png").write_bytes((VECTORS / "pass.png").read_bytes()[:300])
        (tmp_path / "vast.pgm").write_bytes(b"P5 100000 100000 255\n" + bytes(64))
        (tmp_path / "folder").mkdir()
        names = ["notes.txt", "empty.png", "cut.png", "vast.pgm", "folder", "missing.png"]
        return {name: tmp_path / name for name in names}

    def test_json_says_which_pictures_cannot_be_opened_and_reads_the_rest(
        self, broken: dict[str, Path]
    ) -> None:
        result = run("--json", *broken.values(), VECTORS / "pass.png")
        *bad, good = rows(result)
        assert result.exit_code == 1
        assert [row["file"] for row in bad] == [str(path) for path in broken.values()]
        assert all(set(row) == {"file", "error"} and row["error"] for row in bad)
        assert [code["text"] for code in good["codes"]] == [PASS]

    def test_a_person_is_told_on_standard_error(self, broken: dict[str, Path]) -> None:
        result = run(*broken.values(), VECTORS / "pass.png")
        assert result.exit_code == 1
        assert len(result.stdout.splitlines()) == 1
        errors = result.stderr.splitlines()
        assert len(errors) == len(broken)
        assert all(line.startswith("error: ") for line in errors)
        assert not [line for line in errors if ": picture " in line], "the name stands once"
        assert "a folder, not a picture" in errors[4]
        assert "no such file" in errors[5]

    def test_no_picture_at_all_is_a_usage_error(self) -> None:
        assert run().exit_code == 2


def test_no_decoder_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    result = run(VECTORS / "pass.png")
    assert result.exit_code == 1
    assert "libgl1" in result.stderr
    assert result.stderr.count("\n") == 1
