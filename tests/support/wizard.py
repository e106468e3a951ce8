"""The wizard of the first start, served in this process over simulated wires."""

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from drivers.card_reader.simulator import SamSimulator
from drivers.qr_camera.simulator import MjpegSimulator
from drivers.thermometer.simulator import Mlx90614Model, SimulatedBus
from gated.gate.device_trials import Trials
from gated.gate.first_files import Place
from gated.gate.setup_server import SetupServer
from gated.gate.setup_session import SetupSession

JOIN_S = 20.0
CARD = "serial/by-id/usb-1a86_USB2.0-Serial-if00-port0"


@dataclass
class Plugs:
    """The far ends of a new gate's devices, and a folder that looks like its /dev."""

    dev: Path
    reader: SamSimulator
    camera: MjpegSimulator
    sensor: Mlx90614Model

    @property
    def card(self) -> str:
        return str(self.dev / CARD)

    @property
    def bus(self) -> str:
        return str(self.dev / "i2c-1")


@contextmanager
def plugged(folder: Path) -> Iterator[Plugs]:
    dev = folder / "dev"
    (dev / CARD).parent.mkdir(parents=True)
    (dev / "i2c-1").touch()
    sensor = Mlx90614Model(time.monotonic, variant="DCC")
    sensor.set_scene(None, 22.0)
    with SamSimulator(dev / CARD) as reader, MjpegSimulator(640, 360) as camera:
        yield Plugs(dev, reader, camera, sensor)


@dataclass
class Wizard:
    """A served wizard, and how to speak with it as its page does."""

    session: SetupSession
    server: SetupServer
    trials: Trials
    place: Place

    @property
    def url(self) -> str:
        return self.server.url

    def get(self, path: str) -> httpx.Response:
        return httpx.get(self.url + path)

    def post(self, path: str, fields: object, **headers: str) -> httpx.Response:
        token = self.get("state").json()["token"]
        origin = self.url.rstrip("/")
        sent = {"Origin": origin, "X-Gated-Token": token, **headers}
        return httpx.post(self.url + path, json=fields, headers=sent, timeout=60)

    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = self.get("state").json()
        return found

    def answer(self, **answers: str) -> httpx.Response:
        number = self.state()["number"]
        return self.post("answer", {"number": number, "answers": answers})


@contextmanager
def wizard(folder: Path, plugs: Plugs, name: str = "gated.toml") -> Iterator[Wizard]:
    """A wizard that would write folder/etc/gated.toml."""
    trials = Trials(lambda _bus: SimulatedBus(plugs.sensor))
    place = Place(folder / "etc" / name)
    session = SetupSession(place, trials, plugs.dev)
    server = SetupServer(session, trials, "127.0.0.1", 0)
    server.bind()
    stop = threading.Event()
    threads = [
        threading.Thread(target=work, args=(stop,), name="wizard")
        for work in (server.run, trials.run)
    ]
    with ExitStack() as stack:
        for thread in threads:
            thread.start()
            stack.callback(_joined, thread)
        stack.callback(trials.interrupt)
        stack.callback(stop.set)
        yield Wizard(session, server, trials, place)


def _joined(thread: threading.Thread) -> None:
    thread.join(JOIN_S)
    assert not thread.is_alive()
