"""The daemon itself: last input to verdict, memory with everything on, start to ready.

One gate process with a list of 100 k people, its reader on a pseudo-terminal, its camera on a
720p stream in which somebody always walks, its thermometer on a simulated bus, a screen with a
watcher, a broker and a hub. The far ends live in this process. Times are the daemon's own
(`took_ms` of passage.decided): last byte of the card or last sample needed -> committed and on
the feed, counted from a stamp cut to whole milliseconds, so up to 1 ms too long.
"""

import queue
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from bench_camera import BusyHallway
from bench_delivery import centre
from bench_passages import commit_s
from bench_roster import KEYS, QUARANTINED, Town, listed
from bench_row import Row, Run, at_most, each_s, percentile

from drivers.card_reader.simulator import SamSimulator
from drivers.card_reader.simulator_records import resident_record
from drivers.thermometer.simulator import Mlx90614Model
from drivers.thermometer.simulator_remote import ModelServer
from gated.cli.demo.processes import Program, free_port, memory_mb
from gated.core.calibration import SiteCalibration, demo_calibration, skin_for_body_mc

P50_MS, P99_MS, MEMORY_MB, READY_S = 5.0, 25.0, 150.0, 2.5
PEOPLE = 100_000
CYCLE = 3  # one card with a wrist, then two cards that stop by themselves
ROOM_C, BODY_MC = 22.0, 36_500.0
BACKGROUND_S = 3.0  # the thermometer learns what an empty lane looks like
EMPTY_S = 0.8  # it sees nobody between two people
VERDICT_S = 15.0
READY_LIMIT_S = 20.0
VARIANT = "DAA"
HEALTHY = QUARANTINED + 1000

_PAUSE = threading.Event()


@dataclass(slots=True)
class Site:
    """What a daemon needs: its configuration, and the far ends of its devices."""

    config: Path
    screen_port: int
    reader: SamSimulator
    sensor: Mlx90614Model
    calibration: SiteCalibration
    town: Town


@dataclass(slots=True)
class Lane:
    """A daemon at its site."""

    daemon: Program
    site: Site

    def pass_by(self, index: int) -> dict[str, object]:
        """Let one person come and go; return the daemon's line about it."""
        site, wrist = self.site, index % CYCLE == 0
        if wrist:
            skin_mc = skin_for_body_mc(site.calibration, BODY_MC, ROOM_C * 1000)
            site.sensor.set_scene(skin_mc / 1000)
        person = (HEALTHY if wrist else 0) + index
        site.reader.present(resident_record("王芳", site.town.number(person)))
        line = self.daemon.wait_for("passage.decided", VERDICT_S)
        expected = "ALLOW" if wrist else "STOP"
        assert line["verdict"] == expected, f"expected {expected}, got {line}"
        site.reader.remove()
        site.sensor.set_scene(None)
        if index % CYCLE == CYCLE - 1:
            _PAUSE.wait(EMPTY_S)
        return line


def gate(run: Run) -> list[Row]:
    """Return latency through the daemon, its memory afterwards, and what it compares with."""
    people = run.count(210, 42)
    with _lane(run) as lane:
        lines = [lane.pass_by(index) for index in range(people)]
        assert lane.daemon.process is not None, "it runs"
        pid = lane.daemon.process.pid
        memory, resident = memory_mb(pid), _resident_mb(pid)
    took = [float(str(line["took_ms"])) for line in lines]
    for kind in ("CredentialSeen", "TemperatureTaken"):
        own = [ms for ms, line in zip(took, lines, strict=True) if line["input"] == kind]
        if own:
            run.say(f"{kind}: {len(own)}, p50 {median(own):.1f} ms, max {max(own):.1f} ms")
    bare_ms = commit_s(run.fresh("bare"), 200) * 1000
    bare = "bare sqlite3 INSERT and COMMIT on the same disk"
    what = f"last input to verdict on record and on the feed, camera busy, {people} passages"
    p50, p99 = percentile(took, 0.5), percentile(took, 0.99)
    python = _bare_python_mb()
    return [
        Row("latency_p50", f"{what}, p50", p50, "ms", at_most(P50_MS), p50 / bare_ms, bare),
        Row("latency_p99", f"{what}, p99", p99, "ms", at_most(P99_MS), p99 / bare_ms, bare),
        Row("memory", "daemon and children, everything on, 100 k people (PSS)", memory, "MB",
            at_most(MEMORY_MB), memory / python, "a Python that imported OpenCV"),
        Row("memory_rss", "the same with every shared library counted in full (RSS)", resident,
            "MB"),
    ]  # fmt: skip


def start(run: Run) -> list[Row]:
    """Return seconds from the start of `gated run` to its ready notification."""
    folder = run.fresh("start")
    with ExitStack() as closing:
        config = _prepared(run, folder, closing).config
        command = [sys.executable, "-m", "gated.cli.main", "run", "--config", str(config)]
        took = [_ready_s(command, folder) for _ in range(run.count(5, 3))]
    bare = median(each_s([_bare_python] * 5))
    what = f"`gated run` to ready, {PEOPLE // 1000} k people, median of {len(took)}"
    return [
        Row("start", what, median(took), "s", at_most(READY_S), median(took) / bare,
            "python -c pass")
    ]  # fmt: skip


