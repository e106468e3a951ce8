"""The answers of a first start: which are taken, and the configuration that comes of them."""

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gated.config import Config
from gated.gate.first_boot import (
    NAME_MAX,
    SUGGESTIONS,
    AnswerRefused,
    Answers,
    Offered,
    changed,
    configuration,
    is_sample,
    joined_tables,
    missing,
    sections,
)

KEYS = Path("/etc/gated/keys")
OFFERED = Offered(
    {"card": ("/dev/serial0",), "camera": ("/dev/video0",), "wrist": ("/dev/i2c-1",)},
    ("DCC", "AAA"),
)
WHOLE = Answers(
    language="en",
    hub="none",
    name="东门",
    name_en="East gate",
    id="east-1",
    site="site-1",
    direction="out",
    shadow="on",
    card="/dev/serial0",
    camera="/dev/video0",
    wrist="/dev/i2c-1",
)
JOINED = """
[gate]
id = "west-2"
site = "lake"
name = "西门"
name_en = "West gate"
direction = "in"
timezone = "Asia/Urumqi"
[keys]
site = "/k/site.key"
rest = "/k/rest.key"
trust = "/k/trust.json"
hub = "/k/seal.pub"
[broker]
host = "broker.lan"
port = 8883
ca = "/k/ca.pem"
cert = "/k/gate.pem"
key = "/k/gate.key"
roster = "lake"
[screen]
"""


def loaded(answers: Answers, joined: str = "") -> Config:
    tables = joined_tables(joined) if joined else None
    return Config.model_validate(tomllib.loads(configuration(answers, tables, KEYS, 3.3)))


def refused(**answers: object) -> tuple[str, str]:
    with pytest.raises(AnswerRefused) as caught:
        changed(Answers(), answers, OFFERED)
    return caught.value.field, caught.value.code


def test_every_answer_stands_in_the_configuration() -> None:
    config = loaded(WHOLE)
    gate = config.gate
    assert (gate.id, gate.site, gate.name, gate.name_en) == (
        "east-1",
        "site-1",
        "东门",
        "East gate",
    )
    assert (gate.direction, gate.language, gate.shadow) == ("out", "en", True)
    assert config.card_reader[0].port == "/dev/serial0"
    assert config.camera is not None
    assert config.camera.source == "/dev/video0"
    assert config.thermometer is not None
    assert (config.thermometer.bus, config.thermometer.variant) == ("/dev/i2c-1", "DCC")
    assert (config.thermometer.supply_v, config.broker) == (3.3, None)
    assert config.keys.site == KEYS / "site.key"
    assert config.screen is not None


def test_a_device_that_is_not_there_is_left_out_and_said_so() -> None:
    none = replace(WHOLE, card="none", camera="none", wrist="none", shadow="off")
    config = loaded(none)
    assert (config.card_reader, config.camera, config.thermometer) == ((), None, None)
    assert config.gate.shadow is False
    text = configuration(none, None, KEYS, 3.3)
    for table in ("card_reader", "camera", "thermometer", "broker"):
        assert f"# No [{table}]" in text


def test_what_the_hub_said_wins_over_what_was_typed() -> None:
    config = loaded(WHOLE, JOINED)
    assert (config.gate.id, config.gate.site, config.gate.name) == ("west-2", "lake", "西门")
    assert (config.gate.direction, config.gate.timezone) == ("in", "Asia/Urumqi")
    assert (config.gate.language, config.gate.shadow) == ("en", True)
    assert config.broker is not None
    assert (config.broker.host, config.broker.roster) == ("broker.lan", "lake")
    assert config.keys.hub == Path("/k/seal.pub")
    assert config.camera is not None


@pytest.mark.parametrize("text", ["", "= 1", JOINED.replace("[broker]", "[brocker]"), "[gate]"])
def test_a_draft_that_joining_did_not_write_is_not_believed(text: str) -> None:
    with pytest.raises(ValueError, match="not what joining writes"):
        joined_tables(text)


NAMES = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=NAME_MAX)


@given(NAMES, NAMES)
def test_every_name_that_is_taken_comes_back_from_the_file(zh: str, en: str) -> None:
    """Quotes, backslashes and markup are signs like any other."""
    answers = changed(WHOLE, {"name": zh, "name_en": en}, OFFERED)
    gate = loaded(answers).gate
    assert (gate.name, gate.name_en) == (zh, en)


