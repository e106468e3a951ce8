"""The wizard's server: who may speak with it, what it takes, and what two browsers see."""

import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from drivers.card_reader.simulator_records import resident_record
from gated import config
from gated.gate.first_files import DRAFT, SetupRefused
from gated.gate.joining import JoinFailed
from gated.hub.enrolment import Enrolments, NewGate
from gated.hub.web.server import PagesServer
from gated.screen.border import SAFE_HEADERS
from tests.support.enrol import open_enrol_desk
from tests.support.hub_pages import served
from tests.support.office import Desk
from tests.support.waiting import wait_until
from tests.support.wizard import Plugs, Wizard, plugged, wizard

NAME, NUMBER = "金丝雀", "11010519491231002X"
CODE = "CANARY-2020-CODE"
HOSTILE = '<img src=x onerror="alert(1)">'[:24]


@pytest.fixture(scope="module")
def plugs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plugs]:
    with plugged(tmp_path_factory.mktemp("plugs")) as found:
        yield found


@pytest.fixture
def made(tmp_path: Path, plugs: Plugs) -> Iterator[Wizard]:
    (tmp_path / "etc").mkdir()
    with wizard(tmp_path, plugs) as found:
        yield found


def answer_all(made: Wizard, **other: str) -> None:
    answers = {
        "hub": "none", "name": "东门", "name_en": "East gate", "id": "east-1", "site": "lake",
        "direction": "out", "shadow": "on", "card": "none", "camera": "none", "wrist": "none",
    }  # fmt: skip
    answer = made.answer(**(answers | other))
    assert answer.status_code == 200, answer.text


def finish(made: Wizard) -> httpx.Response:
    return made.post("finish", {"number": made.state()["number"]})


def error(answer: httpx.Response) -> str:
    said: str = answer.json()["error"]
    return said


# The border.


def test_every_answer_is_guarded_and_nothing_is_kept(made: Wizard) -> None:
    for path in ("", "state", "healthz", "setup.js", "words.js", "nothing"):
        answer = made.get(path)
        for name, value in SAFE_HEADERS.items():
            assert answer.headers[name] == value, path
    assert made.get("state").headers["cache-control"] == "no-store"
    assert made.get("nothing").status_code == 404


def test_strangers_are_refused(made: Wizard) -> None:
    url = made.url + "state"
    assert httpx.get(url, headers={"Host": "evil.example"}).status_code == 403
    assert made.post("finish", {}, Origin="http://evil.example").status_code == 403
    token = made.post("finish", {}, **{"X-Gated-Token": "wrong"})
    assert (token.status_code, error(token)) == (403, "stale_page")


@pytest.mark.parametrize("path", ["answer", "join", "try", "finish"])
def test_what_is_not_understood_is_refused_with_a_word(made: Wizard, path: str) -> None:
    assert made.post(path, [1]).status_code == 422
    assert made.post(path, {"answers": 3, "kind": [], "number": "x"}).status_code == 409
    assert made.post(path, {"x": "y" * 3000}).status_code == 413
    assert made.get(path).status_code in (404, 405)


@pytest.mark.parametrize("trial", ["", "x", "-1", "9" * 40, "1", "%F0%9F"])
def test_a_trial_that_is_not_on_is_over(made: Wizard, trial: str) -> None:
    for path in ("trial", "picture"):
        answer = made.get(f"{path}?trial={trial}")
        assert (answer.status_code, error(answer)) == (409, "trial_over")


# Answers.


def test_answers_make_a_configuration_the_gate_loads(made: Wizard, plugs: Plugs) -> None:
    answer_all(made, card=plugs.card, camera=plugs.camera.url, wrist=plugs.bus, variant="BCC")
    said = finish(made)
    assert said.status_code == 200
    assert said.json()["written"] is True
    loaded = config.load(made.place.config)
    assert (loaded.gate.name, loaded.gate.direction, loaded.gate.shadow) == ("东门", "out", True)
    assert loaded.card_reader[0].port == plugs.card
    assert loaded.thermometer is not None
    assert loaded.thermometer.variant == "BCC"
    assert stat.S_IMODE(made.place.config.stat().st_mode) == 0o640
    assert made.server.finished.wait(20)


def test_an_unfinished_wizard_writes_nothing(made: Wizard) -> None:
    made.answer(hub="none", name="东门")
    said = finish(made)
    assert (said.status_code, error(said), said.json()["field"]) == (409, "not_answered", "id")
    assert not made.place.config.exists()
    assert not made.server.finished.is_set()


