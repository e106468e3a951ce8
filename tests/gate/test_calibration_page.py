"""The calibration page's server: every order, who may give it, and what is gone on with."""

import json
import threading
import tomllib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from gated.core.calibration import SiteCalibration, parse_calibration
from gated.core.model import Measurement, TemperatureState
from gated.errors import StoreError
from gated.gate.calibration_session import alone
from gated.screen.border import SAFE_HEADERS
from gated.store.small_file import read_small
from tests.gate.gate_world import write_calibration
from tests.support.calibration_page import Page, calibration_page
from tests.support.technician import C_MC, SERIAL, TODAY, person
from tests.support.waiting import wait_until

ORDERS = (
    "call", "stop", "contact", "leave", "drop", "correct", "keep", "anew", "write", "end",
)  # fmt: skip


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    with calibration_page(tmp_path) as found:
        yield found


def error(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]


def written(folder: Path) -> SiteCalibration:
    table = tomllib.loads((folder / "site.toml").read_text("utf-8"))
    return parse_calibration(table["calibration"])


def kept(folder: Path) -> dict[str, Any]:
    return dict(read_small(folder / "store" / "thermometer-pairs.json"))


# The border.


def test_every_answer_is_guarded_and_nothing_is_kept(page: Page) -> None:
    for path in ("", "state", "live", "plot.svg", "page.js", "setup.css", "words.js", "nothing"):
        answer = page.get(path)
        for name, value in SAFE_HEADERS.items():
            assert answer.headers[name] == value, path
    for path in ("state", "live", "plot.svg"):
        assert page.get(path).headers["cache-control"] == "no-store"
    assert page.get("nothing").status_code == 404
    assert page.get("steps.js").status_code == 404, "the wizard's own files are not served"


def test_strangers_are_refused(page: Page) -> None:
    page.opened()
    assert httpx.get(page.url + "state", headers={"Host": "evil.example"}).status_code == 403
    for path in ORDERS:
        number = {"number": page.number}
        assert page.send(path, number, Origin="http://evil.example").status_code == 403
        wrong = page.send(path, number, **{"X-Gated-Token": "wrong"})
        assert error(wrong) == (403, "stale_page"), path
    assert page.phase() == "ready"


def test_what_is_not_understood_changes_nothing(page: Page) -> None:
    page.opened().measured(1)
    before = page.state()
    for path in ORDERS:
        assert page.send(path, [1]).status_code == 422
        assert page.send(path, {"x": "y" * 3000}).status_code == 413
        assert page.get(path).status_code in (404, 405)
        for number in (None, "1", True, 10**30, before["number"] - 1):
            sent = {"number": number, "contact": "36.5", "place": 0}
            assert error(page.send(path, sent)) == (409, "changed_elsewhere"), path
    for path, code in (
        ("drop", "no_such_pair"), ("correct", "no_such_pair"), ("keep", "not_doubted"),
    ):  # fmt: skip
        for place in (None, "0", True, -1, 1, 10**30):
            assert error(page.post(path, place=place, contact="36.5")) == (409, code)
    assert page.state() == before


def test_orders_out_of_turn_are_refused(page: Page) -> None:
    assert error(page.post("call")) == (409, "not_now"), "no reading came yet"
    page.opened()
    for path in ("stop", "contact", "leave"):
        assert error(page.post(path, contact="36.5")) == (409, "not_now"), path
    page.done("call")
    for path in ("call", "write", "drop", "anew", "end", "contact", "leave"):
        assert error(page.post(path, place=0, contact="36.5")) == (409, "not_now"), path


# A person.


