"""Files with personal data in them belong to their owner alone."""

import os
from pathlib import Path

import pytest
import typer

from gated.cli.private_file import refuse_unwritable, write_private


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_only_the_owner_may_read_what_was_written(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        write_private(tmp_path / "list.csv", "王小明".encode())
    finally:
        os.umask(before)
    assert (tmp_path / "list.csv").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "list.csv").read_text("utf-8") == "王小明"


def test_a_file_that_everybody_could_read_is_shut_and_holds_nothing_of_before(
    tmp_path: Path,
) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(b"older and longer")
    path.chmod(0o644)
    write_private(path, b"new")
    assert (path.stat().st_mode & 0o777, path.read_bytes()) == (0o600, b"new")


def test_a_pipe_is_written_to_as_it_is(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe", 0o640)
    (tmp_path / "pipe").chmod(0o640)
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_private(tmp_path / "pipe", b"list")
        assert os.read(reader, 9) == b"list"
    finally:
        os.close(reader)
    assert (tmp_path / "pipe").stat().st_mode & 0o777 == 0o640


def test_a_folder_that_is_not_there_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_private(tmp_path / "no" / "list.csv", b"")


def test_a_place_nobody_can_write_to_is_told_before_and_one_that_takes_files_is_left_alone(
    tmp_path: Path,
) -> None:
    told: list[str] = []
    for path in (tmp_path, tmp_path / "no" / "list.csv"):
        with pytest.raises(typer.Exit):
            refuse_unwritable(path, lambda: told.append("not written"))
    (tmp_path / "old.csv").write_bytes(b"old")
    for name in ("new.csv", "old.csv"):
        refuse_unwritable(tmp_path / name, lambda: told.append("refused"))
    assert told == ["not written"] * 2
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"]


@pytest.mark.parametrize("there", [True, False])
def test_a_folder_or_file_of_somebody_else_is_told_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, there: bool
) -> None:
    """What the system says is feigned: whoever is root may write everywhere."""
    if there:
        (tmp_path / "list.csv").touch()
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(typer.Exit):
        refuse_unwritable(tmp_path / "list.csv", lambda: None)
