"""The demo's programs: a private broker, a hub, the gates; started, watched, stopped."""

import json
import os
import queue
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from gated.errors import GatedError

START_S = 20.0
STOP_S = 8.0
CONNECT_S = 0.2
PAUSE = threading.Event()  # never set: waiting on it is a pause that a signal ends


class DemoFailed(GatedError, RuntimeError):
    """The demo cannot go on; the message says what to do."""


@dataclass(slots=True)
class Program:
    """One child process whose stderr is kept in a file and, line by line, in a queue.

    disturbed: how often it was killed, frozen or thawed; another number means it missed something.
    """

    name: str
    command: list[str]
    log: Path
    lines: "queue.SimpleQueue[dict[str, object]]" = field(default_factory=queue.SimpleQueue)
    process: subprocess.Popen[bytes] | None = None
    started_s: float = 0.0
    disturbed: int = 0

    def start(self) -> None:
        """Start the program; its JSON log lines appear in `lines`."""
        self.started_s = time.monotonic()
        environment = os.environ | {"PYTHONUNBUFFERED": "1"}
        self.process = subprocess.Popen(
            self.command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment
        )
        threading.Thread(target=self._pump, args=(self.process,), daemon=True).start()

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self.process is not None and self.process.poll() is None

    def wait_for(self, event: str, timeout_s: float = START_S) -> dict[str, object]:
        """Return the first log line with this event. Raises DemoFailed when none comes."""
        until = time.monotonic() + timeout_s
        while (left := until - time.monotonic()) > 0:
            try:
                line = self.lines.get(timeout=min(left, 0.2))
            except queue.Empty:
                if not self.alive:
                    break
                continue
            if line.get("event") == event:
                return line
        raise DemoFailed(f"{self.name} did not say {event}; its words: {self.log}\n{self.tail()}")

    def tail(self) -> str:
        """Return the last words of the program."""
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text("utf-8", "replace").splitlines()[-8:])

    def signal(self, number: signal.Signals) -> None:
        """Send a signal if the process still runs."""
        if self.process is not None and self.process.poll() is None:
            self.disturbed += number in (signal.SIGSTOP, signal.SIGCONT)
            self.process.send_signal(number)

    def stop(self) -> int | None:
        """End the program in order, by force after some seconds; return its exit code."""
        if self.process is None:
            return None
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        try:
            return self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()

    def kill(self) -> None:
        """End the program at once, as a power cut does."""
        if self.process is not None:
            self.disturbed += 1
            self.process.kill()
            self.process.wait()

    def _pump(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stderr is not None, "stderr is a pipe"
        with self.log.open("ab") as log, process.stderr:
            for raw in process.stderr:
                log.write(raw)
                log.flush()
                try:
                    line = json.loads(raw)
                except ValueError:
                    continue
                if isinstance(line, dict):
                    self.lines.put(line)


def free_port() -> int:
    """Return a loopback port that nobody holds at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def broker(folder: Path, port: int) -> Program:
    """Return a private Mosquitto on loopback, not yet started."""
    binary = shutil.which("mosquitto") or shutil.which(
        "mosquitto", path="/usr/sbin:/usr/local/sbin"
    )
    if binary is None:
        raise DemoFailed("mosquitto is not installed; run script/demo, or: apt install mosquitto")
    settings = folder / "mosquitto.conf"
    settings.write_text(
        f"listener {port} 127.0.0.1\nallow_anonymous true\nset_tcp_nodelay true\n"
        "persistence false\nmax_packet_size 1048576\n",
        "utf-8",
    )
    return Program("broker", [binary, "-c", str(settings)], folder / "broker.log")


def wait_for_port(port: int, program: Program) -> None:
    """Return when something listens there. Raises DemoFailed."""
    until = time.monotonic() + START_S
    while time.monotonic() < until and program.alive:
        try:
            with socket.create_connection(("127.0.0.1", port), CONNECT_S):
                return
        except OSError:
            PAUSE.wait(0.05)
    raise DemoFailed(f"{program.name} does not listen on port {port}\n{program.tail()}")


def hub(folder: Path, config: Path) -> Program:
    """Return the hub, not yet started."""
    command = [sys.executable, "-m", "gated.cli.main", "hub", "run", "--config", str(config)]
    return Program("hub", command, folder / "hub.log")


def gate(folder: Path, name: str, config: Path) -> Program:
    """Return one gate, not yet started; its thermometer is on the demo's simulated bus."""
    command = [sys.executable, "-m", "gated.cli.demo.gate_process", str(config)]
    return Program(name, command, folder / f"{name}.log")


def memory_mb(pid: int) -> float:
    """Return the proportional set size of a process and its children, in 10^6 bytes."""
    total_kb = 0
    for each in [pid, *_children(pid)]:
        try:
            text = Path(f"/proc/{each}/smaps_rollup").read_text("ascii")
        except OSError:
            continue
        total_kb += sum(int(line.split()[1]) for line in text.splitlines() if line[:4] == "Pss:")
    return total_kb * 1024 / 1e6


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text("ascii").split():
            found += [int(child), *_children(int(child))]
    return found