def test_a_name_with_markup_is_a_name(made: Wizard) -> None:
    answer_all(made, name=HOSTILE)
    assert finish(made).status_code == 200
    assert config.load(made.place.config).gate.name == HOSTILE


def test_a_wrong_answer_names_its_field_and_repeats_nothing(made: Wizard) -> None:
    said = made.answer(id="Not An Id")
    assert (said.status_code, said.json()) == (409, {"error": "bad_id", "field": "id"})


def test_a_configuration_made_meanwhile_is_not_replaced(made: Wizard) -> None:
    answer_all(made)
    made.place.config.write_text('[gate]\nid = "by-hand"\nsite = "lake"\n')
    assert error(finish(made)) == "config_there"
    assert config.load(made.place.config).gate.id == "by-hand"
    assert list(made.place.keys.iterdir()) == []


def test_a_wizard_does_not_even_begin_over_a_configuration(tmp_path: Path, plugs: Plugs) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/gated.toml").write_text('[gate]\nid = "by-hand"\nsite = "lake"\n')
    with pytest.raises(SetupRefused, match="was made by somebody"), wizard(tmp_path, plugs):
        pass


# Two browsers.


def test_a_browser_that_is_behind_is_told_and_changes_nothing(made: Wizard) -> None:
    behind = made.state()["number"]
    assert made.answer(name="东门", id="east-1").status_code == 200
    late = made.post("answer", {"number": behind, "answers": {"name": "西门", "id": "west-1"}})
    assert (late.status_code, error(late)) == (409, "changed_elsewhere")
    assert made.state()["answers"]["name"] == "东门"


def test_of_two_browsers_that_finish_at_once_one_writes(made: Wizard) -> None:
    answer_all(made)
    number = made.state()["number"]
    said: list[httpx.Response] = []
    both = [
        threading.Thread(target=lambda: said.append(made.post("finish", {"number": number})))
        for _ in range(2)
    ]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join(20)
    assert sorted(answer.status_code for answer in said) == [200, 409]
    assert [error(a) for a in said if a.status_code == 409] == ["already_written"]


def test_a_second_trial_takes_over_from_the_first(made: Wizard, plugs: Plugs) -> None:
    made.answer(card=plugs.card, wrist=plugs.bus)
    first = made.post("try", {"kind": "card"}).json()["trial"]
    second = made.post("try", {"kind": "wrist"}).json()["trial"]
    assert made.get(f"trial?trial={first}").status_code == 409
    assert made.get(f"trial?trial={second}").json()["kind"] == "wrist"


def test_a_device_that_was_not_chosen_cannot_be_tried(made: Wizard) -> None:
    made.answer(card="none")
    for kind in ("card", "camera", "barrier", None):
        assert error(made.post("try", {"kind": kind})) == "nothing_to_try"


# What nobody may find later.


