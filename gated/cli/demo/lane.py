"""One lane of the demo: the wires people touch, and what the gate must say about them."""

import json
import queue
import time
import urllib.error
import urllib.request
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from drivers.card_reader.simulator import SamSimulator
from drivers.card_reader.simulator_records import resident_record
from drivers.qr_camera.simulator import MjpegSimulator
from drivers.thermometer.simulator import Fault, Mlx90614Model
from drivers.thermometer.simulator_remote import ModelServer
from gated.cli.demo.people import Arrival, PassOffice, registration
from gated.cli.demo.processes import PAUSE, DemoFailed, Program
from gated.cli.demo.scenario import Step
from gated.core.calibration import SiteCalibration, skin_for_body_mc
from gated.core.model import Verdict

BACK_S = 60.0  # a device is tried again after 1, 2, 4 ... 30 s
VERDICT_S = 8.0  # longer than any wait of the demo's configuration
BACKGROUND_S = 3.0  # a thermometer learns what an empty lane looks like
EMPTY_S = 0.7  # the thermometer sees nobody between two people
ROOM_C = 22.0
VARIANT = "DAA"
EXPIRED_DAYS = 200

_VERDICTS = {verdict.value for verdict in Verdict}


class Interrupted(Exception):
    """The gate went down in mid-visit; the person comes again."""


@dataclass(slots=True)
class Wires:
    """The far ends of one gate's devices."""

    folder: Path
    reader: SamSimulator = field(init=False)
    camera: MjpegSimulator = field(init=False)
    sensor: Mlx90614Model = field(init=False)
    bus: ModelServer = field(init=False)

    def __post_init__(self) -> None:
        """Open everything on loopback and a pseudo-terminal."""
        self.reader = SamSimulator(self.folder / "reader")
        self.camera = MjpegSimulator()
        self.sensor = Mlx90614Model(time.monotonic, variant=VARIANT)
        self.sensor.set_scene(None, ROOM_C)
        self.bus = ModelServer(self.sensor)

    def clear(self) -> None:
        """Nobody and nothing is at the lane."""
        self.reader.remove()
        self.camera.show(None)
        self.sensor.set_scene(None)

    def close(self) -> None:
        """Close every end."""
        self.bus.close()
        self.camera.close()
        self.reader.close()


