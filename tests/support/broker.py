"""A private Mosquitto on a free loopback port, real and without memory.

with Broker(tmp_path) as broker:
    ... broker.settings ...
    broker.kill(); broker.start()      # same port, everything forgotten
    broker.freeze(); broker.thaw()
"""

import getpass
import signal
import socket
import subprocess
from pathlib import Path
from typing import Self

from gated.transport.mqtt import BrokerSettings
from tests.support.waiting import wait_until

CONFIGURATION = """\
listener {port} 127.0.0.1
allow_anonymous true
set_tcp_nodelay true
persistence false
max_inflight_messages 20
max_packet_size 1048576
log_dest file {log}
user {user}
"""


class Broker:
    """One mosquitto process; used as a context manager."""

    def __init__(self, folder: Path, extra: str = "") -> None:
        self.port = free_port()
        self._configuration = folder / "mosquitto.conf"
        log = folder / "mosquitto.log"
        text = CONFIGURATION.format(port=self.port, log=log, user=getpass.getuser()) + extra
        self._configuration.write_text(text)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def settings(self) -> BrokerSettings:
        return BrokerSettings("127.0.0.1", self.port, tls=False)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> None:
        self._process = subprocess.Popen(
            ["mosquitto", "-c", str(self._configuration)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_until(self._answers, what="mosquitto to listen")

    def kill(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.kill()
            self._process.wait(10)
            self._process = None

    def freeze(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, "mosquitto ended"
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
