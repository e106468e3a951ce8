"""The calibration page, served in this process; its readings are posted by the test."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from gated.config import load
from gated.core.thermometry_reading import Reading
from gated.gate.calibration_desk import CalibrationDesk
from gated.gate.calibration_server import CalibrationServer
from gated.gate.calibration_sitting import CalibrationSitting
from gated.gate.live_board import LiveBoard
from gated.texts import shipped
from tests.support.technician import TODAY, person, reading, sensor_site, wrist

JOIN_S = 20.0
_MOMENT = threading.Event()


class Posted:
    """A source whose readings are posted by hand."""

    name = "posted"
    daemon = True

    def __init__(self) -> None:
        self.board = LiveBoard()

    def run(self, stop: threading.Event) -> None:
        stop.wait()

    def interrupt(self) -> None:
        pass


@dataclass
class Page:
    """A served sitting, how to speak with it as its page does, and the sensor before it."""

    folder: Path
    source: Posted
    desk: CalibrationDesk
    sitting: CalibrationSitting
    server: CalibrationServer
    client: httpx.Client  # one for all, because making one costs more than asking
    clock: int = 0
    people: int = 0
    serial: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return self.server.url

    def get(self, path: str) -> httpx.Response:
        return self.client.get(self.url + path)

    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = self.get("state").json()
        return found

    def phase(self) -> str:
        return str(self.state()["phase"])

    def send(self, path: str, fields: object, **headers: str) -> httpx.Response:
        origin = self.url.rstrip("/")
        sent = {"Origin": origin, "X-Gated-Token": self.server.token, **headers}
        return self.client.post(self.url + path, json=fields, headers=sent)

    def post(self, path: str, **fields: object) -> httpx.Response:
        return self.send(path, {"number": self.state()["number"], **fields})

    def done(self, path: str, **fields: object) -> dict[str, Any]:
        answer = self.post(path, **fields)
        assert answer.status_code == 200, answer.text
        said: dict[str, Any] = answer.json()
        return said

    # -- what the sensor reads --

    def tell(self, **changes: Any) -> None:
        """The sensor gives a reading of the empty lane, changed so."""
        self.clock += 1
        self.post_reading(reading(self.clock, **(self.serial | changes)))

    def wrist(self, number: int | None = None, **changes: Any) -> None:
        """The wrist of one of the invented people is measured; without a number of the next."""
        if number is None:
            number, self.people = self.people, self.people + 1
        self.clock += 1
        skin, around, _ = person(number)
        self.post_reading(wrist(self.clock, skin, around, **(self.serial | changes)))

    def post_reading(self, found: Reading) -> None:
        """The reading is taken when this returns."""
        self.source.board.post(found)
        while self.sitting._mark != self.source.board.mark:  # a matter of microseconds
            assert threading.active_count() > 1, "nobody takes it"
            _MOMENT.wait(0.001)
        with self.sitting._lock:
            pass

    def opened(self) -> "Page":
        self.tell()
        assert self.phase() == "ready"
        return self

    def measured(self, count: int, **mistyped: float) -> None:
        """So many people are measured twice, some mistyped: p9=38.9."""
        for _ in range(count):
            number = self.people
            self.sitting.call(self.number)
            self.wrist()
            value = mistyped.get(f"p{number}", person(number)[2])
            self.sitting.contact(self.number, f"{value:.1f}")

    @property
    def number(self) -> int:
        return int(self.sitting.live()["number"])


@contextmanager
def calibration_page(folder: Path, *, out: Path | None = None, **options: Any) -> Iterator[Page]:
    """Serve the page of a gate in this folder, which is made when it is not there."""
    site = folder / "gated.toml"
    config = load(site if site.exists() else sensor_site(folder))
    source, desk = Posted(), CalibrationDesk(config, out or folder / "site.toml", lambda: TODAY)
    offset_mc = options.pop("offset_mc", None)
    sitting = CalibrationSitting(desk, source, offset_mc, pair_s=config.visit.pair_s, **options)
    server = CalibrationServer(sitting, "zh", shipped(), "127.0.0.1", 0)
    server.bind()
    stop = threading.Event()
    threads = [
        threading.Thread(target=work, args=(stop,), name="calibration")
        for work in (sitting.run, server.run)
    ]
    for thread in threads:
        thread.start()
    try:
        with httpx.Client(limits=httpx.Limits(max_keepalive_connections=0)) as client:
            yield Page(folder, source, desk, sitting, server, client)
    finally:
        stop.set()
        for thread in threads:
            thread.join(JOIN_S)
            assert not thread.is_alive()
