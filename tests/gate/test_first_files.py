"""What a first start leaves on the disk, and what it never touches."""

import stat
from pathlib import Path

import pytest

from gated import config
from gated.gate.first_boot import Answers, configuration
from gated.gate.first_files import (
    DRAFT,
    Place,
    SetupRefused,
    check_place,
    read_draft,
    write,
)
from gated.store.keys import read_site_keys, read_trust

NOTHING = Answers(
    hub="none", name="东门", id="east-1", site="lake", direction="in", shadow="on",
    card="none", camera="none", wrist="none",
)  # fmt: skip


@pytest.fixture
def place(tmp_path: Path) -> Place:
    (tmp_path / "etc").mkdir()
    found = Place(tmp_path / "etc" / "gated.toml")
    check_place(found)
    return found


def text(place: Place) -> str:
    return configuration(NOTHING, None, place.keys, 3.3)


def everything(place: Place) -> dict[str, bytes]:
    found = (path for path in place.folder.rglob("*") if path.is_file())
    return {path.relative_to(place.folder).as_posix(): path.read_bytes() for path in found}


def test_a_gate_that_works_alone_has_configuration_and_keys_it_can_start_with(place: Place) -> None:
    written = write(place, text(place), alone=True)
    loaded = config.load(written.config)
    assert (loaded.gate.id, loaded.gate.shadow) == ("east-1", True)
    keys = read_site_keys(loaded.keys.site, loaded.keys.rest)
    assert keys.site != keys.rest
    assert read_trust(loaded.keys.trust).keys == ()
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in place.keys.iterdir()}
    assert modes == {"site.key": 0o600, "rest.key": 0o600, "trust.json": 0o644}
    assert stat.S_IMODE(place.config.stat().st_mode) == 0o640
    assert stat.S_IMODE(place.keys.stat().st_mode) == 0o700


def test_keys_that_are_there_stay(place: Place) -> None:
    write(place, text(place), alone=True)
    before = everything(place)
    place.config.unlink()
    (place.keys / "rest.key").unlink()
    written = write(place, text(place), alone=True)
    after = everything(place)
    assert [path.name for path in written.new_keys] == ["rest.key"]
    assert after["keys/site.key"] == before["keys/site.key"]
    assert after["keys/rest.key"] != before["keys/rest.key"]


def test_a_gate_of_a_hub_gets_no_keys_made_here(place: Place) -> None:
    place.draft.write_text("x")
    write(place, text(place), alone=False)
    assert set(everything(place)) == {"gated.toml"}, "and what the hub said is not kept twice"


def test_the_untouched_sample_is_replaced_and_kept(
    place: Place, request: pytest.FixtureRequest
) -> None:
    sample = (request.config.rootpath / "config/gated.toml").read_text("utf-8")
    place.config.write_text(sample, "utf-8")
    assert check_place(place) == "sample"
    (kept,) = write(place, text(place), alone=True).kept
    assert kept.read_text("utf-8") == sample


@pytest.mark.parametrize(
    "content", [b'[gate]\nid = "east-1"\nsite = "lake"\n', b"not toml", b"\xff", b""]
)
def test_a_configuration_somebody_made_is_never_replaced(place: Place, content: bytes) -> None:
    place.config.write_bytes(content)
    before = everything(place)
    for tried in (lambda: check_place(place), lambda: write(place, text(place), alone=True)):
        with pytest.raises(SetupRefused, match="move it away and start again") as caught:
            tried()
        assert caught.value.code == "config_there"
    assert everything(place) == before


def test_what_would_not_load_is_not_written(place: Place) -> None:
    with pytest.raises(SetupRefused) as caught:
        write(place, '[gate]\nid = "A"\nsite = "b"\n', alone=True)
    assert caught.value.code == "does_not_load"
    assert everything(place) == {}


def test_a_folder_that_cannot_be_written_is_named_before_anything_is_asked(tmp_path: Path) -> None:
    (tmp_path / "etc").write_text("a file where the folder should be")
    with pytest.raises(SetupRefused, match="run this with sudo") as caught:
        check_place(Place(tmp_path / "etc" / "gated.toml"))
    assert caught.value.code == "not_written"


def test_a_draft_is_read_only_when_it_is_whole(place: Place) -> None:
    assert read_draft(place) is None
    place.draft.write_text("[gate]\n", "utf-8")
    assert read_draft(place) is None
    assert place.draft.name == DRAFT
