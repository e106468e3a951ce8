"""Loading gated.toml and hub.toml: every problem at once, each with its remedy."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from gated import config
from gated.errors import ConfigError

Write = Callable[..., Path]
Load = Callable[[Path], object]

FILES = 'cert = "a.pem"\nkey = "a.key"\n'
SMALLEST = '[gate]\nid = "east-1"\nsite = "example"\n'


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(text: str, name: str = "gated.toml") -> Path:
        path = tmp_path / name
        path.write_text(text, "utf-8")
        return path

    return written


def problems(path: Path, load: Load = config.load) -> list[str]:
    """Return the lines of the report below its head."""
    with pytest.raises(ConfigError) as caught:
        load(path)
    return [line.strip() for line in str(caught.value).splitlines()[1:]]


def test_two_names_are_enough(write: Write) -> None:
    loaded = config.load(write(SMALLEST))
    assert (loaded.gate.id, loaded.gate.site) == ("east-1", "example")
    assert loaded.card_reader == ()
    assert (loaded.camera, loaded.thermometer, loaded.broker, loaded.screen) == (None,) * 4
    assert loaded.visit.guard_s == 30.0


def test_a_section_that_is_empty_takes_every_default(write: Write) -> None:
    loaded = config.load(write(f"{SMALLEST}[screen]\n[thermometer]\n"))
    assert loaded.screen == config.ScreenSection()
    assert loaded.thermometer == config.ThermometerSection()
    assert loaded.thermometer.address == 0x5A


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('[camera]\nsource = "x"\nfsp = 9\n', "[camera] fsp: unknown key, did you mean fps?"),
        ('[camera]\nsource = "x"\nwidht = 9\n', "[camera] widht: unknown key, did you mean width?"),
        ("[screen]\nprot = 1\n", "[screen] prot: unknown key, did you mean port?"),
        ("[visit]\nguards_s = 1\n", "[visit] guards_s: unknown key, did you mean guard_s?"),
        ("[thermomenter]\n", "[thermomenter]: unknown key, did you mean thermometer?"),
        (
            '[card_reader]\nport = "x"\nbaude = 1\n',
            "[card_reader] baude: unknown key, did you mean baud?",
        ),
    ],
)
def test_an_unknown_key_names_the_nearest_known_one(write: Write, text: str, sentence: str) -> None:
    assert problems(write(SMALLEST + text)) == [sentence]


def test_an_unknown_key_near_nothing_lists_what_is_known_there(write: Write) -> None:
    (line,) = problems(write(f'{SMALLEST}[store]\nqqq = "x"\n'))
    assert line == "[store] qqq: unknown key; known here: dir"


def test_an_unknown_section_lists_the_sections(write: Write) -> None:
    (line,) = problems(write(f"{SMALLEST}[qqq]\n"))
    assert line.startswith("[qqq]: unknown key; known here: gate, store, keys, card_reader")


def test_all_problems_are_in_one_report(write: Write) -> None:
    text = """
    [gate]
    id = "East 1"
    direction = "up"
    timezone = "Mars/Olympus"
    [camera]
    fps = 120
    fsp = 1
    [visit]
    guard_s = 500
    """
    lines = problems(write(text))
    assert [re.split(r": ", line)[0] for line in lines] == [
        "[gate] id",
        "[gate] site",
        "[gate] direction",
        "[gate] timezone",
        "[camera] source",
        "[camera] fps",
        "[camera] fsp",
        "[visit] guard_s",
    ]
    assert "[gate] site: missing" in lines
    assert "'Mars/Olympus' is not a time zone name, for example Asia/Shanghai" in lines[3]
    assert lines[5].endswith("120 is above 60")


def test_a_wrong_value_is_shown_but_a_wrong_table_is_not_poured_out(write: Write) -> None:
    (line,) = problems(write(f"{SMALLEST}[store]\ndir = [1, 2, 3]\n"))
    assert line.startswith("[store] dir: ")
    assert "got" not in line


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "nowhere.toml"
    with pytest.raises(ConfigError) as caught:
        config.load(path)
    assert str(caught.value) == (
        f"cannot read configuration {path}: No such file or directory; "
        "copy config/gated.toml there, or name another file with --config"
    )


def test_a_file_that_is_no_toml_says_where(write: Write) -> None:
    with pytest.raises(ConfigError, match=r"is not TOML: .*line 1"):
        config.load(write("[gate\n"))


def test_a_file_that_is_no_utf8_says_so(tmp_path: Path) -> None:
    path = tmp_path / "gated.toml"
    path.write_bytes('[gate]\nname = "东门"\n'.encode("gb18030"))
    with pytest.raises(ConfigError, match="is not UTF-8 text; save it as UTF-8"):
        config.load(path)


def test_one_reader_is_a_table_and_two_are_an_array_of_tables(write: Write) -> None:
    one = config.load(write(f'{SMALLEST}[card_reader]\nport = "/dev/serial0"\n'))
    assert [reader.port for reader in one.card_reader] == ["/dev/serial0"]
    many = f'{SMALLEST}[[card_reader]]\nport = "a"\n[[card_reader]]\nport = "b"\nbaud = 9600\n'
    two = config.load(write(many))
    assert [(reader.port, reader.baud) for reader in two.card_reader] == [
        ("a", 115200),
        ("b", 9600),
    ]


def test_a_problem_in_the_second_reader_names_the_second(write: Write) -> None:
    text = f'{SMALLEST}[[card_reader]]\nport = "a"\n[[card_reader]]\nbaud = 9601\n'
    lines = problems(write(text))
    assert [line.split(":")[0] for line in lines] == [
        "[card_reader 2] port",
        "[card_reader 2] baud",
    ]


BOUNDS = [
    ("gate", "zone", 0, 65535, 1),
    ("card_reader", "hold_off_s", 0.5, 60, 0.1),
    ("camera", "width", 320, 4096, 1),
    ("camera", "height", 240, 2160, 1),
    ("camera", "fps", 1, 60, 1),
    ("thermometer", "address", 0x08, 0x77, 1),
    ("thermometer", "supply_v", 2.6, 5.5, 0.1),
    ("thermometer", "warm_up_s", 0, 3600, 1),
    ("broker", "port", 1, 65535, 1),
    ("broker", "reconnect_s", 0.05, 60, 0.01),
    ("screen", "port", 0, 65535, 1),
    ("screen", "diagonal_in", 2, 30, 0.1),
    ("visit", "pair_s", 3, 60, 0.1),
    ("visit", "measure_s", 1, 60, 0.1),
    ("visit", "dedupe_s", 0, 1800, 0.1),
    ("visit", "try_gap_s", 0.5, 60, 0.1),
    ("visit", "guard_s", 1, 120, 0.1),
]
REQUIRED = {"card_reader": 'port = "x"', "camera": 'source = "x"', "broker": 'host = "x"'}


def one_value(section: str, key: str, value: float) -> str:
    if section == "gate":
        return f"{SMALLEST}{key} = {value}\n"
    return f"{SMALLEST}[{section}]\n{REQUIRED.get(section, '')}\n{key} = {value}\n"


@pytest.mark.parametrize(("section", "key", "low", "high", "step"), BOUNDS)
def test_bounds_are_included_and_what_lies_beyond_is_refused(
    write: Write, section: str, key: str, low: float, high: float, step: float
) -> None:
    config.load(write(one_value(section, key, low)))
    config.load(write(one_value(section, key, high)))
    for beyond, words in ((round(low - step, 3), "below"), (round(high + step, 3), "above")):
        (line,) = problems(write(one_value(section, key, beyond)))
        limit = low if words == "below" else high
        assert line == f"[{section}] {key}: {beyond} is {words} {limit:g}"


@pytest.mark.parametrize("name", ["", "East", "east 1", "东门", "a/b", "a+b", "#", "x" * 33])
def test_a_name_that_cannot_stand_in_a_topic_is_refused(write: Write, name: str) -> None:
    (line,) = problems(write(f'[gate]\nid = "{name}"\nsite = "example"\n'))
    assert line.startswith("[gate] id: ")


@pytest.mark.parametrize("variant", ["dcc", "DC", "DCCC", "D1C"])
def test_a_variant_is_the_three_letters_on_the_can(write: Write, variant: str) -> None:
    (line,) = problems(write(f'{SMALLEST}[thermometer]\nvariant = "{variant}"\n'))
    assert line.startswith("[thermometer] variant: ")


def test_a_bus_is_a_number_or_a_device(write: Write) -> None:
    for shown, bus in (("3", 3), ('"/dev/i2c-3"', "/dev/i2c-3")):
        section = config.load(write(f"{SMALLEST}[thermometer]\nbus = {shown}\n")).thermometer
        assert section is not None
        assert section.bus == bus


def test_the_environment_names_the_file_and_an_argument_wins(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATED_CONFIG", str(write(SMALLEST, "named.toml")))
    assert config.load().gate.id == "east-1"
    other = write(SMALLEST.replace("east-1", "west-1"), "argument.toml")
    assert config.load(other).gate.id == "west-1"


def test_without_the_environment_the_files_lie_in_etc() -> None:
    assert Path("/etc/gated/gated.toml") == config.DEFAULT_PATH
    assert Path("/etc/gated/hub.toml") == config.DEFAULT_HUB_PATH


def test_a_loaded_configuration_does_not_change(write: Write) -> None:
    loaded = config.load(write(SMALLEST))
    with pytest.raises(ValidationError):
        loaded.gate.id = "other"


HUB = '[hub]\nsite = "example"\n[broker]\nhost = "localhost"\n'


def test_a_hub_needs_its_site_and_its_broker(write: Write) -> None:
    loaded = config.load_hub(write(HUB, "hub.toml"))
    assert (loaded.hub.site, loaded.broker.port) == ("example", 8883)
    lines = problems(write("", "empty.toml"), config.load_hub)
    assert lines == ["[hub]: missing", "[broker]: missing"]


def test_a_hub_has_a_file_of_its_own_in_the_environment(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATED_HUB_CONFIG", str(write(HUB, "hub.toml")))
    assert config.load_hub().hub.roster == "main"


def test_a_gates_file_is_no_hubs_file(write: Write) -> None:
    lines = problems(write(SMALLEST), config.load_hub)
    assert lines[:2] == ["[hub]: missing", "[broker]: missing"]
    assert lines[2].startswith("[gate]: unknown key")


KEYS = st.text(alphabet="abcdefghijklmnopqrstuvwxyz_", min_size=1, max_size=12)


@given(section=KEYS, key=KEYS, value=st.one_of(st.integers(), st.booleans(), st.text(max_size=8)))
def test_any_key_is_taken_or_named_in_the_report(
    tmp_path_factory: pytest.TempPathFactory, section: str, key: str, value: int | bool | str
) -> None:
    """Whatever stands in the file: it loads, or a ConfigError names section or key."""
    path = tmp_path_factory.getbasetemp() / "any.toml"
    shown = str(value).lower() if isinstance(value, bool) else repr_toml(value)
    path.write_text(f"{SMALLEST}[{section}]\n{key} = {shown}\n", "utf-8")
    report = ""
    try:
        config.load(path)
    except ConfigError as error:
        report = str(error)
    assert not report or f"[{section}]" in report or "not TOML" in report


def repr_toml(value: int | str) -> str:
    """Return a value as TOML writes it; text is escaped by code point."""
    if isinstance(value, int):
        return str(value)
    return '"' + "".join(f"\\U{ord(c):08x}" for c in value if not 0xD800 <= ord(c) < 0xE000) + '"'


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.20", "::", "gate-1.lan"])
def test_the_screen_itself_stays_on_this_machine(write: Write, host: str) -> None:
    (line,) = problems(write(f'{SMALLEST}[screen]\nhost = "{host}"\n'))
    assert line.startswith(f'[screen] host: "{host}" can be reached from other machines')
    assert "[screen.network]" in line


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "localhost", "::1"])
def test_every_name_of_this_machine_is_taken(write: Write, host: str) -> None:
    loaded = config.load(write(f'{SMALLEST}[screen]\nhost = "{host}"\n'))
    assert loaded.screen is not None
    assert loaded.screen.host == host


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("", ["host: missing", "cert: missing", "key: missing"]),
        (FILES + 'host = "0.0.0.0"\n', ["names: missing: 0.0.0.0 is no address a browser"]),
        (FILES + 'host = "10.0.0.7"\nport = 70000\n', ["port: 70000 is above 65535"]),
        (FILES + 'host = "10.0.0.7"\nnmaes = []\n', ["nmaes: unknown key, did you mean names?"]),
    ],
)
def test_a_table_within_a_table_is_named_whole(
    write: Write, text: str, sentences: list[str]
) -> None:
    lines = problems(write(f"{SMALLEST}[screen.network]\n{text}"))
    assert len(lines) == len(sentences)
    for line, sentence in zip(lines, sentences, strict=True):
        assert line.startswith(f"[screen.network] {sentence}")


def test_a_table_within_a_table_that_is_none_says_how_to_begin_it(write: Write) -> None:
    (line,) = problems(write(f"{SMALLEST}[screen]\nnetwork = 5\n"))
    assert line.startswith("[screen] network: must be a table, begun by a line [screen.network]")


def test_a_network_whose_address_is_a_name_needs_no_other(write: Write) -> None:
    text = f'{SMALLEST}[screen.network]\n{FILES}host = "10.0.0.7"\n'
    loaded = config.load(write(text))
    assert loaded.screen is not None
    assert loaded.screen.network is not None
    assert (loaded.screen.network.port, loaded.screen.network.session_h) == (8443, 12.0)
