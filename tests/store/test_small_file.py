"""A small file holds what was written last, or nothing; it never stops a gate from starting."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gated.errors import StoreError
from gated.store.small_file import BYTES_MAX, read_small, write_small


def test_what_was_written_last_is_read(tmp_path: Path) -> None:
    path = tmp_path / "kept"
    for values in ({"guard": "G017"}, {"guard": "", "n": 5, "list": [1, "二"]}):
        write_small(path, values)
        assert read_small(path) == values
    assert [found.name for found in tmp_path.iterdir()] == ["kept"]


def test_nothing_is_read_where_nothing_is(tmp_path: Path) -> None:
    assert read_small(tmp_path / "none") == {}
    assert read_small(tmp_path) == {}


@given(st.binary(max_size=200))
def test_rubbish_is_an_empty_file_or_an_object(
    tmp_path_factory: pytest.TempPathFactory, data: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "rubbish"
    path.write_bytes(data)
    assert isinstance(read_small(path), dict)


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "large"
    path.write_text('{"a": "' + "x" * BYTES_MAX + '"}')
    assert read_small(path) == {}


def test_a_folder_that_cannot_be_written_is_named_and_the_old_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "kept"
    write_small(path, {"n": 1})
    (tmp_path / "kept.new").mkdir()
    with pytest.raises(StoreError, match="kept"):
        write_small(path, {"n": 2})
    assert read_small(path) == {"n": 1}
