"""A fetched list is proved before anybody hears of it."""

import hashlib
import shutil
import sqlite3
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from gated.contract.bundle import Manifest, Snapshot, chunk_count
from gated.errors import BundleRejected
from gated.gate.proof import prove
from gated.store.roster_build import build
from tests.support.rosters import KEYS, MADE_MS, people


@dataclass(frozen=True)
class Object:
    """A list as it lies on the card after the last chunk, and what was signed of it."""

    folder: Path
    raw: bytes
    manifest: Manifest

    def prove(self, blob: bytes | None = None, **signed: Any) -> str:
        """Return "" when the part file holds, else the code it was refused with."""
        part = self.folder / "incoming.part"
        part.write_bytes(zlib.compress(self.raw) if blob is None else blob)
        snap = self.manifest.snap.model_copy(update=signed)
        manifest = self.manifest.model_copy(update={"snap": snap})
        try:
            info = prove(part, self.folder / "incoming-3.db", manifest)
        except BundleRejected as error:
            return error.code
        assert (info.rev, info.persons, info.size) == (3, 6, len(self.raw))
        assert info.sha256 == hashlib.sha256(self.raw).digest()
        assert (self.folder / "incoming-3.db").read_bytes() == self.raw
        return ""


def signed(raw: bytes) -> Manifest:
    blob = zlib.compress(raw)
    return Manifest(
        roster="main",
        rev=3,
        made=1,
        not_after=2,
        kid="00" * 4,
        snap=Snapshot(
            sha=hashlib.sha256(blob).hexdigest(),
            size=len(blob),
            raw_sha=hashlib.sha256(raw).hexdigest(),
            raw_size=len(raw),
            n=chunk_count(len(blob)),
            chunks_sha="00" * 32,
            rows=6,
        ),
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Object:
    folder = tmp_path_factory.mktemp("lists")
    build(people(6), KEYS, folder / "list.db", 3, MADE_MS, "site")
    raw = (folder / "list.db").read_bytes()
    return Object(folder, raw, signed(raw))


def test_an_honest_list_holds(made: Object) -> None:
    assert made.prove() == ""


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"size": 5}, "bad_size"),
        ({"sha": "00" * 32}, "bad_sha"),
        ({"raw_sha": "00" * 32}, "bad_raw_sha"),
        ({"raw_size": 4_096}, "bad_raw_size"),
        ({"raw_size": 10**6}, "bad_raw_size"),
        ({"rows": 7}, "bad_rows"),
        ({"schema_number": 2}, "bad_schema"),
    ],
)
def test_a_broken_promise_is_named(made: Object, change: dict[str, Any], code: str) -> None:
    assert made.prove(**change) == code


def test_another_revision_inside_than_signed_is_refused(made: Object) -> None:
    other = Object(made.folder, made.raw, made.manifest.model_copy(update={"rev": 4}))
    assert other.prove() == "bad_rev"


@given(st.data())
def test_a_changed_byte_anywhere_is_refused(made: Object, data: st.DataObject) -> None:
    blob = bytearray(zlib.compress(made.raw))
    blob[data.draw(st.integers(0, len(blob) - 1))] ^= data.draw(st.integers(1, 255))
    assert made.prove(bytes(blob)) in {"bad_sha", "bad_codec", "bad_raw_size"}


def test_rubbish_behind_the_list_is_refused(made: Object) -> None:
    blob = zlib.compress(made.raw) + b"!"
    assert made.prove(blob, size=len(blob)) == "bad_raw_size"


def altered(made: Object, change: Callable[[sqlite3.Connection], object]) -> str:
    """Return how a list is judged that a signer really signed, but that is no proper list."""
    path = made.folder / "altered.db"
    shutil.copy(made.folder / "list.db", path)
    connection = sqlite3.connect(path)
    change(connection)
    connection.commit()
    connection.close()
    raw = path.read_bytes()
    return Object(made.folder, raw, signed(raw)).prove()


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("DROP TABLE person", "bad_file"),
        ("DROP TABLE meta", "bad_file"),
        ("UPDATE meta SET value = 9 WHERE key = 'schema'", "bad_schema"),
        ("DELETE FROM meta WHERE key = 'rev'", "bad_rev"),
        ("DELETE FROM person WHERE ref = (SELECT min(ref) FROM person)", "bad_rows"),
        ("UPDATE person SET ref = x'00' WHERE ref = (SELECT min(ref) FROM person)", "bad_probe"),
    ],
)
def test_a_signed_list_that_is_none_is_refused(made: Object, sql: str, code: str) -> None:
    assert altered(made, lambda connection: connection.execute(sql)) == code


def test_a_file_that_is_no_database_is_refused(made: Object) -> None:
    raw = b"no database at all" * 300
    assert Object(made.folder, raw, signed(raw)).prove() == "bad_file"