def test_a_wrist_and_a_typed_value_are_a_pair(page: Page, tmp_path: Path) -> None:
    page.opened()
    assert page.done("call")["phase"] == "waiting"
    page.tell(reason="moving", phase="measuring")
    assert page.get("live").json()["said"]["code"] == "moving"
    page.wrist(0)
    state = page.state()
    skin, around, _ = person(0)
    assert state["phase"] == "typing"
    assert state["wrist"]["skin_mc"] == pytest.approx(skin, abs=5)
    assert state["wrist"]["surroundings_mc"] == pytest.approx(around, abs=15)
    state = page.done("contact", contact="36.5")
    (pair,) = state["session"]["pairs"]
    assert (pair["contact_mc"], pair["off_mc"], pair["doubted"]) == (36_500, None, False)
    assert state["session"]["missing"] == ["people", "spread"]
    assert (state["phase"], state["wrist"]) == ("ready", None)
    assert kept(tmp_path)["pairs"] == [[pair["skin_mc"], pair["surroundings_mc"], 36_500]]


def test_a_value_that_cannot_be_one_is_asked_for_again(page: Page) -> None:
    page.opened().done("call")
    page.wrist(0)
    no_number = ("365", "36.55", "٣٦.٥", "", 36.5, "3" * 100, None)
    for typed, code in (
        *((one, "no_number") for one in no_number),
        ("33.5", "contact_range"),
        ("41.9", "far_from_skin"),
    ):
        answer = page.post("contact", contact=typed)
        assert (*error(answer), answer.json()["field"]) == (409, code, "contact"), typed
        assert page.phase() == "typing"
    assert len(page.done("contact", contact="36,5")["session"]["pairs"]) == 1


def test_somebody_can_be_left_out_and_a_wait_given_up(page: Page) -> None:
    page.opened().done("call")
    assert page.done("stop")["phase"] == "ready"
    page.wrist(0)
    assert page.phase() == "ready", "nobody waited for it"
    page.done("call")
    page.wrist(1)
    assert page.done("leave")["session"]["pairs"] == []


def test_a_visit_is_left_alone_and_an_unusable_value_ends_the_wait(page: Page) -> None:
    page.opened().done("call")
    page.wrist(0, awaited=True)
    assert page.get("live").json()["said"]["code"] == "visit"
    assert page.phase() == "waiting"
    page.tell(taken=Measurement(TemperatureState.UNSTABLE, detail="moving"))
    said = page.get("live").json()["said"]
    assert (page.phase(), said) == ("ready", {"code": "no_value", "detail": "moving"})


def test_a_minute_without_a_wrist_ends_the_wait(page: Page) -> None:
    page.opened().done("call")
    for _ in range(2):
        page.clock += 250
        page.tell()
    assert page.phase() == "waiting"
    page.clock += 400
    page.tell()
    assert page.get("live").json()["said"]["code"] == "no_wrist"
    assert page.phase() == "ready"


def test_the_newest_reading_is_told_without_what_nobody_asked_for(page: Page) -> None:
    page.opened()
    live = page.get("live").json()
    assert live["reading"]["object_mc"] == 22_000
    assert set(live["reading"]) == {"object_mc", "skin_mc", "background_mc", "surroundings_mc"} | {
        "phase", "reason", "awaited", "calibrated",
    }  # fmt: skip


# The table and the fit.


def test_thirty_people_make_a_calibration_with_its_plot(page: Page, tmp_path: Path) -> None:
    page.opened().measured(32)
    session = page.state()["session"]
    assert (session["missing"], session["refusal"], session["former"]) == ([], None, None)
    assert session["fit"]["k_milli"] == pytest.approx(250, abs=5)
    assert all(pair["off_mc"] is not None for pair in session["pairs"])
    assert not (tmp_path / "site.toml").exists(), "not before it is asked for"
    state = page.done("write")
    made = written(tmp_path)
    assert made.c_mc == pytest.approx(C_MC, abs=60)
    assert (made.people, made.sensor, made.made) == (32, SERIAL, TODAY)
    assert (tmp_path / "site.svg").read_text("utf-8").count("<circle") == 32
    told = state["written"]
    assert (told["path"], told["kept"], told["in_use"]) == (str(tmp_path / "site.toml"), None, True)
    assert told["calibration"]["ends"] == str(TODAY + timedelta(days=90))
    assert not (tmp_path / "store" / "thermometer-pairs.json").exists()
    assert not page.server.finished.is_set(), "what was written can be looked at"
    assert error(page.post("write")) == (409, "not_now")
    assert page.done("end")["phase"] == "left"
    assert page.server.finished.wait(20)