def _ready_s(command: list[str], folder: Path) -> float:
    program = Program("gate", command, folder / "gate.log")
    program.start()
    try:
        program.wait_for("gate.ready")
        return time.monotonic() - program.started_s
    finally:
        program.stop()


def _bare_python() -> None:
    subprocess.run([sys.executable, "-c", "pass"], check=True)


def _resident_mb(pid: int) -> float:
    """Return all pages a process has in memory, 10^6 bytes, those it shares included."""
    for line in Path(f"/proc/{pid}/status").read_text("ascii", "replace").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024 / 1e6
    return 0.0


def _bare_python_mb() -> float:
    """Return the memory of an interpreter that has imported OpenCV and does nothing."""
    code = "import cv2, sys; print(flush=True); sys.stdin.read()"
    with subprocess.Popen(  # noqa: S603 - this interpreter
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as bare:
        assert bare.stdout is not None, "stdout is a pipe"
        bare.stdout.readline()
        found = memory_mb(bare.pid)
        bare.communicate()
    return found


@contextmanager
def _lane(run: Run) -> Iterator[Lane]:
    """A gate at work with everything on, warmed up."""
    folder = run.fresh("gate")
    with ExitStack() as closing:
        site = _prepared(run, folder, closing)
        here = Path(__file__).parent / "bench_daemon.py"
        daemon = Program("gate", [sys.executable, str(here), str(site.config)], folder / "gate.log")
        daemon.start()
        closing.callback(daemon.stop)
        _wait_until_all_work(daemon)
        closing.enter_context(_watching(f"http://127.0.0.1:{site.screen_port}/events"))
        _PAUSE.wait(BACKGROUND_S)
        yield Lane(daemon, site)


def _wait_until_all_work(daemon: Program) -> None:
    """Return when gate, devices and hub have reported; in which order is theirs."""
    awaited = {"gate.ready", "card_reader", "camera", "thermometer", "online"}
    while awaited:
        line = daemon.lines.get(timeout=READY_LIMIT_S)
        # A reader's name carries its port: card_reader:pts/3.
        awaited -= {str(line.get(key)).split(":")[0] for key in ("event", "device", "state")}


@contextmanager
def _watching(url: str) -> Iterator[None]:
    """Somebody looks at the screen: every snapshot is read and thrown away."""
    ended = threading.Event()
    heard: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    def look() -> None:
        with urllib.request.urlopen(url, timeout=5) as stream:  # noqa: S310 - loopback
            while not ended.is_set() and (line := stream.readline()):
                heard.put(line[:1])

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    assert heard.get(timeout=5), "the screen answers"
    try:
        yield
    finally:
        ended.set()
        thread.join(5)


def _prepared(run: Run, folder: Path, closing: ExitStack) -> Site:
    """Make keys, list, calibration, far ends and centre; everything ends with `closing`."""
    (folder / "store").mkdir()
    town = listed(run, PEOPLE, folder / "store")
    for name, key in (("site", KEYS.site), ("rest", KEYS.rest)):
        (folder / f"{name}.key").write_text(key.hex(), "ascii")
        (folder / f"{name}.key").chmod(0o600)
    (folder / "trust.json").write_text('{"v": 1, "keys": []}', "utf-8")
    (folder / "centre").mkdir()
    port = closing.enter_context(centre(folder / "centre"))
    reader = closing.enter_context(SamSimulator(folder / "reader"))
    sensor = Mlx90614Model(time.monotonic, variant=VARIANT)
    sensor.set_scene(None, ROOM_C)
    bus = ModelServer(sensor)
    closing.callback(bus.close)
    hallway = closing.enter_context(BusyHallway())
    calibration = demo_calibration(datetime.now(UTC).date() - timedelta(days=1))
    _write_calibration(folder / "site.toml", calibration)
    screen = free_port()
    path = folder / "gated.toml"
    path.write_text(_config(folder, reader.port, hallway.url, bus.address, port, screen), "utf-8")
    return Site(path, screen, reader, sensor, calibration, town)


def _config(folder: Path, reader: str, camera: str, bus: str, broker: int, screen: int) -> str:
    return f"""[gate]
id = "bench-1"
site = "bench"
direction = "out"
clock = "trusted"
[store]
dir = "{folder}/store"
[keys]
site = "{folder}/site.key"
rest = "{folder}/rest.key"
trust = "{folder}/trust.json"
[card_reader]
port = "{reader}"
hold_off_s = 0.5
[camera]
source = "{camera}"
fps = 10
[thermometer]
bus = "{bus}"
variant = "{VARIANT}"
supply_v = 3.0
site = "{folder}/site.toml"
warm_up_s = 0
[broker]
host = "127.0.0.1"
port = {broker}
tls = false
reconnect_s = 0.1
[screen]
port = {screen}
[visit]
pair_s = 3.0
dedupe_s = 0
try_gap_s = 0.5
guard_s = 1.0
"""


def _write_calibration(path: Path, site: SiteCalibration) -> None:
    numbers = {
        "k_milli": site.k_milli,
        "c_mc": site.c_mc,
        "offset_mc": site.offset_mc,
        "people": site.people,
        "residual_mc": site.residual_mc,
    }
    lines = [f"{key} = {value}" for key, value in numbers.items()]
    lines += [f"made = {site.made}", f"offset_dated = {site.made}"]
    lines.append(f'model_id = "{site.model_id}"')
    path.write_text("[calibration]\n" + "\n".join(lines) + "\n", "utf-8")
