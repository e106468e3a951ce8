"""`gated hub run` with pages: ready when they can be opened, refused when they cannot."""

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx

from tests.support.hub_command import write_config

LIMIT_S = 60.0


def started(folder: Path, web: str) -> "subprocess.Popen[str]":
    path = write_config(folder)
    path.write_text(f"{path.read_text('utf-8')}\n[web]\n{web}\n", "utf-8")
    return subprocess.Popen(
        [sys.executable, "-m", "gated.cli.main", "hub", "run", "--config", str(path)],
        env=os.environ | {"NOTIFY_SOCKET": str(folder / "notify"), "WATCHDOG_USEC": "60000000"},
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_running_hub_serves_its_pages_once_it_is_ready(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(LIMIT_S)
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        with started(tmp_path, f"port = {port}") as hub:
            assert manager.recv(100) == b"READY=1"
            assert manager.recv(100) == b"WATCHDOG=1", "hub, projector and pages live"
            url = f"http://127.0.0.1:{port}"
            with httpx.Client(base_url=url, timeout=LIMIT_S, trust_env=False) as client:
                assert "登录" in client.get("/login").text
            hub.send_signal(signal.SIGTERM)
            _, stderr = hub.communicate(timeout=LIMIT_S)
    assert hub.returncode == 0, stderr
    lines = [json.loads(line) for line in stderr.splitlines()]
    assert [line["url"] for line in lines if line["event"] == "hub.web_listening"] == [f"{url}/"]


def refused(folder: Path, web: str) -> str:
    """What it says when it does not start: one sentence, exit 78, never ready."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as manager:
        manager.bind(str(folder / "notify"))
        with started(folder, web) as hub:
            _, stderr = hub.communicate(timeout=LIMIT_S)
        try:
            said = manager.recv(100)
        except BlockingIOError:
            said = b""
    assert (hub.returncode, said) == (78, b""), stderr
    return stderr


def test_a_taken_port_ends_the_hub_before_it_is_ready(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        said = refused(tmp_path, f"port = {port}")
    assert said.startswith(f"error: cannot open the pages on 127.0.0.1 port {port}")


def test_pages_for_the_network_without_a_certificate_end_the_hub(tmp_path: Path) -> None:
    said = refused(tmp_path, 'host = "0.0.0.0"')
    assert said.startswith("error: [web] host: 0.0.0.0 can be reached from other machines")
    assert "set [web] cert and key" in said