def test_the_picture_is_drawn_in_both_languages(page: Page) -> None:
    page.opened()
    assert page.get("plot.svg").status_code == 204
    page.measured(32, p9=38.9)
    zh, en = (page.get(f"plot.svg?language={one}").text for one in ("zh", "en"))
    assert zh.count("<circle") == en.count("<circle") == 32
    assert zh.count("#c00") == 1
    assert "皮肤 − 环境" in zh
    assert "skin − surroundings" in en


def test_too_few_people_or_rooms_all_alike_are_told_and_nothing_is_written(
    page: Page, tmp_path: Path
) -> None:
    page.opened()
    assert error(page.post("write")) == (409, "missing_people")
    page.measured(1)
    for _ in range(30):
        page.people = 0
        page.measured(1)
    assert page.state()["session"]["missing"] == ["spread"]
    assert error(page.post("write")) == (409, "missing_spread")
    assert not (tmp_path / "site.toml").exists()


@pytest.mark.parametrize(("decided", "count"), [("keep", 32), ("drop", 31), ("correct", 32)])
def test_a_doubted_pair_is_kept_dropped_or_put_right_before_anything_is_written(
    page: Page, tmp_path: Path, decided: str, count: int
) -> None:
    page.opened().measured(32, p9=38.9)
    state = page.state()
    assert [at for at, one in enumerate(state["session"]["pairs"]) if one["doubted"]] == [9]
    assert error(page.post("write")) == (409, "suspects")
    assert error(page.post("keep", place=8)) == (409, "not_doubted")
    state = page.done(decided, place=9, contact="36.9")
    assert state["session"]["refusal"] is None
    page.done("write")
    assert written(tmp_path).people == count
    assert (written(tmp_path).residual_mc > 200) == (decided == "keep")


def test_a_correction_that_cannot_be_one_changes_nothing(page: Page, tmp_path: Path) -> None:
    page.opened().measured(2)
    before = kept(tmp_path)
    assert error(page.post("correct", place=1, contact="45.0")) == (409, "contact_range")
    assert kept(tmp_path) == before


# What is gone on with.


def test_a_session_is_gone_on_with_after_the_page_was_left(tmp_path: Path) -> None:
    with calibration_page(tmp_path) as first:
        first.opened().measured(3)
        first.done("end")
        assert first.server.finished.wait(20)
    with calibration_page(tmp_path) as again:
        again.opened()
        session = again.state()["session"]
        assert (session["resumed"], len(session["pairs"])) == (3, 3)
        assert session["begun"] == str(TODAY)


def test_pairs_of_another_sensor_are_refused_until_somebody_forgets_them(tmp_path: Path) -> None:
    with calibration_page(tmp_path) as first:
        first.opened().measured(2)
    with calibration_page(tmp_path) as other:
        other.serial = {"serial": "0000000000000001"}
        other.tell()
        state = other.state()
        assert (state["phase"], state["problem"]["code"]) == ("refused", "other_conditions")
        assert state["session"] is None
        assert error(other.post("call")) == (409, "not_now")
        assert len(kept(tmp_path)["pairs"]) == 2
        state = other.done("anew")
        assert (state["phase"], state["problem"], state["session"]["pairs"]) == ("ready", None, [])
        other.measured(1)
        assert kept(tmp_path)["sensor"] == "0000000000000001"


def test_a_measured_offset_holds_for_the_sensor_it_was_measured_of(tmp_path: Path) -> None:
    with calibration_page(tmp_path, offset_mc=-200) as page:
        page.opened()
        assert page.state()["session"]["conditions"]["offset_mc"] == -200
        page.done("call")
        page.serial = {"serial": "0000000000000001"}
        page.tell()
        assert page.state()["problem"]["code"] == "changed"
        assert page.done("anew")["session"]["conditions"]["offset_mc"] == 0