def test_no_card_code_or_picture_reaches_disk_or_log(
    made: Wizard, plugs: Plugs, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    answer_all(made, card=plugs.card, camera=plugs.camera.url)
    plugs.reader.present(resident_record(NAME, NUMBER))
    plugs.camera.show(CODE)
    told = ""
    for kind in ("card", "camera"):
        trial = made.post("try", {"kind": kind}).json()["trial"]

        def seen(trial: int = trial) -> bool:
            nonlocal told
            answer = made.get(f"trial?trial={trial}")
            told += answer.text
            return bool(answer.json()["seen"])

        wait_until(seen, what=f"a {kind}")
    picture = made.get(f"picture?trial={trial}")
    assert picture.headers["cache-control"] == "no-store"
    assert picture.content[:2] == b"\xff\xd8"
    tried = made.state()["tried"]
    assert (tried["card"]["seen"], tried["camera"]["seen"]) == ("resident", "code")
    assert finish(made).status_code == 200
    plugs.reader.remove()
    plugs.camera.show(None)
    told += "".join(capfd.readouterr())
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    told += b"".join(path.read_bytes() for path in files).decode("utf-8", "replace")
    assert {path.name for path in files} == {"gated.toml", "site.key", "rest.key", "trust.json"}
    for canary in (NAME, NUMBER, NUMBER[6:14], CODE):
        assert canary not in told
    assert b"\xff\xd8\xff" not in b"".join(path.read_bytes() for path in files)


# Joining the hub.


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Desk, PagesServer]]:
    desk = open_enrol_desk(tmp_path_factory.mktemp("hub"), now_ms=time.time_ns() // 1_000_000)
    web = desk.office.config.web
    assert web is not None
    with served(desk, web.model_copy(update={"port": 0})) as server:
        yield desk, server
    desk.office.database.close()


def code(desk: Desk, name: str = "east-1") -> str:
    wanted = NewGate(name, "东门", "East gate", "out")
    return Enrolments(desk.office).make(desk.actor(), wanted).code.shown


def join(made: Wizard, address: str, code_text: str) -> httpx.Response:
    number = made.state()["number"]
    return made.post("join", {"number": number, "address": address, "code": code_text})


def test_a_gate_joins_and_its_configuration_is_the_hubs(
    made: Wizard, hub: tuple[Desk, PagesServer], tmp_path: Path, plugs: Plugs
) -> None:
    desk, server = hub
    said = join(made, f"127.0.0.1:{server.port}", code(desk))
    assert said.status_code == 200, said.text
    assert said.json()["joined"]["id"] == "east-1"
    assert not made.place.config.exists(), "not before the devices were asked for"
    # The power goes and comes back: the code would not work a second time.
    with wizard(tmp_path, plugs) as again:
        assert again.state()["joined"]["site"] == "east"
        again.answer(shadow="off", card="none", camera="none", wrist="none")
        assert error(join(again, "127.0.0.1", code(desk, "east-2"))) == "already_joined"
        assert error(again.answer(hub="none")) == "already_joined"
        assert finish(again).status_code == 200
    loaded = config.load(made.place.config)
    assert (loaded.gate.id, loaded.gate.site, loaded.gate.direction) == ("east-1", "east", "out")
    assert loaded.broker is not None
    assert loaded.broker.key == made.place.keys / "gate.key"
    assert not (made.place.folder / DRAFT).exists()


def test_nobody_finishes_or_joins_while_the_keys_are_fetched(
    made: Wizard, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer_all(made)
    number = made.state()["number"]
    begun, go_on, said = threading.Event(), threading.Event(), []

    def slowly(*_: object, **__: object) -> None:
        begun.set()
        assert go_on.wait(20)
        raise JoinFailed("cannot join: nobody answered", "unreachable")

    monkeypatch.setattr("gated.gate.setup_session.join", slowly)
    first = threading.Thread(target=lambda: said.append(join(made, "127.0.0.1", "ABC")))
    first.start()
    assert begun.wait(20)
    try:
        assert error(made.post("finish", {"number": number})) == "busy"
        assert error(join(made, "127.0.0.1", "ABC")) == "busy"
        assert not made.place.config.exists()
    finally:
        go_on.set()
        first.join(20)
    assert error(said[0]) == "join_unreachable"
    assert finish(made).status_code == 200


def test_every_way_a_code_can_fail_has_its_word(
    made: Wizard, hub: tuple[Desk, PagesServer]
) -> None:
    desk, server = hub
    address = f"https://127.0.0.1:{server.port}"
    good = code(desk, "west-1")
    wrong = good[:-1] + ("0" if good[-1] != "0" else "1")
    assert error(join(made, address, "ABC")) == "join_mistyped"
    assert error(join(made, address, wrong)) == "join_other_server"
    assert error(join(made, "https://", good)) == "join_bad_address"
    assert error(join(made, "127.0.0.1:9", good)) == "join_unreachable"
    unknown = "ZZZZ-ZZZZ" + good[9:]
    assert error(join(made, address, unknown)) == "join_wrong_code"
    assert made.state()["joined"] is None
    assert list(made.place.keys.iterdir()) == []


def test_keys_that_are_there_are_not_replaced(made: Wizard, hub: tuple[Desk, PagesServer]) -> None:
    desk, server = hub
    (made.place.keys / "site.key").write_text("old")
    said = join(made, f"127.0.0.1:{server.port}", code(desk, "north-1"))
    assert error(said) == "join_keys_there"
    assert (made.place.keys / "site.key").read_text() == "old"


def test_nothing_is_left_beside_the_configuration(made: Wizard) -> None:
    answer_all(made)
    assert finish(made).status_code == 200
    assert sorted(path.name for path in made.place.folder.iterdir()) == ["gated.toml", "keys"]