@pytest.mark.parametrize(
    "name", ["a\u202eb", "a\nb", "a\x7fb", "a\u200bb", "门" * (NAME_MAX + 1), "a\u2028b"]
)
def test_a_name_with_hidden_signs_or_too_long_is_refused(name: str) -> None:
    assert refused(name=name) == ("name", "bad_name")


@pytest.mark.parametrize("text", ["", "East 1", "east_1", "a" * 33, "东", "a/b", "a.b"])
def test_an_id_that_the_configuration_would_refuse_is_refused(text: str) -> None:
    assert refused(id=text) == ("id", "bad_id")
    assert refused(site=text) == ("site", "bad_id")


def test_only_what_was_found_can_be_chosen() -> None:
    assert refused(card="/etc/passwd") == ("card", "not_there")
    assert refused(camera="/etc/passwd") == ("camera", "not_there")
    assert refused(wrist="/dev/i2c-9") == ("wrist", "not_there")
    assert refused(variant="ZZZ") == ("variant", "not_offered")
    taken = changed(Answers(), {"card": "none", "camera": "/dev/video0", "wrist": ""}, OFFERED)
    assert (taken.card, taken.camera, taken.wrist) == ("none", "/dev/video0", "")


@pytest.mark.parametrize("address", ["http://cam.lan:8080/stream?x=1", "https://u:p@10.0.0.9/v"])
def test_a_network_camera_is_named_by_its_address(address: str) -> None:
    assert changed(Answers(), {"camera": address}, OFFERED).camera == address


@pytest.mark.parametrize(
    "address",
    [
        "http://",
        "file:///etc/passwd",
        "http://a b/",
        "http://a\n/",
        "rtsp://cam",
        "http://" + "a" * 300,
    ],
)
def test_what_is_no_address_of_a_camera_is_refused(address: str) -> None:
    assert refused(camera=address) == ("camera", "not_there")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("language", "fr"),
        ("hub", "joined"),
        ("direction", "both"),
        ("shadow", ""),
        ("shadow", True),
    ],
)
def test_a_choice_that_is_not_offered_is_refused(field: str, value: object) -> None:
    assert refused(**{field: value}) == (field, "not_offered")


def test_an_answer_to_a_question_nobody_asked_is_refused_and_takes_the_others_with_it() -> None:
    assert refused(name="东门", store="/") == ("", "not_offered")


def test_what_is_not_answered_yet_is_named_in_the_order_of_the_questions() -> None:
    assert missing(WHOLE, joined=False) == ()
    assert missing(Answers(), joined=False)[0] == "hub"
    assert missing(Answers(shadow="on"), joined=True) == ("card", "camera", "wrist")
    assert missing(replace(WHOLE, site="", card=""), joined=False) == ("site", "card")


def test_the_shipped_sample_is_known_and_nothing_else_is(request: pytest.FixtureRequest) -> None:
    text = (request.config.rootpath / "config/gated.toml").read_text("utf-8")
    assert is_sample(tomllib.loads(text))
    for line in ('id = "east-2"', 'site = "lake"'):
        key = line.split(" ")[0]
        other = "\n".join(line if old.startswith(f"{key} = ") else old for old in text.split("\n"))
        assert not is_sample(tomllib.loads(other))
    assert not is_sample(tomllib.loads(text + "\n[camera]\nsource = '/dev/video0'\n"))
    assert not is_sample({})


def test_every_suggested_name_and_its_id_are_taken() -> None:
    for zh, en, start in SUGGESTIONS:
        given_ = {"name": zh, "name_en": en, "id": f"{start}-1"}
        assert changed(Answers(), given_, OFFERED).name == zh


def test_the_settings_that_are_tried_are_those_that_are_written() -> None:
    config = loaded(WHOLE)
    made = sections(WHOLE, 3.3)
    assert made["card"] == config.card_reader[0]
    assert made["camera"] == config.camera
    assert made["wrist"] == config.thermometer
    assert sections(replace(WHOLE, card="none"), 3.3)["card"] is None