def test_pairs_begun_too_long_ago_are_refused(tmp_path: Path) -> None:
    with calibration_page(tmp_path) as first:
        first.opened().measured(2)
    path = tmp_path / "store" / "thermometer-pairs.json"
    old = json.loads(path.read_text("utf-8")) | {"begun": str(TODAY - timedelta(days=91))}
    path.write_text(json.dumps(old))
    with calibration_page(tmp_path) as again:
        again.tell()
        assert again.state()["problem"]["code"] == "too_old"
        again.done("end")
    assert path.exists()
    with calibration_page(tmp_path, fresh=True) as anew:
        anew.opened()
        assert anew.state()["session"]["pairs"] == []


def test_what_is_superseded_is_shown_and_kept_under_its_date(tmp_path: Path) -> None:
    made = TODAY - timedelta(days=30)
    write_calibration(tmp_path / "site.toml", made=made)
    with calibration_page(tmp_path) as page:
        page.opened().measured(32)
        former = page.state()["session"]["former"]
        assert (former["made"], former["ends"]) == (str(made), str(made + timedelta(days=90)))
        assert page.done("write")["written"]["kept"] == str(tmp_path / f"site-{made}.toml")


def test_another_file_is_not_said_to_be_in_use(tmp_path: Path) -> None:
    with calibration_page(tmp_path, out=tmp_path / "other.toml") as page:
        page.opened().measured(32)
        assert page.done("write")["written"]["in_use"] is False


# What fails.


def test_a_file_that_cannot_be_written_leaves_the_pairs_and_says_why(tmp_path: Path) -> None:
    (tmp_path / "folder.toml").mkdir()
    with calibration_page(tmp_path, out=tmp_path / "folder.toml") as page:
        page.opened().measured(32)
        assert error(page.post("write")) == (409, "not_written")
        state = page.state()
        assert "Is a directory" in state["problem"]["text"]
        assert (state["phase"], len(state["session"]["pairs"])) == ("ready", 32)


def test_a_pair_the_card_refuses_is_no_pair(page: Page, tmp_path: Path) -> None:
    page.opened().measured(1)
    page.done("call")
    page.wrist()
    in_the_way = tmp_path / "store" / "thermometer-pairs.json.new"
    in_the_way.mkdir()
    assert error(page.post("contact", contact="36.5")) == (409, "not_kept")
    state = page.state()
    assert (state["phase"], len(state["session"]["pairs"])) == ("typing", 1)
    assert "cannot write" in state["problem"]["text"]
    in_the_way.rmdir()
    assert len(page.done("contact", contact="36.5")["session"]["pairs"]) == 2


def test_a_sensor_that_falls_silent_ends_the_wait_and_is_told(tmp_path: Path) -> None:
    with calibration_page(tmp_path, silent_s=0.1) as page:
        page.opened().done("call")
        wait_until(lambda: page.get("live").json()["silent"], what="the silence")
        assert "gave no reading" in page.get("live").json()["silent"]
        assert error(page.post("call")) == (409, "silent")
        assert page.phase() == "ready"
        page.tell()
        assert page.get("live").json()["silent"] == ""
        page.source.board.end("the gate has stopped, or hung up; begin again")
        wait_until(lambda: "stopped" in page.get("live").json()["silent"], what="the end")


# Two browsers.


def test_of_two_browsers_that_type_at_once_one_is_taken(page: Page) -> None:
    page.opened().done("call")
    page.wrist(0)
    fields, answers = {"number": page.number, "contact": "36.5"}, []
    both = [
        threading.Thread(target=lambda: answers.append(page.send("contact", fields)))
        for _ in range(2)
    ]
    for one in both:
        one.start()
    for one in both:
        one.join(20)
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert len(page.state()["session"]["pairs"]) == 1


def test_command_and_page_do_not_add_to_the_same_pairs_at_once(page: Page) -> None:
    twice = pytest.raises(StoreError, match="end that process first")
    with alone(page.desk.kept), twice, alone(page.desk.kept):
        pass
    with alone(page.desk.kept):
        pass
