"""[station], [rounds], [notice] and the screen's night: what may stand there, told in our words."""

from pathlib import Path

import pytest

from gated import config
from gated.errors import ConfigError

HEAD = '[gate]\nid = "east-1"\nsite = "example"\n'
PHONE = "must be a telephone number: digits, spaces and -, with + in front if need be"
NIGHT = 'takes two times of the day, for example ["20:00", "06:00"], or none'
TIMES = "must be times of the day, as 06:00"


def load(folder: Path, text: str) -> config.Config:
    path = folder / "gated.toml"
    path.write_text(HEAD + text, "utf-8")
    return config.load(path)


def test_a_gate_needs_none_of_them(tmp_path: Path) -> None:
    loaded = load(tmp_path, "[screen]\n")
    assert (loaded.station.phone, loaded.rounds.every_h, loaded.notice.basis) == ("", 4, "")
    assert loaded.screen is not None
    assert loaded.screen.night == ("20:00", "06:00")


@pytest.mark.parametrize("phone", ["", "110", "027-8888 1234", "+86 27 8888 1234"])
def test_a_telephone_number_is_taken_as_people_write_it(tmp_path: Path, phone: str) -> None:
    assert load(tmp_path, f'[station]\nphone = "{phone}"\n').station.phone == phone


def test_a_night_may_be_never(tmp_path: Path) -> None:
    loaded = load(tmp_path, "[screen]\nnight = []\n")
    assert loaded.screen is not None
    assert loaded.screen.night == ()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('[station]\nphone = "call us"\n', f'[station] phone: {PHONE} (got "call us")'),
        ("[station]\nphone = 110\n", "[station] phone: must be text (got 110)"),
        ("[rounds]\nevery_h = 169\n", "[rounds] every_h: 169 is above 168"),
        ("[rounds]\nevery_h = -1\n", "[rounds] every_h: -1 is below 0"),
        ("[notice]\nbasis = 1\n", "[notice] basis: must be text (got 1)"),
        ('[notice]\nbases = ""\n', "[notice] bases: unknown key, did you mean basis?"),
        ('[screen]\nnight = ["20:00"]\n', f"[screen] night: {NIGHT}"),
        ('[screen]\nnight = ["20:00", "20:00"]\n', f"[screen] night: {NIGHT}"),
        ('[screen]\nnight = ["20:00", "25:00"]\n', f"[screen] night: {NIGHT}"),
        ('[screen]\nnight = ["8 pm", "06:00"]\n', f'[screen] night: {TIMES} (got "8 pm")'),
    ],
)
def test_a_faulty_value_is_told_in_our_words(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text)
    assert [line.strip() for line in str(caught.value).splitlines()[1:]] == [sentence]


@pytest.mark.parametrize(
    "pair",
    [
        '["http://127.0.0.1:8321"]',
        '["http://127.0.0.1:8321", "http://127.0.0.1:8321"]',
        '["http://127.0.0.1:8321", "http://gate-2.lan:8321"]',
        '["http://127.0.0.1:8321", "http://127.0.0.1:8322/; script-src *"]',
    ],
)
def test_a_pair_is_two_screens_of_this_machine(tmp_path: Path, pair: str) -> None:
    with pytest.raises(ConfigError, match="takes the addresses of two screens on this machine"):
        load(tmp_path, f"[screen]\npair = {pair}\n")


def test_two_screens_of_this_machine_are_a_pair(tmp_path: Path) -> None:
    pair = '["http://127.0.0.1:8321", "http://localhost:8322"]'
    loaded = load(tmp_path, f"[screen]\npair = {pair}\n")
    assert loaded.screen is not None
    assert loaded.screen.pair == ("http://127.0.0.1:8321", "http://localhost:8322")
