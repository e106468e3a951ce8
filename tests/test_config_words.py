"""A faulty configuration is told in plain words: what each key must be, never a tool's own terms."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gated import config
from gated.errors import ConfigError

HEAD = '[gate]\nid = "east-1"\nsite = "example"\n'
NAME_WORDS = "may hold a-z, 0-9 and -, at least 1 and at most 32 of them"
HOST_WORDS = "may hold letters, digits, dots and -, as a name or an address has them"
READER = '[[card_reader]]\nport = "/dev/serial0"\n'
FOREIGN = ("Value error", "Input should", "pydantic", "type=", "valid string", "dictionary")

Load = Callable[[Path], object]


def report(folder: Path, text: str, load: Load = config.load) -> list[str]:
    """Return the lines below the head of the report on this file."""
    path = folder / "gated.toml"
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigError) as caught:
        load(path)
    return [line.strip() for line in str(caught.value).splitlines()[1:]]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('[gate]\nid = "East 1"\nsite = "a"\n', f'[gate] id: {NAME_WORDS} (got "East 1")'),
        ('[gate]\nid = 7\nsite = "a"\n', "[gate] id: must be text (got 7)"),
        (HEAD + 'zone = "a"\n', '[gate] zone: must be a whole number (got "a")'),
        (HEAD + "zone = 1.5\n", "[gate] zone: must be a whole number (got 1.5)"),
        (HEAD + 'shadow = "maybe"\n', '[gate] shadow: must be true or false (got "maybe")'),
        (HEAD + 'direction = "up"\n', '[gate] direction: must be "in", "out" or "both" (got "up")'),
        (
            HEAD + 'timezone = "Mars/Olympus"\n',
            "[gate] timezone: 'Mars/Olympus' is not a time zone name, for example Asia/Shanghai",
        ),
        (HEAD + "[store]\ndir = 5\n", "[store] dir: must be a path, written as text (got 5)"),
        (HEAD + '[visit]\npair_s = "x"\n', '[visit] pair_s: must be a number (got "x")'),
        (HEAD + "[visit]\npair_s = nan\n", "[visit] pair_s: must be a number (got nan)"),
        (
            HEAD + '[thermometer]\nvariant = "dcc"\n',
            '[thermometer] variant: must be three capital letters, as on the can (got "dcc")',
        ),
        (
            HEAD + "[thermometer]\nbus = []\n",
            "[thermometer] bus: must be text or a whole number",
        ),
        (
            HEAD + '[card_reader]\nport = "x"\nbaud = 5\n',
            "[card_reader] baud: must be 9600, 19200, 38400, 57600 or 115200 (got 5)",
        ),
        ("camera = 5\n" + HEAD, "[camera]: must be a table, begun by a line [camera] (got 5)"),
        ("card_reader = [1]\n" + HEAD,
         "[card_reader]: must be a table, begun by a line [card_reader] (got 1)"),
        ("visit = []\n" + HEAD, "[visit]: must be a table, begun by a line [visit]"),
        (HEAD + '[screen]\nnames = "a"\n', '[screen] names: must be a list (got "a")'),
        (
            HEAD + '[screen]\nnames = ["a b"]\n',
            f'[screen] names: {HOST_WORDS} (got "a b")',
        ),
    ],
)  # fmt: skip
def test_a_faulty_value_is_told_in_our_words(tmp_path: Path, text: str, sentence: str) -> None:
    assert report(tmp_path, text) == [sentence]


def test_of_several_readers_the_faulty_one_is_numbered(tmp_path: Path) -> None:
    lines = report(tmp_path, HEAD + READER + "[[card_reader]]\nbaud = 5\nprot = 1\n" + READER)
    assert [line.partition(":")[0] for line in lines] == [
        "[card_reader 2] port",
        "[card_reader 2] baud",
        "[card_reader 2] prot",
    ]
    assert lines[2].endswith("unknown key, did you mean port?")


def test_a_single_reader_has_no_number(tmp_path: Path) -> None:
    assert report(tmp_path, HEAD + "[[card_reader]]\n") == ["[card_reader] port: missing"]


def test_a_password_is_never_repeated(tmp_path: Path) -> None:
    broker = '[broker]\nhost = "localhost"\npassword = 471147\n'
    assert report(tmp_path, HEAD + broker) == ["[broker] password: must be text"]


def test_a_hubs_time_zone_is_looked_at_as_well(tmp_path: Path) -> None:
    text = '[hub]\nsite = "a"\ntimezone = "Shanghai"\n[broker]\nhost = "localhost"\n'
    (line,) = report(tmp_path, text, config.load_hub)
    assert line.startswith("[hub] timezone: 'Shanghai' is not a time zone name")


def test_a_missing_hub_file_names_the_hubs_sample(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"copy config/hub\.toml there"):
        config.load_hub(tmp_path / "hub.toml")


def test_a_file_this_user_may_not_read_names_the_user_who_may(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> str:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_text", refuse)
    with pytest.raises(ConfigError, match=r"Permission denied; .*sudo -u gated gated") as caught:
        config.load(tmp_path / "gated.toml")
    assert "copy" not in str(caught.value)


def test_names_of_the_screen_are_taken_as_a_list(tmp_path: Path) -> None:
    path = tmp_path / "gated.toml"
    path.write_text(HEAD + '[screen]\nhost = "127.0.0.2"\nnames = ["gate-1.lan", "10.0.0.7"]\n')
    screen = config.load(path).screen
    assert screen is not None
    assert screen.names == ("gate-1.lan", "10.0.0.7")


VALUES = st.sampled_from(["5", "-1", "1.5", "nan", "true", '""', '"é x"', "[]", "[1]", "{a = 1}"])
KEYS = [
    (table, key)
    for table, field in config.Config.model_fields.items()
    for model in (field.annotation, *getattr(field.annotation, "__args__", ()))
    for key in getattr(model, "model_fields", {})
]


@given(where=st.sampled_from(KEYS), value=VALUES)
def test_no_value_of_any_key_brings_out_a_tools_own_terms(
    tmp_path_factory: pytest.TempPathFactory, where: tuple[str, str], value: str
) -> None:
    table, key = where
    path = tmp_path_factory.getbasetemp() / "words.toml"
    path.write_text(f"[{table}]\n{key} = {value}\n", "utf-8")
    with pytest.raises(ConfigError) as caught:  # the gate's names are missing in any case
        config.load(path)
    said = str(caught.value)
    assert not [word for word in FOREIGN if word in said], said
