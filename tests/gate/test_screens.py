"""A gate's screens: one for this machine, one for the network, and one count of wrong PINs."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from gated.config import Config, load
from gated.core.duty import WRONG_MAX, DutyRole
from gated.core.model import ClockState, Moment
from gated.core.reports import Call
from gated.errors import ConfigError
from gated.gate import app
from gated.gate.events import Inbox
from gated.gate.log_in import LogIn
from gated.gate.report_desk import GuardReported
from gated.gate.report_intake import ReportIntake
from gated.gate.screens import Behind, Screens, bound_screens
from gated.gate.self_test import self_test
from gated.screen.actions import Credentials
from gated.screen.desks import KnownGuard, Proof
from gated.screen.feed import Feed
from gated.screen.listener import ScreenUnavailable
from gated.screen.reports import Answer
from gated.screen.snapshot import ClockView, GateView, Snapshot
from gated.store.guard_book import Guard, GuardBook
from gated.texts import shipped
from tests.gate.site_files import command, free_port, write_site
from tests.support.certificates import Authority

NOW = Moment(5_000, 1_770_000_000_000, ClockState.SYNCED)
PIN = "8642"
LIMIT_S = 20.0


class Answering(Inbox):
    """An inbox whose engine answers at once."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[GuardReported] = []

    def offer(self, event: object) -> bool:
        if isinstance(event, GuardReported):
            self.seen.append(event)
            event.answer.put(Answer())
        return True


@pytest.fixture
def book(tmp_path: Path) -> GuardBook:
    """A12 is a guard; PINs are cheap to check."""
    book = GuardBook(tmp_path, b"\x22" * 32, cost=2)
    book.put(Guard("A12", DutyRole.GUARD, "李*"), PIN)
    return book


def config_of(folder: Path, **screen: Any) -> Config:
    gate = {"id": "north-1", "site": "park"}
    return Config.model_validate({"gate": gate, "store": {"dir": folder}, "screen": screen})


def network(folder: Path, **more: Any) -> dict[str, Any]:
    cert, key = Authority(folder).issue("gate")
    return {"host": "127.0.0.1", "port": 0, "cert": cert, "key": key, **more}


@contextmanager
def running(config: Config, book: GuardBook) -> Iterator[Screens]:
    clock = ClockView("2020-02-10T14:32:07+08:00", ClockState.SYNCED)
    feed = Feed(Snapshot(GateView("东门", "East", "out"), "zh", clock))
    behind = Behind(Answering(), feed, book, shipped(), lambda: NOW)
    stop = threading.Event()
    with ExitStack() as closing:
        screens = bound_screens(config, behind, closing)
        assert screens is not None
        threads = [threading.Thread(target=one.run, args=(stop,)) for one in screens.all()]
        for thread in threads:
            thread.start()
        try:
            yield screens
        finally:
            stop.set()
            for thread in threads:
                thread.join(LIMIT_S)


def test_wrong_pins_on_the_network_do_not_lock_the_kiosk(tmp_path: Path, book: GuardBook) -> None:
    wrong = {"guard": "A12", "pin": "0000"}
    with running(config_of(tmp_path, port=0, network=network(tmp_path)), book) as screens:
        assert screens.network is not None
        assert screens.urls == f"{screens.kiosk.url}, {screens.network.url}"
        trust = ssl.create_default_context(cafile=str(tmp_path / "ca.pem"))
        away = {"Origin": screens.network.url.rstrip("/")}
        with httpx.Client(verify=trust, trust_env=False, timeout=LIMIT_S) as client:
            for _ in range(WRONG_MAX):
                far = client.post(screens.network.url + "login", json=wrong, headers=away)
            token = client.get(screens.kiosk.url + "token").json()["token"]
            here = {"Origin": screens.kiosk.url.rstrip("/"), "X-Gated-Token": token}
            right = {"guard": "A12", "pin": PIN}
            answer = client.post(screens.kiosk.url + "login", json=right, headers=here)
        assert far.json()["error"] == "pin_locked"
        assert answer.json()["ok"]


def test_a_screen_without_a_network_has_one_door(tmp_path: Path, book: GuardBook) -> None:
    with running(config_of(tmp_path, port=0), book) as screens:
        assert screens.network is None
        assert screens.urls == screens.kiosk.url


def test_a_certificate_that_cannot_be_used_and_a_taken_port_open_nothing(
    tmp_path: Path, book: GuardBook
) -> None:
    good = network(tmp_path)
    config = config_of(tmp_path, port=0, network={**good, "key": good["cert"]})
    with pytest.raises(ConfigError, match="cannot be used together"), running(config, book):
        pass
    with running(config_of(tmp_path, port=0), book) as screens:
        taken = config_of(tmp_path, port=0, network={**good, "port": screens.kiosk.port})
        with pytest.raises(ScreenUnavailable, match=r"\[screen\.network\]"), running(taken, book):
            pass


def test_the_gate_refuses_a_missing_certificate_with_78_and_check_says_it_as_well(
    tmp_path: Path,
) -> None:
    cert, key = Authority(tmp_path).issue("gate")
    section = (
        f'[screen]\nport = {free_port()}\n[screen.network]\nhost = "127.0.0.1"\n'
        f'port = {free_port()}\ncert = "{cert}"\nkey = "{key}"\n'
    )
    path = write_site(tmp_path, section)
    part = self_test(load(path)).part("screen")
    assert (part.state, part.detail.count("port")) == ("ok", 2)
    key.unlink()
    part = self_test(load(path)).part("screen")
    assert part.state == "fail"
    assert "gate.key" in part.detail
    assert "docs/screen.md" in part.remedy
    ran = command("run", "--config", str(path))
    assert ran.returncode == app.EXIT_CONFIG
    assert "gate.key" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_who_somebody_is_is_proven_without_beginning_duty(tmp_path: Path, book: GuardBook) -> None:
    inbox = Answering()
    desk = LogIn(book, tmp_path, inbox, lambda: NOW)
    proof = desk.prove(Credentials("A12", PIN))
    assert proof.guard == desk.known("A12") == KnownGuard("A12", "李*", "guard", proof.guard.mark)
    assert inbox.seen == []
    assert desk.prove(Credentials("A12", "0000")) == Proof(refusal="wrong_pin")
    assert desk.begin_duty("A12") == Answer()
    assert [event.proven for event in inbox.seen] == [True]
    book.put(Guard("A12", DutyRole.GUARD, "李*"), "97531")
    assert desk.known("A12") != proof.guard
    book.remove("A12")
    assert desk.known("A12") is None
    assert desk.begin_duty("A12").refusal == "wrong_pin"
    assert desk.prove(Credentials("A12", "97531")) == Proof(refusal="no_book")


def test_a_report_from_the_network_names_who_gave_it() -> None:
    inbox = Answering()
    intake = ReportIntake("north-1", None, inbox, lambda: NOW)
    intake(Call("help"), 3, "S001")
    intake(Call("help"), 3)
    assert [event.fields.get("guard") for event in inbox.seen] == ["S001", None]
