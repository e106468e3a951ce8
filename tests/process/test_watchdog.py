"""The watchdog is fed only while every worker's heart beats."""

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from gated.process.watchdog import SILENT_MS, Watchdog


@dataclass
class Heart:
    name: str
    beat_ms: int = 0


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    path = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as listening:
        listening.bind(str(path))
        monkeypatch.setenv("NOTIFY_SOCKET", str(path))
        monkeypatch.setenv("WATCHDOG_USEC", "60000000")
        monkeypatch.delenv("WATCHDOG_PID", raising=False)
        yield listening


def heard(manager: socket.socket) -> bool:
    try:
        return manager.recv(100) == b"WATCHDOG=1"
    except BlockingIOError:
        return False


def test_it_is_fed_while_everybody_lives(manager: socket.socket) -> None:
    hearts = [Heart("hub"), Heart("web")]
    watchdog = Watchdog(hearts, lambda: SILENT_MS - 1)
    assert watchdog.feed()
    assert heard(manager)


def test_one_worker_that_hangs_starves_it_and_is_named_once(manager: socket.socket) -> None:
    now = [0]
    hearts = [Heart("hub"), Heart("projector")]
    watchdog = Watchdog(hearts, lambda: now[0])
    now[0] = SILENT_MS
    hearts[0].beat_ms = now[0]
    with capture_logs() as logs:
        assert not watchdog.feed()
        assert not watchdog.feed()
    assert not heard(manager)
    assert [(line["event"], line["worker"]) for line in logs] == [("worker.silent", "projector")]


def test_one_that_goes_on_after_all_is_forgiven(manager: socket.socket) -> None:
    now = [SILENT_MS]
    heart = Heart("web")
    watchdog = Watchdog([heart], lambda: now[0])
    assert not watchdog.feed()
    heart.beat_ms = now[0]
    assert watchdog.feed()
    assert heard(manager)


def test_without_a_service_manager_it_says_the_same_and_sends_nothing(
    manager: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WATCHDOG_USEC")
    assert Watchdog([Heart("hub")], lambda: 5).feed()
    assert not heard(manager)