@dataclass(slots=True)
class Tally:
    """What was seen at one lane."""

    people: int = 0
    interrupted: int = 0
    wrong: list[str] = field(default_factory=list)
    took_ms: list[float] = field(default_factory=list)
    verdicts: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class Lane:
    """Plays arrivals at one gate and checks what it says."""

    wires: Wires
    gate: Program
    office: PassOffice
    calibration: SiteCalibration
    site_file: Path
    screen_url: str
    tally: Tally = field(default_factory=Tally)
    calm: int = 0

    def play(self, arrival: Arrival) -> None:
        """Play one arrival; an interrupted visit is played again until it is whole."""
        while True:
            self._settle()
            self._drain()
            try:
                wrong = self._whole(arrival)
            except Interrupted:
                self.tally.interrupted += 1
                arrival = arrival.again()
                self._repair()
                continue
            finally:
                self.wires.clear()
                PAUSE.wait(EMPTY_S)
            self.tally.people += 1
            if wrong:
                self.tally.wrong.append(f"{arrival.number} {arrival.scene.name}: {wrong}")
            return

    def _settle(self) -> None:
        """Wait, if the gate was killed or frozen since it was last calm, until it serves again."""
        while self.calm != self.gate.disturbed:
            self.calm = self.gate.disturbed
            self.ready()
            PAUSE.wait(BACKGROUND_S)

    def _whole(self, arrival: Arrival) -> str:
        """Play one arrival; what goes wrong while the gate is killed or frozen is Interrupted."""
        try:
            wrong = self._once(arrival)
        except OSError as error:  # the screen does not answer the guard
            if self.calm == self.gate.disturbed:
                raise
            raise Interrupted from error
        if wrong and self.calm != self.gate.disturbed:
            raise Interrupted
        return wrong

    def _repair(self) -> None:
        """Undo what an interrupted scene did to devices and calibration."""
        self.wires.reader.plug()
        self.wires.sensor.heal()
        self.write_calibration(valid=True)

    def _once(self, arrival: Arrival) -> str:
        for step in arrival.scene.steps:
            wrong = self._take(step, arrival)
            if wrong:
                return wrong
        return self._nothing(0.0)

    def _take(self, step: Step, arrival: Arrival) -> str:
        """Carry out one step; return what was wrong, or nothing."""
        if step.verb in _VERDICTS:
            return self._expect(step.verb, step.words[0])
        word = step.words[0]
        match step.verb:
            case "card" | "code" | "wrist":
                self._present(step.verb, step.words, arrival)
            case "wait":
                PAUSE.wait(float(word))
            case "nothing":
                return self._nothing(float(word))
            case "guard":
                return self._guard(step.words)
            case "shift" | "call" | "register" | "anomaly" | "round":
                return self._report(step.verb, word, arrival)
            case "calibration":
                self.write_calibration(valid=word == "holds")
                return self._log_line("calibration.changed")
            case _:
                return self._device(step.verb, word)
        return ""

    def _present(self, verb: str, words: tuple[str, ...], arrival: Arrival) -> None:
        if words[0] == "off":
            self._take_away(verb)
            return
        if verb == "wrist":
            body_mc = float(words[0]) * 1000
            skin_mc = skin_for_body_mc(self.calibration, body_mc, ROOM_C * 1000)
            self.wires.sensor.set_scene(skin_mc / 1000)
            return
        person = arrival.people[words[0]]
        if verb == "card":
            self.wires.reader.present(resident_record(person.name, person.id_number))
        else:
            flaw = words[1] if len(words) > 1 else ""
            self.wires.camera.show(self.office.text(person, int(time.time()), flaw))

    def _take_away(self, verb: str) -> None:
        match verb:
            case "card":
                self.wires.reader.remove()
            case "code":
                self.wires.camera.show(None)
            case _:
                self.wires.sensor.set_scene(None)

    def _device(self, verb: str, word: str) -> str:
        match (verb, word):
            case ("reader", "unplug"):
                self.wires.reader.unplug()
            case ("reader", "plug"):
                self.wires.reader.plug()
            case ("sensor", "fails"):
                self.wires.sensor.fault(Fault.NACK)
            case ("sensor", "heals"):
                self.wires.sensor.heal()
            case (device, "lost" | "ready"):
                part = {"reader": "card_reader"}.get(device, device)
                return self._log_line(f"device.{word}", part)
            case _:
                raise ValueError(f"the scenario says {verb} {word}")
        return ""

    def _expect(self, verdict: str, reason: str) -> str:
        line = self._decision(VERDICT_S)
        if line is None:
            return f"expected {verdict} {reason}, nothing came"
        got = (str(line["verdict"]), str(line["reasons"]).split(",")[0])
        self.tally.verdicts[got[0]] += 1
        if line["input"] in ("CredentialSeen", "TemperatureTaken"):
            self.tally.took_ms.append(float(str(line["took_ms"])))
        return "" if got == (verdict, reason) else f"expected {verdict} {reason}, got {got}"

    def _nothing(self, seconds: float) -> str:
        line = self._decision(seconds)
        return "" if line is None else f"expected nothing, got {line['verdict']} {line['reasons']}"

    def _decision(self, timeout_s: float) -> dict[str, object] | None:
        return self._next("passage.decided", timeout_s)

    def _log_line(self, event: str, part: str = "") -> str:
        """Wait until the gate says this, about this part; return what was wrong, or nothing.

        A reader's name carries its port: card_reader:pts/3.
        """
        until = time.monotonic() + VERDICT_S
        while (left := until - time.monotonic()) > 0:
            line = self._next(event, left)
            named = "" if line is None else str(line.get("device", "")).split(":")[0]
            if line is not None and named == part:
                return ""
        return f"the gate did not say {event} {part}".rstrip()

    def _next(self, event: str, timeout_s: float) -> dict[str, object] | None:
        """Return the gate's next log line with this event, or None. Raises Interrupted."""
        until = time.monotonic() + timeout_s
        while True:
            left = until - time.monotonic()
            try:
                line = self.gate.lines.get(timeout=max(0.001, min(left, 0.2)))
            except queue.Empty:
                if not self.gate.alive:
                    raise Interrupted from None
                if left <= 0:
                    return None
                continue
            if line.get("event") == "gate.ready":
                raise Interrupted
            if line.get("event") == event:
                return line

    def _drain(self) -> None:
        while not self.gate.lines.empty():
            self.gate.lines.get()

    def _recover(self) -> None:
        """Wait until the gate is back and its devices answer again. Raises DemoFailed."""
        until = time.monotonic() + BACK_S
        while not (self.gate.alive and self._healthy()):
            if time.monotonic() > until:
                raise DemoFailed(
                    f"{self.gate.name} does not serve after {BACK_S:.0f} s;"
                    f" its words: {self.gate.log}\n{self.gate.tail()}"
                )
            PAUSE.wait(0.2)

    def _healthy(self) -> bool:
        try:
            parts = {part["part"]: part["state"] for part in self.snapshot()["health"]}
        except (OSError, ValueError, KeyError):
            return False
        wanted = ("card_reader", "camera", "thermometer", "roster")
        return all(parts.get(name) in ("ok", "warn") for name in wanted)

    def ready(self) -> None:
        """Wait until every device of the gate answers and a roster serves."""
        self._recover()

    def snapshot(self) -> dict[str, Any]:
        """Return what the guard's screen shows."""
        with urllib.request.urlopen(f"{self.screen_url}snapshot", timeout=2) as answer:
            found: dict[str, Any] = json.loads(answer.read())
            return found

    def _guard(self, words: tuple[str, ...]) -> str:
        visit = self.snapshot()["visit"]
        kind = words[0]
        order: dict[str, object] = {"kind": "manual_pass", "visit": visit, "reason": kind}
        if kind == "clinical":
            value_mc = round(float(words[1]) * 1000)
            order = {"kind": "clinical", "visit": visit, "value_mc": value_mc}
        elif kind == "refuse":
            order = {"kind": "refuse", "visit": visit, "reason": "behaviour"}
        return self._post("act", order)

    def _report(self, verb: str, word: str, arrival: Arrival) -> str:
        """Let the guard report something; a busy gate is asked again."""
        report: dict[str, object]
        match verb:
            case "shift":
                report = {"kind": "shift", "act": "begin", "guard": word}
            case "call":
                report = {"kind": "call", "reason": word, "visit": self.snapshot()["visit"]}
            case "register":
                report = registration(word, next(iter(arrival.people.values())))
            case "anomaly":
                report = {"kind": "anomaly", "what": word}
            case _:
                report = {"kind": "round", "place": word, "agent": "chlorine"}
        until = time.monotonic() + VERDICT_S
        while "busy" in (said := self._post("report", report)) and time.monotonic() < until:
            PAUSE.wait(0.1)
        return said

    def _post(self, path: str, order: dict[str, object]) -> str:
        url = self.screen_url.rstrip("/")
        with urllib.request.urlopen(f"{url}/token", timeout=2) as answer:
            token = json.loads(answer.read())["token"]
        request = urllib.request.Request(
            f"{url}/{path}",
            json.dumps(order).encode(),
            {"Content-Type": "application/json", "Origin": url, "X-Gated-Token": token},
        )
        try:
            with urllib.request.urlopen(request, timeout=2):
                return ""
        except urllib.error.HTTPError as error:
            return f"the guard's order was refused: {error.read().decode()}"

    def write_calibration(self, *, valid: bool) -> None:
        """Write the site's calibration file, today's or one that has expired."""
        made = datetime.now(UTC).date() - timedelta(days=1 if valid else EXPIRED_DAYS)
        site = self.calibration
        fields = {
            "k_milli": site.k_milli,
            "c_mc": site.c_mc,
            "offset_mc": site.offset_mc,
            "people": site.people,
            "residual_mc": site.residual_mc,
        }
        lines = [f"{key} = {value}" for key, value in fields.items()]
        lines += [f"made = {made}", f"offset_dated = {made}", f'model_id = "{site.model_id}"']
        fresh = self.site_file.with_suffix(".new")
        fresh.write_text("[calibration]\n" + "\n".join(lines) + "\n", "utf-8")
        fresh.replace(self.site_file)
